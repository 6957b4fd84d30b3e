/*
 * Numbers of 80 bits in general registers: to and from formats of memory, sum, product.
 *
 * Normal operands with normal results, rounded to nearest, to 64 or 53 bits; zeros where they are
 * loaded or stored.  Anything else fails.  A result on its way is 128 bits, F_B above F_Y, with bit
 * 127 set, its exponent in x10 and its sign in x9.
 */
#include "backend/host/a64/x87.h"

enum { BIAS = 16383, FCW_PC_BIT = 8, FCW_RC_BIT = 10, FSW_PE = 1 << 5, FSW_C1 = 1 << 9 };

/* ---- formats of memory ---- */

struct format {
    unsigned bits;     /* of all */
    unsigned fraction; /* without the integer bit */
    unsigned bias;
};

static const struct format single = {32, 23, 127};
static const struct format float64 = {64, 52, 1023};

static const struct format *format_of(const struct x87_stub *s)
{
    return s->row->source == X87_F32 ? &single : &float64;
}

/* Zero stays zero, with its sign in x3 and its datum in x2 = 0. */
static void widen_float(struct x87_stub *s, const struct format *f)
{
    struct code_buffer *out = s->out;
    unsigned exponent_bits = f->bits - 1 - f->fraction;
    x87_lsr(s, F_B_EXP, F_B, f->bits - 1);
    x87_lsl(s, F_X, F_B, 64 - f->bits + 1);
    uint32_t zero = a64_cb(out, A64_64(A64_CBZ), F_X);
    x87_lsr(s, F_X, F_X, 64 - exponent_bits);
    x87_fail(s, a64_cb(out, A64_CBZ, F_X)); /* denormal */
    a64_rri(out, A64_ADDI, F_Y, F_X, 1);
    x87_fail(s, a64_tb(out, A64_TBNZ, F_Y, exponent_bits)); /* infinity, NaN */
    x87_lsl(s, F_B, F_B, 63 - f->fraction);
    x87_set_top_bit(s, F_B);
    a64_imm(out, F_Y, BIAS - f->bias);
    a64_rrr(out, A64_ADD, F_X, F_X, F_Y);
    a64_rrrs(out, A64_ORR, F_B_EXP, F_X, F_B_EXP, A64_LSL, 15);
    uint32_t done = a64_b(out);
    a64_here(out, zero);
    a64_imm(out, F_B, 0);
    a64_lsl(out, F_B_EXP, F_B_EXP, 15);
    a64_here(out, done);
}

static void widen_integer(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    a64_imm(out, F_B_EXP, 0);
    uint32_t zero = a64_cb(out, A64_64(A64_CBZ), F_B);
    x87_lsr(s, F_B_EXP, F_B, 63);
    uint32_t positive = a64_tb(out, A64_TBZ, F_B, 63);
    a64_rrr(out, A64_64(A64_SUB), F_B, A64_XZR, F_B);
    a64_here(out, positive);
    a64_rr(out, A64_64(A64_CLZ), F_X, F_B);
    a64_rrr(out, A64_64(A64_LSLV), F_B, F_B, F_X);
    a64_imm(out, F_Y, BIAS + 63);
    a64_rrr(out, A64_SUB, F_X, F_Y, F_X);
    a64_rrrs(out, A64_ORR, F_B_EXP, F_X, F_B_EXP, A64_LSL, 15);
    a64_here(out, zero);
}

void x87_widen(struct x87_stub *s)
{
    if (s->row->source == X87_INT) {
        widen_integer(s);
    } else {
        widen_float(s, format_of(s));
    }
}

/* Fails unless results are rounded to nearest; uses `scratch`, in which FCW stays. */
static void need_nearest(struct x87_stub *s, unsigned scratch)
{
    a64_mem(s->out, A64_LDRH, scratch, REG_CONTEXT, CTX(fcw));
    x87_fail(s, a64_tb(s->out, A64_TBNZ, scratch, FCW_RC_BIT));
    x87_fail(s, a64_tb(s->out, A64_TBNZ, scratch, FCW_RC_BIT + 1));
}

