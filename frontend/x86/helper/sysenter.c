/* SYSENTER and SYSEXIT (SDM volume 2); SYSCALL and SYSRET as of the K6-2 (AMD, SYSCALL and SYSRET
 * Instruction Specification, 21086). */
#include "frontend/x86/helper/helper.h"

enum { FLAT_CODE = 0xc09b, FLAT_DATA = 0xc093 };

static void flat_pair(struct context *ctx, uint32_t code, uint32_t stack, unsigned cpl)
{
    segment_set_flat(ctx, &ctx->seg[SEG_CS], (uint16_t)(code | cpl), FLAT_CODE | cpl << 5);
    segment_set_flat(ctx, &ctx->seg[SEG_SS], (uint16_t)(stack | cpl), FLAT_DATA | cpl << 5);
    x86_privilege_changed(ctx);
}

/* Ends SYSENTER or SYSEXIT, and notes what it did where that follows from the mode alone. */
static uint64_t passage_done(struct context *ctx, enum passage_kind kind, uint32_t from)
{
    struct passage *passage = &ctx->passages[kind];
    far_done(ctx);
    if (ctx->mode_current == MODE_CURRENT && !(ctx->eflags & PASSAGE_REFUSES)) {
        enum memory_view view = mode_view(ctx->mode);
        *passage = (struct passage){.from = from,
                                    .to = ctx->mode,
                                    .tag = memory_code_tag(ctx, ctx->mode),
                                    .tables = ctx->views[view],
                                    .rsp = x86_gpr(ctx, GUEST_RSP),
                                    .rip = ctx->rip,
                                    .view = view,
                                    .cs = ctx->seg[SEG_CS],
                                    .ss = ctx->seg[SEG_SS]};
    }
    return 0;
}

uint64_t callout_sysenter(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    struct x86_cpu *cpu = x86_of(ctx);
    if (!x86_has(cpu, FEATURE_SEP)) {
        fault(ctx, VECTOR_UD);
        return 0;
    }
    if (!x86_protected(ctx) || selector_null(cpu->sysenter_cs)) {
        fault_gp(ctx, 0);
        return 0;
    }
    uint32_t code = cpu->sysenter_cs & 0xfffc;
    ctx->eflags &= ~(uint32_t)(FLAG_VM | FLAG_IF | FLAG_RF);
    flat_pair(ctx, code, code + 8, 0);
    ctx->gpr[GUEST_RSP] = cpu->sysenter_esp;
    ctx->rip = cpu->sysenter_eip;
    return passage_done(ctx, PASSAGE_ENTER, ctx->mode);
}

uint64_t callout_sysexit(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    struct x86_cpu *cpu = x86_of(ctx);
    if (!x86_has(cpu, FEATURE_SEP)) {
        fault(ctx, VECTOR_UD);
        return 0;
    }
    if (!x86_protected(ctx) || selector_null(cpu->sysenter_cs) || x86_cpl(ctx) != 0) {
        fault_gp(ctx, 0);
        return 0;
    }
    uint32_t code = (cpu->sysenter_cs & 0xfffc) + 16;
    flat_pair(ctx, code, code + 8, 3);
    ctx->gpr[GUEST_RSP] = x86_gpr(ctx, GUEST_RCX);
    ctx->rip = x86_gpr(ctx, GUEST_RDX);
    return passage_done(ctx, PASSAGE_EXIT, ctx->mode);
}

/* #UD unless the operating system has switched them on. */
static bool syscall_enabled(struct context *ctx)
{
    const struct x86_cpu *cpu = x86_of(ctx);
    bool there = x86_has_in(cpu, WORD_EXT_EDX, FEATURE_EXT_SYSCALL) && (cpu->efer & EFER_SCE);
    return there || fault(ctx, VECTOR_UD);
}

uint64_t callout_syscall(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    const struct x86_cpu *cpu = x86_of(ctx);
    if (!syscall_enabled(ctx)) {
        return 0;
    }
    uint32_t code = cpu->star >> 32 & 0xfffc;
    ctx->gpr[GUEST_RCX] = (uint32_t)ctx->next_rip;
    ctx->eflags &= ~(uint32_t)(FLAG_VM | FLAG_IF | FLAG_RF);
    flat_pair(ctx, code, code + 8, 0);
    ctx->rip = (uint32_t)cpu->star;
    return far_done(ctx);
}

uint64_t callout_sysret(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    const struct x86_cpu *cpu = x86_of(ctx);
    if (!syscall_enabled(ctx)) {
        return 0;
    }
    if (!x86_selectors(ctx) || x86_cpl(ctx) != 0) {
        fault_gp(ctx, 0);
        return 0;
    }
    uint32_t code = cpu->star >> 48 & 0xfffc;
    flat_pair(ctx, code, code + 8, 3);
    ctx->eflags |= FLAG_IF;
    ctx->rip = x86_gpr(ctx, GUEST_RCX);
    return far_done(ctx);
}
