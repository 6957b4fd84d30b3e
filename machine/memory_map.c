#define _GNU_SOURCE
#include "machine/memory_map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    PAGE = 4096,
    WINDOW_BASE = 0xa0000,
    PAM_BASE = 0xc0000,
    MEGABYTE = 0x100000,
    ISA_FIRMWARE = 0x20000,
};

/* Large pages make both the guest's accesses and fork() cheaper. */
static void *map_memory(void *at, size_t bytes, int flags)
{
    void *memory = mmap(at, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
    if (memory != MAP_FAILED) {
        madvise(memory, bytes, MADV_HUGEPAGE);
    }
    return memory;
}

bool memory_map_init(struct memory_map *map, uint64_t ram_bytes, const uint8_t *firmware,
                     size_t firmware_bytes, struct status *status)
{
    map->ram_bytes = ram_bytes;
    map->low_bytes = ram_bytes < LOW_RAM_MAX ? ram_bytes : LOW_RAM_MAX;
    map->ram = map_memory(NULL, (size_t)ram_bytes, 0);
    map->firmware = malloc(firmware_bytes);
    if (map->ram == MAP_FAILED || !map->firmware) {
        map->ram = NULL;
        return status_fail_errno(status, "cannot map %llu MiB of guest memory",
                                 (unsigned long long)(ram_bytes >> 20));
    }
    memcpy(map->firmware, firmware, firmware_bytes);
    map->firmware_bytes = firmware_bytes;
    return true;
}

void memory_map_free(struct memory_map *map)
{
    if (map->ram) {
        munmap(map->ram, (size_t)map->ram_bytes);
    }
    free(map->absent);
    free(map->firmware);
    *map = (struct memory_map){0};
}

static size_t windows_of(const struct memory_map *map)
{
    return (size_t)((map->ram_bytes + MEMORY_WINDOW - 1) / MEMORY_WINDOW);
}

bool memory_map_empty(struct memory_map *map, const uint64_t *bits,
                      void (*bring)(void *bringer, uint64_t at), void *bringer)
{
    size_t words = (windows_of(map) + 63) / 64;
    uint64_t *absent = calloc(words, sizeof(*absent));
    if (!absent || map_memory(map->ram, (size_t)map->ram_bytes, MAP_FIXED) == MAP_FAILED) {
        free(absent);
        return false;
    }
    free(map->absent);
    map->absent = absent;
    map->absent_count = 0;
    for (uint64_t i = 0; bits && i < words; i++) {
        absent[i] = bits[i];
        map->absent_count += (uint64_t)__builtin_popcountll(bits[i]);
    }
    map->bring = bring;
    map->bringer = bringer;
    return true;
}

static void bring_window(struct memory_map *map, uint64_t window)
{
    uint64_t bit = UINT64_C(1) << (window & 63);
    if (map->absent[window >> 6] & bit) {
        map->absent[window >> 6] &= ~bit;
        map->absent_count--;
        map->bring(map->bringer, window * MEMORY_WINDOW);
    }
}

/* Somebody is about to get at the page of RAM at this offset. */
static uint8_t *ram_page(struct memory_map *map, uint64_t at)
{
    if (map->absent_count) {
        bring_window(map, at / MEMORY_WINDOW);
    }
    return map->ram + at;
}

bool memory_map_bring(struct memory_map *map, uint64_t most)
{
    uint64_t words = (windows_of(map) + 63) / 64;
    for (uint64_t i = 0; i < words && most && map->absent_count; i++) {
        while (map->absent[i] && most) {
            bring_window(map, i * 64 + (uint64_t)__builtin_ctzll(map->absent[i]));
            most--;
        }
    }
    return map->absent_count == 0;
}

void memory_map_settle(struct memory_map *map)
{
    memory_map_bring(map, UINT64_MAX);
}

/* Firmware byte that the ISA area shows at gpa (E0000..FFFFF), or NULL. */
static uint8_t *isa_firmware(const struct memory_map *map, uint64_t gpa)
{
    uint64_t from_end = MEGABYTE - gpa;
    return from_end <= ISA_FIRMWARE && from_end <= map->firmware_bytes
               ? map->firmware + map->firmware_bytes - from_end
               : NULL;
}

static struct phys_page legacy_page(struct memory_map *map, uint64_t gpa)
{
    if (gpa < PAM_BASE) {
        bool linear = map->window && gpa - WINDOW_BASE < map->window_bytes;
        return (struct phys_page){.host = linear ? map->window + (gpa - WINDOW_BASE) : NULL,
                                  .writable = linear};
    }
    unsigned segment = (unsigned)(gpa - PAM_BASE) / PAM_SEGMENT_BYTES;
    if (map->pam_read[segment]) {
        return (struct phys_page){.host = ram_page(map, gpa), .writable = map->pam_write[segment]};
    }
    if (map->pam_write[segment]) {
        return (struct phys_page){.host = NULL, .writable = false};
    }
    return (struct phys_page){.host = isa_firmware(map, gpa), .writable = false};
}

static struct phys_page page_of(struct memory_map *map, uint64_t gpa)
{
    if (gpa >= MEGABYTE && gpa < map->low_bytes &&
        map->low_bytes <= map->top - map->firmware_bytes) {
        return (struct phys_page){.host = ram_page(map, gpa), .writable = true};
    }
    if (gpa < map->top && gpa >= map->top - map->firmware_bytes) {
        return (struct phys_page){.host = map->firmware + (gpa - (map->top - map->firmware_bytes)),
                                  .writable = false};
    }
    if (gpa < map->low_bytes) {
        bool legacy = gpa >= WINDOW_BASE && gpa < MEGABYTE;
        return legacy ? legacy_page(map, gpa)
                      : (struct phys_page){.host = ram_page(map, gpa), .writable = true};
    }
    if (gpa >= WINDOW_BASE && gpa < MEGABYTE) {
        return legacy_page(map, gpa);
    }
    if (gpa >= HIGH_RAM) {
        uint64_t at = gpa - HIGH_RAM + LOW_RAM_MAX;
        return at < map->ram_bytes ? (struct phys_page){.host = ram_page(map, at), .writable = true}
                                   : (struct phys_page){.host = NULL, .writable = false};
    }
    if (gpa >= HIGH_RAM - map->firmware_bytes) {
        return (struct phys_page){.host = map->firmware + (gpa - (HIGH_RAM - map->firmware_bytes)),
                                  .writable = false};
    }
    if (map->frame_buffer_base && gpa - map->frame_buffer_base < map->frame_buffer_bytes) {
        return (struct phys_page){.host = map->frame_buffer + (gpa - map->frame_buffer_base),
                                  .writable = true};
    }
    return (struct phys_page){.host = NULL, .writable = false};
}

static bool overlaps(const struct memory_watch *watch, uint64_t gpa, uint64_t bytes)
{
    return watch->gpa < gpa + bytes && gpa < watch->gpa + watch->bytes;
}

static bool is_watched(const struct memory_map *map, uint64_t gpa, uint64_t bytes)
{
    for (unsigned i = 0; i < map->watch_count; i++) {
        if (overlaps(&map->watches[i], gpa, bytes)) {
            return true;
        }
    }
    return false;
}

static struct phys_page map_page(void *opaque, uint64_t gpa)
{
    struct memory_map *map = opaque;
    struct phys_page page = page_of(map, gpa);
    page.watched = page.host && page.writable && is_watched(map, gpa, PAGE);
    return page;
}

bool memory_map_watch(struct memory_map *map, const struct memory_watch *watches, unsigned count)
{
    if (count > MEMORY_WATCHES) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        map->watches[i] = watches[i];
    }
    map->watch_count = count;
    map->changed(map->user);
    return true;
}

