#include "base/arena.h"

#include "base/populate.h"
#include "base/unshared.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, POPULATED_LEAST = 64 << 10, EXIT_INTERNAL = 33 };

struct chunk {
    struct chunk *previous;
    size_t used;
    size_t size;
    uint8_t *bytes; /* behind this struct, or apart */
};

struct arena {
    struct chunk *top;
    size_t chunk_bytes;
    bool unshared;
};

void *host_memory_or_exit(void *memory)
{
    if (!memory) {
        fputs("vestige: out of host memory\n", stderr);
        exit(EXIT_INTERNAL);
    }
    return memory;
}

void *host_calloc(size_t count, size_t bytes)
{
    return host_memory_or_exit(calloc(count, bytes));
}

static void add_chunk(struct arena *arena, size_t bytes, bool present)
{
    size_t head = (sizeof(struct chunk) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct chunk *chunk = host_memory_or_exit(malloc(head + (arena->unshared ? 0 : bytes)));
    chunk->previous = arena->top;
    chunk->used = 0;
    chunk->size = bytes;
    chunk->bytes =
        arena->unshared ? host_memory_or_exit(unshared_create(bytes)) : (uint8_t *)chunk + head;
    if (present && bytes >= POPULATED_LEAST) {
        populate(chunk->bytes, bytes);
    }
    arena->top = chunk;
}

static void drop_chunk(struct arena *arena)
{
    struct chunk *chunk = arena->top;
    arena->top = chunk->previous;
    if (arena->unshared) {
        unshared_destroy(chunk->bytes, chunk->size);
    }
    free(chunk);
}

static struct arena *create(size_t chunk_bytes, bool unshared)
{
    struct arena *arena = host_calloc(1, sizeof(*arena));
    arena->chunk_bytes = chunk_bytes;
    arena->unshared = unshared;
    add_chunk(arena, chunk_bytes, true);
    return arena;
}

struct arena *arena_create(size_t chunk_bytes)
{
    return create(chunk_bytes, false);
}

struct arena *arena_create_unshared(size_t chunk_bytes)
{
    return create(chunk_bytes, true);
}

void arena_renew(struct arena *arena)
{
    while (arena->top) {
        drop_chunk(arena);
    }
    add_chunk(arena, arena->chunk_bytes, false);
}

void arena_destroy(struct arena *arena)
{
    if (!arena) {
        return;
    }
    while (arena->top) {
        drop_chunk(arena);
    }
    free(arena);
}

static size_t rounded(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

void *arena_alloc_raw(struct arena *arena, size_t bytes)
{
    size_t size = rounded(bytes);
    if (arena->top->size - arena->top->used < size) {
        size_t chunk = size > arena->chunk_bytes ? size : arena->chunk_bytes;
        add_chunk(arena, chunk, true);
    }
    void *at = arena->top->bytes + arena->top->used;
    arena->top->used += size;
    return at;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    return memset(arena_alloc_raw(arena, bytes), 0, rounded(bytes));
}

void arena_trim(struct arena *arena, const void *object, size_t was, size_t bytes)
{
    const uint8_t *end = arena->top->bytes + arena->top->used;
    if ((const uint8_t *)object + rounded(was) == end && bytes < was) {
        arena->top->used -= rounded(was) - rounded(bytes);
    }
}

char *arena_strdup(struct arena *arena, const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(arena_alloc(arena, bytes), text, bytes);
}

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){.chunk = arena->top, .used = arena->top->used};
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
    while (arena->top != mark.chunk) {
        drop_chunk(arena);
    }
    arena->top->used = mark.used;
}

size_t arena_used(const struct arena *arena)
{
    size_t sum = 0;
    for (const struct chunk *chunk = arena->top; chunk; chunk = chunk->previous) {
        sum += chunk->used;
    }
    return sum;
}
