/*
 * metadata.json of the sets up to the 80286, 80386.csv of the 80386, revocation_list.txt,
 * known.def.
 */
#include "tests/hardware/facts.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 64 };

/* A text beside the cases or one folder up, with a zero behind it. */
static char *read_text(const char *folder, const char *name)
{
    static const char *const places[] = {"", "/.."};
    for (unsigned i = 0; i < 2; i++) {
        char path[4200];
        size_t bytes;
        snprintf(path, sizeof(path), "%s%s/%s", folder, places[i], name);
        uint8_t *data = moo_read_file(path, &bytes);
        char *text = data ? realloc(data, bytes + 1) : NULL;
        if (text) {
            text[bytes] = '\0';
            return text;
        }
    }
    return NULL;
}

/* "676680.4" is opcode "80", digit "4". */
static void split(const char *opcode, char byte[8], char digit[8])
{
    digit[0] = '\0';
    while (strlen(opcode) > 3 && (memcmp(opcode, "66", 2) == 0 || memcmp(opcode, "67", 2) == 0) &&
           opcode[2] != '.') {
        opcode += 2;
    }
    sscanf(opcode, "%7[0-9A-Fa-f].%7[0-7]", byte, digit);
}

static uint16_t flags_json(const char *text, const char *byte, const char *digit)
{
    cJSON *json = cJSON_Parse(text);
    const cJSON *row = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "opcodes"), byte);
    if (digit[0] && cJSON_GetObjectItem(row, "reg")) {
        row = cJSON_GetObjectItem(cJSON_GetObjectItem(row, "reg"), digit);
    }
    const cJSON *mask = cJSON_GetObjectItem(row, "flags-mask");
    uint16_t value = cJSON_IsNumber(mask) ? (uint16_t)mask->valueint : 0xffff;
    cJSON_Delete(json);
    return value;
}

/* Cuts a line at its commas, but for those between quotes. */
static unsigned cut(char *line, char *field[COLUMNS])
{
    unsigned count = 0;
    bool quoted = false;
    field[count++] = line;
    for (; *line && count < COLUMNS; line++) {
        quoted ^= *line == '"';
        if (*line == ',' && !quoted) {
            *line = '\0';
            field[count++] = line + 1;
        }
    }
    return count;
}

static uint16_t flags_csv(char *text, const char *byte, const char *digit)
{
    int op = -1, ex = -1, mask = -1;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
        char *field[COLUMNS];
        int count = (int)cut(line, field);
        for (int i = 0; op < 0 && i < count; i++) { /* the first line names the columns */
            ex = strcmp(field[i], "ex") == 0 ? i : ex;
            mask = strcmp(field[i], "f_umask") == 0 ? i : mask;
        }
        for (int i = 0; op < 0 && i < count; i++) {
            op = strcmp(field[i], "op") == 0 ? i : op;
        }
        if (op < 0 || ex < 0 || mask < 0) {
            return 0xffff;
        }
        if (op < count && ex < count && mask < count && strcmp(field[op], byte) == 0 &&
            strcmp(field[ex], digit) == 0 && field[mask][0]) {
            return (uint16_t)strtoul(field[mask], NULL, 16);
        }
    }
    return 0xffff;
}

uint16_t facts_flags(const char *folder, const char *opcode)
{
    char byte[8] = "", digit[8];
    split(opcode, byte, digit);
    uint16_t flags = 0xffff;
    char *text = read_text(folder, "metadata.json");
    if (text) {
        flags = flags_json(text, byte, digit);
    } else {
        text = read_text(folder, "80386.csv");
        flags = text ? flags_csv(text, byte, digit) : flags;
    }
    free(text);
    return flags;
}

static bool parse_hash(const char *line, uint8_t *hash)
{
    for (unsigned i = 0; i < MOO_HASH; i++) {
        const char *pair = line + (size_t)i * 2;
        const char digits[3] = {pair[0], pair[0] ? pair[1] : (char)0, 0};
        char *end;
        hash[i] = (uint8_t)strtoul(digits, &end, 16);
        if (end != digits + 2) {
            return false;
        }
    }
    return true;
}

uint8_t *facts_revoked(const char *folder, unsigned *count)
{
    *count = 0;
    char *text = read_text(folder, "revocation_list.txt");
    if (!text) {
        return NULL;
    }
    uint8_t *hashes = malloc(strlen(text) / 2 + MOO_HASH);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\r\n", &rest); line && hashes;
         line = strtok_r(NULL, "\r\n", &rest)) {
        if (strspn(line, "0123456789abcdefABCDEF") == (size_t)MOO_HASH * 2) {
            *count += parse_hash(line, hashes + (size_t)*count * MOO_HASH);
        }
    }
    free(text);
    return hashes;
}

const char *facts_known(const char *model, const char *opcode, uint32_t index)
{
    static const struct {
        const char *model, *opcode;
        uint32_t index;
        const char *why;
    } rows[] = {
#define KNOWN(model, opcode, index, why) {model, opcode, index, why},
#include "tests/hardware/known.def"
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].model, model) == 0 && strcmp(rows[i].opcode, opcode) == 0 &&
            rows[i].index == index) {
            return rows[i].why;
        }
    }
    return NULL;
}

enum facts_compared facts_compared(const char *model, const char *opcode)
{
    static const struct {
        const char *model, *opcode;
        enum facts_compared what;
    } rows[] = {
#define ALL_FLAGS(model, opcode) {model, opcode, FACTS_RESULTS},
#define ALL_FLAGS_EVER(model)    {model, NULL, FACTS_ALL},
#include "tests/hardware/known.def"
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].model, model) == 0 &&
            (!rows[i].opcode || strcmp(rows[i].opcode, opcode) == 0)) {
            return rows[i].what;
        }
    }
    return FACTS_DEFINED;
}
