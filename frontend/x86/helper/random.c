/*
 * RDRAND and RDSEED (SDM volume 1, 7.3.17), deterministic: the numbers are a mixed counter of the
 * CPU's state, the same in every run and after every reset.  Never the host's.
 */
#include "frontend/x86/helper/helper.h"

/* Counter and mixing of SplitMix64. */
static uint64_t next(uint64_t *counter)
{
    uint64_t z = *counter += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t callout_rdrand(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    uint64_t number = next(&x86_of(ctx)->random);
    context_set_flags(ctx, FLAG_CF);
    return number >> 32;
}
