/*
 * Descriptor fetch and segment loads (SDM volume 3, chapters 3 and 5).
 *
 * Real-mode loads change base and selector only, so that enlarged limits survive ("unreal mode").
 */
#include "frontend/x86/cpu/segment.h"

#include "translator/api/mode.h"

void descriptor_trim(const struct context *ctx, struct descriptor *d)
{
    if (x86_since(x86_of_const(ctx), 3)) {
        return;
    }
    d->high &= 0xffff;
    if (descriptor_system(d) & 8) {
        d->high &= ~UINT32_C(0xf00);
    }
}

enum fetch descriptor_read(struct context *ctx, uint16_t selector, struct descriptor *out)
{
    const struct x86_cpu *cpu = x86_of(ctx);
    uint32_t base = cpu->gdt_base;
    uint32_t limit = cpu->gdt_limit;
    if (selector & 4) {
        if (!(cpu->ldtr[0].rights & RIGHTS_P)) {
            return FETCH_OUTSIDE;
        }
        base = (uint32_t)cpu->ldtr[0].base;
        limit = cpu->ldtr[0].limit;
    }
    uint32_t at = selector & 0xfff8;
    if (at + 7 > limit) {
        return FETCH_OUTSIDE;
    }
    uint64_t value;
    out->linear = base + at;
    if (!linear_get(ctx, out->linear, 8, VIEW_SUPERVISOR, &value)) {
        return FETCH_FAULT;
    }
    out->low = (uint32_t)value;
    out->high = (uint32_t)(value >> 32);
    descriptor_trim(ctx, out);
    return FETCH_OK;
}

bool descriptor_fetch(struct context *ctx, uint16_t selector, uint8_t vector,
                      struct descriptor *out)
{
    enum fetch got = descriptor_read(ctx, selector, out);
    if (got == FETCH_OUTSIDE) {
        return fault_code(ctx, vector, selector & 0xfffcu);
    }
    return got == FETCH_OK;
}

bool descriptor_mark_accessed(struct context *ctx, struct descriptor *d)
{
    if (d->high & RIGHTS_ACCESSED << 8) {
        return true;
    }
    d->high |= RIGHTS_ACCESSED << 8;
    return linear_write(ctx, d->linear + 5, 1, VIEW_SUPERVISOR, d->high >> 8 & 0xff);
}

bool descriptor_set_busy(struct context *ctx, const struct descriptor *d, bool busy)
{
    uint64_t high;
    if (!linear_read(ctx, d->linear + 4, 4, VIEW_SUPERVISOR, &high)) {
        return false;
    }
    high = busy ? high | 0x200 : high & ~UINT64_C(0x200);
    return linear_write(ctx, d->linear + 4, 4, VIEW_SUPERVISOR, high);
}

/* Where what is made of a descriptor is kept; NULL: it does not follow from the descriptor alone.
 */
static struct segment *segment_made(struct context *ctx, const struct descriptor *d)
{
    struct x86_cpu *cpu = x86_of(ctx);
    uint32_t mixed = (d->high ^ d->low) * UINT32_C(0x9e3779b1);
    return x86_selectors(ctx) && x86_since(cpu, 3) ? &cpu->made[mixed >> (32 - SEGMENTS_MADE_BITS)]
                                                   : NULL;
}

void segment_set(struct context *ctx, struct segment *segment, uint16_t selector,
                 const struct descriptor *d)
{
    uint64_t source = (uint64_t)d->high << 32 | d->low;
    struct segment *made = segment_made(ctx, d);
    if (made && made->source == source) {
        *segment = *made;
        segment->selector = selector;
        return;
    }
    segment->selector = selector;
    segment->base = descriptor_base(d);
    segment->limit = descriptor_limit(d);
    segment->rights = descriptor_rights(d);
    segment->source = x86_since(x86_of_const(ctx), 3) ? source : 0; /* not trimmed */
    segment_update(ctx, segment);
    if (made) {
        *made = *segment;
    }
}

