/*
 * Delivery of exceptions and interrupts (SDM volume 3, chapter 6 and section 20.3).
 *
 * x86_deliver() enters the handler of ctx->event.  A fault on the way is combined with the event by
 * the double-fault rules and delivered instead; a fault while a double fault is delivered is a
 * triple fault.  On success leave is LEAVE_NONE, rip is the handler's first instruction and the
 * halted flag is clear (an event ends HLT).  ctx->rip is what handlers return to: for faults the
 * instruction, for traps and external interrupts the next one.
 *
 * Not modelled: machine checks.
 */
#include "frontend/x86/cpu/segment.h"
#include "frontend/x86/cpu/task.h"
#include "translator/api/mode.h"

/* A protected-mode delivery under way. */
struct entry {
    const struct guest_event *event;
    struct descriptor gate;
    struct descriptor code;
    uint16_t selector;   /* of the handler */
    uint32_t return_eip; /* pushed */
    uint32_t eflags;     /* pushed */
    uint32_t eip;        /* of the handler */
    unsigned size;       /* of pushes */
    unsigned cpl;        /* of the handler */
};

static uint32_t gate_eip(const struct descriptor *gate, unsigned size)
{
    return size == 4 ? (gate->low & 0xffff) | (gate->high & 0xffff0000u) : gate->low & 0xffff;
}

/* EFLAGS to push: faults set RF so that the instruction's own breakpoint does not hit again, but
 * the fault of that breakpoint leaves it to its handler; so do events between two elements of a
 * repetition. */
static uint32_t pushed_eflags(const struct context *ctx, const struct guest_event *event)
{
    const struct x86_cpu *cpu = x86_of_const(ctx);
    uint32_t eflags = x86_eflags(ctx);
    bool between = event->kind != EVENT_SOFTWARE && ctx->repeat_icount == context_icount(ctx);
    bool resumes = event->kind == EVENT_FAULT ? !cpu->at_breakpoint : between;
    return resumes ? eflags | FLAG_RF : eflags;
}

static bool enter_real(struct context *ctx, uint8_t vector, uint32_t return_eip)
{
    struct x86_cpu *cpu = x86_of(ctx);
    uint32_t at = vector * 4u;
    uint64_t target;
    if (at + 3 > cpu->idt_limit) {
        return fault(ctx, vector == VECTOR_DF ? VECTOR_DF : VECTOR_GP);
    }
    if (!linear_get(ctx, cpu->idt_base + at, 4, VIEW_SUPERVISOR, &target)) {
        return false;
    }
    struct stack stack = stack_current(ctx);
    if (!stack_push(ctx, &stack, 2, x86_eflags(ctx)) ||
        !stack_push(ctx, &stack, 2, ctx->seg[SEG_CS].selector) ||
        !stack_push(ctx, &stack, 2, return_eip)) {
        return false;
    }
    stack_commit(ctx, &stack);
    ctx->eflags &= ~(uint32_t)(FLAG_IF | FLAG_TF | FLAG_AC | FLAG_RF);
    segment_set_real(ctx, &ctx->seg[SEG_CS], (uint16_t)(target >> 16));
    ctx->rip = target & 0xffff;
    return true;
}

/* Reads and checks the IDT entry. */
static bool read_gate(struct context *ctx, struct entry *entry)
{
    const struct x86_cpu *cpu = x86_of(ctx);
    uint32_t at = entry->event->vector * 8u;
    uint32_t error = at + 2;
    uint64_t value;
    if (at + 7 > cpu->idt_limit) {
        return fault_gp(ctx, error);
    }
    if (!linear_get(ctx, cpu->idt_base + at, 8, VIEW_SUPERVISOR, &value)) {
        return false;
    }
    entry->gate = (struct descriptor){(uint32_t)value, (uint32_t)(value >> 32), 0};
    descriptor_trim(ctx, &entry->gate);
    unsigned type = descriptor_system(&entry->gate);
    if (type != SYSTEM_TASK_GATE && (type & 6) != 6) {
        return fault_gp(ctx, error);
    }
    if (entry->event->kind == EVENT_SOFTWARE &&
        rights_dpl(descriptor_rights(&entry->gate)) < x86_cpl(ctx)) {
        return fault_gp(ctx, error);
    }
    if (!descriptor_present(&entry->gate)) {
        return fault_code(ctx, VECTOR_NP, error);
    }
    return true;
}

