/*
 * Where blocks start and end, and the dispatch from mnemonic to lift function.
 *
 * A block ends at a branch, at a callout that always leaves, at the page end and at max_insns.  An
 * instruction that runs past the page end is only ever the first of its block.
 */
#include "frontend/x86/lift/build.h"
#include "frontend/x86/lift/lift.h"

struct lift_row {
    lift_function *function;
    uint16_t arg;
};

/* A mnemonic without a row does not compile. */
enum {
#define LIFT(name, function, arg) HAS_##name,
#include "frontend/x86/lift/rows.def"
#undef LIFT
};
#define MNEMONIC(name, reads, sets) _Static_assert((int)HAS_##name >= 0, #name);
#include "frontend/x86/decode/mnemonics.def"

static const struct lift_row rows[X86_MNEMONICS] = {
    [X86_invalid] = {lift_undefined, 0},
#define LIFT(name, function, arg) [X86_##name] = {function, arg},
#include "frontend/x86/lift/rows.def"
#undef LIFT
};

#define FEATURE_BIT(name) (1ULL << X86_FEATURE_##name)

/* Encodings of processors that no model is: they change or replace older ones. */
static const uint64_t unknown_features = FEATURE_BIT(WBNOINVD) | FEATURE_BIT(LM);

enum { NEXT_LINE = 64 }; /* guest code is often met for the first time here */

static struct x86_decode_mode decode_mode(uint32_t mode, uint64_t absent)
{
    return (struct x86_decode_mode){
        .features = ~(unknown_features | absent),
        .code_size = mode & MODE_CODE32 ? 32 : 16,
        .protected_mode = (mode & (MODE_PROTECTED | MODE_V86)) == MODE_PROTECTED,
    };
}

static void begin(struct lift *l, unsigned length)
{
    l->next = l->rip + length;
    struct ir_inst *inst = &l->block->insts[l->block->count++];
    *inst = (struct ir_inst){.op = IR_insn,
                             .width = 4,
                             .aux = (uint8_t)length,
                             .dst = IR_NONE,
                             .a = IR_NONE,
                             .b = (uint8_t)l->block->insn_count++,
                             .base = IR_NONE,
                             .index = IR_NONE,
                             .imm = l->rip};
    l->block->bytes += length;
}

/* LOCK depends on IOPL on the 80286, and only there. */
static bool lock_faults(const struct lift *l)
{
    return l->mode & MODE_IOPL_CHECK && !lift_has(l, X86_FEATURE_386);
}

static void lift_one(struct lift *l, enum x86_decode_result result, const struct x86_insn *insn)
{
    begin(l, result == X86_TOO_LONG ? X86_MAX_LENGTH : insn->length);
    if (result == X86_DECODED) {
        const struct lift_row *row = &rows[insn->mnemonic];
        if (insn->prefixes & X86_PREFIX_LOCK && lock_faults(l)) {
            lift_raise(l, VECTOR_GP);
            return;
        }
        row->function(l, insn, row->arg);
    } else if (lift_has(l, X86_FEATURE_186)) { /* the 8086 has no faults: what it does is open */
        lift_raise(l, result == X86_UNDEFINED ? VECTOR_UD : VECTOR_GP);
    }
}

/* Bytes the decoder looked at. */
static uint32_t taken(enum x86_decode_result result, const struct x86_insn *insn)
{
    return result == X86_TOO_LONG ? X86_MAX_LENGTH : insn->length;
}

enum lift_result x86_lift(const struct lift_request *request, struct ir_block *block)
{
    struct x86_decode_mode mode = decode_mode(request->mode, request->absent);
    struct lift l = {.block = block, .mode = request->mode, .absent = request->absent};
    uint32_t limit = request->mode & MODE_STEP ? 1 : request->max_insns;
    block->count = block->insn_count = block->bytes = 0;
    block->mode = request->mode;
    block->rip = request->rip;
    while (!l.ended && block->insn_count < limit) {
        struct x86_insn insn;
        uint32_t at = block->bytes;
        if (at >= request->in_page) {
            break;
        }
        __builtin_prefetch(request->bytes + at + NEXT_LINE);
        enum x86_decode_result result =
            x86_decode(request->bytes + at, request->available - at, &mode, &insn);
        bool first = at == 0;
        if (result == X86_NEED_MORE) {
            if (first) {
                return LIFT_NEED_MORE;
            }
            break;
        }
        if (!first && at + taken(result, &insn) > request->in_page) {
            break;
        }
        l.bytes = request->bytes + at;
        l.rip = (request->rip + at) & 0xffffffff;
        lift_one(&l, result, &insn);
    }
    if (!l.ended) {
        lift_end(&l);
    }
    return LIFT_OK;
}
