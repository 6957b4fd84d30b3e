/* A bare board for PCI chips: two buses, a clock, the PCI bus, configuration cycles. */
#ifndef TESTS_UNIT_DEVICES_CHIPSET_PCI_BOARD_H
#define TESTS_UNIT_DEVICES_CHIPSET_PCI_BOARD_H

#include "devices/core/clock.h"
#include "devices/core/pci.h"
#include "tests/unit/devices/device_checks.h"

struct pci_board {
    struct bus *io, *memory;
    struct clock *clock;
    struct pci_bus *pci;
    struct device bus_device;
};

static inline void pci_board_init(struct pci_board *board, struct clock *clock,
                                  const struct irq_line pirq[4])
{
    board->io = bus_create(0x10000);
    board->memory = bus_create(UINT64_C(0x100000000));
    board->clock = clock;
    board->pci = pci_bus_create(board->io, board->memory, pirq);
    board->bus_device = pci_bus_device(board->pci);
}

static inline void pci_board_free(struct pci_board *board)
{
    board->bus_device.ops->destroy(board->bus_device.dev);
    bus_destroy(board->io);
    bus_destroy(board->memory);
}

static inline uint32_t config_get(struct pci_board *board, unsigned function, unsigned offset,
                                  unsigned size)
{
    bus_write(board->io, 0xcf8, 0x80000000 | function << 8 | (offset & 0xfc), 4);
    return bus_read(board->io, 0xcfc + (offset & 3), size);
}

static inline void config_put(struct pci_board *board, unsigned function, unsigned offset,
                              uint32_t value, unsigned size)
{
    bus_write(board->io, 0xcf8, 0x80000000 | function << 8 | (offset & 0xfc), 4);
    bus_write(board->io, 0xcfc + (offset & 3), value, size);
}

#endif
