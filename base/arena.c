#include "base/arena.h"

#include "base/populate.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, POPULATED_LEAST = 64 << 10, EXIT_INTERNAL = 33 };

struct chunk {
    struct chunk *previous;
    size_t used;
    size_t size;
    alignas(ALIGN) uint8_t bytes[];
};

struct arena {
    struct chunk *top;
    size_t chunk_bytes;
};

static void *or_exit(void *memory)
{
    if (!memory) {
        fputs("vestige: out of host memory\n", stderr);
        exit(EXIT_INTERNAL);
    }
    return memory;
}

void *host_calloc(size_t count, size_t bytes)
{
    return or_exit(calloc(count, bytes));
}

static struct chunk *chunk_create(struct chunk *previous, size_t bytes)
{
    struct chunk *chunk = or_exit(malloc(sizeof(*chunk) + bytes));
    if (bytes >= POPULATED_LEAST) {
        populate(chunk, bytes);
    }
    chunk->previous = previous;
    chunk->used = 0;
    chunk->size = bytes;
    return chunk;
}

struct arena *arena_create(size_t chunk_bytes)
{
    struct arena *arena = or_exit(malloc(sizeof(*arena)));
    arena->chunk_bytes = chunk_bytes;
    arena->top = chunk_create(NULL, chunk_bytes);
    return arena;
}

void arena_destroy(struct arena *arena)
{
    if (!arena) {
        return;
    }
    for (struct chunk *chunk = arena->top; chunk;) {
        struct chunk *previous = chunk->previous;
        free(chunk);
        chunk = previous;
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
        arena->top = chunk_create(arena->top, chunk);
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
        struct chunk *previous = arena->top->previous;
        free(arena->top);
        arena->top = previous;
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
