/*
 * Reading the two formats.
 */
#include "tests/hardware/moo.h"

#include "base/endian.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 256 << 20, MEGABYTE = 0x100000 };

/* Registers in the order of the files' bits. */
static const uint8_t narrow[] = {MOO_AX, MOO_BX, MOO_CX, MOO_DX, MOO_CS, MOO_SS, MOO_DS,
                                 MOO_ES, MOO_SP, MOO_BP, MOO_SI, MOO_DI, MOO_IP, MOO_FLAGS};
static const uint8_t wide[] = {MOO_CR0, MOO_CR3, MOO_AX, MOO_BX,    MOO_CX,  MOO_DX, MOO_SI,
                               MOO_DI,  MOO_BP,  MOO_SP, MOO_CS,    MOO_DS,  MOO_ES, MOO_FS,
                               MOO_GS,  MOO_SS,  MOO_IP, MOO_FLAGS, MOO_DR6, MOO_DR7};
enum { NARROW = sizeof(narrow), WIDE = sizeof(wide) };

/* What can be compared of an 80386's registers: the files hold what system management mode stored.
 */
static const uint32_t wide_bits[MOO_REGISTERS] = {
    [MOO_AX] = UINT32_MAX,  [MOO_BX] = UINT32_MAX,  [MOO_CX] = UINT32_MAX, [MOO_DX] = UINT32_MAX,
    [MOO_SI] = UINT32_MAX,  [MOO_DI] = UINT32_MAX,  [MOO_BP] = UINT32_MAX, [MOO_SP] = UINT32_MAX,
    [MOO_CS] = 0xffff,      [MOO_DS] = 0xffff,      [MOO_ES] = 0xffff,     [MOO_FS] = 0xffff,
    [MOO_GS] = 0xffff,      [MOO_SS] = 0xffff,      [MOO_IP] = UINT32_MAX, [MOO_FLAGS] = 0x3ffff,
    [MOO_CR0] = 0x8000000f, [MOO_CR3] = 0xfffff000, [MOO_DR6] = 0xe00f,    [MOO_DR7] = 0xffff03ff};

/* ---- files ----------------------------------------------------------------------------------- */

static uint8_t *read_stream(FILE *in, size_t *bytes)
{
    size_t room = 1 << 20;
    uint8_t *data = malloc(room);
    *bytes = 0;
    while (data) {
        size_t got = fread(data + *bytes, 1, room - *bytes, in);
        *bytes += got;
        if (got == 0 || room >= LONGEST) {
            break;
        }
        if (*bytes == room) {
            uint8_t *more = realloc(data, room *= 2);
            data = more ? more : (free(data), NULL);
        }
    }
    return data;
}

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

uint8_t *moo_read_file(const char *path, size_t *bytes)
{
    char command[4200];
    bool packed = ends_with(path, ".gz");
    int length = snprintf(command, sizeof(command), "gzip -dc -- '%s' 2>/dev/null", path);
    if (strchr(path, '\'') || length < 0 || (size_t)length >= sizeof(command)) {
        return NULL;
    }
    FILE *in = packed ? popen(command, "r") : fopen(path, "rb");
    if (!in) {
        return NULL;
    }
    uint8_t *data = read_stream(in, bytes);
    if (packed) {
        pclose(in);
    } else {
        fclose(in);
    }
    return data;
}

static void define_all(struct moo_file *file)
{
    for (unsigned i = 0; i < NARROW; i++) {
        file->mask[narrow[i]] = 0xffff;
    }
    if (file->wide) {
        memcpy(file->mask, wide_bits, sizeof(file->mask));
    }
}

struct moo_file moo_open(const char *path)
{
    struct moo_file file = {0};
    file.data = moo_read_file(path, &file.bytes);
    if (file.data && file.bytes >= 20 && memcmp(file.data, "RMT1", 4) == 0) {
        file.rmt = true;
        file.left = load_le32(file.data + 8);
        file.at = 12 + (size_t)load_le32(file.data + 4) * 16;
    } else if (file.data && file.bytes >= 20 && memcmp(file.data, "MOO ", 4) == 0) {
        const uint8_t *cpu = file.data + 16;
        file.left = load_le32(file.data + 12);
        file.at = 8 + load_le32(file.data + 4);
        file.halts = memcmp(cpu, "8086", 4) != 0 && memcmp(cpu, "8088", 4) != 0;
        file.wide = memcmp(cpu, "386", 3) == 0;
    } else {
        moo_close(&file);
    }
    define_all(&file);
    return file;
}

