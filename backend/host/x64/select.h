/*
 * IR to x86-64, one record at a time: what the select_*.c files share.
 *
 * Every operation is a *body* that is given its memory operand: [r8 + r9] on the fast path, and
 * ctx->slow_value when the same body is emitted again for the slow path.  Bodies leave r8 and r9
 * alone, may use r12, and change host flags only when the operation changes guest flags.
 */
#ifndef BACKEND_HOST_X64_SELECT_H
#define BACKEND_HOST_X64_SELECT_H

#include "backend/host/x64/engine.h"

/* select.c */
/* The access of an operation on integers, push and pop included; false: it has none. */
bool x64_integer_access(const struct emit *e, const struct ir_inst *inst,
                        struct memory_access *access);
bool x64_select_block(struct emit *e);
/* Nothing is known of the guest's state but what the record holds. */
void x64_begin_state(struct emit *e);
/* sub [budget], the block's instructions: the displacement of the jump taken when it goes negative.
 */
uint32_t x64_emit_prologue(struct emit *e);
void x64_emit_poll(struct emit *e);
/* Emits record e->at. */
void x64_select_record(struct emit *e);

/* flags.c */
struct flag_use x64_flag_use(const struct ir_inst *inst);
void x64_flag_liveness(struct emit *e);
/* Flags are about to be looked at in the record, or host flags to be destroyed. */
void x64_flags_to_record(struct emit *e);
/* Makes host flags equal to the guest's. */
void x64_flags_to_host(struct emit *e);
/* Code of the two moves, without bookkeeping; both keep host flags or set them, use r12. */
void x64_save_flags(struct code_buffer *out);
void x64_load_flags(struct code_buffer *out);
/* Before and after an operation with that use of flags. */
void x64_flags_prepare(struct emit *e, const struct flag_use *use);
void x64_flags_done(struct emit *e, const struct ir_inst *inst, const struct flag_use *use);
/* Before a table look-up: flags are saved, unless the slow path can make them again. */
void x64_flags_before_access(struct emit *e);
/* True when the use wants correct host flags before the operation (looks at liveness). */
bool x64_flags_wanted(const struct emit *e, const struct flag_use *use);

/* flags_repair.c: emits the body, and what makes its undefined flags ours on a host that has
 * others. */
void x64_run_body(struct emit *e, const struct ir_inst *inst, emit_body *body, struct x64_rm mem);

/* replay.c */
bool x64_can_replay(const struct ir_inst *inst);
bool x64_flags_only_for_faults(const struct emit *e);
/* The same at the head of a chain that is entered with that producer's flags in no place. */
bool x64_flags_may_stay_lost(const struct ir_block *ir, const struct ir_inst *producer);
/* With a producer: forgets it when this record changed what a replay would read. */
void x64_replay_after(struct emit *e, const struct ir_inst *inst);
void x64_emit_replay(struct emit *e, const struct ir_inst *inst);
/* Guest registers that a record may change, as a set. */
uint32_t x64_changed_registers(const struct ir_inst *inst);

/* operand.c */
enum { OPERAND_REGISTERS = IR_T1 + 1 };
extern const struct x64_rm operand_registers[OPERAND_REGISTERS];
struct x64_rm operand_elsewhere(unsigned operand, struct x64_rm mem);

static inline bool operand_is_temp(unsigned operand)
{
    return operand - IR_T0 < 16;
}

/* Where an operand stands; mem: where the record's memory operand does. */
static inline struct x64_rm operand_rm(unsigned operand, struct x64_rm mem)
{
    if (operand < OPERAND_REGISTERS && operand_registers[operand].count != 0) {
        return operand_registers[operand];
    }
    return operand_elsewhere(operand, mem);
}
/* Value of width bytes into a whole host register, zero-extended; immediates from the record. */
void operand_load(struct emit *e, const struct ir_inst *inst, unsigned operand, unsigned width,
                  unsigned reg, struct x64_rm mem);
/* Low width bytes of a host register to the operand; temporaries are zero-extended. */
void operand_store(struct emit *e, unsigned operand, unsigned width, unsigned reg,
                   struct x64_rm mem);
/* Zero-extends a temporary that was just written with width bytes. */
void operand_settle(struct emit *e, unsigned operand, unsigned width);

/* A register that holds a value: its own, or t1 exchanged with the temporary in the record until
 * it is given back.  No flags.  Other operands must not be t1 meanwhile. */
unsigned operand_borrow(struct emit *e, struct x64_rm where);
void operand_give_back(struct emit *e, struct x64_rm where);

/* memory.c */
void x64_effective_address(struct emit *e, const struct memory_access *access);
void x64_with_memory(struct emit *e, const struct ir_inst *inst, const struct memory_access *access,
                     emit_body *body, emit_body *post, const struct flag_use *use);
/* The record of the last access is not complete with it. */
void x64_access_goes_on(struct emit *e);
void x64_emit_slow_sites(struct emit *e);
uint64_t x64_pack(const struct emit *e, const struct memory_access *access);
struct x64_rm x64_fast_operand(void);
struct x64_rm x64_slow_operand(void);

