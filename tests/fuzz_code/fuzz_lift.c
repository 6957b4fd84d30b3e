/*
 * Any bytes as a block in any mode: what lifting makes of them keeps the rules of the IR, and both
 * engines can take it.
 *
 * Input: four bytes of mode key, instructions at most, bytes to the page end, two of EIP, a byte
 * that picks the CPU model, the code.
 */
#include "backend/host/x64/engine.h"
#include "base/endian.h"
#include "frontend/x86/x86.h"
#include "tests/fuzz_code/fuzz.h"
#include "translator/api/mode.h"
#include "translator/ir/ir.h"

enum { HEADER = 9, INSN_MAX_BYTES = 15 };

/* Bits that the state can have; the rest is reserved or never compiled. */
#define MODES (~(uint32_t)(MODE_CODE64 | MODE_TRACE) & 0x1fffffff)

struct bench {
    struct engine *engine;
    struct ir_inst insts[IR_MAX_RECORDS];
};

static void emit(const struct host_ops *host, struct bench *bench, const struct ir_block *ir)
{
    struct block block = {.gpa = ir->rip,
                          .gpa2 = UINT64_MAX,
                          .rip = ir->rip,
                          .mode = ir->mode,
                          .bytes = ir->bytes,
                          .insns = ir->insn_count};
    if (!host->emit(bench->engine, ir, &block)) {
        host->reset(bench->engine);
        fuzz_expect(host->emit(bench->engine, ir, &block), "a block does not fit into no code");
    }
    fuzz_expect(block.exit_count <= BLOCK_MAX_EXITS, "too many exits");
}

static uint64_t absent_of(unsigned pick)
{
    static const char *const models[] = {"386", "486", "pentium", "p3", "p4", "max"};
    return x86_model_absent(x86_model_find(models[pick % (sizeof(models) / sizeof(*models))]));
}

/* Mode keys as x86_mode() makes them. */
static uint32_t possible_mode(uint32_t mode)
{
    mode &= MODES;
    if (mode & MODE_V86) {
        mode |= MODE_USER | MODE_PROTECTED;
        mode &= ~(uint32_t)(MODE_CODE32 | MODE_STACK32);
    }
    if (!(mode & MODE_PROTECTED)) {
        mode &= ~(uint32_t)(MODE_USER | MODE_PAGING | MODE_ALIGN_CHECK | MODE_IOPL_CHECK);
    }
    if (mode & (MODE_EM | MODE_NO_FXSR)) {
        mode |= MODE_NO_SSE;
    }
    return mode;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bench portable, native;
    if (!portable.engine) {
        portable.engine = host_interp.create(0, (struct pass_set){0});
        native.engine = host_x64.create(4 << 20, (struct pass_set){0});
    }
    if (size <= HEADER) {
        return 0;
    }
    uint32_t count = (uint32_t)(size - HEADER);
    uint8_t *exact = malloc(count);
    memcpy(exact, data + HEADER, count);
    uint32_t in_page = data[5] ? data[5] : 256U;
    struct lift_request request = {.bytes = exact,
                                   .available = count,
                                   .in_page = in_page < count ? in_page : count,
                                   .rip = load_le16(data + 6),
                                   .mode = possible_mode(load_le32(data)),
                                   .max_insns = 1 + data[4] % IR_MAX_INSNS,
                                   .absent = absent_of(data[8])};
    struct ir_block ir = {.insts = portable.insts};
    if (x86_lift(&request, &ir) == LIFT_OK) {
        uint32_t at = 0;
        const char *message = ir_verify(&ir, &at);
        if (message) {
            ir_print_block(&ir, stderr);
        }
        fuzz_expect(!message, message ? message : "");
        fuzz_expect(ir.bytes >= 1 && ir.bytes <= count, "more bytes than there are");
        fuzz_expect(ir.insn_count >= 1 && ir.insn_count <= request.max_insns, "too many");
        emit(&host_interp, &portable, &ir);
        emit(&host_x64, &native, &ir);
    } else {
        fuzz_expect(count < INSN_MAX_BYTES, "wants more bytes than an instruction has");
    }
    free(exact);
    return 0;
}
