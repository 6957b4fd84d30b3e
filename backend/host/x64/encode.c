/* x86-64 instruction encoding: see encode.h. */
#include "backend/host/x64/encode.h"

#include <assert.h>

static bool is_high(unsigned reg)
{
    return reg >= X64_AH && reg <= X64_BH;
}

/* Field value of a register: AH..BH are encoded as 4..7. */
static unsigned field(unsigned reg)
{
    return is_high(reg) ? reg - X64_AH + 4 : reg;
}

static bool low_byte_needs_rex(unsigned reg)
{
    return reg >= X64_RSP && reg <= X64_RDI;
}

static unsigned rex_of(unsigned width, unsigned reg, struct x64_rm rm)
{
    unsigned rex = (width == 8 ? 8u : 0u) | (reg >= 8 ? 4u : 0u);
    if (!rm.memory) {
        return rex | (field(rm.reg) >= 8 ? 1u : 0u);
    }
    rex |= rm.index != X64_NOREG && rm.index >= 8 ? 2u : 0u;
    return rex | (rm.base != X64_NOREG && rm.base >= 8 ? 1u : 0u);
}

/* Bytes being gathered, first in the low bits. */
struct word {
    uint64_t bytes;
    unsigned bits;
};

static inline void add(struct word *word, unsigned byte)
{
    word->bytes |= (uint64_t)byte << word->bits;
    word->bits += 8;
}

/* ModRM, SIB and displacement; the displacement has *size bytes. */
static void add_memory(struct word *word, unsigned reg, struct x64_rm rm, unsigned *size)
{
    unsigned scale = (unsigned)rm.scale << 6;
    if (rm.base == X64_NOREG) {
        add(word, reg | 4);
        add(word, scale | (rm.index == X64_NOREG ? 4u : rm.index & 7u) << 3 | 5);
        *size = 4;
        return;
    }
    unsigned mod = rm.disp == 0 && (rm.base & 7) != 5 ? 0u
                   : rm.disp == (int8_t)rm.disp       ? 0x40u
                                                      : 0x80u;
    *size = mod == 0 ? 0 : mod == 0x40 ? 1 : 4;
    if (rm.index != X64_NOREG) {
        assert(rm.index != X64_RSP);
        add(word, mod | reg | 4);
        add(word, scale | (rm.index & 7u) << 3 | (rm.base & 7u));
    } else {
        add(word, mod | reg | (rm.base & 7u));
        if ((rm.base & 7) == 4) {
            add(word, 0x24);
        }
    }
}

static void put_instruction(struct code_buffer *out, unsigned width, uint32_t opcode, unsigned rex,
                            unsigned reg, struct x64_rm rm)
{
    struct word word = {0};
    unsigned size = 0;
    if ((opcode & X64_66) || (width == 2 && !(opcode & X64_MEDIA))) {
        add(&word, 0x66);
    }
    if (opcode & (X64_F3 | X64_F2)) {
        add(&word, opcode & X64_F3 ? 0xf3 : 0xf2);
    }
    if (rex != 0) {
        add(&word, rex);
    }
    if (opcode & X64_0F) {
        add(&word, 0x0f);
    }
    if (opcode & (X64_38 | X64_3A)) {
        add(&word, opcode & X64_38 ? 0x38 : 0x3a);
    }
    add(&word, opcode & 0xff);
    reg = (field(reg) & 7) << 3;
    if (rm.memory) {
        add_memory(&word, reg, rm, &size);
    } else {
        add(&word, 0xc0 | reg | (field(rm.reg) & 7));
    }
    buffer_put(out, word.bytes, word.bits / 8);
    if (size != 0) {
        buffer_put(out, (uint32_t)rm.disp, size);
    }
}

/* xchg rL, rH: no flags, no REX. */
static void swap_halves(struct code_buffer *out, unsigned high)
{
    unsigned low = high - X64_AH;
    buffer_put8(out, 0x86);
    buffer_put8(out, (uint8_t)(0xc0 | low << 3 | (low + 4)));
}

/* Without high byte registers in byte fields.  reg8, rm8: the field names a byte register. */
static void put_plain(struct code_buffer *out, unsigned width, uint32_t opcode, unsigned reg,
                      struct x64_rm rm, bool reg8, bool rm8)
{
    unsigned rex = rex_of(width, field(reg), rm);
    if (rex != 0 || (reg8 && low_byte_needs_rex(reg)) || (rm8 && low_byte_needs_rex(rm.reg))) {
        rex |= 0x40;
    }
    put_instruction(out, width, opcode, rex, reg, rm);
}

