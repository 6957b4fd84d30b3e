/*
 * The decoder against Capstone: every row of its tables in all forms of ModRM and SIB, under
 * prefixes and in both code sizes; every opcode under every ModRM byte, defined or not; random
 * bytes.  Length and text are Capstone's but for what capstone_differences.def lists.
 */
#include "tests/support/budget.h"
#include "tests/support/score.h"
#include "tests/unit/frontend/x86/decode/capstone_oracle.h"
#include "tests/unit/frontend/x86/decode/decode_rows.h"

enum { OPCODES = 4 * 256, RANDOM = 200000, RANDOM_LONG = 100000, SIB_STEP = 5, SIB_BYTES = 52 };

/* The tests run in one process and count here together. */
static struct oracle oracle;
static struct decode_rows rows;

/* The score of everything that was compared since `before`; false: something was wrong. */
static bool score_since(const struct oracle *before, const char *what)
{
    unsigned long compared = oracle.compared - before->compared;
    unsigned long wrong = oracle.wrong - before->wrong;
    score_noted("decoder", what, "-", compared - wrong, compared,
                "%lu of them with a difference listed below", oracle.known - before->known);
    return wrong == 0;
}

/* Bytes for immediates and displacements. */
static const uint8_t tails[2][10] = {
    {0x12, 0x34, 0xb6, 0x78, 0x9a, 0xbc, 0x0d, 0xe1, 0x23, 0x45},
    {0x05, 0x01, 0x02, 0x00, 0x07, 0x03, 0x04, 0x06, 0x00, 0x01},
};

/* ---- rows ------------------------------------------------------------------------------------ */

/* How often a row was read, and how. */
struct reading {
    unsigned reached; /* forms that we read as this row */
    unsigned verdicts[3];
};

static void put(uint8_t bytes[PADDED], unsigned *at, unsigned byte)
{
    bytes[(*at)++] = (uint8_t)byte;
}

/* prefixes: up to two, 0: none.  sib: the byte after ModRM, if there is an operand that has one. */
static void read_form(const struct decode_row *row, bool is32, const uint8_t prefixes[2],
                      unsigned modrm, unsigned sib, struct reading *reading)
{
    uint8_t bytes[PADDED] = {0};
    unsigned at = 0;
    for (unsigned i = 0; i < 2; i++) {
        if (prefixes[i]) {
            put(bytes, &at, prefixes[i]);
        }
    }
    if (row->mandatory) {
        put(bytes, &at, row->mandatory);
    }
    for (unsigned i = 0; i < row->opcode_bytes; i++) {
        put(bytes, &at, row->opcode[i]);
    }
    if (row->row.modrm || row->form != ANY || row->modrm != ANY || row->suffix != ANY) {
        put(bytes, &at, modrm);
        if (modrm < 0xc0) {
            put(bytes, &at, sib);
        }
    }
    memcpy(bytes + at, tails[modrm & 1], sizeof(tails[0]));
    struct x86_insn insn;
    if (row->suffix != ANY) { /* behind the operands, wherever they end */
        for (unsigned i = at - 1; i < PADDED; i++) {
            bytes[i] = (uint8_t)row->suffix;
        }
    }
    enum verdict verdict = compare(&oracle, bytes, is32, &insn);
    reading->reached += insn.mnemonic == row->row.mnemonic;
    reading->verdicts[verdict]++;
}

static unsigned modrm_of(const struct decode_row *row, unsigned mod_rm, unsigned reg)
{
    unsigned modrm = (mod_rm >> 3) << 6 | (mod_rm & 7) | reg << 3;
    return row->modrm == ANY ? modrm : (unsigned)row->modrm;
}

static bool form_fits(const struct decode_row *row, unsigned modrm)
{
    return row->form == ANY || row->form == (modrm >= 0xc0);
}

/* All ModRM bytes with the row's reg field or a turning one, some with more SIB bytes. */
static void read_forms(const struct decode_row *row, bool is32, const uint8_t prefixes[2],
                       struct reading *reading)
{
    for (unsigned mod_rm = 0; mod_rm < 32; mod_rm++) {
        unsigned reg = row->reg == ANY ? (mod_rm * 3 + prefixes[0]) & 7 : (unsigned)row->reg;
        unsigned modrm = modrm_of(row, mod_rm, reg);
        if (!form_fits(row, modrm)) {
            continue;
        }
        bool sib = modrm < 0xc0 && (modrm & 7) == 4 && !prefixes[0];
        for (unsigned i = 0; i < (sib ? SIB_BYTES : 1U); i++) {
            read_form(row, is32, prefixes, modrm, 0x9d + i * SIB_STEP, reading);
        }
        if (row->modrm != ANY || (!row->row.modrm && row->form == ANY && row->suffix == ANY)) {
            break; /* there is one form */
        }
    }
}

