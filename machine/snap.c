/* See snap.h. */
#define _GNU_SOURCE
#include "machine/snap.h"

#include "snapshots/fields.h"
#include "snapshots/writer.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATUS_OK = 0, STATUS_DIFFERS = 1, STATUS_USER = 2, ID_SHOWN = 6 };

/* The exit status; with STATUS_USER a message stands in status. */
typedef int snap_verb(int count, char **args, struct status *status);

/* The value of about.NAME, or 0. */
static uint64_t about(const struct snap_reader *reader, const char *name)
{
    size_t bytes = 0;
    const uint8_t *blob = snap_reader_blob(reader, SNAP_CONFIG, &bytes);
    struct fields_reader fields = {blob, blob + bytes};
    struct section section;
    struct saved_field field;
    struct status ignored = {0};
    while (fields_next(&fields, &section, &ignored)) {
        while (strcmp(section.type, "about") == 0 && section_next(&section, &field, &ignored)) {
            if (strcmp(field.name, name) == 0) {
                return saved_element(&field, 0);
            }
        }
    }
    return 0;
}

static void print_id(const uint8_t *id)
{
    for (unsigned i = 0; i < ID_SHOWN; i++) {
        printf("%02x", id[i]);
    }
}

/* ---- list ---- */

static void list_header(void)
{
    printf("%-12s  %-12s  %15s  %12s  %9s  %s\n", "id", "builds on", "instructions", "virtual s",
           "MB", "file");
}

static bool list_file(const char *path, struct status *status)
{
    struct snap_reader *reader = snap_reader_open(path, status);
    if (!reader) {
        return false;
    }
    print_id(snap_reader_own_id(reader));
    printf("  ");
    if (snap_reader_parent(reader)) {
        print_id(snap_reader_own_id(snap_reader_parent(reader)));
    } else {
        printf("%-12s", "-");
    }
    printf("  %15" PRIu64 "  %12.3f  %9.1f  %s\n", about(reader, "instructions"),
           (double)about(reader, "virtual_ns") / 1e9, (double)snap_reader_bytes(reader) / 1e6,
           path);
    snap_reader_close(reader);
    return true;
}

static int is_vsnap(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".vsnap") == 0;
}

static bool list_folder(const char *folder, struct status *status)
{
    struct dirent **names;
    int count = scandir(folder, &names, is_vsnap, alphasort);
    bool good = count >= 0 || status_fail_errno(status, "cannot read %s", folder);
    for (int i = 0; i < count; i++) {
        char *path = NULL;
        struct status trouble = {0};
        if (asprintf(&path, "%s/%s", folder, names[i]->d_name) >= 0 && !list_file(path, &trouble)) {
            printf("%s\n", trouble.text);
        }
        free(path);
        free(names[i]);
    }
    if (count >= 0) {
        free(names);
    }
    return good;
}

static int verb_list(int count, char **args, struct status *status)
{
    char here[] = ".";
    char *alone[] = {here};
    args = count ? args : alone;
    count = count ? count : 1;
    list_header();
    bool good = true;
    for (int i = 0; good && i < count; i++) {
        struct stat info;
        bool folder = stat(args[i], &info) == 0 && S_ISDIR(info.st_mode);
        good = folder ? list_folder(args[i], status) : list_file(args[i], status);
    }
    return good ? STATUS_OK : STATUS_USER;
}

/* ---- info ---- */

static void print_field(const char *title, const struct saved_field *field)
{
    char text[4096];
    bool printable = field->kind == STATE_u8;
    for (uint32_t i = 0; printable && i < field->count; i++) {
        uint64_t c = saved_element(field, i);
        printable = c >= ' ' && c <= '~';
    }
    printf("  %s.%s =", title, field->name);
    if (printable) {
        saved_text(field, text, sizeof(text));
        printf(" %s\n", text);
        return;
    }
    for (uint32_t i = 0; i < field->count && i < 16; i++) {
        printf(" %" PRIx64, saved_element(field, i));
    }
    printf("%s\n", field->count > 16 ? " ..." : "");
}

static bool print_fields(const struct snap_reader *reader, uint32_t kind, struct status *status)
{
    size_t bytes = 0;
    const uint8_t *blob = snap_reader_blob(reader, kind, &bytes);
    struct fields_reader fields = {blob, blob + bytes};
    struct section section;
    while (fields_next(&fields, &section, status)) {
        char title[2 * FIELD_NAME_MOST];
        struct saved_field field;
        section_title(&section, title, sizeof(title));
        while (section_next(&section, &field, status)) {
            print_field(title, &field);
        }
    }
    return !status->failed;
}

