/*
 * The instructions that are sensitive but do not trap (Robin and Irvine, USENIX Security 2000):
 * segment registers, far transfers, flags, interrupts, descriptor checks.  Each becomes a callout.
 */
#include "frontend/x86/lift/build.h"

#include <stddef.h>

static uint64_t selector_offset(unsigned seg)
{
    return offsetof(struct context, seg) + seg * sizeof(struct segment) +
           offsetof(struct segment, selector);
}

static void get_selector(struct lift *l, unsigned dst, unsigned width, unsigned seg)
{
    struct ir_inst *inst = lift_op(l, IR_get, width, dst, IR_NONE, IR_NONE);
    inst->aux = 2;
    inst->imm = selector_offset(seg);
}

void lift_mov_from_segment(struct lift *l, const struct x86_insn *insn)
{
    const struct x86_operand *op = &insn->ops[0];
    if (op->kind == X86_OPERAND_REG) {
        get_selector(l, op->reg, op->width, insn->ops[1].reg);
    } else {
        get_selector(l, IR_T0, 4, insn->ops[1].reg);
        lift_store(l, insn, op, IR_T0, 2);
    }
}

/* True where a load of the segment register is nothing but a new selector and base: real and
 * virtual-8086 mode with an ordinary 64 KiB segment, which stays one. */
static bool load_is_plain(const struct lift *l, unsigned seg)
{
    return (l->mode & (MODE_PROTECTED | MODE_V86)) != MODE_PROTECTED && seg != SEG_SS &&
           mode_seg_class(l->mode, (enum seg_index)seg) == SEG_BASED64K;
}

/* temp = temp << shift, no flags. */
static void scale(struct lift *l, unsigned temp, unsigned shift)
{
    struct ir_inst *inst = lift_op(l, IR_lea, 4, temp, IR_NONE, IR_NONE);
    inst->seg = SEG_DS;
    inst->index = (uint8_t)temp;
    inst->scale = (uint8_t)shift;
    inst->asize = 4;
}

/* Such a load of the selector in temp, which is lost. */
static void load_plain(struct lift *l, unsigned seg, unsigned temp)
{
    uint64_t at = offsetof(struct context, seg) + seg * sizeof(struct segment);
    lift_op(l, IR_put, 2, IR_NONE, temp, IR_NONE)->imm = selector_offset(seg);
    scale(l, temp, 3);
    scale(l, temp, 1);
    lift_op(l, IR_put, 8, IR_NONE, temp, IR_NONE)->imm = at + offsetof(struct segment, base);
}

/* MOV CS and POP CS of the 8086, selector in temp 1: code goes on in the new segment. */
static void load_cs(struct lift *l)
{
    lift_constant(l, IR_T0, lift_next(l));
    lift_callout(l, CALLOUT_far_jump, IR_NONE, IR_T0, IR_T1, 2);
}

/* After a load of SS the next instruction is not interrupted: it begins a block. */
void lift_mov_to_segment(struct lift *l, const struct x86_insn *insn)
{
    unsigned seg = insn->ops[0].reg;
    if (seg == SEG_CS) {
        lift_value(l, insn, IR_T1, &insn->ops[1], 2);
        load_cs(l);
        return;
    }
    lift_value(l, insn, IR_T0, &insn->ops[1], 2);
    if (load_is_plain(l, seg)) {
        load_plain(l, seg, IR_T0);
        return;
    }
    lift_callout(l, CALLOUT_seg_load, IR_NONE, IR_T0, IR_NONE, seg);
    if (seg == SEG_SS) {
        lift_end(l);
    }
}

/* A doubleword, but 386 and 486 write the selector alone and leave the upper half as it was. */
void lift_push_segment(struct lift *l, const struct x86_insn *insn)
{
    get_selector(l, IR_T0, 4, insn->ops[0].reg);
    bool old = lift_has(l, X86_FEATURE_TR) && !lift_has(l, X86_FEATURE_CX8);
    if (insn->operand_size == 4 && old) {
        lift_push_word_as_dword(l, IR_T0);
        return;
    }
    lift_op(l, IR_push, insn->operand_size, IR_NONE, IR_T0, IR_NONE);
}

void lift_pop_segment(struct lift *l, const struct x86_insn *insn)
{
    unsigned seg = insn->ops[0].reg;
    if (seg == SEG_CS) {
        lift_op(l, IR_pop, 2, IR_T1, IR_NONE, IR_NONE);
        load_cs(l);
        return;
    }
    if (load_is_plain(l, seg) && insn->operand_size == 2) {
        lift_op(l, IR_pop, 2, IR_T0, IR_NONE, IR_NONE);
        load_plain(l, seg, IR_T0);
        return;
    }
    lift_callout(l, CALLOUT_seg_pop, IR_NONE, IR_NONE, IR_NONE,
                 seg | (uint64_t)insn->operand_size << 8);
    if (seg == SEG_SS) {
        lift_end(l);
    }
}

