/*
 * Integer records evaluated plainly, one at a time: what the native engine is compared with.
 */
#ifndef TESTS_UNIT_BACKEND_NATIVE_PLAIN_H
#define TESTS_UNIT_BACKEND_NATIVE_PLAIN_H

#include "tests/unit/backend/native_world.h"

#include <check.h>

struct plain {
    uint32_t gpr[8];
    uint64_t temp[16];
    uint32_t flags;     /* EFLAGS positions */
    uint32_t undefined; /* flags that nobody may look at */
    bool looked;
    uint8_t ram[RAM_BYTES];
    uint32_t base;  /* of every segment */
    unsigned asize; /* of the stack */
    bool faulted;
    uint32_t rip, next;
};

static uint64_t mask_of(unsigned width)
{
    return width == 8 ? UINT64_MAX : (UINT64_C(1) << width * 8) - 1;
}

static uint32_t plain_offset(const struct plain *p, const struct ir_inst *inst)
{
    uint64_t ea = (uint64_t)(int64_t)inst->disp;
    ea += inst->base == IR_NONE ? 0
          : inst->base < 8      ? p->gpr[inst->base]
                                : p->temp[inst->base - 32];
    uint64_t index = inst->index == IR_NONE ? 0
                     : inst->index < 8      ? p->gpr[inst->index]
                                            : p->temp[inst->index - 32];
    ea += index << inst->scale;
    return (uint32_t)(ea & mask_of(inst->asize));
}

static uint32_t plain_ea(const struct plain *p, const struct ir_inst *inst)
{
    return plain_offset(p, inst) + p->base;
}

static uint64_t plain_memory(struct plain *p, uint32_t linear, unsigned width)
{
    uint32_t at = linear - RAM;
    if (at >= MAPPED_BYTES || at + width > MAPPED_BYTES) {
        p->faulted = true;
        return 0;
    }
    return load_le(p->ram + at, width);
}

static uint64_t plain_read(struct plain *p, const struct ir_inst *inst, unsigned operand,
                           unsigned width)
{
    if (operand < 8) {
        return p->gpr[operand] & mask_of(width);
    }
    if (operand < 20) {
        return p->gpr[operand - 16] >> 8 & 0xff;
    }
    if (operand < 48) {
        return p->temp[operand - 32] & mask_of(width);
    }
    if (operand == IR_IMM) {
        return inst->imm & mask_of(width);
    }
    return plain_memory(p, plain_ea(p, inst), width);
}

static void plain_write(struct plain *p, const struct ir_inst *inst, unsigned operand,
                        unsigned width, uint32_t ea, uint64_t value)
{
    uint32_t mask = (uint32_t)mask_of(width);
    if (operand < 8) {
        p->gpr[operand] = (p->gpr[operand] & ~mask) | ((uint32_t)value & mask);
    } else if (operand < 20) {
        p->gpr[operand - 16] = (p->gpr[operand - 16] & ~0xff00u) | (uint32_t)(value & 0xff) << 8;
    } else if (operand < 48) {
        p->temp[operand - 32] = value & mask_of(width);
    } else {
        ck_assert(operand == IR_MEM);
        (void)inst;
        store_le(p->ram + (ea - RAM), value, width);
    }
}

static uint32_t szp(uint64_t value, unsigned width)
{
    value &= mask_of(width);
    uint32_t flags = value == 0 ? FLAG_ZF : 0;
    flags |= value >> (width * 8 - 1) & 1 ? FLAG_SF : 0;
    return flags | (__builtin_parityll(value & 0xff) ? 0 : FLAG_PF);
}

static uint64_t plain_add(struct plain *p, uint64_t a, uint64_t b, uint32_t carry, unsigned width)
{
    uint64_t sum = a + b + carry;
    unsigned top = width * 8;
    p->flags = szp(sum, width) | (sum >> top & 1 ? FLAG_CF : 0) | ((a ^ b ^ sum) & FLAG_AF) |
               ((a ^ sum) & (b ^ sum) & UINT64_C(1) << (top - 1) ? FLAG_OF : 0);
    return sum & mask_of(width);
}

static uint64_t plain_sub(struct plain *p, uint64_t a, uint64_t b, uint32_t borrow, unsigned width)
{
    uint64_t difference = a - b - borrow;
    unsigned top = width * 8;
    p->flags = szp(difference, width) | (difference >> top & 1 ? FLAG_CF : 0) |
               ((a ^ b ^ difference) & FLAG_AF) |
               ((a ^ b) & (a ^ difference) & UINT64_C(1) << (top - 1) ? FLAG_OF : 0);
    return difference & mask_of(width);
}

