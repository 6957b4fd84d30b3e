/*
 * FLDENV, FNSTENV, FRSTOR, FNSAVE: the environment in its four layouts and the whole state.
 *
 * SDM volume 1, 8.1.10, figures 8-9 to 8-12.  An environment is seven fields of 2 or 4 bytes:
 *
 *     control, status, tag, then
 *     protected mode:  FIP, FCS (32-bit: FOP above it), FDP, FDS
 *     real and V86:    linear instruction pointer 15..0, its upper bits << 12 with FOP below,
 *                      linear operand pointer 15..0, its upper bits << 12
 *
 * Real-mode pointers are FCS * 16 + FIP.  The data registers follow in stack order, 10 bytes each.
 * Nothing changes when a byte cannot be read or written.  Alignment is checked for the fields of
 * the environment, not for the registers (SDM volume 3, table 6-7).
 */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/helper/helper.h"
#include "frontend/x86/helper/x87.h"
#include "translator/api/callout.h"

enum { CONTROL, STATUS, TAG, IP, CS, DP, DS, FIELDS };

struct image {
    struct context *ctx;
    enum seg_index seg;
    unsigned size; /* of a field: 2 or 4 */
    uint64_t offset;
};

static struct image image_at(struct context *ctx, uint64_t ea, uint64_t imm)
{
    return (struct image){.ctx = ctx,
                          .seg = (enum seg_index)(imm & 7),
                          .size = (imm >> 8 & 0xff) == 2 ? 2 : 4,
                          .offset = ea};
}

static uint64_t register_offset(const struct image *image, unsigned i)
{
    return image->offset + (uint64_t)FIELDS * image->size + 10u * i;
}

static uint32_t linear(uint16_t selector, uint64_t offset)
{
    return (((uint32_t)selector << 4) + (uint32_t)offset);
}

/* Writing */

static void protected_pointers(const struct context *ctx, unsigned size, uint32_t field[FIELDS])
{
    field[IP] = (uint32_t)ctx->fip;
    field[CS] = size == 4 ? ctx->fcs | (uint32_t)ctx->fop << 16 : ctx->fcs;
    field[DP] = (uint32_t)ctx->fdp;
    field[DS] = ctx->fds | 0xffff0000;
}

static void real_pointers(const struct context *ctx, unsigned size, uint32_t field[FIELDS])
{
    uint32_t high = size == 4 ? 0xffff : 0xf;
    uint32_t ip = linear(ctx->fcs, ctx->fip);
    uint32_t dp = linear(ctx->fds, ctx->fdp);
    field[IP] = (ip & 0xffff) | 0xffff0000;
    field[CS] = (ip >> 16 & high) << 12 | (ctx->fop & 0x7ffu);
    field[DP] = (dp & 0xffff) | 0xffff0000;
    field[DS] = (dp >> 16 & high) << 12;
}

/* Checks that bytes can be written, without writing. */
static bool writable(const struct image *image, unsigned bytes)
{
    return guest_probe_write(image->ctx, image->seg, image->offset, image->size) &&
           guest_probe_write(image->ctx, image->seg, image->offset + bytes - 1, 1);
}

static bool store_environment(const struct image *image)
{
    struct context *ctx = image->ctx;
    uint32_t field[FIELDS] = {[CONTROL] = ctx->fcw | 0xffff0000u,
                              [STATUS] = x87_status_word(ctx) | 0xffff0000u,
                              [TAG] = x87_tag_word(ctx) | 0xffff0000u};
    if (x86_selectors(ctx)) {
        protected_pointers(ctx, image->size, field);
    } else {
        real_pointers(ctx, image->size, field);
    }
    for (unsigned i = 0; i < FIELDS; i++) {
        uint64_t value = image->size == 2 ? field[i] & 0xffff : field[i];
        if (!guest_write(ctx, image->seg, image->offset + i * image->size, image->size, value)) {
            return false;
        }
    }
    return true;
}

