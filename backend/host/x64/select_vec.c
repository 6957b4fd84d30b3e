/* MMX, SSE and related operations: the host's own instruction, or software where the host has none
 * or its result is its own. */
#include "backend/host/x64/select.h"

#include <cpuid.h>

static const struct flag_use no_flags;

/* Memory to or from ctx->slow_value through xmm8 or r12. */
static void copy_value(struct emit *e, unsigned size, struct x64_rm to, struct x64_rm from)
{
    if (x64_same(to, from)) {
        return;
    }
    if (size == 16) {
        x64_op(e->out, 4, X64_MEDIA | X64_0F | 0x10, 8, from);
        x64_op(e->out, 4, X64_MEDIA | X64_0F | 0x11, 8, to);
    } else {
        x64_load(e->out, size, REG_SCRATCH, from);
        x64_store(e->out, size, to, REG_SCRATCH);
    }
}

static unsigned memory_size(const struct ir_inst *inst)
{
    return vec_memory_bytes((enum vec_op)(inst->imm & 0xffff));
}

static void body_fetch(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    copy_value(e, memory_size(inst), x64_slow_operand(), mem);
}

static void body_deposit(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    copy_value(e, memory_size(inst), mem, x64_slow_operand());
}

static struct memory_access vec_access(const struct ir_inst *inst, enum access_kind kind)
{
    const struct vec_row *row = &vec_rows[inst->imm & 0xffff];
    struct memory_access access = access_of(inst, memory_size(inst), kind);
    access.aligned = (row->flags & VEC_ALIGNED) != 0 && access.size == 16;
    return access;
}

/* A store of an MMX register changes the x87 state, so the faults of its address come first. */
static void probe_mmx_store(struct emit *e, const struct ir_inst *inst)
{
    if (inst->dst == IR_MEM && inst->a >= IR_MM0 && inst->a < IR_MM0 + 8) {
        struct memory_access access = vec_access(inst, ACCESS_STORE);
        x64_flags_to_record(e);
        x64_effective_address(e, &access);
        x64_call_callout(e, CALLOUT_probe_write, inst->seg | (uint64_t)access.size << 8);
    }
}

static void call_software(struct emit *e, const struct ir_inst *inst)
{
    probe_mmx_store(e, inst);
    if (inst->a == IR_MEM) {
        struct memory_access access = vec_access(inst, ACCESS_LOAD);
        x64_with_memory(e, inst, &access, body_fetch, NULL, &no_flags);
        x64_access_goes_on(e);
    }
    uint64_t imm = (inst->imm & 0xffff) | (uint64_t)inst->dst << 16 | (uint64_t)inst->a << 24 |
                   (inst->imm >> 16 & 0xff) << 32;
    x64_call_callout(e, CALLOUT_vec, imm);
    if (inst->dst == IR_MEM) {
        struct memory_access access = vec_access(inst, ACCESS_STORE);
        x64_with_memory(e, inst, &access, body_deposit, NULL, &no_flags);
    }
}

/* ---- verbatim ---- */

/* Where the operands stand in the instruction. */
enum place {
    PLACE_LOAD,  /* reg = dst, r/m = a */
    PLACE_STORE, /* reg = a, r/m = dst */
    PLACE_DIGIT, /* r/m = dst, immediate */
};

enum { USES_XMM = 1, USES_MM = 2, GENERAL_DST = 4, GENERAL_ONLY = 8 };

struct form {
    uint8_t place;
    uint8_t uses;
};

