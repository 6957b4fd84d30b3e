/*
 * Every MMX and SSE row against this machine's own CPU: results, MXCSR and EFLAGS to the bit, with
 * masked and unmasked exceptions.  x86-64 hosts only.
 */
#include "base/endian.h"
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/helper/vec.h"
#include "tests/unit/frontend/x86/helper/vec_host.h"
#include "tests/unit/frontend/x86/helper/vec_values.h"

#include <check.h>
#include <stdio.h>

#define FAIL_UNLESS(condition, ...)    \
    do {                               \
        if (!(condition)) {            \
            ck_abort_msg(__VA_ARGS__); \
        }                              \
    } while (0)

enum { FLOAT_CASES = 4000, TRAP_CASES = 400, INTEGER_CASES = 150, STRING_CASES = 60 };

static struct x86_cpu *create(void)
{
    struct x86_cpu *cpu = aligned_alloc(16, (sizeof(*cpu) + 15) / 16 * 16);
    memset(cpu, 0, sizeof(*cpu));
    cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
    return cpu;
}

static void load(struct context *ctx, const struct vec_registers *r)
{
    for (unsigned i = 0; i < 2; i++) {
        ctx->xmm[i].q[0] = r->xmm[i][0];
        ctx->xmm[i].q[1] = r->xmm[i][1];
        ctx->st[i].mantissa = r->mm[i];
    }
    for (unsigned i = 0; i < COUNT_OF(r->gpr); i++) {
        ctx->gpr[i] = r->gpr[i];
    }
    memcpy(ctx->slow_value, r->memory, 16);
    ctx->mxcsr = r->mxcsr;
    ctx->leave = LEAVE_NONE;
    context_set_flags(ctx, FLAGS_ARITH);
}

static void store(const struct context *ctx, struct vec_registers *r, unsigned memory_bytes)
{
    for (unsigned i = 0; i < 2; i++) {
        r->xmm[i][0] = ctx->xmm[i].q[0];
        r->xmm[i][1] = ctx->xmm[i].q[1];
        r->mm[i] = ctx->st[i].mantissa;
    }
    for (unsigned i = 0; i < COUNT_OF(r->gpr); i++) {
        r->gpr[i] = (uint32_t)ctx->gpr[i];
    }
    memcpy(r->memory, ctx->slow_value, memory_bytes);
    r->mxcsr = ctx->mxcsr;
    r->eflags = context_flags(ctx);
    r->trapped = ctx->leave == LEAVE_EVENT;
}

static unsigned code_of(enum vec_file file, unsigned n)
{
    static const uint8_t first[] = {
        [FILE_NONE] = IR_NONE, [FILE_XMM] = IR_XMM0, [FILE_MMX] = IR_MM0, [FILE_GPR] = IR_GPR0};
    return file == FILE_NONE ? IR_NONE : first[file] + n;
}

static uint64_t argument(unsigned op, bool memory, unsigned imm8)
{
    const struct vec_shape *shape = &vec_shapes[vec_rows[op].form];
    unsigned reg = code_of(shape->reg, 0);
    unsigned rm = memory ? IR_MEM : code_of(shape->rm, vec_is_shift(op) ? 0 : 1);
    unsigned dst = shape->rm_is_destination ? rm : reg;
    unsigned src = shape->rm_is_destination ? reg : rm;
    return op | dst << 16 | (uint64_t)src << 24 | (uint64_t)imm8 << 32;
}

static struct vec_registers random_registers(uint64_t *seed, bool floating, uint32_t masks)
{
    struct vec_registers r = {0};
    uint64_t words[8];
    for (unsigned i = 0; i < 8; i++) {
        bool near = i >= 2 && vec_random(seed) % 5 == 0;
        words[i] = near ? vec_neighbour(seed, words[i & 1]) : vec_value(seed, floating);
    }
    memcpy(r.xmm, words, sizeof(r.xmm));
    memcpy(r.memory, words + 4, 16);
    memcpy(r.mm, words + 6, sizeof(r.mm));
    uint64_t bits = vec_random(seed);
    r.gpr[0] = (uint32_t)bits >> (bits >> 60 & 1 ? 27 : 0);
    r.gpr[1] = bits >> 32 & 1 ? (uint32_t)vec_value(seed, false) : (uint32_t)vec_single(seed);
    r.gpr[2] = (uint32_t)vec_random(seed) >> (bits >> 35 & 31);
    bool sticky = bits >> 40 & 1;
    r.mxcsr = masks | (bits >> 48 & 0xe040) | (sticky ? bits >> 33 & 0x3f : 0);
    return r;
}

