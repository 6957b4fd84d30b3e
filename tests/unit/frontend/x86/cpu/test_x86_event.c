/* Delivery: vector table, gates, stack switch, error codes, double and triple faults, tasks. */
#include "tests/support/flat_memory.h"

static bool deliver(struct flat *flat, unsigned vector, enum event_kind kind, int error)
{
    flat->ctx->event = (struct guest_event){.vector = (uint8_t)vector,
                                            .kind = (uint8_t)kind,
                                            .has_error = error >= 0,
                                            .error = error >= 0 ? (uint32_t)error : 0};
    return x86_deliver(flat->ctx);
}

START_TEST(real_mode_uses_the_vector_table)
{
    struct flat *flat = flat_real("386");
    store_le32(flat->ram + 0x21 * 4, 0x12345678);
    flat->ctx->eflags |= FLAG_IF | FLAG_TF;
    flat->ctx->halted = 1;
    ck_assert(deliver(flat, 0x21, EVENT_EXTERNAL, -1));
    ck_assert_uint_eq(flat->ctx->seg[SEG_CS].selector, 0x1234);
    ck_assert_uint_eq(flat->ctx->seg[SEG_CS].base, 0x12340);
    ck_assert_uint_eq(flat->ctx->rip, 0x5678);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RSP], 0x7ffa);
    ck_assert_uint_eq(load_le16(flat->ram + 0x7ffa), 0x100);
    ck_assert_uint_eq(load_le16(flat->ram + 0x7ffe), 0x302);
    ck_assert(!(flat->ctx->eflags & (FLAG_IF | FLAG_TF)));
    ck_assert_uint_eq(flat->ctx->halted, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(an_interrupt_gate_to_ring_0_switches_stacks)
{
    struct flat *flat = flat_protected("max");
    flat_idt(flat, 14, SEL_CODE0, 0x12345, 0x8e);
    flat_ring(flat, 3);
    flat->ctx->eflags |= FLAG_IF;
    ck_assert(deliver(flat, 14, EVENT_FAULT, 6));
    uint64_t esp = flat->ctx->gpr[GUEST_RSP];
    ck_assert_uint_eq(esp, FLAT_STACK0 - 24);
    ck_assert_uint_eq(flat_word(flat, esp), 6);
    ck_assert_uint_eq(flat_word(flat, esp + 4), FLAT_CODE);
    ck_assert_uint_eq(flat_word(flat, esp + 8), SEL_CODE3);
    ck_assert_uint_eq(flat_word(flat, esp + 12), FLAG_IF | FLAG_RF | 2);
    ck_assert_uint_eq(flat_word(flat, esp + 16), FLAT_STACK3);
    ck_assert_uint_eq(flat_word(flat, esp + 20), SEL_DATA3);
    ck_assert_uint_eq(flat->ctx->rip, 0x12345);
    ck_assert_uint_eq(x86_cpl(flat->ctx), 0);
    ck_assert_uint_eq(flat->ctx->view, 0);
    ck_assert(!x86_interruptible(flat->ctx));
    flat_destroy(flat);
}
END_TEST

START_TEST(a_trap_gate_keeps_if_and_16_bit_gates_push_words)
{
    struct flat *flat = flat_protected("max");
    flat_idt(flat, 0x30, SEL_CODE0, 0x1111, 0x87);
    flat->ctx->eflags |= FLAG_IF;
    uint64_t esp = flat->ctx->gpr[GUEST_RSP];
    ck_assert(deliver(flat, 0x30, EVENT_EXTERNAL, -1));
    ck_assert(flat->ctx->eflags & FLAG_IF);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RSP], esp - 6);
    flat_destroy(flat);
}
END_TEST

START_TEST(a_software_interrupt_checks_the_gate_privilege)
{
    struct flat *flat = flat_protected("max");
    flat_idt(flat, 0x80, SEL_CODE0, 0x1111, 0x8e);
    flat_ring(flat, 3);
    callout_int_n(flat->ctx, 0, 0, 0x80);
    flat_expect_fault(flat, VECTOR_GP, 0x80 * 8 + 2);
    ck_assert_uint_eq(flat->ctx->rip, FLAT_CODE);
    flat_idt(flat, 0x80, SEL_CODE0, 0x1111, 0xee);
    flat_begin(flat);
    callout_int_n(flat->ctx, 0, 0, 0x80);
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_LOOKUP);
    ck_assert_int_eq(flat->ctx->pending, 0);
    ck_assert_uint_eq(flat_word(flat, flat->ctx->gpr[GUEST_RSP]), FLAT_CODE + 2);
    flat_destroy(flat);
}
END_TEST

