/*
 * Single instructions as a real 80286 executed them, on one engine.
 *
 *     test_moo native|portable [FILE]
 *
 * FILE (default: $VESTIGE_MOO, a file or its folder, else ../shared/moo/80286-real.rmt) is in the
 * format RMT1: cases with the state before, what changed, and which flags are defined.  Registers,
 * defined flags, memory and exception frames are compared.  The score goes to standard output; one
 * wrong case fails; without the file the test is skipped (77).
 *
 * The whole block runs in the engine under test: each case ends at a HLT that the case places.
 */
#include "base/endian.h"
#include "frontend/x86/cpu/segment.h"
#include "tests/support/cpu_fixture.h"

#include <stdio.h>

enum { SKIPPED = 77, REGISTERS = 14, SHOWN = 20, STEPS = 200000, HLT = 0xf4 };
enum { REG_CS = 4, REG_IP = 12, REG_FLAGS = 13, NOT_SEGMENT = -1 };

static const char *const names[REGISTERS] = {"ax", "bx", "cx", "dx", "cs", "ss", "ds",
                                             "es", "sp", "bp", "si", "di", "ip", "flags"};

/* The file's order of registers: general ones by number, segments from REG_CS. */
static const int general[REG_IP] = {GUEST_RAX,   GUEST_RBX,   GUEST_RCX,   GUEST_RDX,
                                    NOT_SEGMENT, NOT_SEGMENT, NOT_SEGMENT, NOT_SEGMENT,
                                    GUEST_RSP,   GUEST_RBP,   GUEST_RSI,   GUEST_RDI};
static const enum seg_index segments[4] = {SEG_CS, SEG_SS, SEG_DS, SEG_ES};

struct moo_case {
    unsigned op, test, mask, exception;
    unsigned initial_runs, final_runs;
    uint32_t flags_at, exits[2];
    uint16_t before[REGISTERS], after[REGISTERS];
    const uint8_t *runs;
};

static uint8_t *read_file(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    *bytes = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*bytes);
    if (data && fread(data, 1, *bytes, file) != *bytes) {
        free(data);
        data = NULL;
    }
    fclose(file);
    return data;
}

static uint8_t *find_file(const char *given, size_t *bytes)
{
    char path[4096];
    const char *place = given ? given : getenv("VESTIGE_MOO");
    place = place ? place : "../shared/moo";
    snprintf(path, sizeof(path), "%s/80286-real.rmt", place);
    uint8_t *data = read_file(path, bytes);
    return data ? data : read_file(place, bytes);
}

static const uint8_t *parse(const uint8_t *at, struct moo_case *c)
{
    const uint8_t *next = at + load_le16(at);
    *c = (struct moo_case){.op = load_le16(at + 2),
                           .test = load_le16(at + 4),
                           .mask = load_le16(at + 6),
                           .exception = at[8],
                           .initial_runs = at[9],
                           .final_runs = at[10],
                           .flags_at = load_le32(at + 14),
                           .exits = {load_le32(at + 18), load_le32(at + 22)}};
    unsigned changed = load_le16(at + 12);
    at += 26;
    for (unsigned i = 0; i < REGISTERS; i++, at += 2) {
        c->before[i] = c->after[i] = load_le16(at);
    }
    for (unsigned i = 0; i < REGISTERS; i++) {
        if (changed >> i & 1) {
            c->after[i] = load_le16(at);
            at += 2;
        }
    }
    c->runs = at;
    return next;
}

/* Puts the case's memory and registers in place; returns where the final runs begin. */
static const uint8_t *prepare(struct cpu_fixture *f, const struct moo_case *c)
{
    static const uint8_t hlt = HLT;
    const uint8_t *at = c->runs;
    for (unsigned i = 0; i < 2; i++) {
        if (c->exits[i]) {
            cpu_fixture_poke(f, c->exits[i], &hlt, 1);
        }
    }
    for (unsigned i = 0; i < c->initial_runs; i++) {
        uint32_t word = load_le32(at);
        cpu_fixture_poke(f, word & 0xffffff, at + 4, word >> 24);
        at += 4 + (word >> 24);
    }
    for (unsigned i = 0; i < REG_IP; i++) {
        if (general[i] != NOT_SEGMENT) {
            f->ctx->gpr[general[i]] = c->before[i];
        } else {
            segment_set_real(f->ctx, &f->ctx->seg[segments[i - REG_CS]], c->before[i]);
        }
    }
    f->ctx->rip = c->before[REG_IP];
    x86_set_eflags(f->ctx, c->before[REG_FLAGS], 0xffff);
    f->ctx->halted = 0;
    f->ctx->shadow = 0;
    return at;
}

