#include "translator/ir/ir.h"

enum { FAULTS = IR_FAULTS, EXITS = IR_EXITS, ENDS = IR_ENDS };

const struct ir_row ir_rows[IR_OPS] = {
#define ALU(name, shape, writes, undefined, what) {#name, IR_SHAPE_##shape, writes, undefined, 0},
#define EFF(name, flags, what)                    {#name, IR_SHAPE_EFF, 0, 0, flags},
#include "translator/ir/ir_ops.def"
#undef ALU
#undef EFF
};

const uint16_t ir_cc_flags[16] = {
    FLAG_OF,
    FLAG_OF,
    FLAG_CF,
    FLAG_CF,
    FLAG_ZF,
    FLAG_ZF,
    FLAG_CF | FLAG_ZF,
    FLAG_CF | FLAG_ZF,
    FLAG_SF,
    FLAG_SF,
    FLAG_PF,
    FLAG_PF,
    FLAG_SF | FLAG_OF,
    FLAG_SF | FLAG_OF,
    FLAG_SF | FLAG_OF | FLAG_ZF,
    FLAG_SF | FLAG_OF | FLAG_ZF,
};

const struct x87_row x87_rows[X87_OPS] = {
#define X87(name, escape, modrm, form, what) {#name, escape, modrm, X87_FORM_##form},
#include "translator/ir/x87_ops.def"
#undef X87
};

const struct vec_row vec_rows[VEC_OPS] = {
#define VEC(name, prefix, opcode, form, flags) {#name, prefix, opcode, VEC_FORM_##form, flags},
#include "translator/ir/vec_ops.def"
#undef VEC
};

unsigned vec_memory_bytes(enum vec_op op)
{
    static const uint8_t bytes[] = {
        [VEC_FORM_X_XM16] = 16, [VEC_FORM_X_XM8] = 8, [VEC_FORM_X_XM4] = 4,
        [VEC_FORM_XM16_X] = 16, [VEC_FORM_XM8_X] = 8, [VEC_FORM_XM4_X] = 4,
        [VEC_FORM_P_PM8] = 8,   [VEC_FORM_PM8_P] = 8, [VEC_FORM_P_PM4] = 4,
        [VEC_FORM_P_XM16] = 16, [VEC_FORM_P_XM8] = 8, [VEC_FORM_X_PM8] = 8,
        [VEC_FORM_X_RM4] = 4,   [VEC_FORM_P_RM4] = 4, [VEC_FORM_RM4_X] = 4,
        [VEC_FORM_RM4_P] = 4,   [VEC_FORM_R_XM8] = 8, [VEC_FORM_R_XM4] = 4,
        [VEC_FORM_X_RM2] = 2,   [VEC_FORM_P_RM2] = 2, [VEC_FORM_X_XM2] = 2,
        [VEC_FORM_X_RM1] = 1,   [VEC_FORM_RM1_X] = 1, [VEC_FORM_RM2_X] = 2,
        [VEC_FORM_R_RM1] = 1,   [VEC_FORM_R_RM2] = 2, [VEC_FORM_R_RM4] = 4,
        [VEC_FORM_RM2_R] = 2,   [VEC_FORM_RM4_R] = 4};
    return bytes[vec_rows[op].form];
}
