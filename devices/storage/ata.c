/*
 * Hard disk commands: ATA/ATAPI-6 chapter 8, plus the CHS commands that older systems use.
 *
 * Every command is one row of the table; opcodes without a row abort.  Sector addresses are CHS by
 * the current translation, 28-bit or 48-bit; a range beyond the medium ends with IDNF, a host read
 * or write error with UNC (reads) or a device fault (writes).
 *
 * Not modelled: SMART, security, host protected area (SET MAX), queued commands, STANDBY timers
 * (accepted and ignored): all but the last abort.
 */
#include "devices/storage/ata.h"

#include <string.h>

enum { SEEK_NS = 30000, FLUSH_NS = 50000 };

struct ata_command {
    void (*run)(struct ide_drive *drive);
    uint8_t flags;
};

enum { WIDE = 1, WRITES = 2, MULTIPLE = 4, DMA = 8, READS = 16 };

/* ---- addresses ---- */

/* The first sector the registers name; false when they name none. */
static bool decode_lba(const struct ide_drive *drive, uint64_t *lba)
{
    uint64_t low =
        drive->lba_low[0] | (uint64_t)drive->lba_mid[0] << 8 | (uint64_t)drive->lba_high[0] << 16;
    if (drive->address48) {
        *lba = low | (uint64_t)drive->lba_low[1] << 24 | (uint64_t)drive->lba_mid[1] << 32 |
               (uint64_t)drive->lba_high[1] << 40;
        return true;
    }
    unsigned head = drive->select & 0x0f;
    if (drive->select & IDE_SELECT_LBA) {
        *lba = low | (uint64_t)head << 24;
        return true;
    }
    unsigned cylinder = drive->lba_mid[0] | (unsigned)drive->lba_high[0] << 8;
    unsigned sector = drive->lba_low[0];
    if (head >= drive->heads || sector < 1 || sector > drive->sectors) {
        return false;
    }
    *lba = ((uint64_t)cylinder * drive->heads + head) * drive->sectors + sector - 1;
    return true;
}

/* Writes a sector address back in the form the command used. */
static void encode_lba(struct ide_drive *drive, uint64_t lba)
{
    if (!drive->address48 && !(drive->select & IDE_SELECT_LBA)) {
        if (drive->heads == 0 || drive->sectors == 0) {
            return;
        }
        uint64_t track = lba / drive->sectors;
        uint64_t cylinder = track / drive->heads;
        drive->lba_low[0] = (uint8_t)(lba % drive->sectors + 1);
        drive->lba_mid[0] = (uint8_t)cylinder;
        drive->lba_high[0] = (uint8_t)(cylinder >> 8);
        drive->select = (uint8_t)((drive->select & 0xf0) | (track % drive->heads & 0x0f));
        return;
    }
    drive->lba_low[0] = (uint8_t)lba;
    drive->lba_mid[0] = (uint8_t)(lba >> 8);
    drive->lba_high[0] = (uint8_t)(lba >> 16);
    if (drive->address48) {
        drive->lba_low[1] = (uint8_t)(lba >> 24);
        drive->lba_mid[1] = (uint8_t)(lba >> 32);
        drive->lba_high[1] = (uint8_t)(lba >> 40);
    } else {
        drive->select = (uint8_t)((drive->select & 0xf0) | (lba >> 24 & 0x0f));
    }
}

static uint32_t decode_count(const struct ide_drive *drive)
{
    if (!drive->address48) {
        return drive->count[0] ? drive->count[0] : 256;
    }
    uint32_t count = drive->count[0] | (uint32_t)drive->count[1] << 8;
    return count ? count : 65536;
}

/* Takes address and count from the registers; on a bad range ends the command with IDNF. */
static bool begin_range(struct ide_drive *drive)
{
    uint32_t count = decode_count(drive);
    uint64_t sectors = drive->media->sectors;
    if (!decode_lba(drive, &drive->lba) || drive->lba >= sectors || count > sectors - drive->lba) {
        ide_fail(drive, IDE_ERROR_IDNF);
        return false;
    }
    drive->remaining = count;
    return true;
}

/* Host trouble: the failing sector stays in the registers. */
static void medium_error(struct ide_drive *drive, bool writing)
{
    encode_lba(drive, drive->lba);
    if (writing) {
        ide_end(drive, IDE_DRDY | IDE_DF | IDE_ERR, IDE_ERROR_ABRT);
    } else {
        ide_fail(drive, IDE_ERROR_UNC);
    }
}

static void range_done(struct ide_drive *drive)
{
    encode_lba(drive, drive->lba - 1);
    drive->count[0] = drive->count[1] = 0;
}

