/* Decimal adjustment against decimal arithmetic, division limits, ENTER, PUSHA, CMPXCHG8B, MSRs. */
#include "tests/support/flat_memory.h"

static uint32_t bcd(unsigned value)
{
    return value / 10 << 4 | value % 10;
}

START_TEST(daa_and_das_do_decimal_arithmetic)
{
    struct flat *flat = flat_real("386");
    struct context *ctx = flat->ctx;
    for (unsigned x = 0; x < 100; x++) {
        for (unsigned y = 0; y < 100; y++) {
            uint32_t a = bcd(x);
            uint32_t b = bcd(y);
            uint32_t sum = a + b;
            ctx->gpr[GUEST_RAX] = 0xab00 | (sum & 0xff);
            context_set_flags(ctx, (sum >> 8) | ((a ^ b ^ sum) & FLAG_AF));
            callout_daa(ctx, 0, 0, 0);
            ck_assert_uint_eq(ctx->gpr[GUEST_RAX], 0xab00 | bcd((x + y) % 100));
            ck_assert_uint_eq(context_flags(ctx) & FLAG_CF, x + y >= 100);
            uint32_t difference = a - b;
            ctx->gpr[GUEST_RAX] = difference & 0xff;
            context_set_flags(ctx, (difference >> 8 & 1) | ((a ^ b ^ difference) & FLAG_AF));
            callout_das(ctx, 0, 0, 0);
            ck_assert_uint_eq(ctx->gpr[GUEST_RAX], bcd((100 + x - y) % 100));
            ck_assert_uint_eq(context_flags(ctx) & FLAG_CF, x < y);
        }
    }
    flat_destroy(flat);
}
END_TEST

START_TEST(ascii_adjustments_carry_into_ah)
{
    struct flat *flat = flat_real("386");
    struct context *ctx = flat->ctx;
    ctx->gpr[GUEST_RAX] = 0x0235 + 0x39;
    callout_aaa(ctx, 0, 0, 0);
    ck_assert_uint_eq(ctx->gpr[GUEST_RAX], 0x0304);
    ck_assert(context_flags(ctx) & FLAG_CF);
    ctx->gpr[GUEST_RAX] = 0x02fc; /* 5 - 9 */
    callout_aas(ctx, 0, 0, 0);
    ck_assert_uint_eq(ctx->gpr[GUEST_RAX], 0x0106);
    ctx->gpr[GUEST_RAX] = 0x1151;
    callout_aam(ctx, 0, 0, 10);
    ck_assert_uint_eq(ctx->gpr[GUEST_RAX], 0x0801);
    callout_aad(ctx, 0, 0, 10);
    ck_assert_uint_eq(ctx->gpr[GUEST_RAX], 81);
    callout_aam(ctx, 0, 0, 0);
    flat_expect_fault(flat, VECTOR_DE, 0);
    flat_destroy(flat);
}
END_TEST

static void divide(struct flat *flat, bool is_signed, unsigned size, uint64_t value,
                   uint32_t divisor)
{
    struct context *ctx = flat->ctx;
    flat_begin(flat);
    ctx->gpr[GUEST_RAX] = size == 1 ? value & 0xffff : value & (UINT64_MAX >> (64 - size * 8));
    ctx->gpr[GUEST_RDX] = size == 1 ? 0 : value >> size * 8 & (UINT64_MAX >> (64 - size * 8));
    if (is_signed) {
        callout_idiv(ctx, divisor, 0, size);
    } else {
        callout_div(ctx, divisor, 0, size);
    }
}

