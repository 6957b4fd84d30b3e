/*
 * A CD-ROM drive: the PACKET transport (atapi.c) and the MMC command set (atapi_mmc.c, and
 * atapi_mode.c for mode pages and configuration).
 */
#ifndef DEVICES_STORAGE_ATAPI_H
#define DEVICES_STORAGE_ATAPI_H

#include "devices/storage/ide_drive.h"

enum { ATAPI_COMMAND_DEVICE_RESET = 0x08 };
enum { CD_SECTOR_BYTES = 2048, CD_RAW_BYTES = 2352 };

/* Sense keys. */
enum {
    SENSE_NOT_READY = 2,
    SENSE_MEDIUM_ERROR = 3,
    SENSE_ILLEGAL_REQUEST = 5,
    SENSE_ATTENTION = 6
};

/* Additional sense codes, with their qualifier in the low byte. */
enum {
    ASC_READ_ERROR = 0x1100,
    ASC_PARAMETER_LENGTH = 0x1a00,
    ASC_INVALID_OPCODE = 0x2000,
    ASC_OUT_OF_RANGE = 0x2100,
    ASC_INVALID_FIELD = 0x2400,
    ASC_INVALID_PARAMETER = 0x2600,
    ASC_MEDIUM_CHANGED = 0x2800,
    ASC_SAVING_UNSUPPORTED = 0x3900,
    ASC_NO_MEDIUM_TRAY_CLOSED = 0x3a01,
    ASC_NO_MEDIUM_TRAY_OPEN = 0x3a02,
    ASC_REMOVAL_PREVENTED = 0x5302,
};

/* ---- transport: what ide.c calls ---- */

void atapi_command(struct ide_drive *drive);
void atapi_transfer_done(struct ide_drive *drive);
void atapi_run_dma(struct ide_drive *drive);
void atapi_reset(struct ide_drive *drive);
bool atapi_change_media(struct ide_drive *drive, const struct block_media *media, bool force);

/* ---- transport: what a packet command ends with, exactly one of these ---- */

void atapi_good(struct ide_drive *drive);
void atapi_check(struct ide_drive *drive, uint8_t key, unsigned asc);
/* Sends the first bytes of the buffer, at most allocation. */
void atapi_reply(struct ide_drive *drive, size_t bytes, size_t allocation);
/* Receives bytes into the buffer, then runs the command's received function. */
void atapi_receive(struct ide_drive *drive, size_t bytes);
/* Sends sectors of sector_bytes (2048 or 2352) from lba; the range was checked. */
void atapi_send_sectors(struct ide_drive *drive, uint32_t lba, uint32_t count,
                        uint32_t sector_bytes);

/* ---- command set ---- */

/* Runs drive->packet. */
void mmc_command(struct ide_drive *drive);
/* The parameter list of a MODE SELECT is in the buffer, bytes long. */
void mmc_mode_select_received(struct ide_drive *drive, size_t bytes);
bool mmc_medium_ready(const struct ide_drive *drive);
uint32_t mmc_sectors(const struct ide_drive *drive);

void mmc_mode_sense(struct ide_drive *drive);
void mmc_mode_select(struct ide_drive *drive);
void mmc_get_configuration(struct ide_drive *drive);
void mmc_read_toc(struct ide_drive *drive);
/* Writes a sector number as 0, minute, second, frame or as 32-bit big-endian. */
void mmc_put_address(uint8_t *to, uint32_t lba, bool msf);

#endif
