/* Which blocks stand one after the other: heads of chains, and the region made of them. */
#include "translator/region/region.h"

#include <string.h>

static bool is_chosen(const struct region_graph *graph, uint32_t node)
{
    return graph->chosen & region_bit(node);
}

/* Control leads from one block to the other by what stands at the first one's end. */
static bool leads_to(const struct ir_block *ir, uint64_t rip)
{
    const struct ir_inst *last = &ir->insts[ir->count - 1];
    if (last->op == IR_jmp_ind) {
        return true;
    }
    if (last->op != IR_jmp) {
        return false;
    }
    const struct ir_inst *branch = last - 1;
    bool conditional =
        ir->count > 1 && (branch->op == IR_brcc || branch->op == IR_brz || branch->op == IR_brnz);
    return last->imm == rip || (conditional && branch->imm == rip);
}

/* Lifts what was chosen; drops edges that something else made. */
static bool lift_all(struct region_graph *graph, const struct region_source *source,
                     struct arena *arena)
{
    for (uint32_t i = 0; i < graph->count; i++) {
        struct region_node *node = &graph->nodes[i];
        if (is_chosen(graph, i) && !source->lift(source->owner, node->block, arena, &node->ir)) {
            graph->chosen &= ~region_bit(i);
        }
    }
    for (uint32_t i = 0; i < graph->count; i++) {
        struct region_node *node = &graph->nodes[i];
        uint32_t kept = 0;
        for (uint32_t k = 0; k < node->edge_count && is_chosen(graph, i); k++) {
            uint32_t to = node->edges[k].to;
            if (is_chosen(graph, to) && leads_to(&node->ir, graph->nodes[to].block->rip)) {
                node->edges[kept++] = node->edges[k];
            }
        }
        node->edge_count = kept;
    }
    return is_chosen(graph, graph->entry);
}

/* A head is where the region is entered, what is reached from several blocks, and what is not the
 * first choice of the only one. */
static void find_heads(struct region_graph *graph)
{
    uint32_t sources[REGION_NODES] = {0};
    bool first[REGION_NODES] = {false};
    for (uint32_t i = 0; i < graph->count; i++) {
        const struct region_node *node = &graph->nodes[i];
        for (uint32_t k = 0; k < node->edge_count; k++) {
            sources[node->edges[k].to]++;
            first[node->edges[k].to] |= k == 0;
        }
    }
    for (uint32_t i = 0; i < graph->count; i++) {
        graph->nodes[i].head = i == graph->entry || sources[i] > 1 || !first[i];
    }
}

/* Makes heads where chains become too long. */
static void cut_long(struct region_graph *graph)
{
    for (uint32_t i = 0; i < graph->count; i++) {
        if (!is_chosen(graph, i) || !graph->nodes[i].head) {
            continue;
        }
        uint32_t insns = graph->nodes[i].ir.insn_count;
        int at = region_hottest(graph, i);
        for (uint32_t n = 0; at >= 0 && !graph->nodes[at].head && n < REGION_NODES; n++) {
            insns += graph->nodes[at].ir.insn_count;
            if (insns > REGION_CHAIN_INSNS) {
                graph->nodes[at].head = true;
                insns = graph->nodes[at].ir.insn_count;
            }
            at = region_hottest(graph, (uint32_t)at);
        }
    }
}

static bool make_chain(const struct region_graph *graph, const struct region_source *source,
                       struct arena *arena, struct ir_region *region, uint32_t head)
{
    const struct region_node *node = &graph->nodes[head];
    struct region_chain *chain = &region->chains[region->count];
    chain->ir = (struct ir_block){.rip = node->block->rip, .mode = node->block->mode};
    chain->ir.insts = arena_alloc_raw(arena, IR_MAX_RECORDS * sizeof(struct ir_inst));
    chain->page_delta = source->page_delta(source->owner, node->block->rip);
    if (chain->page_delta <= 0) {
        return false;
    }
    uint32_t at = head;
    bool more = true;
    while (more) {
        int next = region_hottest(graph, at);
        more = next >= 0 && !graph->nodes[next].head;
        if (!region_splice(graph, source, region, chain, at, more ? next : -1)) {
            return false;
        }
        at = more ? (uint32_t)next : at;
    }
    arena_trim(arena, chain->ir.insts, IR_MAX_RECORDS * sizeof(struct ir_inst),
               chain->ir.count * sizeof(struct ir_inst));
    region->count++;
    return true;
}

bool region_form(struct region_graph *graph, const struct region_source *source,
                 struct arena *arena, struct ir_region *region)
{
    if (!lift_all(graph, source, arena)) {
        return false;
    }
    find_heads(graph);
    cut_long(graph);
    const struct block *entry = graph->nodes[graph->entry].block;
    region->count = 0;
    region->page_bias = (uint32_t)(entry->gpa - entry->rip) & 0xfff;
    if (!make_chain(graph, source, arena, region, graph->entry)) {
        return false;
    }
    for (uint32_t i = 0; i < graph->count && region->count < REGION_CHAINS; i++) {
        if (is_chosen(graph, i) && graph->nodes[i].head && i != graph->entry) {
            make_chain(graph, source, arena, region, i);
        }
    }
    return true;
}
