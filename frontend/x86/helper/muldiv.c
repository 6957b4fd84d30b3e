/*
 * DIV, IDIV, CMPXCHG8B.  The arithmetic flags, undefined after a division, keep their values.
 */
#include "frontend/x86/helper/helper.h"

static uint64_t dividend(const struct context *ctx, unsigned size)
{
    uint32_t eax = x86_gpr(ctx, GUEST_RAX);
    uint32_t edx = x86_gpr(ctx, GUEST_RDX);
    switch (size) {
    case 1:
        return eax & 0xffff;
    case 2:
        return (uint64_t)(edx & 0xffff) << 16 | (eax & 0xffff);
    default:
        return (uint64_t)edx << 32 | eax;
    }
}

static void put_result(struct context *ctx, unsigned size, uint64_t quotient, uint64_t remainder)
{
    if (size == 1) {
        x86_gpr_put(ctx, GUEST_RAX, 2, (uint32_t)((quotient & 0xff) | (remainder & 0xff) << 8));
    } else {
        x86_gpr_put(ctx, GUEST_RAX, size, (uint32_t)quotient);
        x86_gpr_put(ctx, GUEST_RDX, size, (uint32_t)remainder);
    }
}

uint64_t callout_div(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    unsigned size = imm & 15;
    uint64_t mask = UINT64_MAX >> (64 - size * 8);
    uint64_t divisor = a & mask;
    uint64_t value = dividend(ctx, size);
    if (divisor == 0 || value / divisor > mask) {
        fault(ctx, VECTOR_DE);
        return 0;
    }
    put_result(ctx, size, value / divisor, value % divisor);
    return 0;
}

uint64_t callout_idiv(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    unsigned size = imm & 15;
    unsigned shift = 64 - size * 8;
    int64_t divisor = (int64_t)(a << shift) >> shift;
    unsigned wide = size == 4 ? 0 : 64 - size * 16;
    int64_t value = (int64_t)(dividend(ctx, size) << wide) >> wide;
    int64_t limit = INT64_C(1) << (size * 8 - 1);
    if (divisor == 0 || (divisor == -1 && value == INT64_MIN)) {
        fault(ctx, VECTOR_DE);
        return 0;
    }
    int64_t quotient = value / divisor;
    if (quotient < -limit || quotient >= limit) {
        fault(ctx, VECTOR_DE);
        return 0;
    }
    put_result(ctx, size, (uint64_t)quotient, (uint64_t)(value % divisor));
    return 0;
}

uint64_t callout_cmpxchg8b(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    enum seg_index seg = (enum seg_index)(imm & 7);
    if (!x86_has(x86_of(ctx), FEATURE_CX8)) {
        fault(ctx, VECTOR_UD);
        return 0;
    }
    if (!guest_load_for_write(ctx, seg, a, 8)) {
        return 0;
    }
    uint64_t old = ctx->slow_value[0];
    uint64_t expected = (uint64_t)x86_gpr(ctx, GUEST_RDX) << 32 | x86_gpr(ctx, GUEST_RAX);
    uint64_t wanted = (uint64_t)x86_gpr(ctx, GUEST_RCX) << 32 | x86_gpr(ctx, GUEST_RBX);
    bool equal = old == expected;
    if (!guest_write(ctx, seg, a, 8, equal ? wanted : old)) {
        return 0;
    }
    uint32_t flags = context_flags(ctx) & ~(uint32_t)FLAG_ZF;
    context_set_flags(ctx, flags | (equal ? (uint32_t)FLAG_ZF : 0u));
    if (!equal) {
        ctx->gpr[GUEST_RAX] = (uint32_t)old;
        ctx->gpr[GUEST_RDX] = old >> 32;
    }
    return 0;
}
