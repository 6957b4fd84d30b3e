/* Every row, in all ModRM forms and under prefixes, and random bytes: length and text are
 * Capstone's, but for the differences listed with their reasons. */
#include "frontend/x86/decode/insn.h"

/* Capstone's x86.h uses some of our names. */
#define x86_insn         capstone_x86_insn
#define x86_prefix       capstone_x86_prefix
#define X86_PREFIX_LOCK  CAPSTONE_PREFIX_LOCK
#define X86_PREFIX_REP   CAPSTONE_PREFIX_REP
#define X86_PREFIX_REPNE CAPSTONE_PREFIX_REPNE
#include <capstone/capstone.h>
#undef x86_insn
#undef x86_prefix
#undef X86_PREFIX_LOCK
#undef X86_PREFIX_REP
#undef X86_PREFIX_REPNE

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESS = 0x1000, WINDOW = 15, PADDED = 32, SHOWN = 25 };

/* What may differ: the operands; the name too; the length too. */
enum scope { OPERANDS, TEXT, ALL };

/* clang-format off */
static const struct difference {
    const char *ours;     /* mnemonic, "(ud)", or "*" */
    const char *capstone; /* mnemonic as printed, "(none)", or "*" */
    enum scope scope;
    const char *why;
} differences[] = {
    {"comiss",    "*",        OPERANDS, "Capstone: 16 bytes of memory; the manual: 4"},
    {"comisd",    "*",        OPERANDS, "likewise, 8"},
    {"punpcklbw", "*",        OPERANDS, "Capstone: 8 bytes of memory for MMX; the manual: 4"},
    {"punpcklwd", "*",        OPERANDS, "likewise"},
    {"punpckldq", "*",        OPERANDS, "likewise"},
    {"lar",       "*",        OPERANDS, "a selector is 16 bits wherever it is"},
    {"lsl",       "*",        OPERANDS, "likewise"},
    {"mov",       "mov",      OPERANDS, "only for a segment register, checked there"},
    {"frstor",    "*",        OPERANDS, "Capstone: 4 bytes of memory"},
    {"fnsave",    "*",        OPERANDS, "likewise"},
    {"fnstsw",    "*",        OPERANDS, "Capstone: 4 bytes; it is 2"},
    {"fxch",      "*",        OPERANDS, "Capstone writes the DD, DF aliases with ST(0)"},
    {"fstp",      "*",        OPERANDS, "likewise"},
    {"fstpnce",   "*",        OPERANDS, "likewise"},
    {"aam",       "*",        OPERANDS, "Capstone leaves out a base of ten"},
    {"aad",       "*",        OPERANDS, "likewise"},
    {"vmrun",     "*",        OPERANDS, "implied operands"},
    {"vmload",    "*",        OPERANDS, "likewise"},
    {"vmsave",    "*",        OPERANDS, "likewise"},
    {"skinit",    "*",        OPERANDS, "likewise"},
    {"invlpga",   "*",        OPERANDS, "likewise"},
    {"nop",       "nop",      OPERANDS, "0F 18 /4..7 follow the operand size"},
    {"nop",       "endbr32",  ALL,      "CET is not modelled, and its hints are NOPs"},
    {"nop",       "endbr64",  ALL,      "likewise"},
    {"nop",       "(none)",   ALL,      "0F 0D register forms"},
    {"pause",     "nop",      ALL,      "Capstone: only if F3 is the last prefix"},
    {"prefetch",  "(none)",   ALL,      "0F 0D /2..7 are prefetches too"},
    {"prefetchw", "(none)",   ALL,      "likewise"},
    {"mov",       "(none)",   ALL,      "test registers"},
    {"ud0",       "*",        ALL,      "has a ModRM byte"},
    {"ud1",       "*",        ALL,      "has a ModRM byte"},
    {"lfence",    "(none)",   ALL,      "the low three bits do not matter"},
    {"mfence",    "(none)",   ALL,      "likewise"},
    {"sfence",    "(none)",   ALL,      "likewise"},
    {"fcomp",     "*",        OPERANDS, "DE D0 with ST(0)"},
    {"jcxz",      "jecxz",    TEXT,     "Capstone: 67 counts only as the last prefix"},
    {"jecxz",     "jcxz",     TEXT,     "likewise"},
    {"cmpps",     "*",        TEXT,     "Capstone names the predicate"},
    {"cmppd",     "*",        TEXT,     "likewise"},
    {"cmpss",     "*",        TEXT,     "likewise"},
    {"cmpsd",     "*",        TEXT,     "likewise"},
    {"cbw",       "cwde",     ALL,      "Capstone: operand size wrong in 16-bit code"},
    {"cwd",       "cdq",      ALL,      "likewise"},
    {"rdpid",     "rdseed",   ALL,      "newer than Capstone 4"},
    {"(ud)",      "femms",    ALL,      "no 3DNow! suffix"},
    {"wbnoinvd",  "wbinvd",   ALL,      "newer than Capstone 4"},
    {"(ud)",      "getsec",   ALL,      "SMX is not modelled"},
    {"(ud)",      "xabort",   ALL,      "nor is TSX"},
    {"(ud)",      "xbegin",   ALL,      "TSX"},
    {"(ud)",      "xend",     ALL,      "TSX"},
    {"(ud)",      "xtest",    ALL,      "TSX"},
    {"(ud)",      "encls",    ALL,      "SGX"},
    {"(ud)",      "enclu",    ALL,      "SGX"},
    {"(ud)",      "pcommit",  ALL,      "withdrawn"},
    {"(ud)",      "swapgs",   ALL,      "64-bit only"},
    {"(ud)",      "mov",      ALL,      "MOV to CS"},
    {"(ud)",      "montmul",  ALL,      "VIA"},
    {"(ud)",      "xsha1",    ALL,      "VIA"},
    {"(ud)",      "xsha256",  ALL,      "VIA"},
    {"(ud)",      "xstorerng",ALL,      "VIA"},
    {"(ud)",      "xcryptecb",ALL,      "VIA"},
    {"(ud)",      "xcryptcbc",ALL,      "VIA"},
    {"(ud)",      "xcryptctr",ALL,      "VIA"},
    {"(ud)",      "xcryptcfb",ALL,      "VIA"},
    {"(ud)",      "xcryptofb",ALL,      "VIA"},
};
/* clang-format on */

