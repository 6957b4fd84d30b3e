/*
 * The world of world.h on a processor of tests/support/cpu_fixture.h.
 *
 * PAE paging maps the pages of a case at their own addresses and nothing else below the system's
 * pages, which only ring 0 may use.  Every vector has a gate to a HLT of its own, so where the
 * processor halts says which exception ended the case, and the frame on the ring-0 stack says the
 * rest.
 */
#include "tests/fuzz/guest.h"

#include "base/endian.h"
#include "frontend/x86/cpu/segment.h"
#include "tests/support/cpu_fixture.h"

/* Physical places; linear ones are SYSTEM above them. */
enum {
    PDPT = 0x1000,
    DIRECTORY_LOW = 0x2000,
    TABLE_LOW = 0x3000,
    DIRECTORY_HIGH = 0x4000,
    TABLE_HIGH = 0x5000,
    GDT = 0x8000,
    LDT = 0x9000,
    IDT = 0xa000,
    TSS = 0xb000,
    HANDLERS = 0xc000,
    STACK0 = 0xf000,
    SYSTEM_BYTES = FUZZ_SYSTEM_BYTES,
};
#define SYSTEM     FUZZ_SYSTEM
#define NO_EXECUTE (UINT64_C(1) << 63)
enum { PRESENT = 1, WRITABLE = 2, USER = 4 };
enum {
    SEL_CODE0 = 0x08,
    SEL_DATA0 = 0x18,
    SEL_CODE64 = 0x30,
    SEL_CPU_NODE = 0x78,
    SEL_TSS = 0x40,
    SEL_LDT = 0x50,
    LIMIT = 100000
};

struct guest {
    struct cpu_fixture f;
    uint8_t last_code[FUZZ_CODE_BYTES];
};

static void put_descriptor(uint8_t *at, uint32_t base, uint32_t limit, unsigned access,
                           unsigned flags)
{
    store_le32(at, (limit & 0xffff) | base << 16);
    store_le32(at + 4, (base >> 16 & 0xff) | access << 8 | (limit & 0xf0000) | flags << 20 |
                           (base & 0xff000000));
}

static void make_descriptors(uint8_t *ram)
{
    put_descriptor(ram + GDT + SEL_CODE0, 0, 0xfffff, 0x9b, 0xc);
    put_descriptor(ram + GDT + SEL_DATA0, 0, 0xfffff, 0x93, 0xc);
    put_descriptor(ram + GDT + (FUZZ_SEL_CODE32 & ~7), 0, 0xfffff, 0xfb, 0xc);
    put_descriptor(ram + GDT + (FUZZ_SEL_FLAT & ~7), 0, 0xfffff, 0xf3, 0xc);
    put_descriptor(ram + GDT + SEL_CODE64, 0, 0xfffff, 0xfb, 0xa); /* Linux has these two */
    put_descriptor(ram + GDT + SEL_CPU_NODE, 0, 0, 0xf5, 4);
    put_descriptor(ram + GDT + SEL_TSS, SYSTEM + TSS, 0x67, 0x89, 0);
    put_descriptor(ram + GDT + SEL_LDT, SYSTEM + LDT, 8 * FUZZ_SEGMENTS - 1, 0x82, 0);
    for (unsigned i = 0; i < FUZZ_SEGMENTS; i++) {
        const struct fuzz_segment *s = &fuzz_segments[i];
        unsigned type = (s->read_only ? 0u : 2u) | (s->down ? 4u : 0u) | (s->code ? 8u : 0u) | 1;
        put_descriptor(ram + LDT + 8 * i, s->base, s->limit, 0xf0 | type, s->big ? 5u : 1u);
    }
    store_le32(ram + TSS + 4, SYSTEM + STACK0);
    store_le32(ram + TSS + 8, SEL_DATA0);
    store_le16(ram + TSS + 0x66, 0x68); /* no I/O permission map */
}

/* #BP and #OF may be raised by instructions at ring 3. */
static void make_vectors(uint8_t *ram)
{
    for (unsigned vector = 0; vector < 256; vector++) {
        uint32_t handler = SYSTEM + HANDLERS + vector;
        unsigned access = vector == VECTOR_BP || vector == VECTOR_OF ? 0xee : 0x8e;
        store_le32(ram + IDT + 8 * vector, (handler & 0xffff) | SEL_CODE0 << 16);
        store_le32(ram + IDT + 8 * vector + 4, (handler & 0xffff0000) | access << 8);
        ram[HANDLERS + vector] = 0xf4;
    }
}

