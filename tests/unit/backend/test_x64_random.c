/*
 * The native engine for x86-64: random blocks of integer records against a plain evaluation, with
 * memory on the fast path, on the slow path, across pages and faulting.
 */
#include "tests/unit/backend/x64_world.h"

#include <check.h>

/* ---- plain evaluation ---- */

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
        p->flags = (p->flags & ~(uint32_t)FLAG_ZF) | (a == 0 ? FLAG_ZF : 0);
        p->undefined = FLAGS_ARITH & ~FLAG_ZF;
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

/* ---- random blocks ---- */

/* Flat 32-bit; real-mode style; 32-bit with based, and with checked segments. */
enum variant { FLAT32, REAL16, BASED32, CHECKED32, VARIANTS };

static const uint32_t modes[VARIANTS] = {
    [FLAT32] = MODE_CODE32 | MODE_STACK32 | MODE_PROTECTED | MODE_CS_FLAT | MODE_NO_SSE,
    [REAL16] = 0x3ffu << MODE_SEG_SHIFT & ~(0x155u << MODE_SEG_SHIFT),
    [BASED32] = MODE_CODE32 | MODE_STACK32 | MODE_PROTECTED | 0x155u << MODE_SEG_SHIFT,
    [CHECKED32] =
        MODE_CODE32 | MODE_STACK32 | MODE_PROTECTED | MODE_CS_CHECKED | 0x3ffu << MODE_SEG_SHIFT,
};

struct dice {
    uint64_t state;
    unsigned variant; /* enum variant */
};

static uint32_t roll(struct dice *dice, uint32_t below)
{
    dice->state = dice->state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)((dice->state >> 33) % below);
}

static unsigned random_reg(struct dice *dice, unsigned width, bool high)
{
    if (roll(dice, 6) == 0) {
        return IR_T0 + roll(dice, 4);
    }
    if (width == 1) {
        return high && roll(dice, 2) ? IR_AH + roll(dice, 4) : roll(dice, 4);
    }
    static const uint8_t regs[] = {0, 1, 2, 3, 5, 6, 7};
    return regs[roll(dice, 7)];
}

static uint64_t random_imm(struct dice *dice, unsigned width)
{
    static const uint32_t edges[] = {0,      1,      0x7f,       0x80,       0xff,
                                     0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff};
    uint64_t value = roll(dice, 2) ? edges[roll(dice, 10)] : roll(dice, 0x7fffffff);
    return value & mask_of(width);
}

/* An address in the window: absolute, or relative to EBX or ESI which hold window addresses. */
static void random_address(struct dice *dice, struct ir_inst *inst)
{
    uint32_t spread = roll(dice, 40) == 0 ? RAM_BYTES : roll(dice, 8) == 0 ? MAPPED_BYTES : 0x3000;
    inst->seg = SEG_DS;
    inst->asize = 4;
    inst->base = inst->index = IR_NONE;
    inst->disp = RAM + (int32_t)roll(dice, spread - 16);
    if (roll(dice, 4) == 0) {
        inst->disp = RAM + 0x1000 * (1 + (int32_t)roll(dice, 3)) - (int32_t)roll(dice, 5);
    }
    inst->disp -= dice->variant == FLAT32 ? 0 : RAM;
    inst->asize = dice->variant == REAL16 ? 2 : 4;
    if (dice->variant == REAL16 && roll(dice, 20) == 0) {
        inst->disp = 0xffff - (int32_t)roll(dice, 4);
    }
    if (roll(dice, 8) == 0) {
        inst->base = (uint8_t)random_reg(dice, 4, false);
        inst->index = roll(dice, 2) ? IR_NONE : (uint8_t)random_reg(dice, 4, false);
        inst->scale = (uint8_t)roll(dice, 4);
    } else if (roll(dice, 3) == 0) {
        inst->base = GUEST_RSP; /* a small offset */
        inst->disp = (int32_t)roll(dice, 64) - 32;
    }
}

static void random_operands(struct dice *dice, struct ir_inst *inst, bool two, bool dst)
{
    unsigned w = inst->width;
    unsigned form = roll(dice, 6);
    inst->b = IR_NONE;
    inst->dst = IR_NONE;
    if (form == 0) { /* memory destination */
        random_address(dice, inst);
        inst->a = IR_MEM;
    } else {
        inst->a = (uint8_t)random_reg(dice, w, true);
    }
    if (two) {
        inst->b = (uint8_t)random_reg(dice, w, true);
        if (form == 1) {
            inst->b = IR_IMM;
            inst->imm = random_imm(dice, w);
        } else if (form == 2) {
            random_address(dice, inst);
            inst->b = IR_MEM;
        }
    }
    if (dst) {
        inst->dst = inst->a;
        if (form == 3) {
            inst->dst = (uint8_t)random_reg(dice, w, true);
        }
    }
}