/* What differs, as text for the failure. */
static void describe(char *out, size_t size, const struct vec_registers *r)
{
    snprintf(out, size,
             "xmm %016lx_%016lx %016lx_%016lx mm %016lx %016lx gpr %x %x %x mem %016lx_%016lx "
             "mxcsr %x flags %x trap %u",
             (unsigned long)r->xmm[0][1], (unsigned long)r->xmm[0][0], (unsigned long)r->xmm[1][1],
             (unsigned long)r->xmm[1][0], (unsigned long)r->mm[0], (unsigned long)r->mm[1],
             r->gpr[0], r->gpr[1], r->gpr[2], (unsigned long)load_le64(r->memory + 8),
             (unsigned long)load_le64(r->memory), r->mxcsr, r->eflags & FLAGS_ARITH, r->trapped);
}

static bool same(const struct vec_registers *host, const struct vec_registers *soft, bool eflags)
{
    return memcmp(host->xmm, soft->xmm, sizeof(host->xmm)) == 0 &&
           memcmp(host->mm, soft->mm, sizeof(host->mm)) == 0 &&
           memcmp(host->gpr, soft->gpr, sizeof(host->gpr)) == 0 &&
           memcmp(host->memory, soft->memory, sizeof(host->memory)) == 0 &&
           host->mxcsr == soft->mxcsr && host->trapped == soft->trapped &&
           (!eflags || (host->eflags & FLAGS_ARITH) == soft->eflags);
}

static void run_soft(struct x86_cpu *cpu, unsigned op, bool memory, unsigned imm8,
                     struct vec_registers *r)
{
    const struct vec_shape *shape = &vec_shapes[vec_rows[op].form];
    bool stores = memory && shape->rm_is_destination;
    load(&cpu->ctx, r);
    callout_vec(&cpu->ctx, 0, 0, argument(op, memory, imm8));
    store(&cpu->ctx, r, stores ? vec_memory_bytes((enum vec_op)op) : 0);
}

struct bench {
    struct x86_cpu *cpu;
    uint8_t *code;
    uint64_t seed;
    uint32_t masks; /* MXCSR mask bits; 0: random ones */
};

static struct bench bench_create(uint32_t masks)
{
    struct bench bench = {create(), vec_code_create(), UINT64_C(0x9e3779b97f4a7c15), masks};
    ck_assert_ptr_nonnull(bench.code);
    vec_catch_traps();
    return bench;
}

static void bench_destroy(struct bench *bench)
{
    free(bench->cpu);
    munmap(bench->code, VEC_CODE_BYTES);
}

static void compare_once(struct bench *bench, unsigned op, bool memory, unsigned imm8)
{
    const struct vec_row *row = &vec_rows[op];
    uint32_t masks = bench->masks ? bench->masks : vec_random(&bench->seed) & 0x1f80;
    struct vec_registers start = random_registers(&bench->seed, row->flags & VEC_FP, masks);
    struct vec_registers host = start;
    struct vec_registers soft = start;
    vec_run(bench->code, &host, 0);
    run_soft(bench->cpu, op, memory, imm8, &soft);
    if (!same(&host, &soft, row->flags & VEC_EFLAGS && !host.trapped)) {
        char texts[3][300];
        describe(texts[0], sizeof(texts[0]), &start);
        describe(texts[1], sizeof(texts[1]), &host);
        describe(texts[2], sizeof(texts[2]), &soft);
        ck_abort_msg("%s%s imm %u\nstart %s\nhost  %s\nsoft  %s", row->name, memory ? " mem" : "",
                     imm8, texts[0], texts[1], texts[2]);
    }
}

