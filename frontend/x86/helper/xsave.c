/*
 * XSAVE, XSAVEOPT, XSAVEC, XRSTOR, XGETBV, XSETBV (SDM volume 1, chapter 13).
 *
 * Components are x87 (bit 0) and SSE (bit 1).  A component is in use when it differs from its
 * initial state, so what is written depends on the guest's state alone.  XSAVEOPT and XSAVEC leave
 * out what is not in use; nothing is left out for not having changed.
 *
 * Not modelled: supervisor states (XSAVES), components beyond SSE.
 */
#include "base/endian.h"
#include "frontend/x86/helper/fx_image.h"

#include <string.h>

enum {
    COMPONENT_X87 = 1 << 0,
    COMPONENT_SSE = 1 << 1,
    XSAVE_BYTES = 576,
    XSAVE_ALIGN = 64,
    HEADER = 512, /* XSTATE_BV, XCOMP_BV, zeros */
    HEADER_COMPONENTS = HEADER + 8,
    HEADER_ZEROS = HEADER + 16,
    MXCSR_INITIAL = 0x1f80,
    FCW_INITIAL = 0x037f,
};
#define COMPACTED (UINT64_C(1) << 63)

static uint64_t edx_eax(const struct context *ctx)
{
    return (uint64_t)x86_gpr(ctx, GUEST_RDX) << 32 | x86_gpr(ctx, GUEST_RAX);
}

/* #UD without CR4.OSXSAVE, then #NM with CR0.TS where that matters. */
static bool usable(struct context *ctx, bool looks_at_ts)
{
    const struct x86_cpu *cpu = x86_of_const(ctx);
    if (!(cpu->cr4 & CR4_OSXSAVE)) {
        return fault(ctx, VECTOR_UD);
    }
    return !looks_at_ts || !(cpu->cr0 & CR0_TS) || fault(ctx, VECTOR_NM);
}

static bool x87_in_use(const struct context *ctx)
{
    uint64_t any = ctx->fsw | ctx->ftop | ctx->fop | ctx->fip | ctx->fcs | ctx->fdp | ctx->fds;
    for (unsigned i = 0; i < 8; i++) {
        any |= ctx->st[i].mantissa | ctx->st[i].exponent;
    }
    return any || ctx->fcw != FCW_INITIAL || ctx->ftag != 0xff;
}

static bool sse_in_use(const struct context *ctx)
{
    uint64_t any = 0;
    for (unsigned i = 0; i < XMM_REGISTERS; i++) {
        any |= ctx->xmm[i].q[0] | ctx->xmm[i].q[1];
    }
    return any || ctx->mxcsr != MXCSR_INITIAL;
}

static uint64_t in_use(const struct context *ctx)
{
    return (x87_in_use(ctx) ? COMPONENT_X87 : 0u) | (sse_in_use(ctx) ? COMPONENT_SSE : 0u);
}

/* The components to their places, and MXCSR with its mask. */
static bool store_components(struct context *ctx, enum seg_index seg, uint64_t offset,
                             uint64_t components, bool mxcsr)
{
    uint8_t image[FX_USED] = {0};
    fx_put_x87(ctx, image);
    fx_put_mxcsr(ctx, image);
    fx_put_xmm(ctx, image);
    if (components & COMPONENT_X87 && (!fx_store(ctx, seg, offset, image, 0, FX_MXCSR) ||
                                       !fx_store(ctx, seg, offset, image, FX_ST, FX_XMM))) {
        return false;
    }
    if (mxcsr && !fx_store(ctx, seg, offset, image, FX_MXCSR, FX_ST)) {
        return false;
    }
    return !(components & COMPONENT_SSE) || fx_store(ctx, seg, offset, image, FX_XMM, FX_USED);
}

/* XSAVE XSAVEOPT XSAVEC: imm >> 8 is 0, 1, 2. */
uint64_t callout_xsave(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    enum { PLAIN, OPTIMIZED, COMPACT };
    enum seg_index seg = (enum seg_index)(imm & 7);
    unsigned kind = imm >> 8 & 3;
    uint8_t image[HEADER_ZEROS] = {0};
    context_fpu_sync(ctx);
    if (!usable(ctx, true) || !fx_check(ctx, seg, a, XSAVE_BYTES, XSAVE_ALIGN, ACCESS_WRITE) ||
        (kind != COMPACT && !fx_load(ctx, seg, a, image, HEADER, HEADER_COMPONENTS))) {
        return 0;
    }
    uint64_t wanted = x86_of(ctx)->xcr0 & edx_eax(ctx);
    uint64_t used = wanted & in_use(ctx);
    uint64_t others = kind == COMPACT ? 0 : load_le64(image + HEADER) & ~wanted;
    store_le64(image + HEADER, others | used);
    store_le64(image + HEADER_COMPONENTS, wanted | COMPACTED);
    /* the standard form of XRSTOR reads MXCSR whether or not SSE was in use */
    bool mxcsr = (kind == COMPACT ? used : wanted) & COMPONENT_SSE;
    if (store_components(ctx, seg, a, kind == PLAIN ? wanted : used, mxcsr)) {
        unsigned end = kind == COMPACT ? HEADER_ZEROS : HEADER_COMPONENTS;
        fx_store(ctx, seg, a, image, HEADER, end);
    }
    return 0;
}

