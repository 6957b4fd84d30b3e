/* A VGA adapter on a manual clock with its own video memory, for the display tests. */
#ifndef TESTS_VGA_FIXTURE_H
#define TESTS_VGA_FIXTURE_H

#include "base/endian.h"
#include "devices/display/vga.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { FIXTURE_VRAM = 16 << 20 };

struct fixture {
    struct clock *clock;
    struct vga *vga;
    struct device device;
    struct display_source display;
    struct display_frame frame;
    uint8_t *vram;
    struct vga_window window; /* as last reported */
    unsigned window_reports;
};

static inline void fixture_window(void *machine, const struct vga_window *window)
{
    struct fixture *fixture = machine;
    fixture->window = *window;
    fixture->window_reports++;
}

static inline struct fixture *fixture_create(void)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    fixture->clock = clock_create(NULL);
    fixture->vram = calloc(1, FIXTURE_VRAM);
    fixture->frame.pixels = malloc(sizeof(uint32_t) * DISPLAY_MAX_WIDTH * DISPLAY_MAX_HEIGHT);
    struct vga_wires wires = {.clock = fixture->clock,
                              .vram = fixture->vram,
                              .vram_bytes = FIXTURE_VRAM,
                              .machine = fixture,
                              .window_changed = fixture_window};
    fixture->vga = vga_create(&wires);
    fixture->device = vga_device(fixture->vga);
    fixture->display = vga_display(fixture->vga);
    device_reset(&fixture->device, RESET_POWER);
    return fixture;
}

static inline void fixture_destroy(struct fixture *fixture)
{
    fixture->device.ops->destroy(fixture->device.dev);
    clock_destroy(fixture->clock);
    free(fixture->vram);
    free(fixture->frame.pixels);
    free(fixture);
}

static inline void out(struct fixture *fixture, unsigned port, unsigned value)
{
    if (port < VGA_PORTS) {
        vga_mono_port_ops.write(fixture->vga, port - VGA_MONO_PORTS, value, 1);
    } else {
        vga_port_ops.write(fixture->vga, port - VGA_PORTS, value, 1);
    }
}

static inline unsigned in(struct fixture *fixture, unsigned port)
{
    if (port < VGA_PORTS) {
        return vga_mono_port_ops.read(fixture->vga, port - VGA_MONO_PORTS, 1);
    }
    return vga_port_ops.read(fixture->vga, port - VGA_PORTS, 1);
}

static inline void out_indexed(struct fixture *fixture, unsigned port, unsigned index,
                               unsigned value)
{
    out(fixture, port, index);
    out(fixture, port + 1, value);
}

static inline unsigned in_indexed(struct fixture *fixture, unsigned port, unsigned index)
{
    out(fixture, port, index);
    return in(fixture, port + 1);
}

static inline void out_attribute(struct fixture *fixture, unsigned index, unsigned value)
{
    in(fixture, 0x3da);
    in(fixture, 0x3ba);
    out(fixture, 0x3c0, index);
    out(fixture, 0x3c0, value);
}

static inline void dispi(struct fixture *fixture, unsigned index, unsigned value)
{
    vga_dispi_ops.write(fixture->vga, 0, index, 2);
    vga_dispi_ops.write(fixture->vga, 1, value, 2);
}

static inline unsigned dispi_in(struct fixture *fixture, unsigned index)
{
    vga_dispi_ops.write(fixture->vga, 0, index, 2);
    return vga_dispi_ops.read(fixture->vga, 1, 2);
}

/* Physical address in A0000h-BFFFFh. */
static inline void poke(struct fixture *fixture, unsigned address, unsigned value)
{
    vga_window_ops.write(fixture->vga, address - VGA_WINDOW_BASE, value, 1);
}

static inline unsigned peek(struct fixture *fixture, unsigned address)
{
    return vga_window_ops.read(fixture->vga, address - VGA_WINDOW_BASE, 1);
}

static inline const struct display_frame *render(struct fixture *fixture)
{
    fixture->display.render(fixture->display.adapter, clock_now(fixture->clock), &fixture->frame);
    return &fixture->frame;
}

static inline uint32_t pixel(struct fixture *fixture, unsigned x, unsigned y)
{
    ck_assert_uint_lt(x, fixture->frame.width);
    ck_assert_uint_lt(y, fixture->frame.height);
    return fixture->frame.pixels[y * fixture->frame.width + x];
}

static inline uint32_t random_next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static inline int run_suite(TCase *tcase, const char *name)
{
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
