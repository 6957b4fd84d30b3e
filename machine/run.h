/* `vestige run` and `vestige replay`: the loop between the machine and the host. */
#ifndef MACHINE_RUN_H
#define MACHINE_RUN_H

/* argv[0] is "run" or "replay"; returns the process's exit status. */
int run_command(int argc, char **argv);
int replay_command(int argc, char **argv);

#endif
