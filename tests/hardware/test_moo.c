/*
 * Single instructions as real processors executed them, on one engine.
 *
 *     test_moo native|portable [--plain] [FILE]
 *     test_moo native|portable --model MODEL[,-FEATURE] FOLDER|FILE...
 *
 * The first form runs the 80286 sample (FILE or its folder; default: $VESTIGE_MOO, else
 * ../shared/moo/80286-real.rmt) and is skipped (77) without it; one wrong case fails.  --plain:
 * with blocks of one instruction and no optimisation.  The second runs whole sets in the MOO
 * format, a file for each opcode, and prints a line for each.
 *
 * Score lines, an opcode each, are of the proof hardware-80286 or hardware-MODEL.
 *
 * Registers, defined flags, memory and exception frames are compared.  The whole block runs in the
 * engine under test: a case ends at a HLT that is put behind it, where there is room for one.
 */
#include "base/endian.h"
#include "frontend/x86/cpu/segment.h"
#include "tests/hardware/moo.h"
#include "tests/support/cpu_fixture.h"
#include "tests/support/score.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

enum { SKIPPED = 77, SHOWN = 20, SHOWN_OF_OPCODE = 3, STEPS = 200000, HLT = 0xf4 };
enum { NOT_SEGMENT = -1 };

static const char *const names[MOO_REGISTERS] = {"ax", "bx", "cx", "dx", "cs", "ss", "ds",
                                                 "es", "sp", "bp", "si", "di", "ip", "flags"};
static const int general[MOO_IP] = {GUEST_RAX,   GUEST_RBX,   GUEST_RCX,   GUEST_RDX,
                                    NOT_SEGMENT, NOT_SEGMENT, NOT_SEGMENT, NOT_SEGMENT,
                                    GUEST_RSP,   GUEST_RBP,   GUEST_RSI,   GUEST_RDI};
static const enum seg_index segments[4] = {SEG_CS, SEG_SS, SEG_DS, SEG_ES};

/* Counts over one file. */
struct counts {
    unsigned cases, bad, shown;
};

/* Of one opcode of a file that holds them all. */
struct opcode_counts {
    const char *engine;
    char name[80];
    struct counts counts;
};

static void place(struct cpu_fixture *f, const struct moo_byte *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (f->ram[bytes[i].at] != bytes[i].value) {
            cpu_fixture_poke(f, bytes[i].at, &bytes[i].value, 1);
        }
    }
}

/* Puts the case's memory and registers in place. */
static void prepare(struct cpu_fixture *f, const struct moo_case *c)
{
    static const uint8_t hlt = HLT;
    if (c->halts) { /* those sets place their own, which must win */
        for (unsigned i = 0; i < 2; i++) {
            if (c->exits[i]) {
                cpu_fixture_poke(f, c->exits[i], &hlt, 1);
            }
        }
        place(f, c->ram, c->initial);
    } else {
        place(f, c->ram, c->initial);
        if (!c->steps) {
            cpu_fixture_poke(f, c->exits[0], &hlt, 1);
        }
    }
    for (unsigned i = 0; i < MOO_IP; i++) {
        if (general[i] != NOT_SEGMENT) {
            f->ctx->gpr[general[i]] = c->before[i];
        } else {
            segment_set_real(f->ctx, &f->ctx->seg[segments[i - MOO_CS]], c->before[i]);
        }
    }
    f->ctx->rip = c->before[MOO_IP];
    x86_set_eflags(f->ctx, c->before[MOO_FLAGS], 0xffff);
    f->ctx->halted = 0;
    f->ctx->shadow = 0;
}

static bool run(struct cpu_fixture *f, const struct moo_case *c, char *why, size_t room)
{
    if (!c->steps) {
        enum run_result result = cpu_fixture_run(f, STEPS);
        snprintf(why, room, "no HLT reached (%d), ip %x", (int)result, (unsigned)f->ctx->rip);
        return result == RUN_HALTED;
    }
    for (unsigned i = 0; i < 300; i++) {
        cpu_fixture_run(f, 1);
        if ((uint16_t)f->ctx->rip == c->after[MOO_IP] &&
            f->ctx->seg[SEG_CS].selector == c->after[MOO_CS]) {
            return true;
        }
    }
    snprintf(why, room, "the end was not reached, ip %x", (unsigned)f->ctx->rip);
    return false;
}

