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

struct shape {
    bool reg8, rm8;
    unsigned rex; /* 0: no prefix */
};

static struct shape shape_of(unsigned width, uint32_t opcode, unsigned reg, struct x64_rm rm)
{
    struct shape shape = {
        .reg8 = !(opcode & (X64_DIGIT | X64_MEDIA)) && (width == 1 || (opcode & X64_REG8)),
        .rm8 = !(opcode & X64_MEDIA) && !rm.memory && (width == 1 || (opcode & X64_RM8))};
    unsigned rex = width == 8 ? 8 : 0;
    rex |= field(reg) >= 8 ? 4 : 0;
    if (rm.memory) {
        rex |= rm.index != X64_NOREG && rm.index >= 8 ? 2 : 0;
        rex |= rm.base != X64_NOREG && rm.base >= 8 ? 1 : 0;
    } else {
        rex |= field(rm.reg) >= 8 ? 1 : 0;
    }
    bool forced =
        (shape.reg8 && low_byte_needs_rex(reg)) || (shape.rm8 && low_byte_needs_rex(rm.reg));
    shape.rex = rex != 0 || forced ? 0x40 | rex : 0;
    return shape;
}

static void put_modrm(struct code_buffer *out, unsigned reg, struct x64_rm rm)
{
    reg = (reg & 7) << 3;
    if (!rm.memory) {
        buffer_put8(out, (uint8_t)(0xc0 | reg | (field(rm.reg) & 7)));
        return;
    }
    unsigned scale = (unsigned)rm.scale << 6;
    if (rm.base == X64_NOREG) {
        unsigned index = rm.index == X64_NOREG ? 4 : rm.index & 7;
        buffer_put8(out, (uint8_t)(reg | 4));
        buffer_put8(out, (uint8_t)(scale | index << 3 | 5));
        buffer_put(out, (uint32_t)rm.disp, 4);
        return;
    }
    unsigned mod = rm.disp == 0 && (rm.base & 7) != 5  ? 0
                   : rm.disp >= -128 && rm.disp <= 127 ? 0x40
                                                       : 0x80;
    if (rm.index != X64_NOREG) {
        assert(rm.index != X64_RSP);
        buffer_put8(out, (uint8_t)(mod | reg | 4));
        buffer_put8(out, (uint8_t)(scale | (rm.index & 7u) << 3 | (rm.base & 7u)));
    } else if ((rm.base & 7) == 4) {
        buffer_put8(out, (uint8_t)(mod | reg | 4));
        buffer_put8(out, 0x24);
    } else {
        buffer_put8(out, (uint8_t)(mod | reg | (rm.base & 7u)));
    }
    if (mod != 0) {
        buffer_put(out, (uint32_t)rm.disp, mod == 0x40 ? 1 : 4);
    }
}

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
    buffer_put8(out, (uint8_t)opcode);
    put_modrm(out, field(reg), rm);
}

/* xchg rL, rH: no flags, no REX. */
static void swap_halves(struct code_buffer *out, unsigned high)
{
    unsigned low = high - X64_AH;
    buffer_put8(out, 0x86);
    buffer_put8(out, (uint8_t)(0xc0 | low << 3 | (low + 4)));
}

void x64_op(struct code_buffer *out, unsigned width, uint32_t opcode, unsigned reg,
            struct x64_rm rm)
{
    struct shape shape = shape_of(width, opcode, reg, rm);
    bool reg_high = shape.reg8 && is_high(reg);
    bool rm_high = shape.rm8 && is_high(rm.reg);
    if (shape.rex == 0 || (!reg_high && !rm_high)) {
        put_instruction(out, width, opcode, shape.rex, reg, rm);
        return;
    }
    assert(!(reg_high && rm_high));
    unsigned high = reg_high ? reg : rm.reg;
    unsigned low = high - X64_AH;
    swap_halves(out, high);
    if (reg_high) {
        reg = low;
    } else {
        rm.reg = (uint8_t)low;
    }
    put_instruction(out, width, opcode, shape_of(width, opcode, reg, rm).rex, reg, rm);
    swap_halves(out, high);
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
        buffer_put8(out, (uint8_t)(0xb8 | (reg & 7)));
        buffer_put(out, value, 4);
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
    buffer_put8(out, 0x0f);
    buffer_put8(out, (uint8_t)(0x80 | cc));
    buffer_put(out, 0, 4);
    return out->at - 4;
}

uint32_t x64_jmp(struct code_buffer *out)
{
    buffer_put8(out, 0xe9);
    buffer_put(out, 0, 4);
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
    buffer_put8(out, 0xe8);
    buffer_put(out, 0, 4);
    buffer_patch_rel32(out, out->at - 4, target);
}

void x64_here(struct code_buffer *out, uint32_t field_at)
{
    buffer_patch_rel32(out, field_at, out->at);
}
