/*
 * Lifting: guest bytes to an IR block.
 *
 * This folder is the one definition of what x86 instructions do.  Plain instructions become IR;
 * sensitive, privileged, I/O and rare ones become callouts.  Intel SDM volume 2 (325383) is
 * followed; where the manual leaves flags undefined see backend/host/interp/alu.c.
 *
 * Not modelled: 64-bit code, SSE3 and later, 3DNow!, SYSCALL, SMM, VMX, SVM, test registers (all
 * #UD).  LOCK needs nothing, there is one CPU.  Near returns and jumps past the CS limit fault at
 * the target instead of at the branch.
 */
#ifndef FRONTEND_X86_LIFT_LIFT_H
#define FRONTEND_X86_LIFT_LIFT_H

#include "translator/api/guest.h"
#include "translator/ir/ir.h"

/*
 * guest_ops.lift: lifts one block of at least one instruction.  block->insts has room for
 * IR_MAX_RECORDS records and is the caller's; all other members are set here (flags_live is not:
 * see ir_flag_liveness).  LIFT_NEED_MORE leaves *block empty.
 */
enum lift_result x86_lift(const struct lift_request *request, struct ir_block *block);

#endif
