/*
 * Lifting: golden IR for assembly files (tests/golden/lift), and the rules of block ends.
 */
#include "frontend/x86/lift/lift.h"
#include "frontend/x86/x86.h"
#include "translator/api/mode.h"

#include "tests/support/golden.h"
#include <check.h>

static struct ir_inst insts[IR_MAX_RECORDS];

static enum lift_result lift_bytes(const char *model, const uint8_t *bytes, uint32_t available,
                                   uint32_t in_page, uint32_t mode, uint32_t max_insns,
                                   struct ir_block *block)
{
    struct lift_request request = {.bytes = bytes,
                                   .available = available,
                                   .in_page = in_page,
                                   .rip = 0x1000,
                                   .mode = mode,
                                   .max_insns = max_insns,
                                   .absent = x86_model_absent(x86_model_find(model))};
    block->insts = insts;
    return x86_lift(&request, block);
}

static void check_rules(const struct ir_block *block)
{
    uint32_t at;
    const char *message = ir_verify(block, &at);
    if (message) {
        ck_abort_msg("%s at record %u", message, at);
    }
}

static void lift_32(const uint8_t *bytes, uint32_t length, struct ir_block *block)
{
    ck_assert_int_eq(lift_bytes("p4", bytes, length, length,
                                MODE_CODE32 | MODE_STACK32 | MODE_PROTECTED, IR_MAX_INSNS, block),
                     LIFT_OK);
    check_rules(block);
}

/* The first record after the instruction mark. */
static const struct ir_inst *first(const struct ir_block *block)
{
    return &block->insts[1];
}

/* ---- golden files ---------------------------------------------------------------------------- */

/* The IR of all blocks in the bytes, one after the other. */
static void golden_produce(const uint8_t *bytes, size_t count, uint32_t mode, FILE *out)
{
    for (size_t at = 0; at < count;) {
        struct lift_request request = {.bytes = bytes + at,
                                       .available = (uint32_t)(count - at),
                                       .in_page = (uint32_t)(count - at),
                                       .rip = 0x1000 + at,
                                       .mode = mode,
                                       .max_insns = IR_MAX_INSNS};
        struct ir_block block = {.insts = insts};
        ck_assert_int_eq(x86_lift(&request, &block), LIFT_OK);
        check_rules(&block);
        ir_print_block(&block, out);
        at += block.bytes;
    }
}

START_TEST(assembly_lifts_to_the_golden_ir)
{
    golden_check_all(__FILE__, "lift");
}
END_TEST

/* ---- block ends ------------------------------------------------------------------------------ */

START_TEST(a_block_ends_before_an_instruction_that_crosses_the_page)
{
    static const uint8_t bytes[] = {0x90, 0xb8, 1, 2, 3, 4, 0x90};
    struct ir_block block;
    ck_assert_int_eq(lift_bytes("p4", bytes, 7, 3, MODE_CODE32, 32, &block), LIFT_OK);
    check_rules(&block);
    ck_assert_uint_eq(block.insn_count, 1);
    ck_assert_uint_eq(block.bytes, 1);
    ck_assert_uint_eq(block.insts[block.count - 1].imm, 0x1001);
}
END_TEST

START_TEST(an_instruction_that_crosses_the_page_is_a_block_of_its_own)
{
    static const uint8_t bytes[] = {0xb8, 1, 2, 3, 4, 0x90};
    struct ir_block block;
    ck_assert_int_eq(lift_bytes("p4", bytes, 3, 3, MODE_CODE32, 32, &block), LIFT_NEED_MORE);
    ck_assert_int_eq(lift_bytes("p4", bytes, 6, 3, MODE_CODE32, 32, &block), LIFT_OK);
    check_rules(&block);
    ck_assert_uint_eq(block.insn_count, 1);
    ck_assert_uint_eq(block.bytes, 5);
}
END_TEST

START_TEST(an_instruction_cut_by_the_available_bytes_waits_for_its_own_block)
{
    static const uint8_t bytes[] = {0x90, 0xb8, 1};
    struct ir_block block;
    ck_assert_int_eq(lift_bytes("p4", bytes, 3, 3, MODE_CODE32, 32, &block), LIFT_OK);
    ck_assert_uint_eq(block.insn_count, 1);
}
END_TEST

