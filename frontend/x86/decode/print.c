/* An instruction as Intel-syntax text, spelled as Capstone 4 spells it, so that the two compare.
 * Where a name depends on a size it is a row of size_names. */
#include "frontend/x86/decode/insn.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
    char *out;
    size_t size;
    size_t length;
};

/* Names at operand size 2, 4, 8; of string instructions at operand width 1 and so on. */
static const struct {
    uint16_t mnemonic;
    const char *at2;
    const char *at4;
    const char *at8;
} size_names[] = {
    {X86_cbw, "cbw", "cwde", "cdqe"},
    {X86_cwd, "cwd", "cdq", "cqo"},
    {X86_pusha, "pushaw", "pushal", ""},
    {X86_popa, "popaw", "popal", ""},
    {X86_pushf, "pushf", "pushfd", "pushfq"},
    {X86_popf, "popf", "popfd", "popfq"},
    {X86_iret, "iret", "iretd", "iretq"},
    {X86_movd, "movd", "movd", "movq"},
    {X86_pextrd, "pextrd", "pextrd", "pextrq"},
    {X86_pinsrd, "pinsrd", "pinsrd", "pinsrq"},
    {X86_fxsave, "fxsave", "fxsave", "fxsave64"},
    {X86_fxrstor, "fxrstor", "fxrstor", "fxrstor64"},
    {X86_cmpxchg8b, "cmpxchg8b", "cmpxchg8b", "cmpxchg16b"},
};

/* Other spellings; `pointer` stands before memory in place of its width. NULL: the usual. */
static const struct {
    uint16_t mnemonic;
    const char *name;
    const char *pointer;
} spellings[] = {
    {X86_callf, "lcall", ""},
    {X86_jmpf, "ljmp", ""},
    {X86_fwait, "wait", NULL},
    {X86_xlat, "xlatb", NULL},
    {X86_feni, "feni8087_nop", NULL},
    {X86_fdisi, "fdisi8087_nop", NULL},
    {X86_fbld, NULL, "tbyte ptr "},
    {X86_fbstp, NULL, "tbyte ptr "},
    {X86_sgdt, NULL, ""},
    {X86_sidt, NULL, ""},
    {X86_lgdt, NULL, ""},
    {X86_lidt, NULL, ""},
    {X86_les, NULL, "ptr "},
    {X86_lds, NULL, "ptr "},
    {X86_lss, NULL, "ptr "},
    {X86_lfs, NULL, "ptr "},
    {X86_lgs, NULL, "ptr "},
    {X86_xsave, NULL, "ptr "},
    {X86_xsavec, NULL, "ptr "},
    {X86_xsaves, NULL, "ptr "},
    {X86_xsaveopt, NULL, "ptr "},
    {X86_xrstor, NULL, "ptr "},
    {X86_xrstors, NULL, "ptr "},
};

enum { SPELLINGS = sizeof(spellings) / sizeof(*spellings) };

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    va_list args;
    size_t room = text->length < text->size ? text->size - text->length : 0;
    va_start(args, format);
    int n = vsnprintf(room ? text->out + text->length : NULL, room, format, args);
    va_end(args);
    text->length += n > 0 ? (size_t)n : 0;
}

static const char *general_name(unsigned reg, unsigned width)
{
    static const char names[4][16][5] = {
        {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b",
         "r13b", "r14b", "r15b"},
        {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w", "r12w",
         "r13w", "r14w", "r15w"},
        {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d",
         "r12d", "r13d", "r14d", "r15d"},
        {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
         "r13", "r14", "r15"},
    };
    if (reg == X86_BASE_RIP) {
        return width == 4 ? "eip" : "rip";
    }
    return names[width == 1 ? 0 : width == 2 ? 1 : width == 4 ? 2 : 3][reg & 15];
}

static const char *const segment_names[X86_SEGMENTS] = {"es", "cs", "ss", "ds", "fs", "gs"};

