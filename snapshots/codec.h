/* Compression and checksums of chunks: zlib, zstd and xxHash stand behind this. */
#ifndef SNAPSHOTS_CODEC_H
#define SNAPSHOTS_CODEC_H

#include "snapshots/format.h"

#include <stdbool.h>
#include <stddef.h>

/* "none", "zlib", "zstd"; false: none of them. */
bool codec_find(const char *name, enum snap_codec *codec);
const char *codec_name(enum snap_codec codec);

struct codec; /* working memory of one side */
struct codec *codec_create(void);
void codec_destroy(struct codec *codec);

/* Room that compressed bytes may take. */
size_t codec_bound(size_t bytes);
/* Compresses; returns the bytes written, 0 where that gains nothing (or fails): store as it is. */
size_t codec_pack(struct codec *codec, enum snap_codec kind, const void *from, size_t bytes,
                  void *to, size_t room);
/* Decompresses to exactly `bytes`; false: the data are bad. */
bool codec_unpack(struct codec *codec, enum snap_codec kind, const void *from, size_t stored,
                  void *to, size_t bytes);

/* XXH64. */
uint64_t codec_checksum(const void *bytes, size_t count, uint64_t seed);

/* XXH3, 64 bits, never 0: to see whether bytes changed.  Stands in no file. */
uint64_t codec_fingerprint(const void *bytes, size_t count);

/* XXH3, 128 bits, canonical byte order, of pieces in sequence. */
struct codec_digest;
struct codec_digest *digest_create(void);
void digest_add(struct codec_digest *digest, const void *bytes, size_t count);
/* Ends and frees it. */
void digest_end(struct codec_digest *digest, uint8_t id[SNAP_ID_BYTES]);

#endif
