/*
 * The guest's x87 state in the host's x87: load and write back, by FRSTOR and FNSAVE images.
 *
 * Loaded only in modes where all exceptions are masked and none is pending, so the guest's control
 * word can stand in the host as it is.  FNSAVE leaves the host's x87 as the C ABI wants it.  The
 * last-instruction members (fip fcs fop fdp fds) never leave the record.
 */
#include "backend/host/x64/select.h"
#include "base/endian.h"

#include <string.h>

/* Image of FNSAVE in 32-bit protected-mode format (SDM 1, figure 8-9). */
enum { IMAGE_FCW = 0, IMAGE_FSW = 4, IMAGE_FTW = 8, IMAGE_REGS = 28, IMAGE_BYTES = 108 };

void x64_fpu_load(struct context *ctx)
{
    uint8_t image[IMAGE_BYTES] = {0};
    uint32_t tags = 0;
    for (unsigned i = 0; i < 8; i++) {
        tags |= ((uint32_t)ctx->ftag >> i & 1u) * 3u << 2 * i;
        const struct x87_reg *reg = &ctx->st[(ctx->ftop + i) & 7];
        store_le64(image + IMAGE_REGS + 10 * i, reg->mantissa);
        store_le16(image + IMAGE_REGS + 10 * i + 8, reg->exponent);
    }
    store_le32(image + IMAGE_FCW, ctx->fcw | 0x3fu);
    store_le32(image + IMAGE_FSW, (ctx->fsw & ~0x3800u) | (ctx->ftop & 7u) << 11);
    store_le32(image + IMAGE_FTW, tags);
    __asm__ volatile("frstor %0" : : "m"(image));
    ctx->fpu_resident = 1;
}

void x64_fpu_sync(struct context *ctx)
{
    uint8_t image[IMAGE_BYTES];
    if (!ctx->fpu_resident) {
        return;
    }
    __asm__ volatile("fnsave %0; fwait" : "=m"(image));
    uint32_t fsw = load_le16(image + IMAGE_FSW);
    uint32_t tags = load_le16(image + IMAGE_FTW);
    ctx->fcw = load_le16(image + IMAGE_FCW);
    ctx->fsw = (uint16_t)(fsw & ~0x3800u);
    ctx->ftop = fsw >> 11 & 7;
    uint32_t empty = 0;
    for (unsigned i = 0; i < 8; i++) {
        empty |= (uint32_t)((tags >> 2 * i & 3) == 3) << i;
        struct x87_reg *reg = &ctx->st[(ctx->ftop + i) & 7];
        reg->mantissa = load_le64(image + IMAGE_REGS + 10 * i);
        reg->exponent = load_le16(image + IMAGE_REGS + 10 * i + 8);
    }
    ctx->ftag = (uint8_t)empty;
    ctx->fpu_resident = 0;
}
