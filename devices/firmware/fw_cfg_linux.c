/*
 * Where a Linux kernel, its initial RAM disk and its command line go in memory, and what the setup
 * header must say: the part of a boot loader that runs on the host.  The option ROM copies the
 * items and jumps.
 *
 * Three layouts, by age of the image:
 *
 *     kernel                        setup code   command line            protected-mode code
 *     zImage or no header           90000h       below 9A000h            10000h
 *     bzImage, protocol below 2.02  90000h       below 9A000h            100000h
 *     bzImage                       10000h       20000h                  100000h
 *
 * Linux Documentation, x86/boot (offsets of the header are from the start of the image).
 */
#include "base/endian.h"
#include "devices/firmware/fw_cfg.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    HDR_SETUP_SECTORS = 0x1f1,
    HDR_VIDEO_MODE = 0x1fa,
    HDR_BOOT_FLAG = 0x1fe,
    HDR_MAGIC = 0x202,
    HDR_VERSION = 0x206,
    HDR_LOADER = 0x210,
    HDR_LOAD_FLAGS = 0x211,
    HDR_INITRD_ADDR = 0x218,
    HDR_INITRD_SIZE = 0x21c,
    HDR_HEAP_END = 0x224,
    HDR_CMDLINE = 0x228,
    HDR_INITRD_MAX = 0x22c,
    HDR_CMDLINE_MAX = 0x238,
    HDR_BYTES = 0x260,
    OLD_CMDLINE_MAGIC = 0x20,
    OLD_CMDLINE_OFFSET = 0x22,
};

enum {
    LOADED_HIGH = 0x01,
    CAN_USE_HEAP = 0x80,
    LOADER_ID = 0xb0,       /* as QEMU's, whose option ROM interface this is */
    TOP_RESERVE = 0x100000, /* firmware keeps its tables at the top of RAM */
    INITRD_MAX_OLD = 0x37ffffff,
    CMDLINE_MAX_OLD = 255,
};

struct layout {
    uint16_t version; /* boot protocol, 0 without a header */
    uint32_t setup_bytes;
    uint32_t setup_addr, cmdline_addr, kernel_addr, initrd_addr;
    uint32_t cmdline_bytes; /* with the final NUL */
};

static bool read_header(const struct fw_cfg_linux *boot, struct layout *layout,
                        struct status *status)
{
    const uint8_t *image = boot->kernel;
    if (boot->kernel_bytes < 2 * 512 + HDR_BYTES || load_le16(&image[HDR_BOOT_FLAG]) != 0xaa55) {
        return status_fail(status, "not a Linux kernel: no boot signature");
    }
    bool has_header = memcmp(&image[HDR_MAGIC], "HdrS", 4) == 0;
    layout->version = has_header ? load_le16(&image[HDR_VERSION]) : 0;
    uint32_t sectors = image[HDR_SETUP_SECTORS] ? image[HDR_SETUP_SECTORS] : 4;
    layout->setup_bytes = (sectors + 1) * 512;
    if (layout->setup_bytes >= boot->kernel_bytes) {
        return status_fail(status, "not a Linux kernel: the image ends within its setup code");
    }
    if (boot->kernel_bytes > INT32_MAX || boot->initrd_bytes > INT32_MAX) {
        return status_fail(status, "the Linux kernel or its initial RAM disk is over 2 GiB");
    }
    return true;
}

static bool place_command_line(const struct fw_cfg_linux *boot, struct layout *layout,
                               struct status *status)
{
    size_t limit =
        layout->version >= 0x206 ? load_le32(&boot->kernel[HDR_CMDLINE_MAX]) : CMDLINE_MAX_OLD;
    size_t room = layout->version >= 0x202 ? 0x8000 : 0x2000;
    size_t length = strlen(boot->command_line);
    if (length > limit || length >= room) {
        return status_fail(status, "the kernel command line has %zu characters, %zu are possible",
                           length, limit < room ? limit : room - 1);
    }
    layout->cmdline_bytes = (uint32_t)length + 1;
    return true;
}

static bool place_low_parts(const struct fw_cfg_linux *boot, struct layout *layout,
                            struct status *status)
{
    bool high = layout->version >= 0x200 && (boot->kernel[HDR_LOAD_FLAGS] & LOADED_HIGH);
    bool recent = high && layout->version >= 0x202;
    uint32_t below = 0x9a000 - ((layout->cmdline_bytes + 15) & ~15u);
    layout->setup_addr = recent ? 0x10000 : 0x90000;
    layout->cmdline_addr = recent ? 0x20000 : below;
    layout->kernel_addr = high ? 0x100000 : 0x10000;
    uint64_t kernel_end = layout->kernel_addr + boot->kernel_bytes - layout->setup_bytes;
    uint64_t limit = high ? boot->ram_bytes : 0x90000;
    if (layout->setup_bytes > layout->cmdline_addr - layout->setup_addr - 0x200 ||
        kernel_end > limit) {
        return status_fail(status, "the Linux kernel does not fit into memory");
    }
    return true;
}