static bool plain_cc(struct plain *p, unsigned cc)
{
    p->looked |= (p->undefined & ir_cc_flags[cc]) != 0;
    bool cf = p->flags & FLAG_CF, zf = p->flags & FLAG_ZF, sf = p->flags & FLAG_SF;
    bool of = p->flags & FLAG_OF, pf = p->flags & FLAG_PF;
    bool const values[8] = {of, cf, zf, cf || zf, sf, pf, sf != of, zf || sf != of};
    return values[cc >> 1 & 7] != (cc & 1);
}

static void keep(struct plain *p, uint32_t before, uint32_t kept)
{
    p->flags = (p->flags & ~kept) | (before & kept);
}

static uint64_t plain_logic(struct plain *p, uint64_t value, unsigned width)
{
    p->flags = szp(value, width);
    return value;
}

static uint64_t plain_shift(struct plain *p, unsigned op, uint64_t a, unsigned count,
                            unsigned width)
{
    unsigned bits = width * 8;
    for (unsigned i = 0; i < count; i++) {
        uint32_t cf = p->flags & FLAG_CF;
        uint64_t top = a >> (bits - 1) & 1, low = a & 1, out = 0;
        switch (op) {
        case IR_shl:
            out = top, a = a << 1;
            break;
        case IR_shr:
            out = low, a = a >> 1;
            break;
        case IR_sar:
            out = low, a = a >> 1 | top << (bits - 1);
            break;
        case IR_rol:
            out = top, a = a << 1 | top;
            break;
        case IR_ror:
            out = low, a = a >> 1 | low << (bits - 1);
            break;
        case IR_rcl:
            out = top, a = a << 1 | cf;
            break;
        default:
            out = low, a = a >> 1 | (uint64_t)cf << (bits - 1);
            break;
        }
        a &= mask_of(width);
        p->flags = (p->flags & ~(uint32_t)FLAG_CF) | (out ? FLAG_CF : 0);
    }
    if (count != 0 && op <= IR_sar) { /* shl shr sar stand before the rotates */
        p->flags = (p->flags & FLAG_CF) | szp(a, width);
    }
    return a;
}

static void plain_alu(struct plain *p, const struct ir_inst *inst)
{
    unsigned w = inst->width;
    uint32_t before = p->flags, ea = plain_ea(p, inst);
    uint64_t a = inst->a == IR_NONE ? 0 : plain_read(p, inst, inst->a, w);
    uint64_t b = inst->b == IR_NONE ? 0 : plain_read(p, inst, inst->b, w);
    uint64_t result = 0;
    if (inst->dst == IR_MEM) {
        plain_memory(p, ea, w);
    }
    if (p->faulted) {
        return;
    }
    switch (inst->op) {
    case IR_add:
        result = plain_add(p, a, b, 0, w);
        break;
    case IR_adc:
        p->looked |= (p->undefined & FLAG_CF) != 0;
        result = plain_add(p, a, b, before & 1, w);
        break;
    case IR_sub:
    case IR_cmp:
        result = plain_sub(p, a, b, 0, w);
        break;
    case IR_sbb:
        p->looked |= (p->undefined & FLAG_CF) != 0;
        result = plain_sub(p, a, b, before & 1, w);
        break;
    case IR_and:
    case IR_test:
        result = plain_logic(p, a & b, w);
        break;
    case IR_or:
        result = plain_logic(p, a | b, w);
        break;
    case IR_xor:
        result = plain_logic(p, a ^ b, w);
        break;
    case IR_inc:
        result = plain_add(p, a, 1, 0, w);
        keep(p, before, FLAG_CF);
        break;
    case IR_dec:
        result = plain_sub(p, a, 1, 0, w);
        keep(p, before, FLAG_CF);
        break;
    case IR_neg:
        result = plain_sub(p, 0, a, 0, w);
        break;
    case IR_not:
        result = ~a;
        break;
    case IR_mov:
        result = a;
        break;
    default:
        p->looked |= inst->op >= IR_rcl && (p->undefined & FLAG_CF) != 0;
        result = plain_shift(p, inst->op, a, (unsigned)b & 31, w);
        break;
    }
    if (inst->op != IR_cmp && inst->op != IR_test) {
        plain_write(p, inst, inst->dst, w, ea, result);
    }
    const struct ir_row *row = &ir_rows[inst->op];
    if (row->shape != IR_SHAPE_SH || (b & 31) != 0) {
        uint32_t undefined = row->undefined;
        undefined |= row->shape == IR_SHAPE_SH ? FLAG_OF : 0;
        undefined |= inst->op <= IR_sar && (b & 31) > w * 8 ? FLAG_CF : 0;
        p->undefined = (p->undefined & ~(uint32_t)row->writes) | undefined;
    }
}

