/*
 * The address decoder behind bus.h.
 *
 * A port bus answers from a table with one entry an address; a memory bus from a sorted list of
 * visible segments, searched by halves.  Both are rebuilt when a mapping comes or goes, which is
 * rare, so that finding a device is cheap.  An aligned access goes whole to the mapping at its
 * first address when that mapping is long enough, even where a later one covers some of the bytes
 * behind: so a dword at CF8h and a byte at CF9h reach different chips, as on the board.
 */
#include "devices/core/bus.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_LIMIT = 0x10000, HANDLES_MAX = 0xffff };

struct mapping {
    const struct io_ops *ops; /* NULL: the handle is free */
    void *dev;
    uint64_t base, end;
    uint64_t order; /* a later mapping covers an earlier one */
};

/* A run of addresses seen by one mapping. */
struct segment {
    uint64_t base, end;
    uint32_t handle;
};

struct bus {
    uint64_t limit;
    struct mapping *mappings; /* [0] is nobody: handle 0 */
    uint32_t mapping_count, mapping_room;
    uint64_t next_order;
    uint16_t *ports; /* handle by address; NULL on a memory bus */
    struct segment *segments;
    uint32_t segment_count, segment_room;
    void (*changed)(void *user, uint64_t base, uint64_t length);
    void *changed_user;
};

static void *grown(void *memory, size_t count, size_t element)
{
    void *bigger = realloc(memory, count * element);
    if (!bigger) {
        abort();
    }
    return bigger;
}

struct bus *bus_create(uint64_t limit)
{
    struct bus *bus = calloc(1, sizeof(*bus));
    if (!bus) {
        abort();
    }
    bus->limit = limit;
    bus->mapping_room = 32;
    bus->mappings = grown(NULL, bus->mapping_room, sizeof(*bus->mappings));
    bus->mappings[0] = (struct mapping){0};
    bus->mapping_count = 1;
    if (limit <= PORT_LIMIT) {
        size_t ports = (size_t)limit;
        bus->ports = grown(NULL, ports, sizeof(*bus->ports));
        memset(bus->ports, 0, ports * sizeof(*bus->ports));
    }
    return bus;
}

void bus_destroy(struct bus *bus)
{
    if (bus) {
        free(bus->ports);
        free(bus->segments);
        free(bus->mappings);
        free(bus);
    }
}

/* The mapping seen at the address, found by looking at all of them. */
static uint32_t topmost(const struct bus *bus, uint64_t address)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < bus->mapping_count; i++) {
        const struct mapping *at = &bus->mappings[i];
        if (at->ops && address >= at->base && address < at->end &&
            (!best || at->order > bus->mappings[best].order)) {
            best = i;
        }
    }
    return best;
}

static int compare_addresses(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void append_segment(struct bus *bus, uint64_t base, uint64_t end, uint32_t handle)
{
    struct segment *last = bus->segment_count ? &bus->segments[bus->segment_count - 1] : NULL;
    if (last && last->handle == handle && last->end == base) {
        last->end = end;
        return;
    }
    if (bus->segment_count == bus->segment_room) {
        bus->segment_room = bus->segment_room ? 2 * bus->segment_room : 32;
        bus->segments = grown(bus->segments, bus->segment_room, sizeof(*bus->segments));
    }
    assert(bus->segments);
    bus->segments[bus->segment_count++] = (struct segment){base, end, handle};
}

static void rebuild_segments(struct bus *bus)
{
    uint64_t *edges = grown(NULL, 2 * (size_t)bus->mapping_count, sizeof(*edges));
    size_t count = 0;
    for (uint32_t i = 1; i < bus->mapping_count; i++) {
        if (bus->mappings[i].ops) {
            edges[count++] = bus->mappings[i].base;
            edges[count++] = bus->mappings[i].end;
        }
    }
    qsort(edges, count, sizeof(*edges), compare_addresses);
    bus->segment_count = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        uint32_t handle = edges[i] < edges[i + 1] ? topmost(bus, edges[i]) : 0;
        if (handle) {
            append_segment(bus, edges[i], edges[i + 1], handle);
        }
    }
    free(edges);
}

/* The range now belongs to `handle`, or with handle 0 to whoever lay beneath. */
static void range_changed(struct bus *bus, uint64_t base, uint64_t end, uint32_t handle)
{
    if (bus->ports) {
        for (uint64_t address = base; address < end; address++) {
            bus->ports[address] = (uint16_t)(handle ? handle : topmost(bus, address));
        }
    } else {
        rebuild_segments(bus);
    }
    if (bus->changed) {
        bus->changed(bus->changed_user, base, end - base);
    }
}

