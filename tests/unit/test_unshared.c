/* Memory that a forked process begins without, and arenas of it. */
#include "base/arena.h"
#include "base/unshared.h"

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 1 << 20 };

/* Runs check() in a forked process; its answer. */
static bool in_copy(bool (*check)(void *user), void *user)
{
    pid_t copy = fork();
    ck_assert_int_ge(copy, 0);
    if (copy == 0) {
        _exit(check(user) ? 0 : 1);
    }
    int how;
    ck_assert_int_eq(waitpid(copy, &how, 0), copy);
    return WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

static bool only(const uint8_t *bytes, uint8_t value)
{
    return bytes[0] == value && memcmp(bytes, bytes + 1, BYTES - 1) == 0;
}

static bool renewed_memory_is_zeros(void *user)
{
    uint8_t *memory = user;
    unshared_renew(memory, BYTES);
    bool good = only(memory, 0);
    memset(memory, 7, BYTES);
    return good && only(memory, 7);
}

START_TEST(a_copy_begins_with_zeros_and_the_first_keeps_its_own)
{
    uint8_t *memory = unshared_create(BYTES);
    ck_assert(only(memory, 0));
    memset(memory, 3, BYTES);
    ck_assert(in_copy(renewed_memory_is_zeros, memory));
    ck_assert(only(memory, 3));
    unshared_renew(memory, BYTES);
    ck_assert(only(memory, 0));
    unshared_destroy(memory, BYTES);
    unshared_destroy(NULL, BYTES);
}
END_TEST

static bool renewed_arena_serves(void *user)
{
    struct arena *arena = user;
    arena_renew(arena);
    bool empty = arena_used(arena) == 0;
    struct arena_mark start = arena_mark(arena);
    for (unsigned i = 0; i < 5; i++) {
        uint8_t *memory = arena_alloc(arena, BYTES);
        empty = empty && only(memory, 0);
        memset(memory, 9, BYTES);
    }
    arena_rewind(arena, start);
    return empty && arena_used(arena) == 0;
}

START_TEST(an_arena_is_empty_in_a_copy_and_whole_in_the_first)
{
    struct arena *arena = arena_create_unshared(BYTES / 2);
    uint8_t *objects[4];
    for (unsigned i = 0; i < 4; i++) {
        objects[i] = arena_alloc(arena, BYTES);
        memset(objects[i], (int)i + 1, BYTES);
    }
    ck_assert(in_copy(renewed_arena_serves, arena));
    for (unsigned i = 0; i < 4; i++) {
        ck_assert(only(objects[i], (uint8_t)(i + 1)));
    }
    ck_assert_uint_eq(arena_used(arena), 4 * BYTES);
    arena_destroy(arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unshared");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, a_copy_begins_with_zeros_and_the_first_keeps_its_own);
    tcase_add_test(tcase, an_arena_is_empty_in_a_copy_and_whole_in_the_first);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
