/*
 * Reading and writing cases as text.
 */
#include "tests/fuzz/text.h"

#include "base/endian.h"

#include <ctype.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 4096 };

/* Numbers of a state: name, where, size. */
static const struct {
    const char *name;
    uint16_t at, size;
} numbers[] = {
#define GPR(name, i)                                        \
    {                                                       \
        name, offsetof(struct fuzz_state, gpr) + 4 * (i), 4 \
    }
    GPR("eax", 0),
    GPR("ecx", 1),
    GPR("edx", 2),
    GPR("ebx", 3),
    GPR("esp", 4),
    GPR("ebp", 5),
    GPR("esi", 6),
    GPR("edi", 7),
#undef GPR
    {"eip", offsetof(struct fuzz_state, eip), 4},
    {"eflags", offsetof(struct fuzz_state, eflags), 4},
    {"es", offsetof(struct fuzz_state, sreg[FUZZ_ES]), 2},
    {"cs", offsetof(struct fuzz_state, sreg[FUZZ_CS]), 2},
    {"ss", offsetof(struct fuzz_state, sreg[FUZZ_SS]), 2},
    {"ds", offsetof(struct fuzz_state, sreg[FUZZ_DS]), 2},
    {"fs", offsetof(struct fuzz_state, sreg[FUZZ_FS]), 2},
    {"gs", offsetof(struct fuzz_state, sreg[FUZZ_GS]), 2},
    {"fcw", offsetof(struct fuzz_state, fx[FX_FCW]), 2},
    {"fsw", offsetof(struct fuzz_state, fx[FX_FSW]), 2},
    {"ftw", offsetof(struct fuzz_state, fx[FX_FTW]), 1},
    {"mxcsr", offsetof(struct fuzz_state, fx[FX_MXCSR]), 4},
};
enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

/* ---- writing ---- */

static void write_code(FILE *out, const struct fuzz_slot *slot, const struct shape *shape)
{
    const uint8_t *code = slot->memory + (code_linear(&slot->before) - FUZZ_CODE);
    struct x86_decode_mode mode = case_mode(&slot->before, UINT64_MAX);
    uint32_t eip = slot->before.eip;
    for (unsigned i = 0; i < shape->insns; i++) {
        struct x86_insn insn;
        char text[128] = "(undefined)";
        if (x86_decode(code, X86_MAX_LENGTH, &mode, &insn) == X86_DECODED) {
            x86_insn_print(&insn, eip, text, sizeof(text));
        }
        fprintf(out, "code");
        for (unsigned k = 0; k < shape->length[i]; k++) {
            fprintf(out, " %02x", code[k]);
        }
        fprintf(out, " ; %s\n", text);
        code += shape->length[i];
        eip += shape->length[i];
    }
}

