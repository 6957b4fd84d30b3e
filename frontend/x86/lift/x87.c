/*
 * x87: one x87 record for each instruction, found by its encoding; environments and state images
 * are callouts.  In slow mode (unmasked exceptions, or one pending) everything is a callout.
 */
#include "frontend/x86/lift/build.h"

/* Encodings that hardware takes for another one's. */
static const struct {
    uint8_t escape, modrm, to_escape, to_modrm;
} aliases[] = {
    {0xdc, 0xd0, 0xd8, 0xd0}, {0xdc, 0xd8, 0xd8, 0xd8}, {0xdd, 0xc8, 0xd9, 0xc8},
    {0xde, 0xd0, 0xd8, 0xd8}, {0xdf, 0xc8, 0xd9, 0xc8}, {0xdf, 0xd0, 0xdd, 0xd8},
    {0xdf, 0xd8, 0xdd, 0xd8},
};

static const uint8_t memory_width[] = {
    [X87_FORM_M16] = 2, [X87_FORM_M32] = 4, [X87_FORM_M64] = 8, [X87_FORM_M80] = 10};

static bool is_memory(enum x87_form form)
{
    return form >= X87_FORM_M16 && form <= X87_FORM_M80;
}

static bool matches(const struct x87_row *row, uint8_t escape, uint8_t modrm)
{
    if (row->escape != escape) {
        return false;
    }
    if (modrm < 0xc0) {
        return is_memory(row->form) && (modrm & 0x38) == row->modrm;
    }
    return !is_memory(row->form) &&
           row->modrm == (row->form == X87_FORM_STI ? modrm & 0xf8 : modrm);
}

static enum x87_op find(uint8_t escape, uint8_t modrm)
{
    for (unsigned i = 0; modrm >= 0xc0 && i < sizeof aliases / sizeof aliases[0]; i++) {
        if (aliases[i].escape == escape && aliases[i].modrm == (modrm & 0xf8)) {
            escape = aliases[i].to_escape;
            modrm = (uint8_t)(aliases[i].to_modrm | (modrm & 7));
            break;
        }
    }
    for (unsigned op = 0; op < X87_OPS; op++) {
        if (matches(&x87_rows[op], escape, modrm)) {
            return (enum x87_op)op;
        }
    }
    return X87_OPS;
}

/* True when the mode key makes x87 instructions raise #NM: done then.  True also without an x87:
 * nobody takes the instruction from the bus, and nothing happens. */
static bool fpu_absent(struct lift *l)
{
    if (l->mode & MODE_NO_FPU) {
        lift_raise(l, VECTOR_NM);
        return true;
    }
    return !lift_has(l, X86_FEATURE_FPU);
}

/* An escape that no coprocessor takes: up to the 80286 the processor reads a word of the operand.
 */
void lift_esc(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    if (!(l->mode & MODE_NO_FPU) && !lift_has(l, X86_FEATURE_386) &&
        insn->ops[0].kind == X86_OPERAND_MEM) {
        lift_value(l, insn, IR_T0, &insn->ops[0], 2);
    }
}

static bool waits(enum x87_op op)
{
    return op != X87_fnclex && op != X87_fninit && op != X87_fnstsw && op != X87_fnstsw_ax &&
           op != X87_fnstcw;
}

static void check_pending(struct lift *l)
{
    if (l->mode & MODE_FPU_SLOW) {
        lift_callout(l, CALLOUT_fpu_check, IR_NONE, IR_NONE, IR_NONE, 0);
    }
}

static void x87_flags(struct ir_inst *inst, enum x87_op op)
{
    switch ((unsigned)op) {
    case X87_fcomi:
    case X87_fucomi:
    case X87_fcomip:
    case X87_fucomip:
        inst->flags_written = FLAGS_ARITH;
        break;
    case X87_fcmovb:
    case X87_fcmovnb:
        inst->flags_read = FLAG_CF;
        break;
    case X87_fcmove:
    case X87_fcmovne:
        inst->flags_read = FLAG_ZF;
        break;
    case X87_fcmovbe:
    case X87_fcmovnbe:
        inst->flags_read = FLAG_CF | FLAG_ZF;
        break;
    case X87_fcmovu:
    case X87_fcmovnu:
        inst->flags_read = FLAG_PF;
        break;
    default:
        break;
    }
}

/* What FOP becomes: the low three bits of the escape, and the ModRM byte as it stands. */
static uint64_t opcode_bits(const struct x86_insn *insn)
{
    return (uint64_t)((insn->opcode & 7u) << 8 | insn->modrm) << X87_FOP_SHIFT;
}

