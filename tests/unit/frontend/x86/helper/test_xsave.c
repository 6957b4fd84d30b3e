/* XSAVE, XSAVEOPT, XSAVEC, XRSTOR, XGETBV, XSETBV: layout, what is left out, faults, CPUID. */
#include "frontend/x86/helper/vec.h"
#include "tests/support/flat_memory.h"

enum { IMAGE = 0x30000, HEADER = IMAGE + 512, X87 = 1, SSE = 2, PLAIN = 0, OPT = 1, COMPACT = 2 };
#define COMPACTED (UINT64_C(1) << 63)

static struct flat *create(const char *model)
{
    struct flat *flat = flat_protected(model);
    struct context *ctx = flat->ctx;
    flat->cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;
    flat->cpu->xcr0 = X87 | SSE;
    ctx->mxcsr = 0x1f80;
    ctx->fcw = 0x37f;
    ctx->ftag = 0xff;
    memset(flat->ram + IMAGE, 0xcc, 512);
    flat_begin(flat);
    return flat;
}

static void use_x87(struct context *ctx)
{
    ctx->st[3].mantissa = 0x8000000000000001;
    ctx->st[3].exponent = 0x4000;
    ctx->ftop = 3;
    ctx->ftag = 0xf7;
}

static void use_sse(struct context *ctx)
{
    ctx->xmm[7].q[1] = 0x1122334455667788;
}

static void ask(struct context *ctx, uint64_t mask)
{
    ctx->gpr[GUEST_RAX] = (uint32_t)mask;
    ctx->gpr[GUEST_RDX] = mask >> 32;
}

static void save(struct context *ctx, unsigned kind, uint64_t mask)
{
    ask(ctx, mask);
    callout_xsave(ctx, IMAGE, 0, SEG_DS | kind << 8);
}

static void restore(struct context *ctx, uint64_t mask)
{
    ask(ctx, mask);
    callout_xrstor(ctx, IMAGE, 0, SEG_DS);
}

static void expect_fault(struct flat *flat, uint8_t vector)
{
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_EVENT);
    ck_assert_uint_eq(flat->ctx->event.vector, vector);
    flat_begin(flat);
}

START_TEST(xsave_writes_what_is_asked_for_and_says_what_is_in_use)
{
    struct flat *flat = create("max");
    const uint8_t *ram = flat->ram;
    use_x87(flat->ctx);
    store_le64(flat->ram + HEADER, 0xf0);
    save(flat->ctx, PLAIN, UINT64_MAX);
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_NONE);
    ck_assert_uint_eq(load_le64(ram + HEADER), 0xf0 | X87);
    ck_assert_uint_eq(load_le64(ram + HEADER + 8), 0); /* not written */
    ck_assert_uint_eq(load_le64(ram + IMAGE + 32), 0x8000000000000001);
    ck_assert_uint_eq(load_le32(ram + IMAGE + 24), 0x1f80);
    ck_assert_uint_eq(load_le64(ram + IMAGE + 160), 0);
    ck_assert_uint_eq(ram[IMAGE + 288], 0xcc);
    flat_destroy(flat);
}
END_TEST

START_TEST(a_component_that_is_not_asked_for_is_left_alone)
{
    struct flat *flat = create("max");
    const uint8_t *ram = flat->ram;
    use_x87(flat->ctx);
    use_sse(flat->ctx);
    save(flat->ctx, PLAIN, X87);
    ck_assert_uint_eq(load_le64(ram + HEADER), X87);
    ck_assert_uint_eq(ram[IMAGE + 24], 0xcc);
    ck_assert_uint_eq(ram[IMAGE + 160], 0xcc);
    memset(flat->ram + IMAGE, 0xcc, 512);
    save(flat->ctx, PLAIN, SSE);
    ck_assert_uint_eq(load_le64(ram + HEADER), X87 | SSE);
    ck_assert_uint_eq(ram[IMAGE], 0xcc);
    ck_assert_uint_eq(ram[IMAGE + 32], 0xcc);
    ck_assert_uint_eq(load_le64(ram + IMAGE + 160 + 7 * 16 + 8), 0x1122334455667788);
    flat_destroy(flat);
}
END_TEST

START_TEST(xsaveopt_leaves_out_what_is_initial_but_never_mxcsr)
{
    struct flat *flat = create("max");
    const uint8_t *ram = flat->ram;
    store_le64(flat->ram + HEADER, 0xf3);
    save(flat->ctx, OPT, X87 | SSE);
    ck_assert_uint_eq(load_le64(ram + HEADER), 0xf0);
    ck_assert_uint_eq(ram[IMAGE], 0xcc);
    ck_assert_uint_eq(ram[IMAGE + 160], 0xcc);
    ck_assert_uint_eq(load_le32(ram + IMAGE + 24), 0x1f80);
    flat_destroy(flat);
}
END_TEST

