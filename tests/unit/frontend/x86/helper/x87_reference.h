/*
 * What the x87 answers, by MPFR: values, exceptions and condition bits, for any operands.
 *
 * Shares nothing with softfloat80 but its types.  After the Intel SDM volume 1, chapters 4 and 8:
 * NaNs by table 4-7; tiny is what lies below the smallest normal number after rounding without a
 * limit of the exponent; a masked underflow is only told when it is also inexact.
 */
#ifndef TESTS_UNIT_FRONTEND_X86_HELPER_X87_REFERENCE_H
#define TESTS_UNIT_FRONTEND_X86_HELPER_X87_REFERENCE_H

#include "tests/unit/frontend/x86/helper/float80_mpfr.h"

enum { REFERENCE_MIN_EXP = -16381, REFERENCE_MAX_EXP = 16384, REFERENCE_BIAS_ADJUST = 24576 };
#define REFERENCE_TOP (UINT64_C(1) << 63)

struct answer {
    struct float80 value;
    uint16_t flags;
};

enum operand_class { IS_ZERO, IS_DENORMAL, IS_NORMAL, IS_INFINITE, IS_QUIET, IS_SIGNALING, IS_ODD };

static enum operand_class operand_class(struct float80 v)
{
    unsigned exponent = v.exponent & 0x7fff;
    if (exponent == 0) {
        return v.mantissa ? IS_DENORMAL : IS_ZERO;
    }
    if (!(v.mantissa & REFERENCE_TOP)) {
        return IS_ODD;
    }
    if (exponent < 0x7fff) {
        return IS_NORMAL;
    }
    if (v.mantissa == REFERENCE_TOP) {
        return IS_INFINITE;
    }
    return v.mantissa & REFERENCE_TOP >> 1 ? IS_QUIET : IS_SIGNALING;
}

static bool is_nan(struct float80 v)
{
    return operand_class(v) == IS_QUIET || operand_class(v) == IS_SIGNALING;
}

/* Anything but a NaN or an unsupported format; exact at 64 bits. */
static void reference_set(mpfr_t to, struct float80 v)
{
    if (operand_class(v) == IS_INFINITE) {
        mpfr_set_inf(to, v.exponent & 0x8000 ? -1 : 1);
    } else if (operand_class(v) == IS_ZERO) {
        mpfr_set_zero(to, v.exponent & 0x8000 ? -1 : 1);
    } else {
        mpfr_from_float80(to, v);
    }
}

/* The register image of a value of at most 64 bits within the range; x is changed. */
static struct float80 reference_get(mpfr_t x)
{
    uint16_t sign = mpfr_signbit(x) ? 0x8000 : 0;
    if (mpfr_inf_p(x)) {
        return (struct float80){REFERENCE_TOP, 0x7fff | sign};
    }
    if (mpfr_zero_p(x)) {
        return (struct float80){0, sign};
    }
    long exponent = mpfr_get_exp(x);
    mpfr_abs(x, x, MPFR_RNDN);
    mpfr_set_exp(x, 64);
    uint64_t mantissa = mpfr_get_ui(x, MPFR_RNDZ);
    if (exponent < REFERENCE_MIN_EXP) {
        return (struct float80){mantissa >> (REFERENCE_MIN_EXP - exponent), sign};
    }
    return (struct float80){mantissa, (uint16_t)((exponent + 16382) | sign)};
}

static struct answer answer_invalid(void)
{
    return (struct answer){{REFERENCE_TOP | REFERENCE_TOP >> 1, 0xffff}, FSW_IE};
}

static struct float80 quiet(struct float80 v)
{
    v.mantissa |= REFERENCE_TOP >> 1;
    return v;
}

/* True, with the answer, when one of the operands is no number. */
static bool answer_no_number(struct float80 a, struct float80 b, struct answer *answer)
{
    if (operand_class(a) == IS_ODD || operand_class(b) == IS_ODD) {
        *answer = answer_invalid();
        return true;
    }
    if (!is_nan(a) && !is_nan(b)) {
        return false;
    }
    bool signaling = operand_class(a) == IS_SIGNALING || operand_class(b) == IS_SIGNALING;
    struct float80 chosen;
    if (!is_nan(a) || !is_nan(b)) {
        chosen = is_nan(a) ? a : b;
    } else if (operand_class(a) != operand_class(b)) {
        chosen = operand_class(a) == IS_QUIET ? a : b;
    } else if (a.mantissa != b.mantissa) {
        chosen = a.mantissa > b.mantissa ? a : b;
    } else {
        chosen = a.exponent & 0x8000 ? b : a;
    }
    *answer = (struct answer){quiet(chosen), signaling ? FSW_IE : 0};
    return true;
}