static void read_row(const struct decode_row *row, bool is32, struct reading *reading)
{
    static const uint8_t prefixes[][2] = {{0, 0},       {0x67, 0}, {0x66, 0},    {0x66, 0x67},
                                          {0x67, 0x66}, {0x2e, 0}, {0x64, 0x36}, {0xf0, 0},
                                          {0xf3, 0},    {0xf2, 0}};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
        read_forms(row, is32, prefixes[i], reading);
    }
}

START_TEST(every_row_reads_as_in_capstone)
{
    bool is32 = _i != 0;
    unsigned right = 0;
    struct oracle before = oracle;
    decode_rows_collect(&rows);
    ck_assert_uint_lt(rows.count, DECODE_ROWS_MAX);
    for (unsigned i = 0; i < rows.count; i++) {
        const struct decode_row *row = &rows.rows[i];
        struct reading reading = {0};
        read_row(row, is32, &reading);
        ck_assert_msg(reading.reached, "%s %02x %02x %02x: %s is never reached", row->where,
                      row->opcode[0], row->opcode[1], row->opcode[2],
                      x86_mnemonic_name(row->row.mnemonic));
        right += reading.verdicts[WRONG] == 0;
    }
    score("decoder", is32 ? "table_rows,_32-bit_code" : "table_rows,_16-bit_code", "-", right,
          rows.count);
    score_since(&before, is32 ? "their_forms,_32-bit_code" : "their_forms,_16-bit_code");
    ck_assert_uint_eq(right, rows.count);
}
END_TEST

/* ---- opcodes --------------------------------------------------------------------------------- */

static void compare_opcode(unsigned map, unsigned opcode, bool is32)
{
    static const uint8_t prefixes[] = {0, 0x66, 0xf3, 0xf2, 0x67, 0x64, 0xf0};
    enum { STEP = 3 }; /* prefixes are tried under fewer memory forms, but all mod and reg */
    for (size_t prefix = 0; prefix < sizeof(prefixes); prefix++) {
        for (unsigned modrm = 0; modrm < 256; modrm += prefix && modrm < 0xc0 ? STEP : 1) {
            uint8_t bytes[PADDED] = {prefixes[prefix]};
            struct x86_insn insn;
            unsigned n = prefix != 0;
            if (map) {
                bytes[n++] = 0x0f;
            }
            if (map > 1) {
                bytes[n++] = map == 2 ? 0x38 : 0x3a;
            }
            bytes[n++] = (uint8_t)opcode;
            bytes[n++] = (uint8_t)modrm;
            bytes[n++] = 0x9d;
            memcpy(bytes + n, tails[modrm & 1], sizeof(tails[0]));
            compare(&oracle, bytes, is32, &insn);
        }
    }
}

START_TEST(every_opcode_reads_as_in_capstone)
{
    struct oracle before = oracle;
    unsigned opcodes = test_budget(OPCODES); /* spread over all of them */
    for (unsigned i = 0; i < opcodes; i++) {
        unsigned opcode = i * (OPCODES / opcodes | 1) % OPCODES;
        compare_opcode(opcode >> 8, opcode & 0xff, false);
        compare_opcode(opcode >> 8, opcode & 0xff, true);
    }
    ck_assert_uint_eq(oracle.compared - before.compared, 2 * opcodes * (256 + (64 + 64) * 6));
    ck_assert(score_since(&before, "all_opcodes_with_all_ModRM_bytes"));
}
END_TEST

