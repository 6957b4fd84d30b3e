/* What images held before a recorded session wrote to them. */
#include "machine/disk_past.h"
#include "snapshots/replay_log.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECTORS = 300, BYTES = SECTORS * 512 };

static char folder[64];
static char image[96];
static char log_path[96];
static struct status status;

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/vestige-past-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(image, sizeof(image), "%s/image", folder);
    snprintf(log_path, sizeof(log_path), "%s/log", folder);
    memset(&status, 0, sizeof(status));
    FILE *out = fopen(image, "wb");
    for (unsigned i = 0; i < BYTES; i++) {
        fputc((int)(i / 512 * 7 & 0xff), out); /* the first sector is zeros */
    }
    fclose(out);
}

static void teardown(void)
{
    unlink(image);
    unlink(log_path);
    rmdir(folder);
}

struct session {
    struct log_writer *writer;
    struct media *media;
    unsigned told;
};

static void put(struct session *session, const struct log_record *record)
{
    ck_assert_msg(log_write(session->writer, record, &status), "%s", status.text);
}

static void tell(void *user, const struct media *media, uint64_t at, const uint8_t *bytes,
                 size_t count)
{
    struct session *session = user;
    bool zeros = bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
    session->told++;
    put(session,
        &(struct log_record){.code = LOG_UNDO,
                             .value = {log_text(image, strlen(image)), log_number(at),
                                       log_number(count), log_text(bytes, zeros ? 0 : count)}});
    ck_assert_str_eq(media_path(media), image);
}

static void open_image(struct session *session)
{
    const struct media_options options = {.sector_bytes = 512};
    session->media = media_open(image, &options, &status);
    ck_assert(session->media && media_keep_old(session->media, tell, session));
}

static void write_sectors(struct session *session, uint64_t sector, unsigned count, int value)
{
    static uint8_t data[64 * 512];
    const struct block_media *block = media_block(session->media);
    memset(data, value, sizeof(data));
    ck_assert(block->write(block->media, sector, count, data));
}

/* Two insertions; the identity before each. */
static void run_session(struct identity was[2], uint64_t *second)
{
    struct session session = {.writer = log_create(log_path, &status)};
    ck_assert(identity_of_file(image, &was[0], &status));
    open_image(&session);
    write_sectors(&session, 0, 1, 1);
    ck_assert_uint_eq(session.told, 1);
    write_sectors(&session, 7, 2, 2); /* two pieces, of which one was told */
    ck_assert_uint_eq(session.told, 2);
    write_sectors(&session, 3, 1, 3);
    write_sectors(&session, SECTORS - 1, 1, 4); /* the last piece is short */
    ck_assert_uint_eq(session.told, 3);
    media_close(session.media);
    ck_assert(identity_of_file(image, &was[1], &status));
    *second = session.told;
    open_image(&session);
    write_sectors(&session, 7, 1, 5);
    write_sectors(&session, 100, 64, 6);
    ck_assert_uint_gt(session.told, 4);
    media_close(session.media);
    log_close(session.writer);
}

START_TEST(an_image_is_what_it_was_at_each_insertion)
{
    struct identity was[2];
    struct identity is;
    uint64_t second;
    run_session(was, &second);
    ck_assert(identity_of_file(image, &is, &status) && !identity_equal(&was[0], &is) &&
              !identity_equal(&was[1], &is) && !identity_equal(&was[0], &was[1]));
    struct disk_past *past = disk_past_open(log_path, &status);
    ck_assert_ptr_nonnull(past);
    ck_assert(disk_past_identity(past, image, &is, &status));
    ck_assert(identity_equal(&was[0], &is));
    disk_past_at(past, second);
    ck_assert(disk_past_identity(past, image, &is, &status));
    ck_assert(identity_equal(&was[1], &is));
    disk_past_at(past, 0); /* and back */
    ck_assert(disk_past_identity(past, image, &is, &status));
    ck_assert(identity_equal(&was[0], &is));
    ck_assert(!disk_past_protected(past, image));
    disk_past_close(past);
}
END_TEST

START_TEST(an_image_that_moved_is_found_and_another_is_left_alone)
{
    struct identity was[2];
    struct identity is;
    uint64_t second;
    char moved[128];
    run_session(was, &second);
    snprintf(moved, sizeof(moved), "%s/moved", folder);
    ck_assert_int_eq(rename(image, moved), 0);
    struct disk_past *past = disk_past_open(log_path, &status);
    ck_assert(disk_past_identity(past, moved, &is, &status));
    ck_assert(!identity_equal(&was[0], &is));
    disk_past_found(past, image, moved);
    ck_assert(disk_past_identity(past, moved, &is, &status));
    ck_assert(identity_equal(&was[0], &is));
    disk_past_close(past);
    unlink(moved);
}
END_TEST

START_TEST(what_the_host_protected_is_protected)
{
    struct session session = {.writer = log_create(log_path, &status)};
    put(&session,
        &(struct log_record){.code = LOG_LOCKED, .value = {log_text(image, strlen(image))}});
    log_close(session.writer);
    struct disk_past *past = disk_past_open(log_path, &status);
    ck_assert(disk_past_protected(past, image));
    ck_assert(!disk_past_protected(past, log_path));
    disk_past_close(past);
}
END_TEST

/* Where in the image, how many bytes, how many of them are there. */
static const uint64_t senseless[][3] = {
    {BYTES, 512, 512},
    {BYTES - 512, 1024, 1024},
    {1, 512, 512},
    {0, 511, 511},
    {0, 8192, 8192},
    {0, 1024, 512},
    {UINT64_MAX - 511, 512, 0},
    {0, UINT64_MAX - 511, 0},
};

START_TEST(senseless_pieces_are_refused)
{
    static const uint8_t bytes[8192] = {1};
    const uint64_t *row = senseless[_i];
    struct identity is;
    struct session session = {.writer = log_create(log_path, &status)};
    put(&session,
        &(struct log_record){.code = LOG_UNDO,
                             .value = {log_text(image, strlen(image)), log_number(row[0]),
                                       log_number(row[1]), log_text(bytes, (size_t)row[2])}});
    log_close(session.writer);
    struct disk_past *past = disk_past_open(log_path, &status);
    ck_assert(!disk_past_identity(past, image, &is, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "record 0 makes no sense"));
    disk_past_close(past);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk_past");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_image_is_what_it_was_at_each_insertion);
    tcase_add_test(tcase, an_image_that_moved_is_found_and_another_is_left_alone);
    tcase_add_test(tcase, what_the_host_protected_is_protected);
    tcase_add_loop_test(tcase, senseless_pieces_are_refused, 0,
                        (int)(sizeof(senseless) / sizeof(senseless[0])));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