static void write_vectors(FILE *out, const uint8_t *fx)
{
    static const uint8_t zero[16];
    for (unsigned i = 0; i < 8; i++) {
        const uint8_t *st = fx + FX_ST + 16 * i;
        if (memcmp(st, zero, 10) != 0) {
            fprintf(out, "st%u %04x:%016" PRIx64 "\n", i, load_le16(st + 8), load_le64(st));
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        const uint8_t *xmm = fx + FX_XMM + 16 * i;
        if (memcmp(xmm, zero, 16) != 0) {
            fprintf(out, "xmm%u %016" PRIx64 ":%016" PRIx64 "\n", i, load_le64(xmm + 8),
                    load_le64(xmm));
        }
    }
}

static void write_memory(FILE *out, const uint8_t *memory)
{
    static const uint8_t zero[16];
    const uint8_t *at = memory + FUZZ_CODE_BYTES;
    for (uint32_t linear = FUZZ_CONST; linear < FUZZ_DATA_END; linear += 16, at += 16) {
        if (memcmp(at, zero, 16) == 0) {
            continue;
        }
        unsigned from = 0, to = 16;
        while (!at[from]) {
            from++;
        }
        while (!at[to - 1]) {
            to--;
        }
        fprintf(out, "mem %x", linear + from);
        for (; from < to; from++) {
            fprintf(out, " %02x", at[from]);
        }
        fprintf(out, "\n");
    }
}

void text_write(FILE *out, const struct fuzz_slot *slot, const struct shape *shape)
{
    struct fuzz_state standard = state_default();
    if (shape->class == CLASS_transcendental) {
        fprintf(out, "loose\n");
    }
    write_code(out, slot, shape);
    for (unsigned i = 0; i < NUMBERS; i++) {
        const uint8_t *at = (const uint8_t *)&slot->before + numbers[i].at;
        if (memcmp(at, (const uint8_t *)&standard + numbers[i].at, numbers[i].size) != 0) {
            fprintf(out, "%s %0*" PRIx64 "\n", numbers[i].name, 2 * numbers[i].size,
                    load_le(at, numbers[i].size));
        }
    }
    write_vectors(out, slot->before.fx);
    write_memory(out, slot->memory);
    fprintf(out, "\n");
}

/* ---- reading ---- */

/* Bytes in hexadecimal up to the end or a ';'; false when there is anything else. */
static bool read_bytes(const char *text, uint8_t *out, unsigned room, unsigned *count)
{
    for (*count = 0;;) {
        while (isspace((unsigned char)*text)) {
            text++;
        }
        if (*text == '\0' || *text == ';') {
            return true;
        }
        char *end;
        char digits[3] = {text[0], text[1], 0};
        unsigned long value = strtoul(digits, &end, 16);
        if (*end != '\0' || end == digits || *count == room) {
            return false;
        }
        out[(*count)++] = (uint8_t)value;
        text += end - digits;
    }
}

static bool read_vector(const char *name, const char *text, uint8_t *fx)
{
    bool st = strncmp(name, "st", 2) == 0 && isdigit((unsigned char)name[2]);
    bool xmm = strncmp(name, "xmm", 3) == 0 && isdigit((unsigned char)name[3]);
    char *colon, *end;
    uint64_t high = strtoull(text, &colon, 16);
    if ((!st && !xmm) || *colon != ':') {
        return false;
    }
    uint64_t low = strtoull(colon + 1, &end, 16);
    if (end == colon + 1) {
        return false;
    }
    unsigned i = (unsigned)(name[st ? 2 : 3] - '0') & 7;
    uint8_t *at = fx + (st ? FX_ST : FX_XMM) + 16 * i;
    store_le64(at, low);
    if (st) {
        store_le16(at + 8, (uint16_t)high);
    } else {
        store_le64(at + 8, high);
    }
    return true;
}

struct reading {
    uint8_t code[CASE_INSNS * X86_MAX_LENGTH];
    unsigned bytes;
};

static bool read_line(const char *name, const char *rest, struct fuzz_slot *slot,
                      struct shape *shape, struct reading *reading)
{
    unsigned count;
    if (strcmp(name, "loose") == 0) {
        shape->class = CLASS_transcendental;
        return true;
    }
    if (strcmp(name, "code") == 0) {
        if (shape->insns == CASE_INSNS ||
            !read_bytes(rest, reading->code + reading->bytes, X86_MAX_LENGTH, &count)) {
            return false;
        }
        shape->length[shape->insns++] = (uint8_t)count;
        reading->bytes += count;
        return true;
    }
    if (strcmp(name, "mem") == 0) {
        char *bytes;
        uint8_t *at = memory_at(slot->memory, (uint32_t)strtoul(rest, &bytes, 16));
        return at && read_bytes(bytes, at, (unsigned)(slot->memory + FUZZ_BYTES - at), &count);
    }
    for (unsigned i = 0; i < NUMBERS; i++) {
        if (strcmp(numbers[i].name, name) == 0) {
            uint64_t value = strtoull(rest, NULL, 16);
            memcpy((uint8_t *)&slot->before + numbers[i].at, &value, numbers[i].size);
            return true;
        }
    }
    return read_vector(name, rest, slot->before.fx);
}

enum text_result text_read(FILE *in, unsigned *line, struct fuzz_slot *slot, struct shape *shape)
{
    char text[LINE], name[16];
    struct reading reading = {.bytes = 0};
    bool any = false;
    slot->before = state_default();
    memset(slot->memory, FUZZ_FILLER, FUZZ_CODE_BYTES);
    memset(slot->memory + FUZZ_CODE_BYTES, 0, FUZZ_BYTES - FUZZ_CODE_BYTES);
    *shape = (struct shape){.class = CLASS_integer};
    while (fgets(text, sizeof(text), in)) {
        int used = 0;
        ++*line;
        if (text[0] == '#') {
            continue;
        }
        if (sscanf(text, "%15s%n", name, &used) != 1) {
            if (any) {
                break;
            }
            continue;
        }
        any = true;
        if (!read_line(name, text + used, slot, shape, &reading)) {
            return TEXT_ERROR;
        }
    }
    if (!any) {
        return TEXT_END;
    }
    uint32_t offset = code_linear(&slot->before) - FUZZ_CODE;
    if (!reading.bytes || offset > FUZZ_CODE_BYTES - reading.bytes) {
        return TEXT_ERROR;
    }
    memcpy(slot->memory + offset, reading.code, reading.bytes);
    return TEXT_CASE;
}
