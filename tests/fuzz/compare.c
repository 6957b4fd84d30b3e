/*
 * Comparing two outcomes of a case.
 *
 * Not compared: the x87 pointers FOP FIP FDP unless the case raised an unmasked x87 exception (AMD
 * processors update them only then; FDP not at all, since it keeps the last memory operand).
 */
#include "tests/fuzz/compare.h"

#include "base/endian.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* MM: AMD's misaligned SSE mode, a reserved bit elsewhere; cases that set it are not compared. */
enum { MXCSR_MM = 0x20000, EFLAGS_RF = 0x10000 };
enum { FSW_C1 = 0x200, FSW_PE = 0x20, FSW_ES = 0x80, FSW_TOP = 0x3800, ULPS = 1 };

struct report {
    char *text;
    size_t room, used;
    bool differ;
};

__attribute__((format(printf, 2, 3))) static void add(struct report *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    r->differ = true;
    if (r->used < r->room) {
        int length = vsnprintf(r->text + r->used, r->room - r->used, format, args);
        r->used += length > 0 ? (size_t)length : 0;
    }
    va_end(args);
}

static void number(struct report *r, const char *name, uint64_t host, uint64_t guest)
{
    if (host != guest) {
        add(r, "%s: host %" PRIx64 ", here %" PRIx64 "\n", name, host, guest);
    }
}

/* The instructions of a case in the order of their bytes, one a call; undefined ones are
 * X86_invalid.  `at` is an offset in the code. */
static bool next_insn(const struct fuzz_slot *slot, uint32_t *at, struct x86_insn *insn)
{
    struct x86_decode_mode mode = case_mode(&slot->before, UINT64_MAX);
    if (*at + X86_MAX_LENGTH > FUZZ_CODE_BYTES || slot->memory[*at] == FUZZ_FILLER) {
        return false;
    }
    enum x86_decode_result result = x86_decode(slot->memory + *at, X86_MAX_LENGTH, &mode, insn);
    *at += insn->length;
    return result == X86_DECODED || result == X86_UNDEFINED;
}

/* Does the case load FOP, FIP, FDP? */
static bool loads_pointers(const struct fuzz_slot *slot)
{
    uint32_t at = code_linear(&slot->before) - FUZZ_CODE;
    struct x86_insn insn;
    while (next_insn(slot, &at, &insn)) {
        if (insn_has_fields(&insn)) {
            return true;
        }
    }
    return false;
}

/* An instruction of the case begins there (`at` is an offset in the code). */
static bool begins_at(const struct fuzz_slot *slot, uint32_t at)
{
    uint32_t next = code_linear(&slot->before) - FUZZ_CODE;
    struct x86_insn insn;
    bool found = next == at;
    while (!found && next_insn(slot, &next, &insn)) {
        found = next == at;
    }
    return found;
}

unsigned case_flags_undefined(const struct fuzz_slot *slot, uint32_t eip)
{
    uint32_t at = code_linear(&slot->before) - FUZZ_CODE;
    uint32_t end = at + (eip - slot->before.eip);
    unsigned undefined = 0;
    bool branched = false;
    struct x86_insn insn;
    while (at != end && next_insn(slot, &at, &insn)) {
        branched |= insn.class != X86_PLAIN; /* far transfers are of other classes */
        if (insn.ops[0].kind == X86_OPERAND_REL &&
            !begins_at(slot, at + (uint32_t)insn.ops[0].value)) {
            return X86_FLAGS_ALL; /* into an instruction: nobody knows what that leaves */
        }
        undefined &= branched ? X86_FLAGS_ALL : ~x86_insn_flags_set(&insn);
        undefined |= insn_flags_undefined(&insn);
    }
    return undefined;
}

/* Of a transcendental instruction, which is the only one of its case. */
static bool result_defined(const struct fuzz_slot *slot)
{
    uint32_t at = code_linear(&slot->before) - FUZZ_CODE;
    struct x86_insn insn;
    return next_insn(slot, &at, &insn) &&
           insn_result_defined(&insn, load_le16(slot->before.fx + FX_ST + 8));
}

/* By the tables: what is not compared of a case that ended at this instruction. */
static unsigned ignored_at(const struct fuzz_slot *slot, const struct fuzz_state *host)
{
    struct x86_insn insn;
    struct x86_decode_mode mode = case_mode(&slot->before, UINT64_MAX);
    uint32_t at = code_linear(&slot->before) - FUZZ_CODE + (host->eip - slot->before.eip);
    if (at >= FUZZ_CODE_BYTES ||
        x86_decode(slot->memory + at, FUZZ_CODE_BYTES - at, &mode, &insn) != X86_DECODED) {
        return 0;
    }
    return insn_ignored(&insn, host->vector);
}

