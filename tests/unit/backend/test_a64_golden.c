/*
 * The native engine's code for assembly files (tests/golden/emit_a64), and its instruction words,
 * as Capstone reads them.
 *
 * The first line counts host and guest instructions, so a change of code quality shows in review.
 * Listed is the straight code of each block; slow paths and exits after it are counted alone.
 */
#include "backend/host/a64/engine.h"
#include "frontend/x86/lift/lift.h"

#include <capstone/capstone.h>

#include "tests/support/golden.h"
#include "tests/support/record_members.h"

struct listing {
    const struct engine *engine;
    uint64_t begin, end; /* of the straight code, offsets in code memory */
    unsigned straight, aside;
    FILE *out;
};

static struct ir_inst insts[IR_MAX_RECORDS];

static const char *stub_name(const struct a64_stubs *stubs, uint64_t at)
{
    if (at == stubs->record) {
        return "record";
    }
    if (at == stubs->load_flags) {
        return "load_flags";
    }
    for (unsigned i = 0; i < sizeof stubs->save_flags / sizeof stubs->save_flags[0]; i++) {
        if (at == stubs->save_flags[i] && i != FLAGS_IN_RECORD) {
            return "save_flags";
        }
    }
    if (at == stubs->vec_load) {
        return "vec_load";
    }
    for (unsigned op = 0; op < X87_OPS; op++) {
        if (at != 0 && at == stubs->x87[op]) {
            return x87_rows[op].name;
        }
    }
    return at == stubs->miss ? "miss" : "aside";
}

static void print_operands(struct listing *listing, const char *operands)
{
    static const char base[] = "[x27, #0x";
    const char *record = strstr(operands, base);
    const char *name = record ? record_member(strtoull(record + sizeof base - 1, NULL, 16)) : NULL;
    if (name != NULL) {
        fprintf(listing->out, " %.*s[%s]\n", (int)(record - operands), operands, name);
    } else {
        fprintf(listing->out, " %s\n", operands);
    }
}

/* Targets within the straight code as line numbers, others by name. */
static void print_insn(struct listing *listing, const cs_insn *insn)
{
    const char *hash = strstr(insn->op_str, "#0x");
    bool flow = insn->mnemonic[0] == 'b' || strncmp(insn->mnemonic, "cb", 2) == 0 ||
                strncmp(insn->mnemonic, "tb", 2) == 0 || strcmp(insn->mnemonic, "adr") == 0;
    flow = flow && strncmp(insn->mnemonic, "bf", 2) != 0 && strncmp(insn->mnemonic, "bic", 3) != 0;
    fprintf(listing->out, "%3u  %s", (unsigned)(insn->address - listing->begin) / 4,
            insn->mnemonic);
    for (const char *next = hash; next; next = strstr(next + 1, "#0x")) {
        hash = next; /* the target stands last */
    }
    uint64_t target = hash ? strtoull(hash + 1, NULL, 16) : 0;
    if (!flow || !hash) {
        print_operands(listing, insn->op_str);
    } else if (target >= listing->begin && target < listing->end) {
        fprintf(listing->out, " %.*s%u\n", (int)(hash - insn->op_str), insn->op_str,
                (unsigned)(target - listing->begin) / 4);
    } else {
        fprintf(listing->out, " %.*s<%s>\n", (int)(hash - insn->op_str), insn->op_str,
                stub_name(&listing->engine->stubs, target));
    }
}

static void list_block(struct listing *listing, csh capstone, const struct block *block)
{
    const uint8_t *code = block->code;
    listing->begin = (uint64_t)(code - listing->engine->memory.exec);
    listing->end = listing->engine->emit.straight_end;
    size_t left = listing->end - listing->begin;
    uint64_t address = listing->begin;
    cs_insn *insn = cs_malloc(capstone);
    while (left != 0) {
        ck_assert(cs_disasm_iter(capstone, &code, &left, &address, insn));
        print_insn(listing, insn);
        listing->straight++;
    }
    cs_free(insn, 1);
    listing->aside += (unsigned)(block->code_bytes - (listing->end - listing->begin)) / 4;
}

