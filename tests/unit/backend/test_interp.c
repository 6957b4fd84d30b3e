/* The portable engine: every integer instruction against the host CPU, and the engine's protocol.
 */
#include "backend/host/interp/eval.h"
#include "frontend/x86/lift/lift.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGES = 2, GUEST_BYTES = PAGES * 4096 };

/* One machine: flat segments, two pages of memory, no devices. */
struct bench {
    struct context ctx;
    struct engine *engine;
    struct memory_tables *tables;
    struct hash_slot *hash;
    callout_function *callouts[CALLOUT_COUNT];
    struct ir_inst insts[IR_MAX_RECORDS];
    struct block block;
    uint32_t base; /* guest linear address of the memory */
    uint8_t *memory;
};

static struct bench *bench;

/* ck_assert_msg() writes to a file each time it passes; this is for inner loops. */
#define EXPECT(condition, ...)         \
    do {                               \
        if (!(condition)) {            \
            ck_abort_msg(__VA_ARGS__); \
        }                              \
    } while (0)

/* ---- slow memory: faults above the memory; below it a device that counts -----------------------
 */

bool guest_load(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    (void)seg;
    (void)size;
    if (offset >= 0xf0000000) {
        context_fault(ctx, 14, true, 0);
        return false;
    }
    context_set_slow(ctx, 0x1122334455667788, 0);
    return true;
}

bool guest_store(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    (void)seg;
    (void)size;
    if (offset >= 0xf0000000) {
        context_fault(ctx, 14, true, 2);
        return false;
    }
    ctx->leave = LEAVE_AFTER;
    return true;
}

bool guest_load_for_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    return guest_load(ctx, seg, offset, size);
}

bool guest_probe_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    (void)seg;
    (void)size;
    if (offset >= 0xf0000000) {
        context_fault(ctx, 14, true, 2);
        return false;
    }
    return true;
}

/* ---- setting up ------------------------------------------------------------------------------ */

static void setup(void)
{
    bench = calloc(1, sizeof(*bench));
    bench->engine = host_interp.create(0, (struct pass_set){0});
    bench->tables = calloc(1, sizeof(*bench->tables));
    bench->hash = malloc(HASH_ENTRIES * sizeof(*bench->hash));
    memset(bench->hash, 0xff, HASH_ENTRIES * sizeof(*bench->hash));
    bench->memory = calloc(1, GUEST_BYTES);
    bench->base = 0x100000;
    bench->ctx.tables = bench->tables;
    bench->ctx.hash = bench->hash;
    bench->ctx.callouts = bench->callouts;
    bench->ctx.df = 1;
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        bench->ctx.seg[i].read_end = bench->ctx.seg[i].write_end = UINT64_C(1) << 32;
    }
}

static void map_memory(uint32_t base)
{
    bench->base = base;
    for (uint32_t i = 0; i < PAGES; i++) {
        int64_t delta = (int64_t)((uintptr_t)bench->memory - base);
        bench->tables->read[(base >> 12) + i] = delta;
        bench->tables->write[(base >> 12) + i] = delta;
    }
}

static void teardown(void)
{
    host_interp.destroy(bench->engine);
    free(bench->tables);
    free(bench->hash);
    free(bench->memory);
    free(bench);
}

/* Lifts bytes as 32-bit code at 1000h and compiles them. */
static void compile_as(const uint8_t *bytes, uint32_t length, uint32_t max_insns, uint32_t mode)
{
    struct lift_request request = {.bytes = bytes,
                                   .available = length,
                                   .in_page = length,
                                   .rip = 0x1000,
                                   .mode = mode,
                                   .max_insns = max_insns};
    struct ir_block ir = {.insts = bench->insts};
    uint32_t at;
    ck_assert_int_eq(x86_lift(&request, &ir), LIFT_OK);
    const char *message = ir_verify(&ir, &at);
    ck_assert_msg(message == NULL, "%s at record %u", message ? message : "", at);
    bench->block = (struct block){.gpa = 0x1000,
                                  .gpa2 = UINT64_MAX,
                                  .rip = 0x1000,
                                  .mode = mode,
                                  .insns = ir.insn_count,
                                  .bytes = ir.bytes};
    ck_assert(host_interp.emit(bench->engine, &ir, &bench->block));
}

static void compile(const uint8_t *bytes, uint32_t length, uint32_t max_insns)
{
    compile_as(bytes, length, max_insns, MODE_CODE32 | MODE_STACK32 | MODE_PROTECTED);
}

