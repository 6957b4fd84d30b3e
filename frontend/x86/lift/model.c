/*
 * Which instruction sets a CPU model has, as the decoder numbers them.
 */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/decode/insn.h"

/* Instruction sets that not every model has: from which family on, or by which bit of leaf 1. */
static const struct {
    uint8_t set; /* enum x86_feature */
    uint8_t family;
    uint32_t bit;
} instruction_sets[] = {
    {X86_FEATURE_486, 4, 0},
    {X86_FEATURE_RSM, 5, 0},
    {X86_FEATURE_P6, 6, 0},
    {X86_FEATURE_3DNOWPREFETCH, 15, 0}, /* NOPs since the Pentium 4 */
    {X86_FEATURE_TSC, 0, FEATURE_TSC},
    {X86_FEATURE_MSR, 0, FEATURE_MSR},
    {X86_FEATURE_CX8, 0, FEATURE_CX8},
    {X86_FEATURE_CMOV, 0, FEATURE_CMOV},
    {X86_FEATURE_MMX, 0, FEATURE_MMX},
    {X86_FEATURE_SEP, 0, FEATURE_SEP},
    {X86_FEATURE_FXSR, 0, FEATURE_FXSR},
    {X86_FEATURE_SSE, 0, FEATURE_SSE},
    {X86_FEATURE_SSE2, 0, FEATURE_SSE2},
    {X86_FEATURE_CLFLUSH, 0, FEATURE_CLFSH},
};

uint64_t x86_model_absent(const struct x86_model *model)
{
    uint64_t absent = 0;
    for (size_t i = 0; i < sizeof(instruction_sets) / sizeof(instruction_sets[0]); i++) {
        uint32_t bit = instruction_sets[i].bit;
        if (model->family < instruction_sets[i].family || (model->features & bit) != bit) {
            absent |= UINT64_C(1) << instruction_sets[i].set;
        }
    }
    return absent;
}
