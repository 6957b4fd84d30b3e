/* Bytes to struct x86_insn: prefixes, the choice of a table row, operands (SDM volume 2, chapter 2
 * and appendix A). Mode, LOCK and feature conditions of the rows are applied here and nowhere else.
 */
#include "frontend/x86/decode/insn.h"

#include "base/endian.h"
#include "frontend/x86/decode/modrm.h"
#include "frontend/x86/decode/table.h"

#include <string.h>

enum {
    REX_B = 1,
    REX_R = 4,
    REX_W = 8,
    WINDOW = 48, /* no decoding step looks further than this */
};

struct parse {
    const uint8_t *start;
    const uint8_t *at;
    struct x86_insn *insn;
    const struct x86_decode_mode *mode;
    int8_t seg_override; /* enum x86_segment or -1 */
    bool long_mode;
    bool old; /* before the 386 */
    bool undefined;
};

/* True when the CPU lacks an instruction set. */
static bool before(const struct parse *p, enum x86_feature feature)
{
    return !(p->mode->features >> feature & 1);
}

/* The 8086 looks at few enough bits that opcodes have doubles; F1 is LOCK up to the 80286. */
static unsigned fold_opcode(const struct parse *p, unsigned opcode)
{
    if (opcode == 0xf1) {
        return before(p, X86_FEATURE_186) || !before(p, X86_FEATURE_286) ? 0xf0 : 0xf1;
    }
    if (!before(p, X86_FEATURE_186)) {
        return opcode;
    }
    if ((opcode & 0xf0) == 0x60) {
        return opcode | 0x10;
    }
    return (opcode & 0xf6) == 0xc0 ? opcode | 2 : opcode;
}

/* ---- prefixes -------------------------------------------------------------------------------- */

static void take_prefix(struct parse *p, const struct row *row)
{
    struct x86_insn *insn = p->insn;
    if (row->group & (X86_PREFIX_REP | X86_PREFIX_REPNE)) {
        insn->prefixes &= (uint8_t) ~(X86_PREFIX_REP | X86_PREFIX_REPNE);
    }
    insn->prefixes |= row->group;
    if (row->group == X86_PREFIX_SEG) {
        p->seg_override = (int8_t)row->class;
    }
}

/* Leaves p->at on the first byte that is no prefix, or past the 15th byte. */
static void take_prefixes(struct parse *p)
{
    struct x86_insn *insn = p->insn;
    while (p->at < p->start + X86_MAX_LENGTH) {
        unsigned byte = p->old ? fold_opcode(p, *p->at) : *p->at;
        const struct row *row = &x86_map_1byte[byte];
        if (row->kind == ROW_PREFIX) {
            take_prefix(p, row);
            insn->rex = 0;
        } else if (p->long_mode && (*p->at & 0xf0) == 0x40) {
            insn->rex = *p->at;
        } else {
            break;
        }
        p->at++;
    }
    if (insn->rex) {
        insn->prefixes |= X86_PREFIX_REX;
    }
}

/* 66, 67, FS and GS came with the 386. */
static bool prefixes_exist(const struct parse *p)
{
    if (!p->old) {
        return true;
    }
    return !(p->insn->prefixes & (X86_PREFIX_OPERAND | X86_PREFIX_ADDRESS)) &&
           p->seg_override < X86_FS;
}

/* ---- the row --------------------------------------------------------------------------------- */

static bool has_feature(const struct parse *p, unsigned feature)
{
    /* Without an x87 its opcodes are no #UD: CR0.EM decides. */
    uint64_t always = UINT64_C(1) << X86_FEATURE_BASE | UINT64_C(1) << X86_FEATURE_FPU;
    return (p->mode->features | always) >> feature & 1;
}

static unsigned selector_of(const struct x86_insn *insn)
{
    if (insn->prefixes & X86_PREFIX_REP) {
        return SELECT_F3;
    }
    if (insn->prefixes & X86_PREFIX_REPNE) {
        return SELECT_F2;
    }
    return insn->prefixes & X86_PREFIX_OPERAND ? SELECT_66 : SELECT_NONE;
}

