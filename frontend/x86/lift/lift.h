/*
 * Lifting: guest bytes to an IR block.
 *
 * This folder is the one definition of what x86 instructions do.  Plain instructions become IR;
 * sensitive, privileged, I/O and rare ones become callouts.  Intel SDM volume 2 (325383) is
 * followed; where the manual leaves flags undefined see backend/host/interp/alu.c.
 *
 * Not modelled: 64-bit code, SMM, VMX, SVM (all #UD).  LOCK needs nothing, there is
 * one CPU.
 */
#ifndef FRONTEND_X86_LIFT_LIFT_H
#define FRONTEND_X86_LIFT_LIFT_H

/* x86_lift(), whose contract stands there. */
#include "frontend/x86/x86.h"
#include "translator/api/guest.h"
#include "translator/ir/ir.h"

#endif
