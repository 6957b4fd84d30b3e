/*
 * A processor with memory and nothing else: real CPU state, real translator, either engine.
 *
 * RAM begins at physical 0 and is CPU_FIXTURE_RAM bytes; beyond it reads give ones and writes are
 * lost.  Ports read as ones.  The fixture's time-stamp counter stands still.
 */
#ifndef TESTS_SUPPORT_CPU_FIXTURE_H
#define TESTS_SUPPORT_CPU_FIXTURE_H

#include "frontend/x86/x86.h"
#include "translator/translator.h"

#include <stdlib.h>
#include <string.h>

enum { CPU_FIXTURE_RAM = 2 << 20 };

struct cpu_fixture {
    uint8_t *ram;
    struct x86_wires wires;
    struct memory_ops memory;
    struct x86_cpu *cpu;
    struct context *ctx;
    struct translator *tr;
};

static struct phys_page cpu_fixture_page(void *memory, uint64_t gpa)
{
    struct cpu_fixture *f = memory;
    return gpa < CPU_FIXTURE_RAM ? (struct phys_page){.host = f->ram + gpa, .writable = true}
                                 : (struct phys_page){0};
}

static uint64_t cpu_fixture_read(void *memory, uint64_t gpa, unsigned size)
{
    (void)memory;
    (void)gpa;
    return UINT64_MAX >> (64 - 8 * size);
}

static void cpu_fixture_write(void *memory, uint64_t gpa, uint64_t value, unsigned size)
{
    (void)memory;
    (void)gpa;
    (void)value;
    (void)size;
}

static uint32_t cpu_fixture_in(void *machine, uint16_t port, unsigned size)
{
    (void)machine;
    (void)port;
    return UINT32_MAX >> (32 - 8 * size);
}

static void cpu_fixture_out(void *machine, uint16_t port, uint32_t value, unsigned size)
{
    (void)machine;
    (void)port;
    (void)value;
    (void)size;
}

static uint64_t cpu_fixture_tsc(void *machine)
{
    (void)machine;
    return 0;
}

/* engine: "native" or "portable"; NULL when the host has no native engine. */
static const struct host_ops *cpu_fixture_engine(const char *engine)
{
    if (strcmp(engine, "portable") == 0) {
        return &host_interp;
    }
    return host_native();
}

/* A reset processor of that model; max_insns and passes as in struct translator_config. */
static inline bool cpu_fixture_create_with(struct cpu_fixture *f, const struct x86_model *model,
                                           const char *engine, uint32_t max_insns,
                                           struct pass_set passes)
{
    *f = (struct cpu_fixture){.ram = aligned_alloc(4096, CPU_FIXTURE_RAM)};
    f->wires = (struct x86_wires){.port_in = cpu_fixture_in,
                                  .port_out = cpu_fixture_out,
                                  .tsc = cpu_fixture_tsc,
                                  .machine = f};
    f->memory = (struct memory_ops){cpu_fixture_page, cpu_fixture_read, cpu_fixture_write, f};
    f->cpu = x86_create(model, &f->wires);
    if (!f->ram || !f->cpu || !cpu_fixture_engine(engine)) {
        return false;
    }
    memset(f->ram, 0, CPU_FIXTURE_RAM);
    f->ctx = x86_context(f->cpu);
    struct translator_config config = {.ctx = f->ctx,
                                       .guest = &x86_guest,
                                       .host = cpu_fixture_engine(engine),
                                       .memory = &f->memory,
                                       .callouts = x86_callouts,
                                       .passes = passes,
                                       .max_insns = max_insns};
    f->tr = translator_create(&config);
    return f->tr != NULL;
}

/* The same with all optimisations. */
static inline bool cpu_fixture_create_model(struct cpu_fixture *f, const struct x86_model *model,
                                            const char *engine, uint32_t max_insns)
{
    return cpu_fixture_create_with(f, model, engine, max_insns, (struct pass_set){0});
}

static inline bool cpu_fixture_create(struct cpu_fixture *f, const char *model, const char *engine,
                                      uint32_t max_insns)
{
    return cpu_fixture_create_model(f, x86_model_find(model), engine, max_insns);
}

static inline void cpu_fixture_destroy(struct cpu_fixture *f)
{
    if (f->tr) {
        translator_destroy(f->tr);
    }
    if (f->cpu) {
        x86_destroy(f->cpu);
    }
    free(f->ram);
}

/* Changes RAM as a bus master would. */
static inline void cpu_fixture_poke(struct cpu_fixture *f, uint32_t gpa, const void *bytes,
                                    size_t count)
{
    for (size_t done = 0; done < count;) {
        size_t part = 4096 - (gpa + done) % 4096;
        part = part < count - done ? part : count - done;
        translator_written(f->tr, gpa + done, part);
        memcpy(f->ram + gpa + done, (const uint8_t *)bytes + done, part);
        done += part;
    }
}

/* Runs at most that many instructions; RUN_HALTED is what a program ends with. */
static inline enum run_result cpu_fixture_run(struct cpu_fixture *f, uint64_t insns)
{
    translator_set_deadline(f->tr, context_icount(f->ctx) + insns);
    enum run_result result = translator_run(f->tr);
    context_fpu_sync(f->ctx);
    return result;
}

#endif