static bool store_registers(const struct image *image)
{
    struct context *ctx = image->ctx;
    uint32_t mode = alignment_check_off(ctx);
    bool ok = true;
    for (unsigned i = 0; ok && i < 8; i++) {
        const struct x87_reg *reg = &ctx->st[(ctx->ftop + i) & 7];
        context_set_slow(ctx, reg->mantissa, reg->exponent);
        ok = guest_store(ctx, image->seg, register_offset(image, i), 10);
    }
    alignment_check_back(ctx, mode);
    return ok;
}

static bool load_registers(const struct image *image, struct x87_reg st[8])
{
    struct context *ctx = image->ctx;
    uint32_t mode = alignment_check_off(ctx);
    bool ok = true;
    for (unsigned i = 0; ok && i < 8; i++) {
        ok = guest_load(ctx, image->seg, register_offset(image, i), 10);
        st[i].mantissa = context_slow(ctx, 0);
        st[i].exponent = (uint16_t)context_slow(ctx, 1);
    }
    alignment_check_back(ctx, mode);
    return ok;
}

uint64_t callout_fnstenv(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    context_fpu_sync(ctx);
    struct image image = image_at(ctx, a, imm);
    if (writable(&image, FIELDS * image.size) && store_environment(&image)) {
        ctx->fcw |= FSW_EXCEPTIONS;
        x87_update_summary(ctx);
        x87_check_mode(ctx);
    }
    return 0;
}

uint64_t callout_fnsave(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    context_fpu_sync(ctx);
    struct image image = image_at(ctx, a, imm);
    if (writable(&image, FIELDS * image.size + 80) && store_environment(&image) &&
        store_registers(&image)) {
        x87_init(ctx);
        x87_check_mode(ctx);
    }
    return 0;
}

/* Reading */

static bool load_environment(const struct image *image, uint32_t field[FIELDS])
{
    for (unsigned i = 0; i < FIELDS; i++) {
        uint64_t value;
        if (!guest_read(image->ctx, image->seg, image->offset + i * image->size, image->size,
                        &value)) {
            return false;
        }
        field[i] = (uint32_t)value;
    }
    return true;
}

static void take_pointers(struct context *ctx, unsigned size, const uint32_t field[FIELDS])
{
    if (x86_selectors(ctx)) {
        ctx->fip = field[IP];
        ctx->fcs = (uint16_t)field[CS];
        ctx->fdp = field[DP];
        ctx->fds = (uint16_t)field[DS];
        ctx->fop = size == 4 ? field[CS] >> 16 & 0x7ff : ctx->fop;
        return;
    }
    uint32_t high = size == 4 ? 0xffff : 0xf;
    ctx->fip = (field[IP] & 0xffff) | (field[CS] >> 12 & high) << 16;
    ctx->fdp = (field[DP] & 0xffff) | (field[DS] >> 12 & high) << 16;
    ctx->fcs = 0;
    ctx->fds = 0;
    ctx->fop = field[CS] & 0x7ff;
}

static void take_environment(const struct image *image, const uint32_t field[FIELDS])
{
    struct context *ctx = image->ctx;
    ctx->fcw = x87_control_word(ctx, (uint16_t)field[CONTROL]);
    x87_set_status_word(ctx, (uint16_t)field[STATUS]);
    x87_set_tag_word(ctx, (uint16_t)field[TAG]);
    take_pointers(ctx, image->size, field);
}

uint64_t callout_fldenv(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    context_fpu_sync(ctx);
    struct image image = image_at(ctx, a, imm);
    uint32_t field[FIELDS];
    if (load_environment(&image, field)) {
        take_environment(&image, field);
        x87_check_mode(ctx);
    }
    return 0;
}

uint64_t callout_frstor(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    context_fpu_sync(ctx);
    struct image image = image_at(ctx, a, imm);
    uint32_t field[FIELDS];
    struct x87_reg st[8];
    if (!load_environment(&image, field) || !load_registers(&image, st)) {
        return 0;
    }
    take_environment(&image, field);
    for (unsigned i = 0; i < 8; i++) {
        ctx->st[(ctx->ftop + i) & 7] = st[i];
    }
    x87_check_mode(ctx);
    return 0;
}
