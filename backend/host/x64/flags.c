/*
 * Where the guest's flags are while a block is compiled.
 *
 * They stand in the record, in the host's flags, or in both.  Operations leave them in the host;
 * they are saved when something may look at the record (an exit, a callout, a fault) or is about
 * to destroy host flags.  What the manual leaves undefined is what docs/FLAGS.md says, on any host
 * (flags_repair.c); operations that keep such flags count as partial writers.
 */
#include "backend/host/x64/select.h"

enum { ALL = FLAGS_ARITH };

static struct flag_use shift_use(const struct ir_inst *inst)
{
    struct flag_use use = {.writes = true};
    bool carry = inst->op == IR_rcl || inst->op == IR_rcr;
    bool rotate = carry || inst->op == IR_rol || inst->op == IR_ror;
    use.inputs = carry ? FLAG_CF : 0;
    if (inst->b == IR_IMM) {
        unsigned count = (unsigned)inst->imm & (inst->width == 8 ? 63 : 31);
        if (count == 0) {
            return (struct flag_use){0};
        }
        use.kills = rotate ? 0 : ALL;
    }
    return use;
}

static struct flag_use double_shift_use(const struct ir_inst *inst)
{
    if (inst->aux == 1) {
        return (struct flag_use){.writes = true};
    }
    unsigned count = (unsigned)inst->imm & (inst->width == 8 ? 63 : 31);
    if (count == 0) {
        return (struct flag_use){0};
    }
    return (struct flag_use){.writes = true, .kills = count > inst->width * 8u ? 0 : ALL};
}

/* How the rest uses flags; what is not here leaves them alone. */
static const struct flag_use plain_uses[IR_OPS] = {
    [IR_add] = {0, ALL, true},
    [IR_sub] = {0, ALL, true},
    [IR_and] = {0, ALL, true},
    [IR_or] = {0, ALL, true},
    [IR_xor] = {0, ALL, true},
    [IR_cmp] = {0, ALL, true},
    [IR_test] = {0, ALL, true},
    [IR_neg] = {0, ALL, true},
    [IR_xadd] = {0, ALL, true},
    [IR_cmpxchg] = {0, ALL, true},
    [IR_adc] = {FLAG_CF, ALL, true},
    [IR_sbb] = {FLAG_CF, ALL, true},
    [IR_inc] = {0, ALL & ~FLAG_CF, true},
    [IR_dec] = {0, ALL & ~FLAG_CF, true},
    [IR_imul] = {0, FLAG_CF | FLAG_OF, true},
    [IR_mul1] = {0, FLAG_CF | FLAG_OF, true},
    [IR_imul1] = {0, FLAG_CF | FLAG_OF, true},
    [IR_bt] = {0, FLAG_CF, true},
    [IR_bts] = {0, FLAG_CF, true},
    [IR_btr] = {0, FLAG_CF, true},
    [IR_btc] = {0, FLAG_CF, true},
    [IR_bsf] = {0, ALL, true},
    [IR_bsr] = {0, ALL, true},
    [IR_clc] = {0, FLAG_CF, true},
    [IR_stc] = {0, FLAG_CF, true},
    [IR_cmc] = {FLAG_CF, FLAG_CF, true},
    [IR_lahf] = {ALL & ~FLAG_OF, 0, false},
    [IR_sahf] = {0, ALL & ~FLAG_OF, true},
    [IR_salc] = {FLAG_CF, 0, false},
};

/* What else an operation has to do with flags. */
enum {
    DEPENDS = 1,   /* its use depends on the record */
    LOOKS = 2,     /* something may look at all flags in the record */
    UNTOUCHED = 4, /* an address, but no access */
};

#define ALU(name, shape, writes, undefined, what) [IR_##name] = 0,
#define EFF(name, flags, what)                    [IR_##name] = ((flags) & (IR_FAULTS | IR_EXITS)) != 0 ? LOOKS : 0,
enum { FAULTS = IR_FAULTS, EXITS = IR_EXITS, ENDS = IR_ENDS };
static const uint8_t effect_traits[IR_OPS] = {
#include "translator/ir/ir_ops.def"
};
#undef ALU
#undef EFF

