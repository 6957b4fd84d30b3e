/*
 * Recordings as files: what was written is read again; what is torn is cut off; what is damaged or
 * made up is one error and never more than that.
 */
#define _GNU_SOURCE /* memfd_create */
#include "snapshots/identity.h"
#include "snapshots/replay_log.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RECORDS = 40 };

static char path[64];

static int file; /* in memory */

static void make_path(void)
{
    file = memfd_create("recording", 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
}

static void remove_path(void)
{
    close(file);
}

/* Record n of the test's recording: every kind, numbers of every length. */
static struct log_record record_of(unsigned n, char *text)
{
    static const uint8_t codes[] = {LOG_OPTION, LOG_IMAGE, LOG_BEGIN, LOG_KEY,  LOG_MOUSE,
                                    LOG_SERIAL, LOG_MEDIA, LOG_RESET, LOG_MARK, LOG_END};
    struct log_record record = {.code = codes[n % sizeof(codes)]};
    record.at = (struct log_position){(uint64_t)n * n * 1000003, (uint64_t)n * 77};
    for (unsigned i = 0; i < LOG_VALUES; i++) {
        int length = snprintf(text, 32, "text %u of %u", i, n);
        record.value[i] = (struct log_value){UINT64_MAX >> (n + 7 * i) % 64, text, (size_t)length};
    }
    return record;
}

static void write_recording(void)
{
    struct status status = {0};
    struct log_writer *writer = log_create(path, &status);
    char text[32];
    ck_assert_ptr_nonnull(writer);
    for (unsigned n = 0; n < RECORDS; n++) {
        struct log_record record = record_of(n, text);
        ck_assert(log_write(writer, &record, &status));
    }
    log_close(writer);
}

static size_t slurp(uint8_t *bytes, size_t room)
{
    FILE *in = fopen(path, "rb");
    size_t count = fread(bytes, 1, room, in);
    fclose(in);
    return count;
}

static void spill(const uint8_t *bytes, size_t count)
{
    FILE *out = fopen(path, "wb");
    ck_assert_uint_eq(fwrite(bytes, 1, count, out), count);
    fclose(out);
}

/* Reads to the end; how it ended, and how many records there were. */
static enum log_outcome read_all(unsigned *records, struct status *status)
{
    struct log_reader *reader = log_open(path, status);
    struct log_record record;
    enum log_outcome outcome = LOG_BAD;
    *records = 0;
    while (reader && (outcome = log_read(reader, &record, status)) == LOG_GOT) {
        ++*records;
    }
    if (reader) {
        log_reader_close(reader);
    }
    return outcome;
}

START_TEST(records_are_read_as_they_were_written)
{
    struct status status = {0};
    struct log_record record;
    char text[32];
    write_recording();
    struct log_reader *reader = log_open(path, &status);
    ck_assert_ptr_nonnull(reader);
    for (unsigned n = 0; n < RECORDS; n++) {
        struct log_record want = record_of(n, text);
        ck_assert_int_eq(log_read(reader, &record, &status), LOG_GOT);
        ck_assert_uint_eq(record.code, want.code);
        if (record.code == LOG_KEY) {
            ck_assert_uint_eq(record.at.icount, want.at.icount);
            ck_assert_uint_eq(record.at.idle_ns, want.at.idle_ns);
            ck_assert_uint_eq(record.value[0].number, want.value[0].number);
            ck_assert_uint_eq(record.value[1].number, want.value[1].number);
        }
        if (record.code == LOG_SERIAL) {
            ck_assert_uint_eq(record.value[2].size, want.value[2].size);
            ck_assert_mem_eq(record.value[2].bytes, want.value[2].bytes, record.value[2].size);
        }
    }
    ck_assert_int_eq(log_read(reader, &record, &status), LOG_DONE);
    log_reader_close(reader);
}
END_TEST

START_TEST(a_reader_comes_back_to_where_it_was)
{
    struct status status = {0};
    struct log_record record;
    write_recording();
    struct log_reader *reader = log_open(path, &status);
    for (unsigned n = 0; n < 5; n++) {
        log_read(reader, &record, &status);
    }
    struct log_cursor cursor = log_tell(reader);
    log_read(reader, &record, &status);
    struct log_record first = record;
    while (log_read(reader, &record, &status) == LOG_GOT) {
    }
    ck_assert(log_seek(reader, &cursor, &status));
    ck_assert_int_eq(log_read(reader, &record, &status), LOG_GOT);
    ck_assert_uint_eq(record.code, first.code);
    ck_assert_uint_eq(record.at.icount, first.at.icount);
    log_reader_close(reader);
}
END_TEST

/* At every length: whole records are read, the rest is cut off. */
START_TEST(a_file_may_end_anywhere)
{
    static uint8_t bytes[16384];
    write_recording();
    size_t count = slurp(bytes, sizeof(bytes));
    unsigned last = 0;
    for (size_t length = 16; length <= count; length++) {
        struct status status = {0};
        unsigned records;
        spill(bytes, length);
        enum log_outcome outcome = read_all(&records, &status);
        ck_assert(outcome == LOG_TORN || outcome == LOG_DONE);
        ck_assert_uint_ge(records, last);
        ck_assert_uint_le(records, last + 1);
        last = records;
    }
    ck_assert_uint_eq(last, RECORDS);
    for (size_t length = 0; length < 16; length++) {
        struct status status = {0};
        unsigned records;
        spill(bytes, length);
        ck_assert_int_eq(read_all(&records, &status), LOG_BAD);
        ck_assert_ptr_nonnull(strstr(status.text, "is no recording"));
    }
}
END_TEST

/* Any changed byte is noticed: the records before it are read, that one is not. */
START_TEST(a_changed_byte_is_noticed)
{
    static uint8_t bytes[16384];
    write_recording();
    size_t count = slurp(bytes, sizeof(bytes));
    for (size_t at = 0; at < count; at++) {
        struct status status = {0};
        unsigned records;
        bytes[at] ^= 0x10;
        spill(bytes, count);
        enum log_outcome outcome = read_all(&records, &status);
        bytes[at] ^= 0x10;
        ck_assert_msg(outcome == LOG_BAD || outcome == LOG_TORN, "byte %zu", at);
        ck_assert_uint_lt(records, RECORDS);
    }
}
END_TEST

/* Records with a right check and any content: what does not have the fields of its code is one
 * error. */
START_TEST(made_up_records_are_one_error)
{
    static uint8_t bytes[16384];
    uint32_t dice = 1;
    unsigned bad = 0;
    write_recording();
    size_t count = slurp(bytes, sizeof(bytes));
    for (unsigned round = 0; round < 2000; round++) {
        static uint8_t changed[16384];
        struct status status = {0};
        unsigned records;
        memcpy(changed, bytes, count);
        for (unsigned n = 0; n <= round % 8; n++) {
            dice = dice * 1664525 + 1013904223;
            changed[(dice >> 8) % count] = (uint8_t)(dice >> 24);
        }
        log_reseal(changed, count);
        spill(changed, count);
        enum log_outcome outcome = read_all(&records, &status);
        ck_assert(outcome != LOG_GOT);
        ck_assert(outcome != LOG_BAD || (status.failed && !strchr(status.text, '\n')));
        bad += outcome == LOG_BAD;
    }
    ck_assert_uint_gt(bad, 100);
}
END_TEST

START_TEST(an_identity_is_the_content)
{
    static uint8_t bytes[3 * 65536 + 5];
    struct identity one;
    struct identity other;
    struct status status = {0};
    bytes[70000] = 1;
    spill(bytes, sizeof(bytes));
    ck_assert(identity_of_file(path, &one, &status));
    ck_assert_uint_eq(one.bytes, sizeof(bytes));

    /* With holes instead of zeros it is the same. */
    FILE *out = fopen(path, "wb");
    fseek(out, 65536, SEEK_SET);
    fwrite(bytes + 65536, 1, 65536, out);
    fclose(out);
    ck_assert_int_eq(truncate(path, sizeof(bytes)), 0);
    ck_assert(identity_of_file(path, &other, &status));
    ck_assert(identity_equal(&one, &other));

    bytes[70000] = 0;
    bytes[70000 + 65536] = 1;
    spill(bytes, sizeof(bytes));
    ck_assert(identity_of_file(path, &other, &status));
    ck_assert(!identity_equal(&one, &other));
    ck_assert(!identity_of_file("/nonexistent", &other, &status));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_log");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, make_path, remove_path);
    tcase_add_test(all, records_are_read_as_they_were_written);
    tcase_add_test(all, a_reader_comes_back_to_where_it_was);
    tcase_add_test(all, a_file_may_end_anywhere);
    tcase_add_test(all, a_changed_byte_is_noticed);
    tcase_add_test(all, made_up_records_are_one_error);
    tcase_add_test(all, an_identity_is_the_content);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
