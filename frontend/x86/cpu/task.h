/* Hardware task switches and accesses to the current TSS. */
#ifndef FRONTEND_X86_CPU_TASK_H
#define FRONTEND_X86_CPU_TASK_H

#include "frontend/x86/cpu/segment.h"

enum task_reason { TASK_JUMP, TASK_CALL, TASK_EVENT, TASK_IRET };

/* Switches to the TSS of a checked descriptor.  next_eip is saved in the old task.  A fault before
 * the switch leaves the old task; one after it is raised in the new one (ctx->rip is the new
 * EIP). */
bool task_switch(struct context *ctx, uint16_t selector, const struct descriptor *d,
                 enum task_reason reason, uint32_t next_eip);
/* Follows a task gate: checks the TSS it names and switches. */
bool task_gate(struct context *ctx, const struct descriptor *gate, enum task_reason reason,
               uint32_t next_eip);
/* NT return: to the task of the back link. */
bool task_return(struct context *ctx, uint32_t next_eip);

/* Stack pointer of an inner ring, from the current TSS; #TS when outside it. */
bool task_ring_stack(struct context *ctx, unsigned ring, uint16_t *ss, uint32_t *esp);
/* True when the I/O permission bitmap lets size bytes at port pass; #GP(0) or a page fault
 * otherwise. */
bool task_io_allowed(struct context *ctx, uint16_t port, unsigned size);
/* VME: *redirected when INT n of virtual-8086 mode goes to the guest's own vector table. */
bool task_int_redirected(struct context *ctx, uint8_t vector, bool *redirected);

#endif
