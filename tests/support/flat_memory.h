/*
 * A CPU on a flat array of RAM, for tests of frontend/x86 without the translator.
 *
 * Defines the functions of translator/api/memory.h, so it is included by exactly one file of a test
 * program.  Every access walks; the page at FLAT_SPECIAL never has a host pointer, so that string
 * instructions go element by element there.
 */
#ifndef TESTS_SUPPORT_FLAT_MEMORY_H
#define TESTS_SUPPORT_FLAT_MEMORY_H

#include "base/endian.h"
#include "frontend/x86/cpu/segment.h"
#include "frontend/x86/cpu/task.h"
#include "translator/api/callout.h"
#include "translator/api/mode.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLAT_BYTES = 1 << 20,
    FLAT_SPECIAL = 0x70000,
    FLAT_GDT = 0x1000,
    FLAT_IDT = 0x2000,
    FLAT_TSS = 0x3000,
    FLAT_TSS2 = 0x3200,
    FLAT_PAGES = 0x4000, /* page tables of tests that page */
    FLAT_STACK0 = 0x9000,
    FLAT_STACK3 = 0xa000,
    FLAT_CODE = 0x10000,
};

/* Selectors of the descriptor table flat_protected() makes. */
enum {
    SEL_CODE0 = 0x08,
    SEL_DATA0 = 0x10,
    SEL_CODE3 = 0x1b,
    SEL_DATA3 = 0x23,
    SEL_TSS = 0x28,
    SEL_TSS2 = 0x30,
    SEL_FREE = 0x38, /* for the test */
    SEL_FREE2 = 0x40,
};

struct flat {
    struct x86_cpu *cpu;
    struct context *ctx;
    uint32_t last_port, last_out, next_in;
    uint8_t ram[FLAT_BYTES];
};

static inline struct flat *flat_of(struct context *ctx)
{
    return ctx->machine;
}

static inline uint8_t *flat_at(struct context *ctx, uint64_t linear, enum access access,
                               enum memory_view view, bool *fault)
{
    struct page_walk walk;
    *fault = !x86_walk(ctx, linear & UINT32_MAX, access, view, &walk);
    return *fault ? NULL : flat_of(ctx)->ram + ((walk.gpa | (linear & 0xfff)) & (FLAT_BYTES - 1));
}

static inline bool flat_access(struct context *ctx, uint64_t linear, unsigned size,
                               enum access access, enum memory_view view, uint8_t *bytes,
                               bool commit)
{
    uint8_t *at[16];
    bool faulted;
    for (unsigned i = 0; i < size; i++) {
        at[i] = flat_at(ctx, linear + i, access, view, &faulted);
        if (faulted) {
            return false;
        }
    }
    for (unsigned i = 0; commit && i < size; i++) {
        if (access == ACCESS_WRITE) {
            *at[i] = bytes[i];
        } else {
            bytes[i] = *at[i];
        }
    }
    return true;
}

bool linear_read(struct context *ctx, uint64_t linear, unsigned size, enum memory_view view,
                 uint64_t *value)
{
    uint8_t bytes[8] = {0};
    if (!flat_access(ctx, linear, size, ACCESS_READ, view, bytes, true)) {
        return false;
    }
    *value = load_le64(bytes);
    return true;
}

bool linear_write(struct context *ctx, uint64_t linear, unsigned size, enum memory_view view,
                  uint64_t value)
{
    uint8_t bytes[8];
    store_le64(bytes, value);
    return flat_access(ctx, linear, size, ACCESS_WRITE, view, bytes, true);
}

bool linear_probe_write(struct context *ctx, uint64_t linear, unsigned size, enum memory_view view)
{
    bool faulted = false;
    for (unsigned i = 0; i < size && !faulted; i++) {
        (void)flat_at(ctx, linear + i, ACCESS_WRITE, view, &faulted);
    }
    return !faulted;
}

uint8_t *linear_host(struct context *ctx, uint64_t linear, enum access access,
                     enum memory_view view, bool *fault)
{
    uint8_t *at = flat_at(ctx, linear, access, view, fault);
    return (linear >> 12) == FLAT_SPECIAL >> 12 ? NULL : at;
}

bool guest_load(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    uint64_t linear;
    memset(ctx->slow_value, 0, sizeof(ctx->slow_value));
    return x86_segment_check(ctx, seg, offset, size, ACCESS_READ, &linear) &&
           flat_access(ctx, linear, size, ACCESS_READ, ctx->view, (uint8_t *)ctx->slow_value, true);
}

