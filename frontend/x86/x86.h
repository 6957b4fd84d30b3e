/*
 * The x86 CPU as the machine sees it.
 *
 * struct x86_cpu begins with the record that generated code runs on; the rest is system state that
 * only callouts touch.  The machine supplies wires and owns the memory of the struct.
 */
#ifndef FRONTEND_X86_X86_H
#define FRONTEND_X86_X86_H

#include "base/log.h"
#include "base/status.h"
#include "translator/api/callout.h"
#include "translator/api/guest.h"

struct x86_cpu;

/* What the CPU needs from the board. */
struct x86_wires {
    uint32_t (*port_in)(void *machine, uint16_t port, unsigned size);
    void (*port_out)(void *machine, uint16_t port, uint32_t value, unsigned size);
    uint64_t (*tsc)(void *machine); /* time-stamp counter, from virtual time */
    void (*apic_base_written)(void *machine, uint64_t value); /* MSR 1Bh */
    void (*ferr)(void *machine, bool level);                  /* FERR#: IRQ 13 with CR0.NE = 0 */
    void (*nmi_unblocked)(void *machine); /* an NMI handler returned; may be NULL */
    /* The guest asks for input, or says that it waits for some, by a software interrupt of PC
     * firmware or DOS; true: HLT first.  May be NULL. */
    bool (*polls)(void *machine);
    void *machine;
    const struct log *log;
};

/* Words of feature bits that CPUID reports. */
enum x86_feature_word {
    WORD_1_EDX,   /* FEATURE_ */
    WORD_1_ECX,   /* FEATURE_C_ */
    WORD_7_EBX,   /* leaf 7, subleaf 0: FEATURE_7_ */
    WORD_7_ECX,   /* FEATURE_7C_ */
    WORD_D_EAX,   /* leaf 0Dh, subleaf 1: FEATURE_D_ */
    WORD_EXT_EDX, /* leaf 80000001: FEATURE_EXT_ */
    WORD_EXT_ECX, /* FEATURE_EXT_C_ */
    WORD_HIDDEN,  /* in no leaf: FEATURE_X_ */
    X86_FEATURE_WORDS
};

/* A CPU model: a row of frontend/x86/cpu/models.def, or such a row changed by
 * x86_model_configure(). Registers of CPUID leaves stand in the order EAX EBX ECX EDX. */
struct x86_model {
    const char *name;
    const char *what;
    const char *vendor; /* 12 characters; with CPUID only */
    const char *brand;  /* up to 47 characters, for the leaves from 80000002 on */
    uint8_t type;       /* bits 12 and 13 of the signature */
    uint8_t family;     /* 0: 8086, 1: 80186, 2: 80286 ... 15: Pentium 4 */
    uint8_t model, stepping;
    uint8_t address_bits;          /* physical */
    uint8_t max_leaf;              /* highest standard CPUID leaf; 0: no CPUID instruction */
    uint32_t max_extended;         /* highest extended CPUID leaf; 0: none */
    uint32_t caches[4];            /* leaf 2 */
    uint32_t level1[4], level2[4]; /* leaves 80000005 and 80000006 */
    uint32_t features[X86_FEATURE_WORDS];
};

/* A CPU model by name or alias ("386" ... "p3", "p4", "max").  Unknown: NULL. */
const struct x86_model *x86_model_find(const char *name);
/* A model with features added and taken away, as `--cpu` names it: "p3,-sse,+nx".  What a feature
 * needs comes with it, what needs it goes with it.  False: *status says what is unknown or cannot
 * be. */
bool x86_model_configure(struct x86_model *out, const char *text, struct status *status);
/* Instruction sets a model lacks: bits by enum x86_feature, for lift_request.absent. */
uint64_t x86_model_absent(const struct x86_model *model);
/* The model has the instructions that came with the 80486. */
bool x86_model_has_bswap(const struct x86_model *model);
/* Calls each with name and one-line description, oldest first. */
void x86_model_list(void (*each)(void *user, const char *name, const char *what), void *user);
/* Calls each with the name of a feature that x86_model_configure() knows. */
void x86_feature_list(void (*each)(void *user, const char *name), void *user);

/* A reset CPU; the model is copied. */
struct x86_cpu *x86_create(const struct x86_model *model, const struct x86_wires *wires);
void x86_destroy(struct x86_cpu *cpu);
struct context *x86_context(struct x86_cpu *cpu);

/* Power-on or RESET# (init false), or INIT (true).  Derived members of the record are left alone
 * but for leave, pending and event. */
void x86_reset(struct x86_cpu *cpu, bool init);

/* After saved state was loaded into cpu: derived members follow. */
void x86_loaded(struct x86_cpu *cpu);

/* All saved state: CONTEXT_STATE and the system registers. */
const struct state_desc *x86_state(void);

/* True while an NMI handler runs (until its IRET): a further NMI must wait. */
bool x86_nmi_blocked(const struct x86_cpu *cpu);

/* The model has an x87; it is an 8087, whose wire `ferr` is its interrupt request. */
bool x86_has_fpu(const struct x86_cpu *cpu);
bool x86_has_8087(const struct x86_cpu *cpu);

/* A20 gate: mask applied to physical addresses. */
void x86_set_a20(struct x86_cpu *cpu, bool enabled);

extern const struct guest_ops x86_guest;
/* Every callout, by enum callout_id. */
extern callout_function *const x86_callouts[CALLOUT_COUNT];

/* Physical address behind a linear one by the present page tables, without side effects; false: not
 * present. */
bool x86_peek_linear(struct x86_cpu *cpu, uint64_t linear, uint64_t *gpa);

/*
 * guest_ops.lift (frontend/x86/lift): lifts one block of at least one instruction.  block->insts
 * has room for IR_MAX_RECORDS records and is the caller's; all other members are set here
 * (flags_live is not: see ir_flag_liveness).  LIFT_NEED_MORE leaves *block empty.
 */
enum lift_result x86_lift(const struct lift_request *request, struct ir_block *block);

/* Full EFLAGS image as PUSHF shows it. */
uint32_t x86_eflags(const struct context *ctx);

/* Registers and a disassembly-free state dump for people. */
void x86_print(const struct x86_cpu *cpu, FILE *out);

#endif
