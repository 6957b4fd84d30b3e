/*
 * Floppy disk controller, Intel 82077AA (data sheet 290166): registers, phases, the commands that
 * move no data, resets, seeks and the drives' disks.
 *
 * A command's bytes arrive in the FIFO, the row of its opcode says how many; it then answers at
 * once or from the timer.  Seeks run beside other work, one timer a drive.  Reads and writes seek
 * by themselves whether or not CONFIGURE's EIS bit asks for it: firmware for emulated machines
 * relies on it, and drivers that seek first do not notice.
 *
 * Not modelled: SRA and SRB (PS/2 modes; they read as ones), FM encoding, head load and real step
 * times (delays are short), FIFO thresholds, POLL (a
 * reset always reports four drives), motor spin-up, the double stepping of 40-track disks.
 * PART ID belongs to the 82078 and is answered as an invalid command, as this chip does.
 */
#include "devices/storage/floppy.h"
#include "devices/storage/floppy_chip.h"

#include <stdlib.h>
#include <string.h>

STATE_DESC(fdc_drive, FDC_DRIVE_STATE);
STATE_DESC(floppy, FLOPPY_STATE);

enum { PORT_BASE = 0x3f0, PORT_DIR_CCR = 0x3f7 };
enum fdc_register { REG_SRA, REG_SRB, REG_DOR, REG_TDR, REG_MSR_DSR, REG_FIFO };
enum { DOR_RUN = 0x04 };
enum { DSR_RESET = 0x80 };
enum { MSR_RQM = 0x80, MSR_DIO = 0x40, MSR_NON_DMA = 0x20, MSR_BUSY = 0x10 };
enum { HEAD_LOAD_NON_DMA = 0x01 };
enum { CONFIG_RESET = 0x20 };
enum { DIR_CHANGED = 0x80 };

enum { RESET_NS = 30000, SETTLE_NS = 300000, STEP_NS = 150000, MOST_STEPS = 80, LAST_TRACK = 85 };

/* ---- disk formats ---- */

struct floppy_format {
    struct block_geometry geometry;
    uint8_t rates; /* bit n: data rate code n works */
    enum floppy_type type;
};

/* By ascending capacity. */
static const struct floppy_format formats[] = {
    {{40, 1, 8}, 0x06, FLOPPY_360K},   /* 160K */
    {{40, 1, 9}, 0x06, FLOPPY_360K},   /* 180K */
    {{40, 2, 8}, 0x06, FLOPPY_360K},   /* 320K */
    {{40, 2, 9}, 0x06, FLOPPY_360K},   /* 360K */
    {{80, 2, 9}, 0x04, FLOPPY_720K},   /* 720K */
    {{80, 2, 15}, 0x01, FLOPPY_1200K}, /* 1.2M */
    {{80, 2, 18}, 0x01, FLOPPY_1440K}, /* 1.44M */
    {{82, 2, 18}, 0x01, FLOPPY_1440K}, /* 1.476M */
    {{80, 2, 20}, 0x01, FLOPPY_1440K}, /* 1.6M */
    {{80, 2, 21}, 0x01, FLOPPY_1440K}, /* 1.68M, Distribution Media Format */
    {{82, 2, 21}, 0x01, FLOPPY_1440K}, /* 1.722M */
    {{80, 2, 36}, 0x08, FLOPPY_2880K}, /* 2.88M */
};

static const struct floppy_format *find_format(uint64_t sectors)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        const struct block_geometry *geometry = &formats[i].geometry;
        if (sectors <= (uint64_t)geometry->cylinders * geometry->heads * geometry->sectors) {
            return &formats[i];
        }
    }
    return NULL;
}

enum floppy_type floppy_type_for(uint64_t sectors)
{
    const struct floppy_format *format = find_format(sectors);
    return format ? format->type : FLOPPY_NONE;
}

bool floppy_geometry_for(uint64_t sectors, struct block_geometry *geometry)
{
    const struct floppy_format *format = find_format(sectors);
    if (format) {
        *geometry = format->geometry;
    }
    return format;
}

/* ---- interrupt and timing ---- */

void fdc_set_irq(struct floppy *fdc, bool level)
{
    if (fdc->irq != level) {
        fdc->irq = level;
        irq_set(&fdc->wires.irq, level);
    }
}

