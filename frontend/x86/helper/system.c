/*
 * Descriptor table registers, control and debug registers, model-specific registers, time-stamp
 * counter, CPUID, HLT, INVLPG (SDM volume 2).
 *
 * Not modelled: WBINVD has no effect because memory is always coherent.
 */
#include "frontend/x86/helper/helper.h"

enum { MSW_FIXED = 0xfff0 }; /* bits of the 80286's machine status word that read as 1 */

static uint64_t store_table(struct context *ctx, uint64_t a, uint64_t imm, uint32_t base,
                            uint32_t limit)
{
    enum seg_index seg = (enum seg_index)(imm & 7);
    if (!x86_since(x86_of(ctx), 3)) {
        base |= UINT32_C(0xff000000);
    }
    if (!shows_system_state(ctx) || !guest_probe_write(ctx, seg, a, 4)) {
        return 0; /* aligned like a doubleword */
    }
    uint32_t mode = alignment_check_off(ctx);
    if (guest_probe_write(ctx, seg, (uint32_t)(a + 2), 4) && guest_write(ctx, seg, a, 2, limit)) {
        (void)guest_write(ctx, seg, (uint32_t)(a + 2), 4, base);
    }
    alignment_check_back(ctx, mode);
    return 0;
}

uint64_t callout_sgdt(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    return store_table(ctx, a, imm, x86_of(ctx)->gdt_base, x86_of(ctx)->gdt_limit);
}

uint64_t callout_sidt(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    return store_table(ctx, a, imm, x86_of(ctx)->idt_base, x86_of(ctx)->idt_limit);
}

static bool load_table(struct context *ctx, uint64_t a, uint64_t imm, uint32_t *base,
                       uint32_t *limit)
{
    enum seg_index seg = (enum seg_index)(imm & 7);
    uint64_t new_limit;
    uint64_t new_base;
    if (!privileged(ctx) || !guest_read(ctx, seg, a, 2, &new_limit) ||
        !guest_read(ctx, seg, (uint32_t)(a + 2), 4, &new_base)) {
        return false;
    }
    *limit = (uint32_t)new_limit;
    *base = (imm >> 8 & 15) == 2 ? new_base & 0xffffff : (uint32_t)new_base;
    return true;
}

uint64_t callout_lgdt(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    (void)load_table(ctx, a, imm, &x86_of(ctx)->gdt_base, &x86_of(ctx)->gdt_limit);
    descriptors_changed(x86_of(ctx));
    return 0;
}

uint64_t callout_lidt(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    (void)load_table(ctx, a, imm, &x86_of(ctx)->idt_base, &x86_of(ctx)->idt_limit);
    return 0;
}

uint64_t callout_smsw(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    const struct x86_cpu *cpu = x86_of(ctx);
    if (!shows_system_state(ctx)) {
        return 0;
    }
    return x86_since(cpu, 3) ? cpu->cr0 : cpu->cr0 | MSW_FIXED;
}

uint64_t callout_lmsw(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    (void)imm;
    uint32_t cr0 = x86_of(ctx)->cr0;
    uint32_t value = (cr0 & ~UINT32_C(0xe)) | (a & 0xf); /* PE cannot be cleared */
    if (!privileged(ctx) || !control_write_cr0(ctx, value)) {
        return 0;
    }
    return leave_done(ctx);
}

uint64_t callout_clts(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    if (!privileged(ctx)) {
        return 0;
    }
    x86_of(ctx)->cr0 &= ~(uint32_t)CR0_TS;
    return mode_done(ctx);
}

uint64_t callout_cr_read(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    struct x86_cpu *cpu = x86_of(ctx);
    if (!privileged(ctx)) {
        return 0;
    }
    switch (imm & 15) {
    case 0:
        return cpu->cr0;
    case 2:
        return cpu->cr2;
    case 3:
        return cpu->cr3;
    case 4:
        if (control_cr4_known(cpu)) {
            return cpu->cr4;
        }
        break;
    default:
        break;
    }
    fault(ctx, VECTOR_UD);
    return 0;
}

uint64_t callout_cr_write(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    struct x86_cpu *cpu = x86_of(ctx);
    uint32_t value = (uint32_t)a;
    bool ok = privileged(ctx);
    if (!ok) {
        return 0;
    }
    switch (imm & 15) {
    case 0:
        ok = control_write_cr0(ctx, value);
        break;
    case 2:
        cpu->cr2 = value;
        return 0;
    case 3:
        ok = control_write_cr3(ctx, value);
        x86_transferred(ctx);
        break;
    case 4:
        ok = control_cr4_known(cpu) ? control_write_cr4(ctx, value) : fault(ctx, VECTOR_UD);
        break;
    default:
        ok = fault(ctx, VECTOR_UD);
        break;
    }
    return ok ? leave_done(ctx) : 0;
}

