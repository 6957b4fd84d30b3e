/*
 * IEEE 754 binary32 and binary64 as SSE does it, in integer arithmetic only.
 *
 * Values are bit patterns in uint64_t.  Rounding, denormals-are-zero, flush-to-zero and the masks
 * come from an MXCSR value; exceptions gather in `raised` (MXCSR flag bits).  Tininess is detected
 * after rounding.  A NaN result is the first NaN operand made quiet; the default NaN is negative
 * (SDM volume 1, 4.8.3, 4.9 and 11.5).
 */
#ifndef FRONTEND_X86_HELPER_VEC_SOFT_H
#define FRONTEND_X86_HELPER_VEC_SOFT_H

#include <stdbool.h>
#include <stdint.h>

struct soft {
    uint32_t mxcsr;  /* control bits and masks; its flags are not looked at */
    uint32_t raised; /* flags of the operations so far */
};

struct soft_format {
    unsigned bits; /* 32 or 64 */
    unsigned frac; /* fraction bits: 23 or 52 */
    int bias;
};
extern const struct soft_format soft_single, soft_double;

/* Sets, so that a predicate is a mask of the orders for which it is true. */
enum soft_order { SOFT_LESS = 1, SOFT_EQUAL = 2, SOFT_GREATER = 4, SOFT_UNORDERED = 8 };

/* All operations of two operands: a is the destination operand, b the source. */
typedef uint64_t soft_binary(struct soft *s, const struct soft_format *f, uint64_t a, uint64_t b);

soft_binary soft_add, soft_sub, soft_mul, soft_div;
/* MINPS and MAXPS: the source when the operands are unordered or both zero. */
soft_binary soft_min, soft_max;
/* Square root of b; a is not looked at. */
soft_binary soft_sqrt;

/* b as a number with a fraction of zero; a is not looked at. */
soft_binary soft_integral;

/* Order of a and b.  An SNaN is invalid, a QNaN only when signalling. */
enum soft_order soft_compare(struct soft *s, const struct soft_format *f, uint64_t a, uint64_t b,
                             bool signalling);

/* a of format `from` in format `to`. */
uint64_t soft_convert(struct soft *s, const struct soft_format *from, const struct soft_format *to,
                      uint64_t a);
uint64_t soft_from_int(struct soft *s, const struct soft_format *f, int32_t value);
/* As an int32_t in the low bits; truncate overrides the rounding mode.  80000000h and invalid when
 * out of range. */
uint32_t soft_to_int(struct soft *s, const struct soft_format *f, uint64_t a, bool truncate);

/*
 * RCPPS and RSQRTPS of a single: 1/b and 1/sqrt(b) rounded to 12 fraction bits, ties away from
 * zero: within 2^-13, where the manual allows 1.5 * 2^-12.  Denormal operands are zeros, results
 * below the normal range are zero; no exceptions.
 */
uint64_t soft_reciprocal(uint64_t b);
uint64_t soft_reciprocal_root(uint64_t b);

#endif
