/*
 * Any bytes as code and as descriptor tables, page tables, gates, TSSs: a bare processor on each
 * engine; afterwards all registers and all memory are the same.  Addresses of the host differ
 * between the engines, so what would leak of them is a difference, too.
 *
 * Input: eight bytes of settings (struct settings), then pokes into tables, each one byte of where,
 * two of offset, one of length and the bytes, until `where` is FFh; the rest is code.
 */
#include "base/endian.h"
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/cpu/segment.h"
#include "tests/fuzz_code/fuzz.h"
#include "tests/fuzz_code/tables.h"
#include "tests/support/cpu_fixture.h"

enum { HEADER = 8, CODE_ENDS = 0xff, POKES = 32, STRETCHES = 6 };

static const char *const models[] = {"max", "386", "486", "pentium", "p3", "p4", "8086", "286"};
enum { MODELS = sizeof(models) / sizeof(*models) };

/* Where the program starts. */
enum start { REAL, PROTECTED_32, PROTECTED_16, USER_32, USER_16, V86, STARTS };

struct settings {
    const char *model;
    enum start start;
    bool paging;
    bool pae;
    uint32_t cr0, cr4, eflags;
    uint16_t fcw;
    uint32_t mxcsr;
    uint64_t seed;
    bool interrupts; /* between the stretches */
};

static struct settings settings_of(const uint8_t *data)
{
    struct settings s = {.model = models[data[0] % MODELS],
                         .start = (enum start)(data[1] % STARTS),
                         .paging = (data[0] & 0x40) != 0,
                         .pae = (data[0] & 0x80) != 0,
                         .eflags = load_le16(data + 4),
                         .fcw = (uint16_t)(0x37f & ~(data[6] & 0x3f)),
                         .mxcsr = 0x1f80U & ~((uint32_t)(data[6] & 0x3f) << 7),
                         .interrupts = (data[7] & 0x80) != 0,
                         .seed = data[7] * UINT64_C(0x9e3779b97f4a7c15) + 1};
    s.cr0 = CR0_ET | (data[2] & (CR0_MP | CR0_EM | CR0_TS | CR0_NE));
    s.cr0 |= data[2] & 0x40 ? CR0_WP : 0;
    s.cr0 |= data[2] & 0x80 ? CR0_AM : 0;
    s.cr4 = data[3] & (CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PGE);
    s.cr4 |= data[3] & 0x20 ? CR4_OSFXSR | CR4_OSXMMEXCPT : 0;
    return s;
}

static uint32_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 16);
}

/* ---- the processor --------------------------------------------------------------------------- */

static void set_segments(struct context *ctx, enum start start)
{
    bool user = start == USER_32 || start == USER_16;
    bool wide = start == PROTECTED_32 || start == USER_32;
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        struct segment *segment = &ctx->seg[i];
        if (start == REAL || start == V86) {
            segment_set_real(ctx, segment, (uint16_t)(i == SEG_CS ? TABLES_CODE >> 4 : i << 9));
            if (start == V86) {
                segment->rights = RIGHTS_V86;
            }
            continue;
        }
        struct descriptor d = tables_flat(i == SEG_CS, wide, user);
        segment_set(
            ctx, segment,
            (uint16_t)(i == SEG_CS ? tables_code_selector(wide, user) : tables_data_selector(user)),
            &d);
    }
}

static void set_registers(struct context *ctx, const struct settings *s)
{
    uint64_t seed = s->seed;
    for (unsigned i = 0; i < 8; i++) {
        ctx->gpr[i] = next_random(&seed) & (i & 1 ? 0x1fffff : 0xffff);
        ctx->xmm[i].q[0] = (uint64_t)next_random(&seed) << 32 | next_random(&seed);
        ctx->xmm[i].q[1] = (uint64_t)next_random(&seed) << 31;
        ctx->st[i].mantissa = UINT64_C(1) << 63 | next_random(&seed);
        ctx->st[i].exponent = (uint16_t)(0x3fff + next_random(&seed) % 16);
    }
    ctx->gpr[GUEST_RCX] &= 0xff;
    ctx->gpr[GUEST_RSP] = TABLES_STACK;
    ctx->fcw = s->fcw;
    ctx->mxcsr = s->mxcsr;
    x86_set_eflags(ctx, s->eflags | (s->start == V86 ? FLAG_VM : 0),
                   0x7fd5 | (s->start == V86 ? FLAG_VM : 0));
}

