/*
 * Inside the IDE controller: a drive's task file, its one command in progress, and the services
 * that ide.c (task file, timing), busmaster.c (DMA), ata.c and atapi.c (command sets) give each
 * other.  Only these files include it.
 *
 * The life of a command: the write of the command register sets BSY and arms the drive's timer; the
 * timer runs the command's function, which ends it (ide_finish, ide_fail) or opens a data phase.  A
 * data phase moves buffer[at..end) through the data port or by bus master; when it is through, the
 * owner of the transfer is asked, again from the timer, what comes next.  So no interrupt rises
 * while the guest is still in the instruction that caused it.
 */
#ifndef DEVICES_STORAGE_IDE_DRIVE_H
#define DEVICES_STORAGE_IDE_DRIVE_H

#include "devices/storage/ide.h"

enum {
    IDE_BUFFER_BYTES = 65536,
    IDE_PACKET_BYTES = 12,
    IDE_MAX_MULTIPLE = 16, /* sectors in a READ/WRITE MULTIPLE block */
    IDE_SECTOR_BYTES = 512,
};

/* Status register. */
enum {
    IDE_BSY = 0x80,
    IDE_DRDY = 0x40,
    IDE_DF = 0x20,
    IDE_DSC = 0x10,
    IDE_DRQ = 0x08,
    IDE_ERR = 0x01,
};

/* Error register of an ATA drive. */
enum {
    IDE_ERROR_UNC = 0x40,
    IDE_ERROR_IDNF = 0x10,
    IDE_ERROR_ABRT = 0x04,
};

/* Device control register. */
enum { IDE_CONTROL_HOB = 0x80, IDE_CONTROL_SRST = 0x04, IDE_CONTROL_NIEN = 0x02 };

/* Device/head register. */
enum { IDE_SELECT_LBA = 0x40, IDE_SELECT_UNIT = 0x10 };

/* What the drive's timer does when it expires; saved as a number. */
enum ide_event {
    IDE_EVENT_NONE,
    IDE_EVENT_COMMAND,  /* start the command in the command register */
    IDE_EVENT_TRANSFER, /* a data block is through (or a command packet is complete) */
    IDE_EVENT_DMA,      /* run the bus-master transfer */
    IDE_EVENT_RESET,    /* software or device reset is over */
    IDE_EVENT_FINISH,   /* end the command without error */
    IDE_EVENT_COUNT
};

/* Who owns the data phase; saved as a number. */
enum ide_transfer {
    IDE_TRANSFER_NONE,
    IDE_TRANSFER_BLOCK_IN,    /* one fixed block to the host: IDENTIFY and the like */
    IDE_TRANSFER_SECTORS_IN,  /* disk to host, PIO */
    IDE_TRANSFER_SECTORS_OUT, /* host to disk, PIO */
    IDE_TRANSFER_DMA_IN,      /* disk to host by bus master */
    IDE_TRANSFER_DMA_OUT,     /* host to disk by bus master */
    IDE_TRANSFER_PACKET,      /* command packet from the host */
    IDE_TRANSFER_ATAPI_IN,    /* packet command's data to the host, PIO or DMA */
    IDE_TRANSFER_ATAPI_OUT,   /* packet command's data from the host, PIO or DMA */
    IDE_TRANSFER_COUNT
};

