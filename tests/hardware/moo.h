/*
 * Single-instruction cases that were captured on real processors, from two file formats:
 *
 *   RMT1   a sample for the 80286, many opcodes in one file
 *   MOO    the public sets: a file for each opcode, chunks inside chunks, maybe gzip-compressed;
 *          registers of 16 bits (8086 to 80286) or of 32 (80386, version 1.1)
 *
 * A case is a state before, what changed, and how far to run.  Cases are read one after the other;
 * what one points to is valid until the next is read.
 */
#ifndef TESTS_HARDWARE_MOO_H
#define TESTS_HARDWARE_MOO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Registers of a case; the sets with registers of 16 bits have those up to MOO_FLAGS but FS and GS.
 */
enum moo_register {
    MOO_AX,
    MOO_BX,
    MOO_CX,
    MOO_DX,
    MOO_SI,
    MOO_DI,
    MOO_BP,
    MOO_SP,
    MOO_CS,
    MOO_DS,
    MOO_ES,
    MOO_FS,
    MOO_GS,
    MOO_SS,
    MOO_IP,
    MOO_FLAGS,
    MOO_CR0,
    MOO_CR3,
    MOO_DR6,
    MOO_DR7,
    MOO_REGISTERS
};
enum { MOO_BYTES = 2048, MOO_HASH = 20 };

struct moo_byte {
    uint32_t at; /* physical address */
    uint8_t value;
};

struct moo_case {
    char name[80]; /* opcode or disassembly */
    uint32_t index;
    uint8_t hash[MOO_HASH];       /* names the case within its set; zero: none given */
    bool wide;                    /* registers of 32 bits */
    uint32_t mask[MOO_REGISTERS]; /* bits that are defined; 0: the set does not have the register */
    uint32_t flags_at;            /* where an exception pushed flags; 0: none */
    uint32_t exits[2];            /* where to put a HLT that ends the case; 0: none */
    bool halts;                   /* the state after is that behind a HLT */
    bool steps;                   /* no place for a HLT: run until CS:IP is the one after */
    uint32_t code, length;        /* the instruction */
    uint32_t before[MOO_REGISTERS], after[MOO_REGISTERS];
    unsigned initial, final; /* bytes of memory before and after */
    struct moo_byte ram[MOO_BYTES], changed[MOO_BYTES];
};

/* A whole file in memory; data NULL: there is none, or it is no such file. */
struct moo_file {
    uint8_t *data;
    size_t bytes, at;
    bool rmt, wide;
    uint32_t left;                /* cases not yet read */
    bool halts;                   /* MOO: cases end with a HLT */
    uint32_t mask[MOO_REGISTERS]; /* MOO: bits that are defined for all cases */
};

/* Opens either format; a name that ends in .gz is read through gzip. */
struct moo_file moo_open(const char *path);
void moo_close(struct moo_file *file);
/* Only these flags (bits 0 to 15) are defined for the cases still to come. */
void moo_define_flags(struct moo_file *file, uint16_t flags);
/* False: there are no more. */
bool moo_next(struct moo_file *file, struct moo_case *out);

/* All of a file, through gzip when it ends in .gz; to be freed; NULL: cannot be read. */
uint8_t *moo_read_file(const char *path, size_t *bytes);

#endif