static void compare_form(struct bench *bench, unsigned op, bool memory, unsigned cases)
{
    static const uint8_t edges[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 255};
    bool immediate = vec_rows[op].flags & VEC_IMM8;
    unsigned rounds = immediate ? COUNT_OF(edges) + 6 : 1;
    for (unsigned i = 0; i < rounds; i++) {
        unsigned random = vec_random(&bench->seed) & 0xff;
        unsigned imm8 = !immediate ? 0 : i < COUNT_OF(edges) ? edges[i] : random;
        vec_emit(bench->code, op, memory, imm8);
        for (unsigned n = 0; n < (immediate ? cases / 12 : cases); n++) {
            compare_once(bench, op, memory, imm8);
        }
    }
}

static void compare_rows(struct bench *bench, bool floating, unsigned cases)
{
    for (unsigned op = 0; op < VEC_OPS; op++) {
        if (vec_rows[op].flags & VEC_SOFTWARE || floating != ((vec_rows[op].flags & VEC_FP) != 0)) {
            continue;
        }
        if (!vec_memory_only(op)) {
            compare_form(bench, op, false, cases);
        }
        if (!vec_shapes[vec_rows[op].form].no_memory) {
            compare_form(bench, op, true, cases);
        }
    }
}

START_TEST(integer_rows_equal_the_host)
{
    struct bench bench = bench_create(0x1f80);
    compare_rows(&bench, false, INTEGER_CASES);
    bench_destroy(&bench);
}
END_TEST

START_TEST(string_comparisons_equal_the_host_with_every_immediate)
{
    static const enum vec_op ops[] = {VEC_pcmpestrm, VEC_pcmpestri, VEC_pcmpistrm, VEC_pcmpistri};
    struct bench bench = bench_create(0x1f80);
    for (unsigned n = 0; n < COUNT_OF(ops) * 256; n++) {
        vec_emit(bench.code, ops[n % COUNT_OF(ops)], n & 256, n / COUNT_OF(ops));
        for (unsigned i = 0; i < STRING_CASES; i++) {
            compare_once(&bench, ops[n % COUNT_OF(ops)], n & 256, n / COUNT_OF(ops));
        }
    }
    bench_destroy(&bench);
}
END_TEST

/* Those of 16 bytes that the table calls aligned, and no others.  Intel's manual wants SHA's
 * aligned (exceptions of type 4), AMD Zen takes them anywhere. */
START_TEST(misaligned_operands_fault_where_the_host_faults)
{
    struct bench bench = bench_create(0x1f80);
    for (unsigned op = 0; op < VEC_OPS; op++) {
        const struct vec_row *row = &vec_rows[op];
        struct vec_registers registers = {.mxcsr = 0x1f80};
        if (vec_shapes[row->form].no_memory || vec_map(row) == VEC_MAP_3DNOW ||
            vec_set(row) == VEC_SHA >> VEC_SET_SHIFT) {
            continue;
        }
        vec_emit(bench.code, op, true, 0);
        vec_run(bench.code, &registers, 1);
        ck_assert_msg(registers.trapped == ((row->flags & VEC_ALIGNED) != 0), "%s", row->name);
    }
    bench_destroy(&bench);
}
END_TEST

START_TEST(floating_rows_equal_the_host_with_all_exceptions_masked)
{
    struct bench bench = bench_create(0x1f80);
    compare_rows(&bench, true, FLOAT_CASES);
    bench_destroy(&bench);
}
END_TEST

START_TEST(floating_rows_equal_the_host_with_exceptions_unmasked)
{
    struct bench bench = bench_create(0);
    compare_rows(&bench, true, TRAP_CASES);
    bench_destroy(&bench);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vec");
    TCase *tcase = tcase_create("vec");
    tcase_add_test(tcase, integer_rows_equal_the_host);
    tcase_add_test(tcase, string_comparisons_equal_the_host_with_every_immediate);
    tcase_add_test(tcase, misaligned_operands_fault_where_the_host_faults);
    tcase_add_test(tcase, floating_rows_equal_the_host_with_all_exceptions_masked);
    tcase_add_test(tcase, floating_rows_equal_the_host_with_exceptions_unmasked);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
