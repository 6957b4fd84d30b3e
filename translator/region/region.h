/*
 * From observed runs of blocks to a region.
 *
 * Sources: E. Duesterwald, V. Bala, "Software profiling for hot path prediction", ASPLOS 2000 (what
 * runs next after something got hot is hot); the rest follows from what the emitter wants.
 */
#ifndef TRANSLATOR_REGION_REGION_H
#define TRANSLATOR_REGION_REGION_H

#include "base/arena.h"
#include "translator/api/host.h"
#include "translator/ir/region.h"

enum { REGION_NODES = 64, REGION_SUCCESSORS = 6 };

/* A block that ran. */
struct region_sample {
    struct block *block;
    bool follows; /* straight after the sample before it, nothing in between */
};

struct region_edge {
    uint8_t to; /* node */
    uint32_t seen;
};

/* A block of the graph. */
struct region_node {
    struct block *block;
    struct ir_block ir; /* lifted again, when it is in the region */
    uint32_t seen;
    uint32_t edge_count;
    struct region_edge edges[REGION_SUCCESSORS]; /* by falling count, once the graph is made */
    bool head;                                   /* begins a chain */
};

struct region_graph {
    struct region_node nodes[REGION_NODES];
    uint32_t count;
    uint32_t entry;
    uint64_t chosen; /* nodes of the region, as a set */
};

/* What forming asks of its owner. */
struct region_source {
    void *owner;
    /* IR of a block again, as it was made; false: cannot be had. */
    bool (*lift)(void *owner, const struct block *block, struct arena *arena, struct ir_block *ir);
    /* What the code table says of the page at that EIP. */
    int64_t (*page_delta)(void *owner, uint64_t rip);
};

/* graph.c: nodes, edges and the entry of what runs round there; false: nothing does. */
bool region_graph_make(struct region_graph *graph, const struct region_sample *samples,
                       uint32_t count);
/* Node of the hottest successor that is chosen, or -1. */
int region_hottest(const struct region_graph *graph, uint32_t node);

/* chains.c: lifts what was chosen and lays it out; all memory from the arena.  False: nothing worth
 * compiling came out. */
bool region_form(struct region_graph *graph, const struct region_source *source,
                 struct arena *arena, struct ir_region *region);

/* splice.c: appends a node's records to a chain; next: the node that follows in it, or -1. */
bool region_splice(const struct region_graph *graph, const struct region_source *source,
                   struct ir_region *region, struct region_chain *chain, uint32_t node, int next);

static inline uint64_t region_bit(uint32_t node)
{
    return UINT64_C(1) << node;
}

#endif
