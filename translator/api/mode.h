/*
 * The mode key: everything outside the code bytes and EIP that a translation depends on.
 *
 * A block is keyed by (physical address of its first byte, EIP, mode).  EIP is in the key so that
 * return addresses and exits are immediates; CS base and CR3 are not.
 *
 *   bit 0       code segment is 32-bit (D)
 *   bit 1       stack segment is 32-bit (B)
 *   bit 2       CPL is 3
 *   bit 3       protected mode (PE)
 *   bit 4       virtual-8086
 *   bit 5       paging
 *   bit 6       x87 not usable (CR0.EM or TS)
 *   bit 7       SSE not usable (CR4.OSFXSR = 0, EM or TS)
 *   bit 8       x87 slow: unmasked exceptions or ES pending
 *   bit 9       SSE slow: unmasked exceptions in MXCSR
 *   bit 10      one instruction a block (TF, breakpoints)
 *   bit 11      trace
 *   bit 12      IOPL-sensitive instructions fault or need a check (CPL > IOPL, or V86)
 *   bit 13      CS is flat (base 0)
 *   bit 14      CS is checked (limit cuts inside: no direct chaining)
 *   bit 15      alignment checks on (CPL 3, AM, AC)
 *   bit 16..25  data segment classes, 2 bits each: ES SS DS FS GS (enum seg_class)
 *   bit 26      64-bit code (reserved)
 *   bit 27      CR0.EM: MMX and SSE are #UD, not #NM
 *   bit 28      CR4.OSFXSR = 0: SSE is #UD whatever TS says
 *   bit 29      CPL below 3, SMAP on and lifted by EFLAGS.AC
 */
#ifndef TRANSLATOR_API_MODE_H
#define TRANSLATOR_API_MODE_H

#include "translator/api/context.h"

enum {
    MODE_CODE32 = 1 << 0,
    MODE_STACK32 = 1 << 1,
    MODE_USER = 1 << 2,
    MODE_PROTECTED = 1 << 3,
    MODE_V86 = 1 << 4,
    MODE_PAGING = 1 << 5,
    MODE_NO_FPU = 1 << 6,
    MODE_NO_SSE = 1 << 7,
    MODE_FPU_SLOW = 1 << 8,
    MODE_SSE_SLOW = 1 << 9,
    MODE_STEP = 1 << 10,
    MODE_TRACE = 1 << 11,
    MODE_IOPL_CHECK = 1 << 12,
    MODE_CS_FLAT = 1 << 13,
    MODE_CS_CHECKED = 1 << 14,
    MODE_ALIGN_CHECK = 1 << 15,
    MODE_SEG_SHIFT = 16,
    MODE_CODE64 = 1 << 26,
    MODE_EM = 1 << 27,
    MODE_NO_FXSR = 1 << 28,
    MODE_SMAP_OFF = 1 << 29,
};

static inline enum memory_view mode_view(uint32_t mode)
{
    return mode & MODE_USER ? VIEW_USER : mode & MODE_SMAP_OFF ? VIEW_OPEN : VIEW_SUPERVISOR;
}

/* How an access through a segment is emitted. */
enum seg_class {
    SEG_FLAT,     /* base 0, limit 4 GiB, readable and writable: nothing to do */
    SEG_BASED,    /* limit 4 GiB, readable and writable: add base (wraps at 4 GiB) */
    SEG_BASED64K, /* base multiple of 16, limit FFFFh, read/write: with 16-bit addresses as
                     SEG_BASED (an access that straddles offset FFFFh is misaligned, so the slow
                     path sees it); with 32-bit addresses checked */
    SEG_CHECKED,  /* compare offset + size with read_end/write_end, then add base; slow path decides
                     exactly */
};

static inline enum seg_class mode_seg_class(uint32_t mode, enum seg_index seg)
{
    static const uint8_t shift[SEG_COUNT] = {
        [SEG_ES] = 16, [SEG_SS] = 18, [SEG_DS] = 20, [SEG_FS] = 22, [SEG_GS] = 24, [SEG_CS] = 0};
    if (seg == SEG_CS) {
        return SEG_CHECKED; /* reads through CS: rare, CS is never writable in protected mode */
    }
    return (enum seg_class)(mode >> shift[seg] & 3);
}

#endif
