/*
 * Guest memory on x86-64: address, segment, flat table look-up, slow path.
 *
 *     lea  r8d, [ea]                     (movzx for 16-bit addresses)
 *     add  r8d, [seg.base]               unless flat; checked segments compare the end first
 *     mov  r9d, r8d; shr r9d, 12
 *     mov  r9, [r13 + r9*8 + table]      delta; 0 or negative: slow
 *     test r9, r9; jle slow
 *     test r8b, size-1; jne slow         the stub looks whether it leaves the page
 *     operation on [r8 + r9]
 *
 * The slow path is a few calls of shared stubs (stubs_memory.c): after a load the fast path goes on
 * with ctx->slow_value for memory, and when it asked to leave, the dispatcher runs the instruction
 * (guest_run_again()); stores run the operation on it a second time.  Flags are in the record
 * before the look-up because it destroys the host's.
 */
#include "backend/host/x64/select.h"

#include <assert.h>

struct x64_rm x64_fast_operand(void)
{
    return x64_index(REG_EA, REG_DELTA, 0, 0);
}

struct x64_rm x64_slow_operand(void)
{
    return CTX(slow_value);
}

uint64_t x64_pack(const struct emit *e, const struct memory_access *access)
{
    return (uint64_t)e->rip | (uint64_t)e->length << PACK_LENGTH |
           (uint64_t)(e->ir->insn_count - e->index) << PACK_PENDING |
           (uint64_t)access->size << PACK_SIZE | (uint64_t)access->seg << PACK_SEG |
           (uint64_t)access->aligned << PACK_ALIGNED;
}

/* Host register that holds an address component: temporaries in the record are fetched. */
static unsigned address_register(struct emit *e, unsigned operand, unsigned fetch)
{
    if (operand == IR_NONE) {
        return X64_NOREG;
    }
    struct x64_rm rm = operand_rm(operand, x64_reg(0));
    if (rm.memory) {
        x64_load(e->out, 8, fetch, rm);
        return fetch;
    }
    return rm.reg;
}

/* r8 = effective address (offset), cut to its size.  No flags. */
void x64_effective_address(struct emit *e, const struct memory_access *access)
{
    struct code_buffer *out = e->out;
    unsigned base = address_register(e, access->base, REG_EA);
    unsigned index = address_register(e, access->index, REG_DELTA);
    if (base == X64_NOREG && index == X64_NOREG) {
        uint32_t offset = (uint32_t)access->disp;
        x64_mov_imm(out, REG_EA, access->asize == 2 ? offset & 0xffff : offset);
        return;
    }
    if (base == X64_NOREG && access->scale == 0) {
        base = index;
        index = X64_NOREG;
    }
    bool plain = index == X64_NOREG && access->disp == 0;
    struct x64_rm from =
        plain ? x64_reg(base) : x64_index(base, index, access->scale, access->disp);
    if (plain && access->asize == 2) {
        x64_load(out, 2, REG_EA, from);
        return;
    }
    /* mov or lea r8d */
    buffer_put(out, 0x40 | X64_REX_R | from.rex | (plain ? 0x8b00u : 0x8d00u), 2);
    buffer_put(out, from.bytes, from.count);
    if (access->asize == 2) {
        x64_load(out, 2, REG_EA, x64_reg(REG_EA));
    }
}

static struct x64_rm segment_field(unsigned seg, size_t member)
{
    return abi_context(offsetof(struct context, seg) + seg * sizeof(struct segment) + member);
}

static void add_slow(struct emit *e, struct slow_site *site, unsigned cc)
{
    assert(site->slow_count < sizeof(site->slow) / sizeof(site->slow[0]));
    site->slow[site->slow_count++] = x64_jcc(e->out, cc);
}