void fdc_schedule(struct floppy *fdc, enum fdc_event event, uint64_t delay_ns)
{
    fdc->event = (uint8_t)event;
    fdc->event_ns = event == FDC_EVENT_NONE ? CLOCK_NEVER : clock_now(fdc->wires.clock) + delay_ns;
    clock_arm(&fdc->timer, fdc->event_ns);
}

/* ---- results ---- */

void fdc_results(struct floppy *fdc, unsigned count, bool interrupt)
{
    fdc->phase = FDC_RESULT;
    fdc->pio = false;
    fdc->result_at = 0;
    fdc->result_end = (uint8_t)count;
    if (interrupt) {
        fdc_set_irq(fdc, true);
    }
}

static void result_byte(struct floppy *fdc, uint8_t value)
{
    fdc->result[0] = value;
    fdc_results(fdc, 1, false);
}

void fdc_end_data(struct floppy *fdc, uint8_t st0, uint8_t st1, uint8_t st2)
{
    fdc->result[0] = (uint8_t)(st0 | (fdc->h & 1) << 2 | fdc->unit);
    fdc->result[1] = st1;
    fdc->result[2] = st2;
    fdc->result[3] = fdc->c;
    fdc->result[4] = fdc->h;
    fdc->result[5] = fdc->r;
    fdc->result[6] = fdc->n;
    if (st0 & 0xc0) {
        log_print(fdc->wires.log, LOG_floppy, "command %02x ends %02x %02x %02x at %u/%u/%u",
                  fdc->command[0], st0, st1, st2, fdc->c, fdc->h, fdc->r);
    }
    fdc_results(fdc, 7, true);
}

/* ---- seeks ---- */

uint64_t fdc_move_heads(struct fdc_drive *drive, unsigned track)
{
    unsigned to = track > LAST_TRACK ? LAST_TRACK : track;
    unsigned steps = to > drive->track ? to - drive->track : drive->track - to;
    if (steps && drive->media) {
        drive->changed = false;
    }
    drive->track = (uint8_t)to;
    return steps ? SETTLE_NS + steps * (uint64_t)STEP_NS : 0;
}

static void seek_expired(void *owner)
{
    struct fdc_drive *drive = owner;
    drive->seek_ns = CLOCK_NEVER;
    drive->sense = true;
    drive->floppy->reset_sense = 0;
    fdc_set_irq(drive->floppy, true);
}

static void start_seek(struct floppy *fdc, unsigned track, uint8_t st0)
{
    unsigned unit = fdc->command[1] & 3;
    struct fdc_drive *drive = &fdc->drive[unit];
    uint64_t time = SETTLE_NS;
    if (drive->type != FLOPPY_NONE) {
        time += fdc_move_heads(drive, track);
    }
    drive->target = (uint8_t)track;
    drive->seek_st0 = (uint8_t)(st0 | unit);
    drive->sense = false;
    drive->seek_ns = clock_now(fdc->wires.clock) + time;
    clock_arm(&drive->timer, drive->seek_ns);
    fdc->phase = FDC_IDLE;
}

static void seek(struct floppy *fdc)
{
    start_seek(fdc, fdc->command[2], (uint8_t)(ST0_SEEK_END | (fdc->command[1] & 4)));
}

static void recalibrate(struct floppy *fdc)
{
    const struct fdc_drive *drive = &fdc->drive[fdc->command[1] & 3];
    bool found = drive->type != FLOPPY_NONE && drive->track <= MOST_STEPS;
    unsigned left = found || drive->track <= MOST_STEPS ? 0 : (unsigned)drive->track - MOST_STEPS;
    start_seek(fdc, left, found ? ST0_SEEK_END : ST0_ABNORMAL | ST0_SEEK_END | ST0_EQUIPMENT);
}

static void relative_seek(struct floppy *fdc)
{
    const struct fdc_drive *drive = &fdc->drive[fdc->command[1] & 3];
    unsigned steps = fdc->command[2];
    unsigned down = drive->track > steps ? (unsigned)drive->track - steps : 0;
    unsigned to = fdc->command[0] & 0x40 ? drive->track + steps : down;
    start_seek(fdc, to, (uint8_t)(ST0_SEEK_END | (fdc->command[1] & 4)));
}