static void put_number(struct text *text, uint64_t value)
{
    put(text, value > 9 ? "0x%" PRIx64 : "%" PRIu64, value);
}

static const char *width_name(unsigned width)
{
    switch (width) {
    case 1:
        return "byte ptr ";
    case 2:
        return "word ptr ";
    case 4:
        return "dword ptr ";
    case 6:
        return "fword ptr ";
    case 8:
        return "qword ptr ";
    case 10:
        return "xword ptr ";
    case 16:
        return "xmmword ptr ";
    default:
        return "";
    }
}

static void put_displacement(struct text *text, const struct x86_insn *insn,
                             const struct x86_operand *op)
{
    uint64_t mask =
        insn->address_size == 8 ? UINT64_MAX : (UINT64_C(1) << insn->address_size * 8) - 1;
    if (op->base < 0 && op->index < 0) {
        put_number(text, (uint64_t)op->value & mask);
    } else if (op->value) {
        put(text, op->value < 0 ? " - " : " + ");
        put_number(text, (uint64_t)(op->value < 0 ? -op->value : op->value));
    }
}

static bool segment_shown(const struct x86_insn *insn, const struct x86_operand *op)
{
    return op->seg == X86_ES && op->base == 7 && insn->flags & X86_ROW_REP
               ? true
               : (insn->prefixes & X86_PREFIX_SEG) != 0;
}

static void put_memory(struct text *text, const struct x86_insn *insn, const struct x86_operand *op)
{
    const char *pointer = width_name(op->width);
    for (size_t i = 0; i < SPELLINGS; i++) {
        if (spellings[i].mnemonic == insn->mnemonic && spellings[i].pointer) {
            pointer = spellings[i].pointer;
        }
    }
    put(text, "%s", pointer);
    if (segment_shown(insn, op)) {
        put(text, "%s:", segment_names[op->seg]);
    }
    put(text, "[");
    if (op->base >= 0) {
        put(text, "%s", general_name((unsigned)op->base, insn->address_size));
    }
    if (op->index >= 0) {
        put(text, "%s%s", op->base >= 0 ? " + " : "",
            general_name((unsigned)op->index, insn->address_size));
        if (op->scale) {
            put(text, "*%u", 1U << op->scale);
        }
    }
    put_displacement(text, insn, op);
    put(text, "]");
}

static void put_immediate(struct text *text, const struct x86_operand *op)
{
    uint64_t mask = op->width >= 8 ? UINT64_MAX : (UINT64_C(1) << op->width * 8) - 1;
    put_number(text, (uint64_t)op->value & mask);
}

static void put_target(struct text *text, const struct x86_insn *insn, const struct x86_operand *op,
                       uint64_t address)
{
    uint64_t target = address + insn->length + (uint64_t)op->value;
    if (insn->operand_size < 8) {
        target &= (UINT64_C(1) << insn->operand_size * 8) - 1;
    }
    put_number(text, target);
}

static void put_operand(struct text *text, const struct x86_insn *insn,
                        const struct x86_operand *op, uint64_t address)
{
    static const char *const high[4] = {"ah", "ch", "dh", "bh"};
    switch ((enum x86_operand_kind)op->kind) {
    case X86_OPERAND_NONE:
        break;
    case X86_OPERAND_REG:
        put(text, "%s", general_name(op->reg, op->width));
        break;
    case X86_OPERAND_HIGH:
        put(text, "%s", high[op->reg & 3]);
        break;
    case X86_OPERAND_SREG:
        put(text, "%s", segment_names[op->reg % X86_SEGMENTS]);
        break;
    case X86_OPERAND_CR:
        put(text, "cr%u", op->reg);
        break;
    case X86_OPERAND_DR:
        put(text, "dr%u", op->reg);
        break;
    case X86_OPERAND_TR:
        put(text, "tr%u", op->reg);
        break;
    case X86_OPERAND_ST:
        put(text, "st(%u)", op->reg);
        break;
    case X86_OPERAND_MMX:
        put(text, "mm%u", op->reg);
        break;
    case X86_OPERAND_XMM:
        put(text, "xmm%u", op->reg);
        break;
    case X86_OPERAND_MEM:
        put_memory(text, insn, op);
        break;
    case X86_OPERAND_IMM:
        put_immediate(text, op);
        break;
    case X86_OPERAND_REL:
        put_target(text, insn, op, address);
        break;
    case X86_OPERAND_FARPTR:
        put_number(text, x86_farptr_selector(op));
        put(text, ":");
        put_number(text, x86_farptr_offset(op));
        break;
    }
}