static void golden_produce(const uint8_t *bytes, size_t count, uint32_t mode, FILE *out)
{
    struct engine *engine = host_a64.create(0, (struct pass_set){0});
    engine->flag_m = true; /* the code is read, not run: the same on every host */
    char *text = NULL;
    size_t text_size = 0;
    unsigned guest = 0;
    csh capstone;
    ck_assert_int_eq(cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &capstone), CS_ERR_OK);
    cs_option(capstone, CS_OPT_SKIPDATA, CS_OPT_ON); /* instructions newer than Capstone */
    struct listing listing = {.engine = engine, .out = open_memstream(&text, &text_size)};
    for (size_t at = 0; at < count;) {
        struct lift_request request = {.bytes = bytes + at,
                                       .available = (uint32_t)(count - at),
                                       .in_page = (uint32_t)(count - at),
                                       .rip = 0x1000 + at,
                                       .mode = mode,
                                       .max_insns = IR_MAX_INSNS};
        struct ir_block ir = {.insts = insts};
        struct block block = {.gpa = request.rip, .gpa2 = UINT64_MAX, .rip = request.rip};
        ck_assert_int_eq(x86_lift(&request, &ir), LIFT_OK);
        ck_assert(host_a64.emit(engine, &ir, &block));
        fprintf(listing.out, "block %x\n", (unsigned)request.rip);
        list_block(&listing, capstone, &block);
        guest += ir.insn_count;
        at += ir.bytes;
    }
    fclose(listing.out);
    fprintf(out, "%u host instructions for %u guest instructions, %u words aside\n%s",
            listing.straight, guest, listing.aside, text);
    free(text);
    cs_close(&capstone);
    host_a64.destroy(engine);
}

START_TEST(assembly_becomes_the_golden_code)
{
    golden_check_all(__FILE__, "emit_a64");
}
END_TEST

/* ---- instruction words ---- */

struct sample {
    uint8_t word[8];
    struct code_buffer out;
};

#define WORD(call)                                     \
    do {                                               \
        buffer_init(&s->out, s->word, sizeof s->word); \
        call;                                          \
    } while (0)

static void expect(csh capstone, const struct sample *s, const char *text)
{
    cs_insn *insn;
    char found[256] = "nothing";
    size_t count = cs_disasm(capstone, s->word, 4, 0x1000, 1, &insn);
    if (count == 1) {
        snprintf(found, sizeof found, "%s %s", insn->mnemonic, insn->op_str);
        cs_free(insn, count);
    }
    ck_assert_str_eq(found, text);
}

START_TEST(words_mean_what_their_rows_say)
{
    struct sample sample;
    struct sample *s = &sample;
    csh c;
    ck_assert_int_eq(cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &c), CS_ERR_OK);
    static const struct {
        enum a64_word op;
        const char *text;
    } three[] = {{A64_ADD, "add w1, w2, w3"},        {A64_ADDS, "adds w1, w2, w3"},
                 {A64_SUB, "sub w1, w2, w3"},        {A64_SUBS, "subs w1, w2, w3"},
                 {A64_AND, "and w1, w2, w3"},        {A64_BIC, "bic w1, w2, w3"},
                 {A64_ORR, "orr w1, w2, w3"},        {A64_ORN, "orn w1, w2, w3"},
                 {A64_EOR, "eor w1, w2, w3"},        {A64_ANDS, "ands w1, w2, w3"},
                 {A64_ADCS, "adcs w1, w2, w3"},      {A64_SBCS, "sbcs w1, w2, w3"},
                 {A64_ADC, "adc w1, w2, w3"},        {A64_SBC, "sbc w1, w2, w3"},
                 {A64_LSLV, "lsl w1, w2, w3"},       {A64_LSRV, "lsr w1, w2, w3"},
                 {A64_ASRV, "asr w1, w2, w3"},       {A64_RORV, "ror w1, w2, w3"},
                 {A64_EXTR, "extr w1, w2, w3, #0"},  {A64_MUL, "mul w1, w2, w3"},
                 {A64_SMULL, "smull x1, w2, w3"},    {A64_UMULL, "umull x1, w2, w3"},
                 {A64_64(A64_ADD), "add x1, x2, x3"}};
    for (unsigned i = 0; i < sizeof three / sizeof three[0]; i++) {
        WORD(a64_rrr(&s->out, three[i].op, 1, 2, 3));
        expect(c, s, three[i].text);
    }
    static const struct {
        enum a64_word op;
        const char *text;
    } memory[] = {{A64_LDRB, "ldrb w1, [x2, #0x10]"},  {A64_STRB, "strb w1, [x2, #0x10]"},
                  {A64_LDRH, "ldrh w1, [x2, #0x10]"},  {A64_STRH, "strh w1, [x2, #0x10]"},
                  {A64_LDRW, "ldr w1, [x2, #0x10]"},   {A64_STRW, "str w1, [x2, #0x10]"},
                  {A64_LDRX, "ldr x1, [x2, #0x10]"},   {A64_STRX, "str x1, [x2, #0x10]"},
                  {A64_LDRS, "ldr s1, [x2, #0x10]"},   {A64_STRS, "str s1, [x2, #0x10]"},
                  {A64_LDRD, "ldr d1, [x2, #0x10]"},   {A64_STRD, "str d1, [x2, #0x10]"},
                  {A64_LDRQ, "ldr q1, [x2, #0x10]"},   {A64_STRQ, "str q1, [x2, #0x10]"},
                  {A64_LDRSB, "ldrsb w1, [x2, #0x10]"}};
    for (unsigned i = 0; i < sizeof memory / sizeof memory[0]; i++) {
        WORD(a64_mem(&s->out, memory[i].op, 1, 2, 16));
        expect(c, s, memory[i].text);
    }
    cs_close(&c);
}
END_TEST