/* `plain` and `selected`: the rows without and with the mandatory prefix. */
static const struct row *choose(struct parse *p, const struct row *plain,
                                const struct row *selected, unsigned selector)
{
    static const uint8_t prefix_byte[SELECTORS] = {0, 0x66, 0xf3, 0xf2};
    if (selector == SELECT_NONE) {
        return plain;
    }
    if (selected->kind != ROW_EMPTY && has_feature(p, selected->feature)) {
        p->insn->mandatory = prefix_byte[selector];
        return selected;
    }
    if (plain->flags & X86_ROW_NP) {
        p->undefined = true;
    }
    return plain;
}

static const struct row *choose_in_map(struct parse *p, const struct row map[SELECTORS][256])
{
    unsigned selector = selector_of(p->insn);
    unsigned opcode = *p->at++;
    p->insn->opcode = (uint8_t)opcode;
    return choose(p, &map[SELECT_NONE][opcode], &map[selector][opcode], selector);
}

static void take_modrm(struct parse *p)
{
    if (p->insn->has_modrm) {
        return;
    }
    p->insn->has_modrm = 1;
    p->insn->modrm = *p->at++;
}

static bool register_form(const struct x86_insn *insn)
{
    return insn->modrm >= 0xc0;
}

/* The 8086 has something in every place: what bytes the odd forms of FE move is not documented,
 * they are taken for those of FF. */
static const struct row *fold_group(const struct row *row, unsigned *group, unsigned *reg)
{
    if (*group == GROUP_grp1a || *group == GROUP_grp11) {
        *reg = 0;
    } else if (*group == GROUP_grp2 && *reg == 6) {
        *group = GROUP_grp2_8086;
        *reg = 0;
    } else if (*group == GROUP_grp4 && *reg > 1) {
        row = &x86_map_1byte[0xff];
        *group = GROUP_grp5;
    }
    if (*group == GROUP_grp5 && *reg == 7) {
        *reg = 6;
    }
    return row;
}

/* Operands, flags and feature of the opcode's row and of the group's add up. */
static struct row group_row(struct parse *p, const struct row *opcode_row)
{
    take_modrm(p);
    const struct x86_insn *insn = p->insn;
    unsigned selector = selector_of(insn);
    unsigned form = register_form(insn);
    unsigned reg = insn->modrm >> 3 & 7;
    unsigned number = opcode_row->group;
    if (before(p, X86_FEATURE_186)) {
        opcode_row = fold_group(opcode_row, &number, &reg);
    }
    const struct row(*group)[2][8] = x86_groups[number];
    struct row row =
        *choose(p, &group[SELECT_NONE][form][reg], &group[selector][form][reg], selector);
    if (row.kind == ROW_EMPTY && opcode_row->group == GROUP_grp7 && form) {
        row = x86_group7_exact[insn->modrm - 0xc0];
        p->undefined |= row.flags & X86_ROW_NP && selector != SELECT_NONE;
    }
    for (unsigned i = 0; i < 3; i++) {
        row.ops[i] |= opcode_row->ops[i];
    }
    row.flags |= opcode_row->flags;
    if (row.feature == X86_FEATURE_BASE) {
        row.feature = opcode_row->feature;
    }
    return row;
}

static const struct row *coprocessor_row(struct parse *p)
{
    unsigned escape = p->insn->opcode - 0xd8U;
    take_modrm(p);
    unsigned modrm = p->insn->modrm;
    unsigned reg = modrm >> 3 & 7;
    if (!register_form(p->insn)) {
        return &x86_x87_memory[escape][reg];
    }
    if (x86_x87_sti[escape][reg].kind != ROW_EMPTY) {
        return &x86_x87_sti[escape][reg];
    }
    return &x86_x87_one[escape][modrm - 0xc0];
}

