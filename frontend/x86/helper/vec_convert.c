/* Conversions between binary32, binary64 and int32 (see vec_soft.h). */
#include "frontend/x86/helper/vec.h"
#include "frontend/x86/helper/vec_number.h"

/* The NaN in the other format: sign and leading payload bits stay, quiet. */
static uint64_t convert_nan(const struct soft_format *from, const struct soft_format *to,
                            uint64_t a)
{
    uint64_t payload = a & bits_mask(from->frac);
    unsigned wider = to->frac > from->frac ? to->frac - from->frac : 0;
    unsigned narrower = from->frac > to->frac ? from->frac - to->frac : 0;
    return soft_infinity(to, (a & soft_sign_bit(from)) != 0) | soft_quiet_bit(to) |
           payload << wider >> narrower;
}

uint64_t soft_convert(struct soft *s, const struct soft_format *from, const struct soft_format *to,
                      uint64_t a)
{
    struct soft_number n = soft_unpack(s, from, a);
    s->raised |= (n.kind == SOFT_SNAN ? MXCSR_IE : 0u) | (n.denormal ? MXCSR_DE : 0u);
    if (soft_is_nan(&n)) {
        return convert_nan(from, to, a);
    }
    if (n.kind != SOFT_FINITE) {
        return n.kind == SOFT_ZERO ? soft_zero(to, n.sign) : soft_infinity(to, n.sign);
    }
    return soft_pack(s, to, n.sign, n.exp, n.sig);
}

uint64_t soft_from_int(struct soft *s, const struct soft_format *f, int32_t value)
{
    if (value == 0) {
        return 0;
    }
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    int lead = __builtin_clzll(magnitude) - 1;
    return soft_pack(s, f, value < 0, SOFT_TOP - lead, magnitude << lead);
}

uint32_t soft_to_int(struct soft *s, const struct soft_format *f, uint64_t a, bool truncate)
{
    enum soft_rounding mode = truncate ? SOFT_TRUNCATE : soft_rounding(s);
    struct soft_number n = soft_unpack(s, f, a);
    if (n.kind == SOFT_ZERO) {
        return 0;
    }
    if (n.kind != SOFT_FINITE || n.exp > 31) {
        s->raised |= MXCSR_IE;
        return UINT32_C(0x80000000);
    }
    uint64_t sig = n.exp < 0 ? soft_shift_sticky(n.sig, -n.exp) : n.sig;
    unsigned drop = SOFT_TOP - (unsigned)(n.exp < 0 ? 0 : n.exp);
    uint64_t magnitude = soft_round(sig, drop, n.sign, mode);
    if (magnitude > UINT64_C(0x7fffffff) + n.sign) {
        s->raised |= MXCSR_IE;
        return UINT32_C(0x80000000);
    }
    if (sig & bits_mask(drop)) {
        s->raised |= MXCSR_PE;
    }
    return (uint32_t)(n.sign ? 0 - magnitude : magnitude);
}

uint64_t soft_integral(struct soft *s, const struct soft_format *f, uint64_t a, uint64_t b)
{
    (void)a;
    struct soft_number n = soft_unpack(s, f, b);
    s->raised |= n.kind == SOFT_SNAN ? MXCSR_IE : 0u;
    if (soft_is_nan(&n)) {
        return b | soft_quiet_bit(f);
    }
    if (n.kind != SOFT_FINITE) {
        return n.kind == SOFT_ZERO ? soft_zero(f, n.sign) : b;
    }
    if (n.exp >= (int)f->frac) {
        return b;
    }
    uint64_t sig = n.exp < 0 ? soft_shift_sticky(n.sig, -n.exp) : n.sig;
    unsigned drop = SOFT_TOP - (unsigned)(n.exp < 0 ? 0 : n.exp);
    uint64_t magnitude = soft_round(sig, drop, n.sign, soft_rounding(s));
    s->raised |= sig & bits_mask(drop) ? MXCSR_PE : 0u;
    if (magnitude == 0) {
        return soft_zero(f, n.sign);
    }
    int lead = __builtin_clzll(magnitude) - 1;
    return soft_pack(s, f, n.sign, SOFT_TOP - lead, magnitude << lead);
}

