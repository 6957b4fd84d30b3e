/*
 * Runs a target on the files of folders, for builds without libFuzzer.
 *
 *     fuzz_NAME FOLDER...
 *
 * A wrong answer or a sanitizer's finding ends the process.
 */
#include "tests/fuzz_code/fuzz.h"
#include "tests/support/score.h"

#include <dirent.h>

enum { LARGEST = 1 << 20 };

static bool run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        return false;
    }
    uint8_t *data = malloc(LARGEST);
    size_t size = fread(data, 1, LARGEST, file);
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return true;
}

static unsigned run_folder(const char *folder)
{
    struct dirent **entries;
    unsigned ran = 0;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        ran += entries[i]->d_name[0] != '.' && run_file(path);
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
    return ran;
}

int main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '_');
    name = name ? name + 1 : argv[0];
    unsigned ran = 0;
    for (int i = 1; i < argc; i++) {
        ran += run_folder(argv[i]);
    }
    score("any-bytes", name, "-", ran, ran);
    return ran == 0;
}
