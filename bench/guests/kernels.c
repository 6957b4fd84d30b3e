/* Runs the kernels of rows.def. */
#include "guest.h"

const char *command_line;

static u32 state;

void seed(u32 start)
{
    state = start;
}

u32 next(void)
{
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

void begin(const char *name)
{
    put_text("> ");
    put_text(name);
    put_text("\n");
}

void end(const char *name, u32 checksum)
{
    put_text("< ");
    put_text(name);
    put_text(" ");
    put_hex(checksum);
    put_text("\n");
}

void put_hex(u32 value)
{
    char digits[9];
    for (int i = 0; i < 8; i++) {
        digits[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
    }
    digits[8] = 0;
    put_text(digits);
}

int wanted(const char *name)
{
    const char *at = command_line;
    while (at && *at) {
        u32 i = 0;
        while (name[i] && at[i] == name[i]) {
            i++;
        }
        if (!name[i] && (!at[i] || at[i] == ',')) {
            return 1;
        }
        while (*at && *at != ',') {
            at++;
        }
        if (!*at) {
            return 0;
        }
        at++;
    }
    return 1;
}

#define KERNEL(name, times)    \
    void prepare_##name(void); \
    u32 run_##name(void);
#include "rows.def"
#undef KERNEL

void run_kernels(void)
{
    static const struct {
        const char *name;
        void (*prepare)(void);
        u32 (*run)(void);
        u32 times;
    } rows[] = {
#define KERNEL(name, times) {#name, prepare_##name, run_##name, times},
#include "rows.def"
#undef KERNEL
    };
    for (u32 i = 0; i < COUNT(rows); i++) {
        u32 sum = 0;
        if (!wanted(rows[i].name)) {
            continue;
        }
        rows[i].prepare();
        begin(rows[i].name);
        for (u32 n = 0; n < rows[i].times; n++) {
            sum = sum * 3 + rows[i].run();
        }
        end(rows[i].name, sum);
    }
}
