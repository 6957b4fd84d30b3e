/*
 * Model-specific registers (SDM volume 4).
 *
 * Memory types (MTRR, PAT) are stored and read back but have no effect: guest memory is coherent.
 * Not modelled: performance counting, branch records, thermal registers.
 */
#include "frontend/x86/cpu/cpu.h"

enum {
    MSR_TSC = 0x10,
    MSR_APIC_BASE = 0x1b,
    MSR_UCODE_WRITE = 0x79,
    MSR_MTRR_CAP = 0xfe,
    MSR_MCG_CAP = 0x179,
    MSR_MCG_STATUS = 0x17a,
    MSR_MTRR_VARIABLE = 0x200,
    MSR_PAT = 0x277
};
#define MSR_EFER  UINT32_C(0xc0000080)
#define MSR_STAR  UINT32_C(0xc0000081)
#define MSR_WHCR  UINT32_C(0xc0000082)
#define MSR_UWCCR UINT32_C(0xc0000085)

/* A member of struct x86_cpu by offset. */
struct msr_row {
    uint32_t index;
    uint32_t offset;
    uint32_t bytes;
    uint32_t feature;
    uint64_t writable;
};

/* clang-format off */
static const struct msr_row rows[] = {
#define MSR(index, member, feature, writable) \
    {index, offsetof(struct x86_cpu, member), sizeof(((struct x86_cpu *)0)->member), feature, writable},
#include "frontend/x86/cpu/msr.def"
#undef MSR
};
/* clang-format on */

static const struct msr_row *find_row(const struct x86_cpu *cpu, uint32_t index)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].index == index) {
            return x86_has(cpu, rows[i].feature) ? &rows[i] : NULL;
        }
    }
    return NULL;
}

/* Storage of an MTRR register, or NULL. */
static uint64_t *find_mtrr(struct x86_cpu *cpu, uint32_t index)
{
    if (!x86_has(cpu, FEATURE_MTRR)) {
        return NULL;
    }
    if (index >= MSR_MTRR_VARIABLE && index < MSR_MTRR_VARIABLE + 2 * MTRR_VARIABLE) {
        uint64_t *array = index & 1 ? cpu->mtrr_mask : cpu->mtrr_base;
        return &array[(index - MSR_MTRR_VARIABLE) / 2];
    }
    switch (index) {
    case 0x250:
        return &cpu->mtrr_fixed[0];
    case 0x258:
    case 0x259:
        return &cpu->mtrr_fixed[1 + index - 0x258];
    default:
        return index >= 0x268 && index <= 0x26f ? &cpu->mtrr_fixed[3 + index - 0x268] : NULL;
    }
}

static bool memory_type_valid(unsigned type)
{
    return type <= 6 && type != 2 && type != 3;
}

static bool mtrr_valid(uint32_t index, uint64_t value)
{
    if (index < MSR_MTRR_VARIABLE + 2 * MTRR_VARIABLE) {
        uint64_t reserved = UINT64_C(0xfffffff000000000) | (index & 1 ? 0x7ff : 0xf00);
        return !(value & reserved) && (index & 1 || memory_type_valid(value & 0xff));
    }
    for (unsigned i = 0; i < 8; i++) {
        if (!memory_type_valid(value >> (i * 8) & 0xff)) {
            return false;
        }
    }
    return true;
}

static bool pat_valid(uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        unsigned type = value >> (i * 8) & 0xff;
        if (!memory_type_valid(type) && type != 7) {
            return false;
        }
    }
    return true;
}

uint64_t x86_tsc(const struct x86_cpu *cpu)
{
    uint64_t base = cpu->wires.tsc ? cpu->wires.tsc(cpu->wires.machine) : context_icount(&cpu->ctx);
    return base + cpu->tsc_offset;
}

/* Bits of EFER that the model has; 0: no such register. */
static uint64_t efer_known(const struct x86_cpu *cpu)
{
    return (x86_has_in(cpu, WORD_EXT_EDX, FEATURE_EXT_NX) ? (uint64_t)EFER_NXE : 0) |
           (x86_has_in(cpu, WORD_EXT_EDX, FEATURE_EXT_SYSCALL) ? (uint64_t)EFER_SCE : 0);
}

/* Storage of a register that came with AMD's K6, or NULL. */
static uint64_t *find_amd(struct x86_cpu *cpu, uint32_t index)
{
    bool syscall = x86_has_in(cpu, WORD_EXT_EDX, FEATURE_EXT_SYSCALL);
    bool k6 = syscall && cpu->model->family == 5;
    switch (index) {
    case MSR_STAR:
        return syscall ? &cpu->star : NULL;
    case MSR_WHCR:
        return k6 ? &cpu->k6_whcr : NULL;
    case MSR_UWCCR:
        return k6 ? &cpu->k6_uwccr : NULL;
    default:
        return NULL;
    }
}

