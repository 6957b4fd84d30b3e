/*
 * IR to text, one record a line, as in the examples of ir.h:
 *
 *     add.4 rax = rax, ds:[rbx+4]            flags: O:all written are live; lower case: dead
 */
#include "translator/ir/ir.h"

#include <inttypes.h>

static const char *const segment_names[SEG_COUNT] = {"es", "cs", "ss", "ds", "fs", "gs"};
static const char *const condition_names[16] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                                "s", "ns", "p", "np", "l", "ge", "le", "g"};
static const char *const gpr_names[GUEST_GPRS] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                                  "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                                  "r12", "r13", "r14", "r15"};
static const char *const high_names[4] = {"ah", "ch", "dh", "bh"};

static void print_register(unsigned code, FILE *out)
{
    if (code < GUEST_GPRS) {
        fputs(gpr_names[code], out);
    } else if (code >= IR_AH && code <= IR_BH) {
        fputs(high_names[code - IR_AH], out);
    } else if (code >= IR_T0 && code < IR_T0 + 16) {
        fprintf(out, "t%u", code - IR_T0);
    } else if (code >= IR_XMM0 && code < IR_XMM0 + 16) {
        fprintf(out, "xmm%u", code - IR_XMM0);
    } else if (code >= IR_MM0 && code < IR_MM0 + 8) {
        fprintf(out, "mm%u", code - IR_MM0);
    } else {
        fprintf(out, "?%u", code);
    }
}

static void print_address(const struct ir_inst *inst, FILE *out)
{
    const char *plus = "";
    fprintf(out, "%s:[", inst->seg < SEG_COUNT ? segment_names[inst->seg] : "?");
    if (inst->base != IR_NONE) {
        print_register(inst->base, out);
        plus = "+";
    }
    if (inst->index != IR_NONE) {
        fputs(plus, out);
        print_register(inst->index, out);
        fprintf(out, "<<%u", inst->scale);
        plus = "+";
    }
    if (*plus == '\0') {
        fprintf(out, "%" PRIx32, (uint32_t)inst->disp);
    } else if (inst->disp != 0) {
        fprintf(out, "%c%" PRIx64, inst->disp < 0 ? '-' : '+',
                (uint64_t)(inst->disp < 0 ? -(int64_t)inst->disp : inst->disp));
    }
    fprintf(out, "].%u", inst->asize);
}

static void print_operand(const struct ir_inst *inst, unsigned code, FILE *out)
{
    if (code == IR_IMM) {
        uint64_t mask = inst->width >= 8 ? UINT64_MAX : (1ULL << (8 * inst->width)) - 1;
        fprintf(out, "%" PRIx64, inst->imm & mask);
    } else if (code == IR_IMM32) {
        fprintf(out, "%" PRIx32, (uint32_t)inst->disp);
    } else if (code == IR_MEM) {
        print_address(inst, out);
    } else {
        print_register(code, out);
    }
}

static void print_flag_set(const char *title, uint16_t set, FILE *out)
{
    static const struct {
        uint16_t bit;
        char letter;
    } letters[] = {{FLAG_OF, 'O'}, {FLAG_SF, 'S'}, {FLAG_ZF, 'Z'},
                   {FLAG_AF, 'A'}, {FLAG_PF, 'P'}, {FLAG_CF, 'C'}};
    if (set == 0) {
        return;
    }
    fprintf(out, " %s:", title);
    for (unsigned i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        if (set & letters[i].bit) {
            fputc(letters[i].letter, out);
        }
    }
}

/* What the operation's immediate or cc means beside the operands. */
static void print_extra(const struct ir_inst *inst, FILE *out)
{
    switch ((unsigned)inst->op) {
    case IR_brcc:
    case IR_brz:
    case IR_brnz:
    case IR_jmp:
        fprintf(out, " -> %" PRIx64, inst->imm);
        break;
    case IR_callout:
        fprintf(out, " #%" PRIx64, inst->imm);
        break;
    case IR_get:
    case IR_put:
        fprintf(out, " @%" PRIu64, inst->imm);
        break;
    case IR_advance:
        fprintf(out, " by %" PRIu64, inst->imm);
        break;
    case IR_x87:
        fprintf(out, " st%u", inst->aux);
        break;
    case IR_vec:
        fprintf(out, " #%" PRIx64, inst->imm >> 16 & 255);
        break;
    case IR_shld:
    case IR_shrd:
        inst->aux ? fputs(", cl", out) : fprintf(out, ", %" PRIu64, inst->imm);
        break;
    default:
        break;
    }
}

static void print_name(const struct ir_inst *inst, FILE *out)
{
    const char *name = ir_rows[inst->op].name;
    if (inst->op == IR_callout) {
        fprintf(out, "callout.%s", callout_rows[ir_callout_id(inst)].name);
    } else if (inst->op == IR_x87) {
        fprintf(out, "x87.%s", x87_rows[inst->imm & 0xffff].name);
    } else if (inst->op == IR_vec) {
        fprintf(out, "vec.%s", vec_rows[inst->imm & 0xffff].name);
    } else if (inst->op == IR_brcc || inst->op == IR_setcc || inst->op == IR_cmov) {
        fprintf(out, "%s.%u.%s", name, inst->width, condition_names[inst->cc & 15]);
    } else if (inst->op == IR_movzx || inst->op == IR_movsx) {
        fprintf(out, "%s.%u.%u", name, inst->aux, inst->width);
    } else {
        fprintf(out, "%s.%u", name, inst->width);
    }
}

void ir_print_inst(const struct ir_inst *inst, FILE *out)
{
    if (inst->op == IR_insn) {
        fprintf(out, "insn %u rip=%" PRIx64 " len=%u\n", inst->b, inst->imm, inst->aux);
        return;
    }
    fputs("    ", out);
    print_name(inst, out);
    const char *before = " ";
    if (inst->dst != IR_NONE) {
        fputs(" ", out);
        print_operand(inst, inst->dst, out);
        before = " = ";
    }
    if (inst->op == IR_lea) {
        fputs(before, out);
        print_address(inst, out);
    }
    if (inst->op == IR_bit_ea) {
        fputs(before, out);
        print_address(inst, out);
        before = ", ";
    }
    if (inst->a != IR_NONE) {
        fputs(before, out);
        print_operand(inst, inst->a, out);
        before = ", ";
    }
    if (inst->b != IR_NONE) {
        fputs(before, out);
        print_operand(inst, inst->b, out);
    }
    print_extra(inst, out);
    print_flag_set("reads", inst->op == IR_callout ? 0 : inst->flags_read, out);
    print_flag_set("writes", inst->flags_written, out);
    print_flag_set("live", inst->flags_live, out);
    fputc('\n', out);
}

void ir_print_block(const struct ir_block *block, FILE *out)
{
    for (uint32_t i = 0; i < block->count; i++) {
        ir_print_inst(&block->insts[i], out);
    }
}
