/* Bochs VBE: registers, limits, banked and linear memory, every depth. */
#include "tests/unit/devices/display/vga_modes.h"

enum { ID, XRES, YRES, BPP, ENABLE, BANK, VIRT_WIDTH, VIRT_HEIGHT, X_OFFSET, Y_OFFSET, MEMORY };

static void vbe_mode(struct fixture *f, unsigned width, unsigned height, unsigned bpp)
{
    set_mode(f, MODE_13); /* palette, display on */
    dispi(f, ENABLE, 0);
    dispi(f, XRES, width);
    dispi(f, YRES, height);
    dispi(f, BPP, bpp);
    dispi(f, ENABLE, 0x41);
}

START_TEST(identity_accepts_known_versions_only)
{
    struct fixture *f = fixture_create();
    ck_assert_uint_eq(dispi_in(f, ID), 0xb0c5);
    for (unsigned id = 0xb0c0; id <= 0xb0c5; id++) {
        dispi(f, ID, id);
        ck_assert_uint_eq(dispi_in(f, ID), id);
    }
    dispi(f, ID, 0xb0c6);
    ck_assert_uint_eq(dispi_in(f, ID), 0xb0c5);
    ck_assert_uint_eq(dispi_in(f, MEMORY), FIXTURE_VRAM / 65536);
    ck_assert_uint_eq(dispi_in(f, 0x55), 0);
    fixture_destroy(f);
}
END_TEST

START_TEST(getcaps_reads_limits)
{
    struct fixture *f = fixture_create();
    dispi(f, XRES, 640);
    dispi(f, ENABLE, 2);
    ck_assert_uint_eq(dispi_in(f, XRES), 2560);
    ck_assert_uint_eq(dispi_in(f, YRES), 1600);
    ck_assert_uint_eq(dispi_in(f, BPP), 32);
    dispi(f, ENABLE, 0);
    ck_assert_uint_eq(dispi_in(f, XRES), 640);
    fixture_destroy(f);
}
END_TEST

START_TEST(impossible_modes_become_possible_ones)
{
    struct fixture *f = fixture_create();
    vbe_mode(f, 9999, 9999, 77);
    ck_assert_uint_eq(dispi_in(f, XRES), 2560);
    ck_assert_uint_eq(dispi_in(f, YRES), 1600);
    ck_assert_uint_eq(dispi_in(f, BPP), 8);
    vbe_mode(f, 0, 0, 32);
    ck_assert_uint_eq(dispi_in(f, XRES), 8);
    ck_assert_uint_eq(dispi_in(f, YRES), 1);
    vbe_mode(f, 1024, 768, 32);
    dispi(f, VIRT_WIDTH, 2048);
    ck_assert_uint_eq(dispi_in(f, VIRT_HEIGHT), FIXTURE_VRAM / 8192);
    dispi(f, Y_OFFSET, 0xffff);
    ck_assert_uint_eq(dispi_in(f, Y_OFFSET), 0);
    fixture_destroy(f);
}
END_TEST

START_TEST(byte_accesses_make_one_word)
{
    struct fixture *f = fixture_create();
    vga_dispi_ops.write(f->vga, 0, XRES, 2);
    vga_dispi_ops.write(f->vga, 1, 0x20, 1);
    ck_assert_uint_eq(dispi_in(f, XRES), 0);
    vga_dispi_ops.write(f->vga, 2, 0x03, 1);
    ck_assert_uint_eq(dispi_in(f, XRES), 0x320);
    ck_assert_uint_eq(vga_dispi_ops.read(f->vga, 2, 1), 0x03);
    vga_dispi_ops.write(f->vga, 2, 0x280, 2); /* data at 1D0h */
    ck_assert_uint_eq(dispi_in(f, XRES), 0x280);
    fixture_destroy(f);
}
END_TEST

START_TEST(every_depth_shows_its_pixels)
{
    static const struct {
        unsigned bpp;
        uint8_t bytes[4]; /* of pixel (1, 1) */
        unsigned stored;
        uint32_t colour;
    } cases[] = {
        {15, {0x00, 0x7c}, 2, 0xff0000},       {15, {0x1f, 0x00}, 2, 0x0000ff},
        {16, {0xe0, 0x07}, 2, 0x00ff00},       {16, {0x00, 0x80}, 2, 0x840000},
        {24, {0x33, 0x22, 0x11}, 3, 0x112233}, {32, {0x66, 0x55, 0x44, 0xff}, 4, 0x445566},
    };
    struct fixture *f = fixture_create();
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        vbe_mode(f, 800, 600, cases[i].bpp);
        memcpy(f->vram + 801 * cases[i].stored, cases[i].bytes, cases[i].stored);
        render(f);
        ck_assert_uint_eq(f->frame.width, 800);
        ck_assert_uint_eq(f->frame.height, 600);
        ck_assert_uint_eq(pixel(f, 1, 1), cases[i].colour);
        ck_assert_uint_eq(pixel(f, 2, 1), 0);
        ck_assert_uint_eq(pixel(f, 0, 1), 0);
    }
    fixture_destroy(f);
}
END_TEST

