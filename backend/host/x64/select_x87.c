/*
 * x87 operations: verbatim while all exceptions are masked, else through the software callouts.
 *
 * Transcendental and BCD operations always go to software, so that every host gives the same
 * result.  The last-instruction members of the record are constants of the block but for the
 * operand offset, so they are written only when something may look at them.
 */
#include "backend/host/x64/select.h"

static const struct flag_use no_flags;

static unsigned x87_op_of(const struct ir_inst *inst)
{
    return inst->imm & 0xffff;
}

static bool in_software(unsigned op)
{
    switch (op) {
    case X87_f2xm1:
    case X87_fyl2x:
    case X87_fptan:
    case X87_fpatan:
    case X87_fyl2xp1:
    case X87_fsin:
    case X87_fcos:
    case X87_fsincos:
    case X87_fstpnce:
    case X87_fbld:
    case X87_fbstp:
    case X87_fninit:
        return true;
    default:
        return false;
    }
}

/* Control instructions leave the last-instruction members alone. */
static bool is_control(unsigned op)
{
    return op == X87_fldcw || op == X87_fnstcw || op == X87_fnclex || op == X87_fninit ||
           op == X87_fnstsw || op == X87_fnstsw_ax || op == X87_emms;
}

static bool is_store(const struct ir_inst *inst)
{
    switch (x87_op_of(inst)) {
    case X87_fst_m32:
    case X87_fstp_m32:
    case X87_fst_m64:
    case X87_fstp_m64:
    case X87_fstp_m80:
    case X87_fist_m16:
    case X87_fistp_m16:
    case X87_fist_m32:
    case X87_fistp_m32:
    case X87_fistp_m64:
    case X87_fisttp_m16:
    case X87_fisttp_m32:
    case X87_fisttp_m64:
    case X87_fnstcw:
    case X87_fnstsw:
        return true;
    default:
        return false;
    }
}

struct flag_use x64_x87_flag_use(const struct ir_inst *inst)
{
    switch (x87_op_of(inst)) {
    case X87_fcmovb:
    case X87_fcmovnb:
    case X87_fcmove:
    case X87_fcmovne:
    case X87_fcmovbe:
    case X87_fcmovnbe:
    case X87_fcmovu:
    case X87_fcmovnu:
        return (struct flag_use){.inputs = FLAG_CF | FLAG_ZF | FLAG_PF};
    case X87_fcomi:
    case X87_fcomip:
    case X87_fucomi:
    case X87_fucomip:
        return (struct flag_use){.kills = FLAG_CF | FLAG_ZF | FLAG_PF, .writes = true};
    default:
        return no_flags;
    }
}

void x64_fpu_flush_last(struct emit *e, const struct fpu_last *last)
{
    struct code_buffer *out = e->out;
    if (!last->valid) {
        return;
    }
    x64_mov_mem_imm(out, 4, CTX(fip), last->rip);
    x64_mov_mem_imm(out, 2, CTX(fop), last->fop);
    x64_load(out, 2, REG_SCRATCH, CTX(seg[SEG_CS].selector));
    x64_store(out, 2, CTX(fcs), REG_SCRATCH);
    if (last->memory) {
        x64_load(
            out, 2, REG_SCRATCH,
            CTX_AT(seg, last->seg * sizeof(struct segment) + offsetof(struct segment, selector)));
        x64_store(out, 2, CTX(fds), REG_SCRATCH);
    }
}

void x64_fpu_flush(struct emit *e)
{
    x64_fpu_flush_last(e, &e->fpu_last);
    e->fpu_last.valid = false;
}

/* The x87 state is in the host from here on.  Destroys host flags when it has to look. */
void x64_fpu_make_resident(struct emit *e)
{
    if (e->fpu_ready) {
        return;
    }
    x64_flags_to_record(e);
    x64_alu_imm(e->out, 4, 7, CTX(fpu_resident), 0);
    uint32_t resident = x64_jcc(e->out, X64_NE);
    x64_call_to(e->out, e->engine->stubs.fpu_load);
    x64_here(e->out, resident);
    e->flags_in_host = false;
    e->fpu_ready = true;
}

static void call_software(struct emit *e, const struct ir_inst *inst)
{
    uint64_t imm = inst->imm;
    x64_flags_to_record(e);
    x64_fpu_flush(e);
    if (inst->a == IR_MEM) {
        struct memory_access access = access_of(inst, inst->width, ACCESS_LOAD);
        x64_effective_address(e, &access);
        x64_call_callout(e, CALLOUT_x87_memory, imm | (uint64_t)inst->seg << 16);
    } else {
        x64_call_callout(e, CALLOUT_x87, imm | (uint64_t)inst->aux << 16);
    }
}

