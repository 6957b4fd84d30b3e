/*
 * The image of FXSAVE, which is also the first part of XSAVE's (SDM volume 1, 10.5, table 10-2).
 *
 * The image has the 32-bit layout: selectors with 32-bit offsets whatever the operand size, and
 * XMM0..7.
 */
#ifndef FRONTEND_X86_HELPER_FX_IMAGE_H
#define FRONTEND_X86_HELPER_FX_IMAGE_H

#include "frontend/x86/helper/vec.h"

enum {
    FX_IMAGE_BYTES = 512,
    FX_MXCSR = 24, /* MXCSR, then MXCSR_MASK */
    FX_ST = 32,
    FX_XMM = 160,
    FX_USED = 288,
    XMM_REGISTERS = 8,
};

/* Checks `bytes` (a multiple of 16, at most a page) at seg:offset, which must lie on a boundary of
 * `align`.  Reads need no more: nothing has changed before the last one succeeded. */
bool fx_check(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned bytes,
              unsigned align, enum access access);

/* Bytes from..to of the image, both multiples of 8; false after a fault. */
bool fx_store(struct context *ctx, enum seg_index seg, uint64_t offset, const uint8_t *image,
              unsigned from, unsigned to);
bool fx_load(struct context *ctx, enum seg_index seg, uint64_t offset, uint8_t *image,
             unsigned from, unsigned to);

/* Between the record (synced by the caller) and an image. */
void fx_put_x87(const struct context *ctx, uint8_t *image);
void fx_take_x87(struct context *ctx, const uint8_t *image);
void fx_put_mxcsr(const struct context *ctx, uint8_t *image);
void fx_put_xmm(const struct context *ctx, uint8_t *image);
void fx_take_xmm(struct context *ctx, const uint8_t *image);

#endif
