/* See snapshot_config.h. */
#define _GNU_SOURCE
#include "machine/snapshot_config.h"

#include "base/arena.h"
#include "machine/pc.h"
#include "snapshots/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { HASHED_MOST = 64 << 20, PIECE = 1 << 20 };

/* Options that make the machine.  PLAIN: the text must be the same.  SIZE: the value must.  FILE_:
 * the path may differ, the content must not.  FLAG_: must be given or not given alike. */
enum option_class { PLAIN, SIZE, FILE_, FLAG_ };

static const struct {
    const char *name;
    enum option_class class;
} machine_options[] = {
    {"memory", SIZE},  {"cpu", PLAIN},     {"boot", PLAIN},       {"append", PLAIN},
    {"bios", FILE_},   {"vgabios", FILE_}, {"kernel", FILE_},     {"initrd", FILE_},
    {"faults", FILE_}, {"demo", FLAG_},    {"debug-exit", FLAG_}, {"snapshot-disks", FLAG_},
};
enum { MACHINE_OPTIONS = sizeof(machine_options) / sizeof(machine_options[0]) };

static const char *const slot_options[DRIVE_SLOTS] = {"fda", "fdb", "hda", "hdb", "hdc", "hdd"};

/* ---- files ---- */

#define FILE_STATE(S, VAL, ARR, SUB)                                       \
    VAL(S, u64, bytes, 0, "size")                                          \
    VAL(S, u64, mtime_ns, 0, "time of the last change, since 1970")        \
    VAL(S, u64, checksum, 0, "XXH64 of the content; 0: too large to tell") \
    VAL(S, bool, cdrom, false, "a CD-ROM")                                 \
    VAL(S, bool, overlay, false, "changes are in the snapshot")            \
    VAL(S, bool, read_only, false, "the guest cannot write")

struct file_identity {
    STATE_MEMBERS(FILE_STATE)
};
STATE_DESC(file_identity, FILE_STATE);

static uint64_t checksum_of(int fd, uint64_t bytes)
{
    uint8_t *piece = malloc(PIECE);
    uint64_t sum = 0;
    for (uint64_t at = 0; piece && at < bytes;) {
        ssize_t got = pread(fd, piece, PIECE, (off_t)at);
        if (got <= 0) {
            break;
        }
        sum = codec_checksum(piece, (size_t)got, sum);
        at += (uint64_t)got;
    }
    free(piece);
    return sum ? sum : 1;
}

/* False: it cannot be read. */
static bool identify(const char *path, struct file_identity *file)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && fstat(fd, &about) == 0;
    if (good) {
        file->bytes = (uint64_t)about.st_size;
        file->mtime_ns =
            (uint64_t)about.st_mtim.tv_sec * CLOCK_NS_PER_S + (uint64_t)about.st_mtim.tv_nsec;
        file->checksum = file->bytes <= HASHED_MOST ? checksum_of(fd, file->bytes) : 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

static bool same_content(const struct file_identity *a, const struct file_identity *b)
{
    return a->bytes == b->bytes &&
           (a->checksum ? a->checksum == b->checksum : a->mtime_ns == b->mtime_ns);
}

static void put_path(struct fields_writer *writer, const char *path)
{
    char *full = realpath(path, NULL);
    fields_put_text(writer, "path", full ? full : path);
    free(full);
}

static void put_file(struct fields_writer *writer, const char *role, const char *type,
                     const char *path, struct file_identity *file)
{
    identify(path, file);
    fields_begin(writer, role, type);
    put_path(writer, path);
    fields_put_state(writer, &file_identity_state, file);
    fields_end(writer);
}

/* ---- saving ---- */

static void save_about(const struct machine *machine, struct fields_writer *writer)
{
    uint64_t icount = machine_icount(machine);
    uint64_t ns = machine_now(machine);
    fields_begin(writer, "about", "about");
    fields_put(writer, "instructions", STATE_u64, 1, &icount);
    fields_put(writer, "virtual_ns", STATE_u64, 1, &ns);
    fields_put(writer, "mips", STATE_u64, 1, &machine->mips);
    fields_end(writer);
}

static void save_options(const struct machine *machine, struct fields_writer *writer)
{
    fields_begin(writer, "options", "options");
    for (unsigned i = 0; i < MACHINE_OPTIONS; i++) {
        const struct config_row *row = config_row(machine_options[i].name);
        const void *field = (const char *)machine->config + row->offset;
        if (!config_given(machine->config, row) || machine_options[i].class == FILE_) {
            continue;
        }
        bool flag = machine_options[i].class == FLAG_;
        fields_put_text(writer, row->name, flag ? "" : *(const char *const *)field);
    }
    fields_end(writer);
}

static void save_firmware(const struct machine *machine, struct fields_writer *writer)
{
    const struct memory_map *map = &machine->memory;
    uint64_t sum = codec_checksum(map->firmware, map->firmware_bytes, 0);
    fields_begin(writer, "firmware", "firmware");
    fields_put(writer, "checksum", STATE_u64, 1, &sum);
    fields_end(writer);
}

static void save_files(struct machine *machine, struct fields_writer *writer)
{
    const struct config *config = machine->config;
    const struct drives *drives = &machine->pc->drives;
    const char *const files[][2] = {{"bios", config->bios},
                                    {"vgabios", config->vgabios},
                                    {"kernel", drives_kernel(drives)},
                                    {"initrd", config->initrd}};
    for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct file_identity file = {0};
        if (files[i][1]) {
            put_file(writer, files[i][0], "file", files[i][1], &file);
        }
    }
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        const struct drive *drive = &drives->drive[slot];
        struct file_identity file = {.cdrom = drive->cdrom};
        if (drive->media && !(config->demo && slot == DRIVE_FDA)) {
            file.overlay = media_has_overlay(drive->media);
            file.read_only = drive->block.read_only;
            put_file(writer, slot_options[slot], "drive", drive->path, &file);
        }
    }
}

