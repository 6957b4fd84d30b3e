/* The legacy window: write and read modes against a bit-by-bit model, chaining, mapping. */
#include "tests/unit/devices/display/vga_modes.h"

/* Four planes, one bit at a time, straight from the manual's description. */
struct model {
    uint8_t plane[4][0x10000];
    uint8_t latch[4];
    uint8_t gc[9];
    uint8_t map_mask;
};

static bool model_bit(const struct model *m, unsigned plane, unsigned bit, uint8_t value)
{
    unsigned rotate = m->gc[3] & 7;
    bool rotated = value >> ((bit + rotate) & 7) & 1;
    bool latch = m->latch[plane] >> bit & 1;
    bool set_reset = m->gc[0] >> plane & 1;
    bool masked = m->gc[8] >> bit & 1;
    bool data = false;
    switch (m->gc[5] & 3) {
    case 0:
        data = m->gc[1] >> plane & 1 ? set_reset : rotated;
        break;
    case 1:
        return latch;
    case 2:
        data = value >> plane & 1;
        break;
    default:
        data = set_reset;
        masked = masked && rotated;
        break;
    }
    switch (m->gc[3] >> 3 & 3) {
    case 1:
        data = data && latch;
        break;
    case 2:
        data = data || latch;
        break;
    case 3:
        data = data != latch;
        break;
    default:
        break;
    }
    return masked ? data : latch;
}

static void model_write(struct model *m, unsigned at, uint8_t value)
{
    for (unsigned plane = 0; plane < 4; plane++) {
        uint8_t byte = 0;
        for (unsigned bit = 0; bit < 8; bit++) {
            byte |= (uint8_t)(model_bit(m, plane, bit, value) << bit);
        }
        if (m->map_mask >> plane & 1) {
            m->plane[plane][at] = byte;
        }
    }
}

static uint8_t model_read(struct model *m, unsigned at)
{
    uint8_t equal = 0xff;
    for (unsigned plane = 0; plane < 4; plane++) {
        m->latch[plane] = m->plane[plane][at];
        for (unsigned bit = 0; bit < 8; bit++) {
            bool differs = (m->latch[plane] >> bit & 1) != (m->gc[2] >> plane & 1);
            if (differs && (m->gc[7] >> plane & 1)) {
                equal &= (uint8_t) ~(1U << bit);
            }
        }
    }
    return m->gc[5] & 8 ? equal : m->latch[m->gc[4] & 3];
}

static void random_register(struct fixture *f, struct model *m, uint32_t *seed)
{
    static const uint8_t bits[9] = {0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x0b, 0, 0x0f, 0xff};
    unsigned index = random_next(seed) % 10;
    uint8_t value = (uint8_t)(random_next(seed) >> 8);
    if (index == 9) {
        m->map_mask = value & 15;
        out_indexed(f, 0x3c4, 2, value);
    } else if (index != 6) {
        m->gc[index] = value & bits[index];
        out_indexed(f, 0x3ce, index, value & bits[index]);
    }
}

START_TEST(planar_writes_and_reads_agree_with_the_model)
{
    struct fixture *f = fixture_create();
    struct model *m = calloc(1, sizeof(*m));
    uint32_t seed = 12345;
    set_mode(f, MODE_12);
    m->map_mask = 15;
    m->gc[7] = 15;
    m->gc[8] = 0xff;
    for (unsigned i = 0; i < 60000; i++) {
        unsigned at = random_next(&seed) % 64 + (random_next(&seed) & 0x8000);
        uint8_t value = (uint8_t)(random_next(&seed) >> 3);
        switch (random_next(&seed) % 4) {
        case 0:
            random_register(f, m, &seed);
            break;
        case 1:
            ck_assert_uint_eq(peek(f, 0xa0000 + at), model_read(m, at));
            break;
        default:
            poke(f, 0xa0000 + at, value);
            model_write(m, at, value);
            for (unsigned plane = 0; plane < 4; plane++) {
                ck_assert_uint_eq(f->vram[4 * at + plane], m->plane[plane][at]);
            }
            break;
        }
    }
    free(m);
    fixture_destroy(f);
}
END_TEST

START_TEST(a_wide_access_is_its_bytes_in_ascending_order)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_12);
    out_indexed(f, 0x3c4, 2, 4);
    vga_window_ops.write(f->vga, 0x100, 0x44332211, 4);
    out_indexed(f, 0x3ce, 4, 2);
    ck_assert_uint_eq(peek(f, 0xa0101), 0x22);
    ck_assert_uint_eq(vga_window_ops.read(f->vga, 0x100, 4), 0x44332211);
    ck_assert_uint_eq(vga_window_ops.read(f->vga, 0x102, 2), 0x4433);
    ck_assert_uint_eq(in_indexed(f, 0x3d4, 0x22), 0x44); /* latch of the last byte */
    fixture_destroy(f);
}
END_TEST

