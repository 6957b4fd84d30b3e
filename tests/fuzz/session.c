/*
 * Running one case everywhere and comparing.
 */
#include "tests/fuzz/session.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>

static const char *const engine_names[ENGINES] = {"native", "portable"};

bool session_create(struct session *s, const char *host_cpu, const char *engines, bool plain,
                    const char **why)
{
    memset(s, 0, sizeof(*s));
    if (!native_create(&s->native, host_cpu, why)) {
        return false;
    }
    for (unsigned i = 0; i < ENGINES; i++) {
        if (strcmp(engines, "both") == 0 || strcmp(engines, engine_names[i]) == 0) {
            s->guest[i] = guest_create(engine_names[i], plain);
            *why = "an engine is not available";
            if (!s->guest[i]) {
                return false;
            }
        }
    }
    return true;
}

void session_destroy(struct session *s)
{
    native_destroy(&s->native);
    for (unsigned i = 0; i < ENGINES; i++) {
        if (s->guest[i]) {
            guest_destroy(s->guest[i]);
        }
    }
}

bool session_has(const struct session *s, enum fuzz_class class)
{
    unsigned reg;
    int bit;
    uint32_t host[4] = {0}, guest[4] = {0};
    class_cpuid(class, &reg, &bit);
    if (bit < 0) {
        return true;
    }
    guest_cpuid(s->guest[0] ? s->guest[0] : s->guest[1], 1, guest);
    return __get_cpuid(1, &host[0], &host[1], &host[2], &host[3]) && host[reg] >> bit & 1 &&
           guest[reg] >> bit & 1;
}

void session_run_host(struct session *s, uint32_t count)
{
    struct fuzz_slot *slot = s->native.shared->slot;
    for (uint32_t i = 0; i < count && s->native.code64; i++) {
        slot[i].before.sreg[FUZZ_CS] = FUZZ_SEL_CODE64;
    }
    native_begin(&s->native, count);
    native_wait(&s->native);
    for (uint32_t i = 0; i < count && s->native.code64; i++) { /* the guest's is of 32 bits */
        slot[i].before.sreg[FUZZ_CS] = FUZZ_SEL_CODE32;
        slot[i].after.sreg[FUZZ_CS] = FUZZ_SEL_CODE32;
    }
}

unsigned session_engines(const struct session *s)
{
    return (s->guest[0] ? 1u : 0u) | (s->guest[1] ? 2u : 0u);
}

const char *session_engine_name(unsigned engine)
{
    return engine_names[engine];
}

unsigned session_judge(struct session *s, const struct fuzz_slot *slot, bool loose)
{
    struct outcome host = {&slot->after, slot->memory_after};
    unsigned differ = 0;
    for (unsigned i = 0; i < ENGINES; i++) {
        struct fuzz_state after;
        struct outcome guest = {&after, s->memory_after};
        char why[WHY];
        if (!s->guest[i]) {
            continue;
        }
        guest_run(s->guest[i], slot, &after, s->memory_after);
        if (!compare(slot, loose, s->all_flags, host, guest, why, sizeof(why))) {
            if (!differ) {
                snprintf(s->why, sizeof(s->why), "%s engine\n%.*s", engine_names[i], WHY - 32, why);
            }
            differ |= 1u << i;
        }
    }
    return differ;
}

bool session_agrees(struct session *s, const struct fuzz_slot *slot, const struct shape *shape)
{
    struct fuzz_slot *first = &s->native.shared->slot[0];
    first->before = slot->before;
    memcpy(first->memory, slot->memory, FUZZ_BYTES);
    session_run_host(s, 1);
    return session_judge(s, first, shape->class == CLASS_transcendental) == 0;
}