static int verb_info(int count, char **args, struct status *status)
{
    (void)count;
    struct snap_reader *reader = snap_reader_open(args[0], status);
    if (!reader) {
        return STATUS_USER;
    }
    for (const struct snap_reader *at = reader; at; at = snap_reader_parent(at)) {
        printf("%s: id ", snap_reader_path(at));
        for (unsigned i = 0; i < SNAP_ID_BYTES; i++) {
            printf("%02x", snap_reader_own_id(at)[i]);
        }
        printf(", %" PRIu64 " bytes%s\n", snap_reader_bytes(at),
               snap_reader_parent(at) ? ", builds on" : "");
        for (unsigned n = 0; n < snap_reader_regions(at); n++) {
            const struct snap_region *region = snap_reader_region(at, n);
            printf("  %-6s %" PRIu64 " of %" PRIu64 " units of %" PRIu32 " bytes\n", region->name,
                   snap_reader_units(at, n), region->units, region->unit_bytes);
        }
    }
    bool good = print_fields(reader, SNAP_CONFIG, status) &&
                (count < 2 || print_fields(reader, SNAP_STATE, status));
    snap_reader_close(reader);
    return good ? STATUS_OK : STATUS_USER;
}

/* ---- verify ---- */

/* Walks all fields of a blob; what they are is the machine's to judge. */
static bool check_fields(const struct snap_reader *reader, uint32_t kind, struct status *status)
{
    size_t bytes = 0;
    const uint8_t *blob = snap_reader_blob(reader, kind, &bytes);
    struct fields_reader fields = {blob, blob + bytes};
    struct section section;
    struct saved_field field;
    while (fields_next(&fields, &section, status)) {
        while (section_next(&section, &field, status)) {
        }
    }
    return blob ? !status->failed
                : status_fail(status, "%s: a part is missing", snap_reader_path(reader));
}

/* Calls for each window that exists; units has room for one. */
typedef bool window_visitor(void *user, struct snap_reader *reader, unsigned region,
                            uint32_t window, struct status *status);

static bool each_window(struct snap_reader *reader, window_visitor *visit, void *user,
                        struct status *status)
{
    for (unsigned n = 0; n < snap_reader_regions(reader); n++) {
        for (uint32_t w = 0; snap_reader_next(reader, n, &w); w++) {
            if (!visit(user, reader, n, w, status)) {
                return false;
            }
        }
    }
    return true;
}

static bool unpack(void *units, struct snap_reader *reader, unsigned region, uint32_t window,
                   struct status *status)
{
    uint64_t present;
    return snap_reader_window(reader, region, window, units, &present, status);
}

static int verb_verify(int count, char **args, struct status *status)
{
    uint8_t *units = malloc((size_t)SNAP_UNITS * SNAP_UNIT_MOST);
    bool good = units || status_fail(status, "no memory");
    for (int i = 0; good && i < count; i++) {
        struct snap_reader *reader = snap_reader_open(args[i], status);
        good = reader && check_fields(reader, SNAP_CONFIG, status) &&
               check_fields(reader, SNAP_STATE, status) &&
               each_window(reader, unpack, units, status);
        snap_reader_close(reader);
        if (good) {
            printf("%s: good\n", args[i]);
        }
    }
    free(units);
    return good ? STATUS_OK : STATUS_USER;
}

/* ---- diff ---- */

static int verb_diff(int count, char **args, struct status *status)
{
    struct snap_reader *a = snap_reader_open(args[0], status);
    struct snap_reader *b = a ? snap_reader_open(args[1], status) : NULL;
    bool same = false;
    bool good = b && snap_diff(a, b, stdout, &same, status);
    (void)count;
    snap_reader_close(a);
    snap_reader_close(b);
    return !good ? STATUS_USER : same ? STATUS_OK : STATUS_DIFFERS;
}

/* ---- flatten ---- */

struct copying {
    struct snap_writer *writer;
    uint8_t *units;
};

static bool copy_window(void *user, struct snap_reader *reader, unsigned region, uint32_t window,
                        struct status *status)
{
    struct copying *copying = user;
    size_t size = snap_reader_region(reader, region)->unit_bytes;
    uint8_t *to = snap_writer_room(copying->writer);
    uint64_t present;
    if (!snap_reader_window(reader, region, window, copying->units, &present, status)) {
        return false;
    }
    for (unsigned i = 0; i < SNAP_UNITS; i++) {
        if (present >> i & 1) {
            memcpy(to, copying->units + i * size, size);
            to += size;
        }
    }
    snap_writer_window(copying->writer, region, window, present, 0);
    return true;
}

static bool copy_all(struct snap_reader *reader, struct copying *copying, struct status *status)
{
    static const uint32_t blobs[] = {SNAP_CONFIG, SNAP_STATE};
    for (unsigned i = 0; i < 2; i++) {
        size_t bytes;
        const uint8_t *blob = snap_reader_blob(reader, blobs[i], &bytes);
        if (blob) {
            snap_writer_blob(copying->writer, blobs[i], blob, bytes);
        }
    }
    for (unsigned n = 0; n < snap_reader_regions(reader); n++) {
        struct snap_region region = *snap_reader_region(reader, n);
        region.inherits = 0;
        snap_writer_region(copying->writer, &region);
    }
    return each_window(reader, copy_window, copying, status);
}

