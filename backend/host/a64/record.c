/*
 * C behind translated code: one record of a block, evaluated as the portable engine does it.
 *
 * The stub has completed the record of the guest's state but for the flags, which are still in the
 * host's form in the frame.  When the evaluation asks to leave after the instruction, the rest of
 * the instruction is evaluated here, too.
 */
#include "backend/host/a64/engine.h"
#include "backend/host/interp/eval.h"

void a64_flags_from_host(struct context *ctx, const struct a64_frame *frame, bool direct)
{
    uint64_t host = frame->nzcv;
    bool carry = (host >> NZCV_C & 1) == direct;
    unsigned flags = LAHF_ONE | (host >> NZCV_V & 1 ? LAHF_OF : 0u) | (carry ? LAHF_CF : 0u);
    flags |= (host >> NZCV_N & 1 ? LAHF_SF : 0u) | (host >> NZCV_Z & 1 ? LAHF_ZF : 0u);
    flags |= __builtin_parity((unsigned)frame->pf & 0xff) ? 0u : LAHF_PF;
    flags |= (frame->pf ^ frame->af) >> 4 & 1 ? LAHF_AF : 0u;
    ctx->flags = (uint16_t)flags;
}

void a64_flags_to_host(const struct context *ctx, struct a64_frame *frame, bool direct)
{
    uint64_t flags = ctx->flags;
    bool carry = ((flags & LAHF_CF) != 0) == direct;
    frame->nzcv = (uint64_t)(flags & (LAHF_SF | LAHF_ZF)) << 16 | (uint64_t)carry << NZCV_C |
                  (flags & LAHF_OF ? UINT64_C(1) << NZCV_V : 0);
    frame->pf = flags & LAHF_PF ? 0 : 1;
    frame->af = flags & LAHF_AF ? 16 : 0;
}

static uint64_t call_directly(struct engine *engine, callout_function *function,
                              struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)engine;
    return function(ctx, a, b, imm);
}

static eval_function *const functions[IR_OPS] = {
#define ALU(name, shape, writes, undefined, what) eval_##name,
#define EFF(name, flags, what)                    eval_##name,
#include "translator/ir/ir_ops.def"
#undef ALU
#undef EFF
};

const void *a64_record(struct context *ctx, struct a64_frame *frame, const struct record_data *data)
{
    struct block none;
    struct compiled code = {.block = &none};
    struct eval e = {.ctx = ctx,
                     .call = call_directly,
                     .code = &code,
                     .mode = ctx->mode,
                     .align = ctx->mode & MODE_ALIGN_CHECK ? UINT32_MAX : 0};
    if (data->before != FLAGS_IN_RECORD) {
        a64_flags_from_host(ctx, frame, data->before == FLAGS_DIRECT);
    }
    ctx->rip = data->rip;
    ctx->next_rip = data->next_rip;
    ctx->pending = data->pending;
    bool goes_on = functions[data->insts[0].op](&e, data->insts) != NULL;
    if (!goes_on) {
        const void *next = ctx->next_code != NULL ? ctx->next_code(ctx) : NULL;
        a64_flags_to_host(ctx, frame, false);
        return next;
    }
    if (ctx->leave != LEAVE_NONE) {
        for (unsigned i = 1; i < data->count && goes_on; i++) {
            goes_on = functions[data->insts[i].op](&e, data->insts + i) != NULL;
        }
        return NULL;
    }
    if (data->after != FLAGS_IN_RECORD) {
        a64_flags_to_host(ctx, frame, data->after == FLAGS_DIRECT);
    }
    return frame->resume;
}