static void set_state(struct cpu_fixture *f, const struct settings *s)
{
    struct x86_cpu *cpu = f->cpu;
    x86_reset(cpu, false);
    bool protected = s->start != REAL;
    cpu->cr0 = s->cr0 | (protected ? CR0_PE : 0) | (protected && s->paging ? CR0_PG : 0);
    cpu->cr4 = s->cr4 | (s->pae ? CR4_PAE : 0);
    cpu->cr3 = s->pae ? TABLES_PDPT : TABLES_PD;
    for (unsigned i = 0; i < 4; i++) {
        cpu->pdpte[i] = load_le64(f->ram + TABLES_PDPT + 8 * i);
    }
    cpu->gdt_base = TABLES_GDT;
    cpu->gdt_limit = TABLES_GDT_BYTES - 1;
    cpu->idt_base = protected ? TABLES_IDT : 0;
    cpu->idt_limit = protected ? 0x7ff : 0x3ff;
    if (protected) {
        struct descriptor tss = tables_system(TABLES_TSS, 0x20ff, SYSTEM_TSS32_BUSY);
        struct descriptor ldt = tables_system(TABLES_LDT, 0xff, SYSTEM_LDT);
        segment_set(f->ctx, cpu->tr, TABLES_TSS_SELECTOR, &tss);
        segment_set(f->ctx, cpu->ldtr, TABLES_LDT_SELECTOR, &ldt);
    }
    set_segments(f->ctx, s->start);
    set_registers(f->ctx, s);
    bool real = s->start == REAL || s->start == V86;
    f->ctx->rip = real ? 0 : TABLES_CODE;
    x86_loaded(cpu);
}

static void set_memory(struct cpu_fixture *f, const struct settings *s, const uint8_t *data,
                       size_t size)
{
    memset(f->ram, 0, CPU_FIXTURE_RAM);
    tables_write(f->ram, s->start != REAL);
    size_t at = 0;
    for (unsigned i = 0; i < POKES && at < size && data[at] != CODE_ENDS && size - at >= 4; i++) {
        uint32_t to = tables_place(data[at]) + load_le16(data + at + 1);
        size_t count = data[at + 3];
        count = count < size - at - 4 ? count : size - at - 4;
        memcpy(f->ram + to, data + at + 4, count);
        at += 4 + count;
    }
    at += at < size && data[at] == CODE_ENDS;
    size_t code = size - at < 0x4000 ? size - at : 0x4000;
    memcpy(f->ram + TABLES_CODE, data + at, code);
    f->ram[TABLES_CODE + code] = 0xf4;
    translator_map_changed(f->tr);
}

/* ---- both ------------------------------------------------------------------------------------ */

static struct cpu_fixture *fixture_of(const char *model, bool native)
{
    static struct cpu_fixture fixtures[MODELS][2];
    for (unsigned i = 0; i < MODELS; i++) {
        if (strcmp(models[i], model) == 0) {
            struct cpu_fixture *f = &fixtures[i][native];
            const char *engine = native ? "native" : "portable";
            if (!f->tr && x86_model_find(model)) {
                fuzz_expect(cpu_fixture_create(f, model, engine, 0), "no processor");
            }
            return f->tr ? f : NULL;
        }
    }
    return NULL;
}

static void compare(const struct cpu_fixture *a, const struct cpu_fixture *b)
{
    const struct state_field *where = NULL;
    if (!state_equal(x86_state(), a->cpu, b->cpu, &where)) {
        fprintf(stderr, "%s differs\n--- portable\n", where->name);
        x86_print(a->cpu, stderr);
        fprintf(stderr, "--- native\n");
        x86_print(b->cpu, stderr);
        fuzz_expect(false, "the engines differ");
    }
    for (uint32_t i = 0; i < CPU_FIXTURE_RAM; i += 4096) {
        if (memcmp(a->ram + i, b->ram + i, 4096) != 0) {
            fprintf(stderr, "page %x differs\n", i);
            fuzz_expect(false, "the engines leave other memory");
        }
    }
}

static enum run_result run(struct cpu_fixture *f, const struct settings *s, uint32_t insns)
{
    enum run_result result = cpu_fixture_run(f, insns);
    if (result == RUN_INTERRUPT) {
        translator_set_interrupt(f->tr, false);
        f->ctx->halted = 0;
        f->ctx->event = (struct guest_event){.kind = EVENT_EXTERNAL, .vector = 0x20 + s->seed % 16};
        result = translator_deliver(f->tr) ? RUN_DEADLINE : RUN_TRIPLE_FAULT;
    } else if (s->interrupts) {
        translator_set_interrupt(f->tr, true);
    }
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t stretches[STRETCHES] = {1, 3, 2, 60, 20, 400};
    if (size < HEADER) {
        return 0;
    }
    struct settings s = settings_of(data);
    struct cpu_fixture *side[2] = {fixture_of(s.model, false), fixture_of(s.model, true)};
    if (!side[0] || !side[1]) {
        return 0;
    }
    for (unsigned i = 0; i < 2; i++) {
        set_memory(side[i], &s, data + HEADER, size - HEADER);
        set_state(side[i], &s);
        translator_set_interrupt(side[i]->tr, false);
    }
    for (unsigned i = 0; i < STRETCHES; i++) {
        enum run_result portable = run(side[0], &s, stretches[i]);
        enum run_result native = run(side[1], &s, stretches[i]);
        fuzz_expect(portable == native, "the engines end differently");
        if (portable != RUN_DEADLINE && !(portable == RUN_HALTED && s.interrupts)) {
            break;
        }
    }
    compare(side[0], side[1]);
    return 0;
}
