/*
 * Task switching (SDM volume 3, chapter 7), the inner stacks, the I/O permission and interrupt
 * redirection bitmaps.
 */
#include "frontend/x86/cpu/task.h"

/* The register image of a TSS, in machine-independent order. */
struct task_image {
    uint32_t cr3, eip, eflags;
    uint32_t gpr[8];
    uint16_t seg[SEG_COUNT];
    uint16_t ldt, link;
    bool trap;
};

/* Where the parts of a TSS stand. */
struct tss_layout {
    uint8_t size; /* of a register: 2 or 4 */
    uint8_t eip;  /* EIP, EFLAGS, 8 registers follow each other */
    uint8_t seg;  /* selectors, `size` apart */
    uint8_t segs; /* 4: ES CS SS DS; 6: also FS GS */
    uint8_t ldt;
    uint8_t limit; /* smallest legal limit */
};

static const struct tss_layout tss16 = {2, 0x0e, 0x22, 4, 0x2a, 0x2b};
static const struct tss_layout tss32 = {4, 0x20, 0x48, 6, 0x60, 0x67};

static bool tr_is_32(const struct x86_cpu *cpu)
{
    return (cpu->tr[0].rights & 8) != 0;
}

static const struct tss_layout *layout_of(bool is_32)
{
    return is_32 ? &tss32 : &tss16;
}

bool task_ring_stack(struct context *ctx, unsigned ring, uint16_t *ss, uint32_t *esp)
{
    struct x86_cpu *cpu = x86_of(ctx);
    const struct segment *tr = &cpu->tr[0];
    unsigned size = tr_is_32(cpu) ? 4 : 2;
    uint32_t at = size == 4 ? 4 + ring * 8 : 2 + ring * 4;
    uint64_t value;
    if (at + size + 1 > tr->limit) {
        return fault_code(ctx, VECTOR_TS, tr->selector & 0xfffcu);
    }
    if (!linear_get(ctx, (uint32_t)(tr->base + at), size, VIEW_SUPERVISOR, &value)) {
        return false;
    }
    *esp = (uint32_t)value;
    if (!linear_get(ctx, (uint32_t)(tr->base + at + size), 2, VIEW_SUPERVISOR, &value)) {
        return false;
    }
    *ss = (uint16_t)value;
    return true;
}

bool task_io_allowed(struct context *ctx, uint16_t port, unsigned size)
{
    struct x86_cpu *cpu = x86_of(ctx);
    const struct segment *tr = &cpu->tr[0];
    uint64_t map;
    uint64_t bits;
    if (!(tr->rights & RIGHTS_P) || !tr_is_32(cpu) || tr->limit < 0x67) {
        return fault_gp(ctx, 0);
    }
    if (!linear_read(ctx, (uint32_t)(tr->base + 0x66), 2, VIEW_SUPERVISOR, &map)) {
        return false;
    }
    uint32_t at = (uint32_t)map + port / 8;
    if (at + 1 > tr->limit) {
        return fault_gp(ctx, 0);
    }
    if (!linear_read(ctx, (uint32_t)(tr->base + at), 2, VIEW_SUPERVISOR, &bits)) {
        return false;
    }
    return (bits >> (port & 7) & ((1u << size) - 1)) == 0 || fault_gp(ctx, 0);
}

bool task_int_redirected(struct context *ctx, uint8_t vector, bool *redirected)
{
    struct x86_cpu *cpu = x86_of(ctx);
    const struct segment *tr = &cpu->tr[0];
    uint64_t value;
    *redirected = false;
    if (!(cpu->cr4 & CR4_VME) || !tr_is_32(cpu) || tr->limit < 0x67) {
        return true;
    }
    if (!linear_read(ctx, (uint32_t)(tr->base + 0x66), 2, VIEW_SUPERVISOR, &value)) {
        return false;
    }
    uint32_t at = (uint32_t)value - 32 + vector / 8;
    if ((uint32_t)value < 32 || at > tr->limit) {
        return true;
    }
    if (!linear_read(ctx, (uint32_t)(tr->base + at), 1, VIEW_SUPERVISOR, &value)) {
        return false;
    }
    *redirected = !(value >> (vector & 7) & 1);
    return true;
}

