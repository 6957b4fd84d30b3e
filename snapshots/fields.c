/* See fields.h. */
#include "snapshots/fields.h"

#include "base/endian.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_ROOM = 65536 };

static const char kind_codes[] = {
    [STATE_u8] = '1', [STATE_u16] = '2', [STATE_u32] = '4', [STATE_u64] = '8', [STATE_bool] = 'b'};

/* Bytes of an element in a file. */
static unsigned stored_size(enum state_kind kind)
{
    return kind == STATE_bool ? 1 : state_kind_size(kind);
}

/* ---- writing ---- */

static uint8_t *more(struct fields_writer *writer, size_t bytes)
{
    if (writer->failed) {
        return NULL;
    }
    if (writer->room - writer->used < bytes) {
        size_t room = 2 * (writer->used + bytes) + LEAST_ROOM;
        uint8_t *grown = realloc(writer->bytes, room);
        if (!grown) {
            writer->failed = true;
            return NULL;
        }
        writer->bytes = grown;
        writer->room = room;
    }
    uint8_t *at = writer->bytes + writer->used;
    writer->used += bytes;
    return at;
}

void fields_free(struct fields_writer *writer)
{
    free(writer->bytes);
    *writer = (struct fields_writer){0};
}

static void put_name(struct fields_writer *writer, const char *text)
{
    size_t length = strlen(text);
    length = length < FIELD_NAME_MOST ? length : FIELD_NAME_MOST - 1;
    uint8_t *at = more(writer, 1 + length);
    if (at) {
        at[0] = (uint8_t)length;
        memcpy(at + 1, text, length);
    }
}

void fields_begin(struct fields_writer *writer, const char *instance, const char *type)
{
    writer->section = writer->used;
    more(writer, 4);
    put_name(writer, instance);
    put_name(writer, type);
}

void fields_end(struct fields_writer *writer)
{
    if (!writer->failed) {
        store_le32(writer->bytes + writer->section, (uint32_t)(writer->used - writer->section - 4));
    }
}

static void put_element(uint8_t *to, enum state_kind kind, const void *from)
{
    store_le(to, state_get(kind, from), stored_size(kind));
}

void fields_put(struct fields_writer *writer, const char *name, enum state_kind kind,
                uint32_t count, const void *elements)
{
    put_name(writer, name);
    size_t size = stored_size(kind);
    uint8_t *at = more(writer, 5 + count * size);
    if (!at) {
        return;
    }
    at[0] = (uint8_t)kind_codes[kind];
    store_le32(at + 1, count);
    const uint8_t *from = elements;
    if (kind == STATE_u8) {
        memcpy(at + 5, from, count);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        put_element(at + 5 + i * size, kind, from + (size_t)i * state_kind_size(kind));
    }
}

void fields_put_text(struct fields_writer *writer, const char *name, const char *text)
{
    fields_put(writer, name, STATE_u8, (uint32_t)strlen(text), text);
}

static void put_visited(void *writer, const char *path, const struct state_field *field,
                        void *elements)
{
    fields_put(writer, path, field->kind, field->count, elements);
}

void fields_put_state(struct fields_writer *writer, const struct state_desc *desc,
                      const void *object)
{
    union {
        const void *in;
        void *out;
    } same = {.in = object}; /* the visitor only reads */
    state_walk(desc, same.out, "", put_visited, writer);
}

/* ---- reading ---- */

static bool take_name(const uint8_t **at, const uint8_t *end, char name[FIELD_NAME_MOST])
{
    size_t left = (size_t)(end - *at);
    if (left < 1 || left - 1 < **at || **at >= FIELD_NAME_MOST) {
        return false;
    }
    size_t length = **at;
    memcpy(name, *at + 1, length);
    name[length] = 0;
    *at += 1 + length;
    return strlen(name) == length;
}

bool fields_next(struct fields_reader *reader, struct section *section, struct status *status)
{
    size_t left = (size_t)(reader->end - reader->at);
    if (left == 0) {
        return false;
    }
    if (left < 4 || load_le32(reader->at) > left - 4) {
        return status_fail(status, "a section of the state is cut short");
    }
    section->at = reader->at + 4;
    section->end = section->at + load_le32(reader->at);
    reader->at = section->end;
    return (take_name(&section->at, section->end, section->instance) &&
            take_name(&section->at, section->end, section->type)) ||
           status_fail(status, "a section of the state has no name");
}

static bool kind_of(uint8_t code, enum state_kind *kind)
{
    for (unsigned i = 0; i < sizeof(kind_codes); i++) {
        if (kind_codes[i] == (char)code) {
            *kind = (enum state_kind)i;
            return true;
        }
    }
    return false;
}