/*
 * value, rounded by what stands left-aligned in rest (not zero): up when it is more than a half, or
 * a half and value is odd.  x6 = PE, and C1 when up.  Uses rest and `scratch`.
 */
static void round_up(struct x87_stub *s, unsigned value, unsigned rest, unsigned scratch)
{
    struct code_buffer *out = s->out;
    a64_imm(out, F_X, FSW_PE);
    uint32_t down = a64_tb(out, A64_TBZ, rest, 63);
    a64_logic_imm(out, A64_ANDI, scratch, value, 1);
    x87_lsl(s, rest, rest, 1);
    a64_rrr(out, A64_64(A64_ORR), rest, rest, scratch);
    uint32_t even = a64_cb(out, A64_64(A64_CBZ), rest);
    a64_rri(out, A64_64(A64_ADDI), value, value, 1);
    a64_imm(out, F_X, FSW_PE | FSW_C1);
    a64_here(out, down);
    a64_here(out, even);
}

/* x2 = ST(0) as an integer: by nearest or by cutting, as FCW and the row say. */
static void narrow_integer(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    a64_imm(out, F_X, 0);
    a64_ubfx(out, F_Y, F_A_EXP, 0, 15);
    a64_rrr(out, A64_64(A64_ORR), F_B, F_A, F_Y);
    uint32_t zero = a64_cb(out, A64_64(A64_CBZ), F_B);
    x87_fail(s, a64_tb(out, A64_TBZ, F_A, 63));
    a64_imm(out, F_B, BIAS + 63);
    a64_rrr(out, A64_SUB, F_Y, F_B, F_Y); /* bits of the fraction: 1 .. 63 */
    x87_fail(s, a64_cb(out, A64_CBZ, F_Y));
    a64_lsr(out, F_B, F_Y, 6);
    x87_fail(s, a64_cb(out, A64_CBNZ, F_B));
    a64_rrr(out, A64_SUB, F_DST, A64_XZR, F_Y);
    a64_rrr(out, A64_64(A64_LSRV), F_B, F_A, F_Y);
    a64_rrr(out, A64_64(A64_LSLV), F_A, F_A, F_DST);
    uint32_t exact = a64_cb(out, A64_64(A64_CBZ), F_A);
    uint32_t cut = 0;
    if (s->row->what == X87_CHOP) {
        a64_imm(out, F_X, FSW_PE);
    } else {
        a64_mem(out, A64_LDRH, F_DST, REG_CONTEXT, CTX(fcw));
        a64_ubfx(out, F_DST, F_DST, FCW_RC_BIT, 2);
        a64_imm(out, F_X, FSW_PE);
        a64_logic_imm(out, A64_EORI, F_Y, F_DST, 3);
        cut = a64_cb(out, A64_CBZ, F_Y);
        x87_fail(s, a64_cb(out, A64_CBNZ, F_DST));
        round_up(s, F_B, F_A, F_DST);
        a64_here(out, cut);
    }
    a64_here(out, exact);
    x87_fail(s, a64_tb(out, A64_TBNZ, F_B, 63));
    uint32_t positive = a64_tb(out, A64_TBZ, F_A_EXP, 15);
    a64_rrr(out, A64_64(A64_SUB), F_B, A64_XZR, F_B);
    a64_here(out, positive);
    if (s->row->memory < 8) { /* the sign of what is stored is that of the whole */
        a64_bits(out, (enum a64_word)((uint32_t)A64_64(A64_SBFM) | 1 << 22), F_Y, F_B, 0,
                 8u * s->row->memory - 1);
        a64_rrr(out, A64_64(A64_SUB), F_Y, F_Y, F_B);
        x87_fail(s, a64_cb(out, A64_64(A64_CBNZ), F_Y));
    }
    a64_here(out, zero);
}

