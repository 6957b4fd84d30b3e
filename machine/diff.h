/*
 * `vestige diff`: one machine run twice, on two hosts, engines, CPU models or versions of the
 * program, and compared all the way; the first instruction after which the two are different is
 * shown with both states.
 *
 * Each side is a process (agent.h).  Both run a window of instructions, their states' hashes are
 * compared, the memory's now and then; after a difference the sides go back to where they were last
 * the same and the window is halved until one instruction is left.
 *
 * `vestige lockstep` is the same between the portable and the native engine of this host.
 */
#ifndef MACHINE_DIFF_H
#define MACHINE_DIFF_H

/* argv[0] is "diff"; see its --help.  Returns 0 when there is no difference, 1 at one, 2 when it
 * cannot be told. */
int diff_command(int argc, char **argv);
/* argv[0] is "lockstep". */
int lockstep_command(int argc, char **argv);

#endif
