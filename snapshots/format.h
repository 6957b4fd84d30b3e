/* The numbers of the snapshot format; FORMAT.md explains them. */
#ifndef SNAPSHOTS_FORMAT_H
#define SNAPSHOTS_FORMAT_H

#include <stdint.h>

#define SNAP_MAGIC "VSNAP\r\n\x1a"

enum {
    SNAP_VERSION = 1,
    SNAP_HEADER_BYTES = 64,
    SNAP_CHUNK_BYTES = 32, /* what goes before each payload */
    SNAP_ID_BYTES = 16,
    SNAP_UNITS = 64,          /* in a window */
    SNAP_UNIT_MOST = 65536,   /* bytes of a unit */
    SNAP_WINDOW_HEAD = 16,    /* u32 region, u32 window, u64 units that follow */
    SNAP_BLOB_MOST = 1 << 26, /* bytes of any other payload */
    SNAP_REGIONS = 16,
    SNAP_NAME_MOST = 32,
    SNAP_CHAIN_MOST = 256, /* files one of which needs the next */
};

/* Kinds of chunks: four letters. */
#define SNAP_CONFIG UINT32_C(0x464e4f43) /* CONF: machine configuration, as fields */
#define SNAP_STATE  UINT32_C(0x54415453) /* STAT: state, as fields */
#define SNAP_WINDOW UINT32_C(0x45474150) /* PAGE: units of one window of a region */
#define SNAP_PARENT UINT32_C(0x544e5250) /* PRNT: path of the file this one builds on */
#define SNAP_INDEX  UINT32_C(0x58444e49) /* INDX: regions, and where their windows are */
/* Of streams only. */
#define SNAP_GONE UINT32_C(0x454e4f47) /* GONE: the head of a window: units that are no more */
#define SNAP_DONE UINT32_C(0x454e4f44) /* DONE: empty */

enum snap_codec { SNAP_NONE, SNAP_ZLIB, SNAP_ZSTD, SNAP_CODECS };

/* Memory or a disk, as units of one size. */
struct snap_region {
    char name[SNAP_NAME_MOST]; /* "ram", "vram", "hda" */
    uint64_t units;
    uint32_t unit_bytes;
    uint32_t inherits; /* 1: units that this file does not mention are the parent's; else absent */
};

#endif
