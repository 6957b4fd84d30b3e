/* See machine_state.h. */
#include "machine/machine_state.h"

#include "machine/pc.h"
#include "machine/saved_tlb.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define BOARD_STATE(S, VAL, ARR, SUB)                                                  \
    VAL(S, u64,  mips,        MACHINE_DEFAULT_MIPS, "instructions a virtual microsecond") \
    VAL(S, u64,  idle_ns,     0,     "virtual time that passed without instructions")  \
    VAL(S, u64,  resets,      0,     "resets since power-on")                          \
    VAL(S, bool, powered,     true,  "power-on is over")                               \
    VAL(S, bool, nmi_wanted,  false, "an NMI waits")                                   \
    VAL(S, bool, reset_wanted, false, "a reset waits")                                 \
    VAL(S, u16,  isa_level,   0,     "interrupt lines that ISA devices drive high")    \
    VAL(S, u16,  pci_level,   0,     "interrupt lines that PIRQs drive high")          \
    VAL(S, bool, a20_i8042,   false, "A20 as the keyboard controller drives it")       \
    VAL(S, bool, a20_port92,  false, "A20 as port 92h drives it")
/* clang-format on */

struct board {
    STATE_MEMBERS(BOARD_STATE)
};
STATE_DESC(board, BOARD_STATE);

enum { TIMERS_MOST = 256 };

struct timers {
    uint64_t deadline[TIMERS_MOST];
    uint32_t count;
};

struct machine_state {
    void *copies[MACHINE_DEVICES + 1]; /* of each device's struct, then of the processor's */
    unsigned device_count;
    struct board board;
    struct timers timers;
    struct inputs inputs;
    struct saved_tlb tlb;
    uint64_t icount;
};

/* ---- saving ---- */

static struct board board_of(const struct machine *machine)
{
    const struct pc *pc = machine->pc;
    return (struct board){.mips = machine->mips,
                          .idle_ns = machine->idle_ns,
                          .resets = machine->resets,
                          .powered = machine->powered,
                          .nmi_wanted = machine->nmi_wanted,
                          .reset_wanted = machine->reset_wanted,
                          .isa_level = pc->isa_level,
                          .pci_level = pc->pci_level,
                          .a20_i8042 = pc->a20_i8042,
                          .a20_port92 = pc->a20_port92};
}

static void save_timers(const struct machine *machine, struct fields_writer *writer)
{
    uint64_t deadline[TIMERS_MOST];
    unsigned count = clock_deadlines(machine->clock, deadline, TIMERS_MOST);
    count = count < TIMERS_MOST ? count : TIMERS_MOST;
    fields_begin(writer, "clock", "clock");
    fields_put(writer, "deadline", STATE_u64, count, deadline);
    fields_end(writer);
}

/* Keys that wait: the code, bit 15 when it goes down. */
enum { KEY_DOWN = 0x8000 };

static void save_inputs(const struct inputs *inputs, struct fields_writer *writer)
{
    uint16_t keys[INPUT_KEYS];
    uint8_t bytes[INPUT_SERIAL_BYTES];
    for (uint32_t i = 0; i < inputs->key_count; i++) {
        struct input_key key = inputs->keys[(inputs->key_head + i) % INPUT_KEYS];
        keys[i] = (uint16_t)(key.key | (key.down ? KEY_DOWN : 0));
    }
    fields_begin(writer, "inputs", "inputs");
    fields_put(writer, "keys", STATE_u16, inputs->key_count, keys);
    fields_put(writer, "key_ready_ns", STATE_u64, 1, &inputs->key_ready_ns);
    for (unsigned n = 0; n < INPUT_SERIAL_LINES; n++) {
        const struct input_line *line = &inputs->lines[n];
        char name[16];
        for (uint32_t i = 0; i < line->count; i++) {
            bytes[i] = line->bytes[(line->head + i) % INPUT_SERIAL_BYTES];
        }
        snprintf(name, sizeof(name), "line[%u]", n);
        fields_put(writer, name, STATE_u8, line->count, bytes);
    }
    fields_end(writer);
}