/* t0 = offset, t1 = selector of a far pointer operand. */
static void far_pointer(struct lift *l, const struct x86_insn *insn, const struct x86_operand *op)
{
    if (op->kind == X86_OPERAND_FARPTR) {
        lift_constant(l, IR_T0, x86_farptr_offset(op));
        lift_constant(l, IR_T1, x86_farptr_selector(op));
        return;
    }
    struct x86_operand selector = *op;
    selector.value += insn->operand_size;
    lift_value(l, insn, IR_T0, op, insn->operand_size);
    lift_value(l, insn, IR_T1, &selector, 2);
}

/* JMP far, CALL far: arg is the callout. */
void lift_far_jump(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    far_pointer(l, insn, &insn->ops[0]);
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_T0, IR_T1, insn->operand_size);
}

/* LDS LES LSS LFS LGS: arg is the segment. */
void lift_far_load(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    far_pointer(l, insn, &insn->ops[1]);
    if (load_is_plain(l, arg)) {
        load_plain(l, arg, IR_T1);
        lift_op(l, IR_mov, insn->operand_size, insn->ops[0].reg, IR_T0, IR_NONE);
        return;
    }
    lift_callout(l, CALLOUT_load_far, IR_NONE, IR_T0, IR_T1,
                 arg | (uint64_t)insn->ops[0].reg << 8 | (uint64_t)insn->operand_size << 16);
}

/* RETF IRET: arg is the callout. */
void lift_far_ret(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    uint64_t extra = insn->nops ? (uint64_t)insn->ops[0].value & 0xffff : 0;
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_NONE, IR_NONE,
                 insn->operand_size | extra << 8);
}

/* INT n, INT3, INTO, ICEBP: arg is the callout. */
void lift_int(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    uint64_t vector = insn->nops ? (uint64_t)insn->ops[0].value & 255 : 0;
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_NONE, IR_NONE, vector);
}

/* PUSHF POPF: arg is the callout for what is not only an image on the stack. */
void lift_pushf(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    if (insn->operand_size == 4 && !(l->mode & MODE_V86)) {
        bool push = arg == CALLOUT_pushf;
        if (push) {
            lift_callout(l, CALLOUT_flags_image, IR_T0, IR_NONE, IR_NONE, 0);
            lift_op(l, IR_push, 4, IR_NONE, IR_T0, IR_NONE);
        } else {
            lift_op(l, IR_pop, 4, IR_T0, IR_NONE, IR_NONE);
            lift_callout(l, CALLOUT_flags_set, IR_NONE, IR_T0, IR_NONE, 0);
        }
        return;
    }
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_NONE, IR_NONE, insn->operand_size);
}

/* SLDT STR SMSW: arg is the callout; a register gets the operand size, memory 16 bits. */
void lift_store_selector(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    lift_callout(l, (enum callout_id)arg, IR_T0, IR_NONE, IR_NONE, 0);
    lift_store(l, insn, &insn->ops[0], IR_T0, insn->ops[0].width);
}

/* LAR LSL: arg is the callout. */
void lift_access(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    unsigned size = insn->operand_size;
    lift_value(l, insn, IR_T0, &insn->ops[1], 2);
    lift_value(l, insn, IR_T1, &insn->ops[0], size);
    lift_callout(l, (enum callout_id)arg, insn->ops[0].reg, IR_T0, IR_T1, size)->width =
        (uint8_t)size;
}

/* VERR VERW: arg is the callout. */
void lift_verify(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    lift_value(l, insn, IR_T0, &insn->ops[0], 2);
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_T0, IR_NONE, 0);
}

/* In memory the callout does it all: it writes only what changes. */
void lift_arpl(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    const struct x86_operand *op = &insn->ops[0];
    lift_value(l, insn, IR_T1, &insn->ops[1], 2);
    if (op->kind == X86_OPERAND_MEM) {
        lift_ea(l, insn, IR_T0, op);
        lift_callout(l, CALLOUT_arpl_memory, IR_NONE, IR_T0, IR_T1, op->seg);
        return;
    }
    lift_value(l, insn, IR_T0, op, 2);
    lift_callout(l, CALLOUT_arpl, IR_T0, IR_T0, IR_T1, 0);
    lift_store(l, insn, op, IR_T0, 2);
}

/* The upper bound has an address of its own, which wraps as the first does. */
void lift_bound(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    enum { ADDRESS_16 = 0x1000 };
    (void)arg;
    lift_value(l, insn, IR_T0, &insn->ops[0], insn->operand_size);
    lift_ea(l, insn, IR_T1, &insn->ops[1]);
    lift_callout(l, CALLOUT_bound, IR_NONE, IR_T0, IR_T1,
                 insn->operand_size | (uint64_t)insn->ops[1].seg << 8 |
                     (insn->address_size == 2 ? ADDRESS_16 : 0u));
}
