/*
 * The architectural state of a 32-bit x86 and the rules that act on it.
 *
 * struct x86_cpu is the record of translator/api/context.h followed by what only callouts touch:
 * control and debug registers, descriptor tables, model-specific registers.  Everything the manual
 * calls system state is a row of X86_SYSTEM_STATE.  Follows the Intel SDM, volumes 2 and 3.
 *
 * Convention of this module and of frontend/x86/helper: a function that can fault returns bool; on
 * false the fault stands in ctx->event, ctx->leave is LEAVE_EVENT, and no architectural state has
 * changed unless the comment says otherwise.
 */
#ifndef FRONTEND_X86_CPU_CPU_H
#define FRONTEND_X86_CPU_CPU_H

#include "frontend/x86/x86.h"
#include "translator/api/context.h"
#include "translator/api/memory.h"

enum {
    CR0_PE = 1 << 0,
    CR0_MP = 1 << 1,
    CR0_EM = 1 << 2,
    CR0_TS = 1 << 3,
    CR0_ET = 1 << 4,
    CR0_NE = 1 << 5,
    CR0_WP = 1 << 16,
    CR0_AM = 1 << 18,
    CR0_NW = 1 << 29,
    CR0_CD = 1 << 30
};
#define CR0_PG UINT32_C(0x80000000)

enum {
    CR4_VME = 1 << 0,
    CR4_PVI = 1 << 1,
    CR4_TSD = 1 << 2,
    CR4_DE = 1 << 3,
    CR4_PSE = 1 << 4,
    CR4_PAE = 1 << 5,
    CR4_MCE = 1 << 6,
    CR4_PGE = 1 << 7,
    CR4_PCE = 1 << 8,
    CR4_OSFXSR = 1 << 9,
    CR4_OSXMMEXCPT = 1 << 10,
    CR4_UMIP = 1 << 11,
    CR4_OSXSAVE = 1 << 18,
    CR4_SMEP = 1 << 20,
    CR4_SMAP = 1 << 21
};

enum { EFER_SCE = 1 << 0, EFER_NXE = 1 << 11 };

enum { DR6_B0 = 1 << 0, DR6_BD = 1 << 13, DR6_BS = 1 << 14, DR6_BT = 1 << 15, DR7_GD = 1 << 13 };
#define DR6_FIXED UINT32_C(0xffff0ff0)
#define DR7_FIXED UINT32_C(0x00000400)

/* Exception vectors. */
enum {
    VECTOR_DE,
    VECTOR_DB,
    VECTOR_NMI,
    VECTOR_BP,
    VECTOR_OF,
    VECTOR_BR,
    VECTOR_UD,
    VECTOR_NM,
    VECTOR_DF,
    VECTOR_TS = 10,
    VECTOR_NP,
    VECTOR_SS,
    VECTOR_GP,
    VECTOR_PF,
    VECTOR_MF = 16,
    VECTOR_AC,
    VECTOR_MC,
    VECTOR_XM
};

/* struct segment.rights: descriptor bits 40..55 with the limit field cleared. */
enum {
    RIGHTS_ACCESSED = 1 << 0,
    RIGHTS_WRITE = 1 << 1 /* data: writable, code: readable */,
    RIGHTS_DOWN = 1 << 2 /* data: expand-down, code: conforming */,
    RIGHTS_CODE = 1 << 3,
    RIGHTS_S = 1 << 4,
    RIGHTS_P = 1 << 7,
    RIGHTS_AVL = 1 << 12,
    RIGHTS_BIG = 1 << 14,
    RIGHTS_G = 1 << 15,
    RIGHTS_MASK = 0xf0ff
};
enum { RIGHTS_DATA_RW = 0x93, RIGHTS_V86 = 0xf3 };

enum { DEBUG_ENABLES = 0xff }; /* L and G bits of DR7 */

