/*
 * The x87 in software against this machine's own: every row of x87_ops.def from random states with
 * special operands, the whole state compared.  Skipped where the host has no x87.
 *
 * Transcendental results are compared in test_transcendental80.c; here only their flags, stack and
 * special operands would differ between processors, so those rows are left out.
 */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/helper/x87.h"
#include "tests/unit/frontend/x86/helper/fake_memory.h"
#include "translator/api/callout.h"
#include "translator/ir/ir.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <sys/mman.h>

/* FNSAVE in its 32-bit protected layout. */
struct image {
    uint32_t fcw, fsw, tag, ip, cs, dp, ds;
    uint8_t st[80];
};

/* What the code reads and writes. */
struct run {
    struct image before, after;
    uint8_t memory[16];
    uint64_t flags, rax;
};

typedef void host_code(struct run *run);

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed * UINT64_C(0x2545f4914f6cdd1d);
}

/* Code: frstor before; popf; mov rax; the instruction; pushf; save; fnsave after. */
static host_code *assemble(uint8_t *code, enum x87_op op, unsigned sti)
{
    const struct x87_row *row = &x87_rows[op];
    bool memory = row->form >= X87_FORM_M16 && row->form <= X87_FORM_M80;
    uint8_t operation[7] = {row->escape, (uint8_t)(row->modrm + sti)};
    unsigned size = 2;
    if (memory) { /* [rdi + disp32] */
        operation[1] = (uint8_t)(row->modrm | 0x87);
        uint32_t at = offsetof(struct run, memory);
        memcpy(operation + 2, &at, 4);
        size = 6;
    }
    uint8_t *p = code;
    uint32_t at;
#define BYTES(...)                                                         \
    memcpy(p, (uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})), \
        p += sizeof((uint8_t[]){__VA_ARGS__})
#define AT(member) at = offsetof(struct run, member), memcpy(p, &at, 4), p += 4
    BYTES(0xdd, 0xa7), AT(before);
    BYTES(0xff, 0xb7), AT(flags);
    BYTES(0x9d);
    BYTES(0x48, 0x8b, 0x87), AT(rax);
    memcpy(p, operation, size), p += size;
    BYTES(0x9c);
    BYTES(0x8f, 0x87), AT(flags);
    BYTES(0x48, 0x89, 0x87), AT(rax);
    BYTES(0xdd, 0xb7), AT(after);
    BYTES(0xc3);
#undef BYTES
#undef AT
    host_code *entry;
    memcpy(&entry, &code, sizeof(entry));
    return entry;
}

/* Operands */

static struct float80 random_float80(uint64_t *seed)
{
    static const uint64_t mantissas[] = {0,
                                         1,
                                         2,
                                         UINT64_C(0x8000000000000000),
                                         UINT64_C(0x8000000000000001),
                                         UINT64_C(0xc000000000000000),
                                         UINT64_C(0xffffffffffffffff),
                                         UINT64_C(0x7fffffffffffffff),
                                         UINT64_C(0x4000000000000000),
                                         UINT64_C(0xbfffffffffffffff),
                                         UINT64_C(0xfffffffffffff800),
                                         UINT64_C(0xfffffffffffffc00),
                                         UINT64_C(0xffffff0000000000),
                                         UINT64_C(0xffffff8000000000),
                                         UINT64_C(0xa000000000000000),
                                         UINT64_C(0x8000008000000000)};
    static const uint16_t exponents[] = {0,      1,      2,      0x3fff, 0x3ffe, 0x4000, 0x3ffd,
                                         0x7fff, 0x7ffe, 0x403e, 0x403d, 0x401d, 0x401e, 0x400e,
                                         0x3f80, 0x3c00, 0x407e, 0x43fe, 0x3f6a, 0x3bcd, 0x4042};
    uint64_t r = next_random(seed);
    struct float80 value = {next_random(seed), (uint16_t)next_random(seed)};
    if (r & 1) {
        value.mantissa = mantissas[(r >> 8) % (sizeof(mantissas) / sizeof(*mantissas))];
    }
    if ((r & 14) == 2) {
        value.mantissa >>= r >> 32 & 63;
    }
    if ((r & 14) == 4) {
        value.mantissa &= ~UINT64_C(0) << (r >> 32 & 63);
    }
    if (r & 16) {
        value.exponent = exponents[(r >> 16) % (sizeof(exponents) / sizeof(*exponents))];
        value.exponent = (uint16_t)(value.exponent | (r >> 24 & 1) << 15);
    } else if (r & 32) {
        value.exponent = (uint16_t)(0x3fff - 70 + (r >> 40) % 140) | (uint16_t)(r >> 24 << 15);
    }
    if (r & 64 && value.exponent & 0x7fff) {
        value.mantissa |= UINT64_C(0x8000000000000000);
    }
    return value;
}

static uint64_t random_bcd(uint64_t *seed)
{
    uint64_t value = 0;
    uint64_t r = next_random(seed);
    for (unsigned i = 0; i < 16; i++, r = next_random(seed)) {
        value = value << 4 | r % 10;
    }
    return value;
}

