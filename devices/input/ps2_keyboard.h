/*
 * PS/2 keyboard, US 102 keys: scan sets 1, 2 and 3, typematic repeat by virtual clock.
 */
#ifndef DEVICES_INPUT_PS2_KEYBOARD_H
#define DEVICES_INPUT_PS2_KEYBOARD_H

#include "devices/core/clock.h"
#include "devices/core/device.h"
#include "devices/core/keys.h"
#include "devices/core/ps2.h"

struct ps2_keyboard;

struct ps2_keyboard_wires {
    struct clock *clock;
    struct ps2_host host;
};

struct ps2_keyboard *ps2_keyboard_create(const struct ps2_keyboard_wires *wires);
struct device ps2_keyboard_device(struct ps2_keyboard *kb, const char *instance);

/* What the controller's socket takes. */
struct ps2_device ps2_keyboard_port(struct ps2_keyboard *kb);

/* A key goes down or up.  Repeated downs and ups of a key that is up are ignored. */
void ps2_keyboard_key(struct ps2_keyboard *kb, enum key_code key, bool down);

/* True when another key can be given without being lost: the keyboard scans, its queue is drained
 * and the guest has read its last byte from the controller. */
bool ps2_keyboard_idle(const struct ps2_keyboard *keyboard);

/* Bit 0 scroll lock, 1 num lock, 2 caps lock. */
uint8_t ps2_keyboard_leds(const struct ps2_keyboard *kb);

#endif