START_TEST(external_interrupts_set_ext_in_error_codes)
{
    struct flat *flat = flat_protected("max");
    flat_idt(flat, 13, SEL_CODE0, 0x2222, 0x8e);
    ck_assert(deliver(flat, 0x50, EVENT_EXTERNAL, -1)); /* no such gate */
    ck_assert_uint_eq(flat->ctx->rip, 0x2222);
    ck_assert_uint_eq(flat_word(flat, flat->ctx->gpr[GUEST_RSP]), 0x50 * 8 + 3);
    flat_destroy(flat);
}
END_TEST

START_TEST(contributory_pairs_become_double_and_triple_faults)
{
    struct flat *flat = flat_protected("max");
    flat_idt(flat, 8, SEL_CODE0, 0x3333, 0x8e);
    ck_assert(deliver(flat, 13, EVENT_FAULT, 0));
    ck_assert_uint_eq(flat->ctx->rip, 0x3333);
    ck_assert_uint_eq(flat_word(flat, flat->ctx->gpr[GUEST_RSP]), 0);
    flat_idt(flat, 8, 0, 0, 0);
    ck_assert(!deliver(flat, 13, EVENT_FAULT, 0));
    flat_destroy(flat);
}
END_TEST

START_TEST(virtual_8086_mode_pushes_data_segments)
{
    struct flat *flat = flat_protected("max");
    struct context *ctx = flat->ctx;
    flat_idt(flat, 0x20, SEL_CODE0, 0x4444, 0x8e);
    ctx->eflags |= FLAG_VM | FLAG_IF;
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        segment_set_real(ctx, &ctx->seg[i], (uint16_t)(0x100 * (i + 1)));
    }
    ctx->gpr[GUEST_RSP] = 0xfff0;
    ctx->rip = 0x77;
    ctx->view = 1;
    ck_assert(deliver(flat, 0x20, EVENT_EXTERNAL, -1));
    uint64_t esp = ctx->gpr[GUEST_RSP];
    ck_assert_uint_eq(esp, FLAT_STACK0 - 36);
    ck_assert_uint_eq(flat_word(flat, esp), 0x77);
    ck_assert_uint_eq(flat_word(flat, esp + 8), FLAG_VM | FLAG_IF | 2);
    ck_assert_uint_eq(flat_word(flat, esp + 20), 0x100); /* ES */
    ck_assert_uint_eq(flat_word(flat, esp + 32), 0x600); /* GS */
    ck_assert_uint_eq(ctx->seg[SEG_DS].read_end, 0);
    ck_assert(!x86_v86(ctx));
    flat_begin(flat);
    callout_iret(ctx, 0, 0, 4);
    ck_assert_uint_eq(ctx->leave, LEAVE_LOOKUP);
    ck_assert(x86_v86(ctx));
    ck_assert_uint_eq(ctx->seg[SEG_GS].base, 0x6000);
    ck_assert_uint_eq(ctx->seg[SEG_CS].selector, 0x200);
    ck_assert_uint_eq(ctx->gpr[GUEST_RSP], 0xfff0);
    ck_assert_uint_eq(ctx->view, 1);
    flat_destroy(flat);
}
END_TEST

/* TSS2 describes a ring-0 task at 5555h. */
static void second_task(struct flat *flat)
{
    uint8_t *tss = flat->ram + FLAT_TSS2;
    store_le32(tss + 0x20, 0x5555);
    store_le32(tss + 0x24, 2);
    store_le32(tss + 0x28, 0xaaaa);
    store_le32(tss + 0x38, FLAT_STACK0 - 0x100);
    for (unsigned i = 0; i < 6; i++) {
        store_le16(tss + 0x48 + i * 4, i == 1 ? SEL_CODE0 : SEL_DATA0);
    }
}

