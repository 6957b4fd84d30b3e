/* Every standard mode: size of the picture and pixels where they belong. */
#include "tests/unit/devices/display/vga_modes.h"

START_TEST(every_standard_mode_has_its_resolution)
{
    struct fixture *f = fixture_create();
    set_mode(f, (enum mode_name)_i);
    render(f);
    ck_assert_msg(f->frame.width == modes[_i].width && f->frame.height == modes[_i].height,
                  "%s: %ux%u", modes[_i].name, f->frame.width, f->frame.height);
    bool text = _i == MODE_1 || _i == MODE_3 || _i == MODE_3_50 || _i == MODE_7;
    char screen[8192];
    ck_assert_int_eq(f->display.text(f->display.adapter, screen, sizeof(screen)), text);
    fixture_destroy(f);
}
END_TEST

/* Text. */

/* Plane 2 glyph of font 0. */
static void set_glyph(struct fixture *f, unsigned character, unsigned row, uint8_t dots)
{
    f->vram[4 * (character * 32 + row) + 2] = dots;
}

static void put_cell(struct fixture *f, unsigned count, unsigned character, unsigned attribute)
{
    f->vram[4 * count] = (uint8_t)character;
    f->vram[4 * count + 1] = (uint8_t)attribute;
}

static void hide_cursor(struct fixture *f)
{
    out_indexed(f, 0x3d4, 0x0a, 0x20);
}

START_TEST(text_cells_are_nine_dots_and_line_graphics_join)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_3);
    hide_cursor(f);
    set_glyph(f, 'A', 3, 0x81);
    set_glyph(f, 0xc4, 3, 0xff);
    put_cell(f, 1, 'A', 0x1e);
    put_cell(f, 2, 0xc4, 0x1e);
    render(f);
    ck_assert_uint_eq(pixel(f, 9, 3), palette_colour(14));
    ck_assert_uint_eq(pixel(f, 10, 3), palette_colour(1));
    ck_assert_uint_eq(pixel(f, 16, 3), palette_colour(14));
    ck_assert_uint_eq(pixel(f, 17, 3), palette_colour(1));  /* ninth dot of A */
    ck_assert_uint_eq(pixel(f, 26, 3), palette_colour(14)); /* ninth dot of the line */
    ck_assert_uint_eq(pixel(f, 9, 2), palette_colour(1));
    out_attribute(f, 0x10, 0x08);
    out(f, 0x3c0, 0x20);
    render(f);
    ck_assert_uint_eq(pixel(f, 26, 3), palette_colour(1));
    out_indexed(f, 0x3c4, 1, 1);
    render(f);
    ck_assert_uint_eq(f->frame.width, 640);
    ck_assert_uint_eq(pixel(f, 8, 3), palette_colour(14));
    fixture_destroy(f);
}
END_TEST

START_TEST(forty_columns_are_twice_as_wide)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_1);
    hide_cursor(f);
    set_glyph(f, 'A', 0, 0x40);
    put_cell(f, 39, 'A', 0x07);
    render(f);
    ck_assert_uint_eq(pixel(f, 39 * 18 + 1, 0), palette_colour(0));
    ck_assert_uint_eq(pixel(f, 39 * 18 + 2, 0), palette_colour(7));
    ck_assert_uint_eq(pixel(f, 39 * 18 + 3, 0), palette_colour(7));
    ck_assert_uint_eq(pixel(f, 39 * 18 + 4, 0), palette_colour(0));
    fixture_destroy(f);
}
END_TEST

START_TEST(attribute_bit_3_selects_the_second_font)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_3);
    hide_cursor(f);
    out_indexed(f, 0x3c4, 3, 0x04); /* intense: font 1 at 4000h, normal: font 0 */
    f->vram[4 * (0x4000 + 'A' * 32) + 2] = 0x80;
    put_cell(f, 0, 'A', 0x0f);
    put_cell(f, 1, 'A', 0x07);
    render(f);
    ck_assert_uint_eq(pixel(f, 0, 0), palette_colour(15));
    ck_assert_uint_eq(pixel(f, 9, 0), palette_colour(0));
    out_indexed(f, 0x3c4, 3, 0x20); /* font 4 at 2000h */
    f->vram[4 * (0x2000 + 'A' * 32) + 2] = 0x40;
    render(f);
    ck_assert_uint_eq(pixel(f, 0, 0), palette_colour(0));
    ck_assert_uint_eq(pixel(f, 1, 0), palette_colour(15));
    fixture_destroy(f);
}
END_TEST