/* A range of numbers: MPFR's exponents of the smallest normal and below the infinite ones. */
struct number_format {
    mpfr_prec_t bits;
    mpfr_exp_t min, max;
};

/*
 * r, rounded to the format's bits with the ternary value `inexact`, brought into its range with the
 * masked response; r holds the result.  Returns OE, UE, PE and C1.
 */
static uint16_t into_range(mpfr_t r, int inexact, const struct number_format *format,
                           mpfr_rnd_t rounding)
{
    mpfr_exp_t old_min = mpfr_get_emin();
    mpfr_exp_t old_max = mpfr_get_emax();
    bool number = mpfr_regular_p(r) != 0;
    bool tiny = number && mpfr_get_exp(r) < format->min;
    bool huge = number && mpfr_get_exp(r) > format->max;
    mpfr_set_emin(format->min - format->bits + 1);
    mpfr_set_emax(format->max);
    inexact = mpfr_check_range(r, inexact, rounding);
    inexact = mpfr_subnormalize(r, inexact, rounding);
    mpfr_set_emin(old_min);
    mpfr_set_emax(old_max);
    bool away = mpfr_signbit(r) ? inexact < 0 : inexact > 0;
    return (uint16_t)((inexact ? FSW_PE : 0) | (away ? FSW_C1 : 0) | (huge ? FSW_OE : 0) |
                      (tiny && inexact ? FSW_UE : 0));
}

static const struct number_format format80 = {64, REFERENCE_MIN_EXP, REFERENCE_MAX_EXP};
static const struct number_format format64 = {53, -1021, 1024};
static const struct number_format format32 = {24, -125, 128};

static uint16_t denormal_flag(struct float80 a, struct float80 b)
{
    return operand_class(a) == IS_DENORMAL || operand_class(b) == IS_DENORMAL ? FSW_DE : 0;
}

/* Overflow and underflow that are not masked: the exponent is adjusted instead. */
static uint16_t adjust_range(mpfr_t r, int inexact, mpfr_rnd_t rounding)
{
    bool away = mpfr_signbit(r) ? inexact < 0 : inexact > 0;
    uint16_t flags = (uint16_t)((inexact ? FSW_PE : 0) | (away ? FSW_C1 : 0));
    if (mpfr_regular_p(r) && mpfr_get_exp(r) < REFERENCE_MIN_EXP) {
        mpfr_mul_2si(r, r, REFERENCE_BIAS_ADJUST, rounding);
        return flags | FSW_UE;
    }
    if (mpfr_regular_p(r) && mpfr_get_exp(r) > REFERENCE_MAX_EXP) {
        mpfr_mul_2si(r, r, -REFERENCE_BIAS_ADJUST, rounding);
        return flags | FSW_OE;
    }
    return flags;
}

typedef int reference_function(mpfr_t, const mpfr_t, const mpfr_t, mpfr_rnd_t);

/* How an operation of two operands rounds. */
struct reference_mode {
    mpfr_prec_t bits;
    mpfr_rnd_t rounding;
    bool range_masked; /* OE and UE */
};

/* Add, subtract, multiply, divide, square root (of a). */
static struct answer reference_arithmetic(reference_function *exact,
                                          const struct reference_mode *mode, struct float80 a,
                                          struct float80 b)
{
    struct answer answer;
    if (answer_no_number(a, b, &answer)) {
        return answer;
    }
    mpfr_t x, y, r;
    mpfr_inits2(64, x, y, (mpfr_ptr)0);
    mpfr_init2(r, mode->bits);
    reference_set(x, a);
    reference_set(y, b);
    int inexact = exact(r, x, y, mode->rounding);
    if (mpfr_nan_p(r)) {
        answer = answer_invalid();
    } else {
        bool by_zero = mpfr_inf_p(r) && !mpfr_inf_p(x) && !mpfr_inf_p(y);
        struct number_format format = {mode->bits, REFERENCE_MIN_EXP, REFERENCE_MAX_EXP};
        answer.flags = mode->range_masked ? into_range(r, inexact, &format, mode->rounding)
                                          : adjust_range(r, inexact, mode->rounding);
        answer.flags |= by_zero ? FSW_ZE : denormal_flag(a, b); /* ZE comes before DE */
        answer.value = reference_get(r);
    }
    mpfr_clears(x, y, r, (mpfr_ptr)0);
    return answer;
}