/* CPUID leaf 1 EDX, by bit. */
enum {
    FEATURE_FPU = 1 << 0,
    FEATURE_VME = 1 << 1,
    FEATURE_DE = 1 << 2,
    FEATURE_PSE = 1 << 3,
    FEATURE_TSC = 1 << 4,
    FEATURE_MSR = 1 << 5,
    FEATURE_PAE = 1 << 6,
    FEATURE_CX8 = 1 << 8,
    FEATURE_APIC = 1 << 9,
    FEATURE_SEP = 1 << 11,
    FEATURE_MTRR = 1 << 12,
    FEATURE_PGE = 1 << 13,
    FEATURE_CMOV = 1 << 15,
    FEATURE_PAT = 1 << 16,
    FEATURE_PSE36 = 1 << 17,
    FEATURE_CLFSH = 1 << 19,
    FEATURE_MMX = 1 << 23,
    FEATURE_FXSR = 1 << 24,
    FEATURE_SSE = 1 << 25,
    FEATURE_SSE2 = 1 << 26
};
/* CPUID leaf 1 ECX. */
enum {
    FEATURE_C_SSE3 = 1 << 0,
    FEATURE_C_PCLMUL = 1 << 1,
    FEATURE_C_MONITOR = 1 << 3,
    FEATURE_C_SSSE3 = 1 << 9,
    FEATURE_C_SSE41 = 1 << 19,
    FEATURE_C_SSE42 = 1 << 20,
    FEATURE_C_MOVBE = 1 << 22,
    FEATURE_C_POPCNT = 1 << 23,
    FEATURE_C_AES = 1 << 25,
    FEATURE_C_XSAVE = 1 << 26,
    FEATURE_C_OSXSAVE = 1 << 27, /* CR4.OSXSAVE, in no model's row */
    FEATURE_C_RDRAND = 1 << 30
};
/* CPUID leaf 7 EBX. */
enum {
    FEATURE_7_BMI1 = 1 << 3,
    FEATURE_7_SMEP = 1 << 7,
    FEATURE_7_RDSEED = 1 << 18,
    FEATURE_7_SMAP = 1 << 20,
    FEATURE_7_CLFLUSHOPT = 1 << 23,
    FEATURE_7_CLWB = 1 << 24,
    FEATURE_7_SHA = 1 << 29
};
/* CPUID leaf 7 ECX. */
enum { FEATURE_7C_UMIP = 1 << 2 };
/* CPUID leaf 0Dh, subleaf 1 EAX. */
enum { FEATURE_D_XSAVEOPT = 1 << 0, FEATURE_D_XSAVEC = 1 << 1, FEATURE_D_XGETBV1 = 1 << 2 };
/* CPUID leaf 80000001 EDX and ECX. */
enum {
    FEATURE_EXT_SYSCALL = 1 << 11,
    FEATURE_EXT_NX = 1 << 20,
    FEATURE_EXT_MMXEXT = 1 << 22,
    FEATURE_EXT_3DNOWEXT = 1 << 30
};
#define FEATURE_EXT_3DNOW UINT32_C(0x80000000)
enum { FEATURE_EXT_C_LZCNT = 1 << 5 };
/* What CPUID does not show: instructions of the 80486 on a model before it. */
enum { FEATURE_X_I486 = 1 << 0 };

/* Bits of leaf 80000001 EDX that AMD repeats from leaf 1 EDX. */
#define FEATURE_EXT_REPEATED UINT32_C(0x0183f3ff)

enum { MTRR_FIXED = 11, MTRR_VARIABLE = 8 };

