/*
 * The two IDE channels of the PIIX3: task files, device control, drive selection, resets, interrupt
 * lines, and the timing of commands.  ATA/ATAPI-6 (T13 1410D) chapters 5 to 9 and the 82371SB
 * sheet.
 *
 * An absent slave answers as the standard asks of a lone master (status 0, the master's other
 * registers); a channel without drives floats: DD7 is pulled low, so reads give 7Fh.
 *
 * Not modelled: the IDETIM decode-enable bits (the ports always answer), cable-select jumpers,
 * overlapped and queued commands.
 */
#include "devices/storage/ide.h"
#include "devices/storage/ata.h"
#include "devices/storage/atapi.h"
#include "devices/storage/ide_drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

STATE_DESC(ide_drive, IDE_DRIVE_STATE);
STATE_DESC(ide_channel, IDE_CHANNEL_STATE);
STATE_DESC(ide, IDE_STATE);

enum {
    COMMAND_NS = 4000,    /* from the command's issue to its work */
    RESET_NS = 20000,     /* SRST, DEVICE RESET and diagnostic */
    NEXT_BLOCK_NS = 1500, /* between two blocks of a PIO transfer to the host */
    WRITTEN_NS = 4000,    /* from the last word of a block to its interrupt */
    PACKET_NS = 15000     /* from the last word of a packet to its first effect */
};

enum task_register {
    REG_DATA,
    REG_ERROR_FEATURE,
    REG_COUNT,
    REG_LBA_LOW,
    REG_LBA_MID,
    REG_LBA_HIGH,
    REG_DEVICE,
    REG_STATUS_COMMAND,
};

enum { FLOATING = 0x7f };

static const struct {
    uint16_t command_base, control_port;
} channel_ports[IDE_CHANNELS] = {{0x1f0, 0x3f6}, {0x170, 0x376}};

bool ide_present(const struct ide_drive *drive)
{
    return drive->kind != IDE_NONE;
}

static struct ide_drive *selected(struct ide_channel *channel)
{
    return &channel->drive[channel->selected & 1];
}

/* ---- interrupts ---- */

static void update_line(struct ide_channel *channel)
{
    const struct ide_drive *drive = selected(channel);
    bool level = ide_present(drive) && drive->intrq && !(channel->control & IDE_CONTROL_NIEN);
    if (level == channel->line) {
        return;
    }
    channel->line = level;
    if (level) {
        channel->bm_status |= BM_STATUS_IRQ;
    }
    irq_set(&channel->ide->wires.irq[channel->number], level);
}

void ide_set_intrq(struct ide_drive *drive, bool level)
{
    drive->intrq = level;
    update_line(drive->channel);
}

/* ---- timing ---- */

void ide_schedule(struct ide_drive *drive, enum ide_event event, uint64_t delay_ns)
{
    struct clock *clock = drive->channel->ide->wires.clock;
    drive->event = (uint8_t)event;
    drive->event_ns = event == IDE_EVENT_NONE ? CLOCK_NEVER : clock_now(clock) + delay_ns;
    clock_arm(&drive->timer, drive->event_ns);
}

void ide_end(struct ide_drive *drive, uint8_t status, uint8_t error)
{
    drive->status = status;
    drive->error = error;
    drive->transfer = IDE_TRANSFER_NONE;
    drive->buffer_at = drive->buffer_end = 0;
    ide_set_intrq(drive, true);
}

void ide_finish(struct ide_drive *drive)
{
    ide_end(drive, IDE_DRDY | IDE_DSC, 0);
}

void ide_fail(struct ide_drive *drive, uint8_t error)
{
    ide_end(drive, IDE_DRDY | IDE_DSC | IDE_ERR, error);
}

void ide_open_phase(struct ide_drive *drive, enum ide_transfer transfer, uint32_t at, uint32_t end,
                    bool interrupt)
{
    drive->transfer = (uint8_t)transfer;
    drive->buffer_at = at;
    drive->buffer_end = end;
    drive->status = IDE_DRDY | IDE_DSC | IDE_DRQ;
    if (interrupt) {
        ide_set_intrq(drive, true);
    }
}

