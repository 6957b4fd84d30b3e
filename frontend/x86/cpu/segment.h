/* Descriptors, segment loads, exact segment checks, stacks that are not (yet) current. */
#ifndef FRONTEND_X86_CPU_SEGMENT_H
#define FRONTEND_X86_CPU_SEGMENT_H

#include "frontend/x86/cpu/cpu.h"

/* A descriptor as fetched from a table. */
struct descriptor {
    uint32_t low, high;
    uint32_t linear; /* where it stands */
};

/* System descriptor types (bits 8..12 of high, S clear). */
enum system_type {
    SYSTEM_TSS16 = 1,
    SYSTEM_LDT = 2,
    SYSTEM_TSS16_BUSY = 3,
    SYSTEM_CALL16 = 4,
    SYSTEM_TASK_GATE = 5,
    SYSTEM_INT16 = 6,
    SYSTEM_TRAP16 = 7,
    SYSTEM_TSS32 = 9,
    SYSTEM_TSS32_BUSY = 11,
    SYSTEM_CALL32 = 12,
    SYSTEM_INT32 = 14,
    SYSTEM_TRAP32 = 15,
};

enum fetch { FETCH_OK, FETCH_OUTSIDE, FETCH_FAULT };

/* Leaves what an 80286 sees: no upper word, no 32-bit system types. */
void descriptor_trim(const struct context *ctx, struct descriptor *d);
/* Reads the descriptor of a non-null selector; OUTSIDE when beyond its table, FAULT with a page
 * fault raised. */
enum fetch descriptor_read(struct context *ctx, uint16_t selector, struct descriptor *out);
/* The same; outside raises `vector` with the selector. */
bool descriptor_fetch(struct context *ctx, uint16_t selector, uint8_t vector,
                      struct descriptor *out);

static inline uint32_t descriptor_rights(const struct descriptor *d)
{
    return d->high >> 8 & RIGHTS_MASK;
}

static inline uint32_t descriptor_base(const struct descriptor *d)
{
    return d->low >> 16 | (d->high & 0xff) << 16 | (d->high & 0xff000000u);
}

static inline uint32_t descriptor_limit(const struct descriptor *d)
{
    uint32_t limit = (d->low & 0xffff) | (d->high & 0xf0000);
    return d->high & 1u << 23 ? limit << 12 | 0xfff : limit;
}

/* Type of a system descriptor, or 0 (reserved) for code and data. */
static inline unsigned descriptor_system(const struct descriptor *d)
{
    return d->high & 1u << 12 ? 0 : d->high >> 8 & 15;
}

static inline bool descriptor_present(const struct descriptor *d)
{
    return (d->high & 1u << 15) != 0;
}

/* Code segment that may be executed at all. */
static inline bool rights_code(uint32_t rights)
{
    return (rights & (RIGHTS_S | RIGHTS_CODE)) == (RIGHTS_S | RIGHTS_CODE);
}

static inline bool rights_conforming(uint32_t rights)
{
    return rights_code(rights) && (rights & RIGHTS_DOWN);
}

static inline bool rights_writable_data(uint32_t rights)
{
    return (rights & (RIGHTS_S | RIGHTS_CODE | RIGHTS_WRITE)) == (RIGHTS_S | RIGHTS_WRITE);
}

static inline bool selector_null(uint32_t selector)
{
    return (selector & 0xfffc) == 0;
}

/* Sets the accessed bit in memory and in *d. */
bool descriptor_mark_accessed(struct context *ctx, struct descriptor *d);
/* Sets or clears the busy bit of a TSS descriptor in memory. */
bool descriptor_set_busy(struct context *ctx, const struct descriptor *d, bool busy);

/* Fills a cache from a checked descriptor. */
void segment_set(struct context *ctx, struct segment *segment, uint16_t selector,
                 const struct descriptor *d);
/* Real and virtual-8086 mode: base from the selector. */
void segment_set_real(struct context *ctx, struct segment *segment, uint16_t selector);
void segment_set_null(struct segment *segment, uint16_t selector);
/* A flat segment with these rights, as SYSENTER makes it. */
void segment_set_flat(struct context *ctx, struct segment *segment, uint16_t selector,
                      uint32_t rights);

/* Loads ES, SS, DS, FS or GS in the current mode with all checks. */
bool segment_load(struct context *ctx, enum seg_index seg, uint16_t selector);
/* Checks a stack segment for that privilege and reads its descriptor; `vector` for bad selectors
 * (#GP or #TS), #SS when not present. */
bool segment_check_stack(struct context *ctx, uint16_t selector, unsigned cpl, uint8_t vector,
                         struct descriptor *d);
/* After a move to an outer ring: data segments that it may not use become null. */
void segment_drop_inner(struct context *ctx);

/* True when [offset, offset + size) lies within the limit. */
bool segment_covers(const struct segment *segment, uint32_t offset, uint32_t size);
/* guest_ops.segment_check. */
bool x86_segment_check(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                       enum access access, uint64_t *linear);

/* A stack in the making: pushes move sp here, and ESP only when the caller commits. */
struct stack {
    struct segment segment;
    uint32_t sp;
    uint32_t error; /* error code of #SS */
    enum memory_view view;
};

/* The current stack. */
struct stack stack_current(const struct context *ctx);
bool stack_push(struct context *ctx, struct stack *stack, unsigned size, uint32_t value);
bool stack_pop(struct context *ctx, struct stack *stack, unsigned size, uint32_t *value);
/* The same for count words, the first of which is pushed or popped first.  Where one faults, those
 * before it were pushed. */
bool stack_push_all(struct context *ctx, struct stack *stack, unsigned size, const uint32_t *words,
                    unsigned count);
bool stack_pop_all(struct context *ctx, struct stack *stack, unsigned size, uint32_t *words,
                   unsigned count);
/* Adds to sp under the stack's width. */
void stack_skip(struct stack *stack, uint32_t bytes);
/* Writes stack->sp to SP or ESP. */
void stack_commit(struct context *ctx, const struct stack *stack);

#endif
