/*
 * MASKMOVQ and MASKMOVDQU (SDM volume 2): bytes of the data register whose mask byte has bit 7 set
 * are stored to seg:[rDI].
 *
 * All selected bytes are checked before the first is written.  A mask of zero touches nothing and
 * faults on nothing (the manual leaves that open).
 */
#include "frontend/x86/helper/vec.h"

struct masked_store {
    enum seg_index seg;
    uint32_t offset;
    unsigned bytes;
    uint8_t data[16];
    bool selected[16];
};

static void fetch(const struct context *ctx, struct masked_store *store, unsigned data,
                  unsigned mask)
{
    bool mmx = data >= IR_MM0;
    unsigned base = mmx ? IR_MM0 : IR_XMM0;
    store->bytes = mmx ? 8 : 16;
    for (unsigned i = 0; i < store->bytes; i++) {
        unsigned shift = i % 8 * 8;
        unsigned d = (data - base) & (mmx ? 7 : 15);
        unsigned m = (mask - base) & (mmx ? 7 : 15);
        uint64_t from = mmx ? ctx->st[d].mantissa : ctx->xmm[d].q[i / 8];
        uint64_t select = mmx ? ctx->st[m].mantissa : ctx->xmm[m].q[i / 8];
        store->data[i] = (uint8_t)(from >> shift);
        store->selected[i] = select >> shift & 0x80;
    }
}

static bool check(struct context *ctx, const struct masked_store *store)
{
    for (unsigned i = 0; i < store->bytes; i++) {
        uint64_t linear;
        if (store->selected[i] && (!x86_segment_check(ctx, store->seg, (uint64_t)store->offset + i,
                                                      1, ACCESS_WRITE, &linear) ||
                                   !linear_probe_write(ctx, linear, 1, ctx->view))) {
            return false;
        }
    }
    return true;
}

uint64_t callout_maskmov(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    uint32_t edi = x86_gpr(ctx, GUEST_RDI);
    struct masked_store store = {.seg = (enum seg_index)(imm & 7),
                                 .offset = imm >> 8 == 2 ? edi & 0xffff : edi};
    bool mmx = (a & 0xff) >= IR_MM0;
    if (mmx) {
        context_fpu_sync(ctx);
    }
    fetch(ctx, &store, a & 0xff, b & 0xff);
    if (!check(ctx, &store)) {
        return 0;
    }
    for (unsigned i = 0; i < store.bytes; i++) {
        if (store.selected[i] &&
            !guest_write(ctx, store.seg, (uint64_t)store.offset + i, 1, store.data[i])) {
            return 0;
        }
    }
    if (mmx) {
        vec_enter_mmx(ctx);
    }
    return 0;
}
