/* Makes cases: a few instructions of one class, a state and memory they run from. */
#ifndef TESTS_FUZZ_GENERATE_H
#define TESTS_FUZZ_GENERATE_H

#include "tests/fuzz/dice.h"
#include "tests/fuzz/template.h"
#include "tests/fuzz/world.h"

enum { CASE_INSNS = 12, POOL_BYTES = 1 << 18 };

struct generator {
    const struct templates *templates;
    uint64_t features;        /* bit per enum x86_feature: encodings both processors have */
    bool all_flags;           /* undefined flags may be read */
    bool local;               /* segments of the local descriptor table, too */
    bool code64;              /* only what does the same in 64-bit code */
    unsigned most_insns;      /* per case, at most CASE_INSNS */
    uint8_t pool[POOL_BYTES]; /* values, what memory is filled from */
};

/* The instructions of a case; its bytes stand in slot->memory at the entry point. */
struct shape {
    enum fuzz_class class;
    unsigned insns;
    uint8_t length[CASE_INSNS];
};

void generator_init(struct generator *g, const struct templates *templates);
/* The case of that seed, into slot->before and slot->memory. */
void generate(const struct generator *g, enum fuzz_class class, uint64_t seed,
              struct fuzz_slot *slot, struct shape *shape);

/* The state every register has unless a case says otherwise; memory is zero then. */
struct fuzz_state state_default(void);
/* Linear address of the entry point, and where that is in memory. */
uint32_t code_linear(const struct fuzz_state *state);
uint8_t *code_at(struct fuzz_slot *slot);
/* Where a linear address is in a slot's memory; NULL: nowhere. */
uint8_t *memory_at(uint8_t *memory, uint32_t linear);
struct x86_decode_mode case_mode(const struct fuzz_state *state, uint64_t features);
/* Some segment register is of the local descriptor table. */
bool state_local(const struct fuzz_state *state);
/* Linear base of a selector of world.h. */
uint32_t selector_base(uint16_t selector);

#endif
