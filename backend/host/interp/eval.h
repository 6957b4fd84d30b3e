/*
 * Inside the portable engine: a compiled block, the running state, operands.
 *
 * Each IR operation has one function, eval_<name>, which returns the record to go on with, or NULL
 * when it has left (ctx->leave and ctx->rip are set then, or the dispatcher derives them).
 */
#ifndef BACKEND_HOST_INTERP_EVAL_H
#define BACKEND_HOST_INTERP_EVAL_H

#include "base/arena.h"
#include "base/endian.h"
#include "translator/api/host.h"
#include "translator/api/memory.h"
#include "translator/api/mode.h"
#include "translator/ir/ir.h"

/* What block->code points to: a copy of the IR.  The pad byte of an exit is its number. */
struct compiled {
    struct block *block;
    uint32_t mode;
    uint32_t insns;
    int64_t guard[BLOCK_MAX_EXITS]; /* delta that the target page must have, by exit */
    struct ir_inst insts[];
};

/* How a callout is called. */
typedef uint64_t eval_caller(struct engine *engine, callout_function *function, struct context *ctx,
                             uint64_t a, uint64_t b, uint64_t imm);

struct eval {
    struct context *ctx;
    struct engine *engine;
    eval_caller *call;
    const struct compiled *code;
    uint32_t mode;
    uint32_t align; /* all ones where misaligned accesses must go the slow way */
};

typedef const struct ir_inst *eval_function(struct eval *e, const struct ir_inst *i);

#define ALU(name, shape, writes, undefined, what) eval_function eval_##name;
#define EFF(name, flags, what)                    eval_function eval_##name;
#include "translator/ir/ir_ops.def"
#undef ALU
#undef EFF

/* Goes on with a block, or leaves when the budget does not cover it. */
const struct ir_inst *eval_enter_block(struct eval *e, const struct compiled *code);

/* Calls a callout through libffi (call.c). */
eval_caller interp_call;
/* Same for a row; true: go on.  The result is in *result. */
bool eval_call(struct eval *e, enum callout_id id, uint64_t a, uint64_t b, uint64_t imm,
               uint64_t *result);

/* Slow memory accesses: up to 8 bytes through the record's slow_value. */
bool eval_load_slow(struct eval *e, unsigned seg, uint64_t offset, unsigned size, bool for_write,
                    uint64_t *value);
bool eval_store_slow(struct eval *e, unsigned seg, uint64_t offset, unsigned size, uint64_t value);

/* ---- values ---------------------------------------------------------------------------------- */

static inline uint64_t cut(uint64_t value, unsigned width)
{
    static const uint64_t masks[9] = {0, 0xff, 0xffff, 0, 0xffffffff, 0, 0, 0, UINT64_MAX};
    return value & masks[width];
}

static inline int64_t sign_extended(uint64_t value, unsigned width)
{
    unsigned shift = 64 - 8 * width;
    return (int64_t)(value << shift) >> shift;
}

static inline uint64_t read_register(const struct eval *e, unsigned code, unsigned width)
{
    if (code < GUEST_GPRS) {
        return cut(e->ctx->gpr[code], width);
    }
    if (code >= IR_T0) {
        return cut(e->ctx->temp[code - IR_T0], width);
    }
    return e->ctx->gpr[code - IR_AH] >> 8 & 0xff;
}

static inline void write_register(struct eval *e, unsigned code, unsigned width, uint64_t value)
{
    if (code >= IR_T0) {
        e->ctx->temp[code - IR_T0] = cut(value, width);
    } else if (code >= IR_AH) {
        uint64_t *gpr = &e->ctx->gpr[code - IR_AH];
        *gpr = (*gpr & ~UINT64_C(0xff00)) | (value & 0xff) << 8;
    } else if (width >= 4) {
        e->ctx->gpr[code] = cut(value, width);
    } else {
        uint64_t *gpr = &e->ctx->gpr[code];
        *gpr = (*gpr & ~cut(UINT64_MAX, width)) | cut(value, width);
    }
}

/* ---- memory ---------------------------------------------------------------------------------- */

static inline uint64_t address_part(const struct eval *e, unsigned code)
{
    if (code < GUEST_GPRS) {
        return e->ctx->gpr[code];
    }
    return code == IR_NONE ? 0 : e->ctx->temp[code - IR_T0];
}

static inline uint64_t effective_address(const struct eval *e, const struct ir_inst *i)
{
    uint64_t offset = address_part(e, i->base) + (uint64_t)(int64_t)i->disp;
    if (i->index != IR_NONE) {
        offset += address_part(e, i->index) << i->scale;
    }
    return cut(offset, i->asize);
}

/* Host address of an access that needs no help, or NULL. */
static inline uint8_t *fast_host(const struct eval *e, const struct segment *seg, uint64_t end,
                                 const int64_t *table, uint64_t offset, unsigned size)
{
    if ((uint32_t)(offset - seg->start) + (uint64_t)size > end) {
        return NULL;
    }
    uint32_t linear = (uint32_t)(seg->base + offset);
    if ((linear & 0xfff) + size > 0x1000 || (linear & e->align & (size - 1))) {
        return NULL;
    }
    int64_t delta = table[linear >> 12];
    return delta > 0 ? (uint8_t *)(uintptr_t)(linear + (uint64_t)delta) : NULL;
}

