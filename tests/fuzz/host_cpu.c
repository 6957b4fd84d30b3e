/*
 * Runs cases on the host's processor.  Started by native.c, never by hand.
 *
 * The whole program lives above 4 GiB; a case sees only the pages of world.h.  Each case starts by
 * returning from a signal handler into 32-bit code, with every register set in the signal frame,
 * and ends with the signal of its exception, whose frame holds every register again.  Only that
 * return, and reading and writing the two pipes, are system calls that seccomp lets through.
 *
 * FS is the C library's thread pointer until the first case; nothing here needs it afterwards.  Not
 * possible: EFLAGS.NT and ID in the state before.
 */
#define _GNU_SOURCE
#include "tests/fuzz/world.h"

#include <asm/ldt.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

enum { TICK_US = 20000, XSTATE_HEADER = 512, X87_AND_SSE = 3, ALTERNATE = 1 << 16 };

/* The handler has no argument of ours: all it knows stands here, before anything runs. */
static struct {
    struct fuzz_shared *shared;
    uint32_t ticked; /* the slot that ran at the last tick */
    bool running;
} host;

static const int frame_gpr[8] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX,
                                 REG_RSP, REG_RBP, REG_RSI, REG_RDI};

static void forbidden(const char *what)
{
    fprintf(stderr, "host_cpu: %s\n", what);
    exit(FUZZ_EXIT_FORBIDDEN);
}

/* AC, NT and ID survive into the handler. */
static void clean_flags(void)
{
    __asm__ volatile("pushq $0x202\n\tpopfq" ::: "cc", "memory");
}

static void capture(const ucontext_t *uc, struct fuzz_slot *slot, bool timeout)
{
    const greg_t *g = uc->uc_mcontext.gregs;
    struct fuzz_state *s = &slot->after;
    for (unsigned i = 0; i < 8; i++) {
        s->gpr[i] = (uint32_t)g[frame_gpr[i]];
    }
    s->eip = (uint32_t)g[REG_RIP];
    s->eflags = (uint32_t)g[REG_EFL];
    s->sreg[FUZZ_CS] = (uint16_t)g[REG_CSGSFS];
    s->sreg[FUZZ_SS] = (uint16_t)((uint64_t)g[REG_CSGSFS] >> 48);
    __asm__ volatile("mov %%fs, %0" : "=r"(s->sreg[FUZZ_FS]));
    __asm__ volatile("mov %%es, %0" : "=r"(s->sreg[FUZZ_ES]));
    __asm__ volatile("mov %%ds, %0" : "=r"(s->sreg[FUZZ_DS]));
    __asm__ volatile("mov %%gs, %0" : "=r"(s->sreg[FUZZ_GS]));
    memcpy(s->fx, uc->uc_mcontext.fpregs, FX_END);
    s->end = timeout ? FUZZ_TIMEOUT : FUZZ_ENDED;
    s->vector = (uint32_t)g[REG_TRAPNO];
    s->error = (uint32_t)g[REG_ERR];
    s->cr2 = (uint32_t)g[REG_CR2];
    memcpy(slot->memory_after, host.shared->arena, FUZZ_BYTES);
}

static void start(ucontext_t *uc, const struct fuzz_slot *slot)
{
    const struct fuzz_state *s = &slot->before;
    greg_t *g = uc->uc_mcontext.gregs;
    uint8_t *fx = (uint8_t *)uc->uc_mcontext.fpregs;
    memcpy(host.shared->arena, slot->memory, FUZZ_BYTES);
    for (unsigned i = 0; i < 8; i++) {
        g[frame_gpr[i]] = s->gpr[i];
    }
    g[REG_RIP] = s->eip;
    g[REG_EFL] = s->eflags;
    g[REG_CSGSFS] = (greg_t)((uint64_t)s->sreg[FUZZ_SS] << 48 | s->sreg[FUZZ_CS]);
    memcpy(fx, s->fx, FX_END);
    uint64_t present;
    memcpy(&present, fx + XSTATE_HEADER, sizeof(present));
    present |= X87_AND_SSE;
    memcpy(fx + XSTATE_HEADER, &present, sizeof(present));
    __asm__ volatile("mov %0, %%es" ::"r"(s->sreg[FUZZ_ES]));
    __asm__ volatile("mov %0, %%ds" ::"r"(s->sreg[FUZZ_DS]));
    __asm__ volatile("mov %0, %%fs" ::"r"(s->sreg[FUZZ_FS]));
    __asm__ volatile("mov %0, %%gs" ::"r"(s->sreg[FUZZ_GS]));
}

