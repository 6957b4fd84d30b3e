/*
 * Inside the floppy controller: its state, shared by floppy.c (registers, phases, short commands)
 * and floppy_transfer.c (commands that move data).  Only these two include it.
 */
#ifndef DEVICES_STORAGE_FLOPPY_CHIP_H
#define DEVICES_STORAGE_FLOPPY_CHIP_H

#include "devices/storage/floppy.h"

enum {
    FDC_UNITS = 4, /* the chip addresses four, the board has two */
    FDC_PARAMETERS = 9,
    FDC_RESULTS = 10,
    FDC_SECTOR_BYTES = 512,
    FDC_SIZE_CODE = 2, /* N of 512-byte sectors */
};

enum fdc_phase { FDC_IDLE, FDC_COMMAND, FDC_EXECUTION, FDC_RESULT, FDC_PHASES };

/* What the controller's timer does; saved as a number. */
enum fdc_event {
    FDC_EVENT_NONE,
    FDC_EVENT_RESET,  /* reset is over */
    FDC_EVENT_SECTOR, /* work on the next sector of the running command */
    FDC_EVENT_END,    /* result phase of READ ID and the like */
    FDC_EVENTS
};

/* What a data command does to a sector; saved as a number. */
enum fdc_operation { FDC_READ, FDC_WRITE, FDC_VERIFY, FDC_FORMAT, FDC_OPERATIONS };

/* Status register 0. */
enum {
    ST0_ABNORMAL = 0x40,
    ST0_INVALID = 0x80,
    ST0_READY_CHANGED = 0xc0,
    ST0_SEEK_END = 0x20,
    ST0_EQUIPMENT = 0x10,
    ST0_NOT_READY = 0x08,
};

/* Status register 1. */
enum {
    ST1_END_OF_CYLINDER = 0x80,
    ST1_DATA_ERROR = 0x20,
    ST1_OVERRUN = 0x10,
    ST1_NO_DATA = 0x04,
    ST1_NOT_WRITABLE = 0x02,
    ST1_MISSING_ADDRESS = 0x01,
};

/* Status register 2. */
enum { ST2_CONTROL_MARK = 0x40, ST2_DATA_ERROR = 0x20, ST2_NOT_SATISFIED = 0x04 };

/* clang-format off */
#define FDC_DRIVE_STATE(S, VAL, ARR, SUB)                                                  \
    VAL(S, u8,   track,       0,    "cylinder under the heads")                            \
    VAL(S, u8,   target,      0,    "where the running seek goes")                         \
    VAL(S, u64,  seek_ns,     CLOCK_NEVER, "instant the seek ends")                        \
    VAL(S, u8,   seek_st0,    0,    "ST0 the seek will report")                            \
    VAL(S, bool, sense,       0,    "a seek's end waits for SENSE INTERRUPT STATUS")       \
    VAL(S, bool, changed,     1,    "disk-change line")

