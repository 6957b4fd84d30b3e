/*
 * LOADALL of the 80286 (0F 05, image at 800h) and of the 80386 (0F 07, image at ES:EDI): every
 * register and every descriptor cache at once, with no check but that of CPL 0.
 *
 * As the 80286's LMSW, its LOADALL sets PE but cannot clear it.  Not modelled: the image's words
 * for registers that only the processor's microcode uses.
 */
#include "base/endian.h"
#include "frontend/x86/helper/helper.h"

enum { IMAGE_286 = 0x800, BYTES_286 = 0x66, BYTES_386 = 0xcc };

/* Offsets of the 80286's image. */
enum {
    AT_MSW = 0x06,
    AT_TR = 0x16,
    AT_FLAGS = 0x18,
    AT_IP = 0x1a,
    AT_LDT = 0x1c,
    AT_DI = 0x26,
    AT_GDT_CACHE = 0x4e,
    AT_LDT_CACHE = 0x54,
    AT_IDT_CACHE = 0x5a,
    AT_TSS_CACHE = 0x60
};

/* Where the selector and the cache of a segment register stand. */
struct place {
    uint8_t seg, selector, cache;
};
static const struct place places_286[] = {
    {SEG_DS, 0x1e, 0x48}, {SEG_SS, 0x20, 0x42}, {SEG_CS, 0x22, 0x3c}, {SEG_ES, 0x24, 0x36}};
static const struct place places_386[] = {{SEG_GS, 0x3c, 0x84}, {SEG_FS, 0x40, 0x90},
                                          {SEG_DS, 0x44, 0x9c}, {SEG_SS, 0x48, 0xa8},
                                          {SEG_CS, 0x4c, 0xb4}, {SEG_ES, 0x50, 0xc0}};

/* General registers in the order of both images. */
static const uint8_t registers[8] = {GUEST_RDI, GUEST_RSI, GUEST_RBP, GUEST_RSP,
                                     GUEST_RBX, GUEST_RDX, GUEST_RCX, GUEST_RAX};

static uint32_t base_286(const uint8_t *cache)
{
    return load_le32(cache) & 0xffffff;
}

static struct segment segment_286(const uint8_t *cache, const uint8_t *selector)
{
    return (struct segment){.selector = load_le16(selector),
                            .base = base_286(cache),
                            .rights = cache[3],
                            .limit = load_le16(cache + 4)};
}

static struct segment segment_386(const uint8_t *cache, const uint8_t *selector)
{
    return (struct segment){.selector = load_le16(selector),
                            .rights = load_le32(cache) >> 8 & RIGHTS_MASK,
                            .base = load_le32(cache + 4),
                            .limit = load_le32(cache + 8)};
}

/* Everything stands in the record: what is derived follows. */
static uint64_t finish(struct context *ctx)
{
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        segment_update(ctx, &ctx->seg[i]);
    }
    descriptors_changed(x86_of(ctx));
    passages_forget(ctx);
    x86_privilege_changed(ctx);
    memory_flush_all(ctx, false);
    memory_select(ctx);
    return transfer_done(ctx);
}

uint64_t callout_loadall286(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    struct x86_cpu *cpu = x86_of(ctx);
    uint8_t image[BYTES_286];
    for (unsigned i = 0; i < BYTES_286; i += 2) {
        uint64_t value;
        if (!linear_read(ctx, IMAGE_286 + i, 2, VIEW_SUPERVISOR, &value)) {
            return 0;
        }
        store_le16(image + i, (uint16_t)value);
    }
    cpu->cr0 = (cpu->cr0 & CR0_PE) | (load_le16(image + AT_MSW) & 0xf);
    for (unsigned i = 0; i < 8; i++) {
        x86_gpr_put(ctx, registers[i], 2, load_le16(image + AT_DI + 2 * i));
    }
    for (unsigned i = 0; i < 4; i++) {
        const struct place *place = &places_286[i];
        ctx->seg[place->seg] = segment_286(image + place->cache, image + place->selector);
    }
    cpu->ldtr[0] = segment_286(image + AT_LDT_CACHE, image + AT_LDT);
    cpu->tr[0] = segment_286(image + AT_TSS_CACHE, image + AT_TR);
    cpu->gdt_base = base_286(image + AT_GDT_CACHE);
    cpu->gdt_limit = load_le16(image + AT_GDT_CACHE + 4);
    cpu->idt_base = base_286(image + AT_IDT_CACHE);
    cpu->idt_limit = load_le16(image + AT_IDT_CACHE + 4);
    x86_set_eflags(ctx, load_le16(image + AT_FLAGS), 0xffff);
    ctx->rip = load_le16(image + AT_IP);
    return finish(ctx);
}

static bool read_386(struct context *ctx, uint8_t image[BYTES_386])
{
    for (unsigned i = 0; i < BYTES_386; i += 4) {
        uint64_t value;
        if (!guest_read(ctx, SEG_ES, (uint32_t)(ctx->gpr[GUEST_RDI] + i), 4, &value)) {
            return false;
        }
        store_le32(image + i, (uint32_t)value);
    }
    return true;
}

uint64_t callout_loadall386(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    struct x86_cpu *cpu = x86_of(ctx);
    uint8_t image[BYTES_386];
    if (!read_386(ctx, image)) {
        return 0;
    }
    uint32_t cr0 = load_le32(image);
    cpu->cr0 = (cr0 & (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_PG)) | (cpu->cr0 & CR0_ET);
    for (unsigned i = 0; i < 8; i++) {
        ctx->gpr[registers[i]] = load_le32(image + 0x0c + 4 * i);
    }
    for (unsigned i = 0; i < 6; i++) {
        const struct place *place = &places_386[i];
        ctx->seg[place->seg] = segment_386(image + place->cache, image + place->selector);
    }
    cpu->dr[6] = (load_le32(image + 0x2c) & 0xe00f) | DR6_FIXED;
    cpu->dr[7] = load_le32(image + 0x30) | DR7_FIXED;
    cpu->tr[0] = segment_386(image + 0x54, image + 0x34);
    cpu->ldtr[0] = segment_386(image + 0x78, image + 0x38);
    cpu->idt_base = load_le32(image + 0x64);
    cpu->idt_limit = load_le32(image + 0x68) & 0xffff;
    cpu->gdt_base = load_le32(image + 0x70);
    cpu->gdt_limit = load_le32(image + 0x74) & 0xffff;
    x86_set_eflags(ctx, load_le32(image + 4), UINT32_MAX);
    ctx->rip = load_le32(image + 8);
    return finish(ctx);
}
