/*
 * A case: instructions made from templates with random prefixes, addressing forms and immediates,
 * memory operands steered to where there is memory, branches steered to the ends of instructions.
 */
#include "tests/fuzz/generate.h"

#include "base/endian.h"
#include "tests/fuzz/same64.h"
#include "tests/fuzz/values.h"

#include <string.h>

enum { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI };
enum { TRIES = 60 };

/* One case in the making. */
struct making {
    const struct generator *g;
    struct dice dice;
    struct fuzz_slot *slot;
    struct shape *shape;
    uint32_t bytes;     /* of code so far */
    unsigned undefined; /* arithmetic flags nothing may read */
    unsigned pinned;    /* registers an earlier instruction relies on */
    bool branched;
    bool alone;                /* nothing may follow */
    unsigned touched;          /* registers that are operands of earlier instructions */
    uint8_t patch[CASE_INSNS]; /* offset of a branch's displacement + 1, its size */
    uint8_t patch_size[CASE_INSNS];
};

/* One instruction in the making. */
struct encoding {
    uint8_t bytes[X86_MAX_LENGTH + 16];
    unsigned count, disp_at, disp_bytes;
    struct x86_insn insn;
};

struct fuzz_state state_default(void)
{
    struct fuzz_state s = {.eip = FUZZ_START, .eflags = 0x202};
    s.gpr[ESP] = FUZZ_STACK + 0x800;
    for (unsigned i = 0; i < FUZZ_SREGS; i++) {
        s.sreg[i] = FUZZ_SEL_FLAT;
    }
    s.sreg[FUZZ_CS] = FUZZ_SEL_CODE32;
    s.sreg[FUZZ_FS] = 0;
    store_le16(s.fx + FX_FCW, 0x37f);
    store_le32(s.fx + FX_MXCSR, 0x1f80);
    return s;
}

static bool is_local(uint16_t selector)
{
    return (selector & 4) && selector >> 3 < FUZZ_SEGMENTS;
}

uint32_t selector_base(uint16_t selector)
{
    return is_local(selector) ? fuzz_segments[selector >> 3].base : 0;
}

bool state_local(const struct fuzz_state *state)
{
    bool local = false;
    for (unsigned i = 0; i < FUZZ_SREGS; i++) {
        local |= is_local(state->sreg[i]);
    }
    return local;
}

uint32_t code_linear(const struct fuzz_state *state)
{
    return selector_base(state->sreg[FUZZ_CS]) + state->eip;
}

uint8_t *code_at(struct fuzz_slot *slot)
{
    return slot->memory + (code_linear(&slot->before) - FUZZ_CODE);
}

uint8_t *memory_at(uint8_t *memory, uint32_t linear)
{
    for (unsigned i = 0; i < FUZZ_REGIONS; i++) {
        const struct fuzz_region *r = &fuzz_regions[i];
        if (linear - r->address < r->bytes) {
            return memory + (linear - r->address);
        }
        memory += r->bytes;
    }
    return NULL;
}

struct x86_decode_mode case_mode(const struct fuzz_state *state, uint64_t features)
{
    bool code16 = state->sreg[FUZZ_CS] == FUZZ_SEL_CODE16;
    return (struct x86_decode_mode){
        .features = features, .code_size = code16 ? 16 : 32, .protected_mode = true};
}

void generator_init(struct generator *g, const struct templates *templates)
{
    struct dice dice = dice_of(1);
    *g = (struct generator){.templates = templates, .most_insns = CASE_INSNS};
    for (unsigned i = 0; i < POOL_BYTES; i += 16) {
        value128(&dice, g->pool + i);
    }
}

/* ---- the state before ---- */