static void compare_fault(struct report *r, const struct fuzz_state *host,
                          const struct fuzz_state *guest)
{
    number(r, "vector", host->vector, guest->vector);
    bool has_error =
        host->vector == 8 || (host->vector >= 10 && host->vector <= 14) || host->vector == 17;
    /* The emulated processor's own pages are there, on the host nothing is. */
    bool system = guest->vector == 14 && guest->cr2 - FUZZ_SYSTEM < FUZZ_SYSTEM_BYTES;
    if (has_error && host->vector == guest->vector) {
        number(r, "error code", host->error, guest->error & ~(system ? 1u : 0u));
    }
    if (host->vector == 14 && guest->vector == 14) {
        number(r, "cr2", host->cr2, guest->cr2);
    }
}

/* Linux keeps a segment of its own in the descriptor table, of which nothing is known; LSL may have
 * met it in a register. */
static bool has_host_selector(const struct fuzz_slot *slot, const struct fuzz_state *host)
{
    enum { CPU_NODE = 0x78 };
    uint32_t at = code_linear(&slot->before) - FUZZ_CODE;
    struct x86_insn insn;
    bool lsl = next_insn(slot, &at, &insn) && insn.mnemonic == X86_lsl;
    bool found = false;
    for (unsigned i = 0; i < FUZZ_SREGS; i++) {
        found |= (host->sreg[i] & 0xfffc) == CPU_NODE;
    }
    for (unsigned i = 0; i < 8 && lsl; i++) {
        found |= (slot->before.gpr[i] & 0xfffc) == CPU_NODE;
    }
    return found;
}

/* The guest found MM, reserved to it, in what it was to load into MXCSR; a host may have loaded it,
 * and something else after that. */
static bool refused_mm(const struct fuzz_slot *slot, struct outcome guest)
{
    struct x86_insn insn;
    struct x86_decode_mode mode = case_mode(&slot->before, UINT64_MAX);
    uint32_t at = code_linear(&slot->before) - FUZZ_CODE + (guest.state->eip - slot->before.eip);
    if (guest.state->vector != 13 || at >= FUZZ_CODE_BYTES ||
        x86_decode(slot->memory + at, FUZZ_CODE_BYTES - at, &mode, &insn) != X86_DECODED ||
        (insn.mnemonic != X86_ldmxcsr && insn.mnemonic != X86_fxrstor)) {
        return false;
    }
    const struct x86_operand *op = &insn.ops[0];
    uint32_t offset = (uint32_t)op->value;
    offset += op->base < 0 ? 0 : guest.state->gpr[op->base];
    offset += op->index < 0 ? 0 : guest.state->gpr[op->index] << op->scale;
    offset &= insn.address_size == 2 ? 0xffff : UINT32_MAX;
    offset += insn.mnemonic == X86_fxrstor ? FX_MXCSR : 0;
    uint8_t *memory = (uint8_t *)(uintptr_t)guest.memory; /* only read */
    const uint8_t *value = memory_at(memory, selector_base(guest.state->sreg[op->seg]) + offset);
    return value && value + 4 <= memory + FUZZ_BYTES && load_le32(value) & MXCSR_MM;
}

/* The way back from the host's kernel, an IRET to an outer ring, clears the RPL of null selectors.
 */
static uint16_t selector_kept(uint16_t selector)
{
    return selector < 4 ? 0 : selector;
}