static bool image_read(struct context *ctx, uint32_t base, bool is_32, struct task_image *image)
{
    const struct tss_layout *at = layout_of(is_32);
    uint32_t *regs[] = {&image->eip, &image->eflags};
    uint64_t value;
    *image = (struct task_image){0};
    for (unsigned i = 0; i < 10; i++) {
        if (!linear_read(ctx, base + at->eip + i * at->size, at->size, VIEW_SUPERVISOR, &value)) {
            return false;
        }
        *(i < 2 ? regs[i] : &image->gpr[i - 2]) = (uint32_t)value;
    }
    for (unsigned i = 0; i < at->segs; i++) {
        if (!linear_read(ctx, base + at->seg + i * at->size, 2, VIEW_SUPERVISOR, &value)) {
            return false;
        }
        image->seg[i] = (uint16_t)value;
    }
    if (!linear_read(ctx, base + at->ldt, 2, VIEW_SUPERVISOR, &value)) {
        return false;
    }
    image->ldt = (uint16_t)value;
    if (is_32) {
        if (!linear_read(ctx, base + 0x1c, 4, VIEW_SUPERVISOR, &value)) {
            return false;
        }
        image->cr3 = (uint32_t)value;
        if (!linear_read(ctx, base + 0x64, 2, VIEW_SUPERVISOR, &value)) {
            return false;
        }
        image->trap = value & 1;
    }
    return true;
}

/* Saves the outgoing task.  Its dynamic part was probed before. */
static bool image_write(struct context *ctx, uint32_t base, bool is_32, uint32_t eip,
                        uint32_t eflags)
{
    const struct tss_layout *at = layout_of(is_32);
    for (unsigned i = 0; i < 10; i++) {
        uint32_t value = i == 0 ? eip : i == 1 ? eflags : x86_gpr(ctx, i - 2);
        if (!linear_write(ctx, base + at->eip + i * at->size, at->size, VIEW_SUPERVISOR, value)) {
            return false;
        }
    }
    for (unsigned i = 0; i < at->segs; i++) {
        if (!linear_write(ctx, base + at->seg + i * at->size, 2, VIEW_SUPERVISOR,
                          ctx->seg[i].selector)) {
            return false;
        }
    }
    return true;
}

/* Loads LDTR for the new task. */
static bool load_ldt(struct context *ctx, uint16_t selector)
{
    struct x86_cpu *cpu = x86_of(ctx);
    struct descriptor d;
    segment_set_null(&cpu->ldtr[0], selector);
    if (selector_null(selector)) {
        return true;
    }
    if (selector & 4) {
        return fault_code(ctx, VECTOR_TS, selector & 0xfffcu);
    }
    if (!descriptor_fetch(ctx, selector, VECTOR_TS, &d)) {
        return false;
    }
    if (descriptor_system(&d) != SYSTEM_LDT || !descriptor_present(&d)) {
        return fault_code(ctx, VECTOR_TS, selector & 0xfffcu);
    }
    segment_set(ctx, &cpu->ldtr[0], selector, &d);
    return true;
}

static bool load_code(struct context *ctx, uint16_t selector)
{
    struct descriptor d;
    uint32_t error = selector & 0xfffcu;
    if (selector_null(selector)) {
        return fault_code(ctx, VECTOR_TS, 0);
    }
    if (!descriptor_fetch(ctx, selector, VECTOR_TS, &d)) {
        return false;
    }
    uint32_t rights = descriptor_rights(&d);
    unsigned rpl = selector & 3;
    if (!rights_code(rights) ||
        (rights_conforming(rights) ? rights_dpl(rights) > rpl : rights_dpl(rights) != rpl)) {
        return fault_code(ctx, VECTOR_TS, error);
    }
    if (!(rights & RIGHTS_P)) {
        return fault_code(ctx, VECTOR_NP, error);
    }
    if (!descriptor_mark_accessed(ctx, &d)) {
        return false;
    }
    segment_set(ctx, &ctx->seg[SEG_CS], selector, &d);
    return true;
}