START_TEST(attribute_bit_7_blinks_or_brightens)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_3);
    hide_cursor(f);
    set_glyph(f, 'A', 0, 0x80);
    put_cell(f, 0, 'A', 0x97);
    render(f);
    ck_assert_uint_eq(pixel(f, 0, 0), palette_colour(7));
    ck_assert_uint_eq(pixel(f, 1, 0), palette_colour(1));
    clock_advance(f->clock, 300 * CLOCK_NS_PER_MS);
    render(f);
    ck_assert_uint_eq(pixel(f, 0, 0), palette_colour(1));
    out_attribute(f, 0x10, 0x04);
    out(f, 0x3c0, 0x20);
    render(f);
    ck_assert_uint_eq(pixel(f, 0, 0), palette_colour(7));
    ck_assert_uint_eq(pixel(f, 1, 0), palette_colour(9));
    fixture_destroy(f);
}
END_TEST

START_TEST(cursor_has_shape_place_and_blink)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_3);
    put_cell(f, 82, ' ', 0x07);
    out_indexed(f, 0x3d4, 0x0f, 82);
    render(f);
    ck_assert_uint_eq(pixel(f, 18, 16 + 12), palette_colour(0));
    ck_assert_uint_eq(pixel(f, 18, 16 + 13), palette_colour(7));
    ck_assert_uint_eq(pixel(f, 26, 16 + 14), palette_colour(7));
    ck_assert_uint_eq(pixel(f, 18, 16 + 15), palette_colour(0));
    ck_assert_uint_eq(pixel(f, 27, 16 + 14), palette_colour(0));
    clock_advance(f->clock, 150 * CLOCK_NS_PER_MS);
    render(f);
    ck_assert_uint_eq(pixel(f, 18, 16 + 13), palette_colour(0));
    fixture_destroy(f);
}
END_TEST

START_TEST(monochrome_underlines)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_7);
    out_indexed(f, 0x3b4, 0x0a, 0x20);
    put_cell(f, 0, ' ', 0x01);
    put_cell(f, 1, ' ', 0x07);
    render(f);
    ck_assert_uint_eq(pixel(f, 4, 13), palette_colour(1));
    ck_assert_uint_eq(pixel(f, 4, 12), palette_colour(0));
    ck_assert_uint_eq(pixel(f, 13, 13), palette_colour(0));
    poke(f, 0xb0000, 'x');
    ck_assert_uint_eq(f->vram[0], 'x');
    fixture_destroy(f);
}
END_TEST

static void write_text(struct fixture *f, unsigned address, const char *text)
{
    for (; *text; text++, address += 2) {
        vga_window_ops.write(f->vga, address - 0xa0000, (uint8_t)*text | 0x0700U, 2);
    }
}

START_TEST(text_is_extracted_as_utf8_from_the_start_address)
{
    struct fixture *f = fixture_create();
    static char screen[16384];
    set_mode(f, MODE_3);
    write_text(f, 0xb8000, "hidden");
    write_text(f, 0xb8000 + 160, "C:\\> dir");
    write_text(f, 0xb8000 + 320 + 4, "\xc9\xcd\xbb \xe1 \x03");
    out_indexed(f, 0x3d4, 0x0d, 80);
    ck_assert(f->display.text(f->display.adapter, screen, sizeof(screen)));
    const char *expected = "C:\\> dir\n  ╔═╗ ß ♥\n\n";
    ck_assert_int_eq(strncmp(screen, expected, strlen(expected)), 0);
    unsigned rows = 0;
    for (const char *at = screen; *at; at++) {
        rows += *at == '\n';
    }
    ck_assert_uint_eq(rows, 25);
    set_mode(f, MODE_3_50);
    f->display.text(f->display.adapter, screen, sizeof(screen));
    rows = 0;
    for (const char *at = screen; *at; at++) {
        rows += *at == '\n';
    }
    ck_assert_uint_eq(rows, 50);
    char small[10];
    ck_assert(f->display.text(f->display.adapter, small, sizeof(small)));
    ck_assert_uint_lt(strlen(small), sizeof(small));
    fixture_destroy(f);
}
END_TEST