void x87_narrow(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    const struct format *f = format_of(s);
    if (s->row->source == X87_INT) {
        narrow_integer(s);
        return;
    }
    unsigned drop = 63 - f->fraction;
    unsigned top = 1u << (f->bits - 1 - f->fraction);
    a64_imm(out, F_X, 0);
    a64_ubfx(out, F_Y, F_A_EXP, 0, 15);
    a64_lsr(out, F_A_EXP, F_A_EXP, 15);
    a64_rrr(out, A64_64(A64_ORR), F_B, F_A, F_Y);
    uint32_t zero = a64_cb(out, A64_64(A64_CBZ), F_B);
    x87_fail(s, a64_tb(out, A64_TBZ, F_A, 63));
    a64_imm(out, F_B, BIAS - f->bias + 1);
    a64_rrr(out, A64_SUB, F_Y, F_Y, F_B); /* the exponent field, less 1: 0 .. top - 4 */
    x87_fail(s, a64_tb(out, A64_TBNZ, F_Y, 31));
    a64_rri(out, A64_SUBI, F_B, F_Y, top - 3);
    x87_fail(s, a64_tb(out, A64_TBZ, F_B, 31));
    x87_lsl(s, F_B_EXP, F_A, 64 - drop);
    x87_lsr(s, F_B, F_A, drop);
    uint32_t exact = a64_cb(out, A64_64(A64_CBZ), F_B_EXP);
    need_nearest(s, F_DST);
    round_up(s, F_B, F_B_EXP, F_DST);
    a64_here(out, exact);
    /* The integer bit, and a carry out of the fraction, count into the exponent. */
    x87_lsl(s, F_Y, F_Y, f->fraction);
    a64_rrr(out, A64_64(A64_ADD), F_B, F_B, F_Y);
    a64_here(out, zero);
    x87_lsl(s, F_A_EXP, F_A_EXP, f->bits - 1);
    a64_rrr(out, A64_64(A64_ORR), F_B, F_B, F_A_EXP);
}

/* ---- arithmetic ---- */

/* to = the exponent of a normal number; uses x9. */
static void need_normal(struct x87_stub *s, unsigned to, unsigned value, unsigned exponent)
{
    struct code_buffer *out = s->out;
    a64_ubfx(out, to, exponent, 0, 15);
    x87_fail(s, a64_cb(out, A64_CBZ, to));
    a64_rri(out, A64_ADDI, F_Z, to, 1);
    x87_fail(s, a64_tb(out, A64_TBNZ, F_Z, 15));
    x87_fail(s, a64_tb(out, A64_TBZ, value, 63));
}

/* Rounds F_B:F_Y to that many bits; x6 the flags.  Uses x0. */
static void round_to(struct x87_stub *s, unsigned bits)
{
    struct code_buffer *out = s->out;
    a64_imm(out, F_X, 0);
    if (bits < 64) {
        x87_lsl(s, F_A, F_B, bits);
        x87_lsr(s, F_B, F_B, 64 - bits);
        uint32_t none = a64_cb(out, A64_64(A64_CBZ), F_Y);
        a64_imm(out, F_Y, 1);
        a64_rrr(out, A64_64(A64_ORR), F_A, F_A, F_Y);
        a64_here(out, none);
        a64_movx(out, F_Y, F_A);
    }
    uint32_t exact = a64_cb(out, A64_64(A64_CBZ), F_Y);
    round_up(s, F_B, F_Y, F_A);
    a64_here(out, exact);
    if (bits < 64) {
        x87_lsl(s, F_B, F_B, 64 - bits);
    }
    uint32_t no_carry = a64_cb(out, A64_64(A64_CBNZ), F_B);
    x87_set_top_bit(s, F_B);
    a64_rri(out, A64_ADDI, F_TOP, F_TOP, 1);
    a64_here(out, no_carry);
}

static void round_result(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    need_nearest(s, F_X);
    x87_fail(s, a64_tb(out, A64_TBZ, F_X, FCW_PC_BIT + 1));
    uint32_t less = a64_tb(out, A64_TBZ, F_X, FCW_PC_BIT);
    round_to(s, 64);
    uint32_t done = a64_b(out);
    a64_here(out, less);
    round_to(s, 53);
    a64_here(out, done);
    a64_rri(out, A64_SUBI, F_Y, F_TOP, 1);
    x87_fail(s, a64_tb(out, A64_TBNZ, F_Y, 31));
    a64_rri(out, A64_ADDI, F_Y, F_TOP, 1);
    x87_fail(s, a64_tb(out, A64_TBNZ, F_Y, 15));
    a64_rrr(out, A64_ORR, F_B_EXP, F_TOP, F_Z);
}