static unsigned traits_of(unsigned op)
{
    static const uint8_t more[IR_OPS] = {
        [IR_shl] = DEPENDS,  [IR_shr] = DEPENDS,   [IR_sar] = DEPENDS,   [IR_rol] = DEPENDS,
        [IR_ror] = DEPENDS,  [IR_rcl] = DEPENDS,   [IR_rcr] = DEPENDS,   [IR_shld] = DEPENDS,
        [IR_shrd] = DEPENDS, [IR_setcc] = DEPENDS, [IR_cmov] = DEPENDS,  [IR_brcc] = DEPENDS,
        [IR_x87] = DEPENDS,  [IR_get] = LOOKS,     [IR_lea] = UNTOUCHED,
    };
    return effect_traits[op] | more[op];
}

static struct flag_use dependent_use(const struct ir_inst *inst)
{
    switch (inst->op) {
    case IR_shld:
    case IR_shrd:
        return double_shift_use(inst);
    case IR_setcc:
    case IR_cmov:
    case IR_brcc:
        return (struct flag_use){.inputs = ir_cc_flags[inst->cc & 15]};
    case IR_x87:
        return x64_x87_flag_use(inst);
    default:
        return shift_use(inst);
    }
}

struct flag_use x64_flag_use(const struct ir_inst *inst)
{
    return traits_of(inst->op) & DEPENDS ? dependent_use(inst) : plain_uses[inst->op];
}

void x64_flag_liveness(struct emit *e)
{
    unsigned live = ALL;
    for (uint32_t i = e->ir->count; i-- > 0;) {
        const struct ir_inst *inst = &e->ir->insts[i];
        if (inst->op == IR_insn) {
            continue;
        }
        unsigned traits = traits_of(inst->op);
        struct flag_use use = traits & DEPENDS ? dependent_use(inst) : plain_uses[inst->op];
        e->uses[i] = use;
        e->live[i] = (uint16_t)live;
        live = (live & ~(unsigned)use.kills) | use.inputs;
        if (traits & LOOKS || (ir_has_memory(inst) && !(traits & UNTOUCHED))) {
            live = ALL;
        }
        if (!pass_on(e->engine->passes, PASS_flag_liveness)) {
            live = ALL;
        }
    }
}

void x64_save_flags(struct code_buffer *out)
{
    /* mov r12, rax; lahf; seto al */
    buffer_put(out, UINT64_C(0xc0900f9fc48949), 7);
    /* mov [flags], ax; mov rax, r12 */
    buffer_put(out, UINT64_C(0xe0894c0046894166) | CTX_DISP8(flags) << 32, 8);
}

void x64_load_flags(struct code_buffer *out)
{
    /* mov r12, rax; movzx eax, word [flags] */
    buffer_put(out, UINT64_C(0x46b70f41c48949) | CTX_DISP8(flags) << 56, 8);
    /* add al, 7Fh (OF again); sahf; mov rax, r12 */
    buffer_put(out, UINT64_C(0xe0894c9e7f04), 6);
}

/* Never needed when x64_flags_only_for_faults() looked ahead rightly. */
static void find_lost_flags(struct emit *e)
{
    if (e->flags_lost) {
        x64_emit_replay(e, e->producer);
        e->flags_in_host = true;
        e->flags_lost = false;
    }
}

void x64_flags_to_record(struct emit *e)
{
    if (!e->flags_in_record) {
        find_lost_flags(e);
        x64_save_flags(e->out);
        e->flags_in_record = true;
    }
}

void x64_flags_to_host(struct emit *e)
{
    find_lost_flags(e);
    if (!e->flags_in_host) {
        x64_load_flags(e->out);
        e->flags_in_host = true;
    }
}

void x64_flags_before_access(struct emit *e)
{
    if (!e->flags_in_record && !e->flags_lost && x64_flags_only_for_faults(e)) {
        e->flags_lost = true;
    }
    if (!e->flags_lost) {
        x64_flags_to_record(e);
    }
    e->flags_in_host = false;
}

bool x64_flags_wanted(const struct emit *e, const struct flag_use *use)
{
    return use->inputs != 0 || (use->writes && (e->live[e->at] & ~use->kills) != 0);
}

void x64_flags_prepare(struct emit *e, const struct flag_use *use)
{
    if (x64_flags_wanted(e, use)) {
        x64_flags_to_host(e);
    }
}

void x64_flags_done(struct emit *e, const struct ir_inst *inst, const struct flag_use *use)
{
    if (use->writes) {
        e->flags_in_host = true;
        e->flags_in_record = false;
        e->flags_lost = false;
        e->producer = x64_can_replay(inst) ? inst : NULL;
    }
}
