/*
 * Packet commands of a CD-ROM drive with one data track: MMC-3 (T10 1363D) and SFF-8020i.
 *
 * Every command is a row: opcode, function, whether it needs a ready medium and whether it runs
 * while a unit attention is pending.  Opcodes without a row, audio playback among them, end with
 * ILLEGAL REQUEST 20h.
 *
 * Not modelled: audio tracks, several sessions, EDC/ECC of raw sectors, DVD structures.
 */
#include "base/endian.h"
#include "devices/storage/atapi.h"

#include <stdio.h>
#include <string.h>

enum { NEEDS_MEDIUM = 1, IGNORES_ATTENTION = 2 };
enum { MEDIA_EVENT_NEW = 2, MEDIA_EVENT_REMOVAL = 3 };
enum { LEAD_IN_FRAMES = 150 };

struct mmc_row {
    uint8_t opcode;
    uint8_t flags;
    void (*run)(struct ide_drive *drive);
};

bool mmc_medium_ready(const struct ide_drive *drive)
{
    return drive->media && !drive->tray_open;
}

uint32_t mmc_sectors(const struct ide_drive *drive)
{
    if (!mmc_medium_ready(drive)) {
        return 0;
    }
    uint64_t sectors = drive->media->sectors / (CD_SECTOR_BYTES / drive->media->sector_bytes);
    return sectors > UINT32_MAX ? UINT32_MAX : (uint32_t)sectors;
}

void mmc_put_address(uint8_t *to, uint32_t lba, bool msf)
{
    if (!msf) {
        store_be32(to, lba);
        return;
    }
    uint64_t frames = (uint64_t)lba + LEAD_IN_FRAMES;
    to[0] = 0;
    to[1] = (uint8_t)(frames / 75 / 60);
    to[2] = (uint8_t)(frames / 75 % 60);
    to[3] = (uint8_t)(frames % 75);
}

