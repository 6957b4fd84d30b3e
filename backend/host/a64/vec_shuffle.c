/* Packing, unpacking and shuffling; elements to and from general registers. */
#include "backend/host/a64/vec.h"

/* Where a result that is made piece by piece goes: aside, when it would overwrite its source. */
static unsigned aside(const struct vec_use *use)
{
    return use->d == use->s ? (unsigned)VEC_A : use->d;
}

/* EXT: d = bytes `from` and up of low, then of high. */
static void extract_bytes(struct emit *e, const struct vec_use *use, unsigned low, unsigned high,
                          unsigned from)
{
    a64_put(e->out,
            (uint32_t)vec_sized(use, A64_EXT) | high << 16 | from << 11 | low << 5 | use->d);
}

void vec_pack(struct emit *e, const struct vec_use *use)
{
    struct code_buffer *out = e->out;
    enum a64_word narrow = (enum a64_word)((uint32_t)use->word & ~(UINT32_C(1) << 30));
    if (!use->wide) {
        a64_insert(out, use->d, use->s, 3, 1, 0);
        a64_rr(out, narrow, use->d, use->d);
        return;
    }
    unsigned to = aside(use);
    a64_rr(out, narrow, to, use->d);
    a64_rr(out, A64_Q(narrow), to, use->s);
    vec_result(e, use, to);
}

/* Lanes of `from` to lanes first.. of `to`; `same` are already what they shall be. */
static void place_lanes(struct emit *e, const struct vec_use *use, unsigned to, unsigned from,
                        unsigned first, unsigned count, unsigned base, unsigned same)
{
    for (unsigned i = first; i < first + count; i++) {
        unsigned k = base + (use->imm >> 2 * (i - base) & 3);
        if ((same >> i & 1) == 0) {
            a64_insert(e->out, to, from, use->lane, i, k);
        }
    }
}

/* Lanes i that the immediate fills as lane 0. */
static unsigned as_lane_0(unsigned imm)
{
    unsigned same = 0;
    for (unsigned i = 0; i < 4; i++) {
        same |= (unsigned)((imm >> 2 * i & 3) == (imm & 3)) << i;
    }
    return same;
}

/* PSHUFD, PSHUFW: all four lanes. */
void vec_shuffle(struct emit *e, const struct vec_use *use)
{
    if (use->lane == 2 && use->imm == 0x4e) {
        extract_bytes(e, use, use->s, use->s, 8);
    } else if (use->lane == 2 && (use->imm == 0x39 || use->imm == 0x93)) {
        extract_bytes(e, use, use->s, use->s, use->imm == 0x39 ? 4 : 12);
    } else if (use->lane == 2 && use->imm == 0xb1) {
        a64_rr(e->out, A64_LANE(A64_Q(A64_REV64), 2), use->d, use->s);
    } else if (use->lane == 2 && (use->imm == 0x44 || use->imm == 0xee)) {
        a64_lane(e->out, A64_Q(A64_DUP), use->d, use->s, 3, use->imm == 0xee);
    } else {
        unsigned same = as_lane_0(use->imm);
        unsigned to = same == 15 ? use->d : aside(use);
        a64_lane(e->out, vec_sized(use, A64_DUP), to, use->s, use->lane, use->imm & 3);
        place_lanes(e, use, to, use->s, 0, 4, 0, same);
        vec_result(e, use, to);
    }
}

void vec_shuffle_words(struct emit *e, const struct vec_use *use)
{
    unsigned base = (use->inst->imm & 0xffff) == VEC_pshufhw ? 4 : 0;
    unsigned same = 0;
    for (unsigned i = 0; i < 4; i++) {
        same |= (unsigned)((use->imm >> 2 * i & 3) == i) << (base + i);
    }
    a64_movv(e->out, VEC_A, use->s);
    place_lanes(e, use, VEC_A, use->s, base, 4, base, same);
    vec_result(e, use, VEC_A);
}

/* SHUFPS: two lanes of d, two of s. */
void vec_shuffle_two(struct emit *e, const struct vec_use *use)
{
    unsigned same = as_lane_0(use->imm) & 3;
    a64_lane(e->out, A64_Q(A64_DUP), VEC_A, use->d, use->lane, use->imm & 3);
    place_lanes(e, use, VEC_A, use->d, 0, 2, 0, same);
    place_lanes(e, use, VEC_A, use->s, 2, 2, 0, 0);
    vec_result(e, use, VEC_A);
}

void vec_shuffle_doubles(struct emit *e, const struct vec_use *use)
{
    switch (use->imm & 3) {
    case 0:
        a64_rrr(e->out, A64_LANE(A64_Q(A64_ZIP1), 3), use->d, use->d, use->s);
        break;
    case 1:
        extract_bytes(e, use, use->d, use->s, 8);
        break;
    case 2:
        a64_insert(e->out, use->d, use->s, 3, 1, 1);
        break;
    default:
        a64_rrr(e->out, A64_LANE(A64_Q(A64_ZIP2), 3), use->d, use->d, use->s);
        break;
    }
}

/* TBL gives 0 for what lies past its table: bit 7 stays, as x86 has it. */
void vec_pick_bytes(struct emit *e, const struct vec_use *use)
{
    unsigned kept = use->wide ? 0x8f : 0x87;
    a64_put(e->out, (uint32_t)A64_Q(A64_MOVI) | (kept >> 5) << 16 | (kept & 31) << 5 | VEC_A);
    a64_rrr(e->out, A64_Q(A64_VAND), VEC_A, VEC_A, use->s);
    a64_rrr(e->out, vec_sized(use, A64_TBL), use->d, use->d, VEC_A);
}

