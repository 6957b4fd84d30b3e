/*
 * The block under construction and what the lift functions share.
 *
 * One lift function serves a mnemonic or a family of them; rows.def says which.  A function appends
 * records so that whatever may fault comes before any change of registers or flags.
 */
#ifndef FRONTEND_X86_LIFT_BUILD_H
#define FRONTEND_X86_LIFT_BUILD_H

#include "frontend/x86/decode/insn.h"
#include "translator/api/mode.h"
#include "translator/ir/ir.h"

struct lift {
    struct ir_block *block;
    const uint8_t *bytes; /* of the instruction */
    uint64_t rip;         /* EIP of the instruction */
    uint64_t next;        /* EIP after it */
    uint32_t mode;
    uint64_t absent; /* instruction sets the CPU lacks: bits by enum x86_feature */
    bool ended;      /* the block ends with this instruction; it has left the block on every path */
};

enum { VECTOR_UD = 6, VECTOR_NM = 7, VECTOR_GP = 13 };

/* Appends one record with the flags the operation writes by default and no address. */
struct ir_inst *lift_op(struct lift *l, enum ir_op op, unsigned width, unsigned dst, unsigned a,
                        unsigned b);

/* IR code of an x86 operand; an address or immediate goes into *inst.  asize: address size. */
uint8_t lift_operand(struct ir_inst *inst, const struct x86_operand *op, unsigned asize);
void lift_address(struct ir_inst *inst, const struct x86_operand *op, unsigned asize);
void lift_condition(struct ir_inst *inst, unsigned cc);

/* temp = operand, cut to width and zero-extended. */
void lift_value(struct lift *l, const struct x86_insn *insn, unsigned temp,
                const struct x86_operand *op, unsigned width);
/* operand = temp of width. */
void lift_store(struct lift *l, const struct x86_insn *insn, const struct x86_operand *op,
                unsigned temp, unsigned width);
/* temp = effective address of a memory operand. */
void lift_ea(struct lift *l, const struct x86_insn *insn, unsigned temp,
             const struct x86_operand *op);
/* The segment of an implied memory operand: DS or the last override before the opcode. */
unsigned lift_implied_segment(const struct lift *l, const struct x86_insn *insn);
/* temp = constant. */
void lift_constant(struct lift *l, unsigned temp, uint64_t value);

/* dst = callout(a, b, imm); IR_NONE where there is none. */
struct ir_inst *lift_callout(struct lift *l, enum callout_id id, unsigned dst, unsigned a,
                             unsigned b, uint64_t imm);
/* The same with a constant b (cut to 32 bits, sign-extended). */
void lift_callout_const(struct lift *l, enum callout_id id, unsigned dst, unsigned a, int32_t b,
                        uint64_t imm);

/* Ends the block: with a fault, or at the next instruction. */
void lift_raise(struct lift *l, unsigned vector);
void lift_end(struct lift *l);
/* EIP of the next instruction; code offsets wrap at 64 KiB up to the 80186. */
uint64_t lift_next(const struct lift *l);
/* Leaves to EIP, ending the block. */
void lift_jump(struct lift *l, uint64_t target);

/* True when the CPU model has the instruction set (enum x86_feature). */
static inline bool lift_has(const struct lift *l, unsigned feature)
{
    return !(l->absent >> feature & 1);
}

/* An 80286: it has faults, but some come after registers have moved. */
static inline bool lift_is_286(const struct lift *l)
{
    return !lift_has(l, X86_FEATURE_386) && lift_has(l, X86_FEATURE_286);
}

/* Bytes of the stack pointer (2 or 4). */
static inline unsigned lift_stack_size(const struct lift *l)
{
    return l->mode & MODE_STACK32 ? 4 : 2;
}

typedef void lift_function(struct lift *l, const struct x86_insn *insn, unsigned arg);

/* clang-format off */
lift_function lift_undefined, lift_nothing;
lift_function lift_binary, lift_compare, lift_unary, lift_flag;                     /* alu.c */
lift_function lift_shift, lift_double_shift;                                        /* shift.c */
lift_function lift_setmo;
lift_function lift_multiply, lift_imul, lift_divide, lift_adjust, lift_adjust_base; /* muldiv.c */
lift_function lift_mov, lift_extend, lift_lea, lift_xchg, lift_cmpxchg, lift_xadd;  /* move.c */
lift_function lift_setcc, lift_cmov, lift_cbw, lift_cwd, lift_bswap, lift_xlat, lift_direction;
lift_function lift_cmpxchg8b;
lift_function lift_push, lift_pop, lift_pusha, lift_enter, lift_leave;              /* stack.c */
lift_function lift_jmp, lift_jcc, lift_loop, lift_loopcc, lift_jcxz, lift_call, lift_ret;
lift_function lift_movs, lift_stos, lift_lods, lift_scas, lift_cmps, lift_string_io;
lift_function lift_bit_test, lift_bit_scan;                                         /* bit.c */
lift_function lift_in, lift_out;                                                    /* io.c */
lift_function lift_system, lift_system_value, lift_table, lift_invlpg, lift_level;  /* system.c */
lift_function lift_clflush, lift_rdrand, lift_monitor;
lift_function lift_pushf, lift_far_jump, lift_far_ret, lift_int, lift_far_load;     /* sensitive.c */
lift_function lift_store_selector, lift_access, lift_verify, lift_arpl, lift_bound;
lift_function lift_esc;
lift_function lift_x87, lift_x87_state, lift_fwait, lift_fx_state, lift_xsave;      /* x87.c */
lift_function lift_fpu_interrupts;
lift_function lift_vector, lift_emms, lift_ldmxcsr, lift_stmxcsr, lift_maskmov, lift_movnti;
lift_function lift_crc32, lift_popcnt, lift_movbe;
/* clang-format on */

/* MOV and PUSH/POP of segment, control and debug registers (sensitive.c, system.c). */
void lift_mov_from_segment(struct lift *l, const struct x86_insn *insn);
void lift_mov_to_segment(struct lift *l, const struct x86_insn *insn);
void lift_mov_control(struct lift *l, const struct x86_insn *insn);
void lift_mov_test(struct lift *l, const struct x86_insn *insn);
void lift_push_segment(struct lift *l, const struct x86_insn *insn);
/* A push of 32 bits that stores the lower half of the operand. */
void lift_push_word_as_dword(struct lift *l, unsigned operand);
void lift_pop_segment(struct lift *l, const struct x86_insn *insn);

/* Raises #GP(0) and returns true where the level in the mode key forbids privileged instructions.
 */
bool lift_privileged(struct lift *l);

#endif
