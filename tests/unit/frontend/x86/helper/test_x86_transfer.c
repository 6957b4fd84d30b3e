/* Far transfers, returns, SYSENTER, POPF rules, CLI and STI with VME and PVI. */
#include "tests/support/flat_memory.h"

static void poke_stack(struct flat *flat, const uint32_t *words, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        store_le32(flat->ram + flat->ctx->gpr[GUEST_RSP] + i * 4, words[i]);
    }
}

static void expect_done(const struct flat *flat, uint64_t rip)
{
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_LOOKUP);
    ck_assert_int_eq(flat->ctx->pending, 0);
    ck_assert_uint_eq(flat->ctx->rip, rip);
}

START_TEST(real_mode_call_and_return)
{
    struct flat *flat = flat_real("386");
    callout_far_call(flat->ctx, 0x10, 0x2000, 2);
    expect_done(flat, 0x10);
    ck_assert_uint_eq(flat->ctx->seg[SEG_CS].base, 0x20000);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RSP], 0x7ffc);
    flat_begin(flat);
    callout_far_ret(flat->ctx, 0, 0, 2 | 6 << 8);
    expect_done(flat, 0x102);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RSP], 0x8006);
    flat_begin(flat);
    callout_far_jump(flat->ctx, 0x10000, 0, 4);
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(a_call_gate_copies_parameters_to_the_inner_stack)
{
    struct flat *flat = flat_protected("max");
    flat_gate(flat, FLAT_GDT + SEL_FREE, SEL_CODE0, 0x6666, 0xec, 2);
    flat_ring(flat, 3);
    poke_stack(flat, (uint32_t[]){0x11, 0x22}, 2);
    callout_far_call(flat->ctx, 0xdead, SEL_FREE | 3, 4);
    expect_done(flat, 0x6666);
    uint64_t esp = flat->ctx->gpr[GUEST_RSP];
    ck_assert_uint_eq(esp, FLAT_STACK0 - 24);
    ck_assert_uint_eq(flat_word(flat, esp), FLAT_CODE + 2);
    ck_assert_uint_eq(flat_word(flat, esp + 8), 0x11);
    ck_assert_uint_eq(flat_word(flat, esp + 12), 0x22);
    ck_assert_uint_eq(flat_word(flat, esp + 16), FLAT_STACK3);
    flat_begin(flat);
    callout_far_ret(flat->ctx, 0, 0, 4 | 8 << 8);
    expect_done(flat, FLAT_CODE + 2);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RSP], FLAT_STACK3 + 8);
    ck_assert_uint_eq(x86_cpl(flat->ctx), 3);
    flat_destroy(flat);
}
END_TEST

START_TEST(far_jumps_check_privilege)
{
    struct flat *flat = flat_protected("max");
    flat_ring(flat, 3);
    callout_far_jump(flat->ctx, 0, SEL_CODE0, 4);
    flat_expect_fault(flat, VECTOR_GP, SEL_CODE0);
    flat_begin(flat);
    callout_far_jump(flat->ctx, 0, SEL_DATA3, 4);
    flat_expect_fault(flat, VECTOR_GP, SEL_DATA3 & ~3u);
    flat_begin(flat);
    callout_far_jump(flat->ctx, 0, SEL_TSS2, 4);
    flat_expect_fault(flat, VECTOR_GP, SEL_TSS2);
    flat_begin(flat);
    callout_far_jump(flat->ctx, 0, 0, 4);
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat_descriptor(flat, SEL_FREE, 0, 0xff, 0xfb, 4);
    flat_begin(flat);
    callout_far_jump(flat->ctx, 0x100, SEL_FREE | 3, 4);
    flat_expect_fault(flat, VECTOR_GP, 0); /* EIP beyond the limit */
    flat_destroy(flat);
}
END_TEST

START_TEST(iret_to_an_outer_ring_drops_inner_segments)
{
    struct flat *flat = flat_protected("max");
    poke_stack(flat, (uint32_t[]){0x7777, SEL_CODE3, 0x3202, FLAT_STACK3, SEL_DATA3}, 5);
    callout_iret(flat->ctx, 0, 0, 4);
    expect_done(flat, 0x7777);
    ck_assert_uint_eq(x86_cpl(flat->ctx), 3);
    ck_assert_uint_eq(flat->ctx->view, 1);
    ck_assert_uint_eq(x86_eflags(flat->ctx), 0x3202);
    ck_assert_uint_eq(flat->ctx->seg[SEG_DS].selector, 0);
    ck_assert_uint_eq(flat->ctx->seg[SEG_SS].selector, SEL_DATA3);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RSP], FLAT_STACK3);
    flat_destroy(flat);
}
END_TEST