void machine_state_save(struct machine *machine, struct fields_writer *writer)
{
    struct board board = board_of(machine);
    context_fpu_sync(machine->ctx);
    machine->ctx->icount = machine_icount(machine);
    fields_begin(writer, "cpu", "cpu");
    fields_put_state(writer, x86_state(), machine->cpu);
    fields_end(writer);
    fields_begin(writer, "board", "board");
    fields_put_state(writer, &board_state, &board);
    fields_end(writer);
    save_timers(machine, writer);
    save_inputs(&machine->inputs, writer);
    saved_tlb_write(machine->translator, writer);
    for (unsigned i = 0; i < machine->device_count; i++) {
        const struct device *device = &machine->devices[i];
        fields_begin(writer, device->instance, device->ops->name);
        fields_put_state(writer, device->ops->state, device->dev);
        fields_end(writer);
    }
}

/* ---- parsing ---- */

static const struct state_desc *desc_of(const struct machine *machine, unsigned n)
{
    return n < machine->device_count ? machine->devices[n].ops->state : x86_state();
}

static bool load_timers(struct machine_state *state, struct section section, struct status *status)
{
    struct saved_field field;
    while (section_next(&section, &field, status)) {
        if (strcmp(field.name, "deadline") != 0 || field.kind != STATE_u64 ||
            field.count > TIMERS_MOST) {
            return status_fail(status, "clock.%s: no timers of this version", field.name);
        }
        state->timers.count = field.count;
        for (uint32_t i = 0; i < field.count; i++) {
            state->timers.deadline[i] = saved_element(&field, i);
        }
    }
    return !status->failed;
}

static bool load_keys(struct inputs *inputs, const struct saved_field *field)
{
    if (field->kind != STATE_u16 || field->count > INPUT_KEYS) {
        return false;
    }
    inputs->key_count = field->count;
    for (uint32_t i = 0; i < field->count; i++) {
        unsigned key = (unsigned)saved_element(field, i);
        if ((key & ~(unsigned)KEY_DOWN) >= KEYS_COUNT) {
            return false;
        }
        inputs->keys[i] =
            (struct input_key){(uint16_t)(key & ~(unsigned)KEY_DOWN), (key & KEY_DOWN) != 0};
    }
    return true;
}

static bool load_line(struct inputs *inputs, const struct saved_field *field)
{
    unsigned n = (unsigned)(field->name[5] - '0');
    if (strncmp(field->name, "line[", 5) != 0 || n >= INPUT_SERIAL_LINES ||
        strcmp(field->name + 6, "]") != 0 || field->kind != STATE_u8 ||
        field->count > INPUT_SERIAL_BYTES) {
        return false;
    }
    inputs->lines[n].count = field->count;
    memcpy(inputs->lines[n].bytes, field->elements, field->count);
    return true;
}

static bool load_inputs(struct machine_state *state, struct section section, struct status *status)
{
    struct saved_field field;
    while (section_next(&section, &field, status)) {
        bool taken;
        if (strcmp(field.name, "keys") == 0) {
            taken = load_keys(&state->inputs, &field);
        } else if (strcmp(field.name, "key_ready_ns") == 0) {
            taken = field.kind == STATE_u64 && field.count == 1;
            state->inputs.key_ready_ns = saved_element(&field, 0);
        } else {
            taken = load_line(&state->inputs, &field);
        }
        if (!taken) {
            return status_fail(status, "inputs.%s: no inputs of this version", field.name);
        }
    }
    return !status->failed;
}

