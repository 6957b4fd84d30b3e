/*
 * Longer replies of a CD-ROM drive: mode pages, features and profiles, table of contents.
 * MMC-3 (T10 1363D) chapters 5.10, 5.23 and 6; SFF-8020i table 80 for the medium types.
 */
#include "base/endian.h"
#include "devices/storage/atapi.h"

#include <string.h>

/* ---- mode pages ---- */

enum {
    PAGE_ERROR = 0x01,
    PAGE_DEVICE = 0x0d,
    PAGE_AUDIO = 0x0e,
    PAGE_CAPABILITIES = 0x2a,
    PAGE_ALL = 0x3f
};

struct mode_page {
    uint8_t code;
    uint8_t bytes; /* with the two of the header */
    uint8_t body[22];
};

static const struct mode_page pages[] = {
    {PAGE_ERROR, 8, {PAGE_ERROR, 6, 0x20, 5}},
    {PAGE_DEVICE, 8, {PAGE_DEVICE, 6, 0, 0x0d, 0, 60, 0, 75}},
    {PAGE_AUDIO, 16, {PAGE_AUDIO, 14, 0x04, 0, 0, 0, 0, 75, 1, 255, 2, 255, 0, 0, 0, 0}},
    /* Reads CD-R and CD-RW; mode 2; tray that locks and ejects; 706 KB/s (4x), 512 KB buffer. */
    {PAGE_CAPABILITIES,
     22,
     {PAGE_CAPABILITIES,
      20,
      0x03,
      0x00,
      0x70,
      0x60,
      0x29,
      0x00,
      0x02,
      0xc2,
      0x00,
      0x02,
      0x02,
      0x00,
      0x02,
      0xc2,
      0,
      0,
      0,
      0,
      0,
      0}},
};

/* Writes one page as page control asks (0 current, 1 changeable, 2 default); returns its size. */
static size_t put_page(const struct ide_drive *drive, const struct mode_page *page,
                       unsigned control, uint8_t *to)
{
    memcpy(to, page->body, page->bytes);
    if (control == 1) {
        memset(to + 2, 0, page->bytes - 2u);
    }
    if (page->code == PAGE_ERROR && control != 2) {
        to[2] = control == 0 ? drive->error_page : 0xff;
        to[3] = control == 0 ? drive->error_retries : 0xff;
    }
    if (page->code == PAGE_CAPABILITIES && control == 0 && drive->tray_locked) {
        to[6] |= 0x02;
    }
    return page->bytes;
}

static uint8_t medium_type(const struct ide_drive *drive)
{
    return drive->tray_open ? 0x71 : drive->media ? 0x01 : 0x70;
}

void mmc_mode_sense(struct ide_drive *drive)
{
    const uint8_t *packet = drive->packet;
    uint8_t *reply = drive->buffer;
    bool six = packet[0] == 0x1a;
    unsigned control = packet[2] >> 6;
    unsigned code = packet[2] & 0x3f;
    size_t header = six ? 4 : 8;
    size_t bytes = header;
    if (control == 3) {
        atapi_check(drive, SENSE_ILLEGAL_REQUEST, ASC_SAVING_UNSUPPORTED);
        return;
    }
    memset(reply, 0, header);
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (code == PAGE_ALL || code == pages[i].code) {
            bytes += put_page(drive, &pages[i], control, reply + bytes);
        }
    }
    if (bytes == header) {
        atapi_check(drive, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
    } else if (six) {
        reply[0] = (uint8_t)(bytes - 1);
        reply[1] = medium_type(drive);
        atapi_reply(drive, bytes, packet[4]);
    } else {
        store_be16(reply, (uint16_t)(bytes - 2));
        reply[2] = medium_type(drive);
        atapi_reply(drive, bytes, load_be16(packet + 7));
    }
}

void mmc_mode_select(struct ide_drive *drive)
{
    const uint8_t *packet = drive->packet;
    size_t bytes = packet[0] == 0x15 ? packet[4] : load_be16(packet + 7);
    if (packet[1] & 1) { /* saving pages */
        atapi_check(drive, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
    } else if (bytes == 0) {
        atapi_good(drive);
    } else {
        atapi_receive(drive, bytes);
    }
}

static const struct mode_page *find_page(unsigned code)
{
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (pages[i].code == code) {
            return &pages[i];
        }
    }
    return NULL;
}

void mmc_mode_select_received(struct ide_drive *drive, size_t bytes)
{
    const uint8_t *list = drive->buffer;
    bool six = drive->packet[0] == 0x15;
    size_t at = six ? 4 : 8;
    if (bytes >= at) {
        at += six ? list[3] : load_be16(list + 6);
    }
    if (bytes < at) {
        atapi_check(drive, SENSE_ILLEGAL_REQUEST, ASC_PARAMETER_LENGTH);
        return;
    }
    while (at + 2 <= bytes) {
        const uint8_t *body = list + at;
        const struct mode_page *page = find_page(body[0] & 0x3f);
        at += 2u + body[1];
        if (!page || at > bytes) {
            atapi_check(drive, SENSE_ILLEGAL_REQUEST,
                        page ? ASC_PARAMETER_LENGTH : ASC_INVALID_PARAMETER);
            return;
        }
        if (page->code == PAGE_ERROR && body[1] >= 2) {
            drive->error_page = body[2];
            drive->error_retries = body[3];
        }
    }
    atapi_good(drive);
}