static void sense_interrupt(struct floppy *fdc)
{
    fdc_set_irq(fdc, false);
    if (fdc->reset_sense) {
        unsigned unit = FDC_UNITS - fdc->reset_sense;
        fdc->reset_sense--;
        fdc->result[0] = (uint8_t)(ST0_READY_CHANGED | unit);
        fdc->result[1] = fdc->drive[unit].track;
        fdc_results(fdc, 2, false);
        return;
    }
    struct fdc_drive *found = NULL;
    for (unsigned unit = 0; unit < FDC_UNITS; unit++) {
        struct fdc_drive *drive = &fdc->drive[unit];
        if (!drive->sense) {
            continue;
        }
        if (found) {
            fdc_set_irq(fdc, true); /* another seek waits to be reported */
            break;
        }
        found = drive;
    }
    if (!found) {
        result_byte(fdc, ST0_INVALID);
        return;
    }
    found->sense = false;
    fdc->result[0] = found->seek_st0;
    fdc->result[1] = found->track;
    fdc_results(fdc, 2, false);
}

/* ---- short commands ---- */

static void sense_drive(struct floppy *fdc)
{
    enum { WRITE_PROTECTED = 0x40, READY = 0x20, TRACK_0 = 0x10, TWO_SIDED = 0x08 };
    const struct fdc_drive *drive = &fdc->drive[fdc->command[1] & 3];
    unsigned value = READY | TWO_SIDED | (fdc->command[1] & 7u);
    if (drive->type != FLOPPY_NONE && drive->track == 0) {
        value |= TRACK_0;
    }
    if (drive->media && drive->media->read_only) {
        value |= WRITE_PROTECTED;
    }
    result_byte(fdc, (uint8_t)value);
}

static void specify(struct floppy *fdc)
{
    fdc->step_rate = fdc->command[1];
    fdc->head_load = fdc->command[2];
    fdc->phase = FDC_IDLE;
}

static void configure(struct floppy *fdc)
{
    fdc->config = fdc->command[2] & 0x7f;
    fdc->precomp = fdc->command[3];
    fdc->phase = FDC_IDLE;
}

static void version(struct floppy *fdc)
{
    result_byte(fdc, 0x90);
}

static void invalid(struct floppy *fdc)
{
    log_print(fdc->wires.log, LOG_guest, "floppy: invalid command %02x", fdc->command[0]);
    result_byte(fdc, ST0_INVALID);
}

static void lock(struct floppy *fdc)
{
    fdc->lock = fdc->command[0] & 0x80;
    result_byte(fdc, fdc->lock ? 0x10 : 0);
}

static void perpendicular(struct floppy *fdc)
{
    uint8_t value = fdc->command[1];
    if (value & 0x80) {
        fdc->perpendicular = value & 0x3f;
    } else {
        fdc->perpendicular = (uint8_t)((fdc->perpendicular & 0x3c) | (value & 3));
    }
    fdc->phase = FDC_IDLE;
}

static void dump_registers(struct floppy *fdc)
{
    for (unsigned unit = 0; unit < FDC_UNITS; unit++) {
        fdc->result[unit] = fdc->drive[unit].track;
    }
    fdc->result[4] = fdc->step_rate;
    fdc->result[5] = fdc->head_load;
    fdc->result[6] = fdc->eot;
    fdc->result[7] = (uint8_t)((fdc->lock ? 0x80 : 0) | fdc->perpendicular);
    fdc->result[8] = fdc->config;
    fdc->result[9] = fdc->precomp;
    fdc_results(fdc, 10, false);
}

/* ---- the command table ---- */

struct fdc_command {
    uint8_t value, mask; /* opcode matches when (opcode & mask) == value */
    uint8_t parameters;  /* bytes after the opcode */
    void (*run)(struct floppy *fdc);
};

