/*
 * DIV, IDIV, CMPXCHG8B; shifts and products as the 8086 and the 80286 make them.
 *
 * The arithmetic flags, undefined after a division, keep their values.  On the 80286 they are what
 * captured cases show, but for divisions that end with an error, of which no rule is known.  On the
 * 8086 they are left by the subtractions that its microcode makes, as all captured cases show.
 */
#include "frontend/x86/helper/helper.h"

/* Bits of the immediate: see callouts.def. */
enum { SIGNED = 0x10, NEGATED_PRODUCT = 0x20, FLAGS_80286 = 0x40 };
enum { ERROR_TRAPS = 0x100, NEGATED = 0x200, RULES_8086 = 0x400 };

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

/* Flags the 80286 leaves after a division: SF, ZF and PF of the remainder, AF, and OF with CF. */
static void division_flags(struct context *ctx, uint64_t imm, uint64_t remainder, bool carry)
{
    if (imm & FLAGS_80286) {
        uint32_t flags = flags_szp((uint32_t)remainder, imm & 15) | (uint32_t)FLAG_AF;
        context_set_flags(ctx, flags | (carry ? (uint32_t)(FLAG_CF | FLAG_OF) : 0u));
    }
}

/* The last of the subtractions in a division of that many bits borrows from the dividend's part
 * beside it, its top bit left out. */
static bool last_step_borrows(uint64_t value, uint64_t divisor, uint64_t mask)
{
    uint64_t before = (value >> 1) % divisor;
    return ((before << 1 | (value & 1)) & mask) < divisor;
}

/* All flags of a - b. */
static uint32_t difference_flags(uint32_t a, uint32_t b, unsigned size)
{
    uint32_t difference = a - b, top = 1u << (size * 8 - 1);
    return flags_szp(difference, size) | (a < b ? (uint32_t)FLAG_CF : 0u) |
           ((a ^ b ^ difference) & FLAG_AF) |
           ((a ^ b) & (a ^ difference) & top ? (uint32_t)FLAG_OF : 0u);
}

/* Flags the 8086 leaves, of magnitudes.  Its microcode compares the dividend's upper half with the
 * divisor, then makes a quotient bit a step: the remainder takes in the next bit of the dividend
 * and is compared again, unless a one was shifted out.  Each comparison sets all flags.  A quotient
 * that fits ends with another shift of its complement, whose top bit comes out in CF. */
static void division_flags_8086(struct context *ctx, uint64_t value, uint64_t divisor,
                                unsigned size)
{
    unsigned bits = size * 8;
    uint32_t mask = (1u << bits) - 1, by = (uint32_t)divisor;
    uint32_t rest = (uint32_t)(value >> bits) & mask;
    uint32_t flags = difference_flags(rest, by, size);
    if (rest < by) {
        for (unsigned i = bits; i-- > 0;) {
            bool out = rest >> (bits - 1) & 1;
            rest = (rest << 1 | (value >> i & 1)) & mask;
            flags = out ? flags : difference_flags(rest, by, size);
            rest = out || rest >= by ? (rest - by) & mask : rest;
        }
        bool high = (value / divisor) >> (bits - 1) & 1;
        flags = (flags & ~(uint32_t)FLAG_CF) | (high ? 0u : (uint32_t)FLAG_CF);
    }
    context_set_flags(ctx, flags);
}

