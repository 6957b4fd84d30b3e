/*
 * Which instruction sets a CPU model has, as the decoder numbers them.
 */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/decode/insn.h"

/* Instruction sets that not every model has: from which family on, or by which feature bit. */
static const struct {
    uint8_t set; /* enum x86_feature */
    uint8_t family;
    uint8_t word; /* enum x86_feature_word */
    uint32_t bit;
} instruction_sets[] = {
    {X86_FEATURE_486, 4, WORD_1_EDX, 0},
    {X86_FEATURE_RSM, 5, WORD_1_EDX, 0},
    {X86_FEATURE_P6, 6, WORD_1_EDX, 0},
    {X86_FEATURE_3DNOWPREFETCH, 15, WORD_1_EDX, 0}, /* NOPs since the Pentium 4 */
    {X86_FEATURE_FPU, 0, WORD_1_EDX, FEATURE_FPU},
    {X86_FEATURE_TSC, 0, WORD_1_EDX, FEATURE_TSC},
    {X86_FEATURE_MSR, 0, WORD_1_EDX, FEATURE_MSR},
    {X86_FEATURE_CX8, 0, WORD_1_EDX, FEATURE_CX8},
    {X86_FEATURE_CMOV, 0, WORD_1_EDX, FEATURE_CMOV},
    {X86_FEATURE_MMX, 0, WORD_1_EDX, FEATURE_MMX},
    {X86_FEATURE_SEP, 0, WORD_1_EDX, FEATURE_SEP},
    {X86_FEATURE_FXSR, 0, WORD_1_EDX, FEATURE_FXSR},
    {X86_FEATURE_SSE, 0, WORD_1_EDX, FEATURE_SSE},
    {X86_FEATURE_SSE2, 0, WORD_1_EDX, FEATURE_SSE2},
    {X86_FEATURE_CLFLUSH, 0, WORD_1_EDX, FEATURE_CLFSH},
    {X86_FEATURE_SSE3, 0, WORD_1_ECX, FEATURE_C_SSE3},
    {X86_FEATURE_MONITOR, 0, WORD_1_ECX, FEATURE_C_MONITOR},
    {X86_FEATURE_SSSE3, 0, WORD_1_ECX, FEATURE_C_SSSE3},
    {X86_FEATURE_SSE41, 0, WORD_1_ECX, FEATURE_C_SSE41},
    {X86_FEATURE_SSE42, 0, WORD_1_ECX, FEATURE_C_SSE42},
    {X86_FEATURE_POPCNT, 0, WORD_1_ECX, FEATURE_C_POPCNT},
    {X86_FEATURE_MOVBE, 0, WORD_1_ECX, FEATURE_C_MOVBE},
    {X86_FEATURE_AES, 0, WORD_1_ECX, FEATURE_C_AES},
    {X86_FEATURE_PCLMUL, 0, WORD_1_ECX, FEATURE_C_PCLMUL},
    {X86_FEATURE_XSAVE, 0, WORD_1_ECX, FEATURE_C_XSAVE},
    {X86_FEATURE_RDRAND, 0, WORD_1_ECX, FEATURE_C_RDRAND},
    {X86_FEATURE_RDSEED, 0, WORD_7_EBX, FEATURE_7_RDSEED},
    {X86_FEATURE_CLFLUSHOPT, 0, WORD_7_EBX, FEATURE_7_CLFLUSHOPT},
    {X86_FEATURE_CLWB, 0, WORD_7_EBX, FEATURE_7_CLWB},
    {X86_FEATURE_XSAVEOPT, 0, WORD_D_EAX, FEATURE_D_XSAVEOPT},
    {X86_FEATURE_XSAVEC, 0, WORD_D_EAX, FEATURE_D_XSAVEC},
    {X86_FEATURE_LZCNT, 0, WORD_EXT_ECX, FEATURE_EXT_C_LZCNT},
    {X86_FEATURE_BMI1, 0, WORD_7_EBX, FEATURE_7_BMI1},
};

uint64_t x86_model_absent(const struct x86_model *model)
{
    uint64_t absent = 0;
    for (size_t i = 0; i < sizeof(instruction_sets) / sizeof(instruction_sets[0]); i++) {
        uint32_t bit = instruction_sets[i].bit;
        uint32_t word = model->features[instruction_sets[i].word];
        if (model->family < instruction_sets[i].family || (word & bit) != bit) {
            absent |= UINT64_C(1) << instruction_sets[i].set;
        }
    }
    return absent;
}