static void make_x87(struct dice *dice, uint8_t *fx)
{
    uint16_t fcw = (uint16_t)(0x007f | (dice_roll(dice) & 0x0f00));
    fcw = (uint16_t)(dice_one_in(dice, 2) ? 0x37f : fcw);
    fcw = (uint16_t)(dice_one_in(dice, 4) ? fcw & ~(dice_roll(dice) & 0x3f) : fcw);
    uint16_t fsw = (uint16_t)(dice_roll(dice) & 0x7f00);
    fsw = (uint16_t)(fsw | (dice_one_in(dice, 6) ? dice_roll(dice) & 0x7f : 0));
    if (!dice_one_in(dice, 20)) {
        fsw &= (uint16_t)(0xff00 | (fcw & 0x3f)); /* nothing pending */
    }
    fsw |= (uint16_t)(fsw & ~fcw & 0x3f ? 0x8080 : 0);
    store_le16(fx + FX_FCW, fcw);
    store_le16(fx + FX_FSW, fsw);
    fx[FX_FTW] = dice_one_in(dice, 2) ? 0xff : (uint8_t)(dice_roll(dice) | dice_roll(dice));
    for (unsigned i = 0; i < 8; i++) {
        value80(dice, fx + FX_ST + 16 * i);
    }
}

static void make_sse(struct dice *dice, uint8_t *fx)
{
    uint32_t mxcsr = 0x1f80;
    mxcsr |= dice_one_in(dice, 2) ? dice_roll(dice) & 0xe040 : 0;
    mxcsr |= dice_one_in(dice, 4) ? dice_roll(dice) & 0x3f : 0;
    mxcsr &= dice_one_in(dice, 4) ? ~(dice_roll(dice) & 0x1f80) : UINT32_MAX;
    store_le32(fx + FX_MXCSR, mxcsr);
    for (unsigned i = 0; i < 8; i++) {
        value128(dice, fx + FX_XMM + 16 * i);
    }
}

/* A selector both worlds have: flat segments stand for local ones where there are none. */
static uint16_t available(const struct generator *g, uint16_t selector)
{
    bool code = (selector & ~3) == (FUZZ_SEL_CODE16 & ~3);
    return g->local || !is_local(selector) ? selector : code ? FUZZ_SEL_CODE32 : FUZZ_SEL_FLAT;
}

static void make_segments(const struct generator *g, struct dice *dice, struct fuzz_state *s)
{
    static const uint16_t data[] = {FUZZ_SEL_BASED, FUZZ_SEL_READ_ONLY, FUZZ_SEL_DOWN, 0};
    static const enum fuzz_sreg changing[] = {FUZZ_DS, FUZZ_ES, FUZZ_GS, FUZZ_FS};
    s->sreg[FUZZ_GS] = available(g, FUZZ_SEL_BASED);
    if (g->code64) { /* null segments have no limits there */
        s->sreg[FUZZ_FS] = FUZZ_SEL_FLAT;
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        if (dice_one_in(dice, 12)) {
            s->sreg[changing[i]] = available(g, data[dice_below(dice, 4)]);
        }
    }
    if (dice_one_in(dice, 16) && g->local) {
        s->sreg[FUZZ_SS] = FUZZ_SEL_BASED;
        s->gpr[ESP] -= selector_base(FUZZ_SEL_BASED);
    }
    if (dice_one_in(dice, 6) && g->local) {
        s->sreg[FUZZ_CS] = FUZZ_SEL_CODE16;
        s->eip -= FUZZ_CODE;
    }
}

/* Where memory is worth looking at: any alignment, lines, pages and ends of what is mapped. */
static uint32_t target(struct dice *dice, unsigned width)
{
    static const uint32_t ends[] = {FUZZ_CONST,         FUZZ_DATA,  FUZZ_DATA + 0x1000,
                                    FUZZ_DATA + 0x2000, FUZZ_STACK, FUZZ_DATA_END};
    uint32_t room = FUZZ_DATA_END - FUZZ_DATA - 64;
    uint32_t before = width > 1 ? 1 + dice_below(dice, width - 1) : 1;
    switch (dice_below(dice, 16)) {
    case 0:
        return ends[dice_below(dice, 6)] - before;
    case 1:
        return FUZZ_DATA + 0x1000 * (1 + dice_below(dice, 4)) - before;
    case 2:
    case 3:
        return FUZZ_DATA + 64 * (1 + dice_below(dice, 64)) - before;
    case 4:
        return FUZZ_CONST + dice_below(dice, 0x1000);
    case 5:
        return FUZZ_CODE + dice_below(dice, FUZZ_CODE_BYTES);
    case 6:
    case 7:
    case 8:
        return FUZZ_DATA + dice_below(dice, room);
    default:
        return FUZZ_DATA + (dice_below(dice, room) & ~15u);
    }
}