#define FLOPPY_STATE(S, VAL, ARR, SUB)                                                     \
    SUB(S, fdc_drive, drive, FDC_UNITS, "drives as the chip addresses them")               \
    VAL(S, u8,   dor,         0,    "digital output register")                             \
    VAL(S, u8,   tdr,         0,    "tape drive register")                                 \
    VAL(S, u8,   rate,        2,    "data rate: 0 500, 1 300, 2 250, 3 1000 kbit/s")       \
    VAL(S, u8,   phase,       0,    "enum fdc_phase")                                      \
    VAL(S, u8,   event,       0,    "enum fdc_event the timer is for")                     \
    VAL(S, u64,  event_ns,    CLOCK_NEVER, "instant of the event")                         \
    VAL(S, bool, irq,         0,    "interrupt pin")                                       \
    VAL(S, bool, resetting,   0,    "reset is not over yet")                               \
    VAL(S, u8,   reset_sense, 0,    "units still to report after reset")                   \
    ARR(S, u8,   command, FDC_PARAMETERS, 0, "opcode and parameters")                      \
    VAL(S, u8,   command_at,  0,    "bytes received")                                      \
    VAL(S, u8,   command_end, 0,    "bytes the command has")                               \
    ARR(S, u8,   result, FDC_RESULTS, 0, "result bytes")                                   \
    VAL(S, u8,   result_at,   0,    "bytes read")                                          \
    VAL(S, u8,   result_end,  0,    "bytes there are")                                     \
    VAL(S, u8,   step_rate,   0,    "SPECIFY byte 1: step rate, head unload")              \
    VAL(S, u8,   head_load,   0,    "SPECIFY byte 2: head load, bit 0 no DMA")             \
    VAL(S, u8,   config,      0x20, "CONFIGURE byte 2: EIS, EFIFO, POLL, threshold")       \
    VAL(S, u8,   precomp,     0,    "CONFIGURE byte 3: precompensation track")             \
    VAL(S, bool, lock,        0,    "LOCK: configuration survives software reset")         \
    VAL(S, u8,   perpendicular, 0,  "PERPENDICULAR MODE byte")                             \
    VAL(S, u8,   operation,   0,    "enum fdc_operation of the data command")              \
    VAL(S, u8,   unit,        0,    "drive of the data command")                           \
    VAL(S, u8,   c,           0,    "ID of the sector being worked on: cylinder")          \
    VAL(S, u8,   h,           0,    "head")                                                \
    VAL(S, u8,   r,           0,    "sector")                                              \
    VAL(S, u8,   n,           0,    "size code")                                           \
    VAL(S, u8,   eot,         0,    "last sector of the track; sectors a track for FORMAT") \
    VAL(S, u16,  left,        0,    "VERIFY, FORMAT, READ TRACK: sectors left; 0 no limit") \
    VAL(S, bool, multi_track, 0,    "MT: goes on with head 1")                             \
    VAL(S, bool, control_mark, 0,   "READ DELETED DATA found plain data")                  \
    VAL(S, u16,  retries,     0,    "times the DMA channel was not ready")                 \
    VAL(S, u8,   id_at,       0,    "sector READ ID found last")                           \
    VAL(S, bool, pio,         0,    "bytes in data[] move through the FIFO")               \
    VAL(S, u16,  data_at,     0,    "next byte of data[]")                                 \
    VAL(S, u16,  data_end,    0,    "bytes of data[] in this step")                        \
    ARR(S, u8,   data, FDC_SECTOR_BYTES, 0, "sector on its way")
/* clang-format on */

struct fdc_drive {
    /* wires */
    struct floppy *floppy;
    unsigned unit;
    enum floppy_type type;
    const struct block_media *media;
    struct block_geometry geometry; /* of the disk */
    uint8_t rates;                  /* data rates the disk can be read at, one bit each */
    /* state */
    STATE_MEMBERS(FDC_DRIVE_STATE)
    /* derived */
    struct clock_timer timer;
};

struct floppy {
    /* wires */
    struct floppy_wires wires;
    /* state */
    STATE_MEMBERS(FLOPPY_STATE)
    /* derived */
    struct clock_timer timer;
};

/* ---- floppy.c ---- */

void fdc_set_irq(struct floppy *fdc, bool level);
void fdc_schedule(struct floppy *fdc, enum fdc_event event, uint64_t delay_ns);
/* Opens the result phase over result[0..count), with an interrupt if asked for. */
void fdc_results(struct floppy *fdc, unsigned count, bool interrupt);
/* The seven result bytes of a data command. */
void fdc_end_data(struct floppy *fdc, uint8_t st0, uint8_t st1, uint8_t st2);
/* Moves the heads (a step clears the change line); returns the time it takes. */
uint64_t fdc_move_heads(struct fdc_drive *drive, unsigned track);

/* ---- floppy_transfer.c: functions of the command table ---- */

void fdc_read_data(struct floppy *fdc);
void fdc_read_deleted(struct floppy *fdc);
void fdc_write_data(struct floppy *fdc);
void fdc_read_track(struct floppy *fdc);
void fdc_verify(struct floppy *fdc);
void fdc_scan(struct floppy *fdc);
void fdc_read_id(struct floppy *fdc);
void fdc_format_track(struct floppy *fdc);

/* Timer events and FIFO bytes of the execution phase. */
void fdc_sector_event(struct floppy *fdc);
void fdc_end_event(struct floppy *fdc);
uint8_t fdc_pio_read(struct floppy *fdc);
void fdc_pio_write(struct floppy *fdc, uint8_t value);
/* True when the running data moves from the host to the disk. */
bool fdc_to_disk(const struct floppy *fdc);

#endif