/* Raw calls: errno is not ours to touch, and the filter knows exactly these. */
static long call3(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

/* The batch is done (or none was there): says so and waits for the next. */
static void next_batch(bool done)
{
    char byte = 0;
    if (done && call3(SYS_write, FUZZ_FD_DONE, (long)&byte, 1) != 1) {
        call3(SYS_exit_group, 0, 0, 0);
    }
    if (call3(SYS_read, FUZZ_FD_GO, (long)&byte, 1) != 1) {
        call3(SYS_exit_group, 0, 0, 0);
    }
    host.shared->current = 0;
    host.ticked = UINT32_MAX;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    struct fuzz_shared *shared = host.shared;
    (void)info;
    bool tick = number == SIGVTALRM;
    if (tick && host.ticked != shared->current) {
        host.ticked = shared->current;
        return;
    }
    clean_flags();
    if (host.running) {
        capture(uc, &shared->slot[shared->current], tick);
        shared->current++;
    }
    if (!host.running || shared->current == shared->count) {
        next_batch(host.running);
    }
    host.running = true;
    start(uc, &shared->slot[shared->current]);
}

static void map_world(void)
{
    if ((uintptr_t)&host >> 32 == 0) {
        forbidden("this program lies below 4 GiB");
    }
    host.shared = mmap(NULL, sizeof(*host.shared), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_POPULATE, FUZZ_FD_SHARED, 0);
    off_t at = offsetof(struct fuzz_shared, arena);
    for (unsigned i = 0; i < FUZZ_REGIONS; i++) {
        const struct fuzz_region *r = &fuzz_regions[i];
        int protection = PROT_READ | (r->rights & FUZZ_MAPPED_WRITE ? PROT_WRITE : 0) |
                         (r->rights & FUZZ_MAPPED_EXEC ? PROT_EXEC : 0);
        void *place = (void *)(uintptr_t)r->address;
        if (host.shared == MAP_FAILED ||
            mmap(place, r->bytes, protection, MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_POPULATE,
                 FUZZ_FD_SHARED, at) != place) {
            forbidden("cannot map the low pages");
        }
        at += r->bytes;
    }
}

/* Some hypervisors take a local descriptor table and never load it, so the processor is asked. */
static bool has_local_segments(void)
{
    bool readable;
    __asm__ volatile("verr %w1" : "=@ccz"(readable) : "r"(FUZZ_SEL_BASED));
    return readable;
}

static void make_segments(void)
{
    for (unsigned i = 0; i < FUZZ_SEGMENTS; i++) {
        const struct fuzz_segment *s = &fuzz_segments[i];
        struct user_desc d = {.entry_number = i,
                              .base_addr = s->base,
                              .limit = s->limit,
                              .seg_32bit = s->big & 1u,
                              .contents = (s->code ? MODIFY_LDT_CONTENTS_CODE : 0u) |
                                          (s->down ? MODIFY_LDT_CONTENTS_STACK : 0u),
                              .read_exec_only = s->read_only & 1u,
                              .useable = 1};
        if (syscall(SYS_modify_ldt, 0x11, &d, sizeof(d)) != 0) {
            return;
        }
    }
    host.shared->local = has_local_segments();
}

static void take_signals(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGVTALRM};
    static uint8_t alternate[ALTERNATE];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    sigaltstack(&stack, NULL);
    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        sigaction(signals[i], &action, NULL);
    }
    struct itimerval timer = {{0, TICK_US}, {0, TICK_US}};
    setitimer(ITIMER_VIRTUAL, &timer, NULL);
}

/* 64-bit read, write, return from a signal and exit; everything else kills, as does int 80h. */
static void lock_down(void)
{
#define ALLOW(number)                                    \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(SYS_rt_sigreturn),
        ALLOW(SYS_read),
        ALLOW(SYS_write),
        ALLOW(SYS_exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
#undef ALLOW
    struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};
    struct rlimit none = {0, 0}, few = {8, 8};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_NOFILE, &few);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
        forbidden("seccomp is refused");
    }
}

int main(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    map_world();
    make_segments();
    take_signals();
    lock_down();
    __asm__ volatile("ud2"); /* into the handler, which never comes back here */
    return 1;
}