static void make_registers(struct dice *dice, struct fuzz_state *s)
{
    for (unsigned i = 0; i < 8; i++) {
        s->gpr[i] = value32(dice);
    }
    static const uint8_t pointers[] = {EBX, EBP, ESI, EDI};
    for (unsigned i = 0; i < 4; i++) {
        if (dice_one_in(dice, 2)) {
            s->gpr[pointers[i]] = target(dice, 4);
        }
    }
    uint32_t place = dice_one_in(dice, 12) ? 0x1000 : 0x800;
    place = dice_one_in(dice, 24) ? FUZZ_DATA_END - FUZZ_STACK : place;
    s->gpr[ESP] = FUZZ_STACK + place + (dice_below(dice, 9) - 4) * 4;
    s->gpr[ESP] += dice_one_in(dice, 8) ? dice_below(dice, 4) : 0;
    s->eflags = 0x202 | (dice_roll(dice) & 0x8d5);
    s->eflags |= dice_one_in(dice, 4) ? 0x400u : 0;
    s->eflags |= dice_one_in(dice, 60) ? 0x100u : 0;   /* TF */
    s->eflags |= dice_one_in(dice, 40) ? 0x40000u : 0; /* AC */
}

static void make_state(struct making *m)
{
    struct dice *dice = &m->dice;
    struct fuzz_state *s = &m->slot->before;
    *s = state_default();
    make_registers(dice, s);
    make_x87(dice, s->fx);
    make_sse(dice, s->fx);
    if (dice_one_in(dice, 16)) { /* over the edge of the page */
        s->eip = FUZZ_CODE + 0x1000 - dice_below(dice, 24);
    }
    make_segments(m->g, dice, s);
    uint8_t *memory = m->slot->memory;
    memset(memory, FUZZ_FILLER, FUZZ_CODE_BYTES);
    uint32_t bytes = FUZZ_BYTES - FUZZ_CODE_BYTES;
    uint32_t from = dice_below(dice, (POOL_BYTES - bytes) / 16) * 16;
    memcpy(memory + FUZZ_CODE_BYTES, m->g->pool + from, bytes);
}

/* ---- an instruction ---- */

static void put(struct encoding *e, uint8_t byte)
{
    e->bytes[e->count++] = byte;
}

static void add_prefixes(struct making *m, struct encoding *e, const struct template *t)
{
    static const uint8_t segments[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x65};
    static const uint8_t strings[] = {X86_movs, X86_cmps, X86_stos, X86_lods, X86_scas};
    struct dice *dice = &m->dice;
    bool string = false;
    for (unsigned i = 0; i < sizeof(strings); i++) {
        string |= t->mnemonic == strings[i];
    }
    bool vector = t->class != CLASS_integer && t->class != CLASS_movbe;
    if (dice_one_in(dice, vector ? 40 : 5)) {
        put(e, 0x66);
    }
    bool code16 = m->slot->before.sreg[FUZZ_CS] == FUZZ_SEL_CODE16;
    if (dice_one_in(dice, code16 ? 2 : 12)) {
        put(e, 0x67);
    }
    if (dice_one_in(dice, 12)) {
        put(e, segments[dice_below(dice, sizeof(segments))]);
    }
    if (dice_one_in(dice, string ? 2 : 60)) {
        put(e, dice_one_in(dice, 2) ? 0xf3 : 0xf2);
    }
    if (dice_one_in(dice, 24)) {
        put(e, 0xf0);
    }
    if (dice_one_in(dice, 100)) { /* any of them again */
        put(e, dice_one_in(dice, 2) ? 0x66 : segments[dice_below(dice, sizeof(segments))]);
    }
}