/* Reads and checks the handler's code segment; finds the new CPL. */
static bool read_code(struct context *ctx, struct entry *entry)
{
    uint32_t error = entry->selector & 0xfffcu;
    if (selector_null(entry->selector)) {
        return fault_gp(ctx, 0);
    }
    if (!descriptor_fetch(ctx, entry->selector, VECTOR_GP, &entry->code)) {
        return false;
    }
    uint32_t rights = descriptor_rights(&entry->code);
    unsigned dpl = rights_dpl(rights);
    if (!rights_code(rights) || dpl > x86_cpl(ctx)) {
        return fault_gp(ctx, error);
    }
    if (!(rights & RIGHTS_P)) {
        return fault_code(ctx, VECTOR_NP, error);
    }
    entry->cpl = rights_conforming(rights) ? x86_cpl(ctx) : dpl;
    if (x86_v86(ctx) && entry->cpl != 0) {
        return fault_gp(ctx, error);
    }
    return true;
}

/* The stack the handler starts on. */
static bool inner_stack(struct context *ctx, struct entry *entry, struct stack *stack)
{
    struct descriptor d;
    uint16_t ss;
    uint32_t esp;
    if (!task_ring_stack(ctx, entry->cpl, &ss, &esp) ||
        !segment_check_stack(ctx, ss, entry->cpl, VECTOR_TS, &d) ||
        !descriptor_mark_accessed(ctx, &d)) {
        return false;
    }
    *stack = (struct stack){.sp = esp, .view = x86_view(ctx, entry->cpl), .error = ss & 0xfffcu};
    segment_set(ctx, &stack->segment, ss, &d);
    return true;
}

/* The frame; on an inner stack with the old one and, of V86 code, the data segments. */
static bool push_frame(struct context *ctx, const struct entry *entry, struct stack *stack,
                       bool inner)
{
    static const uint8_t data[] = {SEG_GS, SEG_FS, SEG_DS, SEG_ES};
    uint32_t words[10];
    unsigned count = 0;
    if (inner) {
        for (unsigned i = 0; x86_v86(ctx) && i < sizeof(data); i++) {
            words[count++] = ctx->seg[data[i]].selector;
        }
        words[count++] = ctx->seg[SEG_SS].selector;
        words[count++] = x86_gpr(ctx, GUEST_RSP);
    }
    words[count++] = entry->eflags;
    words[count++] = ctx->seg[SEG_CS].selector;
    words[count++] = entry->return_eip;
    if (entry->event->has_error) {
        words[count++] = entry->event->error;
    }
    return stack_push_all(ctx, stack, entry->size, words, count);
}

