/*
 * IN and OUT: IOPL, the I/O permission bitmap, and the board's ports.
 *
 * The board may ask to leave during an access (LEAVE_AFTER); IN then writes its register itself,
 * because what follows a callout that leaves does not run.
 */
#include "frontend/x86/cpu/task.h"
#include "frontend/x86/helper/helper.h"

bool port_allowed(struct context *ctx, uint16_t port, unsigned size)
{
    if (!x86_protected(ctx) || (!x86_v86(ctx) && x86_cpl(ctx) <= x86_iopl(ctx))) {
        return true;
    }
    return task_io_allowed(ctx, port, size);
}

uint32_t port_read(struct context *ctx, uint16_t port, unsigned size)
{
    const struct x86_wires *wires = &x86_of(ctx)->wires;
    uint32_t mask = size == 4 ? UINT32_MAX : (1u << size * 8) - 1;
    uint32_t value = wires->port_in ? wires->port_in(wires->machine, port, size) & mask : mask;
    debug_port(ctx, port, size);
    return value;
}

void port_write(struct context *ctx, uint16_t port, unsigned size, uint32_t value)
{
    const struct x86_wires *wires = &x86_of(ctx)->wires;
    uint32_t mask = size == 4 ? UINT32_MAX : (1u << size * 8) - 1;
    if (wires->port_out) {
        wires->port_out(wires->machine, port, value & mask, size);
    }
    debug_port(ctx, port, size);
}

uint64_t callout_port_in(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    unsigned size = imm & 15;
    if (!port_allowed(ctx, (uint16_t)a, size)) {
        return 0;
    }
    uint32_t value = port_read(ctx, (uint16_t)a, size);
    if (ctx->leave != LEAVE_NONE) {
        x86_gpr_put(ctx, GUEST_RAX, size, value);
    }
    return value;
}

uint64_t callout_port_out(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    unsigned size = imm & 15;
    if (port_allowed(ctx, (uint16_t)a, size)) {
        port_write(ctx, (uint16_t)a, size, (uint32_t)b);
    }
    return 0;
}