static struct row x87_row(struct parse *p)
{
    const struct row *row = coprocessor_row(p);
    bool known = row->kind != ROW_EMPTY && has_feature(p, row->feature);
    return p->old && !known ? x86_alternatives[ALT_d8_before_386] : *row;
}

/* The opcode follows the address: skip that first. */
static struct row row_3dnow(struct parse *p)
{
    struct x86_operand skipped = {0};
    take_modrm(p);
    const uint8_t *suffix = p->at;
    if (!register_form(p->insn)) {
        suffix = x86_modrm_memory(p->insn, p->at, p->long_mode, &skipped);
    }
    p->insn->map = 4;
    p->insn->opcode = *suffix;
    if (x86_map_3dnow[*suffix].kind == ROW_EMPTY) {
        p->at = suffix + 1;
    }
    return x86_map_3dnow[*suffix];
}

static struct row row_0f(struct parse *p)
{
    struct x86_insn *insn = p->insn;
    if (*p->at == 0x38 || *p->at == 0x3a) {
        insn->map = *p->at == 0x38 ? 2 : 3;
        p->at++;
        return *choose_in_map(p, insn->map == 2 ? x86_map_0f38 : x86_map_0f3a);
    }
    if (*p->at == 0x0f) {
        p->at++;
        return row_3dnow(p);
    }
    insn->map = 1;
    const struct row *row = choose_in_map(p, x86_map_0f);
    if (row->feature == X86_FEATURE_SYSCALL && before(p, X86_FEATURE_SYSCALL)) {
        return x86_alternatives[insn->opcode == 5 ? ALT_05_on_286 : ALT_07_on_386];
    }
    return row->kind == ROW_GROUP ? group_row(p, row) : *row;
}

static struct row find_row(struct parse *p)
{
    struct x86_insn *insn = p->insn;
    unsigned opcode = p->old ? fold_opcode(p, *p->at) : *p->at;
    p->at++;
    insn->opcode = (uint8_t)opcode;
    const struct row *row = &x86_map_1byte[opcode];
    if (row->kind == ROW_GROUP) {
        return group_row(p, row);
    }
    if (opcode == 0x0f) {
        return before(p, X86_FEATURE_186) ? x86_alternatives[ALT_0f_on_8086] : row_0f(p);
    }
    if ((opcode & 0xf8) == 0xd8) {
        return x87_row(p);
    }
    if (opcode == 0x63 && p->long_mode) {
        return x86_alternatives[ALT_63_in_long_mode];
    }
    if (opcode == 0x90 && insn->rex & REX_B) {
        return x86_alternatives[ALT_90_with_rex_b];
    }
    if (opcode == 0x90 && insn->prefixes & X86_PREFIX_REP) {
        insn->mandatory = 0xf3;
        return x86_alternatives[ALT_90_with_f3];
    }
    return *row;
}

static bool row_allowed(const struct parse *p, const struct row *row)
{
    if (row->kind != ROW_OP || p->undefined || !has_feature(p, row->feature)) {
        return false;
    }
    if (p->long_mode ? row->flags & X86_ROW_I64 : row->flags & X86_ROW_O64) {
        return false;
    }
    return p->mode->protected_mode || !(row->flags & X86_ROW_PROT);
}

static void set_sizes(struct parse *p, unsigned flags)
{
    struct x86_insn *insn = p->insn;
    bool other = insn->prefixes & X86_PREFIX_OPERAND;
    if (!p->long_mode) {
        insn->operand_size = (p->mode->code_size == 16) != other ? 2 : 4;
        return;
    }
    if (flags & X86_ROW_F64 || insn->rex & REX_W) {
        insn->operand_size = 8;
    } else if (flags & X86_ROW_D64) {
        insn->operand_size = other ? 2 : 8;
    } else {
        insn->operand_size = other ? 2 : 4;
    }
}

static uint8_t address_size(const struct parse *p)
{
    bool other = p->insn->prefixes & X86_PREFIX_ADDRESS;
    if (p->long_mode) {
        return other ? 4 : 8;
    }
    return (p->mode->code_size == 16) != other ? 2 : 4;
}

