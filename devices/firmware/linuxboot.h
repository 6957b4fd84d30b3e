/*
 * The option ROM of linuxboot.asm, assembled by the build and embedded.  Give it to
 * fw_cfg_add_option_rom() as "genroms/linuxboot.bin" and put "/rom@genroms/linuxboot.bin" first in
 * the file "bootorder".
 */
#ifndef DEVICES_FIRMWARE_LINUXBOOT_H
#define DEVICES_FIRMWARE_LINUXBOOT_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t linuxboot_rom[];
extern const size_t linuxboot_rom_bytes;

/* The option ROM of multiboot.asm, for "genroms/multiboot.bin" likewise. */
extern const uint8_t multiboot_rom[];
extern const size_t multiboot_rom_bytes;

#endif
