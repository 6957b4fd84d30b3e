/*
 * Random but valid programs for 16- and 32-bit code: what the decoder accepts, short forward
 * branches only, no privileged instructions, ending in HLT.  Memory operands are steered into the
 * first two megabytes where that is possible.
 */
#ifndef TESTS_SUPPORT_RANDOM_PROGRAM_H
#define TESTS_SUPPORT_RANDOM_PROGRAM_H

#include "frontend/x86/decode/insn.h"
#include "tests/support/dice.h"

#include <stdio.h>
#include <string.h>

enum { PROGRAM_INSNS = 24, PROGRAM_BYTES = 1024 };

struct program {
    uint8_t code[PROGRAM_BYTES];
    unsigned bytes;
    unsigned bits; /* 16 or 32 */
};

/* Any bytes, but with the maps about equally likely and displacements often small. */
static void program_guess(struct dice *dice, uint8_t bytes[X86_MAX_LENGTH])
{
    static const uint8_t prefixes[] = {0x66, 0x66, 0x67, 0xf2, 0xf3, 0x26, 0x64, 0x36, 0xf0};
    unsigned at = 0;
    while (dice_one_in(dice, 4) && at < 3) {
        bytes[at++] = prefixes[dice_roll(dice) % sizeof(prefixes)];
    }
    switch (dice_roll(dice) % 5) {
    case 0:
        bytes[at++] = 0x0f;
        break;
    case 2: /* the maps 0F 38 and 0F 3A, mostly with the prefix of XMM registers */
        if (!dice_one_in(dice, 4)) {
            bytes[at++] = 0x66;
        }
        bytes[at++] = 0x0f;
        bytes[at++] = dice_one_in(dice, 3) ? 0x3a : 0x38;
        break;
    case 1:
        bytes[at++] = (uint8_t)(0xd8 + dice_roll(dice) % 8);
        break;
    default:
        break;
    }
    bytes[at++] = (uint8_t)dice_roll(dice);
    bytes[at++] = (uint8_t)dice_roll(dice);
    while (at < X86_MAX_LENGTH) {
        bytes[at] = dice_one_in(dice, 2) ? (uint8_t)dice_roll(dice) : 0;
        at++;
    }
}

static bool program_avoids(const struct x86_insn *insn)
{
    switch ((int)insn->mnemonic) {
    case X86_hlt: /* ends the program */
    case X86_ret:
    case X86_retf:
    case X86_iret:
    case X86_int: /* leave it */
    case X86_int1:
    case X86_int3:
    case X86_into:
    case X86_ud2:
    case X86_sysenter:
    case X86_sysexit:
        return true;
    default:
        return false;
    }
}

static bool program_takes(const struct x86_insn *insn)
{
    if (insn->class == X86_PRIVILEGED || program_avoids(insn)) {
        return false;
    }
    for (unsigned i = 0; i < insn->nops; i++) {
        const struct x86_operand *op = &insn->ops[i];
        if (op->kind == X86_OPERAND_FARPTR || op->kind == X86_OPERAND_CR ||
            op->kind == X86_OPERAND_DR || op->kind == X86_OPERAND_TR) {
            return false;
        }
        if (op->kind == X86_OPERAND_MEM && (op->value > 0x1fffff || op->value < -0x10000)) {
            return false;
        }
        if (op->kind == X86_OPERAND_REL && insn->length != (insn->prefixes ? 3 : 2)) {
            return false; /* only the one-byte displacement, at most one prefix */
        }
    }
    return insn->class != X86_BRANCH || (insn->nops > 0 && insn->ops[0].kind == X86_OPERAND_REL);
}

static void program_add(struct program *program, const uint8_t *bytes, unsigned count)
{
    memcpy(program->code + program->bytes, bytes, count);
    program->bytes += count;
}

/* MOV of a small address or count into a register that addresses are made of. */
static void program_steer(struct program *program, struct dice *dice)
{
    static const uint8_t registers[] = {1, 3, 4, 5, 6, 7, 0, 2};
    uint32_t reach = dice_one_in(dice, 2) ? 0x10000 : 0x100000;
    uint32_t value = dice_roll(dice) % reach + 0x400;
    value &= dice_one_in(dice, 2) ? ~15u : ~0u; /* where aligned operands do not fault */
    uint8_t code[5] = {(uint8_t)(0xb8 + registers[dice_roll(dice) % sizeof(registers)]),
                       (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16)};
    program_add(program, code, program->bits == 16 ? 3 : 5);
}

static bool program_decode(const struct program *program, const uint8_t *bytes,
                           struct x86_insn *insn)
{
    struct x86_decode_mode mode = {.features = UINT64_MAX,
                                   .code_size = (uint8_t)program->bits,
                                   .protected_mode = program->bits == 32};
    return x86_decode(bytes, X86_MAX_LENGTH, &mode, insn) == X86_DECODED;
}

static void program_make(struct program *program, struct dice *dice, unsigned bits)
{
    unsigned patch = 0; /* displacement byte that waits for the length of what it skips */
    *program = (struct program){.bits = bits};
    for (unsigned made = 0; made < PROGRAM_INSNS;) {
        uint8_t bytes[X86_MAX_LENGTH];
        struct x86_insn insn;
        program_guess(dice, bytes);
        if (!program_decode(program, bytes, &insn) || !program_takes(&insn)) {
            continue;
        }
        unsigned from = program->bytes;
        if (insn.flags & X86_ROW_REP || dice_one_in(dice, 3)) {
            program_steer(program, dice);
        }
        program_add(program, bytes, insn.length);
        if (patch) {
            program->code[patch] = (uint8_t)(program->bytes - from);
        }
        patch = insn.class == X86_BRANCH ? program->bytes - 1 : 0;
        made++;
    }
    if (patch) {
        program->code[patch] = 0;
    }
    program_add(program, (const uint8_t[]){0xf4}, 1);
}

static void program_print(const struct program *program, FILE *out)
{
    for (unsigned at = 0; at < program->bytes;) {
        struct x86_insn insn;
        char text[128] = "?";
        if (!program_decode(program, program->code + at, &insn)) {
            break;
        }
        x86_insn_print(&insn, at, text, sizeof(text));
        fprintf(out, "%4x  ", at);
        for (unsigned i = 0; i < insn.length; i++) {
            fprintf(out, "%02x", program->code[at + i]);
        }
        fprintf(out, "  %s\n", text);
        at += insn.length;
    }
}

#endif
