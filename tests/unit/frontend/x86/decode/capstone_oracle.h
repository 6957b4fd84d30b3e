/*
 * Capstone as the oracle of the decoder: one encoding read by both, compared in length and text.
 *
 * Where they differ a row of capstone_differences.def must say so; each use is counted.
 */
#ifndef TESTS_UNIT_FRONTEND_X86_DECODE_CAPSTONE_ORACLE_H
#define TESTS_UNIT_FRONTEND_X86_DECODE_CAPSTONE_ORACLE_H

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
enum scope { OPERAND_TEXT, WHOLE_TEXT, LENGTH };

enum verdict {
    AGREED, /* length and text, but for the notation of immediates; or undefined for both */
    KNOWN,  /* differs as a row of capstone_differences.def says */
    WRONG,
};

static const struct difference {
    const char *ours;
    const char *capstone;
    enum scope scope;
    const char *why;
} differences[] = {
#define RULE(name, scope, why)
#define DIFFERENCE(ours, capstone, scope, why) {ours, capstone, scope, why},
#include "tests/unit/frontend/x86/decode/capstone_differences.def"
};

enum rule {
#define RULE(name, scope, why) RULE_##name,
#define DIFFERENCE(ours, capstone, scope, why)
#include "tests/unit/frontend/x86/decode/capstone_differences.def"
    RULES,
};

enum { DIFFERENCES = sizeof(differences) / sizeof(*differences) };

struct side {
    unsigned length;
    char name[32];
    char text[200];
};

struct oracle {
    csh handle[2]; /* 16-bit, 32-bit */
    cs_insn *insn[2];
    unsigned long compared;
    unsigned long known;
    unsigned long wrong;
    unsigned long rule_uses[RULES];
    unsigned long difference_uses[DIFFERENCES];
};