/* FSCALE. */
static struct answer reference_scale(mpfr_rnd_t rounding, struct float80 a, struct float80 b)
{
    struct answer answer;
    if (answer_no_number(a, b, &answer)) {
        return answer;
    }
    mpfr_t x, y, r;
    mpfr_inits2(64, x, y, r, (mpfr_ptr)0);
    reference_set(x, a);
    reference_set(y, b);
    bool up = mpfr_inf_p(y) && mpfr_sgn(y) > 0;
    if (mpfr_inf_p(y) && (up ? mpfr_zero_p(x) : mpfr_inf_p(x))) {
        answer = answer_invalid();
    } else {
        answer.flags = denormal_flag(a, b);
        mpfr_set(r, x, MPFR_RNDN);
        if (mpfr_inf_p(y) && up) {
            mpfr_set_inf(r, mpfr_signbit(x) ? -1 : 1);
        } else if (mpfr_inf_p(y)) {
            mpfr_set_zero(r, mpfr_signbit(x) ? -1 : 1);
        } else {
            long count = mpfr_get_si(y, MPFR_RNDZ);
            count = count > 100000 ? 100000 : count < -100000 ? -100000 : count;
            mpfr_mul_2si(r, x, count, rounding);
            answer.flags |= into_range(r, 0, &format80, rounding);
        }
        answer.value = reference_get(r);
    }
    mpfr_clears(x, y, r, (mpfr_ptr)0);
    return answer;
}

/* FRNDINT. */
static struct answer reference_integer(mpfr_rnd_t rounding, struct float80 a)
{
    struct answer answer;
    if (answer_no_number(a, a, &answer)) {
        return answer;
    }
    mpfr_t x, r;
    mpfr_inits2(64, x, r, (mpfr_ptr)0);
    reference_set(x, a);
    mpfr_rint(r, x, rounding);
    int far = mpfr_cmpabs(r, x);
    answer.flags = (uint16_t)(denormal_flag(a, a) | (mpfr_equal_p(r, x) ? 0 : FSW_PE) |
                              (far > 0 ? FSW_C1 : 0));
    if (mpfr_zero_p(r)) {
        mpfr_set_zero(r, mpfr_signbit(x) ? -1 : 1);
    }
    answer.value = reference_get(r);
    mpfr_clears(x, r, (mpfr_ptr)0);
    return answer;
}

/* FPREM (nearest false) and FPREM1 run to their end: no C2. */
static struct answer reference_remainder(bool nearest, struct float80 a, struct float80 b)
{
    struct answer answer;
    if (answer_no_number(a, b, &answer)) {
        return answer;
    }
    mpfr_t x, y, r;
    mpfr_inits2(64, x, y, r, (mpfr_ptr)0);
    reference_set(x, a);
    reference_set(y, b);
    long quotient = 0;
    if (nearest) {
        mpfr_remquo(r, &quotient, x, y, MPFR_RNDN);
    } else {
        mpfr_fmodquo(r, &quotient, x, y, MPFR_RNDN);
    }
    if (mpfr_nan_p(r)) {
        answer = answer_invalid();
    } else {
        unsigned long q = (unsigned long)quotient;
        q = quotient < 0 ? 0 - q : q;
        answer.flags = (uint16_t)(denormal_flag(a, b) | (q & 1 ? FSW_C1 : 0) |
                                  (q & 2 ? FSW_C3 : 0) | (q & 4 ? FSW_C0 : 0));
        answer.value = reference_get(r);
    }
    mpfr_clears(x, y, r, (mpfr_ptr)0);
    return answer;
}

