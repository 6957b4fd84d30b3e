/* SDL scan codes as the key names users of sendkey know ("a", "ret", "kp_7", "ctrl_r"). */
#ifndef MACHINE_UI_KEY_NAMES_H
#define MACHINE_UI_KEY_NAMES_H

/* The name of an SDL scan code, or NULL for a key the PC keyboard does not have. */
const char *key_name(unsigned scancode);

#endif
