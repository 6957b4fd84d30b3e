/* Runs a fuzzed program without libFuzzer: [--mutate N] [FILE]...; the seed is always run. */
#include "tests/fuzzers/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    if (!in) {
        perror(path);
        return 1;
    }
    fseek(in, 0, SEEK_END);
    size_t count = (size_t)ftell(in);
    rewind(in);
    uint8_t *bytes = malloc(count + 1);
    count = fread(bytes, 1, count, in);
    fclose(in);
    LLVMFuzzerTestOneInput(bytes, count);
    free(bytes);
    return 0;
}

static void run_mutations(unsigned long wanted)
{
    size_t count;
    uint8_t *seed = fuzz_seed(&count);
    size_t room = count + 4096;
    uint8_t *bytes = malloc(room);
    LLVMFuzzerTestOneInput(seed, count);
    for (unsigned long i = 0; i < wanted; i++) {
        memcpy(bytes, seed, count);
        size_t used = LLVMFuzzerCustomMutator(bytes, count, room, (unsigned)i);
        LLVMFuzzerTestOneInput(bytes, used);
    }
    free(bytes);
    free(seed);
}

int main(int argc, char **argv)
{
    unsigned long mutations = 0;
    int trouble = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--mutate") == 0 && i + 1 < argc) {
            mutations = strtoul(argv[++i], NULL, 10);
        } else {
            trouble |= run_file(argv[i]);
        }
    }
    run_mutations(mutations);
    return trouble;
}