/* ---- random bytes ---------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void random_bytes(uint64_t *state, uint8_t bytes[PADDED])
{
    for (unsigned j = 0; j < PADDED; j++) {
        bytes[j] = (uint8_t)(next_random(state) >> 24);
    }
}

START_TEST(random_bytes_read_as_in_capstone)
{
    struct oracle before = oracle;
    uint64_t state = 0x9e3779b97f4a7c15;
    for (unsigned i = 0; i < RANDOM; i++) {
        uint8_t bytes[PADDED];
        struct x86_insn insn;
        random_bytes(&state, bytes);
        if (i & 2) {
            bytes[0] = 0x0f;
        }
        compare(&oracle, bytes, i & 1, &insn);
    }
    ck_assert(score_since(&before, "random_bytes"));
}
END_TEST

START_TEST(random_long_mode_lengths_are_those_of_capstone)
{
    static const struct x86_decode_mode mode = {UINT64_MAX, 64, true};
    csh handle;
    uint64_t state = 0x2545f4914f6cdd1d;
    unsigned long both = 0;
    ck_assert_int_eq(cs_open(CS_ARCH_X86, CS_MODE_64, &handle), 0);
    cs_insn *theirs = cs_malloc(handle);
    for (unsigned i = 0; i < RANDOM_LONG; i++) {
        uint8_t bytes[PADDED];
        struct x86_insn ours;
        const uint8_t *at = bytes;
        size_t left = WINDOW;
        uint64_t address = ADDRESS;
        random_bytes(&state, bytes);
        bytes[0] = (uint8_t)(i & 1 ? 0x40 | (bytes[0] & 15) : bytes[0]);
        if (x86_decode(bytes, WINDOW, &mode, &ours) != X86_DECODED ||
            !cs_disasm_iter(handle, &at, &left, &address, theirs)) {
            continue;
        }
        struct encoding e = encoding_of(bytes, &ours, true);
        if (ours.mnemonic == X86_ud0 || ours.mnemonic == X86_ud1 || rule_operand_repeat(&e) ||
            rule_target(&e)) {
            continue;
        }
        both++;
        ck_assert_msg(ours.length == theirs->size, "%02x %02x %02x %02x: %u, Capstone %u %s",
                      bytes[0], bytes[1], bytes[2], bytes[3], ours.length, theirs->size,
                      theirs->mnemonic);
    }
    score("decoder", "random_bytes_that_are_64-bit_code,_lengths", "-", both, both);
    ck_assert_uint_gt(both, RANDOM_LONG / 2);
    cs_free(theirs, 1);
    cs_close(&handle);
}
END_TEST

/* ---- what differs ---------------------------------------------------------------------------- */

static bool told_before(unsigned i)
{
    for (unsigned j = 0; j < i; j++) {
        if (!strcmp(differences[i].why, differences[j].why)) {
            return true;
        }
    }
    return false;
}

/* One line a reason, with all the names it is given for. */
static void tell(unsigned i)
{
    char names[1000] = "";
    size_t n = 0;
    for (unsigned j = i; j < DIFFERENCES && n < sizeof(names); j++) {
        const struct difference *d = &differences[j];
        if (!strcmp(d->why, differences[i].why)) {
            const char *name = strcmp(d->ours, "(ud)") != 0 ? d->ours : d->capstone;
            n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "", name);
        }
    }
    score_known("decoder", "%s: %s.", names, differences[i].why);
}

START_TEST(every_listed_difference_is_still_met)
{
    bool all = test_budget(OPCODES) == OPCODES; /* else some may not have been met */
    for (unsigned i = 0; i < RULES; i++) {
        ck_assert_msg(oracle.rule_uses[i] || !all, "never needed: Capstone %s", rules[i].why);
        score_known("decoder", "Capstone 4.0.2 %s.", rules[i].why);
    }
    for (unsigned i = 0; i < DIFFERENCES; i++) {
        ck_assert_msg(oracle.difference_uses[i] || !all, "never needed: %s, Capstone %s",
                      differences[i].ours, differences[i].capstone);
        if (!told_before(i)) {
            tell(i);
        }
    }
}
END_TEST

int main(void)
{
    int major;
    int minor;
    cs_version(&major, &minor);
    if (major != 4) {
        printf("SKIPPED: Capstone %d.%d; the differences are listed for 4.0\n", major, minor);
        return 77;
    }
    Suite *suite = suite_create("decode against Capstone");
    TCase *tcase = tcase_create("decode against Capstone");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, every_row_reads_as_in_capstone, 0, 2);
    tcase_add_test(tcase, every_opcode_reads_as_in_capstone);
    tcase_add_test(tcase, random_bytes_read_as_in_capstone);
    tcase_add_test(tcase, random_long_mode_lengths_are_those_of_capstone);
    tcase_add_test(tcase, every_listed_difference_is_still_met);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    if (!oracle_open(&oracle)) {
        return EXIT_FAILURE;
    }
    srunner_run_all(runner, CK_NORMAL);
    oracle_close(&oracle);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
