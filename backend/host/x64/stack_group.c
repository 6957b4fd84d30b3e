/*
 * Stack groups: one check at the head of a chain for its accesses near ESP and EBP.
 *
 * While ESP and EBP only move by constants, the chain's stack accesses lie at known distances from
 * what the two held at its head.  When those pieces of memory lie in the page of the stack's slot
 * (page_slot.c) as a whole, nothing can happen to the accesses: they become single operations on
 * [reg + r11 + disp], with r11 the slot's delta, and save no flags.  Otherwise the chain is run in
 * another version, without the group.  The pieces include the registers themselves, so that no sum
 * wraps at 4 GiB where the address does not.
 *
 * r11 holds t1 elsewhere: a group ends before the first record that could want it, and before
 * callouts, which may change tables.
 */
#include "backend/host/x64/select.h"

enum { LARGEST = 1024, SLOT = PAGE_SLOTS - 1 };

/* What a register is known to hold: what one held at the head, and a distance. */
enum { NOTHING, HEAD_ESP, HEAD_EBP };

static struct group_value *value_of(struct stack_group *group, unsigned reg)
{
    return reg == GUEST_RSP ? &group->esp : reg == GUEST_RBP ? &group->ebp : NULL;
}

static const struct group_value unknown;

static void set_value(struct stack_group *group, unsigned reg, struct group_value value)
{
    struct group_value *at = value_of(group, reg);
    if (at != NULL) {
        *at = value.offset > LARGEST || value.offset < -LARGEST ? unknown : value;
    }
}

/* reg = from + distance. */
static void move_value(struct stack_group *group, unsigned reg, unsigned from, int64_t distance)
{
    const struct group_value *source = value_of(group, from);
    struct group_value value = unknown;
    if (source != NULL && source->head != NOTHING && distance >= -LARGEST && distance <= LARGEST) {
        value = *source;
        value.offset += (int32_t)distance;
    }
    set_value(group, reg, value);
}

/* What a record does to the two registers. */
static void follow(struct stack_group *group, const struct ir_inst *inst)
{
    int64_t imm = (int32_t)inst->imm;
    bool whole = inst->width == 4;
    if (inst->op == IR_push || inst->op == IR_pop) {
        int64_t distance = inst->op == IR_push ? -(int64_t)inst->width : inst->width;
        move_value(group, GUEST_RSP, GUEST_RSP, distance);
        if (inst->op == IR_pop) {
            set_value(group, inst->dst, unknown);
        }
        return;
    }
    if (whole && (inst->op == IR_add || inst->op == IR_sub) && inst->b == IR_IMM &&
        inst->dst == inst->a) {
        move_value(group, inst->dst, inst->dst, inst->op == IR_add ? imm : -imm);
        return;
    }
    if (whole && inst->op == IR_mov && inst->dst < 8 && inst->a < 8) {
        move_value(group, inst->dst, inst->a, 0);
        return;
    }
    if (whole && inst->op == IR_lea && inst->index == IR_NONE && inst->asize == 4) {
        move_value(group, inst->dst, inst->base, inst->disp);
        return;
    }
    uint32_t changed = x64_changed_registers(inst);
    if (changed >> GUEST_RSP & 1) {
        group->esp = unknown;
    }
    if (changed >> GUEST_RBP & 1) {
        group->ebp = unknown;
    }
}

/* Where an access lies from what its head register held, the register included; false: not known.
 */
static bool place_of(struct stack_group *group, const struct memory_access *access, unsigned *head,
                     int32_t *low, int32_t *high)
{
    const struct group_value *value = value_of(group, access->base);
    bool plain = value != NULL && access->index == IR_NONE && access->asize == 4;
    if (!plain || value->head == NOTHING || access->aligned || access->disp > LARGEST ||
        access->disp < -LARGEST) {
        return false;
    }
    int32_t from = value->offset + access->disp;
    int32_t to = from + access->size;
    *head = value->head;
    *low = from < value->offset ? from : value->offset;
    *high = to > value->offset + 1 ? to : value->offset + 1;
    return true;
}

static void take(struct stack_group *group, const struct memory_access *access)
{
    unsigned head;
    int32_t low;
    int32_t high;
    if (!place_of(group, access, &head, &low, &high)) {
        return;
    }
    struct group_range *range = &group->ranges[head];
    low = range->count != 0 && range->low < low ? range->low : low;
    high = range->count != 0 && range->high > high ? range->high : high;
    if (high - low <= LARGEST) {
        *range = (struct group_range){.low = low, .high = high, .count = range->count + 1};
    }
}

static bool wants_r11(const struct ir_inst *inst)
{
    uint8_t operands[] = {inst->dst, inst->a, inst->b, inst->base, inst->index};
    for (unsigned i = 0; i < sizeof operands; i++) {
        if (operand_is_temp(operands[i]) && operands[i] != IR_T0) {
            return true;
        }
    }
    return false;
}

