/*
 * The portable engine's own state.
 */
#ifndef BACKEND_HOST_INTERP_ENGINE_H
#define BACKEND_HOST_INTERP_ENGINE_H

#include "backend/host/interp/eval.h"
#include "translator/api/passes.h"

#include <ffi.h>

struct engine {
    struct arena *arena; /* compiled blocks */
    struct arena_mark start;
    struct pass_set passes;
    size_t capacity; /* bytes of blocks before emit asks for a reset */
    ffi_cif cif;     /* of every callout */
    ffi_type *arguments[4];
};

/* Prepares the call interface; false: not possible on this host. */
bool interp_prepare_calls(struct engine *engine);

#endif