/* SIB and displacement after a ModRM byte, by address size. */
static void add_address(struct making *m, struct encoding *e, uint8_t modrm, bool wide)
{
    unsigned mod = modrm >> 6, rm = modrm & 7;
    uint8_t sib = 0;
    if (mod == 3) {
        return;
    }
    if (wide && rm == 4) {
        sib = (uint8_t)dice_roll(&m->dice);
        put(e, sib);
    }
    if (mod == 0 && wide) {
        e->disp_bytes = rm == 5 || (rm == 4 && (sib & 7) == 5) ? 4 : 0;
    } else if (mod == 0) {
        e->disp_bytes = rm == 6 ? 2 : 0;
    } else {
        e->disp_bytes = mod == 1 ? 1 : wide ? 4 : 2;
    }
    e->disp_at = e->count;
    for (unsigned i = 0; i < e->disp_bytes; i++) {
        put(e, (uint8_t)dice_roll(&m->dice));
    }
}

static bool wide_addresses(const struct making *m, const struct encoding *e, unsigned prefixes)
{
    bool wide = m->slot->before.sreg[FUZZ_CS] != FUZZ_SEL_CODE16;
    bool other = memchr(e->bytes, 0x67, prefixes) != NULL;
    return wide != other;
}

static void encode(struct making *m, const struct template *t, struct encoding *e)
{
    *e = (struct encoding){0};
    if (t->class != CLASS_undefined || dice_one_in(&m->dice, 8)) {
        add_prefixes(m, e, t);
    }
    unsigned prefixes = e->count;
    for (unsigned i = 0; i < t->count; i++) {
        put(e, t->bytes[i]);
    }
    if (t->has_modrm) {
        uint8_t modrm = t->modrm[dice_below(&m->dice, t->modrms)];
        put(e, modrm);
        add_address(m, e, modrm, wide_addresses(m, e, prefixes));
    }
    for (unsigned i = 0; i < 2; i++) { /* immediates */
        uint32_t value = value32(&m->dice);
        for (unsigned k = 0; k < 4 && e->count < sizeof(e->bytes); k++) {
            put(e, (uint8_t)(value >> 8 * k));
        }
    }
}

/* Is it what was asked for, and does it keep the rules? */
static bool acceptable(struct making *m, const struct template *t, struct encoding *e)
{
    struct x86_decode_mode mode = case_mode(&m->slot->before, UINT64_MAX);
    enum x86_decode_result result = x86_decode(e->bytes, X86_MAX_LENGTH, &mode, &e->insn);
    if (m->g->code64 && !same64_insn(e->bytes, result, &e->insn)) {
        return false;
    }
    if (t->class == CLASS_undefined) {
        return result == X86_UNDEFINED && e->insn.opcode == t->bytes[t->count - 1];
    }
    enum rule rule = insn_rule(&e->insn);
    if (result == X86_UNDEFINED) { /* LOCK where it is not allowed */
        return e->insn.prefixes & X86_PREFIX_LOCK && rule != RULE_NEVER && dice_one_in(&m->dice, 8);
    }
    bool past_limit = mode.code_size == 16 && e->insn.class == X86_BRANCH &&
                      e->insn.operand_size == 4; /* see world.h */
    if (past_limit) {
        return false;
    }
    if (result != X86_DECODED || !(m->g->features >> e->insn.feature & 1) ||
        class_of(&e->insn) != t->class || rule == RULE_NEVER ||
        ((rule == RULE_FIRST || rule == RULE_ALONE) && m->shape->insns > 0)) {
        return false;
    }
    return m->g->all_flags || !(x86_insn_flags_read(&e->insn) & m->undefined);
}

/* ---- operands where there is memory ---- */

static uint32_t effective_address(const struct making *m, const struct encoding *e,
                                  const struct x86_operand *op)
{
    const struct fuzz_state *s = &m->slot->before;
    uint32_t ea = (uint32_t)op->value;
    ea += op->base >= 0 ? s->gpr[op->base] : 0;
    if (op->index >= 0) {
        ea += e->insn.mnemonic == X86_xlat ? s->gpr[op->index] & 0xff
                                           : s->gpr[op->index] << op->scale;
    }
    return e->insn.address_size == 2 ? ea & 0xffff : ea;
}