static uint32_t block_now(const struct ide_drive *drive)
{
    return drive->remaining < drive->block ? drive->remaining : drive->block;
}

/* Moves count sectors between buffer and medium and steps the transfer. */
static bool media_read(struct ide_drive *drive, uint32_t count)
{
    if (!drive->media->read(drive->media->media, drive->lba, count, drive->buffer)) {
        return false;
    }
    drive->lba += count;
    drive->remaining -= count;
    return true;
}

static bool media_write(struct ide_drive *drive, uint32_t count)
{
    if (!drive->media->write(drive->media->media, drive->lba, count, drive->buffer)) {
        return false;
    }
    drive->lba += count;
    drive->remaining -= count;
    return true;
}

/* ---- PIO ---- */

static void next_read_block(struct ide_drive *drive)
{
    uint32_t count = block_now(drive);
    if (!media_read(drive, count)) {
        medium_error(drive, false);
        return;
    }
    if (drive->remaining == 0) {
        range_done(drive);
    }
    ide_open_phase(drive, IDE_TRANSFER_SECTORS_IN, 0, count * IDE_SECTOR_BYTES, true);
}

static void open_write_block(struct ide_drive *drive, bool interrupt)
{
    ide_open_phase(drive, IDE_TRANSFER_SECTORS_OUT, 0, block_now(drive) * IDE_SECTOR_BYTES,
                   interrupt);
}

static void write_block_received(struct ide_drive *drive)
{
    if (drive->remaining == 0 || !media_write(drive, block_now(drive))) {
        medium_error(drive, true);
    } else if (drive->remaining == 0) {
        range_done(drive);
        ide_finish(drive);
    } else {
        open_write_block(drive, true);
    }
}

bool ata_last_block(const struct ide_drive *drive)
{
    return drive->transfer == IDE_TRANSFER_BLOCK_IN || drive->remaining == 0;
}

void ata_transfer_done(struct ide_drive *drive)
{
    if (!drive->media) {
        ide_fail(drive, IDE_ERROR_ABRT);
    } else if (drive->transfer == IDE_TRANSFER_SECTORS_IN) {
        next_read_block(drive);
    } else if (drive->transfer == IDE_TRANSFER_SECTORS_OUT) {
        write_block_received(drive);
    }
}

static void read_sectors(struct ide_drive *drive)
{
    if (begin_range(drive)) {
        next_read_block(drive);
    }
}

static void write_sectors(struct ide_drive *drive)
{
    if (begin_range(drive)) {
        open_write_block(drive, false);
    }
}

/* ---- DMA ---- */

static void read_dma(struct ide_drive *drive)
{
    if (begin_range(drive)) {
        ide_open_dma(drive, IDE_TRANSFER_DMA_IN);
    }
}

static void write_dma(struct ide_drive *drive)
{
    if (begin_range(drive)) {
        ide_open_dma(drive, IDE_TRANSFER_DMA_OUT);
    }
}

void ata_run_dma(struct ide_drive *drive)
{
    struct ide_channel *channel = drive->channel;
    bool in = drive->transfer == IDE_TRANSFER_DMA_IN;
    busmaster_begin(channel);
    while (drive->remaining > 0) {
        uint32_t most = IDE_BUFFER_BYTES / IDE_SECTOR_BYTES;
        uint32_t count = drive->remaining < most ? drive->remaining : most;
        size_t bytes = (size_t)count * IDE_SECTOR_BYTES;
        if (in && !media_read(drive, count)) {
            medium_error(drive, false);
            return;
        }
        size_t moved = busmaster_move(channel, drive->buffer, bytes, in);
        if (!in && moved / IDE_SECTOR_BYTES > 0 &&
            !media_write(drive, (uint32_t)(moved / IDE_SECTOR_BYTES))) {
            medium_error(drive, true);
            return;
        }
        if (moved < bytes) {
            /* The table was too short: the drive keeps waiting, as the interface says. */
            busmaster_end(channel);
            drive->transfer = IDE_TRANSFER_NONE;
            return;
        }
    }
    busmaster_end(channel);
    range_done(drive);
    ide_finish(drive);
}

/* ---- the rest ---- */

static void nop(struct ide_drive *drive)
{
    ide_fail(drive, IDE_ERROR_ABRT);
}

static void diagnostic(struct ide_drive *drive)
{
    ide_diagnose(drive->channel);
}

static void identify(struct ide_drive *drive)
{
    ata_identify(drive, drive->buffer);
    drive->remaining = 0;
    ide_open_phase(drive, IDE_TRANSFER_BLOCK_IN, 0, IDE_SECTOR_BYTES, true);
}

