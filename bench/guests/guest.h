/*
 * What the kernels of the benchmark share.  They are freestanding i386 code that runs alike as a
 * multiboot image and as a static Linux program.  One kernel is a row of rows.def: prepare() is not
 * timed, run() is, and gives a checksum that must be the same everywhere.
 */
#ifndef BENCH_GUEST_H
#define BENCH_GUEST_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define NOINLINE     __attribute__((noinline))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The next number of a sequence that begins anew with seed(): 24 bits. */
void seed(u32 start);
u32 next(void);

/* Where results go: port E9h, or standard output. */
void put_text(const char *text);
void put_hex(u32 value);

/* Says that the named part begins, or has ended with that checksum; the host takes the time. */
void begin(const char *name);
void end(const char *name, u32 checksum);

/* True when the command line names no parts, or this one among others: fib,sieve. */
int wanted(const char *name);

/* Runs all kernels of rows.def that are wanted. */
void run_kernels(void);

/* The command line, and the number of times that each kernel runs between begin() and end(). */
extern const char *command_line;

#endif