void ide_open_dma(struct ide_drive *drive, enum ide_transfer transfer)
{
    drive->transfer = (uint8_t)transfer;
    drive->status = IDE_BSY | IDE_DRDY | IDE_DSC;
    busmaster_kick(drive);
}

/* ---- resets ---- */

void ide_put_signature(struct ide_drive *drive)
{
    bool packet = drive->kind == IDE_CDROM;
    drive->count[0] = 1;
    drive->lba_low[0] = 1;
    drive->lba_mid[0] = packet ? 0x14 : 0;
    drive->lba_high[0] = packet ? 0xeb : 0;
    drive->select &= IDE_SELECT_UNIT;
}

void ide_reset_drive(struct ide_drive *drive)
{
    ide_schedule(drive, IDE_EVENT_NONE, 0);
    drive->transfer = IDE_TRANSFER_NONE;
    drive->buffer_at = drive->buffer_end = 0;
    drive->intrq = false;
    drive->multiple = 0;
    drive->power = 0xff;
    drive->status = drive->kind == IDE_DISK ? IDE_DRDY | IDE_DSC : 0;
    drive->error = 1; /* diagnostic code: passed */
    ide_put_signature(drive);
    if (drive->kind == IDE_CDROM) {
        atapi_reset(drive);
    } else if (drive->kind == IDE_DISK) {
        ata_reset(drive);
    }
}

void ide_diagnose(struct ide_channel *channel)
{
    channel->selected = 0;
    for (unsigned unit = 0; unit < IDE_UNITS; unit++) {
        struct ide_drive *drive = &channel->drive[unit];
        ide_reset_drive(drive);
        drive->select = 0;
    }
    ide_set_intrq(&channel->drive[0], true);
}

static void begin_software_reset(struct ide_channel *channel)
{
    for (unsigned unit = 0; unit < IDE_UNITS; unit++) {
        struct ide_drive *drive = &channel->drive[unit];
        ide_schedule(drive, IDE_EVENT_NONE, 0);
        drive->transfer = IDE_TRANSFER_NONE;
        drive->intrq = false;
        drive->status = IDE_BSY;
    }
    update_line(channel);
}

static void end_software_reset(struct ide_channel *channel)
{
    channel->selected = 0;
    for (unsigned unit = 0; unit < IDE_UNITS; unit++) {
        struct ide_drive *drive = &channel->drive[unit];
        drive->select = 0;
        ide_schedule(drive, IDE_EVENT_RESET, RESET_NS);
    }
    update_line(channel);
}

/* ---- commands ---- */

static void run_command(struct ide_drive *drive)
{
    log_print(drive->channel->ide->wires.log, LOG_ide, "%u.%u command %02x", drive->channel->number,
              drive->unit, drive->command);
    if (drive->kind == IDE_CDROM) {
        atapi_command(drive);
    } else {
        ata_command(drive);
    }
}

static void transfer_done(struct ide_drive *drive)
{
    switch ((enum ide_transfer)drive->transfer) {
    case IDE_TRANSFER_NONE:
    case IDE_TRANSFER_COUNT:
        break;
    case IDE_TRANSFER_BLOCK_IN:
    case IDE_TRANSFER_SECTORS_IN:
    case IDE_TRANSFER_SECTORS_OUT:
    case IDE_TRANSFER_DMA_IN:
    case IDE_TRANSFER_DMA_OUT:
        ata_transfer_done(drive);
        break;
    case IDE_TRANSFER_PACKET:
    case IDE_TRANSFER_ATAPI_IN:
    case IDE_TRANSFER_ATAPI_OUT:
        atapi_transfer_done(drive);
        break;
    }
}

static void run_dma(struct ide_drive *drive)
{
    if (drive->transfer == IDE_TRANSFER_DMA_IN || drive->transfer == IDE_TRANSFER_DMA_OUT) {
        ata_run_dma(drive);
    } else if (drive->transfer == IDE_TRANSFER_ATAPI_IN ||
               drive->transfer == IDE_TRANSFER_ATAPI_OUT) {
        atapi_run_dma(drive);
    }
}

