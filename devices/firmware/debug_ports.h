/*
 * Two conveniences of emulators, after Bochs and QEMU: a port whose writes are text for the host
 * (E9h for programs, 402h for SeaBIOS), and a port that ends the emulation with a value
 * (isa-debug-exit).
 */
#ifndef DEVICES_FIRMWARE_DEBUG_PORTS_H
#define DEVICES_FIRMWARE_DEBUG_PORTS_H

#include "devices/core/bus.h"
#include "devices/core/chardev.h"
#include "devices/core/device.h"

enum { DEBUG_PORT_E9 = 0xe9, DEBUG_PORT_SEABIOS = 0x402, DEBUG_EXIT_PORT = 0xf4 };

struct debug_port;

struct debug_port_wires {
    struct bus *io;
    uint16_t port;        /* DEBUG_PORT_E9 or DEBUG_PORT_SEABIOS */
    struct chardev out;   /* every byte written */
    const char *instance; /* unique in the machine, static string */
};

struct debug_port *debug_port_create(const struct debug_port_wires *wires);
struct device debug_port_device(struct debug_port *port);

struct debug_exit;

struct debug_exit_wires {
    struct bus *io;
    uint16_t port; /* first of four */
    /* The guest wrote value: 1, 2 or 4 bytes, zero-extended.  May be NULL. */
    void (*exit)(void *machine, uint32_t value);
    void *machine;
};

struct debug_exit *debug_exit_create(const struct debug_exit_wires *wires);
struct device debug_exit_device(struct debug_exit *exit);

#endif
