/* X11 key symbols, as VNC clients send them, to keys of the PC keyboard. */
#ifndef MACHINE_UI_KEYSYMS_H
#define MACHINE_UI_KEYSYMS_H

#include "devices/core/keys.h"

/* The key that stands for the symbol on a US keyboard, shifted or not; false: there is none. */
bool keysym_key(uint32_t keysym, enum key_code *key);

#endif
