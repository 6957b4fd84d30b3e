/*
 * Physical address space of the PC: RAM, shadowed ROM area, firmware, frame buffer, MMIO bus.
 *
 *   0          .. 9FFFF      RAM
 *   A0000      .. BFFFF      VGA window (MMIO, or mapped straight to video memory)
 *   C0000      .. FFFFF      RAM, ROM or both by the host bridge's PAM registers (16 KiB segments)
 *   100000     .. low RAM    RAM up to 3.5 GiB
 *   frame buffer where PCI put it; firmware below 4 GiB; RAM beyond 3.5 GiB from 4 GiB on
 *
 * RAM is private memory of the process: after fork() parent and child have it copy-on-write, which
 * is how a running machine is saved and how it is forked.
 *
 * RAM may be *absent* after a snapshot was loaded: its bytes come from `bring` when somebody is
 * about to get at them.  Whoever reads map->ram himself calls memory_map_settle() first.
 */
#ifndef MACHINE_MEMORY_MAP_H
#define MACHINE_MEMORY_MAP_H

#include "base/status.h"
#include "devices/core/bus.h"
#include "devices/core/dma.h"
#include "translator/api/memory.h"

enum { MEMORY_WINDOW = 1 << 18 };
enum { PAM_SEGMENT_BYTES = 0x4000, PAM_SEGMENTS = 16, MEMORY_WATCHES = 4 };
#define LOW_RAM_MAX UINT64_C(0xe0000000)
#define HIGH_RAM    UINT64_C(0x100000000)

/* Physical bytes whose writing somebody wants to know of. */
struct memory_watch {
    uint64_t gpa, bytes;
};

struct memory_map {
    struct bus *bus; /* memory-mapped devices; borrowed */
    /* Before other bytes stand there: a bus master writes, or something else is decoded. */
    void (*written)(void *user, uint64_t gpa, size_t bytes);
    void (*changed)(void *user); /* after the map changed */
    void *user;
    /* Fills [ram + at, ram + at + MEMORY_WINDOW) before its first use; NULL: nothing is absent. */
    void (*bring)(void *bringer, uint64_t at);
    void *bringer;
    uint64_t *absent; /* one bit a window; owned */
    uint64_t absent_count;
    uint8_t *ram;
    uint64_t ram_bytes, low_bytes;
    uint8_t *firmware; /* ends at 4 GiB; its last 128 KiB also at E0000 */
    size_t firmware_bytes;
    uint64_t top; /* end of the address space of a CPU with less than 32 address lines, where the
                   * firmware is seen too; else 0 */
    uint8_t *frame_buffer;
    uint64_t frame_buffer_base; /* 0: not decoded */
    size_t frame_buffer_bytes;
    uint8_t *window; /* host address of A0000 while the VGA window is linear; else NULL */
    uint64_t window_bytes;
    struct memory_watch watches[MEMORY_WATCHES];
    unsigned watch_count;
    void (*watched)(void *user, uint64_t gpa, size_t bytes); /* before such a write */
    bool pam_read[PAM_SEGMENTS], pam_write[PAM_SEGMENTS];
};

/* Reserves ram_bytes (a multiple of 4 KiB) of guest RAM.  firmware is copied (a multiple of 4 KiB).
 */
bool memory_map_init(struct memory_map *map, uint64_t ram_bytes, const uint8_t *firmware,
                     size_t firmware_bytes, struct status *status);
void memory_map_free(struct memory_map *map);

/* RAM becomes zeros, with the windows whose bit is set absent (bits is copied); bits NULL: none.
 * False: no memory, and nothing is changed. */
bool memory_map_empty(struct memory_map *map, const uint64_t *bits,
                      void (*bring)(void *bringer, uint64_t at), void *bringer);
/* Brings at most that many absent windows; true when nothing is absent any more. */
bool memory_map_bring(struct memory_map *map, uint64_t most);
/* Brings everything: map->ram is whole. */
void memory_map_settle(struct memory_map *map);

/* The physical side of the translator. */
struct memory_ops memory_map_ops(struct memory_map *map);
struct dma_space memory_map_dma(struct memory_map *map);

/* PAM: what reads and writes of [base, base + length) reach. */
void memory_map_pam(void *opaque, uint32_t base, uint32_t length, bool read_ram, bool write_ram);
void memory_map_frame_buffer(struct memory_map *map, uint64_t base, bool enabled);
/* A linear VGA window of that many bytes from A0000, or NULL. */
void memory_map_window(struct memory_map *map, uint8_t *host, uint64_t bytes);

/* Replaces what is watched; false: too many. */
bool memory_map_watch(struct memory_map *map, const struct memory_watch *watches, unsigned count);

/* Copies physical memory for the host's eyes: no side effects, MMIO reads as zeros. */
void memory_map_peek(struct memory_map *map, uint64_t gpa, void *to, size_t bytes);

#endif
