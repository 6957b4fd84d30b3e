/*
 * The two ends of a PS/2 cable.
 *
 * The device (keyboard, mouse) owns a queue; the host (an 8042) pulls one byte at a time when it
 * has room.  A device that queues a byte tells its host, which may pull at once or later.  Bytes
 * from the host reach the device whole: neither side models the bits on the wire.
 */
#ifndef DEVICES_CORE_PS2_H
#define DEVICES_CORE_PS2_H

#include <stdbool.h>
#include <stdint.h>

/* What the host sees of a device.  An empty socket has receive == NULL. */
struct ps2_device {
    void (*receive)(void *dev, uint8_t byte); /* a command or argument from the host */
    bool (*pull)(void *dev, uint8_t *byte);   /* next byte to the host; false when there is none */
    void *dev;
};

/* What a device sees of its host.  An unplugged device has available == NULL. */
struct ps2_host {
    void (*available)(void *host, unsigned port); /* the device's queue is no longer empty */
    bool (*busy)(void *host, unsigned port); /* a byte pulled from this port was not read yet */
    void *host;
    unsigned port;
};

static inline void ps2_available(const struct ps2_host *host)
{
    if (host->available) {
        host->available(host->host, host->port);
    }
}

static inline bool ps2_busy(const struct ps2_host *host)
{
    return host->busy && host->busy(host->host, host->port);
}

#endif
