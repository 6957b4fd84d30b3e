/* VGA ports: read-back, protection, flip-flop, colour table, retrace, reset. */
#include "tests/unit/devices/display/vga_modes.h"

START_TEST(indexed_registers_read_back_the_bits_that_exist)
{
    struct fixture *f = fixture_create();
    out(f, 0x3c2, 0x67);
    ck_assert_uint_eq(in(f, 0x3cc), 0x67);
    for (unsigned i = 0; i < 0x19; i++) {
        unsigned written = i == 0x11 ? 0x25 : 0xa5;
        out_indexed(f, 0x3d4, i, written);
        ck_assert_uint_eq(in_indexed(f, 0x3d4, i), written);
    }
    out_indexed(f, 0x3c4, 2, 0xff);
    ck_assert_uint_eq(in_indexed(f, 0x3c4, 2), 0x0f);
    out_indexed(f, 0x3c4, 4, 0xff);
    ck_assert_uint_eq(in_indexed(f, 0x3c4, 4), 0x0e);
    out_indexed(f, 0x3ce, 8, 0xff);
    ck_assert_uint_eq(in_indexed(f, 0x3ce, 8), 0xff);
    out_indexed(f, 0x3ce, 5, 0xff);
    ck_assert_uint_eq(in_indexed(f, 0x3ce, 5), 0x7b);
    fixture_destroy(f);
}
END_TEST

START_TEST(crtc_answers_only_at_the_selected_address)
{
    struct fixture *f = fixture_create();
    out(f, 0x3c2, 0x67);
    out_indexed(f, 0x3d4, 0x0e, 0x12);
    out_indexed(f, 0x3b4, 0x0e, 0x34);
    ck_assert_uint_eq(in_indexed(f, 0x3d4, 0x0e), 0x12);
    ck_assert_uint_eq(in(f, 0x3b5), 0xff);
    out(f, 0x3c2, 0x66);
    ck_assert_uint_eq(in_indexed(f, 0x3b4, 0x0e), 0x12);
    ck_assert_uint_eq(in(f, 0x3d5), 0xff);
    fixture_destroy(f);
}
END_TEST

START_TEST(protected_crtc_registers_keep_all_but_line_compare_bit_8)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_3);
    out_indexed(f, 0x3d4, 0x11, 0x8e);
    out_indexed(f, 0x3d4, 1, 0);
    out_indexed(f, 0x3d4, 7, 0x00);
    ck_assert_uint_eq(in_indexed(f, 0x3d4, 1), 0x4f);
    ck_assert_uint_eq(in_indexed(f, 0x3d4, 7), 0x0f);
    out_indexed(f, 0x3d4, 8, 5);
    ck_assert_uint_eq(in_indexed(f, 0x3d4, 8), 5);
    fixture_destroy(f);
}
END_TEST

START_TEST(attribute_port_alternates_index_and_data_and_status_read_restarts_it)
{
    struct fixture *f = fixture_create();
    out(f, 0x3c2, 1);
    in(f, 0x3da);
    out(f, 0x3c0, 0x05);
    ck_assert_uint_eq(in_indexed(f, 0x3d4, 0x24), 0x80);
    out(f, 0x3c0, 0x2a);
    out(f, 0x3c0, 0x06);
    in(f, 0x3da);
    out(f, 0x3c0, 0x05);
    ck_assert_uint_eq(in(f, 0x3c1), 0x2a);
    ck_assert_uint_eq(in(f, 0x3c0), 0x05);
    in(f, 0x3da);
    out(f, 0x3c0, 0x1f);
    out(f, 0x3c0, 0xff); /* no such register */
    ck_assert_uint_eq(in(f, 0x3c1), 0);
    fixture_destroy(f);
}
END_TEST

START_TEST(colour_table_advances_by_threes_and_wraps)
{
    struct fixture *f = fixture_create();
    out(f, 0x3c8, 255);
    const unsigned written[6] = {1, 2, 3, 4, 5, 0xff};
    for (unsigned i = 0; i < 6; i++) {
        out(f, 0x3c9, written[i]);
    }
    ck_assert_uint_eq(in(f, 0x3c8), 1);
    ck_assert_uint_eq(in(f, 0x3c7), 0);
    out(f, 0x3c7, 255);
    ck_assert_uint_eq(in(f, 0x3c7), 3);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_uint_eq(in(f, 0x3c9), written[i]);
    }
    ck_assert_uint_eq(in(f, 0x3c9), 0x3f);
    fixture_destroy(f);
}
END_TEST

START_TEST(an_unfinished_colour_is_not_stored)
{
    struct fixture *f = fixture_create();
    out(f, 0x3c8, 9);
    out(f, 0x3c9, 7);
    out(f, 0x3c9, 7);
    out(f, 0x3c7, 9);
    ck_assert_uint_eq(in(f, 0x3c9), 0);
    fixture_destroy(f);
}
END_TEST

/* Vertical retraces seen in a second, and how many of n samples were inside one. */
static unsigned count_retraces(struct fixture *f, unsigned *inside, unsigned *samples)
{
    unsigned edges = 0;
    unsigned before = in(f, 0x3da) & 8;
    *inside = 0;
    *samples = 0;
    for (uint64_t ns = 0; ns < CLOCK_NS_PER_S; ns += 20 * CLOCK_NS_PER_US) {
        clock_advance(f->clock, 20 * CLOCK_NS_PER_US);
        unsigned now = in(f, 0x3da) & 8;
        edges += now && !before;
        *inside += now != 0;
        *samples += 1;
        before = now;
    }
    return edges;
}

