/*
 * A region: IR of several blocks that run often one after the other, to be compiled as one piece.
 *
 * It consists of chains.  A chain is entered at its head only and is one straight run of blocks
 * with exits on the way; it is paid for as a whole at its head, like a block.  An exit to the EIP
 * of a chain's head stays inside.  A region is entered from outside at the head of any chain, with
 * everything in the record.
 *
 * `guard` records stand where a chain goes on in a way that may not hold (enum region_guard in
 * aux); no block has them:
 *     GUARD_PAGE    leave to EIP disp when the code table does not say imm of its page
 *     GUARD_TARGET  leave to EIP a, through the branch hash, unless it is imm
 *     GUARD_CASE    leave to EIP imm when a is imm
 * Flags are as after the branch that they belong to.
 */
#ifndef TRANSLATOR_IR_REGION_H
#define TRANSLATOR_IR_REGION_H

#include "translator/ir/ir.h"

enum { REGION_CHAINS = 32, REGION_CHAIN_INSNS = 96, REGION_EXITS = 96 };

enum region_guard { GUARD_PAGE, GUARD_TARGET, GUARD_CASE };

struct region_chain {
    struct ir_block ir;
    int64_t page_delta; /* what the code table said of its head's page */
};

struct ir_region {
    struct region_chain chains[REGION_CHAINS];
    uint32_t count;
    uint32_t page_bias; /* EIP + this, its low 12 bits are the offset in the page */
};

/* The chain whose head is at that EIP, or -1. */
static inline int region_chain_at(const struct ir_region *region, uint64_t rip)
{
    for (uint32_t i = 0; i < region->count; i++) {
        if (region->chains[i].ir.rip == rip) {
            return (int)i;
        }
    }
    return -1;
}

static inline uint32_t region_page(const struct ir_region *region, uint32_t rip)
{
    return (rip + region->page_bias) >> 12;
}

#endif
