/*
 * Guest memory as the translator and the CPU's helpers see it.
 *
 * struct memory_ops is what the machine supplies (physical space); the guest_* functions are linear
 * accesses by the CPU through tables, page walk and self-modifying-code checks.  They return false
 * when the access faulted: ctx->event and ctx->leave are set, nothing was written, and the caller
 * returns at once.
 */
#ifndef TRANSLATOR_API_MEMORY_H
#define TRANSLATOR_API_MEMORY_H

#include "translator/api/context.h"

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE };

/* One 4 KiB page of physical space: host NULL is MMIO (or nothing); writable false with host is
 * ROM.  Writes to a watched one go through mmio_write. */
struct phys_page {
    uint8_t *host;
    bool writable;
    bool watched;
};

struct memory_ops {
    struct phys_page (*page)(void *memory, uint64_t gpa);
    uint64_t (*mmio_read)(void *memory, uint64_t gpa, unsigned size); /* 1, 2, 4, 8 */
    void (*mmio_write)(void *memory, uint64_t gpa, uint64_t value,
                       unsigned size); /* also ROM writes */
    void *memory;
};

/*
 * Accesses through a segment: `offset` is the effective address.  Limit, rights, canonical stack
 * fault vector (#SS for SEG_SS, else #GP), alignment check and paging are applied at the current
 * CPL. size is 1, 2, 4, 8, 10 or 16; the value is little-endian in ctx->slow_value.  A
 * page-crossing access touches nothing unless both pages allow it.
 */
bool guest_load(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size);
bool guest_store(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size);
/* As guest_load, but faults as a write would: the load half of a read-modify-write. */
bool guest_load_for_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size);
/* As guest_store, but only faults as it would and touches nothing: for instructions that change
 * other state before they store. */
bool guest_probe_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size);

/* The load that was just made, the first access of its instruction, wants the engine to leave after
 * that instruction (LEAVE_AFTER), and the engine has only the state before it, with rip and pending
 * of the instruction: the dispatcher runs it, and its first load gives the datum in ctx->slow_value
 * without an access. */
void guest_run_again(struct context *ctx);

/* Convenience around the above for up to 8 bytes. */
bool guest_read(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                uint64_t *value);
bool guest_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                 uint64_t value);

/* Linear accesses without segmentation, as the CPU makes for itself, with the rights of a view.
 * Sizes as above, up to 8 bytes. */
bool linear_read(struct context *ctx, uint64_t linear, unsigned size, enum memory_view view,
                 uint64_t *value);
bool linear_write(struct context *ctx, uint64_t linear, unsigned size, enum memory_view view,
                  uint64_t value);
/* Checks that [linear, linear + size) can be written (true) without writing; raises #PF otherwise.
 */
bool linear_probe_write(struct context *ctx, uint64_t linear, unsigned size, enum memory_view view);

/* Host address of [linear, linear + size) where generated code could make that access at once, or
 * NULL: nothing was done, one of the functions above decides. */
static inline uint8_t *linear_at(const struct context *ctx, uint64_t linear, unsigned size,
                                 enum access access, enum memory_view view)
{
    const struct memory_tables *tables = ctx->views[view];
    uint32_t at = (uint32_t)linear;
    if (!tables || (at & 0xfff) + size > 0x1000) {
        return NULL;
    }
    int64_t entry = access == ACCESS_WRITE ? tables->write[at >> 12] : tables->read[at >> 12];
    return entry > 0 ? (uint8_t *)(uintptr_t)(at + (uint64_t)entry) : NULL;
}

/* linear_read() of a size that the compiler knows. */
static inline bool linear_get(struct context *ctx, uint64_t linear, unsigned size,
                              enum memory_view view, uint64_t *value)
{
    const uint8_t *at = linear_at(ctx, linear, size, ACCESS_READ, view);
    if (!at) {
        return linear_read(ctx, linear, size, view, value);
    }
    *value = load_le(at, size);
    return true;
}

/* The tag (struct context) of code with that mode in the current CS. */
uint64_t memory_code_tag(struct context *ctx, uint32_t mode);

/* Host pointer for a linear range inside one page for bulk work (string instructions), or NULL when
 * the page is special (MMIO, code, ROM on write) and must go element by element.  Faults: *fault
 * true. */
uint8_t *linear_host(struct context *ctx, uint64_t linear, enum access access,
                     enum memory_view view, bool *fault);

/* Physical accesses of the page walker (RAM only; elsewhere reads all ones). */
uint64_t phys_read(struct context *ctx, uint64_t gpa, unsigned size);
void phys_write(struct context *ctx, uint64_t gpa, unsigned size, uint64_t value);

/* Invalidation by the CPU: one linear page, all non-global pages, or everything. */
void memory_flush_page(struct context *ctx, uint64_t linear);
void memory_flush_all(struct context *ctx, bool keep_global);
/* What is to be reported of accesses to that page has changed: nothing derived from its mapping is
 * kept, the mapping is. */
void memory_forget_page(struct context *ctx, uint64_t linear);
/* The CPL class, CR3, paging mode or A20 changed: select the right tables (and flush where needed).
 */
void memory_select(struct context *ctx);
/* The same where the view is known. */
void memory_select_view(struct context *ctx, enum memory_view view);

#endif