START_TEST(xsavec_marks_the_compacted_form_and_leaves_out_what_is_initial)
{
    struct flat *flat = create("max");
    const uint8_t *ram = flat->ram;
    memset(flat->ram + HEADER, 0xcc, 64);
    use_sse(flat->ctx);
    save(flat->ctx, COMPACT, UINT64_MAX);
    ck_assert_uint_eq(load_le64(ram + HEADER), SSE);
    ck_assert_uint_eq(load_le64(ram + HEADER + 8), COMPACTED | X87 | SSE);
    ck_assert_uint_eq(ram[HEADER + 16], 0xcc);
    ck_assert_uint_eq(ram[IMAGE], 0xcc);
    ck_assert_uint_eq(load_le32(ram + IMAGE + 24), 0x1f80);
    flat_destroy(flat);
}
END_TEST

START_TEST(xrstor_loads_what_is_present_and_initializes_the_rest)
{
    struct flat *flat = create("max");
    struct context *ctx = flat->ctx;
    use_x87(ctx);
    save(ctx, PLAIN, X87 | SSE);
    ctx->st[3].mantissa = 5;
    ctx->ftop = 1;
    use_sse(ctx);
    ctx->mxcsr = 0x1fbf;
    restore(ctx, X87 | SSE);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    ck_assert_uint_eq(ctx->st[3].mantissa, 0x8000000000000001);
    ck_assert_uint_eq(ctx->ftop, 3);
    ck_assert_uint_eq(ctx->ftag, 0xf7);
    ck_assert_uint_eq(ctx->xmm[7].q[1], 0);
    ck_assert_uint_eq(ctx->mxcsr, 0x1f80);
    store_le64(flat->ram + HEADER, 0);
    restore(ctx, X87);
    ck_assert_uint_eq(ctx->fcw, 0x37f);
    ck_assert_uint_eq(ctx->ftop, 0);
    ck_assert_uint_eq(ctx->ftag, 0xff);
    flat_destroy(flat);
}
END_TEST

START_TEST(mxcsr_comes_from_the_standard_image_always_and_from_the_compacted_with_sse)
{
    struct flat *flat = create("max");
    struct context *ctx = flat->ctx;
    store_le32(flat->ram + IMAGE + 24, 0x1fa0);
    restore(ctx, SSE);
    ck_assert_uint_eq(ctx->mxcsr, 0x1fa0);
    store_le64(flat->ram + HEADER + 8, COMPACTED | SSE);
    restore(ctx, SSE);
    ck_assert_uint_eq(ctx->mxcsr, 0x1f80);
    restore(ctx, X87); /* not asked for: whatever stands there */
    store_le32(flat->ram + IMAGE + 24, UINT32_MAX);
    restore(ctx, SSE);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    store_le64(flat->ram + HEADER, SSE);
    restore(ctx, SSE);
    expect_fault(flat, VECTOR_GP);
    flat_destroy(flat);
}
END_TEST

START_TEST(xrstor_refuses_headers_that_say_too_much)
{
    static const struct {
        uint64_t present, components, zeros;
        const char *model;
    } headers[] = {
        {4, 0, 0, "max"},
        {0, 1, 0, "max"},
        {0, 0, 1, "max"},
        {0, COMPACTED | 4, 0, "max"},
        {SSE, COMPACTED | X87, 0, "max"},
        {0, COMPACTED, 1, "max"},
        {0, COMPACTED, 0, "p4"}, /* without XSAVEC */
    };
    for (unsigned i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct flat *flat = create(headers[i].model);
        store_le32(flat->ram + IMAGE + 24, 0x1f80);
        store_le64(flat->ram + HEADER, headers[i].present);
        store_le64(flat->ram + HEADER + 8, headers[i].components);
        store_le64(flat->ram + HEADER + 16, headers[i].zeros);
        use_sse(flat->ctx);
        restore(flat->ctx, X87 | SSE);
        ck_assert_msg(flat->ctx->leave == LEAVE_EVENT, "header %u", i);
        ck_assert_uint_eq(flat->ctx->event.vector, VECTOR_GP);
        ck_assert_uint_eq(flat->ctx->xmm[7].q[1], 0x1122334455667788);
        flat_destroy(flat);
    }
}
END_TEST

