/*
 * Descriptor tables, page tables, task state and interrupt vectors that make sense, for fuzzed
 * pokes to spoil.  Memory is identity-mapped; every interrupt ends at a HLT or in another task.
 */
#ifndef TESTS_FUZZ_CODE_TABLES_H
#define TESTS_FUZZ_CODE_TABLES_H

#include "base/endian.h"
#include "frontend/x86/cpu/segment.h"

enum {
    TABLES_HANDLER = 0x500,
    TABLES_IDT = 0x2000,
    TABLES_GDT = 0x3000,
    TABLES_GDT_BYTES = 0x100,
    TABLES_LDT = 0x3800,
    TABLES_TSS = 0x4000,
    TABLES_TSS_2 = 0x6400,
    TABLES_TSS_16 = 0x6800,
    TABLES_PD = 0x7000,
    TABLES_PT = 0x8000,
    TABLES_PDPT = 0x9000,
    TABLES_PAE_PD = 0xa000,
    TABLES_PAE_PT = 0xb000,
    TABLES_STACK = 0xfff0,
    TABLES_CODE = 0x10000,
    TABLES_DATA = 0x20000,
    TABLES_TSS_SELECTOR = 0x38,
    TABLES_LDT_SELECTOR = 0x50,
};

static inline struct descriptor tables_make(uint32_t base, uint32_t limit, uint32_t rights)
{
    return (struct descriptor){.low = base << 16 | (limit & 0xffff),
                               .high = (base & 0xff000000) | (base >> 16 & 0xff) |
                                       (limit & 0xf0000) | rights << 8};
}

/* Code or data over all of memory; 16-bit ones, too, for addresses below 64 KiB. */
static inline struct descriptor tables_flat(bool code, bool wide, bool user)
{
    uint32_t rights = (code ? 0x9bU : 0x93U) | (user ? 0x60U : 0) | RIGHTS_G;
    return tables_make(0, 0xfffff, rights | (wide ? RIGHTS_BIG : 0U));
}

static inline struct descriptor tables_system(uint32_t base, uint32_t limit, unsigned type)
{
    return tables_make(base, limit, 0x80 | type);
}

static inline struct descriptor tables_gate(uint16_t selector, uint32_t offset, uint32_t rights)
{
    return (struct descriptor){.low = (uint32_t)selector << 16 | (offset & 0xffff),
                               .high = (offset & 0xffff0000) | rights << 8};
}

static inline unsigned tables_code_selector(bool wide, bool user)
{
    return wide ? (user ? 0x1b : 0x08) : (user ? 0x63 : 0x28);
}

static inline unsigned tables_data_selector(bool user)
{
    return user ? 0x23 : 0x10;
}

static inline void tables_put(uint8_t *ram, uint32_t at, struct descriptor d)
{
    store_le32(ram + at, d.low);
    store_le32(ram + at + 4, d.high);
}

static inline void tables_write_gdt(uint8_t *ram)
{
    const struct descriptor gdt[] = {
        {0},
        tables_flat(true, true, false),
        tables_flat(false, true, false),
        tables_flat(true, true, true),
        tables_flat(false, true, true),
        tables_flat(true, false, false),
        tables_flat(false, false, false),
        tables_system(TABLES_TSS, 0x20ff, SYSTEM_TSS32_BUSY),
        tables_system(TABLES_TSS_2, 0x67, SYSTEM_TSS32),
        tables_system(TABLES_TSS_16, 0x2b, SYSTEM_TSS16),
        tables_system(TABLES_LDT, 0xff, SYSTEM_LDT),
        tables_gate(0x08, TABLES_CODE, 0xec02),              /* 58: call gate, two parameters */
        tables_flat(true, false, true),                      /* 60 */
        tables_gate(0x28, TABLES_CODE, 0xe403),              /* 68: 16-bit call gate */
        tables_gate(0x40, 0, 0xe500),                        /* 70: task gate */
        tables_make(0, 0xfffff, 0xc09f),                     /* 78: conforming */
        tables_make(TABLES_DATA, 0xfff, 0x40f7),             /* 80: expand-down */
        tables_make(TABLES_DATA, 0x7f, 0x40f3),              /* 88: 128 bytes */
        tables_make(TABLES_DATA, 0xffff, 0x00f1),            /* 90: read-only */
        tables_make(TABLES_DATA, 0xffff, 0x0073),            /* 98: not present */
        tables_make(TABLES_CODE, 0xffff, 0x00f9),            /* A0: execute-only */
        tables_make(0xfffff000, 0xfffff, RIGHTS_G | 0x40f3), /* A8: wraps */
    };
    for (uint32_t i = 0; i < sizeof(gdt) / sizeof(*gdt); i++) {
        tables_put(ram, TABLES_GDT + 8 * i, gdt[i]);
        tables_put(ram, TABLES_LDT + 8 * i, gdt[i]);
    }
}