static void expired(void *owner)
{
    struct ide_drive *drive = owner;
    enum ide_event event = (enum ide_event)drive->event;
    drive->event = IDE_EVENT_NONE;
    drive->event_ns = CLOCK_NEVER;
    switch (event) {
    case IDE_EVENT_NONE:
    case IDE_EVENT_COUNT:
        break;
    case IDE_EVENT_COMMAND:
        run_command(drive);
        break;
    case IDE_EVENT_TRANSFER:
        transfer_done(drive);
        break;
    case IDE_EVENT_DMA:
        run_dma(drive);
        break;
    case IDE_EVENT_RESET:
        ide_reset_drive(drive);
        break;
    case IDE_EVENT_FINISH:
        ide_finish(drive);
        break;
    }
}

static void write_command(struct ide_channel *channel, uint8_t value)
{
    struct ide_drive *drive = selected(channel);
    if (channel->control & IDE_CONTROL_SRST) {
        return;
    }
    if (value == ATA_COMMAND_DIAGNOSTIC && ide_present(&channel->drive[0])) {
        drive = &channel->drive[0];
    }
    if (!ide_present(drive)) {
        return;
    }
    if (value == ATAPI_COMMAND_DEVICE_RESET && drive->kind == IDE_CDROM) {
        ide_schedule(drive, IDE_EVENT_RESET, RESET_NS);
        drive->status = IDE_BSY;
        ide_set_intrq(drive, false);
        return;
    }
    if (drive->status & (IDE_BSY | IDE_DRQ)) {
        log_print(channel->ide->wires.log, LOG_guest, "ide: command %02x while busy", value);
        return;
    }
    drive->command = value;
    drive->status = IDE_BSY | (drive->status & (IDE_DRDY | IDE_DSC));
    drive->error = 0;
    ide_set_intrq(drive, false);
    ide_schedule(drive, IDE_EVENT_COMMAND, COMMAND_NS);
}

/* ---- the task file ---- */

/* The two-deep register behind an offset, or NULL. */
static uint8_t *deep_register(struct ide_drive *drive, unsigned reg)
{
    switch (reg) {
    case REG_ERROR_FEATURE:
        return drive->feature;
    case REG_COUNT:
        return drive->count;
    case REG_LBA_LOW:
        return drive->lba_low;
    case REG_LBA_MID:
        return drive->lba_mid;
    case REG_LBA_HIGH:
        return drive->lba_high;
    default:
        return NULL;
    }
}

static uint8_t read_status(struct ide_channel *channel, bool acknowledge)
{
    struct ide_drive *drive = selected(channel);
    if (!ide_present(drive)) {
        return ide_present(&channel->drive[0]) ? 0 : FLOATING;
    }
    uint8_t status = drive->status;
    if (acknowledge) {
        ide_set_intrq(drive, false);
    }
    return status;
}

static uint8_t task_read(struct ide_channel *channel, unsigned reg)
{
    struct ide_drive *drive = selected(channel);
    if (!ide_present(drive) && !ide_present(&channel->drive[0])) {
        return FLOATING;
    }
    if (reg == REG_STATUS_COMMAND) {
        return read_status(channel, true);
    }
    if (ide_present(drive) && (drive->status & IDE_BSY)) {
        return drive->status; /* reads while BSY give the status (ATA-6 table 17) */
    }
    if (reg == REG_DEVICE) {
        return drive->select | 0xa0;
    }
    if (reg == REG_ERROR_FEATURE) {
        return ide_present(drive) ? drive->error : 0;
    }
    const uint8_t *bytes = deep_register(drive, reg);
    return bytes ? bytes[channel->control & IDE_CONTROL_HOB ? 1 : 0] : 0xff;
}

