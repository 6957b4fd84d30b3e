/*
 * The native engine's code for assembly files (tests/golden/emit), as Capstone reads it.
 *
 * The first line counts host and guest instructions, so a change of code quality shows in review.
 * Listed are the fast and the slow paths of each block; the data and the leaving code of exits
 * after them are not.  Targets within the block are line numbers, others the names of stubs.
 */
#include "backend/host/x64/engine.h"
#include "frontend/x86/lift/lift.h"

#include <capstone/capstone.h>

#include "tests/support/golden.h"
#include "tests/support/record_members.h"

enum { MAX_LISTED = 4096 };

struct listing {
    const struct engine *engine;
    uint64_t begin, end;         /* offsets in code memory */
    uint64_t starts[MAX_LISTED]; /* of the block's instructions */
    unsigned in_block, count;
    FILE *out;
};

static struct ir_inst insts[IR_MAX_RECORDS];

static const char *stub_name(const struct x64_stubs *stubs, uint64_t at)
{
    const struct {
        const char *name;
        uint32_t at;
    } names[] = {{"leave_live", stubs->leave_live},
                 {"leave_synced", stubs->leave_synced},
                 {"exit", stubs->exit},
                 {"miss", stubs->miss},
                 {"poll", stubs->poll},
                 {"access", stubs->access},
                 {"callout", stubs->callout},
                 {"fpu_load", stubs->fpu_load},
                 {"vec_load", stubs->vec_load},
                 {"load_strict", stubs->load_strict},
                 {"store", stubs->store},
                 {"save_flags", stubs->save_flags},
                 {"load_flags", stubs->load_flags}};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].at == at) {
            return names[i].name;
        }
    }
    for (unsigned n = 0; n < (SEG_COUNT + 1) * X64_ACCESS_SIZES; n++) {
        unsigned seg = n / X64_ACCESS_SIZES;
        unsigned size = n % X64_ACCESS_SIZES;
        if (stubs->load[seg][size] == at) {
            return "load";
        }
        if (stubs->check[0][seg][size] == at || stubs->check[1][seg][size] == at) {
            return "check";
        }
        if (stubs->store_checked[seg][size] == at) {
            return "store_checked";
        }
    }
    return "exit code";
}

/* Data that an instruction points to ends the listing. */
static void note_data(struct listing *listing, const cs_insn *insn)
{
    const cs_x86 *x86 = &insn->detail->x86;
    for (unsigned i = 0; i < x86->op_count; i++) {
        if (x86->operands[i].type == X86_OP_MEM && x86->operands[i].mem.base == X86_REG_RIP) {
            uint64_t at = insn->address + insn->size + (uint64_t)x86->operands[i].mem.disp;
            listing->end = at < listing->end ? at : listing->end;
        }
    }
}

/* Bytes of data behind an instruction; *jump: a jump stands in between. */
static unsigned data_behind(const struct listing *listing, const cs_insn *insn, bool *jump)
{
    const struct x64_stubs *stubs = &listing->engine->stubs;
    *jump = false;
    if (strcmp(insn->mnemonic, "call") != 0 || insn->detail->x86.operands[0].type != X86_OP_IMM) {
        return 0;
    }
    uint64_t target = (uint64_t)insn->detail->x86.operands[0].imm;
    if (target == stubs->poll) {
        return 5;
    }
    if (target == stubs->exit) {
        return 8;
    }
    *jump = target == stubs->store || target == stubs->load_strict ||
            strcmp(stub_name(stubs, target), "load") == 0 ||
            strcmp(stub_name(stubs, target), "store_checked") == 0;
    return *jump ? 8 : 0;
}

/* Line of the block at which that offset stands, or -1. */
static int line_of(const struct listing *listing, uint64_t at)
{
    for (unsigned i = 0; i < listing->in_block; i++) {
        if (listing->starts[i] == at) {
            return (int)i;
        }
    }
    return -1;
}

static void print_flow(const struct listing *listing, const cs_insn *insn)
{
    uint64_t target = (uint64_t)insn->detail->x86.operands[0].imm;
    int line = line_of(listing, target);
    if (line >= 0) {
        fprintf(listing->out, "%s %d\n", insn->mnemonic, line);
    } else {
        fprintf(listing->out, "%s <%s>\n", insn->mnemonic,
                stub_name(&listing->engine->stubs, target));
    }
}