static bool ends_group(const struct ir_inst *inst)
{
    return inst->op == IR_callout || (inst->op != IR_insn && wants_r11(inst));
}

static bool is_grouped_kind(const struct ir_inst *inst)
{
    return inst->op != IR_x87 && inst->op != IR_vec && inst->op != IR_jmp_ind;
}

static void start(struct stack_group *group)
{
    group->esp = (struct group_value){.head = HEAD_ESP};
    group->ebp = (struct group_value){.head = HEAD_EBP};
}

static bool mode_allows(uint32_t mode)
{
    return (mode & MODE_STACK32) != 0 && (mode & MODE_ALIGN_CHECK) == 0;
}

static bool is_flat(uint32_t mode, unsigned seg)
{
    return mode_seg_class(mode, (enum seg_index)seg) == SEG_FLAT;
}

bool x64_group_find(struct emit *e)
{
    struct stack_group *group = &e->group;
    const struct ir_block *ir = e->ir;
    *group = (struct stack_group){.on = false};
    start(group);
    uint32_t at = 0;
    if (!mode_allows(ir->mode) || !pass_on(e->engine->passes, PASS_stack_groups)) {
        return false;
    }
    for (; at < ir->count && !ends_group(&ir->insts[at]); at++) {
        const struct ir_inst *inst = &ir->insts[at];
        struct memory_access access;
        if (inst->op != IR_insn && is_grouped_kind(inst) && x64_integer_access(e, inst, &access) &&
            is_flat(ir->mode, access.seg)) {
            take(group, &access);
        }
        follow(group, inst);
    }
    start(group);
    group->end = at;
    for (unsigned head = HEAD_ESP; head <= HEAD_EBP; head++) {
        if (group->ranges[head].count == 1) {
            group->ranges[head].count = 0;
        }
        group->on |= group->ranges[head].count != 0;
    }
    return group->on;
}

void x64_group_after(struct emit *e, const struct ir_inst *inst)
{
    if (e->group.on) {
        follow(&e->group, inst);
    }
}

bool x64_group_covers(struct emit *e, const struct ir_inst *inst,
                      const struct memory_access *access, struct x64_rm *mem)
{
    struct stack_group *group = &e->group;
    unsigned head;
    int32_t low;
    int32_t high;
    if (!group->on || e->at >= group->end || !is_grouped_kind(inst) ||
        !is_flat(e->ir->mode, access->seg) || !place_of(group, access, &head, &low, &high)) {
        return false;
    }
    const struct group_range *range = &group->ranges[head];
    if (range->count == 0 || low < range->low || high > range->high) {
        return false;
    }
    *mem = x64_index(abi_gpr(access->base), REG_T1, 0, access->disp);
    return true;
}

static uint32_t slot_of(const struct emit *e)
{
    return mode_view(e->ir->mode) * PAGE_SLOTS + SLOT;
}

/* r8 = the low end of a piece; above: it is not in the slot's page. */
static void emit_check(struct emit *e, unsigned head)
{
    struct code_buffer *out = e->out;
    const struct group_range *range = &e->group.ranges[head];
    unsigned reg = head == HEAD_ESP ? (unsigned)REG_ESP : (unsigned)X64_RBP;
    x64_lea(out, 8, REG_EA, x64_mem(reg, range->low));
    x64_op(out, 8, 0x8b, REG_DELTA, x64_reg(REG_EA));
    x64_slot_compare(out, slot_of(e), 0x1000 - (uint32_t)(range->high - range->low));
}

void x64_group_head(struct emit *e)
{
    struct stack_group *group = &e->group;
    group->begin = e->out->at;
    for (unsigned head = HEAD_ESP; head <= HEAD_EBP; head++) {
        if (group->ranges[head].count != 0) {
            emit_check(e, head);
            group->misses[head] = x64_jcc(e->out, X64_A);
        }
    }
    x64_load(e->out, 8, REG_T1, x64_slot_delta(slot_of(e)));
    group->body = e->out->at;
}

uint32_t x64_group_misses(struct emit *e)
{
    struct code_buffer *out = e->out;
    struct stack_group *group = &e->group;
    uint32_t plain = out->at; /* where a group that misses often jumps at once */
    uint32_t ungrouped = x64_jmp(out);
    for (unsigned head = HEAD_ESP; head <= HEAD_EBP; head++) {
        if (group->ranges[head].count != 0) {
            x64_here(out, group->misses[head]);
        }
    }
    uint32_t filled = x64_slot_fill(e, slot_of(e), group->begin, plain);
    x64_jmp_to(out, plain);
    x64_here(out, filled);
    for (unsigned head = HEAD_ESP; head <= HEAD_EBP; head++) {
        if (group->ranges[head].count != 0) {
            emit_check(e, head);
            x64_jcc_to(out, X64_A, plain);
        }
    }
    x64_load(out, 8, REG_T1, x64_slot_delta(slot_of(e)));
    x64_jmp_to(out, group->body);
    return ungrouped;
}
