/* The opcode tables as arrays, for decode.c: one struct row a .def row. */
#ifndef FRONTEND_X86_DECODE_TABLE_H
#define FRONTEND_X86_DECODE_TABLE_H

#include "frontend/x86/decode/insn.h"

/* Where an operand is; those from SHAPE_E on need a ModRM byte. */
enum operand_shape {
    SHAPE_NONE,
    SHAPE_Z,
    SHAPE_A,
    SHAPE_CL,
    SHAPE_DX,
    SHAPE_FIXED_ES, /* in the order of enum x86_segment */
    SHAPE_FIXED_CS,
    SHAPE_FIXED_SS,
    SHAPE_FIXED_DS,
    SHAPE_FIXED_FS,
    SHAPE_FIXED_GS,
    SHAPE_XMM0,
    SHAPE_ONE,
    SHAPE_X,
    SHAPE_Y,
    SHAPE_O,
    SHAPE_BXAL,
    SHAPE_IB,
    SHAPE_IW,
    SHAPE_IZ,
    SHAPE_IV,
    SHAPE_SIB,
    SHAPE_IBZ,
    SHAPE_IBIB,
    SHAPE_JB,
    SHAPE_JZ,
    SHAPE_AP,
    SHAPE_ST0,
    SHAPE_E,
    SHAPE_M,
    SHAPE_R,
    SHAPE_RX,
    SHAPE_G,
    SHAPE_S,
    SHAPE_C,
    SHAPE_D,
    SHAPE_T,
    SHAPE_P,
    SHAPE_N,
    SHAPE_Q,
    SHAPE_V,
    SHAPE_U,
    SHAPE_W,
    SHAPE_STI,
};

enum operand_width {
#define WIDTH(name, at2, at4, at8) WIDTH_##name,
#include "frontend/x86/decode/operands.def"
    WIDTHS,
};

enum operand_code {
#define OPERAND(code, shape, width, reg_width) OPERAND_##code,
#include "frontend/x86/decode/operands.def"
    OPERANDS,
};

struct operand_facts {
    uint8_t shape;     /* enum operand_shape */
    uint8_t width;     /* enum operand_width */
    uint8_t reg_width; /* of the register form */
};

enum row_kind { ROW_EMPTY, ROW_OP, ROW_GROUP, ROW_PREFIX };

enum opcode_group {
    GROUP_grp1,
    GROUP_grp1a,
    GROUP_grp2,
    GROUP_grp2_8086,
    GROUP_grp3,
    GROUP_grp4,
    GROUP_grp5,
    GROUP_grp6,
    GROUP_grp7,
    GROUP_grp8,
    GROUP_grp9,
    GROUP_grp11,
    GROUP_grp12,
    GROUP_grp13,
    GROUP_grp14,
    GROUP_grp15,
    GROUP_grp16,
    GROUP_grpp,
    GROUP_grp0f12,
    GROUP_grp0f16,
    GROUPS,
};

enum alternative_row {
    ALT_0f_on_8086,
    ALT_d8_before_386, /* what no coprocessor knows */
    ALT_63_in_long_mode,
    ALT_90_with_f3,
    ALT_90_with_rex_b,
    ALT_05_on_286, /* of the 0F map */
    ALT_07_on_386,
    ALTERNATIVES,
};

struct row {
    uint16_t mnemonic;
    uint16_t flags;  /* enum x86_row_flag */
    uint8_t ops[3];  /* enum operand_code */
    uint8_t kind;    /* enum row_kind */
    uint8_t class;   /* enum x86_class; ROW_PREFIX: the segment */
    uint8_t feature; /* enum x86_feature */
    uint8_t group;   /* enum opcode_group; ROW_PREFIX: enum x86_prefix */
    uint8_t modrm;   /* the row has a ModRM byte */
};

/* Second index of prefix-selected maps: the mandatory prefix. */
enum { SELECT_NONE, SELECT_66, SELECT_F3, SELECT_F2, SELECTORS };

extern const struct operand_facts x86_operand_facts[OPERANDS];
extern const uint16_t x86_width_bytes[WIDTHS][3]; /* at operand size 2, 4, 8 */
extern const struct row x86_map_1byte[256];
extern const struct row x86_alternatives[ALTERNATIVES];
extern const struct row x86_map_0f[SELECTORS][256];
extern const struct row x86_map_0f38[SELECTORS][256];
extern const struct row x86_map_0f3a[SELECTORS][256];
extern const struct row x86_map_3dnow[256];
extern const struct row x86_groups[GROUPS][SELECTORS][2][8]; /* [register form][reg] */
extern const struct row x86_group7_exact[64];                /* ModRM - C0 */
extern const struct row x86_x87_memory[8][8];                /* [escape - D8][reg] */
extern const struct row x86_x87_sti[8][8];
extern const struct row x86_x87_one[8][64]; /* [escape - D8][ModRM - C0] */

#endif
