/*
 * Evaluation of integer arithmetic: operands in, result and flags out.  Results are stored before
 * flags change, because the store may fault.
 *
 * Not modelled: products of 64-bit operands (long mode).
 */
#include "backend/host/interp/alu.h"

/* ---- shapes ---------------------------------------------------------------------------------- */

/* dst = a op b: read-modify-write when dst is memory. */
static inline const struct ir_inst *binary(struct eval *e, const struct ir_inst *i,
                                           alu_function *function)
{
    struct place place;
    uint64_t a;
    uint64_t b;
    if (i->dst == IR_MEM) {
        if (!read_place(e, i, &place, &a)) {
            return NULL;
        }
    } else if (!read_operand(e, i, i->a, i->width, &a)) {
        return NULL;
    }
    /* One-operand operations ignore b. */
    if (!read_operand(e, i, i->b == IR_NONE ? IR_IMM : i->b, i->width, &b)) {
        return NULL;
    }
    struct alu_result result = function(a, b, i->width, e->ctx->flags);
    if (i->dst != IR_MEM) {
        write_register(e, i->dst, i->width, result.value);
    } else if (!write_place(e, i, &place, cut(result.value, i->width))) {
        return NULL;
    }
    set_flags(e, i, result.flags);
    return i + 1;
}

/* a op b for the flags. */
static inline const struct ir_inst *compare(struct eval *e, const struct ir_inst *i,
                                            alu_function *function)
{
    uint64_t a;
    uint64_t b;
    if (!read_operand(e, i, i->a, i->width, &a) || !read_operand(e, i, i->b, i->width, &b)) {
        return NULL;
    }
    set_flags(e, i, function(a, b, i->width, e->ctx->flags).flags);
    return i + 1;
}

/* ---- operations ------------------------------------------------------------------------------ */

static inline bool carry(unsigned flags)
{
    return flags & LAHF_CF;
}

static inline struct alu_result do_add(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    (void)flags;
    return alu_sum(a, b, 0, width);
}

static inline struct alu_result do_adc(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    return alu_sum(a, b, carry(flags), width);
}

static inline struct alu_result do_sub(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    (void)flags;
    return alu_difference(a, b, 0, width);
}

static inline struct alu_result do_sbb(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    return alu_difference(a, b, carry(flags), width);
}

static inline struct alu_result do_and(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    (void)flags;
    return alu_logic(a & b, width);
}

static inline struct alu_result do_or(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    (void)flags;
    return alu_logic(a | b, width);
}

static inline struct alu_result do_xor(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    (void)flags;
    return alu_logic(a ^ b, width);
}

static inline struct alu_result do_inc(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    (void)b;
    (void)flags;
    return alu_sum(a, 1, 0, width);
}

static inline struct alu_result do_dec(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    (void)b;
    (void)flags;
    return alu_difference(a, 1, 0, width);
}

static inline struct alu_result do_neg(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    (void)b;
    (void)flags;
    return alu_difference(0, a, 0, width);
}

static inline struct alu_result do_not(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    (void)b;
    (void)width;
    return (struct alu_result){~a, flags};
}

static inline struct alu_result do_bswap(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    (void)b;
    return (struct alu_result){__builtin_bswap64(a) >> (64 - 8 * width), flags};
}

static inline struct alu_result do_imul(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    int64_t product = sign_extended(a, width) * sign_extended(b, width);
    uint64_t value = (uint64_t)product;
    bool fits = product == sign_extended(value, width);
    return (struct alu_result){value, fits ? flags & ~(unsigned)(LAHF_CF | LAHF_OF)
                                           : flags | LAHF_CF | LAHF_OF};
}

/* CF = the bit; OP does the rest. */
static inline struct alu_result bit_result(uint64_t a, uint64_t value, uint64_t mask,
                                           unsigned flags)
{
    return (struct alu_result){value, a & mask ? flags | LAHF_CF : flags & ~(unsigned)LAHF_CF};
}

static inline uint64_t bit_mask(uint64_t b, unsigned width)
{
    return UINT64_C(1) << (b & (8 * width - 1));
}

