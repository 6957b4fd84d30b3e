/*
 * Bump allocation with mark and rewind.
 *
 * An arena owns a chain of chunks.  Everything taken from it dies together, by arena_rewind() to an
 * earlier mark or by arena_destroy().  There is no per-object free.  Memory comes zeroed and is
 * aligned to 16 bytes.  Running out of host memory ends the process with a message and status 33.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

/* That memory; where it is NULL the process ends, as when an arena finds none. */
void *host_memory_or_exit(void *memory);
/* Zeroed memory of the host, to be given back with free(); its end is treated as an arena's. */
void *host_calloc(size_t count, size_t bytes);

struct arena;
struct arena_mark {
    void *chunk;
    size_t used;
};

/* An empty arena whose chunks hold at least chunk_bytes. */
struct arena *arena_create(size_t chunk_bytes);
/* The same; a forked process begins without what it holds (base/unshared.h), and must call
 * arena_renew() before anything else. */
struct arena *arena_create_unshared(size_t chunk_bytes);
/* Empty again, with a chunk whose pages come as they are touched; earlier marks are void. */
void arena_renew(struct arena *arena);
void arena_destroy(struct arena *arena);

/* Zeroed memory of that size, 16-byte aligned, living until rewind or destroy. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* The same with undefined contents. */
void *arena_alloc_raw(struct arena *arena, size_t bytes);
/* Gives back all but the first `bytes` of an object that was allocated with size `was`, when it is
 * the newest; older ones stay as they are. */
void arena_trim(struct arena *arena, const void *object, size_t was, size_t bytes);
char *arena_strdup(struct arena *arena, const char *text);

struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

/* Bytes handed out since creation and not rewound. */
size_t arena_used(const struct arena *arena);

/* One zeroed object of a type. */
#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif
