/*
 * Where a Multiboot kernel goes in memory and what it is told: the part of a boot loader that runs
 * on the host.  The option ROM multiboot.asm copies the items and jumps.
 *
 * ELF32 images by their program headers; others by the address fields of the Multiboot header.
 * The information block (flags 0, 2, 3, 6: memory, command line, modules, memory map) goes to
 * 9000h.
 *
 * Multiboot Specification 0.6.96; ELF 1.2.  Not modelled: boot device, video modes, a.out symbols.
 */
#include "base/endian.h"
#include "devices/firmware/fw_cfg.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAGIC = 0x1badb002,
    SEARCH_BYTES = 8192,
    HEADER_BYTES = 32,
    HAS_ADDRESSES = 1 << 16,
    ELF_HEADER_BYTES = 52,
    ELF_PHENTRY_BYTES = 32,
    PT_LOAD = 1,
    INFO_ADDR = 0x9000,
    INFO_BYTES = 4096,
    INFO_COMMAND_LINE = 256,
    INFO_MODULES = 128,
    INFO_MAP = 160,
    LOADER_NAME = 0xe00,
    MODULE_ALIGN = 4096,
};

struct image {
    uint32_t load, entry;
    uint32_t memory_bytes; /* with what is to be zero */
    uint8_t *bytes;        /* owned */
    uint32_t file_bytes;
};

/* The header's offset, or -1. */
static int64_t find_header(const uint8_t *bytes, size_t size)
{
    size_t end = size < SEARCH_BYTES ? size : SEARCH_BYTES;
    for (size_t at = 0; at + HEADER_BYTES <= end; at += 4) {
        uint32_t sum =
            load_le32(bytes + at) + load_le32(bytes + at + 4) + load_le32(bytes + at + 8);
        if (load_le32(bytes + at) == MAGIC && sum == 0) {
            return (int64_t)at;
        }
    }
    return -1;
}

/* One program header's part of the file, or false when the file does not have it. */
static bool segment_of(const struct fw_cfg_linux *boot, uint32_t n, uint32_t field[8])
{
    uint64_t at = (uint64_t)load_le32(boot->kernel + 28) + (uint64_t)n * ELF_PHENTRY_BYTES;
    if (at + ELF_PHENTRY_BYTES > boot->kernel_bytes) {
        return false;
    }
    for (unsigned i = 0; i < 8; i++) {
        field[i] = load_le32(boot->kernel + at + 4 * i);
    }
    return field[0] != PT_LOAD || (uint64_t)field[1] + field[4] <= boot->kernel_bytes;
}

enum { P_OFFSET = 1, P_PADDR = 3, P_FILESZ = 4, P_MEMSZ = 5 };

static bool flatten_elf(const struct fw_cfg_linux *boot, struct image *image, struct status *status)
{
    uint32_t count = load_le16(boot->kernel + 44);
    uint64_t low = UINT32_MAX;
    uint64_t high = 0;
    uint64_t file_end = 0;
    uint32_t field[8];
    for (uint32_t n = 0; n < count; n++) {
        if (!segment_of(boot, n, field)) {
            return status_fail(status, "the Multiboot kernel is cut short");
        }
        if (field[0] == PT_LOAD && field[P_MEMSZ]) {
            uint64_t base = field[P_PADDR];
            low = base < low ? base : low;
            high = base + field[P_MEMSZ] > high ? base + field[P_MEMSZ] : high;
            file_end = base + field[P_FILESZ] > file_end ? base + field[P_FILESZ] : file_end;
        }
    }
    if (low >= high || high > boot->ram_bytes || file_end < low) {
        return status_fail(status, "the Multiboot kernel does not fit into memory");
    }
    image->load = (uint32_t)low;
    image->entry = load_le32(boot->kernel + 24);
    image->memory_bytes = (uint32_t)(high - low);
    image->file_bytes = (uint32_t)(file_end - low);
    image->bytes = calloc(1, image->file_bytes + 1);
    if (!image->bytes) {
        return status_fail(status, "no memory for the Multiboot kernel");
    }
    for (uint32_t n = 0; n < count; n++) {
        segment_of(boot, n, field);
        if (field[0] == PT_LOAD && field[P_MEMSZ]) {
            memcpy(image->bytes + (field[P_PADDR] - low), boot->kernel + field[P_OFFSET],
                   field[P_FILESZ]);
        }
    }
    return true;
}

static bool flatten_by_header(const struct fw_cfg_linux *boot, uint32_t header, struct image *image,
                              struct status *status)
{
    const uint8_t *at = boot->kernel + header;
    uint32_t load = load_le32(at + 16);
    uint32_t load_end = load_le32(at + 20);
    uint32_t bss_end = load_le32(at + 24);
    uint64_t skip = (uint64_t)header - (load_le32(at + 12) - load);
    if (!(load_le32(at + 4) & HAS_ADDRESSES) || skip > header) {
        return status_fail(status, "not a Multiboot kernel: neither ELF nor load addresses");
    }
    uint64_t bytes = load_end ? load_end - load : boot->kernel_bytes - skip;
    uint64_t memory = bss_end ? bss_end - load : bytes;
    if (skip + bytes > boot->kernel_bytes || memory < bytes || load + memory > boot->ram_bytes) {
        return status_fail(status, "the Multiboot kernel does not fit into memory");
    }
    *image = (struct image){.load = load,
                            .entry = load_le32(at + 28),
                            .memory_bytes = (uint32_t)memory,
                            .file_bytes = (uint32_t)bytes,
                            .bytes = malloc((size_t)bytes + 1)};
    if (!image->bytes) {
        return status_fail(status, "no memory for the Multiboot kernel");
    }
    memcpy(image->bytes, boot->kernel + skip, (size_t)bytes);
    return true;
}

