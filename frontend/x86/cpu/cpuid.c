/*
 * The CPUID leaves (SDM volume 2, CPUID; AMD's processor recognition application note).
 *
 * Not modelled: processor serial number, deterministic cache parameters.
 */
#include "base/endian.h"
#include "frontend/x86/cpu/cpu.h"

#include <string.h>

uint32_t x86_signature(const struct x86_model *model)
{
    if (model->family < 3) {
        return 0;
    }
    return (uint32_t)model->type << 12 | (uint32_t)model->family << 8 |
           (uint32_t)model->model << 4 | model->stepping;
}

static void leaf_vendor(const struct x86_model *model, uint32_t out[4])
{
    out[0] = model->max_leaf;
    out[1] = load_le32(model->vendor);
    out[3] = load_le32(model->vendor + 4);
    out[2] = load_le32(model->vendor + 8);
}

static void leaf_features(const struct x86_cpu *cpu, uint32_t out[4])
{
    out[0] = x86_signature(cpu->model);
    out[1] = x86_has(cpu, FEATURE_CLFSH) ? 8u << 8 : 0;
    out[2] = cpu->model->features[WORD_1_ECX];
    out[2] |= cpu->cr4 & CR4_OSXSAVE ? FEATURE_C_OSXSAVE : 0;
    out[3] = cpu->model->features[WORD_1_EDX];
    if (!(cpu->apic_base & 0x800)) {
        out[3] &= ~(uint32_t)FEATURE_APIC;
    }
}

uint64_t x86_xcr0_known(const struct x86_cpu *cpu)
{
    return x86_has(cpu, FEATURE_SSE) ? 3 : 1;
}

/* MONITOR watches a cache line; MWAIT takes one hint, and a masked interrupt ends it if asked to.
 */
static void leaf_monitor(const struct x86_cpu *cpu, uint32_t out[4])
{
    enum { LINE = 64, EXTENSIONS = 3, ONE_C1_STATE = 0x10 };
    if (x86_has_in(cpu, WORD_1_ECX, FEATURE_C_MONITOR)) {
        out[0] = LINE;
        out[1] = LINE;
        out[2] = EXTENSIONS;
        out[3] = ONE_C1_STATE;
    }
}

/* Components and sizes of XSAVE: x87 and SSE, whose places do not depend on XCR0. */
static void leaf_xsave(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t out[4])
{
    enum { IMAGE_BYTES = 576 };
    if (!x86_has_in(cpu, WORD_1_ECX, FEATURE_C_XSAVE)) {
        return;
    }
    if (subleaf == 0) {
        out[0] = (uint32_t)x86_xcr0_known(cpu);
        out[1] = IMAGE_BYTES;
        out[2] = IMAGE_BYTES;
    } else if (subleaf == 1) {
        out[0] = cpu->model->features[WORD_D_EAX];
        out[1] = out[0] & FEATURE_D_XSAVEC ? IMAGE_BYTES : 0;
    }
}

static void leaf_brand(const struct x86_model *model, uint32_t part, uint32_t out[4])
{
    char text[49] = {0};
    strncpy(text, model->brand ? model->brand : "", 48);
    for (unsigned i = 0; i < 4; i++) {
        out[i] = load_le32(text + part * 16 + i * 4);
    }
}

static bool is_amd(const struct x86_model *model)
{
    return model->vendor[0] == 'A';
}

/* AMD repeats features of leaf 1, and counts the family of the extended signature one higher. */
static void leaf_extended_features(const struct x86_model *model, uint32_t out[4])
{
    out[2] = model->features[WORD_EXT_ECX];
    out[3] = model->features[WORD_EXT_EDX];
    if (is_amd(model)) {
        out[0] = x86_signature(model) + 0x100;
        out[3] |= model->features[WORD_1_EDX] & FEATURE_EXT_REPEATED;
    }
}

static void leaf_extended(const struct x86_model *model, uint32_t leaf, uint32_t out[4])
{
    switch (leaf) {
    case 0x80000000:
        out[0] = model->max_extended;
        break;
    case 0x80000001:
        leaf_extended_features(model, out);
        break;
    case 0x80000002:
    case 0x80000003:
    case 0x80000004:
        leaf_brand(model, leaf - 0x80000002, out);
        break;
    case 0x80000005:
        memcpy(out, model->level1, sizeof(model->level1));
        break;
    case 0x80000006:
        memcpy(out, model->level2, sizeof(model->level2));
        break;
    case 0x80000008:
        out[0] = 0x2000 | model->address_bits; /* 32 linear bits */
        break;
    default:
        break;
    }
}

void x86_cpuid(const struct x86_cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    const struct x86_model *model = cpu->model;
    memset(out, 0, 4 * sizeof(out[0]));
    if (leaf >= 0x80000000u && leaf <= model->max_extended) {
        leaf_extended(model, leaf, out);
        return;
    }
    if (leaf > model->max_leaf) {
        if (is_amd(model)) {
            return;
        }
        leaf = model->max_leaf; /* Intel's manual: as the highest basic leaf */
    }
    switch (leaf) {
    case 0:
        leaf_vendor(model, out);
        break;
    case 1:
        leaf_features(cpu, out);
        break;
    case 2:
        memcpy(out, model->caches, sizeof(model->caches));
        break;
    case 5:
        leaf_monitor(cpu, out);
        break;
    case 7:
        out[1] = subleaf == 0 ? model->features[WORD_7_EBX] : 0;
        out[2] = subleaf == 0 ? model->features[WORD_7_ECX] : 0;
        break;
    case 13:
        leaf_xsave(cpu, subleaf, out);
        break;
    default: /* reserved, or about what there is not */
        break;
    }
}
