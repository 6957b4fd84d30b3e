/*
 * What translation costs: lifts and compiles the 32-bit code of a file, block after block, and
 * prints TSC cycles and bytes of host code for each guest instruction.
 *
 *   bench_translate FILE OFFSET BYTES [ROUNDS]
 *
 * The code is taken as it stands: flat 32-bit protected mode, each block beginning where the one
 * before ended.  The least of all rounds is printed (10 by default); under
 * `valgrind --tool=callgrind` the instructions executed do not depend on the host's load.
 */
#include "frontend/x86/lift/lift.h"
#include "translator/api/host.h"
#include "translator/api/mode.h"

#include <stdlib.h>

/* Data segments are flat where their bits are 0. */
enum { MODE_BENCH = MODE_CODE32 | MODE_STACK32 | MODE_PROTECTED | MODE_PAGING | MODE_CS_FLAT };

struct round {
    uint64_t insns, code_bytes, cycles;
};

/* Translates all of it once. */
static struct round translate(struct engine *engine, const uint8_t *bytes, uint32_t count)
{
    static struct ir_inst records[IR_MAX_RECORDS];
    static struct block block;
    struct ir_block ir = {.insts = records};
    struct round round = {0};
    uint64_t start = __builtin_ia32_rdtsc();
    for (uint32_t at = 0; at < count;) {
        uint32_t in_page = 4096 - (at & 4095);
        struct lift_request request = {.bytes = bytes + at,
                                       .available = count - at,
                                       .in_page = in_page < count - at ? in_page : count - at,
                                       .rip = UINT64_C(0xc1000000) + at,
                                       .mode = MODE_BENCH,
                                       .max_insns = IR_MAX_INSNS};
        if (x86_lift(&request, &ir) != LIFT_OK) {
            break;
        }
        block = (struct block){.gpa = at, .gpa2 = UINT64_MAX, .rip = ir.rip, .mode = ir.mode};
        if (!host_native()->emit(engine, &ir, &block)) {
            host_native()->reset(engine);
            continue;
        }
        round.insns += ir.insn_count;
        round.code_bytes += block.code_bytes;
        at += ir.bytes;
    }
    round.cycles = __builtin_ia32_rdtsc() - start;
    host_native()->reset(engine);
    return round;
}

int main(int argc, char **argv)
{
    FILE *file = argc >= 4 ? fopen(argv[1], "rb") : NULL;
    if (!file) {
        fprintf(stderr, "usage: bench_translate FILE OFFSET BYTES [ROUNDS]\n");
        return 2;
    }
    uint32_t count = (uint32_t)strtoul(argv[3], NULL, 0);
    uint8_t *bytes = malloc(count);
    if (!bytes || fseek(file, strtol(argv[2], NULL, 0), SEEK_SET) != 0 ||
        fread(bytes, 1, count, file) != count) {
        fprintf(stderr, "bench_translate: %s is too short\n", argv[1]);
        return 2;
    }
    fclose(file);
    struct engine *engine = host_native()->create(256 << 20, (struct pass_set){0});
    if (!engine) {
        fprintf(stderr, "bench_translate: no native engine here\n");
        return 1;
    }
    struct round best = {.cycles = UINT64_MAX};
    for (long rounds = argc > 4 ? strtol(argv[4], NULL, 0) : 10; rounds > 0; rounds--) {
        struct round round = translate(engine, bytes, count);
        if (round.cycles < best.cycles) {
            best = round;
        }
    }
    printf("%llu instructions, %.0f cycles and %.1f bytes of host code each\n",
           (unsigned long long)best.insns, (double)best.cycles / (double)best.insns,
           (double)best.code_bytes / (double)best.insns);
    host_native()->destroy(engine);
    free(bytes);
    return 0;
}
