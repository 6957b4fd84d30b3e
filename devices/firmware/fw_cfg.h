/*
 * Firmware configuration, as SeaBIOS and option ROMs expect it of QEMU: numbered items and named
 * files that the host gives to the guest, read through ports 510h/511h or by DMA through 514h.
 *
 * An item is bytes under a 16-bit key.  A file is an item with a key from 20h up and a row in the
 * directory, which is item 19h.  Items are made when the machine is built and never change; a
 * snapshot holds only the guest's position in them.
 *
 * QEMU documentation, specs/fw_cfg; Linux Documentation, x86/boot.
 */
#ifndef DEVICES_FIRMWARE_FW_CFG_H
#define DEVICES_FIRMWARE_FW_CFG_H

#include "base/status.h"
#include "devices/core/bus.h"
#include "devices/core/device.h"
#include "devices/core/dma.h"

/* Keys that firmware knows by number. */
enum fw_cfg_key {
    FW_CFG_SIGNATURE = 0x00,
    FW_CFG_ID = 0x01,
    FW_CFG_UUID = 0x02,
    FW_CFG_RAM_SIZE = 0x03,
    FW_CFG_NOGRAPHIC = 0x04,
    FW_CFG_NB_CPUS = 0x05, /* 16 bits */
    FW_CFG_KERNEL_ADDR = 0x07,
    FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_INITRD_ADDR = 0x0a,
    FW_CFG_INITRD_SIZE = 0x0b,
    FW_CFG_NUMA = 0x0d,
    FW_CFG_BOOT_MENU = 0x0e, /* 16 bits */
    FW_CFG_MAX_CPUS = 0x0f,  /* 16 bits */
    FW_CFG_KERNEL_ENTRY = 0x10,
    FW_CFG_KERNEL_DATA = 0x11,
    FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_ADDR = 0x13,
    FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15,
    FW_CFG_SETUP_ADDR = 0x16,
    FW_CFG_SETUP_SIZE = 0x17,
    FW_CFG_SETUP_DATA = 0x18,
    FW_CFG_FILE_DIR = 0x19,
    FW_CFG_FILE_FIRST = 0x20,
    FW_CFG_ACPI_TABLES = 0x8000,
    FW_CFG_SMBIOS_ENTRIES = 0x8001,
    FW_CFG_IRQ0_OVERRIDE = 0x8002, /* 8 bits: 1 when IRQ 0 is on I/O APIC pin 2 */
    FW_CFG_E820_TABLE = 0x8003,
};

struct fw_cfg;

struct fw_cfg_wires {
    struct bus *io;
    struct dma_space memory;
};

/* Items 00h (signature), 01h (features) and 19h (directory) exist from the start. */
struct fw_cfg *fw_cfg_create(const struct fw_cfg_wires *wires);
struct device fw_cfg_device(struct fw_cfg *cfg);

/* Adds an item or replaces it.  bytes are copied.  Numbers are stored little-endian. */
void fw_cfg_add_bytes(struct fw_cfg *cfg, uint16_t key, const void *bytes, size_t size);
void fw_cfg_add_u16(struct fw_cfg *cfg, uint16_t key, uint16_t value);
void fw_cfg_add_u32(struct fw_cfg *cfg, uint16_t key, uint32_t value);
void fw_cfg_add_u64(struct fw_cfg *cfg, uint16_t key, uint64_t value);

/* Adds a file or replaces one of that name (at most 55 characters, no more than 96 files).  bytes
 * are copied. */
void fw_cfg_add_file(struct fw_cfg *cfg, const char *name, const void *bytes, size_t size);

/* Adds a file with an option ROM, padded to 512 bytes and with its checksum made right.  SeaBIOS
 * runs those named "genroms/..." and "vgaroms/...".  False if it is no ROM. */
bool fw_cfg_add_option_rom(struct fw_cfg *cfg, const char *name, const uint8_t *rom, size_t size,
                           struct status *status);

/* A Linux kernel (zImage or bzImage) to be started by the option ROM linuxboot.asm. */
struct fw_cfg_linux {
    const uint8_t *kernel;
    size_t kernel_bytes;
    const uint8_t *initrd; /* NULL without one */
    size_t initrd_bytes;
    const char *command_line;
    uint64_t ram_bytes; /* below 4 GiB, from address 0 */
};

/* Places kernel, initial RAM disk and command line by the boot protocol and adds the items for the
 * option ROM.  Everything is copied.  Fails when the image is no Linux kernel or does not fit. */
bool fw_cfg_add_linux_kernel(struct fw_cfg *cfg, const struct fw_cfg_linux *boot,
                             struct status *status);

/* A Multiboot kernel to be started by the option ROM multiboot.asm; the initial RAM disk becomes
 * its one module.  Everything is copied.  Fails when the image is no such kernel or does not fit.
 */
bool fw_cfg_add_multiboot_kernel(struct fw_cfg *cfg, const struct fw_cfg_linux *boot,
                                 struct status *status);

#endif
