/* Segment loads: error codes, accessed bits, classes of the mode key; LAR, LSL, VERR, VERW. */
#include "tests/support/flat_memory.h"

static void expect_load(struct flat *flat, enum seg_index seg, uint16_t selector, unsigned vector,
                        uint32_t error)
{
    flat_begin(flat);
    uint16_t before = flat->ctx->seg[seg].selector;
    callout_seg_load(flat->ctx, selector, 0, seg);
    flat_expect_fault(flat, vector, error);
    ck_assert_uint_eq(flat->ctx->seg[seg].selector, before);
}

START_TEST(bad_selectors_fault_with_their_error_code)
{
    struct flat *flat = flat_protected("max");
    expect_load(flat, SEG_DS, 0x1000, VECTOR_GP, 0x1000);
    expect_load(flat, SEG_DS, 0x0c, VECTOR_GP, 0x0c); /* no LDT */
    expect_load(flat, SEG_DS, SEL_TSS, VECTOR_GP, SEL_TSS);
    flat_descriptor(flat, SEL_FREE, 0, 0xfffff, 0x13, 0xc);
    expect_load(flat, SEG_DS, SEL_FREE, VECTOR_NP, SEL_FREE);
    expect_load(flat, SEG_SS, SEL_FREE, VECTOR_SS, SEL_FREE);
    flat_descriptor(flat, SEL_FREE, 0, 0xfffff, 0x99, 0xc); /* execute-only */
    expect_load(flat, SEG_ES, SEL_FREE, VECTOR_GP, SEL_FREE);
    flat_descriptor(flat, SEL_FREE, 0, 0xfffff, 0x91, 0xc); /* read-only */
    expect_load(flat, SEG_SS, SEL_FREE, VECTOR_GP, SEL_FREE);
    expect_load(flat, SEG_SS, 0, VECTOR_GP, 0);
    expect_load(flat, SEG_SS, SEL_DATA3, VECTOR_GP, SEL_DATA3 & ~3);
    flat_ring(flat, 3);
    expect_load(flat, SEG_DS, SEL_DATA0, VECTOR_GP, SEL_DATA0);
    flat_destroy(flat);
}
END_TEST

START_TEST(a_load_sets_the_accessed_bit_and_the_ends)
{
    struct flat *flat = flat_protected("max");
    flat_descriptor(flat, SEL_FREE, 0x12340, 0xfff, 0x92, 4);
    callout_seg_load(flat->ctx, SEL_FREE, 0, SEG_FS);
    const struct segment *fs = &flat->ctx->seg[SEG_FS];
    ck_assert_uint_eq(flat->ram[FLAT_GDT + SEL_FREE + 5], 0x93);
    ck_assert_uint_eq(fs->base, 0x12340);
    ck_assert_uint_eq(fs->read_end, 0x1000);
    ck_assert_uint_eq(fs->write_end, 0x1000);
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_LOOKUP); /* FLAT became CHECKED */
    ck_assert_uint_eq(mode_seg_class(x86_mode(flat->ctx), SEG_FS), SEG_CHECKED);
    flat_begin(flat);
    callout_seg_load(flat->ctx, 3, 0, SEG_FS);
    ck_assert_uint_eq(fs->read_end, 0);
    ck_assert_uint_eq(fs->selector, 3);
    flat_destroy(flat);
}
END_TEST

START_TEST(expand_down_segments_invert_the_limit)
{
    struct flat *flat = flat_protected("max");
    uint64_t linear;
    flat_descriptor(flat, SEL_FREE, 0, 0xfff, 0x97, 4);
    callout_seg_load(flat->ctx, SEL_FREE, 0, SEG_FS);
    ck_assert_uint_eq(flat->ctx->seg[SEG_FS].start, 0x1000);
    ck_assert_uint_eq(flat->ctx->seg[SEG_FS].read_end, 0xfffff000);
    ck_assert_uint_eq(flat->ctx->seg[SEG_FS].openness, 0);
    flat_begin(flat);
    ck_assert(!x86_segment_check(flat->ctx, SEG_FS, 0xfff, 1, ACCESS_READ, &linear));
    flat_expect_fault(flat, VECTOR_GP, 0);
    ck_assert(x86_segment_check(flat->ctx, SEG_FS, 0x1000, 4, ACCESS_WRITE, &linear));
    ck_assert(!x86_segment_check(flat->ctx, SEG_FS, 0xfffffffe, 4, ACCESS_READ, &linear));
    flat_destroy(flat);
}
END_TEST

START_TEST(real_mode_loads_keep_an_enlarged_limit)
{
    struct flat *flat = flat_protected("max");
    control_write_cr0(flat->ctx, flat->cpu->cr0 & ~(uint32_t)CR0_PE);
    flat_begin(flat);
    callout_seg_load(flat->ctx, 0x1234, 0, SEG_DS);
    ck_assert_uint_eq(flat->ctx->seg[SEG_DS].base, 0x12340);
    ck_assert_uint_eq(flat->ctx->seg[SEG_DS].limit, 0xffffffff);
    ck_assert_uint_eq(mode_seg_class(x86_mode(flat->ctx), SEG_DS), SEG_BASED);
    flat_destroy(flat);
}
END_TEST