bool guest_store(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    uint64_t linear;
    return x86_segment_check(ctx, seg, offset, size, ACCESS_WRITE, &linear) &&
           flat_access(ctx, linear, size, ACCESS_WRITE, ctx->view, (uint8_t *)ctx->slow_value,
                       true);
}

bool guest_load_for_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    uint64_t linear;
    return x86_segment_check(ctx, seg, offset, size, ACCESS_WRITE, &linear) &&
           flat_access(ctx, linear, size, ACCESS_WRITE, ctx->view, NULL, false) &&
           guest_load(ctx, seg, offset, size);
}

bool guest_probe_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    uint64_t linear;
    return x86_segment_check(ctx, seg, offset, size, ACCESS_WRITE, &linear) &&
           linear_probe_write(ctx, linear, size, ctx->view);
}

bool guest_read(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                uint64_t *value)
{
    if (!guest_load(ctx, seg, offset, size)) {
        return false;
    }
    *value = context_slow(ctx, 0);
    return true;
}

bool guest_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                 uint64_t value)
{
    context_set_slow(ctx, value, 0);
    return guest_store(ctx, seg, offset, size);
}

uint64_t phys_read(struct context *ctx, uint64_t gpa, unsigned size)
{
    uint8_t bytes[8] = {0};
    if (gpa + size > FLAT_BYTES) {
        return UINT64_MAX;
    }
    memcpy(bytes, flat_of(ctx)->ram + gpa, size);
    return load_le64(bytes);
}

void phys_write(struct context *ctx, uint64_t gpa, unsigned size, uint64_t value)
{
    uint8_t bytes[8];
    store_le64(bytes, value);
    if (gpa + size <= FLAT_BYTES) {
        memcpy(flat_of(ctx)->ram + gpa, bytes, size);
    }
}

uint64_t memory_code_tag(struct context *ctx, uint32_t mode)
{
    (void)ctx;
    return mode;
}

void memory_flush_page(struct context *ctx, uint64_t linear)
{
    (void)ctx;
    (void)linear;
}

void memory_flush_all(struct context *ctx, bool keep_global)
{
    (void)ctx;
    (void)keep_global;
}

void memory_forget_page(struct context *ctx, uint64_t linear)
{
    (void)ctx;
    (void)linear;
}

void memory_select_view(struct context *ctx, enum memory_view view)
{
    ctx->view = view;
}

void memory_select(struct context *ctx)
{
    ctx->view = x86_view(ctx, x86_cpl(ctx));
}

static inline uint32_t flat_port_in(void *machine, uint16_t port, unsigned size)
{
    struct flat *flat = machine;
    (void)size;
    flat->last_port = port;
    return flat->next_in++;
}

static inline void flat_port_out(void *machine, uint16_t port, uint32_t value, unsigned size)
{
    struct flat *flat = machine;
    (void)size;
    flat->last_port = port;
    flat->last_out = value;
}

/* Readies the record as the dispatcher does before an instruction of one block. */
static inline void flat_begin(struct flat *flat)
{
    struct context *ctx = flat->ctx;
    ctx->leave = LEAVE_NONE;
    ctx->mode = x86_mode(ctx);
    ctx->interrupt = 1; /* callouts that let interrupts in leave at once */
    ctx->budget = 1000000;
    ctx->pending = 1;
    ctx->next_rip = ctx->rip + 2;
}

/* A CPU in the state after reset. */
static inline struct flat *flat_create(const char *model)
{
    struct flat *flat = calloc(1, sizeof(*flat));
    struct x86_wires wires = {.port_in = flat_port_in, .port_out = flat_port_out, .machine = flat};
    flat->cpu = x86_create(x86_model_find(model), &wires);
    flat->ctx = x86_context(flat->cpu);
    flat->ctx->machine = flat;
    flat_begin(flat);
    return flat;
}

static inline void flat_destroy(struct flat *flat)
{
    x86_destroy(flat->cpu);
    free(flat);
}

/* Real mode with all segments at 0 and a stack. */
static inline struct flat *flat_real(const char *model)
{
    struct flat *flat = flat_create(model);
    segment_set_real(flat->ctx, &flat->ctx->seg[SEG_CS], 0);
    flat->ctx->rip = 0x100;
    flat->ctx->gpr[GUEST_RSP] = 0x8000;
    flat_begin(flat);
    return flat;
}

