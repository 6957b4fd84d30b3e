/* Disk images: reading, writing, overlays, locks and what is said of bad files. */
#include "machine/media/media.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char path[96];
static struct status status;

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/vestige-media-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/image", folder);
    memset(&status, 0, sizeof(status));
}

static void teardown(void)
{
    unlink(path);
    rmdir(folder);
}

/* A file whose every 512 bytes hold their number. */
static void make_file(size_t bytes)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    for (size_t i = 0; i < bytes; i++) {
        fputc((int)(i / 512 & 0xff), file);
    }
    fclose(file);
}

static uint8_t file_byte(long at)
{
    FILE *file = fopen(path, "rb");
    ck_assert_int_eq(fseek(file, at, SEEK_SET), 0);
    int byte = fgetc(file);
    fclose(file);
    return (uint8_t)byte;
}

static const struct media_options plain = {.sector_bytes = 512};
static const struct media_options overlaid = {.sector_bytes = 512, .overlay = true};

START_TEST(sectors_are_read_and_written)
{
    uint8_t data[1024];
    make_file(10 * 512);
    struct media *media = media_open(path, &plain, &status);
    ck_assert_ptr_nonnull(media);
    const struct block_media *block = media_block(media);
    ck_assert_uint_eq(block->sectors, 10);
    ck_assert(!block->read_only);
    ck_assert(block->read(block->media, 3, 2, data));
    ck_assert_uint_eq(data[0], 3);
    ck_assert_uint_eq(data[1023], 4);
    memset(data, 0xee, sizeof(data));
    ck_assert(block->write(block->media, 8, 2, data));
    ck_assert(block->flush(block->media));
    ck_assert(!block->read(block->media, 9, 2, data));
    ck_assert(!block->write(block->media, 10, 1, data));
    ck_assert(!block->read(block->media, UINT64_MAX, 1, data));
    media_close(media);
    ck_assert_uint_eq(file_byte(10 * 512 - 1), 0xee);
    ck_assert_uint_eq(file_byte(8 * 512 - 1), 7);
}
END_TEST

START_TEST(a_file_without_write_permission_is_read_only)
{
    uint8_t data[512] = {0};
    const struct media_options read_only = {.sector_bytes = 512, .read_only = true};
    make_file(512);
    struct media *media = media_open(path, &read_only, &status);
    ck_assert(media_block(media)->read_only);
    ck_assert(!media_block(media)->write(media, 0, 1, data));
    media_close(media);
    ck_assert_int_eq(chmod(path, 0400), 0);
    media = media_open(path, &plain, &status);
    ck_assert_ptr_nonnull(media);
    ck_assert(media_block(media)->read_only || geteuid() == 0);
    media_close(media);
}
END_TEST

static void count_cluster(void *user, uint64_t cluster, const uint8_t *bytes)
{
    (void)bytes;
    *(uint64_t *)user = *(uint64_t *)user * 100 + cluster;
}

START_TEST(an_overlay_keeps_changes_from_the_file)
{
    static uint8_t data[260 * 512];
    uint64_t seen = 0;
    make_file(300 * 512);
    struct media *media = media_open(path, &overlaid, &status);
    ck_assert_ptr_nonnull(media);
    const struct block_media *block = media_block(media);
    ck_assert(!block->read_only);
    memset(data, 0xdd, sizeof(data));
    ck_assert(block->write(block->media, 127, 2, data));
    ck_assert(block->read(block->media, 0, 260, data));
    ck_assert_uint_eq(data[126 * 512], 126);
    ck_assert_uint_eq(data[127 * 512], 0xdd);
    ck_assert_uint_eq(data[128 * 512 + 511], 0xdd);
    ck_assert_uint_eq(data[129 * 512], 129);
    ck_assert_uint_eq(data[259 * 512], 3);
    ck_assert(block->write(block->media, 299, 1, data));
    media_overlay_each(media, count_cluster, &seen);
    ck_assert_uint_eq(seen, 102);
    media_overlay_clear(media);
    ck_assert(block->read(block->media, 127, 1, data));
    ck_assert_uint_eq(data[0], 127);
    memset(data, 0x77, MEDIA_CLUSTER_BYTES);
    ck_assert(media_overlay_put(media, 1, data));
    ck_assert(!media_overlay_put(media, 3, data));
    ck_assert(block->read(block->media, 128, 1, data));
    ck_assert_uint_eq(data[0], 0x77);
    media_close(media);
    ck_assert_uint_eq(file_byte(127 * 512), 127);
}
END_TEST