bool section_next(struct section *section, struct saved_field *field, struct status *status)
{
    char title[2 * FIELD_NAME_MOST];
    if (section->at == section->end) {
        return false;
    }
    section_title(section, title, sizeof(title));
    if (!take_name(&section->at, section->end, field->name)) {
        return status_fail(status, "%s: a field has no name", title);
    }
    size_t left = (size_t)(section->end - section->at);
    if (left < 5 || !kind_of(section->at[0], &field->kind)) {
        return status_fail(status, "%s.%s: unknown kind", title, field->name);
    }
    field->count = load_le32(section->at + 1);
    size_t size = stored_size(field->kind);
    if ((left - 5) / size < field->count) {
        return status_fail(status, "%s.%s is cut short", title, field->name);
    }
    field->elements = section->at + 5;
    section->at = field->elements + field->count * size;
    for (uint32_t i = 0; field->kind == STATE_bool && i < field->count; i++) {
        if (field->elements[i] > 1) {
            return status_fail(status, "%s.%s is neither true nor false", title, field->name);
        }
    }
    return true;
}

uint64_t saved_element(const struct saved_field *field, uint32_t index)
{
    unsigned size = stored_size(field->kind);
    return index < field->count ? load_le(field->elements + (size_t)index * size, size) : 0;
}

void saved_text(const struct saved_field *field, char *text, size_t room)
{
    size_t length = field->kind == STATE_u8 ? field->count : 0;
    length = length < room ? length : room - 1;
    memcpy(text, field->elements, length);
    text[length] = 0;
}

void section_title(const struct section *section, char *title, size_t room)
{
    if (!section->instance[0] || strcmp(section->instance, section->type) == 0) {
        snprintf(title, room, "%s", section->type);
    } else {
        snprintf(title, room, "%s[%s]", section->type, section->instance);
    }
}

/* ---- filling an object ---- */

struct filling {
    const struct saved_field *field;
    bool found, fits;
};

static void get_element(const struct saved_field *field, uint32_t index, void *to)
{
    state_put(field->kind, to, saved_element(field, index));
}

static void fill(const struct saved_field *field, void *elements)
{
    size_t size = state_kind_size(field->kind);
    if (field->kind == STATE_u8) {
        memcpy(elements, field->elements, field->count);
        return;
    }
    for (uint32_t i = 0; i < field->count; i++) {
        get_element(field, i, (uint8_t *)elements + i * size);
    }
}

static void fill_member(struct filling *filling, const struct state_field *field, void *elements)
{
    filling->found = true;
    filling->fits = field->kind == filling->field->kind && field->count == filling->field->count;
    if (filling->fits) {
        fill(filling->field, elements);
    }
}

/* Follows the first step of a path into a sub-list; NULL: there is none of that name. */
static const struct state_desc *enter(const struct state_desc *desc, const char **path,
                                      uint8_t **object)
{
    for (uint32_t i = 0; i < desc->field_count; i++) {
        const struct state_field *field = &desc->fields[i];
        size_t length = strlen(field->name);
        if (field->kind != STATE_sub || strncmp(*path, field->name, length) != 0) {
            continue;
        }
        const char *rest = *path + length;
        unsigned long index = 0;
        if (*rest == '[' && field->count > 1) {
            char *end;
            index = strtoul(rest + 1, &end, 10);
            rest = *end == ']' ? end + 1 : "";
        }
        if (*rest == '.' && index < field->count) {
            *path = rest + 1;
            *object += field->offset + index * field->sub->size;
            return field->sub;
        }
    }
    return NULL;
}

static void fill_by_path(const struct state_desc *desc, void *object, struct filling *filling)
{
    const char *path = filling->field->name;
    uint8_t *at = object;
    const struct state_desc *sub = desc;
    while (strchr(path, '.') && (sub = enter(desc, &path, &at))) {
        desc = sub;
    }
    if (!sub) {
        return;
    }
    for (uint32_t i = 0; i < desc->field_count; i++) {
        const struct state_field *field = &desc->fields[i];
        if (field->kind != STATE_sub && strcmp(field->name, path) == 0) {
            fill_member(filling, field, at + field->offset);
            return;
        }
    }
}

bool section_load(struct section section, const struct state_desc *desc, void *object,
                  struct status *status)
{
    struct saved_field field;
    char title[2 * FIELD_NAME_MOST];
    section_title(&section, title, sizeof(title));
    while (section_next(&section, &field, status)) {
        struct filling filling = {.field = &field};
        fill_by_path(desc, object, &filling);
        if (!filling.found) {
            return status_fail(status, "%s.%s: this version has no such field", title, field.name);
        }
        if (!filling.fits) {
            return status_fail(status, "%s.%s: not of the kind or count of this version", title,
                               field.name);
        }
    }
    return !status->failed;
}
