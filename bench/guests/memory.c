/* Kernels of memory: plain loops over arrays, and chains of loads that depend on each other. */
#include "guest.h"

enum { WORDS = 1 << 17, CHAIN = 1 << 23 };

static u32 from[WORDS], to[WORDS], other[WORDS];
static u32 chain[CHAIN];

/* Keeps the compiler from leaving out stores that nobody reads. */
#define READ_BY_OTHERS() __asm__ volatile("" ::: "memory")

static void fill(void)
{
    seed(21);
    for (u32 i = 0; i < WORDS; i++) {
        from[i] = next();
        other[i] = i;
    }
}

void prepare_copy(void)
{
    fill();
}

u32 run_copy(void)
{
    for (u32 i = 0; i < WORDS; i++) {
        to[i] = from[i];
    }
    READ_BY_OTHERS();
    return to[WORDS / 3];
}

void prepare_triad(void)
{
    fill();
}

u32 run_triad(void)
{
    for (u32 i = 0; i < WORDS; i++) {
        to[i] = from[i] + 3 * other[i];
    }
    READ_BY_OTHERS();
    return to[WORDS / 3];
}

void prepare_bytes_sum(void)
{
    fill();
}

u32 run_bytes_sum(void)
{
    const u8 *bytes = (const u8 *)from;
    u32 sum = 0;
    for (u32 i = 0; i < sizeof(from); i++) {
        sum += bytes[i];
    }
    return sum;
}

void prepare_bytes_copy(void)
{
    fill();
}

u32 run_bytes_copy(void)
{
    const u8 *source = (const u8 *)from;
    u8 *target = (u8 *)to;
    for (u32 i = 0; i < sizeof(from); i++) {
        target[i] = source[i];
    }
    READ_BY_OTHERS();
    return to[WORDS / 3];
}

/* One cycle through all of the first words of the array (Sattolo's shuffle). */
static void make_chain(u32 words)
{
    seed(13);
    for (u32 i = 0; i < words; i++) {
        chain[i] = i;
    }
    for (u32 i = words - 1; i > 0; i--) {
        u32 j = (next() << 3 ^ next()) % i, other_word = chain[i];
        chain[i] = chain[j];
        chain[j] = other_word;
    }
}

static u32 follow(u32 steps)
{
    u32 at = 0;
    for (u32 i = 0; i < steps; i++) {
        at = chain[at];
    }
    return at;
}

#define CHASE(name, bytes, steps)          \
    void prepare_chase_##name(void)        \
    {                                      \
        make_chain((bytes) / sizeof(u32)); \
    }                                      \
    u32 run_chase_##name(void)             \
    {                                      \
        return follow(steps);              \
    }

CHASE(16k, 16 << 10, 20000000)
CHASE(256k, 256 << 10, 8000000)
CHASE(2m, 2 << 20, 2000000)
CHASE(8m, 8 << 20, 800000)
CHASE(32m, 32 << 20, 400000)
