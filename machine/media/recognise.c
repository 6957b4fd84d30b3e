/*
 * See recognise.h.  Signatures: ISO 9660 8.1 and ECMA-167 2/9.1 (volume recognition), the Linux/x86
 * boot protocol, Multiboot 0.6.96 section 3.1, ELF; FAT boot sectors for floppies of odd length.
 */
#include "machine/media/recognise.h"

#include "base/endian.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- signatures ---- */

static bool has(const uint8_t *head, size_t bytes, size_t at, const char *text, size_t length)
{
    return bytes >= at + length && !memcmp(head + at, text, length);
}

static bool is_snapshot(const uint8_t *head, size_t bytes)
{
    return has(head, bytes, 0, "VSNAP", 5);
}

static bool is_cdrom(const uint8_t *head, size_t bytes)
{
    return has(head, bytes, 32769, "CD001", 5) || has(head, bytes, 32777, "CDROM", 5) ||
           has(head, bytes, 32769, "BEA01", 5);
}

static bool has_boot_signature(const uint8_t *head, size_t bytes)
{
    return has(head, bytes, 510, "\x55\xaa", 2);
}

static bool is_linux_kernel(const uint8_t *head, size_t bytes)
{
    return has_boot_signature(head, bytes) && has(head, bytes, 0x202, "HdrS", 4);
}

static bool is_multiboot_elf(const uint8_t *head, size_t bytes)
{
    enum { SEARCHED = 8192 };
    if (!has(head, bytes, 0,
             "\x7f"
             "ELF",
             4)) {
        return false;
    }
    for (size_t at = 0; at + 12 <= bytes && at + 12 <= SEARCHED; at += 4) {
        uint32_t magic = load_le32(head + at);
        uint32_t flags = load_le32(head + at + 4);
        uint32_t checksum = load_le32(head + at + 8);
        if (magic == 0x1badb002 && magic + flags + checksum == 0) {
            return true;
        }
    }
    return false;
}

/* ---- floppies ---- */

/* Sectors of the formats a floppy image comes in. */
static bool is_floppy_size(uint64_t sectors)
{
    static const uint16_t sizes[] = {320,  360,  640,  720,  1440, 2400,
                                     2880, 2952, 3200, 3360, 3444, 5760};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (sectors == sizes[i]) {
            return true;
        }
    }
    return false;
}

/* A FAT boot sector that speaks of a floppy, in a file that was cut or grew. */
static bool is_fat_floppy(const uint8_t *head, size_t bytes, uint64_t file_bytes)
{
    if (bytes < 512 || file_bytes > UINT64_C(5760) * 512 || !has_boot_signature(head, bytes)) {
        return false;
    }
    bool jump = head[0] == 0xe9 || (head[0] == 0xeb && head[2] == 0x90);
    uint8_t descriptor = head[0x15];
    return jump && load_le16(head + 0x0b) == 512 && is_floppy_size(load_le16(head + 0x13)) &&
           (descriptor == 0xf0 || descriptor >= 0xf9);
}

/* ---- machine files ---- */

/* Text whose first line that is no comment opens a section or sets a key. */
static bool is_machine_file(const uint8_t *head, size_t bytes, uint64_t file_bytes)
{
    enum { MOST_BYTES = 1 << 20 };
    if (bytes == 0 || file_bytes > MOST_BYTES) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        bool text = head[i] >= 0x20 || head[i] == '\t' || head[i] == '\r' || head[i] == '\n';
        if (!text || head[i] == 0x7f) {
            return false;
        }
    }
    size_t at = has(head, bytes, 0, "\xef\xbb\xbf", 3) ? 3 : 0;
    while (at < bytes) {
        const uint8_t *line = head + at;
        const uint8_t *newline = memchr(line, '\n', bytes - at);
        size_t length = newline ? (size_t)(newline - line) : bytes - at;
        at += length + 1;
        while (length > 0 && (*line == ' ' || *line == '\t' || *line == '\r')) {
            line++;
            length--;
        }
        if (length == 0 || *line == ';' || *line == '#') {
            continue;
        }
        return *line == '[' ? memchr(line, ']', length) != NULL : memchr(line, '=', length) != NULL;
    }
    return false;
}

/* ---- the answer ---- */

enum media_kind recognise_bytes(const uint8_t *head, size_t bytes, uint64_t file_bytes)
{
    if (is_snapshot(head, bytes)) {
        return MEDIA_SNAPSHOT;
    }
    if (has(head, bytes, 0, "Vestige log\n", 12)) {
        return MEDIA_RECORDING;
    }
    if (is_cdrom(head, bytes)) {
        return MEDIA_CDROM;
    }
    if (recognise_foreign(head, bytes)) {
        return MEDIA_UNKNOWN;
    }
    if (file_bytes % 512 == 0 && is_floppy_size(file_bytes / 512)) {
        return MEDIA_FLOPPY; /* before kernels: old boot floppies are a bare kernel */
    }
    if (is_linux_kernel(head, bytes)) {
        return MEDIA_LINUX_KERNEL;
    }
    if (is_multiboot_elf(head, bytes)) {
        return MEDIA_MULTIBOOT_ELF;
    }
    if (is_machine_file(head, bytes, file_bytes)) {
        return MEDIA_MACHINE_FILE;
    }
    if (is_fat_floppy(head, bytes, file_bytes)) {
        return MEDIA_FLOPPY;
    }
    bool whole = file_bytes > 0 && file_bytes % 512 == 0;
    bool elf = has(head, bytes, 1, "ELF", 3);
    return (whole || has_boot_signature(head, bytes)) && !elf ? MEDIA_HARD_DISK : MEDIA_UNKNOWN;
}

