/* Guest code as text, by Capstone. */
#ifndef MACHINE_DISASSEMBLE_H
#define MACHINE_DISASSEMBLE_H

#include <stddef.h>

struct machine;

/* The instruction at CS:EIP: "cs:eip  bytes  text". */
void disassemble_at(struct machine *machine, char *text, size_t bytes);

#endif
