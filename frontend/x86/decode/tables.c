/* The opcode tables: every .def row as an array element. Two rows for one place do not compile. */
#include "frontend/x86/decode/table.h"

_Static_assert((int)X86_FEATURES <= 64, "features are bits of a 64-bit mask");

enum {
#define OPERAND(code, shape, width, reg_width) SHAPE_OF_##code = SHAPE_##shape,
#include "frontend/x86/decode/operands.def"
};

/* Short names of the flags column. */
enum {
    LOCK = X86_ROW_LOCK,
    D64 = X86_ROW_D64,
    F64 = X86_ROW_F64,
    I64 = X86_ROW_I64,
    O64 = X86_ROW_O64,
    PROT = X86_ROW_PROT,
    NP = X86_ROW_NP,
    REP = X86_ROW_REP,
    REPZ = X86_ROW_REPZ,
    UNDOC = X86_ROW_UNDOC,
    IMPLICIT = X86_ROW_IMPLICIT,
};

#define NEEDS_MODRM(a, b, c)                                                   \
    ((int)SHAPE_OF_##a >= (int)SHAPE_E || (int)SHAPE_OF_##b >= (int)SHAPE_E || \
     (int)SHAPE_OF_##c >= (int)SHAPE_E)

/* clang-format off */
#define ROW(name, a, b, c, cls, fl, ft)                                        \
    {.mnemonic = X86_##name, .flags = (fl),                                    \
     .ops = {OPERAND_##a, OPERAND_##b, OPERAND_##c}, .kind = ROW_OP,           \
     .class = X86_##cls, .feature = X86_FEATURE_##ft,                          \
     .modrm = NEEDS_MODRM(a, b, c)}
#define GROUP_ROW(grp, a, b, c, fl, ft)                                        \
    {.flags = (fl), .ops = {OPERAND_##a, OPERAND_##b, OPERAND_##c},            \
     .kind = ROW_GROUP, .feature = X86_FEATURE_##ft, .group = GROUP_##grp, .modrm = 1}
/* clang-format on */

const struct operand_facts x86_operand_facts[OPERANDS] = {
#define OPERAND(code, shape, width, reg_width) \
    [OPERAND_##code] = {SHAPE_##shape, WIDTH_##width, WIDTH_##reg_width},
#include "frontend/x86/decode/operands.def"
};

const uint16_t x86_width_bytes[WIDTHS][3] = {
#define WIDTH(name, at2, at4, at8) {at2, at4, at8},
#include "frontend/x86/decode/operands.def"
};

const struct row x86_map_1byte[256] = {
#define PREFIX(code, prefix, segment) \
    [code] = {.kind = ROW_PREFIX, .group = X86_PREFIX_##prefix, .class = segment},
#define OP(code, name, a, b, c, cls, fl, ft) [code] = ROW(name, a, b, c, cls, fl, ft),
#define ALT(which, name, a, b, c, cls, fl, ft)
#define GROUP(code, grp, a, b, c, fl, ft) [code] = GROUP_ROW(grp, a, b, c, fl, ft),
#include "frontend/x86/decode/map_1byte.def"
};

const struct row x86_alternatives[ALTERNATIVES] = {
#define PREFIX(code, prefix, segment)
#define OP(code, name, a, b, c, cls, fl, ft)
#define ALT(which, name, a, b, c, cls, fl, ft) [ALT_##which] = ROW(name, a, b, c, cls, fl, ft),
#define GROUP(code, grp, a, b, c, fl, ft)
#include "frontend/x86/decode/map_1byte.def"
#define OP(code, name, a, b, c, cls, fl, ft)
#define NP(code, name, a, b, c, cls, fl, ft)
#define P66(code, name, a, b, c, cls, fl, ft)
#define PF3(code, name, a, b, c, cls, fl, ft)
#define PF2(code, name, a, b, c, cls, fl, ft)
#define ALT(which, name, a, b, c, cls, fl, ft) [ALT_##which] = ROW(name, a, b, c, cls, fl, ft),
#define GROUP(code, grp, a, b, c, fl, ft)
#include "frontend/x86/decode/map_0f.def"
};

/* clang-format off */
#define X_OP(code, name, a, b, c, cls, fl, ft) [0][code] = ROW(name, a, b, c, cls, fl, ft),
#define X_NP(code, name, a, b, c, cls, fl, ft)                                 \
    [0][code] = ROW(name, a, b, c, cls, (fl) | X86_ROW_NP, ft),
#define X_P66(code, name, a, b, c, cls, fl, ft) [1][code] = ROW(name, a, b, c, cls, fl, ft),
#define X_PF3(code, name, a, b, c, cls, fl, ft) [2][code] = ROW(name, a, b, c, cls, fl, ft),
#define X_PF2(code, name, a, b, c, cls, fl, ft) [3][code] = ROW(name, a, b, c, cls, fl, ft),
/* clang-format on */

const struct row x86_map_0f[SELECTORS][256] = {
#define OP  X_OP
#define NP  X_NP
#define P66 X_P66
#define PF3 X_PF3
#define PF2 X_PF2
#define ALT(which, name, a, b, c, cls, fl, ft)
#define GROUP(code, grp, a, b, c, fl, ft) [0][code] = GROUP_ROW(grp, a, b, c, fl, ft),
#include "frontend/x86/decode/map_0f.def"
};

const struct row x86_map_0f38[SELECTORS][256] = {
#define OP  X_OP
#define NP  X_NP
#define P66 X_P66
#define PF3 X_PF3
#define PF2 X_PF2
#include "frontend/x86/decode/map_0f38.def"
#undef PF3
#undef PF2
};

const struct row x86_map_0f3a[SELECTORS][256] = {
#define NP  X_NP
#define P66 X_P66
#include "frontend/x86/decode/map_0f3a.def"
};

const struct row x86_map_3dnow[256] = {
#define OP(code, name, a, b, c, cls, fl, ft) [code] = ROW(name, a, b, c, cls, fl, ft),
#include "frontend/x86/decode/map_3dnow.def"
};

/* clang-format off */
#define PLACE(grp, select, reg_form, reg, name, a, b, c, cls, fl, ft)          \
    [GROUP_##grp][select][reg_form][reg] = ROW(name, a, b, c, cls, fl, ft)
#define GRP(grp, reg, name, a, b, c, cls, fl, ft)                              \
    PLACE(grp, 0, 0, reg, name, a, b, c, cls, fl, ft),                         \
    PLACE(grp, 0, 1, reg, name, a, b, c, cls, fl, ft),
#define GRPM(grp, reg, name, a, b, c, cls, fl, ft)                             \
    PLACE(grp, 0, 0, reg, name, a, b, c, cls, fl, ft),
#define GRPR(grp, reg, name, a, b, c, cls, fl, ft)                             \
    PLACE(grp, 0, 1, reg, name, a, b, c, cls, fl, ft),
#define GRPMNP(grp, reg, name, a, b, c, cls, fl, ft)                           \
    PLACE(grp, 0, 0, reg, name, a, b, c, cls, (fl) | X86_ROW_NP, ft),
#define GRPRNP(grp, reg, name, a, b, c, cls, fl, ft)                           \
    PLACE(grp, 0, 1, reg, name, a, b, c, cls, (fl) | X86_ROW_NP, ft),
#define GRPM66(grp, reg, name, a, b, c, cls, fl, ft)                           \
    PLACE(grp, 1, 0, reg, name, a, b, c, cls, fl, ft),
#define GRPR66(grp, reg, name, a, b, c, cls, fl, ft)                           \
    PLACE(grp, 1, 1, reg, name, a, b, c, cls, fl, ft),
#define GRPMF3(grp, reg, name, a, b, c, cls, fl, ft)                           \
    PLACE(grp, 2, 0, reg, name, a, b, c, cls, fl, ft),
#define GRPRF3(grp, reg, name, a, b, c, cls, fl, ft)                           \
    PLACE(grp, 2, 1, reg, name, a, b, c, cls, fl, ft),
/* clang-format on */

const struct row x86_groups[GROUPS][SELECTORS][2][8] = {
#define EXACT(modrm, name, a, b, c, cls, fl, ft)
#include "frontend/x86/decode/groups.def"
};

/* clang-format off */
#define GRP(grp, reg, name, a, b, c, cls, fl, ft)
#define GRPM(grp, reg, name, a, b, c, cls, fl, ft)
#define GRPR(grp, reg, name, a, b, c, cls, fl, ft)
#define GRPMNP(grp, reg, name, a, b, c, cls, fl, ft)
#define GRPRNP(grp, reg, name, a, b, c, cls, fl, ft)
#define GRPM66(grp, reg, name, a, b, c, cls, fl, ft)
#define GRPR66(grp, reg, name, a, b, c, cls, fl, ft)
#define GRPMF3(grp, reg, name, a, b, c, cls, fl, ft)
#define GRPRF3(grp, reg, name, a, b, c, cls, fl, ft)
/* clang-format on */
const struct row x86_group7_exact[64] = {
#define EXACT(modrm, name, a, b, c, cls, fl, ft) [(modrm)-0xc0] = ROW(name, a, b, c, cls, fl, ft),
#include "frontend/x86/decode/groups.def"
};

const struct row x86_x87_memory[8][8] = {
#define MEM(escape, reg, name, a, b, c, fl, ft) \
    [(escape)-0xd8][reg] = ROW(name, a, b, c, PLAIN, fl, ft),
#define STI(escape, reg, name, a, b, c, fl, ft)
#define ONE(escape, modrm, name, a, b, c, fl, ft)
#include "frontend/x86/decode/x87.def"
};

const struct row x86_x87_sti[8][8] = {
#define MEM(escape, reg, name, a, b, c, fl, ft)
#define STI(escape, reg, name, a, b, c, fl, ft) \
    [(escape)-0xd8][reg] = ROW(name, a, b, c, PLAIN, fl, ft),
#define ONE(escape, modrm, name, a, b, c, fl, ft)
#include "frontend/x86/decode/x87.def"
};

const struct row x86_x87_one[8][64] = {
#define MEM(escape, reg, name, a, b, c, fl, ft)
#define STI(escape, reg, name, a, b, c, fl, ft)
#define ONE(escape, modrm, name, a, b, c, fl, ft) \
    [(escape)-0xd8][(modrm)-0xc0] = ROW(name, a, b, c, PLAIN, fl, ft),
#include "frontend/x86/decode/x87.def"
};
