/* Arithmetic flags an instruction reads and overwrites, and names: the columns of mnemonics.def,
 * and the three cases that depend on operands. */
#include "frontend/x86/decode/insn.h"

enum {
    CF = X86_CF,
    PF = X86_PF,
    AF = X86_AF,
    ZF = X86_ZF,
    SF = X86_SF,
    OF = X86_OF,
    ALL = X86_FLAGS_ALL,
};

static const struct {
    const char *name;
    uint16_t reads;
    uint16_t sets;
} facts[X86_MNEMONICS] = {
    [X86_invalid] = {"invalid", X86_FLAGS_ALL, 0},
#define MNEMONIC(name, reads, sets) [X86_##name] = {#name, reads, sets},
#include "frontend/x86/decode/mnemonics.def"
};

static const char *const feature_names[X86_FEATURES] = {
#define FEATURE(name, what) [X86_FEATURE_##name] = #name,
#include "frontend/x86/decode/features.def"
};

static bool repeats(const struct x86_insn *insn)
{
    return insn->flags & X86_ROW_REP && insn->prefixes & (X86_PREFIX_REP | X86_PREFIX_REPNE);
}

static bool is_shift(enum x86_mnemonic mnemonic)
{
    return mnemonic == X86_shl || mnemonic == X86_sal || mnemonic == X86_shr ||
           mnemonic == X86_sar || mnemonic == X86_shld || mnemonic == X86_shrd;
}

unsigned x86_insn_flags_read(const struct x86_insn *insn)
{
    return facts[insn->mnemonic].reads;
}

unsigned x86_insn_flags_set(const struct x86_insn *insn)
{
    if (is_shift(insn->mnemonic)) {
        const struct x86_operand *count = &insn->ops[insn->nops - 1];
        bool moves = count->kind == X86_OPERAND_IMM && count->value & 31;
        return moves ? X86_FLAGS_ALL : 0; /* a count of 0 leaves all flags */
    }
    if (insn->flags & X86_ROW_REPZ) {
        return repeats(insn) ? 0 : X86_FLAGS_ALL; /* CX may be 0 */
    }
    return facts[insn->mnemonic].sets;
}

const char *x86_mnemonic_name(enum x86_mnemonic mnemonic)
{
    return facts[mnemonic].name;
}

const char *x86_feature_name(enum x86_feature feature)
{
    return feature_names[feature];
}