/* clang-format off */
#define X86_SYSTEM_STATE(S, VAL, ARR, SUB)                                                   \
    VAL(S, u32, cr0,        0x60000010, "control register 0")                                \
    VAL(S, u32, cr2,        0,          "linear address of the last page fault")             \
    VAL(S, u32, cr3,        0,          "page directory base")                               \
    VAL(S, u32, cr4,        0,          "control register 4")                                \
    ARR(S, u64, pdpte, 4,   0,          "PAE page-directory-pointer entries, read at CR3 loads") \
    VAL(S, u64, efer,       0,          "MSR C0000080h: SCE, NXE")                           \
    VAL(S, u64, star,       0,          "MSR C0000081h: SYSCALL target, selectors")          \
    VAL(S, u64, k6_whcr,    0,          "MSR C0000082h: write allocation, storage only")     \
    VAL(S, u32, rep_eip,    0,          "8086: where an interrupted repetition goes on")     \
    VAL(S, u64, rep_icount, 0,          "instruction count at which rep_eip counts")         \
    ARR(S, u32, test, 8,    0,          "test registers 3..7: storage only")                 \
    VAL(S, u64, k6_uwccr,   0,          "MSR C0000085h: memory types, storage only")         \
    VAL(S, u32, gdt_base,   0,          "GDTR base")                                         \
    VAL(S, u32, gdt_limit,  0xffff,     "GDTR limit")                                        \
    VAL(S, u32, idt_base,   0,          "IDTR base")                                         \
    VAL(S, u32, idt_limit,  0xffff,     "IDTR limit")                                        \
    SUB(S, segment, ldtr, 1,            "local descriptor table register")                   \
    SUB(S, segment, tr, 1,              "task register")                                     \
    ARR(S, u32, dr, 8,      0,          "debug registers; 4 and 5 unused")                   \
    VAL(S, u64, a20_mask,   UINT64_MAX, "A20 gate and address width, applied to physical addresses")                     \
    VAL(S, bool, x87_int,   false,      "8087: its interrupt request")                       \
    VAL(S, u8,  nmi_blocked, 0,         "1: an NMI handler runs, until IRET")                \
    VAL(S, u32, smbase,     0x30000,    "SMRAM base")                                        \
    VAL(S, u64, apic_base,  0xfee00900, "MSR 1Bh")                                           \
    VAL(S, u64, tsc_offset, 0,          "added to the board's time-stamp counter")           \
    VAL(S, u32, sysenter_cs,  0,        "MSR 174h")                                          \
    VAL(S, u32, sysenter_esp, 0,        "MSR 175h")                                          \
    VAL(S, u32, sysenter_eip, 0,        "MSR 176h")                                          \
    VAL(S, u64, pat, 0x0007040600070406, "MSR 277h")                                         \
    VAL(S, u64, misc_enable, 1,         "MSR 1A0h: fast strings")                            \
    VAL(S, u64, microcode,  0,          "MSR 8Bh, written by guests before CPUID")           \
    VAL(S, u64, debugctl,   0,          "MSR 1D9h")                                          \
    VAL(S, u64, mtrr_default, 0,        "MSR 2FFh")                                          \
    ARR(S, u64, mtrr_fixed, MTRR_FIXED, 0, "MSRs 250h, 258h, 259h, 268h..26Fh")              \
    ARR(S, u64, mtrr_base, MTRR_VARIABLE, 0, "MSRs 200h, 202h...")                           \
    ARR(S, u64, mtrr_mask, MTRR_VARIABLE, 0, "MSRs 201h, 203h...")                           \
    ARR(S, u64, perf_select, 2, 0,      "MSRs 186h, 187h: storage only")                     \
    ARR(S, u64, perf_count, 2, 0,       "MSRs C1h, C2h: storage only")                       \
    VAL(S, u64, platform,   0,          "MSRs 2Ah and 2Ch: storage only")                    \
    VAL(S, u64, xcr0,       1,          "XCR0: state components that XSAVE manages")         \
    VAL(S, u64, random,     0,          "RDRAND and RDSEED: the counter their numbers come from") \
    VAL(S, u8,  monitor,    0,          "1: MONITOR has armed a line for MWAIT")
/* clang-format on */

enum { SEGMENTS_MADE_BITS = 4 };

struct x86_cpu {
    struct context ctx; /* first: a struct context * of this CPU is a struct x86_cpu * */

    /* wires */
    const struct x86_model *model; /* &configured */
    struct x86_model configured;
    struct x86_wires wires;

    /* state */
    STATE_MEMBERS(X86_SYSTEM_STATE)

    /* derived */
    uint32_t eflags_fixed; /* EFLAGS bits that always read as 1 */
    uint32_t external;     /* EXT bit of error codes while an event is delivered */
    uint32_t step_inhibit; /* 1: this instruction takes no single-step trap (INT n) */
    uint32_t keep_rf; /* 1: this instruction loaded RF, or is a repetition that is not complete */
    uint32_t at_breakpoint; /* 1: the #DB to deliver is that of an instruction breakpoint */
    struct segment made[1 << SEGMENTS_MADE_BITS]; /* what came of descriptors in protected mode */
};

/* The CPU that owns the record. */
static inline struct x86_cpu *x86_of(struct context *ctx)
{
    return (struct x86_cpu *)ctx;
}

static inline const struct x86_cpu *x86_of_const(const struct context *ctx)
{
    return (const struct x86_cpu *)ctx;
}