static const struct fdc_command commands[] = {
    {0x06, 0x1f, 8, fdc_read_data},    /* MT MFM SK */
    {0x0c, 0x1f, 8, fdc_read_deleted}, /* MT MFM SK */
    {0x05, 0x3f, 8, fdc_write_data},   /* MT MFM */
    {0x09, 0x3f, 8, fdc_write_data},   /* MT MFM: WRITE DELETED DATA */
    {0x02, 0x9f, 8, fdc_read_track},   /* MFM SK */
    {0x16, 0x1f, 8, fdc_verify},       /* MT MFM SK */
    {0x11, 0x1f, 8, fdc_scan},         /* SCAN EQUAL */
    {0x19, 0x1f, 8, fdc_scan},         /* SCAN LOW OR EQUAL */
    {0x1d, 0x1f, 8, fdc_scan},         /* SCAN HIGH OR EQUAL */
    {0x0a, 0xbf, 1, fdc_read_id},      /* MFM */
    {0x0d, 0xbf, 5, fdc_format_track}, /* MFM */
    {0x07, 0xff, 1, recalibrate},
    {0x08, 0xff, 0, sense_interrupt},
    {0x03, 0xff, 2, specify},
    {0x04, 0xff, 1, sense_drive},
    {0x0f, 0xff, 2, seek},
    {0x8f, 0xbf, 2, relative_seek}, /* DIR */
    {0x10, 0xff, 0, version},
    {0x13, 0xff, 3, configure},
    {0x0e, 0xff, 0, dump_registers},
    {0x12, 0xff, 1, perpendicular},
    {0x14, 0x7f, 0, lock},
    {0x00, 0x00, 0, invalid},
};

static const struct fdc_command *find_command(uint8_t opcode)
{
    const struct fdc_command *row = commands;
    while ((opcode & row->mask) != row->value) {
        row++;
    }
    return row;
}

static void command_byte(struct floppy *fdc, uint8_t value)
{
    if (fdc->phase == FDC_IDLE) {
        fdc->command_at = 0;
        fdc->command_end = (uint8_t)(1 + find_command(value)->parameters);
        fdc->phase = FDC_COMMAND;
    }
    fdc->command[fdc->command_at++] = value;
    if (fdc->command_at < fdc->command_end) {
        return;
    }
    const struct fdc_command *row = find_command(fdc->command[0]);
    if (row->run != sense_interrupt) {
        fdc->reset_sense = 0;
    }
    log_print(fdc->wires.log, LOG_floppy, "command %02x %02x %02x %02x %02x", fdc->command[0],
              fdc->command[1], fdc->command[2], fdc->command[3], fdc->command[4]);
    fdc->phase = FDC_EXECUTION;
    row->run(fdc);
}

/* ---- reset ---- */

static void enter_reset(struct floppy *fdc)
{
    fdc_schedule(fdc, FDC_EVENT_NONE, 0);
    for (unsigned unit = 0; unit < FDC_UNITS; unit++) {
        struct fdc_drive *drive = &fdc->drive[unit];
        drive->seek_ns = CLOCK_NEVER;
        drive->sense = false;
        clock_disarm(&drive->timer);
    }
    fdc->phase = FDC_IDLE;
    fdc->pio = false;
    fdc->reset_sense = 0;
    fdc->resetting = true;
    if (!fdc->lock) {
        fdc->config = CONFIG_RESET;
        fdc->precomp = 0;
    }
    fdc->perpendicular &= 0x3c;
    fdc_set_irq(fdc, false);
}

static void reset_over(struct floppy *fdc)
{
    fdc->resetting = false;
    fdc->reset_sense = FDC_UNITS;
    fdc_set_irq(fdc, true);
}

static void write_dor(struct floppy *fdc, uint8_t value)
{
    uint8_t before = fdc->dor;
    fdc->dor = value;
    if (before & ~value & DOR_RUN) {
        enter_reset(fdc);
    } else if (value & ~before & DOR_RUN) {
        fdc->resetting = true;
        fdc_schedule(fdc, FDC_EVENT_RESET, RESET_NS);
    }
}

static void write_dsr(struct floppy *fdc, uint8_t value)
{
    fdc->rate = value & 3;
    if ((value & DSR_RESET) && (fdc->dor & DOR_RUN)) {
        enter_reset(fdc);
        fdc_schedule(fdc, FDC_EVENT_RESET, RESET_NS);
    }
}