/* The boot information block, followed in memory by the module at module_addr. */
static void fill_info(const struct fw_cfg_linux *boot, uint32_t module_addr,
                      uint8_t info[INFO_BYTES])
{
    enum { MEMORY = 1, COMMAND_LINE = 4, MODULES = 8, MAP = 64, LOADER = 512 };
    enum { LOW_KIB = 639, MEGABYTE = 0x100000 };
    static const char loader[] = "vestige";
    const uint64_t map[2][2] = {{0, (uint64_t)LOW_KIB << 10},
                                {MEGABYTE, boot->ram_bytes - MEGABYTE}};
    memset(info, 0, INFO_BYTES);
    store_le32(info, MEMORY | COMMAND_LINE | MAP | LOADER | (boot->initrd_bytes ? MODULES : 0));
    store_le32(info + 4, LOW_KIB);
    store_le32(info + 8, (uint32_t)((boot->ram_bytes >> 10) - 1024));
    store_le32(info + 16, INFO_ADDR + INFO_COMMAND_LINE);
    strncpy((char *)info + INFO_COMMAND_LINE, boot->command_line,
            LOADER_NAME - INFO_COMMAND_LINE - 1);
    if (boot->initrd_bytes) {
        store_le32(info + 20, 1);
        store_le32(info + 24, INFO_ADDR + INFO_MODULES);
        store_le32(info + INFO_MODULES, module_addr);
        store_le32(info + INFO_MODULES + 4, module_addr + (uint32_t)boot->initrd_bytes);
        store_le32(info + INFO_MODULES + 8, INFO_ADDR + INFO_COMMAND_LINE);
    }
    store_le32(info + 44, 2 * 24);
    store_le32(info + 48, INFO_ADDR + INFO_MAP);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *entry = info + INFO_MAP + 24 * i;
        store_le32(entry, 20);
        store_le64(entry + 4, map[i][0]);
        store_le64(entry + 12, map[i][1]);
        store_le32(entry + 20, 1);
    }
    store_le32(info + 64, INFO_ADDR + LOADER_NAME);
    memcpy(info + LOADER_NAME, loader, sizeof(loader));
}

/* Kernel and module become one image, the module on the next page. */
static bool append_module(const struct fw_cfg_linux *boot, struct image *image,
                          uint32_t *module_addr, struct status *status)
{
    uint64_t at = ((uint64_t)image->load + image->memory_bytes + MODULE_ALIGN - 1) &
                  ~(uint64_t)(MODULE_ALIGN - 1);
    if (at + boot->initrd_bytes > boot->ram_bytes) {
        return status_fail(status, "the module does not fit into memory");
    }
    uint64_t total = at - image->load + boot->initrd_bytes;
    uint8_t *bytes = total <= SIZE_MAX ? calloc(1, (size_t)total) : NULL;
    if (!bytes) {
        return status_fail(status, "no memory for the module");
    }
    memcpy(bytes, image->bytes, image->file_bytes);
    boot->initrd.read(boot->initrd.source, 0, bytes + (at - image->load), boot->initrd_bytes);
    free(image->bytes);
    image->bytes = bytes;
    image->file_bytes = image->memory_bytes = (uint32_t)total;
    *module_addr = (uint32_t)at;
    return true;
}

bool fw_cfg_add_multiboot_kernel(struct fw_cfg *cfg, const struct fw_cfg_linux *boot,
                                 struct status *status)
{
    static const uint8_t elf[] = {0x7f, 'E', 'L', 'F', 1, 1};
    struct image image = {0};
    uint8_t info[INFO_BYTES];
    uint32_t module_addr = 0;
    int64_t header = find_header(boot->kernel, boot->kernel_bytes);
    if (header < 0) {
        return status_fail(status, "not a Multiboot kernel: no header in its first 8 KiB");
    }
    bool is_elf = boot->kernel_bytes >= ELF_HEADER_BYTES && !memcmp(boot->kernel, elf, sizeof(elf));
    bool done = is_elf ? flatten_elf(boot, &image, status)
                       : flatten_by_header(boot, (uint32_t)header, &image, status);
    done = done && (!boot->initrd_bytes || append_module(boot, &image, &module_addr, status));
    if (done) {
        fill_info(boot, module_addr, info);
        fw_cfg_add_u32(cfg, FW_CFG_KERNEL_ADDR, image.load);
        fw_cfg_add_u32(cfg, FW_CFG_KERNEL_SIZE, image.memory_bytes);
        fw_cfg_add_bytes(cfg, FW_CFG_KERNEL_DATA, image.bytes, image.file_bytes);
        fw_cfg_add_u32(cfg, FW_CFG_KERNEL_ENTRY, image.entry);
        fw_cfg_add_u32(cfg, FW_CFG_INITRD_ADDR, INFO_ADDR);
        fw_cfg_add_u32(cfg, FW_CFG_INITRD_SIZE, INFO_BYTES);
        fw_cfg_add_bytes(cfg, FW_CFG_INITRD_DATA, info, INFO_BYTES);
    }
    free(image.bytes);
    return done;
}
