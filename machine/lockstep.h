/*
 * `vestige lockstep`: the portable and the native engine run the same machine side by side and are
 * compared every so many instructions; the first difference is narrowed down to one instruction and
 * shown with both states and the disassembly.
 */
#ifndef MACHINE_LOCKSTEP_H
#define MACHINE_LOCKSTEP_H

/* argv[0] is "lockstep"; options are those of `run`; --for N sets how many instructions (default
 * 20M). Returns 0 when the engines agree, 1 at a difference, 2 for bad options. */
int lockstep_command(int argc, char **argv);

#endif