static void move_displacement(struct encoding *e, unsigned at, unsigned bytes, uint32_t by)
{
    if (bytes == 4) {
        store_le32(e->bytes + at, load_le32(e->bytes + at) + by);
    } else {
        store_le16(e->bytes + at, (uint16_t)(load_le16(e->bytes + at) + by));
    }
}

static void steer(struct making *m, struct encoding *e, const struct x86_operand *op)
{
    struct fuzz_state *s = &m->slot->before;
    if (dice_one_in(&m->dice, 40)) {
        return;
    }
    uint32_t wanted = target(&m->dice, op->width);
    if (op->width >= 16 && !dice_one_in(&m->dice, 4)) {
        wanted &= ~15u;
    }
    wanted -= selector_base(s->sreg[op->seg]);
    uint32_t by = wanted - effective_address(m, e, op);
    bool absolute = e->insn.map == 0 && (e->insn.opcode & 0xfc) == 0xa0;
    if (absolute) {
        unsigned size = e->insn.address_size;
        move_displacement(e, e->insn.length - size, size, by);
    } else if (e->disp_bytes > 1) {
        move_displacement(e, e->disp_at, e->disp_bytes, by);
    } else if (op->base >= 0 && op->base != ESP && !(m->pinned >> op->base & 1)) {
        uint32_t mask = e->insn.address_size == 2 ? 0xffff : UINT32_MAX;
        s->gpr[op->base] = (s->gpr[op->base] & ~mask) | ((s->gpr[op->base] + by) & mask);
    }
    if (op->base >= 0) {
        m->pinned |= 1u << op->base;
    }
}

static void steer_all(struct making *m, struct encoding *e)
{
    uint32_t *ecx = &m->slot->before.gpr[ECX];
    bool repeats =
        e->insn.flags & X86_ROW_REP && e->insn.prefixes & (X86_PREFIX_REP | X86_PREFIX_REPNE);
    if (repeats && !(m->pinned >> ECX & 1) && !dice_one_in(&m->dice, 30)) {
        *ecx = dice_below(&m->dice, dice_one_in(&m->dice, 4) ? 600 : 20);
    }
    if (repeats || e->insn.mnemonic == X86_loop) {
        m->pinned |= 1u << ECX;
    }
    for (unsigned i = 0; i < e->insn.nops; i++) {
        if (e->insn.ops[i].kind == X86_OPERAND_MEM && e->insn.mnemonic != X86_lea) {
            steer(m, e, &e->insn.ops[i]);
        }
    }
    const struct x86_operand *to = &e->insn.ops[0];
    if (e->insn.nops > 0 && to->kind == X86_OPERAND_REG) {
        m->pinned |= 1u << (to->reg & 7);
    }
}

/* Returns and indirect branches sometimes find code. */
static void plant_target(struct making *m, const struct encoding *e)
{
    struct fuzz_state *s = &m->slot->before;
    enum x86_mnemonic name = e->insn.mnemonic;
    uint32_t eip = s->eip + 200 + dice_below(&m->dice, 40); /* past all code: filler */
    if (name == X86_ret && dice_one_in(&m->dice, 2)) {
        uint8_t *at = memory_at(m->slot->memory, s->gpr[ESP] + selector_base(s->sreg[FUZZ_SS]));
        if (at && at + 4 <= m->slot->memory + FUZZ_BYTES) {
            store_le32(at, eip);
        }
    }
    if ((name == X86_jmp || name == X86_call) && e->insn.ops[0].kind == X86_OPERAND_REG &&
        dice_one_in(&m->dice, 2)) {
        s->gpr[e->insn.ops[0].reg] = eip;
    }
}

/* ---- selectors ---- */