static inline uint64_t load_host(const uint8_t *at, unsigned size)
{
    switch (size) {
    case 1:
        return *at;
    case 2:
        return load_le16(at);
    case 4:
        return load_le32(at);
    default:
        return load_le64(at);
    }
}

static inline void store_host(uint8_t *at, unsigned size, uint64_t value)
{
    switch (size) {
    case 1:
        *at = (uint8_t)value;
        break;
    case 2:
        store_le16(at, (uint16_t)value);
        break;
    case 4:
        store_le32(at, (uint32_t)value);
        break;
    default:
        store_le64(at, value);
        break;
    }
}

static inline bool load_at(struct eval *e, unsigned seg, uint64_t offset, unsigned size,
                           uint64_t *value)
{
    const struct segment *s = &e->ctx->seg[seg];
    const uint8_t *host = fast_host(e, s, s->read_end, e->ctx->tables->read, offset, size);
    if (host == NULL) {
        return eval_load_slow(e, seg, offset, size, false, value);
    }
    *value = load_host(host, size);
    return true;
}

static inline bool store_at(struct eval *e, unsigned seg, uint64_t offset, unsigned size,
                            uint64_t value)
{
    const struct segment *s = &e->ctx->seg[seg];
    uint8_t *host = fast_host(e, s, s->write_end, e->ctx->tables->write, offset, size);
    if (host == NULL) {
        return eval_store_slow(e, seg, offset, size, value);
    }
    store_host(host, size, value);
    return true;
}

/* ---- operands -------------------------------------------------------------------------------- */

/* Value of an operand, zero-extended; false: the access faulted. */
static inline bool read_operand(struct eval *e, const struct ir_inst *i, unsigned code,
                                unsigned width, uint64_t *value)
{
    if (code == IR_MEM) {
        return load_at(e, i->seg, effective_address(e, i), width, value);
    }
    *value = code == IR_IMM ? cut(i->imm, width) : read_register(e, code, width);
    return true;
}

static inline bool write_operand(struct eval *e, const struct ir_inst *i, unsigned code,
                                 unsigned width, uint64_t value)
{
    if (code == IR_MEM) {
        return store_at(e, i->seg, effective_address(e, i), width, value);
    }
    write_register(e, code, width, value);
    return true;
}

/* A destination that is read first: where it is, between the two halves. */
struct place {
    uint64_t offset;
    uint8_t *host;
};

static inline bool read_place(struct eval *e, const struct ir_inst *i, struct place *place,
                              uint64_t *value)
{
    if (i->dst != IR_MEM) {
        *value = read_register(e, i->dst, i->width);
        return true;
    }
    const struct segment *s = &e->ctx->seg[i->seg];
    uint64_t end = s->write_end < s->read_end ? s->write_end : s->read_end;
    place->offset = effective_address(e, i);
    place->host = fast_host(e, s, end, e->ctx->tables->write, place->offset, i->width);
    if (place->host == NULL) {
        return eval_load_slow(e, i->seg, place->offset, i->width, true, value);
    }
    *value = load_host(place->host, i->width);
    return true;
}

static inline bool write_place(struct eval *e, const struct ir_inst *i, const struct place *place,
                               uint64_t value)
{
    if (i->dst != IR_MEM) {
        write_register(e, i->dst, i->width, value);
        return true;
    }
    if (place->host == NULL) {
        return eval_store_slow(e, i->seg, place->offset, i->width, value);
    }
    store_host(place->host, i->width, value);
    return true;
}

/* ---- flags ----------------------------------------------------------------------------------- */

/* Bits of the record's `flags` member. */
enum {
    LAHF_OF = 1 << 0,
    LAHF_CF = 1 << 8,
    LAHF_ONE = 1 << 9,
    LAHF_PF = 1 << 10,
    LAHF_AF = 1 << 12,
    LAHF_ZF = 1 << 14,
    LAHF_SF = 1 << 15,
};

static inline uint16_t flag_mask(uint16_t set)
{
    return (uint16_t)((set & 0xd5) << 8 | (set >> 11 & 1));
}

/* Replaces the flags that the record writes. */
static inline void set_flags(struct eval *e, const struct ir_inst *i, unsigned flags)
{
    if (i->flags_live) {
        unsigned mask = flag_mask(i->flags_written);
        e->ctx->flags = (uint16_t)((e->ctx->flags & ~mask) | (flags & mask));
    }
}

static inline bool condition_holds(unsigned flags, unsigned cc)
{
    bool of = flags & LAHF_OF;
    bool sf = flags & LAHF_SF;
    bool holds = false;
    switch (cc >> 1) {
    case 0:
        holds = of;
        break;
    case 1:
        holds = flags & LAHF_CF;
        break;
    case 2:
        holds = flags & LAHF_ZF;
        break;
    case 3:
        holds = flags & (LAHF_CF | LAHF_ZF);
        break;
    case 4:
        holds = sf;
        break;
    case 5:
        holds = flags & LAHF_PF;
        break;
    case 6:
        holds = sf != of;
        break;
    default:
        holds = (flags & LAHF_ZF) || sf != of;
        break;
    }
    return holds != (cc & 1);
}

#endif
