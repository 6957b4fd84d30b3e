/* The guest of `run --demo`: tests/guests/demo.asm, assembled by the build and embedded. */
#ifndef MACHINE_DEMO_H
#define MACHINE_DEMO_H

#include <stddef.h>
#include <stdint.h>

enum { DEMO_SECTORS = 2880 }; /* of the floppy it lies on; behind its bytes that is empty */

extern const uint8_t demo_guest[];
extern const size_t demo_guest_bytes;

#endif
