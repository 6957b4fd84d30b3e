/* Whatever is written to the adapter, or restored into it, it stays inside its memory. */
#include "tests/unit/devices/display/vga_modes.h"

enum { GUARD_BYTES = 4096, GUARD = 0xa5, SMALL_VRAM = 256 << 10 };

struct rig {
    struct clock *clock;
    struct vga *vga;
    struct device device;
    uint8_t *memory; /* guard, video memory, guard */
    struct display_frame frame;
};

static struct rig *rig_create(void)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    rig->clock = clock_create(NULL);
    rig->memory = malloc(SMALL_VRAM + 2 * GUARD_BYTES);
    memset(rig->memory, GUARD, SMALL_VRAM + 2 * GUARD_BYTES);
    rig->frame.pixels = malloc(sizeof(uint32_t) * DISPLAY_MAX_WIDTH * DISPLAY_MAX_HEIGHT);
    struct vga_wires wires = {
        .clock = rig->clock, .vram = rig->memory + GUARD_BYTES, .vram_bytes = SMALL_VRAM};
    rig->vga = vga_create(&wires);
    rig->device = vga_device(rig->vga);
    device_reset(&rig->device, RESET_POWER);
    return rig;
}

static void rig_destroy(struct rig *rig)
{
    for (unsigned i = 0; i < GUARD_BYTES; i++) {
        ck_assert_uint_eq(rig->memory[i], GUARD);
        ck_assert_uint_eq(rig->memory[GUARD_BYTES + SMALL_VRAM + i], GUARD);
    }
    rig->device.ops->destroy(rig->device.dev);
    clock_destroy(rig->clock);
    free(rig->frame.pixels);
    free(rig->memory);
    free(rig);
}

static void look(struct rig *rig, uint64_t now_ns)
{
    char screen[3000];
    struct display_source display = vga_display(rig->vga);
    display.render(display.adapter, now_ns, &rig->frame);
    ck_assert_uint_ge(rig->frame.width, 1);
    ck_assert_uint_le(rig->frame.width, DISPLAY_MAX_WIDTH);
    ck_assert_uint_ge(rig->frame.height, 1);
    ck_assert_uint_le(rig->frame.height, DISPLAY_MAX_HEIGHT);
    display.text(display.adapter, screen, sizeof(screen));
    ck_assert_uint_lt(strlen(screen), sizeof(screen));
}

static void random_access(struct rig *rig, uint32_t *seed)
{
    static const struct {
        const struct io_ops *ops;
        uint32_t length;
    } ranges[] = {
        {&vga_port_ops, VGA_PORT_COUNT},           {&vga_port_ops, VGA_PORT_COUNT},
        {&vga_mono_port_ops, VGA_MONO_PORT_COUNT}, {&vga_dispi_ops, VGA_DISPI_PORT_COUNT},
        {&vga_window_ops, VGA_WINDOW_BYTES},       {&vga_mmio_ops, VGA_MMIO_BYTES},
    };
    unsigned range = random_next(seed) % 6;
    const struct io_ops *ops = ranges[range].ops;
    unsigned size = 1U << random_next(seed) % 3;
    size = size > ops->native_max ? ops->native_max : size;
    uint32_t offset = random_next(seed) % ranges[range].length;
    if (offset + size > ranges[range].length) {
        offset = ranges[range].length - size;
    }
    if (ops == &vga_mmio_ops && random_next(seed) & 1) {
        offset = 0x500 + offset % 22;
    }
    uint32_t value = random_next(seed);
    if (random_next(seed) & 1) {
        value &= 0x3f;
    }
    if (random_next(seed) % 8 == 0) {
        ops->read(rig->vga, offset, size);
    } else {
        ops->write(rig->vga, offset, value, size);
    }
}

START_TEST(random_accesses_and_rendering_stay_in_bounds)
{
    struct rig *rig = rig_create();
    uint32_t seed = 2463534242U + (uint32_t)_i;
    for (unsigned i = 0; i < 5000; i++) {
        random_access(rig, &seed);
        if (i % 250 == 0) {
            clock_advance(rig->clock, CLOCK_NS_PER_MS);
            look(rig, clock_now(rig->clock));
        }
    }
    device_reset(&rig->device, RESET_HARD);
    struct rig *fresh = rig_create();
    ck_assert(state_equal(rig->device.ops->state, rig->vga, fresh->vga, NULL));
    rig_destroy(fresh);
    rig_destroy(rig);
}
END_TEST

static void scramble(void *user, const char *path, const struct state_field *field, void *elements)
{
    uint32_t *seed = user;
    uint8_t *bytes = elements;
    (void)path;
    size_t size = (size_t)state_kind_size(field->kind) * field->count;
    for (size_t i = 0; i < size; i++) {
        uint8_t value = (uint8_t)(random_next(seed) >> 11);
        bytes[i] = field->kind == STATE_bool ? value & 1 : value;
    }
}

START_TEST(any_restored_state_is_safe)
{
    struct rig *rig = rig_create();
    uint32_t seed = 88172645U + (uint32_t)_i;
    for (unsigned i = 0; i < 40; i++) {
        state_walk(rig->device.ops->state, rig->vga, "", scramble, &seed);
        rig->device.ops->loaded(rig->device.dev);
        look(rig, (uint64_t)random_next(&seed) << 20);
        /* and shown, so that both renderers run */
        vga_port_ops.read(rig->vga, 0x1a, 1);
        for (unsigned k = 0; k < 40; k++) {
            random_access(rig, &seed);
        }
        look(rig, 0);
    }
    rig_destroy(rig);
}
END_TEST

START_TEST(random_displays_that_are_on_stay_in_bounds)
{
    struct fixture *f = fixture_create();
    uint32_t seed = 521288629U + (uint32_t)_i;
    for (unsigned i = 0; i < 25; i++) {
        set_mode(f, (enum mode_name)(random_next(&seed) % MODES));
        for (unsigned k = 0; k < 12; k++) {
            unsigned value = random_next(&seed) >> 7 & 0xff;
            unsigned index = random_next(&seed) % 25;
            out_indexed(f, 0x3d4, index, index == 0x17 ? value | 0x80 : value);
        }
        out_indexed(f, 0x3c4, 1, random_next(&seed) & 0x1d);
        out_indexed(f, 0x3c4, 3, random_next(&seed) >> 4);
        out_indexed(f, 0x3ce, 5, random_next(&seed) >> 4);
        out_attribute(f, 0x10, random_next(&seed) >> 4);
        out_attribute(f, 0x13, random_next(&seed) >> 4);
        out(f, 0x3c0, 0x20);
        render(f);
    }
    fixture_destroy(f);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("vga_fuzz");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, random_accesses_and_rendering_stay_in_bounds, 0, 4);
    tcase_add_loop_test(tcase, any_restored_state_is_safe, 0, 2);
    tcase_add_loop_test(tcase, random_displays_that_are_on_stay_in_bounds, 0, 2);
    return run_suite(tcase, "vga_fuzz");
}
