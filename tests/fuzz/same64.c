/*
 * What does the same in 32-bit and in 64-bit code.
 */
#include "tests/fuzz/same64.h"

#include "tests/fuzz/template.h"

#include <string.h>

enum { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI };

/* FS and GS are flat in these cases; the other overrides do nothing in 64-bit code, where a code
 * segment can be written, too. */
static bool prefixes_agree(const uint8_t *bytes, const struct x86_insn *insn)
{
    for (unsigned i = 0; i < insn->opcode_at; i++) {
        if (bytes[i] == 0x67 || (bytes[i] & 0xe7) == 0x26) {
            return false;
        }
    }
    return true;
}

static bool operands_agree(const struct x86_operand *a, const struct x86_operand *b)
{
    return a->kind == b->kind && a->reg == b->reg && a->width == b->width && a->base == b->base &&
           a->index == b->index && a->scale == b->scale && a->value == b->value;
}

/* Relative jumps without the prefix that makers differ about. */
static bool is_jump(const struct x86_insn *insn)
{
    bool conditional = (insn->map == 0 && (insn->opcode & 0xf0) == 0x70) ||
                       (insn->map == 1 && (insn->opcode & 0xf0) == 0x80);
    bool jump = insn->map == 0 && (insn->opcode == 0xe9 || insn->opcode == 0xeb);
    return (conditional || jump) && insn->operand_size == 4;
}

/* BT and the like with a register: the bit may be below address 0. */
static bool reaches_far(const struct x86_insn *insn)
{
    bool bit = insn->mnemonic == X86_bt || insn->mnemonic == X86_bts || insn->mnemonic == X86_btr ||
               insn->mnemonic == X86_btc;
    return bit && insn->ops[0].kind == X86_OPERAND_MEM && insn->ops[1].kind == X86_OPERAND_REG;
}

bool same64_insn(const uint8_t *bytes, enum x86_decode_result result, const struct x86_insn *insn)
{
    static const struct x86_decode_mode mode = {UINT64_MAX, 64, true};
    enum fuzz_class class = class_of(insn);
    struct x86_insn other;
    if (x86_decode(bytes, X86_MAX_LENGTH, &mode, &other) != result ||
        !prefixes_agree(bytes, insn) || other.rex || other.length != insn->length ||
        other.mnemonic != insn->mnemonic || other.opcode != insn->opcode ||
        other.mandatory != insn->mandatory || other.nops != insn->nops) {
        return false;
    }
    if (result == X86_UNDEFINED) { /* LOCK where it is not allowed */
        return insn->prefixes & X86_PREFIX_LOCK;
    }
    if (is_jump(insn)) {
        return true;
    }
    enum { OTHER_SIZE = X86_ROW_D64 | X86_ROW_F64 | X86_ROW_I64 | X86_ROW_O64 };
    bool state = insn->mnemonic == X86_fxsave || insn->mnemonic == X86_fxrstor; /* XMM8 and up */
    bool counted = insn->mnemonic == X86_loop || insn->mnemonic == X86_loope ||
                   insn->mnemonic == X86_loopne || insn->class == X86_BRANCH;
    if (class == CLASS_segment || class == CLASS_undefined || insn->flags & OTHER_SIZE || state ||
        counted || other.operand_size != insn->operand_size) {
        return false;
    }
    for (unsigned i = 0; i < insn->nops; i++) {
        if (!operands_agree(&insn->ops[i], &other.ops[i]) ||
            insn->ops[i].kind == X86_OPERAND_SREG) {
            return false; /* CS is another */
        }
    }
    return !reaches_far(insn);
}

unsigned same64_used(const struct x86_insn *insn)
{
    unsigned used = 0;
    for (unsigned i = 0; i < insn->nops; i++) {
        const struct x86_operand *op = &insn->ops[i];
        if (op->kind == X86_OPERAND_MEM && insn->mnemonic != X86_lea) {
            used |= op->base >= 0 ? 1u << (op->base & 7) : 0;
            used |= op->index >= 0 ? 1u << (op->index & 7) : 0;
        }
    }
    return used;
}

bool same64_addresses(const struct x86_insn *insn, const uint32_t gpr[8], unsigned touched)
{
    const int64_t top = 0xffff0000;
    for (unsigned i = 0; i < insn->nops; i++) {
        const struct x86_operand *op = &insn->ops[i];
        if (op->kind != X86_OPERAND_MEM || insn->mnemonic == X86_lea) {
            continue;
        }
        int64_t ea = op->value;
        ea += op->base >= 0 ? (int64_t)gpr[op->base & 7] : 0;
        ea += op->index >= 0 ? (int64_t)gpr[op->index & 7] << op->scale : 0;
        if (ea < 0 || ea >= top) {
            return false;
        }
    }
    return !(same64_used(insn) & touched);
}

unsigned same64_touched(const struct x86_insn *insn)
{
    unsigned touched = 1u << EAX | 1u << ECX | 1u << EDX | 1u << ESI | 1u << EDI | 1u << ESP;
    for (unsigned i = 0; i < insn->nops; i++) {
        const struct x86_operand *op = &insn->ops[i];
        touched |= op->kind == X86_OPERAND_REG ? 1u << (op->reg & 7) : 0;
        touched |= op->kind == X86_OPERAND_HIGH ? 1u << (op->reg & 3) : 0;
    }
    return touched;
}
