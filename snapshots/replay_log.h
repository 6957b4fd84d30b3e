/*
 * The file of a recording: what defined the machine, then every input with its position.
 *
 *     16 bytes   "Vestige log\n", format version (u32)
 *     records    check u32 | bytes of the payload u16 | code u8 | 0 u8 | payload
 *
 * All numbers are little-endian; those inside a payload are LEB128 (seven bits a byte, the lowest
 * first), bytes stand behind their number.  The check is the low half of XXH64 over the rest of the
 * record, seeded with the record's number, so that none can be lost or moved.  Records are rows of
 * replay_log.def.
 *
 * A record is written whole and at once: when the process is killed, at most the last one is torn.
 * Reading ends before a torn record; a damaged one with more behind it is an error.
 */
#ifndef SNAPSHOTS_REPLAY_LOG_H
#define SNAPSHOTS_REPLAY_LOG_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { LOG_VERSION = 1, LOG_VALUES = 7, LOG_PAYLOAD_MOST = 0xffff };

/* Larger ones are refused: far beyond any run, and safe to calculate with. */
#define LOG_POSITION_MOST (UINT64_C(1) << 53)

enum log_code {
#define LOG_RECORD(name, code, fields, meaning) LOG_##name = (code),
#include "snapshots/replay_log.def"
#undef LOG_RECORD
    LOG_FIRST_EVENT = 16
};

/* Where a machine stands: instructions retired, and time passed while it was halted. */
struct log_position {
    uint64_t icount, idle_ns;
};

/* A field: a number, or bytes (borrowed; of a record that was read, valid until the next read). */
struct log_value {
    uint64_t number;
    const void *bytes;
    size_t size;
};

struct log_record {
    uint8_t code; /* enum log_code */
    struct log_position at;
    struct log_value value[LOG_VALUES]; /* u and b fields in their order */
};

/* Signed numbers in u fields: small ones of either sign are short. */
static inline uint64_t log_zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t) - (int64_t)(value < 0);
}

static inline int64_t log_unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static inline struct log_value log_number(uint64_t number)
{
    return (struct log_value){.number = number};
}

static inline struct log_value log_text(const void *bytes, size_t size)
{
    return (struct log_value){.bytes = bytes, .size = size};
}

struct log_writer;

/* Makes the file (an old one is replaced); NULL with the reason. */
struct log_writer *log_create(const char *path, struct status *status);
/* Appends a record; false with the reason when it could not be written whole, and at every later
 * call. */
bool log_write(struct log_writer *writer, const struct log_record *record, struct status *status);
uint64_t log_bytes(const struct log_writer *writer);
void log_close(struct log_writer *writer);

struct log_reader;

enum log_outcome {
    LOG_GOT,  /* *record is filled in */
    LOG_DONE, /* end of the file */
    LOG_TORN, /* end of the file inside a record, which is cut off */
    LOG_BAD,  /* damaged: see the status */
};

/* Where a reader stands, to come back to it. */
struct log_cursor {
    uint64_t offset, number;
    struct log_position at;
};

/* Opens a file and checks that it is a recording of this version; NULL with the reason. */
struct log_reader *log_open(const char *path, struct status *status);
enum log_outcome log_read(struct log_reader *reader, struct log_record *record,
                          struct status *status);
struct log_cursor log_tell(const struct log_reader *reader);
bool log_seek(struct log_reader *reader, const struct log_cursor *cursor, struct status *status);
void log_reader_close(struct log_reader *reader);

/* Makes the checks of a file's records right again, for tests that make files up; false: the bytes
 * end inside a record. */
bool log_reseal(uint8_t *bytes, size_t count);

#endif
