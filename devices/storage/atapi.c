/*
 * The PACKET transport of a CD-ROM drive: ATA/ATAPI-6 chapters 8.23 and 9.9.
 *
 * A packet arrives through the data port; its data then goes in blocks of at most the byte count
 * the host allowed, or by bus master.  The interrupt reason (count register) says which phase the
 * drive is in: 1 packet, 2 data to the host, 0 data from the host, 3 status.
 *
 * Not modelled: overlap, DSC in word 85, release interrupts.
 */
#include "devices/storage/atapi.h"
#include "devices/storage/ata.h"

#include <string.h>

enum { REASON_DATA_OUT = 0, REASON_PACKET = 1, REASON_DATA_IN = 2, REASON_STATUS = 3 };
enum { FEATURE_DMA = 0x01, FEATURE_OVERLAP = 0x02 };
enum { MEDIA_EVENT_EJECT_REQUEST = 1, MEDIA_EVENT_NEW = 2, MEDIA_EVENT_REMOVAL = 3 };

/* ---- ends of a command ---- */

void atapi_good(struct ide_drive *drive)
{
    drive->count[0] = REASON_STATUS;
    drive->sense_key = drive->sense_asc = drive->sense_ascq = 0;
    ide_finish(drive);
}

void atapi_check(struct ide_drive *drive, uint8_t key, unsigned asc)
{
    log_print(drive->channel->ide->wires.log, LOG_ide, "%u.%u packet %02x: sense %x/%04x",
              drive->channel->number, drive->unit, drive->packet[0], key, asc);
    drive->count[0] = REASON_STATUS;
    drive->sense_key = key;
    drive->sense_asc = (uint8_t)(asc >> 8);
    drive->sense_ascq = (uint8_t)asc;
    ide_fail(drive, (uint8_t)(key << 4));
}

/* ---- data to the host ---- */

/* Builds the raw form of a mode 1 sector around its data: sync, header; EDC and ECC are zero. */
static void make_raw(uint8_t *raw, uint32_t lba)
{
    static const uint8_t sync[12] = {0,    0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0xff, 0};
    uint8_t address[4];
    memcpy(raw, sync, sizeof(sync));
    mmc_put_address(address, lba, true);
    for (unsigned i = 0; i < 3; i++) {
        raw[12 + i] = (uint8_t)(address[i + 1] / 10 << 4 | address[i + 1] % 10);
    }
    raw[15] = 1;
    memset(raw + 16 + CD_SECTOR_BYTES, 0, CD_RAW_BYTES - CD_SECTOR_BYTES - 16);
}

static bool read_sectors(struct ide_drive *drive, uint32_t lba, uint32_t count, uint8_t *to)
{
    const struct block_media *media = drive->media;
    uint32_t ratio = CD_SECTOR_BYTES / media->sector_bytes;
    return media->read(media->media, (uint64_t)lba * ratio, count * ratio, to);
}

/* Refills the buffer with the next sectors; false after ending the command with an error. */
static bool fill(struct ide_drive *drive)
{
    uint32_t most = IDE_BUFFER_BYTES / drive->sector_bytes;
    uint32_t count = drive->remaining < most ? drive->remaining : most;
    uint32_t lba = (uint32_t)drive->lba;
    bool ok = mmc_medium_ready(drive);
    if (ok && drive->sector_bytes == CD_SECTOR_BYTES) {
        ok = read_sectors(drive, lba, count, drive->buffer);
    } else {
        for (uint32_t i = 0; i < count && ok; i++) {
            uint8_t *raw = drive->buffer + (size_t)i * drive->sector_bytes;
            make_raw(raw, lba + i);
            ok = read_sectors(drive, lba + i, 1, raw + 16);
        }
    }
    if (!ok) {
        atapi_check(drive, SENSE_MEDIUM_ERROR, ASC_READ_ERROR);
        return false;
    }
    drive->lba += count;
    drive->remaining -= count;
    drive->buffer_filled = count * drive->sector_bytes;
    drive->buffer_at = drive->buffer_end = 0;
    return true;
}

