/*
 * IN and OUT.  The callouts look at IOPL and the I/O permission map.
 */
#include "frontend/x86/lift/build.h"

void lift_in(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    unsigned width = insn->ops[0].width;
    lift_value(l, insn, IR_T0, &insn->ops[1], 2);
    lift_callout(l, CALLOUT_port_in, GUEST_RAX, IR_T0, IR_NONE, width)->width = (uint8_t)width;
}

void lift_out(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    unsigned width = insn->ops[1].width;
    lift_value(l, insn, IR_T0, &insn->ops[0], 2);
    lift_value(l, insn, IR_T1, &insn->ops[1], width);
    lift_callout(l, CALLOUT_port_out, IR_NONE, IR_T0, IR_T1, width);
}
