/*
 * MOVS, STOS, LODS, SCAS, CMPS with a repeat prefix: page-sized runs in host memory, single
 * elements where a page is special, an element straddles a page, or the segment needs exact checks.
 */
#include "frontend/x86/helper/string_run.h"

#include <string.h>

/* Bytes between the lowest and the first element of a run. */
static size_t below(const struct string_run *run, uint32_t n)
{
    return run->down ? (size_t)(n - 1) * run->size : 0;
}

/* Copies element by element in the direction of the run, so that overlaps replicate. */
static void copy_elements(const struct string_run *run, uint8_t *to, const uint8_t *from,
                          uint32_t n)
{
    unsigned size = run->size;
    for (uint32_t i = 0; i < n; i++) {
        size_t at = (size_t)(run->down ? n - 1 - i : i) * size;
        string_put(to + at, size, string_get(from + at, size));
    }
}

static uint32_t movs_bulk(struct string_run *run, uint32_t n)
{
    const uint8_t *from = string_host(run, run->seg, string_si(run), ACCESS_READ, &n);
    if (!from) {
        return 0;
    }
    uint8_t *to = string_host(run, SEG_ES, string_di(run), ACCESS_WRITE, &n);
    if (!to) {
        return 0;
    }
    from -= below(run, n);
    to -= below(run, n);
    size_t bytes = (size_t)n * run->size;
    uintptr_t distance = (uintptr_t)to - (uintptr_t)from;
    bool safe = run->down ? (uintptr_t)from - (uintptr_t)to >= bytes || distance == 0
                          : distance >= bytes || distance == 0;
    if (safe) {
        memmove(to, from, bytes);
    } else {
        copy_elements(run, to, from, n);
    }
    return n;
}

static uint32_t movs_one(struct string_run *run, uint32_t max)
{
    (void)max;
    struct context *ctx = run->ctx;
    if (!guest_load(ctx, run->seg, string_si(run), run->size)) {
        return 0;
    }
    run->accesses = 1;
    return guest_store(ctx, SEG_ES, string_di(run), run->size);
}

uint64_t callout_string_movs(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    static const uint8_t fault[2][3] = {{1, 0, 1}, {1, 1, 2}};
    struct string_run run = string_begin_moving(ctx, imm, true, true, fault);
    return string_repeat(&run, movs_bulk, movs_one);
}

static uint32_t stos_bulk(struct string_run *run, uint32_t n)
{
    uint8_t *to = string_host(run, SEG_ES, string_di(run), ACCESS_WRITE, &n);
    if (!to) {
        return 0;
    }
    to -= below(run, n);
    uint32_t value = x86_gpr(run->ctx, GUEST_RAX);
    if (run->size == 1) {
        memset(to, (int)(value & 0xff), n);
        return n;
    }
    for (uint32_t i = 0; i < n; i++) {
        string_put(to + (size_t)i * run->size, run->size, value);
    }
    return n;
}

static uint32_t stos_one(struct string_run *run, uint32_t max)
{
    (void)max;
    return guest_write(run->ctx, SEG_ES, string_di(run), run->size, x86_gpr(run->ctx, GUEST_RAX));
}

uint64_t callout_string_stos(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    static const uint8_t fault[2][3] = {{0, 1, 2}};
    struct string_run run = string_begin_moving(ctx, imm, false, true, fault);
    return string_repeat(&run, stos_bulk, stos_one);
}

static uint32_t lods_bulk(struct string_run *run, uint32_t n)
{
    const uint8_t *from = string_host(run, run->seg, string_si(run), ACCESS_READ, &n);
    if (!from) {
        return 0;
    }
    size_t last = (size_t)(n - 1) * run->size;
    x86_gpr_put(run->ctx, GUEST_RAX, run->size,
                string_get(run->down ? from - last : from + last, run->size));
    return n;
}

static uint32_t lods_one(struct string_run *run, uint32_t max)
{
    (void)max;
    uint64_t value;
    if (!guest_read(run->ctx, run->seg, string_si(run), run->size, &value)) {
        return 0;
    }
    x86_gpr_put(run->ctx, GUEST_RAX, run->size, (uint32_t)value);
    return 1;
}