static bool load_data(struct context *ctx, enum seg_index seg, uint16_t selector, unsigned cpl)
{
    struct descriptor d;
    uint32_t error = selector & 0xfffcu;
    if (selector_null(selector)) {
        return true;
    }
    if (!descriptor_fetch(ctx, selector, VECTOR_TS, &d)) {
        return false;
    }
    uint32_t rights = descriptor_rights(&d);
    bool readable = (rights & RIGHTS_S) && (!(rights & RIGHTS_CODE) || (rights & RIGHTS_WRITE));
    unsigned dpl = rights_dpl(rights);
    if (!readable || (!rights_conforming(rights) && ((selector & 3u) > dpl || cpl > dpl))) {
        return fault_code(ctx, VECTOR_TS, error);
    }
    if (!(rights & RIGHTS_P)) {
        return fault_code(ctx, VECTOR_NP, error);
    }
    if (!descriptor_mark_accessed(ctx, &d)) {
        return false;
    }
    segment_set(ctx, &ctx->seg[seg], selector, &d);
    return true;
}

/* Descriptor-backed segments of the new task: SS first fixes the CPL, then CS, then data. */
static bool load_segments(struct context *ctx, const struct task_image *image)
{
    static const uint8_t data[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    struct descriptor d;
    unsigned cpl = image->seg[SEG_CS] & 3;
    if (!load_code(ctx, image->seg[SEG_CS])) {
        return false;
    }
    if (!segment_check_stack(ctx, image->seg[SEG_SS], cpl, VECTOR_TS, &d) ||
        !descriptor_mark_accessed(ctx, &d)) {
        return false;
    }
    segment_set(ctx, &ctx->seg[SEG_SS], image->seg[SEG_SS], &d);
    for (unsigned i = 0; i < sizeof(data); i++) {
        if (!load_data(ctx, (enum seg_index)data[i], image->seg[data[i]], cpl)) {
            return false;
        }
    }
    return true;
}

/* The new task's registers; segments are visible but unusable until load_segments. */
static void enter_image(struct context *ctx, const struct task_image *image, bool is_32)
{
    struct x86_cpu *cpu = x86_of(ctx);
    unsigned cpl = image->seg[SEG_CS] & 3;
    for (unsigned i = 0; i < 8; i++) {
        x86_gpr_put(ctx, i, is_32 ? 4 : 2, image->gpr[i]);
        if (!is_32) {
            ctx->gpr[i] |= 0xffff0000u;
        }
    }
    ctx->rip = image->eip;
    x86_set_eflags(ctx, image->eflags, is_32 ? UINT32_MAX : 0xffff);
    if (!is_32) {
        ctx->eflags &= ~(uint32_t)(FLAG_VM | FLAG_RF | FLAG_AC);
    }
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        if (x86_v86(ctx)) {
            segment_set_real(ctx, &ctx->seg[i], image->seg[i]);
        } else {
            segment_set_null(&ctx->seg[i], image->seg[i]);
        }
    }
    if (!x86_v86(ctx)) {
        ctx->seg[SEG_SS].rights = cpl << 5; /* carries the CPL while SS itself is not loaded */
    }
    cpu->cr0 |= CR0_TS;
    cpu->dr[7] &= ~UINT32_C(0x155); /* local breakpoint enables */
}

/* Busy bits, back link and NT around the change of TR. */
static bool mark_tasks(struct context *ctx, const struct descriptor *d, enum task_reason reason,
                       struct task_image *image)
{
    struct x86_cpu *cpu = x86_of(ctx);
    struct descriptor old = {.linear = cpu->gdt_base + (cpu->tr[0].selector & 0xfff8u)};
    if (reason == TASK_JUMP || reason == TASK_IRET) {
        if (!descriptor_set_busy(ctx, &old, false)) {
            return false;
        }
    }
    if (reason == TASK_IRET) {
        return true;
    }
    if (reason == TASK_CALL || reason == TASK_EVENT) {
        if (!linear_write(ctx, descriptor_base(d), 2, VIEW_SUPERVISOR, cpu->tr[0].selector)) {
            return false;
        }
        image->eflags |= FLAG_NT;
    }
    return descriptor_set_busy(ctx, d, true);
}

/* Everything that can fault in the old task's context, so that nothing is half done. */
static bool probe_tasks(struct context *ctx, const struct descriptor *d)
{
    const struct segment *tr = &x86_of(ctx)->tr[0];
    const struct tss_layout *old = layout_of(tr_is_32(x86_of(ctx)));
    return linear_probe_write(ctx, (uint32_t)tr->base + old->eip, old->ldt - old->eip,
                              VIEW_SUPERVISOR) &&
           linear_probe_write(ctx, descriptor_base(d), 2, VIEW_SUPERVISOR) &&
           linear_probe_write(ctx, d->linear, 8, VIEW_SUPERVISOR);
}

