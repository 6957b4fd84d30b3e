/* Samples to a graph of blocks, and which of them are worth a region. */
#include "translator/region/region.h"

#include <stdlib.h>
#include <string.h>

enum { RARE = 32 }; /* blocks that ran fewer than one in so many times the entry stay outside */

static int node_of(struct region_graph *graph, struct block *block)
{
    for (uint32_t i = 0; i < graph->count; i++) {
        if (graph->nodes[i].block == block) {
            return (int)i;
        }
    }
    if (graph->count == REGION_NODES) {
        return -1;
    }
    graph->nodes[graph->count] = (struct region_node){.block = block};
    return (int)graph->count++;
}

static void add_edge(struct region_node *from, uint32_t to)
{
    for (uint32_t i = 0; i < from->edge_count; i++) {
        if (from->edges[i].to == to) {
            from->edges[i].seen++;
            return;
        }
    }
    if (from->edge_count < REGION_SUCCESSORS) {
        from->edges[from->edge_count++] = (struct region_edge){.to = (uint8_t)to, .seen = 1};
    }
}

static int by_count(const void *a, const void *b)
{
    const struct region_edge *left = a;
    const struct region_edge *right = b;
    if (left->seen != right->seen) {
        return left->seen < right->seen ? 1 : -1;
    }
    return left->to - right->to;
}

static void count_samples(struct region_graph *graph, const struct region_sample *samples,
                          uint32_t count)
{
    int last = -1;
    for (uint32_t i = 0; i < count; i++) {
        int node = node_of(graph, samples[i].block);
        if (node >= 0) {
            graph->nodes[node].seen++;
            if (last >= 0 && samples[i].follows) {
                add_edge(&graph->nodes[last], (uint32_t)node);
            }
        }
        last = node;
    }
    for (uint32_t i = 0; i < graph->count; i++) {
        qsort(graph->nodes[i].edges, graph->nodes[i].edge_count, sizeof(struct region_edge),
              by_count);
    }
}

/* Where the most frequent jump backwards leads; false: there is none. */
static bool find_entry(struct region_graph *graph)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < graph->count; i++) {
        const struct region_node *node = &graph->nodes[i];
        for (uint32_t k = 0; k < node->edge_count; k++) {
            const struct region_edge *edge = &node->edges[k];
            bool backwards = graph->nodes[edge->to].block->rip <= node->block->rip;
            if (backwards && edge->seen > most) {
                most = edge->seen;
                graph->entry = edge->to;
            }
        }
    }
    return most > 1;
}

/* The set with all nodes of `allowed` that edges lead to from it, or, backwards, that lead to it.
 */
static uint64_t closure(const struct region_graph *graph, uint64_t set, uint64_t allowed,
                        bool backwards)
{
    uint64_t before;
    do {
        before = set;
        for (uint32_t i = 0; i < graph->count; i++) {
            const struct region_node *node = &graph->nodes[i];
            for (uint32_t k = 0; k < node->edge_count; k++) {
                uint64_t from = region_bit(i);
                uint64_t to = region_bit(node->edges[k].to);
                if (set & (backwards ? to : from)) {
                    set |= (backwards ? from : to) & allowed;
                }
            }
        }
    } while (set != before);
    return set;
}

bool region_graph_make(struct region_graph *graph, const struct region_sample *samples,
                       uint32_t count)
{
    graph->count = 0;
    count_samples(graph, samples, count);
    if (!find_entry(graph)) {
        return false;
    }
    uint64_t often = 0;
    uint32_t first = graph->nodes[0].seen;
    uint32_t most = graph->nodes[graph->entry].seen;
    for (uint32_t i = 0; i < graph->count; i++) {
        uint32_t seen = graph->nodes[i].seen;
        if (seen > 1 && seen >= (first < most ? first : most) / RARE) {
            often |= region_bit(i);
        }
    }
    uint64_t entry = region_bit(graph->entry);
    graph->chosen = closure(graph, entry, often, true) & closure(graph, entry, often, false);
    return graph->chosen & region_bit(0);
}

int region_hottest(const struct region_graph *graph, uint32_t node)
{
    const struct region_node *from = &graph->nodes[node];
    for (uint32_t i = 0; i < from->edge_count; i++) {
        if (graph->chosen & region_bit(from->edges[i].to)) {
            return from->edges[i].to;
        }
    }
    return -1;
}
