/* x87 callouts: environments and state images, faults, pending exceptions, mode changes. */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/helper/x87.h"
#include "tests/unit/frontend/x86/helper/fake_memory.h"
#include "translator/api/callout.h"
#include "translator/api/guest.h"
#include "translator/api/mode.h"
#include "translator/ir/ir.h"

#include <check.h>
#include <stdlib.h>

enum { IMAGE16 = 2 << 8 | SEG_DS, IMAGE32 = 4 << 8 | SEG_DS, OUTSIDE = 0x1000 };

/* A CPU with two numbers on its stack and pointers of a last instruction. */
struct rig {
    struct x86_cpu cpu;
    unsigned ferr_calls;
    bool ferr, kick;
};

static void set_ferr(void *machine, bool level)
{
    struct rig *rig = machine;
    rig->ferr_calls++;
    rig->ferr = level;
    if (level && rig->kick) {
        rig->cpu.ctx.leave = LEAVE_AFTER;
    }
}

static bool flag_if(const struct context *ctx)
{
    return ctx->eflags & FLAG_IF;
}

static const struct guest_ops ops = {.interruptible = flag_if};

static struct rig *setup(void)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    struct context *ctx = &rig->cpu.ctx;
    rig->cpu.wires = (struct x86_wires){.ferr = set_ferr, .machine = rig};
    ctx->guest = &ops;
    rig->cpu.model = x86_model_find("486");
    x87_init(ctx);
    ctx->rip = 0x1234;
    ctx->next_rip = 0x1236;
    ctx->pending = 1;
    ctx->seg[SEG_CS].selector = 0x33;
    ctx->seg[SEG_DS].selector = 0x2b;
    callout_x87(ctx, 0, 0, X87_fld1);
    callout_x87(ctx, 0, 0, X87_fldpi | UINT64_C(0x1eb) << X87_FOP_SHIFT);
    memset(ram, 0xaa, sizeof(ram));
    return rig;
}

static void protected_mode(struct rig *rig)
{
    rig->cpu.cr0 |= CR0_PE;
}

static uint32_t ram32(unsigned offset)
{
    return load_le32(ram + offset);
}

static uint16_t ram16(unsigned offset)
{
    return (uint16_t)(ram[offset] | ram[offset + 1] << 8);
}

START_TEST(environment_in_32_bit_protected_mode)
{
    struct rig *rig = setup();
    protected_mode(rig);
    context_set_slow(&rig->cpu.ctx, 0, 0);
    callout_x87_memory(&rig->cpu.ctx, 0x80, 0, X87_fadd_m32 | SEG_DS << 16);
    callout_fnstenv(&rig->cpu.ctx, 0, 0, IMAGE32);
    static const uint32_t expected[7] = {0xffff037f, 0xffff3220, 0xffff0fff, 0x1234,
                                         0x00000033, 0x80,       0xffff002b};
    for (unsigned i = 0; i < 7; i++) {
        ck_assert_uint_eq(ram32(4 * i), expected[i]);
    }
    ck_assert_uint_eq(ram[28], 0xaa);
    free(rig);
}
END_TEST

START_TEST(environment_in_16_bit_real_mode_has_linear_pointers)
{
    struct rig *rig = setup();
    rig->cpu.ctx.fcs = 0xf000;
    rig->cpu.ctx.fds = 0x1234;
    rig->cpu.ctx.fdp = 0x5678;
    callout_fnstenv(&rig->cpu.ctx, 0, 0, IMAGE16);
    ck_assert_uint_eq(ram16(6), 0x1234);
    ck_assert_uint_eq(ram16(8), 0xf000 | 0x1eb);
    ck_assert_uint_eq(ram16(10), 0x79b8);
    ck_assert_uint_eq(ram16(12), 0x1000);
    ck_assert_uint_eq(ram[14], 0xaa);
    free(rig);
}
END_TEST

/* Modes: 0 real, 1 protected; sizes 2 and 4. */
START_TEST(saved_state_is_restored)
{
    struct rig *rig = setup();
    struct context *ctx = &rig->cpu.ctx;
    uint64_t imm = _i & 1 ? IMAGE16 : IMAGE32;
    if (_i & 2) {
        protected_mode(rig);
    }
    struct x87_reg st7 = ctx->st[7];
    callout_fnsave(ctx, 0, 0, imm);
    ck_assert_uint_eq(ctx->ftag, 0xff);
    ck_assert_uint_eq(ctx->ftop, 0);
    memset(ctx->st, 0, sizeof(ctx->st));
    callout_frstor(ctx, 0, 0, imm);
    ck_assert_uint_eq(ctx->ftop, 6);
    ck_assert_uint_eq(ctx->ftag, 0x3f);
    ck_assert_uint_eq(ctx->st[7].mantissa, st7.mantissa);
    ck_assert_uint_eq(ctx->st[7].exponent, st7.exponent);
    ck_assert_uint_eq(ctx->st[6].mantissa, UINT64_C(0xc90fdaa22168c235));
    free(rig);
}
END_TEST

