/* MWAIT waits for the board's next timer or an interrupt, once MONITOR has armed it. */
#include "frontend/x86/cpu/cpu.h"
#include "machine/machine.h"
#include "tests/support/engine.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { MAIN = 0x1000, COUNT = 0x508, STACK = 0x7000, TENTH_NS = 100000000 };
enum { MONITOR_AT = 24, TIMER_PERIODS = 2 }; /* of 55 ms, so at least one in a tenth of a second */

static const uint8_t code[] = {
    0xb0, 0x34, 0xe6, 0x43, /* mov al, 34h; out 43h, al: counter 0, mode 2 */
    0xb0, 0x00, 0xe6, 0x40,         0xe6,       0x40, /* mov al, 0; out 40h, al; out 40h, al */
    0x66, 0x31, 0xc9,                                 /* loop: xor ecx, ecx */
    0x66, 0xb8, 0x00, 0x05,         0x00,       0x00, /* mov eax, 500h */
    0x66, 0x31, 0xd2,                                 /* xor edx, edx */
    0x90, 0x90,                                       /* nop; nop */
    0x0f, 0x01, 0xc8,                                 /* monitor */
    0x0f, 0x01, 0xc9,                                 /* mwait */
    0x66, 0xff, 0x06, COUNT & 0xff, COUNT >> 8,       /* inc dword [COUNT] */
    0xeb, 0xe5,                                       /* jmp loop */
};

struct board {
    struct config config;
    struct machine machine;
};

static struct board *start(const char *engine)
{
    struct status status = {0};
    struct board *board = calloc(1, sizeof(*board));
    board->config = (struct config){
        .engine = engine, .display = "none", .memory = "1M", .rtc = "2020-01-01T00:00:00"};
    struct machine *machine = &board->machine;
    ck_assert_msg(machine_create(machine, &board->config, &status), "%s", status.text);
    memcpy(machine->memory.ram + MAIN, code, sizeof(code));
    memset(machine->memory.ram + COUNT, 0, 4);
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

static uint32_t count(const struct board *board)
{
    return load_le32(board->machine.memory.ram + COUNT);
}

/* Rounds in a tenth of a second, run in slices of that length. */
static uint32_t rounds(struct board *board, uint64_t slice_ns)
{
    for (uint64_t at = slice_ns; at <= TENTH_NS; at += slice_ns) {
        machine_run_until(&board->machine, at);
    }
    return count(board);
}

START_TEST(a_masked_timer_ends_the_wait)
{
    struct board *board = start(test_engine(_i));
    uint32_t whole = rounds(board, TENTH_NS);
    ck_assert_uint_ge(whole, TIMER_PERIODS - 1);
    ck_assert_uint_lt(whole, 2000);
    stop(board);
    board = start(test_engine(_i));
    ck_assert_uint_eq(rounds(board, TENTH_NS / 1000), whole);
    stop(board);
}
END_TEST

START_TEST(without_monitor_there_is_no_wait)
{
    struct board *board = start(test_engine(_i));
    memset(board->machine.memory.ram + MAIN + MONITOR_AT, 0x90, 3);
    machine_run_until(&board->machine, TENTH_NS / 100);
    ck_assert_uint_gt(count(board), 1000);
    stop(board);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mwait");
    TCase *tests = tcase_create("mwait");
    tcase_set_timeout(tests, 60);
    int n = test_engines();
    tcase_add_loop_test(tests, a_masked_timer_ends_the_wait, 0, n);
    tcase_add_loop_test(tests, without_monitor_there_is_no_wait, 0, n);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
