/*
 * Which of the flags that the manual leaves undefined this processor makes otherwise than the rules
 * of docs/FLAGS.md (backend/host/interp/alu.c), found by asking it.
 *
 * Every host gives the same guest state: what differs here is made anew by flags_repair.c.
 */
#include "backend/host/x64/select.h"

enum { AF = FLAG_AF, OF = FLAG_OF, CF = FLAG_CF, ROUNDS = 2 };

/* What one instruction made of a value. */
struct answer {
    uint32_t value, flags;
};

/* Defines a function that runs an instruction of a byte, word or doubleword by CL. */
#define BY_CL(name, text, type)                                                              \
    static struct answer name(uint32_t value, uint32_t other, uint8_t count, uint64_t flags) \
    {                                                                                        \
        type a = (type)value, b = (type)other;                                               \
        __asm__ volatile("push %[flags]\n\tpopfq\n\t" text "\n\tpushfq\n\tpop %[flags]"      \
                         : [a] "+r"(a), [flags] "+r"(flags)                                  \
                         : [b] "r"(b), "c"(count)                                            \
                         : "cc", "memory");                                                  \
        return (struct answer){a, (uint32_t)flags};                                          \
    }
#define WIDTHS(name, text)                         \
    BY_CL(name##_1, text "b %%cl, %b[a]", uint8_t) \
    BY_CL(name##_2, text "w %%cl, %[a]", uint16_t) \
    BY_CL(name##_4, text "l %%cl, %[a]", uint32_t)
/* clang-format off */
WIDTHS(do_shl, "shl")
WIDTHS(do_shr, "shr")
WIDTHS(do_sar, "sar")
WIDTHS(do_rol, "rol")
WIDTHS(do_ror, "ror")
WIDTHS(do_rcl, "rcl")
WIDTHS(do_rcr, "rcr")
BY_CL(do_shld_2, "shldw %%cl, %[b], %[a]", uint16_t)
BY_CL(do_shld_4, "shldl %%cl, %[b], %[a]", uint32_t)
BY_CL(do_shrd_2, "shrdw %%cl, %[b], %[a]", uint16_t)
BY_CL(do_shrd_4, "shrdl %%cl, %[b], %[a]", uint32_t)
BY_CL(do_imul, "imull %[b], %[a]", uint32_t)
BY_CL(do_bt, "btl %[b], %[a]", uint32_t)
BY_CL(do_bts, "btsl %[b], %[a]", uint32_t)
BY_CL(do_btr, "btrl %[b], %[a]", uint32_t)
BY_CL(do_btc, "btcl %[b], %[a]", uint32_t)
/* clang-format on */
#undef WIDTHS
#undef BY_CL

/* How OF follows from the result, by any count but zero. */
enum overflow { OF_LEFT, OF_RIGHT, OF_CLEAR };

static const struct shift_row {
    struct answer (*run)(uint32_t, uint32_t, uint8_t, uint64_t);
    uint8_t bits;
    bool rotates;
    uint8_t overflow; /* enum overflow */
} shifts[] = {
    {do_shl_1, 8, false, OF_LEFT},    {do_shl_2, 16, false, OF_LEFT},
    {do_shl_4, 32, false, OF_LEFT},   {do_shr_1, 8, false, OF_RIGHT},
    {do_shr_2, 16, false, OF_RIGHT},  {do_shr_4, 32, false, OF_RIGHT},
    {do_sar_1, 8, false, OF_CLEAR},   {do_sar_2, 16, false, OF_CLEAR},
    {do_sar_4, 32, false, OF_CLEAR},  {do_rol_1, 8, true, OF_LEFT},
    {do_rol_2, 16, true, OF_LEFT},    {do_rol_4, 32, true, OF_LEFT},
    {do_ror_1, 8, true, OF_RIGHT},    {do_ror_2, 16, true, OF_RIGHT},
    {do_ror_4, 32, true, OF_RIGHT},   {do_rcl_1, 8, true, OF_LEFT},
    {do_rcl_2, 16, true, OF_LEFT},    {do_rcl_4, 32, true, OF_LEFT},
    {do_rcr_1, 8, true, OF_RIGHT},    {do_rcr_2, 16, true, OF_RIGHT},
    {do_rcr_4, 32, true, OF_RIGHT},   {do_shld_2, 16, false, OF_LEFT},
    {do_shld_4, 32, false, OF_LEFT},  {do_shrd_2, 16, false, OF_RIGHT},
    {do_shrd_4, 32, false, OF_RIGHT},
};

static bool overflow_of(const struct shift_row *row, struct answer got)
{
    uint32_t top = got.value >> (row->bits - 1) & 1, next = got.value >> (row->bits - 2) & 1;
    switch ((enum overflow)row->overflow) {
    case OF_LEFT:
        return top != (got.flags & CF);
    case OF_RIGHT:
        return top != next;
    case OF_CLEAR:
    default:
        return false;
    }
}

static const uint32_t values[] = {0,      1,          0x7f,       0x80,      0x8000,
                                  0x4000, 0x12345678, 0x9abcdef0, 0xffffffff};
enum { VALUES = sizeof(values) / sizeof(values[0]) };

static bool is_word_pair(const struct shift_row *row)
{
    return row->run == do_shld_2 || row->run == do_shrd_2;
}

/* A double shift of words by more than 16 rotates the source. */
static bool rotates_source(const struct shift_row *row, uint32_t source, uint8_t count,
                           struct answer got)
{
    bool left = row->run == do_shld_2;
    unsigned by = left ? count - 16u : 32u - count;
    uint32_t word = source & 0xffff, value = (word << by | word >> (16 - by)) & 0xffff;
    bool top = value >> 15 & 1, next = value >> 14 & 1;
    bool of = !left && top != next;
    return got.value == value && (got.flags & (CF | AF | OF)) == (AF | (of ? (uint32_t)OF : 0u));
}

static unsigned probe_shift(const struct shift_row *row)
{
    unsigned foreign = 0;
    for (unsigned i = 0; i < VALUES * ROUNDS; i++) {
        uint64_t before = i & 1 ? 2 | AF | OF : 2;
        uint32_t source = values[VALUES - 1 - i / ROUNDS];
        for (uint8_t count = 1; count < 32; count++) {
            struct answer got = row->run(values[i / ROUNDS], source, count, before);
            if (is_word_pair(row) && count >= 16) {
                bool same = count == 16 || rotates_source(row, source, count, got);
                foreign |= same ? 0u : FOREIGN_WORDS;
                continue;
            }
            foreign |= overflow_of(row, got) != ((got.flags & OF) != 0) ? FOREIGN_OF : 0u;
            foreign |= !row->rotates && !(got.flags & AF) ? FOREIGN_AF : 0u;
        }
    }
    return foreign;
}

/* True when the instruction changes one of the flags in `kept`. */
static bool changes(struct answer (*run)(uint32_t, uint32_t, uint8_t, uint64_t), uint32_t kept)
{
    bool changed = false;
    for (unsigned i = 0; i < VALUES * ROUNDS; i++) {
        uint32_t before = i & 1 ? FLAGS_ARITH : 0u;
        struct answer got = run(values[i / ROUNDS], values[VALUES - 1 - i / ROUNDS], 0, before | 2);
        changed |= ((got.flags ^ before) & kept) != 0;
    }
    return changed;
}

unsigned x64_foreign_flags(void)
{
    uint32_t kept = FLAGS_ARITH & ~(uint32_t)CF;
    unsigned foreign = changes(do_imul, kept & ~(uint32_t)OF) ? FOREIGN_PRODUCT : 0u;
    bool bits = changes(do_bt, kept) || changes(do_bts, kept) || changes(do_btr, kept) ||
                changes(do_btc, kept);
    foreign |= bits ? FOREIGN_BIT : 0u;
    for (unsigned i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
        foreign |= probe_shift(&shifts[i]);
    }
    return foreign;
}