/* Graphics. */

START_TEST(cga_four_colour_lines_interleave)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_4);
    poke(f, 0xb8000 + 1, 0x1b);           /* line 0, pixels 4-7: colours 0 1 2 3 */
    poke(f, 0xb8000 + 0x2000 + 80, 0xc0); /* line 3, pixel 0: colour 3 */
    render(f);
    ck_assert_uint_eq(pixel(f, 8, 0), palette_colour(0));
    ck_assert_uint_eq(pixel(f, 10, 0), palette_colour(1));
    ck_assert_uint_eq(pixel(f, 12, 1), palette_colour(2));
    ck_assert_uint_eq(pixel(f, 15, 1), palette_colour(3));
    ck_assert_uint_eq(pixel(f, 14, 2), palette_colour(0));
    ck_assert_uint_eq(pixel(f, 0, 6), palette_colour(3));
    ck_assert_uint_eq(pixel(f, 1, 7), palette_colour(3));
    ck_assert_uint_eq(pixel(f, 2, 7), palette_colour(0));
    ck_assert_uint_eq(pixel(f, 0, 8), palette_colour(0));
    fixture_destroy(f);
}
END_TEST

START_TEST(cga_two_colour_lines_interleave)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_6);
    poke(f, 0xb8000 + 2, 0x01);
    poke(f, 0xba000 + 79, 0x01); /* line 1, last pixel */
    render(f);
    ck_assert_uint_eq(pixel(f, 23, 0), palette_colour(1));
    ck_assert_uint_eq(pixel(f, 22, 0), palette_colour(0));
    ck_assert_uint_eq(pixel(f, 639, 2), palette_colour(1));
    ck_assert_uint_eq(pixel(f, 639, 3), palette_colour(1));
    ck_assert_uint_eq(pixel(f, 639, 4), palette_colour(0));
    fixture_destroy(f);
}
END_TEST

/* Lights pixel (x, y) with colour 5 by planar writes, bytes_per_line as the mode has it. */
static void planar_dot(struct fixture *f, unsigned x, unsigned y, unsigned line_bytes)
{
    out_indexed(f, 0x3ce, 5, 2);
    out_indexed(f, 0x3ce, 8, 0x80U >> (x & 7));
    unsigned at = 0xa0000 + y * line_bytes + x / 8;
    peek(f, at);
    poke(f, at, 5);
}

START_TEST(planar_modes_show_a_dot_where_it_was_drawn)
{
    static const struct {
        enum mode_name mode;
        unsigned x, y, line_bytes, scale_x, scale_y, colour;
    } cases[] = {
        {MODE_D, 319, 199, 40, 2, 2, 5},  {MODE_E, 639, 199, 80, 1, 2, 5},
        {MODE_10, 639, 349, 80, 1, 1, 5}, {MODE_11, 639, 479, 80, 1, 1, 1},
        {MODE_12, 639, 479, 80, 1, 1, 5}, {MODE_12, 9, 100, 80, 1, 1, 5},
    };
    struct fixture *f = fixture_create();
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(f->vram, 0, 0x40000);
        set_mode(f, cases[i].mode);
        planar_dot(f, cases[i].x, cases[i].y, cases[i].line_bytes);
        render(f);
        unsigned x = cases[i].x * cases[i].scale_x;
        unsigned y = cases[i].y * cases[i].scale_y;
        ck_assert_uint_eq(pixel(f, x, y), palette_colour(cases[i].colour));
        ck_assert_uint_eq(pixel(f, x + cases[i].scale_x - 1, y + cases[i].scale_y - 1),
                          palette_colour(cases[i].colour));
        ck_assert_uint_eq(pixel(f, x - 1, y), palette_colour(0));
        ck_assert_uint_eq(pixel(f, x, y - 1), palette_colour(0));
    }
    fixture_destroy(f);
}
END_TEST