static void run(void)
{
    bench->ctx.budget = 1000;
    host_interp.enter(bench->engine, &bench->ctx, &bench->block);
}

#if defined(__x86_64__)

/* ---- against the host CPU -------------------------------------------------------------------- */

static uint64_t random64(void)
{
    static uint64_t state = 88172645463325252;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

struct native_state {
    uint64_t gpr[8];
    uint64_t eflags;
};

/* Loads the state, runs the instruction, stores the state; r8 holds the pointer. */
static const uint8_t prologue[] = {0x53, 0x55, 0x49, 0x89, 0xf8, 0x41, 0xff, 0x70, 0x40, 0x9d,
                                   0x49, 0x8b, 0x40, 0x00, 0x49, 0x8b, 0x48, 0x08, 0x49, 0x8b,
                                   0x50, 0x10, 0x49, 0x8b, 0x58, 0x18, 0x49, 0x8b, 0x68, 0x28,
                                   0x49, 0x8b, 0x70, 0x30, 0x49, 0x8b, 0x78, 0x38};
static const uint8_t epilogue[] = {0x9c, 0x41, 0x8f, 0x40, 0x40, 0x49, 0x89, 0x40, 0x00,
                                   0x49, 0x89, 0x48, 0x08, 0x49, 0x89, 0x50, 0x10, 0x49,
                                   0x89, 0x58, 0x18, 0x49, 0x89, 0x68, 0x28, 0x49, 0x89,
                                   0x70, 0x30, 0x49, 0x89, 0x78, 0x38, 0x5d, 0x5b, 0xc3};

struct native {
    uint8_t *code;
    uint8_t *memory; /* at an address below 4 GiB, which is the guest's too */
    bool zen;        /* flags that the manual leaves undefined are known, but those of scans */
};

static struct native native_setup(void)
{
    struct native native;
    native.code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    native.memory = mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    native.zen = __builtin_cpu_is("amd");
    ck_assert(native.code != MAP_FAILED && native.memory != MAP_FAILED);
    map_memory((uint32_t)(uintptr_t)native.memory);
    return native;
}

static void native_teardown(struct native *native)
{
    munmap(native->code, 4096);
    munmap(native->memory, GUEST_BYTES);
}

static void native_write(const struct native *native, const uint8_t *bytes, size_t length)
{
    uint8_t *at = native->code;
    memcpy(at, prologue, sizeof prologue);
    memcpy(at + sizeof prologue, bytes, length);
    memcpy(at + sizeof prologue + length, epilogue, sizeof epilogue);
}

static void native_run(const struct native *native, struct native_state *state)
{
    union {
        uint8_t *data;
        void (*call)(struct native_state *);
    } code = {.data = native->code};
    code.call(state);
}

/* Interesting numbers as often as random ones. */
static uint32_t random_value(void)
{
    static const uint32_t edges[] = {0,      1,      0x7f,       0x80,       0xff,
                                     0x7fff, 0x8000, 0x7fffffff, 0x80000000, UINT32_MAX};
    uint64_t r = random64();
    return r & 3 ? (uint32_t)(r >> 8) : edges[(r >> 8) % (sizeof edges / sizeof edges[0])];
}

static void random_state(const struct native *native, struct native_state *state)
{
    for (unsigned i = 0; i < 8; i++) {
        state->gpr[i] = random_value();
    }
    state->gpr[GUEST_RBX] = bench->base + 256 + (random64() & 63);
    state->gpr[GUEST_RSI] = bench->base + 512 + (random64() & 63);
    state->gpr[GUEST_RDI] = bench->base + 1024 + (random64() & 63);
    state->eflags = (random64() & FLAGS_ARITH) | 2;
    for (unsigned i = 0; i < 2048; i += 8) {
        uint64_t value = random64() & random64();
        memcpy(native->memory + i, &value, 8);
        memcpy(bench->memory + i, &value, 8);
    }
}

static uint16_t undefined_flags(const struct native *native)
{
    uint16_t set = 0;
    const struct compiled *code = bench->block.code;
    for (const struct ir_inst *i = code->insts; i->op != IR_jmp; i++) {
        bool known = native->zen && i->op != IR_bsf && i->op != IR_bsr;
        set |= known ? 0 : ir_rows[i->op].undefined;
    }
    return set;
}

static void compare_once(const struct native *native, size_t length, const char *text)
{
    struct native_state state;
    random_state(native, &state);
    struct native_state before = state;
    memcpy(bench->ctx.gpr, state.gpr, sizeof state.gpr);
    context_set_flags(&bench->ctx, (uint32_t)state.eflags);
    native_run(native, &state);
    run();
    EXPECT(bench->ctx.leave == LEAVE_LOOKUP && bench->ctx.rip == 0x1000 + length, "%s: %u", text,
           bench->ctx.leave);
    for (unsigned i = 0; i < 8; i++) {
        EXPECT(i == GUEST_RSP || (uint32_t)bench->ctx.gpr[i] == (uint32_t)state.gpr[i],
               "%s: register %u is %x, host %x; eax %x ecx %x edx %x", text, i,
               (uint32_t)bench->ctx.gpr[i], (uint32_t)state.gpr[i], (uint32_t)before.gpr[0],
               (uint32_t)before.gpr[1], (uint32_t)before.gpr[2]);
    }
    uint32_t mask = FLAGS_ARITH & ~(uint32_t)undefined_flags(native);
    EXPECT((context_flags(&bench->ctx) & mask) == (state.eflags & mask),
           "%s: flags %x, host %x, before %x; eax %x ecx %x edx %x", text,
           context_flags(&bench->ctx), (uint32_t)state.eflags & FLAGS_ARITH,
           (uint32_t)before.eflags, (uint32_t)before.gpr[0], (uint32_t)before.gpr[1],
           (uint32_t)before.gpr[2]);
    EXPECT(memcmp(native->memory, bench->memory, 2048) == 0, "%s: memory", text);
}

static void compare(const struct native *native, const uint8_t *bytes, size_t length)
{
    char text[64] = "";
    for (size_t i = 0; i < length; i++) {
        snprintf(text + 3 * i, 4, "%02x ", bytes[i]);
    }
    compile(bytes, (uint32_t)length, 1);
    native_write(native, bytes, length);
    for (unsigned i = 0; i < 60; i++) {
        compare_once(native, length, text);
    }
}

/* An opcode with ModRM: all register pairs that do not name ESP, and [ebx]; then imm bytes of
 * immediate. */
static void compare_modrm(const struct native *native, const uint8_t *opcode, size_t opcode_bytes,
                          int digit, size_t imm, bool byte_registers)
{
    uint8_t bytes[16];
    for (unsigned n = 0; n < 10; n++) {
        unsigned reg = digit >= 0 ? (unsigned)digit : (unsigned)(random64() & 7);
        unsigned rm = random64() & 7;
        if (!byte_registers && ((digit < 0 && reg == GUEST_RSP) || rm == GUEST_RSP)) {
            continue;
        }
        bool memory = n & 1;
        if (memory) {
            rm = GUEST_RBX;
        }
        if (memory && digit < 0 && (byte_registers ? (reg & 3) : reg) == GUEST_RBX) {
            continue; /* XADD and the like would change the address between runs */
        }
        memcpy(bytes, opcode, opcode_bytes);
        bytes[opcode_bytes] = (uint8_t)((memory ? 0 : 0xc0) | reg << 3 | rm);
        uint64_t value = random64();
        memcpy(bytes + opcode_bytes + 1, &value, imm);
        compare(native, bytes, opcode_bytes + 1 + imm);
    }
}

/* The opcode at byte size, then with word and dword operands (opcode + 1). */
static void compare_sizes(const struct native *native, const uint8_t *opcode, size_t bytes,
                          int digit, const size_t imm[3])
{
    uint8_t with_prefix[8] = {0x66};
    compare_modrm(native, opcode, bytes, digit, imm[0], true);
    memcpy(with_prefix + 1, opcode, bytes);
    with_prefix[bytes]++;
    compare_modrm(native, with_prefix, bytes + 1, digit, imm[1], false);
    compare_modrm(native, with_prefix + 1, bytes, digit, imm[2], false);
}

static const size_t no_imm[3] = {0, 0, 0};
static const size_t imm8[3] = {1, 1, 1};
static const size_t imm_z[3] = {1, 2, 4};

START_TEST(arithmetic_agrees_with_the_host)
{
    struct native native = native_setup();
    for (uint8_t op = 0; op < 8; op++) {
        compare_sizes(&native, (uint8_t[]){(uint8_t)(op << 3)}, 1, -1, no_imm);
        compare_sizes(&native, (uint8_t[]){(uint8_t)(op << 3 | 2)}, 1, -1, no_imm);
        compare_sizes(&native, (uint8_t[]){0x80}, 1, op, imm_z);
        compare_modrm(&native, (uint8_t[]){0x83}, 1, op, 1, false);
        compare(&native, (uint8_t[]){(uint8_t)(op << 3 | 5), 0x12, 0xff, 0, 0x80}, 5);
    }
    compare_sizes(&native, (uint8_t[]){0x84}, 1, -1, no_imm);
    compare_sizes(&native, (uint8_t[]){0xf6}, 1, 0, imm_z);
    compare_sizes(&native, (uint8_t[]){0xf6}, 1, 2, no_imm);
    compare_sizes(&native, (uint8_t[]){0xf6}, 1, 3, no_imm);
    compare_sizes(&native, (uint8_t[]){0xfe}, 1, 0, no_imm);
    compare_sizes(&native, (uint8_t[]){0xfe}, 1, 1, no_imm);
    native_teardown(&native);
}
END_TEST

START_TEST(multiplication_agrees_with_the_host)
{
    struct native native = native_setup();
    compare_sizes(&native, (uint8_t[]){0xf6}, 1, 4, no_imm);
    compare_sizes(&native, (uint8_t[]){0xf6}, 1, 5, no_imm);
    compare_modrm(&native, (uint8_t[]){0x0f, 0xaf}, 2, -1, 0, false);
    compare_modrm(&native, (uint8_t[]){0x66, 0x0f, 0xaf}, 3, -1, 0, false);
    compare_modrm(&native, (uint8_t[]){0x69}, 1, -1, 4, false);
    compare_modrm(&native, (uint8_t[]){0x66, 0x6b}, 2, -1, 1, false);
    native_teardown(&native);
}
END_TEST

START_TEST(shifts_and_rotates_agree_with_the_host)
{
    struct native native = native_setup();
    for (int op = 0; op < 8; op++) {
        for (unsigned n = 0; n < 8; n++) {
            compare_sizes(&native, (uint8_t[]){0xc0}, 1, op, imm8);
        }
        compare_sizes(&native, (uint8_t[]){0xd0}, 1, op, no_imm);
        compare_sizes(&native, (uint8_t[]){0xd2}, 1, op, no_imm);
        compare_sizes(&native, (uint8_t[]){0xd2}, 1, op, no_imm);
    }
    for (unsigned n = 0; n < 8; n++) {
        compare_modrm(&native, (uint8_t[]){0x66, 0x0f, 0xa4}, 3, -1, 1, false);
        compare_modrm(&native, (uint8_t[]){0x0f, 0xa4}, 2, -1, 1, false);
        compare_modrm(&native, (uint8_t[]){0x66, 0x0f, 0xac}, 3, -1, 1, false);
        compare_modrm(&native, (uint8_t[]){0x0f, 0xac}, 2, -1, 1, false);
        compare_modrm(&native, (uint8_t[]){0x66, 0x0f, 0xa5}, 3, -1, 0, false);
        compare_modrm(&native, (uint8_t[]){0x0f, 0xad}, 2, -1, 0, false);
    }
    native_teardown(&native);
}
END_TEST

START_TEST(bits_agree_with_the_host)
{
    struct native native = native_setup();
    static const uint8_t tests[] = {0xa3, 0xab, 0xb3, 0xbb};
    for (int digit = 4; digit < 8; digit++) {
        compare_modrm(&native, (uint8_t[]){0x0f, 0xba}, 2, digit, 1, false);
        compare_modrm(&native, (uint8_t[]){0x66, 0x0f, 0xba}, 3, digit, 1, false);
        for (uint8_t rm = 0; rm < 3; rm++) {
            uint8_t modrm = (uint8_t)(0xc0 | rm | 5 << 3);
            compare(&native, (uint8_t[]){0x0f, tests[digit - 4], modrm}, 3);
            compare(&native, (uint8_t[]){0x66, 0x0f, tests[digit - 4], modrm}, 4);
        }
    }
    for (uint8_t op = 0xbc; op <= 0xbd; op++) {
        compare_modrm(&native, (uint8_t[]){0x0f, op}, 2, -1, 0, false);
        compare_modrm(&native, (uint8_t[]){0x66, 0x0f, op}, 3, -1, 0, false);
    }
    native_teardown(&native);
}
END_TEST

/* movsx ecx, cl (or cx); sar ecx by some: then bts [esi], ecx reaches some bytes either way. */
START_TEST(a_bit_offset_reaches_beyond_the_operand)
{
    struct native native = native_setup();
    static const uint8_t tests[] = {0xa3, 0xab, 0xb3, 0xbb};
    for (unsigned i = 0; i < 4; i++) {
        uint8_t wide[] = {0x0f, 0xbe, 0xc9, 0x0f, tests[i], 0x0e};
        uint8_t narrow[] = {0x66, 0x0f, 0xbe, 0xc9, 0x66, 0x0f, tests[i], 0x0e};
        compile(wide, sizeof wide, 2);
        native_write(&native, wide, sizeof wide);
        for (unsigned n = 0; n < 100; n++) {
            compare_once(&native, sizeof wide, "bt [esi], ecx");
        }
        compile(narrow, sizeof narrow, 2);
        native_write(&native, narrow, sizeof narrow);
        for (unsigned n = 0; n < 100; n++) {
            compare_once(&native, sizeof narrow, "bt [esi], cx");
        }
    }
    native_teardown(&native);
}
END_TEST

START_TEST(movement_agrees_with_the_host)
{
    struct native native = native_setup();
    compare_sizes(&native, (uint8_t[]){0x88}, 1, -1, no_imm);
    compare_sizes(&native, (uint8_t[]){0x8a}, 1, -1, no_imm);
    compare_sizes(&native, (uint8_t[]){0xc6}, 1, 0, imm_z);
    compare_sizes(&native, (uint8_t[]){0x86}, 1, -1, no_imm);
    compare_sizes(&native, (uint8_t[]){0x0f, 0xc0}, 2, -1, no_imm);
    compare_sizes(&native, (uint8_t[]){0x0f, 0xb0}, 2, -1, no_imm);
    static const uint8_t extend[] = {0xb6, 0xb7, 0xbe, 0xbf};
    for (unsigned i = 0; i < 4; i++) {
        compare_modrm(&native, (uint8_t[]){0x0f, extend[i]}, 2, -1, 0, false);
        compare_modrm(&native, (uint8_t[]){0x66, 0x0f, extend[i]}, 3, -1, 0, false);
    }
    for (uint8_t cc = 0; cc < 16; cc++) {
        compare_modrm(&native, (uint8_t[]){0x0f, 0x90 | cc}, 2, 0, 0, true);
        compare_modrm(&native, (uint8_t[]){0x0f, 0x40 | cc}, 2, -1, 0, false);
        compare_modrm(&native, (uint8_t[]){0x66, 0x0f, 0x40 | cc}, 3, -1, 0, false);
    }
    static const uint8_t single[] = {0x98, 0x99, 0x9e, 0x9f, 0xf5, 0xf8, 0xf9, 0x90};
    for (unsigned i = 0; i < sizeof single; i++) {
        compare(&native, &single[i], 1);
        compare(&native, (uint8_t[]){0x66, single[i]}, 2);
    }
    compare(&native, (uint8_t[]){0x0f, 0xca}, 2);
    native_teardown(&native);
}
END_TEST

START_TEST(single_string_elements_agree_with_the_host)
{
    struct native native = native_setup();
    static const uint8_t ops[] = {0xa4, 0xa6, 0xaa, 0xac, 0xae};
    for (unsigned i = 0; i < sizeof ops; i++) {
        uint8_t wide[] = {0x66, (uint8_t)(ops[i] + 1)};
        compare(&native, &ops[i], 1);
        compare(&native, wide, 2);
        compare(&native, wide + 1, 1);
    }
    native_teardown(&native);
}
END_TEST

#endif

/* ---- protocol -------------------------------------------------------------------------------- */

START_TEST(a_block_that_the_budget_does_not_cover_is_not_begun)
{
    compile((const uint8_t[]){0x40, 0x40, 0x40}, 3, 32); /* inc eax, three times */
    bench->ctx.budget = 2;
    host_interp.enter(bench->engine, &bench->ctx, &bench->block);
    ck_assert_int_eq(bench->ctx.leave, LEAVE_LOOKUP);
    ck_assert_uint_eq(bench->ctx.rip, 0x1000);
    ck_assert_int_eq(bench->ctx.budget, 2);
    ck_assert_int_eq(bench->ctx.pending, 0);
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RAX], 0);
    bench->ctx.budget = 3;
    host_interp.enter(bench->engine, &bench->ctx, &bench->block);
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RAX], 3);
    ck_assert_int_eq(bench->ctx.budget, 0);
    ck_assert_uint_eq(bench->ctx.rip, 0x1003);
    ck_assert_ptr_eq(bench->ctx.exit_link, &bench->block.exits[0]);
}
END_TEST