struct side {
    unsigned length;
    char name[32];
    char text[200];
};

struct oracle {
    csh handle[2]; /* 16-bit, 32-bit */
    cs_insn *insn[2];
    unsigned long compared;
    unsigned long wrong;
};

static void oracle_open(struct oracle *oracle)
{
    *oracle = (struct oracle){0};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(cs_open(CS_ARCH_X86, i ? CS_MODE_32 : CS_MODE_16, &oracle->handle[i]), 0);
        oracle->insn[i] = cs_malloc(oracle->handle[i]);
    }
}

static void oracle_close(struct oracle *oracle)
{
    for (int i = 0; i < 2; i++) {
        cs_free(oracle->insn[i], 1);
        cs_close(&oracle->handle[i]);
    }
}

/* Prefixes that Capstone prints as words: HLE and MPX names, and REP where it means nothing. */
static const char *without_prefix_words(const char *text)
{
    static const char *const words[] = {"xacquire ", "xrelease ", "bnd ", "lock ",
                                        "repne ",    "repe ",     "rep ", "notrack "};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (!strncmp(text, words[i], strlen(words[i]))) {
            return without_prefix_words(text + strlen(words[i]));
        }
    }
    return text;
}

static void take_name(struct side *side)
{
    size_t n = strcspn(side->text, " ");
    snprintf(side->name, sizeof(side->name), "%.*s", (int)n, side->text);
}

static void ask_capstone(struct oracle *oracle, const uint8_t *bytes, bool is32, struct side *side)
{
    const uint8_t *at = bytes;
    size_t left = WINDOW;
    uint64_t address = ADDRESS;
    cs_insn *insn = oracle->insn[is32];
    *side = (struct side){.name = "(none)", .text = "(none)"};
    if (!cs_disasm_iter(oracle->handle[is32], &at, &left, &address, insn)) {
        return;
    }
    char whole[200];
    snprintf(whole, sizeof(whole), "%s%s%s", insn->mnemonic, insn->op_str[0] ? " " : "",
             insn->op_str);
    snprintf(side->text, sizeof(side->text), "%s", without_prefix_words(whole));
    side->length = insn->size;
    take_name(side);
}

static void ask_us(const uint8_t *bytes, bool is32, struct x86_insn *insn, struct side *side)
{
    struct x86_decode_mode mode = {UINT64_MAX, is32 ? 32 : 16, true};
    char whole[200];
    *side = (struct side){.name = "(ud)", .text = "(ud)"};
    if (x86_decode(bytes, WINDOW, &mode, insn) != X86_DECODED) {
        return;
    }
    x86_insn_print(insn, ADDRESS, whole, sizeof(whole));
    snprintf(side->text, sizeof(side->text), "%s", without_prefix_words(whole));
    side->length = insn->length;
    take_name(side);
}

/* Capstone writes some immediates signed, some cut to the width: the first number that differs must
 * be an immediate operand, equal at that operand's width. */