/* One of the fields names AH, CH, DH or BH. */
static void put_high(struct code_buffer *out, unsigned width, uint32_t opcode, unsigned reg,
                     struct x64_rm rm, bool reg8, bool rm8)
{
    bool reg_high = reg8 && is_high(reg);
    bool rm_high = rm8 && is_high(rm.reg);
    bool forced = (reg8 && low_byte_needs_rex(reg)) || (rm8 && low_byte_needs_rex(rm.reg));
    if (!forced && rex_of(width, field(reg), rm) == 0) {
        put_instruction(out, width, opcode, 0, reg, rm);
        return;
    }
    assert(!(reg_high && rm_high));
    unsigned high = reg_high ? reg : rm.reg;
    swap_halves(out, high);
    if (reg_high) {
        reg = high - X64_AH;
    } else {
        rm.reg = (uint8_t)(high - X64_AH);
    }
    put_plain(out, width, opcode, reg, rm, reg8, rm8);
    swap_halves(out, high);
}

void x64_op(struct code_buffer *out, unsigned width, uint32_t opcode, unsigned reg,
            struct x64_rm rm)
{
    bool reg8 = !(opcode & (X64_DIGIT | X64_MEDIA)) && (width == 1 || (opcode & X64_REG8));
    bool rm8 = !(opcode & X64_MEDIA) && !rm.memory && (width == 1 || (opcode & X64_RM8));
    if ((reg8 && is_high(reg)) || (rm8 && is_high(rm.reg))) {
        put_high(out, width, opcode, reg, rm, reg8, rm8);
    } else {
        put_plain(out, width, opcode, reg, rm, reg8, rm8);
    }
}

void x64_opw(struct code_buffer *out, unsigned width, uint32_t opcode, unsigned reg,
             struct x64_rm rm)
{
    x64_op(out, width, opcode + (width != 1), reg, rm);
}

void x64_load(struct code_buffer *out, unsigned width, unsigned reg, struct x64_rm from)
{
    if (width < 4) {
        x64_op(out, 4, X64_0F | (width == 1 ? 0xb6u | X64_RM8 : 0xb7u), reg, from);
    } else {
        x64_op(out, width, 0x8b, reg, from);
    }
}

void x64_store(struct code_buffer *out, unsigned width, struct x64_rm to, unsigned reg)
{
    x64_opw(out, width, 0x88, reg, to);
}

void x64_mov_rr(struct code_buffer *out, unsigned width, unsigned to, unsigned from)
{
    if (to != from) {
        x64_opw(out, width, 0x88, from, x64_reg(to));
    }
}

void x64_mov_imm(struct code_buffer *out, unsigned reg, uint64_t value)
{
    if (value > UINT32_MAX && (int64_t)value != (int32_t)value) {
        buffer_put8(out, (uint8_t)(0x48 | reg >> 3));
        buffer_put8(out, (uint8_t)(0xb8 | (reg & 7)));
        buffer_put(out, value, 8);
    } else if (value > UINT32_MAX) {
        x64_op(out, 8, X64_DIGIT | 0xc7, 0, x64_reg(reg));
        buffer_put(out, value, 4);
    } else {
        if (reg >= 8) {
            buffer_put8(out, 0x41);
        }
        buffer_put(out, value << 8 | 0xb8 | (reg & 7), 5);
    }
}

void x64_mov_mem_imm(struct code_buffer *out, unsigned width, struct x64_rm to, uint32_t value)
{
    x64_opw(out, width, X64_DIGIT | 0xc6, 0, to);
    buffer_put(out, value, width > 4 ? 4 : width);
}

void x64_lea(struct code_buffer *out, unsigned width, unsigned reg, struct x64_rm from)
{
    x64_op(out, width, 0x8d, reg, from);
}

void x64_alu_imm(struct code_buffer *out, unsigned width, unsigned digit, struct x64_rm rm,
                 int32_t imm)
{
    if (width == 1) {
        x64_op(out, 1, X64_DIGIT | 0x80, digit, rm);
        buffer_put(out, (uint32_t)imm, 1);
    } else if (imm >= -128 && imm <= 127) {
        x64_op(out, width, X64_DIGIT | 0x83, digit, rm);
        buffer_put(out, (uint32_t)imm, 1);
    } else {
        x64_op(out, width, X64_DIGIT | 0x81, digit, rm);
        buffer_put(out, (uint32_t)imm, width > 4 ? 4 : width);
    }
}

uint32_t x64_jcc(struct code_buffer *out, unsigned cc)
{
    buffer_put(out, 0x800f | cc << 8, 6);
    return out->at - 4;
}

uint32_t x64_jmp(struct code_buffer *out)
{
    buffer_put(out, 0xe9, 5);
    return out->at - 4;
}

void x64_jmp_to(struct code_buffer *out, uint32_t target)
{
    buffer_patch_rel32(out, x64_jmp(out), target);
}

void x64_jcc_to(struct code_buffer *out, unsigned cc, uint32_t target)
{
    buffer_patch_rel32(out, x64_jcc(out, cc), target);
}

void x64_call_to(struct code_buffer *out, uint32_t target)
{
    buffer_put(out, 0xe8, 5);
    buffer_patch_rel32(out, out->at - 4, target);
}

void x64_here(struct code_buffer *out, uint32_t field_at)
{
    buffer_patch_rel32(out, field_at, out->at);
}
