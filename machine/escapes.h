/* Escapes in texts that users write: in scripts and on the command line of `ctl type`. */
#ifndef MACHINE_ESCAPES_H
#define MACHINE_ESCAPES_H

/* A malloc'd copy with \n, \t, \e and \\ resolved (other backslashes stay); NULL without memory. */
char *escapes_resolve(const char *text);

#endif
