/*
 * Floppy commands with a data phase: read, write, verify, format, READ ID and the unsupported
 * scans.
 *
 * The timer works on one sector at a time: it checks that the disk can give it, moves it through
 * the DMA channel or hands it to the FIFO, and steps to the next ID (data sheet 290166, tables 6-1
 * to 6-8).  A disk that is missing or has another data rate shows no address marks.  Terminal count
 * ends a transfer normally; the end of the track without it is an error, so transfers without DMA
 * always end that way, as on the chip.
 *
 * Not modelled: deleted data marks (a disk image has none), sizes other than 512 bytes, gaps, CRC
 * errors.  SCAN commands end as not satisfied without comparing.
 */
#include "devices/storage/floppy_chip.h"

#include <string.h>

enum { START_NS = 60000, SECTOR_NS = 50000, ABSENT_NS = 1000000 };
enum { DMA_WAIT_NS = 100000, DMA_MOST_WAITS = 2000 };
enum { HEAD_LOAD_NON_DMA = 0x01, VERIFY_COUNTED = 0x80, MULTI_TRACK = 0x80, SKIP = 0x20 };

static struct fdc_drive *current(struct floppy *fdc)
{
    return &fdc->drive[fdc->unit];
}

bool fdc_to_disk(const struct floppy *fdc)
{
    return fdc->operation == FDC_WRITE || fdc->operation == FDC_FORMAT;
}

/* ---- checks ---- */

/* Address marks can be seen: a disk, turning at a rate that fits. */
static bool readable(const struct floppy *fdc, const struct fdc_drive *drive)
{
    return drive->media && (drive->rates >> fdc->rate & 1);
}

/* The disk has the sector c, h, r, n; *lba is its place in the image. */
static bool locate(const struct floppy *fdc, const struct fdc_drive *drive, uint32_t *lba)
{
    const struct block_geometry *geometry = &drive->geometry;
    if (fdc->c != drive->track || fdc->c >= geometry->cylinders || fdc->h >= geometry->heads ||
        fdc->r < 1 || fdc->r > geometry->sectors || fdc->n != FDC_SIZE_CODE) {
        return false;
    }
    *lba = ((uint32_t)fdc->c * geometry->heads + fdc->h) * geometry->sectors + fdc->r - 1u;
    return true;
}

/* How much longer than usual the sector c, h, r takes. */
static uint64_t slowness(struct floppy *fdc)
{
    const struct fdc_drive *drive = current(fdc);
    uint32_t lba;
    bool slow = drive->media && drive->media->delay_ns && locate(fdc, drive, &lba);
    return slow ? drive->media->delay_ns(drive->media->media, lba, 1) : 0;
}

/* Ends the command when the sector cannot be worked on. */
static bool check_sector(struct floppy *fdc, uint32_t *lba)
{
    const struct fdc_drive *drive = current(fdc);
    if (!readable(fdc, drive)) {
        fdc_end_data(fdc, ST0_ABNORMAL, ST1_MISSING_ADDRESS, 0);
    } else if (fdc_to_disk(fdc) && drive->media->read_only) {
        fdc_end_data(fdc, ST0_ABNORMAL, ST1_NOT_WRITABLE, 0);
    } else if (!locate(fdc, drive, lba)) {
        fdc_end_data(fdc, ST0_ABNORMAL, ST1_NO_DATA, 0);
    } else {
        return true;
    }
    return false;
}

/* ---- the medium ---- */

/* An image shorter than its format reads as zeros behind its end. */
static bool media_read(const struct fdc_drive *drive, uint32_t lba, uint8_t *to)
{
    if (lba >= drive->media->sectors) {
        memset(to, 0, FDC_SECTOR_BYTES);
        return true;
    }
    return drive->media->read(drive->media->media, lba, 1, to);
}

static bool media_write(const struct fdc_drive *drive, uint32_t lba, const uint8_t *from)
{
    return lba < drive->media->sectors && drive->media->write(drive->media->media, lba, 1, from);
}

static void medium_error(struct floppy *fdc)
{
    fdc_end_data(fdc, ST0_ABNORMAL, ST1_DATA_ERROR, ST2_DATA_ERROR);
}

/* ---- stepping ---- */

/* The next ID; false when the track (with MT the cylinder) is through. */
static bool next_id(struct floppy *fdc)
{
    if (fdc->r != fdc->eot) {
        fdc->r++;
        return true;
    }
    fdc->r = 1;
    if (!fdc->multi_track) {
        fdc->c++;
        return false;
    }
    fdc->h ^= 1;
    if (fdc->h & 1) {
        return true;
    }
    fdc->c++;
    return false;
}

