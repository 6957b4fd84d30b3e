/* `vestige run`: the loop between the machine and the host. */
#ifndef MACHINE_RUN_H
#define MACHINE_RUN_H

/* argv[0] is "run"; returns the process's exit status. */
int run_command(int argc, char **argv);

#endif
