/* Records of blocks, one after the other, as one chain. */
#include "translator/region/region.h"

#include <string.h>

enum { CASES = 4 }; /* targets inside the region that an indirect branch is compared with */

static struct ir_inst *append(struct region_chain *chain)
{
    return chain->ir.count < IR_MAX_RECORDS ? &chain->ir.insts[chain->ir.count++] : NULL;
}

static bool append_guard(struct region_chain *chain, const struct ir_inst *guard)
{
    struct ir_inst *at = append(chain);
    if (at) {
        *at = *guard;
    }
    return at != NULL;
}

static struct ir_inst guard_record(enum region_guard kind, uint8_t a, uint64_t imm)
{
    return (struct ir_inst){.op = IR_guard,
                            .width = 4,
                            .aux = (uint8_t)kind,
                            .dst = IR_NONE,
                            .a = a,
                            .b = IR_NONE,
                            .base = IR_NONE,
                            .index = IR_NONE,
                            .imm = imm};
}

/* The chain goes on in another page. */
static bool cross_page(const struct region_source *source, const struct ir_region *region,
                       struct region_chain *chain, uint64_t from, uint64_t to)
{
    if (region_page(region, (uint32_t)from) == region_page(region, (uint32_t)to)) {
        return true;
    }
    int64_t delta = source->page_delta(source->owner, to);
    struct ir_inst guard = guard_record(GUARD_PAGE, IR_NONE, (uint64_t)delta);
    guard.disp = (int32_t)to;
    return delta > 0 && append_guard(chain, &guard);
}

/* Leaves for targets that are heads of chains, before the indirect branch itself. */
static bool append_cases(const struct region_graph *graph, struct region_chain *chain,
                         uint32_t node, int next, uint8_t a)
{
    const struct region_node *from = &graph->nodes[node];
    uint32_t cases = 0;
    for (uint32_t i = 0; i < from->edge_count && cases < CASES; i++) {
        uint32_t to = from->edges[i].to;
        if ((int)to == next || !(graph->chosen & region_bit(to)) || !graph->nodes[to].head) {
            continue;
        }
        struct ir_inst guard = guard_record(GUARD_CASE, a, graph->nodes[to].block->rip);
        if (!append_guard(chain, &guard)) {
            return false;
        }
        cases++;
    }
    return true;
}

static bool is_branch(const struct ir_inst *inst)
{
    return inst->op == IR_brcc || inst->op == IR_brz || inst->op == IR_brnz;
}

/* The last records of the chain leave to `to` or fall to `other`: turned round. */
static void invert(struct ir_inst *branch, uint64_t other)
{
    if (branch->op == IR_brcc) {
        branch->cc ^= 1;
        branch->flags_read = ir_cc_flags[branch->cc & 15];
    } else {
        branch->op = branch->op == IR_brz ? IR_brnz : IR_brz;
    }
    branch->imm = other;
}

/* The end of a block that another one follows; false: it does not lead there. */
static bool join(const struct region_graph *graph, struct region_chain *chain, uint32_t node,
                 int next)
{
    struct ir_inst *last = &chain->ir.insts[chain->ir.count - 1];
    uint64_t to = graph->nodes[next].block->rip;
    if (last->op == IR_jmp_ind) {
        struct ir_inst guard = guard_record(GUARD_TARGET, last->a, to);
        chain->ir.count--;
        return append_cases(graph, chain, node, next, guard.a) && append_guard(chain, &guard);
    }
    if (last->op != IR_jmp) {
        return false;
    }
    struct ir_inst *branch = last - 1;
    bool taken = chain->ir.count > 1 && is_branch(branch) && branch->imm == to;
    if (last->imm != to) {
        if (!taken) {
            return false;
        }
        invert(branch, last->imm);
    }
    chain->ir.count--;
    return true;
}

bool region_splice(const struct region_graph *graph, const struct region_source *source,
                   struct ir_region *region, struct region_chain *chain, uint32_t node, int next)
{
    const struct ir_block *from = &graph->nodes[node].ir;
    uint64_t rip = from->rip;
    for (uint32_t i = 0; i < from->count; i++) {
        struct ir_inst *to = append(chain);
        if (!to) {
            return false;
        }
        *to = from->insts[i];
        if (to->op == IR_insn) {
            to->b = (uint8_t)chain->ir.insn_count++;
            rip = to->imm;
        }
    }
    if (next < 0) {
        struct ir_inst last = chain->ir.insts[chain->ir.count - 1];
        if (last.op != IR_jmp_ind) {
            return true;
        }
        chain->ir.count--;
        return append_cases(graph, chain, node, -1, last.a) && append_guard(chain, &last);
    }
    return join(graph, chain, node, next) &&
           cross_page(source, region, chain, rip, graph->nodes[next].block->rip);
}