START_TEST(a_fault_leaves_registers_flags_and_count_as_before_the_instruction)
{
    /* inc eax; add [ecx], edx; inc eax */
    compile((const uint8_t[]){0x40, 0x01, 0x11, 0x40}, 4, 32);
    bench->ctx.gpr[GUEST_RCX] = 0xf0000000;
    bench->ctx.gpr[GUEST_RDX] = 0;
    bench->ctx.flags = 0x4700;
    run();
    ck_assert_int_eq(bench->ctx.leave, LEAVE_EVENT);
    ck_assert_uint_eq(bench->ctx.event.vector, 14);
    ck_assert_uint_eq(bench->ctx.rip, 0x1001);
    ck_assert_int_eq(bench->ctx.pending, 2);
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RAX], 1);
    ck_assert_uint_eq(context_flags(&bench->ctx), FLAG_CF); /* of the first inc */
    ck_assert_int_eq(bench->ctx.budget, 997);
}
END_TEST

START_TEST(a_push_that_faults_keeps_the_stack_pointer)
{
    compile((const uint8_t[]){0x50}, 1, 1);
    bench->ctx.gpr[GUEST_RSP] = 0xf0000010;
    run();
    ck_assert_int_eq(bench->ctx.leave, LEAVE_EVENT);
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RSP], 0xf0000010);
}
END_TEST