static void compare_core(struct report *r, const struct fuzz_state *host,
                         const struct fuzz_state *guest, uint32_t undefined, unsigned ignored)
{
    static const char *const gpr[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
    static const char *const sreg[] = {"es", "cs", "ss", "ds", "fs", "gs"};
    if (!(ignored & IGNORED_FAULT)) {
        compare_fault(r, host, guest);
    }
    number(r, "eip", host->eip, guest->eip);
    for (unsigned i = 0; i < 8 && !(ignored & IGNORED_GPR); i++) {
        number(r, gpr[i], host->gpr[i], guest->gpr[i]);
    }
    /* RF of a trap between two elements of a repetition: Intel pushes it set, AMD does not. */
    uint32_t ignored_flags = undefined | (host->vector == 1 && guest->vector == 1 ? EFLAGS_RF : 0u);
    number(r, "eflags", host->eflags & ~ignored_flags, guest->eflags & ~ignored_flags);
    for (unsigned i = 0; i < FUZZ_SREGS; i++) {
        number(r, sreg[i], selector_kept(host->sreg[i]), selector_kept(guest->sreg[i]));
    }
}

/* As one ordered integer; neighbours differ by one.  Only of numbers of one sign and kind. */
static bool nearly(const uint8_t *a, const uint8_t *b)
{
    uint16_t power_a = load_le16(a + 8), power_b = load_le16(b + 8);
    power_a |= (power_a & 0x7fff) == 0; /* a denormal has the scale of the least normal number */
    power_b |= (power_b & 0x7fff) == 0;
    uint64_t x = load_le64(a), y = load_le64(b);
    if (power_a == power_b) {
        return (x > y ? x - y : y - x) <= ULPS;
    }
    if ((uint16_t)(power_a + 1) == power_b) { /* across a power of two */
        return UINT64_MAX - x + (y - (UINT64_C(1) << 63)) * 2 < ULPS;
    }
    if ((uint16_t)(power_b + 1) == power_a) {
        return UINT64_MAX - y + (x - (UINT64_C(1) << 63)) * 2 < ULPS;
    }
    return false;
}

static void compare_x87(struct report *r, const uint8_t *host, const uint8_t *guest, bool loose,
                        bool tags)
{
    unsigned ignored = (loose ? FSW_C1 | FSW_PE : 0u) | (tags ? 0 : FSW_TOP);
    unsigned turned = (load_le16(host + FX_FSW) >> 11) - (load_le16(guest + FX_FSW) >> 11);
    number(r, "fcw", load_le16(host + FX_FCW), load_le16(guest + FX_FCW));
    number(r, "fsw", load_le16(host + FX_FSW) & ~ignored, load_le16(guest + FX_FSW) & ~ignored);
    if (tags) {
        number(r, "ftw", host[FX_FTW], guest[FX_FTW]);
    }
    for (unsigned i = 0; i < 8; i++) {
        const uint8_t *x = host + FX_ST + 16 * i;
        const uint8_t *y = guest + FX_ST + 16 * ((i + turned) & 7);
        if (memcmp(x, y, 10) != 0 && !(loose && nearly(x, y))) {
            add(r, "st%u: host %04x:%016" PRIx64 ", here %04x:%016" PRIx64 "\n", i,
                load_le16(x + 8), load_le64(x), load_le16(y + 8), load_le64(y));
        }
    }
}

static void compare_sse(struct report *r, const uint8_t *host, const uint8_t *guest)
{
    number(r, "mxcsr", load_le32(host + FX_MXCSR), load_le32(guest + FX_MXCSR));
    for (unsigned i = 0; i < 8; i++) {
        const uint8_t *x = host + FX_XMM + 16 * i, *y = guest + FX_XMM + 16 * i;
        if (memcmp(x, y, 16) != 0) {
            add(r,
                "xmm%u: host %016" PRIx64 ":%016" PRIx64 ", here %016" PRIx64 ":%016" PRIx64 "\n",
                i, load_le64(x + 8), load_le64(x), load_le64(y + 8), load_le64(y));
        }
    }
}

/* The host's MXCSR_MASK, as FXSAVE stores it, has MM. */
static bool is_mxcsr_mask(const struct fuzz_slot *slot, uint32_t linear, uint8_t host,
                          uint8_t guest)
{
    uint32_t at = code_linear(&slot->before) - FUZZ_CODE;
    struct x86_decode_mode mode = case_mode(&slot->before, UINT64_MAX);
    struct x86_insn insn;
    bool fxsave =
        x86_decode(slot->memory + at, FUZZ_CODE_BYTES - at, &mode, &insn) == X86_DECODED &&
        insn.mnemonic == X86_fxsave;
    return fxsave && (linear & 15) == 14 && host == MXCSR_MM >> 16 && guest == 0;
}

static void compare_memory(struct report *r, const struct fuzz_slot *slot, const uint8_t *host,
                           const uint8_t *guest)
{
    if (memcmp(host, guest, FUZZ_BYTES) == 0) {
        return;
    }
    for (unsigned i = 0; i < FUZZ_REGIONS; i++) {
        const struct fuzz_region *region = &fuzz_regions[i];
        for (uint32_t k = 0; k < region->bytes; k++, host++, guest++) {
            if (*host != *guest && !is_mxcsr_mask(slot, region->address + k, *host, *guest)) {
                add(r, "byte %x: host %02x, here %02x\n", region->address + k, *host, *guest);
            }
        }
    }
}

bool compare(const struct fuzz_slot *slot, bool loose, bool all_flags, struct outcome host,
             struct outcome guest, char *why, size_t room)
{
    struct report r = {why, room, 0, false};
    *why = '\0';
    if (host.state->end != FUZZ_ENDED || guest.state->end != FUZZ_ENDED) {
        number(&r, "end", host.state->end, guest.state->end);
        return !r.differ;
    }
    unsigned undefined = all_flags ? 0 : case_flags_undefined(slot, host.state->eip);
    unsigned ignored = ignored_at(slot, host.state);
    bool misaligned = load_le32(host.state->fx + FX_MXCSR) & MXCSR_MM;
    if (misaligned || refused_mm(slot, guest) || has_host_selector(slot, host.state) ||
        ignored & IGNORED_ALL || (loose && !result_defined(slot))) {
        return true;
    }
    compare_core(&r, host.state, guest.state, undefined, ignored);
    compare_x87(&r, host.state->fx, guest.state->fx, loose, !(ignored & IGNORED_MMX));
    bool raised = load_le16(host.state->fx + FX_FSW) & FSW_ES &&
                  !(load_le16(slot->before.fx + FX_FSW) & FSW_ES);
    if (raised && !loads_pointers(slot)) {
        number(&r, "fop", load_le16(host.state->fx + FX_FOP), load_le16(guest.state->fx + FX_FOP));
        number(&r, "fip", load_le64(host.state->fx + FX_FIP), load_le64(guest.state->fx + FX_FIP));
    }
    compare_sse(&r, host.state->fx, guest.state->fx);
    compare_memory(&r, slot, host.memory, guest.memory);
    return !r.differ;
}
