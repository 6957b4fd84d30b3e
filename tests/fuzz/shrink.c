/*
 * Shrinking: whatever can be taken away from a case with the difference still there, is.
 */
#include "tests/fuzz/session.h"

#include "base/endian.h"

#include <stddef.h>
#include <string.h>

struct shrinking {
    struct session *session;
    struct fuzz_slot *slot;
    struct shape *shape;
    bool changed;
};

/* After a change: keeps it when the case still differs, else puts the old one back. */
static bool keep(struct shrinking *s, const struct fuzz_slot *old, const struct shape *old_shape)
{
    if (!session_agrees(s->session, s->slot, s->shape)) {
        s->changed = true;
        return true;
    }
    s->slot->before = old->before;
    memcpy(s->slot->memory, old->memory, FUZZ_BYTES);
    *s->shape = *old_shape;
    return false;
}

static struct fuzz_slot *save(struct shrinking *s, struct shape *shape)
{
    struct fuzz_slot *old = &s->session->scratch;
    old->before = s->slot->before;
    memcpy(old->memory, s->slot->memory, FUZZ_BYTES);
    *shape = *s->shape;
    return old;
}

/* Takes bytes out of the code; what follows moves up. */
static void cut(struct shrinking *s, uint32_t at, uint32_t bytes)
{
    uint8_t *code = code_at(s->slot);
    uint8_t *end = s->slot->memory + FUZZ_CODE_BYTES;
    memmove(code + at, code + at + bytes, (size_t)(end - (code + at + bytes)));
    memset(end - bytes, FUZZ_FILLER, bytes);
}

static void drop_insns(struct shrinking *s)
{
    uint32_t at = 0;
    for (unsigned i = 0; i < s->shape->insns && s->shape->insns > 1;) {
        struct shape shape;
        struct fuzz_slot *old = save(s, &shape);
        unsigned length = s->shape->length[i];
        cut(s, at, length);
        s->shape->insns--;
        memmove(s->shape->length + i, s->shape->length + i + 1, s->shape->insns - i);
        if (!keep(s, old, &shape)) {
            at += length;
            i++;
        }
    }
}

static bool is_prefix(uint8_t byte)
{
    return byte == 0x66 || byte == 0x67 || byte == 0xf0 || byte == 0xf2 || byte == 0xf3 ||
           (byte & 0xe7) == 0x26 || byte == 0x65;
}

static bool runnable(struct shrinking *s, uint32_t at)
{
    struct x86_insn insn;
    struct x86_decode_mode mode = case_mode(&s->slot->before, UINT64_MAX);
    enum x86_decode_result result = x86_decode(code_at(s->slot) + at, X86_MAX_LENGTH, &mode, &insn);
    return result != X86_DECODED || insn_rule(&insn) != RULE_NEVER;
}

static void drop_prefixes(struct shrinking *s)
{
    uint32_t at = 0;
    for (unsigned i = 0; i < s->shape->insns; i++) {
        for (uint32_t k = 0; k + 1 < s->shape->length[i];) {
            struct shape shape;
            struct fuzz_slot *old = save(s, &shape);
            if (!is_prefix(code_at(s->slot)[at + k])) {
                break;
            }
            cut(s, at + k, 1);
            s->shape->length[i]--;
            if (!runnable(s, at) || !keep(s, old, &shape)) {
                s->slot->before = old->before;
                memcpy(s->slot->memory, old->memory, FUZZ_BYTES);
                *s->shape = shape;
                k++;
            }
        }
        at += s->shape->length[i];
    }
}

static void try_default(struct shrinking *s, size_t at, size_t bytes)
{
    struct fuzz_state standard = state_default();
    struct shape shape;
    uint8_t *now = (uint8_t *)&s->slot->before + at;
    const uint8_t *then = (const uint8_t *)&standard + at;
    if (memcmp(now, then, bytes) == 0) {
        return;
    }
    struct fuzz_slot *old = save(s, &shape);
    memcpy(now, then, bytes);
    keep(s, old, &shape);
}

/* 32-bit code at the usual place, when the same bytes fail there. */
static void try_start(struct shrinking *s)
{
    struct shape shape;
    if (s->slot->before.eip == FUZZ_START) {
        return;
    }
    struct fuzz_slot *old = save(s, &shape);
    uint8_t code[CASE_INSNS * X86_MAX_LENGTH];
    unsigned bytes = 0;
    for (unsigned i = 0; i < s->shape->insns; i++) {
        bytes += s->shape->length[i];
    }
    uint32_t offset = code_linear(&old->before) - FUZZ_CODE;
    bytes = offset + bytes <= FUZZ_CODE_BYTES ? bytes : FUZZ_CODE_BYTES - offset;
    memcpy(code, code_at(s->slot), bytes);
    memset(s->slot->memory, FUZZ_FILLER, FUZZ_CODE_BYTES);
    s->slot->before.eip = FUZZ_START;
    s->slot->before.sreg[FUZZ_CS] = FUZZ_SEL_CODE32;
    memcpy(code_at(s->slot), code, bytes);
    if (!keep(s, old, &shape) && shape.insns) {
        return;
    }
}

static void default_state(struct shrinking *s)
{
    for (unsigned i = 0; i < 8 && !s->session->native.code64; i++) { /* there addresses must hold */
        try_default(s, offsetof(struct fuzz_state, gpr) + 4 * i, 4);
    }
    try_default(s, offsetof(struct fuzz_state, eflags), 4);
    for (unsigned i = 0; i < FUZZ_SREGS; i++) {
        if (i != FUZZ_CS) {
            try_default(s, offsetof(struct fuzz_state, sreg) + 2 * i, 2);
        }
    }
    size_t fx = offsetof(struct fuzz_state, fx);
    try_default(s, fx, FX_END);
    try_default(s, fx + FX_FCW, 4); /* with the status word, which must suit it */
    try_default(s, fx + FX_FCW, 2);
    try_default(s, fx + FX_FSW, 2);
    try_default(s, fx + FX_FTW, 1);
    try_default(s, fx + FX_MXCSR, 4);
    for (unsigned i = 0; i < 16; i++) {
        try_default(s, fx + FX_ST + 16 * i, 16);
    }
}

static void clear_memory(struct shrinking *s, uint32_t from, uint32_t bytes)
{
    static const uint8_t zero[FUZZ_BYTES];
    struct shape shape;
    if (memcmp(s->slot->memory + from, zero, bytes) == 0) {
        return;
    }
    struct fuzz_slot *old = save(s, &shape);
    memset(s->slot->memory + from, 0, bytes);
    if (!keep(s, old, &shape) && bytes > 1) {
        clear_memory(s, from, bytes / 2);
        clear_memory(s, from + bytes / 2, bytes - bytes / 2);
    }
}

bool session_shrink(struct session *session, struct fuzz_slot *slot, struct shape *shape)
{
    struct shrinking s = {session, slot, shape, true};
    for (unsigned round = 0; s.changed && round < 4; round++) {
        s.changed = false;
        drop_insns(&s);
        drop_prefixes(&s);
        try_start(&s);
        default_state(&s);
        clear_memory(&s, FUZZ_CODE_BYTES, FUZZ_BYTES - FUZZ_CODE_BYTES);
    }
    return !session_agrees(session, slot, shape); /* leaves `why` of the smallest */
}