START_TEST(an_instruction_completes_when_its_store_asks_to_leave)
{
    /* push eax (to a device); inc eax */
    compile((const uint8_t[]){0x50, 0x40}, 2, 32);
    bench->ctx.gpr[GUEST_RSP] = 0x500010;
    run();
    ck_assert_int_eq(bench->ctx.leave, LEAVE_AFTER);
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RSP], 0x50000c);
    ck_assert_uint_eq(bench->ctx.rip, 0x1000);
    ck_assert_uint_eq(bench->ctx.next_rip, 0x1001);
    ck_assert_int_eq(bench->ctx.pending, 2);
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RAX], 0);
}
END_TEST

START_TEST(a_branch_completes_when_its_store_asks_to_leave)
{
    compile((const uint8_t[]){0xe8, 0x10, 0, 0, 0}, 5, 32); /* call 1015h */
    bench->ctx.gpr[GUEST_RSP] = 0x500010;
    run();
    ck_assert_int_eq(bench->ctx.leave, LEAVE_LOOKUP);
    ck_assert_uint_eq(bench->ctx.rip, 0x1015);
    ck_assert_int_eq(bench->ctx.pending, 0);
    ck_assert_ptr_null(bench->ctx.exit_link);
}
END_TEST

START_TEST(a_linked_exit_goes_on_until_the_budget_is_used_up)
{
    compile((const uint8_t[]){0x40, 0xeb, 0xfd}, 3, 32); /* inc eax; jmp to itself */
    host_interp.link(bench->engine, &bench->block.exits[0], &bench->block, 0);
    run();
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RAX], 500);
    ck_assert_int_eq(bench->ctx.budget, 0);
    ck_assert_uint_eq(bench->ctx.rip, 0x1000);
    host_interp.unlink(bench->engine, &bench->block.exits[0]);
    run();
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RAX], 501);
    ck_assert_ptr_eq(bench->ctx.exit_link, &bench->block.exits[0]);
}
END_TEST

