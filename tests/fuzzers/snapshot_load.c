/*
 * Snapshots from hostile hands, with memory and the overlay of a disk: see README.md.
 */
#define _GNU_SOURCE
#include "base/endian.h"
#include "machine/machine_state.h"
#include "machine/media/media.h"
#include "machine/pc.h"
#include "machine/snapshot.h"
#include "snapshots/codec.h"
#include "tests/fuzzers/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WARM_UP = 300000, RUN_ON = 3000 };

static struct config config = {.engine = "portable",
                               .display = "none",
                               .memory = "1M",
                               .rtc = "2020-01-01T00:00:00",
                               .compress = "none",
                               .demo = true,
                               .debug_exit = true};
static struct machine machine;
static uint64_t fields_before;

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
        fuzz_fail(status.text);
    }
    run(WARM_UP);
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
    if (bytes[0] & FUZZ_FIX) {
        fix(copy, count - 1);
    }
    int fd = fuzz_file(copy, count - 1, path);
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
        fuzz_fail("refused without a clear message");
    } else if (fields_hash() != fields_before) {
        fuzz_fail("refused, and the machine is another one");
    }
    close(fd);
    return 0;
}

/* The disk has changes: clusters of its overlay, which the guest reads and writes. */
static void change_disk(void)
{
    static uint8_t cluster[MEDIA_CLUSTER_BYTES];
    struct media *media = machine.pc->drives.drive[DRIVE_FDA].media;
    memset(cluster, 0x5a, sizeof(cluster));
    if (!media || !media_overlay_put(media, 2, cluster) || !media_overlay_put(media, 20, cluster)) {
        fuzz_fail("the disk has no overlay");
    }
}

uint8_t *fuzz_seed(size_t *count)
{
    static char path[] = "/tmp/fuzz-seed.XXXXXX";
    struct status status = {0};
    start();
    change_disk();
    int fd = mkstemp(path);
    if (fd < 0 || !snapshot_save(&machine, path, true, &status)) {
        fuzz_fail(status.text);
    }
    snapshot_close(&machine);
    close(fd);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *bytes = fuzz_input_of(fd, count);
    close(fd);
    unlink(path);
    return bytes;
}
