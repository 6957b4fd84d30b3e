/*
 * The page walk: 4 KiB and 4 MiB pages, PAE with 2 MiB pages and execute-disable, write protection,
 * supervisor mode execution and access prevention, accessed and dirty bits, reserved bits, error
 * codes (SDM volume 3, chapter 4, 32-bit and PAE).
 *
 * Not modelled: the caches of paging structures other than the PAE pointers; memory types.
 */
#include "frontend/x86/cpu/cpu.h"

enum {
    PTE_P = 1 << 0,
    PTE_W = 1 << 1,
    PTE_U = 1 << 2,
    PTE_A = 1 << 5,
    PTE_D = 1 << 6,
    PTE_PS = 1 << 7,
    PTE_G = 1 << 8
};
#define PTE_NX (UINT64_C(1) << 63)

enum { PF_P = 1, PF_W = 2, PF_U = 4, PF_RSVD = 8, PF_I = 16 };

#define PAE_ADDRESS  UINT64_C(0x0000000ffffff000)
#define PAE_RESERVED UINT64_C(0x7ffffff000000000)

/* A walk under way. */
struct walk {
    struct x86_cpu *cpu;
    uint32_t linear;
    enum access access;
    bool user;
    bool smap; /* supervisor data accesses to user pages are refused */
    uint64_t pde_gpa, pde;
    uint64_t pte_gpa, pte; /* pte_gpa 0: large page, the PDE is the leaf */
    unsigned entry_bytes;
    bool large;
    bool reserved; /* a present entry has reserved bits set */
};

static uint64_t entry_read(const struct walk *walk, uint64_t gpa)
{
    return phys_read(&walk->cpu->ctx, gpa & walk->cpu->a20_mask, walk->entry_bytes);
}

/* Finds the entries; false when one is not present. */
static bool walk_legacy(struct walk *walk)
{
    walk->entry_bytes = 4;
    walk->pde_gpa = (walk->cpu->cr3 & 0xfffff000u) + (walk->linear >> 22) * 4;
    walk->pde = entry_read(walk, walk->pde_gpa);
    if (!(walk->pde & PTE_P)) {
        return false;
    }
    if ((walk->pde & PTE_PS) && (walk->cpu->cr4 & CR4_PSE)) {
        walk->large = true;
        walk->reserved = x86_has(walk->cpu, FEATURE_PSE36) ? (walk->pde & 0x3e0000) != 0
                                                           : (walk->pde & 0x3ff000) != 0;
        if (!x86_has(walk->cpu, FEATURE_PAT)) {
            walk->reserved |= (walk->pde & 0x1000) != 0;
        }
        return true;
    }
    walk->pte_gpa = (walk->pde & 0xfffff000u) + (walk->linear >> 12 & 0x3ff) * 4;
    walk->pte = entry_read(walk, walk->pte_gpa);
    return walk->pte & PTE_P;
}

static bool walk_pae(struct walk *walk)
{
    uint64_t reserved = PAE_RESERVED | (walk->cpu->efer & EFER_NXE ? 0 : PTE_NX);
    uint64_t pointer = walk->cpu->pdpte[walk->linear >> 30];
    walk->entry_bytes = 8;
    if (!(pointer & PTE_P)) {
        return false;
    }
    walk->pde_gpa = (pointer & PAE_ADDRESS) + (walk->linear >> 21 & 0x1ff) * 8;
    walk->pde = entry_read(walk, walk->pde_gpa);
    if (!(walk->pde & PTE_P)) {
        return false;
    }
    walk->reserved = (walk->pde & reserved) != 0;
    if (walk->pde & PTE_PS) {
        walk->large = true;
        walk->reserved |= (walk->pde & 0x1fe000) != 0;
        return true;
    }
    if (walk->reserved) {
        return true;
    }
    walk->pte_gpa = (walk->pde & PAE_ADDRESS) + (walk->linear >> 12 & 0x1ff) * 8;
    walk->pte = entry_read(walk, walk->pte_gpa);
    walk->reserved = (walk->pte & reserved) != 0;
    return walk->pte & PTE_P;
}

static bool page_fault(const struct walk *walk, uint32_t error)
{
    struct x86_cpu *cpu = walk->cpu;
    if (walk->access == ACCESS_WRITE) {
        error |= PF_W;
    }
    if (walk->user) {
        error |= PF_U;
    }
    bool no_execute = (cpu->cr4 & CR4_PAE) && (cpu->efer & EFER_NXE);
    if (walk->access == ACCESS_EXECUTE && (no_execute || (cpu->cr4 & CR4_SMEP))) {
        error |= PF_I;
    }
    cpu->cr2 = walk->linear;
    context_fault(&cpu->ctx, VECTOR_PF, true, error);
    return false;
}

/* Whether the page may be written at this privilege. */
static bool may_write(const struct walk *walk, uint64_t both)
{
    return (both & PTE_W) || (!walk->user && !(walk->cpu->cr0 & CR0_WP));
}