START_TEST(a_failing_iret_changes_nothing)
{
    struct flat *flat = flat_protected("max");
    uint64_t esp = flat->ctx->gpr[GUEST_RSP];
    poke_stack(flat, (uint32_t[]){0x7777, SEL_CODE3, 0x3202, FLAT_STACK3, SEL_DATA0}, 5);
    callout_iret(flat->ctx, 0, 0, 4);
    flat_expect_fault(flat, VECTOR_GP, SEL_DATA0);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RSP], esp);
    ck_assert_uint_eq(x86_eflags(flat->ctx), 2);
    ck_assert_uint_eq(flat->ctx->seg[SEG_CS].selector, SEL_CODE0);
    flat_destroy(flat);
}
END_TEST

START_TEST(popf_respects_iopl)
{
    struct flat *flat = flat_protected("max");
    flat_ring(flat, 3);
    poke_stack(flat, (uint32_t[]){0xffffffff}, 1);
    callout_popf(flat->ctx, 0, 0, 4);
    uint32_t eflags = x86_eflags(flat->ctx);
    ck_assert(!(eflags & (FLAG_IF | FLAG_IOPL | FLAG_VM | FLAG_RF | FLAG_VIF)));
    ck_assert((eflags & FLAG_AC) && (eflags & FLAG_ID) && (eflags & FLAG_NT));
    ck_assert_uint_eq(eflags & FLAGS_ARITH, FLAGS_ARITH);
    ck_assert_uint_eq(flat->ctx->df, UINT32_MAX);
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_LOOKUP); /* TF */
    flat_destroy(flat);
}
END_TEST

START_TEST(popf_that_lets_interrupts_in_leaves)
{
    struct flat *flat = flat_real("386");
    store_le32(flat->ram + 0x8000, 0x3202);
    callout_popf(flat->ctx, 0, 0, 2);
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_LOOKUP);
    ck_assert_uint_eq(flat->ctx->rip, 0x102);
    ck_assert(x86_interruptible(flat->ctx));
    store_le32(flat->ram + 0x8002, 0xffffffff);
    flat_begin(flat);
    callout_popf(flat->ctx, 0, 0, 4);
    ck_assert(!(x86_eflags(flat->ctx) & (FLAG_AC | FLAG_ID))); /* not on a 386 */
    flat_destroy(flat);
}
END_TEST

START_TEST(sti_shadows_one_instruction)
{
    struct flat *flat = flat_real("386");
    callout_sti(flat->ctx, 0, 0, 0);
    expect_done(flat, 0x102);
    ck_assert(!x86_interruptible(flat->ctx));
    flat->ctx->shadow = SHADOW_NONE;
    ck_assert(x86_interruptible(flat->ctx));
    flat_begin(flat);
    callout_sti(flat->ctx, 0, 0, 0);
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_NONE);
    flat_destroy(flat);
}
END_TEST

START_TEST(cli_below_iopl_faults_or_is_virtual)
{
    struct flat *flat = flat_protected("max");
    flat_ring(flat, 3);
    callout_cli(flat->ctx, 0, 0, 0);
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat->cpu->cr4 = CR4_PVI;
    flat->ctx->eflags |= FLAG_IF;
    flat_begin(flat);
    callout_sti(flat->ctx, 0, 0, 0);
    ck_assert(flat->ctx->eflags & FLAG_VIF);
    callout_cli(flat->ctx, 0, 0, 0);
    ck_assert(!(flat->ctx->eflags & FLAG_VIF));
    ck_assert(flat->ctx->eflags & FLAG_IF);
    flat->ctx->eflags |= FLAG_VIP;
    callout_sti(flat->ctx, 0, 0, 0);
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat_destroy(flat);
}
END_TEST

static struct flat *v86(uint32_t eflags)
{
    struct flat *flat = flat_protected("max");
    flat->ctx->eflags = FLAG_VM | eflags;
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        segment_set_real(flat->ctx, &flat->ctx->seg[i], 0);
    }
    flat->ctx->gpr[GUEST_RSP] = 0x8000;
    flat->ctx->rip = 0x100;
    flat->ctx->view = 1;
    flat_begin(flat);
    return flat;
}