static const struct form forms[] = {
    [VEC_FORM_X_XM16] = {PLACE_LOAD, USES_XMM},
    [VEC_FORM_X_XM8] = {PLACE_LOAD, USES_XMM},
    [VEC_FORM_X_XM4] = {PLACE_LOAD, USES_XMM},
    [VEC_FORM_XM16_X] = {PLACE_STORE, USES_XMM},
    [VEC_FORM_XM8_X] = {PLACE_STORE, USES_XMM},
    [VEC_FORM_XM4_X] = {PLACE_STORE, USES_XMM},
    [VEC_FORM_P_PM8] = {PLACE_LOAD, USES_MM},
    [VEC_FORM_PM8_P] = {PLACE_STORE, USES_MM},
    [VEC_FORM_P_PM4] = {PLACE_LOAD, USES_MM},
    [VEC_FORM_P_XM16] = {PLACE_LOAD, USES_MM | USES_XMM},
    [VEC_FORM_P_XM8] = {PLACE_LOAD, USES_MM | USES_XMM},
    [VEC_FORM_X_PM8] = {PLACE_LOAD, USES_MM | USES_XMM},
    [VEC_FORM_X_RM4] = {PLACE_LOAD, USES_XMM},
    [VEC_FORM_P_RM4] = {PLACE_LOAD, USES_MM},
    [VEC_FORM_RM4_X] = {PLACE_STORE, USES_XMM},
    [VEC_FORM_RM4_P] = {PLACE_STORE, USES_MM},
    [VEC_FORM_R_XM8] = {PLACE_LOAD, USES_XMM | GENERAL_DST},
    [VEC_FORM_R_XM4] = {PLACE_LOAD, USES_XMM | GENERAL_DST},
    [VEC_FORM_R_X] = {PLACE_LOAD, USES_XMM | GENERAL_DST},
    [VEC_FORM_R_P] = {PLACE_LOAD, USES_MM | GENERAL_DST},
    [VEC_FORM_X_RM2] = {PLACE_LOAD, USES_XMM},
    [VEC_FORM_P_RM2] = {PLACE_LOAD, USES_MM},
    [VEC_FORM_X_IMM] = {PLACE_DIGIT, USES_XMM},
    [VEC_FORM_P_IMM] = {PLACE_DIGIT, USES_MM},
    [VEC_FORM_X_P] = {PLACE_LOAD, USES_MM | USES_XMM},
    [VEC_FORM_P_X] = {PLACE_LOAD, USES_MM | USES_XMM},
    [VEC_FORM_X_XM2] = {PLACE_LOAD, USES_XMM},
    [VEC_FORM_X_RM1] = {PLACE_LOAD, USES_XMM},
    [VEC_FORM_RM1_X] = {PLACE_STORE, USES_XMM},
    [VEC_FORM_RM2_X] = {PLACE_STORE, USES_XMM},
    [VEC_FORM_R_RM1] = {PLACE_LOAD, GENERAL_DST | GENERAL_ONLY},
    [VEC_FORM_R_RM2] = {PLACE_LOAD, GENERAL_DST | GENERAL_ONLY},
    [VEC_FORM_R_RM4] = {PLACE_LOAD, GENERAL_DST | GENERAL_ONLY},
    [VEC_FORM_RM2_R] = {PLACE_STORE, GENERAL_ONLY},
    [VEC_FORM_RM4_R] = {PLACE_STORE, GENERAL_ONLY},
};

static const struct vec_row *row_of(const struct ir_inst *inst)
{
    return &vec_rows[inst->imm & 0xffff];
}

/* Prefix, map and opcode; stores past the caches become plain stores, which mean the same here. */
static uint32_t opcode_of(const struct vec_row *row)
{
    static const uint32_t maps[] = {
        [VEC_MAP_0F] = X64_0F, [VEC_MAP_0F38] = X64_0F | X64_38, [VEC_MAP_0F3A] = X64_0F | X64_3A};
    uint32_t opcode = row->opcode;
    if (vec_map(row) == VEC_MAP_0F) {
        opcode = opcode == 0x2b ? 0x29 : opcode == 0xe7 ? 0x7f : opcode;
    }
    opcode |= maps[vec_map(row)];
    opcode |= (forms[row->form].uses & GENERAL_ONLY) == 0 ? X64_MEDIA : 0;
    opcode |= row->form == VEC_FORM_R_RM1 ? X64_RM8 : 0;
    opcode |= (row->prefix & 1 << 14) != 0 ? X64_66 : 0;
    switch (row->prefix & 0xff) {
    case 0x66:
        return opcode | X64_66;
    case 0xf3:
        return opcode | X64_F3;
    case 0xf2:
        return opcode | X64_F2;
    default:
        return opcode;
    }
}

static struct x64_rm vector_operand(unsigned operand, struct x64_rm mem)
{
    if (operand >= IR_XMM0 && operand < IR_XMM0 + 8) {
        return x64_reg(operand - IR_XMM0);
    }
    if (operand >= IR_MM0 && operand < IR_MM0 + 8) {
        return x64_reg(operand - IR_MM0);
    }
    return operand_rm(operand, mem);
}

