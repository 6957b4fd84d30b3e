/* The VGA adapter as a device: state descriptions, reset, restore, creation.  See vga.h. */
#include "devices/display/vga.h"

#include "devices/display/vga_render.h"
#include "devices/display/vga_state.h"

#include <assert.h>
#include <stdlib.h>

STATE_DESC(vga_registers, VGA_REGISTERS_STATE);
STATE_DESC(vga, VGA_STATE);

/* The C arrays that registers index are as long as the register names say. */
_Static_assert(sizeof(((struct vga_registers *)0)->crtc) == CR_COUNT, "CRTC registers");
_Static_assert(sizeof(((struct vga_registers *)0)->attr) == AR_COUNT, "attribute registers");
_Static_assert(sizeof(((struct vga_registers *)0)->gc) == GR_COUNT, "graphics registers");
_Static_assert(sizeof(((struct vga_registers *)0)->seq) == SR_COUNT, "sequencer registers");
_Static_assert(sizeof(((struct vga_registers *)0)->dispi) == 2 * DISPI_COUNT, "DISPI registers");

static void vga_reset(void *dev, enum reset_kind kind)
{
    (void)kind;
    vga_update_window(dev);
}

static void vga_loaded(void *dev)
{
    vga_update_window(dev);
}

static void vga_destroy(void *dev)
{
    free(dev);
}

static const struct device_ops vga_ops = {
    .name = "vga",
    .state = &vga_state,
    .reset = vga_reset,
    .loaded = vga_loaded,
    .destroy = vga_destroy,
};

struct vga *vga_create(const struct vga_wires *wires)
{
    assert((wires->vram_bytes & (wires->vram_bytes - 1)) == 0);
    assert(wires->vram_bytes > VGA_LEGACY_MASK && wires->vram_bytes <= UINT32_C(64) << 20);
    struct vga *vga = calloc(1, sizeof(*vga));
    if (!vga) {
        abort();
    }
    vga->wires = *wires;
    return vga;
}

struct device vga_device(struct vga *vga)
{
    return (struct device){.ops = &vga_ops, .dev = vga, .instance = "vga"};
}

struct display_source vga_display(struct vga *vga)
{
    return (struct display_source){.render = vga_render, .text = vga_text, .adapter = vga};
}
