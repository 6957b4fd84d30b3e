/*
 * A bus: ranges of addresses and the devices behind them.  One struct serves the 64 KiB port space
 * and the memory-mapped space.
 *
 * A registration says which sizes the guest may use and which the callbacks handle; the bus splits
 * wide accesses into native ones (little-endian, ascending) and widens narrow ones by reading and
 * shifting (a narrow write to a wide-only register is dropped).  Later mappings cover earlier ones.
 * What nobody claims reads as all ones and ignores writes.
 */
#ifndef DEVICES_CORE_BUS_H
#define DEVICES_CORE_BUS_H

#include <stdbool.h>
#include <stdint.h>

struct bus;

struct io_ops {
    /* offset is from the start of the mapping; size is within native_min..native_max. */
    uint32_t (*read)(void *dev, uint32_t offset, unsigned size);
    void (*write)(void *dev, uint32_t offset, uint32_t value, unsigned size);
    uint8_t guest_min, guest_max;   /* sizes the chip accepts (others: all ones / ignored) */
    uint8_t native_min, native_max; /* sizes the callbacks handle; the bus splits */
};

/* limit: one past the last address (0x10000 for ports, 0x100000000 for memory). */
struct bus *bus_create(uint64_t limit);
void bus_destroy(struct bus *bus);

/* Maps [base, base+length); returns a handle for bus_unmap.  Ops and device are borrowed. */
unsigned bus_map(struct bus *bus, void *dev, uint64_t base, uint64_t length,
                 const struct io_ops *ops);
void bus_unmap(struct bus *bus, unsigned handle);

/* size: 1, 2 or 4.  Misaligned and straddling accesses are split to bytes by range. */
uint32_t bus_read(struct bus *bus, uint64_t address, unsigned size);
void bus_write(struct bus *bus, uint64_t address, uint32_t value, unsigned size);

/* True when something is mapped at the address. */
bool bus_claims(const struct bus *bus, uint64_t address);

/* Called after every map and unmap with the range (the memory map uses it); may be NULL. */
void bus_on_change(struct bus *bus, void (*changed)(void *user, uint64_t base, uint64_t length),
                   void *user);

#endif
