/*
 * Faults on purpose: every kind strikes where the file says and nowhere else, and a file that is
 * wrong is one error with its line.
 */
#include "machine/fault_file.h"
#include "machine/faults.h"
#include "machine/pc.h"
#include "tests/support/engine.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define FOREVER_NS (UINT64_C(1) << 62)

struct board {
    struct config config;
    struct machine machine;
};

static struct board *open_board(const char *faults)
{
    struct board *board = calloc(1, sizeof(*board));
    struct status status = {0};
    board->config = (struct config){.display = "none",
                                    .memory = "8M",
                                    .rtc = "2020-01-01T00:00:00",
                                    .demo = true,
                                    .faults = faults ? "f" : NULL,
                                    .faults_text = faults};
    ck_assert_msg(machine_create(&board->machine, &board->config, &status), "%s", status.text);
    return board;
}

static void close_board(struct board *board)
{
    machine_destroy(&board->machine);
    free(board);
}

static void run_to(struct board *board, uint64_t icount)
{
    board->machine.stop_icount = icount;
    machine_run_until(&board->machine, FOREVER_NS);
    ck_assert_uint_eq(machine_icount(&board->machine), icount);
}

static uint8_t byte_at(struct board *board, uint64_t gpa)
{
    uint8_t byte;
    memory_map_peek(&board->machine.memory, gpa, &byte, 1);
    return byte;
}

/* How often fault n has struck, as `ctl info faults` tells. */
static unsigned struck(struct board *board, unsigned n)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    ck_assert(machine_info(&board->machine, "faults", out));
    fclose(out);
    char *at = strstr(text, "struck = ");
    ck_assert_ptr_nonnull(at);
    at += strlen("struck = ");
    while (n--) {
        at = strchr(at, ' ') + 1;
    }
    unsigned long count = strtoul(at, NULL, 16);
    free(text);
    return (unsigned)count;
}

START_TEST(a_bit_of_memory_flips_before_that_instruction)
{
    struct board *board = open_board("at 2000000 ram 0x600000 3\nat 2000000 ram 0x600001 0");
    run_to(board, 1999999);
    ck_assert_uint_eq(byte_at(board, 0x600000), 0);
    run_to(board, 2000000);
    ck_assert_uint_eq(byte_at(board, 0x600000), 0);
    run_to(board, 2000001);
    ck_assert_uint_eq(byte_at(board, 0x600000), 8);
    ck_assert_uint_eq(byte_at(board, 0x600001), 1);
    ck_assert_uint_eq(struck(board, 0), 1);
    machine_reset(&board->machine);
    run_to(board, 3000000);
    ck_assert_uint_eq(struck(board, 0), 1);
    close_board(board);
}
END_TEST

START_TEST(a_bit_of_a_register_flips)
{
    struct board *board = open_board("at 100000 register esi 31");
    struct board *plain = open_board(NULL);
    run_to(board, 100000);
    run_to(plain, 100000);
    ck_assert_uint_eq(board->machine.ctx->gpr[GUEST_RSI], plain->machine.ctx->gpr[GUEST_RSI]);
    run_to(board, 100001);
    run_to(plain, 100001);
    ck_assert_uint_eq(board->machine.ctx->gpr[GUEST_RSI] ^ plain->machine.ctx->gpr[GUEST_RSI],
                      UINT64_C(1) << 31);
    close_board(board);
    close_board(plain);
}
END_TEST

START_TEST(the_clock_jumps)
{
    struct board *board = open_board("at 100000 rtc -86400");
    struct board *plain = open_board(NULL);
    run_to(board, 100001);
    run_to(plain, 100001);
    ck_assert_int_eq(rtc146818_time(board->machine.pc->rtc),
                     rtc146818_time(plain->machine.pc->rtc) - 86400);
    close_board(board);
    close_board(plain);
}
END_TEST

/* Interrupts that the machine takes until then. */
static uint64_t events(struct board *board, uint64_t ns)
{
    machine_run_until(&board->machine, ns);
    return translator_stats(board->machine.translator)->events;
}

START_TEST(a_spurious_interrupt_comes)
{
    static const uint64_t ns = 300000000;
    struct board *plain = open_board(NULL);
    uint64_t usual = events(plain, ns);
    uint64_t icount = machine_icount(&plain->machine);
    char text[64];
    snprintf(text, sizeof(text), "at %llu irq 1 spurious", (unsigned long long)icount);
    struct board *board = open_board(text);
    ck_assert_uint_eq(events(board, ns), usual);
    ck_assert_uint_eq(events(board, ns + 1000000), events(plain, ns + 1000000) + 1);
    ck_assert_uint_eq(struck(board, 0), 1);
    close_board(board);
    close_board(plain);
}
END_TEST