static bool oracle_open(struct oracle *oracle)
{
    static const cs_mode modes[2] = {CS_MODE_16, CS_MODE_32};
    *oracle = (struct oracle){0};
    for (int i = 0; i < 2; i++) {
        if (cs_open(CS_ARCH_X86, modes[i], &oracle->handle[i]) != CS_ERR_OK) {
            return false;
        }
        oracle->insn[i] = cs_malloc(oracle->handle[i]);
    }
    return true;
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

/* ---- the rules ------------------------------------------------------------------------------- */

struct encoding {
    const uint8_t *bytes;
    const struct x86_insn *insn;
    bool is32;
    bool two_byte;
    bool repeat; /* F2 or F3 among the prefixes */
    bool undefined;
};

static bool rule_mandatory_16(const struct encoding *e)
{
    return e->two_byte && !e->is32 && (e->repeat || e->insn->prefixes & X86_PREFIX_OPERAND);
}

static bool rule_operand_repeat(const struct encoding *e)
{
    return e->repeat && e->insn->prefixes & X86_PREFIX_OPERAND;
}

static bool rule_early_66(const struct encoding *e)
{
    return e->two_byte && e->insn->prefixes & X86_PREFIX_OPERAND &&
           e->bytes[e->insn->opcode_at - 1] == 0x67;
}

static bool rule_target(const struct encoding *e)
{
    return e->insn->prefixes & (X86_PREFIX_OPERAND | X86_PREFIX_ADDRESS) &&
           has_kind(e->insn, X86_OPERAND_REL);
}

static bool rule_absolute_32(const struct encoding *e)
{
    return !e->is32 && e->insn->address_size == 4 && e->insn->modrm < 0x40 &&
           (e->insn->modrm & 7) == 5;
}

static bool rule_absolute_16(const struct encoding *e)
{
    return e->is32 && e->insn->address_size == 2 && e->insn->modrm < 0x40 &&
           (e->insn->modrm & 7) == 6;
}

static bool rule_lock(const struct encoding *e)
{
    return e->undefined && e->insn->prefixes & X86_PREFIX_LOCK;
}

static bool rule_avx(const struct encoding *e)
{
    unsigned opcode = e->insn->opcode;
    return e->undefined && !e->two_byte && e->bytes[e->insn->opcode_at + 1] >= 0xc0 &&
           (opcode == 0xc4 || opcode == 0xc5 || opcode == 0x62);
}

static bool rule_xop(const struct encoding *e)
{
    return e->undefined && !e->two_byte && e->insn->opcode == 0x8f;
}

/* Without 66, F3 and F2 it would be a row that those must not stand before. */
static bool rule_no_row(const struct encoding *e)
{
    struct x86_insn without;
    struct side side;
    ask_us(e->bytes + e->insn->opcode_at, e->is32, &without, &side);
    return e->undefined && e->insn->opcode_at > 0 && without.flags & X86_ROW_NP;
}

static const struct {
    bool (*applies)(const struct encoding *);
    enum scope scope;
    const char *why;
} rules[RULES] = {
#define RULE(name, scope, why) {rule_##name, scope, why},
#define DIFFERENCE(ours, capstone, scope, why)
#include "tests/unit/frontend/x86/decode/capstone_differences.def"
};

static bool within(enum scope scope, const struct side *us, const struct side *them)
{
    return scope == LENGTH ||
           (us->length == them->length && (scope == WHOLE_TEXT || !strcmp(us->name, them->name)));
}

static bool ruled(struct oracle *oracle, const struct encoding *e, const struct side *us,
                  const struct side *them)
{
    for (unsigned i = 0; i < RULES; i++) {
        if (rules[i].applies(e) && within(rules[i].scope, us, them)) {
            oracle->rule_uses[i]++;
            return true;
        }
    }
    return false;
}

/* ---- the names ------------------------------------------------------------------------------- */

static bool listed(struct oracle *oracle, const struct side *us, const struct side *them,
                   const struct x86_insn *insn)
{
    for (unsigned i = 0; i < DIFFERENCES; i++) {
        const struct difference *d = &differences[i];
        if (strcmp(d->ours, us->name) != 0 ||
            (*d->capstone != '*' && strcmp(d->capstone, them->name) != 0)) {
            continue;
        }
        if (insn->mnemonic == X86_mov && d->scope == OPERAND_TEXT &&
            !has_kind(insn, X86_OPERAND_SREG)) {
            continue;
        }
        if (within(d->scope, us, them)) {
            oracle->difference_uses[i]++;
            return true;
        }
    }
    return false;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static struct encoding encoding_of(const uint8_t *bytes, const struct x86_insn *insn, bool is32)
{
    struct encoding e = {.bytes = bytes,
                         .insn = insn,
                         .is32 = is32,
                         .two_byte = insn->map != 0 || insn->opcode == 0x0f,
                         .undefined = insn->mnemonic == X86_invalid};
    for (unsigned i = 0; i < insn->opcode_at; i++) {
        e.repeat |= bytes[i] == 0xf3 || bytes[i] == 0xf2;
    }
    return e;
}

/* PADDED bytes, of which WINDOW are looked at; *insn: what they are to us. */
static enum verdict compare(struct oracle *oracle, const uint8_t *bytes, bool is32,
                            struct x86_insn *insn)
{
    struct side us;
    struct side them;
    ask_us(bytes, is32, insn, &us);
    ask_capstone(oracle, bytes, is32, &them);
    oracle->compared++;
    if (us.length == them.length && (us.length == 0 || !strcmp(us.text, them.text) ||
                                     same_but_for_sign(us.text, them.text, insn))) {
        return AGREED;
    }
    struct encoding e = encoding_of(bytes, insn, is32);
    if (listed(oracle, &us, &them, insn) || ruled(oracle, &e, &us, &them)) {
        oracle->known++;
        return KNOWN;
    }
    if (oracle->wrong++ < SHOWN) {
        printf("%s-bit", is32 ? "32" : "16");
        for (int i = 0; i < 12; i++) {
            printf(" %02x", bytes[i]);
        }
        printf(": %u %s | Capstone: %u %s\n", us.length, us.text, them.length, them.text);
        fflush(stdout);
    }
    return WRONG;
}

#endif