static void verify(struct ide_drive *drive)
{
    if (!begin_range(drive)) {
        return;
    }
    while (drive->remaining > 0) {
        uint32_t most = IDE_BUFFER_BYTES / IDE_SECTOR_BYTES;
        if (!media_read(drive, drive->remaining < most ? drive->remaining : most)) {
            medium_error(drive, false);
            return;
        }
    }
    range_done(drive);
    ide_schedule(drive, IDE_EVENT_FINISH, SEEK_NS);
}

static void seek(struct ide_drive *drive)
{
    uint64_t lba;
    if (!decode_lba(drive, &lba) || lba >= drive->media->sectors) {
        ide_fail(drive, IDE_ERROR_IDNF);
        return;
    }
    ide_schedule(drive, IDE_EVENT_FINISH, SEEK_NS);
}

static void recalibrate(struct ide_drive *drive)
{
    drive->lba_mid[0] = drive->lba_high[0] = 0;
    ide_schedule(drive, IDE_EVENT_FINISH, SEEK_NS);
}

static void initialize_parameters(struct ide_drive *drive)
{
    unsigned heads = (drive->select & 0x0fu) + 1;
    unsigned sectors = drive->count[0];
    if (sectors == 0) {
        ide_fail(drive, IDE_ERROR_ABRT);
        return;
    }
    uint64_t cylinders = drive->media->sectors / ((uint64_t)heads * sectors);
    drive->heads = (uint8_t)heads;
    drive->sectors = (uint8_t)sectors;
    drive->cylinders = (uint16_t)(cylinders > 65535 ? 65535 : cylinders);
    ide_finish(drive);
}

static void set_multiple(struct ide_drive *drive)
{
    uint8_t count = drive->count[0];
    if (count > IDE_MAX_MULTIPLE || (count & (count - 1u))) {
        drive->multiple = 0;
        ide_fail(drive, IDE_ERROR_ABRT);
        return;
    }
    drive->multiple = count;
    ide_finish(drive);
}

static void flush(struct ide_drive *drive)
{
    if (drive->media->flush && !drive->media->flush(drive->media->media)) {
        medium_error(drive, true);
        return;
    }
    ide_schedule(drive, IDE_EVENT_FINISH, FLUSH_NS);
}

static void standby(struct ide_drive *drive)
{
    drive->power = 0x00;
    ide_finish(drive);
}

static void idle(struct ide_drive *drive)
{
    drive->power = 0xff;
    ide_finish(drive);
}

static void check_power(struct ide_drive *drive)
{
    drive->count[0] = drive->power;
    ide_finish(drive);
}

static void read_native_max(struct ide_drive *drive)
{
    uint64_t last = drive->media->sectors ? drive->media->sectors - 1 : 0;
    if (!drive->address48) {
        drive->select |= IDE_SELECT_LBA;
        last = last > 0x0fffffff ? 0x0fffffff : last;
    }
    encode_lba(drive, last);
    ide_finish(drive);
}

/* Subcommand 03h: transfer mode in the count register. */
static bool set_transfer_mode(struct ide_drive *drive)
{
    unsigned mode = drive->count[0] & 7;
    switch (drive->count[0] >> 3) {
    case 0: /* PIO default */
    case 1: /* PIO flow control */
        return mode <= 4;
    case 4:
        if (mode > 2) {
            return false;
        }
        drive->mdma_mode = (uint8_t)(1u << mode);
        drive->udma_mode = 0;
        return true;
    case 8:
        if (mode > 2) {
            return false;
        }
        drive->udma_mode = (uint8_t)(1u << mode);
        drive->mdma_mode = 0;
        return true;
    default:
        return false;
    }
}

void ata_set_features(struct ide_drive *drive)
{
    bool known = true;
    switch (drive->feature[0]) {
    case 0x02:
    case 0x82:
        drive->write_cache = drive->feature[0] == 0x02;
        break;
    case 0x55:
    case 0xaa:
        drive->look_ahead = drive->feature[0] == 0xaa;
        break;
    case 0x03:
        known = set_transfer_mode(drive);
        break;
    case 0x05: /* advanced power management, acoustic management, reverting to defaults: accepted */
    case 0x42:
    case 0x66:
    case 0x85:
    case 0xc2:
    case 0xcc:
        break;
    default:
        known = false;
        break;
    }
    if (known) {
        ide_finish(drive);
    } else {
        ide_fail(drive, IDE_ERROR_ABRT);
    }
}

