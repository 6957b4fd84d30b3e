/*
 * Scripted input in virtual time: the same script gives the same run, to the instruction.
 *
 * One command a line; `#` begins a comment.  Texts run to the end of the line; \n \t \\ \e are
 * escapes.
 *
 *   wait-text TEXT      until the text screen shows TEXT        (limit: `timeout` seconds, else it
 * fails) wait-serial TEXT    until COM1 has sent TEXT since the last wait-serial timeout SECONDS
 * virtual seconds for the waits that follow (default 120) sleep SECONDS       virtual time,
 * fractions allowed type TEXT           through the keyboard            key CHORD     e.g.
 * ctrl-alt-delete send TEXT           to COM1                         mouse DX DY [BUTTONS]
 *   screenshot FILE     PNG                             screen-text FILE (- : standard error)
 *   insert DRIVE FILE   eject DRIVE
 *   hash                prints instruction count and state hash to standard error
 *   save FILE           the machine into a file (`vestige run FILE`)
 *   reset | powerdown | quit [STATUS]
 *
 * A wait that runs out of time prints the screen to standard error and quits with status 1.
 */
#ifndef MACHINE_SCRIPT_H
#define MACHINE_SCRIPT_H

#include "base/status.h"

struct machine;
struct script;

/* Reads and checks the whole file; NULL with "FILE:LINE: what". */
struct script *script_open(struct machine *machine, const char *path, struct status *status);
void script_close(struct script *script);

/* Runs commands until one has to wait; called between slices.  NULL does nothing. */
void script_run(struct script *script);

/* Bytes that COM1 sent; the serial host passes them on. */
void script_serial(struct script *script, const unsigned char *bytes, unsigned long count);

#endif
