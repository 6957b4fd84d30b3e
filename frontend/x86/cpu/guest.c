/* The guest_ops of x86: the CPU's own functions and the lifter's entry. */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/cpu/segment.h"

const struct guest_ops x86_guest = {
    .mode = x86_mode,
    .lift = x86_lift,
    .walk = x86_walk,
    .segment_check = x86_segment_check,
    .deliver = x86_deliver,
    .interruptible = x86_interruptible,
    .before_step = x86_before_step,
    .watched = x86_watched,
    .accessed = x86_accessed,
    .after_step = x86_after_step,
};
