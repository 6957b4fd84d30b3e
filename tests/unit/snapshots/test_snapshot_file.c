/* Snapshot files: what is written is read, chains, damage, a writer that is killed, FORMAT.md. */
#define _GNU_SOURCE
#include "snapshots/fields.h"
#include "snapshots/reader.h"
#include "snapshots/writer.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UNIT = 16, UNITS = 200 };

static char folder[64];
static char path_a[96], path_b[96], path_c[96];

static void set_up(void)
{
    strcpy(folder, "/tmp/snapshot_file.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path_a, sizeof(path_a), "%s/a", folder);
    snprintf(path_b, sizeof(path_b), "%s/b", folder);
    snprintf(path_c, sizeof(path_c), "%s/c", folder);
}

static void tear_down(void)
{
    unlink(path_a);
    unlink(path_b);
    unlink(path_c);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing else was left behind */
}

static const struct snap_region memory = {.name = "ram", .units = UNITS, .unit_bytes = UNIT};

/* Units of a window; unit n is filled with the byte value n + add. */
static void put_units(struct snap_writer *writer, unsigned region, uint32_t window,
                      uint64_t present, uint64_t gone, uint8_t add)
{
    uint8_t *to = snap_writer_room(writer);
    for (unsigned i = 0; i < SNAP_UNITS; i++) {
        if (present >> i & 1) {
            memset(to, (int)(window * SNAP_UNITS + i + add), UNIT);
            to += UNIT;
        }
    }
    snap_writer_window(writer, region, window, present, gone);
}

static void finish(struct snap_writer *writer, uint8_t id[SNAP_ID_BYTES])
{
    struct status status = {0};
    ck_assert_msg(snap_writer_finish(writer, id, &status), "%s", status.text);
}

static struct snap_writer *begin(const char *path, enum snap_codec codec, const uint8_t *parent)
{
    struct status status = {0};
    struct snap_writer *writer = snap_writer_open(path, codec, parent, &status);
    ck_assert_msg(writer, "%s", status.text);
    return writer;
}

static void write_a(enum snap_codec codec, uint8_t id[SNAP_ID_BYTES])
{
    struct snap_writer *writer = begin(path_a, codec, NULL);
    snap_writer_blob(writer, SNAP_STATE, "state", 5);
    unsigned region = snap_writer_region(writer, &memory);
    put_units(writer, region, 0, UINT64_C(0x8000000000000005), 0, 0);
    put_units(writer, region, 2, UINT64_C(0xff), 0, 0);
    finish(writer, id);
}

/* Builds on a: unit 2 is new, unit 0 is gone, window 3 appears. */
static void write_b(const uint8_t *parent, uint8_t id[SNAP_ID_BYTES])
{
    struct snap_writer *writer = begin(path_b, SNAP_ZLIB, parent);
    struct snap_region region = memory;
    region.inherits = 1;
    snap_writer_blob(writer, SNAP_PARENT, "a", 1);
    snap_writer_region(writer, &region);
    put_units(writer, 0, 0, 4, 1, 100);
    put_units(writer, 0, 3, 1, 0, 0);
    finish(writer, id);
}

static struct snap_reader *open_good(const char *path)
{
    struct status status = {0};
    struct snap_reader *reader = snap_reader_open(path, &status);
    ck_assert_msg(reader, "%s", status.text);
    return reader;
}

static void check_units(struct snap_reader *reader, uint32_t window, uint64_t present,
                        const int *bytes)
{
    uint8_t units[SNAP_UNITS * UNIT];
    struct status status = {0};
    uint64_t there;
    memset(units, 0xee, sizeof(units));
    ck_assert_msg(snap_reader_window(reader, 0, window, units, &there, &status), "%s", status.text);
    ck_assert_uint_eq(there, present);
    ck_assert_uint_eq(snap_reader_present(reader, 0, window), present);
    for (unsigned i = 0; i < SNAP_UNITS; i++) {
        int wanted = present >> i & 1 ? *bytes++ : 0xee;
        ck_assert_int_eq(units[i * UNIT], wanted);
        ck_assert_int_eq(units[i * UNIT + UNIT - 1], wanted);
    }
}

START_TEST(what_is_written_is_read)
{
    uint8_t id[SNAP_ID_BYTES];
    size_t count;
    write_a((enum snap_codec)_i, id);
    struct snap_reader *reader = open_good(path_a);
    ck_assert_mem_eq(snap_reader_own_id(reader), id, SNAP_ID_BYTES);
    ck_assert_mem_eq(snap_reader_blob(reader, SNAP_STATE, &count), "state", 5);
    ck_assert_uint_eq(count, 5);
    ck_assert_ptr_null(snap_reader_blob(reader, SNAP_CONFIG, &count));
    ck_assert_int_eq(snap_reader_find(reader, "ram"), 0);
    ck_assert_int_eq(snap_reader_find(reader, "rom"), -1);
    check_units(reader, 0, UINT64_C(0x8000000000000005), (int[]){0, 2, 63});
    check_units(reader, 1, 0, NULL);
    check_units(reader, 2, 0xff, (int[]){128, 129, 130, 131, 132, 133, 134, 135});
    uint32_t window = 1;
    ck_assert(snap_reader_next(reader, 0, &window));
    ck_assert_uint_eq(window, 2);
    window = 3;
    ck_assert(!snap_reader_next(reader, 0, &window));
    snap_reader_close(reader);
}
END_TEST

START_TEST(a_file_builds_on_another)
{
    uint8_t a[SNAP_ID_BYTES], b[SNAP_ID_BYTES];
    write_a(SNAP_ZSTD, a);
    write_b(a, b);
    struct snap_reader *reader = open_good(path_b);
    ck_assert_ptr_nonnull(snap_reader_parent(reader));
    ck_assert_uint_eq(snap_reader_units(reader, 0), 2);
    check_units(reader, 0, UINT64_C(0x8000000000000004), (int[]){102, 63});
    check_units(reader, 2, 0xff, (int[]){128, 129, 130, 131, 132, 133, 134, 135});
    check_units(reader, 3, 1, (int[]){192});
    snap_reader_close(reader);
}
END_TEST

START_TEST(another_file_under_the_parents_name_is_refused)
{
    uint8_t a[SNAP_ID_BYTES], b[SNAP_ID_BYTES];
    struct status status = {0};
    write_a(SNAP_ZSTD, a);
    write_b(a, b);
    finish(begin(path_a, SNAP_NONE, NULL), NULL);
    ck_assert_ptr_null(snap_reader_open(path_b, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "another snapshot now"));
    status = (struct status){0};
    unlink(path_a);
    ck_assert_ptr_null(snap_reader_open(path_b, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "builds on another file"));
}
END_TEST

START_TEST(a_chain_that_bites_its_tail_ends)
{
    uint8_t id[SNAP_ID_BYTES] = {1};
    struct status status = {0};
    struct snap_writer *writer = begin(path_a, SNAP_NONE, id);
    snap_writer_blob(writer, SNAP_PARENT, "a", 1);
    finish(writer, id);
    ck_assert_ptr_null(snap_reader_open(path_a, &status));
}
END_TEST

/* Reads everything there is; true: all of it is good. */
static bool read_all(struct snap_reader *reader, struct status *status)
{
    uint8_t *units = malloc((size_t)SNAP_UNITS * SNAP_UNIT_MOST);
    bool good = true;
    for (unsigned n = 0; good && n < snap_reader_regions(reader); n++) {
        uint64_t present;
        for (uint32_t w = 0; good && snap_reader_next(reader, n, &w); w++) {
            good = snap_reader_window(reader, n, w, units, &present, status);
        }
    }
    free(units);
    return good;
}

static uint8_t *contents(const char *path, size_t *count)
{
    struct stat about;
    int fd = open(path, O_RDONLY);
    ck_assert_int_eq(fstat(fd, &about), 0);
    *count = (size_t)about.st_size;
    uint8_t *bytes = malloc(*count);
    ck_assert_int_eq(read(fd, bytes, *count), (ssize_t)*count);
    close(fd);
    return bytes;
}

START_TEST(every_flipped_bit_and_every_cut_is_noticed)
{
    uint8_t id[SNAP_ID_BYTES];
    size_t count;
    write_a((enum snap_codec)_i, id);
    uint8_t *bytes = contents(path_a, &count);
    for (size_t at = 0; at < 2 * count; at++) {
        struct status status = {0};
        size_t left = at < count ? count : at - count;
        if (at < count) {
            bytes[at] ^= (uint8_t)(1 << at % 8);
        }
        struct snap_reader *reader = snap_reader_open_bytes(bytes, left, &status);
        bool good = reader && snap_reader_verify(reader, &status) && read_all(reader, &status);
        ck_assert_msg(!good && status.failed, "%zu of %zu", at, count);
        snap_reader_close(reader);
        if (at < count) {
            bytes[at] ^= (uint8_t)(1 << at % 8);
        }
    }
    free(bytes);
}
END_TEST

START_TEST(a_killed_writer_leaves_the_old_file)
{
    uint8_t id[SNAP_ID_BYTES];
    int how;
    write_a(SNAP_ZSTD, id);
    pid_t child = fork();
    if (child == 0) {
        struct snap_writer *writer = begin(path_a, SNAP_NONE, NULL);
        snap_writer_region(writer, &memory);
        put_units(writer, 0, 0, UINT64_MAX, 0, 7);
        struct status status = {0};
        snap_writer_flush(writer, &status);
        raise(SIGKILL);
    }
    ck_assert_int_eq(waitpid(child, &how, 0), child);
    ck_assert_int_eq(WTERMSIG(how), SIGKILL);
    struct snap_reader *reader = open_good(path_a);
    ck_assert_mem_eq(snap_reader_own_id(reader), id, SNAP_ID_BYTES);
    snap_reader_close(reader);
}
END_TEST

START_TEST(a_writer_without_room_says_so)
{
    struct status status = {0};
    ck_assert_ptr_null(snap_writer_open("/nonexistent/a", SNAP_NONE, NULL, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "/nonexistent/a"));
}
END_TEST

/* ---- the example of FORMAT.md ---- */

/* What the text says is in the example. */
static void write_example(void)
{
    struct fields_writer fields = {0};
    uint8_t mode[3] = {3, 2, 0};
    uint64_t count = 65536;
    bool gate = true;
    struct snap_writer *writer = begin(path_c, SNAP_NONE, NULL);
    fields_begin(&fields, "pit", "pit8254");
    fields_put(&fields, "count", STATE_u64, 1, &count);
    fields_put(&fields, "mode", STATE_u8, 3, mode);
    fields_put(&fields, "gate", STATE_bool, 1, &gate);
    fields_end(&fields);
    snap_writer_blob(writer, SNAP_STATE, fields.bytes, fields.used);
    fields_free(&fields);
    struct snap_region region = {.name = "ram", .units = 70, .unit_bytes = UNIT};
    snap_writer_region(writer, &region);
    put_units(writer, 0, 1, 2, 0, 0);
    finish(writer, NULL);
}

/* The bytes of lines such as "    00000010  56 53 4e ..." */
static size_t example_bytes(uint8_t *bytes, size_t room)
{
    char line[256];
    size_t count = 0;
    char path[1024];
    const char *tests = strstr(__FILE__, "tests/unit/");
    ck_assert_ptr_nonnull(tests);
    snprintf(path, sizeof(path), "%.*ssnapshots/FORMAT.md", (int)(tests - __FILE__), __FILE__);
    FILE *in = fopen(path, "r");
    ck_assert_ptr_nonnull(in);
    while (fgets(line, sizeof(line), in)) {
        char *text;
        bool row = strncmp(line, "    0", 5) == 0 && strspn(line + 4, "0123456789abcdef") == 8;
        if (!row) {
            continue;
        }
        ck_assert_uint_eq(strtoul(line + 4, &text, 16), count);
        while (count < room && strspn(text, " ") < strlen(text) - 1) {
            bytes[count++] = (uint8_t)strtoul(text, &text, 16);
        }
    }
    fclose(in);
    return count;
}

START_TEST(the_example_in_format_md_is_such_a_file)
{
    uint8_t example[1024];
    size_t count;
    size_t there = example_bytes(example, sizeof(example));
    write_example();
    uint8_t *bytes = contents(path_c, &count);
    for (size_t at = 0; getenv("BLESS") && at < count; at++) {
        if (at % 16 == 0) {
            printf("\n    %08zx ", at);
        }
        printf(" %02x", bytes[at]);
    }
    ck_assert_uint_eq(there, count);
    ck_assert_mem_eq(example, bytes, count);
    free(bytes);

    struct status status = {0};
    struct snap_reader *reader = snap_reader_open_bytes(example, there, &status);
    ck_assert_msg(reader, "%s", status.text);
    const uint8_t *blob = snap_reader_blob(reader, SNAP_STATE, &count);
    struct fields_reader fields = {blob, blob + count};
    struct section section;
    struct saved_field field;
    ck_assert(fields_next(&fields, &section, &status));
    ck_assert_str_eq(section.instance, "pit");
    ck_assert_str_eq(section.type, "pit8254");
    ck_assert(section_next(&section, &field, &status));
    ck_assert_str_eq(field.name, "count");
    ck_assert_uint_eq(saved_element(&field, 0), 65536);
    ck_assert(section_next(&section, &field, &status));
    ck_assert_str_eq(field.name, "mode");
    ck_assert_uint_eq(field.count, 3);
    ck_assert_uint_eq(saved_element(&field, 1), 2);
    check_units(reader, 1, 2, (int[]){65});
    snap_reader_close(reader);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshot_file");
    TCase *tests = tcase_create("files");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, what_is_written_is_read, 0, SNAP_CODECS);
    tcase_add_test(tests, a_file_builds_on_another);
    tcase_add_test(tests, another_file_under_the_parents_name_is_refused);
    tcase_add_test(tests, a_chain_that_bites_its_tail_ends);
    tcase_add_loop_test(tests, every_flipped_bit_and_every_cut_is_noticed, 0, SNAP_CODECS);
    tcase_add_test(tests, a_killed_writer_leaves_the_old_file);
    tcase_add_test(tests, a_writer_without_room_says_so);
    tcase_add_test(tests, the_example_in_format_md_is_such_a_file);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
