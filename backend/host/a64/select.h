/*
 * IR to AArch64, one record at a time: what the select_*.c files share.
 *
 * A record with a memory operand looks the page up first; then it runs on [x8 + x9].  Whatever the
 * fast path cannot do, and whole records that have no code here, go to C: a64_record() evaluates
 * the record as the portable engine would, from the complete record.
 */
#ifndef BACKEND_HOST_A64_SELECT_H
#define BACKEND_HOST_A64_SELECT_H

#include "backend/host/a64/engine.h"

bool a64_select_block(struct emit *e);

/* flags.c */
void a64_flag_liveness(struct emit *e);
/* Flags of the current record that it changes and somebody looks at. */
unsigned a64_flags_wanted(const struct emit *e);
/* Flags that stay, and matter after the record. */
unsigned a64_flags_kept(const struct emit *e);
void a64_flags_to_record(struct emit *e);
/* Makes the host hold them; sense as it comes, inverted, direct. */
void a64_flags_host(struct emit *e);
void a64_flags_inverted(struct emit *e);
void a64_flags_direct(struct emit *e);
/* The operation left all of them in the host. */
void a64_flags_made(struct emit *e, bool direct);
/* Clears the host's N. */
void a64_clear_n(struct emit *e);
/* Around an operation that changes some flags and keeps others. */
void a64_flags_begin_partial(struct emit *e);
void a64_flags_end_partial(struct emit *e);
/* One flag from a bit of a register: FLAG_CF (direct sense), FLAG_OF or FLAG_ZF.  Uses x12, x11. */
void a64_flag_from_bit(struct emit *e, unsigned flag, unsigned reg, unsigned bit);
enum flag_place a64_flags_place(const struct emit *e);

/* operand.c */
/* A register that holds the operand: garbage above its width; scratch where it has none. */
unsigned operand_use(struct emit *e, const struct ir_inst *inst, unsigned operand, unsigned width,
                     unsigned scratch);
/* The same, zero-extended. */
unsigned operand_zero(struct emit *e, const struct ir_inst *inst, unsigned operand, unsigned width,
                      unsigned scratch);
/* Where a result is best computed: the operand's own register, or scratch. */
unsigned operand_target(unsigned operand, unsigned width, unsigned scratch);
/* Low width bytes of reg to the operand; memory: to [x8 + x9]. */
void operand_store(struct emit *e, unsigned operand, unsigned width, unsigned reg);

static inline bool operand_is_temp(unsigned operand)
{
    return operand - IR_T0 < 16;
}

/* select_move.c: host condition of an x86 one; not for parity. */
enum a64_cond a64_condition(struct emit *e, unsigned cc);
/* Bit 0 of reg: PF is clear. */
void a64_parity(struct emit *e, unsigned reg);

typedef void emit_record(struct emit *e, const struct ir_inst *inst);

/* memory.c */
/* x8 = effective address, cut to its size.  No flags. */
void a64_effective_address(struct emit *e, const struct memory_access *access);
/* Look-up, then body on [x8 + x9]; the slow path evaluates the whole record. */
void a64_with_memory(struct emit *e, const struct ir_inst *inst, const struct memory_access *access,
                     emit_record *body);
/* Body, and its way to C (a64_to_record). */
void a64_with_record(struct emit *e, const struct ir_inst *inst, emit_record *body);
/* That branch leads to C, which evaluates the record under way; nothing may have changed yet. */
void a64_to_record(struct emit *e, uint32_t branch);
/* C evaluates the current record, here. */
void a64_call_record(struct emit *e);
void a64_emit_slow_sites(struct emit *e);
void a64_emit_record_data(struct emit *e);
/* reg = datum of width bytes at [x8 + x9], zero-extended, and back. */
void a64_load_datum(struct emit *e, unsigned reg, unsigned width);
void a64_store_datum(struct emit *e, unsigned reg, unsigned width);

/* branch.c */
void a64_emit_exit_sites(struct emit *e);
/* x10 = what the code table says of the page of that EIP; uses x10. */
void a64_code_entry(struct emit *e, uint32_t target);

emit_record select_branch, select_jmp, select_jmp_ind, select_callout;
emit_record select_push, select_pop, select_advance, select_get, select_put;
emit_record select_cdq, select_lea, select_bit_ea, select_carry, select_lahf;
emit_record body_pop, body_mov, body_extend, body_alu, body_incdec, body_neg, body_not, body_bswap;
emit_record body_shift, body_double_shift, body_imul, body_mul1, body_bit, body_scan;
emit_record body_setcc, body_cmov, body_xchg, body_xadd, body_cmpxchg;
/* select_x87.c */
emit_record select_x87, body_x87;
/* All arithmetic flags are its result. */
bool a64_x87_makes_flags(const struct ir_inst *inst);
bool a64_x87_has_code(const struct emit *e, const struct ir_inst *inst);
/* select_vec.c */
emit_record select_vec, body_vec;
bool a64_vec_has_code(const struct emit *e, const struct ir_inst *inst);
/* The x87 state may be any again. */
void a64_mmx_forget(struct emit *e);
/* True when there is code for that record; false: C evaluates it. */
bool a64_has_code(const struct emit *e, const struct ir_inst *inst);

#endif
