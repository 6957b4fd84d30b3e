/*
 * CPU models and the CPUID leaves (SDM volume 2, CPUID).
 *
 * Not modelled: processor serial number, deterministic cache parameters, MONITOR.
 */
#include "base/endian.h"
#include "frontend/x86/cpu/cpu.h"

#include <string.h>

/* clang-format off */
static const struct x86_model models[] = {
#define MODEL(id, name, what, vendor, brand, family, model, stepping, leaf, edx, ecx, ebx7, eaxd, \
              ext_edx, ext_ecx)                                                                   \
    {name, what, vendor, brand, family, model, stepping, leaf,                                    \
     {edx, ecx, ebx7, eaxd, ext_edx, ext_ecx}},
#include "frontend/x86/cpu/cpuid.def"
#undef MODEL
};
/* clang-format on */

const struct x86_model *x86_model_find(const char *name)
{
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        if (strcmp(models[i].name, name) == 0) {
            return &models[i];
        }
    }
    return NULL;
}

void x86_model_list(void (*each)(void *user, const char *name, const char *what), void *user)
{
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        each(user, models[i].name, models[i].what);
    }
}

uint32_t x86_signature(const struct x86_model *model)
{
    return (uint32_t)model->family << 8 | (uint32_t)model->model << 4 | model->stepping;
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
    out[3] = cpu->model->features[WORD_1_EDX];
    if (!(cpu->apic_base & 0x800)) {
        out[3] &= ~(uint32_t)FEATURE_APIC;
    }
}

/* Cache and TLB descriptors: 4K and 4M TLBs, 512 KiB second level, 8 or 16 KiB first level. */
static void leaf_caches(const struct x86_model *model, uint32_t out[4])
{
    bool p4 = model->family == 15;
    out[0] = p4 ? 0x665b5101 : 0x03020101;
    out[1] = 0;
    out[2] = 0;
    out[3] = p4 ? 0x007b7040 : 0x0c040843;
}

/* Structured extended features: one subleaf. */
static void leaf_structured(const struct x86_model *model, uint32_t subleaf, uint32_t out[4])
{
    memset(out, 0, 4 * sizeof(out[0]));
    out[1] = subleaf == 0 ? model->features[WORD_7_EBX] : 0;
}

static void leaf_brand(const struct x86_model *model, uint32_t part, uint32_t out[4])
{
    char text[49] = {0};
    strncpy(text, model->brand, 48);
    for (unsigned i = 0; i < 4; i++) {
        out[i] = load_le32(text + part * 16 + i * 4);
    }
}

static void leaf_extended(const struct x86_model *model, uint32_t leaf, uint32_t out[4])
{
    memset(out, 0, 4 * sizeof(out[0]));
    switch (leaf) {
    case 0x80000000:
        out[0] = 0x80000008;
        break;
    case 0x80000001:
        out[2] = model->features[WORD_EXT_ECX];
        out[3] = model->features[WORD_EXT_EDX];
        break;
    case 0x80000002:
    case 0x80000003:
    case 0x80000004:
        leaf_brand(model, leaf - 0x80000002, out);
        break;
    case 0x80000006:
        out[2] = 0x02006040; /* 512 KiB, 8-way, 64-byte lines */
        break;
    case 0x80000008:
        out[0] = 0x2024; /* 36 physical, 32 linear bits */
        break;
    default:
        break;
    }
}

void x86_cpuid(const struct x86_cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    const struct x86_model *model = cpu->model;
    if (leaf >= 0x80000000u && leaf <= 0x80000008u && model->brand[0]) {
        leaf_extended(model, leaf, out);
        return;
    }
    if (leaf > model->max_leaf) {
        leaf = model->max_leaf; /* the manual: as the highest basic leaf */
    }
    switch (leaf) {
    case 0:
        leaf_vendor(model, out);
        break;
    case 1:
        leaf_features(cpu, out);
        break;
    case 2:
        leaf_caches(model, out);
        break;
    case 7:
        leaf_structured(model, subleaf, out);
        break;
    default: /* reserved, or about what there is not */
        memset(out, 0, 4 * sizeof(out[0]));
        break;
    }
}
