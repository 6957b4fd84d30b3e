/*
 * Bus-master IDE: the PIIX3's DMA engine, one for each channel.
 *
 * Sixteen ports behind BAR 4, eight a channel: command, status, and the address of a table of
 * physical region descriptors (address, byte count, end mark).  A transfer runs whole when its
 * timer expires: the guest sees memory change no earlier than the interrupt it is waiting for.
 * Programming Interface for Bus Master IDE Controller 1.0; 82371SB sheet, section 2.7.
 *
 * Not modelled: the status register's ERROR bit for PCI aborts (memory never aborts).
 */
#include "base/endian.h"
#include "devices/storage/ide_drive.h"

enum { REG_COMMAND = 0, REG_STATUS = 2, REG_TABLE = 4 };
enum { STATUS_CAPABLE = 0x60 }; /* firmware's note of which drives do DMA: plain bits */

enum { DMA_START_NS = 6000, DMA_SECTOR_NS = 2000 };

void busmaster_kick(struct ide_drive *drive)
{
    const struct ide_channel *channel = drive->channel;
    bool waiting = drive->dma && (drive->status & IDE_BSY) && drive->event == IDE_EVENT_NONE &&
                   drive->transfer != IDE_TRANSFER_NONE;
    if (!waiting || !(channel->bm_status & BM_STATUS_ACTIVE)) {
        return;
    }
    ide_schedule(drive, IDE_EVENT_DMA, DMA_START_NS + (uint64_t)drive->remaining * DMA_SECTOR_NS);
}

/* ---- the table ---- */

void busmaster_begin(struct ide_channel *channel)
{
    channel->walk = (struct prd_walk){.next = channel->bm_table};
}

static bool next_region(struct ide_channel *channel)
{
    struct prd_walk *walk = &channel->walk;
    const struct dma_space *memory = &channel->ide->wires.memory;
    uint8_t descriptor[8];
    if (walk->last) {
        return false;
    }
    memory->read(memory->memory, walk->next, descriptor, sizeof(descriptor));
    walk->next += sizeof(descriptor);
    walk->address = load_le32(descriptor) & ~UINT32_C(1);
    uint32_t count = load_le16(descriptor + 4) & 0xfffeu;
    walk->left = count ? count : 0x10000;
    walk->last = descriptor[7] & 0x80;
    return true;
}

size_t busmaster_move(struct ide_channel *channel, uint8_t *buffer, size_t bytes, bool to_memory)
{
    struct prd_walk *walk = &channel->walk;
    const struct dma_space *memory = &channel->ide->wires.memory;
    size_t moved = 0;
    while (moved < bytes) {
        if (walk->left == 0 && !next_region(channel)) {
            walk->ended = true;
            break;
        }
        size_t run = bytes - moved < walk->left ? bytes - moved : walk->left;
        if (to_memory) {
            memory->write(memory->memory, walk->address, buffer + moved, run);
        } else {
            memory->read(memory->memory, walk->address, buffer + moved, run);
        }
        walk->address += (uint32_t)run;
        walk->left -= (uint32_t)run;
        moved += run;
    }
    return moved;
}

void busmaster_end(struct ide_channel *channel)
{
    const struct prd_walk *walk = &channel->walk;
    if (walk->ended || (walk->last && walk->left == 0)) {
        channel->bm_status &= (uint8_t)~BM_STATUS_ACTIVE;
    }
}

/* ---- registers ---- */

static void write_command(struct ide_channel *channel, uint8_t value)
{
    bool was_on = channel->bm_command & BM_COMMAND_START;
    bool on = value & BM_COMMAND_START;
    channel->bm_command = value & (BM_COMMAND_START | BM_COMMAND_TO_MEMORY);
    if (on && !was_on) {
        channel->bm_status |= BM_STATUS_ACTIVE;
        for (unsigned unit = 0; unit < IDE_UNITS; unit++) {
            busmaster_kick(&channel->drive[unit]);
        }
    } else if (!on && was_on) {
        channel->bm_status &= (uint8_t)~BM_STATUS_ACTIVE;
        for (unsigned unit = 0; unit < IDE_UNITS; unit++) {
            struct ide_drive *drive = &channel->drive[unit];
            if (drive->event == IDE_EVENT_DMA) {
                ide_schedule(drive, IDE_EVENT_NONE, 0);
            }
        }
    }
}

static void write_status(struct ide_channel *channel, uint8_t value)
{
    uint8_t cleared = value & (BM_STATUS_ERROR | BM_STATUS_IRQ);
    channel->bm_status =
        (uint8_t)((channel->bm_status & ~STATUS_CAPABLE & ~cleared) | (value & STATUS_CAPABLE));
}

static uint32_t port_read(void *dev, uint32_t offset, unsigned size)
{
    (void)size;
    const struct ide *ide = dev;
    const struct ide_channel *channel = &ide->channel[offset >> 3 & 1];
    unsigned reg = offset & 7;
    if (reg >= REG_TABLE) {
        return channel->bm_table >> 8 * (reg - REG_TABLE) & 0xff;
    }
    return reg == REG_COMMAND ? channel->bm_command : reg == REG_STATUS ? channel->bm_status : 0;
}

static void port_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)size;
    struct ide *ide = dev;
    struct ide_channel *channel = &ide->channel[offset >> 3 & 1];
    unsigned reg = offset & 7;
    if (reg >= REG_TABLE) {
        unsigned shift = 8 * (reg - REG_TABLE);
        channel->bm_table =
            ((channel->bm_table & ~(UINT32_C(0xff) << shift)) | (value & 0xff) << shift) &
            ~UINT32_C(3);
    } else if (reg == REG_COMMAND) {
        write_command(channel, (uint8_t)value);
    } else if (reg == REG_STATUS) {
        write_status(channel, (uint8_t)value);
    }
}

const struct io_ops busmaster_io = {port_read, port_write, 1, 4, 1, 1};
