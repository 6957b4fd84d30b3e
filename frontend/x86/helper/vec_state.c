/*
 * FXSAVE, FXRSTOR, LDMXCSR (SDM volume 1, 10.5, table 10-2).
 *
 * The image has the 32-bit layout: selectors with 32-bit offsets whatever the operand size, and
 * XMM0..7.  The rest of its 512 bytes is neither written nor looked at, but must be accessible.
 * MXCSR is saved and restored when the model has SSE, the XMM registers when CR4.OSFXSR is set as
 * well.
 */
#include "frontend/x86/helper/vec.h"

#include "base/endian.h"

#include <string.h>

enum {
    IMAGE_BYTES = 512,
    IMAGE_CHUNK = 16,
    PAGE_BYTES = 4096,
    IMAGE_FCW = 0,
    IMAGE_FSW = 2,
    IMAGE_TAGS = 4, /* bit n: physical register n is in use */
    IMAGE_FOP = 6,
    IMAGE_FIP = 8,
    IMAGE_FCS = 12,
    IMAGE_FDP = 16,
    IMAGE_FDS = 20,
    IMAGE_MXCSR = 24,
    IMAGE_MXCSR_MASK = 28,
    IMAGE_ST = 32,
    IMAGE_XMM = 160,
    IMAGE_USED = 288,
    XMM_REGISTERS = 8,
    FCW_KNOWN = 0x1f7f,
    FCW_FIXED = 0x40,
    FSW_TOP_SHIFT = 11,
    FSW_ERROR = 0x8080, /* ES and B */
};

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

/* Checks the 512 bytes at seg:offset, which lie in at most two pages.  Reads need no probe: nothing
 * has changed before the last one succeeded. */
static bool check_image(struct context *ctx, enum seg_index seg, uint64_t offset,
                        enum access access)
{
    uint64_t linear;
    if (!x86_segment_check(ctx, seg, offset, IMAGE_BYTES, access, &linear)) {
        return false;
    }
    if (linear % IMAGE_CHUNK) {
        return fault_gp(ctx, 0);
    }
    if (access != ACCESS_WRITE) {
        return true;
    }
    uint64_t last_page = align_down((uint32_t)(linear + IMAGE_BYTES - 1), PAGE_BYTES);
    return linear_probe_write(ctx, linear, 1, ctx->user) &&
           (last_page == align_down(linear, PAGE_BYTES) ||
            linear_probe_write(ctx, last_page, 1, ctx->user));
}

static bool store_image(struct context *ctx, enum seg_index seg, uint64_t offset,
                        const uint8_t *image, unsigned bytes)
{
    for (unsigned at = 0; at < bytes; at += IMAGE_CHUNK) {
        memcpy(ctx->slow_value, image + at, IMAGE_CHUNK);
        if (!guest_store(ctx, seg, offset + at, IMAGE_CHUNK)) {
            return false;
        }
    }
    return true;
}

static bool load_image(struct context *ctx, enum seg_index seg, uint64_t offset, uint8_t *image)
{
    for (unsigned at = 0; at < IMAGE_BYTES; at += IMAGE_CHUNK) {
        if (!guest_load(ctx, seg, offset + at, IMAGE_CHUNK)) {
            return false;
        }
        memcpy(image + at, ctx->slow_value, IMAGE_CHUNK);
    }
    return true;
}

static void save_x87(const struct context *ctx, uint8_t *image)
{
    store_le16(image + IMAGE_FCW, ctx->fcw);
    store_le16(image + IMAGE_FSW, (uint16_t)(ctx->fsw | ctx->ftop << FSW_TOP_SHIFT));
    image[IMAGE_TAGS] = (uint8_t)~ctx->ftag;
    store_le16(image + IMAGE_FOP, ctx->fop);
    store_le32(image + IMAGE_FIP, (uint32_t)ctx->fip);
    store_le16(image + IMAGE_FCS, ctx->fcs);
    store_le32(image + IMAGE_FDP, (uint32_t)ctx->fdp);
    store_le16(image + IMAGE_FDS, ctx->fds);
    for (unsigned i = 0; i < 8; i++) {
        const struct x87_reg *st = &ctx->st[(ctx->ftop + i) & 7];
        store_le64(image + IMAGE_ST + 16 * i, st->mantissa);
        store_le16(image + IMAGE_ST + 16 * i + 8, st->exponent);
    }
}