static unsigned string_width(const struct x86_insn *insn)
{
    const struct x86_operand *op = &insn->ops[insn->ops[0].kind == X86_OPERAND_MEM ? 0 : 1];
    return op->width;
}

static void put_name(struct text *text, const struct x86_insn *insn)
{
    for (size_t i = 0; i < sizeof(size_names) / sizeof(*size_names); i++) {
        if (size_names[i].mnemonic == insn->mnemonic) {
            put(text, "%s",
                insn->operand_size == 2   ? size_names[i].at2
                : insn->operand_size == 4 ? size_names[i].at4
                                          : size_names[i].at8);
            return;
        }
    }
    for (size_t i = 0; i < SPELLINGS; i++) {
        if (spellings[i].mnemonic == insn->mnemonic && spellings[i].name) {
            put(text, "%s", spellings[i].name);
            return;
        }
    }
    put(text, "%s", x86_mnemonic_name(insn->mnemonic));
    if (insn->flags & X86_ROW_REP) {
        put(text, "%c", " bw?d???q"[string_width(insn)]);
    }
}

static void put_prefixes(struct text *text, const struct x86_insn *insn)
{
    if (insn->prefixes & X86_PREFIX_LOCK) {
        put(text, "lock ");
    }
    if (!(insn->flags & X86_ROW_REP)) {
        return;
    }
    if (insn->prefixes & X86_PREFIX_REPNE) {
        put(text, "repne ");
    } else if (insn->prefixes & X86_PREFIX_REP) {
        put(text, insn->flags & X86_ROW_REPZ ? "repe " : "rep ");
    }
}

/* ST(0) of the forms that have no other, BLENDV's XMM0. */
static bool operand_hidden(const struct x86_insn *insn, const struct x86_operand *op)
{
    if (insn->flags & X86_ROW_IMPLICIT) {
        return true;
    }
    if (op->kind == X86_OPERAND_XMM) {
        return op == &insn->ops[2];
    }
    if (op->kind != X86_OPERAND_ST || op->reg != 0 || insn->nops != 2) {
        return false;
    }
    bool first = op == &insn->ops[0];
    switch (insn->opcode) {
    case 0xd8:
    case 0xdf:
        return first;
    case 0xdb: /* FUCOMI, FCOMI, but not FCMOV */
        return first && insn->modrm >= 0xe8;
    case 0xde:
        return !first;
    default:
        return false;
    }
}

size_t x86_insn_print(const struct x86_insn *insn, uint64_t address, char *out, size_t size)
{
    struct text text = {out, size, 0};
    if (size) {
        out[0] = '\0';
    }
    put_prefixes(&text, insn);
    if (insn->mnemonic == X86_jcxz) {
        put(&text, "j%s", general_name(1, insn->address_size));
    } else {
        put_name(&text, insn);
    }
    if (insn->mnemonic == X86_jcxz) {
        put(&text, "z");
    }
    const char *separator = " ";
    for (unsigned i = 0; i < insn->nops; i++) {
        if (operand_hidden(insn, &insn->ops[i])) {
            continue;
        }
        put(&text, "%s", separator);
        put_operand(&text, insn, &insn->ops[i], address);
        separator = ", ";
    }
    return text.length;
}
