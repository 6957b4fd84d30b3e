/* Random numbers (xorshift): the same seed is the same case everywhere. */
#ifndef TESTS_FUZZ_DICE_H
#define TESTS_FUZZ_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline struct dice dice_of(uint64_t seed)
{
    seed = (seed ^ seed >> 31) * UINT64_C(0x9e3779b97f4a7c15) + 1;
    return (struct dice){(seed ^ seed >> 29) | 1};
}

static inline uint32_t dice_roll(struct dice *dice)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (uint32_t)(dice->state >> 16);
}

static inline uint64_t dice_roll64(struct dice *dice)
{
    uint64_t high = dice_roll(dice);
    return high << 32 | dice_roll(dice);
}

/* 0..n-1. */
static inline uint32_t dice_below(struct dice *dice, uint32_t n)
{
    return dice_roll(dice) % n;
}

/* True once in n. */
static inline bool dice_one_in(struct dice *dice, uint32_t n)
{
    return dice_below(dice, n) == 0;
}

#endif
