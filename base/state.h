/*
 * State lists: a device or CPU names each piece of its state once, and the list declares the struct
 * members, resets, compares, prints and walks them.
 *
 * A list is a macro of four parameters: an owner tag S that rows pass on, and the three row kinds.
 *
 *     #define PIT_CHANNEL_STATE(S, VAL, ARR, SUB)                                   \
 *         VAL(S, u32, reload, 0x10000, "programmed divisor; a written 0 means 65536") \
 *         ARR(S, u8, fifo, 16, 0, "bytes received")
 *     #define PIT_STATE(S, VAL, ARR, SUB)                                           \
 *         SUB(S, pit_channel, ch, 3, "the counters")
 *
 *     struct pit_channel { STATE_MEMBERS(PIT_CHANNEL_STATE) };
 *     struct pit { ...wires...  STATE_MEMBERS(PIT_STATE) ...derived... };
 *     STATE_DESC(pit_channel, PIT_CHANNEL_STATE);     // defines static const pit_channel_state
 *     STATE_DESC(pit, PIT_STATE);                     // a list may use lists described above it
 *
 * Kinds: u8 u16 u32 u64 bool.  Values are host-endian in memory; whoever saves writes them
 * little-endian by name.  Members that are wires or derived stay out of the list.
 */
#ifndef BASE_STATE_H
#define BASE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum state_kind { STATE_u8, STATE_u16, STATE_u32, STATE_u64, STATE_bool, STATE_sub };

struct state_desc;

struct state_field {
    const char *name;
    const char *meaning;
    const struct state_desc *sub; /* for STATE_sub, else NULL */
    uint64_t reset;               /* value of every element after reset */
    uint32_t offset;              /* of the first element in the owner */
    uint32_t count;               /* elements; 1 for a plain value */
    enum state_kind kind;
};

struct state_desc {
    const char *name;
    const struct state_field *fields;
    uint32_t field_count;
    uint32_t size; /* of the owner struct, bytes */
};

#define STATE_CTYPE_u8   uint8_t
#define STATE_CTYPE_u16  uint16_t
#define STATE_CTYPE_u32  uint32_t
#define STATE_CTYPE_u64  uint64_t
#define STATE_CTYPE_bool bool

/* clang-format off */
#define STATE_MEMBER_VAL(S, kind, name, reset, meaning)        STATE_CTYPE_##kind name;
#define STATE_MEMBER_ARR(S, kind, name, n, reset, meaning)     STATE_CTYPE_##kind name[n];
#define STATE_MEMBER_SUB(S, type, name, n, meaning)            struct type name[n];
#define STATE_MEMBERS(LIST) LIST(_, STATE_MEMBER_VAL, STATE_MEMBER_ARR, STATE_MEMBER_SUB)

#define STATE_FIELD_VAL(S, kind, name, reset, meaning) \
    {#name, meaning, NULL, (reset), (uint32_t)offsetof(struct S, name), 1, STATE_##kind},
#define STATE_FIELD_ARR(S, kind, name, n, reset, meaning) \
    {#name, meaning, NULL, (reset), (uint32_t)offsetof(struct S, name), (n), STATE_##kind},
#define STATE_FIELD_SUB(S, type, name, n, meaning) \
    {#name, meaning, &type##_state, 0, (uint32_t)offsetof(struct S, name), (n), STATE_sub},

#define STATE_DESC(type, LIST)                                                                 \
    static const struct state_field type##_fields[] = {                                        \
        LIST(type, STATE_FIELD_VAL, STATE_FIELD_ARR, STATE_FIELD_SUB)};                        \
    static const struct state_desc type##_state = {                                            \
        #type, type##_fields, sizeof(type##_fields) / sizeof(type##_fields[0]),                \
        sizeof(struct type)}
/* clang-format on */

/* Every member of the list takes its reset value. */
void state_reset(const struct state_desc *desc, void *object);

/* True when all members of the list are equal; else *where (if not NULL) names the first that
 * differs. */
bool state_equal(const struct state_desc *desc, const void *a, const void *b,
                 const struct state_field **where);

/* Copies the members of the list and nothing else. */
void state_copy(const struct state_desc *desc, void *to, const void *from);

/* Prints "prefix.name = value" lines; looking has no side effects. */
void state_print(const struct state_desc *desc, const void *object, const char *prefix, FILE *out);

/* Calls visit for each field of plain kind with its full path ("ch[2].mode") and first element. */
typedef void state_visitor(void *user, const char *path, const struct state_field *field,
                           void *elements);
void state_walk(const struct state_desc *desc, void *object, const char *prefix,
                state_visitor *visit, void *user);

/* Bytes of one element of a plain kind. */
unsigned state_kind_size(enum state_kind kind);

/* One element of a plain kind. */
uint64_t state_get(enum state_kind kind, const void *at);
void state_put(enum state_kind kind, void *at, uint64_t value);

/* Order-dependent 64-bit FNV-1a hash of all members, host-independent. */
uint64_t state_hash(const struct state_desc *desc, const void *object, uint64_t seed);

#endif