static bool place_initrd(const struct fw_cfg_linux *boot, struct layout *layout,
                         struct status *status)
{
    if (!boot->initrd_bytes) {
        return true;
    }
    if (layout->version < 0x200) {
        return status_fail(status, "this Linux kernel is too old for an initial RAM disk");
    }
    uint64_t last = layout->version >= 0x203 ? load_le32(&boot->kernel[HDR_INITRD_MAX])
                                             : (uint32_t)INITRD_MAX_OLD;
    uint64_t kernel_end = layout->kernel_addr + boot->kernel_bytes - layout->setup_bytes;
    uint64_t low = kernel_end < 0x100000 ? 0x100000 : kernel_end;
    uint64_t end = boot->ram_bytes > TOP_RESERVE ? boot->ram_bytes - TOP_RESERVE : 0;
    end = last + 1 < end ? last + 1 : end;
    if (end < boot->initrd_bytes || ((end - boot->initrd_bytes) & ~UINT64_C(0xfff)) < low) {
        return status_fail(status, "the initial RAM disk (%zu bytes) does not fit into memory",
                           boot->initrd_bytes);
    }
    layout->initrd_addr = (uint32_t)(end - boot->initrd_bytes) & ~UINT32_C(0xfff);
    return true;
}

/* The mode number that "vga=" on the command line asks for; false without one. */
static bool video_mode(const char *command_line, uint16_t *mode)
{
    static const struct {
        const char *name;
        uint16_t mode;
    } names[] = {{"normal", 0xffff}, {"ext", 0xfffe}, {"ask", 0xfffd}};
    const char *at = strstr(command_line, "vga=");
    while (at && at != command_line && !isspace((unsigned char)at[-1])) {
        at = strstr(at + 1, "vga=");
    }
    if (!at) {
        return false;
    }
    at += strlen("vga=");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strncmp(at, names[i].name, strlen(names[i].name)) == 0) {
            *mode = names[i].mode;
            return true;
        }
    }
    *mode = (uint16_t)strtoul(at, NULL, 0);
    return true;
}

static void fill_header(const struct fw_cfg_linux *boot, const struct layout *layout,
                        uint8_t *setup)
{
    if (layout->version >= 0x202) {
        store_le32(&setup[HDR_CMDLINE], layout->cmdline_addr);
    } else {
        store_le16(&setup[OLD_CMDLINE_MAGIC], 0xa33f);
        store_le16(&setup[OLD_CMDLINE_OFFSET],
                   (uint16_t)(layout->cmdline_addr - layout->setup_addr));
    }
    uint16_t mode = 0;
    if (video_mode(boot->command_line, &mode)) {
        store_le16(&setup[HDR_VIDEO_MODE], mode);
    }
    if (layout->version >= 0x200) {
        setup[HDR_LOADER] = LOADER_ID;
        store_le32(&setup[HDR_INITRD_ADDR], layout->initrd_addr);
        store_le32(&setup[HDR_INITRD_SIZE], (uint32_t)boot->initrd_bytes);
    }
    if (layout->version >= 0x201) {
        setup[HDR_LOAD_FLAGS] |= CAN_USE_HEAP;
        store_le16(&setup[HDR_HEAP_END],
                   (uint16_t)(layout->cmdline_addr - layout->setup_addr - 0x200));
    }
}

static void add_part(struct fw_cfg *cfg, const uint16_t keys[3], uint32_t address,
                     const void *bytes, size_t size)
{
    fw_cfg_add_u32(cfg, keys[0], address);
    fw_cfg_add_u32(cfg, keys[1], (uint32_t)size);
    fw_cfg_add_bytes(cfg, keys[2], bytes, size);
}

static void add_items(struct fw_cfg *cfg, const struct fw_cfg_linux *boot,
                      const struct layout *layout, const uint8_t *setup)
{
    static const uint16_t kernel[] = {FW_CFG_KERNEL_ADDR, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA};
    static const uint16_t text[] = {FW_CFG_CMDLINE_ADDR, FW_CFG_CMDLINE_SIZE, FW_CFG_CMDLINE_DATA};
    static const uint16_t code[] = {FW_CFG_SETUP_ADDR, FW_CFG_SETUP_SIZE, FW_CFG_SETUP_DATA};
    add_part(cfg, kernel, layout->kernel_addr, boot->kernel + layout->setup_bytes,
             boot->kernel_bytes - layout->setup_bytes);
    fw_cfg_add_u32(cfg, FW_CFG_INITRD_ADDR, layout->initrd_addr);
    fw_cfg_add_u32(cfg, FW_CFG_INITRD_SIZE, (uint32_t)boot->initrd_bytes);
    fw_cfg_add_source(cfg, FW_CFG_INITRD_DATA, &boot->initrd, boot->initrd_bytes);
    add_part(cfg, text, layout->cmdline_addr, boot->command_line, layout->cmdline_bytes);
    add_part(cfg, code, layout->setup_addr, setup, layout->setup_bytes);
}

bool fw_cfg_add_linux_kernel(struct fw_cfg *cfg, const struct fw_cfg_linux *boot,
                             struct status *status)
{
    struct layout layout = {0};
    if (!read_header(boot, &layout, status) || !place_command_line(boot, &layout, status) ||
        !place_low_parts(boot, &layout, status) || !place_initrd(boot, &layout, status)) {
        return false;
    }
    uint8_t *setup = malloc(layout.setup_bytes);
    if (!setup) {
        abort();
    }
    memcpy(setup, boot->kernel, layout.setup_bytes);
    fill_header(boot, &layout, setup);
    add_items(cfg, boot, &layout, setup);
    free(setup);
    return true;
}