static inline void tables_write_idt(uint8_t *ram)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t rights = i < 32 ? 0x8e00 : 0xee00;
        struct descriptor gate = tables_gate(0x08, TABLES_HANDLER + 16 * (i & 15), rights);
        if (i % 16 == 8) {
            gate = tables_gate(0x40, 0, 0xe500);
        } else if (i % 16 == 9) {
            gate = tables_gate(0x28, TABLES_HANDLER, 0xe700);
        }
        tables_put(ram, TABLES_IDT + 8 * i, gate);
    }
}

/* Ring 0 stacks, an I/O bitmap that allows; the second task runs at the handler. */
static inline void tables_write_tasks(uint8_t *ram)
{
    for (unsigned ring = 0; ring < 3; ring++) {
        store_le32(ram + TABLES_TSS + 4 + 8 * ring, 0x6000 - 0x100 * ring);
        store_le16(ram + TABLES_TSS + 8 + 8 * ring, 0x10);
        store_le16(ram + TABLES_TSS_16 + 2 + 4 * ring, 0x6000);
        store_le16(ram + TABLES_TSS_16 + 4 + 4 * ring, 0x10);
    }
    store_le16(ram + TABLES_TSS + 102, 104);
    store_le32(ram + TABLES_TSS_2 + 28, TABLES_PD);
    store_le32(ram + TABLES_TSS_2 + 32, TABLES_HANDLER);
    store_le32(ram + TABLES_TSS_2 + 36, 2);
    store_le32(ram + TABLES_TSS_2 + 56, 0x5f00);
    store_le16(ram + TABLES_TSS_16 + 14, TABLES_HANDLER);
    store_le16(ram + TABLES_TSS_16 + 26, 0x5e00);
    for (unsigned i = 0; i < 6; i++) {
        store_le16(ram + TABLES_TSS_2 + 72 + 4 * i, i == 1 ? 0x08 : 0x10);
        if (i < 4) {
            store_le16(ram + TABLES_TSS_16 + 34 + 2 * i, i == 1 ? 0x28 : 0x10);
        }
    }
}

static inline void tables_write_pages(uint8_t *ram)
{
    store_le32(ram + TABLES_PD, TABLES_PT | 7);
    store_le64(ram + TABLES_PDPT, TABLES_PAE_PD | 1);
    store_le64(ram + TABLES_PAE_PD, TABLES_PAE_PT | 7);
    for (uint32_t i = 0; i < 512; i++) {
        store_le32(ram + TABLES_PT + 4 * i, i << 12 | 7);
        store_le64(ram + TABLES_PAE_PT + 8 * i, i << 12 | 7);
    }
}

static inline void tables_write(uint8_t *ram, bool protected)
{
    for (uint32_t i = 0; i < 256 && !protected; i++) {
        store_le32(ram + 4 * i, TABLES_HANDLER + 16 * (i & 15));
    }
    for (uint32_t i = 0; i < 16; i++) {
        ram[TABLES_HANDLER + 16 * i] = 0xf4;
    }
    tables_write_gdt(ram);
    tables_write_idt(ram);
    tables_write_tasks(ram);
    tables_write_pages(ram);
}

/* What a poke's first byte stands for; 16 bits of offset are added. */
static inline uint32_t tables_place(unsigned where)
{
    static const uint32_t places[] = {
        TABLES_GDT,    TABLES_IDT,    TABLES_TSS,  TABLES_PT,      TABLES_PAE_PT,
        TABLES_PD,     TABLES_PAE_PD, TABLES_PDPT, TABLES_HANDLER, TABLES_TSS_2,
        TABLES_TSS_16, TABLES_LDT,    TABLES_DATA, TABLES_CODE,    0,
        0x5e00};
    return places[where % (sizeof(places) / sizeof(*places))];
}

#endif