/* clang-format off */
static const struct ata_command commands[256] = {
    [ATA_COMMAND_NOP]          = {nop, 0},
    [0x10]                     = {recalibrate, 0},
    [0x20]                     = {read_sectors, READS},
    [0x21]                     = {read_sectors, READS},
    [0x24]                     = {read_sectors, READS | WIDE},
    [0x25]                     = {read_dma, READS | WIDE | DMA},
    [0x27]                     = {read_native_max, WIDE},
    [0x29]                     = {read_sectors, READS | WIDE | MULTIPLE},
    [0x30]                     = {write_sectors, WRITES},
    [0x31]                     = {write_sectors, WRITES},
    [0x34]                     = {write_sectors, WRITES | WIDE},
    [0x35]                     = {write_dma, WRITES | WIDE | DMA},
    [0x39]                     = {write_sectors, WRITES | WIDE | MULTIPLE},
    [0x3c]                     = {write_sectors, WRITES},
    [0x3d]                     = {write_dma, WRITES | WIDE | DMA},
    [0x40]                     = {verify, READS},
    [0x41]                     = {verify, READS},
    [0x42]                     = {verify, READS | WIDE},
    [0x70]                     = {seek, 0},
    [ATA_COMMAND_DIAGNOSTIC]   = {diagnostic, 0},
    [0x91]                     = {initialize_parameters, 0},
    [0x94]                     = {standby, 0},
    [0x95]                     = {idle, 0},
    [0x96]                     = {standby, 0},
    [0x97]                     = {idle, 0},
    [0x98]                     = {check_power, 0},
    [0x99]                     = {standby, 0},
    [0xc4]                     = {read_sectors, READS | MULTIPLE},
    [0xc5]                     = {write_sectors, WRITES | MULTIPLE},
    [0xc6]                     = {set_multiple, 0},
    [0xc8]                     = {read_dma, READS | DMA},
    [0xc9]                     = {read_dma, READS | DMA},
    [0xca]                     = {write_dma, WRITES | DMA},
    [0xcb]                     = {write_dma, WRITES | DMA},
    [0xe0]                     = {standby, 0},
    [0xe1]                     = {idle, 0},
    [0xe2]                     = {standby, 0},
    [0xe3]                     = {idle, 0},
    [0xe5]                     = {check_power, 0},
    [0xe6]                     = {standby, 0},
    [0xe7]                     = {flush, 0},
    [0xea]                     = {flush, WIDE},
    [0xec]                     = {identify, 0},
    [ATA_COMMAND_SET_FEATURES] = {ata_set_features, 0},
    [0xf8]                     = {read_native_max, 0},
};
/* clang-format on */

/* A command on sectors that take longer begins later; true: it does. */
static bool waits(struct ide_drive *drive, const struct ata_command *command)
{
    const struct block_media *media = drive->media;
    uint64_t lba;
    bool moves = command->flags & (READS | WRITES);
    if (drive->delayed || !moves || !media->delay_ns || !decode_lba(drive, &lba)) {
        drive->delayed = false;
        return false;
    }
    uint64_t delay = media->delay_ns(media->media, lba, decode_count(drive));
    if (delay) {
        drive->delayed = true;
        ide_schedule(drive, IDE_EVENT_COMMAND, delay);
    }
    return delay != 0;
}

void ata_command(struct ide_drive *drive)
{
    uint8_t opcode = drive->command;
    if (opcode >= 0x11 && opcode <= 0x1f) {
        opcode = 0x10; /* RECALIBRATE and SEEK took a step rate in the low digit */
    } else if (opcode >= 0x71 && opcode <= 0x7f) {
        opcode = 0x70;
    }
    const struct ata_command *command = &commands[opcode];
    bool multiple_off = (command->flags & MULTIPLE) && drive->multiple == 0;
    bool read_only = (command->flags & WRITES) && drive->media && drive->media->read_only;
    if (!command->run || !drive->media || multiple_off || read_only) {
        log_print(drive->channel->ide->wires.log, LOG_ide, "%u.%u command %02x aborted",
                  drive->channel->number, drive->unit, drive->command);
        ide_fail(drive, IDE_ERROR_ABRT);
        return;
    }
    drive->address48 = command->flags & WIDE;
    drive->dma = command->flags & DMA;
    drive->block = command->flags & MULTIPLE ? drive->multiple : 1;
    if (!waits(drive, command)) {
        command->run(drive);
    }
}

void ata_reset(struct ide_drive *drive)
{
    drive->cylinders = drive->geometry.cylinders;
    drive->heads = drive->geometry.heads;
    drive->sectors = drive->geometry.sectors;
}
