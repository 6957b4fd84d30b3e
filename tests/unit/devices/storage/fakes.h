/*
 * The board around a storage device under test: a port bus, a PCI bus of one function, memory, a
 * DMA channel, interrupt lines and a disk in memory.  The bus and PCI functions defined here stand
 * in for the real ones, so a test program includes this file once and links neither.
 */
#ifndef TESTS_STORAGE_FAKES_H
#define TESTS_STORAGE_FAKES_H

#include "devices/core/block.h"
#include "devices/core/bus.h"
#include "devices/core/clock.h"
#include "devices/core/device.h"
#include "devices/core/dma.h"
#include "devices/core/pci.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* ---- ports ---- */

enum { FAKE_MAPPINGS = 16, FAKE_BAR_BASE = 0xc000 };

struct bus {
    struct {
        void *dev;
        uint64_t base, length;
        const struct io_ops *ops;
    } map[FAKE_MAPPINGS];
    unsigned count;
};

unsigned bus_map(struct bus *bus, void *dev, uint64_t base, uint64_t length,
                 const struct io_ops *ops)
{
    ck_assert_uint_lt(bus->count, FAKE_MAPPINGS);
    bus->map[bus->count].dev = dev;
    bus->map[bus->count].base = base;
    bus->map[bus->count].length = length;
    bus->map[bus->count].ops = ops;
    return bus->count++;
}

static inline int fake_find(const struct bus *bus, uint64_t port, unsigned size)
{
    for (int i = (int)bus->count - 1; i >= 0; i--) {
        if (port >= bus->map[i].base && port + size <= bus->map[i].base + bus->map[i].length) {
            return i;
        }
    }
    return -1;
}

static inline uint32_t fake_in(struct bus *bus, uint64_t port, unsigned size)
{
    int i = fake_find(bus, port, size);
    if (i >= 0 && size <= bus->map[i].ops->native_max && port % size == 0) {
        return bus->map[i].ops->read(bus->map[i].dev, (uint32_t)(port - bus->map[i].base), size);
    }
    if (size == 1) {
        return 0xff;
    }
    uint32_t value = 0;
    for (unsigned k = 0; k < size; k++) {
        value |= (fake_in(bus, port + k, 1) & 0xff) << 8 * k;
    }
    return value;
}

static inline void fake_out(struct bus *bus, uint64_t port, uint32_t value, unsigned size)
{
    int i = fake_find(bus, port, size);
    if (i >= 0 && size <= bus->map[i].ops->native_max && port % size == 0) {
        bus->map[i].ops->write(bus->map[i].dev, (uint32_t)(port - bus->map[i].base), value, size);
        return;
    }
    for (unsigned k = 0; size > 1 && k < size; k++) {
        fake_out(bus, port + k, value >> 8 * k & 0xff, 1);
    }
}

/* ---- PCI: BAR 4 stands at FAKE_BAR_BASE from the start ---- */

struct pci_bus {
    struct bus *io;
};

struct pci_function {
    uint8_t config[PCI_CONFIG_BYTES], mask[PCI_CONFIG_BYTES];
    struct pci_function_config given;
};

static struct pci_function fake_function;

struct pci_function *pci_add(struct pci_bus *bus, const struct pci_function_config *config,
                             void *dev)
{
    fake_function.given = *config;
    if (config->bars[4].size) {
        bus_map(bus->io, dev, FAKE_BAR_BASE, config->bars[4].size, config->bars[4].ops);
    }
    return &fake_function;
}

uint8_t *pci_config(struct pci_function *function)
{
    return function->config;
}

uint8_t *pci_write_mask(struct pci_function *function)
{
    return function->mask;
}

/* ---- memory, DMA, lines ---- */

enum { FAKE_MEMORY_BYTES = 1 << 20 };

struct fake_memory {
    uint8_t bytes[FAKE_MEMORY_BYTES];
};

static inline void fake_memory_read(void *memory, uint64_t gpa, void *to, size_t bytes)
{
    struct fake_memory *m = memory;
    for (size_t i = 0; i < bytes; i++) {
        ((uint8_t *)to)[i] = gpa + i < FAKE_MEMORY_BYTES ? m->bytes[gpa + i] : 0xff;
    }
}

static inline void fake_memory_write(void *memory, uint64_t gpa, const void *from, size_t bytes)
{
    struct fake_memory *m = memory;
    for (size_t i = 0; i < bytes; i++) {
        if (gpa + i < FAKE_MEMORY_BYTES) {
            m->bytes[gpa + i] = ((const uint8_t *)from)[i];
        }
    }
}

