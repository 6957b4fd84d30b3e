/* Operand values that find mistakes: edges of every type, mixed with random ones. */
#ifndef TESTS_FUZZ_VALUES_H
#define TESTS_FUZZ_VALUES_H

#include "tests/fuzz/dice.h"

/* Integers, singles, doubles at their edges. */
uint32_t value32(struct dice *dice);
uint64_t value64(struct dice *dice);
/* An 80-bit number in the 10 bytes at out, unsupported encodings among them. */
void value80(struct dice *dice, uint8_t *out);
/* 16 bytes of one type: what a vector register or a stretch of memory holds. */
void value128(struct dice *dice, uint8_t *out);

#endif
