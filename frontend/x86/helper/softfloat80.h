/*
 * 80-bit extended floating point of the x87 in integer arithmetic: the same bits on every host.
 *
 * A value is the register image: 64-bit mantissa with explicit integer bit, 15-bit exponent, sign.
 * Every operation takes the environment: the control word (rounding, precision, exception masks)
 * goes in, exceptions and condition bits come out in `flags`, at their places in the status word.
 *
 * Masked responses and bias-adjusted results of unmasked overflow and underflow are computed here.
 * After an unmasked IE, DE or ZE the result is meaningless: float80_stopped() tells, and the caller
 * then changes no register.  Operations round to the control word's precision only where the
 * manual says so (add, sub, mul, div, sqrt); the others to 64 bits.
 *
 * Follows the Intel SDM volume 1, chapters 4 and 8, and volume 2.  Where the manual leaves a
 * choice (fprem's reduction step, flags beside an invalid operand) the behaviour is that of AMD's
 * processors.  Transcendental functions are correct to well within one unit in the last place and
 * reduce their argument with an unlimited pi; processors differ from that and from each other.
 */
#ifndef FRONTEND_X86_HELPER_SOFTFLOAT80_H
#define FRONTEND_X86_HELPER_SOFTFLOAT80_H

#include <stdbool.h>
#include <stdint.h>

struct float80 {
    uint64_t mantissa;
    uint16_t exponent; /* sign in bit 15 */
};

/* Status word bits. */
enum {
    FSW_IE = 1 << 0,
    FSW_DE = 1 << 1,
    FSW_ZE = 1 << 2,
    FSW_OE = 1 << 3,
    FSW_UE = 1 << 4,
    FSW_PE = 1 << 5,
    FSW_SF = 1 << 6,
    FSW_ES = 1 << 7,
    FSW_C0 = 1 << 8,
    FSW_C1 = 1 << 9,
    FSW_C2 = 1 << 10,
    FSW_C3 = 1 << 14,
    FSW_B = 1 << 15,
    FSW_EXCEPTIONS = 0x3f,
    FSW_CONDITIONS = FSW_C0 | FSW_C1 | FSW_C2 | FSW_C3,
};

enum { FCW_DEFAULT = 0x37f, FCW_AFFINE = 0x1000, FCW_ROUND_SHIFT = 10, FCW_PRECISION_SHIFT = 8 };
enum float80_rounding { ROUND_NEAREST, ROUND_DOWN, ROUND_UP, ROUND_CHOP };

struct float80_env {
    uint16_t control; /* FCW */
    uint16_t flags;   /* FSW bits raised: exceptions, C0 to C3 */
    bool denormal;    /* in: an operand was widened from a denormal */
    bool projective;  /* in: infinity has no sign (8087, 80287) */
};

/* A pre-computation exception (IE, DE, ZE) that is not masked was raised: store nothing. */
static inline bool float80_stopped(const struct float80_env *env)
{
    return (env->flags & ~env->control & (FSW_IE | FSW_DE | FSW_ZE)) != 0;
}

/* Overflow or underflow that is not masked was raised: memory destinations are not written. */
static inline bool float80_out_of_range(const struct float80_env *env)
{
    return (env->flags & ~env->control & (FSW_OE | FSW_UE)) != 0;
}

enum float80_class {
    FLOAT80_ZERO,
    FLOAT80_DENORMAL, /* pseudo-denormals too */
    FLOAT80_NORMAL,
    FLOAT80_INFINITY,
    FLOAT80_QNAN,
    FLOAT80_SNAN,
    FLOAT80_UNSUPPORTED, /* unnormals, pseudo-infinities, pseudo-NaNs */
};
enum float80_class float80_classify(struct float80 value);

static inline bool float80_sign(struct float80 value)
{
    return value.exponent >> 15;
}

/* The real indefinite: the QNaN that masked invalid operations give. */
static inline struct float80 float80_indefinite(void)
{
    return (struct float80){.mantissa = UINT64_C(0xc000000000000000), .exponent = 0xffff};
}

