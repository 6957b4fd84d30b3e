/*
 * Faults on purpose, at exact instructions or in exact sectors: the same file gives the same run.
 * docs/FAULTS.md describes the file; a recording holds it.
 *
 * How often each fault has struck is a state list of the machine, so it is saved, hashed and taken
 * back with it.  A reset of the guest does not change it.
 */
#ifndef MACHINE_FAULTS_H
#define MACHINE_FAULTS_H

#include "machine/machine.h"

struct faults;
struct block_media;

/* Reads config->faults (or, in a replay, takes config->faults_text); sets machine->faults and adds
 * it to the machine's devices.  False with FILE:LINE: and what is wrong.  Without the option:
 * nothing. */
bool faults_create(struct machine *machine, const struct config *config, struct status *status);

/* What the file said; borrowed. */
const char *faults_text(const struct faults *faults);

/* The instruction count of the next fault that has one; UINT64_MAX: none. */
uint64_t faults_next(const struct faults *faults);
/* Those that are due strike; between two instructions. */
void faults_strike(struct faults *faults);

/* A device raises an ISA interrupt line; true: nobody hears it.  faults may be NULL, here and
 * below. */
bool faults_lose_irq(struct faults *faults, unsigned irq);
/* Lines that are held high without a device; bits. */
uint16_t faults_held_irqs(const struct faults *faults);

/* Puts the faults of a drive (enum drive_slot) between it and its medium. */
void faults_wrap(struct faults *faults, unsigned slot, struct block_media *block);

#endif
