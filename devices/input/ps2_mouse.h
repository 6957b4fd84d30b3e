/*
 * PS/2 mouse: the standard three buttons, the IntelliMouse wheel, the IntelliMouse Explorer's five
 * buttons; packets are spaced by the sample rate in virtual time.
 */
#ifndef DEVICES_INPUT_PS2_MOUSE_H
#define DEVICES_INPUT_PS2_MOUSE_H

#include "devices/core/clock.h"
#include "devices/core/device.h"
#include "devices/core/ps2.h"

#define PS2_MOUSE_LEFT   0x01
#define PS2_MOUSE_RIGHT  0x02
#define PS2_MOUSE_MIDDLE 0x04
#define PS2_MOUSE_SIDE   0x08
#define PS2_MOUSE_EXTRA  0x10

struct ps2_mouse;

struct ps2_mouse_wires {
    struct clock *clock;
    struct ps2_host host;
};

struct ps2_mouse *ps2_mouse_create(const struct ps2_mouse_wires *wires);
struct device ps2_mouse_device(struct ps2_mouse *mouse, const char *instance);

/* What the controller's socket takes. */
struct ps2_device ps2_mouse_port(struct ps2_mouse *mouse);

/* Motion in counts since the last call (dx to the right, dy down the screen, dz the wheel towards
 * the user) and the buttons now held, PS2_MOUSE_ bits. */
void ps2_mouse_move(struct ps2_mouse *mouse, int dx, int dy, int dz, unsigned buttons);

/* True when all motion given has been sent and read by the guest. */
bool ps2_mouse_idle(const struct ps2_mouse *mouse);

#endif