static void body_vec(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    const struct vec_row *row = row_of(inst);
    uint32_t opcode = opcode_of(row);
    struct x64_rm dst = vector_operand(inst->dst, mem);
    switch ((enum place)forms[row->form].place) {
    case PLACE_LOAD:
        x64_op(e->out, 4, opcode, dst.reg, vector_operand(inst->a, mem));
        break;
    case PLACE_STORE:
        x64_op(e->out, 4, opcode, vector_operand(inst->a, mem).reg, dst);
        break;
    case PLACE_DIGIT:
        x64_op(e->out, 4, opcode, row->prefix >> 8, dst);
        break;
    }
    if ((row->flags & VEC_IMM8) != 0) {
        buffer_put8(e->out, (uint8_t)(inst->imm >> 16));
    }
}

uint32_t x64_host_sets(void)
{
    enum { ECX_1, EBX_7, WORDS };
    static const uint8_t places[VEC_SETS][2] = {
        [VEC_SSE3 >> VEC_SET_SHIFT] = {ECX_1, 0},    [VEC_SSSE3 >> VEC_SET_SHIFT] = {ECX_1, 9},
        [VEC_SSE41 >> VEC_SET_SHIFT] = {ECX_1, 19},  [VEC_SSE42 >> VEC_SET_SHIFT] = {ECX_1, 20},
        [VEC_POPCNT >> VEC_SET_SHIFT] = {ECX_1, 23}, [VEC_MOVBE >> VEC_SET_SHIFT] = {ECX_1, 22},
        [VEC_AES >> VEC_SET_SHIFT] = {ECX_1, 25},    [VEC_PCLMUL >> VEC_SET_SHIFT] = {ECX_1, 1},
        [VEC_SHA >> VEC_SET_SHIFT] = {EBX_7, 29}};
    uint32_t words[WORDS] = {0};
    uint32_t other[3];
    uint32_t sets = 1; /* SSE2: part of x86-64 */
    __get_cpuid(1, &other[0], &other[1], &words[ECX_1], &other[2]);
    __get_cpuid_count(7, 0, &other[0], &words[EBX_7], &other[1], &other[2]);
    for (unsigned set = 1; set < VEC_SETS; set++) {
        sets |= (words[places[set][0]] >> places[set][1] & 1) << set;
    }
    return sets;
}

static bool is_native(const struct emit *e, const struct ir_inst *inst)
{
    const struct vec_row *row = row_of(inst);
    unsigned uses = forms[row->form].uses;
    uint32_t mode = e->ir->mode;
    bool general_temp = (uses & GENERAL_DST) != 0 && inst->dst >= IR_T2 && inst->dst < IR_IMM;
    bool host_has = e->engine->host_sets >> vec_set(row) & 1;
    if (!host_has || (row->flags & VEC_SOFTWARE) != 0 || general_temp) {
        return false;
    }
    if ((uses & USES_XMM) != 0 && (mode & MODE_NO_SSE) != 0) {
        return false;
    }
    if ((row->flags & VEC_FP) != 0 && (mode & MODE_SSE_SLOW) != 0) {
        return false;
    }
    return (uses & USES_MM) == 0 || (mode & (MODE_FPU_SLOW | MODE_NO_FPU)) == 0;
}

/* Callouts keep resident what was. */
void x64_vec_make_resident(struct emit *e)
{
    if (e->vec_ready) {
        return;
    }
    x64_flags_to_record(e);
    x64_alu_imm(e->out, 4, 7, CTX(vec_resident), 0);
    uint32_t resident = x64_jcc(e->out, X64_NE);
    x64_call_to(e->out, e->engine->stubs.vec_load);
    x64_here(e->out, resident);
    e->flags_in_host = false;
    e->vec_ready = true;
}

void select_vec(struct emit *e, const struct ir_inst *inst)
{
    static const struct flag_use compare = {.kills = FLAGS_ARITH, .writes = true};
    if (!is_native(e, inst)) {
        call_software(e, inst);
        return;
    }
    const struct vec_row *row = row_of(inst);
    if ((forms[row->form].uses & USES_MM) != 0) {
        x64_fpu_make_resident(e);
    }
    if ((forms[row->form].uses & USES_XMM) != 0) {
        x64_vec_make_resident(e);
    }
    const struct flag_use *use = (row->flags & VEC_EFLAGS) != 0 ? &compare : &no_flags;
    if (ir_has_memory(inst)) {
        struct memory_access access =
            vec_access(inst, inst->dst == IR_MEM ? ACCESS_STORE : ACCESS_LOAD);
        x64_with_memory(e, inst, &access, body_vec, NULL, use);
    } else {
        x64_flags_prepare(e, use);
        body_vec(e, inst, x64_reg(0));
        x64_flags_done(e, inst, use);
    }
}
