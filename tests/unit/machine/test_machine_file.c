/* Machine files: what they set, what wins over them, what they refuse. */
#include "machine/config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_ARGUMENTS = 8 };

struct files {
    char folder[64];
    char path[96];
};

static struct files write_file(const char *text)
{
    struct files files = {.folder = "/tmp/machine-file-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(files.folder));
    snprintf(files.path, sizeof(files.path), "%s/pc.ini", files.folder);
    FILE *out = fopen(files.path, "w");
    fputs(text, out);
    fclose(out);
    return files;
}

static void remove_files(const struct files *files)
{
    unlink(files->path);
    rmdir(files->folder);
}

/* Parses: run PATH, then the words of more. */
static bool parse(const struct files *files, struct config *config, const char *more,
                  struct status *status)
{
    static char words[256];
    char *arguments[MOST_ARGUMENTS + 1] = {"run", (char *)files->path};
    int count = 2;
    snprintf(words, sizeof(words), "%s", more);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
        arguments[count++] = word;
    }
    *config = (struct config){0};
    *status = (struct status){0};
    return config_parse(config, count, arguments, status);
}

static void refused(const char *text, const char *message)
{
    struct files files = write_file(text);
    struct config config;
    struct status status;
    char expected[300];
    ck_assert_msg(!parse(&files, &config, "", &status), "%s", text);
    snprintf(expected, sizeof(expected), "%s%s", files.path, message);
    ck_assert_str_eq(status.text, expected);
    config_free(&config);
    remove_files(&files);
}

START_TEST(keys_are_the_long_options)
{
    struct files files = write_file("# a machine\n"
                                    "[machine]\n"
                                    "memory = 64M\n"
                                    "cpu=486\n"
                                    "serial = null\n"
                                    "serial = tcp:localhost:99\n"
                                    "no-reboot = yes\n"
                                    "paused = no\n"
                                    "stats = yes\n"
                                    "append = console=ttyS0 quiet\n");
    struct config config;
    struct status status;
    ck_assert_msg(parse(&files, &config, "", &status), "%s", status.text);
    ck_assert_str_eq(config.memory, "64M");
    ck_assert_str_eq(config.cpu, "486");
    ck_assert_uint_eq(config.serial.count, 2);
    ck_assert_str_eq(config.serial.item[1], "tcp:localhost:99");
    ck_assert(config.no_reboot);
    ck_assert(!config.paused);
    ck_assert(config.stats.given && config.stats.value == NULL);
    ck_assert_str_eq(config.append, "console=ttyS0 quiet");
    ck_assert_uint_eq(config.images.count, 0);
    config_free(&config);
    remove_files(&files);
}
END_TEST

START_TEST(paths_are_relative_to_the_file)
{
    struct files files = write_file("fda = a/b.img\n"
                                    "hda = /abs.img\n"
                                    "serial = file:out.txt\n"
                                    "control = unix:sock\n"
                                    "debugcon = stdio\n"
                                    "stats = s.json\n"
                                    "image = c.iso\n");
    struct config config;
    struct status status;
    char expected[128];
    ck_assert_msg(parse(&files, &config, "", &status), "%s", status.text);
    snprintf(expected, sizeof(expected), "%s/a/b.img", files.folder);
    ck_assert_str_eq(config.fda, expected);
    ck_assert_str_eq(config.hda, "/abs.img");
    snprintf(expected, sizeof(expected), "file:%s/out.txt", files.folder);
    ck_assert_str_eq(config.serial.item[0], expected);
    snprintf(expected, sizeof(expected), "unix:%s/sock", files.folder);
    ck_assert_str_eq(config.control, expected);
    ck_assert_str_eq(config.debugcon, "stdio");
    snprintf(expected, sizeof(expected), "%s/s.json", files.folder);
    ck_assert_str_eq(config.stats.value, expected);
    snprintf(expected, sizeof(expected), "%s/c.iso", files.folder);
    ck_assert_uint_eq(config.images.count, 1);
    ck_assert_str_eq(config.images.item[0], expected);
    config_free(&config);
    remove_files(&files);
}
END_TEST

START_TEST(the_command_line_wins)
{
    struct files files = write_file("memory = 64M\n"
                                    "serial = stdio\n"
                                    "serial = null\n"
                                    "boot = c\n"
                                    "image = c.iso\n");
    struct config config;
    struct status status;
    ck_assert_msg(parse(&files, &config, "-m 32M --serial pty extra.img", &status), "%s",
                  status.text);
    ck_assert_str_eq(config.memory, "32M");
    ck_assert_uint_eq(config.serial.count, 1);
    ck_assert_str_eq(config.serial.item[0], "pty");
    ck_assert_str_eq(config.boot, "c");
    ck_assert_uint_eq(config.images.count, 2);
    ck_assert_str_eq(config.images.item[0], "extra.img");
    config_free(&config);
    remove_files(&files);
}
END_TEST

START_TEST(mistakes_are_named_by_file_and_line)
{
    refused("memory = 64M\n\nmemroy = 3\n", ":3: unknown key memroy (did you mean memory?)");
    refused("imags = x\n[machin]\nmemory = 1\n", ":1: unknown key imags (did you mean image?)");
    refused("[disks]\nfda = x\n", ":2: the only section is [machine], not \"disks\"");
    refused("memory = 64M\njust words\n", ":2: neither a [section] nor key = value");
    refused("memory = 64M\nmemory = 65M\n", ":2: --memory was given twice");
    refused("no-reboot = maybe\n", ":1: no-reboot is yes or no, not \"maybe\"");
    refused("fda =\n", ":1: no value for \"fda\"");
}
END_TEST

START_TEST(long_lines_are_refused_whole)
{
    char text[1000] = "memory = 64M\nappend = ";
    memset(text + strlen(text), 'x', 600);
    struct files files = write_file(text);
    struct config config;
    struct status status;
    ck_assert(!parse(&files, &config, "", &status));
    ck_assert_ptr_nonnull(strstr(status.text, "pc.ini:2: a line has at most"));
    config_free(&config);
    remove_files(&files);
}
END_TEST

START_TEST(one_machine_file_is_enough)
{
    struct files one = write_file("memory = 64M\n");
    struct files two = write_file("memory = 65M\n");
    struct config config;
    struct status status;
    ck_assert(!parse(&one, &config, two.path, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "two machine files"));
    config_free(&config);
    remove_files(&one);
    remove_files(&two);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("machine file");
    TCase *tests = tcase_create("machine file");
    tcase_add_test(tests, keys_are_the_long_options);
    tcase_add_test(tests, paths_are_relative_to_the_file);
    tcase_add_test(tests, the_command_line_wins);
    tcase_add_test(tests, mistakes_are_named_by_file_and_line);
    tcase_add_test(tests, long_lines_are_refused_whole);
    tcase_add_test(tests, one_machine_file_is_enough);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