static bool load_cr3(struct context *ctx, const struct task_image *image)
{
    struct x86_cpu *cpu = x86_of(ctx);
    if (!(cpu->cr0 & CR0_PG)) {
        return true;
    }
    return control_write_cr3(ctx, image->cr3);
}

bool task_switch(struct context *ctx, uint16_t selector, const struct descriptor *d,
                 enum task_reason reason, uint32_t next_eip)
{
    struct x86_cpu *cpu = x86_of(ctx);
    struct task_image image;
    bool is_32 = descriptor_system(d) & 8;
    uint32_t base = descriptor_base(d);
    if (descriptor_limit(d) < layout_of(is_32)->limit) {
        return fault_code(ctx, VECTOR_TS, selector & 0xfffcu);
    }
    if (!image_read(ctx, base, is_32, &image) || !probe_tasks(ctx, d)) {
        return false;
    }
    uint32_t eflags = x86_eflags(ctx);
    if (reason == TASK_IRET) {
        eflags &= ~(uint32_t)FLAG_NT;
    }
    if (!image_write(ctx, (uint32_t)cpu->tr[0].base, tr_is_32(cpu), next_eip, eflags) ||
        !mark_tasks(ctx, d, reason, &image)) {
        return false;
    }
    segment_set(ctx, &cpu->tr[0], selector, d);
    cpu->tr[0].rights |= 2;
    enter_image(ctx, &image, is_32);
    if (is_32 && !load_cr3(ctx, &image)) {
        return false;
    }
    bool ok = load_ldt(ctx, image.ldt) && (x86_v86(ctx) || load_segments(ctx, &image));
    x86_privilege_changed(ctx);
    if (!ok) {
        return false;
    }
    cpu->step_inhibit = 1;
    cpu->keep_rf = 1;
    if (image.eip > ctx->seg[SEG_CS].limit) {
        return fault_gp(ctx, 0);
    }
    if (image.trap) {
        cpu->dr[6] |= DR6_BT;
        ctx->event = (struct guest_event){.vector = VECTOR_DB, .kind = EVENT_TRAP};
        ctx->leave = LEAVE_EVENT;
    }
    return true;
}

bool task_gate(struct context *ctx, const struct descriptor *gate, enum task_reason reason,
               uint32_t next_eip)
{
    uint16_t selector = (uint16_t)(gate->low >> 16);
    uint32_t error = selector & 0xfffcu;
    struct descriptor d;
    if (selector & 4) {
        return fault_gp(ctx, error);
    }
    if (!descriptor_fetch(ctx, selector, VECTOR_GP, &d)) {
        return false;
    }
    unsigned type = descriptor_system(&d);
    if (type != SYSTEM_TSS16 && type != SYSTEM_TSS32) {
        return fault_gp(ctx, error);
    }
    if (!descriptor_present(&d)) {
        return fault_code(ctx, VECTOR_NP, error);
    }
    return task_switch(ctx, selector, &d, reason, next_eip);
}

bool task_return(struct context *ctx, uint32_t next_eip)
{
    struct descriptor d;
    uint64_t link;
    if (!linear_read(ctx, x86_of(ctx)->tr[0].base, 2, VIEW_SUPERVISOR, &link)) {
        return false;
    }
    uint16_t selector = (uint16_t)link;
    uint32_t error = selector & 0xfffcu;
    if (selector & 4) {
        return fault_code(ctx, VECTOR_TS, error);
    }
    if (!descriptor_fetch(ctx, selector, VECTOR_TS, &d)) {
        return false;
    }
    unsigned type = descriptor_system(&d);
    if (type != SYSTEM_TSS16_BUSY && type != SYSTEM_TSS32_BUSY) {
        return fault_code(ctx, VECTOR_TS, error);
    }
    if (!descriptor_present(&d)) {
        return fault_code(ctx, VECTOR_NP, error);
    }
    return task_switch(ctx, selector, &d, TASK_IRET, next_eip);
}