START_TEST(eight_bit_mode_uses_the_palette_and_the_wide_dac)
{
    struct fixture *f = fixture_create();
    vbe_mode(f, 640, 480, 8);
    f->vram[640 * 479 + 639] = 130;
    render(f);
    ck_assert_uint_eq(pixel(f, 639, 479), palette_colour(130));
    dispi(f, ENABLE, 0x61);
    out(f, 0x3c8, 130);
    out(f, 0x3c9, 0xfe);
    out(f, 0x3c9, 0x01);
    out(f, 0x3c9, 0x80);
    render(f);
    ck_assert_uint_eq(pixel(f, 639, 479), 0xfe0180);
    fixture_destroy(f);
}
END_TEST

START_TEST(four_bit_mode_is_planar_at_the_window)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_12);
    dispi(f, XRES, 800);
    dispi(f, YRES, 600);
    dispi(f, BPP, 4);
    dispi(f, ENABLE, 1);
    out_indexed(f, 0x3c4, 2, 6);
    poke(f, 0xa0000 + 100 * 599 + 99, 0x01);
    render(f);
    ck_assert_uint_eq(f->frame.width, 800);
    ck_assert_uint_eq(pixel(f, 799, 599), palette_colour(6));
    ck_assert_uint_eq(pixel(f, 798, 599), palette_colour(0));
    fixture_destroy(f);
}
END_TEST

START_TEST(banks_move_the_window_through_memory)
{
    struct fixture *f = fixture_create();
    vbe_mode(f, 1024, 768, 32);
    ck_assert(f->window.direct);
    dispi(f, BANK, 5);
    ck_assert_uint_eq(f->window.vram_offset, 5 * 65536);
    poke(f, 0xa0010, 0x5a);
    ck_assert_uint_eq(f->vram[5 * 65536 + 16], 0x5a);
    ck_assert_uint_eq(peek(f, 0xa0010), 0x5a);
    dispi(f, BANK, 0xffff);
    ck_assert_uint_eq(dispi_in(f, BANK), 255);
    poke(f, 0xaffff, 0x77);
    ck_assert_uint_eq(f->vram[FIXTURE_VRAM - 1], 0x77);
    dispi(f, ENABLE, 0);
    ck_assert_uint_eq(f->window.vram_offset, 0);
    fixture_destroy(f);
}
END_TEST

START_TEST(offsets_and_virtual_width_pan)
{
    struct fixture *f = fixture_create();
    vbe_mode(f, 640, 480, 16);
    dispi(f, VIRT_WIDTH, 1024);
    dispi(f, X_OFFSET, 16);
    dispi(f, Y_OFFSET, 10);
    store_le16(f->vram + 2 * (1024 * 12 + 17), 0xffff);
    render(f);
    ck_assert_uint_eq(pixel(f, 1, 2), 0xffffff);
    ck_assert_uint_eq(pixel(f, 0, 2), 0);
    fixture_destroy(f);
}
END_TEST

START_TEST(enabling_clears_memory_unless_told_not_to)
{
    struct fixture *f = fixture_create();
    f->vram[100] = 7;
    dispi(f, XRES, 640);
    dispi(f, YRES, 480);
    dispi(f, BPP, 8);
    dispi(f, ENABLE, 0xc1);
    ck_assert_uint_eq(f->vram[100], 7);
    dispi(f, ENABLE, 0);
    dispi(f, ENABLE, 0x41);
    ck_assert_uint_eq(f->vram[100], 0);
    fixture_destroy(f);
}
END_TEST

START_TEST(disabling_returns_to_the_vga_mode)
{
    struct fixture *f = fixture_create();
    vbe_mode(f, 800, 600, 32);
    render(f);
    ck_assert_uint_eq(f->frame.width, 800);
    dispi(f, ENABLE, 0);
    set_mode(f, MODE_3);
    render(f);
    ck_assert_uint_eq(f->frame.width, 720);
    char screen[4096];
    ck_assert(f->display.text(f->display.adapter, screen, sizeof(screen)));
    fixture_destroy(f);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("vbe");
    tcase_add_test(tcase, identity_accepts_known_versions_only);
    tcase_add_test(tcase, getcaps_reads_limits);
    tcase_add_test(tcase, impossible_modes_become_possible_ones);
    tcase_add_test(tcase, byte_accesses_make_one_word);
    tcase_add_test(tcase, every_depth_shows_its_pixels);
    tcase_add_test(tcase, eight_bit_mode_uses_the_palette_and_the_wide_dac);
    tcase_add_test(tcase, four_bit_mode_is_planar_at_the_window);
    tcase_add_test(tcase, banks_move_the_window_through_memory);
    tcase_add_test(tcase, offsets_and_virtual_width_pan);
    tcase_add_test(tcase, enabling_clears_memory_unless_told_not_to);
    tcase_add_test(tcase, disabling_returns_to_the_vga_mode);
    return run_suite(tcase, "vbe");
}
