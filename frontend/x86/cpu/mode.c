/*
 * The mode key (translator/api/mode.h) and the derived members of segment caches.
 *
 * Segment caches carry their class along: whoever changes base, limit or rights calls
 * segment_update(), and so does x86_loaded() for all of them.
 */
#include "translator/api/mode.h"

#include "frontend/x86/cpu/cpu.h"

#define SEGMENT_4G (UINT64_C(1) << 32)

static enum seg_class segment_class(const struct segment *segment)
{
    if (segment->read_end != segment->write_end || segment->start != 0) {
        return SEG_CHECKED;
    }
    if (segment->read_end == SEGMENT_4G) {
        return segment->base == 0 ? SEG_FLAT : SEG_BASED;
    }
    if (segment->read_end == 0x10000 && (segment->base & 15) == 0) {
        return SEG_BASED64K;
    }
    return SEG_CHECKED;
}

static uint32_t class_bits(const struct context *ctx, enum seg_index seg, unsigned shift)
{
    return (uint32_t)(SEG_CHECKED - ctx->seg[seg].openness) << shift;
}

static uint32_t mode_segments(const struct context *ctx)
{
    const struct segment *cs = &ctx->seg[SEG_CS];
    uint32_t mode = class_bits(ctx, SEG_ES, 16) | class_bits(ctx, SEG_SS, 18) |
                    class_bits(ctx, SEG_DS, 20) | class_bits(ctx, SEG_FS, 22) |
                    class_bits(ctx, SEG_GS, 24);
    mode |= cs->rights & RIGHTS_BIG ? (uint32_t)MODE_CODE32 : 0;
    mode |= ctx->seg[SEG_SS].rights & RIGHTS_BIG ? (uint32_t)MODE_STACK32 : 0;
    mode |= cs->base == 0 ? (uint32_t)MODE_CS_FLAT : 0;
    uint32_t whole = cs->rights & RIGHTS_BIG ? UINT32_MAX : 0xffff;
    return cs->limit >= whole ? mode : mode | MODE_CS_CHECKED;
}

bool mode_segment_changed(const struct context *ctx, enum seg_index seg)
{
    return mode_seg_class(ctx->mode, seg) != (enum seg_class)(SEG_CHECKED - ctx->seg[seg].openness);
}

static uint32_t mode_fpu(const struct context *ctx, const struct x86_cpu *cpu)
{
    uint32_t mode = 0;
    if (cpu->cr0 & (CR0_EM | CR0_TS)) {
        mode |= MODE_NO_FPU | MODE_NO_SSE;
    }
    if (cpu->cr0 & CR0_EM) {
        mode |= MODE_EM;
    }
    if (!(cpu->cr4 & CR4_OSFXSR)) {
        mode |= MODE_NO_SSE | MODE_NO_FXSR;
    }
    if (x86_x87_slow(ctx)) {
        mode |= MODE_FPU_SLOW;
    }
    if ((ctx->mxcsr & 0x1f80) != 0x1f80) {
        mode |= MODE_SSE_SLOW;
    }
    return mode;
}

uint32_t x86_mode(const struct context *ctx)
{
    const struct x86_cpu *cpu = x86_of_const(ctx);
    unsigned cpl = x86_cpl(ctx);
    uint32_t mode = mode_segments(ctx) | mode_fpu(ctx, cpu);
    if (cpl == 3) {
        mode |= MODE_USER;
        if ((cpu->cr0 & CR0_AM) && (ctx->eflags & FLAG_AC)) {
            mode |= MODE_ALIGN_CHECK;
        }
    } else if (x86_view(ctx, cpl) == VIEW_OPEN) {
        mode |= MODE_SMAP_OFF;
    }
    if (cpu->cr0 & CR0_PE) {
        mode |= MODE_PROTECTED;
    }
    if (cpu->cr0 & CR0_PG) {
        mode |= MODE_PAGING;
    }
    if (ctx->eflags & FLAG_VM) {
        mode |= MODE_V86 | MODE_IOPL_CHECK;
    } else if (cpl > x86_iopl(ctx)) {
        mode |= MODE_IOPL_CHECK;
    }
    bool traps = (ctx->eflags & (FLAG_TF | FLAG_RF)) || (cpu->dr[7] & DEBUG_ENABLES);
    if (ctx->single_step || (traps && debug_steps_here(ctx))) {
        mode |= MODE_STEP;
    }
    return mode;
}