static inline struct alu_result do_bt(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    return bit_result(a, a, bit_mask(b, width), flags);
}

static inline struct alu_result do_bts(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    return bit_result(a, a | bit_mask(b, width), bit_mask(b, width), flags);
}

static inline struct alu_result do_btr(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    return bit_result(a, a & ~bit_mask(b, width), bit_mask(b, width), flags);
}

static inline struct alu_result do_btc(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    return bit_result(a, a ^ bit_mask(b, width), bit_mask(b, width), flags);
}

#define BINARY(name, function)                                                 \
    const struct ir_inst *eval_##name(struct eval *e, const struct ir_inst *i) \
    {                                                                          \
        return binary(e, i, function);                                         \
    }

#define COMPARE(name, function)                                                \
    const struct ir_inst *eval_##name(struct eval *e, const struct ir_inst *i) \
    {                                                                          \
        return compare(e, i, function);                                        \
    }

/* clang-format off */
BINARY(add, do_add)   BINARY(adc, do_adc)   BINARY(sub, do_sub)     BINARY(sbb, do_sbb)
BINARY(and, do_and)   BINARY(or, do_or)     BINARY(xor, do_xor)     BINARY(imul, do_imul)
BINARY(inc, do_inc)   BINARY(dec, do_dec)   BINARY(neg, do_neg)     BINARY(not, do_not)
BINARY(bswap, do_bswap)
BINARY(shl, alu_shl)  BINARY(shr, alu_shr)  BINARY(sar, alu_sar)    BINARY(rol, alu_rol)
BINARY(ror, alu_ror)  BINARY(rcl, alu_rcl)  BINARY(rcr, alu_rcr)
BINARY(bts, do_bts)   BINARY(btr, do_btr)   BINARY(btc, do_btc)
COMPARE(cmp, do_sub)  COMPARE(test, do_and) COMPARE(bt, do_bt)
    /* clang-format on */

    /* ---- the rest
       -------------------------------------------------------------------------------- */

    typedef struct alu_result
    double_shift(uint64_t a, uint64_t b, unsigned count, unsigned width, unsigned flags);

static inline const struct ir_inst *shift_double(struct eval *e, const struct ir_inst *i,
                                                 double_shift *function)
{
    struct place place;
    uint64_t a;
    unsigned count = (unsigned)(i->aux ? e->ctx->gpr[GUEST_RCX] : i->imm) & 31;
    if (!read_place(e, i, &place, &a)) {
        return NULL;
    }
    uint64_t b = read_register(e, i->b, i->width);
    struct alu_result result = function(a, b, count, i->width, e->ctx->flags);
    if (!write_place(e, i, &place, result.value)) {
        return NULL;
    }
    set_flags(e, i, result.flags);
    return i + 1;
}

const struct ir_inst *eval_shld(struct eval *e, const struct ir_inst *i)
{
    return shift_double(e, i, alu_shld);
}

const struct ir_inst *eval_shrd(struct eval *e, const struct ir_inst *i)
{
    return shift_double(e, i, alu_shrd);
}

/* Puts a double-width product where it belongs; CF and OF say whether the high half matters. */
static const struct ir_inst *wide_product(struct eval *e, const struct ir_inst *i, uint64_t product,
                                          bool fits)
{
    unsigned bits = 8 * i->width;
    if (i->width == 1) {
        write_register(e, GUEST_RAX, 2, product);
    } else {
        write_register(e, GUEST_RAX, i->width, product);
        write_register(e, GUEST_RDX, i->width, product >> bits);
    }
    set_flags(e, i, fits ? 0 : LAHF_CF | LAHF_OF);
    return i + 1;
}

const struct ir_inst *eval_mul1(struct eval *e, const struct ir_inst *i)
{
    uint64_t a;
    if (!read_operand(e, i, i->a, i->width, &a)) {
        return NULL;
    }
    uint64_t product = a * cut(e->ctx->gpr[GUEST_RAX], i->width);
    return wide_product(e, i, product, product >> (8 * i->width) == 0);
}