static void random_inst(struct dice *dice, struct ir_inst *inst)
{
    static const uint8_t ops[] = {
        IR_mov,  IR_add,  IR_adc,   IR_sub,   IR_sbb,     IR_and,    IR_or,    IR_xor,   IR_cmp,
        IR_test, IR_inc,  IR_dec,   IR_neg,   IR_not,     IR_rol,    IR_ror,   IR_rcl,   IR_rcr,
        IR_shl,  IR_shr,  IR_sar,   IR_xchg,  IR_xadd,    IR_cmov,   IR_setcc, IR_bt,    IR_bts,
        IR_btr,  IR_btc,  IR_movzx, IR_movsx, IR_lea,     IR_push,   IR_pop,   IR_clc,   IR_stc,
        IR_cmc,  IR_lahf, IR_sahf,  IR_salc,  IR_cmpxchg, IR_imul,   IR_mul1,  IR_imul1, IR_shld,
        IR_shrd, IR_bsf,  IR_bsr,   IR_bswap, IR_cdq,     IR_advance};
    static const uint8_t widths[] = {1, 2, 4};
    *inst = (struct ir_inst){.op = ops[roll(dice, sizeof ops)],
                             .width = widths[roll(dice, 3)],
                             .dst = IR_NONE,
                             .a = IR_NONE,
                             .b = IR_NONE,
                             .base = IR_NONE,
                             .index = IR_NONE,
                             .asize = 4,
                             .cc = (uint8_t)roll(dice, 16)};
    unsigned op = inst->op;
    if (op == IR_imul) {
        inst->width = roll(dice, 2) ? 2 : 4;
        random_operands(dice, inst, true, true);
        if (inst->dst == IR_MEM || inst->a == IR_MEM) {
            inst->dst = 7;
            inst->b = IR_IMM;
            inst->imm = random_imm(dice, inst->width);
        }
    } else if (op == IR_mul1 || op == IR_imul1) {
        random_operands(dice, inst, false, false);
    } else if (op == IR_shld || op == IR_shrd) {
        inst->width = 4;
        random_operands(dice, inst, false, true);
        inst->b = (uint8_t)random_reg(dice, 4, false);
        inst->aux = (uint8_t)roll(dice, 2);
        inst->imm = roll(dice, 32);
    } else if (op == IR_bsf || op == IR_bsr) {
        inst->width = roll(dice, 2) ? 2 : 4;
        random_operands(dice, inst, false, false);
        inst->dst = (uint8_t)(5 + roll(dice, 3));
    } else if (op == IR_bswap) {
        inst->width = 4;
        inst->dst = inst->a = (uint8_t)random_reg(dice, 4, false);
    } else if (op == IR_cdq) {
        inst->width = roll(dice, 2) ? 2 : 4;
    } else if (op == IR_advance) {
        inst->width = inst->asize = roll(dice, 2) ? 2 : 4;
        inst->dst = roll(dice, 2) ? 6 : 7;
        inst->imm = 1u << roll(dice, 3);
    } else if (op >= IR_shl && op <= IR_rcr) {
        random_operands(dice, inst, false, true);
        inst->b = roll(dice, 2) ? IR_IMM : GUEST_RCX;
        inst->imm = roll(dice, 33);
    } else if (op == IR_mov) {
        random_operands(dice, inst, true, true);
        inst->a = inst->b;
        inst->b = IR_NONE;
        if (inst->a == IR_MEM && inst->dst == IR_MEM) {
            inst->dst = 0;
        }
    } else if (op == IR_cmp || op == IR_test) {
        random_operands(dice, inst, true, false);
    } else if (op >= IR_inc && op <= IR_not) {
        random_operands(dice, inst, false, true);
    } else if (op >= IR_bt && op <= IR_btc) {
        inst->width = roll(dice, 2) ? 2 : 4;
        random_operands(dice, inst, true, op != IR_bt);
        if (inst->b == IR_MEM) {
            inst->b = 2;
        }
    } else if (op == IR_xchg) {
        random_operands(dice, inst, true, true);
        inst->dst = inst->dst == IR_MEM ? IR_MEM : inst->dst;
        inst->a = (uint8_t)random_reg(dice, inst->width, true);
        inst->b = IR_NONE;
        if (inst->dst >= IR_T0 && inst->dst < IR_IMM && inst->a >= IR_T0 && inst->a < IR_IMM) {
            inst->a = 0;
        }
    } else if (op == IR_xadd || op == IR_cmpxchg) {
        random_operands(dice, inst, false, true);
        inst->a = inst->dst =
            inst->dst == IR_MEM
                ? IR_MEM
                : (uint8_t)(inst->width == 1 ? IR_AH + roll(dice, 4) : roll(dice, 4));
        inst->b = (uint8_t)(inst->width == 1 ? roll(dice, 4) : random_reg(dice, 4, false) & 7);
        if (op == IR_cmpxchg) {
            inst->a = IR_NONE;
        }
    } else if (op == IR_cmov) {
        inst->width = roll(dice, 2) ? 2 : 4;
        inst->dst = (uint8_t)(5 + roll(dice, 3));
        inst->a = (uint8_t)random_reg(dice, 4, false);
        if (roll(dice, 3) == 0) {
            random_address(dice, inst);
            inst->a = IR_MEM;
        }
    } else if (op == IR_setcc) {
        inst->width = 1;
        inst->dst = (uint8_t)random_reg(dice, 1, true);
        if (roll(dice, 3) == 0) {
            random_address(dice, inst);
            inst->dst = IR_MEM;
        }
    } else if (op == IR_movzx || op == IR_movsx) {
        inst->aux = roll(dice, 2) ? 1 : 2;
        inst->width = inst->aux == 1 && roll(dice, 2) ? 2 : 4;
        inst->dst = (uint8_t)random_reg(dice, 4, false);
        inst->a = (uint8_t)random_reg(dice, inst->aux, true);
        if (roll(dice, 3) == 0) {
            random_address(dice, inst);
            inst->a = IR_MEM;
        }
    } else if (op == IR_lea) {
        inst->width = roll(dice, 2) ? 2 : 4;
        inst->asize = roll(dice, 2) ? 2 : 4;
        inst->dst = (uint8_t)random_reg(dice, 4, false);
        inst->base = (uint8_t)random_reg(dice, 4, false);
        inst->index = roll(dice, 2) ? IR_NONE : (uint8_t)random_reg(dice, 4, false);
        inst->scale = (uint8_t)roll(dice, 4);
        inst->disp = (int32_t)roll(dice, 0x7fffffff);
    } else if (op == IR_push || op == IR_pop) {
        inst->width = roll(dice, 2) ? 2 : 4;
        uint8_t operand = (uint8_t)(roll(dice, 4) == 0 ? 5 : random_reg(dice, 4, false));
        inst->a = op == IR_push ? operand : IR_NONE;
        inst->dst = op == IR_pop ? operand : IR_NONE;
    } else if (op >= IR_clc) {
        inst->width = 1;
    } else {
        random_operands(dice, inst, true, true);
    }
}