START_TEST(max_insns_and_the_step_bit_limit_a_block)
{
    static const uint8_t bytes[] = {0x40, 0x40, 0x40, 0x40};
    struct ir_block block;
    ck_assert_int_eq(lift_bytes("p4", bytes, 4, 4, MODE_CODE32, 3, &block), LIFT_OK);
    ck_assert_uint_eq(block.insn_count, 3);
    ck_assert_int_eq(lift_bytes("p4", bytes, 4, 4, MODE_CODE32 | MODE_STEP, 3, &block), LIFT_OK);
    ck_assert_uint_eq(block.insn_count, 1);
}
END_TEST

START_TEST(fifteen_prefixes_are_a_general_protection_fault)
{
    uint8_t bytes[20];
    struct ir_block block;
    memset(bytes, 0x66, sizeof bytes);
    lift_32(bytes, sizeof bytes, &block);
    ck_assert_int_eq(ir_callout_id(first(&block)), CALLOUT_raise);
    ck_assert_uint_eq(first(&block)->imm, 0x100 | 13);
}
END_TEST

START_TEST(undefined_and_later_instructions_raise_ud)
{
    static const uint8_t codes[][4] = {{0x0f, 0x0b},
                                       {0x0f, 0x38, 0x00, 0xc1},
                                       {0xf3, 0x0f, 0xb8, 0xc1},
                                       {0x8e, 0xc8},
                                       {0x0f, 0x04}};
    for (unsigned i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct ir_block block;
        lift_32(codes[i], 4, &block);
        ck_assert_msg(first(&block)->op == IR_callout &&
                          ir_callout_id(first(&block)) == CALLOUT_raise && first(&block)->imm == 6,
                      "case %u", i);
    }
}
END_TEST

START_TEST(encodings_of_later_processors_keep_their_old_meaning)
{
    static const uint8_t tzcnt[] = {0xf3, 0x0f, 0xbc, 0xc1};
    struct ir_block block;
    lift_32(tzcnt, sizeof tzcnt, &block);
    ck_assert_uint_eq(first(&block)->op, IR_bsf);
}
END_TEST

/* ---- what the processor has -------------------------------------------------------------------
 */

/* The vector the instruction raises on a model, or -1 where it is known. */
static int vector_on(const char *model, const uint8_t *bytes, uint32_t mode)
{
    struct lift_request request = {.bytes = bytes,
                                   .available = 8,
                                   .in_page = 8,
                                   .mode = mode | MODE_CODE32 | MODE_STACK32 | MODE_PROTECTED,
                                   .max_insns = 1,
                                   .absent = x86_model_absent(x86_model_find(model))};
    struct ir_block block = {.insts = insts};
    ck_assert_int_eq(x86_lift(&request, &block), LIFT_OK);
    check_rules(&block);
    const struct ir_inst *inst = first(&block);
    bool raises = inst->op == IR_callout && ir_callout_id(inst) == CALLOUT_raise;
    return raises ? (int)(inst->imm & 0xff) : -1;
}