/* The register behind DR4 and DR5; checks of level and general detect.  False: fault raised. */
static bool debug_register(struct context *ctx, uint64_t imm, unsigned *reg)
{
    struct x86_cpu *cpu = x86_of(ctx);
    *reg = imm & 7;
    if (*reg == 4 || *reg == 5) {
        if (cpu->cr4 & CR4_DE) {
            return fault(ctx, VECTOR_UD);
        }
        *reg += 2;
    }
    if (!privileged(ctx)) {
        return false;
    }
    if (cpu->dr[7] & DR7_GD) {
        cpu->dr[6] |= DR6_BD;
        return fault(ctx, VECTOR_DB);
    }
    return true;
}

uint64_t callout_dr_read(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    unsigned reg;
    return debug_register(ctx, imm, &reg) ? x86_of(ctx)->dr[reg] : 0;
}

uint64_t callout_dr_write(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    struct x86_cpu *cpu = x86_of(ctx);
    uint32_t value = (uint32_t)a;
    unsigned reg;
    if (!debug_register(ctx, imm, &reg)) {
        return 0;
    }
    if (reg == 6) {
        value = (value & 0xe00f) | DR6_FIXED;
    } else if (reg == 7) {
        value = (value & UINT32_C(0xffff23ff)) | DR7_FIXED;
    }
    cpu->dr[reg] = value;
    if (reg == 6) {
        return 0;
    }
    debug_changed(ctx);
    passages_forget(ctx);
    return leave_done(ctx);
}

/* The test registers of the 386 and 486 give back what was written; nothing is tested. */
uint64_t callout_test_read(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    return x86_of(ctx)->test[imm & 7];
}

uint64_t callout_test_write(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    x86_of(ctx)->test[imm & 7] = (uint32_t)a;
    return 0;
}

uint64_t callout_invlpg(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    if (!privileged(ctx)) {
        return 0;
    }
    memory_flush_page(ctx, (uint32_t)(ctx->seg[imm & 7].base + a));
    x86_transferred(ctx);
    return leave_done(ctx);
}

uint64_t callout_wbinvd(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    (void)privileged(ctx);
    return 0;
}

static void put_edx_eax(struct context *ctx, uint64_t value)
{
    ctx->gpr[GUEST_RAX] = (uint32_t)value;
    ctx->gpr[GUEST_RDX] = value >> 32;
}

uint64_t callout_rdmsr(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    struct x86_cpu *cpu = x86_of(ctx);
    uint64_t value;
    if (!x86_has(cpu, FEATURE_MSR)) {
        fault(ctx, VECTOR_UD);
    } else if (privileged(ctx)) {
        if (msr_read(cpu, x86_gpr(ctx, GUEST_RCX), &value)) {
            put_edx_eax(ctx, value);
        } else {
            fault_gp(ctx, 0);
        }
    }
    return 0;
}

uint64_t callout_wrmsr(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    struct x86_cpu *cpu = x86_of(ctx);
    uint64_t value = (uint64_t)x86_gpr(ctx, GUEST_RDX) << 32 | x86_gpr(ctx, GUEST_RAX);
    if (!x86_has(cpu, FEATURE_MSR)) {
        fault(ctx, VECTOR_UD);
        return 0;
    }
    if (!privileged(ctx)) {
        return 0;
    }
    if (!msr_write(cpu, x86_gpr(ctx, GUEST_RCX), value)) {
        fault_gp(ctx, 0);
        return 0;
    }
    passages_forget(ctx);
    return leave_done(ctx);
}

uint64_t callout_rdtsc(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    struct x86_cpu *cpu = x86_of(ctx);
    if (!x86_has(cpu, FEATURE_TSC)) {
        fault(ctx, VECTOR_UD);
    } else if ((cpu->cr4 & CR4_TSD) && x86_cpl(ctx) != 0) {
        fault_gp(ctx, 0);
    } else {
        put_edx_eax(ctx, x86_tsc(cpu));
    }
    return 0;
}

uint64_t callout_rdpmc(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    struct x86_cpu *cpu = x86_of(ctx);
    uint32_t index = x86_gpr(ctx, GUEST_RCX);
    if (!x86_has(cpu, FEATURE_MMX | FEATURE_CMOV)) {
        fault(ctx, VECTOR_UD);
    } else if (index > 1 || (x86_cpl(ctx) != 0 && !(cpu->cr4 & CR4_PCE))) {
        fault_gp(ctx, 0);
    } else {
        put_edx_eax(ctx, cpu->perf_count[index] & UINT64_C(0xffffffffff));
    }
    return 0;
}

uint64_t callout_cpuid(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    struct x86_cpu *cpu = x86_of(ctx);
    uint32_t out[4];
    if (!cpu->model->max_leaf) {
        fault(ctx, VECTOR_UD);
        return 0;
    }
    x86_cpuid(cpu, x86_gpr(ctx, GUEST_RAX), x86_gpr(ctx, GUEST_RCX), out);
    ctx->gpr[GUEST_RAX] = out[0];
    ctx->gpr[GUEST_RBX] = out[1];
    ctx->gpr[GUEST_RCX] = out[2];
    ctx->gpr[GUEST_RDX] = out[3];
    return 0;
}

uint64_t callout_hlt(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    if (privileged(ctx)) {
        ctx->halted = HALTED_HLT;
        context_leave_after(ctx, LEAVE_HALT);
    }
    return 0;
}