/* xadd, xchg, cmpxchg, setcc, cmov, bt family, extensions, stack, flags. */
static void plain_other(struct plain *p, const struct ir_inst *inst)
{
    unsigned w = inst->width;
    uint32_t before = p->flags, ea = plain_ea(p, inst);
    unsigned aw = inst->op == IR_movzx || inst->op == IR_movsx ? inst->aux : w;
    uint64_t a = inst->a == IR_NONE ? 0 : plain_read(p, inst, inst->a, aw);
    uint64_t b = inst->b == IR_NONE ? 0 : plain_read(p, inst, inst->b, w);
    uint64_t d = inst->dst == IR_NONE ? 0 : plain_read(p, inst, inst->dst, w);
    uint64_t bit = UINT64_C(1) << (b & (w * 8 - 1));
    if (p->faulted) {
        return;
    }
    switch (inst->op) {
    case IR_movzx:
        plain_write(p, inst, inst->dst, w, ea, a);
        break;
    case IR_movsx:
        plain_write(p, inst, inst->dst, w, ea,
                    (uint64_t)((int64_t)(a << (64 - aw * 8)) >> (64 - aw * 8)));
        break;
    case IR_lea:
        plain_write(p, inst, inst->dst, w, ea, plain_offset(p, inst));
        break;
    case IR_xchg:
        plain_write(p, inst, inst->dst, w, ea, a);
        plain_write(p, inst, inst->a, w, ea, d);
        break;
    case IR_xadd:
        a = plain_add(p, d, b, 0, w);
        p->undefined = 0;
        plain_write(p, inst, inst->b, w, ea, d);
        plain_write(p, inst, inst->dst, w, ea, a);
        break;
    case IR_cmpxchg:
        p->undefined = 0;
        plain_sub(p, p->gpr[0] & mask_of(w), d, 0, w);
        plain_write(p, inst, p->flags & FLAG_ZF ? inst->dst : 0, w, ea, p->flags & FLAG_ZF ? b : d);
        break;
    case IR_setcc:
        plain_write(p, inst, inst->dst, 1, ea, plain_cc(p, inst->cc));
        break;
    case IR_cmov:
        if (plain_cc(p, inst->cc)) {
            plain_write(p, inst, inst->dst, w, ea, a);
        }
        break;
    case IR_bt:
    case IR_bts:
    case IR_btr:
    case IR_btc:
        p->undefined &= ~(uint32_t)FLAG_CF;
        p->flags = (before & ~(uint32_t)FLAG_CF) | (a & bit ? FLAG_CF : 0);
        if (inst->op != IR_bt) {
            a = inst->op == IR_bts ? a | bit : inst->op == IR_btr ? a & ~bit : a ^ bit;
            plain_write(p, inst, inst->dst, w, ea, a);
        }
        break;
    case IR_clc:
    case IR_stc:
    case IR_cmc:
        p->looked |= inst->op == IR_cmc && (p->undefined & FLAG_CF) != 0;
        p->undefined &= ~(uint32_t)FLAG_CF;
        p->flags = inst->op == IR_clc   ? before & ~(uint32_t)FLAG_CF
                   : inst->op == IR_stc ? before | FLAG_CF
                                        : before ^ FLAG_CF;
        break;
    case IR_lahf:
        p->looked |= (p->undefined & ~(uint32_t)FLAG_OF) != 0;
        plain_write(p, inst, IR_AH, 1, 0, (before & 0xd5) | 2);
        break;
    case IR_sahf:
        p->undefined &= FLAG_OF;
        p->flags = (before & FLAG_OF) | (p->gpr[0] >> 8 & 0xd5);
        break;
    case IR_salc:
        p->looked |= (p->undefined & FLAG_CF) != 0;
        plain_write(p, inst, 0, 1, 0, before & 1 ? 0xff : 0);
        break;
    case IR_push:
        ea = p->base + ((p->gpr[4] - w) & (uint32_t)mask_of(p->asize));
        plain_memory(p, ea, w);
        if (!p->faulted) {
            plain_write(p, inst, IR_MEM, w, ea, a);
            plain_write(p, inst, GUEST_RSP, p->asize, 0, p->gpr[4] - w);
        }
        break;
    case IR_pop:
        a = plain_memory(p, p->base + (p->gpr[4] & (uint32_t)mask_of(p->asize)), w);
        if (!p->faulted) {
            plain_write(p, inst, GUEST_RSP, p->asize, 0, p->gpr[4] + w);
            plain_write(p, inst, inst->dst, w, 0, a);
        }
        break;
    default:
        ck_abort_msg("unknown record %d", inst->op);
    }
}

static int64_t sext(uint64_t value, unsigned width)
{
    return (int64_t)(value << (64 - width * 8)) >> (64 - width * 8);
}

static void product_flags(struct plain *p, bool overflow)
{
    p->flags = (p->flags & ~(uint32_t)(FLAG_CF | FLAG_OF)) | (overflow ? FLAG_CF | FLAG_OF : 0);
    p->undefined = FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF;
}

