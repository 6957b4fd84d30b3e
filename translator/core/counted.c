/* Callouts that are counted by name, for --stats. */
#include "translator/core/core.h"

#define CALLOUT(name, effects, what)                                                          \
    static uint64_t counted_##name(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm) \
    {                                                                                         \
        ctx->translator->stats.callouts[CALLOUT_##name]++;                                    \
        return ctx->translator->callouts[CALLOUT_##name](ctx, a, b, imm);                     \
    }
#include "translator/api/callouts.def"
#undef CALLOUT

callout_function *const counted_callouts[CALLOUT_COUNT] = {
#define CALLOUT(name, effects, what) [CALLOUT_##name] = counted_##name,
#include "translator/api/callouts.def"
#undef CALLOUT
};