START_TEST(bad_files_get_a_clear_message)
{
    ck_assert_ptr_null(media_open(path, &plain, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "no such file"));
    ck_assert_ptr_null(media_open(folder, &plain, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "is a directory"));
    make_file(0);
    ck_assert_ptr_null(media_open(path, &plain, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "is empty"));
    make_file(1000);
    ck_assert_ptr_null(media_open(path, &plain, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "1000 is not a multiple of 512"));
    ck_assert_ptr_nonnull(strstr(status.text, path));
    ck_assert_ptr_null(media_open("/dev/null", &plain, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "neither a file nor a block device"));
}
END_TEST

START_TEST(a_padded_last_sector_reads_as_zeros)
{
    uint8_t data[512];
    const struct media_options pad = {.sector_bytes = 512, .pad = true};
    make_file(1000);
    struct media *media = media_open(path, &pad, &status);
    ck_assert_ptr_nonnull(media);
    const struct block_media *block = media_block(media);
    ck_assert_uint_eq(block->sectors, 2);
    ck_assert(block->read(block->media, 1, 1, data));
    ck_assert_uint_eq(data[487], 1);
    ck_assert_uint_eq(data[488], 0);
    data[511] = 9;
    ck_assert(block->write(block->media, 1, 1, data));
    data[511] = 0;
    ck_assert(block->read(block->media, 1, 1, data));
    ck_assert_uint_eq(data[511], 9);
    media_close(media);
}
END_TEST

START_TEST(two_writers_of_one_image_are_refused)
{
    make_file(512);
    struct media *first = media_open(path, &plain, &status);
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(media_open(path, &plain, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "in use by another process"));
    ck_assert_ptr_null(media_open(path, &overlaid, &status));
    media_close(first);
    first = media_open(path, &overlaid, &status);
    struct media *second = media_open(path, &overlaid, &status);
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_nonnull(second);
    ck_assert_ptr_null(media_open(path, &plain, &status));
    media_close(first);
    media_close(second);
}
END_TEST

START_TEST(host_errors_are_kept_as_words)
{
    uint8_t data[512] = {0};
    make_file(2048);
    struct media *media = media_open(path, &plain, &status);
    const struct block_media *block = media_block(media);
    ck_assert_ptr_null(media_error(media));
    ck_assert_int_eq(truncate(path, 512), 0);
    ck_assert(!block->read(block->media, 2, 1, data));
    ck_assert_ptr_nonnull(strstr(media_error(media), "it was longer"));
    /* A file size limit stands in for a full disk. */
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {1024, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert(!block->write(block->media, 3, 1, data));
    ck_assert_ptr_nonnull(strstr(media_error(media), "cannot write at 1536"));
    media_close(media);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("media");
    TCase *tcase = tcase_create("media");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, sectors_are_read_and_written);
    tcase_add_test(tcase, a_file_without_write_permission_is_read_only);
    tcase_add_test(tcase, an_overlay_keeps_changes_from_the_file);
    tcase_add_test(tcase, bad_files_get_a_clear_message);
    tcase_add_test(tcase, a_padded_last_sector_reads_as_zeros);
    tcase_add_test(tcase, two_writers_of_one_image_are_refused);
    tcase_add_test(tcase, host_errors_are_kept_as_words);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