static void plain_wide(struct plain *p, const struct ir_inst *inst, uint64_t a)
{
    unsigned w = inst->width, bits = w * 8;
    uint64_t left = p->gpr[0] & mask_of(w);
    uint64_t product = inst->op == IR_mul1 ? left * a : (uint64_t)(sext(left, w) * sext(a, w));
    bool overflow =
        inst->op == IR_mul1 ? product >> bits != 0 : (int64_t)product != sext(product, w);
    if (w == 1) {
        plain_write(p, inst, 0, 2, 0, product);
    } else {
        plain_write(p, inst, 0, w, 0, product);
        plain_write(p, inst, 2, w, 0, product >> bits);
    }
    product_flags(p, overflow);
}

static void plain_double(struct plain *p, const struct ir_inst *inst, uint64_t a, uint64_t b,
                         uint32_t ea)
{
    unsigned w = inst->width, bits = w * 8;
    unsigned count = (inst->aux == 1 ? p->gpr[1] : (uint32_t)inst->imm) & 31;
    if (count == 0) {
        plain_write(p, inst, inst->dst, w, ea, a);
        return;
    }
    uint64_t result =
        inst->op == IR_shld ? a << count | b >> (bits - count) : a >> count | b << (bits - count);
    uint64_t carry = inst->op == IR_shld ? a >> (bits - count) : a >> (count - 1);
    p->flags = (carry & 1) | szp(result, w);
    p->undefined = FLAG_AF | FLAG_OF;
    plain_write(p, inst, inst->dst, w, ea, result);
}

/* Multiplication, double shifts, scans and the like. */
static void plain_rare(struct plain *p, const struct ir_inst *inst)
{
    unsigned w = inst->width;
    uint32_t ea = plain_ea(p, inst);
    uint64_t a = inst->a == IR_NONE ? 0 : plain_read(p, inst, inst->a, w);
    uint64_t b = inst->b == IR_NONE ? 0 : plain_read(p, inst, inst->b, w);
    if (p->faulted) {
        return;
    }
    switch (inst->op) {
    case IR_imul:
        plain_write(p, inst, inst->dst, w, ea, (uint64_t)(sext(a, w) * sext(b, w)));
        b = (uint64_t)(sext(a, w) * sext(b, w));
        product_flags(p, (int64_t)b != sext(b, w));
        break;
    case IR_mul1:
    case IR_imul1:
        plain_wide(p, inst, a);
        break;
    case IR_shld:
    case IR_shrd:
        plain_double(p, inst, a, b, ea);
        break;
    case IR_bsf:
    case IR_bsr:
        if (a != 0) {
            b = (uint64_t)(inst->op == IR_bsf ? __builtin_ctzll(a) : 63 - __builtin_clzll(a));
            plain_write(p, inst, inst->dst, w, 0, b);
        }
        p->flags = (p->flags & ~(uint32_t)FLAGS_ARITH) | szp(a, w);
        break;
    case IR_bswap:
        plain_write(p, inst, inst->dst, w, 0, __builtin_bswap32((uint32_t)a));
        break;
    case IR_cdq:
        plain_write(p, inst, 2, w, 0, (uint64_t)(sext(p->gpr[0], w) >> 63));
        break;
    default: /* advance, with DF set */
        plain_write(p, inst, inst->dst, inst->asize, 0,
                    plain_read(p, inst, inst->dst, 4) - inst->imm);
        break;
    }
}

static void plain_run(struct plain *p, const struct ir_block *block)
{
    for (uint32_t i = 0; i < block->count && !p->faulted; i++) {
        const struct ir_inst *inst = &block->insts[i];
        if (inst->op == IR_insn) {
            p->rip = (uint32_t)inst->imm;
            p->next = p->rip + inst->aux;
        } else if (inst->op == IR_brcc) {
            if (plain_cc(p, inst->cc)) {
                p->rip = (uint32_t)inst->imm;
                return;
            }
        } else if (inst->op == IR_brz || inst->op == IR_brnz) {
            if ((plain_read(p, inst, inst->a, inst->width) == 0) == (inst->op == IR_brz)) {
                p->rip = (uint32_t)inst->imm;
                return;
            }
        } else if (inst->op == IR_jmp) {
            p->rip = (uint32_t)inst->imm;
            return;
        } else if (inst->op == IR_mov || (inst->op >= IR_add && inst->op <= IR_not) ||
                   (inst->op >= IR_shl && inst->op <= IR_rcr)) {
            plain_alu(p, inst);
        } else if ((inst->op >= IR_shld && inst->op <= IR_imul1) || inst->op == IR_bsf ||
                   inst->op == IR_bsr || inst->op == IR_bswap || inst->op == IR_cdq ||
                   inst->op == IR_advance) {
            plain_rare(p, inst);
        } else {
            plain_other(p, inst);
        }
    }
}

#endif
