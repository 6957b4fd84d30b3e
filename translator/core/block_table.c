#include "translator/core/block_table.h"

#include "base/arena.h"
#include "base/populate.h"
#include "base/unshared.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 1 << 16 };

static size_t slots_bytes(const struct block_table *table)
{
    return ((size_t)table->mask + 1) * sizeof(*table->slots);
}

static void make_slots(struct block_table *table, uint32_t count)
{
    table->slots = host_memory_or_exit(unshared_create(count * sizeof(*table->slots)));
    populate(table->slots, count * sizeof(*table->slots));
    table->mask = count - 1;
    table->used = 0;
}

void block_table_create(struct block_table *table)
{
    make_slots(table, FIRST_SLOTS);
}

void block_table_destroy(struct block_table *table)
{
    unshared_destroy(table->slots, slots_bytes(table));
    *table = (struct block_table){0};
}

void block_table_clear(struct block_table *table)
{
    block_table_destroy(table);
    block_table_create(table);
}

void block_table_forked(struct block_table *table)
{
    unshared_renew(table->slots, slots_bytes(table));
    table->used = 0;
}

static void put(struct block_table *table, struct block_slot slot)
{
    uint32_t at = block_table_first(table, slot.hash);
    while (table->slots[at].block) {
        at = (at + 1) & table->mask;
    }
    table->slots[at] = slot;
    table->used++;
}

static void grow(struct block_table *table)
{
    struct block_table old = *table;
    make_slots(table, (old.mask + 1) * 2);
    for (uint32_t i = 0; i <= old.mask; i++) {
        if (old.slots[i].block) {
            put(table, old.slots[i]);
        }
    }
    block_table_destroy(&old);
}

void block_table_insert(struct block_table *table, uint64_t hash, struct block *block)
{
    if (table->used > table->mask / 2) {
        grow(table);
    }
    put(table, (struct block_slot){.hash = hash, .block = block});
}

/* Followers of the freed slot move up where that brings them no nearer than where they belong. */
static void close_gap(struct block_table *table, uint32_t gap)
{
    uint32_t mask = table->mask;
    for (uint32_t at = (gap + 1) & mask; table->slots[at].block; at = (at + 1) & mask) {
        uint32_t home = block_table_first(table, table->slots[at].hash);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            table->slots[gap] = table->slots[at];
            gap = at;
        }
    }
    table->slots[gap].block = NULL;
}

void block_table_remove(struct block_table *table, uint64_t hash, const struct block *block)
{
    uint32_t at = block_table_first(table, hash);
    while (table->slots[at].block != block) {
        assert(table->slots[at].block);
        at = (at + 1) & table->mask;
    }
    close_gap(table, at);
    table->used--;
}
