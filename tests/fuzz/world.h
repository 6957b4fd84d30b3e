/*
 * The world a case runs in, the same on the host and in the emulator: flat 32-bit ring 3 as Linux
 * lays it out, a few pages of memory, a few segments of the local descriptor table.
 *
 * Shared by host_diff and host_cpu, which run as two processes over one struct fuzz_shared.
 */
#ifndef TESTS_FUZZ_WORLD_H
#define TESTS_FUZZ_WORLD_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

/* Linear addresses.  Data lies just below and the stack just above a multiple of 64 KiB, so that
 * 16-bit addresses reach both sides of FFFFh.  Everything else below 4 GiB is unmapped. */
enum {
    FUZZ_CODE = 0x100000,
    FUZZ_CONST = 0x12b000, /* read-only */
    FUZZ_DATA = 0x12c000,
    FUZZ_STACK = 0x130000,
    FUZZ_DATA_END = 0x132000, /* of data and stack, which adjoin */
    FUZZ_CODE_BYTES = 0x2000,
    FUZZ_START = FUZZ_CODE + 0x800,
    FUZZ_FILLER = 0xf4, /* HLT: ends a case with #GP at ring 3 */
    FUZZ_BYTES = FUZZ_CODE_BYTES + (FUZZ_DATA_END - FUZZ_CONST),
};
/* Where the emulated processor has its tables: pages of ring 0, where the host has none. */
#define FUZZ_SYSTEM UINT32_C(0xe1200000)
enum { FUZZ_SYSTEM_BYTES = 0x10000 };

enum { FUZZ_MAPPED_READ = 1, FUZZ_MAPPED_WRITE = 2, FUZZ_MAPPED_EXEC = 4 };

struct fuzz_region {
    uint32_t address, bytes, rights;
};

/* In the order in which struct fuzz_slot.memory holds them. */
static const struct fuzz_region fuzz_regions[] = {
    {FUZZ_CODE, FUZZ_CODE_BYTES, FUZZ_MAPPED_READ | FUZZ_MAPPED_EXEC},
    {FUZZ_CONST, FUZZ_DATA - FUZZ_CONST, FUZZ_MAPPED_READ},
    {FUZZ_DATA, FUZZ_DATA_END - FUZZ_DATA, FUZZ_MAPPED_READ | FUZZ_MAPPED_WRITE},
};
enum { FUZZ_REGIONS = 3 };

/* Segments of the local descriptor table, from entry 0; not every host gives one.  The code segment
 * is a whole 64 KiB: a near branch past its limit faults at the target here, on a host at the
 * branch (frontend/x86/lift/lift.h). */
struct fuzz_segment {
    uint32_t base, limit;
    uint8_t code, down, read_only, big; /* one bit each */
};
static const struct fuzz_segment fuzz_segments[] = {
    {FUZZ_CODE + 0x20000, 0x11fff, .big = 1},      /* data and stack, offsets C000h..11FFFh */
    {FUZZ_DATA, 0x2fff, .read_only = 1, .big = 1}, /* ends early, read-only */
    {FUZZ_DATA, 0x0fff, .down = 1, .big = 1},      /* expand-down: 1000h up */
    {FUZZ_CODE, 0xffff, .code = 1},                /* 16-bit code */
};
enum { FUZZ_SEGMENTS = 4 };
enum {
    FUZZ_SEL_CODE32 = 0x23,
    FUZZ_SEL_CODE64 = 0x33,
    FUZZ_SEL_FLAT = 0x2b,
    FUZZ_SEL_BASED = 0x07,
    FUZZ_SEL_READ_ONLY = 0x0f,
    FUZZ_SEL_DOWN = 0x17,
    FUZZ_SEL_CODE16 = 0x1f,
};

enum fuzz_end {
    FUZZ_ENDED,   /* with an exception: vector, error, cr2 */
    FUZZ_TIMEOUT, /* did not end */
    FUZZ_NOT_RUN,
};

/* Places in the FXSAVE image, 64-bit form. */
enum {
    FX_FCW = 0,
    FX_FSW = 2,
    FX_FTW = 4, /* bit n: physical register n is in use */
    FX_FOP = 6,
    FX_FIP = 8,
    FX_FDP = 16,
    FX_MXCSR = 24,
    FX_ST = 32,
    FX_XMM = 160,
    FX_END = 288,
};

enum fuzz_sreg { FUZZ_ES, FUZZ_CS, FUZZ_SS, FUZZ_DS, FUZZ_FS, FUZZ_GS, FUZZ_SREGS };

struct fuzz_state {
    uint32_t gpr[8]; /* EAX ECX EDX EBX ESP EBP ESI EDI */
    uint32_t eip;    /* offset in CS */
    uint32_t eflags;
    uint16_t sreg[FUZZ_SREGS];
    uint8_t fx[FX_END];
    /* How it ended. */
    uint32_t end; /* enum fuzz_end */
    uint32_t vector, error, cr2;
};

struct fuzz_slot {
    struct fuzz_state before, after;
    uint8_t memory[FUZZ_BYTES], memory_after[FUZZ_BYTES];
};

enum { FUZZ_BATCH = 64 };

struct fuzz_shared {
    alignas(4096) uint8_t arena[FUZZ_BYTES]; /* what is mapped at the addresses above */
    uint32_t count;                          /* slots to run */
    uint32_t current;                        /* the slot that runs */
    uint32_t local;                          /* the host has a local descriptor table */
    struct fuzz_slot slot[FUZZ_BATCH];
};

/* Descriptors host_cpu inherits. */
enum { FUZZ_FD_SHARED = 3, FUZZ_FD_GO = 4, FUZZ_FD_DONE = 5 };

/* What host_cpu exits with when this host forbids it. */
enum { FUZZ_EXIT_FORBIDDEN = 77 };

#endif
