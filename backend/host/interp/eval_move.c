/*
 * Movement without arithmetic: moves, the stack, addresses, exchanges, record members.
 */
#include "backend/host/interp/eval.h"

#include <string.h>

bool eval_load_slow(struct eval *e, unsigned seg, uint64_t offset, unsigned size, bool for_write,
                    uint64_t *value)
{
    enum seg_index index = (enum seg_index)seg;
    bool done = for_write ? guest_load_for_write(e->ctx, index, offset, size)
                          : guest_load(e->ctx, index, offset, size);
    *value = cut(context_slow(e->ctx, 0), size);
    return done;
}

bool eval_store_slow(struct eval *e, unsigned seg, uint64_t offset, unsigned size, uint64_t value)
{
    context_set_slow(e->ctx, value, 0);
    return guest_store(e->ctx, (enum seg_index)seg, offset, size);
}

const struct ir_inst *eval_mov(struct eval *e, const struct ir_inst *i)
{
    uint64_t value;
    if (!read_operand(e, i, i->a, i->width, &value) ||
        !write_operand(e, i, i->dst, i->width, value)) {
        return NULL;
    }
    return i + 1;
}

const struct ir_inst *eval_movzx(struct eval *e, const struct ir_inst *i)
{
    uint64_t value;
    if (!read_operand(e, i, i->a, i->aux, &value)) {
        return NULL;
    }
    write_register(e, i->dst, i->width, value);
    return i + 1;
}

const struct ir_inst *eval_movsx(struct eval *e, const struct ir_inst *i)
{
    uint64_t value;
    if (!read_operand(e, i, i->a, i->aux, &value)) {
        return NULL;
    }
    write_register(e, i->dst, i->width, (uint64_t)sign_extended(value, i->aux));
    return i + 1;
}

const struct ir_inst *eval_lea(struct eval *e, const struct ir_inst *i)
{
    write_register(e, i->dst, i->width, effective_address(e, i));
    return i + 1;
}

const struct ir_inst *eval_bit_ea(struct eval *e, const struct ir_inst *i)
{
    int64_t bit = sign_extended(read_register(e, i->b, i->width), i->width);
    uint64_t unit = (uint64_t)(bit >> 3) & ~(uint64_t)(i->width - 1u);
    write_register(e, i->dst, 8, cut(effective_address(e, i) + unit, i->asize));
    return i + 1;
}

const struct ir_inst *eval_cdq(struct eval *e, const struct ir_inst *i)
{
    int64_t sign = sign_extended(e->ctx->gpr[GUEST_RAX], i->width) >> 63;
    write_register(e, GUEST_RDX, i->width, (uint64_t)sign);
    return i + 1;
}

const struct ir_inst *eval_setcc(struct eval *e, const struct ir_inst *i)
{
    bool holds = condition_holds(e->ctx->flags, i->cc);
    return write_operand(e, i, i->dst, 1, holds) ? i + 1 : NULL;
}

const struct ir_inst *eval_cmov(struct eval *e, const struct ir_inst *i)
{
    uint64_t value;
    if (!read_operand(e, i, i->a, i->width, &value)) {
        return NULL;
    }
    if (!condition_holds(e->ctx->flags, i->cc)) {
        value = read_register(e, i->dst, i->width);
    }
    write_register(e, i->dst, i->width, value);
    return i + 1;
}

const struct ir_inst *eval_xchg(struct eval *e, const struct ir_inst *i)
{
    struct place place;
    uint64_t old;
    uint64_t value = read_register(e, i->a, i->width);
    if (!read_place(e, i, &place, &old) || !write_place(e, i, &place, value)) {
        return NULL;
    }
    write_register(e, i->a, i->width, old);
    return i + 1;
}

/* Stack-pointer bytes. */
static unsigned stack_size(const struct eval *e)
{
    return e->mode & MODE_STACK32 ? 4 : 2;
}

const struct ir_inst *eval_push(struct eval *e, const struct ir_inst *i)
{
    unsigned size = stack_size(e);
    uint64_t value = i->a == IR_IMM ? i->imm : read_register(e, i->a, i->width);
    uint64_t top = cut(e->ctx->gpr[GUEST_RSP] - i->width, size);
    if (!store_at(e, SEG_SS, top, i->width, value)) {
        return NULL;
    }
    write_register(e, GUEST_RSP, size, top);
    return i + 1;
}

const struct ir_inst *eval_pop(struct eval *e, const struct ir_inst *i)
{
    unsigned size = stack_size(e);
    uint64_t top = cut(e->ctx->gpr[GUEST_RSP], size);
    uint64_t value;
    if (!load_at(e, SEG_SS, top, i->width, &value)) {
        return NULL;
    }
    write_register(e, GUEST_RSP, size, top + i->width);
    write_register(e, i->dst, i->width, value);
    return i + 1;
}

const struct ir_inst *eval_advance(struct eval *e, const struct ir_inst *i)
{
    uint64_t step = i->imm * (uint64_t)(int64_t)(int32_t)e->ctx->df;
    write_register(e, i->dst, i->width, e->ctx->gpr[i->dst] + step);
    return i + 1;
}

const struct ir_inst *eval_get(struct eval *e, const struct ir_inst *i)
{
    uint64_t value = 0;
    const uint8_t *member = (const uint8_t *)e->ctx + i->imm;
    switch (i->aux) {
    case 1:
        value = *member;
        break;
    case 2: {
        uint16_t narrow;
        memcpy(&narrow, member, sizeof narrow);
        value = narrow;
        break;
    }
    case 4: {
        uint32_t narrow;
        memcpy(&narrow, member, sizeof narrow);
        value = narrow;
        break;
    }
    default:
        memcpy(&value, member, sizeof value);
        break;
    }
    write_register(e, i->dst, i->width, value);
    return i + 1;
}

const struct ir_inst *eval_put(struct eval *e, const struct ir_inst *i)
{
    uint64_t value = read_register(e, i->a, i->width);
    uint8_t *member = (uint8_t *)e->ctx + i->imm;
    uint8_t byte = (uint8_t)value;
    uint16_t word = (uint16_t)value;
    uint32_t dword = (uint32_t)value;
    switch (i->width) {
    case 1:
        memcpy(member, &byte, sizeof byte);
        break;
    case 2:
        memcpy(member, &word, sizeof word);
        break;
    case 4:
        memcpy(member, &dword, sizeof dword);
        break;
    default:
        memcpy(member, &value, sizeof value);
        break;
    }
    return i + 1;
}