/* Limit check and base: r8 offset to linear. */
static void emit_segment(struct emit *e, struct slow_site *site)
{
    const struct memory_access *access = &site->access;
    enum seg_class class = mode_seg_class(e->ir->mode, access->seg);
    if (class == SEG_FLAT) {
        return;
    }
    if (class == SEG_CHECKED || (class == SEG_BASED64K && access->asize != 2)) {
        size_t end = access->kind == ACCESS_LOAD ? offsetof(struct segment, read_end)
                                                 : offsetof(struct segment, write_end);
        unsigned from = REG_EA;
        if (class == SEG_CHECKED) {
            x64_op(e->out, 4, 0x8b, REG_DELTA, x64_reg(REG_EA));
            x64_op(e->out, 4, 0x2b, REG_DELTA,
                   segment_field(access->seg, offsetof(struct segment, start)));
            from = REG_DELTA;
        }
        x64_lea(e->out, 8, REG_DELTA, x64_mem(from, access->size));
        x64_op(e->out, 8, 0x3b, REG_DELTA, segment_field(access->seg, end));
        site->limit = x64_jcc(e->out, X64_A);
    }
    x64_op(e->out, 4, 0x03, REG_EA, segment_field(access->seg, offsetof(struct segment, base)));
}

static uint8_t alignment_mask(const struct memory_access *access)
{
    return access->size > 8 ? 15 : (uint8_t)(access->size - 1);
}

/* The look-up of linear r8, as ready-made bytes. */
static void emit_indexed_lookup(struct emit *e, struct slow_site *site)
{
    static const uint8_t head[2][16] = {{0x45, 0x8b, 0xc8,           /* mov r9d, r8d */
                                         0x41, 0xc1, 0xe9, 12,       /* shr r9d, 12 */
                                         0x4f, 0x8b, 0x4c, 0xcd, 0}, /* mov r9, [r13 + r9*8] */
                                        {0x45, 0x8b, 0xc8, 0x41, 0xc1, 0xe9, 12, 0x4f, 0x8b, 0x8c,
                                         0xcd}};     /* mov r9, [r13 + r9*8 + disp32] */
    static const uint64_t test_delta = 0x8e0fc9854d; /* test r9, r9; jle rel32 */
    static const uint32_t test_low = 0xc0f641;       /* test r8b, imm8 */
    struct code_buffer *out = e->out;
    bool store = site->access.kind != ACCESS_LOAD;
    buffer_put(out, load_le64(head[store]), 8);
    buffer_put(out, load_le64(head[store] + 8), store ? 3 : 4);
    if (store) {
        buffer_put(out, TABLE_WRITE, 4);
    }
    buffer_put(out, test_delta, 5);
    buffer_put(out, 0, 4);
    site->slow[0] = out->at - 4;
    site->slow_count = 1;
    if (site->access.size > 1) {
        buffer_put(out, test_low | (uint32_t)alignment_mask(&site->access) << 24, 4);
        add_slow(e, site, X64_NE);
    }
}

/* The segment whose 64 KiB an access may leave without being past its limit, or none. */
static unsigned wrapping_segment(const struct emit *e, const struct memory_access *access)
{
    bool wraps = mode_seg_class(e->ir->mode, access->seg) == SEG_BASED64K && access->asize == 2;
    return wraps ? access->seg : SEG_COUNT;
}

static void emit_lookup(struct emit *e, struct slow_site *site)
{
    const struct memory_access *access = &site->access;
    struct code_buffer *out = e->out;
    int32_t table = access->kind == ACCESS_LOAD ? 0 : TABLE_WRITE;
    bool constant = access->base == IR_NONE && access->index == IR_NONE &&
                    mode_seg_class(e->ir->mode, access->seg) == SEG_FLAT;
    site->strict = access->aligned || (e->ir->mode & MODE_ALIGN_CHECK) != 0;
    site->slot = -1;
    if (!constant && x64_slot_fits(e, site, wrapping_segment(e, access) != SEG_COUNT)) {
        x64_slot_lookup(e, site);
    } else if (!constant) {
        emit_indexed_lookup(e, site);
    } else {
        uint32_t offset = (uint32_t)access->disp;
        offset = access->asize == 2 ? offset & 0xffff : offset;
        x64_load(out, 8, REG_DELTA, x64_mem(REG_TABLES, table + (int32_t)(offset >> 12) * 8));
        x64_op(out, 8, 0x85, REG_DELTA, x64_reg(REG_DELTA));
        add_slow(e, site, X64_LE);
        bool leaves_page = (offset & 0xfff) + access->size > 0x1000;
        if ((offset & alignment_mask(access)) != 0 && (site->strict || leaves_page)) {
            site->slow[site->slow_count++] = x64_jmp(out);
        }
    }
    site->resume = out->at;
}