START_TEST(a_far_call_to_a_tss_switches_and_iret_comes_back)
{
    struct flat *flat = flat_protected("max");
    struct context *ctx = flat->ctx;
    second_task(flat);
    ctx->gpr[GUEST_RBX] = 0x1234567;
    callout_far_call(ctx, 0, SEL_TSS2, 4);
    ck_assert_uint_eq(ctx->leave, LEAVE_LOOKUP);
    ck_assert_uint_eq(ctx->rip, 0x5555);
    ck_assert_uint_eq(ctx->gpr[GUEST_RAX], 0xaaaa);
    ck_assert_uint_eq(flat->cpu->tr[0].selector, SEL_TSS2);
    ck_assert(ctx->eflags & FLAG_NT);
    ck_assert(flat->cpu->cr0 & CR0_TS);
    ck_assert_uint_eq(load_le16(flat->ram + FLAT_TSS2), SEL_TSS);
    ck_assert_uint_eq(flat->ram[FLAT_GDT + SEL_TSS2 + 5], 0x8b);
    ck_assert_uint_eq(flat_word(flat, FLAT_TSS + 0x20), FLAT_CODE + 2);
    ck_assert_uint_eq(flat_word(flat, FLAT_TSS + 0x34), 0x1234567);
    flat_begin(flat);
    callout_iret(ctx, 0, 0, 4);
    ck_assert_uint_eq(ctx->leave, LEAVE_LOOKUP);
    ck_assert_uint_eq(ctx->rip, FLAT_CODE + 2);
    ck_assert_uint_eq(ctx->gpr[GUEST_RBX], 0x1234567);
    ck_assert_uint_eq(flat->ram[FLAT_GDT + SEL_TSS2 + 5], 0x89);
    ck_assert_uint_eq(flat->ram[FLAT_GDT + SEL_TSS + 5], 0x8b);
    ck_assert(!(ctx->eflags & FLAG_NT));
    flat_destroy(flat);
}
END_TEST

START_TEST(a_task_gate_takes_exceptions_with_their_error_code)
{
    struct flat *flat = flat_protected("max");
    second_task(flat);
    flat_idt(flat, 8, SEL_TSS2, 0, 0x85);
    ck_assert(deliver(flat, 8, EVENT_FAULT, 0));
    ck_assert_uint_eq(flat->ctx->rip, 0x5555);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RSP], FLAT_STACK0 - 0x104);
    flat_destroy(flat);
}
END_TEST

START_TEST(a_bad_tss_faults_in_the_right_task)
{
    struct flat *flat = flat_protected("max");
    flat_descriptor(flat, SEL_TSS2, FLAT_TSS2, 0x66, 0x89, 0);
    callout_far_jump(flat->ctx, 0, SEL_TSS2, 4);
    flat_expect_fault(flat, VECTOR_TS, SEL_TSS2);
    ck_assert_uint_eq(flat->cpu->tr[0].selector, SEL_TSS);
    second_task(flat);
    flat_descriptor(flat, SEL_TSS2, FLAT_TSS2, 0x67, 0x89, 0);
    store_le16(flat->ram + FLAT_TSS2 + 0x4c, SEL_DATA0);
    flat_begin(flat);
    callout_far_jump(flat->ctx, 0, SEL_TSS2, 4);
    flat_expect_fault(flat, VECTOR_TS, SEL_DATA0);
    ck_assert_uint_eq(flat->cpu->tr[0].selector, SEL_TSS2);
    ck_assert_uint_eq(flat->ctx->rip, 0x5555);
    flat_destroy(flat);
}
END_TEST

START_TEST(single_step_raises_a_trap_except_after_mov_ss)
{
    struct flat *flat = flat_real("386");
    struct context *ctx = flat->ctx;
    ctx->eflags |= FLAG_TF;
    ck_assert(x86_mode(ctx) & MODE_STEP);
    x86_after_step(ctx, ctx->eflags);
    ck_assert_uint_eq(ctx->leave, LEAVE_EVENT);
    ck_assert_uint_eq(ctx->event.vector, VECTOR_DB);
    ck_assert_uint_eq(ctx->event.kind, EVENT_TRAP);
    ck_assert_uint_eq(flat->cpu->dr[6], DR6_FIXED | DR6_BS);
    flat_begin(flat);
    callout_seg_load(ctx, 0, 0, SEG_SS);
    ctx->leave = LEAVE_NONE;
    x86_after_step(ctx, ctx->eflags);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    flat_destroy(flat);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {real_mode_uses_the_vector_table,
                                  an_interrupt_gate_to_ring_0_switches_stacks,
                                  a_trap_gate_keeps_if_and_16_bit_gates_push_words,
                                  a_software_interrupt_checks_the_gate_privilege,
                                  external_interrupts_set_ext_in_error_codes,
                                  contributory_pairs_become_double_and_triple_faults,
                                  virtual_8086_mode_pushes_data_segments,
                                  a_far_call_to_a_tss_switches_and_iret_comes_back,
                                  a_task_gate_takes_exceptions_with_their_error_code,
                                  a_bad_tss_faults_in_the_right_task,
                                  single_step_raises_a_trap_except_after_mov_ss,
                                  NULL};
    return flat_main("x86 events", tests);
}