const char *recognise_foreign(const uint8_t *head, size_t bytes)
{
    static const struct {
        uint8_t at, length;
        const char *magic;
        const char *name;
    } rows[] = {
        {0, 4, "QFI\xfb", "qcow2"},
        {0, 4, "KDMV", "VMDK"},
        {0, 21, "# Disk DescriptorFile", "VMDK"},
        {0, 8, "conectix", "VHD"},
        {0, 8, "vhdxfile", "VHDX"},
        {64, 4, "\x7f\x10\xda\xbe", "VDI"},
        {0, 3, "\x1f\x8b\x08", "gzip"},
        {0, 6,
         "\xfd"
         "7zXZ",
         "xz"},
        {0, 4, "\x28\xb5\x2f\xfd", "zstd"},
        {0, 3, "BZh", "bzip2"},
        {0, 4, "PK\x03\x04", "zip"},
        {0, 6, "7z\xbc\xaf\x27\x1c", "7-Zip"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (has(head, bytes, rows[i].at, rows[i].magic, rows[i].length)) {
            return rows[i].name;
        }
    }
    return NULL;
}

const char *media_kind_name(enum media_kind kind)
{
    static const char *const names[MEDIA_KINDS] = {
        [MEDIA_UNKNOWN] = "unknown",           [MEDIA_FLOPPY] = "floppy disk",
        [MEDIA_HARD_DISK] = "hard disk",       [MEDIA_CDROM] = "CD-ROM",
        [MEDIA_LINUX_KERNEL] = "Linux kernel", [MEDIA_MULTIBOOT_ELF] = "multiboot ELF",
        [MEDIA_MACHINE_FILE] = "machine file", [MEDIA_SNAPSHOT] = "snapshot",
        [MEDIA_RECORDING] = "recording",
    };
    return names[kind < MEDIA_KINDS ? kind : MEDIA_UNKNOWN];
}

/* ---- files ---- */

static bool read_head(int fd, const char *path, uint8_t *head, size_t *bytes, struct status *status)
{
    *bytes = 0;
    while (*bytes < RECOGNISE_BYTES) {
        ssize_t got = pread(fd, head + *bytes, RECOGNISE_BYTES - *bytes, (off_t)*bytes);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return status_fail_errno(status, "%s: cannot read", path);
        }
        if (got == 0) {
            break;
        }
        *bytes += (size_t)got;
    }
    return true;
}

static bool recognise_open(int fd, const char *path, enum media_kind *kind, struct status *status)
{
    off_t end = lseek(fd, 0, SEEK_END);
    size_t bytes = 0;
    uint8_t *head = malloc(RECOGNISE_BYTES);
    if (!head || end < 0) {
        free(head);
        return status_fail_errno(status, "%s", path);
    }
    bool ok = read_head(fd, path, head, &bytes, status);
    if (ok) {
        const char *foreign = recognise_foreign(head, bytes);
        *kind = recognise_bytes(head, bytes, (uint64_t)end);
        if (end == 0) {
            ok = status_fail(status, "%s: is empty", path);
        } else if (*kind == MEDIA_UNKNOWN && foreign) {
            ok = status_fail(status, "%s: is a %s file; only raw images can be used, convert it",
                             path, foreign);
        } else if (*kind == MEDIA_UNKNOWN && end > 512 && end % 512) {
            ok = status_fail(status,
                             "%s: not recognised; a disk image would have a multiple of 512 bytes, "
                             "this has %lld and may be cut short",
                             path, (long long)end);
        } else if (*kind == MEDIA_UNKNOWN) {
            ok = status_fail(status,
                             "%s: not recognised as a disk image, kernel, machine file or snapshot",
                             path);
        }
    }
    free(head);
    return ok;
}

bool recognise_file(const char *path, enum media_kind *kind, struct status *status)
{
    struct stat info;
    *kind = MEDIA_UNKNOWN;
    if (stat(path, &info) < 0) {
        return errno == ENOENT ? status_fail(status, "%s: no such file", path)
                               : status_fail_errno(status, "%s", path);
    }
    if (S_ISDIR(info.st_mode)) {
        return status_fail(status, "%s: is a directory", path);
    }
    if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode)) {
        return status_fail(status, "%s: is neither a file nor a block device", path);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return status_fail_errno(status, "%s: cannot open", path);
    }
    bool ok = recognise_open(fd, path, kind, status);
    close(fd);
    return ok;
}