static bool registers_agree(const struct cpu_fixture *f, const struct moo_case *c, char *why,
                            size_t room)
{
    for (unsigned i = 0; i < MOO_REGISTERS; i++) {
        uint32_t got, want = c->after[i];
        if (i == MOO_FLAGS) {
            got = x86_eflags(f->ctx) & c->mask;
            want &= c->mask;
        } else if (i == MOO_IP) {
            got = (uint16_t)(f->ctx->rip - (c->steps ? 0 : 1)); /* after the HLT */
            got = (uint16_t)(got + (c->halts && c->length ? 1 : 0));
        } else if (general[i] == NOT_SEGMENT) {
            got = f->ctx->seg[segments[i - MOO_CS]].selector;
        } else {
            got = (uint16_t)f->ctx->gpr[general[i]];
        }
        if (i == MOO_IP && (uint16_t)(got + 1) == want) {
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

static bool memory_agrees(const struct cpu_fixture *f, const struct moo_case *c, char *why,
                          size_t room)
{
    for (unsigned i = 0; i < c->final; i++) {
        uint32_t gpa = c->changed[i].at;
        unsigned mask = 0xff;
        if (c->flags_at && gpa - c->flags_at < 2) {
            mask = c->mask >> 8 * (gpa - c->flags_at) & 0xff;
        }
        if (!c->halts && !c->steps && gpa == c->exits[0]) {
            continue; /* the HLT stands there */
        }
        if ((f->ram[gpa] ^ c->changed[i].value) & mask) {
            snprintf(why, room, "byte %x is %02x, hardware %02x", gpa, f->ram[gpa],
                     c->changed[i].value);
            return false;
        }
    }
    return true;
}

/* Adds a case of that name (NULL: there are no more); a finished opcode is printed. */
static void count_opcode(struct opcode_counts *opcode, const char *name, bool good)
{
    struct counts *counts = &opcode->counts;
    if (counts->cases && (!name || strcmp(name, opcode->name) != 0)) {
        score("hardware-80286", opcode->name, opcode->engine, counts->cases - counts->bad,
              counts->cases);
        *counts = (struct counts){0};
    }
    if (name) {
        snprintf(opcode->name, sizeof(opcode->name), "%s", name);
        counts->cases++;
        counts->bad += !good;
    }
}

/* opcode: NULL, or where each opcode of the file is counted. */
static struct counts run_file(struct cpu_fixture *f, struct moo_file *file, unsigned most,
                              struct opcode_counts *opcode)
{
    static struct moo_case c;
    struct counts counts = {0};
    while (moo_next(file, &c)) {
        char why[200];
        prepare(f, &c);
        bool good = run(f, &c, why, sizeof(why)) && registers_agree(f, &c, why, sizeof(why)) &&
                    memory_agrees(f, &c, why, sizeof(why));
        if (opcode) {
            count_opcode(opcode, c.name, good);
        }
        counts.cases++;
        counts.bad += !good;
        if (!good && counts.shown < most) {
            printf("%s #%u: %s\n", c.name, c.index, why);
            counts.shown++;
        }
    }
    if (opcode) {
        count_opcode(opcode, NULL, true);
    }
    return counts;
}

/* ---- the sample ------------------------------------------------------------------------------ */

static struct moo_file open_sample(const char *given)
{
    char path[4096];
    const char *folder = given ? given : getenv("VESTIGE_MOO");
    folder = folder ? folder : "../shared/moo";
    snprintf(path, sizeof(path), "%s/80286-real.rmt", folder);
    struct moo_file file = moo_open(path);
    return file.data ? file : moo_open(folder);
}

static int run_sample(const char *engine, bool plain, const char *given)
{
    struct moo_file file = open_sample(given);
    if (!file.data || !file.rmt) {
        printf("skipped: no 80286-real.rmt; set VESTIGE_MOO to its folder\n");
        moo_close(&file);
        return SKIPPED;
    }
    struct cpu_fixture f;
    int status = SKIPPED;
    struct pass_set passes = {plain ? UINT32_MAX : 0};
    if (cpu_fixture_create_with(&f, x86_model_find("286"), engine, plain, passes)) {
        struct opcode_counts opcode = {.engine = engine};
        struct counts counts = run_file(&f, &file, SHOWN, plain ? NULL : &opcode);
        if (plain) {
            score("hardware-80286", "all_of_them,_blocks_of_one,_no_optimisation", engine,
                  counts.cases - counts.bad, counts.cases);
        }
        printf("80286 hardware cases: %u of %u agree\n", counts.cases - counts.bad, counts.cases);
        status = counts.bad != 0;
    } else {
        printf("skipped: no %s engine on this host\n", engine);
    }
    cpu_fixture_destroy(&f);
    moo_close(&file);
    return status;
}

/* ---- whole sets ------------------------------------------------------------------------------ */

struct sets {
    struct cpu_fixture *f;
    const char *engine;
    char proof[32];
    struct counts total;
    unsigned opcodes, whole; /* opcodes run, and those without a wrong case */
};

static bool is_moo(const char *name)
{
    return strstr(name, ".MOO") || strstr(name, ".moo");
}

static void run_opcode(struct sets *sets, const char *folder, const char *name)
{
    char path[4200], opcode[16];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    struct moo_file file = moo_open(path);
    if (!file.data) {
        printf("%s: unreadable\n", path);
        sets->total.bad++;
        return;
    }
    snprintf(opcode, sizeof(opcode), "%.*s", (int)(strstr(name, ".") - name), name);
    const char *dot = strchr(name, '.');
    if (dot && dot[1] >= '0' && dot[1] <= '7' && dot[2] == '.') {
        snprintf(opcode, sizeof(opcode), "%.*s", (int)(dot + 2 - name), name);
    }
    file.mask = moo_mask(folder, opcode);
    struct counts counts = run_file(sets->f, &file, SHOWN_OF_OPCODE, NULL);
    moo_close(&file);
    score(sets->proof, opcode, sets->engine, counts.cases - counts.bad, counts.cases);
    sets->opcodes++;
    sets->whole += counts.bad == 0;
    sets->total.cases += counts.cases;
    sets->total.bad += counts.bad;
}

static void run_folder(struct sets *sets, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (is_moo(entries[i]->d_name)) {
            run_opcode(sets, folder, entries[i]->d_name);
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
}

static void run_path(struct sets *sets, char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        run_folder(sets, path);
        return;
    }
    char *slash = strrchr(path, '/');
    if (slash) {
        *slash = 0;
    }
    run_opcode(sets, slash ? path : ".", slash ? slash + 1 : path);
}

static int run_sets(const char *engine, const char *model, char **paths)
{
    struct cpu_fixture f;
    struct sets sets = {.f = &f, .engine = engine};
    struct status status = {0};
    struct x86_model configured;
    snprintf(sets.proof, sizeof(sets.proof), "hardware-%s", model);
    if (!x86_model_configure(&configured, model, &status)) {
        printf("%s\n", status.text);
        return 2;
    }
    if (!cpu_fixture_create_model(&f, &configured, engine, 0)) {
        printf("skipped: no %s engine on this host\n", engine);
        return SKIPPED;
    }
    for (; *paths; paths++) {
        run_path(&sets, *paths);
    }
    printf("%s, %s: %u of %u cases agree; %u of %u opcodes whole\n", model, engine,
           sets.total.cases - sets.total.bad, sets.total.cases, sets.whole, sets.opcodes);
    cpu_fixture_destroy(&f);
    return sets.total.cases == 0 || sets.total.bad != 0;
}

int main(int argc, char **argv)
{
    const char *engine = argc > 1 ? argv[1] : "portable";
    if (argc > 4 && strcmp(argv[2], "--model") == 0) {
        return run_sets(engine, argv[3], argv + 4);
    }
    bool plain = argc > 2 && strcmp(argv[2], "--plain") == 0;
    return run_sample(engine, plain, argc > 2 + plain ? argv[2 + plain] : NULL);
}