/* A sector is done; terminal: the DMA controller said it was the last. */
static void sector_done(struct floppy *fdc, bool terminal)
{
    uint8_t st2 = fdc->control_mark ? ST2_CONTROL_MARK : 0;
    bool more = next_id(fdc);
    bool counted = fdc->left > 0;
    if (counted && --fdc->left == 0) {
        terminal = true;
    }
    if (terminal || fdc->control_mark) {
        fdc_end_data(fdc, 0, 0, st2);
    } else if (!more && fdc->operation == FDC_VERIFY && !counted) {
        fdc_end_data(fdc, 0, 0, st2);
    } else if (!more) {
        fdc_end_data(fdc, ST0_ABNORMAL, ST1_END_OF_CYLINDER, st2);
    } else {
        fdc_schedule(fdc, FDC_EVENT_SECTOR, SECTOR_NS + slowness(fdc));
    }
}

/* ---- DMA ---- */

/* Moves data[0..bytes).  False when the channel was not ready: retried, in the end an overrun. */
static bool dma_move(struct floppy *fdc, size_t bytes, bool *terminal)
{
    const struct dma_channel *dma = &fdc->wires.dma;
    bool to_memory = !fdc_to_disk(fdc);
    size_t moved = 0;
    *terminal = false;
    if (!to_memory) {
        memset(fdc->data, 0, bytes);
    }
    if (dma->transfer) {
        moved = dma->transfer(dma->controller, dma->channel, fdc->data, bytes, to_memory, terminal);
    }
    if (moved == bytes || *terminal) {
        fdc->retries = 0;
        return true;
    }
    if (moved == 0 && fdc->retries < DMA_MOST_WAITS) {
        fdc->retries++;
        fdc_schedule(fdc, FDC_EVENT_SECTOR, DMA_WAIT_NS);
    } else {
        fdc_end_data(fdc, ST0_ABNORMAL, ST1_OVERRUN, 0);
    }
    return false;
}

/* ---- one sector ---- */

static bool uses_dma(const struct floppy *fdc)
{
    return !(fdc->head_load & HEAD_LOAD_NON_DMA);
}

static void open_pio(struct floppy *fdc, size_t bytes)
{
    fdc->pio = true;
    fdc->data_at = 0;
    fdc->data_end = (uint16_t)bytes;
    fdc_set_irq(fdc, true);
}

static void read_sector(struct floppy *fdc, uint32_t lba)
{
    bool terminal = false;
    if (!media_read(current(fdc), lba, fdc->data)) {
        medium_error(fdc);
    } else if (fdc->operation == FDC_VERIFY) {
        sector_done(fdc, false);
    } else if (!uses_dma(fdc)) {
        open_pio(fdc, FDC_SECTOR_BYTES);
    } else if (dma_move(fdc, FDC_SECTOR_BYTES, &terminal)) {
        sector_done(fdc, terminal);
    }
}

static void store_sector(struct floppy *fdc, uint32_t lba, bool terminal)
{
    if (!media_write(current(fdc), lba, fdc->data)) {
        medium_error(fdc);
    } else {
        sector_done(fdc, terminal);
    }
}

static void write_sector(struct floppy *fdc, uint32_t lba)
{
    bool terminal = false;
    if (!uses_dma(fdc)) {
        open_pio(fdc, FDC_SECTOR_BYTES);
    } else if (dma_move(fdc, FDC_SECTOR_BYTES, &terminal)) {
        store_sector(fdc, lba, terminal);
    }
}

/* The four ID bytes are in data[]; writes the filler where the image has such a sector. */
static void format_sector(struct floppy *fdc)
{
    const struct fdc_drive *drive = current(fdc);
    uint32_t lba = 0;
    fdc->c = fdc->data[0];
    fdc->h = fdc->data[1];
    fdc->r = fdc->data[2];
    fdc->n = fdc->data[3];
    if (locate(fdc, drive, &lba)) {
        memset(fdc->data, fdc->command[5], FDC_SECTOR_BYTES);
        if (!media_write(drive, lba, fdc->data)) {
            medium_error(fdc);
            return;
        }
    } else {
        log_print(fdc->wires.log, LOG_guest, "floppy: formats %u/%u/%u, which the image has not",
                  fdc->c, fdc->h, fdc->r);
    }
    if (fdc->left <= 1) {
        fdc->left = 0;
        fdc_end_data(fdc, 0, 0, 0);
    } else {
        fdc->left--;
        fdc_schedule(fdc, FDC_EVENT_SECTOR, SECTOR_NS);
    }
}

static void format_event(struct floppy *fdc)
{
    const struct fdc_drive *drive = current(fdc);
    bool terminal = false;
    if (!drive->media) {
        fdc_end_data(fdc, ST0_ABNORMAL, ST1_MISSING_ADDRESS, 0);
    } else if (drive->media->read_only) {
        fdc_end_data(fdc, ST0_ABNORMAL, ST1_NOT_WRITABLE, 0);
    } else if (!uses_dma(fdc)) {
        open_pio(fdc, 4);
    } else if (dma_move(fdc, 4, &terminal)) {
        format_sector(fdc);
    }
}

void fdc_sector_event(struct floppy *fdc)
{
    uint32_t lba = 0;
    if (fdc->operation == FDC_FORMAT) {
        format_event(fdc);
    } else if (!check_sector(fdc, &lba)) {
        return;
    } else if (fdc->operation == FDC_WRITE) {
        write_sector(fdc, lba);
    } else {
        read_sector(fdc, lba);
    }
}