bool msr_read(struct x86_cpu *cpu, uint32_t index, uint64_t *value)
{
    const struct msr_row *row = find_row(cpu, index);
    const uint64_t *mtrr = find_mtrr(cpu, index);
    const uint64_t *amd = find_amd(cpu, index);
    if (row) {
        const uint8_t *at = (const uint8_t *)cpu + row->offset;
        *value = row->bytes == 4 ? *(const uint32_t *)at : *(const uint64_t *)at;
        return true;
    }
    if (mtrr || amd) {
        *value = mtrr ? *mtrr : *amd;
        return true;
    }
    *value = 0;
    switch (index) {
    case 0: /* machine-check address and type of the Pentium */
    case 1:
        return x86_has(cpu, FEATURE_MSR);
    case MSR_TSC:
        *value = x86_tsc(cpu);
        return x86_has(cpu, FEATURE_TSC);
    case MSR_APIC_BASE:
        *value = cpu->apic_base;
        return x86_has(cpu, FEATURE_APIC) && cpu->model->family >= 6;
    case MSR_MTRR_CAP:
        *value = 0x500 | MTRR_VARIABLE; /* write combining, fixed ranges */
        return x86_has(cpu, FEATURE_MTRR);
    case MSR_MCG_CAP:
    case MSR_MCG_STATUS:
        return cpu->model->family >= 6;
    case MSR_PAT:
        *value = cpu->pat;
        return x86_has(cpu, FEATURE_PAT);
    case MSR_EFER:
        *value = cpu->efer;
        return efer_known(cpu) != 0;
    default:
        log_print(cpu->wires.log, LOG_unimplemented, "rdmsr %x", index);
        return false;
    }
}

static bool write_apic_base(struct x86_cpu *cpu, uint64_t value)
{
    if (!x86_has(cpu, FEATURE_APIC) || cpu->model->family < 6 ||
        (value & UINT64_C(0xfffffff0000006ff))) {
        return false;
    }
    cpu->apic_base = value;
    if (cpu->wires.apic_base_written) {
        cpu->wires.apic_base_written(cpu->wires.machine, value);
    }
    return true;
}

static bool write_efer(struct x86_cpu *cpu, uint64_t value)
{
    if (value & ~efer_known(cpu) || !efer_known(cpu)) {
        return false;
    }
    if (cpu->efer != value) {
        cpu->efer = value;
        memory_flush_all(&cpu->ctx, false);
    }
    return true;
}

/* Registers that take effect when written. */
static bool write_special(struct x86_cpu *cpu, uint32_t index, uint64_t value)
{
    switch (index) {
    case 0:
    case 1:
        return x86_has(cpu, FEATURE_MSR);
    case MSR_TSC:
        cpu->tsc_offset += value - x86_tsc(cpu);
        return x86_has(cpu, FEATURE_TSC);
    case MSR_APIC_BASE:
        return write_apic_base(cpu, value);
    case MSR_UCODE_WRITE:
    case MSR_MCG_STATUS:
        return cpu->model->family >= 6;
    case MSR_PAT:
        if (!x86_has(cpu, FEATURE_PAT) || !pat_valid(value)) {
            return false;
        }
        cpu->pat = value;
        return true;
    case MSR_EFER:
        return write_efer(cpu, value);
    default:
        log_print(cpu->wires.log, LOG_unimplemented, "wrmsr %x = %llx", index,
                  (unsigned long long)value);
        return false;
    }
}

bool msr_write(struct x86_cpu *cpu, uint32_t index, uint64_t value)
{
    const struct msr_row *row = find_row(cpu, index);
    uint64_t *mtrr = find_mtrr(cpu, index);
    uint64_t *amd = find_amd(cpu, index);
    if (row) {
        uint8_t *at = (uint8_t *)cpu + row->offset;
        if (row->writable == 0) {
            return true; /* read-only strap registers ignore writes */
        }
        if (row->writable != UINT64_C(0xffffffff) && (value & ~row->writable)) {
            return false;
        }
        if (row->bytes == 4) {
            *(uint32_t *)at = (uint32_t)value;
        } else {
            *(uint64_t *)at = value;
        }
        return true;
    }
    if (mtrr) {
        if (!mtrr_valid(index, value)) {
            return false;
        }
        *mtrr = value;
        return true;
    }
    if (amd) {
        *amd = value;
        return true;
    }
    return write_special(cpu, index, value);
}
