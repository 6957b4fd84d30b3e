/* The page walk: rights, accessed and dirty bits, large pages, PAE, execute-disable, A20. */
#include "tests/support/flat_memory.h"

enum { P = 1, W = 2, U = 4, A = 0x20, D = 0x40, PS = 0x80 };

static struct flat *paged(uint32_t pde, uint32_t pte)
{
    struct flat *flat = flat_protected("max");
    store_le32(flat->ram + FLAT_PAGES, (FLAT_PAGES + 0x1000) | pde);
    store_le32(flat->ram + FLAT_PAGES + 0x1000 + 0x20 * 4, 0x55000 | pte);
    flat->cpu->cr3 = FLAT_PAGES;
    flat->cpu->cr0 |= CR0_PG;
    flat_begin(flat);
    return flat;
}

static uint32_t pte_of(const struct flat *flat)
{
    return flat_word(flat, FLAT_PAGES + 0x1000 + 0x20 * 4);
}

static void expect(struct flat *flat, enum access access, bool user, int error)
{
    struct page_walk walk;
    flat_begin(flat);
    bool ok = x86_walk(flat->ctx, 0x20123, access, user, &walk);
    ck_assert_int_eq(ok, error < 0);
    if (ok) {
        ck_assert_uint_eq(walk.gpa, 0x55000);
    } else {
        flat_expect_fault(flat, VECTOR_PF, (uint32_t)error);
        ck_assert_uint_eq(flat->cpu->cr2, 0x20123);
    }
}