/* ---- operands -------------------------------------------------------------------------------- */

static void set(struct x86_operand *op, enum x86_operand_kind kind, unsigned reg)
{
    op->kind = (uint8_t)kind;
    op->reg = (uint8_t)reg;
}

static void general(const struct parse *p, struct x86_operand *op, unsigned reg)
{
    if (op->width == 1 && (reg & 0xc) == 4 && !p->insn->rex) {
        set(op, X86_OPERAND_HIGH, reg & 3);
    } else {
        set(op, X86_OPERAND_REG, reg);
    }
}

static void immediate(struct parse *p, struct x86_operand *op, unsigned bytes, bool is_signed)
{
    op->kind = X86_OPERAND_IMM;
    if (is_signed) {
        op->value = bytes == 1   ? (int8_t)*p->at
                    : bytes == 2 ? (int16_t)load_le16(p->at)
                                 : (int32_t)load_le32(p->at);
    } else {
        op->value = (int64_t)load_le(p->at, bytes);
    }
    p->at += bytes;
}

static void relative(struct parse *p, struct x86_operand *op, unsigned bytes)
{
    immediate(p, op, bytes, true);
    op->kind = X86_OPERAND_REL;
}

static void far_pointer(struct parse *p, struct x86_operand *op)
{
    unsigned bytes = op->width - 2U;
    uint64_t offset = load_le(p->at, bytes);
    uint64_t selector = load_le16(p->at + bytes);
    op->kind = X86_OPERAND_FARPTR;
    op->value = (int64_t)(selector << 32 | offset);
    p->at += op->width;
}

/* Memory without ModRM. */
static void implied_memory(const struct parse *p, struct x86_operand *op, int base, int index,
                           bool overridable)
{
    op->kind = X86_OPERAND_MEM;
    op->base = (int8_t)base;
    op->index = (int8_t)index;
    op->seg = overridable ? X86_DS : X86_ES;
    if (overridable && p->seg_override >= 0) {
        op->seg = (uint8_t)p->seg_override;
    }
}

static void moffs(struct parse *p, struct x86_operand *op)
{
    implied_memory(p, op, X86_NO_REG, X86_NO_REG, true);
    op->value = (int64_t)load_le(p->at, p->insn->address_size);
    p->at += p->insn->address_size;
}

static void modrm_memory(struct parse *p, struct x86_operand *op)
{
    op->kind = X86_OPERAND_MEM;
    p->at = x86_modrm_memory(p->insn, p->at, p->long_mode, op);
    if (p->seg_override >= 0) {
        op->seg = (uint8_t)p->seg_override;
    }
}

/* Fourth bit of a register number. */
static unsigned extension(const struct x86_insn *insn, unsigned rex_bit)
{
    return insn->rex & rex_bit ? 8 : 0;
}

/* Only two bits of a segment register's number reach the 8086, and CS can be loaded. */
static void segment_register(struct parse *p, struct x86_operand *op, unsigned field)
{
    if (before(p, X86_FEATURE_186)) {
        set(op, X86_OPERAND_SREG, field & 3);
        return;
    }
    bool is_destination = op == p->insn->ops;
    p->undefined |=
        field >= (p->old ? X86_FS : X86_SEGMENTS) || (field == X86_CS && is_destination);
    set(op, X86_OPERAND_SREG, field);
}

/* CR1, CR5..7 and CR9 on, DR8 on and segment registers 6 and 7 do not exist; MOV to CS is #UD. */
static void system_register(struct parse *p, struct x86_operand *op, enum operand_shape shape)
{
    unsigned field = p->insn->modrm >> 3 & 7;
    unsigned reg = field | extension(p->insn, REX_R);
    switch ((unsigned)shape) {
    case SHAPE_S:
        segment_register(p, op, field);
        break;
    case SHAPE_C:
        p->undefined |= reg != 0 && reg != 2 && reg != 3 && reg != 4 && reg != 8;
        set(op, X86_OPERAND_CR, reg);
        break;
    case SHAPE_D:
        p->undefined |= reg >= 8;
        set(op, X86_OPERAND_DR, reg);
        break;
    case SHAPE_T:
        p->undefined |= reg < (before(p, X86_FEATURE_486) ? 6 : 3);
        set(op, X86_OPERAND_TR, reg);
        break;
    default:
        break;
    }
}