static void expired(void *owner)
{
    struct floppy *fdc = owner;
    enum fdc_event event = (enum fdc_event)fdc->event;
    fdc->event = FDC_EVENT_NONE;
    fdc->event_ns = CLOCK_NEVER;
    switch (event) {
    case FDC_EVENT_NONE:
    case FDC_EVENTS:
        break;
    case FDC_EVENT_RESET:
        reset_over(fdc);
        break;
    case FDC_EVENT_SECTOR:
        fdc_sector_event(fdc);
        break;
    case FDC_EVENT_END:
        fdc_end_event(fdc);
        break;
    }
}

/* ---- registers ---- */

static uint8_t read_msr(const struct floppy *fdc)
{
    if (!(fdc->dor & DOR_RUN) || fdc->resetting) {
        return 0;
    }
    unsigned value = 0;
    for (unsigned unit = 0; unit < FDC_UNITS; unit++) {
        value |= fdc->drive[unit].seek_ns != CLOCK_NEVER ? 1u << unit : 0;
    }
    switch ((enum fdc_phase)fdc->phase) {
    case FDC_IDLE:
    case FDC_PHASES:
        return (uint8_t)(value | MSR_RQM);
    case FDC_COMMAND:
        return (uint8_t)(value | MSR_RQM | MSR_BUSY);
    case FDC_RESULT:
        return (uint8_t)(value | MSR_RQM | MSR_DIO | MSR_BUSY);
    case FDC_EXECUTION:
        break;
    }
    value |= MSR_BUSY;
    if (fdc->head_load & HEAD_LOAD_NON_DMA) {
        value |= MSR_NON_DMA;
    }
    if (fdc->pio) {
        value |= (unsigned)MSR_RQM | (fdc_to_disk(fdc) ? 0u : (unsigned)MSR_DIO);
    }
    return (uint8_t)value;
}

static uint8_t read_fifo(struct floppy *fdc)
{
    if (!(fdc->dor & DOR_RUN) || fdc->resetting) {
        return 0;
    }
    if (fdc->phase == FDC_EXECUTION && fdc->pio && !fdc_to_disk(fdc)) {
        return fdc_pio_read(fdc);
    }
    if (fdc->phase != FDC_RESULT) {
        return 0;
    }
    bool seek_waits = false;
    for (unsigned unit = 0; unit < FDC_UNITS; unit++) {
        seek_waits |= fdc->drive[unit].sense;
    }
    if (!seek_waits) {
        fdc_set_irq(fdc, false);
    }
    uint8_t value = fdc->result[fdc->result_at++];
    if (fdc->result_at >= fdc->result_end) {
        fdc->phase = FDC_IDLE;
    }
    return value;
}

static void write_fifo(struct floppy *fdc, uint8_t value)
{
    if (!(fdc->dor & DOR_RUN) || fdc->resetting) {
        return;
    }
    if (fdc->phase == FDC_IDLE || fdc->phase == FDC_COMMAND) {
        command_byte(fdc, value);
    } else if (fdc->phase == FDC_EXECUTION && fdc->pio && fdc_to_disk(fdc)) {
        fdc_pio_write(fdc, value);
    }
}

static uint32_t port_read(void *dev, uint32_t offset, unsigned size)
{
    (void)size;
    struct floppy *fdc = dev;
    switch (offset) {
    case REG_DOR:
        return fdc->dor;
    case REG_TDR:
        return fdc->tdr;
    case REG_MSR_DSR:
        return read_msr(fdc);
    case REG_FIFO:
        return read_fifo(fdc);
    default:
        return 0xff;
    }
}

static void port_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)size;
    struct floppy *fdc = dev;
    switch (offset) {
    case REG_DOR:
        write_dor(fdc, (uint8_t)value);
        break;
    case REG_TDR:
        fdc->tdr = value & 3;
        break;
    case REG_MSR_DSR:
        write_dsr(fdc, (uint8_t)value);
        break;
    case REG_FIFO:
        write_fifo(fdc, (uint8_t)value);
        break;
    default:
        break;
    }
}

static uint32_t dir_read(void *dev, uint32_t offset, unsigned size)
{
    (void)offset, (void)size;
    const struct floppy *fdc = dev;
    const struct fdc_drive *drive = &fdc->drive[fdc->dor & 3];
    return drive->type != FLOPPY_NONE && drive->changed ? DIR_CHANGED : 0;
}

static void ccr_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)offset, (void)size;
    struct floppy *fdc = dev;
    fdc->rate = value & 3;
}

