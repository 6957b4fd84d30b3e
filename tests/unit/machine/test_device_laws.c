/*
 * What every state list of the machine keeps to: the processor's and those of all devices on the
 * board, whichever they are.
 */
#include "devices/core/bus.h"
#include "machine/machine.h"
#include "snapshots/fields.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_UP_INSNS = 500000, FOREVER_NS = INT32_MAX };

struct board {
    struct config config;
    struct machine machine;
};

/* A machine with everything that can be asked for, some way into its firmware. */
static struct board *board_create(void)
{
    struct status status = {0};
    struct board *board = calloc(1, sizeof(*board));
    board->config =
        (struct config){.engine = "portable",
                        .display = "none",
                        .memory = "16M",
                        .rtc = "2020-01-01T00:00:00",
                        .run_for = "500000",
                        .debug_exit = true,
                        .serial = {.item = {"null", "null", "null", "null"}, .count = 4}};
    ck_assert_msg(machine_create(&board->machine, &board->config, &status), "%s", status.text);
    board->machine.stop_icount = WARM_UP_INSNS;
    machine_run_until(&board->machine, FOREVER_NS);
    ck_assert_uint_ge(board->machine.device_count, 20);
    return board;
}

static void board_destroy(struct board *board)
{
    machine_destroy(&board->machine);
    free(board);
}

/* Device n, and the processor as the last one. */
static struct device device_at(const struct machine *machine, unsigned n)
{
    static struct device_ops cpu;
    if (n < machine->device_count) {
        return machine->devices[n];
    }
    cpu = (struct device_ops){.name = "cpu", .state = x86_state()};
    return (struct device){.ops = &cpu, .dev = machine->cpu, .instance = "cpu"};
}

struct change {
    struct device device;
    const void *before; /* a copy of the state */
    unsigned fields;
};

/* Changes each element alone: hash and comparison must see it, and nothing else may. */
static void change_each(void *user, const char *path, const struct state_field *field,
                        void *elements)
{
    struct change *change = user;
    const struct state_desc *state = change->device.ops->state;
    unsigned size = state_kind_size(field->kind);
    uint64_t hash = state_hash(state, change->device.dev, 1);
    unsigned every = state->size > 4096 ? 8 : 1; /* long lists: the first byte of each element */
    unsigned step = field->count > 64 ? field->count / 2 : 1; /* buffers by samples */
    for (uint32_t i = 0; i < field->count; i += step) {
        uint8_t *element = (uint8_t *)elements + (size_t)i * size;
        for (unsigned byte = 0; byte < size; byte += every) {
            element[byte] ^= 1;
            ck_assert_msg(state_hash(state, change->device.dev, 1) != hash &&
                              !state_equal(state, change->device.dev, change->before, NULL),
                          "%s.%s[%u] byte %u is not seen", change->device.instance, path, i, byte);
            element[byte] ^= 1;
        }
    }
    ck_assert_uint_eq(state_hash(state, change->device.dev, 1), hash);
    change->fields++;
}

START_TEST(each_field_changed_alone_changes_the_hash)
{
    struct board *board = board_create();
    for (unsigned n = 0; n <= board->machine.device_count; n++) {
        struct change change = {.device = device_at(&board->machine, n)};
        const struct state_desc *state = change.device.ops->state;
        void *copy = calloc(1, state->size);
        state_copy(state, copy, change.device.dev);
        ck_assert(state_equal(state, copy, change.device.dev, NULL));
        change.before = copy;
        state_walk(state, change.device.dev, "", change_each, &change);
        ck_assert_msg(change.fields > 0, "%s has no state", change.device.instance);
        free(copy);
    }
    board_destroy(board);
}
END_TEST

static struct fields_writer saved(struct device device)
{
    struct fields_writer writer = {0};
    fields_begin(&writer, device.instance, device.ops->name);
    fields_put_state(&writer, device.ops->state, device.dev);
    fields_end(&writer);
    ck_assert(!writer.failed);
    return writer;
}

static void load_into(void *object, struct device device, const struct fields_writer *writer)
{
    struct fields_reader reader = {writer->bytes, writer->bytes + writer->used};
    struct section section;
    struct status status = {0};
    ck_assert(fields_next(&reader, &section, &status));
    ck_assert_msg(section_load(section, device.ops->state, object, &status), "%s", status.text);
}

