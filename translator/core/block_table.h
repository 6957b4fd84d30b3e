/*
 * The blocks of the translation cache by hash: open addressing with linear probing.  A search reads
 * the table and, but for what has the same hash, no block: those are cold memory.
 *
 * Blocks are borrowed.  Several may have one hash.  Running out of host memory ends the process,
 * as in base/arena.h.
 */
#ifndef TRANSLATOR_CORE_BLOCK_TABLE_H
#define TRANSLATOR_CORE_BLOCK_TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct block;

struct block_slot {
    uint64_t hash;
    struct block *block; /* NULL: free */
};

struct block_table {
    struct block_slot *slots;
    uint32_t mask; /* slots - 1, a power of two less one */
    uint32_t used; /* at most half of them */
};

void block_table_create(struct block_table *table);
void block_table_destroy(struct block_table *table);
/* Takes all blocks out. */
void block_table_clear(struct block_table *table);
/* The same in a forked process, which begins without the slots. */
void block_table_forked(struct block_table *table);

void block_table_insert(struct block_table *table, uint64_t hash, struct block *block);
/* Takes out a block that was put in with that hash. */
void block_table_remove(struct block_table *table, uint64_t hash, const struct block *block);

/* Where the search for a hash begins, for block_table_next(). */
static inline uint32_t block_table_first(const struct block_table *table, uint64_t hash)
{
    return (uint32_t)(hash >> 32) & table->mask;
}

/* The next block of that hash from *at on, which moves behind it; NULL: no more. */
static inline struct block *block_table_next(const struct block_table *table, uint64_t hash,
                                             uint32_t *at)
{
    for (;;) {
        const struct block_slot *slot = &table->slots[*at];
        *at = (*at + 1) & table->mask;
        if (!slot->block || slot->hash == hash) {
            return slot->block;
        }
    }
}

#endif