void snapshot_config_save(struct machine *machine, struct fields_writer *writer)
{
    save_about(machine, writer);
    save_options(machine, writer);
    save_firmware(machine, writer);
    save_files(machine, writer);
}

/* ---- filling in ---- */

static bool give(struct config *config, const char *name, const char *text, struct status *status)
{
    const struct config_row *row = config_row(name);
    if (!row || row->kind == CONFIG_LIST || row->kind == CONFIG_OPTIONAL) {
        return status_fail(status, "options.%.40s: this version has no such option", name);
    }
    return config_given(config, row) ||
           config_take(config, row, arena_strdup(config->texts, text), status);
}

static bool fill_options(struct config *config, struct section section, struct status *status)
{
    struct saved_field field;
    char text[4096];
    while (section_next(&section, &field, status)) {
        bool known = false;
        for (unsigned i = 0; i < MACHINE_OPTIONS; i++) {
            known |= strcmp(machine_options[i].name, field.name) == 0;
        }
        if (!known || field.count >= sizeof(text)) {
            return status_fail(status, "options.%.40s: no option that makes a machine", field.name);
        }
        saved_text(&field, text, sizeof(text));
        if (!give(config, field.name, text, status)) {
            return false;
        }
    }
    return !status->failed;
}

struct file_section {
    char path[PATH_MAX];
    struct file_identity file;
};

/* A section of type file or drive. */
static bool load_file(struct section section, struct file_section *out, struct status *status)
{
    struct fields_writer rest = {0};
    struct saved_field field;
    *out = (struct file_section){0};
    fields_begin(&rest, section.instance, section.type);
    while (section_next(&section, &field, status)) {
        if (strcmp(field.name, "path") == 0) {
            saved_text(&field, out->path, sizeof(out->path));
        } else if (field.count == 1 && (field.kind == STATE_u64 || field.kind == STATE_bool)) {
            uint64_t value = saved_element(&field, 0);
            bool flag = value != 0;
            const void *element = field.kind == STATE_bool ? (const void *)&flag : &value;
            fields_put(&rest, field.name, field.kind, 1, element);
        }
    }
    fields_end(&rest);
    struct fields_reader reader = {rest.bytes, rest.bytes + rest.used};
    bool good = !status->failed && !rest.failed && fields_next(&reader, &section, status) &&
                section_load(section, &file_identity_state, &out->file, status);
    fields_free(&rest);
    return good || status->failed || status_fail(status, "no memory");
}

static bool fill_file(struct config *config, struct section section, struct status *status)
{
    struct file_section file;
    if (!load_file(section, &file, status)) {
        return false;
    }
    const char *name = section.instance;
    if (file.file.cdrom && strcmp(name, "hdc") == 0) {
        name = "cdrom";
    }
    return give(config, name, file.path, status);
}

static bool fill_about(struct config *config, struct section section, struct status *status)
{
    struct saved_field field;
    while (section_next(&section, &field, status)) {
        uint64_t mips = saved_element(&field, 0);
        if (strcmp(field.name, "mips") == 0 && mips != MACHINE_DEFAULT_MIPS && !config->speed) {
            char text[24];
            snprintf(text, sizeof(text), "%llu", (unsigned long long)mips);
            config->speed = arena_strdup(config->texts, text);
        }
    }
    return !status->failed;
}

static bool fill_section(struct config *config, const struct section *section,
                         struct status *status)
{
    if (strcmp(section->type, "options") == 0) {
        return fill_options(config, *section, status);
    }
    if (strcmp(section->type, "file") == 0 || strcmp(section->type, "drive") == 0) {
        return fill_file(config, *section, status);
    }
    return strcmp(section->type, "about") != 0 || fill_about(config, *section, status);
}

bool snapshot_config_fill(struct config *config, const uint8_t *bytes, size_t count,
                          struct status *status)
{
    struct fields_reader reader = {bytes, bytes + count};
    struct section section;
    bool good = true;
    config->texts = config->texts ? config->texts : arena_create(4096);
    while (good && fields_next(&reader, &section, status)) {
        good = fill_section(config, &section, status);
    }
    return good && !status->failed;
}