static void make_pages(uint8_t *ram)
{
    store_le64(ram + PDPT, DIRECTORY_LOW | PRESENT);
    store_le64(ram + PDPT + 8 * (SYSTEM >> 30), DIRECTORY_HIGH | PRESENT);
    store_le64(ram + DIRECTORY_LOW, TABLE_LOW | PRESENT | WRITABLE | USER);
    store_le64(ram + DIRECTORY_HIGH + 8 * (SYSTEM >> 21 & 511), TABLE_HIGH | PRESENT | WRITABLE);
    for (uint32_t at = 0; at < SYSTEM_BYTES; at += 4096) {
        store_le64(ram + TABLE_HIGH + 8 * (at >> 12), at | PRESENT | WRITABLE);
    }
    for (unsigned i = 0; i < FUZZ_REGIONS; i++) {
        const struct fuzz_region *r = &fuzz_regions[i];
        for (uint32_t at = r->address; at < r->address + r->bytes; at += 4096) {
            uint64_t entry = at | PRESENT | USER;
            entry |= r->rights & FUZZ_MAPPED_WRITE ? WRITABLE : 0;
            entry |= r->rights & FUZZ_MAPPED_EXEC ? 0 : NO_EXECUTE;
            store_le64(ram + TABLE_LOW + 8 * (at >> 12), entry);
        }
    }
}

static void make_system(struct guest *guest)
{
    struct x86_cpu *cpu = guest->f.cpu;
    uint8_t *ram = guest->f.ram;
    make_descriptors(ram);
    make_vectors(ram);
    make_pages(ram);
    cpu->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG;
    cpu->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    cpu->efer = EFER_NXE;
    cpu->cr3 = PDPT;
    paging_load_pdptes(cpu, PDPT);
    cpu->gdt_base = SYSTEM + GDT;
    cpu->gdt_limit = SEL_CPU_NODE + 7;
    cpu->idt_base = SYSTEM + IDT;
    cpu->idt_limit = 0x7ff;
    x86_loaded(cpu);
    struct descriptor d;
    descriptor_read(guest->f.ctx, SEL_TSS, &d);
    segment_set(guest->f.ctx, &cpu->tr[0], SEL_TSS, &d);
    descriptor_read(guest->f.ctx, SEL_LDT, &d);
    segment_set(guest->f.ctx, &cpu->ldtr[0], SEL_LDT, &d);
}

struct guest *guest_create(const char *engine, bool plain)
{
    struct pass_set passes = {.off = plain ? UINT32_MAX : 0};
    struct guest *guest = calloc(1, sizeof(*guest));
    if (!guest) {
        return NULL;
    }
    if (!cpu_fixture_engine(engine) ||
        !cpu_fixture_create_with(&guest->f, x86_model_find("max"), engine, plain, passes)) {
        guest_destroy(guest);
        return NULL;
    }
    make_system(guest);
    return guest;
}

void guest_destroy(struct guest *guest)
{
    cpu_fixture_destroy(&guest->f);
    free(guest);
}

void guest_cpuid(const struct guest *guest, uint32_t leaf, uint32_t out[4])
{
    x86_cpuid(guest->f.cpu, leaf, 0, out);
}

/* Data never becomes code (its pages are not executable), so only code goes through the poke. */
static void put_memory(struct guest *guest, const uint8_t *memory)
{
    if (memcmp(guest->last_code, memory, FUZZ_CODE_BYTES) != 0) {
        memcpy(guest->last_code, memory, FUZZ_CODE_BYTES);
        cpu_fixture_poke(&guest->f, FUZZ_CODE, memory, FUZZ_CODE_BYTES);
    }
    memory += FUZZ_CODE_BYTES;
    memcpy(guest->f.ram + FUZZ_CONST, memory, FUZZ_BYTES - FUZZ_CODE_BYTES);
}

static void put_segments(struct context *ctx, const struct fuzz_state *s)
{
    static const enum seg_index order[FUZZ_SREGS] = {SEG_ES, SEG_CS, SEG_SS,
                                                     SEG_DS, SEG_FS, SEG_GS};
    for (unsigned i = 0; i < FUZZ_SREGS; i++) {
        struct descriptor d;
        struct segment *segment = &ctx->seg[order[i]];
        if (selector_null(s->sreg[i])) {
            segment_set_null(segment, s->sreg[i]);
        } else if (descriptor_read(ctx, s->sreg[i], &d) == FETCH_OK) {
            segment_set(ctx, segment, s->sreg[i], &d);
        }
    }
}

static void put_vectors(struct context *ctx, const uint8_t *fx)
{
    uint16_t fsw = load_le16(fx + FX_FSW);
    ctx->fcw = load_le16(fx + FX_FCW);
    ctx->fsw = fsw & (uint16_t)~0x3800;
    ctx->ftop = fsw >> 11 & 7;
    ctx->ftag = (uint8_t)~fx[FX_FTW];
    ctx->fop = load_le16(fx + FX_FOP);
    ctx->fip = load_le64(fx + FX_FIP);
    ctx->fdp = load_le64(fx + FX_FDP);
    ctx->fcs = 0;
    ctx->fds = 0;
    ctx->mxcsr = load_le32(fx + FX_MXCSR);
    for (unsigned i = 0; i < 8; i++) {
        struct x87_reg *st = &ctx->st[(ctx->ftop + i) & 7];
        st->mantissa = load_le64(fx + FX_ST + 16 * i);
        st->exponent = load_le16(fx + FX_ST + 16 * i + 8);
        ctx->xmm[i].q[0] = load_le64(fx + FX_XMM + 16 * i);
        ctx->xmm[i].q[1] = load_le64(fx + FX_XMM + 16 * i + 8);
    }
}

