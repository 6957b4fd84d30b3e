/* Fault files (--faults) from hostile hands: see README.md. */
#include "machine/fault_file.h"
#include "tests/fuzzers/fuzz.h"

#include <stdlib.h>
#include <string.h>

static const char seed[] = "# every kind\n"
                           "at 1000000 ram 0x7c00 3\n"
                           "at 2000000 register eax 31\n"
                           "at 5 irq 7 spurious\n"
                           "irq 1 lost times 4\n"
                           "at 9 rtc -3600\n"
                           "disk hda 100-200 bad\n"
                           "disk fda 0x10 bad-read times 3\n"
                           "disk hdb 7 bad-write\n"
                           "at 77 disk hda 8-9 torn\n"
                           "disk hda 0-4294967296 slow 250 times 2\n";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct fault faults[FAULTS_MOST];
    struct status status = {0};
    unsigned known = 0;
    if (count < 1) {
        return 0;
    }
    char *text = malloc(count);
    memcpy(text, bytes + 1, count - 1);
    text[count - 1] = 0;
    if (!fault_file_parse("faults", text, faults, &known, &status)) {
        if (!status.failed || strncmp(status.text, "faults:", 7) != 0 ||
            strchr(status.text, '\n')) {
            fuzz_fail("refused without a clear message");
        }
    } else if (known > FAULTS_MOST) {
        fuzz_fail("more faults than there can be");
    }
    for (unsigned i = 0; !status.failed && i < known; i++) {
        if (faults[i].first > faults[i].last && faults[i].kind >= FAULT_BAD) {
            fuzz_fail("a range that ends before it begins");
        }
    }
    free(text);
    return 0;
}

uint8_t *fuzz_seed(size_t *count)
{
    uint8_t *bytes = malloc(sizeof(seed));
    *count = sizeof(seed);
    bytes[0] = FUZZ_FIX;
    memcpy(bytes + 1, seed, sizeof(seed) - 1);
    return bytes;
}
