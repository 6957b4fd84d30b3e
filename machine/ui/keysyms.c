/*
 * ASCII symbols are found by the characters of keys.def, the others by one table.
 *
 * Not modelled: layouts other than US (a client that sends the symbol of a national key gets the
 * key with that symbol on a US keyboard, or none).
 */
#include "machine/ui/keysyms.h"

#include <rfb/keysym.h>
#include <stddef.h>

/* clang-format off */
static const struct {
    uint16_t keysym;
    uint16_t key;
} rows[] = {
    {XK_BackSpace, KEYS_BACKSPACE},     {XK_Tab, KEYS_TAB},
    {XK_ISO_Left_Tab, KEYS_TAB},
    {XK_Return, KEYS_ENTER},            {XK_Escape, KEYS_ESC},
    {XK_Pause, KEYS_PAUSE},             {XK_Break, KEYS_PAUSE},
    {XK_Scroll_Lock, KEYS_SCROLL_LOCK}, {XK_Sys_Req, KEYS_PRINT},
    {XK_Print, KEYS_PRINT},             {XK_Delete, KEYS_DELETE},
    {XK_Home, KEYS_HOME},               {XK_End, KEYS_END},
    {XK_Left, KEYS_LEFT},               {XK_Right, KEYS_RIGHT},
    {XK_Up, KEYS_UP},                   {XK_Down, KEYS_DOWN},
    {XK_Page_Up, KEYS_PGUP},            {XK_Page_Down, KEYS_PGDN},
    {XK_Insert, KEYS_INSERT},           {XK_Menu, KEYS_MENU},
    {XK_Num_Lock, KEYS_NUM_LOCK},       {XK_Caps_Lock, KEYS_CAPS_LOCK},
    {XK_Shift_L, KEYS_SHIFT},           {XK_Shift_R, KEYS_SHIFT_R},
    {XK_Control_L, KEYS_CTRL},          {XK_Control_R, KEYS_CTRL_R},
    {XK_Alt_L, KEYS_ALT},               {XK_Alt_R, KEYS_ALT_R},
    {XK_Mode_switch, KEYS_ALT_R},       {XK_ISO_Level3_Shift, KEYS_ALT_R},
    {XK_Meta_L, KEYS_META},             {XK_Meta_R, KEYS_META_R},
    {XK_Super_L, KEYS_META},            {XK_Super_R, KEYS_META_R},
    {XK_F1, KEYS_F1},   {XK_F2, KEYS_F2},   {XK_F3, KEYS_F3},   {XK_F4, KEYS_F4},
    {XK_F5, KEYS_F5},   {XK_F6, KEYS_F6},   {XK_F7, KEYS_F7},   {XK_F8, KEYS_F8},
    {XK_F9, KEYS_F9},   {XK_F10, KEYS_F10}, {XK_F11, KEYS_F11}, {XK_F12, KEYS_F12},
    {XK_KP_0, KEYS_KP_0}, {XK_KP_1, KEYS_KP_1}, {XK_KP_2, KEYS_KP_2}, {XK_KP_3, KEYS_KP_3},
    {XK_KP_4, KEYS_KP_4}, {XK_KP_5, KEYS_KP_5}, {XK_KP_6, KEYS_KP_6}, {XK_KP_7, KEYS_KP_7},
    {XK_KP_8, KEYS_KP_8}, {XK_KP_9, KEYS_KP_9},
    {XK_KP_Insert, KEYS_KP_0},   {XK_KP_End, KEYS_KP_1},       {XK_KP_Down, KEYS_KP_2},
    {XK_KP_Page_Down, KEYS_KP_3}, {XK_KP_Left, KEYS_KP_4},     {XK_KP_Begin, KEYS_KP_5},
    {XK_KP_Right, KEYS_KP_6},    {XK_KP_Home, KEYS_KP_7},      {XK_KP_Up, KEYS_KP_8},
    {XK_KP_Page_Up, KEYS_KP_9},  {XK_KP_Delete, KEYS_KP_DECIMAL},
    {XK_KP_Decimal, KEYS_KP_DECIMAL},   {XK_KP_Separator, KEYS_KP_DECIMAL},
    {XK_KP_Enter, KEYS_KP_ENTER},       {XK_KP_Divide, KEYS_KP_DIVIDE},
    {XK_KP_Multiply, KEYS_KP_MULTIPLY}, {XK_KP_Subtract, KEYS_KP_SUBTRACT},
    {XK_KP_Add, KEYS_KP_ADD},
};
/* clang-format on */

static bool printable_key(char character, enum key_code *key)
{
    for (unsigned code = 0; code < KEYS_COUNT; code++) {
        const struct key_row *row = key_row((enum key_code)code);
        if (row->plain == character || row->shifted == character) {
            *key = (enum key_code)code;
            return true;
        }
    }
    return false;
}

bool keysym_key(uint32_t keysym, enum key_code *key)
{
    if (keysym >= ' ' && keysym <= '~') {
        return printable_key((char)keysym, key);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].keysym == keysym) {
            *key = (enum key_code)rows[i].key;
            return true;
        }
    }
    return false;
}