static void send_block(struct ide_drive *drive)
{
    if (drive->buffer_end >= drive->buffer_filled) {
        if (drive->remaining == 0) {
            atapi_good(drive);
            return;
        }
        if (!fill(drive)) {
            return;
        }
    }
    uint32_t at = drive->buffer_end;
    uint32_t left = drive->buffer_filled - at;
    /* Whole sectors where the limit has room for one: simple drivers count blocks in sectors. */
    uint32_t part = drive->limit >= drive->sector_bytes ? drive->limit % drive->sector_bytes : 0;
    uint32_t limit = drive->limit - part;
    uint32_t block = left > limit ? limit : left;
    drive->count[0] = REASON_DATA_IN;
    drive->lba_mid[0] = (uint8_t)block;
    drive->lba_high[0] = (uint8_t)(block >> 8);
    ide_open_phase(drive, IDE_TRANSFER_ATAPI_IN, at, at + block, true);
}

static void start_sending(struct ide_drive *drive)
{
    drive->buffer_at = drive->buffer_end = 0;
    if (drive->dma) {
        drive->count[0] = REASON_DATA_IN;
        ide_open_dma(drive, IDE_TRANSFER_ATAPI_IN);
    } else {
        send_block(drive);
    }
}

void atapi_reply(struct ide_drive *drive, size_t bytes, size_t allocation)
{
    size_t count = bytes < allocation ? bytes : allocation;
    if (count == 0) {
        atapi_good(drive);
        return;
    }
    drive->remaining = 0;
    drive->buffer_filled = (uint32_t)count;
    start_sending(drive);
}

void atapi_send_sectors(struct ide_drive *drive, uint32_t lba, uint32_t count,
                        uint32_t sector_bytes)
{
    if (count == 0) {
        atapi_good(drive);
        return;
    }
    drive->lba = lba;
    drive->remaining = count;
    drive->sector_bytes = sector_bytes;
    drive->buffer_filled = 0;
    start_sending(drive);
}

/* ---- data from the host ---- */

static void receive_block(struct ide_drive *drive)
{
    uint32_t at = drive->buffer_end;
    uint32_t left = drive->buffer_filled - at;
    uint32_t block = left > drive->limit ? drive->limit : left;
    drive->count[0] = REASON_DATA_OUT;
    drive->lba_mid[0] = (uint8_t)block;
    drive->lba_high[0] = (uint8_t)(block >> 8);
    ide_open_phase(drive, IDE_TRANSFER_ATAPI_OUT, at, at + block, true);
}

void atapi_receive(struct ide_drive *drive, size_t bytes)
{
    drive->remaining = 0;
    drive->buffer_filled = (uint32_t)(bytes < IDE_BUFFER_BYTES ? bytes : IDE_BUFFER_BYTES);
    drive->buffer_at = drive->buffer_end = 0;
    if (drive->dma) {
        drive->count[0] = REASON_DATA_OUT;
        ide_open_dma(drive, IDE_TRANSFER_ATAPI_OUT);
    } else {
        receive_block(drive);
    }
}

/* ---- phases ---- */

void atapi_transfer_done(struct ide_drive *drive)
{
    if (drive->transfer == IDE_TRANSFER_PACKET) {
        memcpy(drive->packet, drive->buffer, IDE_PACKET_BYTES);
        mmc_command(drive);
    } else if (drive->transfer == IDE_TRANSFER_ATAPI_IN) {
        send_block(drive);
    } else if (drive->buffer_end < drive->buffer_filled) {
        receive_block(drive);
    } else {
        mmc_mode_select_received(drive, drive->buffer_filled);
    }
}