static void invalid_field(struct ide_drive *drive)
{
    atapi_check(drive, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
}

/* True when the range lies on the disc; else the command has ended. */
static bool check_range(struct ide_drive *drive, uint32_t lba, uint32_t count)
{
    uint32_t sectors = mmc_sectors(drive);
    if (lba > sectors || count > sectors - lba || (lba == sectors && count == 0)) {
        atapi_check(drive, SENSE_ILLEGAL_REQUEST, ASC_OUT_OF_RANGE);
        return false;
    }
    return true;
}

/* ---- the simple ones ---- */

static void inquiry(struct ide_drive *drive)
{
    uint8_t *reply = drive->buffer;
    if (drive->packet[1] & 3) {
        invalid_field(drive);
        return;
    }
    memset(reply, ' ', 36);
    reply[0] = 0x05; /* CD-ROM */
    reply[1] = 0x80; /* removable */
    reply[2] = 0x00;
    reply[3] = 0x21; /* ATAPI, response format 1 */
    reply[4] = 31;
    reply[5] = reply[6] = reply[7] = 0;
    memcpy(reply + 8, "VESTIGE ", 8);
    size_t length = strlen(drive->model);
    memcpy(reply + 16, drive->model, length < 16 ? length : 16);
    memcpy(reply + 32, "1.0 ", 4);
    atapi_reply(drive, 36, load_be16(drive->packet + 3));
}

static void request_sense(struct ide_drive *drive)
{
    uint8_t *reply = drive->buffer;
    if (drive->sense_key == 0 && drive->attention) {
        drive->sense_key = SENSE_ATTENTION;
        drive->sense_asc = drive->attention;
        drive->attention = 0;
    }
    memset(reply, 0, 18);
    reply[0] = 0x70;
    reply[2] = drive->sense_key;
    reply[7] = 10;
    reply[12] = drive->sense_asc;
    reply[13] = drive->sense_ascq;
    drive->sense_key = drive->sense_asc = drive->sense_ascq = 0;
    atapi_reply(drive, 18, drive->packet[4]);
}

static void read_capacity(struct ide_drive *drive)
{
    uint32_t sectors = mmc_sectors(drive);
    store_be32(drive->buffer, sectors ? sectors - 1 : 0);
    store_be32(drive->buffer + 4, CD_SECTOR_BYTES);
    atapi_reply(drive, 8, 8);
}

static void seek(struct ide_drive *drive)
{
    if (check_range(drive, load_be32(drive->packet + 2), 0)) {
        atapi_good(drive);
    }
}

static void verify(struct ide_drive *drive)
{
    if (check_range(drive, load_be32(drive->packet + 2), load_be16(drive->packet + 7))) {
        atapi_good(drive);
    }
}

static void mechanism_status(struct ide_drive *drive)
{
    uint8_t *reply = drive->buffer;
    memset(reply, 0, 8);
    reply[1] = drive->tray_open ? 0x10 : 0;
    atapi_reply(drive, 8, load_be16(drive->packet + 8));
}

static void read_disc_information(struct ide_drive *drive)
{
    uint8_t *reply = drive->buffer;
    memset(reply, 0, 34);
    reply[1] = 32;
    reply[2] = 0x0e; /* finalised disc, last session complete */
    reply[3] = reply[4] = reply[5] = reply[6] = 1;
    reply[7] = 0x20; /* unrestricted use */
    memset(reply + 16, 0xff, 8);
    atapi_reply(drive, 34, load_be16(drive->packet + 7));
}

static void read_subchannel(struct ide_drive *drive)
{
    uint8_t *reply = drive->buffer;
    bool position = (drive->packet[2] & 0x40) && drive->packet[3] == 1;
    memset(reply, 0, 16);
    reply[1] = 0x15; /* no audio status to return */
    if (position) {
        reply[3] = 12;
        reply[4] = 1;
        reply[5] = 0x14;
        reply[6] = reply[7] = 1;
        mmc_put_address(reply + 8, 0, drive->packet[1] & 2);
    }
    atapi_reply(drive, position ? 16 : 4, load_be16(drive->packet + 7));
}

/* ---- reading ---- */

static void read_range(struct ide_drive *drive, uint32_t count)
{
    uint32_t lba = load_be32(drive->packet + 2);
    if (check_range(drive, lba, count)) {
        atapi_send_sectors(drive, lba, count, CD_SECTOR_BYTES);
    }
}

static void read10(struct ide_drive *drive)
{
    read_range(drive, load_be16(drive->packet + 7));
}

static void read12(struct ide_drive *drive)
{
    read_range(drive, load_be32(drive->packet + 6));
}

/* The main-channel field of READ CD: nothing, user data, or everything of a raw sector. */
static void read_cd_range(struct ide_drive *drive, uint32_t lba, uint32_t count)
{
    unsigned expected = drive->packet[1] >> 2 & 7;
    unsigned wanted = drive->packet[9] & 0xf8;
    bool data_track = expected == 0 || expected == 2;
    bool subchannel = drive->packet[10] & 7;
    if (!data_track || subchannel || (wanted != 0 && wanted != 0x10 && wanted != 0xf8)) {
        invalid_field(drive);
    } else if (wanted == 0) {
        atapi_good(drive);
    } else if (check_range(drive, lba, count)) {
        atapi_send_sectors(drive, lba, count, wanted == 0x10 ? CD_SECTOR_BYTES : CD_RAW_BYTES);
    }
}

static void read_cd(struct ide_drive *drive)
{
    const uint8_t *packet = drive->packet;
    uint32_t count = load_be32(packet + 5) & 0xffffff;
    read_cd_range(drive, load_be32(packet + 2), count);
}

static void read_cd_msf(struct ide_drive *drive)
{
    const uint8_t *packet = drive->packet;
    uint32_t start = (packet[3] * 60u + packet[4]) * 75 + packet[5];
    uint32_t end = (packet[6] * 60u + packet[7]) * 75 + packet[8];
    if (start < LEAD_IN_FRAMES || end < start) {
        invalid_field(drive);
        return;
    }
    read_cd_range(drive, start - LEAD_IN_FRAMES, end - start);
}

/* ---- tray ---- */

static void prevent_removal(struct ide_drive *drive)
{
    drive->tray_locked = drive->packet[4] & 1;
    atapi_good(drive);
}

static void start_stop(struct ide_drive *drive)
{
    bool start = drive->packet[4] & 1;
    bool load_eject = drive->packet[4] & 2;
    if (load_eject && !start && drive->tray_locked) {
        atapi_check(drive, SENSE_ILLEGAL_REQUEST, ASC_REMOVAL_PREVENTED);
        return;
    }
    if (load_eject && drive->tray_open == start) {
        drive->tray_open = drive->tray_position = !start;
        drive->media_event = start && drive->media ? MEDIA_EVENT_NEW : MEDIA_EVENT_REMOVAL;
        drive->attention = start && drive->media ? ASC_MEDIUM_CHANGED >> 8 : 0;
    }
    atapi_good(drive);
}

static void get_event_status(struct ide_drive *drive)
{
    enum { CLASS_MEDIA = 4, NO_EVENT_AVAILABLE = 0x80 };
    uint8_t *reply = drive->buffer;
    if (!(drive->packet[1] & 1)) {
        invalid_field(drive); /* only polling */
        return;
    }
    memset(reply, 0, 8);
    reply[3] = 1 << CLASS_MEDIA;
    size_t bytes = 4;
    if (drive->packet[4] & 1 << CLASS_MEDIA) {
        bytes = 8;
        reply[2] = CLASS_MEDIA;
        reply[4] = drive->media_event;
        reply[5] = (uint8_t)((drive->tray_open ? 1 : 0) | (mmc_medium_ready(drive) ? 2 : 0));
        drive->media_event = 0;
    } else {
        reply[2] = NO_EVENT_AVAILABLE;
    }
    store_be16(reply, (uint16_t)(bytes - 2));
    atapi_reply(drive, bytes, load_be16(drive->packet + 7));
}

/* ---- the table ---- */

/* clang-format off */
static const struct mmc_row rows[] = {
    {0x00, NEEDS_MEDIUM,      atapi_good},            /* TEST UNIT READY */
    {0x03, IGNORES_ATTENTION, request_sense},
    {0x12, IGNORES_ATTENTION, inquiry},
    {0x15, 0,                 mmc_mode_select},       /* MODE SELECT (6) */
    {0x1a, 0,                 mmc_mode_sense},        /* MODE SENSE (6) */
    {0x1b, 0,                 start_stop},
    {0x1e, 0,                 prevent_removal},
    {0x25, NEEDS_MEDIUM,      read_capacity},
    {0x28, NEEDS_MEDIUM,      read10},
    {0x2b, NEEDS_MEDIUM,      seek},
    {0x2f, NEEDS_MEDIUM,      verify},
    {0x35, 0,                 atapi_good},            /* SYNCHRONIZE CACHE */
    {0x42, NEEDS_MEDIUM,      read_subchannel},
    {0x43, NEEDS_MEDIUM,      mmc_read_toc},
    {0x46, IGNORES_ATTENTION, mmc_get_configuration},
    {0x4a, IGNORES_ATTENTION, get_event_status},
    {0x4e, 0,                 atapi_good},            /* STOP PLAY/SCAN */
    {0x51, NEEDS_MEDIUM,      read_disc_information},
    {0x55, 0,                 mmc_mode_select},       /* MODE SELECT (10) */
    {0x5a, 0,                 mmc_mode_sense},        /* MODE SENSE (10) */
    {0xa8, NEEDS_MEDIUM,      read12},
    {0xb9, NEEDS_MEDIUM,      read_cd_msf},
    {0xbb, 0,                 atapi_good},            /* SET CD SPEED */
    {0xbd, 0,                 mechanism_status},
    {0xbe, NEEDS_MEDIUM,      read_cd},
};
/* clang-format on */

static const struct mmc_row *find_row(uint8_t opcode)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].opcode == opcode) {
            return &rows[i];
        }
    }
    return NULL;
}

void mmc_command(struct ide_drive *drive)
{
    const struct mmc_row *row = find_row(drive->packet[0]);
    log_print(drive->channel->ide->wires.log, LOG_ide, "%u.%u packet %02x", drive->channel->number,
              drive->unit, drive->packet[0]);
    if (!row) {
        atapi_check(drive, SENSE_ILLEGAL_REQUEST, ASC_INVALID_OPCODE);
        return;
    }
    if (drive->attention && !(row->flags & IGNORES_ATTENTION)) {
        unsigned asc = (unsigned)drive->attention << 8;
        drive->attention = 0;
        atapi_check(drive, SENSE_ATTENTION, asc);
        return;
    }
    if ((row->flags & NEEDS_MEDIUM) && !mmc_medium_ready(drive)) {
        atapi_check(drive, SENSE_NOT_READY,
                    drive->tray_open ? ASC_NO_MEDIUM_TRAY_OPEN : ASC_NO_MEDIUM_TRAY_CLOSED);
        return;
    }
    row->run(drive);
}