/* True when the rest of the instruction accesses memory or calls: the slow path cannot emit it
 * again, so a wish to leave is looked at where the next instruction begins. */
static bool tail_accesses(const struct emit *e)
{
    for (uint32_t i = e->at + 1; i < e->ir->count && e->ir->insts[i].op != IR_insn; i++) {
        const struct ir_inst *inst = &e->ir->insts[i];
        if (ir_has_memory(inst) || (ir_rows[inst->op].effects & IR_FAULTS) != 0) {
            return true;
        }
    }
    return false;
}

void x64_with_memory(struct emit *e, const struct ir_inst *inst, const struct memory_access *access,
                     emit_body *body, emit_body *post, const struct flag_use *use)
{
    struct x64_rm grouped;
    e->sited = !(e->region != NULL && x64_group_covers(e, inst, access, &grouped));
    if (!e->sited) {
        x64_flags_prepare(e, use);
        x64_run_body(e, inst, body, grouped);
        if (post != NULL) {
            post(e, inst, grouped);
        }
        x64_flags_done(e, inst, use);
        return;
    }
    x64_flags_before_access(e);
    struct slow_site *site = &e->slow[e->slow_count++];
    site->inst = inst; /* member by member: cheaper than a literal, and all are set here */
    site->body = body;
    site->post = post;
    site->access = *access;
    site->pack = x64_pack(e, access);
    site->limit = 0;
    site->slow_count = 0;
    site->incomplete = false;
    site->at = e->at;
    site->replay = e->flags_lost ? e->producer : NULL;
    site->last = e->fpu_last;
    site->last_after.valid = false;
    x64_effective_address(e, access);
    emit_segment(e, site);
    emit_lookup(e, site);
    site->needs_flags = x64_flags_wanted(e, use);
    site->writes_flags = use->writes;
    x64_flags_prepare(e, use);
    x64_run_body(e, inst, body, x64_fast_operand());
    site->post_at = e->out->at;
    if (post != NULL) {
        post(e, inst, x64_fast_operand());
    }
    x64_flags_done(e, inst, use);
    site->host_flags_after = e->flags_in_host;
    site->back = e->out->at;
    e->check_leave |= tail_accesses(e);
}

void x64_access_goes_on(struct emit *e)
{
    if (e->sited) {
        e->slow[e->slow_count - 1].incomplete = true;
    }
}

/* True when the rest of the instruction can be emitted a second time: it neither leaves nor touches
 * memory nor calls. */
static bool tail_is_simple(const struct emit *e, uint32_t at)
{
    for (uint32_t i = at; i < e->ir->count && e->ir->insts[i].op != IR_insn; i++) {
        const struct ir_inst *inst = &e->ir->insts[i];
        if (ir_has_memory(inst) || ir_rows[inst->op].effects != 0) {
            return false;
        }
    }
    return true;
}

/* Code behind the pack: the access asked to leave after this instruction.  The rest of it. */
static void emit_tail(struct emit *e, const struct slow_site *site)
{
    e->flags_in_record = true;
    e->flags_in_host = false;
    e->flags_lost = false;
    for (e->at = site->at + 1; e->at < e->ir->count && e->ir->insts[e->at].op != IR_insn; e->at++) {
        x64_select_record(e);
    }
    x64_flags_to_record(e);
    if (site->last_after.valid) {
        x64_fpu_flush_last(e, &site->last_after);
    }
    x64_jmp_to(e->out, e->engine->stubs.leave_live);
}

