/* What the board tells its firmware: CMOS contents and firmware configuration items. */
#ifndef MACHINE_BOARD_CONFIG_H
#define MACHINE_BOARD_CONFIG_H

#include "machine/machine.h"

/* CMOS memory sizes, drive types, boot order; fw_cfg items, VGA BIOS, directly booted kernel. */
bool board_config_setup(struct machine *machine, struct status *status);

/* Start of the guest's clock in seconds since 1970, by --rtc. */
bool board_start_time(const struct config *config, int64_t *seconds, struct status *status);

#endif