static void multiply(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    a64_rrr(out, A64_ADD, F_TOP, F_X, F_Y);
    a64_imm(out, F_Y, BIAS - 1);
    a64_rrr(out, A64_SUB, F_TOP, F_TOP, F_Y);
    a64_rrr(out, A64_EOR, F_Z, F_A_EXP, F_B_EXP);
    a64_logic_imm(out, A64_ANDI, F_Z, F_Z, 0x8000);
    a64_rrr(out, A64_64(A64_MUL), F_Y, F_A, F_B);
    a64_rrr(out, A64_UMULH, F_B, F_A, F_B);
    uint32_t normal = a64_tb(out, A64_TBNZ, F_B, 63);
    x87_lsl(s, F_B, F_B, 1);
    a64_rrrs(out, A64_64(A64_ORR), F_B, F_B, F_Y, A64_LSR, 63);
    x87_lsl(s, F_Y, F_Y, 1);
    a64_rri(out, A64_SUBI, F_TOP, F_TOP, 1);
    a64_here(out, normal);
}

static void exchange(struct code_buffer *out, unsigned a, unsigned b, unsigned scratch)
{
    a64_movx(out, scratch, a);
    a64_movx(out, a, b);
    a64_movx(out, b, scratch);
}

/* The larger magnitude to F_A.  Changes NZCV. */
static void order(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    a64_rrr(out, A64_SUBS, A64_XZR, F_X, F_Y);
    uint32_t larger = a64_bcond(out, A64_HI);
    uint32_t smaller = a64_bcond(out, A64_CC);
    a64_rrr(out, A64_64(A64_SUBS), A64_XZR, F_A, F_B);
    uint32_t not_less = a64_bcond(out, A64_CS);
    a64_here(out, smaller);
    exchange(out, F_A, F_B, F_Z);
    exchange(out, F_A_EXP, F_B_EXP, F_Z);
    exchange(out, F_X, F_Y, F_Z);
    a64_here(out, larger);
    a64_here(out, not_less);
}

/* x2:x9 = F_B, moved down to the exponent of F_A. */
static void align(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    a64_rrr(out, A64_SUB, F_Y, F_X, F_Y);
    a64_lsr(out, F_Z, F_Y, 6);
    x87_fail(s, a64_cb(out, A64_CBNZ, F_Z));
    a64_rrr(out, A64_ORN, F_Z, A64_XZR, F_Y); /* 63 - n, as shifts count */
    x87_lsl(s, F_TOP, F_B, 1);
    a64_rrr(out, A64_64(A64_LSLV), F_Z, F_TOP, F_Z);
    a64_rrr(out, A64_64(A64_LSRV), F_B, F_B, F_Y);
}

static void add_magnitudes(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    a64_rrr(out, A64_64(A64_ADDS), F_B, F_A, F_B);
    a64_movx(out, F_Y, F_Z);
    uint32_t no_carry = a64_bcond(out, A64_CC);
    a64_logic_imm(out, A64_ANDI, F_Y, F_Y, 1); /* stays as sticky */
    a64_rrrs(out, A64_64(A64_ORR), F_Y, F_Y, F_Z, A64_LSR, 1);
    a64_rrrs(out, A64_64(A64_ORR), F_Y, F_Y, F_B, A64_LSL, 63);
    x87_lsr(s, F_B, F_B, 1);
    x87_set_top_bit(s, F_B);
    a64_rri(out, A64_ADDI, F_X, F_X, 1);
    a64_here(out, no_carry);
}

