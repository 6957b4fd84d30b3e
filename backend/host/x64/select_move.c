/* Moves, extensions, conditional moves, exchanges, flag moves: no guest flags but where said. */
#include "backend/host/x64/select.h"

void body_mov(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    struct code_buffer *out = e->out;
    unsigned width = inst->width;
    bool immediate = inst->a == IR_IMM;
    if (operand_is_temp(inst->dst)) {
        struct x64_rm to = operand_rm(inst->dst, mem);
        unsigned reg = to.memory ? (unsigned)REG_SCRATCH : to.reg;
        operand_load(e, inst, inst->a, width, reg, mem);
        if (to.memory) {
            x64_store(out, 8, to, reg);
        }
        return;
    }
    struct x64_rm to = operand_rm(inst->dst, mem);
    if (immediate && to.memory) {
        if (width < 8) {
            x64_mov_mem_imm(out, width, to, (uint32_t)inst->imm);
            return;
        }
    } else if (immediate && width >= 4) {
        operand_load(e, inst, inst->a, width, to.reg, mem);
        return;
    } else if (immediate) {
        x64_opw(out, width, X64_DIGIT | 0xc6, 0, to);
        buffer_put(out, inst->imm, width);
        return;
    }
    struct x64_rm from = immediate ? x64_reg(REG_SCRATCH) : operand_rm(inst->a, mem);
    if (immediate || (to.memory && from.memory)) {
        operand_load(e, inst, inst->a, width, REG_SCRATCH, mem);
        from = x64_reg(REG_SCRATCH);
    }
    if (from.memory) {
        x64_opw(out, width, 0x8a, to.reg, from);
    } else {
        x64_opw(out, width, 0x88, from.reg, to);
    }
}

/* movzx and movsx: source width in aux. */
void body_extend(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    struct code_buffer *out = e->out;
    bool cheap = (inst->dst == IR_T0 || inst->dst == IR_T1) && inst->width >= 4;
    bool direct = inst->dst < 8 || cheap;
    unsigned to = direct ? operand_rm(inst->dst, mem).reg : (unsigned)REG_SCRATCH;
    if (inst->a == IR_IMM || inst->aux >= inst->width) {
        operand_load(e, inst, inst->a, inst->aux, REG_SCRATCH, mem);
        operand_store(e, inst->dst, inst->width, REG_SCRATCH, mem);
        return;
    }
    struct x64_rm from = operand_rm(inst->a, mem);
    if (inst->op == IR_movzx && inst->aux == 4) {
        x64_load(out, 4, to, from);
    } else if (inst->op == IR_movsx && inst->aux == 4) {
        x64_op(out, 8, 0x63, to, from);
    } else {
        uint32_t opcode = inst->op == IR_movzx ? 0xb6 : 0xbe;
        x64_op(out, inst->width, X64_0F | (inst->aux == 1 ? opcode | X64_RM8 : opcode + 1), to,
               from);
    }
    if (!direct) {
        operand_store(e, inst->dst, inst->width, REG_SCRATCH, mem);
    }
}

void select_lea(struct emit *e, const struct ir_inst *inst)
{
    struct memory_access access = access_of(inst, 1, ACCESS_LOAD);
    bool simple = inst->dst < 8 && inst->width == 4 && inst->asize == 4;
    bool registers = inst->base < 8 && (inst->index == IR_NONE || inst->index < 8);
    if (simple && registers) {
        unsigned index = inst->index == IR_NONE ? (unsigned)X64_NOREG : abi_gpr(inst->index);
        x64_lea(e->out, 4, abi_gpr(inst->dst),
                x64_index(abi_gpr(inst->base), index, inst->scale, inst->disp));
        return;
    }
    x64_effective_address(e, &access);
    operand_store(e, inst->dst, inst->width, REG_EA, x64_reg(0));
}

