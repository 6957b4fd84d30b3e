/* x86-64 instruction encoding: see encode.h. */
#include "backend/host/x64/encode.h"

#include <assert.h>

static bool is_high(unsigned reg)
{
    return reg >= X64_AH && reg <= X64_BH;
}

static bool low_byte_needs_rex(unsigned reg)
{
    return reg >= X64_RSP && reg <= X64_RDI;
}

static unsigned rex_of(unsigned width, unsigned reg, struct x64_rm rm)
{
    return rm.rex | (width == 8 ? X64_REX_W : 0u) | (x64_field(reg) >= 8 ? X64_REX_R : 0u);
}

/* What an instruction ends with: the operand with its reg field. */
static inline void put_operand(struct code_buffer *out, unsigned reg, struct x64_rm rm)
{
    buffer_put(out, rm.bytes | (x64_field(reg) & 7) << 3, rm.count);
}

/* rex: 0 for none, else with bit 6. */
static void put_instruction(struct code_buffer *out, unsigned width, uint32_t opcode, unsigned rex,
                            unsigned reg, struct x64_rm rm)
{
    if ((opcode & X64_66) || (width == 2 && !(opcode & X64_MEDIA))) {
        buffer_put8(out, 0x66);
    }
    if (opcode & (X64_F3 | X64_F2)) {
        buffer_put8(out, opcode & X64_F3 ? 0xf3 : 0xf2);
    }
    if (rex != 0) {
        buffer_put8(out, (uint8_t)rex);
    }
    if (opcode & X64_0F) {
        buffer_put8(out, 0x0f);
    }
    if (opcode & (X64_38 | X64_3A)) {
        buffer_put8(out, opcode & X64_38 ? 0x38 : 0x3a);
    }
    buffer_put8(out, (uint8_t)opcode);
    put_operand(out, reg, rm);
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
    unsigned rex = rex_of(width, reg, rm);
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
    if (!forced && rex_of(width, reg, rm) == 0) {
        put_instruction(out, width, opcode, 0, reg, rm);
        return;
    }
    assert(!(reg_high && rm_high));
    unsigned high = reg_high ? reg : rm.reg;
    swap_halves(out, high);
    if (reg_high) {
        reg = high - X64_AH;
    } else {
        rm = x64_reg(high - X64_AH);
    }
    put_plain(out, width, opcode, reg, rm, reg8, rm8);
    swap_halves(out, high);
}

/* Prefixes, or byte registers. */
static void put_special(struct code_buffer *out, unsigned width, uint32_t opcode, unsigned reg,
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

enum { SPECIAL = X64_66 | X64_F3 | X64_F2 | X64_38 | X64_3A | X64_REG8 | X64_RM8 };

void x64_op(struct code_buffer *out, unsigned width, uint32_t opcode, unsigned reg,
            struct x64_rm rm)
{
    if (width < 4 || (opcode & SPECIAL) != 0) {
        put_special(out, width, opcode, reg, rm);
        return;
    }
    unsigned rex = rm.rex | (reg >> 1 & X64_REX_R) | (width & X64_REX_W);
    uint64_t head = opcode & X64_0F ? (opcode & 0xff) << 8 | 0x0f : opcode & 0xff;
    unsigned count = opcode & X64_0F ? 2 : 1;
    if (rex != 0) {
        head = head << 8 | 0x40 | rex;
        count++;
    }
    buffer_put(out, head, count);
    put_operand(out, reg, rm);
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

/* opcode rel32, the opcode of that many bytes. */
static inline void put_branch(struct code_buffer *out, unsigned opcode, unsigned bytes,
                              uint32_t target)
{
    uint32_t displacement = target - (out->at + bytes + 4);
    buffer_put(out, opcode | (uint64_t)displacement << bytes * 8, bytes + 4);
}

void x64_jmp_to(struct code_buffer *out, uint32_t target)
{
    put_branch(out, 0xe9, 1, target);
}

void x64_jcc_to(struct code_buffer *out, unsigned cc, uint32_t target)
{
    put_branch(out, 0x800f | cc << 8, 2, target);
}

void x64_call_to(struct code_buffer *out, uint32_t target)
{
    put_branch(out, 0xe8, 1, target);
}

void x64_here(struct code_buffer *out, uint32_t field_at)
{
    buffer_patch_rel32(out, field_at, out->at);
}

void x64_nop(struct code_buffer *out, unsigned bytes)
{
    /* SDM volume 2, NOP, table 4-12 */
    static const uint8_t forms[10][16] = {
        {0},
        {0x90},
        {0x66, 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40},
        {0x0f, 0x1f, 0x44},
        {0x66, 0x0f, 0x1f, 0x44},
        {0x0f, 0x1f, 0x80},
        {0x0f, 0x1f, 0x84},
        {0x66, 0x0f, 0x1f, 0x84},
    };
    for (unsigned i = 0; i < bytes; i++) {
        buffer_put8(out, forms[bytes][i]);
    }
}
