/*
 * Starting and driving host_cpu: a memory file both map, a pipe to say go, a pipe to say done.
 */
#define _GNU_SOURCE
#include "tests/fuzz/native.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: descriptors to the numbers that host_cpu knows, by way of numbers nobody has. */
static void become(const char *program, int memory, int go, int done)
{
    int from[3] = {memory, go, done};
    for (int i = 0; i < 3; i++) {
        from[i] = fcntl(from[i], F_DUPFD, 64);
    }
    for (int i = 0; i < 3; i++) {
        dup2(from[i], FUZZ_FD_SHARED + i);
        close(from[i]);
    }
    execl(program, program, (char *)NULL);
    _exit(FUZZ_EXIT_FORBIDDEN);
}

static bool start(struct native *native)
{
    int go[2], done[2];
    if (pipe2(go, O_CLOEXEC) != 0 || pipe2(done, O_CLOEXEC) != 0) {
        return false;
    }
    native->pid = fork();
    if (native->pid == 0) {
        become(native->program, native->memory, go[0], done[1]);
    }
    close(go[0]);
    close(done[1]);
    native->go = go[1];
    native->done = done[0];
    return native->pid > 0;
}

static int stop(struct native *native)
{
    int status = 0;
    close(native->go);
    close(native->done);
    if (native->pid > 0) {
        waitpid(native->pid, &status, 0);
    }
    native->pid = 0;
    return status;
}

/* The simplest case there is: the filler.  Where there is no such code segment, the way into the
 * case faults, at the address it leads to. */
static bool runs(struct native *native, uint16_t code)
{
    struct fuzz_slot *slot = &native->shared->slot[0];
    memset(slot, 0, sizeof(*slot));
    memset(slot->memory, FUZZ_FILLER, FUZZ_BYTES);
    slot->before = (struct fuzz_state){.eip = FUZZ_START, .eflags = 0x202};
    slot->before.sreg[FUZZ_CS] = code;
    slot->before.sreg[FUZZ_SS] = FUZZ_SEL_FLAT;
    native_begin(native, 1);
    return native_wait(native) && slot->after.end == FUZZ_ENDED && slot->after.vector == 13 &&
           slot->after.error == 0 && slot->after.eip == FUZZ_START &&
           slot->after.sreg[FUZZ_CS] == code;
}

bool native_create(struct native *native, const char *program, const char **why)
{
    *native = (struct native){0};
    snprintf(native->program, sizeof(native->program), "%s", program);
    signal(SIGPIPE, SIG_IGN);
    native->memory = memfd_create("fuzz", MFD_CLOEXEC);
    *why = "no shared memory";
    if (native->memory < 0 || ftruncate(native->memory, sizeof(struct fuzz_shared)) != 0) {
        return false;
    }
    native->shared = mmap(NULL, sizeof(struct fuzz_shared), PROT_READ | PROT_WRITE, MAP_SHARED,
                          native->memory, 0);
    if (native->shared == MAP_FAILED || !start(native)) {
        return false;
    }
    *why = "this host does not let code run in a sandbox";
    native->code64 = !runs(native, FUZZ_SEL_CODE32);
    return !native->code64 || runs(native, FUZZ_SEL_CODE64);
}

void native_destroy(struct native *native)
{
    stop(native);
    munmap(native->shared, sizeof(*native->shared));
    close(native->memory);
}

void native_begin(struct native *native, uint32_t count)
{
    native->shared->count = count;
    native->shared->current = 0;
    for (uint32_t i = 0; i < count; i++) {
        native->shared->slot[i].after.end = FUZZ_NOT_RUN;
    }
    if (write(native->go, "", 1) != 1) {
        return; /* native_wait finds out */
    }
}

bool native_wait(struct native *native)
{
    char byte;
    if (read(native->done, &byte, 1) == 1) {
        return true;
    }
    int status = stop(native);
    fprintf(stderr, "host_cpu ended: %s %d\n", WIFSIGNALED(status) ? "signal" : "exit",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    start(native);
    return false;
}