START_TEST(a_cross_page_exit_checks_the_target_page)
{
    compile((const uint8_t[]){0xe9, 0xfb, 0x0f, 0, 0}, 5, 32); /* jmp 2000h */
    ck_assert_uint_eq(bench->block.exits[0].cross_page, 1);
    host_interp.link(bench->engine, &bench->block.exits[0], &bench->block, 0x5000);
    run();
    ck_assert_uint_eq(bench->ctx.rip, 0x2000);
    ck_assert_int_eq(bench->ctx.budget, 999);
    bench->tables->code[2] = 0x5000;
    run();
    ck_assert_int_eq(bench->ctx.budget, 0);
}
END_TEST

START_TEST(an_indirect_jump_hits_the_hash_by_tag_and_page)
{
    compile((const uint8_t[]){0x40, 0xff, 0xe1}, 3, 32); /* inc eax; jmp ecx */
    bench->ctx.gpr[GUEST_RCX] = 0x1000;
    bench->ctx.tag = UINT64_C(7) << 32;
    run();
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RAX], 1);
    ck_assert_uint_eq(bench->ctx.rip, 0x1000);
    ck_assert_ptr_null(bench->ctx.exit_link);
    bench->hash[(0x1000 ^ 1) & (HASH_ENTRIES - 1)] = (struct hash_slot){
        .tag = UINT64_C(7) << 32 | 0x1000, .code = bench->block.code, .guard = 0x3000};
    run(); /* the page is not mapped */
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RAX], 2);
    bench->tables->code[1] = 0x3000;
    run();
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RAX], 502);
}
END_TEST

