/*
 * Control: instruction marks, exits, callouts, x87 and vector operations.
 */
#include "backend/host/interp/eval.h"

#include <assert.h>

/* True when the next page is another one than a straddling block was made from. */
static bool tail_differs(const struct context *ctx, const struct block *block)
{
    if (block->gpa2 == UINT64_MAX) {
        return false;
    }
    uint32_t page = (uint32_t)(ctx->seg[SEG_CS].base + block_tail_rip(block)) >> 12;
    return ctx->tables->code[page] != block->tail_delta;
}

const struct ir_inst *eval_enter_block(struct eval *e, const struct compiled *code)
{
    struct context *ctx = e->ctx;
    bool differs = tail_differs(ctx, code->block);
    ctx->budget -= code->insns;
    if (ctx->budget < 0 || differs) {
        ctx->budget += code->insns;
        ctx->rip = code->block->rip;
        ctx->pending = 0;
        ctx->leave = LEAVE_LOOKUP;
        return NULL;
    }
    e->code = code;
    e->mode = code->mode;
    e->align = code->mode & MODE_ALIGN_CHECK ? UINT32_MAX : 0;
    return code->insts;
}

/* Something asked to leave after the instruction that has just been completed: the dispatcher
 * moves on from its rip. */
const struct ir_inst *eval_insn(struct eval *e, const struct ir_inst *i)
{
    struct context *ctx = e->ctx;
    if (ctx->leave != LEAVE_NONE) {
        return NULL;
    }
    ctx->rip = i->imm;
    ctx->next_rip = i->imm + i->aux;
    ctx->pending = (int64_t)e->code->insns - i->b;
    return i + 1;
}

/* Completes the instruction and the block; true: nothing asks to leave. */
static bool finish_block(struct context *ctx, uint64_t target)
{
    ctx->budget += ctx->pending - 1;
    ctx->pending = 0;
    if (ctx->leave == LEAVE_NONE) {
        return true;
    }
    ctx->rip = target;
    ctx->leave = LEAVE_LOOKUP;
    return false;
}

static const struct ir_inst *leave_to(struct eval *e, uint64_t target, struct block_exit *exit)
{
    e->ctx->rip = target;
    e->ctx->leave = LEAVE_LOOKUP;
    e->ctx->exit_link = exit;
    return NULL;
}

static const struct ir_inst *take_exit(struct eval *e, const struct ir_inst *i)
{
    struct context *ctx = e->ctx;
    struct block_exit *exit = &e->code->block->exits[i->pad];
    if (!finish_block(ctx, i->imm)) {
        return NULL;
    }
    if (!exit->linked) {
        return leave_to(e, i->imm, e->mode & MODE_CS_CHECKED ? NULL : exit);
    }
    if (exit->cross_page) {
        uint32_t page = (uint32_t)(ctx->seg[SEG_CS].base + i->imm) >> 12;
        if (ctx->tables->code[page] != e->code->guard[i->pad]) {
            return leave_to(e, i->imm, NULL);
        }
    }
    return eval_enter_block(e, exit->target->code);
}

const struct ir_inst *eval_jmp(struct eval *e, const struct ir_inst *i)
{
    return take_exit(e, i);
}

const struct ir_inst *eval_brcc(struct eval *e, const struct ir_inst *i)
{
    return condition_holds(e->ctx->flags, i->cc) ? take_exit(e, i) : i + 1;
}

const struct ir_inst *eval_brz(struct eval *e, const struct ir_inst *i)
{
    return read_register(e, i->a, i->width) == 0 ? take_exit(e, i) : i + 1;
}

const struct ir_inst *eval_brnz(struct eval *e, const struct ir_inst *i)
{
    return read_register(e, i->a, i->width) != 0 ? take_exit(e, i) : i + 1;
}

const struct ir_inst *eval_jmp_ind(struct eval *e, const struct ir_inst *i)
{
    struct context *ctx = e->ctx;
    uint64_t target = read_register(e, i->a, 4);
    if (!finish_block(ctx, target)) {
        return NULL;
    }
    const struct hash_slot *slot = &ctx->hash[(target ^ target >> 12) & (HASH_ENTRIES - 1)];
    uint32_t page = (uint32_t)(ctx->seg[SEG_CS].base + target) >> 12;
    if (slot->tag == (ctx->tag | target) && slot->guard == ctx->tables->code[page]) {
        return eval_enter_block(e, slot->code);
    }
    return leave_to(e, target, NULL);
}