/* Moves the filled buffer; false when the descriptor table is too short for it. */
static bool move_buffer(struct ide_drive *drive, bool to_memory)
{
    size_t moved = busmaster_move(drive->channel, drive->buffer, drive->buffer_filled, to_memory);
    bool whole = moved == drive->buffer_filled;
    drive->buffer_filled = 0;
    return whole;
}

static void stall(struct ide_drive *drive)
{
    busmaster_end(drive->channel);
    drive->transfer = IDE_TRANSFER_NONE;
}

void atapi_run_dma(struct ide_drive *drive)
{
    struct ide_channel *channel = drive->channel;
    busmaster_begin(channel);
    if (drive->transfer == IDE_TRANSFER_ATAPI_OUT) {
        size_t bytes = drive->buffer_filled;
        if (!move_buffer(drive, false)) {
            stall(drive);
            return;
        }
        busmaster_end(channel);
        mmc_mode_select_received(drive, bytes);
        return;
    }
    for (;;) {
        if (!move_buffer(drive, true)) {
            stall(drive);
            return;
        }
        if (drive->remaining == 0) {
            break;
        }
        if (!fill(drive)) {
            return;
        }
    }
    busmaster_end(channel);
    atapi_good(drive);
}

/* ---- ATA commands of a packet device ---- */

static void packet(struct ide_drive *drive)
{
    if (drive->feature[0] & FEATURE_OVERLAP) {
        ide_fail(drive, IDE_ERROR_ABRT);
        return;
    }
    uint32_t limit = (drive->lba_mid[0] | (uint32_t)drive->lba_high[0] << 8) & 0xfffeu;
    drive->limit = limit ? limit : 0xfffe;
    drive->dma = drive->feature[0] & FEATURE_DMA;
    drive->count[0] = REASON_PACKET;
    ide_open_phase(drive, IDE_TRANSFER_PACKET, 0, IDE_PACKET_BYTES, false);
}

void atapi_command(struct ide_drive *drive)
{
    switch (drive->command) {
    case 0xa0:
        packet(drive);
        break;
    case 0xa1:
        ata_identify_packet(drive, drive->buffer);
        drive->remaining = 0;
        ide_open_phase(drive, IDE_TRANSFER_BLOCK_IN, 0, IDE_SECTOR_BYTES, true);
        break;
    case ATA_COMMAND_DIAGNOSTIC:
        ide_diagnose(drive->channel);
        break;
    case ATA_COMMAND_SET_FEATURES:
        ata_set_features(drive);
        break;
    case 0xe5: /* CHECK POWER MODE */
        drive->count[0] = drive->power;
        ide_finish(drive);
        break;
    case 0xe0: /* power management and FLUSH CACHE: nothing to do */
    case 0xe1:
    case 0xe2:
    case 0xe3:
    case 0xe6:
    case 0xe7:
        ide_finish(drive);
        break;
    default:
        /* READ SECTORS and IDENTIFY DEVICE leave the signature, so that hosts recognise a packet
         * device (ATA/ATAPI-6 8.15.5); the others abort plainly. */
        if (drive->command == 0xec || drive->command == 0x20) {
            ide_put_signature(drive);
        }
        ide_fail(drive, IDE_ERROR_ABRT);
        break;
    }
}

/* ---- medium ---- */

void atapi_reset(struct ide_drive *drive)
{
    drive->sense_key = drive->sense_asc = drive->sense_ascq = 0;
    drive->tray_locked = false;
}

bool atapi_change_media(struct ide_drive *drive, const struct block_media *media, bool force)
{
    if (drive->tray_locked && !force) {
        drive->eject_request = true;
        drive->media_event = MEDIA_EVENT_EJECT_REQUEST;
        return false;
    }
    drive->media = media;
    drive->tray_open = drive->tray_position = false;
    drive->tray_locked = false;
    drive->eject_request = false;
    drive->media_event = media ? MEDIA_EVENT_NEW : MEDIA_EVENT_REMOVAL;
    drive->attention = media ? ASC_MEDIUM_CHANGED >> 8 : 0;
    return true;
}