START_TEST(mode_13_is_linear_and_doubled)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_13);
    poke(f, 0xa0000 + 199 * 320 + 319, 200);
    poke(f, 0xa0000 + 320, 77);
    render(f);
    ck_assert_uint_eq(pixel(f, 638, 398), palette_colour(200));
    ck_assert_uint_eq(pixel(f, 639, 399), palette_colour(200));
    ck_assert_uint_eq(pixel(f, 637, 399), palette_colour(0));
    ck_assert_uint_eq(pixel(f, 0, 2), palette_colour(77));
    ck_assert_uint_eq(pixel(f, 1, 3), palette_colour(77));
    ck_assert_uint_eq(pixel(f, 0, 1), palette_colour(0));
    out(f, 0x3c6, 0x0f); /* pixel mask */
    render(f);
    ck_assert_uint_eq(pixel(f, 0, 2), palette_colour(77 & 15));
    fixture_destroy(f);
}
END_TEST

START_TEST(unchained_modes_use_a_plane_for_every_fourth_pixel)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_X_240);
    out_indexed(f, 0x3c4, 2, 8);
    poke(f, 0xa0000 + 239 * 80 + 79, 201); /* pixel (319, 239) */
    out_indexed(f, 0x3c4, 2, 2);
    poke(f, 0xa0000, 44); /* pixel (1, 0) */
    render(f);
    ck_assert_uint_eq(pixel(f, 638, 479), palette_colour(201));
    ck_assert_uint_eq(pixel(f, 2, 0), palette_colour(44));
    ck_assert_uint_eq(pixel(f, 1, 0), palette_colour(0));
    ck_assert_uint_eq(pixel(f, 4, 0), palette_colour(0));
    memset(f->vram, 0, 0x40000);
    set_mode(f, MODE_X_480);
    out_indexed(f, 0x3c4, 2, 8);
    poke(f, 0xa0000 + 479 * 90 + 89, 99); /* pixel (359, 479) */
    render(f);
    ck_assert_uint_eq(pixel(f, 719, 479), palette_colour(99));
    ck_assert_uint_eq(pixel(f, 717, 479), palette_colour(0));
    fixture_destroy(f);
}
END_TEST

START_TEST(start_address_split_screen_and_panning)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_12);
    out_indexed(f, 0x3c4, 2, 1);
    poke(f, 0xa0000, 0x80);            /* first dot of memory */
    poke(f, 0xa0000 + 200 * 80, 0xff); /* shown at line 100 by the start address */
    out_indexed(f, 0x3d4, 0x0c, (100 * 80) >> 8);
    out_indexed(f, 0x3d4, 0x0d, (100 * 80) & 0xff);
    out_indexed(f, 0x3d4, 0x18, 299 & 0xff);
    out_indexed(f, 0x3d4, 0x07, 0x3e); /* line compare bit 8 is set */
    out_indexed(f, 0x3d4, 0x09, 0x00);
    render(f);
    ck_assert_uint_eq(pixel(f, 0, 0), palette_colour(0));
    ck_assert_uint_eq(pixel(f, 7, 100), palette_colour(1));
    ck_assert_uint_eq(pixel(f, 0, 300), palette_colour(1)); /* the split starts at memory 0 */
    ck_assert_uint_eq(pixel(f, 0, 301), palette_colour(0));
    out_attribute(f, 0x13, 3);
    out(f, 0x3c0, 0x20);
    render(f);
    ck_assert_uint_eq(pixel(f, 4, 100), palette_colour(1));
    ck_assert_uint_eq(pixel(f, 5, 100), palette_colour(0));
    ck_assert_uint_eq(pixel(f, 0, 300), palette_colour(0)); /* split pans too */
    out_attribute(f, 0x10, 0x21);
    out(f, 0x3c0, 0x20);
    render(f);
    ck_assert_uint_eq(pixel(f, 4, 100), palette_colour(1));
    ck_assert_uint_eq(pixel(f, 0, 300), palette_colour(1)); /* split does not pan */
    fixture_destroy(f);
}
END_TEST

