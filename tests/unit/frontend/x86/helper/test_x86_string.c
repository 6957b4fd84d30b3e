/* Repeated string instructions against a plain model; budget, faults, TF, port strings. */
#include "tests/support/flat_memory.h"

enum { REPE = 1, REPNE = 2 };

static uint64_t imm_of(unsigned size, unsigned asize, unsigned rep)
{
    return size | asize << 4 | SEG_DS << 8 | (uint64_t)rep << 12;
}

static void set(struct flat *flat, uint32_t si, uint32_t di, uint32_t count, bool down)
{
    flat->ctx->gpr[GUEST_RSI] = si;
    flat->ctx->gpr[GUEST_RDI] = di;
    flat->ctx->gpr[GUEST_RCX] = count;
    flat->ctx->df = down ? UINT32_MAX : 1;
    flat_begin(flat);
}

/* The callout, and the end of the instruction as an engine makes it when the callout does not. */
static void run(struct context *ctx, callout_function *callout, uint64_t imm)
{
    callout(ctx, 0, 0, imm);
    if (ctx->leave == LEAVE_NONE) {
        ck_assert_int_ge(ctx->budget, 0);
        context_leave_after(ctx, LEAVE_LOOKUP);
    }
}

static void fill(struct flat *flat, uint32_t seed)
{
    for (uint32_t i = 0x20000; i < FLAT_BYTES; i++) {
        seed = seed * 1664525 + 1013904223;
        flat->ram[i] = (uint8_t)(seed >> 24);
    }
}

/* The manual's loop. */
static void model_movs(uint8_t *ram, uint32_t si, uint32_t di, uint32_t count, unsigned size,
                       bool down)
{
    for (; count; count--) {
        uint8_t element[4];
        memcpy(element, ram + si, size);
        memcpy(ram + di, element, size);
        si = down ? si - size : si + size;
        di = down ? di - size : di + size;
    }
}

START_TEST(movs_matches_the_manual_for_every_overlap)
{
    struct flat *flat = flat_protected("max");
    uint8_t *expected = malloc(FLAT_BYTES);
    static const int32_t distance[] = {-5000, -4, -3, -1, 0, 1, 2, 3, 4, 7, 4096, 5000};
    for (unsigned d = 0; d < sizeof(distance) / sizeof(distance[0]); d++) {
        for (unsigned variant = 0; variant < 6; variant++) {
            unsigned size = 1u << variant % 3;
            bool down = variant >= 3;
            uint32_t si = 0x30ff1;
            uint32_t di = si + (uint32_t)distance[d];
            fill(flat, d * 6 + variant);
            memcpy(expected, flat->ram, FLAT_BYTES);
            model_movs(expected, si, di, 1500, size, down);
            flat->ctx->rip = FLAT_CODE;
            set(flat, si, di, 1500, down);
            run(flat->ctx, callout_string_movs, imm_of(size, 4, REPE));
            ck_assert_uint_eq(flat->ctx->gpr[GUEST_RCX], 0);
            ck_assert_uint_eq(flat->ctx->gpr[GUEST_RSI],
                              down ? si - 1500 * size : si + 1500 * size);
            ck_assert_int_eq(memcmp(flat->ram + 0x20000, expected + 0x20000, FLAT_BYTES - 0x20000),
                             0);
            ck_assert_int_eq(flat->ctx->budget, 1000000 - 1499);
            ck_assert_int_eq(flat->ctx->pending, 0);
            ck_assert_uint_eq(flat->ctx->rip, FLAT_CODE + 2);
        }
    }
    free(expected);
    flat_destroy(flat);
}
END_TEST

START_TEST(a_special_page_goes_element_by_element)
{
    struct flat *flat = flat_protected("max");
    fill(flat, 1);
    set(flat, 0x30000, FLAT_SPECIAL - 6, 0x1010, false);
    run(flat->ctx, callout_string_movs, imm_of(1, 4, REPE));
    ck_assert_int_eq(memcmp(flat->ram + 0x30000, flat->ram + FLAT_SPECIAL - 6, 0x1010), 0);
    ck_assert_int_eq(flat->ctx->budget + flat->ctx->pending, 1000001 - 0x1010);
    flat_destroy(flat);
}
END_TEST

