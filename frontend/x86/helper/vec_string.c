/*
 * PCMPESTRM PCMPESTRI PCMPISTRM PCMPISTRI (SDM volume 2, 4.1: imm8 control byte).
 *
 * Operand 1 (dst) is the set, the ranges or the needle; operand 2 (src) is the text that is looked
 * through.  Lanes at and beyond the length of an operand are invalid.
 */
#include "frontend/x86/helper/vec.h"

enum { EQUAL_ANY, RANGES, EQUAL_EACH, EQUAL_ORDERED };
enum { IMM_WORDS = 1, IMM_SIGNED = 2, IMM_NEGATE = 0x10, IMM_VALID_ONLY = 0x20, IMM_OTHER = 0x40 };

struct comparison {
    const struct vec *set, *text;
    unsigned lanes, bits;
    unsigned set_length, text_length;
    bool is_signed;
};

static int64_t lane_of(const struct comparison *c, const struct vec *v, unsigned i)
{
    uint64_t value = vec_get(v, c->bits, i);
    return c->is_signed ? bits_sext(value, c->bits) : (int64_t)value;
}

static bool equal(const struct comparison *c, unsigned i, unsigned j)
{
    return lane_of(c, c->set, i) == lane_of(c, c->text, j);
}

static bool equal_any(const struct comparison *c, unsigned j)
{
    for (unsigned i = 0; i < c->set_length && j < c->text_length; i++) {
        if (equal(c, i, j)) {
            return true;
        }
    }
    return false;
}

static bool in_ranges(const struct comparison *c, unsigned j)
{
    int64_t value = lane_of(c, c->text, j);
    for (unsigned i = 0; i + 1 < c->set_length && j < c->text_length; i += 2) {
        if (lane_of(c, c->set, i) <= value && value <= lane_of(c, c->set, i + 1)) {
            return true;
        }
    }
    return false;
}

/* Both invalid are equal, one alone is not. */
static bool equal_each(const struct comparison *c, unsigned j)
{
    bool set = j < c->set_length;
    bool text = j < c->text_length;
    return set && text ? equal(c, j, j) : set == text;
}

/* The needle lies at j, or as much of it as there are lanes. */
static bool equal_ordered(const struct comparison *c, unsigned j)
{
    for (unsigned i = 0; i < c->set_length && i + j < c->lanes; i++) {
        if (i + j >= c->text_length || !equal(c, i, i + j)) {
            return false;
        }
    }
    return true;
}

/* One bit for each lane of the text, after the polarity. */
static unsigned compare(const struct comparison *c, unsigned imm8)
{
    static bool (*const functions[])(const struct comparison *, unsigned) = {
        [EQUAL_ANY] = equal_any,
        [RANGES] = in_ranges,
        [EQUAL_EACH] = equal_each,
        [EQUAL_ORDERED] = equal_ordered,
    };
    unsigned result = 0;
    for (unsigned j = 0; j < c->lanes; j++) {
        result |= (unsigned)functions[imm8 >> 2 & 3](c, j) << j;
    }
    unsigned valid = imm8 & IMM_VALID_ONLY ? c->text_length : c->lanes;
    return imm8 & IMM_NEGATE ? result ^ ((1u << valid) - 1) : result;
}

/* Lanes before the first zero. */
static unsigned implicit_length(const struct vec *v, unsigned bits)
{
    unsigned n = 0;
    while (n < 128 / bits && vec_get(v, bits, n) != 0) {
        n++;
    }
    return n;
}

/* The magnitude of EAX or EDX, at most all lanes. */
static unsigned explicit_length(const struct context *ctx, unsigned reg, unsigned bits)
{
    uint32_t value = x86_gpr(ctx, reg);
    uint32_t magnitude = value >> 31 ? 0 - value : value;
    return magnitude < 128 / bits ? magnitude : 128 / bits;
}

static unsigned run(struct vec_call *call, bool explicit, struct comparison *c)
{
    unsigned bits = call->imm8 & IMM_WORDS ? 16 : 8;
    *c = (struct comparison){
        .set = &call->dst,
        .text = &call->src,
        .lanes = 128 / bits,
        .bits = bits,
        .set_length = explicit ? explicit_length(call->ctx, GUEST_RAX, bits)
                               : implicit_length(&call->dst, bits),
        .text_length = explicit ? explicit_length(call->ctx, GUEST_RDX, bits)
                                : implicit_length(&call->src, bits),
        .is_signed = call->imm8 & IMM_SIGNED,
    };
    unsigned result = compare(c, call->imm8);
    call->eflags = (result ? FLAG_CF : 0u) | (c->text_length < c->lanes ? FLAG_ZF : 0u) |
                   (c->set_length < c->lanes ? FLAG_SF : 0u) | (result & 1 ? FLAG_OF : 0u);
    call->sets_eflags = true;
    call->keeps_dst = true;
    return result;
}

/* The first or last bit to ECX. */
static void to_index(struct vec_call *call, bool explicit)
{
    struct comparison c;
    unsigned result = run(call, explicit, &c);
    unsigned index = c.lanes;
    if (result != 0) {
        index =
            (unsigned)(call->imm8 & IMM_OTHER ? 31 - __builtin_clz(result) : __builtin_ctz(result));
    }
    call->ctx->gpr[GUEST_RCX] = index;
}

/* The bits to XMM0, as they are or a whole lane for each. */
static void to_mask(struct vec_call *call, bool explicit)
{
    struct comparison c;
    unsigned result = run(call, explicit, &c);
    struct vec out = {{result, 0}};
    for (unsigned i = 0; i < c.lanes && call->imm8 & IMM_OTHER; i++) {
        vec_put(&out, c.bits, i, result >> i & 1 ? UINT64_MAX : 0);
    }
    call->ctx->xmm[0].q[0] = out.q[0];
    call->ctx->xmm[0].q[1] = out.q[1];
}

void vec_pcmpestrm(struct vec_call *call)
{
    to_mask(call, true);
}

void vec_pcmpestri(struct vec_call *call)
{
    to_index(call, true);
}

void vec_pcmpistrm(struct vec_call *call)
{
    to_mask(call, false);
}

void vec_pcmpistri(struct vec_call *call)
{
    to_index(call, false);
}