/* The point of no return: the handler's CS:EIP, SS:ESP and EFLAGS. */
static void commit_entry(struct context *ctx, struct entry *entry, const struct stack *stack,
                         bool inner)
{
    static const uint8_t data[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    unsigned type = descriptor_system(&entry->gate);
    if (inner) {
        bool was_v86 = x86_v86(ctx);
        ctx->eflags &= ~(uint32_t)FLAG_VM;
        ctx->seg[SEG_SS] = stack->segment;
        for (unsigned i = 0; was_v86 && i < sizeof(data); i++) {
            segment_set_null(&ctx->seg[data[i]], 0);
        }
    }
    stack_commit(ctx, stack);
    segment_set(ctx, &ctx->seg[SEG_CS], (uint16_t)((entry->selector & ~3u) | entry->cpl),
                &entry->code);
    ctx->rip = entry->eip;
    ctx->eflags &= ~(uint32_t)(FLAG_TF | FLAG_NT | FLAG_RF | FLAG_VM);
    if (type == SYSTEM_INT16 || type == SYSTEM_INT32) {
        ctx->eflags &= ~(uint32_t)FLAG_IF;
    }
    x86_privilege_changed(ctx);
}

static bool enter_gate(struct context *ctx, struct entry *entry)
{
    entry->size = descriptor_system(&entry->gate) & 8 ? 4 : 2;
    entry->selector = (uint16_t)(entry->gate.low >> 16);
    entry->eip = gate_eip(&entry->gate, entry->size);
    if (!read_code(ctx, entry)) {
        return false;
    }
    bool inner = entry->cpl != x86_cpl(ctx);
    struct stack stack = stack_current(ctx);
    if (inner && !inner_stack(ctx, entry, &stack)) {
        return false;
    }
    if (!push_frame(ctx, entry, &stack, inner)) {
        return false;
    }
    if (entry->eip > descriptor_limit(&entry->code)) {
        return fault_gp(ctx, 0);
    }
    if (!descriptor_mark_accessed(ctx, &entry->code)) {
        return false;
    }
    commit_entry(ctx, entry, &stack, inner);
    return true;
}

static bool enter_task(struct context *ctx, const struct entry *entry)
{
    ctx->eflags |= entry->eflags & FLAG_RF; /* saved with the task that is left */
    if (!task_gate(ctx, &entry->gate, TASK_EVENT, entry->return_eip)) {
        return false;
    }
    if (!entry->event->has_error) {
        return true;
    }
    struct stack stack = stack_current(ctx);
    unsigned size = x86_of(ctx)->tr[0].rights & 8 ? 4 : 2;
    if (!stack_push(ctx, &stack, size, entry->event->error)) {
        return false;
    }
    stack_commit(ctx, &stack);
    return true;
}

bool event_enter(struct context *ctx, const struct guest_event *event, uint32_t return_eip)
{
    struct x86_cpu *cpu = x86_of(ctx);
    struct entry entry = {
        .event = event, .return_eip = return_eip, .eflags = pushed_eflags(ctx, event)};
    if (!x86_protected(ctx)) {
        return enter_real(ctx, event->vector, return_eip);
    }
    cpu->external = event->kind == EVENT_SOFTWARE ? 0 : 1;
    bool ok = read_gate(ctx, &entry);
    if (ok) {
        ok = descriptor_system(&entry.gate) == SYSTEM_TASK_GATE ? enter_task(ctx, &entry)
                                                                : enter_gate(ctx, &entry);
    }
    cpu->external = 0;
    return ok;
}

enum fault_class { CLASS_BENIGN, CLASS_CONTRIBUTORY, CLASS_PAGE, CLASS_DOUBLE };

static enum fault_class event_class(const struct guest_event *event)
{
    if (event->kind != EVENT_FAULT) {
        return CLASS_BENIGN;
    }
    switch (event->vector) {
    case VECTOR_DE:
    case VECTOR_TS:
    case VECTOR_NP:
    case VECTOR_SS:
    case VECTOR_GP:
        return CLASS_CONTRIBUTORY;
    case VECTOR_PF:
        return CLASS_PAGE;
    case VECTOR_DF:
        return CLASS_DOUBLE;
    default:
        return CLASS_BENIGN;
    }
}

/* The event to deliver after `second` arose while `first` was delivered; false: triple fault. */
static bool combine(const struct guest_event *first, struct guest_event *second)
{
    enum fault_class a = event_class(first);
    enum fault_class b = event_class(second);
    if (a == CLASS_DOUBLE && b != CLASS_BENIGN) {
        return false;
    }
    if ((a == CLASS_CONTRIBUTORY && b == CLASS_CONTRIBUTORY) ||
        (a == CLASS_PAGE && (b == CLASS_CONTRIBUTORY || b == CLASS_PAGE))) {
        *second = (struct guest_event){
            .vector = VECTOR_DF, .kind = EVENT_FAULT, .has_error = true, .error = 0};
    }
    return true;
}

/* EIP to push: on the 8086 a repetition that is interrupted goes on at its last prefix, so that the
 * others are lost. */
static uint32_t return_eip(const struct context *ctx, const struct guest_event *event)
{
    const struct x86_cpu *cpu = x86_of_const(ctx);
    bool between = event->kind == EVENT_EXTERNAL || event->kind == EVENT_TRAP;
    bool repeating = !x86_since(cpu, 1) && between && cpu->rep_icount == context_icount(ctx);
    return repeating ? cpu->rep_eip : (uint32_t)ctx->rip;
}

bool x86_deliver(struct context *ctx)
{
    struct x86_cpu *cpu = x86_of(ctx);
    struct guest_event event = ctx->event;
    ctx->halted = 0;
    cpu->monitor = 0;
    ctx->shadow = SHADOW_NONE;
    if (event.kind == EVENT_EXTERNAL && event.vector == VECTOR_NMI) {
        cpu->nmi_blocked = 1;
    }
    /* Each round but the last raises the class of the event, so a handful is enough. */
    for (unsigned round = 0; round < 8; round++) {
        ctx->leave = LEAVE_NONE;
        if (event.vector == VECTOR_DB) {
            cpu->dr[7] &= ~(uint32_t)DR7_GD;
        }
        bool entered = event_enter(ctx, &event, return_eip(ctx, &event));
        cpu->at_breakpoint = 0;
        if (entered && ctx->leave != LEAVE_EVENT) {
            ctx->leave = LEAVE_NONE;
            x86_transferred(ctx);
            return true;
        }
        struct guest_event second = ctx->event;
        if (!entered && !combine(&event, &second)) {
            return false;
        }
        event = second;
    }
    return false;
}

bool x86_nmi_blocked(const struct x86_cpu *cpu)
{
    return cpu->nmi_blocked != 0;
}

bool x86_interruptible(const struct context *ctx)
{
    return (ctx->eflags & FLAG_IF) && context_shadowed(ctx) == SHADOW_NONE;
}