static void random_block(struct dice *dice, struct ir_block *block)
{
    uint32_t insns = 1 + roll(dice, 10);
    block->count = 0;
    block->insn_count = insns;
    block->rip = 0x5000;
    for (uint32_t i = 0; i < insns; i++) {
        block->insts[block->count++] = (struct ir_inst){.op = IR_insn,
                                                        .imm = 0x5000 + i * 4,
                                                        .aux = 4,
                                                        .b = (uint8_t)i,
                                                        .a = IR_NONE,
                                                        .dst = IR_NONE};
        for (unsigned t = 0; i == 0 && t < 4; t++) {
            block->insts[block->count++] = (struct ir_inst){.op = IR_mov,
                                                            .width = 4,
                                                            .dst = (uint8_t)(IR_T0 + t),
                                                            .a = IR_IMM,
                                                            .b = IR_NONE,
                                                            .base = IR_NONE,
                                                            .index = IR_NONE,
                                                            .asize = 4,
                                                            .imm = random_imm(dice, 4)};
        }
        random_inst(dice, &block->insts[block->count++]);
    }
    static const uint8_t ends[] = {IR_brcc, IR_brz, IR_brnz};
    struct ir_inst *inst = &block->insts[block->count++];
    *inst = (struct ir_inst){.op = ends[roll(dice, 3)],
                             .imm = 0x5100,
                             .width = 4,
                             .cc = (uint8_t)roll(dice, 16),
                             .a = (uint8_t)random_reg(dice, 4, false),
                             .b = IR_NONE,
                             .dst = IR_NONE};
    block->insts[block->count++] =
        (struct ir_inst){.op = IR_jmp, .imm = 0x5200, .a = IR_NONE, .b = IR_NONE, .dst = IR_NONE};
}