static uint32_t ticks(struct board *board)
{
    uint32_t count = 0;
    memory_map_peek(&board->machine.memory, 0x46c, &count, sizeof(count));
    return count;
}

START_TEST(lost_interrupts_are_missed)
{
    static const uint64_t ns = 600000000;
    struct board *plain = open_board(NULL);
    machine_run_until(&plain->machine, ns / 3);
    uint64_t icount = machine_icount(&plain->machine);
    uint32_t before = ticks(plain);
    char text[64];
    snprintf(text, sizeof(text), "at %llu irq 0 lost times 3", (unsigned long long)icount);
    struct board *board = open_board(text);
    machine_run_until(&plain->machine, ns);
    machine_run_until(&board->machine, ns);
    ck_assert_uint_eq(struck(board, 0), 3);
    ck_assert_uint_ge(ticks(plain), before + 5);
    ck_assert_uint_eq(ticks(board), ticks(plain) - 3);
    close_board(board);
    close_board(plain);
}
END_TEST

static const struct block_media *floppy_of(struct board *board)
{
    return &board->machine.pc->drives.drive[DRIVE_FDA].block;
}

START_TEST(bad_sectors_fail)
{
    struct board *board = open_board("disk fda 10-19 bad\ndisk fda 30 bad-read times 2\n"
                                     "disk fda 40 bad-write\ndisk fdb 50 bad\n");
    const struct block_media *disk = floppy_of(board);
    static uint8_t bytes[32 * 512];
    ck_assert(disk->read(disk->media, 0, 10, bytes));
    ck_assert(!disk->read(disk->media, 9, 2, bytes));
    ck_assert(!disk->write(disk->media, 19, 1, bytes));
    ck_assert(disk->write(disk->media, 20, 1, bytes));
    ck_assert(!disk->read(disk->media, 30, 1, bytes));
    ck_assert(!disk->read(disk->media, 30, 1, bytes));
    ck_assert(disk->read(disk->media, 30, 1, bytes));
    ck_assert(disk->read(disk->media, 40, 1, bytes));
    ck_assert(!disk->write(disk->media, 40, 1, bytes));
    ck_assert(disk->read(disk->media, 50, 1, bytes));
    ck_assert_uint_eq(struck(board, 0), 2);
    ck_assert_uint_eq(struck(board, 1), 2);
    close_board(board);
}
END_TEST

START_TEST(faults_of_disks_begin_at_their_instruction)
{
    struct board *board = open_board("at 5000 disk fda 10 bad");
    const struct block_media *disk = floppy_of(board);
    uint8_t bytes[512];
    run_to(board, 4999);
    ck_assert(disk->read(disk->media, 10, 1, bytes));
    run_to(board, 5000);
    ck_assert(!disk->read(disk->media, 10, 1, bytes));
    close_board(board);
}
END_TEST

START_TEST(a_torn_write_stops_in_the_middle)
{
    struct board *board = open_board("disk fda 11 torn");
    const struct block_media *disk = floppy_of(board);
    static uint8_t bytes[4 * 512];
    memset(bytes, 0xee, sizeof(bytes));
    ck_assert(disk->write(disk->media, 10, 3, bytes));
    memset(bytes, 0, sizeof(bytes));
    ck_assert(disk->read(disk->media, 10, 3, bytes));
    for (unsigned i = 0; i < 3 * 512; i++) {
        ck_assert_uint_eq(bytes[i] == 0xee, i < 512 + 256);
    }
    memset(bytes, 0xdd, sizeof(bytes));
    ck_assert(disk->write(disk->media, 10, 3, bytes));
    ck_assert(disk->read(disk->media, 12, 1, bytes));
    ck_assert_uint_eq(bytes[511], 0xdd);
    close_board(board);
}
END_TEST

START_TEST(slow_sectors_take_longer)
{
    struct board *board = open_board("disk fda 3-4 slow 250 times 1");
    const struct block_media *disk = floppy_of(board);
    ck_assert_uint_eq(disk->delay_ns(disk->media, 5, 1), 0);
    ck_assert_uint_eq(disk->delay_ns(disk->media, 0, 4), 250000000);
    ck_assert_uint_eq(disk->delay_ns(disk->media, 0, 4), 0);
    close_board(board);

    /* The firmware waits for the boot sector so much longer. */
    struct board *plain = open_board(NULL);
    board = open_board("disk fda 0 slow 250");
    machine_run_until(&plain->machine, 200000000);
    uint64_t hash = machine_quick_hash(&plain->machine);
    machine_run_until(&board->machine, 200000000);
    ck_assert_uint_ne(machine_quick_hash(&board->machine), hash);
    ck_assert_uint_ge(struck(board, 0), 1);
    close_board(board);
    close_board(plain);
}
END_TEST

