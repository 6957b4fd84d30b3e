/* See packer.h. */
#include "snapshots/packer.h"

#include "base/endian.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* So many windows may be on their way that a thread that lost its processor keeps none waiting.
 * Memory of a slot that is never filled is never touched. */
enum { THREADS_MOST = 8, SLOTS_MOST = 64, SLOTS_BYTES = 64 << 20 };

/* A window on its way; slot n % slot_count carries window n. */
struct slot {
    uint8_t *room; /* what is packed, or the window as it is */
    struct snap_fill fill;
    struct packed packed;
    bool ready;
};

struct packer {
    const struct snap_source *source;
    enum snap_codec how;
    uint64_t windows;
    size_t room_bytes;
    struct slot slots[SLOTS_MOST];
    unsigned slot_count;
    struct worker {
        struct packer *packer;
        struct codec *codec;
        uint8_t *raw; /* the window it fills */
        pthread_t thread;
    } workers[THREADS_MOST];
    unsigned worker_count, thread_count;
    /* under the lock */
    pthread_mutex_t lock;
    pthread_cond_t made, taken;
    uint64_t begun, delivered; /* windows */
    unsigned waiting;          /* threads that have no free slot */
    bool hungry;               /* the next one to deliver is waited for */
};

void pack_window_head(uint8_t *at, uint32_t region, uint32_t window, uint64_t units)
{
    store_le32(at, region);
    store_le32(at + 4, window);
    store_le64(at + 8, units);
}

struct packed pack_chunk(struct codec *codec, enum snap_codec how, uint32_t kind, const void *raw,
                         size_t count, uint8_t *packed, size_t room)
{
    struct packed chunk;
    size_t stored = codec_pack(codec, how, raw, count, packed, room);
    chunk.payload = stored ? packed : raw;
    chunk.stored = stored ? stored : count;
    store_le32(chunk.head, kind);
    store_le32(chunk.head + 4, stored ? how : SNAP_NONE);
    store_le64(chunk.head + 8, chunk.stored);
    store_le64(chunk.head + 16, count);
    uint64_t seed = codec_checksum(chunk.head, 24, 0);
    store_le64(chunk.head + 24, codec_checksum(chunk.payload, chunk.stored, seed));
    return chunk;
}

static void make(const struct packer *packer, struct worker *worker, struct slot *slot, uint64_t n)
{
    const struct snap_source *source = packer->source;
    uint8_t *raw = worker->raw;
    slot->fill = (struct snap_fill){.window = (uint32_t)n, .units = raw + SNAP_WINDOW_HEAD};
    source->fill(source->user, &slot->fill);
    size_t units = (size_t)__builtin_popcountll(slot->fill.present);
    slot->packed = (struct packed){0};
    if (units) {
        pack_window_head(raw, source->region, slot->fill.window, slot->fill.present);
        slot->packed = pack_chunk(worker->codec, packer->how, SNAP_WINDOW, raw,
                                  SNAP_WINDOW_HEAD + units * source->unit_bytes, slot->room,
                                  packer->room_bytes);
    }
    if (slot->packed.payload == raw) { /* it stays there; the thread goes on with the other room */
        worker->raw = slot->room;
        slot->room = raw;
    }
}

/* ---- threads ---- */

/* The next window to make, as soon as its slot is free; false: there is none. */
static bool take_job(struct packer *packer, uint64_t *n)
{
    pthread_mutex_lock(&packer->lock);
    while (packer->begun < packer->windows &&
           packer->begun >= packer->delivered + packer->slot_count) {
        packer->waiting++;
        pthread_cond_wait(&packer->taken, &packer->lock);
        packer->waiting--;
    }
    bool there = packer->begun < packer->windows;
    *n = there ? packer->begun++ : 0;
    pthread_mutex_unlock(&packer->lock);
    return there;
}

static void *work(void *opaque)
{
    struct worker *worker = opaque;
    struct packer *packer = worker->packer;
    uint64_t n;
    while (take_job(packer, &n)) {
        struct slot *slot = &packer->slots[n % packer->slot_count];
        make(packer, worker, slot, n);
        pthread_mutex_lock(&packer->lock);
        slot->ready = true;
        if (packer->hungry && n == packer->delivered) {
            pthread_cond_signal(&packer->made);
        }
        pthread_mutex_unlock(&packer->lock);
    }
    return NULL;
}