static uint32_t free_handle(struct bus *bus)
{
    for (uint32_t i = 1; i < bus->mapping_count; i++) {
        if (!bus->mappings[i].ops) {
            return i;
        }
    }
    assert(bus->mapping_count < HANDLES_MAX);
    if (bus->mapping_count == bus->mapping_room) {
        bus->mapping_room *= 2;
        bus->mappings = grown(bus->mappings, bus->mapping_room, sizeof(*bus->mappings));
    }
    return bus->mapping_count++;
}

unsigned bus_map(struct bus *bus, void *dev, uint64_t base, uint64_t length,
                 const struct io_ops *ops)
{
    assert(ops && length > 0 && base < bus->limit && length <= bus->limit - base);
    assert(ops->native_min && ops->native_min <= ops->native_max && ops->native_max <= 4);
    uint32_t handle = free_handle(bus);
    bus->mappings[handle] = (struct mapping){
        .ops = ops, .dev = dev, .base = base, .end = base + length, .order = bus->next_order++};
    range_changed(bus, base, base + length, handle);
    return handle;
}

void bus_unmap(struct bus *bus, unsigned handle)
{
    assert(handle && handle < bus->mapping_count && bus->mappings[handle].ops);
    struct mapping *mapping = &bus->mappings[handle];
    mapping->ops = NULL;
    range_changed(bus, mapping->base, mapping->end, 0);
}

static uint32_t find(const struct bus *bus, uint64_t address)
{
    if (address >= bus->limit) {
        return 0;
    }
    if (bus->ports) {
        return bus->ports[address];
    }
    uint32_t low = 0;
    uint32_t high = bus->segment_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (address >= bus->segments[middle].end) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool inside = low < bus->segment_count && address >= bus->segments[low].base;
    return inside ? bus->segments[low].handle : 0;
}

static uint32_t ones(unsigned size)
{
    return UINT32_MAX >> (32 - 8 * size);
}

/* Reads within one mapping, at a size its callbacks may not know. */
static uint32_t read_adapted(const struct mapping *from, uint32_t offset, unsigned size)
{
    const struct io_ops *ops = from->ops;
    if (size < ops->native_min) {
        uint32_t aligned = offset & ~(uint32_t)(ops->native_min - 1);
        uint32_t wide = ops->read(from->dev, aligned, ops->native_min);
        return wide >> 8 * (offset - aligned) & ones(size);
    }
    struct mapping copy = *from; /* a callback may change the mappings */
    unsigned step = ops->native_max;
    uint32_t value = 0;
    for (unsigned at = 0; at < size; at += step) {
        value |= (copy.ops->read(copy.dev, offset + at, step) & ones(step)) << 8 * at;
    }
    return value;
}

static void write_adapted(const struct mapping *to, uint32_t offset, uint32_t value, unsigned size)
{
    if (size < to->ops->native_min) {
        return;
    }
    struct mapping copy = *to;
    unsigned step = copy.ops->native_max;
    for (unsigned at = 0; at < size; at += step) {
        copy.ops->write(copy.dev, offset + at, value >> 8 * at & ones(step), step);
    }
}

uint32_t bus_read(struct bus *bus, uint64_t address, unsigned size)
{
    const struct mapping *from = &bus->mappings[find(bus, address)];
    bool whole = !(address & (size - 1)) && from->end - address >= size;
    if (size > 1 && (!whole || !from->ops)) {
        uint32_t value = 0;
        for (unsigned i = 0; i < size; i++) {
            value |= bus_read(bus, address + i, 1) << 8 * i;
        }
        return value;
    }
    const struct io_ops *ops = from->ops;
    if (!ops || size < ops->guest_min || size > ops->guest_max || !ops->read) {
        return ones(size);
    }
    uint32_t offset = (uint32_t)(address - from->base);
    if (size >= ops->native_min && size <= ops->native_max) {
        return ops->read(from->dev, offset, size) & ones(size);
    }
    return read_adapted(from, offset, size);
}

void bus_write(struct bus *bus, uint64_t address, uint32_t value, unsigned size)
{
    const struct mapping *to = &bus->mappings[find(bus, address)];
    bool whole = !(address & (size - 1)) && to->end - address >= size;
    if (size > 1 && (!whole || !to->ops)) {
        for (unsigned i = 0; i < size; i++) {
            bus_write(bus, address + i, value >> 8 * i & 0xff, 1);
        }
        return;
    }
    const struct io_ops *ops = to->ops;
    if (!ops || size < ops->guest_min || size > ops->guest_max || !ops->write) {
        return;
    }
    uint32_t offset = (uint32_t)(address - to->base);
    if (size >= ops->native_min && size <= ops->native_max) {
        ops->write(to->dev, offset, value & ones(size), size);
    } else {
        write_adapted(to, offset, value, size);
    }
}

bool bus_claims(const struct bus *bus, uint64_t address)
{
    return find(bus, address) != 0;
}

void bus_on_change(struct bus *bus, void (*changed)(void *user, uint64_t base, uint64_t length),
                   void *user)
{
    bus->changed = changed;
    bus->changed_user = user;
}