struct fake_dma {
    uint8_t bytes[65536];
    size_t at, end;
    bool masked;
};

static inline size_t fake_dma_transfer(void *controller, unsigned channel, void *buffer,
                                       size_t bytes, bool to_memory, bool *terminal_count)
{
    struct fake_dma *dma = controller;
    (void)channel;
    if (dma->masked || dma->at >= dma->end) {
        return 0;
    }
    size_t moved = dma->end - dma->at < bytes ? dma->end - dma->at : bytes;
    if (to_memory) {
        memcpy(dma->bytes + dma->at, buffer, moved);
    } else {
        memcpy(buffer, dma->bytes + dma->at, moved);
    }
    dma->at += moved;
    *terminal_count = dma->at == dma->end;
    return moved;
}

struct fake_line {
    bool level;
    unsigned rises;
};

static inline void fake_line_set(void *listener, unsigned n, bool level)
{
    struct fake_line *line = (struct fake_line *)listener + n;
    line->rises += level && !line->level;
    line->level = level;
}

/* ---- a disk ---- */

struct fake_disk {
    struct block_media block;
    uint8_t *bytes;
    bool broken;
};

static inline bool fake_disk_read(void *media, uint64_t sector, uint32_t count, void *to)
{
    struct fake_disk *disk = media;
    if (disk->broken || sector > disk->block.sectors || count > disk->block.sectors - sector) {
        return false;
    }
    memcpy(to, disk->bytes + sector * disk->block.sector_bytes,
           (size_t)count * disk->block.sector_bytes);
    return true;
}

static inline bool fake_disk_write(void *media, uint64_t sector, uint32_t count, const void *from)
{
    struct fake_disk *disk = media;
    if (disk->broken || sector > disk->block.sectors || count > disk->block.sectors - sector) {
        return false;
    }
    memcpy(disk->bytes + sector * disk->block.sector_bytes, from,
           (size_t)count * disk->block.sector_bytes);
    return true;
}

static inline bool fake_disk_flush(void *media)
{
    return !((struct fake_disk *)media)->broken;
}

/* Every sector begins with its number, little-endian, and is filled with its low byte. */
static inline void fake_disk_open(struct fake_disk *disk, uint64_t sectors, uint32_t sector_bytes)
{
    *disk = (struct fake_disk){.bytes = malloc(sectors * sector_bytes)};
    disk->block = (struct block_media){.read = fake_disk_read,
                                       .write = fake_disk_write,
                                       .flush = fake_disk_flush,
                                       .media = disk,
                                       .sectors = sectors,
                                       .sector_bytes = sector_bytes};
    for (uint64_t s = 0; s < sectors; s++) {
        uint8_t *at = disk->bytes + s * sector_bytes;
        memset(at, (int)(s & 0xff), sector_bytes);
        for (unsigned i = 0; i < 4; i++) {
            at[i] = (uint8_t)(s >> 8 * i);
        }
    }
}

static inline void fake_disk_close(struct fake_disk *disk)
{
    free(disk->bytes);
}

/* ---- resets ---- */

/* Values that come again with every run. */
static inline uint32_t fake_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 32);
}

/* Fills a field with random values as a hostile snapshot could; instants are due at once, small
 * enumerations mostly valid. */
static inline void fake_scramble(void *user, const char *path, const struct state_field *field,
                                 void *elements)
{
    uint64_t *seed = user;
    (void)path;
    for (uint32_t i = 0; i < field->count; i++) {
        uint32_t value = fake_random(seed);
        uint8_t *at = (uint8_t *)elements + (size_t)i * state_kind_size(field->kind);
        if (value >> 28 == 0) {
            value &= 0x0f0f;
        }
        if (field->kind == STATE_u64) {
            uint64_t wide = field->reset == CLOCK_NEVER ? value & 0xffff : value;
            memcpy(at, &wide, sizeof(wide));
        } else if (field->kind == STATE_bool) {
            *(bool *)at = value & 1;
        } else if (field->count == 1 && (value & 0x300)) {
            uint32_t small = value & 15;
            memset(at, 0, state_kind_size(field->kind));
            *at = (uint8_t)small;
        } else {
            memcpy(at, &value, state_kind_size(field->kind));
        }
    }
}

static inline void fake_expect_equal(const struct device_ops *ops, const void *a, const void *b)
{
    const struct state_field *where = NULL;
    bool equal = state_equal(ops->state, a, b, &where);
    ck_assert_msg(equal, "differs in %s", where ? where->name : "?");
}

#endif