static void mark(const struct walk *walk, uint64_t gpa, uint64_t entry, uint64_t bits)
{
    if ((entry & bits) != bits) {
        phys_write(&walk->cpu->ctx, gpa & walk->cpu->a20_mask, walk->entry_bytes, entry | bits);
    }
}

static uint64_t large_gpa(const struct walk *walk)
{
    if (walk->entry_bytes == 8) {
        return (walk->pde & PAE_ADDRESS & ~UINT64_C(0x1fffff)) | (walk->linear & 0x1ff000);
    }
    uint64_t high = x86_has(walk->cpu, FEATURE_PSE36) ? (walk->pde >> 13 & 0xf) << 32 : 0;
    return high | (walk->pde & 0xffc00000u) | (walk->linear & 0x3ff000);
}

/* Checks rights, sets accessed and dirty bits, fills *out. */
static bool walk_finish(struct walk *walk, struct page_walk *out)
{
    uint64_t leaf = walk->large ? walk->pde : walk->pte;
    uint64_t both = walk->large ? walk->pde : walk->pde & walk->pte;
    bool no_execute =
        ((walk->large ? walk->pde : walk->pde | walk->pte) & PTE_NX) && walk->entry_bytes == 8;
    if (walk->reserved) {
        return page_fault(walk, PF_P | PF_RSVD);
    }
    bool user_page = (both & PTE_U) != 0;
    no_execute |= user_page && !walk->user && (walk->cpu->cr4 & CR4_SMEP);
    bool refused = walk->user ? !user_page : user_page && walk->smap;
    if ((refused && (walk->user || walk->access != ACCESS_EXECUTE)) ||
        (walk->access == ACCESS_WRITE && !may_write(walk, both)) ||
        (walk->access == ACCESS_EXECUTE && no_execute)) {
        return page_fault(walk, PF_P);
    }
    uint64_t bits = PTE_A | (walk->access == ACCESS_WRITE ? (uint64_t)PTE_D : 0);
    if (walk->large) {
        mark(walk, walk->pde_gpa, walk->pde, bits);
    } else {
        mark(walk, walk->pde_gpa, walk->pde, PTE_A);
        mark(walk, walk->pte_gpa, walk->pte, bits);
    }
    uint64_t gpa = walk->large              ? large_gpa(walk)
                   : walk->entry_bytes == 8 ? walk->pte & PAE_ADDRESS
                                            : walk->pte & 0xfffff000u;
    out->gpa = gpa & walk->cpu->a20_mask;
    out->readable = !refused;
    out->writable = !refused && may_write(walk, both) && ((leaf | bits) & PTE_D);
    out->executable = !no_execute;
    out->global = (leaf & PTE_G) && (walk->cpu->cr4 & CR4_PGE);
    out->large = walk->large;
    return true;
}

bool x86_walk(struct context *ctx, uint64_t linear, enum access access, enum memory_view view,
              struct page_walk *out)
{
    struct x86_cpu *cpu = x86_of(ctx);
    if (!(cpu->cr0 & CR0_PG)) {
        *out = (struct page_walk){.gpa = linear & 0xfffff000u & cpu->a20_mask,
                                  .readable = true,
                                  .writable = true,
                                  .executable = true};
        return true;
    }
    struct walk walk = {.cpu = cpu,
                        .linear = (uint32_t)linear,
                        .access = access,
                        .user = view == VIEW_USER,
                        .smap = view == VIEW_SUPERVISOR && (cpu->cr4 & CR4_SMAP)};
    bool present = cpu->cr4 & CR4_PAE ? walk_pae(&walk) : walk_legacy(&walk);
    if (!present) {
        return page_fault(&walk, 0);
    }
    return walk_finish(&walk, out);
}

bool paging_load_pdptes(struct x86_cpu *cpu, uint32_t cr3)
{
    uint64_t entries[4];
    for (unsigned i = 0; i < 4; i++) {
        uint64_t gpa = ((cr3 & ~31u) + i * 8) & cpu->a20_mask;
        entries[i] = phys_read(&cpu->ctx, gpa, 8);
        if ((entries[i] & PTE_P) && (entries[i] & (PAE_RESERVED | PTE_NX | 0x1e6))) {
            return false;
        }
    }
    for (unsigned i = 0; i < 4; i++) {
        cpu->pdpte[i] = entries[i];
    }
    return true;
}

bool x86_peek_linear(struct x86_cpu *cpu, uint64_t linear, uint64_t *gpa)
{
    struct walk walk = {.cpu = cpu, .linear = (uint32_t)linear, .access = ACCESS_READ};
    uint64_t page = linear & 0xfffff000u;
    if (cpu->cr0 & CR0_PG) {
        if (!(cpu->cr4 & CR4_PAE ? walk_pae(&walk) : walk_legacy(&walk)) || walk.reserved) {
            return false;
        }
        page = walk.large              ? large_gpa(&walk)
               : walk.entry_bytes == 8 ? walk.pte & PAE_ADDRESS
                                       : walk.pte & 0xfffff000u;
    }
    *gpa = (page & cpu->a20_mask) | (linear & 0xfff);
    return true;
}
