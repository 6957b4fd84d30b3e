/*
 * The IDE function of the Intel 82371SB (PIIX3): PCI 8086:7010 at device 1 function 1, two channels
 * at the compatibility addresses, two drives on each, and the bus-master engine behind BAR 4.
 *
 * Terms: a channel is one cable (0 primary: 1F0h/3F6h, IRQ 14; 1 secondary: 170h/376h, IRQ 15), a
 * unit is the place on it (0 master, 1 slave).
 */
#ifndef DEVICES_STORAGE_IDE_H
#define DEVICES_STORAGE_IDE_H

#include "devices/core/block.h"
#include "devices/core/bus.h"
#include "devices/core/clock.h"
#include "devices/core/device.h"
#include "devices/core/dma.h"
#include "devices/core/irq.h"
#include "devices/core/pci.h"

enum { IDE_CHANNELS = 2, IDE_UNITS = 2 };

enum ide_kind { IDE_NONE, IDE_DISK, IDE_CDROM };

struct ide;

/* Everything is borrowed and must outlive the controller.  pci NULL: a plain ISA adapter without
 * bus mastering; log may be NULL. */
struct ide_wires {
    struct bus *io;
    struct pci_bus *pci;
    struct clock *clock;
    struct dma_space memory;
    struct irq_line irq[IDE_CHANNELS];
    const struct log *log;
};

/* Creates the controller without drives and claims its ports.  Owned by the caller through the
 * destroy hook of ide_device(). */
struct ide *ide_create(const struct ide_wires *wires);
struct device ide_device(struct ide *ide);

/*
 * Puts a drive on a cable; only before the machine's power-on reset.  media is borrowed: a disk
 * needs one of 512-byte sectors, a CD-ROM takes one of 2048- or 512-byte sectors or NULL (empty).
 * geometry: physical CHS of a disk (heads <= 16, sectors <= 63), or NULL for one by size.
 * model: up to 40 characters for IDENTIFY, or NULL for the usual one.
 */
void ide_attach(struct ide *ide, unsigned channel, unsigned unit, const struct block_media *media,
                enum ide_kind kind, const struct block_geometry *geometry, const char *model);

/*
 * Changes or removes (media NULL) the disc of a CD-ROM drive.  While the guest has locked the tray
 * and force is false, only an eject request is posted and false comes back.  A change is seen by
 * the guest as unit attention and as a media event.
 */
bool ide_change_media(struct ide *ide, unsigned channel, unsigned unit,
                      const struct block_media *media, bool force);

enum ide_kind ide_drive_kind(const struct ide *ide, unsigned channel, unsigned unit);

/* True when the guest (or the user) has opened the CD-ROM's tray. */
bool ide_tray_open(const struct ide *ide, unsigned channel, unsigned unit);

#endif
