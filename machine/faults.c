#define _GNU_SOURCE
#include "machine/faults.h"

#include "machine/fault_file.h"
#include "machine/firmware.h"
#include "machine/pc.h"

#include <stdlib.h>
#include <string.h>

enum { HOLD_NS = 100000, FILE_MOST = 32768 };

/* clang-format off */
#define FAULTS_STATE(S, VAL, ARR, SUB)                                          \
    ARR(S, u32, struck,  FAULTS_MOST, 0, "how often each fault has struck")     \
    VAL(S, u16, held,    0,              "interrupt lines held high")           \
    VAL(S, u64, held_ns, CLOCK_NEVER,    "instant at which they are let go")
/* clang-format on */

struct fault_disk {
    struct faults *faults;
    unsigned slot;
    struct block_media under;
};

struct faults {
    /* wires */
    struct machine *machine;
    char *text;
    struct fault fault[FAULTS_MOST];
    unsigned count;
    struct fault_disk disk[DRIVE_SLOTS];
    /* state */
    STATE_MEMBERS(FAULTS_STATE)
    /* derived */
    uint32_t kept[FAULTS_MOST]; /* struck, through a reset */
    struct clock_timer timer;
    uint64_t next;
};

STATE_DESC(faults, FAULTS_STATE);

/* ---- strikes ---- */

static bool is_timed(const struct fault *fault)
{
    return fault->kind == FAULT_RAM || fault->kind == FAULT_REGISTER ||
           fault->kind == FAULT_IRQ_SPURIOUS || fault->kind == FAULT_RTC;
}

static void find_next(struct faults *faults)
{
    faults->next = UINT64_MAX;
    for (unsigned i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->fault[i];
        if (is_timed(fault) && !faults->struck[i] && fault->icount < faults->next) {
            faults->next = fault->icount;
        }
    }
}

static void count_strike(struct faults *faults, unsigned i)
{
    faults->struck[i]++;
    faults->kept[i] = faults->struck[i];
}

/* Whether fault i is in force now. */
static bool in_force(const struct faults *faults, unsigned i)
{
    const struct fault *fault = &faults->fault[i];
    return machine_icount(faults->machine) >= fault->icount &&
           (!fault->times || faults->struck[i] < fault->times);
}

static void flip_ram(struct machine *machine, const struct fault *fault)
{
    struct dma_space memory = memory_map_dma(&machine->memory);
    uint8_t byte;
    memory.read(memory.memory, fault->first, &byte, 1);
    byte ^= (uint8_t)(1u << fault->bit);
    memory.write(memory.memory, fault->first, &byte, 1);
}

static void flip_register(struct context *ctx, const struct fault *fault)
{
    uint64_t bit = UINT64_C(1) << fault->bit;
    if (fault->target < GUEST_GPRS) {
        ctx->gpr[fault->target] ^= bit;
    } else {
        ctx->rip ^= bit;
    }
}

static void hold_irq(struct faults *faults, unsigned irq)
{
    faults->held |= (uint16_t)(1u << irq);
    faults->held_ns = machine_now(faults->machine) + HOLD_NS;
    clock_arm(&faults->timer, faults->held_ns);
    pc_drive_irqs(faults->machine);
}

static void let_go(void *owner)
{
    struct faults *faults = owner;
    faults->held = 0;
    faults->held_ns = CLOCK_NEVER;
    pc_drive_irqs(faults->machine);
}

static void strike(struct faults *faults, const struct fault *fault)
{
    struct machine *machine = faults->machine;
    switch (fault->kind) {
    case FAULT_RAM:
        flip_ram(machine, fault);
        break;
    case FAULT_REGISTER:
        flip_register(machine->ctx, fault);
        break;
    case FAULT_IRQ_SPURIOUS:
        hold_irq(faults, fault->target);
        break;
    case FAULT_RTC:
        rtc146818_jump(machine->pc->rtc, fault->seconds);
        break;
    case FAULT_IRQ_LOST:
    case FAULT_BAD:
    case FAULT_BAD_READ:
    case FAULT_BAD_WRITE:
    case FAULT_TORN:
    case FAULT_SLOW:
        break;
    }
}

uint64_t faults_next(const struct faults *faults)
{
    return faults->next;
}

void faults_strike(struct faults *faults)
{
    uint64_t now = machine_icount(faults->machine);
    for (unsigned i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->fault[i];
        if (is_timed(fault) && !faults->struck[i] && fault->icount <= now) {
            count_strike(faults, i);
            strike(faults, fault);
        }
    }
    find_next(faults);
}

/* ---- interrupts ---- */

bool faults_lose_irq(struct faults *faults, unsigned irq)
{
    for (unsigned i = 0; faults && i < faults->count; i++) {
        const struct fault *fault = &faults->fault[i];
        if (fault->kind == FAULT_IRQ_LOST && fault->target == irq && in_force(faults, i)) {
            count_strike(faults, i);
            return true;
        }
    }
    return false;
}