/* FIST and FISTP of that many bits; the value stands in the mantissa. */
static struct answer reference_to_int(mpfr_rnd_t rounding, unsigned bits, struct float80 a)
{
    struct answer wrong = {{UINT64_C(1) << (bits - 1), 0}, FSW_IE};
    struct answer answer = wrong;
    if (is_nan(a) || operand_class(a) == IS_ODD || operand_class(a) == IS_INFINITE) {
        return wrong;
    }
    mpfr_t x, r;
    mpfr_inits2(65, x, r, (mpfr_ptr)0);
    reference_set(x, a);
    mpfr_rint(r, x, rounding);
    mpfr_t limit;
    mpfr_init2(limit, 64);
    mpfr_set_ui_2exp(limit, 1, bits - 1, MPFR_RNDN);
    int below = mpfr_cmp(r, limit);
    mpfr_neg(limit, limit, MPFR_RNDN);
    if (below < 0 && mpfr_cmp(r, limit) >= 0) {
        answer.value.mantissa = (uint64_t)mpfr_get_sj(r, MPFR_RNDN) & UINT64_MAX >> (64 - bits);
        answer.flags =
            (uint16_t)((mpfr_equal_p(r, x) ? 0 : FSW_PE) | (mpfr_cmpabs(r, x) > 0 ? FSW_C1 : 0));
    }
    mpfr_clears(x, r, limit, (mpfr_ptr)0);
    return answer;
}

/* FBSTP: the low 64 bits in the mantissa, the rest in the exponent. */
static struct answer reference_to_bcd(mpfr_rnd_t rounding, struct float80 a)
{
    struct answer answer = {{UINT64_C(0xc000000000000000), 0xffff}, FSW_IE};
    struct answer integer = reference_to_int(rounding, 64, a);
    uint64_t rest = integer.value.mantissa;
    rest = rest >> 63 ? 0 - rest : rest;
    if (integer.flags & FSW_IE || rest >= UINT64_C(1000000000000000000)) {
        return answer;
    }
    answer = (struct answer){{0, a.exponent & 0x8000}, integer.flags};
    for (unsigned digit = 0; digit < 18; digit++, rest /= 10) {
        if (digit < 16) {
            answer.value.mantissa |= rest % 10 << 4 * digit;
        } else {
            answer.value.exponent |= (uint16_t)(rest % 10 << 4 * (digit - 16));
        }
    }
    return answer;
}

/* FST to a double (fraction 52) or single (23); its bits stand in the mantissa. */
static struct answer reference_to_float(mpfr_rnd_t rounding, unsigned fraction, struct float80 a)
{
    const struct number_format *format = fraction == 52 ? &format64 : &format32;
    unsigned exponent_bits = fraction == 52 ? 11 : 8;
    uint64_t infinity = ((UINT64_C(1) << exponent_bits) - 1) << fraction;
    uint64_t sign = (uint64_t)(a.exponent >> 15) << (exponent_bits + fraction);
    struct answer answer;
    if (answer_no_number(a, a, &answer)) {
        sign = (uint64_t)(answer.value.exponent >> 15) << (exponent_bits + fraction);
        answer.value.mantissa = sign | infinity | answer.value.mantissa << 1 >> (64 - fraction);
        answer.value.exponent = 0;
        return answer;
    }
    mpfr_t x, r;
    mpfr_init2(x, 64);
    mpfr_init2(r, format->bits);
    reference_set(x, a);
    int inexact = mpfr_set(r, x, rounding);
    answer.flags = into_range(r, inexact, format, rounding);
    uint64_t bits = 0;
    if (mpfr_inf_p(r)) {
        bits = infinity;
    } else if (!mpfr_zero_p(r)) {
        mpfr_exp_t exponent = mpfr_get_exp(r);
        mpfr_exp_t scale = exponent < format->min ? format->min : exponent;
        mpfr_abs(r, r, MPFR_RNDN);
        mpfr_mul_2si(r, r, (long)(format->bits - scale), MPFR_RNDN);
        bits = mpfr_get_ui(r, MPFR_RNDZ); /* with the integer bit, unless denormal */
        bits += (uint64_t)(scale - format->min) << fraction;
    }
    answer.value = (struct float80){sign | bits, 0};
    mpfr_clears(x, r, (mpfr_ptr)0);
    return answer;
}

#endif