/* Address of the operand that a register bit offset reaches. */
void select_bit_ea(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    struct memory_access access = access_of(inst, inst->width, ACCESS_LOAD);
    unsigned width = inst->width;
    x64_flags_to_record(e);
    e->flags_in_host = false;
    x64_effective_address(e, &access);
    operand_load(e, inst, inst->b, width, REG_SCRATCH, x64_reg(0));
    if (width == 2) {
        x64_op(out, 4, X64_0F | 0xbf, REG_SCRATCH, x64_reg(REG_SCRATCH)); /* movsx */
    }
    x64_op(out, 4, X64_DIGIT | 0xc1, 7, x64_reg(REG_SCRATCH)); /* sar */
    buffer_put8(out, 3);
    x64_alu_imm(out, 4, 4, x64_reg(REG_SCRATCH), -(int32_t)width);
    x64_op(out, 4, 0x03, REG_EA, x64_reg(REG_SCRATCH));
    operand_store(e, inst->dst, inst->asize, REG_EA, x64_reg(0));
}

void body_setcc(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    uint32_t opcode = X64_0F | X64_DIGIT | 0x90u | (inst->cc & 15u);
    if (operand_is_temp(inst->dst)) {
        x64_op(e->out, 1, opcode, 0, x64_reg(REG_SCRATCH));
        operand_store(e, inst->dst, 1, REG_SCRATCH, mem);
    } else {
        x64_op(e->out, 1, opcode, 0, operand_rm(inst->dst, mem));
    }
}

void body_cmov(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    uint32_t opcode = X64_0F | 0x40u | (inst->cc & 15u);
    bool direct = inst->dst < 8;
    unsigned to = direct ? abi_gpr(inst->dst) : (unsigned)REG_SCRATCH;
    if (inst->a == IR_IMM) {
        operand_load(e, inst, inst->a, inst->width, REG_SCRATCH, mem);
        if (direct) {
            x64_op(e->out, inst->width, opcode, to, x64_reg(REG_SCRATCH));
        }
        return;
    }
    if (!direct) {
        operand_load(e, inst, inst->dst, inst->width, REG_SCRATCH, mem);
    }
    x64_op(e->out, inst->width, opcode, to, operand_rm(inst->a, mem));
    if (!direct) {
        operand_store(e, inst->dst, inst->width, REG_SCRATCH, mem);
    }
}

void body_xchg(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    struct x64_rm left = operand_rm(inst->dst, mem);
    struct x64_rm right = operand_rm(inst->a, mem);
    if (!left.memory && !right.memory) {
        x64_opw(e->out, inst->width, 0x86, right.reg, left);
        operand_settle(e, inst->dst, inst->width);
        operand_settle(e, inst->a, inst->width);
        return;
    }
    if (!left.memory) {
        struct x64_rm swap = left;
        left = right;
        right = swap;
    }
    /* Without the bus lock of XCHG with memory: nobody else runs in this memory meanwhile. */
    x64_load(e->out, inst->width, REG_SCRATCH, left);
    x64_store(e->out, inst->width, left, operand_borrow(e, right));
    operand_give_back(e, right);
    x64_store(e->out, inst->width, right, REG_SCRATCH);
    operand_settle(e, inst->dst, inst->width);
    operand_settle(e, inst->a, inst->width);
}

/* dst = a + b, b = old a. */
void body_xadd(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    x64_opw(e->out, inst->width, X64_0F | 0xc0, operand_rm(inst->b, mem).reg,
            operand_rm(inst->dst, mem));
    operand_settle(e, inst->b, inst->width);
}

void body_cmpxchg(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    struct code_buffer *out = e->out;
    if (inst->b >= IR_AH && inst->b <= IR_BH) {
        /* The exchange of halves would disturb AL. */
        unsigned whole = inst->b - IR_AH;
        x64_store(out, 8, CTX(slow_value[1]), whole);
        x64_load(out, 1, REG_SCRATCH, CTX_AT(slow_value, 9));
    } else {
        operand_load(e, inst, inst->b, inst->width, REG_SCRATCH, mem);
    }
    struct x64_rm to = operand_rm(inst->dst, mem);
    if (!to.memory && to.reg == X64_AH) {
        /* AH against AL, REX impossible: compare, then select by hand. */
        x64_op(out, 1, 0x38, X64_AH, x64_reg(X64_RAX));
        uint32_t differs = x64_jcc(out, X64_NE);
        x64_store(out, 1, to, REG_SCRATCH);
        uint32_t done = x64_jmp(out);
        x64_here(out, differs);
        x64_op(out, 1, 0x88, X64_AH, x64_reg(X64_RAX));
        x64_here(out, done);
        return;
    }
    x64_opw(out, inst->width, X64_0F | 0xb0, REG_SCRATCH, to);
}

