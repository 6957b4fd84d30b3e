/*
 * FXSAVE, FXRSTOR, LDMXCSR (SDM volume 1, 10.5).
 *
 * The rest of the image's 512 bytes is neither written nor looked at, but must be accessible.
 * MXCSR is saved and restored when the model has SSE, the XMM registers when CR4.OSFXSR is set as
 * well.
 */
#include "base/endian.h"
#include "frontend/x86/helper/fx_image.h"

enum { FX_ALIGN = 16 };

uint32_t vec_mxcsr_known(const struct context *ctx)
{
    return x86_has(x86_of_const(ctx), FEATURE_SSE2) ? 0xffffu : 0xffffu & ~(uint32_t)MXCSR_DAZ;
}

static bool has_mxcsr(const struct context *ctx)
{
    return x86_has(x86_of_const(ctx), FEATURE_SSE);
}

static bool saves_xmm(const struct context *ctx)
{
    return has_mxcsr(ctx) && (x86_of_const(ctx)->cr4 & CR4_OSFXSR);
}

uint64_t callout_fxsave(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    enum seg_index seg = (enum seg_index)(imm & 7);
    uint8_t image[FX_USED] = {0};
    context_fpu_sync(ctx);
    if (!fx_check(ctx, seg, a, FX_IMAGE_BYTES, FX_ALIGN, ACCESS_WRITE)) {
        return 0;
    }
    fx_put_x87(ctx, image);
    if (has_mxcsr(ctx)) {
        fx_put_mxcsr(ctx, image);
    }
    if (saves_xmm(ctx)) {
        fx_put_xmm(ctx, image);
    }
    fx_store(ctx, seg, a, image, 0, saves_xmm(ctx) ? FX_USED : FX_XMM);
    return 0;
}

uint64_t callout_fxrstor(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    enum seg_index seg = (enum seg_index)(imm & 7);
    uint8_t image[FX_IMAGE_BYTES];
    context_fpu_sync(ctx);
    if (!fx_check(ctx, seg, a, FX_IMAGE_BYTES, FX_ALIGN, ACCESS_READ) ||
        !fx_load(ctx, seg, a, image, 0, FX_IMAGE_BYTES)) {
        return 0;
    }
    uint32_t mxcsr = load_le32(image + FX_MXCSR);
    if (has_mxcsr(ctx) && (mxcsr & ~vec_mxcsr_known(ctx))) {
        fault_gp(ctx, 0);
        return 0;
    }
    fx_take_x87(ctx, image);
    if (has_mxcsr(ctx)) {
        ctx->mxcsr = mxcsr;
    }
    if (saves_xmm(ctx)) {
        fx_take_xmm(ctx, image);
    }
    return mode_done(ctx);
}

uint64_t callout_ldmxcsr(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    (void)imm;
    if ((uint32_t)a & ~vec_mxcsr_known(ctx)) {
        fault_gp(ctx, 0);
        return 0;
    }
    ctx->mxcsr = (uint32_t)a;
    return mode_done(ctx);
}