/* Of segments both worlds have, with every RPL, null ones, and ones past the ends of the tables. */
static uint16_t selector(struct making *m)
{
    struct dice *dice = &m->dice;
    static const uint16_t good[] = {0,
                                    FUZZ_SEL_CODE32,
                                    FUZZ_SEL_FLAT,
                                    FUZZ_SEL_BASED,
                                    FUZZ_SEL_READ_ONLY,
                                    FUZZ_SEL_DOWN,
                                    FUZZ_SEL_CODE16,
                                    0x27,
                                    0xfffb};
    uint16_t chosen = available(m->g, good[dice_below(dice, sizeof(good) / sizeof(good[0]))]);
    return dice_one_in(dice, 4) ? (uint16_t)((chosen & ~3u) | dice_below(dice, 4)) : chosen;
}

static void plant(struct making *m, uint32_t linear, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t *at = memory_at(m->slot->memory, linear + i);
        if (at && (linear + i < FUZZ_CODE || linear + i >= FUZZ_CODE + FUZZ_CODE_BYTES)) {
            *at = (uint8_t)(value >> 8 * i);
        }
    }
}

/* A far pointer: mostly to code that is there, past the case. */
static uint16_t far_target(struct making *m, uint32_t *offset)
{
    static const uint16_t code[] = {FUZZ_SEL_CODE32, FUZZ_SEL_CODE16};
    uint16_t chosen =
        dice_one_in(&m->dice, 3) ? selector(m) : available(m->g, code[dice_below(&m->dice, 2)]);
    *offset = code_linear(&m->slot->before) + 200 - selector_base(chosen);
    return chosen;
}

/* What RETF or IRET pops. */
static void plant_frame(struct making *m, const struct encoding *e)
{
    const struct fuzz_state *s = &m->slot->before;
    unsigned size = e->insn.operand_size;
    uint32_t at = s->gpr[ESP] + selector_base(s->sreg[FUZZ_SS]), offset;
    uint16_t chosen = far_target(m, &offset);
    plant(m, at, offset, size);
    plant(m, at + size, chosen, size);
    plant(m, at + 2 * size, 0x202 | (dice_roll(&m->dice) & 0x40cd5), size);
}

/* A selector where the instruction looks for it. */
static void plant_selector(struct making *m, struct encoding *e)
{
    struct fuzz_state *s = &m->slot->before;
    const struct x86_operand *op = &e->insn.ops[e->insn.nops - 1];
    uint32_t offset;
    if (e->insn.mnemonic == X86_retf || e->insn.mnemonic == X86_iret) {
        plant_frame(m, e);
    } else if (op->kind == X86_OPERAND_FARPTR) {
        uint16_t chosen = far_target(m, &offset);
        store_le16(e->bytes + e->insn.length - 2, chosen);
        memcpy(e->bytes + e->insn.length - op->width, &offset, op->width - 2u);
    } else if (op->kind == X86_OPERAND_SREG) { /* POP */
        plant(m, s->gpr[ESP] + selector_base(s->sreg[FUZZ_SS]), selector(m), 2);
    } else if (op->kind == X86_OPERAND_REG && !(m->pinned >> op->reg & 1)) {
        s->gpr[op->reg] = (s->gpr[op->reg] & 0xffff0000) | selector(m);
    } else if (op->kind == X86_OPERAND_MEM) {
        uint32_t at = effective_address(m, e, op) + selector_base(s->sreg[op->seg]);
        uint16_t chosen = selector(m);
        if (e->insn.nops == 1 && op->width > 2) { /* CALL, JMP */
            chosen = far_target(m, &offset);
            plant(m, at, offset, op->width - 2u);
        }
        plant(m, at + op->width - 2, chosen, 2);
    }
}