/* One element. */
typedef uint64_t convert_function(struct soft *s, uint64_t value);

/* `lanes` low elements of src, the rest of dst kept or cleared. */
static inline void convert(struct vec_call *call, unsigned lanes, unsigned from, unsigned to,
                           bool clear, convert_function *function)
{
    struct soft s = {.mxcsr = call->ctx->mxcsr};
    struct vec out = clear ? (struct vec){{0, 0}} : call->dst;
    for (unsigned i = 0; i < lanes; i++) {
        vec_put(&out, to, i, function(&s, vec_get(&call->src, from, i)));
    }
    call->dst = out;
    vec_signal(call, s.raised);
}

static inline uint64_t int_single(struct soft *s, uint64_t value)
{
    return soft_from_int(s, &soft_single, (int32_t)value);
}

static inline uint64_t int_double(struct soft *s, uint64_t value)
{
    return soft_from_int(s, &soft_double, (int32_t)value);
}

static inline uint64_t single_int(struct soft *s, uint64_t value)
{
    return soft_to_int(s, &soft_single, value, false);
}

static inline uint64_t double_int(struct soft *s, uint64_t value)
{
    return soft_to_int(s, &soft_double, value, false);
}

static inline uint64_t single_int_cut(struct soft *s, uint64_t value)
{
    return soft_to_int(s, &soft_single, value, true);
}

static inline uint64_t double_int_cut(struct soft *s, uint64_t value)
{
    return soft_to_int(s, &soft_double, value, true);
}

static inline uint64_t single_double(struct soft *s, uint64_t value)
{
    return soft_convert(s, &soft_single, &soft_double, value);
}

static inline uint64_t double_single(struct soft *s, uint64_t value)
{
    return soft_convert(s, &soft_double, &soft_single, value);
}

#define CONVERT(name, lanes, from, to, clear, function)            \
    void vec_##name(struct vec_call *call)                         \
    {                                                              \
        convert(call, (lanes), (from), (to), (clear), (function)); \
    }

/* clang-format off */
CONVERT(cvtsi2ss,  1, 32, 32, false, int_single)
CONVERT(cvtsi2sd,  1, 32, 64, false, int_double)
CONVERT(cvtpi2ps,  2, 32, 32, false, int_single)
CONVERT(cvtpi2pd,  2, 32, 64, true,  int_double)
CONVERT(cvtdq2ps,  4, 32, 32, true,  int_single)
CONVERT(cvtdq2pd,  2, 32, 64, true,  int_double)
CONVERT(cvtss2si,  1, 32, 32, true,  single_int)
CONVERT(cvtsd2si,  1, 64, 32, true,  double_int)
CONVERT(cvttss2si, 1, 32, 32, true,  single_int_cut)
CONVERT(cvttsd2si, 1, 64, 32, true,  double_int_cut)
CONVERT(cvtps2pi,  2, 32, 32, true,  single_int)
CONVERT(cvtpd2pi,  2, 64, 32, true,  double_int)
CONVERT(cvttps2pi, 2, 32, 32, true,  single_int_cut)
CONVERT(cvttpd2pi, 2, 64, 32, true,  double_int_cut)
CONVERT(cvtps2dq,  4, 32, 32, true,  single_int)
CONVERT(cvtpd2dq,  2, 64, 32, true,  double_int)
CONVERT(cvttps2dq, 4, 32, 32, true,  single_int_cut)
CONVERT(cvttpd2dq, 2, 64, 32, true,  double_int_cut)
CONVERT(cvtss2sd,  1, 32, 64, false, single_double)
CONVERT(cvtsd2ss,  1, 64, 32, false, double_single)
CONVERT(cvtps2pd,  2, 32, 64, true,  single_double)
CONVERT(cvtpd2ps,  2, 64, 32, true,  double_single)
/* clang-format on */
