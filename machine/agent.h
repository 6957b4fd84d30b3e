/* clang-format off */
/*
 * `vestige agent`: one side of a comparison (diff.h).  It runs a machine at the bidding of who talks to
 * it over standard input and output, so it may be another binary, emulated, or at the far end of ssh.
 *
 * Lines of text.  A request is one line; the answer is any number of lines and then one with a full
 * stop.  An answer that begins with `!` says why the request failed.
 *
 *   option TEXT       one more argument of `vestige run`; before start
 *   start             makes the machine (again): "HOST ENGINE CPU", the kind of host and what runs on it
 *   run COUNT         to that many instructions, or to where it ends or idles for ever: "POSITION HASH"
 *   hash              the same with RAM in the hash
 *   keep | back       holds on to the state as it is, comes back to it: "POSITION HASH"
 *   fields            all of the state but RAM, a line an element: "DEVICE FIELD[N] HEX"
 *   put FIELD[N] HEX  sets a field of the processor
 *   cpu | code        the registers; the next instruction as text
 *   pages             "ADDRESS HASH" of each page of RAM that is not zero
 *   page ADDRESS      its bytes in hexadecimal
 *   quit              as does the end of the input
 */
/* clang-format on */
#ifndef MACHINE_AGENT_H
#define MACHINE_AGENT_H

#include <stdio.h>

/* Serves until quit; 0, or 2 when a stream breaks. */
int agent_serve(FILE *in, FILE *out);

/* argv[0] is "agent"; there are no arguments. */
int agent_command(int argc, char **argv);

#endif