/* Members of the record by name, so that the listing does not depend on its layout. */
static void print_operands(const struct listing *listing, const char *operands)
{
    const char *record = strstr(operands, "[r14 ");
    size_t distance = record ? strtoull(record + strlen("[r14 + "), NULL, 16) : 0;
    size_t at = CONTEXT_BIAS + (record && record[5] == '-' ? -distance : distance);
    const char *name = record ? record_member(at) : NULL;
    if (name != NULL) {
        fprintf(listing->out, " %.*s[%s]%s\n", (int)(record - operands), operands, name,
                strchr(record, ']') + 1);
        return;
    }
    fprintf(listing->out, "%s%s\n", *operands ? " " : "", operands);
}

static void print_insn(struct listing *listing, const cs_insn *insn)
{
    const cs_x86 *x86 = &insn->detail->x86;
    fprintf(listing->out, "%3d  ", line_of(listing, insn->address));
    if (x86->op_count == 1 && x86->operands[0].type == X86_OP_IMM &&
        (insn->mnemonic[0] == 'j' || strcmp(insn->mnemonic, "call") == 0)) {
        print_flow(listing, insn);
    } else if (strstr(insn->op_str, "[rip")) {
        fprintf(listing->out, "lea r12, <callout data>\n");
    } else if (strcmp(insn->mnemonic, "movabs") == 0) {
        fprintf(listing->out, "mov r9, <access>\n");
    } else {
        fprintf(listing->out, "%s", insn->mnemonic);
        print_operands(listing, insn->op_str);
    }
    listing->count++;
}

static bool is_filler(const cs_insn *insn)
{
    return insn->id == X86_INS_INT3;
}

static void list_block(struct listing *listing, csh capstone, const struct block *block)
{
    const uint8_t *memory = listing->engine->memory.exec;
    listing->begin = (uint64_t)((const uint8_t *)block->code - memory);
    listing->end = listing->begin + block->code_bytes;
    listing->in_block = 0;
    for (unsigned pass = 0; pass < 2; pass++) { /* first to number, and to find where data begins */
        cs_insn *insn = cs_malloc(capstone);
        const uint8_t *code = block->code;
        size_t left = block->code_bytes;
        uint64_t address = listing->begin;
        unsigned skip = 0; /* bytes of data after the next instruction */
        while (address < listing->end && listing->in_block < MAX_LISTED &&
               cs_disasm_iter(capstone, &code, &left, &address, insn)) {
            if (is_filler(insn)) {
                break;
            }
            if (pass == 0) {
                listing->starts[listing->in_block++] = insn->address;
                note_data(listing, insn);
            } else {
                print_insn(listing, insn);
            }
            bool jump;
            unsigned data = data_behind(listing, insn, &jump);
            unsigned now = skip + (jump ? 0 : data);
            skip = jump ? data : 0;
            code += now;
            left -= now;
            address += now;
        }
        cs_free(insn, 1);
    }
}

static void golden_produce(const uint8_t *bytes, size_t count, uint32_t mode, FILE *out)
{
    struct engine *engine = host_x64.create(0, (struct pass_set){0});
    engine->host_sets = ~0u; /* the code is read, not run: the same on every host */
    char *text = NULL;
    size_t text_size = 0;
    unsigned guest = 0;
    csh capstone;
    ck_assert_int_eq(cs_open(CS_ARCH_X86, CS_MODE_64, &capstone), CS_ERR_OK);
    cs_option(capstone, CS_OPT_DETAIL, CS_OPT_ON);
    struct listing listing = {.engine = engine, .out = open_memstream(&text, &text_size)};
    for (size_t at = 0; at < count;) {
        struct lift_request request = {.bytes = bytes + at,
                                       .available = (uint32_t)(count - at),
                                       .in_page = (uint32_t)(count - at),
                                       .rip = 0x1000 + at,
                                       .mode = mode,
                                       .max_insns = IR_MAX_INSNS};
        struct ir_block ir = {.insts = insts};
        struct block block = {.gpa = request.rip, .gpa2 = UINT64_MAX, .rip = request.rip};
        ck_assert_int_eq(x86_lift(&request, &ir), LIFT_OK);
        ck_assert(host_x64.emit(engine, &ir, &block));
        fprintf(listing.out, "block %x\n", (unsigned)request.rip);
        list_block(&listing, capstone, &block);
        guest += ir.insn_count;
        at += ir.bytes;
    }
    fclose(listing.out);
    fprintf(out, "%u host instructions for %u guest instructions\n%s", listing.count, guest, text);
    free(text);
    cs_close(&capstone);
    host_x64.destroy(engine);
}

START_TEST(assembly_becomes_the_golden_code)
{
    golden_check_all(__FILE__, "emit");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("x64_golden");
    TCase *tests = tcase_create("x64_golden");
    tcase_add_test(tests, assembly_becomes_the_golden_code);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
