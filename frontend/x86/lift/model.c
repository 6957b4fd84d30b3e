/*
 * Which instruction sets a CPU model has, as the decoder numbers them.
 */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/decode/insn.h"

/* Instruction sets that came with a family, and left with one. */
static const struct {
    uint8_t set; /* enum x86_feature */
    uint8_t first, last;
} of_families[] = {
    {X86_FEATURE_186, 1, 255},
    {X86_FEATURE_286, 2, 255},
    {X86_FEATURE_386, 3, 255},
    {X86_FEATURE_FPU387, 3, 255},
    {X86_FEATURE_486, 4, 255},
    {X86_FEATURE_RSM, 5, 255},
    {X86_FEATURE_P6, 6, 255},
    {X86_FEATURE_TR, 3, 4},
    {X86_FEATURE_LOADALL286, 2, 2},
    {X86_FEATURE_LOADALL386, 3, 3},
    {X86_FEATURE_3DNOWPREFETCH, 15, 255}, /* NOPs since the Pentium 4 */
};

/* Instruction sets that a feature bit shows. */
static const struct {
    uint8_t set;  /* enum x86_feature */
    uint8_t word; /* enum x86_feature_word */
    uint32_t bit;
} of_features[] = {
    {X86_FEATURE_FPU, WORD_1_EDX, FEATURE_FPU},
    {X86_FEATURE_TSC, WORD_1_EDX, FEATURE_TSC},
    {X86_FEATURE_MSR, WORD_1_EDX, FEATURE_MSR},
    {X86_FEATURE_CX8, WORD_1_EDX, FEATURE_CX8},
    {X86_FEATURE_CMOV, WORD_1_EDX, FEATURE_CMOV},
    {X86_FEATURE_MMX, WORD_1_EDX, FEATURE_MMX},
    {X86_FEATURE_SEP, WORD_1_EDX, FEATURE_SEP},
    {X86_FEATURE_FXSR, WORD_1_EDX, FEATURE_FXSR},
    {X86_FEATURE_SSE, WORD_1_EDX, FEATURE_SSE},
    {X86_FEATURE_SSE2, WORD_1_EDX, FEATURE_SSE2},
    {X86_FEATURE_CLFLUSH, WORD_1_EDX, FEATURE_CLFSH},
    {X86_FEATURE_SSE3, WORD_1_ECX, FEATURE_C_SSE3},
    {X86_FEATURE_MONITOR, WORD_1_ECX, FEATURE_C_MONITOR},
    {X86_FEATURE_SSSE3, WORD_1_ECX, FEATURE_C_SSSE3},
    {X86_FEATURE_SSE41, WORD_1_ECX, FEATURE_C_SSE41},
    {X86_FEATURE_SSE42, WORD_1_ECX, FEATURE_C_SSE42},
    {X86_FEATURE_POPCNT, WORD_1_ECX, FEATURE_C_POPCNT},
    {X86_FEATURE_MOVBE, WORD_1_ECX, FEATURE_C_MOVBE},
    {X86_FEATURE_AES, WORD_1_ECX, FEATURE_C_AES},
    {X86_FEATURE_PCLMUL, WORD_1_ECX, FEATURE_C_PCLMUL},
    {X86_FEATURE_XSAVE, WORD_1_ECX, FEATURE_C_XSAVE},
    {X86_FEATURE_RDRAND, WORD_1_ECX, FEATURE_C_RDRAND},
    {X86_FEATURE_RDSEED, WORD_7_EBX, FEATURE_7_RDSEED},
    {X86_FEATURE_SMAP, WORD_7_EBX, FEATURE_7_SMAP},
    {X86_FEATURE_CLFLUSHOPT, WORD_7_EBX, FEATURE_7_CLFLUSHOPT},
    {X86_FEATURE_SHA, WORD_7_EBX, FEATURE_7_SHA},
    {X86_FEATURE_CLWB, WORD_7_EBX, FEATURE_7_CLWB},
    {X86_FEATURE_XSAVEOPT, WORD_D_EAX, FEATURE_D_XSAVEOPT},
    {X86_FEATURE_XSAVEC, WORD_D_EAX, FEATURE_D_XSAVEC},
    {X86_FEATURE_LZCNT, WORD_EXT_ECX, FEATURE_EXT_C_LZCNT},
    {X86_FEATURE_BMI1, WORD_7_EBX, FEATURE_7_BMI1},
    {X86_FEATURE_MMXEXT, WORD_1_EDX, FEATURE_SSE},
    {X86_FEATURE_SYSCALL, WORD_EXT_EDX, FEATURE_EXT_SYSCALL},
    {X86_FEATURE_3DNOW, WORD_EXT_EDX, FEATURE_EXT_3DNOW},
    {X86_FEATURE_3DNOWEXT, WORD_EXT_EDX, FEATURE_EXT_3DNOWEXT},
};

enum {
    FAMILY_ROWS = sizeof(of_families) / sizeof(of_families[0]),
    FEATURE_ROWS = sizeof(of_features) / sizeof(of_features[0])
};

uint64_t x86_model_absent(const struct x86_model *model)
{
    uint64_t absent = 0;
    for (size_t i = 0; i < FAMILY_ROWS; i++) {
        if (model->family < of_families[i].first || model->family > of_families[i].last) {
            absent |= UINT64_C(1) << of_families[i].set;
        }
    }
    for (size_t i = 0; i < FEATURE_ROWS; i++) {
        if (!(model->features[of_features[i].word] & of_features[i].bit)) {
            absent |= UINT64_C(1) << of_features[i].set;
        }
    }
    if (model->features[WORD_HIDDEN] & FEATURE_X_I486) {
        absent &= ~(UINT64_C(1) << X86_FEATURE_486);
    }
    if (model->features[WORD_EXT_EDX] & FEATURE_EXT_MMXEXT) {
        absent &= ~(UINT64_C(1) << X86_FEATURE_MMXEXT);
    }
    if (model->features[WORD_EXT_EDX] & FEATURE_EXT_3DNOW) {
        absent &= ~(UINT64_C(1) << X86_FEATURE_3DNOWPREFETCH);
    }
    return absent;
}