START_TEST(retrace_follows_the_programmed_timing)
{
    struct fixture *f = fixture_create();
    unsigned inside = 0;
    unsigned samples = 0;
    set_mode(f, MODE_3);
    unsigned edges = count_retraces(f, &inside, &samples);
    ck_assert_uint_ge(edges, 69);
    ck_assert_uint_le(edges, 71);
    /* two lines of 449 */
    ck_assert_uint_ge(inside, samples / 300);
    ck_assert_uint_le(inside, samples / 170);
    set_mode(f, MODE_12);
    edges = count_retraces(f, &inside, &samples);
    ck_assert_uint_ge(edges, 59);
    ck_assert_uint_le(edges, 61);
    fixture_destroy(f);
}
END_TEST

START_TEST(retrace_goes_on_with_meaningless_timing_and_in_vbe_modes)
{
    struct fixture *f = fixture_create();
    unsigned inside = 0;
    unsigned samples = 0;
    out(f, 0x3c2, 1);
    ck_assert_uint_ge(count_retraces(f, &inside, &samples), 59);
    dispi(f, 1, 800);
    dispi(f, 2, 600);
    dispi(f, 3, 32);
    dispi(f, 4, 0x41);
    ck_assert_uint_ge(count_retraces(f, &inside, &samples), 59);
    fixture_destroy(f);
}
END_TEST

START_TEST(retrace_interrupt_status_is_latched_until_cleared)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_3);
    out_indexed(f, 0x3d4, 0x11, 0x0e);
    out_indexed(f, 0x3d4, 0x11, 0x1e);
    ck_assert_uint_eq(in(f, 0x3c2) & 0x80, 0);
    clock_advance(f->clock, 15 * CLOCK_NS_PER_MS);
    ck_assert_uint_eq(in(f, 0x3c2) & 0x80, 0x80);
    out_indexed(f, 0x3d4, 0x11, 0x0e);
    out_indexed(f, 0x3d4, 0x11, 0x1e);
    ck_assert_uint_eq(in(f, 0x3c2) & 0x80, 0);
    fixture_destroy(f);
}
END_TEST

START_TEST(reset_equals_a_fresh_adapter_whatever_was_written)
{
    struct fixture *f = fixture_create();
    struct fixture *fresh = fixture_create();
    const struct state_field *where = NULL;
    set_mode(f, MODE_13);
    dispi(f, 1, 640);
    ck_assert(!state_equal(f->device.ops->state, f->vga, fresh->vga, &where));
    device_reset(&f->device, RESET_HARD);
    ck_assert(state_equal(f->device.ops->state, f->vga, fresh->vga, &where));
    ck_assert(!f->window.direct);
    device_reset(&f->device, RESET_HARD);
    ck_assert(state_equal(f->device.ops->state, f->vga, fresh->vga, &where));
    fixture_destroy(f);
    fixture_destroy(fresh);
}
END_TEST

START_TEST(copied_state_shows_the_same_and_reports_the_window)
{
    struct fixture *f = fixture_create();
    struct fixture *other = fixture_create();
    set_mode(f, MODE_13);
    poke(f, 0xa0000 + 321, 99);
    memcpy(other->vram, f->vram, FIXTURE_VRAM);
    state_copy(f->device.ops->state, other->vga, f->vga);
    other->device.ops->loaded(other->device.dev);
    ck_assert(other->window.direct);
    render(f);
    render(other);
    ck_assert_uint_eq(other->frame.width, 640);
    ck_assert_int_eq(memcmp(f->frame.pixels, other->frame.pixels, 640 * 400 * 4), 0);
    fixture_destroy(f);
    fixture_destroy(other);
}
END_TEST

START_TEST(register_page_reaches_ports_and_dispi_registers)
{
    struct fixture *f = fixture_create();
    vga_mmio_ops.write(f->vga, 0x402, 0x67, 1);
    ck_assert_uint_eq(in(f, 0x3cc), 0x67);
    vga_mmio_ops.write(f->vga, 0x414, 0x550e, 2);
    ck_assert_uint_eq(in_indexed(f, 0x3d4, 0x0e), 0x55);
    vga_mmio_ops.write(f->vga, 0x502, 1024, 2);
    ck_assert_uint_eq(dispi_in(f, 1), 1024);
    ck_assert_uint_eq(vga_mmio_ops.read(f->vga, 0x500, 2), 0xb0c5);
    ck_assert_uint_eq(vga_mmio_ops.read(f->vga, 0x514, 2), FIXTURE_VRAM >> 16);
    ck_assert_uint_eq(vga_mmio_ops.read(f->vga, 0x600, 2), 8);
    ck_assert_uint_eq(vga_mmio_ops.read(f->vga, 0x606, 2), 0x1e1e);
    fixture_destroy(f);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("vga_regs");
    tcase_add_test(tcase, indexed_registers_read_back_the_bits_that_exist);
    tcase_add_test(tcase, crtc_answers_only_at_the_selected_address);
    tcase_add_test(tcase, protected_crtc_registers_keep_all_but_line_compare_bit_8);
    tcase_add_test(tcase, attribute_port_alternates_index_and_data_and_status_read_restarts_it);
    tcase_add_test(tcase, colour_table_advances_by_threes_and_wraps);
    tcase_add_test(tcase, an_unfinished_colour_is_not_stored);
    tcase_add_test(tcase, retrace_follows_the_programmed_timing);
    tcase_add_test(tcase, retrace_goes_on_with_meaningless_timing_and_in_vbe_modes);
    tcase_add_test(tcase, retrace_interrupt_status_is_latched_until_cleared);
    tcase_add_test(tcase, reset_equals_a_fresh_adapter_whatever_was_written);
    tcase_add_test(tcase, copied_state_shows_the_same_and_reports_the_window);
    tcase_add_test(tcase, register_page_reaches_ports_and_dispi_registers);
    return run_suite(tcase, "vga_regs");
}