START_TEST(the_budget_ends_a_run_exactly)
{
    struct flat *flat = flat_protected("max");
    struct context *ctx = flat->ctx;
    set(flat, 0, 0x40000, 1000, false);
    ctx->budget = 99;
    ctx->gpr[GUEST_RAX] = 0x11223344;
    run(ctx, callout_string_stos, imm_of(4, 4, REPE));
    ck_assert_uint_eq(ctx->leave, LEAVE_LOOKUP);
    ck_assert_uint_eq(ctx->rip, FLAT_CODE);
    ck_assert_int_eq(ctx->budget + ctx->pending, 0);
    ck_assert_uint_eq(ctx->gpr[GUEST_RCX], 900);
    ck_assert_uint_eq(ctx->gpr[GUEST_RDI], 0x40000 + 400);
    ck_assert_uint_eq(flat_word(flat, 0x40000 + 396), 0x11223344);
    ck_assert_uint_eq(flat_word(flat, 0x40000 + 400), 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(a_zero_count_retires_one_instruction)
{
    struct flat *flat = flat_protected("max");
    set(flat, 0, 0x40000, 0, false);
    run(flat->ctx, callout_string_stos, imm_of(1, 4, REPE));
    ck_assert_uint_eq(flat->ctx->rip, FLAT_CODE + 2);
    ck_assert_int_eq(flat->ctx->budget, 1000000);
    ck_assert_int_eq(flat->ctx->pending, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(a_fault_in_the_middle_leaves_exact_registers)
{
    struct flat *flat = flat_protected("max");
    flat_descriptor(flat, SEL_FREE, 0x50000, 0x2fff, 0x93, 4);
    callout_seg_load(flat->ctx, SEL_FREE, 0, SEG_ES);
    flat->ctx->rip = FLAT_CODE;
    set(flat, 0, 0x1ffd, 0x2000, false);
    run(flat->ctx, callout_string_stos, imm_of(2, 4, REPE));
    flat_expect_fault(flat, VECTOR_GP, 0);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RDI], 0x2fff);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RCX], 0x2000 - 0x801);
    ck_assert_int_eq(flat->ctx->budget, 1000000 - 0x801);
    ck_assert_uint_eq(flat->ctx->rip, FLAT_CODE);
    flat_destroy(flat);
}
END_TEST

START_TEST(sixteen_bit_addresses_wrap)
{
    struct flat *flat = flat_real("386");
    flat->ctx->gpr[GUEST_RAX] = 0x55;
    set(flat, 0, 0xabcdfffe, 0x99990004, false);
    segment_set_real(flat->ctx, &flat->ctx->seg[SEG_ES], 0x3000);
    run(flat->ctx, callout_string_stos, imm_of(1, 2, REPE));
    ck_assert_uint_eq(flat->ram[0x3ffff], 0x55);
    ck_assert_uint_eq(flat->ram[0x30001], 0x55);
    ck_assert_uint_eq(flat->ram[0x40000], 0);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RDI], 0xabcd0002);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RCX], 0x99990000);
    flat_destroy(flat);
}
END_TEST

