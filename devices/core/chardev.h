/*
 * The far end of a serial line, as a device sees it.  Bytes to the outside are written at once;
 * bytes from the outside arrive by the device's receive function, called by the machine at a known
 * instruction count.
 */
#ifndef DEVICES_CORE_CHARDEV_H
#define DEVICES_CORE_CHARDEV_H

#include <stddef.h>
#include <stdint.h>

struct chardev {
    void (*write)(void *chardev, const uint8_t *bytes, size_t count);
    /* The device has room again: the machine may deliver more input.  May be NULL. */
    void (*ready)(void *chardev);
    void *chardev;
};

static inline void chardev_write(const struct chardev *to, const uint8_t *bytes, size_t count)
{
    if (to->write) {
        to->write(to->chardev, bytes, count);
    }
}

#endif