/* What the header of an image may say (SDM volume 1, 13.8). */
static bool header_valid(const struct x86_cpu *cpu, const uint8_t *image)
{
    uint64_t present = load_le64(image + HEADER);
    uint64_t components = load_le64(image + HEADER_COMPONENTS);
    bool compact = components & COMPACTED;
    uint64_t zeros = 0;
    for (unsigned at = HEADER_ZEROS; at < (compact ? XSAVE_BYTES : HEADER_ZEROS + 8u); at++) {
        zeros |= image[at];
    }
    if (zeros || (present & ~cpu->xcr0)) {
        return false;
    }
    components &= ~COMPACTED;
    if (!compact) {
        return components == 0;
    }
    return x86_has_in(cpu, WORD_D_EAX, FEATURE_D_XSAVEC) && !(components & ~cpu->xcr0) &&
           !(present & ~components);
}

static void initial_image(uint8_t *image)
{
    memset(image, 0, FX_USED);
    store_le16(image, FCW_INITIAL);
    store_le32(image + FX_MXCSR, MXCSR_INITIAL);
}

uint64_t callout_xrstor(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    enum seg_index seg = (enum seg_index)(imm & 7);
    const struct x86_cpu *cpu = x86_of_const(ctx);
    uint8_t image[XSAVE_BYTES];
    uint8_t initial[FX_USED];
    context_fpu_sync(ctx);
    if (!usable(ctx, true) || !fx_check(ctx, seg, a, XSAVE_BYTES, XSAVE_ALIGN, ACCESS_READ) ||
        !fx_load(ctx, seg, a, image, 0, XSAVE_BYTES)) {
        return 0;
    }
    uint64_t present = load_le64(image + HEADER);
    uint64_t wanted = cpu->xcr0 & edx_eax(ctx);
    bool compact = load_le64(image + HEADER_COMPONENTS) & COMPACTED;
    /* the standard form takes MXCSR from memory whatever XSTATE_BV says */
    bool mxcsr_in_image = !compact || present & COMPONENT_SSE;
    uint32_t mxcsr = mxcsr_in_image ? load_le32(image + FX_MXCSR) : MXCSR_INITIAL;
    if (!header_valid(cpu, image) ||
        (wanted & COMPONENT_SSE && (mxcsr & ~vec_mxcsr_known(ctx)) != 0)) {
        fault_gp(ctx, 0);
        return 0;
    }
    initial_image(initial);
    if (wanted & COMPONENT_X87) {
        fx_take_x87(ctx, present & COMPONENT_X87 ? image : initial);
    }
    if (wanted & COMPONENT_SSE) {
        fx_take_xmm(ctx, present & COMPONENT_SSE ? image : initial);
        ctx->mxcsr = mxcsr;
    }
    return mode_done(ctx);
}

/* XCR0, or with ECX = 1 those of its components that are in use. */
uint64_t callout_xgetbv(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    const struct x86_cpu *cpu = x86_of_const(ctx);
    uint32_t index = x86_gpr(ctx, GUEST_RCX);
    if (!usable(ctx, false)) {
        return 0;
    }
    if (index > 1 || (index == 1 && !x86_has_in(cpu, WORD_D_EAX, FEATURE_D_XGETBV1))) {
        fault_gp(ctx, 0);
        return 0;
    }
    context_fpu_sync(ctx);
    uint64_t value = index ? cpu->xcr0 & in_use(ctx) : cpu->xcr0;
    ctx->gpr[GUEST_RAX] = (uint32_t)value;
    ctx->gpr[GUEST_RDX] = value >> 32;
    return 0;
}

uint64_t callout_xsetbv(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    struct x86_cpu *cpu = x86_of(ctx);
    uint64_t value = edx_eax(ctx);
    if (!usable(ctx, false) || !privileged(ctx)) {
        return 0;
    }
    if (x86_gpr(ctx, GUEST_RCX) != 0 || !(value & COMPONENT_X87) ||
        (value & ~x86_xcr0_known(cpu)) != 0) {
        fault_gp(ctx, 0);
        return 0;
    }
    cpu->xcr0 = value;
    return 0;
}