/* clang-format off */
static const struct {
    const char *before, *since; /* the last model without and the first with the instruction */
    uint8_t bytes[8];
} arrivals[] = {
    {"386",     "486",     {0x0f, 0xc8}},                         /* bswap */
    {"386",     "486",     {0x0f, 0xb1, 0x08}},                   /* cmpxchg */
    {"386",     "486",     {0x0f, 0x09}},                         /* wbinvd */
    {"486",     "pentium", {0x0f, 0x31}},                         /* rdtsc */
    {"486",     "pentium", {0x0f, 0xc7, 0x08}},                   /* cmpxchg8b */
    {"486",     "pentium", {0x0f, 0x32}},                         /* rdmsr */
    {"pentium", "pmmx",    {0x0f, 0x77}},                         /* emms */
    {"pentium", "pmmx",    {0x0f, 0xef, 0xc1}},                   /* pxor mm */
    {"pmmx",    "ppro",    {0x0f, 0x44, 0xc1}},                   /* cmove */
    {"pmmx",    "ppro",    {0xda, 0xc1}},                         /* fcmovb */
    {"pmmx",    "ppro",    {0x0f, 0x1f, 0x00}},                   /* nop r/m */
    {"pmmx",    "ppro",    {0x0f, 0x18, 0x00}},                   /* prefetchnta */
    {"pmmx",    "ppro",    {0x0f, 0x34}},                         /* sysenter */
    {"ppro",    "p2",      {0x0f, 0xae, 0x00}},                   /* fxsave */
    {"p2",      "p3",      {0x0f, 0x58, 0xc1}},                   /* addps */
    {"p2",      "p3",      {0xf3, 0x0f, 0x10, 0xc1}},             /* movss */
    {"p2",      "p3",      {0x0f, 0xae, 0xf8}},                   /* sfence */
    {"p2",      "p3",      {0x0f, 0xd7, 0xc1}},                   /* pmovmskb mm */
    {"p3",      "p4",      {0x66, 0x0f, 0xef, 0xc1}},             /* pxor xmm */
    {"p3",      "p4",      {0xf2, 0x0f, 0x58, 0xc1}},             /* addsd */
    {"p3",      "p4",      {0x0f, 0xae, 0x38}},                   /* clflush */
    {"p3",      "p4",      {0x0f, 0xae, 0xf0}},                   /* mfence */
    {"p4",      "max",     {0xdb, 0x08}},                         /* fisttp */
    {"p4",      "max",     {0xf2, 0x0f, 0x7c, 0xc1}},             /* haddps */
    {"p4",      "max",     {0x0f, 0x38, 0x00, 0xc1}},             /* pshufb mm */
    {"p4",      "max",     {0x66, 0x0f, 0x3a, 0x0f, 0xc1, 1}},    /* palignr xmm */
    {"p4",      "max",     {0x66, 0x0f, 0x38, 0x17, 0xc1}},       /* ptest */
    {"p4",      "max",     {0x66, 0x0f, 0x3a, 0x63, 0xc1, 1}},    /* pcmpistri */
    {"p4",      "max",     {0xf2, 0x0f, 0x38, 0xf0, 0xc1}},       /* crc32 */
    {"p4",      "max",     {0xf3, 0x0f, 0xb8, 0xc1}},             /* popcnt */
    {"p4",      "max",     {0x0f, 0x38, 0xf0, 0x00}},             /* movbe */
    {"p4",      "max",     {0x66, 0x0f, 0x38, 0xdc, 0xc1}},       /* aesenc */
    {"p4",      "max",     {0x66, 0x0f, 0x3a, 0x44, 0xc1, 0}},    /* pclmulqdq */
    {"p4",      "max",     {0x0f, 0xae, 0x20}},                   /* xsave */
    {"p4",      "max",     {0x0f, 0xae, 0x28}},                   /* xrstor */
    {"p4",      "max",     {0x0f, 0xae, 0x30}},                   /* xsaveopt */
    {"p4",      "max",     {0x0f, 0xc7, 0x20}},                   /* xsavec */
    {"p4",      "max",     {0x0f, 0x01, 0xd0}},                   /* xgetbv */
    {"p4",      "max",     {0x0f, 0xc7, 0xf0}},                   /* rdrand */
    {"p4",      "max",     {0x0f, 0xc7, 0xf8}},                   /* rdseed */
    {"p4",      "max",     {0x66, 0x0f, 0xae, 0x38}},             /* clflushopt */
    {"p4",      "max",     {0x0f, 0x38, 0xc8, 0xc1}},             /* sha1nexte */
    {"p4",      "max",     {0x66, 0x0f, 0xae, 0x30}},             /* clwb */
    {"p4",      "max",     {0x0f, 0x01, 0xc8}},                   /* monitor */
    {"p4",      "max",     {0x0f, 0x01, 0xc9}},                   /* mwait */
};
/* clang-format on */

START_TEST(instructions_arrive_with_their_processor)
{
    const char *before = arrivals[_i].before;
    const char *since = arrivals[_i].since;
    const uint8_t *bytes = arrivals[_i].bytes;
    ck_assert_msg(vector_on(before, bytes, 0) == 6, "row %d on %s", _i, before);
    ck_assert_msg(vector_on(since, bytes, 0) == -1, "row %d on %s", _i, since);
    ck_assert_msg(vector_on("max", bytes, 0) == -1, "row %d on max", _i);
}
END_TEST

/* SDM 3A 12.1 and 13.1: emulation and a system without FXSR make SIMD undefined, a task switch
 * makes it unavailable. */