bool eval_call(struct eval *e, enum callout_id id, uint64_t a, uint64_t b, uint64_t imm,
               uint64_t *result)
{
    struct context *ctx = e->ctx;
    uint32_t before = ctx->leave;
    ctx->leave = LEAVE_NONE;
    *result = e->call(e->engine, ctx->callouts[id], ctx, a, b, imm);
    if (ctx->leave == LEAVE_NONE) {
        ctx->leave = before;
    }
    return ctx->leave == LEAVE_NONE || ctx->leave == LEAVE_AFTER;
}

static uint64_t argument(const struct eval *e, const struct ir_inst *i, unsigned code)
{
    if (code == IR_NONE) {
        return 0;
    }
    return code == IR_IMM32 ? (uint64_t)(int64_t)i->disp : read_register(e, code, 8);
}

const struct ir_inst *eval_callout(struct eval *e, const struct ir_inst *i)
{
    enum callout_id id = ir_callout_id(i);
    uint64_t result;
    if (!eval_call(e, id, argument(e, i, i->a), argument(e, i, i->b), i->imm, &result)) {
        return NULL;
    }
    if (callout_rows[id].effects & CALLOUT_ENDS) {
        assert(e->ctx->leave != LEAVE_NONE);
        return NULL;
    }
    if (i->dst != IR_NONE) {
        write_register(e, i->dst, i->width, result);
    }
    return i + 1;
}

const struct ir_inst *eval_x87(struct eval *e, const struct ir_inst *i)
{
    uint64_t result;
    bool go_on = i->a == IR_MEM
                     ? eval_call(e, CALLOUT_x87_memory, effective_address(e, i), 0,
                                 i->imm | (uint64_t)i->seg << 16, &result)
                     : eval_call(e, CALLOUT_x87, 0, 0, i->imm | (uint64_t)i->aux << 16, &result);
    return go_on ? i + 1 : NULL;
}

/* 16-byte operands of all but the unaligned moves lie on 16-byte boundaries. */
static bool alignment_fault(struct eval *e, const struct ir_inst *i, uint64_t offset)
{
    enum { VECTOR_GP = 13 };
    bool aligned = vec_rows[i->imm & 0xffff].flags & VEC_ALIGNED;
    if (!aligned || i->width != 16 || ((e->ctx->seg[i->seg].base + offset) & 15) == 0) {
        return false;
    }
    context_fault(e->ctx, VECTOR_GP, true, 0);
    return true;
}

const struct ir_inst *eval_vec(struct eval *e, const struct ir_inst *i)
{
    struct context *ctx = e->ctx;
    uint64_t imm = (i->imm & 0xffff) | (uint64_t)i->dst << 16 | (uint64_t)i->a << 24 |
                   (i->imm >> 16 & 255) << 32;
    uint64_t offset = 0;
    uint64_t result;
    if (ir_has_memory(i)) {
        offset = effective_address(e, i);
        if (alignment_fault(e, i, offset)) {
            return NULL;
        }
    }
    if (i->a == IR_MEM && !guest_load(ctx, (enum seg_index)i->seg, offset, i->width)) {
        return NULL;
    }
    bool mmx_store = i->dst == IR_MEM && i->a >= IR_MM0 && i->a < IR_MM0 + 8;
    if (mmx_store && !guest_probe_write(ctx, (enum seg_index)i->seg, offset, i->width)) {
        return NULL; /* before the x87 state changes */
    }
    if (!eval_call(e, CALLOUT_vec, 0, 0, imm, &result)) {
        return NULL;
    }
    if (i->dst == IR_MEM && !guest_store(ctx, (enum seg_index)i->seg, offset, i->width)) {
        return NULL;
    }
    return i + 1;
}

const struct ir_inst *eval_guard(struct eval *e, const struct ir_inst *i)
{
    (void)e;
    return i + 1;
}