static void random_memory(uint64_t *seed, enum x87_op op, uint8_t memory[16])
{
    uint64_t words[2] = {next_random(seed), next_random(seed)};
    struct float80 value = random_float80(seed);
    struct float80_env env = {.control = FCW_DEFAULT};
    uint64_t r = next_random(seed);
    enum x87_form form = x87_rows[op].form;
    if (op == X87_fbld) {
        words[0] = random_bcd(seed);
        words[1] = random_bcd(seed) & 0xff;
        words[1] |= (r & 1) << 15;
    } else if (form == X87_FORM_M80) {
        words[0] = value.mantissa;
        words[1] = value.exponent;
    } else if (r & 1 && form == X87_FORM_M32) {
        words[0] = float80_to_float32(&env, value);
    } else if (r & 1 && form == X87_FORM_M64) {
        words[0] = float80_to_float64(&env, value);
    } else if ((r & 6) == 2) { /* denormals, small integers */
        words[0] >>= 32 + (r >> 8 & 31);
    } else if ((r & 6) == 4 && form == X87_FORM_M32) {
        words[0] |= 0x7f800000;
    } else if ((r & 6) == 4 && form == X87_FORM_M64) {
        words[0] |= UINT64_C(0x7ff0000000000000);
    }
    memcpy(memory, words, 16);
}

static void random_state(uint64_t *seed, struct image *image)
{
    uint64_t r = next_random(seed);
    unsigned masked = r & 3 ? 0x3f : r >> 8 & 0x3f;
    memset(image, 0, sizeof(*image));
    image->fcw = (uint32_t)(0x40 | masked | (r >> 16 & 0xf) << 8);
    unsigned exceptions = r & 4 ? 0 : (unsigned)(r >> 24) & masked;
    image->fsw = (uint32_t)(exceptions | (r >> 32 & 0x7f) << 8 | (r >> 39 & 1) << 14);
    image->fsw &= 0x7f3f;
    unsigned empty = r & 8 ? 0 : (unsigned)(r >> 40) & 0xff;
    if (r & 0x70000000000000) {
        empty &= ~(3u << (image->fsw >> 11 & 7));
    }
    if (r & UINT64_C(0x8000000000000000)) {
        empty |= 1u << (((image->fsw >> 11) + 7) & 7);
    }
    for (unsigned i = 0; i < 8; i++) {
        struct float80 value = random_float80(seed);
        memcpy(image->st + 10 * i, &value.mantissa, 8);
        memcpy(image->st + 10 * i + 8, &value.exponent, 2);
        image->tag |= (empty >> i & 1 ? 3u : 0u) << 2 * i;
    }
}

/* State to and from the record */

static void image_to_context(struct context *ctx, const struct image *image)
{
    ctx->fcw = (uint16_t)image->fcw;
    x87_set_status_word(ctx, (uint16_t)image->fsw);
    x87_set_tag_word(ctx, (uint16_t)image->tag);
    for (unsigned i = 0; i < 8; i++) {
        struct x87_reg *reg = &ctx->st[(ctx->ftop + i) & 7];
        memcpy(&reg->mantissa, image->st + 10 * i, 8);
        memcpy(&reg->exponent, image->st + 10 * i + 8, 2);
    }
    ctx->mode = 0x100;
}

static void context_to_image(const struct context *ctx, struct image *image)
{
    memset(image, 0, sizeof(*image));
    image->fcw = ctx->fcw;
    image->fsw = x87_status_word(ctx);
    image->tag = x87_tag_word(ctx);
    for (unsigned i = 0; i < 8; i++) {
        const struct x87_reg *reg = &ctx->st[(ctx->ftop + i) & 7];
        memcpy(image->st + 10 * i, &reg->mantissa, 8);
        memcpy(image->st + 10 * i + 8, &reg->exponent, 2);
    }
}

static void drop_pointers(struct image *image)
{
    image->fcw &= 0xffff;
    image->fsw &= 0xffff;
    image->tag &= 0xffff;
    image->ip = image->cs = image->dp = image->ds = 0;
}

static void describe(const char *who, const struct image *image, const uint8_t *memory,
                     uint64_t flags)
{
    printf("  %-8s fcw %04x fsw %04x tag %04x flags %03x mem ", who, image->fcw & 0xffff,
           image->fsw & 0xffff, image->tag & 0xffff, (unsigned)flags & 0x8d5);
    for (unsigned i = 10; i-- > 0;) {
        printf("%02x", memory[i]);
    }
    for (unsigned i = 0; i < 8; i++) {
        uint64_t mantissa;
        uint16_t exponent;
        memcpy(&mantissa, image->st + 10 * i, 8);
        memcpy(&exponent, image->st + 10 * i + 8, 2);
        printf("%s%04x:%016llx", i & 3 ? " " : "\n      ", exponent, (unsigned long long)mantissa);
    }
    printf("\n");
}

