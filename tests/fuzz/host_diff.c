/*
 * The emulator against this machine's own processor.
 *
 *     host_diff --seed S --count N [--class x87,sse,...] [--engine native|portable|both]
 *               [--seconds T] [--plain] [--all-flags] [--show N]
 *     host_diff --replay FILE...
 *
 * Makes cases (generate.h), runs each on the host in a sandbox and on the engines, and compares
 * registers, flags, x87 and SSE state, memory and the exception it ended with.  A case that differs
 * is shrunk and printed as text that can go into a file of corpus/.  A run of
 * all classes with a count prints scores (tests/support/score.h).  Without --seed the seed is the
 * time, and printed; --plain cuts blocks to one instruction and switches optimisations off.
 *
 * A host without 32-bit code runs what does the same in 64-bit code (same64.h) and replays nothing;
 * one without a local descriptor table leaves out its segments; neither scores.
 *
 * Exit status: 0 all alike, 1 a difference, 2 bad usage, 77 this host cannot.
 */
#include "tests/fuzz/session.h"
#include "tests/fuzz/text.h"
#include "tests/support/score.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SKIPPED = 77, USAGE = 2 };

struct options {
    uint64_t seed, count;
    double seconds;
    unsigned classes; /* bit per enum fuzz_class */
    unsigned show;
    const char *engine;
    bool all_flags, plain, replay;
    int first_file;
};

struct run {
    struct session session;
    struct generator generator;
    struct templates templates;
    const struct options *options;
    uint64_t passed[CLASSES][ENGINES], total[CLASSES];
    bool seen[X86_MNEMONICS]; /* a failure of it was printed */
    unsigned shown;
    uint64_t timeouts; /* cases that did not end on the host */
    struct shape shapes[FUZZ_BATCH];
    uint64_t failed[FUZZ_BATCH]; /* seeds of this batch */
    struct fuzz_slot slot;
};

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void usage(void)
{
    fprintf(stderr, "usage: host_diff [--seed S] [--count N] [--seconds T] [--class NAME,...]\n"
                    "                 [--engine native|portable|both] [--plain]\n"
                    "                 [--all-flags] [--show N]\n"
                    "       host_diff --replay FILE...\nclasses:\n");
    for (unsigned i = 0; i < CLASSES; i++) {
        fprintf(stderr, "  %-15s %s\n", class_name((enum fuzz_class)i),
                class_what((enum fuzz_class)i));
    }
    exit(USAGE);
}

static unsigned parse_classes(const char *list)
{
    unsigned classes = 0;
    while (*list) {
        unsigned length = (unsigned)strcspn(list, ",");
        enum fuzz_class class = class_find(list, length);
        if (class == CLASSES) {
            usage();
        }
        classes |= 1u << class;
        list += length + (list[length] == ',');
    }
    return classes;
}

static struct options parse(int argc, char **argv)
{
    struct options o = {.seed = (uint64_t)time(NULL) << 24,
                        .count = 2000,
                        .classes = (1u << CLASSES) - 1,
                        .show = 20,
                        .engine = "both"};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--all-flags") == 0) {
            o.all_flags = true;
            continue;
        }
        if (strcmp(argv[i], "--plain") == 0) {
            o.plain = true;
            continue;
        }
        if (strcmp(argv[i], "--replay") == 0) {
            o.replay = true;
            o.first_file = i + 1;
            break;
        }
        if (strcmp(argv[i], "--seed") == 0) {
            o.seed = strtoull(value, NULL, 0);
        } else if (strcmp(argv[i], "--count") == 0) {
            o.count = strtoull(value, NULL, 0);
        } else if (strcmp(argv[i], "--seconds") == 0) {
            o.seconds = strtod(value, NULL);
            o.count = UINT64_MAX;
        } else if (strcmp(argv[i], "--show") == 0) {
            o.show = (unsigned)strtoul(value, NULL, 0);
        } else if (strcmp(argv[i], "--class") == 0) {
            o.classes = parse_classes(value);
        } else if (strcmp(argv[i], "--engine") == 0) {
            o.engine = value;
        } else {
            usage();
        }
        i++;
    }
    return o;
}

/* One failure of each mnemonic is enough to read. */
static bool worth_showing(struct run *run, const struct shape *shape)
{
    struct x86_insn insn;
    struct x86_decode_mode mode = case_mode(&run->slot.before, UINT64_MAX);
    const uint8_t *code = code_at(&run->slot);
    x86_decode(code + (shape->insns > 1 ? shape->length[0] : 0), X86_MAX_LENGTH, &mode, &insn);
    bool seen = run->seen[insn.mnemonic];
    run->seen[insn.mnemonic] = true;
    return !seen && run->shown++ < run->options->show;
}