START_TEST(real_mode_after_reset_has_64k_segments)
{
    struct flat *flat = flat_create("486");
    uint32_t mode = x86_mode(flat->ctx);
    ck_assert_uint_eq(flat->ctx->seg[SEG_CS].base + flat->ctx->rip, 0xfffffff0);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RDX], 0x413);
    ck_assert_uint_eq(mode_seg_class(mode, SEG_DS), SEG_BASED64K);
    ck_assert(!(mode & (MODE_CODE32 | MODE_STACK32 | MODE_PROTECTED | MODE_USER | MODE_CS_FLAT)));
    flat_destroy(flat);
}
END_TEST

START_TEST(flat_protected_mode_is_flat)
{
    struct flat *flat = flat_protected("max");
    uint32_t mode = x86_mode(flat->ctx);
    ck_assert_uint_eq(mode >> MODE_SEG_SHIFT & 0x3ff, 0);
    ck_assert((mode & MODE_CODE32) && (mode & MODE_STACK32) && (mode & MODE_CS_FLAT));
    ck_assert(!(mode & MODE_CS_CHECKED));
    flat_ring(flat, 3);
    ck_assert(x86_mode(flat->ctx) & MODE_USER);
    ck_assert(x86_mode(flat->ctx) & MODE_IOPL_CHECK);
    flat_destroy(flat);
}
END_TEST

START_TEST(loading_ss_shadows_interrupts)
{
    struct flat *flat = flat_real("386");
    flat->ctx->eflags |= FLAG_IF;
    ck_assert(x86_interruptible(flat->ctx));
    callout_seg_load(flat->ctx, 0x100, 0, SEG_SS);
    ck_assert(!x86_interruptible(flat->ctx));
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_LOOKUP);
    ck_assert_int_eq(flat->ctx->pending, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(descriptor_queries_set_zf)
{
    struct flat *flat = flat_protected("max");
    struct context *ctx = flat->ctx;
    ck_assert_uint_eq(callout_lar(ctx, SEL_DATA3, 7, 4), 0x00cff300);
    ck_assert(context_flags(ctx) & FLAG_ZF);
    ck_assert_uint_eq(callout_lsl(ctx, SEL_TSS, 7, 4), 0x1ff);
    ck_assert_uint_eq(callout_lsl(ctx, SEL_CODE0, 7, 2), 0xffff);
    flat_gate(flat, FLAT_GDT + SEL_FREE, SEL_CODE0, 0, 0x8c, 0);
    ck_assert_uint_eq(callout_lsl(ctx, SEL_FREE, 7, 4), 7);
    ck_assert(!(context_flags(ctx) & FLAG_ZF));
    callout_verw(ctx, SEL_DATA0, 0, 0);
    ck_assert(context_flags(ctx) & FLAG_ZF);
    callout_verw(ctx, SEL_CODE0, 0, 0);
    ck_assert(!(context_flags(ctx) & FLAG_ZF));
    flat_ring(flat, 3);
    callout_verr(ctx, SEL_DATA0, 0, 0);
    ck_assert(!(context_flags(ctx) & FLAG_ZF));
    ck_assert_uint_eq(callout_arpl(ctx, 0x10, 0x0b, 0), 0x13);
    ck_assert(context_flags(ctx) & FLAG_ZF);
    flat_destroy(flat);
}
END_TEST

START_TEST(ltr_wants_an_available_tss_and_makes_it_busy)
{
    struct flat *flat = flat_protected("max");
    callout_ltr(flat->ctx, SEL_TSS, 0, 0); /* busy already */
    flat_expect_fault(flat, VECTOR_GP, SEL_TSS);
    flat_begin(flat);
    callout_ltr(flat->ctx, SEL_TSS2, 0, 0);
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_NONE);
    ck_assert_uint_eq(flat->ram[FLAT_GDT + SEL_TSS2 + 5], 0x8b);
    ck_assert_uint_eq(callout_str(flat->ctx, 0, 0, 0), SEL_TSS2);
    flat_destroy(flat);
}
END_TEST

START_TEST(all_state_is_listed)
{
    struct flat *flat = flat_protected("max");
    struct flat *other = flat_create("max");
    ck_assert(!state_equal(x86_state(), flat->cpu, other->cpu, NULL));
    state_copy(x86_state(), other->cpu, flat->cpu);
    x86_loaded(other->cpu);
    ck_assert(state_equal(x86_state(), flat->cpu, other->cpu, NULL));
    ck_assert_uint_eq(x86_mode(flat->ctx), x86_mode(other->ctx));
    flat_destroy(other);
    flat_destroy(flat);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {bad_selectors_fault_with_their_error_code,
                                  a_load_sets_the_accessed_bit_and_the_ends,
                                  expand_down_segments_invert_the_limit,
                                  real_mode_loads_keep_an_enlarged_limit,
                                  real_mode_after_reset_has_64k_segments,
                                  flat_protected_mode_is_flat,
                                  loading_ss_shadows_interrupts,
                                  descriptor_queries_set_zf,
                                  ltr_wants_an_available_tss_and_makes_it_busy,
                                  all_state_is_listed,
                                  NULL};
    return flat_main("x86 segments", tests);
}