static void note_last(struct emit *e, const struct ir_inst *inst)
{
    bool memory = inst->a == IR_MEM;
    e->fpu_last = (struct fpu_last){.valid = true,
                                    .memory = memory || (e->fpu_last.valid && e->fpu_last.memory),
                                    .seg = memory ? inst->seg : e->fpu_last.seg,
                                    .rip = e->rip,
                                    .fop = (uint16_t)(inst->imm >> X87_FOP_SHIFT)};
}

static void body_x87(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    const struct x87_row *row = &x87_rows[x87_op_of(inst)];
    if (mem.memory) {
        x64_op(e->out, 4, X64_MEDIA | row->escape, row->modrm >> 3, mem);
    } else {
        bool sti = row->form == X87_FORM_STI;
        buffer_put8(e->out, row->escape);
        buffer_put8(e->out, (uint8_t)(row->modrm + (sti ? inst->aux : 0)));
    }
}

/* Operand offset; r8 is linear. */
static void post_operand(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    (void)mem;
    if (mode_seg_class(e->ir->mode, inst->seg) == SEG_FLAT) {
        x64_store(e->out, 4, CTX(fdp), REG_EA);
        return;
    }
    x64_op(e->out, 4, 0x8b, REG_SCRATCH, x64_reg(REG_EA));
    x64_op(e->out, 4, 0x2b, REG_SCRATCH,
           CTX_AT(seg, inst->seg * sizeof(struct segment) + offsetof(struct segment, base)));
    x64_store(e->out, 4, CTX(fdp), REG_SCRATCH);
}

static void body_control_word(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    (void)inst;
    x64_load(e->out, 2, REG_SCRATCH, mem);
}

/* FLDCW: in the host while it masks everything; else software, which changes the mode. */
static void select_fldcw(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    struct memory_access access = access_of(inst, 2, ACCESS_LOAD);
    x64_fpu_flush(e);
    x64_with_memory(e, inst, &access, body_control_word, NULL, &no_flags);
    x64_access_goes_on(e);
    x64_op(out, 4, 0x8b, REG_DELTA, x64_reg(REG_SCRATCH));
    x64_op(out, 4, X64_DIGIT | 0xf7, 2, x64_reg(REG_DELTA)); /* not */
    x64_op(out, 1, X64_DIGIT | 0xf6, 0, x64_reg(REG_DELTA));
    buffer_put8(out, 0x3f);
    uint32_t unmasks = x64_jcc(out, X64_NE);
    x64_store(out, 2, CTX(slow_value), REG_SCRATCH);
    x64_op(out, 4, X64_MEDIA | 0xd9, 5, CTX(slow_value));
    uint32_t done = x64_jmp(out);
    x64_here(out, unmasks);
    call_software(e, inst);
    x64_here(out, done);
    e->flags_in_host = false;
    e->fpu_ready = false;
}

static bool is_native(const struct emit *e, const struct ir_inst *inst)
{
    unsigned op = x87_op_of(inst);
    return (e->ir->mode & (MODE_FPU_SLOW | MODE_NO_FPU)) == 0 && !in_software(op) &&
           !(op == X87_fnstsw_ax && inst->dst != GUEST_RAX && inst->dst != IR_NONE);
}

void select_x87(struct emit *e, const struct ir_inst *inst)
{
    unsigned op = x87_op_of(inst);
    if (!is_native(e, inst)) {
        call_software(e, inst);
        return;
    }
    x64_fpu_make_resident(e);
    if (op == X87_fldcw) {
        select_fldcw(e, inst);
        return;
    }
    struct flag_use use = x64_x87_flag_use(inst);
    bool control = is_control(op);
    if (inst->a == IR_MEM) {
        struct memory_access access =
            access_of(inst, inst->width, is_store(inst) ? ACCESS_STORE : ACCESS_LOAD);
        x64_with_memory(e, inst, &access, body_x87, control ? NULL : post_operand, &use);
    } else {
        x64_flags_prepare(e, &use);
        body_x87(e, inst, x64_reg(0));
        x64_flags_done(e, inst, &use);
    }
    if (!control) {
        note_last(e, inst);
        if (inst->a == IR_MEM) {
            e->slow[e->slow_count - 1].last_after = e->fpu_last;
        }
    }
}