/* Arithmetic at the control word's precision. */
typedef struct float80 float80_unary(struct float80_env *env, struct float80 a);
typedef struct float80 float80_binary(struct float80_env *env, struct float80 a, struct float80 b);
float80_binary float80_add;
float80_binary float80_sub; /* a - b */
float80_binary float80_mul;
float80_binary float80_div; /* a / b */
float80_unary float80_sqrt;

/* Remainder of a by b: one step of FPREM (quotient chopped) or FPREM1 (to nearest).  C2: not
 * complete; else C0 C3 C1 are bits 2 1 0 of the quotient. */
float80_binary float80_prem;
float80_binary float80_prem1;
/* a rounded to an integer value. */
float80_unary float80_round_to_integer;
/* a * 2^trunc(b) */
float80_binary float80_scale;
/* Exponent of a as a value; *significand gets a's significand. */
struct float80 float80_extract(struct float80_env *env, struct float80 a,
                               struct float80 *significand);

/* C0 (below) C3 (equal) or C0 C2 C3 (unordered) as the comparison of a with b says; `quiet` lets
 * quiet NaNs pass without IE.  Exceptions go to env. */
uint16_t float80_compare(struct float80_env *env, struct float80 a, struct float80 b, bool quiet);
/* C0 to C3 of FXAM for a register that is not empty. */
uint16_t float80_examine(struct float80 value);

/* Operands of arithmetic from memory: SNaNs stay, a denormal sets env->denormal. */
struct float80 float80_widen32(struct float80_env *env, uint32_t value);
struct float80 float80_widen64(struct float80_env *env, uint64_t value);
/* Loads from memory formats; SNaNs are quieted with IE, denormals raise DE. */
struct float80 float80_from_float32(struct float80_env *env, uint32_t value);
struct float80 float80_from_float64(struct float80_env *env, uint64_t value);
struct float80 float80_from_int(int64_t value);
struct float80 float80_from_bcd(uint64_t low, uint16_t high);
/* Conversions to memory formats.  With float80_out_of_range() nothing is to be stored. */
uint32_t float80_to_float32(struct float80_env *env, struct float80 a);
uint64_t float80_to_float64(struct float80_env *env, struct float80 a);
/* Two's complement of 16, 32 or 64 bits; chop ignores the control word's rounding.  Out of range:
 * IE and the integer indefinite. */
uint64_t float80_to_int(struct float80_env *env, struct float80 a, unsigned bits, bool chop);
/* 18 digits, sign in bit 15 of *high; out of range: IE and the BCD indefinite. */
uint64_t float80_to_bcd(struct float80_env *env, struct float80 a, uint16_t *high);

/* Constants of FLDL2T FLDL2E FLDPI FLDLG2 FLDLN2, rounded as the control word says. */
enum float80_constant {
    FLOAT80_ONE,
    FLOAT80_LOG2_10,
    FLOAT80_LOG2_E,
    FLOAT80_PI,
    FLOAT80_LOG10_2,
    FLOAT80_LN_2,
    FLOAT80_ZERO_CONSTANT,
    FLOAT80_CONSTANTS
};
struct float80 float80_constant(uint16_t control, enum float80_constant which);

/* 2^a - 1; outside -1..1 the operand is returned. */
float80_unary float80_f2xm1;
/* b * log2(a) and b * log2(a + 1): a is ST(0), b is ST(1). */
float80_binary float80_yl2x;
float80_binary float80_yl2xp1;
/* Angle of the point (a, b): arc tangent of b / a in the full circle; a is ST(0), b is ST(1). */
float80_binary float80_patan;
/* Sine, cosine or tangent of a in radians; C2 and a itself when |a| >= 2^63. */
float80_unary float80_sin;
float80_unary float80_cos;
float80_unary float80_tan;
/* Both: returns the sine. */
struct float80 float80_sincos(struct float80_env *env, struct float80 a, struct float80 *cosine);

#endif
