/*
 * Templates and classes, from the decoder and the tables beside this file.
 */
#include "tests/fuzz/template.h"

#include "translator/api/context.h"

#include <stdlib.h>
#include <string.h>

enum { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };
enum { MOST = 8192 };

static const struct {
    const char *name, *what;
    unsigned reg;
    int bit;
} classes[CLASSES] = {
#define CLASS(name, reg, bit, what) {#name, what, CPUID_##reg, bit},
#include "tests/fuzz/classes.def"
};

static const struct {
    enum fuzz_class class;
    enum x86_feature feature;
} class_features[] = {
#define CLASS_FEATURE(class, feature) {CLASS_##class, X86_FEATURE_##feature},
#include "tests/fuzz/classes.def"
};

static const uint8_t rules[X86_MNEMONICS] = {
#define NEVER(mnemonic, why) [X86_##mnemonic] = RULE_NEVER,
#define FIRST(mnemonic, why) [X86_##mnemonic] = RULE_FIRST,
#define ALONE(mnemonic, why) [X86_##mnemonic] = RULE_ALONE,
#include "tests/fuzz/exclusions.def"
};

static const struct {
    bool is;
    uint16_t undefined_from; /* sign and exponent of ST(0) */
} loose[X86_MNEMONICS] = {
#define LOOSE(mnemonic, from, why) [X86_##mnemonic] = {true, from},
#include "tests/fuzz/exclusions.def"
};

/* Flags left undefined, by the name of the mnemonic: of IR operations, then of others. */
enum {
    CF = FLAG_CF,
    PF = FLAG_PF,
    AF = FLAG_AF,
    ZF = FLAG_ZF,
    SF = FLAG_SF,
    OF = FLAG_OF,
    ALL = FLAGS_ARITH
};
static const struct {
    const char *name;
    unsigned flags;
} undefined_flags[] = {
#define ALU(name, shape, writes, undefined, what) {#name, undefined},
#define EFF(name, flags, what)
#include "translator/ir/ir_ops.def"
#undef ALU
#undef EFF
#define UNDEFINED(mnemonic, flags, why) {#mnemonic, flags},
#include "tests/fuzz/exclusions.def"
};

static const struct {
    uint8_t map, opcode, low, high;
} other_undefined[] = {
#define OTHER_UD(map, opcode, low, high, why) {map, opcode, low, high},
#include "tests/fuzz/exclusions.def"
};

static const struct {
    uint8_t map, opcode, low, high;
} vendors[] = {
#define VENDOR(map, opcode, low, high, why) {map, opcode, low, high},
#include "tests/fuzz/exclusions.def"
};

static const struct {
    uint8_t map, opcode;
} no_lock[] = {
#define NO_LOCK(map, opcode, why) {map, opcode},
#include "tests/fuzz/exclusions.def"
};

static const bool no_rep[X86_MNEMONICS] = {
#define NO_REP(mnemonic, why) [X86_##mnemonic] = true,
#include "tests/fuzz/exclusions.def"
};

static const struct {
    uint16_t mnemonic, width;
} fields[] = {
#define FIELDS(mnemonic, width, why) {X86_##mnemonic, width},
#include "tests/fuzz/exclusions.def"
};

static const struct {
    uint16_t mnemonic;
    uint8_t vector, what;
} ignored[] = {
#define IGNORE(mnemonic, vector, what, why) {X86_##mnemonic, vector, IGNORED_##what},
#include "tests/fuzz/exclusions.def"
};

