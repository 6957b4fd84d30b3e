/*
 * Single-instruction cases that were captured on real processors, from two file formats:
 *
 *   RMT1   a sample for the 80286, many opcodes in one file
 *   MOO    the public sets: a file for each opcode, chunks inside chunks, maybe gzip-compressed
 *
 * A case is a state before, what changed, and how far to run.  Cases are read one after the other;
 * what one points to is valid until the next is read.
 */
#ifndef TESTS_HARDWARE_MOO_H
#define TESTS_HARDWARE_MOO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOO_REGISTERS = 14, MOO_BYTES = 2048 };
/* The files' order of registers: ax bx cx dx cs ss ds es sp bp si di ip flags. */
enum { MOO_CS = 4, MOO_SS, MOO_SP = 8, MOO_IP = 12, MOO_FLAGS = 13 };

struct moo_byte {
    uint32_t at; /* physical address */
    uint8_t value;
};

struct moo_case {
    char name[80]; /* opcode or disassembly */
    uint32_t index;
    uint16_t mask;         /* flags that are defined */
    uint32_t flags_at;     /* where an exception pushed flags; 0: none */
    uint32_t exits[2];     /* where to put a HLT that ends the case; 0: none */
    bool halts;            /* the state after is that behind a HLT */
    bool steps;            /* no place for a HLT: run until CS:IP is the one after */
    uint32_t code, length; /* the instruction */
    uint16_t before[MOO_REGISTERS], after[MOO_REGISTERS];
    unsigned initial, final; /* bytes of memory before and after */
    struct moo_byte ram[MOO_BYTES], changed[MOO_BYTES];
};

/* A whole file in memory; data NULL: there is none, or it is no such file. */
struct moo_file {
    uint8_t *data;
    size_t bytes, at;
    bool rmt;
    uint32_t left; /* cases not yet read */
    uint16_t mask; /* MOO: flags that are defined for the opcode */
    bool halts;    /* MOO: cases end with a HLT */
};

/* Opens either format; a name that ends in .gz is read through gzip. */
struct moo_file moo_open(const char *path);
void moo_close(struct moo_file *file);
/* False: there are no more. */
bool moo_next(struct moo_file *file, struct moo_case *out);
/* Flags that are defined for the opcode ("F6.7") by the set's metadata.json; FFFFh without one. */
uint16_t moo_mask(const char *folder, const char *opcode);

#endif
