/*
 * Register conventions of translated code on AArch64, and offsets in the record.
 *
 *   x19..x26  guest registers 0..7, zero-extended      x27  struct context     x28  ctx->tables
 *   x29       ctx->budget                              x30  return address of stubs
 *   x0..x3    scratch of operations; x0 the datum of a load        x4 x5  t0 t1
 *   x6 x7     scratch of shared x87 code; x6 the number of its ST(i)
 *   x13       flags of FPSR that only C can mean, where ctx->vec_resident
 *   x8  address    x9  delta    x10..x12  scratch      x14 x15  code and write tables
 *   x16 x17   PF and AF, raw      NZCV  the other flags      x18  the platform's
 *   sp  struct a64_frame
 *   v16..v23  guest XMM0..7 where ctx->vec_resident       v0..v7  scratch
 *
 * Flags in the host: N Z V are SF ZF OF; C is CF, or its inverse after a subtraction (the *sense*);
 * PF is the parity of x16's low byte, AF is bit 4 of x16 ^ x17.  At block entry and at every exit
 * they stand there, C inverted.
 */
#ifndef BACKEND_HOST_A64_ABI_H
#define BACKEND_HOST_A64_ABI_H

#include "backend/host/a64/encode.h"
#include "translator/api/mode.h"

enum {
    REG_X0,
    REG_X1,
    REG_X2,
    REG_X3,
    REG_T0 = 4,
    REG_T1 = 5,
    REG_X87 = 6,
    REG_EA = 8,
    REG_DELTA = 9,
    REG_A = 10,
    REG_B = 11,
    REG_C = 12,
    REG_FPSR = 13,
    REG_CODE = 14,
    REG_WRITE = 15,
    REG_PF = 16,
    REG_AF = 17,
    REG_GPR = 19,
    REG_CONTEXT = 27,
    REG_TABLES = 28,
    REG_BUDGET = 29,
    REG_XMM = 16,
};

enum {
    TABLE_WRITE = offsetof(struct memory_tables, write),
    TABLE_CODE = offsetof(struct memory_tables, code)
};

#define CTX(member) ((uint32_t)offsetof(struct context, member))

static inline uint32_t abi_segment(unsigned seg, size_t member)
{
    return (uint32_t)(offsetof(struct context, seg) + seg * sizeof(struct segment) + member);
}

/* What stubs keep on the stack around calls of C: the host's flags, and where to go on. */
struct a64_frame {
    uint64_t nzcv, pf, af;
    const void *resume;
};

/* FPCR flushes denormals so that they raise a flag; FPSR_RARE is every flag but "inexact". */
enum { FPCR_FZ = 24, FPCR_MODE = 22, FPSR_INEXACT = 4, FPSR_RARE = 0x8f };
enum { MXCSR_INEXACT = 5, MXCSR_MODE = 13 };

enum { NZCV_N = 31, NZCV_Z = 30, NZCV_C = 29, NZCV_V = 28 };

#endif
