#include "machine/idle.h"

#include "base/state.h"

#include <stdlib.h>

enum {
    POLLS_IDLE = 16,   /* in a row */
    POLL_APART = 5000, /* instructions between two of a row, at most */
};

/* clang-format off */
#define IDLE_STATE(S, VAL, ARR, SUB)                             \
    VAL(S, u32, polls, 0, "polls in a row")                      \
    VAL(S, u64, last,  0, "instruction count of the latest one")
/* clang-format on */

struct idle {
    STATE_MEMBERS(IDLE_STATE)
};
STATE_DESC(idle, IDLE_STATE);

static const struct device_ops idle_ops = {.name = "idle", .state = &idle_state, .destroy = free};

struct idle *idle_create(void)
{
    struct idle *idle = calloc(1, sizeof(*idle));
    if (!idle) {
        abort();
    }
    return idle;
}

struct device idle_device(struct idle *idle)
{
    return (struct device){.ops = &idle_ops, .dev = idle, .instance = "idle"};
}

bool idle_poll(struct idle *idle, uint64_t icount)
{
    bool close = icount - idle->last <= POLL_APART;
    idle->polls = close ? idle->polls + 1 : 1;
    idle->last = icount;
    if (idle->polls < POLLS_IDLE) {
        return false;
    }
    idle->polls = 0;
    return true;
}

void idle_busy(struct idle *idle)
{
    idle->polls = 0;
}