static int verb_flatten(int count, char **args, struct status *status)
{
    enum snap_codec codec = SNAP_ZSTD;
    if (count > 2 && !codec_find(args[2], &codec)) {
        status_fail(status, "%s is not one of zstd, zlib, none", args[2]);
        return STATUS_USER;
    }
    struct snap_reader *reader = snap_reader_open(args[0], status);
    struct copying copying = {.units = malloc((size_t)SNAP_UNITS * SNAP_UNIT_MOST)};
    copying.writer =
        reader && copying.units ? snap_writer_open(args[1], codec, NULL, status) : NULL;
    bool good = copying.writer && copy_all(reader, &copying, status);
    if (good) {
        good = snap_writer_finish(copying.writer, NULL, status);
    } else {
        snap_writer_abandon(copying.writer);
    }
    free(copying.units);
    snap_reader_close(reader);
    return good ? STATUS_OK : STATUS_USER;
}

/* ---- extract ---- */

static bool write_region(struct snap_reader *reader, unsigned region, FILE *out, uint8_t *units,
                         struct status *status)
{
    const struct snap_region *about_it = snap_reader_region(reader, region);
    size_t size = about_it->unit_bytes;
    bool good = true;
    for (uint32_t w = 0; good && snap_reader_next(reader, region, &w); w++) {
        uint64_t present;
        if (!snap_reader_window(reader, region, w, units, &present, status)) {
            return false;
        }
        for (unsigned i = 0; good && i < SNAP_UNITS; i++) {
            off_t at = (off_t)(((uint64_t)w * SNAP_UNITS + i) * size);
            good = !(present >> i & 1) || (fseeko(out, at, SEEK_SET) == 0 &&
                                           fwrite(units + i * size, 1, size, out) == size);
        }
    }
    good = good && fflush(out) == 0 &&
           ftruncate(fileno(out), (off_t)(about_it->units * size)) == 0; /* the rest is zeros */
    return good || status_fail_errno(status, "cannot write");
}

static int verb_extract(int count, char **args, struct status *status)
{
    struct snap_reader *reader = snap_reader_open(args[0], status);
    uint8_t *units = malloc((size_t)SNAP_UNITS * SNAP_UNIT_MOST);
    FILE *out = NULL;
    (void)count;
    if (!reader || !units) {
        snap_reader_close(reader);
        free(units);
        return STATUS_USER;
    }
    int region = snap_reader_find(reader, args[1]);
    bool good = region >= 0 ||
                status_fail(status, "%s: there is no %s in it (`snap info`)", args[0], args[1]);
    if (good && !(out = fopen(args[2], "wb"))) {
        good = status_fail_errno(status, "cannot write %s", args[2]);
    }
    good = good && write_region(reader, (unsigned)region, out, units, status);
    if (out && fclose(out) != 0) {
        good = status_fail_errno(status, "cannot write %s", args[2]);
    }
    free(units);
    snap_reader_close(reader);
    return good ? STATUS_OK : STATUS_USER;
}

/* ---- the command ---- */

static const struct {
    const char *name;
    snap_verb *run;
    int least, most;
    const char *arguments, *meaning;
} verbs[] = {
    {"list", verb_list, 0, 100, "[FOLDER|FILE]...", "saved machines, one a line"},
    {"info", verb_info, 1, 2, "FILE [state]", "configuration, files it builds on, the whole state"},
    {"verify", verb_verify, 1, 100, "FILE...", "reads and checks everything"},
    {"diff", verb_diff, 2, 2, "FILE FILE", "registers, device fields and pages that differ"},
    {"flatten", verb_flatten, 2, 3, "FILE OUT [zstd|zlib|none]", "one file that needs no other"},
    {"extract", verb_extract, 3, 3, "FILE ram|vram|hda... OUT", "memory or disk changes, raw"},
};
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static void help(FILE *out)
{
    fputs("usage: vestige snap VERB ...\n\n", out);
    for (unsigned i = 0; i < VERBS; i++) {
        fprintf(out, "  %-8s %-27s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].meaning);
    }
}

int snap_command(int argc, char **argv)
{
    struct status status = {0};
    int result = STATUS_OK;
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        help(argc < 2 ? stderr : stdout);
        return argc < 2 ? STATUS_USER : STATUS_OK;
    }
    unsigned n = 0;
    while (n < VERBS && strcmp(verbs[n].name, argv[1]) != 0) {
        n++;
    }
    if (n == VERBS) {
        status_fail(&status, "unknown verb %s (`vestige snap --help` lists them)", argv[1]);
    } else if (argc - 2 < verbs[n].least || argc - 2 > verbs[n].most) {
        status_fail(&status, "wrong number of arguments; the form is: snap %s %s", verbs[n].name,
                    verbs[n].arguments);
    } else {
        result = verbs[n].run(argc - 2, argv + 2, &status);
        if (result == STATUS_USER && !status.failed) {
            status_fail(&status, "no memory");
        }
    }
    if (status.failed) {
        fprintf(stderr, "vestige: %s\n", status.text);
        return STATUS_USER;
    }
    return result;
}