START_TEST(faults_come_in_order_and_leave_memory_alone)
{
    struct flat *flat = create("max");
    struct context *ctx = flat->ctx;
    ask(ctx, UINT64_MAX);
    callout_xsave(ctx, IMAGE + 16, 0, SEG_DS);
    expect_fault(flat, VECTOR_GP);
    flat->cpu->cr0 |= CR0_TS;
    callout_xsave(ctx, IMAGE + 16, 0, SEG_DS);
    expect_fault(flat, VECTOR_NM);
    flat->cpu->cr4 &= ~(uint32_t)CR4_OSXSAVE;
    callout_xsave(ctx, IMAGE + 16, 0, SEG_DS);
    expect_fault(flat, VECTOR_UD);
    callout_xrstor(ctx, IMAGE + 16, 0, SEG_DS);
    expect_fault(flat, VECTOR_UD);
    callout_xgetbv(ctx, 0, 0, 0);
    expect_fault(flat, VECTOR_UD);
    callout_xsetbv(ctx, 0, 0, 0);
    expect_fault(flat, VECTOR_UD);
    ck_assert_uint_eq(flat->ram[IMAGE + 16], 0xcc);
    flat_destroy(flat);
}
END_TEST

START_TEST(xcr0_holds_x87_always_and_sse_if_wanted)
{
    static const struct {
        uint64_t value;
        uint32_t ecx;
        bool good;
    } rows[] = {{1, 0, true},
                {3, 0, true},
                {2, 0, false},
                {0, 0, false},
                {7, 0, false},
                {3, 1, false},
                {COMPACTED | 1, 0, false}};
    struct flat *flat = create("max");
    struct context *ctx = flat->ctx;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        flat->cpu->xcr0 = 5;
        ask(ctx, rows[i].value);
        ctx->gpr[GUEST_RCX] = rows[i].ecx;
        callout_xsetbv(ctx, 0, 0, 0);
        ck_assert_uint_eq(flat->cpu->xcr0, rows[i].good ? rows[i].value : 5);
        if (!rows[i].good) {
            expect_fault(flat, VECTOR_GP);
        }
    }
    flat->cpu->xcr0 = 3;
    ctx->gpr[GUEST_RCX] = 0;
    callout_xgetbv(ctx, 0, 0, 0);
    ck_assert_uint_eq(ctx->gpr[GUEST_RAX], 3);
    ck_assert_uint_eq(ctx->gpr[GUEST_RDX], 0);
    use_sse(ctx);
    ctx->gpr[GUEST_RCX] = 1;
    callout_xgetbv(ctx, 0, 0, 0);
    ck_assert_uint_eq(ctx->gpr[GUEST_RAX], SSE);
    ctx->gpr[GUEST_RCX] = 2;
    callout_xgetbv(ctx, 0, 0, 0);
    expect_fault(flat, VECTOR_GP);
    flat_destroy(flat);
}
END_TEST

START_TEST(cpuid_tells_sizes_and_cr4)
{
    struct flat *flat = create("max");
    uint32_t out[4];
    x86_cpuid(flat->cpu, 13, 0, out);
    ck_assert_uint_eq(out[0], X87 | SSE);
    ck_assert_uint_eq(out[1], 576);
    ck_assert_uint_eq(out[2], 576);
    x86_cpuid(flat->cpu, 13, 1, out);
    ck_assert_uint_eq(out[0], FEATURE_D_XSAVEOPT | FEATURE_D_XSAVEC | FEATURE_D_XGETBV1);
    x86_cpuid(flat->cpu, 13, 2, out);
    ck_assert_uint_eq(out[0] | out[1] | out[2] | out[3], 0);
    x86_cpuid(flat->cpu, 1, 0, out);
    ck_assert_uint_ne(out[2] & FEATURE_C_OSXSAVE, 0);
    ck_assert(control_write_cr4(flat->ctx, flat->cpu->cr4 & ~(uint32_t)CR4_OSXSAVE));
    x86_cpuid(flat->cpu, 1, 0, out);
    ck_assert_uint_eq(out[2] & FEATURE_C_OSXSAVE, 0);
    flat_destroy(flat);
    flat = create("p4");
    ck_assert(!control_write_cr4(flat->ctx, CR4_OSXSAVE));
    flat_destroy(flat);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("xsave");
    TCase *tests = tcase_create("xsave");
    tcase_add_test(tests, xsave_writes_what_is_asked_for_and_says_what_is_in_use);
    tcase_add_test(tests, a_component_that_is_not_asked_for_is_left_alone);
    tcase_add_test(tests, xsaveopt_leaves_out_what_is_initial_but_never_mxcsr);
    tcase_add_test(tests, xsavec_marks_the_compacted_form_and_leaves_out_what_is_initial);
    tcase_add_test(tests, xrstor_loads_what_is_present_and_initializes_the_rest);
    tcase_add_test(tests,
                   mxcsr_comes_from_the_standard_image_always_and_from_the_compacted_with_sse);
    tcase_add_test(tests, xrstor_refuses_headers_that_say_too_much);
    tcase_add_test(tests, faults_come_in_order_and_leave_memory_alone);
    tcase_add_test(tests, xcr0_holds_x87_always_and_sse_if_wanted);
    tcase_add_test(tests, cpuid_tells_sizes_and_cr4);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
