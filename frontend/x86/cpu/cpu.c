/*
 * Creation, reset, saved state and printing of the CPU (SDM volume 3, section 9.1).
 *
 * Not modelled: built-in self test, system management mode.
 */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/cpu/segment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* All that is saved: the record, then the system registers. */
#define X86_CPU_STATE(S, VAL, ARR, SUB)                          \
    SUB(S, context, ctx, 1, "the record generated code runs on") \
    X86_SYSTEM_STATE(S, VAL, ARR, SUB)

STATE_DESC(segment, SEGMENT_STATE);
STATE_DESC(xmm, XMM_STATE);
STATE_DESC(x87_reg, X87_REG_STATE);
STATE_DESC(context, CONTEXT_STATE);
STATE_DESC(x86_cpu, X86_CPU_STATE);

struct x86_cpu *x86_create(const struct x86_model *model, const struct x86_wires *wires)
{
    size_t bytes = (sizeof(struct x86_cpu) + 63) & ~(size_t)63;
    struct x86_cpu *cpu = aligned_alloc(64, bytes);
    if (!cpu) {
        return NULL;
    }
    memset(cpu, 0, bytes);
    cpu->configured = *model;
    cpu->model = &cpu->configured;
    cpu->wires = *wires;
    cpu->ctx.absent = x86_model_absent(model);
    cpu->ctx.offsets_wrap = !x86_since(cpu, 2);
    cpu->eflags_fixed = x86_since(cpu, 2) ? 2 : 0xf002;
    x86_reset(cpu, false);
    return cpu;
}

void x86_destroy(struct x86_cpu *cpu)
{
    free(cpu);
}

struct context *x86_context(struct x86_cpu *cpu)
{
    return &cpu->ctx;
}

const struct state_desc *x86_state(void)
{
    return &x86_cpu_state;
}

bool x86_has_fpu(const struct x86_cpu *cpu)
{
    return x86_has(cpu, FEATURE_FPU);
}

bool x86_has_8087(const struct x86_cpu *cpu)
{
    return x86_has_fpu(cpu) && x86_x87_generation(cpu) == X87_GENERATION_8087;
}

/* Where the first instruction stands: 16 bytes below the end of the address space. */
static void reset_code(struct x86_cpu *cpu)
{
    struct context *ctx = &cpu->ctx;
    bool old = !x86_since(cpu, 2);
    ctx->seg[SEG_CS].selector = old ? 0xffff : 0xf000;
    ctx->seg[SEG_CS].base = old ? 0xffff0 : 0xffff0000 & x86_address_mask(cpu->model);
    ctx->rip = old ? 0 : 0xfff0;
}

static void reset_cr0(struct x86_cpu *cpu)
{
    if (!x86_since(cpu, 4)) {
        cpu->cr0 &= ~(uint32_t)(CR0_NW | CR0_CD);
        cpu->cr0 &= x86_has(cpu, FEATURE_FPU) ? UINT32_MAX : ~(uint32_t)CR0_ET;
    }
    if (!x86_since(cpu, 3)) {
        cpu->cr0 = 0;
    }
}

/* What RESET# and INIT have in common. */
static void reset_core(struct x86_cpu *cpu)
{
    struct context *ctx = &cpu->ctx;
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        ctx->seg[i] = (struct segment){.limit = 0xffff, .rights = RIGHTS_DATA_RW};
        segment_update(ctx, &ctx->seg[i]);
    }
    reset_code(cpu);
    reset_cr0(cpu);
    context_set_flags(ctx, 0);
    ctx->gpr[GUEST_RDX] = x86_signature(cpu->model);
    cpu->ldtr[0] = (struct segment){.limit = 0xffff, .rights = RIGHTS_P | SYSTEM_LDT};
    cpu->tr[0] = (struct segment){
        .limit = 0xffff,
        .rights = RIGHTS_P | (x86_since(cpu, 3) ? SYSTEM_TSS32_BUSY : SYSTEM_TSS16_BUSY)};
    cpu->idt_limit = x86_since(cpu, 4) ? 0xffff : 0x3ff;
    cpu->dr[6] = DR6_FIXED;
    cpu->dr[7] = DR7_FIXED;
    cpu->external = 0;
    cpu->step_inhibit = 0;
    cpu->keep_rf = 0;
    cpu->at_breakpoint = 0;
    ctx->leave = LEAVE_NONE;
    ctx->pending = 0;
    ctx->event = (struct guest_event){0};
    ctx->view = VIEW_SUPERVISOR;
    descriptors_changed(cpu);
    passages_forget(ctx);
}

