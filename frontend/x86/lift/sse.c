/*
 * MMX, SSE and 3DNow!: one vec record for each instruction, found by map, mandatory prefix and
 * opcode.
 */
#include "frontend/x86/lift/build.h"

#include <stddef.h>

/* Index of a row's prefix word: one of four prefixes, and /digit of immediate shifts, the map, or
 * that 66 is the operand size. */
#define PREFIX_INDEX(prefix)                                                            \
    ((((prefix) >> 8 & 7) | ((prefix) >> 12) << 3) * 4 + (((prefix)&0xff) == 0x66   ? 1 \
                                                          : ((prefix)&0xff) == 0xf3 ? 2 \
                                                          : ((prefix)&0xff) == 0xf2 ? 3 \
                                                                                    : 0))

/* Row number plus one; 0: no such operation. */
static const uint16_t row_of[PREFIX_INDEX(0x57ff) + 4][256] = {
#define VEC(name, prefix, opcode, form, flags) [PREFIX_INDEX(prefix)][opcode] = VEC_##name + 1,
#include "translator/ir/vec_ops.def"
#undef VEC
};

static bool is_immediate_shift(uint8_t opcode)
{
    return opcode >= 0x71 && opcode <= 0x73;
}

static enum vec_op find(const struct x86_insn *insn)
{
    unsigned map = insn->map - 1u;
    bool shift = map == VEC_MAP_0F && is_immediate_shift(insn->opcode);
    unsigned digit = shift ? insn->modrm >> 3 & 7u : 0;
    unsigned prefix = map << 12 | digit << 8 | insn->mandatory;
    unsigned row = map <= VEC_MAP_3DNOW ? row_of[PREFIX_INDEX(prefix)][insn->opcode] : 0;
    return row ? (enum vec_op)(row - 1) : VEC_OPS;
}

static bool has_xmm(const struct x86_insn *insn)
{
    return insn->ops[0].kind == X86_OPERAND_XMM || insn->ops[1].kind == X86_OPERAND_XMM;
}

static bool has_mmx(const struct x86_insn *insn)
{
    return insn->ops[0].kind == X86_OPERAND_MMX || insn->ops[1].kind == X86_OPERAND_MMX;
}

/* True when the mode key forbids the instruction: the fault is raised (SDM 3A 2.5, 12.1, 13.1:
 * #UD by EM and OSFXSR comes before #NM by TS). */
static bool unusable(struct lift *l, bool xmm, bool mmx)
{
    if (l->mode & MODE_EM || (xmm && l->mode & MODE_NO_FXSR)) {
        lift_raise(l, VECTOR_UD);
        return true;
    }
    if ((xmm && l->mode & MODE_NO_SSE) || (mmx && l->mode & MODE_NO_FPU)) {
        lift_raise(l, VECTOR_NM);
        return true;
    }
    if (mmx && l->mode & MODE_FPU_SLOW) {
        lift_callout(l, CALLOUT_fpu_check, IR_NONE, IR_NONE, IR_NONE, 0);
    }
    return false;
}

/* One record.  Operands are destination, source and perhaps an immediate; the register operand that
 * BLENDVPS and its like imply is not looked at. */
static void lift_operation(struct lift *l, const struct x86_insn *insn, enum vec_op op)
{
    struct ir_inst *inst = lift_op(l, IR_vec, vec_memory_bytes(op), IR_NONE, IR_NONE, IR_NONE);
    if (inst->width == 0) {
        inst->width = 16;
    }
    uint64_t imm8 = 0;
    inst->dst = lift_operand(inst, &insn->ops[0], insn->address_size);
    for (unsigned i = 1; i < insn->nops; i++) {
        if (insn->ops[i].kind == X86_OPERAND_IMM) {
            imm8 = (uint64_t)insn->ops[i].value & 255;
        } else if (i == 1) {
            inst->a = lift_operand(inst, &insn->ops[i], insn->address_size);
        }
    }
    inst->imm = op | imm8 << 16;
    if (vec_rows[op].flags & VEC_EFLAGS) {
        inst->flags_written = FLAGS_ARITH;
    }
}

void lift_vector(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    enum vec_op op = find(insn);
    if (op == VEC_OPS) {
        lift_raise(l, VECTOR_UD);
    } else if (!unusable(l, has_xmm(insn), has_mmx(insn))) {
        lift_operation(l, insn, op);
    }
}

void lift_crc32(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    unsigned form = insn->ops[1].width >> 1; /* 1, 2, 4 bytes: 0, 1, 2 */
    lift_operation(l, insn, (enum vec_op)(VEC_crc32_b + form));
}

void lift_popcnt(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    lift_operation(l, insn, insn->operand_size == 2 ? VEC_popcnt_w : VEC_popcnt_d);
}

void lift_movbe(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    static const enum vec_op ops[2][2] = {{VEC_movbe_w, VEC_movbe_d},
                                          {VEC_movbe_store_w, VEC_movbe_store_d}};
    bool store = insn->ops[0].kind == X86_OPERAND_MEM;
    lift_operation(l, insn, ops[store][insn->operand_size == 4]);
}

void lift_ldmxcsr(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    if (!unusable(l, true, false)) {
        lift_value(l, insn, IR_T0, &insn->ops[0], 4);
        lift_callout(l, CALLOUT_ldmxcsr, IR_NONE, IR_T0, IR_NONE, 0);
    }
}

void lift_stmxcsr(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    if (!unusable(l, true, false)) {
        struct ir_inst *inst = lift_op(l, IR_get, 4, IR_T0, IR_NONE, IR_NONE);
        inst->aux = 4;
        inst->imm = offsetof(struct context, mxcsr);
        lift_store(l, insn, &insn->ops[0], IR_T0, 4);
    }
}

/* MASKMOVQ MASKMOVDQU store to seg:[rDI]. */
void lift_maskmov(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    if (unusable(l, has_xmm(insn), has_mmx(insn))) {
        return;
    }
    struct ir_inst probe = {0};
    unsigned data = lift_operand(&probe, &insn->ops[0], insn->address_size);
    unsigned mask = lift_operand(&probe, &insn->ops[1], insn->address_size);
    unsigned seg = lift_implied_segment(l, insn);
    lift_constant(l, IR_T0, data);
    lift_callout_const(l, CALLOUT_maskmov, IR_NONE, IR_T0, (int32_t)mask,
                       seg | (uint64_t)insn->address_size << 8);
}

void lift_movnti(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    lift_store(l, insn, &insn->ops[0], insn->ops[1].reg, 4);
}