static unsigned operand_bytes(enum x87_op op)
{
    static const uint8_t bytes[] = {[X87_FORM_M16] = 2,
                                    [X87_FORM_M32] = 4,
                                    [X87_FORM_M64] = 8,
                                    [X87_FORM_M80] = 10,
                                    [X87_FORM_AX] = 0};
    return bytes[x87_rows[op].form];
}

static struct x86_cpu cpu;

static bool agree(host_code *code, enum x87_op op, unsigned sti, struct run *run)
{
    struct context *ctx = &cpu.ctx;
    image_to_context(ctx, &run->before);
    context_set_flags(ctx, (uint32_t)run->flags);
    ctx->gpr[GUEST_RAX] = (uint32_t)run->rax;
    ctx->leave = LEAVE_NONE;
    struct run start = *run;
    memcpy(ctx->slow_value, run->memory, 16);
    callout_x87(ctx, 0, 0, op | sti << 16);
    code(run);
    drop_pointers(&run->after);
    struct image ours;
    context_to_image(ctx, &ours);
    bool same = memcmp(&ours, &run->after, sizeof(ours)) == 0 &&
                memcmp(ctx->slow_value, run->memory, operand_bytes(op)) == 0 &&
                ((context_flags(ctx) ^ run->flags) & FLAGS_ARITH) == 0 &&
                (uint32_t)ctx->gpr[GUEST_RAX] == (uint32_t)run->rax;
    if (!same) {
        printf("%s st(%u)\n", x87_rows[op].name, sti);
        describe("before", &start.before, start.memory, start.flags);
        describe("host", &run->after, run->memory, run->flags);
        describe("software", &ours, (const uint8_t *)ctx->slow_value, context_flags(ctx));
    }
    return same;
}

static bool approximate(enum x87_op op)
{
    return op == X87_f2xm1 || op == X87_fyl2x || op == X87_fptan || op == X87_fpatan ||
           op == X87_fyl2xp1 || op == X87_fsincos || op == X87_fsin || op == X87_fcos;
}

/* Operands whose result is exact: leaves random ones only where a stack fault decides. */
static void make_special(uint64_t *seed, enum x87_op op, struct image *image)
{
    static const struct float80 values[] = {{0, 0},
                                            {0, 0x8000},
                                            {UINT64_C(0x8000000000000000), 0x7fff},
                                            {UINT64_C(0x8000000000000000), 0xffff},
                                            {UINT64_C(0xc000000000000001), 0x7fff},
                                            {UINT64_C(0xc000000000000002), 0xffff},
                                            {UINT64_C(0x8000000000000001), 0xffff},
                                            {UINT64_C(0x8000000000000002), 0x7fff},
                                            {0, 0x7fff},
                                            {1, 0x3fff},
                                            {UINT64_C(0xd000000000000000), 0x403e},
                                            {UINT64_C(0x8000000000000000), 0x7ffe},
                                            {UINT64_C(0x8000000000000000), 0x3fff},
                                            {UINT64_C(0x8000000000000000), 0xbfff},
                                            {UINT64_C(0x0000000000000001), 0x0000}};
    bool trigonometric = op == X87_fsin || op == X87_fcos || op == X87_fsincos || op == X87_fptan;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t limit = trigonometric || op == X87_f2xm1 ? 12 : op == X87_fyl2xp1 ? 10 : 15;
        const struct float80 *value = &values[(next_random(seed) >> 20) % limit];
        memcpy(image->st + 10 * i, &value->mantissa, 8);
        memcpy(image->st + 10 * i + 8, &value->exponent, 2);
    }
}

START_TEST(every_operation_leaves_the_state_that_the_processor_leaves)
{
    enum x87_op op = (enum x87_op)_i;
    uint8_t *code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(code, MAP_FAILED);
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15) + (unsigned)_i;
    unsigned failures = 0;
    for (unsigned sti = 0; sti < 8; sti++) {
        if (sti && x87_rows[op].form != X87_FORM_STI) {
            sti = 0;
            break;
        }
        host_code *entry = assemble(code, op, sti);
        unsigned count = x87_rows[op].form == X87_FORM_STI ? 300 : 2000;
        while (count-- && failures < 3) {
            struct run run;
            random_state(&seed, &run.before);
            random_memory(&seed, op, run.memory);
            run.flags = (next_random(&seed) & FLAGS_ARITH) | 2;
            run.rax = (uint32_t)next_random(&seed);
            if (approximate(op)) {
                make_special(&seed, op, &run.before);
            }
            failures += !agree(entry, op, sti, &run);
        }
    }
    munmap(code, 4096);
    ck_assert_uint_eq(failures, 0);
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("x87");
    TCase *tcase = tcase_create("against the processor");
#if defined(__x86_64__)
    cpu.model = x86_model_find("486");
    tcase_add_loop_test(tcase, every_operation_leaves_the_state_that_the_processor_leaves, 0,
                        X87_OPS);
#endif
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