/* The operation on what a slow path supplies; flags are in the record before and after. */
static void emit_slow_body(struct emit *e, const struct slow_site *site, struct x64_rm mem)
{
    if (site->needs_flags) {
        x64_call_to(e->out, e->engine->stubs.load_flags);
    }
    x64_run_body(e, site->inst, site->body, mem);
    if (site->writes_flags) {
        x64_call_to(e->out, e->engine->stubs.save_flags);
    }
}

static bool has_tail(const struct emit *e, const struct slow_site *site)
{
    return !site->incomplete && tail_is_simple(e, site->at + 1);
}

/* Calls a stub that reads the pack behind the jump to `next`. */
static void call_packed(struct emit *e, uint32_t stub, uint32_t next, uint64_t pack)
{
    x64_call_to(e->out, stub);
    x64_jmp_to(e->out, next);
    buffer_put(e->out, pack, 8);
}

/* True when its instruction has done nothing before the record that may not be done twice. */
static bool is_first(const struct emit *e, uint32_t at)
{
    while (at > 0 && e->ir->insts[at - 1].op != IR_insn) {
        const struct ir_inst *inst = &e->ir->insts[--at];
        if (ir_has_memory(inst) || ir_rows[inst->op].effects != 0) {
            return false;
        }
    }
    return true;
}

/* Loads: the stub makes [r8 + r9] the datum, and the fast path goes on. */
static void emit_slow_load(struct emit *e, const struct slow_site *site)
{
    const struct x64_stubs *stubs = &e->engine->stubs;
    unsigned seg = wrapping_segment(e, &site->access);
    uint32_t stub =
        site->strict ? stubs->load_strict : stubs->load[seg][x64_size_index(site->access.size)];
    bool again = has_tail(e, site) && is_first(e, site->at);
    call_packed(e, stub, site->resume, site->pack | (uint64_t)again << PACK_AGAIN);
}

static void emit_check(struct emit *e, const struct slow_site *site)
{
    bool store = site->access.kind != ACCESS_LOAD;
    if (!site->strict) {
        unsigned seg = wrapping_segment(e, &site->access);
        x64_call_to(e->out, e->engine->stubs.check[store][seg][x64_size_index(site->access.size)]);
        x64_jmp_to(e->out, site->resume);
    }
}

static void call_access(struct emit *e, uint64_t pack, unsigned kind)
{
    x64_mov_imm(e->out, REG_DELTA, pack | (uint64_t)kind << PACK_KIND);
    x64_call_to(e->out, e->engine->stubs.access);
}

/* Where the fast path is joined: the flags as they are there. */
static uint32_t emit_joint(struct emit *e, const struct slow_site *site)
{
    if (!site->host_flags_after && site->post == NULL) {
        return site->back;
    }
    if (site->post == x64_post_push) {
        return site->post_at;
    }
    struct code_buffer *out = e->out;
    uint32_t joint = out->at;
    if (site->post != NULL) {
        site->post(e, site->inst, x64_slow_operand());
    }
    if (site->host_flags_after) {
        x64_call_to(out, e->engine->stubs.load_flags);
    }
    x64_jmp_to(out, site->back);
    return joint;
}

/* Stores whose operation changes more than memory: it pops, sets exception flags, enters MMX. */
static bool changes_x87(const struct ir_inst *inst)
{
    return inst->op == IR_x87 || (inst->op == IR_vec && inst->a >= IR_MM0 && inst->a < IR_MM0 + 8);
}

/* True when a stub can make the whole store from slow_value. */
static bool is_plain_store(const struct slow_site *site)
{
    return site->access.kind == ACCESS_STORE && !site->strict && site->access.size <= 8 &&
           !changes_x87(site->inst);
}