/* Descriptor of 4 GiB or, with limit below 1 MiB, of that many bytes; access is bits 40..47. */
static inline void flat_descriptor(struct flat *flat, unsigned selector, uint32_t base,
                                   uint32_t limit, unsigned access, unsigned flags)
{
    uint8_t *at = flat->ram + FLAT_GDT + (selector & ~7u);
    store_le32(at, (limit & 0xffff) | base << 16);
    store_le32(at + 4, (base >> 16 & 0xff) | access << 8 | (limit & 0xf0000) | flags << 20 |
                           (base & 0xff000000));
}

static inline void flat_gate(struct flat *flat, uint32_t at, unsigned selector, uint32_t offset,
                             unsigned access, unsigned count)
{
    store_le32(flat->ram + at, (offset & 0xffff) | selector << 16);
    store_le32(flat->ram + at + 4, (offset & 0xffff0000) | access << 8 | count);
}

static inline void flat_idt(struct flat *flat, unsigned vector, unsigned selector, uint32_t offset,
                            unsigned access)
{
    flat_gate(flat, FLAT_IDT + vector * 8, selector, offset, access, 0);
}

/* Loads CS and SS for a privilege level, bypassing checks. */
static inline void flat_ring(struct flat *flat, unsigned cpl)
{
    struct context *ctx = flat->ctx;
    static const struct {
        uint16_t code, data;
    } pair[] = {{SEL_CODE0, SEL_DATA0}, {0, 0}, {0, 0}, {SEL_CODE3, SEL_DATA3}};
    struct descriptor d;
    descriptor_read(ctx, pair[cpl].code, &d);
    segment_set(ctx, &ctx->seg[SEG_CS], pair[cpl].code, &d);
    descriptor_read(ctx, pair[cpl].data, &d);
    for (unsigned seg = 0; seg < SEG_COUNT; seg++) {
        if (seg != SEG_CS) {
            segment_set(ctx, &ctx->seg[seg], pair[cpl].data, &d);
        }
    }
    ctx->view = cpl == 3 ? VIEW_USER : VIEW_SUPERVISOR;
    ctx->gpr[GUEST_RSP] = cpl == 3 ? FLAT_STACK3 : FLAT_STACK0 - 0x400;
    flat_begin(flat);
}

/* Flat 32-bit protected mode at ring 0, with a TSS whose ring-0 stack is FLAT_STACK0. */
static inline struct flat *flat_protected(const char *model)
{
    struct flat *flat = flat_create(model);
    struct x86_cpu *cpu = flat->cpu;
    flat_descriptor(flat, SEL_CODE0, 0, 0xfffff, 0x9b, 0xc);
    flat_descriptor(flat, SEL_DATA0, 0, 0xfffff, 0x93, 0xc);
    flat_descriptor(flat, SEL_CODE3, 0, 0xfffff, 0xfb, 0xc);
    flat_descriptor(flat, SEL_DATA3, 0, 0xfffff, 0xf3, 0xc);
    flat_descriptor(flat, SEL_TSS, FLAT_TSS, 0x1ff, 0x8b, 0);
    flat_descriptor(flat, SEL_TSS2, FLAT_TSS2, 0x67, 0x89, 0);
    cpu->gdt_base = FLAT_GDT;
    cpu->gdt_limit = 0x7f;
    cpu->idt_base = FLAT_IDT;
    cpu->idt_limit = 0x7ff;
    store_le32(flat->ram + FLAT_TSS + 4, FLAT_STACK0);
    store_le32(flat->ram + FLAT_TSS + 8, SEL_DATA0);
    store_le16(flat->ram + FLAT_TSS + 0x66, 0x68);
    cpu->cr0 |= CR0_PE;
    struct descriptor d;
    descriptor_read(flat->ctx, SEL_TSS, &d);
    segment_set(flat->ctx, &cpu->tr[0], SEL_TSS, &d);
    flat->ctx->rip = FLAT_CODE;
    flat_ring(flat, 0);
    return flat;
}

static inline uint32_t flat_word(const struct flat *flat, uint64_t at)
{
    return load_le32(flat->ram + at);
}

/* The last callout ended with this fault and retired nothing. */
static inline void flat_expect_fault(const struct flat *flat, unsigned vector, uint32_t error)
{
    const struct context *ctx = flat->ctx;
    ck_assert_uint_eq(ctx->leave, LEAVE_EVENT);
    ck_assert_uint_eq(ctx->event.vector, vector);
    ck_assert_uint_eq(ctx->event.error, error);
    ck_assert_int_eq(ctx->pending, 1);
}

/* Runs a suite of tests given as a NULL-terminated list. */
static inline int flat_main(const char *name, const TTest *const *tests)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    for (; *tests; tests++) {
        tcase_add_test(tcase, *tests);
    }
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
