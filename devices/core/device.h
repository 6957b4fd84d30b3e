/*
 * What every device is to the machine: a name, its state list, and three hooks.
 *
 * A device struct has three parts in this order: wires (given at creation, never saved), state (the
 * list), derived (rebuilt by `loaded`).  Reset is two steps for the whole machine: all lists take
 * their reset values, then all reset hooks drive outputs; so a reset hook may drive lines but must
 * not rely on another device having been reset before or after it.
 */
#ifndef DEVICES_CORE_DEVICE_H
#define DEVICES_CORE_DEVICE_H

#include "base/log.h"
#include "base/state.h"

enum reset_kind {
    RESET_POWER, /* power-on: memories such as CMOS and disks keep what the host gave them */
    RESET_HARD,  /* RESET# on the board (port CF9h, 8042 pulse, triple fault) */
};

struct device_ops {
    const char *name;               /* type: "pit8254" */
    const struct state_desc *state; /* all that a snapshot must hold */
    void (*reset)(void *dev,
                  enum reset_kind kind); /* members already reset: drive outputs; may be NULL */
    void (*loaded)(void *dev);  /* after restore: rebuild derived, re-arm timers; may be NULL */
    void (*destroy)(void *dev); /* frees the device */
};

/* A created device, as the machine lists it. */
struct device {
    const struct device_ops *ops;
    void *dev;
    const char *instance; /* "pit", "ide1", "com2": unique in the machine, static string */
};

/* state_reset + hook, for tests and for a device on its own. */
static inline void device_reset(const struct device *device, enum reset_kind kind)
{
    state_reset(device->ops->state, device->dev);
    if (device->ops->reset) {
        device->ops->reset(device->dev, kind);
    }
}

#endif
