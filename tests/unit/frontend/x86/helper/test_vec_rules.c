/*
 * What holds for MMX and SSE operations on any host: operand codes, the MMX transition, unmasked
 * exceptions, the estimates.
 */
#include "frontend/x86/helper/vec.h"
#include "tests/support/flat_memory.h"

#include <math.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t code(enum vec_op op, unsigned dst, unsigned src)
{
    return op | dst << 16 | (uint64_t)src << 24;
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

static float value_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static struct flat *create(void)
{
    struct flat *flat = flat_protected("max");
    flat->cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
    flat->ctx->mxcsr = 0x1f80;
    flat_begin(flat);
    return flat;
}

START_TEST(operand_codes_name_every_register)
{
    struct flat *flat = create();
    struct context *ctx = flat->ctx;
    for (unsigned n = 0; n < 8; n++) {
        ctx->gpr[n] = UINT64_C(0x5555555500001000) + n;
        callout_vec(ctx, 0, 0, code(VEC_movd_p, IR_MM0 + n, n));
        callout_vec(ctx, 0, 0, code(VEC_movq2dq, IR_XMM0 + (7 - n), IR_MM0 + n));
        ck_assert_uint_eq(ctx->st[n].mantissa, 0x1000 + n);
        ck_assert_uint_eq(ctx->xmm[7 - n].q[0], 0x1000 + n);
        callout_vec(ctx, 0, 0, code(VEC_movd_from_x, n ^ 1, IR_XMM0 + (7 - n)));
        ck_assert_uint_eq(ctx->gpr[n ^ 1], 0x1000 + n);
    }
    flat_destroy(flat);
}
END_TEST

START_TEST(memory_passes_through_the_slow_value)
{
    struct flat *flat = create();
    struct context *ctx = flat->ctx;
    ctx->xmm[3].q[0] = 1;
    ctx->xmm[3].q[1] = 2;
    context_set_slow(ctx, 0xffffffff00000007, 9);
    callout_vec(ctx, 0, 0, code(VEC_movss, IR_XMM0 + 3, IR_MEM));
    ck_assert_uint_eq(ctx->xmm[3].q[0], 7);
    ck_assert_uint_eq(ctx->xmm[3].q[1], 0);
    ctx->xmm[3].q[1] = 0x1122334455667788;
    callout_vec(ctx, 0, 0, code(VEC_movhps_store, IR_MEM, IR_XMM0 + 3));
    ck_assert_uint_eq(context_slow(ctx, 0), 0x1122334455667788);
    callout_vec(ctx, 0, 0, code(VEC_movups_store, IR_MEM, IR_XMM0 + 3));
    ck_assert_uint_eq(context_slow(ctx, 0), 7);
    ck_assert_uint_eq(context_slow(ctx, 1), 0x1122334455667788);
    flat_destroy(flat);
}
END_TEST

static void sync_marks(struct context *ctx)
{
    ctx->fpu_resident = 0;
    ctx->ftop = 6;
    ctx->st[5].mantissa = 0x0808080808080808;
}

START_TEST(mmx_writes_physical_registers_and_marks_all_valid)
{
    struct flat *flat = create();
    struct context *ctx = flat->ctx;
    ctx->fpu_resident = 1;
    ctx->fpu_sync = sync_marks;
    ctx->ftag = 0xff;
    ctx->st[2].mantissa = 0x01;
    ctx->st[2].exponent = 0x3fff;
    ctx->st[5].exponent = 0x4001;
    callout_vec(ctx, 0, 0, code(VEC_paddb_p, IR_MM0 + 2, IR_MM0 + 5));
    ck_assert_uint_eq(ctx->st[2].mantissa, 0x0808080808080809);
    ck_assert_uint_eq(ctx->st[2].exponent, 0xffff);
    ck_assert_uint_eq(ctx->st[5].exponent, 0x4001);
    ck_assert_uint_eq(ctx->ftop, 0);
    ck_assert_uint_eq(ctx->ftag, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(only_operations_that_name_an_mmx_register_touch_the_x87)
{
    struct flat *flat = create();
    struct context *ctx = flat->ctx;
    static const struct {
        enum vec_op op;
        unsigned dst, src;
        bool touches;
    } rows[] = {
        {VEC_movq_from_p, IR_MEM, IR_MM0, true},   {VEC_pmovmskb_p, 0, IR_MM0, true},
        {VEC_movdq2q, IR_MM0, IR_XMM0, true},      {VEC_cvtps2pi, IR_MM0, IR_XMM0, true},
        {VEC_cvtpi2pd, IR_XMM0, IR_MM0, true},     {VEC_cvtpi2pd, IR_XMM0, IR_MEM, false},
        {VEC_movdqa, IR_XMM0, IR_XMM0 + 1, false}, {VEC_movd_x, IR_XMM0, 0, false},
    };
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        ctx->ftop = 3;
        ctx->ftag = 0xf0;
        callout_vec(ctx, 0, 0, code(rows[i].op, rows[i].dst, rows[i].src));
        ck_assert_uint_eq(ctx->ftop, rows[i].touches ? 0 : 3);
        ck_assert_uint_eq(ctx->ftag, rows[i].touches ? 0 : 0xf0);
    }
    flat_destroy(flat);
}
END_TEST

enum { IE = 1, DE = 2, ZE = 4, OE = 8, UE = 16, PE = 32, ALL = 63 };

/* Singles in lanes 0 and 1 (1.0 / 1.0 elsewhere); the masked flags, those signalled, the fault. */
static const struct trap_row {
    const char *what;
    enum vec_op op;
    uint32_t a[2], b[2];
    uint32_t masked, flags;
    bool faults;
} trap_rows[] = {
    /* clang-format off */
    {"all masked", VEC_divps, {0x3f800000, 0x3f800000}, {0, 0x40400000}, ALL, ZE | PE, false},
    {"ZE hides PE of the other lane", VEC_divps,
     {0x3f800000, 0x3f800000}, {0, 0x40400000}, ALL & ~ZE, ZE, true},
    {"PE unmasked shows ZE as well", VEC_divps,
     {0x3f800000, 0x3f800000}, {0, 0x40400000}, ALL & ~PE, ZE | PE, true},
    {"unmasked but absent", VEC_divps,
     {0x3f800000, 0x3f800000}, {0, 0x40400000}, ALL & ~(IE | OE | UE | DE), ZE | PE, false},
    {"IE and DE of different lanes", VEC_addps,
     {0x7f800001, 0x00000001}, {0x3f800000, 0x3f800000}, ALL & ~IE, IE | DE, true},
    {"SNaN outranks the denormal of its lane", VEC_addps,
     {0x7f800001, 0x3f800000}, {0x00000001, 0x3f800000}, ALL & ~IE, IE, true},
    {"DE hides the inexact result", VEC_addps,
     {0x00000001, 0x3f800000}, {0x3f800000, 0x3f800000}, ALL & ~DE, DE, true},
    {"overflow is inexact", VEC_mulps,
     {0x7f7fffff, 0x3f800000}, {0x7f7fffff, 0x3f800000}, ALL & ~OE, OE | PE, true},
    {"overflow of an exact product", VEC_mulps,
     {0x7f000000, 0x3f800000}, {0x40000000, 0x3f800000}, ALL & ~OE, OE, true},
    {"masked overflow is always inexact", VEC_mulps,
     {0x7f000000, 0x3f800000}, {0x40000000, 0x3f800000}, ALL, OE | PE, false},
    {"exact tiny result, UE masked", VEC_mulps,
     {0x00800000, 0x3f800000}, {0x3f000000, 0x3f800000}, ALL, 0, false},
    {"exact tiny result, UE unmasked", VEC_mulps,
     {0x00800000, 0x3f800000}, {0x3f000000, 0x3f800000}, ALL & ~UE, UE, true},
    /* clang-format on */
};

static void run_trap_row(struct flat *flat, const struct trap_row *row)
{
    static const uint64_t ones = UINT64_C(0x3f8000003f800000);
    struct context *ctx = flat->ctx;
    uint64_t a = row->a[0] | (uint64_t)row->a[1] << 32;
    ctx->leave = LEAVE_NONE;
    ctx->mxcsr = row->masked << MXCSR_MASK_SHIFT;
    ctx->xmm[1].q[0] = a;
    ctx->xmm[2].q[0] = row->b[0] | (uint64_t)row->b[1] << 32;
    ctx->xmm[1].q[1] = ctx->xmm[2].q[1] = ones;
    callout_vec(ctx, 0, 0, code(row->op, IR_XMM0 + 1, IR_XMM0 + 2));
    ck_assert_msg((ctx->mxcsr & 63) == row->flags, "%s: flags %x", row->what, ctx->mxcsr & 63u);
    ck_assert_msg((ctx->leave == LEAVE_EVENT) == row->faults, "%s: fault", row->what);
    ck_assert_msg((ctx->xmm[1].q[0] == a) == row->faults, "%s: destination", row->what);
}

START_TEST(an_unmasked_exception_keeps_the_destination)
{
    struct flat *flat = create();
    for (unsigned i = 0; i < COUNT_OF(trap_rows); i++) {
        run_trap_row(flat, &trap_rows[i]);
    }
    flat_destroy(flat);
}
END_TEST

START_TEST(unmasked_exceptions_raise_xm_or_ud)
{
    struct flat *flat = create();
    struct context *ctx = flat->ctx;
    ctx->mxcsr = 0;
    ctx->xmm[0].q[0] = 0x7fc00000;
    context_set_flags(ctx, FLAG_CF | FLAG_OF);
    callout_vec(ctx, 0, 0, code(VEC_comiss, IR_XMM0, IR_XMM0));
    flat_expect_fault(flat, VECTOR_XM, 0);
    ck_assert(!ctx->event.has_error);
    ck_assert_uint_eq(context_flags(ctx), FLAG_CF | FLAG_OF);
    ctx->leave = LEAVE_NONE;
    flat->cpu->cr4 &= ~(uint32_t)CR4_OSXMMEXCPT;
    callout_vec(ctx, 0, 0, code(VEC_comiss, IR_XMM0, IR_XMM0));
    flat_expect_fault(flat, VECTOR_UD, 0);
    ctx->leave = LEAVE_NONE;
    callout_vec(ctx, 0, 0, code(VEC_ucomiss, IR_XMM0, IR_XMM0));
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    ck_assert_uint_eq(context_flags(ctx), FLAG_ZF | FLAG_PF | FLAG_CF);
    flat_destroy(flat);
}
END_TEST

static uint32_t estimate(struct flat *flat, enum vec_op op, uint32_t bits)
{
    struct context *ctx = flat->ctx;
    ctx->xmm[1].q[0] = bits;
    callout_vec(ctx, 0, 0, code(op, IR_XMM0, IR_XMM0 + 1));
    return (uint32_t)ctx->xmm[0].q[0];
}

START_TEST(estimates_are_within_the_manuals_bound)
{
    struct flat *flat = create();
    const double bound = 1.5 / 4096;
    for (uint32_t bits = 0x00800000; bits < 0x7e800000; bits += 65537) {
        double x = (double)value_of(bits);
        double r = (double)value_of(estimate(flat, VEC_rcpss, bits));
        double q = (double)value_of(estimate(flat, VEC_rsqrtss, bits));
        ck_assert(fabs(r * x - 1) <= bound);
        ck_assert(fabs(q * sqrt(x) - 1) <= bound);
    }
    ck_assert_uint_eq(flat->ctx->mxcsr, 0x1f80);
    flat_destroy(flat);
}
END_TEST

START_TEST(estimates_of_special_values)
{
    static const struct {
        uint32_t of, reciprocal, root;
    } rows[] = {
        {0x00000000, 0x7f800000, 0x7f800000}, {0x80000000, 0xff800000, 0xff800000},
        {0x00000001, 0x7f800000, 0x7f800000}, {0x807fffff, 0xff800000, 0xff800000},
        {0x7f800000, 0x00000000, 0x00000000}, {0xff800000, 0x80000000, 0xffc00000},
        {0x7f800001, 0x7fc00001, 0x7fc00001}, {0xffc12345, 0xffc12345, 0xffc12345},
        {0x3f800000, 0x3f800000, 0x3f800000}, {0x40800000, 0x3e800000, 0x3f000000},
        {0xc0000000, 0xbf000000, 0xffc00000}, {0xff7fffff, 0x80000000, 0xffc00000},
    };
    struct flat *flat = create();
    flat->ctx->mxcsr = 0;
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        ck_assert_uint_eq(estimate(flat, VEC_rcpss, rows[i].of), rows[i].reciprocal);
        ck_assert_uint_eq(estimate(flat, VEC_rsqrtps, rows[i].of), rows[i].root);
    }
    ck_assert_uint_eq(flat->ctx->mxcsr, 0);
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_NONE);
    flat_destroy(flat);
}
END_TEST

START_TEST(scalar_estimates_keep_the_upper_lanes)
{
    struct flat *flat = create();
    struct context *ctx = flat->ctx;
    ctx->xmm[0].q[0] = UINT64_C(0xaaaaaaaa00000000);
    ctx->xmm[0].q[1] = 0xbb;
    ck_assert_uint_eq(estimate(flat, VEC_rcpss, bits_of(2)), bits_of(0.5f));
    ck_assert_uint_eq(ctx->xmm[0].q[0] >> 32, 0xaaaaaaaa);
    ck_assert_uint_eq(ctx->xmm[0].q[1], 0xbb);
    flat_destroy(flat);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {operand_codes_name_every_register,
                                  memory_passes_through_the_slow_value,
                                  mmx_writes_physical_registers_and_marks_all_valid,
                                  only_operations_that_name_an_mmx_register_touch_the_x87,
                                  an_unmasked_exception_keeps_the_destination,
                                  unmasked_exceptions_raise_xm_or_ud,
                                  estimates_are_within_the_manuals_bound,
                                  estimates_of_special_values,
                                  scalar_estimates_keep_the_upper_lanes,
                                  NULL};
    return flat_main("MMX and SSE rules", tests);
}