static bool registers_agree(const struct cpu_fixture *f, const struct moo_case *c, char *why,
                            size_t room)
{
    for (unsigned i = 0; i < REGISTERS; i++) {
        uint32_t got, want = c->after[i];
        if (i == REG_FLAGS) {
            got = x86_eflags(f->ctx) & c->mask;
            want &= c->mask;
        } else if (i == REG_IP) {
            got = (uint16_t)(f->ctx->rip - 1); /* after the HLT */
        } else if (general[i] == NOT_SEGMENT) {
            got = f->ctx->seg[segments[i - REG_CS]].selector;
        } else {
            got = (uint16_t)f->ctx->gpr[general[i]];
        }
        if (i == REG_IP && (uint16_t)(got + 1) == want) {
            continue; /* the case itself is a HLT */
        }
        if (got != want) {
            snprintf(why, room, "%s is %x, hardware %x, before %x", names[i], got, want,
                     c->before[i]);
            return false;
        }
    }
    return true;
}

static bool memory_agrees(const struct cpu_fixture *f, const struct moo_case *c, const uint8_t *at,
                          char *why, size_t room)
{
    for (unsigned i = 0; i < c->final_runs; i++) {
        uint32_t word = load_le32(at), gpa = word & 0xffffff;
        at += 4;
        for (uint32_t k = 0; k < word >> 24; k++, gpa++, at++) {
            unsigned mask = 0xff;
            if (c->flags_at && gpa - c->flags_at < 2) {
                mask = c->mask >> 8 * (gpa - c->flags_at) & 0xff;
            }
            if ((f->ram[gpa] ^ *at) & mask) {
                snprintf(why, room, "byte %x is %02x, hardware %02x", gpa, f->ram[gpa], *at);
                return false;
            }
        }
    }
    return true;
}

static bool passes(struct cpu_fixture *f, const struct moo_case *c, char *why, size_t room)
{
    const uint8_t *final = prepare(f, c);
    enum run_result result = cpu_fixture_run(f, STEPS);
    if (result != RUN_HALTED) {
        snprintf(why, room, "no HLT reached (%d), ip %x", (int)result, (unsigned)f->ctx->rip);
        return false;
    }
    return registers_agree(f, c, why, room) && memory_agrees(f, c, final, why, room);
}

static unsigned run_all(struct cpu_fixture *f, const uint8_t *data)
{
    uint32_t ops = load_le32(data + 4), count = load_le32(data + 8);
    const uint8_t *op_names = data + 12;
    const uint8_t *at = op_names + (size_t)ops * 16;
    unsigned bad = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct moo_case c;
        char why[200];
        at = parse(at, &c);
        if (!passes(f, &c, why, sizeof(why)) && ++bad <= SHOWN) {
            printf("%.8s #%u: %s\n", (const char *)op_names + (size_t)c.op * 16, c.test, why);
        }
    }
    printf("80286 hardware cases: %u of %u agree\n", count - bad, count);
    return bad;
}

int main(int argc, char **argv)
{
    size_t bytes = 0;
    const char *engine = argc > 1 ? argv[1] : "portable";
    uint8_t *data = find_file(argc > 2 ? argv[2] : NULL, &bytes);
    if (!data || bytes < 12 || memcmp(data, "RMT1", 4) != 0) {
        printf("skipped: no 80286-real.rmt; set VESTIGE_MOO to its folder\n");
        free(data);
        return SKIPPED;
    }
    struct cpu_fixture f;
    unsigned bad = 0;
    if (cpu_fixture_create(&f, "386", engine, 0)) {
        bad = run_all(&f, data);
    } else {
        printf("skipped: no %s engine on this host\n", engine);
    }
    bool ran = f.tr != NULL;
    cpu_fixture_destroy(&f);
    free(data);
    return ran ? bad != 0 : SKIPPED;
}