static const bool segment[X86_MNEMONICS] = {
#define SEGMENT(mnemonic) [X86_##mnemonic] = true,
#include "tests/fuzz/exclusions.def"
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const char *class_name(enum fuzz_class class)
{
    return classes[class].name;
}

const char *class_what(enum fuzz_class class)
{
    return classes[class].what;
}

enum fuzz_class class_find(const char *name, unsigned length)
{
    unsigned class = 0;
    while (class < CLASSES && (strlen(classes[class].name) != length ||
                               strncmp(classes[class].name, name, length) != 0)) {
        class ++;
    }
    return (enum fuzz_class) class;
}

void class_cpuid(enum fuzz_class class, unsigned *reg, int *bit)
{
    *reg = classes[class].reg;
    *bit = classes[class].bit;
}

static bool loads_segment(const struct x86_insn *insn)
{
    return insn->nops > 0 && insn->ops[0].kind == X86_OPERAND_SREG && insn->mnemonic != X86_push;
}

enum fuzz_class class_of(const struct x86_insn *insn)
{
    if (insn->mnemonic == X86_invalid) {
        return CLASS_undefined;
    }
    if (loose[insn->mnemonic].is) {
        return CLASS_transcendental;
    }
    for (unsigned i = 0; i < LENGTH(class_features); i++) {
        if (class_features[i].feature == (enum x86_feature)insn->feature) {
            bool traps = insn->class == X86_PRIVILEGED || insn->class == X86_IO ||
                         insn->mnemonic == X86_int || insn->mnemonic == X86_cli ||
                         insn->mnemonic == X86_sti;
            bool loads = segment[insn->mnemonic] || loads_segment(insn);
            return traps ? CLASS_privileged : loads ? CLASS_segment : class_features[i].class;
        }
    }
    return CLASSES;
}

uint64_t class_features_of(enum fuzz_class class)
{
    uint64_t features = 0;
    for (unsigned i = 0; i < LENGTH(class_features); i++) {
        if (class_features[i].class == class) {
            features |= UINT64_C(1) << class_features[i].feature;
        }
    }
    return features;
}

bool insn_has_fields(const struct x86_insn *insn)
{
    for (unsigned i = 0; i < LENGTH(fields); i++) {
        if (fields[i].mnemonic == insn->mnemonic && insn->ops[0].kind == X86_OPERAND_MEM &&
            (!fields[i].width || fields[i].width == insn->ops[0].width)) {
            return true;
        }
    }
    return false;
}

static bool vendor_encoding(const struct x86_insn *insn)
{
    for (unsigned i = 0; i < LENGTH(no_lock); i++) {
        if (insn->prefixes & X86_PREFIX_LOCK && no_lock[i].map == insn->map &&
            no_lock[i].opcode == insn->opcode) {
            return true;
        }
    }
    for (unsigned i = 0; i < LENGTH(vendors); i++) {
        if (vendors[i].map == insn->map && vendors[i].opcode == insn->opcode &&
            insn->modrm >= vendors[i].low && insn->modrm <= vendors[i].high) {
            return true;
        }
    }
    bool repeats = insn->prefixes & (X86_PREFIX_REP | X86_PREFIX_REPNE);
    return (insn_has_fields(insn) && insn->address_size == 2) ||
           (no_rep[insn->mnemonic] && repeats);
}

/* INT 80h enters the host's kernel, some from 10h to 1Fh a hypervisor (PVM). */
enum rule insn_rule(const struct x86_insn *insn)
{
    uint8_t vector = (uint8_t)insn->ops[0].value;
    bool enters =
        insn->mnemonic == X86_int && (vector == 0x80 || (vector >= 0x10 && vector < 0x20));
    return vendor_encoding(insn) || enters ? RULE_NEVER : (enum rule)rules[insn->mnemonic];
}

unsigned insn_ignored(const struct x86_insn *insn, unsigned vector)
{
    unsigned what = 0;
    for (unsigned i = 0; i < LENGTH(ignored); i++) {
        if (ignored[i].mnemonic == insn->mnemonic && ignored[i].vector == vector) {
            what |= ignored[i].what;
        }
    }
    return what;
}

bool insn_result_defined(const struct x86_insn *insn, uint16_t st0)
{
    uint16_t from = loose[insn->mnemonic].undefined_from;
    return !from || st0 < from;
}

unsigned insn_flags_undefined(const struct x86_insn *insn)
{
    const char *name = x86_mnemonic_name(insn->mnemonic);
    for (unsigned i = 0; i < LENGTH(undefined_flags); i++) {
        if (strcmp(undefined_flags[i].name, name) == 0) {
            return undefined_flags[i].flags;
        }
    }
    return 0;
}

/* ---- finding them ---- */

static bool defined_elsewhere(const struct x86_insn *insn, uint8_t modrm)
{
    for (unsigned i = 0; i < LENGTH(other_undefined); i++) {
        if (other_undefined[i].map == insn->map && other_undefined[i].opcode == insn->opcode &&
            modrm >= other_undefined[i].low && modrm <= other_undefined[i].high) {
            return true;
        }
    }
    return insn->map == 4; /* 3DNow! */
}

/* The instruction that template's bytes begin, with that ModRM byte; false: of no use. */
static bool probe(const struct template *t, uint8_t modrm, struct x86_insn *insn)
{
    static const struct x86_decode_mode mode = {UINT64_MAX, 32, true};
    uint8_t bytes[X86_MAX_LENGTH] = {0};
    memcpy(bytes, t->bytes, t->count);
    bytes[t->count] = modrm;
    enum x86_decode_result result = x86_decode(bytes, sizeof(bytes), &mode, insn);
    unsigned opcode_bytes = insn->map == 0 ? 1 : insn->map == 1 ? 2 : 3;
    bool prefix = t->count > opcode_bytes;
    if (result == X86_UNDEFINED) {
        return insn->map < 4 && insn->opcode == t->bytes[t->count - 1] &&
               !defined_elsewhere(insn, modrm);
    }
    return result == X86_DECODED && insn->opcode == t->bytes[t->count - 1] && insn->map < 4 &&
           (!prefix || insn->mandatory == t->bytes[0]) && class_of(insn) != CLASSES;
}

/* Adds ModRM bytes of one opcode, a template for each instruction among them. */
static void add_opcode(struct templates *list, const struct template *opcode)
{
    unsigned from = list->count;
    for (unsigned modrm = 0; modrm < 256; modrm++) {
        struct x86_insn insn;
        if (!probe(opcode, (uint8_t)modrm, &insn)) {
            continue;
        }
        bool undefined = insn.mnemonic == X86_invalid;
        unsigned i = from;
        while (i < list->count && (list->all[i].mnemonic != insn.mnemonic ||
                                   (list->all[i].modrm[0] >= 0xc0) != (modrm >= 0xc0))) {
            i++;
        }
        if (i == list->count) {
            if (list->count == MOST) {
                return;
            }
            list->all[list->count] = *opcode;
            list->all[list->count].mnemonic = insn.mnemonic;
            list->all[list->count].class = class_of(&insn);
            list->all[list->count++].has_modrm = insn.has_modrm || undefined;
        }
        list->all[i].modrm[list->all[i].modrms++] = (uint8_t)modrm;
        if (!insn.has_modrm && !undefined) {
            return;
        }
    }
}

static int by_class(const void *a, const void *b)
{
    const struct template *left = a, *right = b;
    if (left->class != right->class) {
        return left->class < right->class ? -1 : 1;
    }
    return memcmp(left->bytes, right->bytes, sizeof(left->bytes));
}

bool templates_create(struct templates *templates)
{
    static const uint8_t mandatory[] = {0, 0x66, 0xf3, 0xf2};
    static const struct {
        uint8_t count, bytes[2];
    } escapes[] = {{0, {0}}, {1, {0x0f}}, {2, {0x0f, 0x38}}, {2, {0x0f, 0x3a}}};
    *templates = (struct templates){.all = calloc(MOST, sizeof(*templates->all))};
    if (!templates->all) {
        return false;
    }
    for (unsigned i = 0; i < 4 * 4 * 256; i++) {
        struct template t = {0};
        if (mandatory[i & 3]) {
            t.bytes[t.count++] = mandatory[i & 3];
        }
        for (unsigned k = 0; k < escapes[i >> 2 & 3].count; k++) {
            t.bytes[t.count++] = escapes[i >> 2 & 3].bytes[k];
        }
        t.bytes[t.count++] = (uint8_t)(i >> 4);
        add_opcode(templates, &t);
    }
    qsort(templates->all, templates->count, sizeof(*templates->all), by_class);
    for (unsigned i = 0, class = 0; class <= CLASSES; class ++) {
        while (i < templates->count && templates->all[i].class < class) {
            i++;
        }
        templates->first[class] = i;
    }
    return true;
}

void templates_destroy(struct templates *templates)
{
    free(templates->all);
}
