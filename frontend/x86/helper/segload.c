/* Loads of segment registers, LDTR and TR; the instructions that look at descriptors. */
#include "frontend/x86/helper/helper.h"

/* A segment register changed: the instruction ends. */
static uint64_t changed(struct context *ctx, enum seg_index seg)
{
    if (seg == SEG_SS) {
        return mode_done(ctx);
    }
    if (ctx->leave == LEAVE_NONE && mode_segment_changed(ctx, seg)) {
        context_leave_after(ctx, LEAVE_LOOKUP);
        x86_transferred(ctx);
    }
    return 0;
}

static uint64_t loaded(struct context *ctx, enum seg_index seg)
{
    if (seg == SEG_SS) {
        context_shadow(ctx, SHADOW_SS);
        if (ctx->interrupt) {
            return leave_done(ctx);
        }
    }
    return changed(ctx, seg);
}

uint64_t callout_seg_load(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    enum seg_index seg = (enum seg_index)(imm & 7);
    return segment_load(ctx, seg, (uint16_t)a) ? loaded(ctx, seg) : 0;
}

uint64_t callout_seg_pop(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    enum seg_index seg = (enum seg_index)(imm & 7);
    struct stack stack = stack_current(ctx);
    uint32_t selector;
    if (!stack_pop(ctx, &stack, imm >> 8 & 15, &selector) ||
        !segment_load(ctx, seg, (uint16_t)selector)) {
        return 0;
    }
    stack_commit(ctx, &stack); /* at the width of the stack it was popped from */
    return loaded(ctx, seg);
}

uint64_t callout_load_far(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    enum seg_index seg = (enum seg_index)(imm & 7);
    if (!segment_load(ctx, seg, (uint16_t)b)) {
        return 0;
    }
    x86_gpr_put(ctx, imm >> 8 & 15, imm >> 16 & 15, (uint32_t)a);
    return changed(ctx, seg);
}

uint64_t callout_sldt(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    return shows_system_state(ctx) ? x86_of(ctx)->ldtr[0].selector : 0;
}

uint64_t callout_str(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    return shows_system_state(ctx) ? x86_of(ctx)->tr[0].selector : 0;
}

/* Instructions that exist in protected mode only. */
static bool needs_selectors(struct context *ctx)
{
    return x86_selectors(ctx) || fault(ctx, VECTOR_UD);
}

uint64_t callout_lldt(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    (void)imm;
    struct x86_cpu *cpu = x86_of(ctx);
    uint16_t selector = (uint16_t)a;
    struct descriptor d;
    if (!needs_selectors(ctx) || !privileged(ctx)) {
        return 0;
    }
    if (selector_null(selector)) {
        segment_set_null(&cpu->ldtr[0], selector);
        return 0;
    }
    if (selector & 4) {
        fault_gp(ctx, selector & 0xfffcu);
        return 0;
    }
    if (!descriptor_fetch(ctx, selector, VECTOR_GP, &d)) {
        return 0;
    }
    if (descriptor_system(&d) != SYSTEM_LDT) {
        fault_gp(ctx, selector & 0xfffcu);
    } else if (!descriptor_present(&d)) {
        fault_code(ctx, VECTOR_NP, selector & 0xfffcu);
    } else {
        segment_set(ctx, &cpu->ldtr[0], selector, &d);
    }
    return 0;
}

uint64_t callout_ltr(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    (void)imm;
    struct x86_cpu *cpu = x86_of(ctx);
    uint16_t selector = (uint16_t)a;
    struct descriptor d;
    if (!needs_selectors(ctx) || !privileged(ctx)) {
        return 0;
    }
    if (selector_null(selector) || (selector & 4)) {
        fault_gp(ctx, selector & 0xfffcu);
        return 0;
    }
    if (!descriptor_fetch(ctx, selector, VECTOR_GP, &d)) {
        return 0;
    }
    unsigned type = descriptor_system(&d);
    if (type != SYSTEM_TSS16 && type != SYSTEM_TSS32) {
        fault_gp(ctx, selector & 0xfffcu);
    } else if (!descriptor_present(&d)) {
        fault_code(ctx, VECTOR_NP, selector & 0xfffcu);
    } else if (descriptor_set_busy(ctx, &d, true)) {
        segment_set(ctx, &cpu->tr[0], selector, &d);
        cpu->tr[0].rights |= 2;
    }
    return 0;
}