uint64_t callout_string_lods(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    static const uint8_t fault[2][3] = {{1, 0, 1}};
    struct string_run run = string_begin_moving(ctx, imm, true, false, fault);
    return string_repeat(&run, lods_bulk, lods_one);
}

/* Flags of CMP x, y; ends the repetition when ZF is not what the prefix wants. */
static void compared(struct string_run *run, uint32_t x, uint32_t y)
{
    unsigned top = run->size * 8 - 1;
    uint32_t mask = run->size == 4 ? UINT32_MAX : (1u << run->size * 8) - 1;
    x &= mask;
    y &= mask;
    uint32_t difference = (x - y) & mask;
    uint32_t flags = flags_szp(difference, run->size);
    flags |= x < y ? (uint32_t)FLAG_CF : 0u;
    flags |= (x ^ y ^ difference) & FLAG_AF;
    flags |= ((x ^ y) & (x ^ difference)) >> top & 1 ? (uint32_t)FLAG_OF : 0u;
    context_set_flags(run->ctx, flags);
    run->stop = (x == y) != (run->rep == STRING_REPE);
}

static uint32_t scas_bulk(struct string_run *run, uint32_t n)
{
    const uint8_t *at = string_host(run, SEG_ES, string_di(run), ACCESS_READ, &n);
    if (!at) {
        return 0;
    }
    uint32_t mask = run->size == 4 ? UINT32_MAX : (1u << run->size * 8) - 1;
    uint32_t wanted = x86_gpr(run->ctx, GUEST_RAX) & mask;
    bool until_equal = run->rep != STRING_REPE;
    uint32_t i = 0;
    uint32_t value = 0;
    ptrdiff_t stride = run->down ? -(ptrdiff_t)run->size : (ptrdiff_t)run->size;
    for (; i < n; at += stride) {
        i++;
        value = string_get(at, run->size);
        if ((value == wanted) == until_equal) {
            break;
        }
    }
    compared(run, wanted, value);
    return i;
}

static uint32_t scas_one(struct string_run *run, uint32_t max)
{
    (void)max;
    uint64_t value;
    if (!guest_read(run->ctx, SEG_ES, string_di(run), run->size, &value)) {
        return 0;
    }
    compared(run, x86_gpr(run->ctx, GUEST_RAX), (uint32_t)value);
    return 1;
}

uint64_t callout_string_scas(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    static const uint8_t fault[2][3] = {{0, 1, 1}};
    struct string_run run = string_begin_moving(ctx, imm, false, true, fault);
    return string_repeat(&run, scas_bulk, scas_one);
}

static uint32_t cmps_bulk(struct string_run *run, uint32_t n)
{
    const uint8_t *x = string_host(run, run->seg, string_si(run), ACCESS_READ, &n);
    if (!x) {
        return 0;
    }
    const uint8_t *y = string_host(run, SEG_ES, string_di(run), ACCESS_READ, &n);
    if (!y) {
        return 0;
    }
    bool until_equal = run->rep != STRING_REPE;
    ptrdiff_t stride = run->down ? -(ptrdiff_t)run->size : (ptrdiff_t)run->size;
    uint32_t left = 0;
    uint32_t right = 0;
    uint32_t i = 0;
    for (; i < n; x += stride, y += stride) {
        i++;
        left = string_get(x, run->size);
        right = string_get(y, run->size);
        if ((left == right) == until_equal) {
            break;
        }
    }
    compared(run, left, right);
    return i;
}

static uint32_t cmps_one(struct string_run *run, uint32_t max)
{
    (void)max;
    struct context *ctx = run->ctx;
    uint64_t x;
    uint64_t y;
    if (run->fault) { /* the 80286 reads the destination first */
        if (!guest_read(ctx, SEG_ES, string_di(run), run->size, &y)) {
            return 0;
        }
        run->accesses = 1;
    }
    if (!guest_read(ctx, run->seg, string_si(run), run->size, &x) ||
        !guest_read(ctx, SEG_ES, string_di(run), run->size, &y)) {
        return 0;
    }
    compared(run, (uint32_t)x, (uint32_t)y);
    return 1;
}

uint64_t callout_string_cmps(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    static const uint8_t fault[2][3] = {{0, 1, 0}, {1, 1, 1}};
    struct string_run run = string_begin_moving(ctx, imm, true, true, fault);
    return string_repeat(&run, cmps_bulk, cmps_one);
}