/* clang-format off */
#define IDE_DRIVE_STATE(S, VAL, ARR, SUB)                                                       \
    ARR(S, u8,   feature, 2,    0,    "features register; [1] the previous byte (HOB)")         \
    ARR(S, u8,   count,   2,    1,    "sector count / ATAPI interrupt reason")                  \
    ARR(S, u8,   lba_low, 2,    1,    "sector number / LBA 7:0")                                \
    ARR(S, u8,   lba_mid, 2,    0,    "cylinder low / LBA 15:8 / ATAPI byte count low")         \
    ARR(S, u8,   lba_high, 2,   0,    "cylinder high / LBA 23:16 / ATAPI byte count high")      \
    VAL(S, u8,   select,        0,    "device/head register")                                   \
    VAL(S, u8,   command,       0,    "last command")                                           \
    VAL(S, u8,   status,        0,    "status register")                                        \
    VAL(S, u8,   error,         0,    "error register")                                         \
    VAL(S, bool, intrq,         0,    "interrupt pending in the drive")                         \
    VAL(S, bool, address48,     0,    "the command in progress has 48-bit addresses")           \
    VAL(S, u8,   event,         0,    "enum ide_event the timer is for")                        \
    VAL(S, u64,  event_ns,      CLOCK_NEVER, "instant of the event")                            \
    VAL(S, u8,   transfer,      0,    "enum ide_transfer in progress")                          \
    VAL(S, u32,  buffer_at,     0,    "next byte of the data phase")                            \
    VAL(S, u32,  buffer_end,    0,    "end of the data phase")                                  \
    VAL(S, u32,  buffer_filled, 0,    "ATAPI: end of valid data in the buffer")                 \
    VAL(S, u64,  lba,           0,    "next sector of the transfer")                            \
    VAL(S, u32,  remaining,     0,    "sectors the transfer has still to move")                 \
    VAL(S, u32,  block,         1,    "sectors moved per interrupt by this command")            \
    VAL(S, bool, dma,           0,    "data moves by bus master")                               \
    VAL(S, bool, delayed,       0,    "the command has waited for slow sectors")                \
    VAL(S, u8,   multiple,      0,    "sectors set by SET MULTIPLE MODE; 0 disabled")           \
    VAL(S, u16,  cylinders,     0,    "current translation (INITIALIZE DEVICE PARAMETERS)")     \
    VAL(S, u8,   heads,         0,    "current translation")                                    \
    VAL(S, u8,   sectors,       0,    "current translation")                                    \
    VAL(S, u8,   mdma_mode,     0x04, "multiword DMA mode selected, one bit")                   \
    VAL(S, u8,   udma_mode,     0,    "ultra DMA mode selected, one bit")                       \
    VAL(S, bool, write_cache,   1,    "write cache enabled")                                    \
    VAL(S, bool, look_ahead,    1,    "read look-ahead enabled")                                \
    VAL(S, u8,   power,         0xff, "CHECK POWER MODE: FFh active, 00h standby")              \
    ARR(S, u8,   packet, IDE_PACKET_BYTES, 0, "ATAPI command packet")                           \
    VAL(S, u8,   sense_key,     0,    "ATAPI sense of the last command")                        \
    VAL(S, u8,   sense_asc,     0,    "additional sense code")                                  \
    VAL(S, u8,   sense_ascq,    0,    "its qualifier")                                          \
    VAL(S, u8,   attention,     0,    "unit attention to report: ASC, 0 none")                  \
    VAL(S, u8,   media_event,   0,    "pending event of GET EVENT STATUS NOTIFICATION, class 4") \
    VAL(S, bool, eject_request, 0,    "user asked to eject while locked")                       \
    VAL(S, bool, tray_open,     0,    "tray is out")                                            \
    VAL(S, bool, tray_locked,   0,    "PREVENT MEDIUM REMOVAL is on")                           \
    VAL(S, u8,   error_page,    0x20, "mode page 01h: error recovery, byte 2")                  \
    VAL(S, u8,   error_retries, 0x05, "mode page 01h: read retry count")                        \
    VAL(S, u32,  sector_bytes,  2048, "bytes a sector of the running READ transfers")           \
    VAL(S, u32,  limit,         2,    "ATAPI byte count limit of the running command")          \
    ARR(S, u8,   buffer, IDE_BUFFER_BYTES, 0, "data of the current phase")

