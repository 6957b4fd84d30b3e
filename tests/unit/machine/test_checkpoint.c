/*
 * The machine's state as fields and checkpoints of whole machines: the same machine again, on
 * another one too, and nothing changed by looking.
 */
#include "devices/core/bus.h"
#include "machine/checkpoint.h"
#include "machine/machine_state.h"
#include "tests/support/budget.h"
#include "tests/support/engine.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FOREVER_NS = INT32_MAX };

struct board {
    struct config config;
    struct machine machine;
};

static struct board *board_create(const char *engine)
{
    struct status status = {0};
    struct board *board = calloc(1, sizeof(*board));
    board->config = (struct config){.engine = engine,
                                    .display = "none",
                                    .memory = "16M",
                                    .rtc = "2020-01-01T00:00:00",
                                    .demo = true,
                                    .debug_exit = true};
    ck_assert_msg(machine_create(&board->machine, &board->config, &status), "%s", status.text);
    return board;
}

static void board_destroy(struct board *board)
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

static struct fields_writer fields_of(struct board *board)
{
    struct fields_writer writer = {0};
    machine_state_save(&board->machine, &writer);
    ck_assert(!writer.failed);
    return writer;
}

/* Names the first field that differs. */
static void check_equal(const struct fields_writer *a, const struct fields_writer *b)
{
    struct status status = {0};
    struct fields_reader one = {a->bytes, a->bytes + a->used};
    struct fields_reader two = {b->bytes, b->bytes + b->used};
    struct section x;
    struct section y;
    while (fields_next(&one, &x, &status) && fields_next(&two, &y, &status)) {
        struct saved_field f;
        struct saved_field g;
        ck_assert_str_eq(x.instance, y.instance);
        while (section_next(&x, &f, &status) && section_next(&y, &g, &status)) {
            ck_assert_str_eq(f.name, g.name);
            ck_assert_uint_eq(f.count, g.count);
            for (uint32_t i = 0; i < f.count; i++) {
                uint64_t v = saved_element(&f, i), w = saved_element(&g, i);
                ck_assert_msg(v == w, "%s.%s[%u]: %" PRIx64 " is %" PRIx64, x.instance, f.name, i,
                              v, w);
            }
        }
    }
    ck_assert_uint_eq(a->used, b->used);
    ck_assert_int_eq(memcmp(a->bytes, b->bytes, a->used), 0);
}

/* Copies RAM, video memory and state of one machine into another. */
static void copy_into(struct board *to, struct board *from)
{
    struct status status = {0};
    struct checkpoint *checkpoint = checkpoint_take(&from->machine, NULL, &status);
    ck_assert_msg(checkpoint, "%s", status.text);
    ck_assert_uint_eq(checkpoint_icount(checkpoint), machine_icount(&from->machine));
    ck_assert_msg(checkpoint_restore(&to->machine, checkpoint, &status), "%s", status.text);
    checkpoint_free(checkpoint);
}

static const uint64_t instants[] = {1, 100000, 1500000, 3000001, 7654321};
enum { INSTANTS = sizeof(instants) / sizeof(instants[0]), LATER = 1000000 };

/* The later ones take minutes on an emulated host. */
static unsigned instant_count(void)
{
    return test_budget(INSTANTS) == INSTANTS ? INSTANTS : 3;
}

START_TEST(a_loaded_machine_is_the_saved_one_in_every_field_and_timer)
{
    struct board *a = board_create(test_best_engine()), *b = board_create("portable");
    run_to(a, instants[_i]);
    copy_into(b, a);
    struct fields_writer one = fields_of(a), two = fields_of(b);
    check_equal(&one, &two);
    ck_assert_uint_eq(machine_hash(&a->machine), machine_hash(&b->machine));
    fields_free(&one);
    fields_free(&two);
    board_destroy(a);
    board_destroy(b);
}
END_TEST

/* Flags that a chip raises when somebody looks must not be raised by the load. */
START_TEST(loading_looks_at_nothing)
{
    struct board *a = board_create(test_best_engine()), *b = board_create(test_best_engine());
    run_to(a, 2000000);
    a->machine.idle_ns += UINT64_C(7) * 1000000000;
    struct fields_writer before = fields_of(a);
    copy_into(b, a);
    struct fields_writer one = fields_of(a), two = fields_of(b);
    check_equal(&before, &one);
    check_equal(&one, &two);
    fields_free(&before);
    fields_free(&one);
    fields_free(&two);
    board_destroy(a);
    board_destroy(b);
}
END_TEST

START_TEST(a_loaded_machine_goes_on_as_the_saved_one_does)
{
    struct board *a = board_create(test_best_engine()), *b = board_create("portable");
    struct board *c = board_create(test_best_engine());
    run_to(c, instants[_i] + LATER);
    run_to(a, instants[_i]);
    copy_into(b, a);
    run_to(a, instants[_i] + LATER);
    run_to(b, instants[_i] + LATER);
    ck_assert_uint_eq(machine_hash(&a->machine), machine_hash(&c->machine));
    ck_assert_uint_eq(machine_hash(&b->machine), machine_hash(&c->machine));
    board_destroy(a);
    board_destroy(b);
    board_destroy(c);
}
END_TEST

