/*
 * Decimal adjustments (SDM volume 2, pseudo-code of DAA, DAS, AAA, AAS, AAM, AAD).  OF, undefined
 * by the manual, comes out clear; so do the other flags it leaves open, but SF, ZF and PF follow
 * AL.  Up to the 80286 these flags are those of the additions inside, as captured cases show.
 */
#include "frontend/x86/helper/helper.h"

/* Bits of the immediates: see callouts.def. */
enum { RULES_8086 = 1, OLD_FLAGS = 2 };
enum { ERROR_TRAPS = 0x100, RULES_80286 = 0x200, AAD_OLD = 0x400 };

/* OF of an addition of bytes: both operands had the other sign. */
static uint32_t overflow(uint32_t a, uint32_t b, uint32_t sum)
{
    return (a ^ sum) & (b ^ sum) & 0x80 ? (uint32_t)FLAG_OF : 0u;
}

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
    if (old > highest(before, imm & RULES_8086) || (before & FLAG_CF)) {
        al += 0x60;
        flags |= FLAG_CF;
    }
    flags |= imm & OLD_FLAGS ? overflow(old, al - old, al) : 0u;
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
        if (old < 6 && !(imm & RULES_8086)) {
            flags |= FLAG_CF;
        }
    }
    if (old > highest(before, imm & RULES_8086) || (before & FLAG_CF)) {
        al -= 0x60;
        flags |= FLAG_CF;
    }
    flags |= imm & OLD_FLAGS ? overflow(al, old - al, old) : 0u;
    finish(ctx, al & 0xff, flags);
    return 0;
}

/* AAA and AAS: ax moves by `step` when the digit needs it; on the 8086 each half for itself. */
static void ascii_adjust(struct context *ctx, uint32_t step, uint64_t imm)
{
    uint32_t ax = x86_gpr(ctx, GUEST_RAX) & 0xffff;
    uint32_t al = ax & 0xff;
    uint32_t flags = 0;
    if ((ax & 15) > 9 || (context_flags(ctx) & FLAG_AF)) {
        uint32_t carry = imm & RULES_8086 ? 0 : (al + (step & 0xff)) & 0x100;
        flags = FLAG_AF | FLAG_CF;
        al = (al + step) & 0xff;
        ax = (ax + (step & 0xff00) + carry) & 0xff00;
    }
    if (imm & OLD_FLAGS) {
        uint32_t before = x86_gpr(ctx, GUEST_RAX) & 0xff;
        bool add = step < 0x8000;
        flags |= add ? overflow(before, al - before, al) : overflow(al, before - al, before);
        flags |= flags_szp(al, 1);
    } else {
        flags |= flags_szp(al & 0x0f, 1);
    }
    x86_gpr_put(ctx, GUEST_RAX, 2, (ax & 0xff00) | (al & 0x0f));
    context_set_flags(ctx, flags);
}

uint64_t callout_aaa(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    ascii_adjust(ctx, 0x106, imm);
    return 0;
}

/* On the 8086 AH loses one, else AX loses 106h: AH loses two when AL borrows. */
uint64_t callout_aas(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    ascii_adjust(ctx, imm & RULES_8086 ? 0xfffa : 0xfefa, imm);
    return 0;
}

uint64_t callout_aam(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    uint32_t base = imm & 0xff;
    uint32_t al = x86_gpr(ctx, GUEST_RAX) & 0xff;
    if (base == 0) {
        if (imm & (ERROR_TRAPS | RULES_80286)) { /* the division began */
            context_set_flags(ctx, flags_szp(imm & RULES_80286 ? al >> 1 : 0, 1));
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
    uint32_t old = ax & 0xff;
    uint32_t product = (ax >> 8 & 0xff) * (uint32_t)(imm & 0xff) & 0xff;
    uint32_t al = (old + product) & 0xff;
    uint32_t flags = flags_szp(al, 1);
    if (imm & AAD_OLD) {
        bool carry = old + product > 0xff;
        flags |= (carry ? (uint32_t)FLAG_CF : 0u) | ((old ^ product ^ al) & FLAG_AF);
        flags |= imm & RULES_80286 ? (carry ? (uint32_t)FLAG_OF : 0u) : overflow(old, product, al);
    }
    x86_gpr_put(ctx, GUEST_RAX, 2, al);
    context_set_flags(ctx, flags);
    return 0;
}
