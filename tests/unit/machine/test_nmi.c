/* Non-maskable interrupts: one handler at a time, on both engines. */
#include "frontend/x86/cpu/cpu.h"
#include "machine/machine.h"
#include "machine/pc.h"
#include "tests/support/engine.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { MAIN = 0x1000, HANDLER = 0x2000, STACK = 0x7000, MOMENT_NS = 20000 };

/* Cells of the guest's program. */
enum { ENTERED = 0x500, GO_ON = 0x504, COUNT = 0x508, COUNT_AT = 0x510 };

/* inc dword [COUNT]; jmp MAIN */
static const uint8_t main_code[] = {0x66, 0xff, 0x06, COUNT & 0xff, COUNT >> 8, 0xeb, 0xf9};

/* Saves the count for this entry, waits until it may go on, returns. */
static const uint8_t handler_code[] = {
    0xfe, 0x06, ENTERED & 0xff, ENTERED >> 8,                   /* inc byte [ENTERED] */
    0x66, 0xa1, COUNT & 0xff,   COUNT >> 8,                     /* mov eax, [COUNT] */
    0x0f, 0xb6, 0x1e,           ENTERED & 0xff,  ENTERED >> 8,  /* movzx bx, byte [ENTERED] */
    0xc1, 0xe3, 0x02,                                           /* shl bx, 2 */
    0x66, 0x89, 0x87,           COUNT_AT & 0xff, COUNT_AT >> 8, /* mov [bx + COUNT_AT], eax */
    0x80, 0x3e, GO_ON & 0xff,   GO_ON >> 8,      0x00,          /* cmp byte [GO_ON], 0 */
    0x74, 0xf9,                                                 /* je to the comparison */
    0xcf,                                                       /* iret */
};

struct board {
    struct config config;
    struct machine machine;
};

static uint32_t cell(const struct board *board, unsigned at)
{
    return load_le32(board->machine.memory.ram + at);
}

static struct board *start(const char *engine)
{
    struct status status = {0};
    struct board *board = calloc(1, sizeof(*board));
    board->config = (struct config){
        .engine = engine, .display = "none", .memory = "1M", .rtc = "2020-01-01T00:00:00"};
    struct machine *machine = &board->machine;
    ck_assert_msg(machine_create(machine, &board->config, &status), "%s", status.text);
    static const uint8_t vector[] = {HANDLER & 0xff, HANDLER >> 8, 0, 0};
    memcpy(machine->memory.ram + MAIN, main_code, sizeof(main_code));
    memcpy(machine->memory.ram + HANDLER, handler_code, sizeof(handler_code));
    memcpy(machine->memory.ram + 2 * 4, vector, sizeof(vector));
    struct context *ctx = machine->ctx;
    ctx->seg[SEG_CS] = (struct segment){.limit = 0xffff, .rights = RIGHTS_DATA_RW};
    segment_update(ctx, &ctx->seg[SEG_CS]);
    ctx->rip = MAIN;
    ctx->gpr[GUEST_RSP] = STACK;
    return board;
}

static void stop(struct board *board)
{
    machine_destroy(&board->machine);
    free(board);
}

static void run(struct board *board)
{
    machine_run_until(&board->machine, machine_now(&board->machine) + MOMENT_NS);
}

static void nmi(struct board *board)
{
    lapic_deliver(board->machine.pc->lapic, 0, LAPIC_NMI, false, 0, false);
}

START_TEST(an_nmi_waits_for_the_end_of_the_handler_before)
{
    struct board *board = start(test_engine(_i));
    run(board);
    ck_assert_uint_gt(cell(board, COUNT), 0);
    nmi(board);
    run(board);
    ck_assert_uint_eq(cell(board, ENTERED), 1);
    ck_assert(x86_nmi_blocked(board->machine.cpu));
    nmi(board);
    nmi(board); /* only one is remembered */
    run(board);
    ck_assert_uint_eq(cell(board, ENTERED), 1);
    board->machine.memory.ram[GO_ON] = 1;
    run(board);
    ck_assert_uint_eq(cell(board, ENTERED), 2);
    ck_assert_uint_eq(cell(board, COUNT_AT + 4), cell(board, COUNT_AT + 8)); /* at once */
    ck_assert_uint_gt(cell(board, COUNT), cell(board, COUNT_AT + 8));
    ck_assert(!x86_nmi_blocked(board->machine.cpu));
    stop(board);
}
END_TEST

START_TEST(an_nmi_wakes_a_halted_processor)
{
    struct board *board = start(test_engine(_i));
    board->machine.memory.ram[MAIN] = 0xf4; /* hlt; interrupts are off */
    board->machine.memory.ram[GO_ON] = 1;
    run(board);
    ck_assert(board->machine.ctx->halted);
    nmi(board);
    run(board);
    ck_assert_uint_eq(cell(board, ENTERED), 1);
    stop(board);
}
END_TEST

START_TEST(an_nmi_waits_for_the_instruction_after_a_load_of_ss)
{
    struct board *board = start(test_engine(_i));
    struct context *ctx = board->machine.ctx;
    context_shadow(ctx, SHADOW_SS);
    ctx->shadow_icount = machine_icount(&board->machine);
    board->machine.memory.ram[GO_ON] = 1;
    nmi(board);
    run(board);
    ck_assert_uint_eq(cell(board, ENTERED), 1);
    ck_assert_uint_eq(cell(board, COUNT_AT + 4), 1); /* the inc ran, the jmp did not */
    stop(board);
}
END_TEST

START_TEST(a_reset_forgets_an_nmi)
{
    struct board *board = start(test_engine(_i));
    nmi(board);
    run(board);
    nmi(board);
    machine_reset(&board->machine);
    ck_assert(!board->machine.nmi_wanted);
    ck_assert(!x86_nmi_blocked(board->machine.cpu));
    stop(board);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nmi");
    TCase *tests = tcase_create("nmi");
    int count = test_engines();
    tcase_add_loop_test(tests, an_nmi_waits_for_the_end_of_the_handler_before, 0, count);
    tcase_add_loop_test(tests, an_nmi_wakes_a_halted_processor, 0, count);
    tcase_add_loop_test(tests, an_nmi_waits_for_the_instruction_after_a_load_of_ss, 0, count);
    tcase_add_loop_test(tests, a_reset_forgets_an_nmi, 0, count);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