START_TEST(rights_are_those_of_both_levels)
{
    struct flat *flat = paged(P | W | U, P);
    expect(flat, ACCESS_READ, false, -1);
    expect(flat, ACCESS_READ, true, 5);
    expect(flat, ACCESS_WRITE, true, 7);
    expect(flat, ACCESS_WRITE, false, -1);
    flat->cpu->cr0 |= CR0_WP;
    expect(flat, ACCESS_WRITE, false, 3);
    flat_destroy(flat);
    flat = paged(P | U, P | W | U);
    expect(flat, ACCESS_WRITE, true, 7);
    flat_destroy(flat);
    flat = paged(P | W | U, 0);
    expect(flat, ACCESS_WRITE, true, 6);
    expect(flat, ACCESS_READ, false, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(accessed_and_dirty_bits_follow_the_access)
{
    struct flat *flat = paged(P | W | U, P | W | U);
    struct page_walk walk;
    ck_assert(x86_walk(flat->ctx, 0x20000, ACCESS_READ, true, &walk));
    ck_assert_uint_eq(pte_of(flat) & (A | D), A);
    ck_assert(!walk.writable);
    ck_assert_uint_eq(flat_word(flat, FLAT_PAGES) & (A | D), A);
    ck_assert(x86_walk(flat->ctx, 0x20000, ACCESS_WRITE, true, &walk));
    ck_assert_uint_eq(pte_of(flat) & (A | D), A | D);
    ck_assert(walk.writable);
    flat_destroy(flat);
    flat = paged(P | W | U, P);
    expect(flat, ACCESS_READ, true, 5);
    ck_assert_uint_eq(pte_of(flat) & A, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(four_megabyte_pages_need_pse)
{
    struct flat *flat = flat_protected("max");
    struct page_walk walk;
    store_le32(flat->ram + FLAT_PAGES + 4, 0x00c00000 | P | W | PS);
    flat->cpu->cr3 = FLAT_PAGES;
    flat->cpu->cr0 |= CR0_PG;
    ck_assert(control_write_cr4(flat->ctx, CR4_PSE));
    ck_assert(x86_walk(flat->ctx, 0x412345, ACCESS_WRITE, false, &walk));
    ck_assert_uint_eq(walk.gpa, 0xc12000);
    ck_assert_uint_eq(flat_word(flat, FLAT_PAGES + 4) & (A | D), A | D);
    store_le32(flat->ram + FLAT_PAGES + 4, 0x00c20000 | P | W | PS);
    ck_assert(!x86_walk(flat->ctx, 0x412345, ACCESS_WRITE, false, &walk));
    flat_expect_fault(flat, VECTOR_PF, 0xb);
    flat_destroy(flat);
}
END_TEST

START_TEST(pae_walks_three_levels_with_execute_disable)
{
    struct flat *flat = flat_protected("max");
    struct page_walk walk;
    store_le64(flat->ram + FLAT_PAGES, (FLAT_PAGES + 0x1000) | P);
    store_le64(flat->ram + FLAT_PAGES + 0x1000, (FLAT_PAGES + 0x2000) | P | W | U);
    store_le64(flat->ram + FLAT_PAGES + 0x2000 + 0x20 * 8,
               UINT64_C(0x8000000355000000) | P | W | U);
    flat->cpu->cr3 = FLAT_PAGES;
    ck_assert(control_write_cr4(flat->ctx, CR4_PAE));
    ck_assert(control_write_cr0(flat->ctx, flat->cpu->cr0 | CR0_PG));
    ck_assert(!x86_walk(flat->ctx, 0x20000, ACCESS_READ, false, &walk));
    flat_expect_fault(flat, VECTOR_PF, 9); /* bit 63 is reserved without NXE */
    ck_assert(msr_write(flat->cpu, 0xc0000080, EFER_NXE));
    ck_assert(x86_walk(flat->ctx, 0x20000, ACCESS_READ, false, &walk));
    ck_assert_uint_eq(walk.gpa, UINT64_C(0x355000000));
    ck_assert(!walk.executable);
    ck_assert(!x86_walk(flat->ctx, 0x20000, ACCESS_EXECUTE, true, &walk));
    flat_expect_fault(flat, VECTOR_PF, 0x15);
    flat_destroy(flat);
}
END_TEST

START_TEST(reserved_bits_in_pae_pointers_stop_the_load)
{
    struct flat *flat = flat_protected("max");
    store_le64(flat->ram + FLAT_PAGES, 0x5000 | P | W);
    flat->cpu->cr3 = FLAT_PAGES;
    ck_assert(control_write_cr4(flat->ctx, CR4_PAE));
    callout_cr_write(flat->ctx, flat->cpu->cr0 | CR0_PG, 0, 0);
    flat_expect_fault(flat, VECTOR_GP, 0);
    ck_assert(!(flat->cpu->cr0 & CR0_PG));
    flat_destroy(flat);
}
END_TEST

START_TEST(a20_masks_physical_addresses)
{
    struct flat *flat = flat_real("386");
    struct page_walk walk;
    x86_set_a20(flat->cpu, false);
    ck_assert(x86_walk(flat->ctx, 0x1ffff0, ACCESS_READ, false, &walk));
    ck_assert_uint_eq(walk.gpa, 0x0ff000);
    x86_set_a20(flat->cpu, true);
    ck_assert(x86_walk(flat->ctx, 0x1ffff0, ACCESS_READ, false, &walk));
    ck_assert_uint_eq(walk.gpa, 0x1ff000);
    flat_destroy(flat);
}
END_TEST

START_TEST(control_registers_refuse_impossible_values)
{
    struct flat *flat = flat_protected("pentium");
    callout_cr_write(flat->ctx, 1u << 31, 0, 0); /* PG without PE */
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat_begin(flat);
    callout_cr_write(flat->ctx, CR4_PAE, 0, 4); /* not on a Pentium */
    flat_expect_fault(flat, VECTOR_GP, 0);
    flat_begin(flat);
    callout_cr_write(flat->ctx, 0, 0, 1);
    flat_expect_fault(flat, VECTOR_UD, 0);
    flat_begin(flat);
    callout_cr_write(flat->ctx, CR0_PE | CR0_TS, 0, 0);
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_LOOKUP);
    ck_assert(x86_mode(flat->ctx) & MODE_NO_FPU);
    ck_assert(!(x86_mode(flat->ctx) & MODE_EM));
    callout_cr_write(flat->ctx, CR0_PE | CR0_EM, 0, 0);
    ck_assert(x86_mode(flat->ctx) & MODE_EM);
    flat_destroy(flat);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {rights_are_those_of_both_levels,
                                  accessed_and_dirty_bits_follow_the_access,
                                  four_megabyte_pages_need_pse,
                                  pae_walks_three_levels_with_execute_disable,
                                  reserved_bits_in_pae_pointers_stop_the_load,
                                  a20_masks_physical_addresses,
                                  control_registers_refuse_impossible_values,
                                  NULL};
    return flat_main("x86 paging", tests);
}