static inline unsigned rights_dpl(uint32_t rights)
{
    return rights >> 5 & 3;
}

/* Current privilege level: the DPL of the stack segment (0 in real mode, 3 in V86 mode). */
static inline unsigned x86_cpl(const struct context *ctx)
{
    return rights_dpl(ctx->seg[SEG_SS].rights);
}

/* The rights of code at that level. */
static inline enum memory_view x86_view(const struct context *ctx, unsigned cpl)
{
    if (cpl == 3) {
        return VIEW_USER;
    }
    bool open = (x86_of_const(ctx)->cr4 & CR4_SMAP) && (ctx->eflags & FLAG_AC);
    return open ? VIEW_OPEN : VIEW_SUPERVISOR;
}

static inline bool x86_protected(const struct context *ctx)
{
    return (x86_of_const(ctx)->cr0 & CR0_PE) != 0;
}

static inline bool x86_v86(const struct context *ctx)
{
    return (ctx->eflags & FLAG_VM) != 0;
}

/* Protected mode proper: neither real nor virtual-8086. */
static inline bool x86_selectors(const struct context *ctx)
{
    return x86_protected(ctx) && !x86_v86(ctx);
}

static inline unsigned x86_iopl(const struct context *ctx)
{
    return ctx->eflags >> 12 & 3;
}

static inline uint32_t x86_gpr(const struct context *ctx, unsigned reg)
{
    return (uint32_t)ctx->gpr[reg];
}

/* Replaces the low size bytes (1, 2, 4) of a register; 1 is the low byte. */
static inline void x86_gpr_put(struct context *ctx, unsigned reg, unsigned size, uint32_t value)
{
    uint32_t mask = size == 4 ? UINT32_MAX : size == 2 ? 0xffffu : 0xffu;
    ctx->gpr[reg] = (x86_gpr(ctx, reg) & ~mask) | (value & mask);
}

/* Faults.  All return false so that `return fault_gp(...)` reads well. */
static inline bool fault(struct context *ctx, uint8_t vector)
{
    context_fault(ctx, vector, false, 0);
    return false;
}

static inline bool fault_code(struct context *ctx, uint8_t vector, uint32_t error)
{
    context_fault(ctx, vector, true, error | x86_of(ctx)->external);
    return false;
}

/* #GP with that error code. */
static inline bool fault_gp(struct context *ctx, uint32_t error)
{
    return fault_code(ctx, VECTOR_GP, error);
}

/* mode.c */
uint32_t x86_mode(const struct context *ctx);
/* After an instruction that changed nothing the mode depends on but segments and EFLAGS: brings
 * ctx->mode in line with them and says so, unless that is better left to x86_mode(). */
void x86_transferred(struct context *ctx);
/* True when the class of a data segment is not the one of the mode key any more. */
bool mode_segment_changed(const struct context *ctx, enum seg_index seg);
/* Recomputes the derived members of one segment from base, limit and rights. */
void segment_update(const struct context *ctx, struct segment *segment);
/* The CPL, paging or PE may have changed: user flag and memory tables follow. */
void x86_privilege_changed(struct context *ctx);

/* The global descriptor table is another one. */
static inline void descriptors_changed(struct x86_cpu *cpu)
{
    cpu->ctx.descriptors.base = cpu->gdt_base;
    cpu->ctx.descriptors.limit = cpu->gdt_limit;
}

/* What SYSENTER and SYSEXIT follow from beside the mode has changed. */
static inline void passages_forget(struct context *ctx)
{
    for (unsigned i = 0; i < PASSAGES; i++) {
        ctx->passages[i].from = 0;
    }
}

/* flags.c */
/* Replaces the EFLAGS bits of mask (any bits, arithmetic and DF included). */
void x86_set_eflags(struct context *ctx, uint32_t value, uint32_t mask);
/* EFLAGS bits the model implements. */
uint32_t x86_eflags_known(const struct context *ctx);

/* paging.c */
bool x86_walk(struct context *ctx, uint64_t linear, enum access access, enum memory_view view,
              struct page_walk *out);
/* Reads the four PAE pointers at cr3; false when one has reserved bits (the caller raises #GP). */
bool paging_load_pdptes(struct x86_cpu *cpu, uint32_t cr3);