START_TEST(preset_row_scan_scrolls_text_by_lines)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_3);
    hide_cursor(f);
    set_glyph(f, 'A', 5, 0x80);
    put_cell(f, 80, 'A', 0x07);
    out_indexed(f, 0x3d4, 8, 4);
    render(f);
    ck_assert_uint_eq(pixel(f, 0, 16 + 5 - 4), palette_colour(7));
    ck_assert_uint_eq(pixel(f, 0, 16 + 5), palette_colour(0));
    out_indexed(f, 0x3d4, 8, 0x20 | 4); /* one byte of panning */
    put_cell(f, 81, 'A', 0x02);
    render(f);
    ck_assert_uint_eq(pixel(f, 0, 16 + 5 - 4), palette_colour(2));
    fixture_destroy(f);
}
END_TEST

START_TEST(palette_registers_colour_select_and_plane_enable)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_12);
    planar_dot(f, 0, 0, 80);
    out_attribute(f, 5, 0x2c);
    out_attribute(f, 0x14, 0x0d);
    out(f, 0x3c0, 0x20);
    render(f);
    ck_assert_uint_eq(pixel(f, 0, 0), palette_colour(0xc0 | 0x2c));
    out_attribute(f, 0x10, 0x81);
    out(f, 0x3c0, 0x20);
    render(f);
    ck_assert_uint_eq(pixel(f, 0, 0), palette_colour(0xd0 | 0x0c));
    out_attribute(f, 0x12, 0x04);
    out(f, 0x3c0, 0x20);
    render(f);
    ck_assert_uint_eq(pixel(f, 0, 0), palette_colour(0xd0 | 0x04));
    fixture_destroy(f);
}
END_TEST

START_TEST(a_display_turned_off_is_black)
{
    static const struct {
        unsigned port, index, value;
    } offs[] = {{0x3c4, 1, 0x21}, {0x3d4, 0x17, 0x63}};
    struct fixture *f = fixture_create();
    for (unsigned i = 0; i < 3; i++) {
        set_mode(f, MODE_13);
        poke(f, 0xa0000, 255);
        render(f);
        ck_assert_uint_eq(pixel(f, 0, 0), palette_colour(255));
        if (i < 2) {
            out_indexed(f, offs[i].port, offs[i].index, offs[i].value);
        } else {
            in(f, 0x3da);
            out(f, 0x3c0, 0x00);
        }
        render(f);
        unsigned lit = 0;
        for (unsigned at = 0; at < f->frame.width * f->frame.height; at++) {
            lit += f->frame.pixels[at] != 0;
        }
        ck_assert_uint_eq(lit, 0);
    }
    fixture_destroy(f);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("vga_modes");
    tcase_add_loop_test(tcase, every_standard_mode_has_its_resolution, 0, MODES);
    tcase_add_test(tcase, text_cells_are_nine_dots_and_line_graphics_join);
    tcase_add_test(tcase, forty_columns_are_twice_as_wide);
    tcase_add_test(tcase, attribute_bit_3_selects_the_second_font);
    tcase_add_test(tcase, attribute_bit_7_blinks_or_brightens);
    tcase_add_test(tcase, cursor_has_shape_place_and_blink);
    tcase_add_test(tcase, monochrome_underlines);
    tcase_add_test(tcase, text_is_extracted_as_utf8_from_the_start_address);
    tcase_add_test(tcase, cga_four_colour_lines_interleave);
    tcase_add_test(tcase, cga_two_colour_lines_interleave);
    tcase_add_test(tcase, planar_modes_show_a_dot_where_it_was_drawn);
    tcase_add_test(tcase, mode_13_is_linear_and_doubled);
    tcase_add_test(tcase, unchained_modes_use_a_plane_for_every_fourth_pixel);
    tcase_add_test(tcase, start_address_split_screen_and_panning);
    tcase_add_test(tcase, preset_row_scan_scrolls_text_by_lines);
    tcase_add_test(tcase, palette_registers_colour_select_and_plane_enable);
    tcase_add_test(tcase, a_display_turned_off_is_black);
    return run_suite(tcase, "vga_modes");
}
