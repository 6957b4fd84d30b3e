/* The ATA command set of a hard disk drive: ATA/ATAPI-6 (T13 1410D) chapter 8. */
#ifndef DEVICES_STORAGE_ATA_H
#define DEVICES_STORAGE_ATA_H

#include "devices/storage/ide_drive.h"

enum {
    ATA_COMMAND_NOP = 0x00,
    ATA_COMMAND_DIAGNOSTIC = 0x90,
    ATA_COMMAND_SET_FEATURES = 0xef,
};

/* Runs the command in drive->command of a disk. */
void ata_command(struct ide_drive *drive);
/* A PIO block is through: what comes next. */
void ata_transfer_done(struct ide_drive *drive);
/* True when the block just moved to the host was the command's last. */
bool ata_last_block(const struct ide_drive *drive);
/* Runs the whole bus-master transfer. */
void ata_run_dma(struct ide_drive *drive);
void ata_reset(struct ide_drive *drive);

/* SET FEATURES, which disks and CD-ROMs share; ends the command. */
void ata_set_features(struct ide_drive *drive);

/* ata_identify.c: fills 512 bytes for IDENTIFY DEVICE / IDENTIFY PACKET DEVICE. */
void ata_identify(const struct ide_drive *drive, uint8_t *words);
void ata_identify_packet(const struct ide_drive *drive, uint8_t *words);

#endif