/* ---- checking ---- */

static bool same_option(enum option_class class, const char *a, const char *b)
{
    uint64_t one;
    uint64_t two;
    if (class == SIZE && config_size(a, &one) && config_size(b, &two)) {
        return one == two;
    }
    return strcmp(a, b) == 0;
}

/* The text of the option in the section; false: it is not there. */
static bool find_text(struct section section, const char *name, char *text, size_t room)
{
    struct status ignored = {0};
    struct saved_field field;
    while (section_next(&section, &field, &ignored)) {
        if (strcmp(field.name, name) == 0) {
            saved_text(&field, text, room);
            return true;
        }
    }
    return false;
}

static bool check_options(const struct config *config, const struct section *section,
                          struct status *status)
{
    char saved[4096];
    for (unsigned i = 0; i < MACHINE_OPTIONS; i++) {
        const char *name = machine_options[i].name;
        enum option_class class = machine_options[i].class;
        const struct config_row *row = config_row(name);
        if (class == FILE_) {
            continue;
        }
        bool had = find_text(*section, name, saved, sizeof(saved));
        bool has = config_given(config, row);
        const char *now =
            has && class != FLAG_ ? *(const char *const *)((const char *)config + row->offset) : "";
        if (had != has || (had && class != FLAG_ && !same_option(class, saved, now))) {
            return status_fail(
                status, "it was taken %s --%s%s%.80s, this machine runs %s --%s%s%.80s",
                had ? "with" : "without", name, had && saved[0] ? " " : "", had ? saved : "",
                has ? "with" : "without", name, now[0] ? " " : "", now);
        }
    }
    return true;
}

/* The path that plays the role in this machine, or NULL. */
static const char *path_of(const struct machine *machine, const char *role)
{
    const struct config *config = machine->config;
    const struct drives *drives = &machine->pc->drives;
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        if (strcmp(role, slot_options[slot]) == 0) {
            return drives->drive[slot].media ? drives->drive[slot].path : NULL;
        }
    }
    return strcmp(role, "bios") == 0      ? config->bios
           : strcmp(role, "vgabios") == 0 ? config->vgabios
           : strcmp(role, "kernel") == 0  ? drives_kernel(drives)
           : strcmp(role, "initrd") == 0  ? config->initrd
                                          : NULL;
}

static bool check_file(const struct machine *machine, const struct section *section,
                       struct status *status)
{
    struct file_section saved;
    struct file_identity now = {0};
    if (!load_file(*section, &saved, status)) {
        return false;
    }
    const char *path = path_of(machine, section->instance);
    if (!path) {
        return status_fail(status, "it was taken with %.200s as %s, and this machine has none",
                           saved.path, section->instance);
    }
    if (!identify(path, &now)) {
        return status_fail(status, "%s: %s", path, strerror(errno));
    }
    return same_content(&saved.file, &now) ||
           status_fail(status, "%.300s (%s) has changed since the snapshot was taken", path,
                       section->instance);
}

static bool check_firmware(const struct machine *machine, struct section section,
                           struct status *status)
{
    const struct memory_map *map = &machine->memory;
    struct saved_field field;
    while (section_next(&section, &field, status)) {
        if (saved_element(&field, 0) != codec_checksum(map->firmware, map->firmware_bytes, 0)) {
            return status_fail(status, "it was taken with another BIOS than this machine has");
        }
    }
    return !status->failed;
}

static bool check_section(const struct machine *machine, const struct section *section,
                          struct status *status)
{
    if (strcmp(section->type, "options") == 0) {
        return check_options(machine->config, section, status);
    }
    if (strcmp(section->type, "firmware") == 0) {
        return check_firmware(machine, *section, status);
    }
    bool file = strcmp(section->type, "file") == 0 || strcmp(section->type, "drive") == 0;
    return !file || check_file(machine, section, status);
}

/* Nothing may be in a drive that was empty then. */
static bool check_extra(const struct machine *machine, unsigned seen, struct status *status)
{
    const struct drives *drives = &machine->pc->drives;
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        bool demo = machine->config->demo && slot == DRIVE_FDA;
        if (drives->drive[slot].media && !demo && !(seen >> slot & 1)) {
            return status_fail(status, "it was taken without %.200s as %s",
                               drives->drive[slot].path, slot_options[slot]);
        }
    }
    return true;
}

bool snapshot_config_check(const struct machine *machine, const uint8_t *bytes, size_t count,
                           struct status *status)
{
    struct fields_reader reader = {bytes, bytes + count};
    struct section section;
    bool good = true;
    unsigned seen = 0;
    while (good && fields_next(&reader, &section, status)) {
        good = check_section(machine, &section, status);
        for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
            bool named = strcmp(section.type, "drive") == 0 &&
                         strcmp(section.instance, slot_options[slot]) == 0;
            seen |= named ? 1u << slot : 0;
        }
    }
    return good && !status->failed && check_extra(machine, seen, status);
}
