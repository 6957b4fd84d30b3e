/* Screenshots are PNG files that decode to the frame; failures name the file. */
#include "machine/ui/screenshot.h"

#include <check.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void temporary_path(char path[64])
{
    strcpy(path, "/tmp/vestige-shot-XXXXXX");
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
}

START_TEST(a_frame_reads_back_pixel_for_pixel)
{
    uint32_t pixels[5 * 3];
    for (unsigned i = 0; i < 15; i++) {
        pixels[i] = i * 0x112233 & 0xffffff;
    }
    struct display_frame frame = {.width = 5, .height = 3, .pixels = pixels};
    struct status status = {.failed = false};
    char path[64];
    temporary_path(path);
    ck_assert_msg(screenshot_write(&frame, path, &status), "%s", status.text);

    png_image image = {.version = PNG_IMAGE_VERSION};
    ck_assert(png_image_begin_read_from_file(&image, path));
    ck_assert_uint_eq(image.width, 5);
    ck_assert_uint_eq(image.height, 3);
    image.format = PNG_FORMAT_RGB;
    uint8_t rgb[5 * 3 * 3];
    ck_assert(png_image_finish_read(&image, NULL, rgb, 0, NULL));
    for (unsigned i = 0; i < 15; i++) {
        uint32_t got = (uint32_t)rgb[3 * i] << 16 | (uint32_t)rgb[3 * i + 1] << 8 | rgb[3 * i + 2];
        ck_assert_uint_eq(got, pixels[i]);
    }
    unlink(path);
}
END_TEST

START_TEST(an_unwritable_path_is_reported_with_its_name)
{
    uint32_t pixel = 0;
    struct display_frame frame = {.width = 1, .height = 1, .pixels = &pixel};
    struct status status = {.failed = false};
    ck_assert(!screenshot_write(&frame, "/nonexistent/shot.png", &status));
    ck_assert(status.failed);
    ck_assert_ptr_nonnull(strstr(status.text, "/nonexistent/shot.png"));
}
END_TEST

START_TEST(an_impossible_frame_leaves_no_file)
{
    uint32_t pixel = 0;
    struct display_frame frame = {.width = 0, .height = 0, .pixels = &pixel};
    struct status status = {.failed = false};
    char path[64];
    temporary_path(path);
    ck_assert(!screenshot_write(&frame, path, &status));
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("screenshot");
    TCase *tcase = tcase_create("screenshot");
    tcase_add_test(tcase, a_frame_reads_back_pixel_for_pixel);
    tcase_add_test(tcase, an_unwritable_path_is_reported_with_its_name);
    tcase_add_test(tcase, an_impossible_frame_leaves_no_file);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