START_TEST(going_back_and_forth_gives_the_same_states)
{
    struct board *board = board_create(test_best_engine());
    struct checkpoint *row[INSTANTS];
    uint64_t hash[INSTANTS];
    struct status status = {0};
    unsigned count = instant_count();
    for (unsigned i = 0; i < count; i++) {
        run_to(board, instants[i]);
        row[i] = checkpoint_take(&board->machine, i ? row[i - 1] : NULL, &status);
        ck_assert_msg(row[i], "%s", status.text);
        hash[i] = machine_hash(&board->machine);
    }
    for (unsigned i = count; i-- > 1;) {
        ck_assert(checkpoint_restore(&board->machine, row[i - 1], &status));
        ck_assert_uint_eq(machine_icount(&board->machine), instants[i - 1]);
        ck_assert_uint_eq(machine_hash(&board->machine), hash[i - 1]);
        run_to(board, instants[i]);
        ck_assert_uint_eq(machine_hash(&board->machine), hash[i]);
        checkpoint_free(row[i]);
    }
    checkpoint_free(row[0]);
    board_destroy(board);
}
END_TEST

START_TEST(what_waits_at_the_door_is_part_of_it)
{
    struct board *a = board_create(test_best_engine()), *b = board_create(test_best_engine());
    run_to(a, 100000);
    ck_assert(inputs_type(&a->machine, "dir\n"));
    ck_assert(inputs_serial(&a->machine, 1, (const uint8_t *)"abc", 3));
    copy_into(b, a);
    ck_assert_uint_eq(b->machine.inputs.key_count, a->machine.inputs.key_count);
    ck_assert_uint_eq(b->machine.inputs.lines[1].count, 3);
    struct fields_writer one = fields_of(a), two = fields_of(b);
    check_equal(&one, &two);
    fields_free(&one);
    fields_free(&two);
    board_destroy(a);
    board_destroy(b);
}
END_TEST

static struct machine_state *parse(struct board *board, const struct fields_writer *writer,
                                   struct status *status)
{
    return machine_state_parse(&board->machine, writer->bytes, writer->used, status);
}

START_TEST(unknown_fields_and_wrong_kinds_are_errors_by_name)
{
    struct board *board = board_create(test_best_engine());
    struct status status = {0};
    struct fields_writer writer = {0};
    uint8_t byte = 1;
    fields_begin(&writer, "pit", "pit8254");
    fields_put(&writer, "counter[2].colour", STATE_u8, 1, &byte);
    fields_end(&writer);
    ck_assert(!parse(board, &writer, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "pit8254[pit].counter[2].colour"));
    fields_free(&writer);
    status = (struct status){0};
    fields_begin(&writer, "pit", "pit8254");
    fields_put(&writer, "counter[2].count", STATE_u8, 1, &byte);
    fields_end(&writer);
    ck_assert(!parse(board, &writer, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "pit8254[pit].counter[2].count"));
    fields_free(&writer);
    status = (struct status){0};
    fields_begin(&writer, "pit", "pit8255");
    fields_end(&writer);
    ck_assert(!parse(board, &writer, &status));
    ck_assert_ptr_nonnull(strstr(status.text, "pit8255[pit]"));
    fields_free(&writer);
    board_destroy(board);
}
END_TEST

START_TEST(a_missing_field_takes_its_reset_value)
{
    struct board *board = board_create(test_best_engine());
    struct status status = {0};
    struct fields_writer writer = {0};
    run_to(board, 100000);
    uint32_t eax = 7;
    uint64_t gpr[16] = {eax};
    fields_begin(&writer, "cpu", "cpu");
    fields_put(&writer, "ctx.gpr", STATE_u64, 16, gpr);
    fields_end(&writer);
    struct machine_state *state = parse(board, &writer, &status);
    ck_assert_msg(state, "%s", status.text);
    machine_state_apply(&board->machine, state);
    ck_assert_uint_eq(board->machine.ctx->gpr[0], eax);
    ck_assert_uint_eq(board->machine.ctx->rip, 0xfff0);
    ck_assert_uint_eq(machine_icount(&board->machine), 0);
    machine_state_free(state);
    fields_free(&writer);
    board_destroy(board);
}
END_TEST

START_TEST(bytes_cut_short_or_flipped_are_refused_or_run)
{
    struct board *board = board_create("portable");
    run_to(board, 200000);
    struct fields_writer writer = fields_of(board);
    uint64_t random = 1;
    for (unsigned i = 0; i < test_budget(300); i++) {
        struct fields_writer copy = writer;
        struct status status = {0};
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        size_t at = (size_t)(random >> 20) % writer.used;
        copy.bytes = malloc(writer.used);
        memcpy(copy.bytes, writer.bytes, writer.used);
        if (i % 2) {
            copy.used = at;
        } else {
            copy.bytes[at] ^= (uint8_t)(1 << (random >> 60 & 7));
        }
        struct machine_state *state = parse(board, &copy, &status);
        ck_assert(state || status.failed);
        if (state) {
            machine_state_apply(&board->machine, state);
            board->machine.stop_icount = machine_icount(&board->machine) + 2000;
            machine_run_until(&board->machine, machine_now(&board->machine) + 1000000);
            board->machine.quit = false;
        }
        machine_state_free(state);
        free(copy.bytes);
    }
    fields_free(&writer);
    board_destroy(board);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint");
    TCase *tests = tcase_create("whole machines");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, a_loaded_machine_is_the_saved_one_in_every_field_and_timer, 0,
                        (int)instant_count());
    tcase_add_loop_test(tests, a_loaded_machine_goes_on_as_the_saved_one_does, 0,
                        (int)instant_count());
    tcase_add_test(tests, loading_looks_at_nothing);
    tcase_add_test(tests, going_back_and_forth_gives_the_same_states);
    tcase_add_test(tests, what_waits_at_the_door_is_part_of_it);
    tcase_add_test(tests, unknown_fields_and_wrong_kinds_are_errors_by_name);
    tcase_add_test(tests, a_missing_field_takes_its_reset_value);
    tcase_add_test(tests, bytes_cut_short_or_flipped_are_refused_or_run);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