/* The number of the device (device_count: the processor), or -1. */
static int find_device(const struct machine *machine, const struct section *section)
{
    if (strcmp(section->instance, "cpu") == 0 && strcmp(section->type, "cpu") == 0) {
        return (int)machine->device_count;
    }
    for (unsigned i = 0; i < machine->device_count; i++) {
        const struct device *device = &machine->devices[i];
        if (strcmp(device->instance, section->instance) == 0 &&
            strcmp(device->ops->name, section->type) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool load_section(const struct machine *machine, struct machine_state *state,
                         const struct section *section, struct status *status)
{
    char title[2 * FIELD_NAME_MOST];
    if (strcmp(section->type, "board") == 0) {
        return section_load(*section, &board_state, &state->board, status);
    }
    if (strcmp(section->type, "clock") == 0) {
        return load_timers(state, *section, status);
    }
    if (strcmp(section->type, "inputs") == 0) {
        return load_inputs(state, *section, status);
    }
    if (strcmp(section->type, "tlb") == 0) {
        return saved_tlb_read(&state->tlb, *section, status);
    }
    int n = find_device(machine, section);
    if (n < 0) {
        section_title(section, title, sizeof(title));
        return status_fail(status, "%s: this machine has no such device", title);
    }
    return section_load(*section, desc_of(machine, (unsigned)n), state->copies[n], status);
}

static struct machine_state *create(const struct machine *machine)
{
    struct machine_state *state = calloc(1, sizeof(*state));
    if (!state) {
        return NULL;
    }
    state->device_count = machine->device_count;
    state_reset(&board_state, &state->board);
    for (unsigned i = 0; i <= machine->device_count; i++) {
        const struct state_desc *desc = desc_of(machine, i);
        /* structs begin with vectors, and calloc aligns to 16 bytes */
        state->copies[i] = calloc(1, desc->size);
        if (!state->copies[i]) {
            machine_state_free(state);
            return NULL;
        }
        state_reset(desc, state->copies[i]);
    }
    return state;
}

static uint64_t find_icount(const struct machine_state *state)
{
    const struct context *ctx = state->copies[state->device_count]; /* begins the processor */
    return ctx->icount;
}

/* What later code takes for granted. */
static bool check(const struct machine *machine, struct machine_state *state, struct status *status)
{
    const uint64_t most = UINT64_C(1) << 62;
    state->icount = find_icount(state);
    if (state->board.mips != machine->mips) {
        return status_fail(
            status, "it was taken at %llu MIPS and this machine runs at %llu (--speed)",
            (unsigned long long)state->board.mips, (unsigned long long)machine->mips);
    }
    return (state->icount < most && state->board.idle_ns < most) ||
           status_fail(status, "cpu.icount or board.idle_ns: beyond the end of time");
}

struct machine_state *machine_state_parse(const struct machine *machine, const uint8_t *bytes,
                                          size_t count, struct status *status)
{
    struct machine_state *state = create(machine);
    struct fields_reader reader = {bytes, bytes + count};
    struct section section;
    bool good = state || status_fail(status, "no memory for the state");
    while (good && fields_next(&reader, &section, status)) {
        good = load_section(machine, state, &section, status);
    }
    if (good && !status->failed && check(machine, state, status)) {
        return state;
    }
    machine_state_free(state);
    return NULL;
}

void machine_state_free(struct machine_state *state)
{
    for (unsigned i = 0; state && i <= state->device_count; i++) {
        free(state->copies[i]);
    }
    if (state) {
        saved_tlb_free(&state->tlb);
    }
    free(state);
}

uint64_t machine_state_icount(const struct machine_state *state)
{
    return state->icount;
}

/* ---- applying ---- */

static void apply_board(struct machine *machine, const struct board *board)
{
    struct pc *pc = machine->pc;
    machine->idle_ns = board->idle_ns;
    machine->resets = board->resets;
    machine->powered = board->powered;
    machine->nmi_wanted = board->nmi_wanted;
    machine->reset_wanted = board->reset_wanted;
    machine->power_off_wanted = machine->exit_wanted = machine->init_wanted = false;
    pc->isa_level = board->isa_level;
    pc->pci_level = board->pci_level;
    pc->a20_i8042 = board->a20_i8042;
    pc->a20_port92 = board->a20_port92;
}

void machine_state_apply(struct machine *machine, const struct machine_state *state)
{
    context_fpu_sync(machine->ctx);
    state_copy(x86_state(), machine->cpu, state->copies[machine->device_count]);
    for (unsigned i = 0; i < machine->device_count; i++) {
        state_copy(machine->devices[i].ops->state, machine->devices[i].dev, state->copies[i]);
    }
    apply_board(machine, &state->board);
    machine->inputs = state->inputs;
    translator_loaded(machine->translator);
    x86_loaded(machine->cpu);
    for (unsigned i = 0; i < machine->device_count; i++) {
        const struct device *device = &machine->devices[i];
        if (device->ops->loaded) {
            device->ops->loaded(device->dev);
        }
    }
    apply_board(machine, &state->board); /* what the devices drove while others were behind */
    pc_loaded(machine);
    translator_tlb_set(machine->translator, state->tlb.rows, state->tlb.count, state->tlb.regions,
                       state->tlb.region_count);
    clock_set_deadlines(machine->clock, state->timers.deadline, state->timers.count);
    if (machine->reset_wanted) {
        translator_stop(machine->translator);
    }
}
