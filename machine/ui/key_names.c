/* One table: SDL scan code to key name.  Keys that a PC keyboard lacks have no row. */
#include "machine/ui/key_names.h"

#include <SDL.h>
#include <stddef.h>

/* clang-format off */
static const char *const names[SDL_NUM_SCANCODES] = {
    [SDL_SCANCODE_A] = "a", [SDL_SCANCODE_B] = "b", [SDL_SCANCODE_C] = "c", [SDL_SCANCODE_D] = "d",
    [SDL_SCANCODE_E] = "e", [SDL_SCANCODE_F] = "f", [SDL_SCANCODE_G] = "g", [SDL_SCANCODE_H] = "h",
    [SDL_SCANCODE_I] = "i", [SDL_SCANCODE_J] = "j", [SDL_SCANCODE_K] = "k", [SDL_SCANCODE_L] = "l",
    [SDL_SCANCODE_M] = "m", [SDL_SCANCODE_N] = "n", [SDL_SCANCODE_O] = "o", [SDL_SCANCODE_P] = "p",
    [SDL_SCANCODE_Q] = "q", [SDL_SCANCODE_R] = "r", [SDL_SCANCODE_S] = "s", [SDL_SCANCODE_T] = "t",
    [SDL_SCANCODE_U] = "u", [SDL_SCANCODE_V] = "v", [SDL_SCANCODE_W] = "w", [SDL_SCANCODE_X] = "x",
    [SDL_SCANCODE_Y] = "y", [SDL_SCANCODE_Z] = "z",
    [SDL_SCANCODE_1] = "1", [SDL_SCANCODE_2] = "2", [SDL_SCANCODE_3] = "3", [SDL_SCANCODE_4] = "4",
    [SDL_SCANCODE_5] = "5", [SDL_SCANCODE_6] = "6", [SDL_SCANCODE_7] = "7", [SDL_SCANCODE_8] = "8",
    [SDL_SCANCODE_9] = "9", [SDL_SCANCODE_0] = "0",
    [SDL_SCANCODE_F1] = "f1", [SDL_SCANCODE_F2] = "f2", [SDL_SCANCODE_F3] = "f3",
    [SDL_SCANCODE_F4] = "f4", [SDL_SCANCODE_F5] = "f5", [SDL_SCANCODE_F6] = "f6",
    [SDL_SCANCODE_F7] = "f7", [SDL_SCANCODE_F8] = "f8", [SDL_SCANCODE_F9] = "f9",
    [SDL_SCANCODE_F10] = "f10", [SDL_SCANCODE_F11] = "f11", [SDL_SCANCODE_F12] = "f12",
    [SDL_SCANCODE_RETURN] = "ret", [SDL_SCANCODE_ESCAPE] = "esc",
    [SDL_SCANCODE_BACKSPACE] = "backspace", [SDL_SCANCODE_TAB] = "tab",
    [SDL_SCANCODE_SPACE] = "spc",
    [SDL_SCANCODE_MINUS] = "minus", [SDL_SCANCODE_EQUALS] = "equal",
    [SDL_SCANCODE_LEFTBRACKET] = "bracket_left", [SDL_SCANCODE_RIGHTBRACKET] = "bracket_right",
    [SDL_SCANCODE_BACKSLASH] = "backslash", [SDL_SCANCODE_NONUSHASH] = "backslash",
    [SDL_SCANCODE_NONUSBACKSLASH] = "less",
    [SDL_SCANCODE_SEMICOLON] = "semicolon", [SDL_SCANCODE_APOSTROPHE] = "apostrophe",
    [SDL_SCANCODE_GRAVE] = "grave_accent", [SDL_SCANCODE_COMMA] = "comma",
    [SDL_SCANCODE_PERIOD] = "dot", [SDL_SCANCODE_SLASH] = "slash",
    [SDL_SCANCODE_CAPSLOCK] = "caps_lock", [SDL_SCANCODE_NUMLOCKCLEAR] = "num_lock",
    [SDL_SCANCODE_SCROLLLOCK] = "scroll_lock",
    [SDL_SCANCODE_LCTRL] = "ctrl", [SDL_SCANCODE_RCTRL] = "ctrl_r",
    [SDL_SCANCODE_LALT] = "alt", [SDL_SCANCODE_RALT] = "alt_r",
    [SDL_SCANCODE_LSHIFT] = "shift", [SDL_SCANCODE_RSHIFT] = "shift_r",
    [SDL_SCANCODE_LGUI] = "meta_l", [SDL_SCANCODE_RGUI] = "meta_r",
    [SDL_SCANCODE_APPLICATION] = "menu", [SDL_SCANCODE_MENU] = "menu",
    [SDL_SCANCODE_UP] = "up", [SDL_SCANCODE_DOWN] = "down", [SDL_SCANCODE_LEFT] = "left",
    [SDL_SCANCODE_RIGHT] = "right", [SDL_SCANCODE_HOME] = "home", [SDL_SCANCODE_END] = "end",
    [SDL_SCANCODE_PAGEUP] = "pgup", [SDL_SCANCODE_PAGEDOWN] = "pgdn",
    [SDL_SCANCODE_INSERT] = "insert", [SDL_SCANCODE_DELETE] = "delete",
    [SDL_SCANCODE_PRINTSCREEN] = "print", [SDL_SCANCODE_SYSREQ] = "sysrq",
    [SDL_SCANCODE_PAUSE] = "pause",
    [SDL_SCANCODE_KP_0] = "kp_0", [SDL_SCANCODE_KP_1] = "kp_1", [SDL_SCANCODE_KP_2] = "kp_2",
    [SDL_SCANCODE_KP_3] = "kp_3", [SDL_SCANCODE_KP_4] = "kp_4", [SDL_SCANCODE_KP_5] = "kp_5",
    [SDL_SCANCODE_KP_6] = "kp_6", [SDL_SCANCODE_KP_7] = "kp_7", [SDL_SCANCODE_KP_8] = "kp_8",
    [SDL_SCANCODE_KP_9] = "kp_9", [SDL_SCANCODE_KP_PLUS] = "kp_add",
    [SDL_SCANCODE_KP_MINUS] = "kp_subtract", [SDL_SCANCODE_KP_MULTIPLY] = "kp_multiply",
    [SDL_SCANCODE_KP_DIVIDE] = "kp_divide", [SDL_SCANCODE_KP_PERIOD] = "kp_decimal",
    [SDL_SCANCODE_KP_ENTER] = "kp_enter",
};
/* clang-format on */

const char *key_name(unsigned scancode)
{
    return scancode < SDL_NUM_SCANCODES ? names[scancode] : NULL;
}