/* page_slot.c */
/* wraps: the access may leave the 64 KiB of its segment. */
bool x64_slot_fits(const struct emit *e, const struct slow_site *site, bool wraps);
void x64_slot_lookup(struct emit *e, struct slow_site *site);
void x64_slot_miss(struct emit *e, struct slow_site *site);
void x64_slots_begin_region(struct engine *engine);
void x64_slots_begin_chain(struct engine *engine);
void x64_slots_after(struct emit *e, const struct ir_inst *inst);
/* r9 -= the slot's page, compared with that distance: above means elsewhere. */
void x64_slot_compare(struct code_buffer *out, uint32_t slot, uint32_t limit);
struct x64_rm x64_slot_delta(uint32_t slot);
/* Fills the slot with the page of r8 and jumps: the displacement; where there is no page to store
 * to, goes on behind.  When that happens often, a jump from `head` to `plain` is patched in. */
uint32_t x64_slot_fill(struct emit *e, uint32_t slot, uint32_t head, uint32_t plain);

/* stack_group.c */
/* Looks for a group in the chain; true: there is one. */
bool x64_group_find(struct emit *e);
/* Its check, behind the chain's prologue, and what that does when it fails: the displacement of the
 * jump to the same place in the version without a group. */
void x64_group_head(struct emit *e);
uint32_t x64_group_misses(struct emit *e);
void x64_group_after(struct emit *e, const struct ir_inst *inst);
/* True when the access needs no look-up: *mem is where it goes. */
bool x64_group_covers(struct emit *e, const struct ir_inst *inst,
                      const struct memory_access *access, struct x64_rm *mem);

/* select_x87.c */
struct flag_use x64_x87_flag_use(const struct ir_inst *inst);
void x64_fpu_make_resident(struct emit *e);
/* The same for XMM registers and MXCSR. */
void x64_vec_make_resident(struct emit *e);

/* select_sensitive.c: emits the instruction without its callout; false: not this one. */
bool x64_without_callout(struct emit *e, const struct ir_inst *inst);

/* select_segment.c: the same for loads of segments and changes of the ring. */
bool x64_segment_without_callout(struct emit *e, const struct ir_inst *inst);
void x64_emit_segment_stubs(struct code_buffer *out, struct x64_stubs *stubs);

/* stubs_string.c */
void x64_emit_string_stubs(struct code_buffer *out, struct x64_stubs *stubs);
/* Before a string callout: code that does without when it can; the displacement of the jump past
 * the callout, or 0. */
uint32_t x64_short_repeat(struct emit *e, enum callout_id id, uint64_t imm);
/* Last-instruction members of the record made current. */
void x64_fpu_flush(struct emit *e);
void x64_fpu_flush_last(struct emit *e, const struct fpu_last *last);

/* branch.c */
/* add qword [budget], count */
void x64_emit_refund(struct emit *e, uint32_t count);
/* A direct exit whose branch has its displacement at `field`: it leaves, until it is linked. False:
 * the block has too many of them. */
bool x64_emit_chained(struct emit *e, uint32_t field, uint32_t target);
/* Through the branch hash to EIP r8, or leaves. */
void x64_emit_hash(struct emit *e);
/* The same in a code segment that begins at 0, or not. */
void x64_emit_hash_in(struct emit *e, bool flat);
void x64_emit_exit_sites(struct emit *e);
/* r8 = what the code table says of the page of that EIP; host flags are destroyed. */
void x64_code_entry(struct emit *e, uint32_t target);
void x64_emit_callout_data(struct emit *e);
/* Calls callout id with a in r8 and b in r9; the result is in r12. */
void x64_call_callout(struct emit *e, enum callout_id id, uint64_t imm);

/* x64.c: makes room for a unit and begins it. */
void x64_begin_unit(struct engine *engine, struct block *block);

typedef void emit_record(struct emit *e, const struct ir_inst *inst);
/* select_stack.c */
/* Moves ESP after a push; the operand does not matter. */
void x64_post_push(struct emit *e, const struct ir_inst *inst, struct x64_rm mem);
struct memory_access x64_stack_access(const struct emit *e, const struct ir_inst *inst,
                                      enum access_kind kind);

/* region.c */
emit_record x64_region_branch, x64_region_jmp, select_guard;
bool x64_emit_region(struct engine *engine, const struct ir_region *region,
                     struct block *const *entries);
/* The region of a site is left, or another chain of it entered. */
void x64_region_exit(struct emit *e, const struct exit_site *site);
emit_record select_insn, select_branch, select_jmp, select_jmp_ind, select_callout;
emit_record select_push, select_pop, select_advance, select_get, select_put;
emit_record select_x87, select_vec, select_carry, select_cdq, select_lea, select_bit_ea;

emit_body body_mov, body_extend, body_alu, body_incdec, body_not_neg, body_bswap;
emit_body body_shift, body_double_shift, body_imul, body_mul1, body_bit, body_scan;
emit_body body_setcc, body_cmov, body_xchg, body_xadd, body_cmpxchg;
emit_body body_lahf, body_sahf, body_salc;

#endif