static void random_state(struct dice *dice, struct plain *p)
{
    for (unsigned i = 0; i < 8; i++) {
        p->gpr[i] = (uint32_t)random_imm(dice, 4);
    }
    p->base = dice->variant == FLAT32 ? 0 : RAM;
    p->asize = dice->variant == REAL16 ? 2 : 4;
    p->gpr[4] = RAM - p->base + roll(dice, 8) * 0x1000 + 0x800;
    p->gpr[4] |= dice->variant == REAL16 ? 0xabcd0000 : 0;
    p->gpr[4] += roll(dice, 3) == 0 ? 0x7fc + roll(dice, 8) : 0;
    p->flags = roll(dice, 0x1000) & FLAGS_ARITH;
    for (unsigned i = 0; i < RAM_BYTES; i += 4) {
        store_le32(p->ram + i, (uint32_t)random_imm(dice, 4));
    }
}

static void prepare(struct world *world, const struct plain *p)
{
    struct context *ctx = &world->ctx;
    for (unsigned i = 0; i < 8; i++) {
        ctx->gpr[i] = p->gpr[i];
    }
    memcpy(world->ram, p->ram, RAM_BYTES);
    context_set_flags(ctx, p->flags);
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        ctx->seg[i] = (struct segment){.base = p->base, .read_end = 0x3000, .write_end = 0x2804};
    }
    ctx->budget = 1000;
    ctx->rip = 0x5000;
    world_map(world);
}

static void compare(const struct world *world, const struct plain *p, const struct ir_block *block,
                    uint64_t seed)
{
    const struct context *ctx = &world->ctx;
    bool equal = ((context_flags(ctx) ^ p->flags) & FLAGS_ARITH & ~p->undefined) == 0 &&
                 ctx->rip == p->rip && memcmp(world->ram, p->ram, RAM_BYTES) == 0;
    for (unsigned i = 0; i < 8; i++) {
        equal = equal && ctx->gpr[i] == p->gpr[i];
    }
    if (equal) {
        return;
    }
    for (unsigned i = 0; i < block->count; i++) {
        const struct ir_inst *inst = &block->insts[i];
        fprintf(stderr, "%2u %-8s w%u aux%u dst%u a%u b%u cc%u disp %x imm %lx base %u\n", i,
                ir_rows[inst->op].name, inst->width, inst->aux, inst->dst, inst->a, inst->b,
                inst->cc, (unsigned)inst->disp, (unsigned long)inst->imm, inst->base);
    }
    for (unsigned i = 0; i < 8; i++) {
        fprintf(stderr, "r%u native %08lx plain %08x\n", i, (unsigned long)ctx->gpr[i], p->gpr[i]);
    }
    fprintf(stderr, "flags native %03x plain %03x undefined %03x rip %lx %x leave %u\n",
            context_flags(ctx), p->flags, p->undefined, (unsigned long)ctx->rip, p->rip,
            ctx->leave);
    ck_abort_msg("seed %lu differs", (unsigned long)seed);
}

static void run_seeds(unsigned variant, uint64_t first, uint64_t count)
{
    struct world *world = world_create();
    struct engine *engine = host_x64.create(1 << 20);
    static struct plain plain;
    struct ir_block block = {.insts = calloc(IR_MAX_RECORDS, sizeof(struct ir_inst)),
                             .mode = modes[variant]};
    unsigned compared = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        struct dice dice = {seed * UINT64_C(0x9e3779b97f4a7c15), variant};
        memset(&plain, 0, sizeof plain);
        random_state(&dice, &plain);
        random_block(&dice, &block);
        prepare(world, &plain);
        world->ctx.mode = block.mode;
        plain_run(&plain, &block);
        if (plain.looked) {
            continue;
        }
        compared++;
        struct block compiled = {.rip = block.rip, .mode = block.mode};
        if (!host_x64.emit(engine, &block, &compiled)) {
            host_x64.reset(engine);
            ck_assert(host_x64.emit(engine, &block, &compiled));
        }
        host_x64.enter(engine, &world->ctx, &compiled);
        compare(world, &plain, &block, seed);
        ck_assert_uint_eq(world->ctx.leave, plain.faulted ? LEAVE_EVENT : LEAVE_LOOKUP);
    }
    ck_assert_uint_gt(compared, count / 4);
    free(block.insts);
    host_x64.destroy(engine);
    world_destroy(world);
}

START_TEST(random_blocks_agree_with_plain_evaluation)
{
    run_seeds((unsigned)_i % VARIANTS, (uint64_t)_i * 1500 + 1, 1500);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("x64_random");
    TCase *tcase = tcase_create("x64_random");
    tcase_add_loop_test(tcase, random_blocks_agree_with_plain_evaluation, 0, 2 * VARIANTS);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