/* Members that INIT leaves alone: FPU and SSE state, MSRs, caches, the instruction count. */
static void keep_over_init(struct x86_cpu *to, const struct x86_cpu *from)
{
    struct context *ctx = &to->ctx;
    const struct context *old = &from->ctx;
    memcpy(ctx->xmm, old->xmm, sizeof(ctx->xmm));
    memcpy(ctx->st, old->st, sizeof(ctx->st));
    ctx->mxcsr = old->mxcsr;
    ctx->fcw = old->fcw;
    ctx->fsw = old->fsw;
    ctx->ftop = old->ftop;
    ctx->ftag = old->ftag;
    to->cr0 |= from->cr0 & (CR0_CD | CR0_NW);
    to->apic_base = from->apic_base;
    to->tsc_offset = from->tsc_offset;
    to->pat = from->pat;
    to->xcr0 = from->xcr0;
    to->random = from->random;
    to->misc_enable = from->misc_enable;
    to->microcode = from->microcode;
    to->mtrr_default = from->mtrr_default;
    memcpy(to->mtrr_fixed, from->mtrr_fixed, sizeof(to->mtrr_fixed));
    memcpy(to->mtrr_base, from->mtrr_base, sizeof(to->mtrr_base));
    memcpy(to->mtrr_mask, from->mtrr_mask, sizeof(to->mtrr_mask));
}

void x86_reset(struct x86_cpu *cpu, bool init)
{
    context_fpu_sync(&cpu->ctx);
    struct x86_cpu old = *cpu;
    state_reset(&x86_cpu_state, cpu);
    cpu->ctx.icount = old.ctx.icount;
    cpu->a20_mask = old.a20_mask ? old.a20_mask : x86_address_mask(cpu->model);
    cpu->smbase = init ? old.smbase : 0x30000;
    if (init) {
        keep_over_init(cpu, &old);
    } else if (!x86_since(cpu, 3)) {
        cpu->ctx.fcw = x86_x87_initial(cpu);
    }
    reset_core(cpu);
    if (cpu->ctx.tables) {
        memory_flush_all(&cpu->ctx, false);
        memory_select(&cpu->ctx);
    }
}

void x86_loaded(struct x86_cpu *cpu)
{
    struct context *ctx = &cpu->ctx;
    cpu->external = 0;
    cpu->step_inhibit = 0;
    cpu->keep_rf = 0;
    cpu->at_breakpoint = 0;
    ctx->view = x86_view(ctx, x86_cpl(ctx));
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        ctx->seg[i].base &= UINT32_MAX;
        ctx->seg[i].source = 0;
        segment_update(ctx, &ctx->seg[i]);
    }
    descriptors_changed(cpu);
    passages_forget(ctx);
    if (ctx->tables) {
        memory_flush_all(ctx, false);
        memory_select(ctx);
    }
}

static void print_segment(const char *name, const struct segment *s, FILE *out)
{
    fprintf(out, "%-4s %04x base %08" PRIx64 " limit %08x rights %04x\n", name, s->selector,
            s->base, s->limit, s->rights);
}

void x86_print(const struct x86_cpu *cpu, FILE *out)
{
    static const char *const gpr[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
    static const char *const seg[] = {"es", "cs", "ss", "ds", "fs", "gs"};
    const struct context *ctx = &cpu->ctx;
    for (unsigned i = 0; i < 8; i++) {
        fprintf(out, "%s %08x%s", gpr[i], x86_gpr(ctx, i), i % 4 == 3 ? "\n" : "  ");
    }
    fprintf(out, "eip %08" PRIx64 "  eflags %08x  cpl %u%s%s%s\n", ctx->rip, x86_eflags(ctx),
            x86_cpl(ctx), ctx->halted ? "  halted" : "", context_shadowed(ctx) ? "  shadow" : "",
            x86_v86(ctx) ? "  v86" : "");
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        print_segment(seg[i], &ctx->seg[i], out);
    }
    print_segment("ldtr", &cpu->ldtr[0], out);
    print_segment("tr", &cpu->tr[0], out);
    fprintf(out, "gdtr base %08x limit %04x  idtr base %08x limit %04x\n", cpu->gdt_base,
            cpu->gdt_limit, cpu->idt_base, cpu->idt_limit);
    fprintf(out, "cr0 %08x  cr2 %08x  cr3 %08x  cr4 %08x  efer %" PRIx64 "\n", cpu->cr0, cpu->cr2,
            cpu->cr3, cpu->cr4, cpu->efer);
    fprintf(out, "dr0 %08x  dr1 %08x  dr2 %08x  dr3 %08x  dr6 %08x  dr7 %08x\n", cpu->dr[0],
            cpu->dr[1], cpu->dr[2], cpu->dr[3], cpu->dr[6], cpu->dr[7]);
    fprintf(out, "fcw %04x  fsw %04x  top %u  tag %02x  mxcsr %08x\n", ctx->fcw, ctx->fsw,
            ctx->ftop, ctx->ftag, ctx->mxcsr);
}
