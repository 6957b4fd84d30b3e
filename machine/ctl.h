/* `vestige ctl SOCK VERB ...`: the client of the control socket. */
#ifndef MACHINE_CTL_H
#define MACHINE_CTL_H

/* argv[0] is "ctl"; returns the process's exit status. */
int ctl_command(int argc, char **argv);

#endif