static bool same_but_for_sign(const char *a, const char *b, const struct x86_insn *insn)
{
    size_t n = 0;
    while (a[n] && a[n] == b[n]) {
        n++;
    }
    while (n && a[n - 1] != ' ' && a[n - 1] != ',') {
        n--;
    }
    char *a_end;
    char *b_end;
    uint64_t x = (uint64_t)strtoll(a + n, &a_end, 0);
    uint64_t y = (uint64_t)strtoll(b + n, &b_end, 0);
    if (a_end == a + n || b_end == b + n) {
        return false;
    }
    for (unsigned i = 0; i < insn->nops; i++) {
        const struct x86_operand *op = &insn->ops[i];
        uint64_t mask = (UINT64_C(1) << op->width * 8) - 1;
        if (op->kind == X86_OPERAND_IMM && ((x ^ (uint64_t)op->value) & mask) == 0 &&
            ((x ^ y) & mask) == 0) {
            return !strcmp(a_end, b_end) || same_but_for_sign(a_end, b_end, insn);
        }
    }
    return false;
}

static bool has_kind(const struct x86_insn *insn, enum x86_operand_kind kind)
{
    return insn->ops[0].kind == kind || insn->ops[1].kind == kind;
}

static bool listed(const struct side *us, const struct side *them, const struct x86_insn *insn)
{
    for (size_t i = 0; i < sizeof(differences) / sizeof(*differences); i++) {
        const struct difference *d = &differences[i];
        if (strcmp(d->ours, us->name) != 0 ||
            (*d->capstone != '*' && strcmp(d->capstone, them->name) != 0)) {
            continue;
        }
        if (insn->mnemonic == X86_mov && d->scope == OPERANDS &&
            !has_kind(insn, X86_OPERAND_SREG)) {
            continue;
        }
        if (d->scope == ALL ||
            (us->length == them->length && (d->scope == TEXT || !strcmp(us->name, them->name)))) {
            return true;
        }
    }
    return false;
}

/* Encodings whose reading by Capstone 4.0.2 is known to be wrong or newer than ours. */
static bool beyond_capstone(const uint8_t *bytes, const struct x86_insn *insn, bool is32)
{
    bool two_byte = insn->map != 0 || insn->opcode == 0x0f;
    bool repeat = false;
    bool operand = insn->prefixes & X86_PREFIX_OPERAND;
    for (unsigned i = 0; i < insn->opcode_at; i++) {
        repeat |= bytes[i] == 0xf3 || bytes[i] == 0xf2;
    }
    if (two_byte && !is32 && (repeat || operand)) {
        return true; /* it ignores mandatory prefixes in 16-bit code */
    }
    if (operand && repeat) {
        return true; /* it forgets 66 beside F2 and F3 */
    }
    if (insn->prefixes & (X86_PREFIX_OPERAND | X86_PREFIX_ADDRESS) &&
        has_kind(insn, X86_OPERAND_REL)) {
        return true; /* it cuts targets by the code size, and by 67 */
    }
    if (!is32 && insn->address_size == 4 && insn->modrm < 0x40 && (insn->modrm & 7) == 5) {
        return true; /* it cuts an absolute address to 16 bits */
    }
    if (is32 && insn->address_size == 2 && insn->modrm < 0x40 && (insn->modrm & 7) == 6) {
        return true; /* it sign-extends that to 32 */
    }
    bool undefined = insn->mnemonic == X86_invalid;
    if (undefined && insn->prefixes & X86_PREFIX_LOCK) {
        return true; /* it allows LOCK everywhere */
    }
    uint8_t next = bytes[insn->opcode_at + 1];
    if (undefined && !two_byte && next >= 0xc0) {
        return insn->opcode == 0xc4 || insn->opcode == 0xc5 || insn->opcode == 0x62; /* AVX */
    }
    return undefined && insn->opcode == 0x8f; /* XOP */
}

/* Where 66, F3 and F2 select nothing, Capstone takes the instruction without them; it is #UD. */
static bool prefix_selects_nothing(const uint8_t *bytes, const struct x86_insn *insn, bool is32,
                                   const struct side *them)
{
    struct x86_insn without;
    struct side us;
    ask_us(bytes + insn->opcode_at, is32, &without, &us);
    return insn->mnemonic == X86_invalid && insn->opcode_at > 0 && without.flags & X86_ROW_NP &&
           !strcmp(us.name, them->name);
}

