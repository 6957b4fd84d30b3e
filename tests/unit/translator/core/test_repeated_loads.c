/* What is not done again because it was done before: segment loads, SYSENTER and SYSEXIT.  It is
 * done again where it would come out otherwise, on both engines. */
#include "tests/support/cpu_fixture.h"

#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/cpu/segment.h"

#include <check.h>

enum { CODE = 0x1000, GDT = 0x2000, STACK = 0x8000, STEPS = 1000, HOT_EVERY = 20 };
enum { DATA0 = 0x10, MOVABLE = 0x18, CODE3 = 0x18, DATA3 = 0x20 };

/* clang-format off */
static const uint64_t descriptors[] = {
    0, UINT64_C(0x00cf9b000000ffff), UINT64_C(0x00cf93000000ffff), UINT64_C(0x00cf93000000ffff),
    UINT64_C(0x00cff3000000ffff),
};

struct program {
    const char *name;
    uint8_t code[80];
    enum run_result result; /* RUN_TRIPLE_FAULT: there is no handler */
    uint32_t ds_base, esp, ebx;
};

#define LOAD_DS  0x8e, 0xd8                                     /* mov ds, ax */
#define SELECT(s) 0xb8, s, 0, 0, 0                              /* mov eax, s */
#define ES_WORD(at, value) 0x26, 0x66, 0xc7, 0x05, (at) & 0xff, (at) >> 8, 0, 0, (value) & 0xff, (value) >> 8
#define AT_EBX_2 0x43, 0x83, 0xfb, 0x02                         /* inc ebx; cmp ebx, 2 */

static const struct program programs[] = {
    {"a descriptor that moved is loaded",
     {SELECT(MOVABLE), LOAD_DS, LOAD_DS, ES_WORD(GDT + MOVABLE + 2, 0x5000), LOAD_DS, 0xf4},
     RUN_HALTED, 0x5000, STACK, 0},
    {"a table that moved is read",                              /* lgdt es:[1040h] */
     {SELECT(MOVABLE), LOAD_DS, LOAD_DS, 0x26, 0x0f, 0x01, 0x15, 0x40, 0x10, 0, 0, LOAD_DS, 0xf4,
      [0x40] = 0xff, 0, 0xf8, 0x1f, 0, 0},                      /* 8 bytes below: DATA0 there is null */
     RUN_HALTED, 0, STACK, 0},
    {"a selector beyond a new limit faults",
     {SELECT(MOVABLE), LOAD_DS, LOAD_DS, 0x26, 0x0f, 0x01, 0x15, 0x40, 0x10, 0, 0, LOAD_DS, 0xf4,
      [0x40] = MOVABLE + 6, 0, 0, 0x20, 0, 0},
     RUN_TRIPLE_FAULT, 0, STACK, 0},
    {"a descriptor that is absent now faults",
     {SELECT(MOVABLE), LOAD_DS, LOAD_DS, ES_WORD(GDT + MOVABLE + 5, 0xcf13), LOAD_DS, 0xf4},
     RUN_TRIPLE_FAULT, 0, STACK, 0},
    {"pops of what is held move the stack",                     /* push eax (4 times); pop ds (4 times) */
     {SELECT(MOVABLE), 0x50, 0x50, 0x50, 0x50, 0x1f, 0x1f, 0x1f, 0xf4},
     RUN_HALTED, 0, STACK - 4, 0},
    {"a popped descriptor that moved is loaded",
     {SELECT(MOVABLE), 0x50, 0x50, 0x1f, ES_WORD(GDT + MOVABLE + 2, 0x6000), 0x1f, 0xf4},
     RUN_HALTED, 0x6000, STACK, 0},
    {"null is null again",                                      /* mov gs, ebx */
     {0x8e, 0xeb, 0x8e, 0xeb, 0x8e, 0xeb, 0xf4}, RUN_HALTED, 0, STACK, 0},
    {"sysenter goes where it is told now",                      /* sysenter at 1000h, to 1002h */
     {0x0f, 0x34, AT_EBX_2, 0x72, 0xf8,                         /* jb 1000h */
      0xb9, 0x76, 1, 0, 0, 0xb8, 0x20, 0x10, 0, 0, 0x31, 0xd2, 0x0f, 0x30, /* wrmsr 176h: 1020h */
      0x0f, 0x34, 0xf4, [0x20] = 0x83, 0xc3, 0x10, 0xf4},       /* add ebx, 16; hlt */
     RUN_HALTED, 0, STACK, 0x12},
    {"sysexit makes data of ring 0 unusable for loads, not for use",
     {SELECT(DATA0), LOAD_DS, LOAD_DS, 0xb9, 0, 0x70, 0, 0, 0xba, 0x13, 0x10, 0, 0, /* ecx, edx */
      0x0f, 0x35, 0x90, 0x90, LOAD_DS, 0xf4},                   /* sysexit to the load */
     RUN_TRIPLE_FAULT, 0, 0x7000, 0},
    {"a far call to a code segment that shrank faults",           /* lcall 8:1040h, twice */
     {0x9a, 0x40, 0x10, 0, 0, 8, 0, 0x9a, 0x40, 0x10, 0, 0, 8, 0, ES_WORD(GDT + 8, 0x000f),
      ES_WORD(GDT + 8 + 6, 0x0040), 0x9a, 0x40, 0x10, 0, 0, 8, 0, 0xf4, [0x40] = 0x43, 0xcb}, /* inc ebx; lret */
     RUN_TRIPLE_FAULT, 0, STACK, 2},
    {"far calls and returns in the same segment",
     {0x9a, 0x40, 0x10, 0, 0, 8, 0, 0x9a, 0x40, 0x10, 0, 0, 8, 0, 0x9a, 0x40, 0x10, 0, 0, 8, 0, 0xf4,
      [0x40] = 0x43, 0xcb},
     RUN_HALTED, 0, STACK, 3},
    {"sysenter and sysexit in turn",                            /* 1000h: to 1002h; ring 3 at 1000h */
     {0x0f, 0x34, 0x43, 0x83, 0xfb, 0x60, 0x73, 0x0c, 0xb9, 0, 0x70, 0, 0, 0xba, 0, 0x10, 0, 0, 0x0f, 0x35, 0xf4},
     RUN_HALTED, 0, STACK, 0x60},
};
/* clang-format on */

