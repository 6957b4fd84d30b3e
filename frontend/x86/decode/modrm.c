/* Addressing forms of ModRM and SIB (SDM volume 2, tables 2-1 to 2-3). */
#include "frontend/x86/decode/modrm.h"

#include "base/endian.h"

enum { BX = 3, SP = 4, BP = 5, SI = 6, DI = 7 };

static const struct {
    int8_t base;
    int8_t index;
    uint8_t seg;
} forms16[8] = {
    {BX, SI, X86_DS},         {BX, DI, X86_DS},         {BP, SI, X86_SS},
    {BP, DI, X86_SS},         {SI, X86_NO_REG, X86_DS}, {DI, X86_NO_REG, X86_DS},
    {BP, X86_NO_REG, X86_SS}, {BX, X86_NO_REG, X86_DS},
};

static const uint8_t *displacement(const uint8_t *at, unsigned bytes, struct x86_operand *op)
{
    if (bytes == 1) {
        op->value = (int64_t)(int8_t)*at;
    } else if (bytes == 2) {
        op->value = (int16_t)load_le16(at);
    } else if (bytes == 4) {
        op->value = (int32_t)load_le32(at);
    }
    return at + bytes;
}

static const uint8_t *memory16(const struct x86_insn *insn, const uint8_t *at,
                               struct x86_operand *op)
{
    unsigned mod = insn->modrm >> 6;
    unsigned rm = insn->modrm & 7;
    if (mod == 0 && rm == 6) {
        op->base = X86_NO_REG;
        op->index = X86_NO_REG;
        op->seg = X86_DS;
        return displacement(at, 2, op);
    }
    op->base = forms16[rm].base;
    op->index = forms16[rm].index;
    op->seg = forms16[rm].seg;
    return displacement(at, mod, op);
}

const uint8_t *x86_modrm_memory(const struct x86_insn *insn, const uint8_t *at, bool long_mode,
                                struct x86_operand *op)
{
    static const uint8_t bytes_of_mod[4] = {0, 1, 4, 0};
    if (insn->address_size == 2) {
        return memory16(insn, at, op);
    }
    unsigned mod = insn->modrm >> 6;
    unsigned base = insn->modrm & 7;
    unsigned bytes = bytes_of_mod[mod];
    op->index = X86_NO_REG;
    if (base == SP) {
        unsigned sib = *at++;
        unsigned index = (sib >> 3 & 7) | (insn->rex & 2U) << 2;
        base = sib & 7;
        op->index = index == SP ? X86_NO_REG : (int8_t)index;
        op->scale = (uint8_t)(sib >> 6);
    } else if (base == BP && mod == 0 && long_mode) {
        op->base = X86_BASE_RIP;
        op->seg = X86_DS;
        return displacement(at, 4, op);
    }
    if (base == BP && mod == 0) {
        op->base = X86_NO_REG;
        op->seg = X86_DS;
        return displacement(at, 4, op);
    }
    base |= (insn->rex & 1U) << 3;
    op->base = (int8_t)base;
    op->seg = base == SP || base == BP ? X86_SS : X86_DS;
    return displacement(at, bytes, op);
}
