/*
 * A PIIX3 IDE controller with a disk and a CD-ROM drive, driven by its ports.  One test program
 * includes it once.
 */
#ifndef TESTS_UNIT_DEVICES_STORAGE_IDE_RIG_H
#define TESTS_UNIT_DEVICES_STORAGE_IDE_RIG_H

#include "base/endian.h"
#include "devices/storage/ide.h"
#include "tests/unit/devices/storage/fakes.h"

struct rig {
    struct bus bus;
    struct pci_bus pci;
    struct clock *clock;
    struct fake_line irq[2];
    struct fake_memory memory;
    struct fake_disk disk, cd;
    struct ide *ide;
    struct device device;
};

static struct rig rig;

static inline void build(struct rig *r)
{
    memset(r, 0, sizeof(*r));
    r->clock = clock_create(NULL);
    r->pci.io = &r->bus;
    fake_disk_open(&r->disk, 20160, 512);
    fake_disk_open(&r->cd, 600, 2048);
    r->cd.block.read_only = true;
    const struct ide_wires wires = {
        .io = &r->bus,
        .pci = &r->pci,
        .clock = r->clock,
        .memory = {fake_memory_read, fake_memory_write, &r->memory},
        .irq = {{fake_line_set, r->irq, 0}, {fake_line_set, r->irq, 1}},
    };
    r->ide = ide_create(&wires);
    r->device = ide_device(r->ide);
    ide_attach(r->ide, 0, 0, &r->disk.block, IDE_DISK, NULL, NULL);
    ide_attach(r->ide, 1, 0, &r->cd.block, IDE_CDROM, NULL, NULL);
    device_reset(&r->device, RESET_POWER);
}

static inline void dismantle(struct rig *r)
{
    r->device.ops->destroy(r->device.dev);
    clock_destroy(r->clock);
    fake_disk_close(&r->disk);
    fake_disk_close(&r->cd);
}

static inline void setup(void)
{
    build(&rig);
}

static inline void teardown(void)
{
    dismantle(&rig);
}

static inline uint8_t in(unsigned port)
{
    return (uint8_t)fake_in(&rig.bus, port, 1);
}

static inline void out(unsigned port, unsigned value)
{
    fake_out(&rig.bus, port, value, 1);
}

static inline void settle(void)
{
    clock_advance(rig.clock, 10 * CLOCK_NS_PER_MS);
}

/* Issues a command on a channel's base; returns the status once it is no longer busy. */
static inline uint8_t command(unsigned base, unsigned opcode)
{
    out(base + 7, opcode);
    ck_assert_uint_eq(in(base == 0x1f0 ? 0x3f6 : 0x376) & 0x80, 0x80);
    ck_assert(!rig.irq[base != 0x1f0].level);
    settle();
    return in(base == 0x1f0 ? 0x3f6 : 0x376);
}

static inline void address(unsigned base, uint32_t lba, unsigned count)
{
    out(base + 6, 0xe0 | (lba >> 24 & 0xf));
    out(base + 2, count);
    out(base + 3, lba & 0xff);
    out(base + 4, lba >> 8 & 0xff);
    out(base + 5, lba >> 16 & 0xff);
}

static inline void take(unsigned base, uint8_t *to, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i += 2) {
        store_le16(to + i, (uint16_t)fake_in(&rig.bus, base, 2));
    }
}

static inline void give(unsigned base, const uint8_t *from, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i += 4) {
        fake_out(&rig.bus, base, load_le32(from + i), 4);
    }
}

/* Entry n of the bus-master table at `at`. */
static inline void table(uint32_t at, unsigned n, uint32_t region, unsigned bytes, bool last)
{
    uint8_t *entry = rig.memory.bytes + at + 8 * (size_t)n;
    store_le32(entry, region);
    store_le16(entry + 4, (uint16_t)bytes);
    store_le16(entry + 6, last ? 0x8000 : 0);
}

#endif