static unsigned rm_register(const struct x86_insn *insn)
{
    return (insn->modrm & 7U) | extension(insn, REX_B);
}

static unsigned reg_register(const struct x86_insn *insn)
{
    return (insn->modrm >> 3 & 7U) | extension(insn, REX_R);
}

static void modrm_operand(struct parse *p, struct x86_operand *op, enum operand_shape shape)
{
    struct x86_insn *insn = p->insn;
    bool is_register = register_form(insn);
    switch ((unsigned)shape) {
    case SHAPE_M:
        p->undefined |= is_register;
        if (!is_register) {
            modrm_memory(p, op);
        }
        break;
    case SHAPE_R:
        p->undefined |= !is_register;
        general(p, op, rm_register(insn));
        break;
    case SHAPE_RX:
        general(p, op, rm_register(insn));
        break;
    case SHAPE_P:
        set(op, X86_OPERAND_MMX, insn->modrm >> 3 & 7);
        break;
    case SHAPE_N:
        p->undefined |= !is_register;
        set(op, X86_OPERAND_MMX, insn->modrm & 7);
        break;
    case SHAPE_Q:
        is_register ? set(op, X86_OPERAND_MMX, insn->modrm & 7) : modrm_memory(p, op);
        break;
    case SHAPE_V:
        set(op, X86_OPERAND_XMM, reg_register(insn));
        break;
    case SHAPE_U:
        p->undefined |= !is_register;
        set(op, X86_OPERAND_XMM, rm_register(insn));
        break;
    case SHAPE_W:
        is_register ? set(op, X86_OPERAND_XMM, rm_register(insn)) : modrm_memory(p, op);
        break;
    case SHAPE_STI:
        set(op, X86_OPERAND_ST, insn->modrm & 7);
        break;
    default:
        system_register(p, op, shape);
        break;
    }
}

static void immediate_operand(struct parse *p, struct x86_operand *op, enum operand_shape shape)
{
    struct x86_insn *insn = p->insn;
    unsigned full = insn->operand_size;
    unsigned cut = full == 2 ? 2 : 4;
    switch ((unsigned)shape) {
    case SHAPE_IB:
        immediate(p, op, 1, false);
        break;
    case SHAPE_IW:
        immediate(p, op, 2, false);
        break;
    case SHAPE_IZ:
        immediate(p, op, cut, true);
        break;
    case SHAPE_IV:
        immediate(p, op, full, false);
        break;
    case SHAPE_SIB:
        immediate(p, op, 1, true);
        break;
    case SHAPE_IBZ:
        immediate(p, op, insn->opcode & 1 ? cut : 1, true);
        op->width = insn->ops[0].width;
        break;
    case SHAPE_IBIB:
        immediate(p, op, 1, false);
        insn->nops++;
        op[1].width = 1;
        immediate(p, op + 1, 1, false);
        break;
    case SHAPE_JB:
        relative(p, op, 1);
        break;
    case SHAPE_JZ:
        relative(p, op, cut);
        break;
    case SHAPE_AP:
        far_pointer(p, op);
        break;
    default:
        break;
    }
}

