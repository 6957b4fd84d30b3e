/*
 * Floppy disk controller, Intel 82077AA in AT mode, with two drives: ports 3F0h-3F5h and 3F7h,
 * IRQ 6, DMA channel 2.
 */
#ifndef DEVICES_STORAGE_FLOPPY_H
#define DEVICES_STORAGE_FLOPPY_H

#include "devices/core/block.h"
#include "devices/core/bus.h"
#include "devices/core/clock.h"
#include "devices/core/device.h"
#include "devices/core/dma.h"
#include "devices/core/irq.h"

enum { FLOPPY_DRIVES = 2 };

/* Drive types, numbered as CMOS register 10h does. */
enum floppy_type {
    FLOPPY_NONE = 0,
    FLOPPY_360K = 1,
    FLOPPY_1200K = 2,
    FLOPPY_720K = 3,
    FLOPPY_1440K = 4,
    FLOPPY_2880K = 5,
};

struct floppy;

/* Borrowed, and must outlive the controller.  dma.transfer NULL: no DMA channel; log may be NULL.
 */
struct floppy_wires {
    struct bus *io;
    struct clock *clock;
    struct irq_line irq;
    struct dma_channel dma;
    const struct log *log;
    enum floppy_type type[FLOPPY_DRIVES];
};

/* Creates the controller with empty drives and claims its ports.  Owned by the caller through the
 * destroy hook of floppy_device(). */
struct floppy *floppy_create(const struct floppy_wires *wires);
struct device floppy_device(struct floppy *floppy);

/* Puts a disk of 512-byte sectors (borrowed) into a drive; the disk-change line goes active.
 * False when there is no such drive or the disk has more sectors than any format. */
bool floppy_insert(struct floppy *floppy, unsigned drive, const struct block_media *media);
void floppy_eject(struct floppy *floppy, unsigned drive);

/* The drive in which a disk of that many sectors is at home; FLOPPY_NONE for none. */
enum floppy_type floppy_type_for(uint64_t sectors);

/* Cylinders, heads and sectors of the smallest format that holds so many sectors; false: none. */
bool floppy_geometry_for(uint64_t sectors, struct block_geometry *geometry);

#endif