/* Stores and read-modify-writes: the operation on slow_value, then the store. */
static void emit_slow_store(struct emit *e, const struct slow_site *site, uint32_t joint)
{
    const struct x64_stubs *stubs = &e->engine->stubs;
    uint32_t stub = stubs->store;
    bool tail = has_tail(e, site);
    uint32_t next = site->at + 1;
    bool last = next >= e->ir->count || e->ir->insts[next].op == IR_insn;
    bool pushes = site->post == x64_post_push;
    bool at_once = tail && last && (site->post == NULL || pushes) && !site->last_after.valid;
    uint64_t pack = site->pack | (uint64_t)1 << PACK_KIND | (uint64_t)pushes << PACK_PUSH;
    if (is_plain_store(site)) {
        unsigned seg = wrapping_segment(e, &site->access);
        stub = stubs->store_checked[seg][x64_size_index(site->access.size)];
    } else {
        emit_check(e, site);
    }
    if (site->access.kind == ACCESS_MODIFY) {
        call_access(e, site->pack, 2);
    } else if (changes_x87(site->inst)) {
        call_access(e, site->pack, 3);
    }
    emit_slow_body(e, site, x64_slow_operand());
    pack |= at_once ? (uint64_t)1 << PACK_LEAVE : (uint64_t)tail << PACK_TAIL;
    call_packed(e, stub, joint, pack);
    if (tail && !at_once) {
        if (site->post != NULL) {
            site->post(e, site->inst, x64_slow_operand());
        }
        emit_tail(e, site);
    }
}

/* Loads after which the address is still wanted. */
static void emit_slow_load_at(struct emit *e, const struct slow_site *site)
{
    struct code_buffer *out = e->out;
    emit_check(e, site);
    call_access(e, site->pack, 0);
    emit_slow_body(e, site, x64_slow_operand());
    site->post(e, site->inst, x64_slow_operand());
    if (has_tail(e, site)) {
        x64_alu_imm(out, 4, 7, CTX(leave), LEAVE_NONE);
        uint32_t normal = x64_jcc(out, X64_E);
        emit_tail(e, site);
        x64_here(out, normal);
    }
    if (site->host_flags_after) {
        x64_call_to(out, e->engine->stubs.load_flags);
    }
    x64_jmp_to(out, site->back);
}

static void emit_slow(struct emit *e, struct slow_site *site)
{
    struct code_buffer *out = e->out;
    e->at = site->at;
    uint32_t joint = site->access.kind != ACCESS_LOAD ? emit_joint(e, site) : 0;
    uint32_t missed = 0;
    if (site->slot >= 0) {
        x64_slot_miss(e, site);
        missed = site->limit != 0 ? x64_jmp(out) : 0;
    }
    if (site->limit != 0) {
        x64_here(out, site->limit);
        x64_op(out, 4, 0x03, REG_EA,
               segment_field(site->access.seg, offsetof(struct segment, base)));
        x64_mov_imm(out, REG_DELTA, 0);
    }
    if (missed != 0) {
        x64_here(out, missed);
    }
    for (uint32_t i = 0; i < site->slow_count; i++) {
        x64_here(out, site->slow[i]);
    }
    if (site->replay != NULL) {
        x64_emit_replay(e, site->replay);
        x64_call_to(out, e->engine->stubs.save_flags);
    }
    if (site->last.valid) {
        x64_fpu_flush_last(e, &site->last);
    }
    if (site->access.kind != ACCESS_LOAD) {
        emit_slow_store(e, site, joint);
    } else if (site->post != NULL) {
        emit_slow_load_at(e, site);
    } else {
        emit_slow_load(e, site);
    }
}

void x64_emit_slow_sites(struct emit *e)
{
    for (uint32_t i = 0; i < e->slow_count; i++) {
        emit_slow(e, &e->slow[i]);
    }
}