void moo_close(struct moo_file *file)
{
    free(file->data);
    *file = (struct moo_file){0};
}

void moo_define_flags(struct moo_file *file, uint16_t flags)
{
    file->mask[MOO_FLAGS] &= 0xffff0000 | flags;
}

/* ---- RMT1 ------------------------------------------------------------------------------------ */

static const uint8_t *rmt_runs(const uint8_t *at, unsigned runs, struct moo_byte *bytes,
                               unsigned *count)
{
    *count = 0;
    for (unsigned i = 0; i < runs; i++) {
        uint32_t word = load_le32(at), gpa = word & 0xffffff;
        at += 4;
        for (uint32_t k = 0; k < word >> 24 && *count < MOO_BYTES; k++) {
            bytes[(*count)++] = (struct moo_byte){gpa + k, *at++};
        }
    }
    return at;
}

static void rmt_next(struct moo_file *file, struct moo_case *c)
{
    const uint8_t *start = file->data + file->at;
    const uint8_t *op = file->data + 12 + (size_t)load_le16(start + 2) * 16;
    const uint8_t *at = start + 26;
    file->at += load_le16(start);
    snprintf(c->name, sizeof(c->name), "%.8s", (const char *)op);
    c->index = load_le16(start + 4);
    c->mask[MOO_FLAGS] = load_le16(start + 6);
    c->flags_at = load_le32(start + 14);
    c->exits[0] = load_le32(start + 18);
    c->exits[1] = load_le32(start + 22);
    c->halts = true;
    unsigned changed = load_le16(start + 12);
    for (unsigned i = 0; i < NARROW; i++, at += 2) {
        c->before[narrow[i]] = c->after[narrow[i]] = load_le16(at);
    }
    for (unsigned i = 0; i < NARROW; i++) {
        if (changed >> i & 1) {
            c->after[narrow[i]] = load_le16(at);
            at += 2;
        }
    }
    at = rmt_runs(at, start[9], c->ram, &c->initial);
    rmt_runs(at, start[10], c->changed, &c->final);
}

/* ---- MOO ------------------------------------------------------------------------------------- */

/* The values of a REGS, RMSK, RG32 or RM32 chunk: a bit for each register that follows.  and: they
 * narrow what stands there. */
static void moo_registers(const uint8_t *at, bool is_wide, bool and, uint32_t *registers)
{
    uint32_t present = is_wide ? load_le32(at) : load_le16(at);
    unsigned size = is_wide ? 4 : 2;
    at += size;
    for (unsigned i = 0; i < (is_wide ? (unsigned)WIDE : (unsigned)NARROW); i++) {
        uint32_t *to = &registers[is_wide ? wide[i] : narrow[i]];
        if (present >> i & 1) {
            uint32_t value = is_wide ? load_le32(at) : load_le16(at);
            *to = and? *to & value : value;
            at += size;
        }
    }
}

/* A chunk of registers or of masks; false: it is another. */
static bool moo_register_chunk(const uint8_t *at, uint32_t *registers, uint32_t *mask)
{
    static const struct {
        char name[5];
        bool wide, mask;
    } kinds[] = {
        {"REGS", false, false}, {"RMSK", false, true}, {"RG32", true, false}, {"RM32", true, true}};
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (memcmp(at, kinds[i].name, 4) == 0) {
            moo_registers(at + 8, kinds[i].wide, kinds[i].mask, kinds[i].mask ? mask : registers);
            return true;
        }
    }
    return false;
}

static unsigned moo_memory(const uint8_t *at, struct moo_byte *bytes)
{
    uint32_t count = load_le32(at);
    count = count < MOO_BYTES ? count : MOO_BYTES;
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = (struct moo_byte){load_le32(at + 4 + (size_t)i * 5), at[8 + (size_t)i * 5]};
    }
    return count;
}

static void moo_state(const uint8_t *at, uint32_t bytes, struct moo_case *c, bool initial)
{
    uint32_t *registers = initial ? c->before : c->after;
    for (const uint8_t *end = at + bytes; at < end; at += 8 + load_le32(at + 4)) {
        if (memcmp(at, "RAM ", 4) == 0 && initial) {
            c->initial = moo_memory(at + 8, c->ram);
        } else if (memcmp(at, "RAM ", 4) == 0) {
            c->final = moo_memory(at + 8, c->changed);
        } else {
            moo_register_chunk(at, registers, c->mask);
        }
    }
}

