/* FXSAVE, FXRSTOR, LDMXCSR, MASKMOV: layout, faults without a trace, mode changes. */
#include "frontend/x86/helper/vec.h"
#include "tests/support/flat_memory.h"

enum { IMAGE = 0x30000, DS_IMM = SEG_DS | 4 << 8, MAPPED = 0x60000, MISSING = 0x61000 };

static struct flat *create(const char *model)
{
    struct flat *flat = flat_protected(model);
    flat->cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
    flat->ctx->mxcsr = 0x1f80;
    flat->ctx->fcw = 0x37f;
    flat_begin(flat);
    return flat;
}

/* Identity paging of the flat memory but for the page at MISSING. */
static void page(struct flat *flat)
{
    store_le32(flat->ram + FLAT_PAGES, (FLAT_PAGES + 0x1000) | 3);
    for (uint32_t i = 0; i < FLAT_BYTES >> 12; i++) {
        store_le32(flat->ram + FLAT_PAGES + 0x1000 + i * 4, i << 12 | (i != MISSING >> 12 ? 3 : 2));
    }
    flat->cpu->cr3 = FLAT_PAGES;
    flat->cpu->cr0 |= CR0_PG;
    flat_begin(flat);
}

static void fill(struct context *ctx)
{
    for (unsigned i = 0; i < 8; i++) {
        ctx->st[i].mantissa = UINT64_C(0x1000000000000000) * i + i;
        ctx->st[i].exponent = (uint16_t)(0x4000 + i);
        ctx->xmm[i].q[0] = 0x100 + i;
        ctx->xmm[i].q[1] = 0x200 + i;
    }
    ctx->ftop = 5;
    ctx->ftag = 0x1f;
    ctx->fsw = 0x4700;
    ctx->fop = 0x123;
    ctx->fip = 0x89abcdef;
    ctx->fcs = 0x23;
    ctx->fdp = 0x76543210;
    ctx->fds = 0x2b;
    ctx->mxcsr = 0x1fa1;
}

START_TEST(fxsave_has_the_manuals_layout)
{
    struct flat *flat = create("max");
    fill(flat->ctx);
    memset(flat->ram + IMAGE, 0xcc, 512);
    callout_fxsave(flat->ctx, IMAGE, 0, DS_IMM);
    const uint8_t *image = flat->ram + IMAGE;
    ck_assert_uint_eq(load_le16(image), 0x37f);
    ck_assert_uint_eq(load_le16(image + 2), 0x4700 | 5 << 11);
    ck_assert_uint_eq(load_le16(image + 4), 0xe0);
    ck_assert_uint_eq(load_le16(image + 6), 0x123);
    ck_assert_uint_eq(load_le32(image + 8), 0x89abcdef);
    ck_assert_uint_eq(load_le32(image + 12), 0x23);
    ck_assert_uint_eq(load_le32(image + 16), 0x76543210);
    ck_assert_uint_eq(load_le32(image + 20), 0x2b);
    ck_assert_uint_eq(load_le32(image + 24), 0x1fa1);
    ck_assert_uint_eq(load_le32(image + 28), 0xffff);
    for (unsigned i = 0; i < 8; i++) {
        unsigned physical = (5 + i) & 7;
        ck_assert_uint_eq(load_le64(image + 32 + 16 * i), flat->ctx->st[physical].mantissa);
        ck_assert_uint_eq(load_le64(image + 40 + 16 * i), 0x4000 + physical);
        ck_assert_uint_eq(load_le64(image + 160 + 16 * i), 0x100 + i);
        ck_assert_uint_eq(load_le64(image + 168 + 16 * i), 0x200 + i);
    }
    ck_assert_uint_eq(image[288], 0xcc);
    ck_assert_uint_eq(image[511], 0xcc);
    flat_destroy(flat);
}
END_TEST

START_TEST(fxrstor_brings_back_what_fxsave_saved)
{
    struct flat *flat = create("max");
    struct context *ctx = flat->ctx;
    fill(ctx);
    struct context before = *ctx;
    callout_fxsave(ctx, IMAGE, 0, DS_IMM);
    memset(ctx->st, 0xee, sizeof(ctx->st));
    memset(ctx->xmm, 0xee, sizeof(ctx->xmm));
    ctx->ftop = ctx->ftag = 0;
    ctx->fsw = ctx->fcw = ctx->fop = ctx->fcs = ctx->fds = 0;
    ctx->fip = ctx->fdp = 0;
    ctx->mxcsr = 0;
    callout_fxrstor(ctx, IMAGE, 0, DS_IMM);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    for (unsigned i = 0; i < 8; i++) {
        ck_assert_uint_eq(ctx->st[i].mantissa, before.st[i].mantissa);
        ck_assert_uint_eq(ctx->st[i].exponent, before.st[i].exponent);
        ck_assert_int_eq(memcmp(&ctx->xmm[i], &before.xmm[i], 16), 0);
    }
    ck_assert_uint_eq(ctx->ftop, before.ftop);
    ck_assert_uint_eq(ctx->ftag, before.ftag);
    ck_assert_uint_eq(ctx->fsw, before.fsw);
    ck_assert_uint_eq(ctx->fcw, before.fcw);
    ck_assert_uint_eq(ctx->fop, before.fop);
    ck_assert_uint_eq(ctx->fip, before.fip);
    ck_assert_uint_eq(ctx->fdp, before.fdp);
    ck_assert_uint_eq(ctx->fcs, before.fcs);
    ck_assert_uint_eq(ctx->fds, before.fds);
    ck_assert_uint_eq(ctx->mxcsr, before.mxcsr);
    flat_destroy(flat);
}
END_TEST