/* What the mode key says of control registers, x87 and SSE. */
enum {
    MODE_SYSTEM = MODE_PROTECTED | MODE_PAGING | MODE_NO_FPU | MODE_NO_SSE | MODE_FPU_SLOW |
                  MODE_SSE_SLOW | MODE_TRACE | MODE_EM | MODE_NO_FXSR
};

void x86_transferred(struct context *ctx)
{
    const struct x86_cpu *cpu = x86_of_const(ctx);
    bool no_fpu = (cpu->cr0 & (CR0_EM | CR0_TS)) != 0; /* a task switch sets TS */
    bool rare = (ctx->eflags & (FLAG_TF | FLAG_RF | FLAG_VM | FLAG_AC)) ||
                (ctx->mode & (MODE_STEP | MODE_V86)) || ctx->single_step ||
                (cpu->dr[7] & DEBUG_ENABLES) || no_fpu != ((ctx->mode & MODE_NO_FPU) != 0);
    if (rare) {
        return;
    }
    unsigned cpl = x86_cpl(ctx);
    ctx->mode = (ctx->mode & MODE_SYSTEM) | mode_segments(ctx) |
                (cpl == 3 ? (uint32_t)MODE_USER : 0) |
                (cpl > x86_iopl(ctx) ? (uint32_t)MODE_IOPL_CHECK : 0);
    ctx->mode_current = MODE_CURRENT;
}

/* All of 4 GiB, readable and writable data or readable code that is not written. */
static bool is_flat(const struct context *ctx, const struct segment *segment)
{
    uint32_t all = RIGHTS_P | RIGHTS_S | RIGHTS_WRITE;
    return segment->limit == UINT32_MAX && segment->base == 0 && x86_protected(ctx) &&
           (segment->rights & (all | RIGHTS_CODE | RIGHTS_DOWN)) == all;
}

static void update_ends(const struct context *ctx, struct segment *segment)
{
    uint32_t rights = segment->rights;
    uint64_t end = (uint64_t)segment->limit + 1;
    segment->start = 0;
    segment->read_end = 0;
    segment->write_end = 0;
    if (!(rights & RIGHTS_P)) {
        return;
    }
    if (!x86_protected(ctx)) {
        segment->read_end = end;
        segment->write_end = end;
    } else if (rights & RIGHTS_CODE) {
        segment->read_end = rights & RIGHTS_WRITE ? end : 0;
    } else {
        if (rights & RIGHTS_DOWN) {
            uint64_t top = rights & RIGHTS_BIG ? SEGMENT_4G : 0x10000;
            segment->start = (uint32_t)end;
            end = end < top ? top - end : 0;
        }
        segment->read_end = end;
        segment->write_end = rights & RIGHTS_WRITE ? end : 0;
    }
}

/* In real and virtual-8086 mode the class also says that a load will leave the rights alone (see
 * segment_set_real). */
static bool loads_plainly(const struct context *ctx, uint32_t rights)
{
    if (x86_v86(ctx)) {
        return rights == RIGHTS_V86;
    }
    return x86_protected(ctx) || (rights & 0xfff) == RIGHTS_DATA_RW;
}

void segment_update(const struct context *ctx, struct segment *segment)
{
    if (is_flat(ctx, segment)) {
        segment->start = 0;
        segment->read_end = segment->write_end = SEGMENT_4G;
        segment->openness = SEG_CHECKED - SEG_FLAT;
        return;
    }
    update_ends(ctx, segment);
    enum seg_class class = segment_class(segment);
    if (class == SEG_BASED64K && !loads_plainly(ctx, segment->rights)) {
        class = SEG_CHECKED;
    }
    segment->openness = (uint8_t)(SEG_CHECKED - class);
}

void x86_privilege_changed(struct context *ctx)
{
    enum memory_view view = x86_view(ctx, x86_cpl(ctx));
    if (ctx->view != view) {
        memory_select_view(ctx, view);
    }
}
