/* Pseudo-random numbers that a seed other than 0 repeats (xorshift64). */
#ifndef TESTS_SUPPORT_DICE_H
#define TESTS_SUPPORT_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint32_t dice_roll(struct dice *dice)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (uint32_t)(dice->state >> 16);
}

/* True once in n. */
static inline bool dice_one_in(struct dice *dice, uint32_t n)
{
    return dice_roll(dice) % n == 0;
}

#endif
