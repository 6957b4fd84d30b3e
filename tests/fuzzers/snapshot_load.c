/*
 * Snapshots from hostile hands: see README.md.
 *
 * The first byte of an input is not the file's: bit 0 asks for right checksums and an index at the
 * end of the chunks.
 */
#define _GNU_SOURCE
#include "base/endian.h"
#include "machine/machine_state.h"
#include "machine/snapshot.h"
#include "snapshots/codec.h"
#include "tests/fuzzers/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WARM_UP = 300000, RUN_ON = 3000, FIX = 1 };

static struct config config = {.engine = "portable",
                               .display = "none",
                               .memory = "1M",
                               .rtc = "2020-01-01T00:00:00",
                               .compress = "none",
                               .demo = true,
                               .debug_exit = true};
static struct machine machine;
static uint64_t fields_before;

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    abort();
}

static void run(uint64_t instructions)
{
    machine.stop_icount = machine_icount(&machine) + instructions;
    machine_run_until(&machine, machine_now(&machine) + 50000000);
    machine.quit = false;
}

static uint64_t fields_hash(void)
{
    struct fields_writer fields = {0};
    machine_state_save(&machine, &fields);
    uint64_t hash = codec_checksum(fields.bytes, fields.used, 0);
    fields_free(&fields);
    return hash;
}

static void start(void)
{
    struct status status = {0};
    if (machine.cpu) {
        return;
    }
    if (!machine_create(&machine, &config, &status)) {
        fail(status.text);
    }
    run(WARM_UP);
}

/* A memfd with these bytes, as a path. */
static int file_of(const uint8_t *bytes, size_t count, char path[64])
{
    int fd = memfd_create("snapshot", 0);
    if (fd < 0 || write(fd, bytes, count) != (ssize_t)count) {
        fail("no memfd");
    }
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

/* Puts checksums right, chunk by chunk, as far as there are any. */
static void fix(uint8_t *bytes, size_t count)
{
    enum { HEADER = SNAP_HEADER_BYTES, HEAD = SNAP_CHUNK_BYTES };
    size_t at = HEADER;
    while (at < count && count - at >= HEAD) {
        uint64_t stored = load_le64(bytes + at + 8);
        if (stored > count - at - HEAD) {
            break;
        }
        uint64_t seed = codec_checksum(bytes + at, 24, 0);
        store_le64(bytes + at + 24, codec_checksum(bytes + at + HEAD, (size_t)stored, seed));
        at += HEAD + (size_t)stored;
    }
    if (count >= HEADER) {
        store_le64(bytes + 56, codec_checksum(bytes, 56, 0));
    }
}

/* Looks at everything that a user could look at. */
static void look(void)
{
    static uint32_t pixels[DISPLAY_MAX_WIDTH * DISPLAY_MAX_HEIGHT];
    static char text[256 * 1024];
    const struct display_source *display = machine_display(&machine);
    struct display_frame frame = {.pixels = pixels};
    display->render(display->adapter, machine_now(&machine), &frame);
    display->text(display->adapter, text, sizeof(text));
    FILE *out = fopen("/dev/null", "w");
    for (unsigned i = 0; i < machine.device_count; i++) {
        machine_info(&machine, machine.devices[i].instance, out);
    }
    machine_info(&machine, "cpu", out);
    fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char path[64];
    struct status status = {0};
    start();
    if (count < 1) {
        return 0;
    }
    uint8_t *copy = malloc(count);
    memcpy(copy, bytes + 1, count - 1);
    if (bytes[0] & FIX) {
        fix(copy, count - 1);
    }
    int fd = file_of(copy, count - 1, path);
    free(copy);
    fields_before = fields_hash();
    if (snapshot_load(&machine, path, &status)) {
        run(RUN_ON);
        look();
        if (!snapshot_trouble(&machine, &status)) {
            memory_map_settle(&machine.memory);
        }
        snapshot_close(&machine);
        machine.quit = false;
    } else if (!status.failed || !status.text[0] || strchr(status.text, '\n')) {
        fail("refused without a clear message");
    } else if (fields_hash() != fields_before) {
        fail("refused, and the machine is another one");
    }
    close(fd);
    return 0;
}

/* ---- seeds and mutations ---- */

uint8_t *fuzz_seed(size_t *count)
{
    static char path[] = "/tmp/fuzz-seed.XXXXXX";
    struct status status = {0};
    start();
    int fd = mkstemp(path);
    if (fd < 0 || !snapshot_save(&machine, path, true, &status)) {
        fail(status.text);
    }
    snapshot_close(&machine);
    close(fd);
    FILE *in = fopen(path, "rb");
    fseek(in, 0, SEEK_END);
    *count = (size_t)ftell(in) + 1;
    rewind(in);
    uint8_t *bytes = malloc(*count);
    bytes[0] = FIX;
    if (fread(bytes + 1, 1, *count - 1, in) != *count - 1) {
        fail("cannot read the seed");
    }
    fclose(in);
    unlink(path);
    return bytes;
}

static uint32_t next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* An offset that means something: most of a snapshot is memory and buffers. */
static size_t place(const uint8_t *bytes, size_t count, uint32_t *seed)
{
    size_t at = next(seed) % count;
    switch (next(seed) % 4) {
    case 0: /* header, heads of the first chunks */
        return at % (count < 512 ? count : 512);
    case 1: /* the index, at the end */
        return count - 1 - at % (count < 512 ? count : 512);
    case 2: /* a name: where letters follow a small length */
        for (size_t tries = 0; tries < 4096 && at + 8 < count; tries++, at++) {
            if (bytes[at] > 2 && bytes[at] < 40 && bytes[at + 1] >= 'a' && bytes[at + 1] <= 'z') {
                return at + next(seed) % (bytes[at] + 8U) < count ? at + next(seed) % 8U : at;
            }
        }
        return at;
    default:
        return at;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t room, unsigned seed_in)
{
    static const uint64_t values[] = {0,
                                      1,
                                      0x7f,
                                      0x80,
                                      0xff,
                                      0xffff,
                                      0x10000,
                                      0x7fffffff,
                                      0xffffffff,
                                      UINT64_MAX,
                                      UINT64_C(1) << 62};
    uint32_t seed = seed_in * 2654435761U + 1;
    if (count < 80) { /* an empty corpus */
        static uint8_t *first;
        static size_t first_count;
        first = first ? first : fuzz_seed(&first_count);
        count = first_count < room ? first_count : room;
        memcpy(bytes, first, count);
    }
    for (unsigned i = next(&seed) % 4 + 1; i > 0; i--) {
        size_t at = place(bytes, count, &seed);
        switch (next(&seed) % 6) {
        case 0:
            bytes[at] ^= (uint8_t)(1 << next(&seed) % 8);
            break;
        case 1:
        case 2: {
            uint64_t value = values[next(&seed) % (sizeof(values) / sizeof(values[0]))];
            size_t size = (size_t)1 << next(&seed) % 4;
            memcpy(bytes + at, &value, at + size <= count ? size : 1);
            break;
        }
        case 3: {
            size_t from = place(bytes, count, &seed);
            size_t length = next(&seed) % 64;
            if (at + length <= count && from + length <= count) {
                memmove(bytes + at, bytes + from, length);
            }
            break;
        }
        case 4:
            bytes[at] = (uint8_t)next(&seed);
            break;
        default:
            bytes[0] = (uint8_t)(next(&seed) % 8 != 0 ? FIX : 0);
            if (next(&seed) % 16 == 0) {
                return at > 80 ? at : count; /* cut */
            }
            break;
        }
    }
    return count;
}