START_TEST(a_faulting_access_changes_nothing)
{
    static const enum x87_op loads_and_stores[] = {X87_fld_m64, X87_fstp_m80,  X87_fistp_m16,
                                                   X87_fbstp,   X87_fisub_m32, X87_fldcw,
                                                   X87_fnstcw,  X87_fnstsw,    X87_fcomp_m32};
    struct rig *rig = setup();
    struct context *ctx = &rig->cpu.ctx;
    struct context before = *ctx;
    for (unsigned i = 0; i < sizeof(loads_and_stores) / sizeof(*loads_and_stores); i++) {
        callout_x87_memory(ctx, OUTSIDE, 0, loads_and_stores[i] | SEG_DS << 16);
        ck_assert_uint_eq(ctx->leave, LEAVE_EVENT);
        ctx->leave = LEAVE_NONE;
        ck_assert_uint_eq(x87_status_word(ctx), x87_status_word(&before));
        ck_assert_uint_eq(ctx->ftag, before.ftag);
        ck_assert_uint_eq(ctx->fcw, before.fcw);
        ck_assert_uint_eq(ctx->fdp, before.fdp);
    }
    callout_fnsave(ctx, sizeof(ram) - 100, 0, IMAGE32);
    ck_assert_uint_eq(ctx->leave, LEAVE_EVENT);
    ck_assert_uint_eq(ctx->ftop, before.ftop);
    ck_assert_uint_eq(ram[sizeof(ram) - 100], 0xaa);
    free(rig);
}
END_TEST

/* Divides by zero with ZE unmasked. */
static void make_pending(struct rig *rig)
{
    struct context *ctx = &rig->cpu.ctx;
    ctx->fcw = 0x37b;
    ctx->mode = MODE_FPU_SLOW;
    callout_x87(ctx, 0, 0, X87_fldz);
    callout_x87(ctx, 0, 0, X87_fdivp | 1 << 16);
    ck_assert_uint_eq(x87_status_word(ctx) & (FSW_ES | FSW_B | FSW_ZE), FSW_ES | FSW_B | FSW_ZE);
    ck_assert_uint_eq(ctx->ftop, 5); /* stopped: nothing was popped */
}

START_TEST(a_pending_exception_faults_with_numeric_errors_on)
{
    struct rig *rig = setup();
    struct context *ctx = &rig->cpu.ctx;
    rig->cpu.cr0 |= CR0_NE;
    callout_fpu_check(ctx, 0, 0, 0);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    make_pending(rig);
    callout_fpu_check(ctx, 0, 0, 0);
    ck_assert_uint_eq(ctx->leave, LEAVE_EVENT);
    ck_assert_uint_eq(ctx->event.vector, VECTOR_MF);
    ck_assert_uint_eq(rig->ferr_calls, 0);
    free(rig);
}
END_TEST

START_TEST(without_numeric_errors_ferr_asks_for_an_interrupt)
{
    struct rig *rig = setup();
    struct context *ctx = &rig->cpu.ctx;
    make_pending(rig);
    rig->kick = true;
    ctx->eflags = FLAG_IF;
    callout_fpu_check(ctx, 0, 0, 0);
    ck_assert(rig->ferr);
    ck_assert_uint_eq(ctx->leave, LEAVE_LOOKUP); /* interrupt first, */
    ck_assert_uint_eq(ctx->rip, 0x1234);         /* then this instruction */
    ctx->leave = LEAVE_NONE;
    ctx->eflags = 0;
    callout_fpu_check(ctx, 0, 0, 0);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    callout_x87(ctx, 0, 0, X87_fnclex);
    ck_assert(!rig->ferr);
    free(rig);
}
END_TEST

START_TEST(unmasking_leaves_for_the_slow_mode_and_masking_for_the_fast_one)
{
    struct rig *rig = setup();
    struct context *ctx = &rig->cpu.ctx;
    ram[0] = 0x3b;
    ram[1] = 0x03;
    callout_x87_memory(ctx, 0, 0, X87_fldcw | SEG_DS << 16);
    ck_assert_uint_eq(ctx->fcw, 0x37b);
    ck_assert_uint_eq(ctx->leave, LEAVE_LOOKUP);
    ck_assert_uint_eq(ctx->rip, 0x1236);
    ctx->leave = LEAVE_NONE;
    ctx->mode |= MODE_FPU_SLOW;
    callout_x87(ctx, 0, 0, X87_fnop);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    callout_x87(ctx, 0, 0, X87_fninit);
    ck_assert_uint_eq(ctx->leave, LEAVE_LOOKUP);
    free(rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("x87 state");
    TCase *tcase = tcase_create("callouts");
    tcase_add_test(tcase, environment_in_32_bit_protected_mode);
    tcase_add_test(tcase, environment_in_16_bit_real_mode_has_linear_pointers);
    tcase_add_loop_test(tcase, saved_state_is_restored, 0, 4);
    tcase_add_test(tcase, a_faulting_access_changes_nothing);
    tcase_add_test(tcase, a_pending_exception_faults_with_numeric_errors_on);
    tcase_add_test(tcase, without_numeric_errors_ferr_asks_for_an_interrupt);
    tcase_add_test(tcase, unmasking_leaves_for_the_slow_mode_and_masking_for_the_fast_one);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
