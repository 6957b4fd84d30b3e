/* Flag liveness over hand-made records, and the verifier's rules. */
#include "translator/ir/ir.h"

#include <check.h>
#include <stdlib.h>

static struct ir_inst insts[16];
static struct ir_block block;

static void setup(void)
{
    block = (struct ir_block){.insts = insts};
}

static struct ir_inst *append(enum ir_op op, unsigned dst, unsigned a, unsigned b)
{
    struct ir_inst *inst = &insts[block.count++];
    *inst = (struct ir_inst){.op = (uint16_t)op,
                             .width = 4,
                             .dst = (uint8_t)dst,
                             .a = (uint8_t)a,
                             .b = (uint8_t)b,
                             .base = IR_NONE,
                             .index = IR_NONE,
                             .asize = 4,
                             .flags_written = ir_rows[op].writes};
    return inst;
}

static struct ir_inst *add(void)
{
    return append(IR_add, 0, 0, 1);
}

START_TEST(flags_at_the_block_end_are_live)
{
    const struct ir_inst *last = add();
    append(IR_jmp, IR_NONE, IR_NONE, IR_NONE);
    ir_flag_liveness(&block);
    ck_assert_uint_eq(last->flags_live, FLAGS_ARITH);
}
END_TEST

START_TEST(overwritten_flags_are_dead)
{
    const struct ir_inst *dead = add();
    add();
    append(IR_jmp, IR_NONE, IR_NONE, IR_NONE);
    ir_flag_liveness(&block);
    ck_assert_uint_eq(dead->flags_live, 0);
}
END_TEST

START_TEST(inc_leaves_the_carry_of_an_earlier_add_live)
{
    const struct ir_inst *partly = add();
    append(IR_inc, 0, 0, IR_NONE);
    append(IR_jmp, IR_NONE, IR_NONE, IR_NONE);
    ir_flag_liveness(&block);
    ck_assert_uint_eq(partly->flags_live, FLAG_CF);
}
END_TEST

START_TEST(a_flag_that_is_read_is_live)
{
    const struct ir_inst *read = add();
    append(IR_adc, 0, 0, 1)->flags_read = FLAG_CF;
    append(IR_jmp, IR_NONE, IR_NONE, IR_NONE);
    ir_flag_liveness(&block);
    ck_assert_uint_eq(read->flags_live, FLAG_CF);
}
END_TEST

START_TEST(a_memory_access_shows_all_flags_before_it_and_after_its_instruction)
{
    const struct ir_inst *before = add();
    const struct ir_inst *access = append(IR_add, 0, 0, IR_MEM);
    const struct ir_inst *after = add();
    append(IR_jmp, IR_NONE, IR_NONE, IR_NONE);
    ir_flag_liveness(&block);
    ck_assert_uint_eq(before->flags_live, FLAGS_ARITH);
    ck_assert_uint_eq(access->flags_live, access->flags_written);
    ck_assert_uint_eq(after->flags_live, FLAGS_ARITH);
}
END_TEST

START_TEST(an_address_computation_looks_at_no_flags)
{
    const struct ir_inst *before = add();
    append(IR_lea, 0, IR_NONE, IR_NONE);
    add();
    append(IR_jmp, IR_NONE, IR_NONE, IR_NONE);
    ir_flag_liveness(&block);
    ck_assert_uint_eq(before->flags_live, 0);
}
END_TEST

START_TEST(pushes_callouts_and_exits_look_at_all_flags)
{
    static const enum ir_op ops[] = {IR_push, IR_pop, IR_callout, IR_brcc, IR_brz, IR_x87, IR_vec};
    for (unsigned i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        setup();
        const struct ir_inst *before = add();
        append(ops[i], IR_T0, 0, IR_NONE);
        add();
        append(IR_jmp, IR_NONE, IR_NONE, IR_NONE);
        ir_flag_liveness(&block);
        ck_assert_msg(before->flags_live == FLAGS_ARITH, "%s", ir_rows[ops[i]].name);
    }
}
END_TEST

START_TEST(a_shift_by_cl_does_not_kill_flags_but_one_by_a_constant_does)
{
    const struct ir_inst *kept = add();
    append(IR_shl, 0, 0, GUEST_RCX);
    append(IR_jmp, IR_NONE, IR_NONE, IR_NONE);
    ir_flag_liveness(&block);
    ck_assert_uint_eq(kept->flags_live, FLAGS_ARITH);
    setup();
    const struct ir_inst *killed = add();
    append(IR_shl, 0, 0, IR_IMM)->imm = 3;
    append(IR_jmp, IR_NONE, IR_NONE, IR_NONE);
    ir_flag_liveness(&block);
    ck_assert_uint_eq(killed->flags_live, 0);
}
END_TEST

/* ---- verifier -------------------------------------------------------------------------------- */

static const char *verify(void)
{
    uint32_t at;
    block.insn_count = 1;
    return ir_verify(&block, &at);
}

static void begin(void)
{
    setup();
    append(IR_insn, IR_NONE, IR_NONE, 0);
}

static void end(void)
{
    append(IR_jmp, IR_NONE, IR_NONE, IR_NONE);
}

START_TEST(a_sound_block_verifies)
{
    begin();
    add();
    end();
    ck_assert_ptr_null(verify());
}
END_TEST

START_TEST(broken_blocks_are_named)
{
    begin();
    add();
    ck_assert_str_eq(verify(), "block does not end by leaving");
    begin();
    end();
    end();
    ck_assert_str_eq(verify(), "record after one that always leaves");
    begin();
    append(IR_mov, 0, IR_T1, IR_NONE);
    end();
    ck_assert_str_eq(verify(), "temporary read before it is written");
    begin();
    append(IR_mov, IR_IMM, 0, IR_NONE);
    end();
    ck_assert_str_eq(verify(), "an immediate is the destination");
    begin();
    append(IR_add, 0, IR_MEM, IR_MEM);
    end();
    ck_assert_str_eq(verify(), "two memory operands");
    begin();
    append(IR_mov, 0, IR_MEM, IR_NONE)->asize = 3;
    end();
    ck_assert_str_eq(verify(), "address size");
    begin();
    append(IR_mov, 0, 1, IR_NONE)->flags_written = FLAG_CF;
    end();
    ck_assert_str_eq(verify(), "writes flags that the operation does not write");
    begin();
    append(IR_mov, IR_AH, 1, IR_NONE);
    end();
    ck_assert_str_eq(verify(), "operand does not exist or does not suit the width");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("liveness");
    TCase *tests = tcase_create("liveness");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, flags_at_the_block_end_are_live);
    tcase_add_test(tests, overwritten_flags_are_dead);
    tcase_add_test(tests, inc_leaves_the_carry_of_an_earlier_add_live);
    tcase_add_test(tests, a_flag_that_is_read_is_live);
    tcase_add_test(tests, a_memory_access_shows_all_flags_before_it_and_after_its_instruction);
    tcase_add_test(tests, an_address_computation_looks_at_no_flags);
    tcase_add_test(tests, pushes_callouts_and_exits_look_at_all_flags);
    tcase_add_test(tests, a_shift_by_cl_does_not_kill_flags_but_one_by_a_constant_does);
    tcase_add_test(tests, a_sound_block_verifies);
    tcase_add_test(tests, broken_blocks_are_named);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