static void implied_operand(struct parse *p, struct x86_operand *op, enum operand_shape shape)
{
    struct x86_insn *insn = p->insn;
    switch ((unsigned)shape) {
    case SHAPE_Z:
        general(p, op, (insn->opcode & 7U) | extension(insn, REX_B));
        break;
    case SHAPE_A:
        set(op, X86_OPERAND_REG, 0);
        break;
    case SHAPE_CL:
        set(op, X86_OPERAND_REG, 1);
        break;
    case SHAPE_DX:
        set(op, X86_OPERAND_REG, 2);
        break;
    case SHAPE_FIXED_ES:
    case SHAPE_FIXED_CS:
    case SHAPE_FIXED_SS:
    case SHAPE_FIXED_DS:
    case SHAPE_FIXED_FS:
    case SHAPE_FIXED_GS:
        set(op, X86_OPERAND_SREG, (unsigned)shape - SHAPE_FIXED_ES);
        break;
    case SHAPE_XMM0:
        set(op, X86_OPERAND_XMM, 0);
        break;
    case SHAPE_ST0:
        set(op, X86_OPERAND_ST, 0);
        break;
    case SHAPE_ONE:
        op->kind = X86_OPERAND_IMM;
        op->value = 1;
        break;
    case SHAPE_X:
        implied_memory(p, op, 6, X86_NO_REG, true);
        break;
    case SHAPE_Y:
        implied_memory(p, op, 7, X86_NO_REG, false);
        break;
    case SHAPE_BXAL: /* the index is AL alone */
        implied_memory(p, op, 3, 0, true);
        break;
    case SHAPE_O:
        moffs(p, op);
        break;
    default:
        break;
    }
}

static unsigned width_bytes(const struct x86_insn *insn, unsigned width)
{
    return x86_width_bytes[width][insn->operand_size >> 2];
}

static void take_operand(struct parse *p, unsigned code)
{
    struct x86_insn *insn = p->insn;
    const struct operand_facts *facts = &x86_operand_facts[code];
    struct x86_operand *op = &insn->ops[insn->nops++];
    enum operand_shape shape = (enum operand_shape)facts->shape;
    bool is_register = insn->has_modrm && register_form(insn);
    op->width = (uint16_t)width_bytes(insn, is_register ? facts->reg_width : facts->width);
    if (shape == SHAPE_G) { /* the two most frequent first */
        general(p, op, reg_register(insn));
    } else if (shape == SHAPE_E) {
        is_register ? general(p, op, rm_register(insn)) : modrm_memory(p, op);
    } else if (shape > SHAPE_E) {
        modrm_operand(p, op, shape);
    } else if (shape >= SHAPE_IB && shape <= SHAPE_AP) {
        immediate_operand(p, op, shape);
    } else {
        implied_operand(p, op, shape);
    }
}