static void begin(struct cpu_fixture *f)
{
    struct x86_cpu *cpu = f->cpu;
    cpu->cr0 = CR0_ET | CR0_NE | CR0_PE;
    cpu->idt_limit = 0;
    cpu->gdt_base = GDT;
    cpu->gdt_limit = sizeof(descriptors) - 1;
    cpu->sysenter_cs = 8;
    cpu->sysenter_esp = STACK;
    cpu->sysenter_eip = CODE + 2;
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        segment_set_flat(f->ctx, &f->ctx->seg[i], i == SEG_CS ? 8 : DATA0,
                         i == SEG_CS ? 0xc09b : 0xc093);
    }
    f->ctx->gpr[GUEST_RSP] = STACK;
    f->ctx->gpr[GUEST_RBX] = 0;
    f->ctx->rip = CODE;
    x86_loaded(cpu);
}

/* hot_every: as in struct pass_set. */
static void run(const struct program *program, const char *engine, uint32_t hot_every)
{
    struct cpu_fixture f;
    struct pass_set passes = {.hot_every = hot_every};
    if (!cpu_fixture_create_with(&f, x86_model_find("max"), engine, 0, passes)) {
        cpu_fixture_destroy(&f);
        return;
    }
    for (unsigned i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]); i++) {
        uint8_t bytes[8];
        store_le64(bytes, descriptors[i]);
        cpu_fixture_poke(&f, GDT + 8 * i, bytes, sizeof(bytes));
    }
    cpu_fixture_poke(&f, CODE, program->code, sizeof(program->code));
    begin(&f);
    enum run_result result = cpu_fixture_run(&f, STEPS);
    ck_assert_msg(result == program->result, "%s, %s: result %d", program->name, engine, result);
    ck_assert_msg(
        f.ctx->seg[SEG_DS].base == program->ds_base && x86_gpr(f.ctx, GUEST_RSP) == program->esp &&
            x86_gpr(f.ctx, GUEST_RBX) == program->ebx,
        "%s, %s: ds %08x esp %08x ebx %08x", program->name, engine,
        (unsigned)f.ctx->seg[SEG_DS].base, x86_gpr(f.ctx, GUEST_RSP), x86_gpr(f.ctx, GUEST_RBX));
    cpu_fixture_destroy(&f);
}

START_TEST(what_was_done_before_is_done_again_where_it_differs)
{
    run(&programs[_i], "portable", 0);
    run(&programs[_i], "native", 0);
    run(&programs[_i], "native", HOT_EVERY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("repeated loads");
    TCase *tcase = tcase_create("programs");
    tcase_add_loop_test(tcase, what_was_done_before_is_done_again_where_it_differs, 0,
                        sizeof(programs) / sizeof(programs[0]));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