START_TEST(fxrstor_with_unmasked_exceptions_changes_the_mode)
{
    struct flat *flat = create("max");
    struct context *ctx = flat->ctx;
    callout_fxsave(ctx, IMAGE, 0, DS_IMM);
    store_le16(flat->ram + IMAGE, 0x037b);
    store_le16(flat->ram + IMAGE + 2, 0x0004);
    callout_fxrstor(ctx, IMAGE, 0, DS_IMM);
    ck_assert_uint_eq(ctx->fsw, 0x8084);
    ck_assert_uint_eq(ctx->leave, LEAVE_LOOKUP);
    ck_assert_uint_eq(ctx->rip, ctx->next_rip);
    ck_assert_int_eq(ctx->pending, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(xmm_registers_take_part_only_with_osfxsr)
{
    struct flat *flat = create("max");
    struct context *ctx = flat->ctx;
    flat->cpu->cr4 = 0;
    fill(ctx);
    flat_begin(flat);
    memset(flat->ram + IMAGE, 0x5a, 512);
    callout_fxsave(ctx, IMAGE, 0, DS_IMM);
    ck_assert_uint_eq(load_le32(flat->ram + IMAGE + 24), 0x1fa1);
    ck_assert_uint_eq(flat->ram[IMAGE + 160], 0x5a);
    callout_fxrstor(ctx, IMAGE, 0, DS_IMM);
    ck_assert_uint_eq(ctx->xmm[0].q[0], 0x100);
    flat_destroy(flat);
}
END_TEST

START_TEST(a_model_without_sse_keeps_mxcsr_out_of_the_image)
{
    struct flat *flat = create("p2");
    struct context *ctx = flat->ctx;
    memset(flat->ram + IMAGE, 0xff, 512);
    callout_fxrstor(ctx, IMAGE, 0, DS_IMM);
    ck_assert_uint_ne(ctx->leave, LEAVE_EVENT);
    ck_assert_uint_eq(ctx->mxcsr, 0x1f80);
    flat_begin(flat);
    callout_fxsave(ctx, IMAGE, 0, DS_IMM);
    ck_assert_uint_eq(load_le64(flat->ram + IMAGE + 24), 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(images_that_cannot_be_reached_fault_without_a_trace)
{
    struct flat *flat = create("max");
    struct context *ctx = flat->ctx;
    memset(flat->ram + MAPPED, 0x5a, 0x1000);
    callout_fxsave(ctx, MAPPED + 8, 0, DS_IMM);
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat_begin(flat);
    ctx->seg[SEG_DS].limit = MAPPED + 510;
    segment_update(ctx, &ctx->seg[SEG_DS]);
    callout_fxsave(ctx, MAPPED, 0, DS_IMM);
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat_ring(flat, 0);
    page(flat);
    callout_fxsave(ctx, MISSING - 256, 0, DS_IMM);
    flat_expect_fault(flat, VECTOR_PF, 2);
    ck_assert_uint_eq(flat->cpu->cr2, MISSING);
    ck_assert_uint_eq(flat->ram[MISSING - 256], 0x5a);
    ck_assert_uint_eq(flat->ram[MAPPED], 0x5a);
    fill(ctx);
    flat_begin(flat);
    callout_fxrstor(ctx, MISSING - 256, 0, DS_IMM);
    flat_expect_fault(flat, VECTOR_PF, 0);
    ck_assert_uint_eq(ctx->fop, 0x123);
    flat_destroy(flat);
}
END_TEST

START_TEST(reserved_mxcsr_bits_fault)
{
    static const struct {
        const char *model;
        uint32_t mxcsr;
        bool faults;
    } rows[] = {{"max", 0x1ffff, true},
                {"max", 0xffff, false},
                {"p4", 0x80001f80, true},
                {"p3", 0x1fc0, true},
                {"p3", 0xffbf, false}};
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flat *flat = create(rows[i].model);
        struct context *ctx = flat->ctx;
        callout_ldmxcsr(ctx, rows[i].mxcsr, 0, 0);
        ck_assert_int_eq(ctx->leave == LEAVE_EVENT, rows[i].faults);
        ck_assert_uint_eq(ctx->mxcsr, rows[i].faults ? 0x1f80 : rows[i].mxcsr);
        flat_begin(flat);
        callout_fxsave(ctx, IMAGE, 0, DS_IMM);
        store_le32(flat->ram + IMAGE + 24, rows[i].mxcsr);
        store_le16(flat->ram + IMAGE + 6, 0x77);
        callout_fxrstor(ctx, IMAGE, 0, DS_IMM);
        ck_assert_int_eq(ctx->leave == LEAVE_EVENT, rows[i].faults);
        ck_assert_uint_eq(ctx->fop, rows[i].faults ? 0 : 0x77);
        flat_destroy(flat);
    }
}
END_TEST

START_TEST(ldmxcsr_leaves_only_when_the_mode_changes)
{
    struct flat *flat = create("max");
    struct context *ctx = flat->ctx;
    callout_ldmxcsr(ctx, 0xffbf, 0, 0);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    ck_assert_int_eq(ctx->pending, 1);
    callout_ldmxcsr(ctx, 0x1f00, 0, 0);
    ck_assert_uint_eq(ctx->leave, LEAVE_LOOKUP);
    ck_assert_uint_eq(ctx->rip, ctx->next_rip);
    ck_assert_int_eq(ctx->pending, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(maskmov_stores_the_selected_bytes)
{
    struct flat *flat = create("max");
    struct context *ctx = flat->ctx;
    ctx->xmm[1].q[0] = 0x0706050403020100;
    ctx->xmm[1].q[1] = 0x0f0e0d0c0b0a0908;
    ctx->xmm[2].q[0] = 0x80007f00ff000080;
    ctx->xmm[2].q[1] = 0x8000000000000000;
    ctx->gpr[GUEST_RDI] = IMAGE + 3;
    memset(flat->ram + IMAGE, 0xcc, 32);
    callout_maskmov(ctx, IR_XMM0 + 1, IR_XMM0 + 2, DS_IMM);
    static const uint8_t expected[16] = {0x00, 0xcc, 0xcc, 0x03, 0xcc, 0xcc, 0xcc, 0x07,
                                         0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0x0f};
    ck_assert_int_eq(memcmp(flat->ram + IMAGE + 3, expected, 16), 0);
    ck_assert_uint_eq(flat->ram[IMAGE + 2], 0xcc);
    ck_assert_uint_eq(flat->ram[IMAGE + 19], 0xcc);
    flat_destroy(flat);
}
END_TEST

START_TEST(maskmovq_takes_a_16_bit_address_and_enters_mmx)
{
    struct flat *flat = create("max");
    struct context *ctx = flat->ctx;
    ctx->st[6].mantissa = 0x1122334455667788;
    ctx->st[7].mantissa = UINT64_MAX;
    ctx->ftop = 2;
    ctx->ftag = 0xff;
    ctx->gpr[GUEST_RDI] = 0x3b000;
    callout_maskmov(ctx, IR_MM0 + 6, IR_MM0 + 7, SEG_DS | 2 << 8);
    ck_assert_uint_eq(load_le64(flat->ram + 0xb000), 0x1122334455667788);
    ck_assert_uint_eq(ctx->ftop, 0);
    ck_assert_uint_eq(ctx->ftag, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(maskmov_stores_all_or_nothing)
{
    struct flat *flat = create("max");
    struct context *ctx = flat->ctx;
    page(flat);
    ctx->xmm[0].q[0] = ctx->xmm[0].q[1] = 0x1111111111111111;
    ctx->xmm[1].q[0] = ctx->xmm[1].q[1] = UINT64_MAX;
    ctx->gpr[GUEST_RDI] = MISSING - 8;
    callout_maskmov(ctx, IR_XMM0, IR_XMM0 + 1, DS_IMM);
    flat_expect_fault(flat, VECTOR_PF, 2);
    ck_assert_uint_eq(flat->ram[MISSING - 8], 0);
    flat_begin(flat);
    ctx->xmm[1].q[1] = 0;
    callout_maskmov(ctx, IR_XMM0, IR_XMM0 + 1, DS_IMM);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    ck_assert_uint_eq(flat->ram[MISSING - 1], 0x11);
    flat_destroy(flat);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {fxsave_has_the_manuals_layout,
                                  fxrstor_brings_back_what_fxsave_saved,
                                  fxrstor_with_unmasked_exceptions_changes_the_mode,
                                  xmm_registers_take_part_only_with_osfxsr,
                                  a_model_without_sse_keeps_mxcsr_out_of_the_image,
                                  images_that_cannot_be_reached_fault_without_a_trace,
                                  reserved_mxcsr_bits_fault,
                                  ldmxcsr_leaves_only_when_the_mode_changes,
                                  maskmov_stores_the_selected_bytes,
                                  maskmovq_takes_a_16_bit_address_and_enters_mmx,
                                  maskmov_stores_all_or_nothing,
                                  NULL};
    return flat_main("MMX and SSE state", tests);
}