uint16_t faults_held_irqs(const struct faults *faults)
{
    return faults ? faults->held : 0;
}

/* ---- disks ---- */

/* The first fault of these kinds (bits) that an access to the sectors meets, or NULL; it strikes.
 */
static const struct fault *meet(struct fault_disk *disk, unsigned kinds, uint64_t sector,
                                uint32_t count)
{
    struct faults *faults = disk->faults;
    for (unsigned i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->fault[i];
        bool hit = kinds >> fault->kind & 1 && fault->target == disk->slot &&
                   fault->first < sector + count && sector <= fault->last;
        if (hit && in_force(faults, i)) {
            count_strike(faults, i);
            return fault;
        }
    }
    return NULL;
}

static bool disk_read(void *self, uint64_t sector, uint32_t count, void *to)
{
    struct fault_disk *disk = self;
    return !meet(disk, 1u << FAULT_BAD | 1u << FAULT_BAD_READ, sector, count) &&
           disk->under.read(disk->under.media, sector, count, to);
}

/* What comes before the torn sector is written, half of it, and nothing of what follows. */
static bool write_torn(struct fault_disk *disk, uint64_t torn, uint64_t sector, const uint8_t *from)
{
    enum { SECTOR_MOST = 4096 };
    const struct block_media *under = &disk->under;
    uint8_t bytes[SECTOR_MOST];
    torn = torn > sector ? torn : sector;
    uint32_t whole = (uint32_t)(torn - sector);
    if ((whole && !under->write(under->media, sector, whole, from)) ||
        !under->read(under->media, torn, 1, bytes)) {
        return false;
    }
    memcpy(bytes, from + (size_t)whole * under->sector_bytes, under->sector_bytes / 2);
    return under->write(under->media, torn, 1, bytes);
}

static bool disk_write(void *self, uint64_t sector, uint32_t count, const void *from)
{
    struct fault_disk *disk = self;
    if (meet(disk, 1u << FAULT_BAD | 1u << FAULT_BAD_WRITE, sector, count)) {
        return false;
    }
    const struct fault *torn = meet(disk, 1u << FAULT_TORN, sector, count);
    return torn ? write_torn(disk, torn->first, sector, from)
                : disk->under.write(disk->under.media, sector, count, from);
}

static bool disk_flush(void *self)
{
    struct fault_disk *disk = self;
    return !disk->under.flush || disk->under.flush(disk->under.media);
}

static uint64_t disk_delay(void *self, uint64_t sector, uint32_t count)
{
    struct fault_disk *disk = self;
    const struct fault *slow = meet(disk, 1u << FAULT_SLOW, sector, count);
    return slow ? slow->delay_ns : 0;
}

void faults_wrap(struct faults *faults, unsigned slot, struct block_media *block)
{
    if (!faults || block->media == &faults->disk[slot] || !block->media) {
        return;
    }
    struct fault_disk *disk = &faults->disk[slot];
    *disk = (struct fault_disk){faults, slot, *block};
    block->read = disk_read;
    block->write = disk_write;
    block->flush = disk_flush;
    block->delay_ns = disk_delay;
    block->media = disk;
}

/* ---- the device ---- */

static void reset(void *dev, enum reset_kind kind)
{
    struct faults *faults = dev;
    if (kind == RESET_POWER) {
        memset(faults->kept, 0, sizeof(faults->kept));
    }
    memcpy(faults->struck, faults->kept, sizeof(faults->struck));
    clock_disarm(&faults->timer);
    find_next(faults);
}

static void loaded(void *dev)
{
    struct faults *faults = dev;
    memcpy(faults->kept, faults->struck, sizeof(faults->kept));
    clock_arm(&faults->timer, faults->held_ns);
    find_next(faults);
}

static void destroy(void *dev)
{
    struct faults *faults = dev;
    free(faults->text);
    free(faults);
}

static const struct device_ops ops = {"faults", &faults_state, reset, loaded, destroy};

const char *faults_text(const struct faults *faults)
{
    return faults->text;
}

static char *read_text(const struct config *config, struct status *status)
{
    struct file_bytes file;
    if (config->faults_text) {
        return strdup(config->faults_text);
    }
    if (!file_read(config->faults, FILE_MOST, &file, status)) {
        return NULL;
    }
    char *text = strndup((const char *)file.bytes, file.size);
    free(file.bytes);
    return text;
}

bool faults_create(struct machine *machine, const struct config *config, struct status *status)
{
    if (!config->faults) {
        return true;
    }
    struct faults *faults = calloc(1, sizeof(*faults));
    char *text = faults ? read_text(config, status) : NULL;
    if (!text || !fault_file_parse(config->faults, text, faults->fault, &faults->count, status)) {
        free(text);
        free(faults);
        return status->failed ? false : status_fail(status, "no memory for --faults");
    }
    faults->machine = machine;
    faults->text = text;
    clock_timer_init(machine->clock, &faults->timer, let_go, faults);
    machine->faults = faults;
    machine_add(machine, (struct device){&ops, faults, "faults"});
    return true;
}