static void subtract_magnitudes(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    a64_rrr(out, A64_64(A64_SUBS), F_Y, A64_XZR, F_Z);
    a64_rrr(out, A64_64(A64_SBC), F_B, F_A, F_B);
    x87_fail(s, a64_cb(out, A64_64(A64_CBZ), F_B));
    a64_rr(out, A64_64(A64_CLZ), F_TOP, F_B);
    a64_rrr(out, A64_SUB, F_X, F_X, F_TOP);
    a64_rrr(out, A64_64(A64_LSLV), F_B, F_B, F_TOP);
    a64_rrr(out, A64_ORN, F_Z, A64_XZR, F_TOP);
    x87_lsr(s, F_A, F_Y, 1);
    a64_rrr(out, A64_64(A64_LSRV), F_A, F_A, F_Z);
    a64_rrr(out, A64_64(A64_ORR), F_B, F_B, F_A);
    a64_rrr(out, A64_64(A64_LSLV), F_Y, F_Y, F_TOP);
}

/* Signs tell whether magnitudes are added. */
static void add(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    order(s);
    align(s);
    a64_rrr(out, A64_EOR, F_TOP, F_A_EXP, F_B_EXP);
    uint32_t unlike = a64_tb(out, A64_TBNZ, F_TOP, 15);
    add_magnitudes(s);
    uint32_t done = a64_b(out);
    a64_here(out, unlike);
    subtract_magnitudes(s);
    a64_here(out, done);
    a64_mov(out, F_TOP, F_X);
    a64_logic_imm(out, A64_ANDI, F_Z, F_A_EXP, 0x8000);
}

/*
 * SUB is the destination less the source, SUBR the other way round; the destination is ST(0) in
 * F_A, for TO_STI the other one.
 */
void x87_arithmetic(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    bool to_sti = s->row->source == X87_TO_STI;
    need_normal(s, F_X, F_A, F_A_EXP);
    need_normal(s, F_Y, F_B, F_B_EXP);
    if (s->row->what == X87_MUL) {
        multiply(s);
    } else {
        if (s->row->what != X87_ADD) {
            unsigned negated = (s->row->what == X87_SUB) != to_sti ? F_B_EXP : F_A_EXP;
            a64_logic_imm(out, A64_EORI, negated, negated, 0x8000);
        }
        add(s);
    }
    round_result(s);
}

/* ---- comparison ---- */

/* A zero, or a normal number, whose exponent goes to `to`; uses x9. */
static void need_number(struct x87_stub *s, unsigned to, unsigned value, unsigned exponent)
{
    struct code_buffer *out = s->out;
    a64_ubfx(out, to, exponent, 0, 15);
    a64_rrr(out, A64_64(A64_ORR), F_Z, value, to);
    uint32_t zero = a64_cb(out, A64_64(A64_CBZ), F_Z);
    need_normal(s, to, value, exponent);
    a64_here(out, zero);
}

/* x6 = C3 for equal, C0 for less, 0 for greater. */
void x87_compare(struct x87_stub *s)
{
    enum { C0_BIT = 8, EQUAL = 0x4000 };
    struct code_buffer *out = s->out;
    need_number(s, F_X, F_A, F_A_EXP);
    need_number(s, F_Y, F_B, F_B_EXP);
    a64_rrrs(out, A64_SUBS, A64_XZR, F_X, F_Y, A64_LSL, 0);
    a64_imm(out, F_X, EQUAL);
    a64_rrr(out, A64_64(A64_ORR), F_Z, F_A, F_B);
    uint32_t zeros = a64_cb(out, A64_64(A64_CBZ), F_Z);
    a64_lsr(out, F_Y, F_A_EXP, 15); /* 1: less, when the signs differ */
    a64_rrr(out, A64_EOR, F_Z, F_A_EXP, F_B_EXP);
    uint32_t differ = a64_tb(out, A64_TBNZ, F_Z, 15);
    uint32_t exponents = a64_bcond(out, A64_NE);
    a64_rrr(out, A64_64(A64_SUBS), A64_XZR, F_A, F_B);
    uint32_t equal = a64_bcond(out, A64_EQ);
    a64_here(out, exponents);
    a64_cond(out, A64_CSINC, F_Z, A64_XZR, A64_XZR, A64_CS);
    a64_rrr(out, A64_EOR, F_Y, F_Y, F_Z);
    a64_here(out, differ);
    a64_lsl(out, F_X, F_Y, C0_BIT);
    a64_here(out, zeros);
    a64_here(out, equal);
}
