/*
 * Named fields: how state lists stand in a snapshot.
 *
 * A run of sections, each with the instance and type of what it holds, and fields of it.  All
 * numbers are little-endian; a text is a length byte and that many bytes.
 *
 *     section   u32 bytes that follow, text instance, text type, fields
 *     field     text path ("ch[2].mode"), u8 kind ('1' '2' '4' '8' or 'b'), u32 count, elements
 *
 * Elements take 1, 2, 4 or 8 bytes; a bool is one byte, 0 or 1.  A field that is missing keeps the
 * value its object has; one that the object does not know, or of another kind or count, is an
 * error that names it, e.g. "pit8254.counter[2].mode".
 *
 * The reader takes hostile bytes: every length is checked against what is there.
 */
#ifndef SNAPSHOTS_FIELDS_H
#define SNAPSHOTS_FIELDS_H

#include "base/state.h"
#include "base/status.h"

enum { FIELD_NAME_MOST = 128 };

/* Bytes that grow; owned by whoever began it. */
struct fields_writer {
    uint8_t *bytes;
    size_t used, room;
    size_t section; /* where the open section begins */
    bool failed;    /* memory ran out; what was written is not whole */
};

void fields_free(struct fields_writer *writer);
void fields_begin(struct fields_writer *writer, const char *instance, const char *type);
void fields_put(struct fields_writer *writer, const char *name, enum state_kind kind,
                uint32_t count, const void *elements);
/* Every field of a state list. */
void fields_put_state(struct fields_writer *writer, const struct state_desc *desc,
                      const void *object);
/* A text as elements of kind u8. */
void fields_put_text(struct fields_writer *writer, const char *name, const char *text);
void fields_end(struct fields_writer *writer);

struct fields_reader {
    const uint8_t *at, *end;
};

struct section {
    char instance[FIELD_NAME_MOST], type[FIELD_NAME_MOST];
    const uint8_t *at, *end; /* fields not taken yet; borrowed */
};

struct saved_field {
    char name[FIELD_NAME_MOST];
    enum state_kind kind;
    uint32_t count;
    const uint8_t *elements; /* borrowed */
};

/* The next section; false: there is none left, or (status) the bytes are wrong. */
bool fields_next(struct fields_reader *reader, struct section *section, struct status *status);
/* The next field of the section; false as above. */
bool section_next(struct section *section, struct saved_field *field, struct status *status);
/* One element of a field. */
uint64_t saved_element(const struct saved_field *field, uint32_t index);
/* A field of kind u8 as text, cut to room - 1 characters. */
void saved_text(const struct saved_field *field, char *text, size_t room);

/* Fills the object's list from the section. */
bool section_load(struct section section, const struct state_desc *desc, void *object,
                  struct status *status);

/* "uart16550[com2]", or the type alone where instance and type are the same word. */
void section_title(const struct section *section, char *title, size_t room);

#endif