/* ---- features ---- */

enum { PROFILE_CD_ROM = 0x0008, PROFILE_DVD_ROM = 0x0010, CD_MOST_SECTORS = 80 * 60 * 75 };

static uint16_t current_profile(const struct ide_drive *drive)
{
    uint32_t sectors = mmc_sectors(drive);
    return sectors == 0 ? 0 : sectors <= CD_MOST_SECTORS ? PROFILE_CD_ROM : PROFILE_DVD_ROM;
}

/* One feature descriptor; returns its size, 0 for a feature the drive does not have. */
static size_t put_feature(const struct ide_drive *drive, unsigned code, uint8_t *to)
{
    uint16_t profile = current_profile(drive);
    memset(to, 0, 16);
    store_be16(to, (uint16_t)code);
    switch (code) {
    case 0: /* profile list */
        to[2] = 0x03;
        to[3] = 8;
        store_be16(to + 4, PROFILE_DVD_ROM);
        to[6] = profile == PROFILE_DVD_ROM;
        store_be16(to + 8, PROFILE_CD_ROM);
        to[10] = profile == PROFILE_CD_ROM;
        return 12;
    case 1: /* core: ATAPI, DBE */
        to[2] = 0x0b;
        to[3] = 8;
        to[7] = 2;
        to[8] = 1;
        return 12;
    case 3: /* removable medium: tray, ejects, locks */
        to[2] = 0x03;
        to[3] = 4;
        to[4] = 0x29;
        return 8;
    case 0x1e: /* CD read */
        to[2] = (uint8_t)(0x08 | (profile == PROFILE_CD_ROM));
        to[3] = 4;
        return 8;
    default:
        return 0;
    }
}

void mmc_get_configuration(struct ide_drive *drive)
{
    static const uint8_t features[] = {0x00, 0x01, 0x03, 0x1e};
    const uint8_t *packet = drive->packet;
    uint8_t *reply = drive->buffer;
    unsigned kind = packet[1] & 3; /* 0 all from start, 1 current ones, 2 only start */
    unsigned start = load_be16(packet + 2);
    size_t bytes = 8;
    if (kind == 3) {
        atapi_check(drive, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    memset(reply, 0, 8);
    for (size_t i = 0; i < sizeof(features); i++) {
        if (kind == 2 ? features[i] != start : features[i] < start) {
            continue;
        }
        size_t size = put_feature(drive, features[i], reply + bytes);
        bool current = reply[bytes + 2] & 1;
        bytes += kind == 1 && !current ? 0 : size;
    }
    store_be32(reply, (uint32_t)(bytes - 4));
    store_be16(reply + 6, current_profile(drive));
    atapi_reply(drive, bytes, load_be16(packet + 7));
}

/* ---- table of contents ---- */

enum { CONTROL_DATA = 0x14, TRACK_LEAD_OUT = 0xaa };

static uint8_t *put_track(uint8_t *to, uint8_t track, uint32_t lba, bool msf)
{
    to[0] = 0;
    to[1] = CONTROL_DATA;
    to[2] = track;
    to[3] = 0;
    mmc_put_address(to + 4, lba, msf);
    return to + 8;
}

/* Format 2: entries as they stand in the lead-in. */
static uint8_t *put_raw(uint8_t *to, uint8_t point, const uint8_t value[3])
{
    memset(to, 0, 11);
    to[0] = 1; /* session */
    to[1] = CONTROL_DATA;
    to[3] = point;
    memcpy(to + 8, value, 3);
    return to + 11;
}

static uint8_t *put_raw_toc(const struct ide_drive *drive, uint8_t *to)
{
    uint8_t lead_out[4];
    uint8_t first[4];
    mmc_put_address(lead_out, mmc_sectors(drive), true);
    mmc_put_address(first, 0, true);
    to = put_raw(to, 0xa0, (const uint8_t[3]){1, 0, 0});
    to = put_raw(to, 0xa1, (const uint8_t[3]){1, 0, 0});
    to = put_raw(to, 0xa2, lead_out + 1);
    return put_raw(to, 1, first + 1);
}

void mmc_read_toc(struct ide_drive *drive)
{
    const uint8_t *packet = drive->packet;
    uint8_t *reply = drive->buffer;
    unsigned format = packet[2] & 0x0f ? packet[2] & 0x0fu : packet[9] >> 6;
    bool msf = packet[1] & 2;
    unsigned start = packet[6];
    uint8_t *end = reply + 4;
    bool bad = format > 2 || (format == 0 && start > 1 && start != TRACK_LEAD_OUT) ||
               (format == 2 && start > 1);
    if (bad) {
        atapi_check(drive, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    reply[2] = reply[3] = 1; /* first and last track, or session */
    if (format == 0) {
        end = start <= 1 ? put_track(end, 1, 0, msf) : end;
        end = put_track(end, TRACK_LEAD_OUT, mmc_sectors(drive), msf);
    } else if (format == 1) {
        end = put_track(end, 1, 0, msf);
    } else {
        end = put_raw_toc(drive, end);
    }
    size_t bytes = (size_t)(end - reply);
    store_be16(reply, (uint16_t)(bytes - 2));
    atapi_reply(drive, bytes, load_be16(packet + 7));
}
