/* Code that outlives the process: see struct code_image. */
#include "backend/host/x64/select.h"

#include <string.h>

enum { EXIT_POINTER = 5 /* bytes from an exit's call to the address behind it */ };

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    }
    return hash;
}

/* Blocks name the stubs by distance, the record by offset, use the sets that the host has and
 * repair its flags. */
void x64_image(const struct engine *engine, struct code_image *image)
{
    uint64_t key = UINT64_C(0xcbf29ce484222325);
    key = mix(key, &engine->stubs, sizeof engine->stubs);
    key = mix(key, &engine->host_sets, sizeof engine->host_sets);
    key = mix(key, &engine->foreign_flags, sizeof engine->foreign_flags);
    key = mix(key, &engine->passes, sizeof engine->passes);
    *image = (struct code_image){.code = engine->memory.exec,
                                 .base = engine->first_block,
                                 .used = engine->out.at,
                                 .size = engine->out.size,
                                 .key = key};
}

bool x64_take(struct engine *engine, const uint8_t *code, uint32_t bytes)
{
    struct code_buffer *out = &engine->out;
    if (out->at != engine->first_block || bytes > (out->size - out->at) / 2) {
        return false;
    }
    memcpy(engine->memory.write + out->at, code, bytes);
    out->at += bytes;
    engine->populated = (out->at + POPULATE_BYTES - 1) / POPULATE_BYTES * POPULATE_BYTES;
    codemem_populate(&engine->memory, 0, engine->populated);
    return true;
}

void x64_adopt(struct engine *engine, struct block *block, uint32_t offset)
{
    block->code = engine->memory.exec + offset;
    for (unsigned i = 0; i < block->exit_count; i++) {
        uint64_t address = (uintptr_t)&block->exits[i];
        memcpy(engine->memory.write + block->exits[i].unlinked + EXIT_POINTER, &address,
               sizeof address);
    }
}

void x64_detach(uint8_t *copy, uint32_t base, const struct block_exit *exit)
{
    uint32_t displacement = exit->unlinked - (exit->branch + 4);
    memcpy(copy + (exit->branch - base), &displacement, sizeof displacement);
    memset(copy + (exit->unlinked + EXIT_POINTER - base), 0, sizeof(uint64_t));
}