static void take_operands(struct parse *p, const struct row *row)
{
    if (row->modrm) {
        take_modrm(p);
    }
    for (unsigned i = 0; i < 3 && row->ops[i] != OPERAND_none; i++) {
        take_operand(p, row->ops[i]);
    }
    if (p->insn->map == 4) {
        p->at++;
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Up to the 80286 LOCK goes with everything. */
static bool lock_allowed(const struct parse *p)
{
    const struct x86_insn *insn = p->insn;
    if (!(insn->prefixes & X86_PREFIX_LOCK) || p->old) {
        return true;
    }
    return insn->flags & X86_ROW_LOCK && insn->ops[0].kind == X86_OPERAND_MEM;
}

/* A mandatory prefix is no repeat prefix. */
static void drop_mandatory(struct x86_insn *insn)
{
    if (insn->mandatory == 0xf3 || insn->mandatory == 0xf2) {
        insn->prefixes &= (uint8_t) ~(X86_PREFIX_REP | X86_PREFIX_REPNE);
    }
}

static void take_row(struct parse *p, const struct row *row)
{
    struct x86_insn *insn = p->insn;
    insn->mnemonic = (enum x86_mnemonic)row->mnemonic;
    insn->class = row->class;
    insn->feature = row->feature;
    insn->flags = row->flags;
    take_operands(p, row);
}

/* The 80286 finds an instruction too long before it finds that its group has none of that number.
 */
static void count_operands(struct parse *p, const struct row *row)
{
    if (p->old && row->kind == ROW_EMPTY) {
        take_operands(p, row);
        p->insn->nops = 0;
    }
}

static bool parse_instruction(struct parse *p)
{
    struct x86_insn *insn = p->insn;
    insn->opcode_at = (uint8_t)(p->at - p->start);
    insn->address_size = address_size(p);
    struct row row = find_row(p);
    set_sizes(p, row.flags);
    if (!row_allowed(p, &row)) {
        count_operands(p, &row);
        return false;
    }
    take_row(p, &row);
    drop_mandatory(insn);
    return !p->undefined && lock_allowed(p) && prefixes_exist(p);
}

/* True for a one-byte opcode without prefixes that every model and mode but the 64-bit one has:
 * most of all code.  Nothing but its operands is to be looked at. */
static bool is_simple(const struct parse *p, const struct row *row)
{
    return row->kind == ROW_OP && row->feature == X86_FEATURE_BASE &&
           !(row->flags & (X86_ROW_PROT | X86_ROW_O64)) && !p->long_mode;
}

static bool parse_simple(struct parse *p, const struct row *row)
{
    struct x86_insn *insn = p->insn;
    insn->opcode = *p->at++;
    insn->address_size = insn->operand_size = p->mode->code_size / 8;
    take_row(p, row);
    return !p->undefined;
}

/* In pieces small enough to become a few vector stores; as one it is a slow string instruction.
 */
static void clear(struct x86_insn *insn)
{
    memset(insn, 0, offsetof(struct x86_insn, ops));
    for (unsigned i = 0; i < X86_MAX_OPERANDS; i++) {
        insn->ops[i] = (struct x86_operand){0};
    }
}

/* Longest instruction; the 8086 and 80186 have no limit. */
static unsigned max_length(const struct parse *p)
{
    return p->old && !before(p, X86_FEATURE_286) ? 10 : X86_MAX_LENGTH;
}

/* A prefix alone: what is left of an instruction that is too long for the window, where there is no
 * limit.  The rest is decoded next; a prefix counts only when it is among the last of many. */
static enum x86_decode_result lone_prefix(struct x86_insn *insn)
{
    clear(insn);
    insn->mnemonic = X86_nop;
    insn->length = 1;
    insn->operand_size = insn->address_size = 2;
    return X86_DECODED;
}

static enum x86_decode_result finish(struct parse *p, bool defined, size_t available)
{
    struct x86_insn *insn = p->insn;
    size_t length = (size_t)(p->at - p->start);
    insn->length = (uint8_t)length;
    if (length > available && available < X86_MAX_LENGTH) {
        return X86_NEED_MORE;
    }
    if (length > max_length(p)) {
        return before(p, X86_FEATURE_286) ? lone_prefix(insn) : X86_TOO_LONG;
    }
    if (defined) {
        return X86_DECODED;
    }
    insn->mnemonic = X86_invalid;
    insn->class = X86_PLAIN;
    return X86_UNDEFINED;
}

enum x86_decode_result x86_decode(const uint8_t *bytes, size_t available,
                                  const struct x86_decode_mode *mode, struct x86_insn *out)
{
    uint8_t window[WINDOW];
    if (available < WINDOW) {
        memcpy(window, bytes, available);
        memset(window + available, 0, WINDOW - available);
        bytes = window;
    }
    clear(out);
    struct parse p = {
        .start = bytes,
        .at = bytes,
        .insn = out,
        .mode = mode,
        .seg_override = -1,
        .long_mode = mode->code_size == 64,
    };
    p.old = before(&p, X86_FEATURE_386);
    const struct row *row = &x86_map_1byte[*bytes];
    if (is_simple(&p, row) && available != 0) {
        return finish(&p, parse_simple(&p, row), available);
    }
    take_prefixes(&p);
    if (p.at == bytes + X86_MAX_LENGTH) {
        p.at++; /* 15 prefixes: the opcode is the 16th byte */
    } else if (available <= (size_t)(p.at - bytes)) {
        p.at++; /* the opcode itself is missing */
    } else {
        return finish(&p, parse_instruction(&p), available);
    }
    return finish(&p, false, available);
}
