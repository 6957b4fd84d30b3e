#include "tests/hardware/moo.h"

#include "base/endian.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 256 << 20, MEGABYTE = 0x100000 };

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

static uint8_t *read_file(const char *path, size_t *bytes)
{
    char command[4200];
    bool packed = ends_with(path, ".gz");
    if (strchr(path, '\'')) {
        return NULL;
    }
    snprintf(command, sizeof(command), "gzip -dc -- '%s' 2>/dev/null", path);
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

struct moo_file moo_open(const char *path)
{
    struct moo_file file = {.mask = 0xffff};
    file.data = read_file(path, &file.bytes);
    if (file.data && file.bytes >= 20 && memcmp(file.data, "RMT1", 4) == 0) {
        file.rmt = true;
        file.left = load_le32(file.data + 8);
        file.at = 12 + (size_t)load_le32(file.data + 4) * 16;
    } else if (file.data && file.bytes >= 20 && memcmp(file.data, "MOO ", 4) == 0) {
        file.left = load_le32(file.data + 12);
        file.at = 8 + load_le32(file.data + 4);
        file.halts =
            memcmp(file.data + 16, "8086", 4) != 0 && memcmp(file.data + 16, "8088", 4) != 0;
    } else {
        moo_close(&file);
    }
    return file;
}

void moo_close(struct moo_file *file)
{
    free(file->data);
    *file = (struct moo_file){0};
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
    c->mask = load_le16(start + 6);
    c->flags_at = load_le32(start + 14);
    c->exits[0] = load_le32(start + 18);
    c->exits[1] = load_le32(start + 22);
    c->halts = true;
    unsigned changed = load_le16(start + 12);
    for (unsigned i = 0; i < MOO_REGISTERS; i++, at += 2) {
        c->before[i] = c->after[i] = load_le16(at);
    }
    for (unsigned i = 0; i < MOO_REGISTERS; i++) {
        if (changed >> i & 1) {
            c->after[i] = load_le16(at);
            at += 2;
        }
    }
    at = rmt_runs(at, start[9], c->ram, &c->initial);
    rmt_runs(at, start[10], c->changed, &c->final);
}

/* ---- MOO ------------------------------------------------------------------------------------- */

static void moo_registers(const uint8_t *at, uint16_t registers[MOO_REGISTERS])
{
    unsigned present = load_le16(at);
    at += 2;
    for (unsigned i = 0; i < MOO_REGISTERS; i++) {
        if (present >> i & 1) {
            registers[i] = load_le16(at);
            at += 2;
        }
    }
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

static void moo_state(const uint8_t *at, uint32_t bytes, uint16_t *registers, struct moo_byte *ram,
                      unsigned *count)
{
    for (const uint8_t *end = at + bytes; at < end; at += 8 + load_le32(at + 4)) {
        if (memcmp(at, "REGS", 4) == 0) {
            moo_registers(at + 8, registers);
        } else if (memcmp(at, "RAM ", 4) == 0) {
            *count = moo_memory(at + 8, ram);
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
        moo_state(body, bytes, c->before, c->ram, &c->initial);
        memcpy(c->after, c->before, sizeof(c->after));
    } else if (memcmp(at, "FINA", 4) == 0) {
        moo_state(body, bytes, c->after, c->changed, &c->final);
    } else if (memcmp(at, "EXCP", 4) == 0) {
        c->flags_at = 1; /* the address in the file is cut to a word: found below */
    }
}

static uint32_t linear(const uint16_t *registers, unsigned segment, unsigned offset)
{
    return (uint32_t)registers[segment] * 16 + (offset & 0xffff);
}

/* Puts a HLT where the case ends, unless the instruction itself stands there. */
static void place_exit(struct moo_case *c)
{
    uint16_t ip = (uint16_t)(c->after[MOO_IP] - (c->halts ? 1 : 0));
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
        if (memcmp(chunk, "TEST", 4) != 0 || file->at > file->bytes) {
            continue;
        }
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
    if (file->rmt) {
        rmt_next(file, out);
        return true;
    }
    out->mask = file->mask;
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

uint16_t moo_mask(const char *folder, const char *opcode)
{
    char path[4200], byte[8], reg[8] = "";
    size_t bytes;
    snprintf(path, sizeof(path), "%s/metadata.json", folder);
    sscanf(opcode, "%7[0-9A-Fa-f].%7[0-7]", byte, reg);
    uint8_t *text = read_file(path, &bytes);
    cJSON *json = text ? cJSON_ParseWithLength((const char *)text, bytes) : NULL;
    const cJSON *row = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "opcodes"), byte);
    if (reg[0] && cJSON_GetObjectItem(row, "reg")) {
        row = cJSON_GetObjectItem(cJSON_GetObjectItem(row, "reg"), reg);
    }
    const cJSON *mask = cJSON_GetObjectItem(row, "flags-mask");
    uint16_t value = cJSON_IsNumber(mask) ? (uint16_t)mask->valueint : 0xffff;
    cJSON_Delete(json);
    free(text);
    return value;
}