static void scramble(void *user, const char *path, const struct state_field *field, void *elements)
{
    uint64_t *random = user;
    uint8_t *bytes = elements;
    (void)path;
    for (size_t i = 0; i < (size_t)field->count * state_kind_size(field->kind); i++) {
        *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407;
        bytes[i] = (uint8_t)(field->kind == STATE_bool ? *random >> 63 : *random >> 56);
    }
}

/* Whatever the fields hold, a save and a load give them back, and a change in between is undone. */
START_TEST(saved_changed_and_loaded_is_equal)
{
    struct board *board = board_create();
    uint64_t random = 1;
    for (unsigned n = 0; n <= board->machine.device_count; n++) {
        struct device device = device_at(&board->machine, n);
        const struct state_desc *state = device.ops->state;
        void *copy = calloc(1, state->size);
        void *want = calloc(1, state->size);
        for (unsigned round = 0; round < 3; round++) {
            const struct state_field *where = NULL;
            state_copy(state, copy, device.dev);
            if (round) {
                state_walk(state, copy, "", scramble, &random);
            }
            state_copy(state, want, copy);
            device.dev = copy;
            struct fields_writer writer = saved(device);
            ck_assert(state_equal(state, copy, want, NULL)); /* saving changes nothing */
            state_walk(state, copy, "", scramble, &random);
            load_into(copy, device, &writer);
            ck_assert_msg(state_equal(state, copy, want, &where), "%s.%s", device.instance,
                          where ? where->name : "");
            fields_free(&writer);
            device = device_at(&board->machine, n);
        }
        free(copy);
        free(want);
    }
    board_destroy(board);
}
END_TEST

START_TEST(reset_twice_equals_once)
{
    struct board *board = board_create();
    struct machine *machine = &board->machine;
    uint64_t hashes[MACHINE_DEVICES + 1];
    for (unsigned pass = 0; pass < 2; pass++) {
        machine_reset(machine);
        for (unsigned n = 0; n <= machine->device_count; n++) {
            struct device device = device_at(machine, n);
            uint64_t hash = state_hash(device.ops->state, device.dev, 1);
            ck_assert_msg(pass == 0 || hash == hashes[n], "%s", device.instance);
            hashes[n] = hash;
        }
    }
    board_destroy(board);
}
END_TEST

START_TEST(the_first_reset_by_the_guest_keeps_what_the_battery_keeps)
{
    struct board *board = board_create();
    struct machine *machine = &board->machine;
    enum { CMOS_INDEX = 0x70, CMOS_DATA = 0x71, FREE_BYTE = 0x40 };
    bus_write(machine->io, CMOS_INDEX, FREE_BYTE, 1);
    bus_write(machine->io, CMOS_DATA, 0x5a, 1);
    machine_reset(machine);
    bus_write(machine->io, CMOS_INDEX, FREE_BYTE, 1);
    ck_assert_uint_eq(bus_read(machine->io, CMOS_DATA, 1), 0x5a);
    board_destroy(board);
}
END_TEST

START_TEST(instances_have_different_names)
{
    struct board *board = board_create();
    const struct machine *machine = &board->machine;
    for (unsigned a = 0; a < machine->device_count; a++) {
        for (unsigned b = 0; b < a; b++) {
            ck_assert_str_ne(machine->devices[a].instance, machine->devices[b].instance);
        }
    }
    board_destroy(board);
}
END_TEST

START_TEST(equal_machines_have_equal_hashes)
{
    struct board *a = board_create(), *b = board_create();
    ck_assert_uint_eq(machine_hash(&a->machine), machine_hash(&b->machine));
    b->machine.memory.ram[0x12345] ^= 1;
    ck_assert_uint_ne(machine_hash(&a->machine), machine_hash(&b->machine));
    board_destroy(a);
    board_destroy(b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("device_laws");
    TCase *tests = tcase_create("every state list of the board");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, each_field_changed_alone_changes_the_hash);
    tcase_add_test(tests, saved_changed_and_loaded_is_equal);
    tcase_add_test(tests, reset_twice_equals_once);
    tcase_add_test(tests, the_first_reset_by_the_guest_keeps_what_the_battery_keeps);
    tcase_add_test(tests, instances_have_different_names);
    tcase_add_test(tests, equal_machines_have_equal_hashes);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