void vec_align_bytes(struct emit *e, const struct vec_use *use)
{
    unsigned bytes = use->wide ? 16 : 8;
    if (use->imm >= 2 * bytes) {
        vec_zero(e, use->d);
    } else if (use->imm < bytes) {
        extract_bytes(e, use, use->s, use->d, use->imm);
    } else {
        vec_zero(e, VEC_A);
        extract_bytes(e, use, use->d, VEC_A, use->imm - bytes);
    }
}

/* s where XMM0 is negative. */
void vec_blend_by_sign(struct emit *e, const struct vec_use *use)
{
    a64_vshift(e->out, A64_Q(A64_SSHR), VEC_A, REG_XMM, use->lane, true, (8u << use->lane) - 1);
    a64_rrr(e->out, A64_Q(A64_BIT), use->d, use->s, VEC_A);
}

void vec_blend(struct emit *e, const struct vec_use *use)
{
    for (unsigned i = 0; i < 16u >> use->lane; i++) {
        if (use->imm >> i & 1) {
            a64_insert(e->out, use->d, use->s, use->lane, i, i);
        }
    }
}

/* Low lanes of 1 << from bytes, made as wide as the row's. */
static void extend(struct emit *e, const struct vec_use *use, unsigned from)
{
    enum a64_word widen = (enum a64_word)((uint32_t)use->word & ~(UINT32_C(0x40c00000)));
    unsigned source = use->s;
    for (unsigned lane = from; lane < use->lane; lane++) {
        a64_vshift(e->out, widen, use->d, source, lane, false, 0);
        source = use->d;
    }
}

void vec_extend(struct emit *e, const struct vec_use *use)
{
    extend(e, use, 0);
}

void vec_extend_words(struct emit *e, const struct vec_use *use)
{
    extend(e, use, 1);
}

void vec_extend_longs(struct emit *e, const struct vec_use *use)
{
    extend(e, use, 2);
}

void vec_duplicate(struct emit *e, const struct vec_use *use)
{
    a64_lane(e->out, A64_Q(A64_DUP), use->d, use->s, use->lane, 0);
}

/* Even or odd lanes of s, twice. */
void vec_pairs(struct emit *e, const struct vec_use *use)
{
    a64_rrr(e->out, use->word, use->d, use->s, use->s);
}

/* ---- general registers ---- */

/* The lane of an 8- or 16-byte register that the immediate names. */
static unsigned named_lane(const struct vec_use *use)
{
    unsigned lanes = (use->wide ? 16u : 8u) >> use->lane;
    return use->imm & (lanes - 1);
}

void vec_insert(struct emit *e, const struct vec_use *use)
{
    a64_lane(e->out, A64_INSW, use->d, use->s, use->lane, named_lane(use));
}

void vec_extract(struct emit *e, const struct vec_use *use)
{
    if (use->lane == 2 && named_lane(use) == 0) {
        a64_rr(e->out, A64_FMOVWS, REG_X2, use->s);
    } else {
        a64_lane(e->out, A64_UMOV, REG_X2, use->s, use->lane, named_lane(use));
    }
    vec_general_result(e, use, REG_X2);
}

void vec_sign_bytes(struct emit *e, const struct vec_use *use)
{
    struct code_buffer *out = e->out;
    a64_vshift(out, A64_Q(A64_USHR), VEC_A, use->s, 0, true, 7);
    for (unsigned lane = 1; lane < 4; lane++) { /* bits gather in byte 0 of each half */
        a64_vshift(out, A64_Q(A64_USRA), VEC_A, VEC_A, lane, true,
                   (8u << (lane - 1)) - (1u << (lane - 1)));
    }
    a64_lane(out, A64_UMOV, REG_X2, VEC_A, 0, 0);
    if (use->wide) {
        a64_lane(out, A64_UMOV, REG_X3, VEC_A, 0, 8);
        a64_rrrs(out, A64_ORR, REG_X2, REG_X2, REG_X3, A64_LSL, 8);
    }
    vec_general_result(e, use, REG_X2);
}

void vec_sign_floats(struct emit *e, const struct vec_use *use)
{
    struct code_buffer *out = e->out;
    a64_vshift(out, A64_Q(A64_USHR), VEC_A, use->s, 2, true, 31);
    a64_vshift(out, A64_Q(A64_USRA), VEC_A, VEC_A, 3, true, 31);
    a64_lane(out, A64_UMOV, REG_X2, VEC_A, 0, 0);
    a64_lane(out, A64_UMOV, REG_X3, VEC_A, 0, 8);
    a64_rrrs(out, A64_ORR, REG_X2, REG_X2, REG_X3, A64_LSL, 2);
    vec_general_result(e, use, REG_X2);
}

void vec_sign_doubles(struct emit *e, const struct vec_use *use)
{
    struct code_buffer *out = e->out;
    a64_vshift(out, A64_Q(A64_USHR), VEC_A, use->s, 3, true, 63);
    a64_lane(out, A64_UMOV, REG_X2, VEC_A, 0, 0);
    a64_lane(out, A64_UMOV, REG_X3, VEC_A, 0, 8);
    a64_rrrs(out, A64_ORR, REG_X2, REG_X2, REG_X3, A64_LSL, 1);
    vec_general_result(e, use, REG_X2);
}