static void task_write(struct ide_channel *channel, unsigned reg, uint8_t value)
{
    channel->control &= (uint8_t)~IDE_CONTROL_HOB;
    if (reg == REG_STATUS_COMMAND) {
        write_command(channel, value);
        return;
    }
    if (ide_present(selected(channel)) && (selected(channel)->status & IDE_BSY)) {
        return;
    }
    for (unsigned unit = 0; unit < IDE_UNITS; unit++) {
        struct ide_drive *drive = &channel->drive[unit];
        uint8_t *bytes = deep_register(drive, reg);
        if (bytes) {
            bytes[1] = bytes[0];
            bytes[0] = value;
        } else {
            drive->select = value & (IDE_SELECT_LBA | IDE_SELECT_UNIT | 0x0f);
        }
    }
    if (reg == REG_DEVICE) {
        channel->selected = value & IDE_SELECT_UNIT ? 1 : 0;
        update_line(channel);
    }
}

/* ---- the data port ---- */

static bool is_input(const struct ide_drive *drive)
{
    return drive->transfer == IDE_TRANSFER_BLOCK_IN || drive->transfer == IDE_TRANSFER_SECTORS_IN ||
           drive->transfer == IDE_TRANSFER_ATAPI_IN;
}

/* Advances a data phase; at its end the drive goes busy and its owner is asked. */
static void advance(struct ide_drive *drive, unsigned size)
{
    drive->buffer_at += size;
    if (drive->buffer_at < drive->buffer_end) {
        return;
    }
    drive->buffer_at = drive->buffer_end;
    drive->status = IDE_BSY | IDE_DRDY | IDE_DSC;
    if (is_input(drive) && drive->transfer != IDE_TRANSFER_ATAPI_IN && ata_last_block(drive)) {
        drive->status = IDE_DRDY | IDE_DSC; /* ATA data-in commands end with their last word */
        drive->transfer = IDE_TRANSFER_NONE;
        return;
    }
    ide_schedule(drive, IDE_EVENT_TRANSFER,
                 is_input(drive)                          ? NEXT_BLOCK_NS
                 : drive->transfer == IDE_TRANSFER_PACKET ? PACKET_NS
                                                          : WRITTEN_NS);
}

static uint32_t data_read(struct ide_channel *channel, unsigned size)
{
    struct ide_drive *drive = selected(channel);
    if (!ide_present(drive)) {
        return ide_present(&channel->drive[0]) ? 0 : UINT32_MAX;
    }
    if (!(drive->status & IDE_DRQ) || !is_input(drive)) {
        return 0;
    }
    uint32_t value = 0;
    for (unsigned i = 0; i < size && drive->buffer_at + i < drive->buffer_end; i++) {
        value |= (uint32_t)drive->buffer[drive->buffer_at + i] << 8 * i;
    }
    advance(drive, size);
    return value;
}

static void data_write(struct ide_channel *channel, uint32_t value, unsigned size)
{
    struct ide_drive *drive = selected(channel);
    if (!ide_present(drive) || !(drive->status & IDE_DRQ) || is_input(drive)) {
        return;
    }
    for (unsigned i = 0; i < size && drive->buffer_at + i < drive->buffer_end; i++) {
        drive->buffer[drive->buffer_at + i] = (uint8_t)(value >> 8 * i);
    }
    advance(drive, size);
}

/* ---- ports ---- */

/* Offset 0 is the data port at any width; everything else is bytes, ascending. */
static uint32_t command_read(void *dev, uint32_t offset, unsigned size)
{
    if (offset == 0) {
        return data_read(dev, size);
    }
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)task_read(dev, (offset + i) & 7) << 8 * i;
    }
    return value;
}

static void command_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    if (offset == 0) {
        data_write(dev, value, size);
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        task_write(dev, (offset + i) & 7, (uint8_t)(value >> 8 * i));
    }
}

static uint32_t control_read(void *dev, uint32_t offset, unsigned size)
{
    (void)offset, (void)size;
    struct ide_channel *channel = dev;
    return read_status(channel, false);
}

