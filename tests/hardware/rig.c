/*
 * The board a case runs on: real mode, RAM, ports that read as ones.
 *
 * The whole block runs in the engine under test: a case ends at a HLT that is put behind it, where
 * there is room for one.
 */
#include "tests/hardware/rig.h"

#include "frontend/x86/cpu/segment.h"

#include <stdio.h>

enum { STEPS = 200000, HLT = 0xf4, REMAPCFG = 0x22, REMAPCFG_VALUE = 0x427f };

static const char *const names[MOO_REGISTERS] = {"ax", "bx", "cx",  "dx",  "si",  "di", "bp",
                                                 "sp", "cs", "ds",  "es",  "fs",  "gs", "ss",
                                                 "ip", "fl", "cr0", "cr3", "dr6", "dr7"};
static const uint8_t general[] = {GUEST_RAX, GUEST_RBX, GUEST_RCX, GUEST_RDX,
                                  GUEST_RSI, GUEST_RDI, GUEST_RBP, GUEST_RSP};
static const enum seg_index segments[] = {SEG_CS, SEG_DS, SEG_ES, SEG_FS, SEG_GS, SEG_SS};
enum { GENERAL = 8, SEGMENTS = 6 };

/* The 80386EX always answers at one register of its configuration. */
static uint32_t port_in(void *machine, uint16_t port, unsigned size)
{
    uint32_t value = 0;
    (void)machine;
    for (unsigned i = 0; i < size; i++) {
        unsigned at = (uint16_t)(port + i) - REMAPCFG;
        uint32_t byte = at < 2 ? (uint32_t)REMAPCFG_VALUE >> 8 * at & 0xff : 0xffU;
        value |= byte << 8 * i;
    }
    return value;
}

void rig_init(struct cpu_fixture *f)
{
    if (f->cpu->model->family == 3) {
        f->cpu->wires.port_in = port_in;
    }
}

static void place(struct cpu_fixture *f, const struct moo_byte *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (bytes[i].at < CPU_FIXTURE_RAM && f->ram[bytes[i].at] != bytes[i].value) {
            cpu_fixture_poke(f, bytes[i].at, &bytes[i].value, 1);
        }
    }
}

/* Puts the case's memory and registers in place. */
static void prepare(struct cpu_fixture *f, const struct moo_case *c)
{
    static const uint8_t hlt = HLT;
    if (c->halts) { /* those sets place their own, which must win */
        for (unsigned i = 0; i < 2; i++) {
            if (c->exits[i]) {
                cpu_fixture_poke(f, c->exits[i], &hlt, 1);
            }
        }
        place(f, c->ram, c->initial);
    } else {
        place(f, c->ram, c->initial);
        if (!c->steps) {
            cpu_fixture_poke(f, c->exits[0], &hlt, 1);
        }
    }
    if (c->wide) { /* the case before may have changed the mode */
        f->cpu->cr0 = (c->before[MOO_CR0] & c->mask[MOO_CR0]) | CR0_ET;
        f->cpu->cr3 = c->before[MOO_CR3];
        f->cpu->dr[6] = c->before[MOO_DR6];
        f->cpu->dr[7] = c->before[MOO_DR7] | 0x400;
    }
    for (unsigned i = 0; i < GENERAL; i++) {
        f->ctx->gpr[general[i]] = c->before[i];
    }
    for (unsigned i = 0; i < SEGMENTS; i++) {
        if (c->mask[MOO_CS + i]) {
            uint16_t selector = (uint16_t)c->before[MOO_CS + i];
            segment_set_real(f->ctx, &f->ctx->seg[segments[i]], selector);
        }
    }
    f->ctx->rip = c->before[MOO_IP];
    x86_set_eflags(f->ctx, c->before[MOO_FLAGS] & 0x3ffff, c->wide ? 0x3ffff : 0xffff);
    f->ctx->halted = 0;
    f->ctx->shadow = 0;
    if (c->wide) {
        x86_loaded(f->cpu);
    }
}

static bool run(struct cpu_fixture *f, const struct moo_case *c, char *why, size_t room)
{
    if (!c->steps) {
        enum run_result result = cpu_fixture_run(f, STEPS);
        snprintf(why, room, "no HLT reached (%d), ip %x", (int)result, (unsigned)f->ctx->rip);
        return result == RUN_HALTED;
    }
    for (unsigned i = 0; i < 300; i++) {
        cpu_fixture_run(f, 1);
        if ((uint16_t)f->ctx->rip == c->after[MOO_IP] &&
            f->ctx->seg[SEG_CS].selector == c->after[MOO_CS]) {
            return true;
        }
    }
    snprintf(why, room, "the end was not reached, ip %x", (unsigned)f->ctx->rip);
    return false;
}

/* The instruction pointer as the files count it. */
static uint32_t instruction_pointer(const struct cpu_fixture *f, const struct moo_case *c)
{
    uint32_t behind = c->steps || (c->halts && c->length) ? 0 : 1; /* after the HLT */
    uint32_t got = ((uint32_t)f->ctx->rip - behind) & c->mask[MOO_IP];
    bool halt_itself = ((got + 1) & c->mask[MOO_IP]) == c->after[MOO_IP];
    return halt_itself ? c->after[MOO_IP] : got;
}

static uint32_t register_of(const struct cpu_fixture *f, const struct moo_case *c, unsigned i)
{
    switch (i) {
    case MOO_IP:
        return instruction_pointer(f, c);
    case MOO_FLAGS:
        return x86_eflags(f->ctx);
    case MOO_CR0:
        return f->cpu->cr0;
    case MOO_CR3:
        return (uint32_t)f->cpu->cr3;
    case MOO_DR6:
        return (uint32_t)f->cpu->dr[6];
    case MOO_DR7:
        return (uint32_t)f->cpu->dr[7];
    default:
        return i < GENERAL ? (uint32_t)f->ctx->gpr[general[i]]
                           : f->ctx->seg[segments[i - MOO_CS]].selector;
    }
}

static bool registers_agree(const struct cpu_fixture *f, const struct moo_case *c, char *why,
                            size_t room)
{
    for (unsigned i = 0; i < MOO_REGISTERS; i++) {
        uint32_t got = register_of(f, c, i) & c->mask[i];
        uint32_t want = c->after[i] & c->mask[i];
        if (c->mask[i] && got != want) {
            snprintf(why, room, "%s is %x, hardware %x, before %x", names[i], got, want,
                     c->before[i]);
            return false;
        }
    }
    return true;
}

static bool memory_agrees(const struct cpu_fixture *f, const struct moo_case *c, char *why,
                          size_t room)
{
    for (unsigned i = 0; i < c->final; i++) {
        uint32_t gpa = c->changed[i].at;
        unsigned mask = 0xff;
        if (c->flags_at && gpa - c->flags_at < 2) {
            mask = c->mask[MOO_FLAGS] >> 8 * (gpa - c->flags_at) & 0xff;
        }
        if (!c->halts && !c->steps && gpa == c->exits[0]) {
            continue; /* the HLT stands there */
        }
        unsigned got = gpa < CPU_FIXTURE_RAM ? f->ram[gpa] : 0xffu;
        if ((got ^ c->changed[i].value) & mask) {
            snprintf(why, room, "byte %x is %02x, hardware %02x", gpa, got, c->changed[i].value);
            return false;
        }
    }
    return true;
}

bool rig_agrees(struct cpu_fixture *f, const struct moo_case *c, char *why, size_t room)
{
    prepare(f, c);
    return run(f, c, why, room) && registers_agree(f, c, why, room) &&
           memory_agrees(f, c, why, room);
}
