/*
 * Memory operands of IR records, as every native engine sees them.
 */
#ifndef BACKEND_HOST_EMIT_ACCESS_H
#define BACKEND_HOST_EMIT_ACCESS_H

#include "translator/ir/ir.h"

/* What an access to guest memory does. */
enum access_kind { ACCESS_LOAD, ACCESS_STORE, ACCESS_MODIFY };

struct memory_access {
    uint8_t seg, base, index, scale, asize; /* as in struct ir_inst */
    uint8_t size;                           /* bytes */
    uint8_t kind;                           /* enum access_kind */
    bool aligned;                           /* 16-byte alignment demanded */
    int32_t disp;
};

/* The access of that size and kind to the operand of a record with one (ir_has_memory). */
struct memory_access access_of(const struct ir_inst *inst, unsigned size, enum access_kind kind);
/* The same, of an integer operation: what the operation does with its operand. */
struct memory_access access_of_integer(const struct ir_inst *inst);

#endif