static void control_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)offset, (void)size;
    struct ide_channel *channel = dev;
    uint8_t before = channel->control;
    channel->control = (uint8_t)value;
    if (channel->control & ~before & IDE_CONTROL_SRST) {
        begin_software_reset(channel);
    } else if (before & ~channel->control & IDE_CONTROL_SRST) {
        end_software_reset(channel);
    }
    update_line(channel);
}

static const struct io_ops command_io = {command_read, command_write, 1, 4, 1, 4};
static const struct io_ops control_io = {control_read, control_write, 1, 4, 1, 1};

/* ---- device ---- */

static void reset(void *dev, enum reset_kind kind)
{
    struct ide *ide = dev;
    for (unsigned c = 0; c < IDE_CHANNELS; c++) {
        struct ide_channel *channel = &ide->channel[c];
        for (unsigned unit = 0; unit < IDE_UNITS; unit++) {
            struct ide_drive *drive = &channel->drive[unit];
            if (kind == RESET_POWER) {
                drive->tray_position = false;
            }
            drive->tray_open = drive->tray_position;
            ide_reset_drive(drive);
            drive->select = 0;
        }
        irq_set(&ide->wires.irq[c], false);
    }
}

/* The transfer is one that a drive of this kind can be in. */
static bool transfer_fits(const struct ide_drive *drive)
{
    switch ((enum ide_transfer)drive->transfer) {
    case IDE_TRANSFER_NONE:
        return true;
    case IDE_TRANSFER_BLOCK_IN:
        return ide_present(drive);
    case IDE_TRANSFER_SECTORS_IN:
    case IDE_TRANSFER_SECTORS_OUT:
    case IDE_TRANSFER_DMA_IN:
    case IDE_TRANSFER_DMA_OUT:
        return drive->kind == IDE_DISK;
    case IDE_TRANSFER_PACKET:
    case IDE_TRANSFER_ATAPI_IN:
    case IDE_TRANSFER_ATAPI_OUT:
        return drive->kind == IDE_CDROM;
    case IDE_TRANSFER_COUNT:
        break;
    }
    return false;
}

/* Puts numbers from a snapshot back inside the ranges the code relies on. */
static void sanitise(struct ide_drive *drive)
{
    if (drive->event >= IDE_EVENT_COUNT) {
        drive->event = IDE_EVENT_NONE;
    }
    if (!transfer_fits(drive)) {
        drive->transfer = IDE_TRANSFER_NONE;
    }
    if (drive->buffer_filled > IDE_BUFFER_BYTES) {
        drive->buffer_filled = IDE_BUFFER_BYTES;
    }
    if (drive->buffer_end > IDE_BUFFER_BYTES) {
        drive->buffer_end = IDE_BUFFER_BYTES;
    }
    if (drive->buffer_at > drive->buffer_end) {
        drive->buffer_at = drive->buffer_end;
    }
    if (drive->block < 1 || drive->block > IDE_MAX_MULTIPLE) {
        drive->block = 1;
    }
    if (drive->multiple > IDE_MAX_MULTIPLE) {
        drive->multiple = 0;
    }
    drive->sector_bytes = drive->sector_bytes == CD_RAW_BYTES ? CD_RAW_BYTES : CD_SECTOR_BYTES;
    drive->limit = drive->limit < 2 ? 2 : drive->limit & 0xfffe;
}

static void loaded(void *dev)
{
    struct ide *ide = dev;
    for (unsigned c = 0; c < IDE_CHANNELS; c++) {
        for (unsigned unit = 0; unit < IDE_UNITS; unit++) {
            struct ide_drive *drive = &ide->channel[c].drive[unit];
            sanitise(drive);
            drive->tray_position = drive->tray_open;
            clock_arm(&drive->timer,
                      drive->event == IDE_EVENT_NONE ? CLOCK_NEVER : drive->event_ns);
        }
        irq_set(&ide->wires.irq[c], ide->channel[c].line);
    }
}

static void destroy(void *dev)
{
    free(dev);
}