static void report(struct run *run, enum fuzz_class class, uint64_t seed)
{
    struct shape shape;
    if (run->shown >= run->options->show) {
        return;
    }
    generate(&run->generator, class, seed, &run->slot, &shape);
    if (session_agrees(&run->session, &run->slot, &shape) ||
        !session_shrink(&run->session, &run->slot, &shape)) {
        printf("# %s, seed %" PRIu64 ": does not differ every time\n\n", class_name(class), seed);
        return;
    }
    if (!worth_showing(run, &shape)) {
        return;
    }
    printf("# %s, seed %" PRIu64 "\n", class_name(class), seed);
    for (const char *line = run->session.why; *line;) {
        size_t length = strcspn(line, "\n");
        printf("#   %.*s\n", (int)length, line);
        line += length + (line[length] != '\0');
    }
    text_write(stdout, &run->slot, &shape);
    fflush(stdout);
}

static void run_batch(struct run *run, enum fuzz_class class, uint64_t from, uint32_t count)
{
    unsigned failures = 0;
    struct fuzz_slot *slots = run->session.native.shared->slot;
    for (uint32_t i = 0; i < count; i++) {
        generate(&run->generator, class, from + i, &slots[i], &run->shapes[i]);
    }
    session_run_host(&run->session, count);
    for (uint32_t i = 0; i < count; i++) {
        run->timeouts += slots[i].after.end == FUZZ_TIMEOUT;
        unsigned differ = session_judge(&run->session, &slots[i], class == CLASS_transcendental);
        for (unsigned engine = 0; engine < ENGINES; engine++) {
            run->passed[class][engine] += !(differ >> engine & 1);
        }
        if (differ) {
            run->failed[failures++] = from + i;
        }
    }
    run->total[class] += count;
    for (unsigned i = 0; i < failures; i++) {
        report(run, class, run->failed[i]);
    }
}

/* What is not compared, for the table of scores: a line for each reason. */
static const struct known {
    const char *what, *kind, *why;
} known[] = {
#define NEVER(mnemonic, why)                {#mnemonic, "not run", why},
#define FIRST(mnemonic, why)                {#mnemonic, "only as the first instruction", why},
#define ALONE(mnemonic, why)                {#mnemonic, "only as the one instruction", why},
#define NO_REP(mnemonic, why)               {#mnemonic, "not under REP", why},
#define FIELDS(mnemonic, width, why)        {#mnemonic, "not with 16-bit addresses", why},
#define NO_LOCK(map, opcode, why)           {"0F " #opcode, "not under LOCK", why},
#define VENDOR(map, opcode, low, high, why) {"0F " #opcode, "register forms not run", why},
#define IGNORE(mnemonic, vector, what, why) {#mnemonic, IGNORED_WORD_##what, why},
#define IGNORED_WORD_FAULT                  "which fault it ends with"
#define IGNORED_WORD_GPR                    "registers after a fault"
#define IGNORED_WORD_MMX                    "x87 tags and TOP after #XM"
#define IGNORED_WORD_ALL                    "faults"
#include "tests/fuzz/exclusions.def"
};
enum { KNOWN = sizeof(known) / sizeof(known[0]) };

static bool same_reason(const struct known *a, const struct known *b)
{
    return strcmp(a->kind, b->kind) == 0 && strcmp(a->why, b->why) == 0;
}

/* The row is the first with its instruction and reason. */
static bool is_first(unsigned row)
{
    unsigned first = 0;
    while (strcmp(known[first].what, known[row].what) != 0 ||
           !same_reason(&known[first], &known[row])) {
        first++;
    }
    return first == row;
}

/* The instructions of row i and of later rows for the same reason, each once. */
static void name_known(unsigned i, char *names, size_t room)
{
    size_t used = 0;
    for (unsigned k = i; k < KNOWN && used < room; k++) {
        if (same_reason(&known[k], &known[i]) && is_first(k)) {
            used += (size_t)snprintf(names + used, room - used, "%s`%s`", k == i ? "" : " ",
                                     known[k].what);
        }
    }
}

static void print_known(void)
{
    for (unsigned i = 0; i < KNOWN; i++) {
        unsigned first = 0;
        char names[1000];
        while (!same_reason(&known[first], &known[i])) {
            first++;
        }
        if (first == i) {
            name_known(i, names, sizeof(names));
            score_known("host", "%s, %s: %s", names, known[i].kind, known[i].why);
        }
    }
}

