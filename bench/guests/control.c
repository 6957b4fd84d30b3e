/* Kernels of control flow that a translator cannot know: indirect calls, returns, recursion, jump
 * tables. */
#include "guest.h"

#define LEAF(n)                         \
    static NOINLINE u32 leaf_##n(u32 x) \
    {                                   \
        __asm__ volatile("");           \
        return x * (2 * (n) + 3) ^ (n); \
    }
LEAF(0)
LEAF(1)
LEAF(2)
LEAF(3)
LEAF(4)
LEAF(5)
LEAF(6)
LEAF(7)
LEAF(8)
LEAF(9)
LEAF(10)
LEAF(11)
LEAF(12)
LEAF(13)
LEAF(14)
LEAF(15)

static u32 (*volatile leaves[])(u32) = {leaf_0,  leaf_1,  leaf_2,  leaf_3, leaf_4,  leaf_5,
                                        leaf_6,  leaf_7,  leaf_8,  leaf_9, leaf_10, leaf_11,
                                        leaf_12, leaf_13, leaf_14, leaf_15};
static u8 turns[4096];

static void random_turns(void)
{
    seed(31);
    for (u32 i = 0; i < sizeof(turns); i++) {
        turns[i] = next() >> 7 & 15;
    }
}

void prepare_calls(void)
{
    random_turns();
}

/* Sixteen targets in an order of 4096. */
u32 run_calls(void)
{
    u32 x = 1;
    for (u32 round = 0; round < 300; round++) {
        for (u32 i = 0; i < sizeof(turns); i++) {
            x = leaves[turns[i]](x);
        }
    }
    return x;
}

void prepare_returns(void)
{
}

/* One function called from many places. */
u32 run_returns(void)
{
    u32 x = 1;
    for (u32 round = 0; round < 200000; round++) {
        x = leaf_3(x), x = leaf_3(x + 1), x = leaf_3(x + 2), x = leaf_3(x + 3);
        x = leaf_3(x + 4), x = leaf_3(x + 5), x = leaf_3(x + 6), x = leaf_3(x + 7);
    }
    return x;
}

void prepare_recursion(void)
{
}

static NOINLINE u32 down(u32 depth)
{
    if (!depth) {
        return 1;
    }
    u32 below = down(depth - 1);
    __asm__ volatile("" : "+r"(below)); /* keeps the recursion one */
    return below * 3 + depth;
}

static u32 (*volatile entry)(u32) = down;

/* Two thousand calls deep. */
u32 run_recursion(void)
{
    u32 sum = 0;
    for (u32 round = 0; round < 500; round++) {
        sum += entry(2000);
    }
    return sum;
}

void prepare_jumps(void)
{
    random_turns();
}

/* A switch with eight cases in a random order. */
u32 run_jumps(void)
{
    u32 x = 1;
    for (u32 round = 0; round < 300; round++) {
        for (u32 i = 0; i < sizeof(turns); i++) {
            switch (((volatile u8 *)turns)[i] & 7) {
            case 0:
                x += 3;
                break;
            case 1:
                x ^= i;
                break;
            case 2:
                x *= 5;
                break;
            case 3:
                x -= round;
                break;
            case 4:
                x = x << 3 | x >> 29;
                break;
            case 5:
                x = ~x;
                break;
            case 6:
                x += x << 4;
                break;
            case 7:
                x ^= x >> 7;
                break;
            }
        }
    }
    return x;
}