#define IDE_CHANNEL_STATE(S, VAL, ARR, SUB)                                                     \
    SUB(S, ide_drive, drive, IDE_UNITS, "master and slave")                                     \
    VAL(S, u8,   control,       0,    "device control register, write only")                    \
    VAL(S, u8,   selected,      0,    "unit that answers")                                      \
    VAL(S, bool, line,          0,    "level on the interrupt line")                            \
    VAL(S, u8,   bm_command,    0,    "bus master command register")                            \
    VAL(S, u8,   bm_status,     0,    "bus master status register")                             \
    VAL(S, u32,  bm_table,      0,    "physical address of the descriptor table")
/* clang-format on */

/* A walk through a descriptor table; lives only while one DMA event runs. */
struct prd_walk {
    uint32_t next;    /* address of the next descriptor */
    uint32_t address; /* of the current region */
    uint32_t left;    /* bytes of the region not used yet */
    bool last;        /* the current region is the table's last */
    bool ended;       /* the table ran out before the transfer did */
};

struct ide_channel;

struct ide_drive {
    /* wires */
    struct ide_channel *channel;
    unsigned unit;
    enum ide_kind kind;
    const struct block_media *media;
    struct block_geometry geometry;
    char model[41];
    char serial[21];
    /* state */
    STATE_MEMBERS(IDE_DRIVE_STATE)
    /* derived */
    struct clock_timer timer;
    bool tray_position; /* of tray_open, kept over a hard reset */
};

struct ide_channel {
    /* wires */
    struct ide *ide;
    unsigned number;
    /* state */
    STATE_MEMBERS(IDE_CHANNEL_STATE)
    /* derived */
    struct prd_walk walk;
};

#define IDE_STATE(S, VAL, ARR, SUB) SUB(S, ide_channel, channel, IDE_CHANNELS, "the two cables")

struct ide {
    struct ide_wires wires;
    struct pci_function *function;
    STATE_MEMBERS(IDE_STATE)
};

/* ---- ide.c: task file, status and timing ---- */

/* Raises or lowers the drive's interrupt; the line follows selection and nIEN. */
void ide_set_intrq(struct ide_drive *drive, bool level);
/* Arms the drive's one timer. */
void ide_schedule(struct ide_drive *drive, enum ide_event event, uint64_t delay_ns);
/* Ends the command: status as given (without BSY), interrupt. */
void ide_end(struct ide_drive *drive, uint8_t status, uint8_t error);
void ide_finish(struct ide_drive *drive);
void ide_fail(struct ide_drive *drive, uint8_t error);
/* Opens a PIO data phase over buffer[at..end), with an interrupt if asked for. */
void ide_open_phase(struct ide_drive *drive, enum ide_transfer transfer, uint32_t at, uint32_t end,
                    bool interrupt);
/* Marks the drive as waiting for the bus master; starts it when the guest already did. */
void ide_open_dma(struct ide_drive *drive, enum ide_transfer transfer);
/* The registers after a reset or diagnostic, and the task file only. */
void ide_put_signature(struct ide_drive *drive);
/* EXECUTE DEVICE DIAGNOSTIC for both drives of the channel. */
void ide_diagnose(struct ide_channel *channel);
void ide_reset_drive(struct ide_drive *drive);
bool ide_present(const struct ide_drive *drive);

/* ---- busmaster.c ---- */

enum { BM_COMMAND_START = 0x01, BM_COMMAND_TO_MEMORY = 0x08 };
enum { BM_STATUS_ACTIVE = 0x01, BM_STATUS_ERROR = 0x02, BM_STATUS_IRQ = 0x04 };

extern const struct io_ops busmaster_io;
/* Arms the transfer when both the drive and the engine are ready. */
void busmaster_kick(struct ide_drive *drive);
/* Begins a walk of the table; then moves bytes (the returned number fits the table). */
void busmaster_begin(struct ide_channel *channel);
size_t busmaster_move(struct ide_channel *channel, uint8_t *buffer, size_t bytes, bool to_memory);
/* The transfer is over: ACTIVE drops when the table was used up. */
void busmaster_end(struct ide_channel *channel);

#endif
