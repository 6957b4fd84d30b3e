/*
 * Golden files: nasm source, a line "; mode: WORDS", and the expected text in lines that begin with
 * ";| ".  With BLESS=1 in the environment the test rewrites those lines; read the difference before
 * you commit it.
 *
 * The including file says what the text is made of: golden_produce().
 */
#ifndef TESTS_SUPPORT_GOLDEN_H
#define TESTS_SUPPORT_GOLDEN_H

#include "translator/api/mode.h"

#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GOLDEN_BYTES = 4096, GOLDEN_TEXT = 1 << 18 };

/* The text for that code. */
static void golden_produce(const uint8_t *bytes, size_t count, uint32_t mode, FILE *out);

static uint32_t golden_mode(const char *source)
{
    static const struct {
        const char *word;
        uint32_t bits;
    } words[] = {{"code32", MODE_CODE32 | MODE_STACK32},
                 {"protected", MODE_PROTECTED},
                 {"user", MODE_USER},
                 {"v86", MODE_V86 | MODE_USER},
                 {"nofpu", MODE_NO_FPU},
                 {"nosse", MODE_NO_SSE},
                 {"slowfpu", MODE_FPU_SLOW},
                 {"csflat", MODE_CS_FLAT},
                 {"based64k", 0x2aau << MODE_SEG_SHIFT},
                 {"checked", 0x3ffu << MODE_SEG_SHIFT}};
    const char *line = strstr(source, "; mode:");
    ck_assert_ptr_nonnull(line);
    char text[256];
    snprintf(text, sizeof text, "%.*s", (int)strcspn(line, "\n"), line);
    uint32_t mode = 0;
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        mode |= strstr(text, words[i].word) ? words[i].bits : 0;
    }
    return mode;
}

static size_t golden_read(const char *path, void *data, size_t capacity)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    size_t bytes = fread(data, 1, capacity, file);
    fclose(file);
    return bytes;
}

static size_t golden_assemble(const char *path, uint8_t *bytes)
{
    char out[] = "/tmp/golden-XXXXXX";
    char command[2048];
    int file = mkstemp(out);
    ck_assert_int_ge(file, 0);
    close(file);
    snprintf(command, sizeof command, "nasm -f bin -O0 -o %s %s", out, path);
    ck_assert_msg(system(command) == 0, "nasm %s", path);
    size_t count = golden_read(out, bytes, GOLDEN_BYTES);
    unlink(out);
    return count;
}

static void golden_bless(const char *path, const char *source, size_t keep, const char *actual)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    fwrite(source, 1, keep, file);
    for (const char *line = actual; *line; line += strcspn(line, "\n") + 1) {
        fprintf(file, ";| %.*s\n", (int)strcspn(line, "\n"), line);
    }
    fclose(file);
}

static void golden_line(const char *path, const char **expected, const char *actual)
{
    size_t length = strcspn(actual, "\n");
    const char *want = *expected;
    size_t want_length = strcspn(want, "\n");
    ck_assert_msg(want_length == length + 3 && memcmp(want, ";| ", 3) == 0 &&
                      memcmp(want + 3, actual, length) == 0,
                  "%s (BLESS=1 accepts):\n  expected %.*s\n  actual   ;| %.*s", path,
                  (int)want_length, want, (int)length, actual);
    *expected += want_length + (want[want_length] == '\n');
}

static void golden_check(const char *path)
{
    static uint8_t bytes[GOLDEN_BYTES];
    static char source[GOLDEN_TEXT];
    char *actual = NULL;
    size_t actual_size = 0;
    source[golden_read(path, source, sizeof source - 1)] = '\0';
    size_t count = golden_assemble(path, bytes);
    FILE *out = open_memstream(&actual, &actual_size);
    golden_produce(bytes, count, golden_mode(source), out);
    fclose(out);
    const char *expected = strstr(source, ";| ");
    expected = expected ? expected : source + strlen(source);
    if (getenv("BLESS")) {
        golden_bless(path, source, (size_t)(expected - source), actual);
    } else {
        for (const char *line = actual; *line; line += strcspn(line, "\n") + 1) {
            golden_line(path, &expected, line);
        }
        ck_assert_msg(*expected == '\0', "%s: more expected: %s", path, expected);
    }
    free(actual);
}

/* Every .asm file of tests/golden/FOLDER; file: __FILE__ of a test below tests/. */
static void golden_check_all(const char *file, const char *folder)
{
    char pattern[1100];
    glob_t found;
    const char *tests = strstr(file, "tests/unit/");
    ck_assert_ptr_nonnull(tests);
    snprintf(pattern, sizeof pattern, "%.*stests/golden/%s/*.asm", (int)(tests - file), file,
             folder);
    ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        golden_check(found.gl_pathv[i]);
    }
    globfree(&found);
}

#endif
