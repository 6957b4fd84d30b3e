/* Code page 437, the PC's character set, as Unicode; the picture characters 01h-1Fh included. */
#ifndef DEVICES_DISPLAY_CP437_H
#define DEVICES_DISPLAY_CP437_H

#include <stdint.h>

/* The character as a code point below 10000h; 00h and FFh are blanks. */
uint16_t cp437_code_point(uint8_t character);

/* Writes the character as UTF-8 (1 to 3 bytes, no terminator) and returns the length. */
unsigned cp437_utf8(uint8_t character, char out[3]);

#endif
