/*
 * Debug registers, single step and RF (SDM volume 3, chapter 17).
 *
 * Data breakpoints: the translator keeps no table entries for a page with one, asks x86_watched()
 * when it fills them, and reports accesses there.  Instruction breakpoints: code of such a page is
 * stepped (MODE_STEP), with x86_before_step() before each instruction.  All other pages run as
 * ever.
 *
 * Not modelled: breakpoints of 8 bytes (LEN 2 is one byte, as it was before the Pentium 4); branch
 * trace; restricted transactional memory.
 */
#include "frontend/x86/cpu/cpu.h"

enum debug_type { DEBUG_EXECUTE, DEBUG_WRITE, DEBUG_IO, DEBUG_ACCESS };

enum { DEBUG_REGISTERS = 4, PAGE_SHIFT = 12 };

static bool enabled(const struct x86_cpu *cpu, unsigned i)
{
    return (cpu->dr[7] >> (i * 2) & 3) != 0;
}

static enum debug_type type_of(const struct x86_cpu *cpu, unsigned i)
{
    return (enum debug_type)(cpu->dr[7] >> (16 + i * 4) & 3);
}

/* Its address, aligned to its length, and the last byte. */
static uint32_t first_byte(const struct x86_cpu *cpu, unsigned i, uint32_t *last)
{
    static const uint8_t masks[4] = {0, 1, 0, 3};
    uint32_t mask = masks[cpu->dr[7] >> (18 + i * 4) & 3];
    uint32_t first = cpu->dr[i] & ~mask;
    *last = first | mask;
    return first;
}

static bool covers(const struct x86_cpu *cpu, unsigned i, uint32_t first, uint32_t last)
{
    uint32_t to;
    uint32_t from = first_byte(cpu, i, &to);
    return first <= last ? from <= last && first <= to : from <= last || first <= to; /* wraps */
}

static bool on_page(const struct x86_cpu *cpu, unsigned i, uint32_t linear)
{
    return cpu->dr[i] >> PAGE_SHIFT == linear >> PAGE_SHIFT;
}

/* Breakpoints that were met make a trap after the instruction. */
static void met(struct context *ctx, uint32_t hits)
{
    ctx->trap_pending |= hits;
}

unsigned x86_watched(const struct context *ctx, uint64_t linear)
{
    static const uint8_t by_type[] = {
        [DEBUG_EXECUTE] = 1 << ACCESS_EXECUTE,
        [DEBUG_WRITE] = 1 << ACCESS_WRITE,
        [DEBUG_IO] = 0,
        [DEBUG_ACCESS] = 1 << ACCESS_READ | 1 << ACCESS_WRITE,
    };
    const struct x86_cpu *cpu = x86_of_const(ctx);
    unsigned watched = 0;
    for (unsigned i = 0; (cpu->dr[7] & DEBUG_ENABLES) && i < DEBUG_REGISTERS; i++) {
        if (!enabled(cpu, i) || !on_page(cpu, i, (uint32_t)linear)) {
            continue;
        }
        watched |= by_type[type_of(cpu, i)];
    }
    return watched;
}

bool x86_accessed(struct context *ctx, uint64_t linear, unsigned size, enum access access)
{
    const struct x86_cpu *cpu = x86_of_const(ctx);
    uint32_t first = (uint32_t)linear;
    uint32_t hits = 0;
    for (unsigned i = 0; i < DEBUG_REGISTERS; i++) {
        enum debug_type type = type_of(cpu, i);
        bool kind = type == DEBUG_ACCESS || (type == DEBUG_WRITE && access == ACCESS_WRITE);
        if (enabled(cpu, i) && kind && covers(cpu, i, first, first + size - 1)) {
            hits |= 1u << i;
        }
    }
    met(ctx, hits);
    return hits != 0;
}

void debug_port(struct context *ctx, uint16_t port, unsigned size)
{
    const struct x86_cpu *cpu = x86_of_const(ctx);
    uint32_t hits = 0;
    if (!(cpu->cr4 & CR4_DE)) {
        return;
    }
    for (unsigned i = 0; i < DEBUG_REGISTERS; i++) {
        if (enabled(cpu, i) && type_of(cpu, i) == DEBUG_IO &&
            covers(cpu, i, port, port + size - 1)) {
            hits |= 1u << i;
        }
    }
    met(ctx, hits);
    if (hits && ctx->leave == LEAVE_NONE) {
        ctx->leave = LEAVE_AFTER;
    }
}

bool debug_steps_here(const struct context *ctx)
{
    uint32_t linear = (uint32_t)(ctx->seg[SEG_CS].base + ctx->rip);
    return (ctx->eflags & (FLAG_TF | FLAG_RF)) || (x86_watched(ctx, linear) & 1u << ACCESS_EXECUTE);
}

void debug_changed(struct context *ctx)
{
    const struct x86_cpu *cpu = x86_of_const(ctx);
    for (unsigned i = 0; ctx->tables && i < DEBUG_REGISTERS; i++) {
        if (enabled(cpu, i) && type_of(cpu, i) != DEBUG_IO) {
            memory_forget_page(ctx, cpu->dr[i]);
        }
    }
}

/* Enabled instruction breakpoints at the next instruction. */
static uint32_t code_breakpoints(const struct context *ctx)
{
    const struct x86_cpu *cpu = x86_of_const(ctx);
    uint32_t linear = (uint32_t)(ctx->seg[SEG_CS].base + ctx->rip);
    uint32_t hits = 0;
    for (unsigned i = 0; (cpu->dr[7] & DEBUG_ENABLES) && i < DEBUG_REGISTERS; i++) {
        if (enabled(cpu, i) && type_of(cpu, i) == DEBUG_EXECUTE && cpu->dr[i] == linear) {
            hits |= 1u << i;
        }
    }
    return hits;
}

static void report(struct x86_cpu *cpu, uint32_t hits)
{
    cpu->dr[6] = (cpu->dr[6] & ~UINT32_C(15)) | hits;
}

bool x86_before_step(struct context *ctx)
{
    struct x86_cpu *cpu = x86_of(ctx);
    uint32_t hits = code_breakpoints(ctx);
    cpu->step_inhibit = 0;
    cpu->keep_rf = 0;
    if (!hits || (ctx->eflags & FLAG_RF) || context_shadowed(ctx) == SHADOW_SS) {
        return true;
    }
    report(cpu, hits);
    cpu->at_breakpoint = 1;
    return fault(ctx, VECTOR_DB);
}

/* RF holds for one instruction, unless that one loaded it or is a repetition under way. */
static void drop_resume_flag(struct context *ctx, uint32_t eflags_before)
{
    struct x86_cpu *cpu = x86_of(ctx);
    if ((eflags_before & FLAG_RF) && !cpu->keep_rf) {
        ctx->eflags &= ~(uint32_t)FLAG_RF;
    }
    cpu->keep_rf = 0;
}

void x86_after_step(struct context *ctx, uint32_t eflags_before)
{
    struct x86_cpu *cpu = x86_of(ctx);
    bool held = context_shadowed(ctx) == SHADOW_SS;
    bool step = (eflags_before & FLAG_TF) && !cpu->step_inhibit && !held;
    cpu->step_inhibit = 0;
    drop_resume_flag(ctx, eflags_before);
    if (held || !(step || ctx->trap_pending)) {
        return;
    }
    report(cpu, ctx->trap_pending | (step ? (uint32_t)DR6_BS : 0u));
    ctx->trap_pending = 0;
    ctx->event = (struct guest_event){.vector = VECTOR_DB, .kind = EVENT_TRAP};
    ctx->leave = LEAVE_EVENT;
}
