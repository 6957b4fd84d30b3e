/*
 * Decimal adjustments (SDM volume 2, pseudo-code of DAA, DAS, AAA, AAS, AAM, AAD).  OF, undefined
 * by the manual, comes out clear; so do the other flags it leaves open, but SF, ZF and PF follow
 * AL.
 */
#include "frontend/x86/helper/helper.h"

enum { ERROR_TRAPS = 0x100, AAM_80286 = 0x200 };

static void finish(struct context *ctx, uint32_t al, uint32_t flags)
{
    x86_gpr_put(ctx, GUEST_RAX, 1, al);
    context_set_flags(ctx, flags | flags_szp(al, 1));
}

/* AL above which the upper digit needs a correction; the 8086 forgets the one of the lower digit.
 */
static uint32_t highest(uint32_t flags, bool old_rules)
{
    return old_rules && (flags & FLAG_AF) ? 0x9f : 0x99;
}

uint64_t callout_daa(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    uint32_t old = x86_gpr(ctx, GUEST_RAX) & 0xff;
    uint32_t before = context_flags(ctx);
    uint32_t al = old;
    uint32_t flags = 0;
    if ((old & 15) > 9 || (before & FLAG_AF)) {
        al += 6;
        flags |= FLAG_AF;
    }
    if (old > highest(before, imm) || (before & FLAG_CF)) {
        al += 0x60;
        flags |= FLAG_CF;
    }
    finish(ctx, al & 0xff, flags);
    return 0;
}

uint64_t callout_das(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    uint32_t old = x86_gpr(ctx, GUEST_RAX) & 0xff;
    uint32_t before = context_flags(ctx);
    uint32_t al = old;
    uint32_t flags = 0;
    if ((old & 15) > 9 || (before & FLAG_AF)) {
        al -= 6;
        flags |= FLAG_AF;
        if (old < 6 && !imm) {
            flags |= FLAG_CF;
        }
    }
    if (old > highest(before, imm) || (before & FLAG_CF)) {
        al -= 0x60;
        flags |= FLAG_CF;
    }
    finish(ctx, al & 0xff, flags);
    return 0;
}

/* AAA and AAS: ax moves by `step` when the digit needs it; on the 8086 each half for itself. */
static void ascii_adjust(struct context *ctx, uint32_t step, bool old_rules)
{
    uint32_t ax = x86_gpr(ctx, GUEST_RAX) & 0xffff;
    uint32_t flags = 0;
    if ((ax & 15) > 9 || (context_flags(ctx) & FLAG_AF)) {
        ax = old_rules ? ((ax & 0xff00) + (step & 0xff00) + ((ax + step) & 0xff)) & 0xffff
                       : ax + step;
        flags = FLAG_AF | FLAG_CF;
    }
    x86_gpr_put(ctx, GUEST_RAX, 2, ax & 0xff0f);
    context_set_flags(ctx, flags | flags_szp(ax & 0x0f, 1));
}

uint64_t callout_aaa(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    ascii_adjust(ctx, 0x106, imm);
    return 0;
}

uint64_t callout_aas(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    ascii_adjust(ctx, imm ? 0xfffau | 0xff00u : 0u - 0x106u, imm);
    return 0;
}

uint64_t callout_aam(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    uint32_t base = imm & 0xff;
    uint32_t al = x86_gpr(ctx, GUEST_RAX) & 0xff;
    if (base == 0) {
        if (imm & (ERROR_TRAPS | AAM_80286)) { /* the division began */
            context_set_flags(ctx, flags_szp(imm & AAM_80286 ? al >> 1 : 0, 1));
        }
        return divide_error(ctx, imm & ERROR_TRAPS);
    }
    x86_gpr_put(ctx, GUEST_RAX, 2, (al / base) << 8 | al % base);
    context_set_flags(ctx, flags_szp(al % base, 1));
    return 0;
}

uint64_t callout_aad(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    uint32_t ax = x86_gpr(ctx, GUEST_RAX);
    uint32_t al = ((ax & 0xff) + (ax >> 8 & 0xff) * (uint32_t)(imm & 0xff)) & 0xff;
    x86_gpr_put(ctx, GUEST_RAX, 2, al);
    context_set_flags(ctx, flags_szp(al, 1));
    return 0;
}