static const struct io_ops floppy_io = {port_read, port_write, 1, 4, 1, 1};
static const struct io_ops dir_ccr_io = {dir_read, ccr_write, 1, 4, 1, 1};

/* ---- device ---- */

static void reset(void *dev, enum reset_kind kind)
{
    (void)kind;
    struct floppy *fdc = dev;
    clock_disarm(&fdc->timer);
    for (unsigned unit = 0; unit < FDC_UNITS; unit++) {
        clock_disarm(&fdc->drive[unit].timer);
    }
    irq_set(&fdc->wires.irq, false);
}

/* Puts numbers from a snapshot back inside the ranges the code relies on. */
static void sanitise(struct floppy *fdc)
{
    bool sound = fdc->phase < FDC_PHASES && fdc->event < FDC_EVENTS &&
                 fdc->operation < FDC_OPERATIONS && fdc->command_end <= FDC_PARAMETERS &&
                 fdc->result_end <= FDC_RESULTS && fdc->data_end <= FDC_SECTOR_BYTES &&
                 fdc->data_at <= fdc->data_end;
    bool inside = (fdc->phase != FDC_COMMAND || fdc->command_at < fdc->command_end) &&
                  (fdc->phase != FDC_RESULT || fdc->result_at < fdc->result_end) &&
                  (!fdc->pio || fdc->data_at < fdc->data_end);
    if (!sound || !inside) {
        fdc->phase = FDC_IDLE;
        fdc->event = FDC_EVENT_NONE;
        fdc->operation = FDC_READ;
        fdc->pio = false;
        fdc->data_at = fdc->data_end = 0;
    }
    fdc->rate &= 3;
    fdc->unit &= 3;
    fdc->reset_sense = fdc->reset_sense > FDC_UNITS ? FDC_UNITS : fdc->reset_sense;
}

static void loaded(void *dev)
{
    struct floppy *fdc = dev;
    sanitise(fdc);
    clock_arm(&fdc->timer, fdc->event == FDC_EVENT_NONE ? CLOCK_NEVER : fdc->event_ns);
    for (unsigned unit = 0; unit < FDC_UNITS; unit++) {
        clock_arm(&fdc->drive[unit].timer, fdc->drive[unit].seek_ns);
    }
    irq_set(&fdc->wires.irq, fdc->irq);
}

static void destroy(void *dev)
{
    free(dev);
}

static const struct device_ops floppy_ops = {"i82077", &floppy_state, reset, loaded, destroy};

struct device floppy_device(struct floppy *floppy)
{
    return (struct device){&floppy_ops, floppy, "floppy"};
}

struct floppy *floppy_create(const struct floppy_wires *wires)
{
    struct floppy *fdc = calloc(1, sizeof(*fdc));
    if (!fdc) {
        abort();
    }
    fdc->wires = *wires;
    clock_timer_init(wires->clock, &fdc->timer, expired, fdc);
    for (unsigned unit = 0; unit < FDC_UNITS; unit++) {
        struct fdc_drive *drive = &fdc->drive[unit];
        drive->floppy = fdc;
        drive->unit = unit;
        drive->type = unit < FLOPPY_DRIVES ? wires->type[unit] : FLOPPY_NONE;
        clock_timer_init(wires->clock, &drive->timer, seek_expired, drive);
    }
    bus_map(wires->io, fdc, PORT_BASE, 6, &floppy_io);
    bus_map(wires->io, fdc, PORT_DIR_CCR, 1, &dir_ccr_io);
    return fdc;
}

bool floppy_insert(struct floppy *floppy, unsigned drive, const struct block_media *media)
{
    const struct floppy_format *format = find_format(media->sectors);
    if (drive >= FLOPPY_DRIVES || !format || floppy->drive[drive].type == FLOPPY_NONE) {
        return false;
    }
    struct fdc_drive *into = &floppy->drive[drive];
    into->media = media;
    into->geometry = format->geometry;
    into->rates = format->rates;
    into->changed = true;
    return true;
}

void floppy_eject(struct floppy *floppy, unsigned drive)
{
    if (drive < FLOPPY_DRIVES) {
        floppy->drive[drive].media = NULL;
        floppy->drive[drive].changed = true;
    }
}
