/*
 * See codec.h.  A saved machine is read back soon: what counts is the time.  On a system's memory
 * these parameters of zstd take a third of the time of its level 1 and leave a quarter more.
 */
#include "snapshots/codec.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>

enum { ZLIB_LEVEL = 1, ZSTD_LEVEL = -3, ZSTD_HASH_LOG = 11, ZSTD_SHORTEST_MATCH = 6 };

struct codec {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
};

struct codec_digest {
    XXH3_state_t *state;
};

static const char *const names[SNAP_CODECS] = {"none", "zlib", "zstd"};

bool codec_find(const char *name, enum snap_codec *codec)
{
    for (unsigned i = 0; i < SNAP_CODECS; i++) {
        if (strcmp(names[i], name) == 0) {
            *codec = (enum snap_codec)i;
            return true;
        }
    }
    return false;
}

const char *codec_name(enum snap_codec codec)
{
    return codec < SNAP_CODECS ? names[codec] : "unknown";
}

struct codec *codec_create(void)
{
    struct codec *codec = calloc(1, sizeof(*codec));
    if (!codec) {
        return NULL;
    }
    codec->pack = ZSTD_createCCtx();
    codec->unpack = ZSTD_createDCtx();
    if (!codec->pack || !codec->unpack) {
        codec_destroy(codec);
        return NULL;
    }
    ZSTD_CCtx_setParameter(codec->pack, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    ZSTD_CCtx_setParameter(codec->pack, ZSTD_c_hashLog, ZSTD_HASH_LOG);
    ZSTD_CCtx_setParameter(codec->pack, ZSTD_c_minMatch, ZSTD_SHORTEST_MATCH);
    return codec;
}

void codec_destroy(struct codec *codec)
{
    if (codec) {
        ZSTD_freeCCtx(codec->pack);
        ZSTD_freeDCtx(codec->unpack);
        free(codec);
    }
}

size_t codec_bound(size_t bytes)
{
    size_t zstd = ZSTD_compressBound(bytes);
    size_t zlib = compressBound((uLong)bytes);
    return zstd > zlib ? zstd : zlib;
}

size_t codec_pack(struct codec *codec, enum snap_codec kind, const void *from, size_t bytes,
                  void *to, size_t room)
{
    size_t used = 0;
    if (kind == SNAP_ZSTD) {
        size_t done = ZSTD_compress2(codec->pack, to, room, from, bytes);
        used = ZSTD_isError(done) ? 0 : done;
    } else if (kind == SNAP_ZLIB) {
        uLongf done = (uLongf)room;
        used = compress2(to, &done, from, (uLong)bytes, ZLIB_LEVEL) == Z_OK ? done : 0;
    }
    return used < bytes ? used : 0;
}

bool codec_unpack(struct codec *codec, enum snap_codec kind, const void *from, size_t stored,
                  void *to, size_t bytes)
{
    switch (kind) {
    case SNAP_NONE:
        if (stored == bytes) {
            memcpy(to, from, bytes);
        }
        return stored == bytes;
    case SNAP_ZLIB: {
        uLongf done = (uLongf)bytes;
        return uncompress(to, &done, from, (uLong)stored) == Z_OK && done == bytes;
    }
    case SNAP_ZSTD:
        return ZSTD_decompressDCtx(codec->unpack, to, bytes, from, stored) == bytes;
    case SNAP_CODECS:
        break;
    }
    return false;
}

uint64_t codec_checksum(const void *bytes, size_t count, uint64_t seed)
{
    return XXH64(bytes, count, seed);
}

uint64_t codec_fingerprint(const void *bytes, size_t count)
{
    uint64_t hash = XXH3_64bits(bytes, count);
    return hash ? hash : 1;
}

struct codec_digest *digest_create(void)
{
    struct codec_digest *digest = calloc(1, sizeof(*digest));
    if (digest && !(digest->state = XXH3_createState())) {
        free(digest);
        return NULL;
    }
    if (digest) {
        XXH3_128bits_reset(digest->state);
    }
    return digest;
}

void digest_add(struct codec_digest *digest, const void *bytes, size_t count)
{
    XXH3_128bits_update(digest->state, bytes, count);
}

void digest_end(struct codec_digest *digest, uint8_t id[SNAP_ID_BYTES])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(digest->state));
    memcpy(id, canonical.digest, SNAP_ID_BYTES);
    XXH3_freeState(digest->state);
    free(digest);
}
