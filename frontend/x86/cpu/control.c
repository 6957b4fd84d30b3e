/*
 * Writes of CR0, CR3 and CR4: reserved bits, PAE pointers, what they invalidate, and the A20 mask.
 */
#include "frontend/x86/cpu/cpu.h"

static uint32_t cr0_known(const struct x86_cpu *cpu)
{
    uint32_t known = CR0_PE | CR0_MP | CR0_EM | CR0_TS;
    if (x86_since(cpu, 3)) {
        known |= CR0_ET | CR0_PG;
    }
    if (x86_since(cpu, 4)) {
        known |= CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD;
    }
    return known;
}

uint32_t control_cr4_known(const struct x86_cpu *cpu)
{
    static const struct {
        uint8_t word;
        uint32_t feature, bits;
    } rows[] = {
        {WORD_1_EDX, FEATURE_VME, CR4_VME | CR4_PVI},
        {WORD_1_EDX, FEATURE_TSC, CR4_TSD},
        {WORD_1_EDX, FEATURE_DE, CR4_DE},
        {WORD_1_EDX, FEATURE_PSE, CR4_PSE},
        {WORD_1_EDX, FEATURE_PAE, CR4_PAE},
        {WORD_1_EDX, FEATURE_MSR, CR4_MCE},
        {WORD_1_EDX, FEATURE_PGE, CR4_PGE},
        {WORD_1_EDX, FEATURE_MMX, CR4_PCE},
        {WORD_1_EDX, FEATURE_FXSR, CR4_OSFXSR},
        {WORD_1_EDX, FEATURE_SSE, CR4_OSXMMEXCPT},
        {WORD_1_ECX, FEATURE_C_XSAVE, CR4_OSXSAVE},
        {WORD_7_EBX, FEATURE_7_SMEP, CR4_SMEP},
        {WORD_7_EBX, FEATURE_7_SMAP, CR4_SMAP},
        {WORD_7_ECX, FEATURE_7C_UMIP, CR4_UMIP},
    };
    uint32_t known = 0;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (x86_has_in(cpu, (enum x86_feature_word)rows[i].word, rows[i].feature)) {
            known |= rows[i].bits;
        }
    }
    return known;
}

/* Segment caches are read differently in real mode, and loaded without descriptors. */
static void segments_refresh(struct context *ctx)
{
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        ctx->seg[i].source = 0;
        segment_update(ctx, &ctx->seg[i]);
    }
}

bool control_write_cr0(struct context *ctx, uint32_t value)
{
    struct x86_cpu *cpu = x86_of(ctx);
    bool et_fixed = x86_since(cpu, 4) || (x86_since(cpu, 3) && x86_has(cpu, FEATURE_FPU));
    value = (value & cr0_known(cpu)) | (et_fixed ? (uint32_t)CR0_ET : 0);
    if (((value & CR0_PG) && !(value & CR0_PE)) || ((value & CR0_NW) && !(value & CR0_CD))) {
        return fault_gp(ctx, 0);
    }
    uint32_t changed = cpu->cr0 ^ value;
    bool reload =
        (value & CR0_PG) && (cpu->cr4 & CR4_PAE) && (changed & (CR0_PG | CR0_CD | CR0_NW));
    if (reload && !paging_load_pdptes(cpu, cpu->cr3)) {
        return fault_gp(ctx, 0);
    }
    cpu->cr0 = value;
    if (changed & CR0_PE) {
        segments_refresh(ctx);
        x86_privilege_changed(ctx);
    }
    if (changed & (CR0_PG | CR0_WP)) {
        memory_flush_all(ctx, false);
        memory_select(ctx);
    }
    return true;
}

bool control_write_cr3(struct context *ctx, uint32_t value)
{
    struct x86_cpu *cpu = x86_of(ctx);
    bool pae = (cpu->cr4 & CR4_PAE) && (cpu->cr0 & CR0_PG);
    if (pae && !paging_load_pdptes(cpu, value)) {
        return fault_gp(ctx, 0);
    }
    cpu->cr3 = value;
    if (cpu->cr0 & CR0_PG) {
        memory_flush_all(ctx, (cpu->cr4 & CR4_PGE) != 0);
        memory_select(ctx);
    }
    return true;
}

bool control_write_cr4(struct context *ctx, uint32_t value)
{
    struct x86_cpu *cpu = x86_of(ctx);
    if (value & ~control_cr4_known(cpu)) {
        return fault_gp(ctx, 0);
    }
    uint32_t paging = CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP | CR4_SMAP;
    bool changed = ((cpu->cr4 ^ value) & paging) != 0;
    bool reload = (value & CR4_PAE) && (cpu->cr0 & CR0_PG) && changed;
    if (reload && !paging_load_pdptes(cpu, cpu->cr3)) {
        return fault_gp(ctx, 0);
    }
    cpu->cr4 = value;
    if (changed) {
        memory_flush_all(ctx, false);
        memory_select(ctx);
    }
    return true;
}

void x86_set_a20(struct x86_cpu *cpu, bool enabled)
{
    uint64_t mask = x86_address_mask(cpu->model) & (enabled ? UINT64_MAX : ~UINT64_C(0x100000));
    if (cpu->a20_mask != mask) {
        cpu->a20_mask = mask;
        if (cpu->ctx.tables) {
            memory_flush_all(&cpu->ctx, false);
            memory_select(&cpu->ctx);
        }
    }
}