uint64_t callout_div(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    unsigned size = imm & 15;
    uint64_t mask = UINT64_MAX >> (64 - size * 8);
    uint64_t divisor = a & mask;
    uint64_t value = dividend(ctx, size);
    if (imm & RULES_8086) {
        division_flags_8086(ctx, value, divisor, size);
    }
    if (divisor == 0 || value / divisor > mask) {
        return divide_error(ctx, imm & ERROR_TRAPS);
    }
    division_flags(ctx, imm, value % divisor, last_step_borrows(value, divisor, mask));
    put_result(ctx, size, value / divisor, value % divisor);
    return 0;
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

/* The 80286 misses an overflow of IDIV by a byte when the first subtraction leaves just 80h, of
 * which the next step loses the only bit: a quotient of -128, and the dividend's low seven bits
 * remain.  Whether words have the same was not captured.  value: the dividend. */
static bool overflow_missed(int64_t value, int64_t divisor, uint64_t imm, int64_t *remainder)
{
    int64_t size = (int64_t)magnitude(value), by = (int64_t)magnitude(divisor);
    int64_t low = size & 0x7f;
    *remainder = value < 0 ? -low : low;
    return imm & FLAGS_80286 && (imm & 15) == 1 && (value < 0) != (divisor < 0) &&
           (size >> 7) - by == 0x80 && low < by;
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
    bool traps = imm & ERROR_TRAPS;
    bool old = imm & RULES_8086;
    if (old) {
        division_flags_8086(ctx, magnitude(value), magnitude(divisor), size);
    }
    if (divisor == 0 || (divisor == -1 && value == INT64_MIN)) {
        return divide_error(ctx, traps);
    }
    int64_t quotient = value / divisor, remainder = value % divisor, odd;
    if (overflow_missed(value, divisor, imm, &odd)) {
        quotient = -limit;
        remainder = odd;
    }
    if (quotient < -limit + old || quotient >= limit) { /* the 8086: its magnitude must fit */
        return divide_error(ctx, traps);
    }
    if (old) {
        context_set_flags(ctx, context_flags(ctx) & ~(uint32_t)(FLAG_CF | FLAG_OF));
    }
    quotient = imm & NEGATED ? -quotient : quotient;
    division_flags(ctx, imm, (uint64_t)remainder, divisor >= 0);
    put_result(ctx, size, (uint64_t)quotient, (uint64_t)remainder);
    return 0;
}

/* Flags of a product of halves of that many bits: SF, ZF and PF are those of the upper half on the
 * 80286; on the 8086 the sign of the lower half is added to it first. */
static void product_flags(struct context *ctx, uint64_t low, uint64_t high, unsigned bits,
                          uint64_t imm)
{
    uint64_t mask = UINT64_MAX >> (64 - bits);
    uint64_t sign = imm & SIGNED ? low >> (bits - 1) & 1 : 0;
    uint64_t rest = (high + sign) & mask; /* zero: the lower half is all */
    bool old = !(imm & FLAGS_80286);
    uint32_t flags = flags_szp((uint32_t)(old ? rest : high), bits / 8);
    flags |= rest ? (uint32_t)(FLAG_CF | FLAG_OF) : 0u;
    flags |= old ? ((high & 15) + sign) & FLAG_AF : (uint32_t)FLAG_AF;
    context_set_flags(ctx, flags);
}

/* MUL and IMUL by AX as the 8086 and the 80286 do them. */
uint64_t callout_mul_old(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    unsigned size = imm & 15;
    unsigned bits = size * 8;
    unsigned shift = 64 - bits;
    uint64_t mask = UINT64_MAX >> shift;
    uint64_t x = x86_gpr(ctx, GUEST_RAX) & mask;
    uint64_t y = a & mask;
    if (imm & SIGNED) {
        x = (uint64_t)((int64_t)(x << shift) >> shift);
        y = (uint64_t)((int64_t)(y << shift) >> shift);
    }
    uint64_t product = imm & NEGATED_PRODUCT ? 0 - x * y : x * y;
    product_flags(ctx, product & mask, product >> bits & mask, bits, imm);
    put_result(ctx, size, product & mask, product >> bits & mask);
    return 0;
}

uint64_t callout_imul_old(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)imm;
    uint32_t product = (uint32_t)((int16_t)a * (int16_t)b);
    product_flags(ctx, product & 0xffff, product >> 16, 16, SIGNED | FLAGS_80286);
    return product & 0xffff;
}

/* One step of the rotation or shift that the digit of ModRM names; *cf is the carry flag. */
static uint32_t shift_step(unsigned digit, uint32_t value, uint32_t top, bool *cf)
{
    bool left = !(digit & 1);
    bool in = digit < 2    ? (value & (left ? top : 1)) != 0
              : digit < 4  ? *cf
              : digit == 7 ? (value & top) != 0
                           : false;
    *cf = (value & (left ? top : 1)) != 0;
    return left ? (value << 1 | in) & (top | (top - 1)) : value >> 1 | (in ? top : 0);
}

uint64_t callout_shift(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    enum { SETMO = 6 };
    unsigned digit = imm & 7;
    unsigned size = imm >> 8 & 15;
    uint32_t top = 1u << (size * 8 - 1);
    uint32_t value = (uint32_t)a & (top | (top - 1));
    uint32_t flags = context_flags(ctx);
    bool cf = flags & FLAG_CF;
    unsigned total = (unsigned)b & (imm >> 12 & 1 ? 31 : 255);
    if (total == 0) {
        return value;
    }
    if (digit == SETMO) {
        value = top | (top - 1);
        context_set_flags(ctx, flags_szp(value, size));
        return value;
    }
    uint32_t before = value;
    for (unsigned count = total; count > 0; count--) {
        before = value;
        value = shift_step(digit, value, top, &cf);
    }
    bool of = digit & 1 ? ((value ^ value << 1) & top) != 0 : cf != ((value & top) != 0);
    flags &= ~(uint32_t)(digit < 4 ? FLAG_CF | FLAG_OF : FLAGS_ARITH);
    flags |= digit < 4 ? 0u : flags_szp(value, size);
    flags |= digit == 4 && before & 8 ? (uint32_t)FLAG_AF : 0u; /* as of an addition to itself */
    context_set_flags(ctx, flags | (cf ? (uint32_t)FLAG_CF : 0u) | (of ? (uint32_t)FLAG_OF : 0u));
    return value;
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
    uint64_t old = context_slow(ctx, 0);
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