static void load_x87(struct context *ctx, const uint8_t *image)
{
    uint16_t fsw = load_le16(image + IMAGE_FSW);
    ctx->fcw = (load_le16(image + IMAGE_FCW) & FCW_KNOWN) | FCW_FIXED;
    ctx->ftop = fsw >> FSW_TOP_SHIFT & 7;
    fsw = (uint16_t)(fsw & ~(7u << FSW_TOP_SHIFT) & ~(unsigned)FSW_ERROR);
    ctx->fsw = fsw & ~ctx->fcw & 0x3f ? fsw | FSW_ERROR : fsw;
    ctx->ftag = (uint8_t)~image[IMAGE_TAGS];
    ctx->fop = load_le16(image + IMAGE_FOP) & 0x7ff;
    ctx->fip = load_le32(image + IMAGE_FIP);
    ctx->fcs = load_le16(image + IMAGE_FCS);
    ctx->fdp = load_le32(image + IMAGE_FDP);
    ctx->fds = load_le16(image + IMAGE_FDS);
    for (unsigned i = 0; i < 8; i++) {
        struct x87_reg *st = &ctx->st[(ctx->ftop + i) & 7];
        st->mantissa = load_le64(image + IMAGE_ST + 16 * i);
        st->exponent = load_le16(image + IMAGE_ST + 16 * i + 8);
    }
}

uint64_t callout_fxsave(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    enum seg_index seg = (enum seg_index)(imm & 7);
    uint8_t image[IMAGE_USED] = {0};
    context_fpu_sync(ctx);
    if (!check_image(ctx, seg, a, ACCESS_WRITE)) {
        return 0;
    }
    save_x87(ctx, image);
    if (has_mxcsr(ctx)) {
        store_le32(image + IMAGE_MXCSR, ctx->mxcsr);
        store_le32(image + IMAGE_MXCSR_MASK, vec_mxcsr_known(ctx));
    }
    for (unsigned i = 0; i < XMM_REGISTERS && saves_xmm(ctx); i++) {
        store_le64(image + IMAGE_XMM + 16 * i, ctx->xmm[i].q[0]);
        store_le64(image + IMAGE_XMM + 16 * i + 8, ctx->xmm[i].q[1]);
    }
    store_image(ctx, seg, a, image, saves_xmm(ctx) ? IMAGE_USED : IMAGE_XMM);
    return 0;
}

uint64_t callout_fxrstor(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    enum seg_index seg = (enum seg_index)(imm & 7);
    uint8_t image[IMAGE_BYTES];
    context_fpu_sync(ctx);
    if (!check_image(ctx, seg, a, ACCESS_READ) || !load_image(ctx, seg, a, image)) {
        return 0;
    }
    uint32_t mxcsr = load_le32(image + IMAGE_MXCSR);
    if (has_mxcsr(ctx) && (mxcsr & ~vec_mxcsr_known(ctx))) {
        fault_gp(ctx, 0);
        return 0;
    }
    load_x87(ctx, image);
    if (has_mxcsr(ctx)) {
        ctx->mxcsr = mxcsr;
    }
    for (unsigned i = 0; i < XMM_REGISTERS && saves_xmm(ctx); i++) {
        ctx->xmm[i].q[0] = load_le64(image + IMAGE_XMM + 16 * i);
        ctx->xmm[i].q[1] = load_le64(image + IMAGE_XMM + 16 * i + 8);
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