START_TEST(blocks_under_a_checked_code_limit_ask_for_no_link)
{
    compile_as((const uint8_t[]){0x90}, 1, 1, MODE_CODE32 | MODE_CS_CHECKED);
    run();
    ck_assert_ptr_null(bench->ctx.exit_link);
}
END_TEST

static uint64_t in_and_ask(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    ctx->leave = b == 0 ? LEAVE_AFTER : LEAVE_NONE;
    return a << 8 | imm;
}

static uint64_t divide_fault(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    context_fault(ctx, 0, false, 0);
    return 0x1234;
}

START_TEST(a_callout_gets_its_arguments_and_its_result_is_kept_when_it_asks_to_leave_after)
{
    bench->callouts[CALLOUT_port_in] = in_and_ask;
    compile((const uint8_t[]){0xe4, 0x61, 0x40}, 3, 32); /* in al, 61h; inc eax */
    bench->ctx.gpr[GUEST_RAX] = 0xaabbccdd;
    run();
    ck_assert_int_eq(bench->ctx.leave, LEAVE_AFTER);
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RAX], 0xaabbcc01);
    ck_assert_int_eq(bench->ctx.pending, 2);
}
END_TEST

START_TEST(a_callout_that_faults_ends_the_block_there)
{
    bench->callouts[CALLOUT_div] = divide_fault;
    compile((const uint8_t[]){0xf7, 0xf1, 0x40}, 3, 32); /* div ecx; inc eax */
    run();
    ck_assert_int_eq(bench->ctx.leave, LEAVE_EVENT);
    ck_assert_uint_eq(bench->ctx.rip, 0x1000);
    ck_assert_int_eq(bench->ctx.pending, 2);
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RAX], 0);
}
END_TEST

