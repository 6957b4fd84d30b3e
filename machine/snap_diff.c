/* `vestige snap diff`: see snap.h. */
#include "machine/snap.h"
#include "snapshots/fields.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_SHOWN = 4 };

struct differing {
    FILE *out;
    bool same;
};

/* ---- fields ---- */

/* The section of that name in a blob; false: it has none. */
static bool find_section(struct fields_reader reader, const struct section *like,
                         struct section *found)
{
    struct status ignored = {0};
    while (fields_next(&reader, found, &ignored)) {
        if (strcmp(found->instance, like->instance) == 0 && strcmp(found->type, like->type) == 0) {
            return true;
        }
    }
    return false;
}

static bool find_field(struct section section, const char *name, struct saved_field *found)
{
    struct status ignored = {0};
    while (section_next(&section, found, &ignored)) {
        if (strcmp(found->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Printable bytes: paths and option values. */
static bool is_text(const struct saved_field *field)
{
    for (uint32_t i = 0; i < field->count; i++) {
        uint64_t c = saved_element(field, i);
        if (c < ' ' || c > '~') {
            return false;
        }
    }
    return field->kind == STATE_u8 && field->count > 1;
}

static void print_value(FILE *out, const struct saved_field *field)
{
    char text[256];
    if (is_text(field)) {
        saved_text(field, text, sizeof(text));
        fprintf(out, " \"%s\"", text);
        return;
    }
    for (uint32_t i = 0; i < field->count && i < VALUES_SHOWN; i++) {
        fprintf(out, " %" PRIx64, saved_element(field, i));
    }
    fputs(field->count > VALUES_SHOWN ? " ..." : field->count ? "" : " (empty)", out);
}

/* Elements of long fields one by one, as far as they differ. */
static void print_elements(FILE *out, const char *title, const struct saved_field *a,
                           const struct saved_field *b)
{
    uint32_t differ = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        uint64_t x = saved_element(a, i);
        uint64_t y = saved_element(b, i);
        if (x == y) {
            continue;
        }
        if (differ++ < VALUES_SHOWN) {
            fprintf(out, "%s.%s[%" PRIu32 "]: %" PRIx64 " -> %" PRIx64 "\n", title, a->name, i, x,
                    y);
        }
    }
    if (differ > VALUES_SHOWN) {
        fprintf(out, "%s.%s: %" PRIu32 " more elements differ\n", title, a->name,
                differ - VALUES_SHOWN);
    }
}

static bool equal_fields(const struct saved_field *a, const struct saved_field *b)
{
    bool equal = a->kind == b->kind && a->count == b->count;
    for (uint32_t i = 0; equal && i < a->count; i++) {
        equal = saved_element(a, i) == saved_element(b, i);
    }
    return equal;
}

static void diff_field(struct differing *differing, const char *title, const struct saved_field *a,
                       const struct saved_field *b)
{
    if (equal_fields(a, b)) {
        return;
    }
    differing->same = false;
    if (a->kind == b->kind && a->count == b->count && a->count > 1 && !is_text(a)) {
        print_elements(differing->out, title, a, b);
        return;
    }
    fprintf(differing->out, "%s.%s:", title, a->name);
    print_value(differing->out, a);
    fputs(" ->", differing->out);
    print_value(differing->out, b);
    fputc('\n', differing->out);
}

static void diff_section(struct differing *differing, struct section a, const struct section *b,
                         struct status *status)
{
    char title[2 * FIELD_NAME_MOST];
    struct saved_field field;
    struct saved_field other;
    section_title(&a, title, sizeof(title));
    while (section_next(&a, &field, status)) {
        if (find_field(*b, field.name, &other)) {
            diff_field(differing, title, &field, &other);
        } else {
            fprintf(differing->out, "%s.%s: only in the first\n", title, field.name);
            differing->same = false;
        }
    }
}

/* Sections of a; where b has none, a line says so.  The other way round only that is told. */
static bool diff_blob(struct differing *differing, struct fields_reader a, struct fields_reader b,
                      bool second, struct status *status)
{
    struct fields_reader at = second ? b : a;
    struct section section;
    struct section other;
    while (fields_next(&at, &section, status)) {
        bool both = find_section(second ? a : b, &section, &other);
        if (!both) {
            char title[2 * FIELD_NAME_MOST];
            section_title(&section, title, sizeof(title));
            fprintf(differing->out, "%s: only in the %s\n", title, second ? "second" : "first");
            differing->same = false;
        } else if (!second) {
            diff_section(differing, section, &other, status);
        }
    }
    return !status->failed;
}

static bool diff_fields(struct differing *differing, const struct snap_reader *a,
                        const struct snap_reader *b, uint32_t kind, struct status *status)
{
    size_t a_bytes = 0;
    size_t b_bytes = 0;
    const uint8_t *a_blob = snap_reader_blob(a, kind, &a_bytes);
    const uint8_t *b_blob = snap_reader_blob(b, kind, &b_bytes);
    struct fields_reader one = {a_blob, a_blob + a_bytes};
    struct fields_reader two = {b_blob, b_blob + b_bytes};
    return diff_blob(differing, one, two, false, status) &&
           diff_blob(differing, one, two, true, status);
}

/* ---- regions ---- */

struct range {
    FILE *out;
    const struct snap_region *region;
    uint64_t first, count; /* of units that differ, in a row */
    uint64_t total, shown;
};

static void end_range(struct range *range)
{
    enum { RANGES_SHOWN = 40 };
    if (!range->count) {
        return;
    }
    if (range->shown++ < RANGES_SHOWN) {
        uint64_t from = range->first * range->region->unit_bytes;
        fprintf(range->out, "%s: %09" PRIx64 "..%09" PRIx64 "\n", range->region->name, from,
                from + range->count * range->region->unit_bytes - 1);
    }
    range->total += range->count;
    range->count = 0;
}

static void add_to_range(struct range *range, uint64_t unit)
{
    if (range->count && range->first + range->count != unit) {
        end_range(range);
    }
    if (!range->count) {
        range->first = unit;
    }
    range->count++;
}

struct side {
    struct snap_reader *reader;
    unsigned region;
    uint8_t *units;
    uint64_t present;
};

static bool read_side(struct side *side, uint32_t window, size_t bytes, struct status *status)
{
    memset(side->units, 0, bytes);
    return snap_reader_window(side->reader, side->region, window, side->units, &side->present,
                              status);
}

static bool diff_window(struct range *range, struct side *a, struct side *b, uint32_t window,
                        bool memory, struct status *status)
{
    size_t size = range->region->unit_bytes;
    if (!read_side(a, window, SNAP_UNITS * size, status) ||
        !read_side(b, window, SNAP_UNITS * size, status)) {
        return false;
    }
    for (unsigned i = 0; i < SNAP_UNITS; i++) {
        bool there = memory || ((a->present ^ b->present) >> i & 1) == 0;
        if (!there || memcmp(a->units + i * size, b->units + i * size, size) != 0) {
            add_to_range(range, (uint64_t)window * SNAP_UNITS + i);
        }
    }
    return true;
}

/* The next window that either side has. */
static bool next_window(const struct side *a, const struct side *b, uint32_t *window)
{
    uint32_t one = *window;
    uint32_t two = *window;
    bool has_one = snap_reader_next(a->reader, a->region, &one);
    bool has_two = snap_reader_next(b->reader, b->region, &two);
    *window = !has_two || (has_one && one < two) ? one : two;
    return has_one || has_two;
}

static bool diff_region(struct differing *differing, struct side *a, struct side *b,
                        struct status *status)
{
    struct range range = {.out = differing->out,
                          .region = snap_reader_region(a->reader, a->region)};
    const struct snap_region *other = snap_reader_region(b->reader, b->region);
    if (range.region->units != other->units || range.region->unit_bytes != other->unit_bytes) {
        fprintf(differing->out, "%s: of different sizes\n", other->name);
        differing->same = false;
        return true;
    }
    bool memory = range.region->unit_bytes == 4096;
    for (uint32_t w = 0; next_window(a, b, &w); w++) {
        if (!diff_window(&range, a, b, w, memory, status)) {
            return false;
        }
    }
    end_range(&range);
    if (range.total) {
        differing->same = false;
        fprintf(differing->out,
                "%s: %" PRIu64 " of %" PRIu64 " units of %" PRIu32 " bytes differ\n",
                range.region->name, range.total, range.region->units, range.region->unit_bytes);
    }
    return true;
}

static bool diff_regions(struct differing *differing, struct side *a, struct side *b,
                         struct status *status)
{
    for (unsigned n = 0; n < snap_reader_regions(a->reader); n++) {
        const char *name = snap_reader_region(a->reader, n)->name;
        int there = snap_reader_find(b->reader, name);
        a->region = n;
        b->region = (unsigned)there;
        if (there < 0) {
            fprintf(differing->out, "%s: only in the first\n", name);
            differing->same = false;
        } else if (!diff_region(differing, a, b, status)) {
            return false;
        }
    }
    for (unsigned n = 0; n < snap_reader_regions(b->reader); n++) {
        const char *name = snap_reader_region(b->reader, n)->name;
        if (snap_reader_find(a->reader, name) < 0) {
            fprintf(differing->out, "%s: only in the second\n", name);
            differing->same = false;
        }
    }
    return true;
}

bool snap_diff(struct snap_reader *a, struct snap_reader *b, FILE *out, bool *same,
               struct status *status)
{
    const size_t window = (size_t)SNAP_UNITS * SNAP_UNIT_MOST;
    struct differing differing = {.out = out, .same = true};
    struct side one = {.reader = a, .units = malloc(window)};
    struct side two = {.reader = b, .units = malloc(window)};
    bool good = (one.units && two.units) || status_fail(status, "no memory");
    good = good && diff_fields(&differing, a, b, SNAP_CONFIG, status) &&
           diff_fields(&differing, a, b, SNAP_STATE, status) &&
           diff_regions(&differing, &one, &two, status);
    free(one.units);
    free(two.units);
    *same = differing.same;
    return good;
}