static void append(struct making *m, struct encoding *e)
{
    struct shape *shape = m->shape;
    uint8_t *code = code_at(m->slot) + m->bytes;
    uint8_t length = e->insn.length;
    memcpy(code, e->bytes, length);
    if (e->insn.nops > 0 && e->insn.ops[0].kind == X86_OPERAND_REL) {
        unsigned short_form = e->insn.map == 0 && e->insn.opcode != 0xe8 && e->insn.opcode != 0xe9;
        m->patch_size[shape->insns] = (uint8_t)(short_form                  ? 1u
                                                : e->insn.operand_size == 2 ? 2u
                                                                            : 4u);
        m->branched = true;
    }
    shape->length[shape->insns++] = length;
    m->alone = insn_rule(&e->insn) == RULE_ALONE;
    m->bytes += length;
    m->touched |= same64_touched(&e->insn);
    if (!m->branched) {
        m->undefined &= ~x86_insn_flags_set(&e->insn);
    }
    m->undefined |= insn_flags_undefined(&e->insn);
}

static const struct template *pick(struct making *m, enum fuzz_class class)
{
    const struct templates *list = m->g->templates;
    uint32_t count = list->first[class + 1] - list->first[class];
    return &list->all[list->first[class] + dice_below(&m->dice, count)];
}

/* In 64-bit code addresses do not wrap; and what earlier instructions made of a register is not
 * known. */
static bool addresses_hold(struct making *m, struct encoding *e)
{
    struct x86_decode_mode mode = case_mode(&m->slot->before, UINT64_MAX);
    struct x86_insn insn;
    x86_decode(e->bytes, X86_MAX_LENGTH, &mode, &insn); /* the displacement moved */
    if (!m->g->code64) {
        return true;
    }
    m->pinned |= same64_used(&insn);
    return same64_addresses(&insn, m->slot->before.gpr, m->touched);
}

static bool add_insn(struct making *m, enum fuzz_class class)
{
    struct encoding e;
    for (unsigned i = 0; i < TRIES; i++) {
        const struct template *t = pick(m, class);
        encode(m, t, &e);
        if (!acceptable(m, t, &e)) {
            continue;
        }
        steer_all(m, &e);
        if (!addresses_hold(m, &e)) {
            continue;
        }
        plant_target(m, &e);
        if (class_of(&e.insn) == CLASS_segment) {
            struct x86_decode_mode mode = case_mode(&m->slot->before, UINT64_MAX);
            x86_decode(e.bytes, X86_MAX_LENGTH, &mode, &e.insn); /* the displacement moved */
            plant_selector(m, &e);
        }
        append(m, &e);
        return true;
    }
    return false;
}

/* Relative branches lead forward, to the end of an instruction. */
static void patch_branches(struct making *m)
{
    uint8_t *code = code_at(m->slot);
    uint32_t at = 0;
    for (unsigned i = 0; i < m->shape->insns; i++) {
        at += m->shape->length[i];
        bool far = m->patch_size[i] == 4 && !m->g->code64 && dice_one_in(&m->dice, 50);
        if (!m->patch_size[i] || far) {
            continue; /* a far one leads out of all memory */
        }
        uint32_t distance = 0;
        unsigned skip = dice_below(&m->dice, m->shape->insns - i);
        for (unsigned k = 1; k <= skip; k++) {
            distance += m->shape->length[i + k];
        }
        uint8_t *place = code + at - m->patch_size[i];
        memset(place, 0, m->patch_size[i]);
        *place = (uint8_t)(distance < 128 ? distance : 0);
    }
}

void generate(const struct generator *g, enum fuzz_class class, uint64_t seed,
              struct fuzz_slot *slot, struct shape *shape)
{
    struct making m = {
        .g = g, .dice = dice_of(seed * CLASSES + class), .slot = slot, .shape = shape};
    *shape = (struct shape){.class = class};
    make_state(&m);
    unsigned wanted = dice_one_in(&m.dice, 2) ? 1 : 1 + dice_below(&m.dice, g->most_insns);
    if (class == CLASS_transcendental || class == CLASS_undefined) {
        wanted = 1;
    }
    while (shape->insns < wanted && !m.alone) {
        bool glue = shape->insns > 0 && dice_one_in(&m.dice, 5);
        if (!add_insn(&m, glue ? CLASS_integer : class)) {
            break;
        }
    }
    patch_branches(&m);
}