static void get_vectors(const struct context *ctx, uint8_t *fx)
{
    memset(fx, 0, FX_END);
    store_le16(fx + FX_FCW, ctx->fcw);
    store_le16(fx + FX_FSW, (uint16_t)(ctx->fsw | ctx->ftop << 11));
    fx[FX_FTW] = (uint8_t)~ctx->ftag;
    store_le16(fx + FX_FOP, ctx->fop);
    store_le64(fx + FX_FIP, ctx->fip);
    store_le64(fx + FX_FDP, ctx->fdp);
    store_le32(fx + FX_MXCSR, ctx->mxcsr);
    for (unsigned i = 0; i < 8; i++) {
        const struct x87_reg *st = &ctx->st[(ctx->ftop + i) & 7];
        store_le64(fx + FX_ST + 16 * i, st->mantissa);
        store_le16(fx + FX_ST + 16 * i + 8, st->exponent);
        store_le64(fx + FX_XMM + 16 * i, ctx->xmm[i].q[0]);
        store_le64(fx + FX_XMM + 16 * i + 8, ctx->xmm[i].q[1]);
    }
}

static void put_state(struct guest *guest, const struct fuzz_state *s)
{
    struct context *ctx = guest->f.ctx;
    for (unsigned i = 0; i < 8; i++) {
        ctx->gpr[i] = s->gpr[i];
    }
    ctx->rip = s->eip;
    ctx->halted = 0;
    ctx->shadow = 0;
    ctx->leave = LEAVE_NONE;
    guest->f.cpu->cr2 = 0;
    x86_set_eflags(ctx, s->eflags, UINT32_MAX);
    put_vectors(ctx, s->fx);
    put_segments(ctx, s);
    x86_privilege_changed(ctx);
}

/* EIP CS EFLAGS ESP SS, below them an error code where the vector has one. */
static void get_frame(const struct context *ctx, const uint8_t *ram, struct fuzz_state *s)
{
    uint32_t sp = x86_gpr(ctx, GUEST_RSP) - SYSTEM;
    s->vector = (uint32_t)ctx->rip - 1 - (SYSTEM + HANDLERS);
    s->error = 0;
    if (sp == STACK0 - 24) {
        s->error = load_le32(ram + sp);
        sp += 4;
    }
    s->eip = load_le32(ram + sp);
    s->sreg[FUZZ_CS] = load_le16(ram + sp + 4);
    s->eflags = load_le32(ram + sp + 8);
    s->gpr[4] = load_le32(ram + sp + 12);
    s->sreg[FUZZ_SS] = load_le16(ram + sp + 16);
}

static void get_state(const struct guest *guest, struct fuzz_state *s)
{
    const struct context *ctx = guest->f.ctx;
    for (unsigned i = 0; i < 8; i++) {
        s->gpr[i] = x86_gpr(ctx, i);
    }
    s->sreg[FUZZ_ES] = ctx->seg[SEG_ES].selector;
    s->sreg[FUZZ_DS] = ctx->seg[SEG_DS].selector;
    s->sreg[FUZZ_FS] = ctx->seg[SEG_FS].selector;
    s->sreg[FUZZ_GS] = ctx->seg[SEG_GS].selector;
    s->cr2 = guest->f.cpu->cr2;
    get_frame(ctx, guest->f.ram, s);
    get_vectors(ctx, s->fx);
}

void guest_run(struct guest *guest, const struct fuzz_slot *slot, struct fuzz_state *after,
               uint8_t *memory_after)
{
    struct cpu_fixture *f = &guest->f;
    memset(after, 0, sizeof(*after));
    put_memory(guest, slot->memory);
    put_state(guest, &slot->before);
    enum run_result result = cpu_fixture_run(f, LIMIT);
    after->end = result == RUN_HALTED ? FUZZ_ENDED : FUZZ_TIMEOUT;
    if (after->end == FUZZ_ENDED) {
        get_state(guest, after); /* else there is no frame, and ESP may point anywhere */
    }
    memcpy(memory_after, f->ram + FUZZ_CODE, FUZZ_CODE_BYTES);
    memcpy(memory_after + FUZZ_CODE_BYTES, f->ram + FUZZ_CONST, FUZZ_BYTES - FUZZ_CODE_BYTES);
}