/* A write to a page of RAM with something watched in it. */
static bool write_watched(struct memory_map *map, uint64_t gpa, uint64_t value, unsigned size)
{
    if (!map->watch_count) {
        return false;
    }
    struct phys_page page = page_of(map, gpa & ~(uint64_t)(PAGE - 1));
    if (!page.host || !page.writable) {
        return false;
    }
    if (is_watched(map, gpa, size)) {
        map->watched(map->user, gpa, size);
    }
    map->written(map->user, gpa, size);
    memcpy(page.host + (gpa & (PAGE - 1)), &value, size);
    return true;
}

/* Byte of the shadow area while it reads ROM and writes RAM. */
static uint64_t read_shadow(const struct memory_map *map, uint64_t gpa, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        const uint8_t *rom = isa_firmware(map, gpa + i);
        value |= (uint64_t)(rom ? *rom : 0xff) << 8 * i;
    }
    return value;
}

static bool in_shadow(uint64_t gpa)
{
    return gpa >= PAM_BASE && gpa < MEGABYTE;
}

static uint64_t map_mmio_read(void *opaque, uint64_t gpa, unsigned size)
{
    struct memory_map *map = opaque;
    if (in_shadow(gpa)) {
        return read_shadow(map, gpa, size);
    }
    if (gpa >= HIGH_RAM) {
        return UINT64_MAX;
    }
    if (size == 8) {
        return bus_read(map->bus, gpa, 4) | (uint64_t)bus_read(map->bus, gpa + 4, 4) << 32;
    }
    return bus_read(map->bus, gpa, size);
}