static void moo_chunk(const uint8_t *at, struct moo_case *c)
{
    uint32_t bytes = load_le32(at + 4);
    const uint8_t *body = at + 8;
    if (memcmp(at, "NAME", 4) == 0) {
        snprintf(c->name, sizeof(c->name), "%.*s", (int)load_le32(body), (const char *)body + 4);
    } else if (memcmp(at, "BYTS", 4) == 0) {
        c->length = load_le32(body);
    } else if (memcmp(at, "INIT", 4) == 0) {
        moo_state(body, bytes, c, true);
        memcpy(c->after, c->before, sizeof(c->after));
    } else if (memcmp(at, "FINA", 4) == 0) {
        moo_state(body, bytes, c, false);
    } else if (memcmp(at, "EXCP", 4) == 0) {
        c->flags_at = 1; /* the address in the file may be cut to a word: found below */
    } else if (memcmp(at, "HASH", 4) == 0 && bytes >= MOO_HASH) {
        memcpy(c->hash, body, MOO_HASH);
    }
}

static uint32_t linear(const uint32_t *registers, unsigned segment, uint32_t offset)
{
    return (registers[segment] & 0xffff) * 16 + (offset & 0xffff);
}

/* Puts a HLT where the case ends, unless the instruction itself stands there. */
static void place_exit(struct moo_case *c)
{
    uint32_t ip = c->after[MOO_IP] - (c->halts ? 1 : 0);
    uint32_t exit = linear(c->after, MOO_CS, ip) & (c->halts ? 0xffffff : MEGABYTE - 1);
    c->exits[0] = exit;
    c->steps = exit - c->code < c->length && !c->halts;
    for (unsigned i = 0; i < c->final; i++) {
        c->steps |= c->changed[i].at == exit && c->changed[i].value != 0x90 && !c->halts;
    }
}

/* The sets without exception chunks: a divide error pushed three words and went to 0:400h. */
static void find_divide_error(struct moo_case *c)
{
    if (c->after[MOO_CS] == 0 && c->after[MOO_IP] == 0x400 &&
        (uint16_t)(c->before[MOO_SP] - 6) == c->after[MOO_SP]) {
        c->flags_at = linear(c->after, MOO_SS, c->after[MOO_SP] + 4u) & (MEGABYTE - 1);
    }
}

static bool next_test(struct moo_file *file, struct moo_case *c)
{
    while (file->at + 12 <= file->bytes) {
        const uint8_t *chunk = file->data + file->at;
        file->at += 8 + (size_t)load_le32(chunk + 4);
        if (file->at > file->bytes) {
            return false;
        }
        if (memcmp(chunk, "TEST", 4) != 0) { /* masks may stand before the first case */
            moo_register_chunk(chunk, c->before, file->mask);
            continue;
        }
        memcpy(c->mask, file->mask, sizeof(c->mask));
        c->index = load_le32(chunk + 8);
        const uint8_t *end = file->data + file->at;
        for (const uint8_t *at = chunk + 12; at < end; at += 8 + load_le32(at + 4)) {
            moo_chunk(at, c);
        }
        return true;
    }
    return false;
}

bool moo_next(struct moo_file *file, struct moo_case *out)
{
    if (!file->data || file->left == 0) {
        return false;
    }
    file->left--;
    out->flags_at = out->exits[0] = out->exits[1] = out->length = 0;
    out->initial = out->final = 0;
    out->steps = false;
    out->wide = file->wide;
    memcpy(out->mask, file->mask, sizeof(out->mask));
    memset(out->hash, 0, sizeof(out->hash));
    if (file->rmt) {
        rmt_next(file, out);
        return true;
    }
    out->halts = file->halts;
    if (!next_test(file, out)) {
        return false;
    }
    out->code = linear(out->before, MOO_CS, out->before[MOO_IP]);
    if (out->flags_at) {
        out->flags_at = linear(out->after, MOO_SS, out->after[MOO_SP] + 4u) & 0xffffff;
    } else if (!file->halts) {
        find_divide_error(out);
    }
    place_exit(out);
    return true;
}