void segment_set_real(struct context *ctx, struct segment *segment, uint16_t selector)
{
    uint32_t limit = x86_v86(ctx) ? 0xffff : segment->limit;
    uint32_t rights = x86_v86(ctx) ? RIGHTS_V86 : (segment->rights & 0xf000) | RIGHTS_DATA_RW;
    bool same = segment->limit == limit && segment->rights == rights && limit == 0xffff &&
                segment->openness == SEG_CHECKED - SEG_BASED64K;
    segment->selector = selector;
    segment->base = (uint32_t)selector << 4;
    segment->limit = limit;
    segment->rights = rights;
    segment->source = 0;
    if (!same) {
        segment_update(ctx, segment);
    }
}

void segment_set_null(struct segment *segment, uint16_t selector)
{
    *segment = (struct segment){.selector = selector, .limit = 0xffff, .source = SOURCE_NULL};
}

void segment_set_flat(struct context *ctx, struct segment *segment, uint16_t selector,
                      uint32_t rights)
{
    *segment = (struct segment){.selector = selector, .limit = UINT32_MAX, .rights = rights};
    segment_update(ctx, segment);
}

bool segment_check_stack(struct context *ctx, uint16_t selector, unsigned cpl, uint8_t vector,
                         struct descriptor *d)
{
    if (selector_null(selector)) {
        return fault_code(ctx, vector, 0);
    }
    if (!descriptor_fetch(ctx, selector, vector, d)) {
        return false;
    }
    uint32_t rights = descriptor_rights(d);
    if ((selector & 3u) != cpl || rights_dpl(rights) != cpl || !rights_writable_data(rights)) {
        return fault_code(ctx, vector, selector & 0xfffcu);
    }
    if (!(rights & RIGHTS_P)) {
        return fault_code(ctx, VECTOR_SS, selector & 0xfffcu);
    }
    return true;
}

/* Checks of a load of DS, ES, FS or GS. */
static bool check_data(struct context *ctx, uint16_t selector, struct descriptor *d)
{
    if (!descriptor_fetch(ctx, selector, VECTOR_GP, d)) {
        return false;
    }
    uint32_t rights = descriptor_rights(d);
    bool readable = (rights & RIGHTS_S) && (!(rights & RIGHTS_CODE) || (rights & RIGHTS_WRITE));
    unsigned dpl = rights_dpl(rights);
    if (!readable ||
        (!rights_conforming(rights) && ((selector & 3u) > dpl || x86_cpl(ctx) > dpl))) {
        return fault_gp(ctx, selector & 0xfffcu);
    }
    if (!(rights & RIGHTS_P)) {
        return fault_code(ctx, VECTOR_NP, selector & 0xfffcu);
    }
    return true;
}

bool segment_load(struct context *ctx, enum seg_index seg, uint16_t selector)
{
    struct descriptor d;
    if (!x86_selectors(ctx)) {
        segment_set_real(ctx, &ctx->seg[seg], selector);
        return true;
    }
    if (seg == SEG_SS) {
        if (!segment_check_stack(ctx, selector, x86_cpl(ctx), VECTOR_GP, &d)) {
            return false;
        }
    } else if (selector_null(selector)) {
        segment_set_null(&ctx->seg[seg], selector);
        return true;
    } else if (!check_data(ctx, selector, &d)) {
        return false;
    }
    if (!descriptor_mark_accessed(ctx, &d)) {
        return false;
    }
    segment_set(ctx, &ctx->seg[seg], selector, &d);
    return true;
}

