/* The option ROM of devices/firmware/linuxboot.asm, assembled at build time. */
#ifndef MACHINE_LINUXBOOT_ROM_H
#define MACHINE_LINUXBOOT_ROM_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t linuxboot_rom[];
extern const size_t linuxboot_rom_bytes;

#endif
