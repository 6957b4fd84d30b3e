/*
 * Every row of the decode tables as the bytes that lead to it.
 *
 * Rows come out of the arrays of table.h, so a new one is tested without a line here.
 */
#ifndef TESTS_UNIT_FRONTEND_X86_DECODE_DECODE_ROWS_H
#define TESTS_UNIT_FRONTEND_X86_DECODE_DECODE_ROWS_H

#include "frontend/x86/decode/table.h"

enum { ANY = -1, MEMORY_FORM = 0, REGISTER_FORM = 1, DECODE_ROWS_MAX = 4000 };

struct decode_row {
    struct row row;
    const char *where; /* name of its map */
    uint8_t mandatory; /* prefix, 0: none */
    uint8_t opcode[4]; /* escapes and opcode */
    uint8_t opcode_bytes;
    int form;   /* of the ModRM byte: ANY, MEMORY_FORM, REGISTER_FORM */
    int reg;    /* its reg field, or ANY */
    int modrm;  /* the whole of it, or ANY */
    int suffix; /* 3DNow!: the byte behind the operands, or ANY */
};

struct decode_rows {
    unsigned count;
    struct decode_row rows[DECODE_ROWS_MAX];
};

static void decode_rows_add(struct decode_rows *rows, const struct decode_row *like,
                            const struct row *row)
{
    if (row->kind == ROW_OP && !(row->flags & X86_ROW_O64) && rows->count < DECODE_ROWS_MAX) {
        rows->rows[rows->count] = *like;
        rows->rows[rows->count++].row = *row;
    }
}

static struct decode_row decode_row_at(const char *where, unsigned selector, const uint8_t *opcode,
                                       unsigned bytes)
{
    static const uint8_t mandatory[SELECTORS] = {0, 0x66, 0xf3, 0xf2};
    struct decode_row at = {.where = where,
                            .mandatory = mandatory[selector],
                            .opcode_bytes = (uint8_t)bytes,
                            .form = ANY,
                            .reg = ANY,
                            .modrm = ANY,
                            .suffix = ANY};
    for (unsigned i = 0; i < bytes; i++) {
        at.opcode[i] = opcode[i];
    }
    return at;
}

/* Operands that only one form of the ModRM byte has. */
static bool decode_row_has_form(const struct row *row, const struct row *opcode_row, int form)
{
    for (unsigned i = 0; i < 3; i++) {
        switch (x86_operand_facts[row->ops[i] | opcode_row->ops[i]].shape) {
        case SHAPE_M:
            if (form == REGISTER_FORM) {
                return false;
            }
            break;
        case SHAPE_R:
        case SHAPE_N:
        case SHAPE_U:
            if (form == MEMORY_FORM) {
                return false;
            }
            break;
        default:
            break;
        }
    }
    return true;
}

/* at: where the opcode's row leads to this group. */
static void decode_rows_add_group(struct decode_rows *rows, struct decode_row at,
                                  const struct row *opcode_row)
{
    unsigned group = opcode_row->group;
    for (unsigned selector = 0; selector < SELECTORS; selector++) {
        for (int form = 0; form < 2; form++) {
            for (int reg = 0; reg < 8; reg++) {
                const struct row *row = &x86_groups[group][selector][form][reg];
                struct decode_row member =
                    decode_row_at(at.where, selector, at.opcode, at.opcode_bytes);
                member.form = form;
                member.reg = reg;
                member.mandatory = member.mandatory ? member.mandatory : at.mandatory;
                if (decode_row_has_form(row, opcode_row, form)) {
                    decode_rows_add(rows, &member, row);
                }
            }
        }
    }
    for (int modrm = 0xc0; group == GROUP_grp7 && modrm < 0x100; modrm++) {
        at.form = REGISTER_FORM;
        at.modrm = modrm;
        decode_rows_add(rows, &at, &x86_group7_exact[modrm - 0xc0]);
    }
}

static void decode_rows_add_map(struct decode_rows *rows, const char *where,
                                const struct row map[256], unsigned selector, const uint8_t *escape,
                                unsigned escape_bytes)
{
    for (unsigned code = 0; code < 256; code++) {
        uint8_t opcode[4] = {0};
        for (unsigned i = 0; i < escape_bytes; i++) {
            opcode[i] = escape[i];
        }
        opcode[escape_bytes] = (uint8_t)code;
        struct decode_row at = decode_row_at(where, selector, opcode, escape_bytes + 1);
        if (map[code].kind == ROW_GROUP) {
            decode_rows_add_group(rows, at, &map[code]);
        } else {
            decode_rows_add(rows, &at, &map[code]);
        }
    }
}

static void decode_rows_add_x87(struct decode_rows *rows)
{
    for (unsigned escape = 0; escape < 8; escape++) {
        uint8_t opcode = (uint8_t)(0xd8 + escape);
        struct decode_row at = decode_row_at("x87", SELECT_NONE, &opcode, 1);
        for (int reg = 0; reg < 8; reg++) {
            at.reg = reg;
            at.form = MEMORY_FORM;
            decode_rows_add(rows, &at, &x86_x87_memory[escape][reg]);
            at.form = REGISTER_FORM;
            decode_rows_add(rows, &at, &x86_x87_sti[escape][reg]);
        }
        at.reg = ANY;
        for (int modrm = 0xc0; modrm < 0x100; modrm++) {
            at.modrm = modrm;
            decode_rows_add(rows, &at, &x86_x87_one[escape][modrm - 0xc0]);
        }
    }
}

static void decode_rows_add_3dnow(struct decode_rows *rows)
{
    static const uint8_t opcode[2] = {0x0f, 0x0f};
    for (int suffix = 0; suffix < 256; suffix++) {
        struct decode_row at = decode_row_at("3DNow!", SELECT_NONE, opcode, 2);
        at.suffix = suffix;
        decode_rows_add(rows, &at, &x86_map_3dnow[suffix]);
    }
}

static void decode_rows_collect(struct decode_rows *rows)
{
    static const uint8_t escape[3] = {0x0f, 0x38, 0};
    static const uint8_t escape_3a[2] = {0x0f, 0x3a};
    uint8_t pause[1] = {0x90};
    struct decode_row at = decode_row_at("one-byte", SELECT_F3, pause, 1);
    rows->count = 0;
    decode_rows_add_map(rows, "one-byte", x86_map_1byte, SELECT_NONE, escape, 0);
    decode_rows_add(rows, &at, &x86_alternatives[ALT_90_with_f3]);
    for (unsigned selector = 0; selector < SELECTORS; selector++) {
        decode_rows_add_map(rows, "0F", x86_map_0f[selector], selector, escape, 1);
        decode_rows_add_map(rows, "0F_38", x86_map_0f38[selector], selector, escape, 2);
        decode_rows_add_map(rows, "0F_3A", x86_map_0f3a[selector], selector, escape_3a, 2);
    }
    decode_rows_add_x87(rows);
    decode_rows_add_3dnow(rows);
}

#endif