void body_lahf(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    (void)inst;
    (void)mem;
    buffer_put8(e->out, 0x9f);
}

void body_sahf(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    (void)inst;
    (void)mem;
    buffer_put8(e->out, 0x9e);
}

void body_salc(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    (void)inst;
    (void)mem;
    struct code_buffer *out = e->out;
    x64_op(out, 1, X64_0F | X64_DIGIT | 0x92, 0, x64_reg(REG_SCRATCH)); /* setc */
    x64_load(out, 1, REG_SCRATCH, x64_reg(REG_SCRATCH));
    x64_op(out, 4, X64_DIGIT | 0xf7, 2, x64_reg(REG_SCRATCH)); /* not: no flags */
    x64_lea(out, 4, REG_SCRATCH, x64_mem(REG_SCRATCH, 1));     /* -CF */
    x64_store(out, 1, x64_reg(X64_RAX), REG_SCRATCH);
}

/* clc, stc, cmc: in the host when the flags are there, else in the record. */
void select_carry(struct emit *e, const struct ir_inst *inst)
{
    struct flag_use use = x64_flag_use(inst);
    unsigned op = inst->op;
    if (e->flags_in_host) {
        buffer_put8(e->out, op == IR_clc ? 0xf8 : op == IR_stc ? 0xf9 : 0xf5);
        x64_flags_done(e, inst, &use);
        return;
    }
    struct x64_rm high = CTX_AT(flags, 1);
    if (op == IR_clc) {
        x64_alu_imm(e->out, 1, 4, high, 0xfe);
    } else {
        x64_alu_imm(e->out, 1, op == IR_stc ? 1 : 6, high, 1);
    }
}

void select_cdq(struct emit *e, const struct ir_inst *inst)
{
    if (inst->width != 4) {
        buffer_put8(e->out, inst->width == 2 ? 0x66 : 0x48);
    }
    buffer_put8(e->out, 0x99);
}

void select_get(struct emit *e, const struct ir_inst *inst)
{
    if (inst->imm == offsetof(struct context, flags)) {
        x64_flags_to_record(e);
    }
    if (inst->imm == offsetof(struct context, mxcsr) && (e->ir->mode & MODE_SSE_SLOW) == 0) {
        x64_vec_make_resident(e);
        x64_op(e->out, 4, X64_DIGIT | X64_0F | 0xae, 3, CTX(mxcsr));
    }
    x64_load(e->out, inst->aux, REG_SCRATCH, abi_context(inst->imm));
    operand_store(e, inst->dst, inst->width, REG_SCRATCH, x64_reg(0));
}

void select_put(struct emit *e, const struct ir_inst *inst)
{
    if (e->fpu_last.valid && inst->imm >= offsetof(struct context, seg) &&
        inst->imm < offsetof(struct context, xmm)) {
        x64_fpu_flush(e); /* the last operand's selector is read when it is written out */
    }
    if (inst->imm == offsetof(struct context, flags)) {
        e->flags_in_record = true;
        e->flags_in_host = false;
    }
    if (inst->a == IR_IMM32) {
        x64_mov_mem_imm(e->out, inst->width, abi_context(inst->imm), (uint32_t)inst->disp);
        return;
    }
    operand_load(e, inst, inst->a, inst->width, REG_SCRATCH, x64_reg(0));
    x64_store(e->out, inst->width, abi_context(inst->imm), REG_SCRATCH);
}
