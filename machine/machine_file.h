/*
 * Machine files: options of `vestige run` kept in a text file.
 *
 *     # lines of key = value; a key is an option's long name
 *     [machine]
 *     memory = 64M
 *     image  = disk.img          ; recognised by content, repeatable
 *     fda    = boot/floppy.img   ; paths are relative to the folder of the file
 *     serial = stdio             ; repeatable options repeat their key
 *     snapshot-disks = yes       ; options without a value take yes or no
 *
 * What the command line says wins; images add up.
 */
#ifndef MACHINE_MACHINE_FILE_H
#define MACHINE_MACHINE_FILE_H

#include "machine/config.h"

/* Takes the machine file among config->images, if there is one, out of the list and its options
 * into config.  False with FILE:LINE: and what is wrong; two machine files are refused. */
bool machine_file_take(struct config *config, struct status *status);

#endif