START_TEST(the_same_faults_give_the_same_run)
{
    static const char text[] =
        "at 1000000 register ecx 2\nirq 0 lost times 2\nat 3000000 ram 0x500 1";
    uint64_t hash[3];
    static const uint64_t slices[] = {5000000, 1, 700001};
    for (unsigned i = 0; i < 3; i++) {
        struct board *board = open_board(text);
        board->config.engine = i == 2 ? "portable" : test_best_engine();
        for (uint64_t at = 0; at < 8000000;) {
            at = at + slices[i] * 1000 < 8000000 ? at + slices[i] * 1000 : 8000000;
            machine_run_until(&board->machine, at);
        }
        hash[i] = machine_hash(&board->machine);
        close_board(board);
    }
    ck_assert_uint_eq(hash[0], hash[1]);
    ck_assert_uint_eq(hash[0], hash[2]);
}
END_TEST

START_TEST(wrong_files_are_one_error_with_its_line)
{
    static const struct {
        const char *text, *error;
    } wrong[] = {
        {"ram 0x10 9", "f:1: no bit from 0 to 7: 9"},
        {"# fine\n\nat x ram 0 0", "f:3: no instruction count: x"},
        {"at", "f:1: no instruction count: nothing"},
        {"at 5", "f:1: ram, register, irq, rtc or disk, not"},
        {"at 5 rom 1 2", "f:1: ram, register, irq, rtc or disk, not: rom"},
        {"register xax 1", "f:1: no register (eax, ecx, edx, ebx, esp, ebp, esi, edi, eip): xax"},
        {"register eax 32", "f:1: no bit from 0 to 31: 32"},
        {"irq 16 lost", "f:1: no interrupt line from 0 to 15: 16"},
        {"irq 4 gone", "f:1: spurious or lost, not: gone"},
        {"irq 4 lost times 0", "f:1: no count: 0"},
        {"irq 4 lost 3", "f:1: unexpected: 3"},
        {"rtc 0", "f:1: no number of seconds: 0"},
        {"rtc 1x", "f:1: no number of seconds: 1x"},
        {"disk hde 1 bad", "f:1: no drive (fda, fdb, hda, hdb, hdc, hdd): hde"},
        {"disk hda 5-4 bad", "f:1: no sector or range of sectors: 5-4"},
        {"disk hda 5- bad", "f:1: no sector or range of sectors: 5-"},
        {"disk hda 5", "f:1: bad, bad-read, bad-write, torn or slow, not"},
        {"disk hda 5 slow", "f:1: no number of milliseconds up to 60000: nothing"},
        {"a b c d e f g h i j k l m n o p q", "f:1: too many words"},
    };
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct fault faults[FAULTS_MOST];
        struct status status = {0};
        unsigned count;
        ck_assert(!fault_file_parse("f", wrong[i].text, faults, &count, &status));
        ck_assert_str_eq(status.text, wrong[i].error);
    }
}
END_TEST

START_TEST(there_is_a_limit)
{
    struct fault faults[FAULTS_MOST];
    struct status status = {0};
    unsigned count;
    char text[FAULTS_MOST * 8 + 16] = "";
    for (unsigned i = 0; i < FAULTS_MOST; i++) {
        strcat(text, "rtc +1\n");
    }
    ck_assert(fault_file_parse("f", text, faults, &count, &status));
    ck_assert_uint_eq(count, FAULTS_MOST);
    strcat(text, "rtc 1\n");
    ck_assert(!fault_file_parse("f", text, faults, &count, &status));
    ck_assert_str_eq(status.text, "f:65: more faults than there can be");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, a_bit_of_memory_flips_before_that_instruction);
    tcase_add_test(all, a_bit_of_a_register_flips);
    tcase_add_test(all, the_clock_jumps);
    tcase_add_test(all, a_spurious_interrupt_comes);
    tcase_add_test(all, lost_interrupts_are_missed);
    tcase_add_test(all, bad_sectors_fail);
    tcase_add_test(all, faults_of_disks_begin_at_their_instruction);
    tcase_add_test(all, a_torn_write_stops_in_the_middle);
    tcase_add_test(all, slow_sectors_take_longer);
    tcase_add_test(all, the_same_faults_give_the_same_run);
    tcase_add_test(all, wrong_files_are_one_error_with_its_line);
    tcase_add_test(all, there_is_a_limit);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