START_TEST(division_faults_exactly_on_overflow)
{
    struct flat *flat = flat_real("386");
    struct context *ctx = flat->ctx;
    divide(flat, false, 1, 0xff * 2 + 1, 2);
    ck_assert_uint_eq(ctx->gpr[GUEST_RAX], 0x1ff);
    divide(flat, false, 1, 0x200, 2);
    flat_expect_fault(flat, VECTOR_DE, 0);
    divide(flat, false, 4, UINT64_C(0x1ffffffff), 2);
    ck_assert_uint_eq(ctx->gpr[GUEST_RAX], 0xffffffff);
    ck_assert_uint_eq(ctx->gpr[GUEST_RDX], 1);
    divide(flat, false, 2, 5, 0);
    flat_expect_fault(flat, VECTOR_DE, 0);
    divide(flat, true, 1, (uint16_t)-256, 2); /* -128 fits */
    ck_assert_uint_eq(ctx->gpr[GUEST_RAX], 0x80);
    divide(flat, true, 1, 256, 2);
    flat_expect_fault(flat, VECTOR_DE, 0);
    divide(flat, true, 2, (uint32_t)-7, 2);
    ck_assert_uint_eq(ctx->gpr[GUEST_RAX], 0xfffd);
    ck_assert_uint_eq(ctx->gpr[GUEST_RDX], 0xffff);
    divide(flat, true, 4, UINT64_C(1) << 63, 0xffffffff);
    flat_expect_fault(flat, VECTOR_DE, 0);
    divide(flat, true, 4, UINT64_C(0xffffffff80000000), 0xffffffff);
    flat_expect_fault(flat, VECTOR_DE, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(enter_copies_the_display)
{
    struct flat *flat = flat_protected("max");
    struct context *ctx = flat->ctx;
    ctx->gpr[GUEST_RSP] = 0x8000;
    ctx->gpr[GUEST_RBP] = 0x8100;
    store_le32(flat->ram + 0x80fc, 0xaaaa);
    store_le32(flat->ram + 0x80f8, 0xbbbb);
    callout_enter(ctx, 0x20, 3, 4);
    ck_assert_uint_eq(ctx->gpr[GUEST_RBP], 0x7ffc);
    ck_assert_uint_eq(flat_word(flat, 0x7ffc), 0x8100);
    ck_assert_uint_eq(flat_word(flat, 0x7ff8), 0xaaaa);
    ck_assert_uint_eq(flat_word(flat, 0x7ff4), 0xbbbb);
    ck_assert_uint_eq(flat_word(flat, 0x7ff0), 0x7ffc);
    ck_assert_uint_eq(ctx->gpr[GUEST_RSP], 0x7ff0 - 0x20);
    flat_destroy(flat);
}
END_TEST

START_TEST(pusha_and_popa_skip_sp)
{
    struct flat *flat = flat_real("386");
    struct context *ctx = flat->ctx;
    for (unsigned i = 0; i < 8; i++) {
        ctx->gpr[i] = i == GUEST_RSP ? 0x8000 : 0x1110 + i;
    }
    callout_pusha(ctx, 0, 0, 2);
    ck_assert_uint_eq(ctx->gpr[GUEST_RSP], 0x7ff0);
    ck_assert_uint_eq(load_le16(flat->ram + 0x7ff6), 0x8000);
    memset(flat->ram + 0x7ff6, 0xee, 2);
    ctx->gpr[GUEST_RDI] = 0xffff0000;
    callout_popa(ctx, 0, 0, 2);
    ck_assert_uint_eq(ctx->gpr[GUEST_RSP], 0x8000);
    ck_assert_uint_eq(ctx->gpr[GUEST_RDI], 0xffff1117);
    flat_destroy(flat);
}
END_TEST

START_TEST(cmpxchg8b_swaps_or_loads)
{
    struct flat *flat = flat_protected("pentium");
    struct context *ctx = flat->ctx;
    store_le64(flat->ram + 0x40000, UINT64_C(0x1111111122222222));
    ctx->gpr[GUEST_RAX] = 5;
    ctx->gpr[GUEST_RDX] = 6;
    ctx->gpr[GUEST_RBX] = 7;
    ctx->gpr[GUEST_RCX] = 8;
    callout_cmpxchg8b(ctx, 0x40000, 0, SEG_DS);
    ck_assert(!(context_flags(ctx) & FLAG_ZF));
    ck_assert_uint_eq(ctx->gpr[GUEST_RAX], 0x22222222);
    callout_cmpxchg8b(ctx, 0x40000, 0, SEG_DS);
    ck_assert(context_flags(ctx) & FLAG_ZF);
    ck_assert_uint_eq(load_le64(flat->ram + 0x40000), UINT64_C(0x800000007));
    flat_destroy(flat);
}
END_TEST

START_TEST(cpuid_shows_the_model)
{
    struct flat *flat = flat_protected("max");
    struct context *ctx = flat->ctx;
    ctx->gpr[GUEST_RAX] = 0;
    callout_cpuid(ctx, 0, 0, 0);
    ck_assert_uint_eq(ctx->gpr[GUEST_RBX], 0x756e6547);
    ctx->gpr[GUEST_RAX] = 1;
    callout_cpuid(ctx, 0, 0, 0);
    ck_assert_uint_eq(ctx->gpr[GUEST_RAX], 0xf29);
    ck_assert_uint_eq(ctx->gpr[GUEST_RDX], flat->cpu->model->features[WORD_1_EDX]);
    ctx->gpr[GUEST_RAX] = 0x80000001;
    callout_cpuid(ctx, 0, 0, 0);
    ck_assert_uint_eq(ctx->gpr[GUEST_RDX], FEATURE_EXT_NX);
    flat_destroy(flat);
    flat = flat_protected("386");
    callout_cpuid(flat->ctx, 0, 0, 0);
    flat_expect_fault(flat, VECTOR_UD, 0);
    flat_destroy(flat);
    ck_assert_ptr_null(x86_model_find("z80"));
}
END_TEST

START_TEST(msrs_check_index_and_value)
{
    struct flat *flat = flat_protected("max");
    struct context *ctx = flat->ctx;
    uint64_t value;
    ck_assert(msr_write(flat->cpu, 0x10, 5000));
    ck_assert(msr_read(flat->cpu, 0x10, &value));
    ck_assert_uint_eq(value, 5000);
    ck_assert(msr_write(flat->cpu, 0x26f, UINT64_C(0x0605040106050401)));
    ck_assert(msr_read(flat->cpu, 0x26f, &value));
    ck_assert_uint_eq(value, UINT64_C(0x0605040106050401));
    ck_assert(!msr_write(flat->cpu, 0x26f, 2));
    ctx->gpr[GUEST_RCX] = 0x12345;
    callout_rdmsr(ctx, 0, 0, 0);
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat_ring(flat, 3);
    flat->cpu->cr4 |= CR4_TSD;
    callout_rdtsc(ctx, 0, 0, 0);
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(bound_checks_signed)
{
    struct flat *flat = flat_protected("max");
    store_le32(flat->ram + 0x40000, (uint32_t)-5);
    store_le32(flat->ram + 0x40004, 10);
    callout_bound(flat->ctx, (uint32_t)-5, 0x40000, 4 | SEG_DS << 8);
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_NONE);
    callout_bound(flat->ctx, 11, 0x40000, 4 | SEG_DS << 8);
    flat_expect_fault(flat, VECTOR_BR, 0);
    flat_destroy(flat);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {daa_and_das_do_decimal_arithmetic,
                                  ascii_adjustments_carry_into_ah,
                                  division_faults_exactly_on_overflow,
                                  enter_copies_the_display,
                                  pusha_and_popa_skip_sp,
                                  cmpxchg8b_swaps_or_loads,
                                  cpuid_shows_the_model,
                                  msrs_check_index_and_value,
                                  bound_checks_signed,
                                  NULL};
    return flat_main("x86 arithmetic callouts", tests);
}