static void x87_slow(struct lift *l, const struct x86_insn *insn, enum x87_op op)
{
    if (waits(op)) {
        check_pending(l);
    }
    if (is_memory(x87_rows[op].form)) {
        lift_ea(l, insn, IR_T0, &insn->ops[0]);
        lift_callout(l, CALLOUT_x87_memory, IR_NONE, IR_T0, IR_NONE,
                     op | (uint64_t)insn->ops[0].seg << 16 | opcode_bits(insn));
    } else {
        lift_callout(l, CALLOUT_x87, IR_NONE, IR_NONE, IR_NONE,
                     op | (uint64_t)(insn->modrm & 7) << 16 | opcode_bits(insn));
    }
}

void lift_x87(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    if (fpu_absent(l)) {
        lift_esc(l, insn, arg);
        return;
    }
    enum x87_op op = find(insn->opcode, insn->modrm);
    if (op == X87_OPS) {
        lift_raise(l, VECTOR_UD);
    } else if (l->mode & MODE_FPU_SLOW) {
        x87_slow(l, insn, op);
    } else {
        enum x87_form form = x87_rows[op].form;
        struct ir_inst *inst = lift_op(l, IR_x87, 10, IR_NONE, IR_NONE, IR_NONE);
        inst->imm = op | opcode_bits(insn);
        x87_flags(inst, op);
        if (is_memory(form)) {
            inst->width = memory_width[form];
            inst->a = lift_operand(inst, &insn->ops[0], insn->address_size);
        } else if (form == X87_FORM_AX) {
            inst->dst = GUEST_RAX;
        } else if (form == X87_FORM_STI) {
            inst->aux = insn->modrm & 7;
        }
    }
}

/* FENI and FDISI of the 8087, no operations for its successors: arg is what the mask becomes. */
void lift_fpu_interrupts(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)insn;
    if (!lift_has(l, X86_FEATURE_286) && lift_has(l, X86_FEATURE_FPU)) {
        lift_callout(l, CALLOUT_fpu_interrupts, IR_NONE, IR_NONE, IR_NONE, arg);
    }
}

/* FLDENV FNSTENV FRSTOR FNSAVE: arg is the callout. */
void lift_x87_state(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    if (fpu_absent(l)) {
        lift_esc(l, insn, arg);
        return;
    }
    if (arg == CALLOUT_fldenv || arg == CALLOUT_frstor) {
        check_pending(l);
    }
    lift_ea(l, insn, IR_T0, &insn->ops[0]);
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_T0, IR_NONE,
                 insn->ops[0].seg | (uint64_t)insn->operand_size << 8);
}

/* FXSAVE FXRSTOR: not waiting, usable without CR4.OSFXSR. */
void lift_fx_state(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    if (!fpu_absent(l)) {
        lift_ea(l, insn, IR_T0, &insn->ops[0]);
        lift_callout(l, (enum callout_id)arg, IR_NONE, IR_T0, IR_NONE,
                     insn->ops[0].seg | (uint64_t)insn->operand_size << 8);
    }
}

/* XSAVE and its kin: the callouts check whether they may be used. */
void lift_xsave(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    unsigned kind = insn->mnemonic == X86_xsaveopt ? 1 : insn->mnemonic == X86_xsavec ? 2 : 0;
    lift_ea(l, insn, IR_T0, &insn->ops[0]);
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_T0, IR_NONE, insn->ops[0].seg | kind << 8);
}

/* WAIT raises #NM only when both CR0.MP and TS are set: the callout (imm 1) looks. */
void lift_fwait(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)insn;
    (void)arg;
    if (l->mode & (MODE_NO_FPU | MODE_FPU_SLOW)) {
        lift_callout(l, CALLOUT_fpu_check, IR_NONE, IR_NONE, IR_NONE, 1);
    }
}

/* EMMS empties all x87 registers. */
void lift_emms(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)insn;
    (void)arg;
    if (l->mode & MODE_EM) {
        lift_raise(l, VECTOR_UD);
        return;
    }
    if (fpu_absent(l)) {
        return;
    }
    if (l->mode & MODE_FPU_SLOW) {
        check_pending(l);
        lift_callout(l, CALLOUT_x87, IR_NONE, IR_NONE, IR_NONE, X87_emms);
    } else {
        lift_op(l, IR_x87, 10, IR_NONE, IR_NONE, IR_NONE)->imm = X87_emms;
    }
}