/* whole: every class, and as many cases as every other such run. */
static int scores(const struct run *run, bool whole)
{
    bool failed = false;
    if (run->timeouts) {
        printf("%" PRIu64 " cases did not end on the host\n", run->timeouts);
    }
    for (unsigned i = 0; i < CLASSES; i++) {
        const char *class = class_name((enum fuzz_class)i);
        for (unsigned engine = 0; engine < ENGINES && run->total[i]; engine++) {
            uint64_t passed = run->passed[i][engine], total = run->total[i];
            if (!(session_engines(&run->session) >> engine & 1)) {
                continue;
            }
            if (whole) {
                score("host", class, session_engine_name(engine), passed, total);
            } else {
                printf("%s %s: %" PRIu64 " of %" PRIu64 " alike\n", class,
                       session_engine_name(engine), passed, total);
            }
            failed |= passed != total;
        }
    }
    if (whole) {
        print_known();
    }
    return failed;
}

static int fuzz(struct run *run)
{
    const struct options *o = run->options;
    double end = seconds_now() + o->seconds;
    unsigned classes = 0;
    for (unsigned i = 0; i < CLASSES; i++) {
        bool apart = run->generator.code64 && (i == CLASS_segment || i == CLASS_undefined);
        bool wanted = o->classes >> i & 1 && !apart;
        if (wanted && session_has(&run->session, (enum fuzz_class)i)) {
            classes |= 1u << i;
        } else if (wanted) {
            printf("no class %s: CPUID does not report it\n", class_name((enum fuzz_class)i));
        }
    }
    printf("seed %" PRIu64 "\n", o->seed);
    for (uint64_t done = 0; done < o->count && (o->seconds == 0 || seconds_now() < end);) {
        uint64_t left = o->count - done;
        uint32_t batch = left < FUZZ_BATCH ? (uint32_t)left : FUZZ_BATCH;
        for (unsigned i = 0; i < CLASSES; i++) {
            if (classes >> i & 1) {
                run_batch(run, (enum fuzz_class)i, o->seed + done, batch);
            }
        }
        done += batch;
    }
    return scores(run, classes == (1u << CLASSES) - 1 && o->seconds == 0);
}

static int replay(struct run *run, const char *path)
{
    unsigned line = 0, bad = 0, count = 0, absent = 0;
    struct shape shape;
    FILE *in = fopen(path, "r");
    if (!in) {
        fprintf(stderr, "host_diff: cannot open %s\n", path);
        return USAGE;
    }
    enum text_result result;
    while ((result = text_read(in, &line, &run->slot, &shape)) == TEXT_CASE) {
        if (state_local(&run->slot.before) && !run->generator.local) {
            absent++;
            continue;
        }
        count++;
        if (!session_agrees(&run->session, &run->slot, &shape)) {
            printf("%s: the case that ends at line %u differs, %s\n", path, line, run->session.why);
            bad++;
        }
    }
    fclose(in);
    if (result == TEXT_ERROR) {
        fprintf(stderr, "host_diff: %s:%u: not a case\n", path, line);
        return USAGE;
    }
    printf("%s: %u of %u alike\n", path, count - bad, count);
    if (absent) {
        printf("%s: %u not run: no local descriptor table on this host\n", path, absent);
    }
    return bad != 0;
}

static bool create(struct run *run, const char *program, const char **why)
{
    char host_cpu[4096];
    const char *slash = strrchr(program, '/');
    int folder = slash ? (int)(slash - program) + 1 : 0;
    snprintf(host_cpu, sizeof(host_cpu), "%.*shost_cpu", folder, program);
    *why = "out of memory";
    if (!templates_create(&run->templates)) {
        return false;
    }
    generator_init(&run->generator, &run->templates);
    run->generator.all_flags = run->options->all_flags;
    if (!session_create(&run->session, host_cpu, run->options->engine, run->options->plain, why)) {
        return false;
    }
    run->session.all_flags = run->options->all_flags;
    run->generator.code64 = run->session.native.code64;
    run->generator.local = run->session.native.shared->local && !run->generator.code64;
    run->generator.features = class_features_of(0);
    for (unsigned i = 0; i < CLASSES; i++) {
        if (session_has(&run->session, (enum fuzz_class)i)) {
            run->generator.features |= class_features_of((enum fuzz_class)i);
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options options = parse(argc, argv);
    const char *why = "";
    struct run *run = calloc(1, sizeof(*run));
    if (!run) {
        return 1;
    }
    run->options = &options;
    int status = 0;
    if (!create(run, argv[0], &why)) {
        printf("skipped: %s\n", why);
        return SKIPPED;
    }
    bool whole = options.seconds == 0 && options.classes == (1u << CLASSES) - 1;
    if (options.replay ? run->generator.code64 : whole && !run->generator.local) {
        printf("skipped: no 32-bit code or no local descriptor table on this host\n");
        status = SKIPPED;
    } else if (options.replay) {
        for (int i = options.first_file; i < argc; i++) {
            int result = replay(run, argv[i]);
            status = result > status ? result : status;
        }
    } else {
        status = fuzz(run);
    }
    session_destroy(&run->session);
    templates_destroy(&run->templates);
    free(run);
    return status;
}