/* Keeps its arguments in registers nobody else uses. */
static uint64_t note_arguments(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    ctx->gpr[GUEST_RDX] = a;
    ctx->gpr[GUEST_RSI] = imm;
    ctx->gpr[GUEST_RDI] = context_slow(ctx, 0);
    context_set_slow(ctx, 0x99, 0);
    return 0;
}

START_TEST(a_vector_operation_gets_operands_and_its_memory_datum)
{
    bench->callouts[CALLOUT_vec] = note_arguments;
    compile((const uint8_t[]){0x66, 0x0f, 0x70, 0x29, 0x1b}, 5, 1); /* pshufd xmm5, [ecx], 1Bh */
    bench->ctx.gpr[GUEST_RCX] = 0x100010;
    run();
    ck_assert_int_eq(bench->ctx.leave, LEAVE_LOOKUP);
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RSI],
                      VEC_pshufd | (IR_XMM0 + 5) << 16 | UINT64_C(65) << 24 | UINT64_C(0x1b) << 32);
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RDI], 0x1122334455667788);
}
END_TEST

START_TEST(a_misaligned_vector_operand_faults_before_anything_else)
{
    bench->callouts[CALLOUT_vec] = note_arguments;
    compile((const uint8_t[]){0x0f, 0x29, 0x29}, 3, 1); /* movaps [ecx], xmm5 */
    bench->ctx.gpr[GUEST_RCX] = 0x100018;
    run();
    ck_assert_int_eq(bench->ctx.leave, LEAVE_EVENT);
    ck_assert_uint_eq(bench->ctx.event.vector, 13);
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RSI], 0);
    compile((const uint8_t[]){0x0f, 0x11, 0x29}, 3, 1); /* movups [ecx], xmm5 */
    run();
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RSI],
                      VEC_movups_store | UINT64_C(65) << 16 | UINT64_C(0x55) << 24);
    ck_assert_uint_eq(context_slow(&bench->ctx, 0), 0x99);
}
END_TEST

