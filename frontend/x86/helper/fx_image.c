/* Parts of the FXSAVE image: see fx_image.h. */
#include "frontend/x86/helper/fx_image.h"

#include "base/endian.h"

#include <string.h>

enum {
    PAGE_BYTES = 4096,
    FX_FCW = 0,
    FX_FSW = 2,
    FX_TAGS = 4, /* bit n: physical register n is in use */
    FX_FOP = 6,
    FX_FIP = 8,
    FX_FCS = 12,
    FX_FDP = 16,
    FX_FDS = 20,
    FX_MXCSR_MASK = 28,
    FCW_KNOWN = 0x1f7f,
    FCW_FIXED = 0x40,
    FSW_TOP_SHIFT = 11,
    FSW_ERROR = 0x8080, /* ES and B */
};

bool fx_check(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned bytes,
              unsigned align, enum access access)
{
    uint64_t linear;
    if (!x86_segment_check(ctx, seg, offset, bytes, access, &linear)) {
        return false;
    }
    if (linear % align) {
        return fault_gp(ctx, 0);
    }
    if (access != ACCESS_WRITE) {
        return true;
    }
    uint64_t last_page = align_down((uint32_t)(linear + bytes - 1), PAGE_BYTES);
    return linear_probe_write(ctx, linear, 1, ctx->view) &&
           (last_page == align_down(linear, PAGE_BYTES) ||
            linear_probe_write(ctx, last_page, 1, ctx->view));
}

/* Bytes to move at once: 16 where they are aligned. */
static unsigned chunk(unsigned from, unsigned to)
{
    return from % 16 == 0 && to - from >= 16 ? 16 : 8;
}

bool fx_store(struct context *ctx, enum seg_index seg, uint64_t offset, const uint8_t *image,
              unsigned from, unsigned to)
{
    for (unsigned at = from, n; at < to; at += n) {
        n = chunk(at, to);
        memcpy(ctx->slow_value, image + at, n);
        if (!guest_store(ctx, seg, offset + at, n)) {
            return false;
        }
    }
    return true;
}

bool fx_load(struct context *ctx, enum seg_index seg, uint64_t offset, uint8_t *image,
             unsigned from, unsigned to)
{
    for (unsigned at = from, n; at < to; at += n) {
        n = chunk(at, to);
        if (!guest_load(ctx, seg, offset + at, n)) {
            return false;
        }
        memcpy(image + at, ctx->slow_value, n);
    }
    return true;
}

void fx_put_x87(const struct context *ctx, uint8_t *image)
{
    store_le16(image + FX_FCW, ctx->fcw);
    store_le16(image + FX_FSW, (uint16_t)(ctx->fsw | ctx->ftop << FSW_TOP_SHIFT));
    image[FX_TAGS] = (uint8_t)~ctx->ftag;
    store_le16(image + FX_FOP, ctx->fop);
    store_le32(image + FX_FIP, (uint32_t)ctx->fip);
    store_le16(image + FX_FCS, ctx->fcs);
    store_le32(image + FX_FDP, (uint32_t)ctx->fdp);
    store_le16(image + FX_FDS, ctx->fds);
    for (unsigned i = 0; i < 8; i++) {
        const struct x87_reg *st = &ctx->st[(ctx->ftop + i) & 7];
        store_le64(image + FX_ST + 16 * i, st->mantissa);
        store_le16(image + FX_ST + 16 * i + 8, st->exponent);
    }
}

void fx_take_x87(struct context *ctx, const uint8_t *image)
{
    uint16_t fsw = load_le16(image + FX_FSW);
    ctx->fcw = (load_le16(image + FX_FCW) & FCW_KNOWN) | FCW_FIXED;
    ctx->ftop = fsw >> FSW_TOP_SHIFT & 7;
    fsw = (uint16_t)(fsw & ~(7u << FSW_TOP_SHIFT) & ~(unsigned)FSW_ERROR);
    ctx->fsw = fsw & ~ctx->fcw & 0x3f ? fsw | FSW_ERROR : fsw;
    ctx->ftag = (uint8_t)~image[FX_TAGS];
    ctx->fop = load_le16(image + FX_FOP) & 0x7ff;
    ctx->fip = load_le32(image + FX_FIP);
    ctx->fcs = load_le16(image + FX_FCS);
    ctx->fdp = load_le32(image + FX_FDP);
    ctx->fds = load_le16(image + FX_FDS);
    for (unsigned i = 0; i < 8; i++) {
        struct x87_reg *st = &ctx->st[(ctx->ftop + i) & 7];
        st->mantissa = load_le64(image + FX_ST + 16 * i);
        st->exponent = load_le16(image + FX_ST + 16 * i + 8);
    }
}

void fx_put_mxcsr(const struct context *ctx, uint8_t *image)
{
    store_le32(image + FX_MXCSR, ctx->mxcsr);
    store_le32(image + FX_MXCSR_MASK, vec_mxcsr_known(ctx));
}

void fx_put_xmm(const struct context *ctx, uint8_t *image)
{
    for (unsigned i = 0; i < XMM_REGISTERS; i++) {
        store_le64(image + FX_XMM + 16 * i, ctx->xmm[i].q[0]);
        store_le64(image + FX_XMM + 16 * i + 8, ctx->xmm[i].q[1]);
    }
}

void fx_take_xmm(struct context *ctx, const uint8_t *image)
{
    for (unsigned i = 0; i < XMM_REGISTERS; i++) {
        ctx->xmm[i].q[0] = load_le64(image + FX_XMM + 16 * i);
        ctx->xmm[i].q[1] = load_le64(image + FX_XMM + 16 * i + 8);
    }
}