/* ---- FIFO ---- */

/* One byte of data[] is used: a fresh request for the next, or the sector is complete. */
static bool pio_step(struct floppy *fdc)
{
    fdc_set_irq(fdc, false);
    fdc->data_at++;
    if (fdc->data_at < fdc->data_end) {
        fdc_set_irq(fdc, true);
        return false;
    }
    fdc->pio = false;
    return true;
}

uint8_t fdc_pio_read(struct floppy *fdc)
{
    uint8_t value = fdc->data[fdc->data_at];
    if (pio_step(fdc)) {
        sector_done(fdc, false);
    }
    return value;
}

void fdc_pio_write(struct floppy *fdc, uint8_t value)
{
    fdc->data[fdc->data_at] = value;
    if (!pio_step(fdc)) {
        return;
    }
    uint32_t lba = 0;
    if (fdc->operation == FDC_FORMAT) {
        format_sector(fdc);
    } else if (check_sector(fdc, &lba)) {
        store_sector(fdc, lba, false);
    }
}

/* ---- beginnings ---- */

static void begin(struct floppy *fdc, enum fdc_operation operation)
{
    fdc->operation = (uint8_t)operation;
    fdc->unit = fdc->command[1] & 3;
    fdc->left = 0;
    fdc->retries = 0;
    fdc->multi_track = false;
    fdc->control_mark = false;
    fdc->pio = false;
}

/* Takes the ID of the eight-parameter commands, moves the heads there and starts the work. */
static void begin_sectors(struct floppy *fdc, enum fdc_operation operation)
{
    begin(fdc, operation);
    struct fdc_drive *drive = current(fdc);
    fdc->c = fdc->command[2];
    fdc->h = fdc->command[3];
    fdc->r = fdc->command[4];
    fdc->n = fdc->command[5];
    fdc->eot = fdc->command[6];
    fdc->multi_track = fdc->command[0] & MULTI_TRACK;
    uint64_t time = START_NS;
    if (drive->media) {
        time += fdc_move_heads(drive, fdc->c);
        time += slowness(fdc);
    } else {
        time = ABSENT_NS;
    }
    fdc_schedule(fdc, FDC_EVENT_SECTOR, time);
}

void fdc_read_data(struct floppy *fdc)
{
    begin_sectors(fdc, FDC_READ);
}

void fdc_read_deleted(struct floppy *fdc)
{
    begin_sectors(fdc, FDC_READ);
    if (fdc->command[0] & SKIP) {
        /* Every sector is plain data and skipped: nothing is found. */
        fdc->n = 0xff;
    } else {
        fdc->control_mark = true;
    }
}

void fdc_write_data(struct floppy *fdc)
{
    begin_sectors(fdc, FDC_WRITE);
}

void fdc_read_track(struct floppy *fdc)
{
    begin_sectors(fdc, FDC_READ);
    fdc->multi_track = false;
    fdc->r = 1;
}

void fdc_verify(struct floppy *fdc)
{
    begin_sectors(fdc, FDC_VERIFY);
    fdc->left = fdc->command[1] & VERIFY_COUNTED ? fdc->command[8] : 0;
}

void fdc_scan(struct floppy *fdc)
{
    begin_sectors(fdc, FDC_READ);
    fdc_schedule(fdc, FDC_EVENT_END, START_NS);
}

void fdc_read_id(struct floppy *fdc)
{
    begin(fdc, FDC_READ);
    fdc_schedule(fdc, FDC_EVENT_END, current(fdc)->media ? START_NS : ABSENT_NS);
}

void fdc_format_track(struct floppy *fdc)
{
    begin(fdc, FDC_FORMAT);
    fdc->c = current(fdc)->track;
    fdc->h = fdc->command[1] >> 2 & 1;
    fdc->n = fdc->command[2];
    fdc->eot = fdc->command[3];
    fdc->left = fdc->command[3] ? fdc->command[3] : 1;
    fdc_schedule(fdc, FDC_EVENT_SECTOR, current(fdc)->media ? START_NS : ABSENT_NS);
}

void fdc_end_event(struct floppy *fdc)
{
    enum { READ_ID = 0x0a, OPCODE = 0x1f };
    const struct fdc_drive *drive = current(fdc);
    if ((fdc->command[0] & OPCODE) != READ_ID) {
        fdc_end_data(fdc, ST0_ABNORMAL, 0, ST2_NOT_SATISFIED);
        return;
    }
    fdc->h = fdc->command[1] >> 2 & 1;
    bool formatted = readable(fdc, drive) && fdc->h < drive->geometry.heads &&
                     drive->track < drive->geometry.cylinders;
    if (!formatted) {
        fdc_end_data(fdc, ST0_ABNORMAL, ST1_MISSING_ADDRESS, 0);
        return;
    }
    fdc->id_at = (uint8_t)(fdc->id_at % drive->geometry.sectors + 1);
    fdc->c = drive->track;
    fdc->r = fdc->id_at;
    fdc->n = FDC_SIZE_CODE;
    fdc_end_data(fdc, 0, 0, 0);
}