START_TEST(simd_faults_follow_em_osfxsr_and_ts)
{
    enum { TS = MODE_NO_FPU | MODE_NO_SSE, EM = TS | MODE_EM, OLD = MODE_NO_SSE | MODE_NO_FXSR };
    static const struct {
        uint8_t bytes[8];
        int ts, em, old_system, old_system_ts;
    } rows[] = {
        {{0x0f, 0xef, 0xc1}, 7, 6, -1, 7},                /* pxor mm */
        {{0x0f, 0x77}, 7, 6, -1, 7},                      /* emms */
        {{0x0f, 0x58, 0xc1}, 7, 6, 6, 6},                 /* addps */
        {{0x66, 0x0f, 0xef, 0xc1}, 7, 6, 6, 6},           /* pxor xmm */
        {{0x0f, 0xae, 0x10}, 7, 6, 6, 6},                 /* ldmxcsr */
        {{0xd9, 0xe8}, 7, 7, -1, 7},                      /* fld1 */
        {{0x0f, 0xae, 0x00}, 7, 7, -1, 7},                /* fxsave */
        {{0x0f, 0xc3, 0x08}, -1, -1, -1, -1},             /* movnti */
        {{0x0f, 0x38, 0x00, 0xc1}, 7, 6, -1, 7},          /* pshufb mm */
        {{0x66, 0x0f, 0x38, 0x00, 0xc1}, 7, 6, 6, 6},     /* pshufb xmm */
        {{0x66, 0x0f, 0x3a, 0x16, 0xc0, 1}, 7, 6, 6, 6},  /* pextrd */
        {{0xf2, 0x0f, 0x38, 0xf1, 0xc1}, -1, -1, -1, -1}, /* crc32 */
        {{0xf3, 0x0f, 0xb8, 0xc1}, -1, -1, -1, -1},       /* popcnt */
        {{0x0f, 0x38, 0xf0, 0x00}, -1, -1, -1, -1},       /* movbe */
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(vector_on("max", rows[i].bytes, 0), -1);
        ck_assert_msg(vector_on("max", rows[i].bytes, TS) == rows[i].ts, "row %u", i);
        ck_assert_msg(vector_on("max", rows[i].bytes, EM) == rows[i].em, "row %u", i);
        ck_assert_msg(vector_on("max", rows[i].bytes, OLD) == rows[i].old_system, "row %u", i);
        ck_assert_msg(vector_on("max", rows[i].bytes, OLD | TS) == rows[i].old_system_ts, "row %u",
                      i);
    }
}
END_TEST

/* Every opcode of every map with every ModRM lifts to something that keeps the rules, in all modes.
 */
START_TEST(every_opcode_lifts_to_valid_ir)
{
    static const uint32_t modes[] = {0, MODE_CODE32 | MODE_STACK32 | MODE_PROTECTED,
                                     MODE_CODE32 | MODE_PROTECTED | MODE_USER | MODE_FPU_SLOW,
                                     MODE_V86 | MODE_USER | MODE_PROTECTED | MODE_NO_FPU};
    static const uint8_t prefixes[] = {0, 0x66, 0xf3, 0xf2};
    static const uint8_t maps[][2] = {{0}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};
    for (unsigned n = 0; n < 4 * 256 * 256 * 4; n++) {
        uint8_t bytes[20] = {0x2e, prefixes[n >> 18 & 3], 0, 0, 0, 0, 0x11, 0x92, 0x33, 0x74};
        unsigned at = prefixes[n >> 18 & 3] ? 2 : 1;
        for (unsigned i = 0; i < 2 && maps[n >> 16 & 3][i]; i++) {
            bytes[at++] = maps[n >> 16 & 3][i];
        }
        bytes[at++] = (uint8_t)(n >> 8);
        bytes[at] = (uint8_t)n;
        struct ir_block block;
        if (lift_bytes("max", bytes, sizeof bytes, sizeof bytes, modes[n & 3], 2, &block) !=
            LIFT_OK) {
            ck_abort_msg("%02x %02x", n >> 8 & 255, n & 255);
        }
        ir_flag_liveness(&block);
        check_rules(&block);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lift");
    TCase *tests = tcase_create("lift");
    tcase_add_test(tests, assembly_lifts_to_the_golden_ir);
    tcase_add_test(tests, a_block_ends_before_an_instruction_that_crosses_the_page);
    tcase_add_test(tests, an_instruction_that_crosses_the_page_is_a_block_of_its_own);
    tcase_add_test(tests, an_instruction_cut_by_the_available_bytes_waits_for_its_own_block);
    tcase_add_test(tests, max_insns_and_the_step_bit_limit_a_block);
    tcase_add_test(tests, fifteen_prefixes_are_a_general_protection_fault);
    tcase_add_test(tests, undefined_and_later_instructions_raise_ud);
    tcase_add_test(tests, encodings_of_later_processors_keep_their_old_meaning);
    tcase_add_loop_test(tests, instructions_arrive_with_their_processor, 0,
                        sizeof arrivals / sizeof arrivals[0]);
    tcase_add_test(tests, simd_faults_follow_em_osfxsr_and_ts);
    tcase_add_test(tests, every_opcode_lifts_to_valid_ir);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
