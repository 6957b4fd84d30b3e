/*
 * Callouts through libffi: all have one signature, so one call interface prepared at creation does.
 */
#include "backend/host/interp/engine.h"

bool interp_prepare_calls(struct engine *engine)
{
    engine->arguments[0] = &ffi_type_pointer;
    for (unsigned i = 1; i < 4; i++) {
        engine->arguments[i] = &ffi_type_uint64;
    }
    return ffi_prep_cif(&engine->cif, FFI_DEFAULT_ABI, 4, &ffi_type_uint64, engine->arguments) ==
           FFI_OK;
}

uint64_t interp_call(struct engine *engine, callout_function *function, struct context *ctx,
                     uint64_t a, uint64_t b, uint64_t imm)
{
    void *values[4] = {(void *)&ctx, &a, &b, &imm};
    uint64_t result = 0;
    ffi_call(&engine->cif, FFI_FN(function), &result, values);
    return result;
}
