#include "base/state.h"

#include <inttypes.h>
#include <string.h>

unsigned state_kind_size(enum state_kind kind)
{
    static const uint8_t sizes[] = {[STATE_u8] = 1,
                                    [STATE_u16] = 2,
                                    [STATE_u32] = 4,
                                    [STATE_u64] = 8,
                                    [STATE_bool] = sizeof(bool)};
    return kind == STATE_sub ? 0 : sizes[kind];
}

static size_t element_size(const struct state_field *field)
{
    return field->kind == STATE_sub ? field->sub->size : state_kind_size(field->kind);
}

uint64_t state_get(enum state_kind kind, const void *at)
{
    switch (kind) {
    case STATE_u8:
        return *(const uint8_t *)at;
    case STATE_u16:
        return *(const uint16_t *)at;
    case STATE_u32:
        return *(const uint32_t *)at;
    case STATE_u64:
        return *(const uint64_t *)at;
    case STATE_bool:
        return *(const bool *)at;
    case STATE_sub:
        break;
    }
    return 0;
}

void state_put(enum state_kind kind, void *at, uint64_t value)
{
    switch (kind) {
    case STATE_u8:
        *(uint8_t *)at = (uint8_t)value;
        break;
    case STATE_u16:
        *(uint16_t *)at = (uint16_t)value;
        break;
    case STATE_u32:
        *(uint32_t *)at = (uint32_t)value;
        break;
    case STATE_u64:
        *(uint64_t *)at = value;
        break;
    case STATE_bool:
        *(bool *)at = value != 0;
        break;
    case STATE_sub:
        break;
    }
}

void state_reset(const struct state_desc *desc, void *object)
{
    for (uint32_t i = 0; i < desc->field_count; i++) {
        const struct state_field *field = &desc->fields[i];
        uint8_t *at = (uint8_t *)object + field->offset;
        for (uint32_t k = 0; k < field->count; k++, at += element_size(field)) {
            if (field->kind == STATE_sub) {
                state_reset(field->sub, at);
            } else {
                state_put(field->kind, at, field->reset);
            }
        }
    }
}

static bool field_equal(const struct state_field *field, const uint8_t *a, const uint8_t *b,
                        const struct state_field **where)
{
    for (uint32_t k = 0; k < field->count; k++) {
        size_t skip = k * element_size(field);
        if (field->kind == STATE_sub) {
            if (!state_equal(field->sub, a + skip, b + skip, where)) {
                return false;
            }
        } else if (state_get(field->kind, a + skip) != state_get(field->kind, b + skip)) {
            if (where) {
                *where = field;
            }
            return false;
        }
    }
    return true;
}

bool state_equal(const struct state_desc *desc, const void *a, const void *b,
                 const struct state_field **where)
{
    for (uint32_t i = 0; i < desc->field_count; i++) {
        const struct state_field *field = &desc->fields[i];
        if (!field_equal(field, (const uint8_t *)a + field->offset,
                         (const uint8_t *)b + field->offset, where)) {
            return false;
        }
    }
    return true;
}

void state_copy(const struct state_desc *desc, void *to, const void *from)
{
    for (uint32_t i = 0; i < desc->field_count; i++) {
        const struct state_field *field = &desc->fields[i];
        uint8_t *out = (uint8_t *)to + field->offset;
        const uint8_t *in = (const uint8_t *)from + field->offset;
        for (uint32_t k = 0; k < field->count; k++) {
            size_t skip = k * element_size(field);
            if (field->kind == STATE_sub) {
                state_copy(field->sub, out + skip, in + skip);
            } else {
                memcpy(out + skip, in + skip, element_size(field));
            }
        }
    }
}

void state_walk(const struct state_desc *desc, void *object, const char *prefix,
                state_visitor *visit, void *user)
{
    for (uint32_t i = 0; i < desc->field_count; i++) {
        const struct state_field *field = &desc->fields[i];
        uint8_t *at = (uint8_t *)object + field->offset;
        char path[128];
        if (field->kind != STATE_sub) {
            snprintf(path, sizeof(path), "%s%s", prefix, field->name);
            visit(user, path, field, at);
            continue;
        }
        for (uint32_t k = 0; k < field->count; k++) {
            if (field->count > 1) {
                snprintf(path, sizeof(path), "%s%s[%" PRIu32 "].", prefix, field->name, k);
            } else {
                snprintf(path, sizeof(path), "%s%s.", prefix, field->name);
            }
            state_walk(field->sub, at + k * element_size(field), path, visit, user);
        }
    }
}

static void print_field(void *user, const char *path, const struct state_field *field,
                        void *elements)
{
    FILE *out = user;
    fprintf(out, "%s =", path);
    uint32_t shown = field->count > 64 ? 64 : field->count;
    for (uint32_t k = 0; k < shown; k++) {
        fprintf(out, " %" PRIx64,
                state_get(field->kind, (uint8_t *)elements + k * element_size(field)));
    }
    fputs(shown < field->count ? " ...\n" : "\n", out);
}

void state_print(const struct state_desc *desc, const void *object, const char *prefix, FILE *out)
{
    union {
        const void *in;
        void *out;
    } same = {.in = object};
    state_walk(desc, same.out, prefix, print_field, out);
}

uint64_t state_hash(const struct state_desc *desc, const void *object, uint64_t seed)
{
    uint64_t hash = seed ^ UINT64_C(0xcbf29ce484222325);
    for (uint32_t i = 0; i < desc->field_count; i++) {
        const struct state_field *field = &desc->fields[i];
        const uint8_t *at = (const uint8_t *)object + field->offset;
        for (uint32_t k = 0; k < field->count; k++, at += element_size(field)) {
            uint64_t value = field->kind == STATE_sub ? state_hash(field->sub, at, hash)
                                                      : state_get(field->kind, at);
            for (unsigned byte = 0; byte < 8; byte++) {
                hash = (hash ^ (value >> 8 * byte & 0xff)) * UINT64_C(0x100000001b3);
            }
        }
    }
    return hash;
}