const struct ir_inst *eval_imul1(struct eval *e, const struct ir_inst *i)
{
    uint64_t a;
    if (!read_operand(e, i, i->a, i->width, &a)) {
        return NULL;
    }
    int64_t product = sign_extended(a, i->width) * sign_extended(e->ctx->gpr[GUEST_RAX], i->width);
    bool fits = product == sign_extended((uint64_t)product, i->width);
    return wide_product(e, i, (uint64_t)product, fits);
}

static const struct ir_inst *scan_result(struct eval *e, const struct ir_inst *i, uint64_t a,
                                         unsigned bit)
{
    if (a != 0) {
        write_register(e, i->dst, i->width, bit);
    }
    set_flags(e, i, value_flags(a, i->width));
    return i + 1;
}

const struct ir_inst *eval_bsf(struct eval *e, const struct ir_inst *i)
{
    uint64_t a;
    if (!read_operand(e, i, i->a, i->width, &a)) {
        return NULL;
    }
    return scan_result(e, i, a, a ? (unsigned)__builtin_ctzll(a) : 0);
}

const struct ir_inst *eval_bsr(struct eval *e, const struct ir_inst *i)
{
    uint64_t a;
    if (!read_operand(e, i, i->a, i->width, &a)) {
        return NULL;
    }
    return scan_result(e, i, a, a ? 63u - (unsigned)__builtin_clzll(a) : 0);
}

const struct ir_inst *eval_xadd(struct eval *e, const struct ir_inst *i)
{
    struct place place;
    uint64_t old;
    uint64_t b = read_register(e, i->b, i->width);
    if (!read_place(e, i, &place, &old)) {
        return NULL;
    }
    struct alu_result result = alu_sum(old, b, 0, i->width);
    if (i->dst == IR_MEM && !write_place(e, i, &place, result.value)) {
        return NULL;
    }
    write_register(e, i->b, i->width, old);
    if (i->dst != IR_MEM) {
        write_register(e, i->dst, i->width, result.value);
    }
    set_flags(e, i, result.flags);
    return i + 1;
}

const struct ir_inst *eval_cmpxchg(struct eval *e, const struct ir_inst *i)
{
    struct place place;
    uint64_t old;
    if (!read_place(e, i, &place, &old)) {
        return NULL;
    }
    uint64_t accumulator = read_register(e, GUEST_RAX, i->width);
    struct alu_result result = alu_difference(accumulator, old, 0, i->width);
    bool equal = accumulator == old;
    uint64_t value = equal ? read_register(e, i->b, i->width) : old;
    if (!write_place(e, i, &place, value)) {
        return NULL;
    }
    if (!equal) {
        write_register(e, GUEST_RAX, i->width, old);
    }
    set_flags(e, i, result.flags);
    return i + 1;
}

const struct ir_inst *eval_clc(struct eval *e, const struct ir_inst *i)
{
    e->ctx->flags &= (uint16_t)~LAHF_CF;
    return i + 1;
}

const struct ir_inst *eval_stc(struct eval *e, const struct ir_inst *i)
{
    e->ctx->flags |= LAHF_CF;
    return i + 1;
}

const struct ir_inst *eval_cmc(struct eval *e, const struct ir_inst *i)
{
    e->ctx->flags ^= LAHF_CF;
    return i + 1;
}

const struct ir_inst *eval_lahf(struct eval *e, const struct ir_inst *i)
{
    write_register(e, IR_AH, 1, e->ctx->flags >> 8);
    return i + 1;
}

const struct ir_inst *eval_sahf(struct eval *e, const struct ir_inst *i)
{
    uint64_t ah = read_register(e, IR_AH, 1);
    e->ctx->flags = (uint16_t)((e->ctx->flags & LAHF_OF) | (ah & 0xd5) << 8 | LAHF_ONE);
    return i + 1;
}

const struct ir_inst *eval_salc(struct eval *e, const struct ir_inst *i)
{
    write_register(e, GUEST_RAX, 1, carry(e->ctx->flags) ? 0xff : 0);
    return i + 1;
}
