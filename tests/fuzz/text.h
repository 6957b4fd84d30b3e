/*
 * Cases as text: what a failure is printed as and what the files of corpus/ hold.
 *
 *     # a comment
 *     code 66 c1 d1 11          bytes at the entry point; the comment after ; is the disassembly
 *     ecx 0000ffff              a register that has not its default: eax..edi, eip, eflags, es..gs,
 *                               fcw fsw ftw mxcsr, st0..st7 (SIGN-EXPONENT:MANTISSA), xmm0..xmm7
 *     mem 12c010 00 80          memory that is not zero
 *
 * An empty line ends a case.  "loose" on a line of its own: transcendental, compared within an
 * error.
 */
#ifndef TESTS_FUZZ_TEXT_H
#define TESTS_FUZZ_TEXT_H

#include "tests/fuzz/generate.h"

#include <stdio.h>

void text_write(FILE *out, const struct fuzz_slot *slot, const struct shape *shape);

enum text_result { TEXT_CASE, TEXT_END, TEXT_ERROR };
/* The next case of a file; *line counts the lines read.  An error is on that line. */
enum text_result text_read(FILE *in, unsigned *line, struct fuzz_slot *slot, struct shape *shape);

#endif