static void set_zf(struct context *ctx, bool zf)
{
    uint32_t flags = context_flags(ctx) & ~(uint32_t)FLAG_ZF;
    context_set_flags(ctx, flags | (zf ? (uint32_t)FLAG_ZF : 0u));
}

/* Reads the descriptor for LAR, LSL, VERR, VERW.  *usable: it exists and the privilege suffices.
 * Returns false on a page fault. */
static bool look(struct context *ctx, uint16_t selector, struct descriptor *d, bool *usable)
{
    *usable = false;
    if (selector_null(selector)) {
        return true;
    }
    enum fetch got = descriptor_read(ctx, selector, d);
    if (got != FETCH_OK) {
        return got != FETCH_FAULT;
    }
    uint32_t rights = descriptor_rights(d);
    unsigned dpl = rights_dpl(rights);
    *usable = rights_conforming(rights) || (x86_cpl(ctx) <= dpl && (selector & 3u) <= dpl);
    return true;
}

/* LAR and LSL accept these system types. */
static uint64_t look_type(struct context *ctx, uint64_t a, uint64_t old, unsigned size,
                          uint32_t types, bool limit)
{
    struct descriptor d;
    bool usable;
    if (!needs_selectors(ctx) || !look(ctx, (uint16_t)a, &d, &usable)) {
        return old;
    }
    if (usable && !(d.high & 1u << 12)) {
        usable = types >> descriptor_system(&d) & 1;
    }
    set_zf(ctx, usable);
    if (!usable) {
        return old;
    }
    uint32_t value = limit ? descriptor_limit(&d) : d.high & 0x00ffff00;
    return size == 2 ? value & 0xffff : value;
}

uint64_t callout_lar(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    uint32_t types = 1u << SYSTEM_TSS16 | 1u << SYSTEM_LDT | 1u << SYSTEM_TSS16_BUSY |
                     1u << SYSTEM_CALL16 | 1u << SYSTEM_TASK_GATE | 1u << SYSTEM_TSS32 |
                     1u << SYSTEM_TSS32_BUSY | 1u << SYSTEM_CALL32;
    return look_type(ctx, a, b, imm & 15, types, false);
}

uint64_t callout_lsl(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    uint32_t types = 1u << SYSTEM_TSS16 | 1u << SYSTEM_LDT | 1u << SYSTEM_TSS16_BUSY |
                     1u << SYSTEM_TSS32 | 1u << SYSTEM_TSS32_BUSY;
    return look_type(ctx, a, b, imm & 15, types, true);
}

uint64_t callout_verr(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    (void)imm;
    struct descriptor d;
    bool usable;
    if (!needs_selectors(ctx) || !look(ctx, (uint16_t)a, &d, &usable)) {
        return 0;
    }
    uint32_t rights = usable ? descriptor_rights(&d) : 0;
    set_zf(ctx, (rights & RIGHTS_S) && (!(rights & RIGHTS_CODE) || (rights & RIGHTS_WRITE)));
    return 0;
}

uint64_t callout_verw(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    (void)imm;
    struct descriptor d;
    bool usable;
    if (!needs_selectors(ctx) || !look(ctx, (uint16_t)a, &d, &usable)) {
        return 0;
    }
    set_zf(ctx, usable && rights_writable_data(descriptor_rights(&d)));
    return 0;
}

uint64_t callout_arpl(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)imm;
    bool lower = (a & 3) < (b & 3);
    set_zf(ctx, lower);
    return lower ? (a & ~UINT64_C(3)) | (b & 3) : a;
}

/* A destination that keeps its value is not written: it may be read-only. */
uint64_t callout_arpl_memory(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    enum seg_index seg = (enum seg_index)(imm & 7);
    uint64_t selector;
    if (!guest_read(ctx, seg, a, 2, &selector)) {
        return 0;
    }
    bool lower = (selector & 3) < (b & 3);
    if (lower && !guest_write(ctx, seg, a, 2, (selector & ~UINT64_C(3)) | (b & 3))) {
        return 0;
    }
    set_zf(ctx, lower);
    return 0;
}