START_TEST(tf_allows_one_iteration)
{
    struct flat *flat = flat_protected("max");
    flat->ctx->eflags |= FLAG_TF;
    set(flat, 0, 0x40000, 5, false);
    run(flat->ctx, callout_string_stos, imm_of(1, 4, REPE));
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RCX], 4);
    ck_assert_uint_eq(flat->ctx->rip, FLAT_CODE);
    ck_assert_int_eq(flat->ctx->budget, 1000000);
    ck_assert_int_eq(flat->ctx->pending, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(scas_stops_on_the_condition_with_its_flags)
{
    struct flat *flat = flat_protected("max");
    memcpy(flat->ram + 0x40ffc, "abcdefgh", 9);
    flat->ctx->gpr[GUEST_RAX] = 0;
    set(flat, 0, 0x40ffc, 0xffffffff, false);
    run(flat->ctx, callout_string_scas, imm_of(1, 4, REPNE));
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RCX], 0xffffffff - 9);
    ck_assert(context_flags(flat->ctx) & FLAG_ZF);
    ck_assert_uint_eq(flat->ctx->rip, FLAT_CODE + 2);
    ck_assert_int_eq(flat->ctx->budget, 1000000 - 8);
    flat->ctx->gpr[GUEST_RAX] = 'a';
    flat->ctx->rip = FLAT_CODE;
    set(flat, 0, 0x40ffc, 10, false);
    run(flat->ctx, callout_string_scas, imm_of(1, 4, REPE));
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RCX], 8);
    ck_assert_uint_eq(context_flags(flat->ctx), FLAG_CF | FLAG_SF | FLAG_AF | FLAG_PF);
    flat_destroy(flat);
}
END_TEST

START_TEST(cmps_compares_source_with_destination)
{
    struct flat *flat = flat_protected("max");
    memcpy(flat->ram + 0x40000, "aaaaaaaazzzz", 12);
    memcpy(flat->ram + 0x41000, "aaaaaaaabbbb", 12);
    set(flat, 0x40000, 0x41000, 3, false);
    run(flat->ctx, callout_string_cmps, imm_of(4, 4, REPE));
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RCX], 0);
    ck_assert(!(context_flags(flat->ctx) & (FLAG_ZF | FLAG_CF)));
    flat->ctx->rip = FLAT_CODE;
    set(flat, 0x40000 + 11, 0x41000 + 11, 12, true);
    run(flat->ctx, callout_string_cmps, imm_of(1, 4, REPNE));
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RCX], 7);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RSI], 0x40006);
    flat_destroy(flat);
}
END_TEST

START_TEST(ins_and_outs_move_through_the_port)
{
    struct flat *flat = flat_protected("max");
    flat->ctx->gpr[GUEST_RDX] = 0x1f0;
    flat->next_in = 0x1000;
    set(flat, 0, 0x40ffe, 4, false);
    run(flat->ctx, callout_string_ins, imm_of(2, 4, REPE));
    ck_assert_uint_eq(load_le16(flat->ram + 0x40ffe), 0x1000);
    ck_assert_uint_eq(load_le16(flat->ram + 0x41004), 0x1003);
    ck_assert_uint_eq(flat->last_port, 0x1f0);
    ck_assert_int_eq(flat->ctx->budget, 1000000 - 3);
    flat->ctx->rip = FLAT_CODE;
    set(flat, 0x41004, 0, 77, false);
    run(flat->ctx, callout_string_outs, imm_of(2, 4, 0));
    ck_assert_uint_eq(flat->last_out, 0x1003);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RSI], 0x41006);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RCX], 77);
    flat_destroy(flat);
}
END_TEST

START_TEST(lods_keeps_the_last_element)
{
    struct flat *flat = flat_protected("max");
    store_le32(flat->ram + 0x41ffc, 0x99887766);
    flat->ctx->gpr[GUEST_RAX] = 0xffffffff;
    set(flat, 0x41000, 0, 0x400, false);
    run(flat->ctx, callout_string_lods, imm_of(4, 4, REPE));
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RAX], 0x99887766);
    ck_assert_uint_eq(flat->ctx->gpr[GUEST_RSI], 0x42000);
    flat_destroy(flat);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {movs_matches_the_manual_for_every_overlap,
                                  a_special_page_goes_element_by_element,
                                  the_budget_ends_a_run_exactly,
                                  a_zero_count_retires_one_instruction,
                                  a_fault_in_the_middle_leaves_exact_registers,
                                  sixteen_bit_addresses_wrap,
                                  tf_allows_one_iteration,
                                  scas_stops_on_the_condition_with_its_flags,
                                  cmps_compares_source_with_destination,
                                  ins_and_outs_move_through_the_port,
                                  lods_keeps_the_last_element,
                                  NULL};
    return flat_main("x86 strings", tests);
}
