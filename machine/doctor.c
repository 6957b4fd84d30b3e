#include "machine/doctor.h"

#include "machine/firmware.h"
#include "translator/api/host.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

/* Firmware that `run` looks for, the package that brings it, and whether `run` works without it. */
static const struct {
    const char *file, *package, *purpose;
    bool needed;
} firmware[] = {
    {FIRMWARE_BIOS, "seabios", "PC firmware", true},
    {FIRMWARE_VGABIOS, "seabios", "VGA firmware", true},
};

static bool check_firmware(void)
{
    bool complete = true;
    for (size_t i = 0; i < sizeof(firmware) / sizeof(firmware[0]); i++) {
        char path[256];
        const char *found = firmware_find(firmware[i].file, path, sizeof(path));
        if (found) {
            printf("  ok       %-12s %s\n", firmware[i].purpose, found);
        } else {
            printf("  MISSING  %-12s %s: apt-get install %s\n", firmware[i].purpose,
                   firmware[i].file, firmware[i].package);
            complete = complete && !firmware[i].needed;
        }
    }
    return complete;
}

/* Libraries that a build may lack (cmake/optional.cmake), and what it then does without. */
static const struct {
    bool have;
    const char *library, *package, *purpose;
} libraries[] = {
    {HAVE_SDL, "SDL 2", "libsdl2-dev", "--display sdl, the window"},
    {HAVE_VNC, "LibVNCServer", "libvncserver-dev", "--display vnc"},
    {HAVE_PNG, "libpng", "libpng-dev", "screenshots"},
    {HAVE_CAPSTONE, "Capstone", "libcapstone-dev", "disassembly as Capstone spells it"},
};

static void check_libraries(void)
{
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
        printf("  %s %-12s %s", libraries[i].have ? "ok      " : "left out", libraries[i].library,
               libraries[i].purpose);
        if (!libraries[i].have) {
            printf(": apt-get install %s, then build again", libraries[i].package);
        }
        putchar('\n');
    }
}

static void check_cpu(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    printf("  ok       engine       native (x86-64)\n");
    printf("  %s  SSE4.2       %s\n", __builtin_cpu_supports("sse4.2") ? "ok     " : "no     ",
           "guest vector instructions beyond SSE2");
    printf("  %s  AVX2         %s\n", __builtin_cpu_supports("avx2") ? "ok     " : "no     ",
           "wider host vectors");
    printf("  %s  BMI2         %s\n", __builtin_cpu_supports("bmi2") ? "ok     " : "no     ",
           "shifts that leave flags alone");
#elif defined(__aarch64__)
    enum { HWCAP_FLAGM_BIT = 27 };
    bool flag_m = getauxval(AT_HWCAP) >> HWCAP_FLAGM_BIT & 1;
    printf("  ok       engine       native (AArch64)\n");
    printf("  %s  FlagM        %s\n", flag_m ? "ok     " : "no     ",
           "single flags set by one instruction");
#else
    printf("  note     engine       no native engine for this host; portable is used\n");
#endif
}

static bool check_code_memory(void)
{
    struct engine *engine = host_native() ? host_native()->create(0, (struct pass_set){0}) : NULL;
    if (engine) {
        host_native()->destroy(engine);
    }
    if (host_native()) {
        printf("  %s code memory  %s\n", engine ? "ok      " : "MISSING ",
               engine ? "a memory file can be mapped executable"
                      : "the host forbids executable memory files, or does not run what is "
                        "written to them: --engine portable is used");
    }
    if (!host_native() || !host_native()->image) {
        printf("  note     code cache   --code-cache is ignored: no engine for this host keeps "
               "code\n");
    }
    engine = host_interp.create(0, (struct pass_set){0});
    if (engine) {
        host_interp.destroy(engine);
    }
    return engine != NULL;
}

static void check_desktop(void)
{
    bool desktop = getenv("DISPLAY") || getenv("WAYLAND_DISPLAY");
    printf("  %s display      %s\n", desktop ? "ok      " : "note    ",
           desktop ? "a window can be opened" : "no desktop: runs with --display none");
}

int doctor_command(int argc, char **argv)
{
    if (argc > 1) {
        bool help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0;
        fputs(help ? "usage: vestige doctor\n\nSays what is installed and what is missing.\n"
                   : "vestige: doctor takes no arguments\n",
              help ? stdout : stderr);
        return help ? 0 : 2;
    }
    printf("Firmware\n");
    bool good = check_firmware();
    printf("Host\n");
    check_cpu();
    good = check_code_memory() && good;
    check_desktop();
    printf("This build\n");
    check_libraries();
    printf(good ? "Everything that `vestige run` needs is there.\n"
                : "Something that `vestige run` needs is missing; see above.\n");
    return good ? 0 : 2;
}
