/* Images told by content, and the geometry of hard disks. */
#include "machine/media/recognise.h"

#include "base/endian.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint8_t head[RECOGNISE_BYTES];

static void setup(void)
{
    memset(head, 0, sizeof(head));
}

static enum media_kind kind_of(uint64_t file_bytes)
{
    return recognise_bytes(head, file_bytes < sizeof(head) ? (size_t)file_bytes : sizeof(head),
                           file_bytes);
}

static void boot_signature(void)
{
    head[510] = 0x55;
    head[511] = 0xaa;
}

START_TEST(floppies_have_exact_sizes)
{
    static const uint32_t kib[] = {160, 180, 320, 360, 720, 1200, 1440, 1680, 2880};
    for (unsigned i = 0; i < sizeof(kib) / sizeof(kib[0]); i++) {
        ck_assert_int_eq(kind_of(kib[i] * UINT64_C(1024)), MEDIA_FLOPPY);
    }
    ck_assert_int_eq(kind_of(1440 * 1024 + 512), MEDIA_HARD_DISK);
    ck_assert_int_eq(kind_of(1440 * 1024 - 100), MEDIA_UNKNOWN);
}
END_TEST

START_TEST(a_cut_fat_floppy_is_still_one)
{
    boot_signature();
    head[0] = 0xeb;
    head[2] = 0x90;
    store_le16(head + 0x0b, 512);
    store_le16(head + 0x13, 2880);
    head[0x15] = 0xf0;
    ck_assert_int_eq(kind_of(70000), MEDIA_FLOPPY);
    head[0x15] = 0xf8;
    ck_assert_int_eq(kind_of(70144), MEDIA_HARD_DISK);
}
END_TEST

START_TEST(a_disc_is_one_even_with_a_boot_record)
{
    memcpy(head + 32769, "CD001", 5);
    ck_assert_int_eq(kind_of(UINT64_C(700) << 20), MEDIA_CDROM);
    boot_signature();
    head[446] = 0x80;
    ck_assert_int_eq(kind_of(UINT64_C(700) << 20), MEDIA_CDROM);
}
END_TEST

START_TEST(kernels_multiboot_and_snapshots_have_magic)
{
    boot_signature();
    memcpy(head + 0x202, "HdrS", 4);
    ck_assert_int_eq(kind_of(2000001), MEDIA_LINUX_KERNEL);
    ck_assert_int_eq(kind_of(1440 * 1024), MEDIA_FLOPPY);
    setup();
    memcpy(head,
           "\x7f"
           "ELF",
           4);
    ck_assert_int_eq(kind_of(51200), MEDIA_UNKNOWN);
    store_le32(head + 4096, 0x1badb002);
    store_le32(head + 4100, 3);
    store_le32(head + 4104, 0u - 0x1badb002 - 3);
    ck_assert_int_eq(kind_of(51200), MEDIA_MULTIBOOT_ELF);
    head[4104] ^= 1;
    ck_assert_int_eq(kind_of(51200), MEDIA_UNKNOWN);
    memcpy(head, "VSNAP", 5);
    ck_assert_int_eq(kind_of(51201), MEDIA_SNAPSHOT);
    memcpy(head, "Vestige log\n", 12);
    ck_assert_int_eq(kind_of(51201), MEDIA_RECORDING);
}
END_TEST

START_TEST(hard_disks_are_whole_sectors_or_carry_a_boot_record)
{
    ck_assert_int_eq(kind_of(UINT64_C(10) << 20), MEDIA_HARD_DISK);
    ck_assert_int_eq(kind_of((UINT64_C(10) << 20) + 1), MEDIA_UNKNOWN);
    boot_signature();
    ck_assert_int_eq(kind_of((UINT64_C(10) << 20) + 1), MEDIA_HARD_DISK);
}
END_TEST

START_TEST(machine_files_are_text_with_sections_or_keys)
{
    const char *text = "; my machine\n\n[machine]\nmemory = 64M\n";
    memcpy(head, text, strlen(text));
    ck_assert_int_eq(kind_of(strlen(text)), MEDIA_MACHINE_FILE);
    memset(head, 0, sizeof(head));
    memcpy(head, "hello there\n", 12);
    ck_assert_int_eq(kind_of(12), MEDIA_UNKNOWN);
}
END_TEST

