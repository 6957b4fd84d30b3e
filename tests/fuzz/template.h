/*
 * What can be generated: one template for each encoding the decoder knows, found by asking it.
 *
 * A new row of frontend/x86/decode is a new template without a line here.
 */
#ifndef TESTS_FUZZ_TEMPLATE_H
#define TESTS_FUZZ_TEMPLATE_H

#include "frontend/x86/decode/insn.h"

enum fuzz_class {
#define CLASS(name, register, bit, what) CLASS_##name,
#include "tests/fuzz/classes.def"
    CLASSES,
};

/* Mandatory prefix and opcode, and the ModRM bytes under which it is this instruction. */
struct template
{
    uint8_t bytes[4];
    uint8_t count;
    bool has_modrm;
    enum fuzz_class class;
    enum x86_mnemonic mnemonic; /* X86_invalid: no instruction */
    uint16_t modrms;
    uint8_t modrm[256];
};

struct templates {
    struct template *all; /* sorted by class */
    unsigned count;
    unsigned first[CLASSES + 1]; /* of a class, up to the next class's */
};

enum rule { RULE_ANY, RULE_FIRST, RULE_ALONE, RULE_NEVER };

/* False when memory is short.  All classes, whether or not a processor has them. */
bool templates_create(struct templates *templates);
void templates_destroy(struct templates *templates);

const char *class_name(enum fuzz_class class);
const char *class_what(enum fuzz_class class);
/* CLASSES: none of that name (of that many characters). */
enum fuzz_class class_find(const char *name, unsigned length);
/* Where CPUID leaf 1 reports it: index into EAX EBX ECX EDX and bit; bit -1: nowhere. */
void class_cpuid(enum fuzz_class class, unsigned *reg, int *bit);
/* Of a decoded instruction; CLASSES: of none. */
enum fuzz_class class_of(const struct x86_insn *insn);

/* Its features, a bit per enum x86_feature. */
uint64_t class_features_of(enum fuzz_class class);

/* Its memory operand is several fields. */
bool insn_has_fields(const struct x86_insn *insn);
enum rule insn_rule(const struct x86_insn *insn);
/* What of an outcome is not compared, by the instruction it ended at and the vector. */
enum ignored { IGNORED_FAULT = 1, IGNORED_GPR = 2, IGNORED_MMX = 4, IGNORED_ALL = 8 };
unsigned insn_ignored(const struct x86_insn *insn, unsigned vector);
/* False: with that sign and exponent in ST(0) the manual leaves the result undefined. */
bool insn_result_defined(const struct x86_insn *insn, uint16_t st0);
/* Arithmetic flags the manual leaves undefined after the instruction. */
unsigned insn_flags_undefined(const struct x86_insn *insn);

#endif