static void compare(struct oracle *oracle, const uint8_t *bytes, bool is32)
{
    struct x86_insn insn;
    struct side us;
    struct side them;
    ask_us(bytes, is32, &insn, &us);
    ask_capstone(oracle, bytes, is32, &them);
    oracle->compared++;
    if (us.length == them.length && !strcmp(us.text, them.text)) {
        return;
    }
    if (us.length == 0 && them.length == 0) {
        return;
    }
    if (us.length == them.length && same_but_for_sign(us.text, them.text, &insn)) {
        return;
    }
    if (beyond_capstone(bytes, &insn, is32) || listed(&us, &them, &insn) ||
        prefix_selects_nothing(bytes, &insn, is32, &them)) {
        return;
    }
    if (oracle->wrong++ >= SHOWN) {
        return;
    }
    printf("%s-bit", is32 ? "32" : "16");
    for (int i = 0; i < 12; i++) {
        printf(" %02x", bytes[i]);
    }
    printf(": %u %s | Capstone: %u %s\n", us.length, us.text, them.length, them.text);
    fflush(stdout);
}

static void compare_opcode(struct oracle *oracle, unsigned map, unsigned opcode, bool is32)
{
    static const uint8_t prefixes[] = {0, 0x66, 0xf3, 0xf2, 0x67, 0x64, 0xf0};
    enum { STEP = 3 }; /* prefixes are tried under fewer ModRM bytes, but all mod and reg */
    static const uint8_t tail[] = {0x9d, 0x12, 0x34, 0xb6, 0x78, 0x9a, 0xbc, 0x0d, 0xe1, 0x23};
    for (size_t prefix = 0; prefix < sizeof(prefixes); prefix++) {
        for (unsigned modrm = 0; modrm < 256; modrm += prefix ? STEP : 1) {
            uint8_t bytes[PADDED] = {prefixes[prefix]};
            unsigned n = prefix != 0;
            if (map) {
                bytes[n++] = 0x0f;
            }
            if (map > 1) {
                bytes[n++] = map == 2 ? 0x38 : 0x3a;
            }
            bytes[n++] = (uint8_t)opcode;
            bytes[n++] = (uint8_t)modrm;
            memcpy(bytes + n, tail, sizeof(tail));
            compare(oracle, bytes, is32);
        }
    }
}

START_TEST(every_row_reads_as_in_capstone)
{
    struct oracle oracle;
    oracle_open(&oracle);
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        compare_opcode(&oracle, (unsigned)_i & 3, opcode, _i >> 2);
    }
    oracle_close(&oracle);
    ck_assert_uint_eq(oracle.wrong, 0);
    ck_assert_uint_eq(oracle.compared, 256 * (256 + 86 * 6));
}
END_TEST

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

START_TEST(random_bytes_read_as_in_capstone)
{
    struct oracle oracle;
    uint64_t state = 0x9e3779b97f4a7c15;
    oracle_open(&oracle);
    for (unsigned i = 0; i < 200000; i++) {
        uint8_t bytes[PADDED];
        for (unsigned j = 0; j < sizeof(bytes); j++) {
            bytes[j] = (uint8_t)(next_random(&state) >> 24);
        }
        if (i & 2) {
            bytes[0] = 0x0f;
        }
        compare(&oracle, bytes, i & 1);
    }
    oracle_close(&oracle);
    ck_assert_uint_eq(oracle.wrong, 0);
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
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t bytes[PADDED];
        struct x86_insn ours;
        const uint8_t *at = bytes;
        size_t left = WINDOW;
        uint64_t address = ADDRESS;
        for (unsigned j = 0; j < sizeof(bytes); j++) {
            bytes[j] = (uint8_t)(next_random(&state) >> 24);
        }
        bytes[0] = (uint8_t)(i & 1 ? 0x40 | (bytes[0] & 15) : bytes[0]);
        if (x86_decode(bytes, WINDOW, &mode, &ours) != X86_DECODED ||
            !cs_disasm_iter(handle, &at, &left, &address, theirs)) {
            continue;
        }
        if (ours.mnemonic == X86_ud0 || ours.mnemonic == X86_ud1 ||
            beyond_capstone(bytes, &ours, true)) {
            continue;
        }
        both++;
        ck_assert_msg(ours.length == theirs->size, "%02x %02x %02x %02x: %u, Capstone %u %s",
                      bytes[0], bytes[1], bytes[2], bytes[3], ours.length, theirs->size,
                      theirs->mnemonic);
    }
    ck_assert_uint_gt(both, 50000);
    cs_free(theirs, 1);
    cs_close(&handle);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decode against Capstone");
    TCase *tcase = tcase_create("decode against Capstone");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, every_row_reads_as_in_capstone, 0, 8);
    tcase_add_test(tcase, random_bytes_read_as_in_capstone);
    tcase_add_test(tcase, random_long_mode_lengths_are_those_of_capstone);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