START_TEST(foreign_formats_are_named)
{
    enum media_kind kind;
    struct status status = {0};
    char path[] = "/tmp/vestige-recognise-XXXXXX";
    int fd = mkstemp(path);
    memcpy(head, "QFI\xfb", 4);
    ck_assert_int_eq(kind_of(65536), MEDIA_UNKNOWN);
    ck_assert_int_eq(write(fd, head, 1024), 1024);
    ck_assert(!recognise_file(path, &kind, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "qcow2"));
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    ck_assert(!recognise_file(path, &kind, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "is empty"));
    ck_assert_int_eq(ftruncate(fd, 1440 * 1024), 0);
    ck_assert(recognise_file(path, &kind, &status));
    ck_assert_int_eq(kind, MEDIA_FLOPPY);
    close(fd);
    unlink(path);
    ck_assert(!recognise_file(path, &kind, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "no such file"));
    ck_assert(!recognise_file("/tmp", &kind, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "is a directory"));
}
END_TEST

/* ---- geometry ---- */

static bool read_head(void *media, uint64_t sector, uint32_t count, void *to)
{
    (void)media;
    memcpy(to, head + sector * 512, (size_t)count * 512);
    return true;
}

static struct disk_geometry geometry_of(uint64_t sectors)
{
    const struct block_media media = {.read = read_head, .sectors = sectors, .sector_bytes = 512};
    return recognise_geometry(&media);
}

static void partition(unsigned end_head, unsigned end_sector, uint32_t start, uint32_t count)
{
    uint8_t *entry = head + 446;
    boot_signature();
    entry[0] = 0x80;
    entry[1] = 1;
    entry[2] = 1;
    entry[4] = 6;
    entry[5] = (uint8_t)end_head;
    entry[6] = (uint8_t)end_sector;
    entry[7] = 100;
    store_le32(entry + 8, start);
    store_le32(entry + 12, count);
}

START_TEST(size_alone_gives_sixteen_heads)
{
    struct disk_geometry small = geometry_of(20160);
    ck_assert_uint_eq(small.physical.cylinders, 20);
    ck_assert_uint_eq(small.physical.heads, 16);
    ck_assert_uint_eq(small.physical.sectors, 63);
    ck_assert_int_eq(small.translation, TRANSLATION_NONE);
    struct disk_geometry large = geometry_of(UINT64_C(1) << 26);
    ck_assert_uint_eq(large.physical.cylinders, 16383);
    ck_assert_int_eq(large.translation, TRANSLATION_LBA);
}
END_TEST

START_TEST(a_partition_table_tells_the_drives_own_geometry)
{
    partition(3, 17, 17, 20000);
    struct disk_geometry geometry = geometry_of(41820);
    ck_assert_uint_eq(geometry.physical.heads, 4);
    ck_assert_uint_eq(geometry.physical.sectors, 17);
    ck_assert_uint_eq(geometry.physical.cylinders, 615);
    ck_assert_int_eq(geometry.translation, TRANSLATION_NONE);
    partition(3, 17, 99, 20000); /* CHS and LBA disagree */
    ck_assert_uint_eq(geometry_of(41820).physical.heads, 16);
}
END_TEST

START_TEST(more_heads_mean_a_translating_bios)
{
    partition(254, 63, 63, 4000000);
    struct disk_geometry geometry = geometry_of(UINT64_C(4194304) * 4);
    ck_assert_uint_eq(geometry.physical.heads, 16);
    ck_assert_int_eq(geometry.translation, TRANSLATION_LBA);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recognise");
    TCase *tcase = tcase_create("recognise");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, floppies_have_exact_sizes);
    tcase_add_test(tcase, a_cut_fat_floppy_is_still_one);
    tcase_add_test(tcase, a_disc_is_one_even_with_a_boot_record);
    tcase_add_test(tcase, kernels_multiboot_and_snapshots_have_magic);
    tcase_add_test(tcase, hard_disks_are_whole_sectors_or_carry_a_boot_record);
    tcase_add_test(tcase, machine_files_are_text_with_sections_or_keys);
    tcase_add_test(tcase, foreign_formats_are_named);
    tcase_add_test(tcase, size_alone_gives_sixteen_heads);
    tcase_add_test(tcase, a_partition_table_tells_the_drives_own_geometry);
    tcase_add_test(tcase, more_heads_mean_a_translating_bios);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
