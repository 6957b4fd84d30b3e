/*
 * Operands: from the decoder's to the IR's, and the records that most lift functions share.
 */
#include "frontend/x86/lift/build.h"

#include <assert.h>

/*
 * What each operation's record begins as.  Of the flags that the manual calls undefined, some are
 * left alone by hardware: such records write the rest only, so that both engines keep them
 * (measured on AMD Zen).
 */
static const struct {
    uint16_t reads, keeps;
} flag_rules[IR_OPS] = {
    [IR_imul] = {0, (uint16_t) ~(FLAG_CF | FLAG_OF)},
    [IR_mul1] = {0, (uint16_t) ~(FLAG_CF | FLAG_OF)},
    [IR_imul1] = {0, (uint16_t) ~(FLAG_CF | FLAG_OF)},
    [IR_bt] = {0, (uint16_t)~FLAG_CF},
    [IR_bts] = {0, (uint16_t)~FLAG_CF},
    [IR_btr] = {0, (uint16_t)~FLAG_CF},
    [IR_btc] = {0, (uint16_t)~FLAG_CF},
    [IR_adc] = {FLAG_CF, 0},
    [IR_sbb] = {FLAG_CF, 0},
    [IR_rcl] = {FLAG_CF, 0},
    [IR_rcr] = {FLAG_CF, 0},
    [IR_cmc] = {FLAG_CF, 0},
    [IR_salc] = {FLAG_CF, 0},
    [IR_lahf] = {FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF, 0},
};

struct ir_inst *lift_op(struct lift *l, enum ir_op op, unsigned width, unsigned dst, unsigned a,
                        unsigned b)
{
    assert(l->block->count < IR_MAX_RECORDS);
    struct ir_inst *inst = &l->block->insts[l->block->count++];
    uint16_t written = ir_rows[op].writes & (uint16_t)~flag_rules[op].keeps;
    *inst = (struct ir_inst){.op = (uint16_t)op,
                             .width = (uint8_t)width,
                             .dst = (uint8_t)dst,
                             .a = (uint8_t)a,
                             .b = (uint8_t)b,
                             .base = IR_NONE,
                             .index = IR_NONE,
                             .flags_read = flag_rules[op].reads,
                             .flags_written = written};
    return inst;
}

void lift_address(struct ir_inst *inst, const struct x86_operand *op, unsigned asize)
{
    inst->seg = op->seg;
    inst->base = op->base < 0 ? IR_NONE : (uint8_t)op->base;
    inst->index = op->index < 0 ? IR_NONE : (uint8_t)op->index;
    inst->scale = op->scale;
    inst->disp = (int32_t)op->value;
    inst->asize = (uint8_t)asize;
}

uint8_t lift_operand(struct ir_inst *inst, const struct x86_operand *op, unsigned asize)
{
    switch (op->kind) {
    case X86_OPERAND_REG:
        return op->reg;
    case X86_OPERAND_HIGH:
        return (uint8_t)(IR_AH + op->reg);
    case X86_OPERAND_XMM:
        return (uint8_t)(IR_XMM0 + op->reg);
    case X86_OPERAND_MMX:
        return (uint8_t)(IR_MM0 + op->reg);
    case X86_OPERAND_IMM:
        inst->imm = (uint64_t)op->value;
        return IR_IMM;
    case X86_OPERAND_MEM:
        lift_address(inst, op, asize);
        return IR_MEM;
    default:
        return IR_NONE;
    }
}

void lift_condition(struct ir_inst *inst, unsigned cc)
{
    inst->cc = cc & 15;
    inst->flags_read = ir_cc_flags[cc & 15];
}

void lift_value(struct lift *l, const struct x86_insn *insn, unsigned temp,
                const struct x86_operand *op, unsigned width)
{
    struct ir_inst *inst = lift_op(l, IR_mov, width, temp, IR_NONE, IR_NONE);
    inst->a = lift_operand(inst, op, insn->address_size);
}

void lift_store(struct lift *l, const struct x86_insn *insn, const struct x86_operand *op,
                unsigned temp, unsigned width)
{
    struct ir_inst *inst = lift_op(l, IR_mov, width, IR_NONE, temp, IR_NONE);
    inst->dst = lift_operand(inst, op, insn->address_size);
}

void lift_ea(struct lift *l, const struct x86_insn *insn, unsigned temp,
             const struct x86_operand *op)
{
    lift_address(lift_op(l, IR_lea, 4, temp, IR_NONE, IR_NONE), op, insn->address_size);
}

unsigned lift_implied_segment(const struct lift *l, const struct x86_insn *insn)
{
    static const struct {
        uint8_t prefix, seg;
    } overrides[] = {{0x26, SEG_ES}, {0x2e, SEG_CS}, {0x36, SEG_SS},
                     {0x3e, SEG_DS}, {0x64, SEG_FS}, {0x65, SEG_GS}};
    unsigned seg = SEG_DS;
    for (unsigned at = 0; at < insn->opcode_at; at++) {
        for (unsigned i = 0; i < sizeof overrides / sizeof overrides[0]; i++) {
            seg = l->bytes[at] == overrides[i].prefix ? overrides[i].seg : seg;
        }
    }
    return seg;
}

void lift_constant(struct lift *l, unsigned temp, uint64_t value)
{
    lift_op(l, IR_mov, 4, temp, IR_IMM, IR_NONE)->imm = value & 0xffffffff;
}

struct ir_inst *lift_callout(struct lift *l, enum callout_id id, unsigned dst, unsigned a,
                             unsigned b, uint64_t imm)
{
    struct ir_inst *inst = lift_op(l, IR_callout, 4, dst, a, b);
    inst->cc = id & 255;
    inst->aux = (uint8_t)(id >> 8);
    inst->imm = imm;
    inst->flags_read = FLAGS_ARITH;
    l->ended = l->ended || callout_rows[id].effects & CALLOUT_ENDS;
    return inst;
}

void lift_callout_const(struct lift *l, enum callout_id id, unsigned dst, unsigned a, int32_t b,
                        uint64_t imm)
{
    lift_callout(l, id, dst, a, IR_IMM32, imm)->disp = b;
}

void lift_raise(struct lift *l, unsigned vector)
{
    lift_callout(l, CALLOUT_raise, IR_NONE, IR_NONE, IR_NONE,
                 vector | (vector == VECTOR_GP ? 0x100 : 0));
}

void lift_jump(struct lift *l, uint64_t target)
{
    lift_op(l, IR_jmp, 4, IR_NONE, IR_NONE, IR_NONE)->imm = target;
    l->ended = true;
}

uint64_t lift_next(const struct lift *l)
{
    return l->next & (lift_has(l, X86_FEATURE_286) ? 0xffffffff : 0xffff);
}

void lift_end(struct lift *l)
{
    lift_jump(l, lift_next(l));
}

bool lift_privileged(struct lift *l)
{
    if (l->mode & (MODE_USER | MODE_V86)) {
        lift_raise(l, VECTOR_GP);
        return true;
    }
    return false;
}

void lift_undefined(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)insn;
    (void)arg;
    lift_raise(l, VECTOR_UD);
}

void lift_nothing(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)l;
    (void)insn;
    (void)arg;
}