static void map_mmio_write(void *opaque, uint64_t gpa, uint64_t value, unsigned size)
{
    struct memory_map *map = opaque;
    if (write_watched(map, gpa, value, size)) {
        return;
    }
    if (in_shadow(gpa)) {
        unsigned segment = (unsigned)(gpa - PAM_BASE) / PAM_SEGMENT_BYTES;
        if (map->pam_write[segment] && !map->pam_read[segment]) {
            memcpy(ram_page(map, gpa), &value, size);
        }
        return;
    }
    if (gpa >= HIGH_RAM) {
        return;
    }
    if (size == 8) {
        bus_write(map->bus, gpa, (uint32_t)value, 4);
        bus_write(map->bus, gpa + 4, (uint32_t)(value >> 32), 4);
        return;
    }
    bus_write(map->bus, gpa, (uint32_t)value, size);
}

struct memory_ops memory_map_ops(struct memory_map *map)
{
    return (struct memory_ops){map_page, map_mmio_read, map_mmio_write, map};
}

static void dma_read(void *opaque, uint64_t gpa, void *to, size_t bytes)
{
    uint8_t *out = to;
    while (bytes) {
        uint64_t at = gpa & (PAGE - 1);
        size_t piece = bytes < PAGE - at ? bytes : (size_t)(PAGE - at);
        struct phys_page page = map_page(opaque, gpa - at);
        if (page.host) {
            memcpy(out, page.host + at, piece);
        } else {
            memset(out, 0xff, piece);
        }
        gpa = (gpa + piece) & UINT32_MAX;
        out += piece;
        bytes -= piece;
    }
}

static void dma_write(void *opaque, uint64_t gpa, const void *from, size_t bytes)
{
    struct memory_map *map = opaque;
    const uint8_t *in = from;
    while (bytes) {
        uint64_t at = gpa & (PAGE - 1);
        size_t piece = bytes < PAGE - at ? bytes : (size_t)(PAGE - at);
        struct phys_page page = map_page(map, gpa - at);
        if (page.host && page.writable) {
            if (is_watched(map, gpa, piece)) {
                map->watched(map->user, gpa, piece);
            }
            map->written(map->user, gpa, piece);
            memcpy(page.host + at, in, piece);
        }
        gpa = (gpa + piece) & UINT32_MAX;
        in += piece;
        bytes -= piece;
    }
}

struct dma_space memory_map_dma(struct memory_map *map)
{
    return (struct dma_space){dma_read, dma_write, map};
}

static bool pam_differs(const struct memory_map *map, uint32_t at, bool read_ram, bool write_ram)
{
    unsigned segment = (at - PAM_BASE) / PAM_SEGMENT_BYTES;
    return segment < PAM_SEGMENTS &&
           (map->pam_read[segment] != read_ram || map->pam_write[segment] != write_ram);
}

void memory_map_pam(void *opaque, uint32_t base, uint32_t length, bool read_ram, bool write_ram)
{
    struct memory_map *map = opaque;
    bool changed = false;
    for (uint32_t at = base; at < base + length; at += PAM_SEGMENT_BYTES) {
        if (pam_differs(map, at, read_ram, write_ram)) {
            unsigned segment = (at - PAM_BASE) / PAM_SEGMENT_BYTES;
            map->written(map->user, at, PAM_SEGMENT_BYTES);
            map->pam_read[segment] = read_ram;
            map->pam_write[segment] = write_ram;
            changed = true;
        }
    }
    if (changed) {
        map->changed(map->user);
    }
}

void memory_map_frame_buffer(struct memory_map *map, uint64_t base, bool enabled)
{
    uint64_t now = enabled ? base : 0;
    if (map->frame_buffer_base == now) {
        return;
    }
    if (map->frame_buffer_base) {
        map->written(map->user, map->frame_buffer_base, map->frame_buffer_bytes);
    }
    if (now) {
        map->written(map->user, now, map->frame_buffer_bytes);
    }
    map->frame_buffer_base = now;
    map->changed(map->user);
}

void memory_map_window(struct memory_map *map, uint8_t *host, uint64_t bytes)
{
    if (map->window != host || map->window_bytes != bytes) {
        map->written(map->user, WINDOW_BASE, PAM_BASE - WINDOW_BASE);
        map->window = host;
        map->window_bytes = bytes;
        map->changed(map->user);
    }
}

void memory_map_peek(struct memory_map *map, uint64_t gpa, void *to, size_t bytes)
{
    uint8_t *out = to;
    while (bytes) {
        uint64_t at = gpa & (PAGE - 1);
        size_t piece = bytes < PAGE - at ? bytes : (size_t)(PAGE - at);
        struct phys_page page = map_page(map, gpa - at);
        if (page.host) {
            memcpy(out, page.host + at, piece);
        } else {
            memset(out, 0, piece);
        }
        gpa += piece;
        out += piece;
        bytes -= piece;
    }
}
