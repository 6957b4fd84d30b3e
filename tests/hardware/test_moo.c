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
 * Registers, defined flags, memory and exception frames are compared.  A whole set's list of
 * withdrawn cases is heeded (facts.h); a case that differs is named, with what is known of it.
 */
#include "tests/hardware/facts.h"
#include "tests/hardware/rig.h"
#include "tests/support/score.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

enum { SKIPPED = 77, SHOWN = 20, SHOWN_OF_OPCODE = 5 };

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
static struct counts run_sample_file(struct cpu_fixture *f, struct moo_file *file,
                                     struct opcode_counts *opcode)
{
    static struct moo_case c;
    struct counts counts = {0};
    while (moo_next(file, &c)) {
        char why[200];
        bool good = rig_agrees(f, &c, why, sizeof(why));
        if (opcode) {
            count_opcode(opcode, c.name, good);
        }
        counts.cases++;
        counts.bad += !good;
        if (!good && counts.shown++ < SHOWN) {
            printf("%s #%u: %s\n", c.name, c.index, why);
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
    struct pass_set passes = {.off = plain ? UINT32_MAX : 0};
    if (cpu_fixture_create_with(&f, x86_model_find("286"), engine, plain, passes)) {
        struct opcode_counts opcode = {.engine = engine};
        struct counts counts = run_sample_file(&f, &file, plain ? NULL : &opcode);
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
    char model[24]; /* without features */
    char proof[40];
    struct counts total;
    unsigned opcodes, whole; /* opcodes run, and those without a wrong case */
    unsigned withdrawn;      /* cases not run */
};

static bool is_moo(const char *name)
{
    return strstr(name, ".MOO") || strstr(name, ".moo");
}

static bool is_revoked(const uint8_t *revoked, unsigned count, const uint8_t *hash)
{
    for (unsigned i = 0; i < count; i++) {
        if (memcmp(revoked + (size_t)i * MOO_HASH, hash, MOO_HASH) == 0) {
            return true;
        }
    }
    return false;
}

static struct counts run_file(struct sets *sets, const char *folder, const char *opcode,
                              struct moo_file *file)
{
    static struct moo_case c;
    struct counts counts = {0};
    unsigned revoked_count;
    enum facts_compared compared = facts_compared(sets->model, opcode);
    uint8_t *revoked = facts_revoked(folder, &revoked_count);
    while (moo_next(file, &c)) {
        char why[200];
        if (is_revoked(revoked, revoked_count, c.hash)) {
            sets->withdrawn++;
            continue;
        }
        if (compared == FACTS_ALL || (compared == FACTS_RESULTS && !c.flags_at)) {
            c.mask[MOO_FLAGS] = 0xffff;
        }
        bool good = rig_agrees(sets->f, &c, why, sizeof(why));
        counts.cases++;
        counts.bad += !good;
        if (!good && counts.shown++ < SHOWN_OF_OPCODE) {
            const char *known = facts_known(sets->model, opcode, c.index);
            score_known(sets->proof, "%s, %s, case %u: %s.", opcode, c.name, c.index,
                        known ? known : why);
        }
    }
    free(revoked);
    return counts;
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
    moo_define_flags(&file, facts_flags(folder, opcode));
    struct counts counts = run_file(sets, folder, opcode, &file);
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
    snprintf(sets.model, sizeof(sets.model), "%.*s", (int)strcspn(model, ","), model);
    snprintf(sets.proof, sizeof(sets.proof), "hardware-%s", sets.model);
    if (!x86_model_configure(&configured, model, &status)) {
        printf("%s\n", status.text);
        return 2;
    }
    if (!cpu_fixture_create_model(&f, &configured, engine, 0)) {
        printf("skipped: no %s engine on this host\n", engine);
        return SKIPPED;
    }
    rig_init(&f);
    for (; *paths; paths++) {
        run_path(&sets, *paths);
    }
    printf("%s, %s: %u of %u cases agree; %u of %u opcodes whole\n", model, engine,
           sets.total.cases - sets.total.bad, sets.total.cases, sets.whole, sets.opcodes);
    if (sets.withdrawn) {
        printf("%u cases not run: the set's authors withdrew them\n", sets.withdrawn);
    }
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