START_TEST(virtual_8086_mode_below_iopl_3_traps_to_the_monitor)
{
    struct flat *flat = v86(0);
    callout_int_n(flat->ctx, 0, 0, 0x21);
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat_begin(flat);
    callout_pushf(flat->ctx, 0, 0, 2);
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat_begin(flat);
    callout_iret(flat->ctx, 0, 0, 2);
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat_begin(flat);
    callout_port_out(flat->ctx, 0x70, 1, 1);
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_NONE); /* bitmap of zeros allows */
    flat->ram[FLAT_TSS + 0x68 + 0x70 / 8] = 1;
    callout_port_in(flat->ctx, 0x70, 0, 1);
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(vme_redirects_interrupts_and_virtualises_if)
{
    struct flat *flat = v86(FLAG_VIF);
    flat->cpu->cr4 = CR4_VME;
    store_le32(flat->ram + 0x21 * 4, 0x10000222);
    store_le16(flat->ram + FLAT_TSS + 0x66, 0x88);
    flat_begin(flat);
    callout_int_n(flat->ctx, 0, 0, 0x21);
    expect_done(flat, 0x222);
    ck_assert_uint_eq(flat->ctx->seg[SEG_CS].selector, 0x1000);
    ck_assert_uint_eq(load_le16(flat->ram + 0x7ffe), FLAG_IF | FLAG_IOPL | 2);
    ck_assert(!(flat->ctx->eflags & FLAG_VIF));
    flat_begin(flat);
    callout_iret(flat->ctx, 0, 0, 2);
    expect_done(flat, 0x102);
    ck_assert(flat->ctx->eflags & FLAG_VIF);
    ck_assert_uint_eq(x86_iopl(flat->ctx), 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(sysenter_and_sysexit_use_flat_segments)
{
    struct flat *flat = flat_protected("p4");
    struct context *ctx = flat->ctx;
    flat_ring(flat, 3);
    callout_sysenter(ctx, 0, 0, 0);
    flat_expect_fault(flat, VECTOR_GP, 0);
    msr_write(flat->cpu, 0x174, 0x60);
    msr_write(flat->cpu, 0x175, 0x8888);
    msr_write(flat->cpu, 0x176, 0x9999);
    ctx->eflags |= FLAG_IF;
    flat_begin(flat);
    callout_sysenter(ctx, 0, 0, 0);
    expect_done(flat, 0x9999);
    ck_assert_uint_eq(ctx->gpr[GUEST_RSP], 0x8888);
    ck_assert_uint_eq(ctx->seg[SEG_SS].selector, 0x68);
    ck_assert_uint_eq(x86_cpl(ctx), 0);
    ck_assert(!(ctx->eflags & FLAG_IF));
    ctx->gpr[GUEST_RDX] = 0x1234;
    ctx->gpr[GUEST_RCX] = 0x5678;
    flat_begin(flat);
    callout_sysexit(ctx, 0, 0, 0);
    expect_done(flat, 0x1234);
    ck_assert_uint_eq(ctx->seg[SEG_CS].selector, 0x73);
    ck_assert_uint_eq(x86_cpl(ctx), 3);
    flat_destroy(flat);
}
END_TEST

START_TEST(syscall_and_sysret_want_to_be_switched_on)
{
    struct flat *flat = flat_protected("k6-2");
    struct context *ctx = flat->ctx;
    flat_ring(flat, 3);
    callout_syscall(ctx, 0, 0, 0);
    flat_expect_fault(flat, VECTOR_UD, 0);
    ck_assert(!msr_write(flat->cpu, 0xc0000080, EFER_NXE));
    ck_assert(msr_write(flat->cpu, 0xc0000080, EFER_SCE));
    ck_assert(msr_write(flat->cpu, 0xc0000081, UINT64_C(0x0070006000009999)));
    ctx->eflags |= FLAG_IF;
    flat_begin(flat);
    uint32_t next = (uint32_t)ctx->next_rip;
    callout_syscall(ctx, 0, 0, 0);
    expect_done(flat, 0x9999);
    ck_assert_uint_eq(ctx->gpr[GUEST_RCX], next);
    ck_assert_uint_eq(ctx->seg[SEG_CS].selector, 0x60);
    ck_assert_uint_eq(ctx->seg[SEG_SS].selector, 0x68);
    ck_assert_uint_eq(x86_cpl(ctx), 0);
    ck_assert(!(ctx->eflags & FLAG_IF));
    flat_begin(flat);
    callout_sysret(ctx, 0, 0, 0);
    expect_done(flat, next);
    ck_assert_uint_eq(ctx->seg[SEG_CS].selector, 0x73);
    ck_assert_uint_eq(ctx->seg[SEG_SS].selector, 0x7b);
    ck_assert_uint_eq(x86_cpl(ctx), 3);
    ck_assert(ctx->eflags & FLAG_IF);
    flat_begin(flat);
    callout_sysret(ctx, 0, 0, 0);
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat_destroy(flat);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {real_mode_call_and_return,
                                  a_call_gate_copies_parameters_to_the_inner_stack,
                                  far_jumps_check_privilege,
                                  iret_to_an_outer_ring_drops_inner_segments,
                                  a_failing_iret_changes_nothing,
                                  popf_respects_iopl,
                                  popf_that_lets_interrupts_in_leaves,
                                  sti_shadows_one_instruction,
                                  cli_below_iopl_faults_or_is_virtual,
                                  virtual_8086_mode_below_iopl_3_traps_to_the_monitor,
                                  vme_redirects_interrupts_and_virtualises_if,
                                  sysenter_and_sysexit_use_flat_segments,
                                  syscall_and_sysret_want_to_be_switched_on,
                                  NULL};
    return flat_main("x86 transfers", tests);
}