void segment_drop_inner(struct context *ctx)
{
    static const uint8_t data[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    unsigned cpl = x86_cpl(ctx);
    for (unsigned i = 0; i < sizeof(data); i++) {
        struct segment *segment = &ctx->seg[data[i]];
        if (!rights_conforming(segment->rights) && rights_dpl(segment->rights) < cpl) {
            segment_set_null(segment, 0);
        }
    }
}

bool segment_covers(const struct segment *segment, uint32_t offset, uint32_t size)
{
    uint64_t end = (uint64_t)offset + size;
    if ((segment->rights & (RIGHTS_CODE | RIGHTS_DOWN)) == RIGHTS_DOWN) {
        uint64_t top = segment->rights & RIGHTS_BIG ? UINT64_C(1) << 32 : 0x10000;
        return offset > segment->limit && end <= top;
    }
    return end <= (uint64_t)segment->limit + 1;
}

static bool access_allowed(const struct context *ctx, uint32_t rights, enum access access)
{
    if (!x86_protected(ctx)) {
        return true;
    }
    if (!(rights & RIGHTS_P)) {
        return false;
    }
    if (access == ACCESS_WRITE) {
        return !(rights & RIGHTS_CODE) && (rights & RIGHTS_WRITE);
    }
    return access == ACCESS_EXECUTE || !(rights & RIGHTS_CODE) || (rights & RIGHTS_WRITE);
}

/* Exception of a stack access beyond the limit: the 80286 has only #GP in real mode. */
static uint8_t stack_vector(const struct context *ctx)
{
    return x86_since(x86_of_const(ctx), 3) || x86_protected(ctx) ? VECTOR_SS : VECTOR_GP;
}

bool x86_segment_check(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                       enum access access, uint64_t *linear)
{
    const struct segment *segment = &ctx->seg[seg];
    if (!access_allowed(ctx, segment->rights, access) ||
        !segment_covers(segment, (uint32_t)offset, size)) {
        return fault_code(ctx, seg == SEG_SS ? stack_vector(ctx) : VECTOR_GP, 0);
    }
    *linear = (uint32_t)(segment->base + offset);
    return true;
}

/* Stacks */

static uint32_t stack_mask(const struct stack *stack)
{
    return stack->segment.rights & RIGHTS_BIG ? UINT32_MAX : 0xffff;
}

struct stack stack_current(const struct context *ctx)
{
    return (struct stack){.segment = ctx->seg[SEG_SS],
                          .sp = x86_gpr(ctx, GUEST_RSP),
                          .view = x86_view(ctx, x86_cpl(ctx))};
}

void stack_skip(struct stack *stack, uint32_t bytes)
{
    uint32_t mask = stack_mask(stack);
    stack->sp = (stack->sp & ~mask) | ((stack->sp + bytes) & mask);
}

/* #AC of an access by code at CPL 3; the CPU's own frames go to inner stacks and are not checked.
 */
static bool stack_aligned(struct context *ctx, const struct stack *stack, uint32_t linear,
                          unsigned size)
{
    if (stack->view != VIEW_USER || !(ctx->mode & MODE_ALIGN_CHECK) || !(linear & (size - 1))) {
        return true;
    }
    return fault_code(ctx, VECTOR_AC, 0);
}

/* A word at the end of a segment whose offsets wrap: byte by byte. */
static bool stack_wraps(const struct context *ctx, uint32_t at, unsigned size)
{
    return ctx->offsets_wrap && at + size > 0x10000;
}

static bool push_wrapped(struct context *ctx, const struct stack *stack, uint32_t at,
                         uint32_t value)
{
    uint32_t base = (uint32_t)stack->segment.base;
    return linear_write(ctx, base + at, 1, VIEW_SUPERVISOR, value & 0xff) &&
           linear_write(ctx, base, 1, VIEW_SUPERVISOR, value >> 8 & 0xff);
}

static bool pop_wrapped(struct context *ctx, const struct stack *stack, uint32_t at,
                        uint32_t *value)
{
    uint32_t base = (uint32_t)stack->segment.base;
    uint64_t low, high;
    if (!linear_read(ctx, base + at, 1, VIEW_SUPERVISOR, &low) ||
        !linear_read(ctx, base, 1, VIEW_SUPERVISOR, &high)) {
        return false;
    }
    *value = (uint32_t)(low | high << 8);
    return true;
}

bool stack_push(struct context *ctx, struct stack *stack, unsigned size, uint32_t value)
{
    struct stack next = *stack;
    stack_skip(&next, 0u - size);
    uint32_t at = next.sp & stack_mask(stack);
    if (stack_wraps(ctx, at, size)) {
        *stack = next;
        return push_wrapped(ctx, stack, at, value);
    }
    if (!access_allowed(ctx, stack->segment.rights, ACCESS_WRITE) ||
        !segment_covers(&stack->segment, at, size)) {
        return fault_code(ctx, stack_vector(ctx), stack->error);
    }
    uint32_t linear = (uint32_t)(stack->segment.base + at);
    if (!stack_aligned(ctx, stack, linear, size) ||
        !linear_write(ctx, linear, size, stack->view, value)) {
        return false;
    }
    *stack = next;
    return true;
}

bool stack_pop(struct context *ctx, struct stack *stack, unsigned size, uint32_t *value)
{
    uint32_t at = stack->sp & stack_mask(stack);
    uint64_t got;
    if (stack_wraps(ctx, at, size)) {
        stack_skip(stack, size);
        return pop_wrapped(ctx, stack, at, value);
    }
    if (!access_allowed(ctx, stack->segment.rights, ACCESS_READ) ||
        !segment_covers(&stack->segment, at, size)) {
        return fault_code(ctx, stack_vector(ctx), stack->error);
    }
    uint32_t linear = (uint32_t)(stack->segment.base + at);
    if (!stack_aligned(ctx, stack, linear, size) ||
        !linear_get(ctx, linear, size, stack->view, &got)) {
        return false;
    }
    *value = (uint32_t)got;
    stack_skip(stack, size);
    return true;
}

/* Host address of bytes of a flat stack that may be accessed at once, or NULL. */
static uint8_t *stack_at(const struct context *ctx, const struct stack *stack, uint32_t at,
                         unsigned bytes, enum access access)
{
    const struct segment *ss = &stack->segment;
    bool flat = ss->openness == SEG_CHECKED - SEG_FLAT && (ss->rights & RIGHTS_BIG);
    bool aligned = stack->view == VIEW_USER && (ctx->mode & MODE_ALIGN_CHECK);
    return flat && !aligned ? linear_at(ctx, at, bytes, access, stack->view) : NULL;
}

bool stack_push_all(struct context *ctx, struct stack *stack, unsigned size, const uint32_t *words,
                    unsigned count)
{
    uint32_t sp = stack->sp - 4 * count;
    uint8_t *at = size == 4 ? stack_at(ctx, stack, sp, 4 * count, ACCESS_WRITE) : NULL;
    if (at) {
        for (unsigned i = 0; i < count; i++) {
            store_le32(at + 4 * (count - 1 - i), words[i]);
        }
        stack->sp = sp;
        return true;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!stack_push(ctx, stack, size, words[i])) {
            return false;
        }
    }
    return true;
}

bool stack_pop_all(struct context *ctx, struct stack *stack, unsigned size, uint32_t *words,
                   unsigned count)
{
    const uint8_t *at = size == 4 ? stack_at(ctx, stack, stack->sp, 4 * count, ACCESS_READ) : NULL;
    if (at) {
        for (unsigned i = 0; i < count; i++) {
            words[i] = load_le32(at + (size_t)4 * i);
        }
        stack->sp += 4 * count;
        return true;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!stack_pop(ctx, stack, size, &words[i])) {
            return false;
        }
    }
    return true;
}

void stack_commit(struct context *ctx, const struct stack *stack)
{
    uint32_t mask = stack_mask(stack);
    ctx->gpr[GUEST_RSP] = (x86_gpr(ctx, GUEST_RSP) & ~mask) | (stack->sp & mask);
}