START_TEST(shapes_with_other_operands_mean_them)
{
    struct sample sample;
    struct sample *s = &sample;
    csh c;
    ck_assert_int_eq(cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &c), CS_ERR_OK);
    WORD(a64_mem_reg(&s->out, A64_LDRW, 1, 2, 3, false));
    expect(c, s, "ldr w1, [x2, x3]");
    WORD(a64_mem_reg(&s->out, A64_LDRX, 1, 2, 3, true));
    expect(c, s, "ldr x1, [x2, x3, lsl #3]");
    WORD(a64_mem_reg(&s->out, A64_STRQ, 1, 2, 3, false));
    expect(c, s, "str q1, [x2, x3]");
    WORD(a64_pair(&s->out, A64_LDP, 1, 3, 2, 16));
    expect(c, s, "ldp x1, x3, [x2, #0x10]");
    WORD(a64_pair(&s->out, A64_STPQ, 1, 3, 2, -32));
    expect(c, s, "stp q1, q3, [x2, #-0x20]");
    WORD(a64_rri(&s->out, A64_ADDI, 1, 2, 5));
    expect(c, s, "add w1, w2, #5");
    WORD(a64_cond(&s->out, A64_CSEL, 1, 2, 3, A64_LT));
    expect(c, s, "csel w1, w2, w3, lt");
    WORD(a64_ubfx(&s->out, 1, 2, 8, 8));
    expect(c, s, "ubfx w1, w2, #8, #8");
    WORD(a64_sbfx(&s->out, 1, 2, 3, 5));
    expect(c, s, "sbfx w1, w2, #3, #5");
    WORD(a64_bfi(&s->out, 1, 2, 8, 8));
    expect(c, s, "bfi w1, w2, #8, #8");
    WORD(a64_lsl(&s->out, 1, 2, 3));
    expect(c, s, "lsl w1, w2, #3");
    WORD(a64_tb(&s->out, A64_TBNZ, 1, 63));
    expect(c, s, "tbnz x1, #0x3f, #0x1000");
    WORD(a64_cb(&s->out, A64_64(A64_CBZ), 1));
    expect(c, s, "cbz x1, #0x1000");
    WORD(a64_rr(&s->out, A64_CLZ, 1, 2));
    expect(c, s, "clz w1, w2");
    WORD(a64_rr(&s->out, A64_RBIT, 1, 2));
    expect(c, s, "rbit w1, w2");
    WORD(a64_rr(&s->out, A64_REV, 1, 2));
    expect(c, s, "rev w1, w2");
    WORD(a64_put(&s->out, (uint32_t)A64_MRS_NZCV | 1));
    expect(c, s, "mrs x1, nzcv");
    WORD(a64_put(&s->out, (uint32_t)A64_MSR_NZCV | 1));
    expect(c, s, "msr nzcv, x1");
    cs_close(&c);
}
END_TEST

/* Every bitmask immediate comes out as itself; what is none is refused. */
START_TEST(bitmask_immediates_are_found)
{
    struct sample sample;
    struct sample *s = &sample;
    csh c;
    char text[64];
    unsigned found = 0;
    ck_assert_int_eq(cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &c), CS_ERR_OK);
    for (unsigned size = 2; size <= 32; size *= 2) {
        for (unsigned ones = 1; ones < size; ones++) {
            for (unsigned turn = 0; turn < size; turn++) {
                uint64_t element = ((UINT64_C(1) << ones) - 1) << turn;
                element = (element | element >> size) & ((UINT64_C(1) << size) - 1);
                uint32_t value = 0;
                for (unsigned at = 0; at < 32; at += size) {
                    value |= (uint32_t)(element << at);
                }
                bool done = false;
                WORD(done = a64_logic_imm(&s->out, A64_EORI, 1, 2, value));
                ck_assert_msg(done, "%08x", value);
                snprintf(text, sizeof text, value < 10 ? "eor w1, w2, #%u" : "eor w1, w2, #0x%x",
                         value);
                expect(c, s, text);
                found++;
            }
        }
    }
    ck_assert_uint_eq(found, 2 + 4 * 3 + 8 * 7 + 16 * 15 + 32 * 31);
    static const uint32_t none[] = {0, 0xffffffff, 5, 0x101, 0x12345678, 0xfffffff5};
    for (unsigned i = 0; i < sizeof none / sizeof none[0]; i++) {
        bool done = true;
        WORD(done = a64_logic_imm(&s->out, A64_EORI, 1, 2, none[i]));
        ck_assert(!done);
    }
    cs_close(&c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("a64_golden");
    TCase *tests = tcase_create("a64_golden");
    tcase_add_test(tests, words_mean_what_their_rows_say);
    tcase_add_test(tests, shapes_with_other_operands_mean_them);
    tcase_add_test(tests, bitmask_immediates_are_found);
    tcase_add_test(tests, assembly_becomes_the_golden_code);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