static void await(struct packer *packer, struct slot *slot)
{
    pthread_mutex_lock(&packer->lock);
    packer->hungry = !slot->ready;
    while (!slot->ready) {
        pthread_cond_wait(&packer->made, &packer->lock);
    }
    packer->hungry = slot->ready = false;
    pthread_mutex_unlock(&packer->lock);
}

static void run(struct packer *packer, packed_taker *deliver, void *taker)
{
    while (packer->thread_count < packer->worker_count) {
        struct worker *worker = &packer->workers[packer->thread_count];
        if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
            break;
        }
        packer->thread_count++;
    }
    for (uint64_t n = 0; n < packer->windows; n++) {
        struct slot *slot = &packer->slots[n % packer->slot_count];
        if (packer->thread_count) {
            await(packer, slot);
        } else { /* none could be had */
            make(packer, &packer->workers[0], slot, n);
        }
        if (slot->fill.present | slot->fill.gone) {
            deliver(taker, &slot->fill, &slot->packed);
        }
        pthread_mutex_lock(&packer->lock);
        packer->delivered++;
        if (packer->waiting) {
            pthread_cond_broadcast(&packer->taken);
        }
        pthread_mutex_unlock(&packer->lock);
    }
    for (unsigned i = 0; i < packer->thread_count; i++) {
        pthread_join(packer->workers[i].thread, NULL);
    }
}

/* ---- beginning and end ---- */

static unsigned wanted_threads(uint64_t windows)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t most = processors < 1 ? 1 : (uint64_t)processors;
    most = most < THREADS_MOST ? most : THREADS_MOST;
    return (unsigned)(most < windows ? most : windows);
}

static bool prepare(struct packer *packer)
{
    size_t raw = SNAP_WINDOW_HEAD + (size_t)SNAP_UNITS * packer->source->unit_bytes;
    unsigned threads = wanted_threads(packer->windows);
    packer->room_bytes = codec_bound(raw);
    size_t slots = SLOTS_BYTES / packer->room_bytes;
    slots = slots < SLOTS_MOST ? slots : SLOTS_MOST;
    packer->slot_count = slots > 2 * threads ? (unsigned)slots : 2 * threads;
    for (; packer->worker_count < threads; packer->worker_count++) {
        struct worker *worker = &packer->workers[packer->worker_count];
        worker->packer = packer;
        worker->codec = codec_create();
        worker->raw = malloc(packer->room_bytes);
        if (!worker->codec || !worker->raw) {
            packer->worker_count++;
            return false;
        }
    }
    for (unsigned i = 0; i < packer->slot_count; i++) {
        packer->slots[i].room = malloc(packer->room_bytes);
        if (!packer->slots[i].room) {
            return false;
        }
    }
    return true;
}

bool packer_run(const struct snap_source *source, enum snap_codec how, packed_taker *deliver,
                void *taker)
{
    struct packer *packer = calloc(1, sizeof(*packer));
    if (!packer) {
        return false;
    }
    packer->source = source;
    packer->how = how;
    packer->windows = (source->units + SNAP_UNITS - 1) / SNAP_UNITS;
    pthread_mutex_init(&packer->lock, NULL);
    pthread_cond_init(&packer->made, NULL);
    pthread_cond_init(&packer->taken, NULL);
    bool good = prepare(packer);
    if (good) {
        run(packer, deliver, taker);
    }
    for (unsigned i = 0; i < packer->slot_count; i++) {
        free(packer->slots[i].room);
    }
    for (unsigned i = 0; i < packer->worker_count; i++) {
        codec_destroy(packer->workers[i].codec);
        free(packer->workers[i].raw);
    }
    pthread_cond_destroy(&packer->made);
    pthread_cond_destroy(&packer->taken);
    pthread_mutex_destroy(&packer->lock);
    free(packer);
    return good;
}