static const struct device_ops ide_ops = {"piix3-ide", &ide_state, reset, loaded, destroy};

struct device ide_device(struct ide *ide)
{
    return (struct device){&ide_ops, ide, "ide"};
}

static void add_pci_function(struct ide *ide)
{
    struct pci_function_config config = {
        .device = 1,
        .function = 1,
        .vendor_id = 0x8086,
        .device_id = 0x7010,
        .prog_if = 0x80, /* bus master capable, both channels in compatibility mode */
        .subclass = 0x01,
        .class_code = 0x01,
        .bars[4] = {.size = 16, .io = true, .ops = &busmaster_io},
    };
    ide->function = pci_add(ide->wires.pci, &config, ide);
    uint8_t *mask = pci_write_mask(ide->function);
    memset(mask + 0x40, 0xff, 4); /* IDETIM of both channels */
    mask[0x44] = 0xff;            /* SIDETIM */
}

struct ide *ide_create(const struct ide_wires *wires)
{
    struct ide *ide = calloc(1, sizeof(*ide));
    if (!ide) {
        abort();
    }
    ide->wires = *wires;
    for (unsigned c = 0; c < IDE_CHANNELS; c++) {
        struct ide_channel *channel = &ide->channel[c];
        channel->ide = ide;
        channel->number = c;
        for (unsigned unit = 0; unit < IDE_UNITS; unit++) {
            struct ide_drive *drive = &channel->drive[unit];
            drive->channel = channel;
            drive->unit = unit;
            clock_timer_init(wires->clock, &drive->timer, expired, drive);
        }
        bus_map(wires->io, channel, channel_ports[c].command_base, 8, &command_io);
        bus_map(wires->io, channel, channel_ports[c].control_port, 1, &control_io);
    }
    if (wires->pci) {
        add_pci_function(ide);
    }
    return ide;
}

static struct block_geometry geometry_by_size(uint64_t sectors)
{
    uint64_t cylinders = sectors / (UINT64_C(16) * 63);
    if (cylinders < 2) {
        cylinders = 2;
    }
    return (struct block_geometry){
        .cylinders = (uint16_t)(cylinders > 16383 ? 16383 : cylinders), .heads = 16, .sectors = 63};
}

void ide_attach(struct ide *ide, unsigned channel, unsigned unit, const struct block_media *media,
                enum ide_kind kind, const struct block_geometry *geometry, const char *model)
{
    static const char *const default_model[] = {
        [IDE_NONE] = "", [IDE_DISK] = "VESTIGE HARDDISK", [IDE_CDROM] = "VESTIGE CD-ROM"};
    struct ide_drive *drive = &ide->channel[channel & 1].drive[unit & 1];
    drive->kind = kind == IDE_DISK && !media ? IDE_NONE : kind;
    drive->media = media;
    bool usable = geometry && geometry->heads >= 1 && geometry->heads <= 16 &&
                  geometry->sectors >= 1 && geometry->sectors <= 63 && geometry->cylinders >= 1;
    if (usable) {
        drive->geometry = *geometry;
    } else if (kind == IDE_DISK && media) {
        drive->geometry = geometry_by_size(media->sectors);
    }
    snprintf(drive->model, sizeof(drive->model), "%s", model ? model : default_model[kind]);
    snprintf(drive->serial, sizeof(drive->serial), "VS%05u", channel * IDE_UNITS + unit + 1);
}

bool ide_change_media(struct ide *ide, unsigned channel, unsigned unit,
                      const struct block_media *media, bool force)
{
    struct ide_drive *drive = &ide->channel[channel & 1].drive[unit & 1];
    return drive->kind == IDE_CDROM && atapi_change_media(drive, media, force);
}

enum ide_kind ide_drive_kind(const struct ide *ide, unsigned channel, unsigned unit)
{
    return ide->channel[channel & 1].drive[unit & 1].kind;
}

bool ide_tray_open(const struct ide *ide, unsigned channel, unsigned unit)
{
    return ide->channel[channel & 1].drive[unit & 1].tray_open;
}