START_TEST(odd_even_puts_characters_and_attributes_on_two_planes)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_3);
    vga_window_ops.write(f->vga, 0x18000 + 4, 0x1f41, 2);
    ck_assert_uint_eq(f->vram[4 * 2 + 0], 0x41);
    ck_assert_uint_eq(f->vram[4 * 2 + 1], 0x1f);
    ck_assert_uint_eq(f->vram[4 * 2 + 2], 0);
    ck_assert_uint_eq(vga_window_ops.read(f->vga, 0x18004, 2), 0x1f41);
    out_indexed(f, 0x3c4, 2, 0xc);
    poke(f, 0xb8005, 0x77);
    ck_assert_uint_eq(f->vram[4 * 2 + 3], 0x77);
    ck_assert_uint_eq(f->vram[4 * 2 + 1], 0x1f);
    fixture_destroy(f);
}
END_TEST

START_TEST(memory_map_selects_which_addresses_answer)
{
    static const struct {
        unsigned select, first, last;
    } maps[] = {
        {0, 0xa0000, 0xbffff}, {1, 0xa0000, 0xaffff}, {2, 0xb0000, 0xb7fff}, {3, 0xb8000, 0xbffff}};
    struct fixture *f = fixture_create();
    set_mode(f, MODE_12);
    for (unsigned i = 0; i < 4; i++) {
        out_indexed(f, 0x3ce, 6, 1 | maps[i].select << 2);
        for (unsigned at = 0xa0000; at < 0xc0000; at += 0x4000) {
            f->vram[0] = 0;
            memset(f->vram, 0, 0x40000);
            poke(f, at, 0x5a);
            bool inside = at >= maps[i].first && at <= maps[i].last;
            ck_assert_uint_eq(peek(f, at), inside ? 0x5a : 0xff);
        }
    }
    out(f, 0x3c2, 0xe1); /* memory disabled */
    ck_assert_uint_eq(peek(f, 0xb8000), 0xff);
    fixture_destroy(f);
}
END_TEST

START_TEST(mode_13_window_is_reported_direct_and_stops_being_so)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_13);
    ck_assert(f->window.direct);
    ck_assert_uint_eq(f->window.base, 0xa0000);
    ck_assert_uint_eq(f->window.length, 0x10000);
    ck_assert_uint_eq(f->window.vram_offset, 0);
    vga_window_ops.write(f->vga, 0x1234, 0xdeadbeef, 4);
    ck_assert_uint_eq(f->vram[0x1234], 0xef);
    ck_assert_uint_eq(f->vram[0x1237], 0xde);
    ck_assert_uint_eq(vga_window_ops.read(f->vga, 0x1235, 2), 0xadbe);
    static const uint8_t spoilers[][3] = {{0xce, 8, 0x7f}, {0xce, 3, 8}, {0xce, 5, 0x41},
                                          {0xce, 1, 1},    {0xc4, 2, 7}, {0xc4, 4, 6}};
    for (unsigned i = 0; i < 6; i++) {
        set_mode(f, MODE_13);
        ck_assert(f->window.direct);
        out_indexed(f, 0x300 + spoilers[i][0], spoilers[i][1], spoilers[i][2]);
        ck_assert(!f->window.direct);
    }
    unsigned reports = f->window_reports;
    set_mode(f, MODE_3);
    ck_assert_uint_eq(f->window_reports, reports); /* nothing changed, nothing said */
    fixture_destroy(f);
}
END_TEST

START_TEST(chain_4_with_a_map_mask_skips_the_other_planes)
{
    struct fixture *f = fixture_create();
    set_mode(f, MODE_13);
    out_indexed(f, 0x3c4, 2, 5);
    vga_window_ops.write(f->vga, 0, 0x04030201, 4);
    ck_assert_uint_eq(f->vram[0], 1);
    ck_assert_uint_eq(f->vram[1], 0);
    ck_assert_uint_eq(f->vram[2], 3);
    ck_assert_uint_eq(f->vram[3], 0);
    fixture_destroy(f);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("vga_planar");
    tcase_add_test(tcase, planar_writes_and_reads_agree_with_the_model);
    tcase_add_test(tcase, a_wide_access_is_its_bytes_in_ascending_order);
    tcase_add_test(tcase, odd_even_puts_characters_and_attributes_on_two_planes);
    tcase_add_test(tcase, memory_map_selects_which_addresses_answer);
    tcase_add_test(tcase, mode_13_window_is_reported_direct_and_stops_being_so);
    tcase_add_test(tcase, chain_4_with_a_map_mask_skips_the_other_planes);
    return run_suite(tcase, "vga_planar");
}
