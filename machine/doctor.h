/* `vestige doctor`: what is installed, what is missing, what the host offers. */
#ifndef MACHINE_DOCTOR_H
#define MACHINE_DOCTOR_H

int doctor_command(int argc, char **argv);

#endif