START_TEST(x87_operations_get_register_or_address)
{
    bench->callouts[CALLOUT_x87] = note_arguments;
    bench->callouts[CALLOUT_x87_memory] = note_arguments;
    compile((const uint8_t[]){0xd8, 0xc3}, 2, 1); /* fadd st0, st3 */
    run();
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RSI],
                      X87_fadd_st0 | 3 << 16 | UINT64_C(0x0c3) << X87_FOP_SHIFT);
    compile((const uint8_t[]){0x64, 0xdd, 0x51, 0x08}, 4, 1); /* fst qword [fs:ecx+8] */
    bench->ctx.gpr[GUEST_RCX] = 0x100010;
    run();
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RSI],
                      X87_fst_m64 | SEG_FS << 16 | UINT64_C(0x551) << X87_FOP_SHIFT);
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RDX], 0x100018);
}
END_TEST

START_TEST(the_stack_wraps_at_its_size)
{
    map_memory(0); /* ss base 0: offset FFFEh is beyond the memory; 16-bit stack */
    bench->tables->write[15] = bench->tables->write[0];
    uint8_t *high = calloc(1, 4096);
    bench->tables->write[15] = (int64_t)((uintptr_t)high - 0xf000);
    compile_as((const uint8_t[]){0x50}, 1, 1, 0);
    bench->ctx.gpr[GUEST_RSP] = 0x12340000;
    bench->ctx.gpr[GUEST_RAX] = 0xbeef;
    run();
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RSP], 0x1234fffe);
    ck_assert_uint_eq(high[0xffe], 0xef);
    ck_assert_uint_eq(high[0xfff], 0xbe);
    free(high);
}
END_TEST

START_TEST(a_checked_segment_goes_the_slow_way_past_its_end)
{
    map_memory(0);
    compile((const uint8_t[]){0x8b, 0x01}, 2, 1); /* mov eax, [ecx] */
    bench->ctx.seg[SEG_DS].read_end = 0x100;
    bench->ctx.gpr[GUEST_RCX] = 0xfc;
    memcpy(bench->memory + 0xfc, "\1\2\3\4", 4);
    run();
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RAX], 0x04030201);
    bench->ctx.gpr[GUEST_RCX] = 0xfd;
    run();
    ck_assert_uint_eq(bench->ctx.gpr[GUEST_RAX], 0x55667788);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("interp");
    TCase *host = tcase_create("host");
    TCase *protocol = tcase_create("protocol");
    tcase_add_checked_fixture(host, setup, teardown);
    tcase_add_checked_fixture(protocol, setup, teardown);
#if defined(__x86_64__)
    tcase_add_test(host, arithmetic_agrees_with_the_host);
    tcase_add_test(host, multiplication_agrees_with_the_host);
    tcase_add_test(host, shifts_and_rotates_agree_with_the_host);
    tcase_add_test(host, bits_agree_with_the_host);
    tcase_add_test(host, a_bit_offset_reaches_beyond_the_operand);
    tcase_add_test(host, movement_agrees_with_the_host);
    tcase_add_test(host, single_string_elements_agree_with_the_host);
#endif
    tcase_add_test(protocol, a_block_that_the_budget_does_not_cover_is_not_begun);
    tcase_add_test(protocol, a_fault_leaves_registers_flags_and_count_as_before_the_instruction);
    tcase_add_test(protocol, a_push_that_faults_keeps_the_stack_pointer);
    tcase_add_test(protocol, an_instruction_completes_when_its_store_asks_to_leave);
    tcase_add_test(protocol, a_branch_completes_when_its_store_asks_to_leave);
    tcase_add_test(protocol, a_linked_exit_goes_on_until_the_budget_is_used_up);
    tcase_add_test(protocol, a_cross_page_exit_checks_the_target_page);
    tcase_add_test(protocol, an_indirect_jump_hits_the_hash_by_tag_and_page);
    tcase_add_test(protocol, blocks_under_a_checked_code_limit_ask_for_no_link);
    tcase_add_test(protocol,
                   a_callout_gets_its_arguments_and_its_result_is_kept_when_it_asks_to_leave_after);
    tcase_add_test(protocol, a_callout_that_faults_ends_the_block_there);
    tcase_add_test(protocol, a_vector_operation_gets_operands_and_its_memory_datum);
    tcase_add_test(protocol, a_misaligned_vector_operand_faults_before_anything_else);
    tcase_add_test(protocol, x87_operations_get_register_or_address);
    tcase_add_test(protocol, the_stack_wraps_at_its_size);
    tcase_add_test(protocol, a_checked_segment_goes_the_slow_way_past_its_end);
    suite_add_tcase(suite, host);
    suite_add_tcase(suite, protocol);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