/* event.c */
bool x86_deliver(struct context *ctx);
bool x86_interruptible(const struct context *ctx);
/* One attempt to enter the handler of a vector; return_eip is pushed. */
bool event_enter(struct context *ctx, const struct guest_event *event, uint32_t return_eip);

/* debug.c */
bool x86_before_step(struct context *ctx);
void x86_after_step(struct context *ctx, uint32_t eflags_before);
unsigned x86_watched(const struct context *ctx, uint64_t linear);
bool x86_accessed(struct context *ctx, uint64_t linear, unsigned size, enum access access);
/* I/O breakpoints on an access that was made. */
void debug_port(struct context *ctx, uint16_t port, unsigned size);
/* True where instructions are run one by one: TF, RF, an instruction breakpoint in the page. */
bool debug_steps_here(const struct context *ctx);
/* DR0..DR3 or DR7 changed; the caller leaves the block. */
void debug_changed(struct context *ctx);

/* cpuid.c */
/* The four registers of a CPUID leaf: EAX EBX ECX EDX. */
void x86_cpuid(const struct x86_cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
/* Type, family, model and stepping as in CPUID.1.EAX and in EDX after reset; 0 before the 386. */
uint32_t x86_signature(const struct x86_model *model);

/* msr.c: false when the register does not exist or refuses the value (the caller raises #GP). */
bool msr_read(struct x86_cpu *cpu, uint32_t index, uint64_t *value);
bool msr_write(struct x86_cpu *cpu, uint32_t index, uint64_t value);
/* The time-stamp counter as the guest sees it. */
uint64_t x86_tsc(const struct x86_cpu *cpu);

/* The model is that processor or a later one, by its family: 0 8086, 1 80186, 2 80286, 3 80386. */
static inline bool x86_since(const struct x86_cpu *cpu, unsigned family)
{
    return cpu->model->family >= family;
}

/* Which coprocessor belongs to the model.  docs/X87.md: what the older ones do otherwise. */
enum x87_generation { X87_GENERATION_8087, X87_GENERATION_287, X87_GENERATION_387 };
static inline enum x87_generation x86_x87_generation(const struct x86_cpu *cpu)
{
    return x86_since(cpu, 3)   ? X87_GENERATION_387
           : x86_since(cpu, 2) ? X87_GENERATION_287
                               : X87_GENERATION_8087;
}

/* FCW after FINIT, which RESET does too before the 387. */
static inline uint16_t x86_x87_initial(const struct x86_cpu *cpu)
{
    return x86_x87_generation(cpu) == X87_GENERATION_8087 ? 0x3ff : 0x37f;
}

/* x87 instructions must run in software: an exception may be unmasked or is pending, or the x87 is
 * an older one. */
static inline bool x86_x87_slow(const struct context *ctx)
{
    enum { EXCEPTIONS = 0x3f, SUMMARY = 0x80 };
    return (ctx->fcw & EXCEPTIONS) != EXCEPTIONS || (ctx->fsw & SUMMARY) ||
           !x86_since(x86_of_const(ctx), 3);
}

/* Bits of XCR0 that the model has. */
uint64_t x86_xcr0_known(const struct x86_cpu *cpu);

/* A feature bit of the model. */
static inline bool x86_has_in(const struct x86_cpu *cpu, enum x86_feature_word word,
                              uint32_t feature)
{
    return (cpu->model->features[word] & feature) != 0;
}

/* The same in leaf 1 EDX. */
static inline bool x86_has(const struct x86_cpu *cpu, uint32_t feature)
{
    return x86_has_in(cpu, WORD_1_EDX, feature);
}

/* Physical addresses the model can make.  PAE has its own limit. */
static inline uint64_t x86_address_mask(const struct x86_model *model)
{
    return model->address_bits < 32 ? (UINT64_C(1) << model->address_bits) - 1 : UINT64_MAX;
}

/* control.c: writes of control registers with all checks; flush and reselect memory as needed. */
bool control_write_cr0(struct context *ctx, uint32_t value);
bool control_write_cr3(struct context *ctx, uint32_t value);
bool control_write_cr4(struct context *ctx, uint32_t value);
/* Bits of CR4 that the model has; 0: no CR4. */
uint32_t control_cr4_known(const struct x86_cpu *cpu);

#endif
