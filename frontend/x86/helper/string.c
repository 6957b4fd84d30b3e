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

/* n elements of 2 or 4 bytes: 8 bytes at a time, then what is left of them. */
static void fill(uint8_t *to, uint32_t value, unsigned size, uint32_t n)
{
    uint8_t pattern[8];
    for (unsigned i = 0; i < sizeof(pattern); i += size) {
        string_put(pattern + i, size, value);
    }
    size_t bytes = (size_t)n * size;
    size_t whole = bytes & ~(sizeof(pattern) - 1);
    for (size_t i = 0; i < whole; i += sizeof(pattern)) {
        memcpy(to + i, pattern, sizeof(pattern));
    }
    memcpy(to + whole, pattern, bytes - whole);
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
    fill(to, value, run->size, n);
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

/* A search through at least one element at x, compared with those at y or with one value. */
struct scan {
    const uint8_t *x, *y; /* y NULL: the value */
    uint32_t value, n;
    bool down, until_equal;
};

/* How many elements were looked at; size is a constant where it is inlined. */
static inline uint32_t scan_sized(const struct scan *scan, unsigned size)
{
    ptrdiff_t stride = scan->down ? -(ptrdiff_t)size : (ptrdiff_t)size;
    const uint8_t *x = scan->x;
    const uint8_t *y = scan->y;
    for (uint32_t i = 1; i < scan->n; i++, x += stride) {
        uint32_t other = y ? string_get(y, size) : scan->value;
        if ((string_get(x, size) == other) == scan->until_equal) {
            return i;
        }
        y = y ? y + stride : NULL;
    }
    return scan->n;
}

/* Bytes of equal memory at the start of two pieces of ascending memory, eight at a time. */
static uint32_t equal_eights(const uint8_t *x, const uint8_t *y, size_t bytes)
{
    size_t i = 0;
    while (i + 8 <= bytes && memcmp(x + i, y + i, 8) == 0) {
        i += 8;
    }
    return (uint32_t)i;
}

/* The same for any size; the common searches go by more than one element at a time. */
static uint32_t scan_elements(const struct scan *all, unsigned size)
{
    struct scan scan = *all;
    uint32_t passed = 0;
    if (!scan.y && size == 1 && scan.until_equal && !scan.down) {
        const uint8_t *hit = memchr(scan.x, (int)(scan.value & 0xff), scan.n);
        return hit ? (uint32_t)(hit - scan.x) + 1 : scan.n;
    }
    if (scan.y && !scan.until_equal && !scan.down && scan.n > 8) {
        passed = equal_eights(scan.x, scan.y, (size_t)(scan.n - 1) * size) / size;
        scan.x += (size_t)passed * size;
        scan.y += (size_t)passed * size;
        scan.n -= passed;
    }
    switch (size) {
    case 1:
        return passed + scan_sized(&scan, 1);
    case 2:
        return passed + scan_sized(&scan, 2);
    default:
        return passed + scan_sized(&scan, 4);
    }
}

static const uint8_t *nth(const uint8_t *first, uint32_t n, const struct string_run *run)
{
    size_t at = (size_t)n * run->size;
    return run->down ? first - at : first + at;
}

static uint32_t scas_bulk(struct string_run *run, uint32_t n)
{
    const uint8_t *at = string_host(run, SEG_ES, string_di(run), ACCESS_READ, &n);
    if (!at) {
        return 0;
    }
    uint32_t mask = run->size == 4 ? UINT32_MAX : (1u << run->size * 8) - 1;
    uint32_t wanted = x86_gpr(run->ctx, GUEST_RAX) & mask;
    struct scan scan = {at, NULL, wanted, n, run->down, run->rep != STRING_REPE};
    uint32_t i = scan_elements(&scan, run->size);
    compared(run, wanted, string_get(nth(at, i - 1, run), run->size));
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
    struct scan scan = {x, y, 0, n, run->down, run->rep != STRING_REPE};
    uint32_t i = scan_elements(&scan, run->size);
    compared(run, string_get(nth(x, i - 1, run), run->size),
             string_get(nth(y, i - 1, run), run->size));
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
