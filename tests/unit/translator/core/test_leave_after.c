/*
 * A device that is accessed and wants the processor to stop: the instruction ends, its accesses are
 * made once, and the next one is not begun; the same in each engine.
 */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/cpu/segment.h"
#include "tests/support/cpu_fixture.h"

#include <check.h>

enum { CODE_SEGMENT = 0x100, DEVICE_SEGMENT = 0xa000, DEVICE = 0xa0000, MANY = 1000 };

static const char *const engines[] = {"portable", "native"};

/* Real-mode code; DS:DI and SS:SP are in the device's page.  INC BX is next in each. */
static const struct row {
    const char *name;
    uint8_t code[8];
    uint8_t length;
    uint8_t reads, writes;
} rows[] = {
    {"mov ax, [di]", {0x8b, 0x05}, 2, 1, 0},
    {"mov al, [di]", {0x8a, 0x05}, 2, 1, 0},
    {"mov eax, [di]", {0x66, 0x8b, 0x05}, 3, 1, 0},
    {"add ax, [di]", {0x03, 0x05}, 2, 1, 0},
    {"cmp ax, [di]", {0x3b, 0x05}, 2, 1, 0},
    {"adc ax, [di]", {0x13, 0x05}, 2, 1, 0},
    {"movzx eax, byte [di]", {0x66, 0x0f, 0xb6, 0x05}, 4, 1, 0},
    {"movsx eax, byte [di]", {0x66, 0x0f, 0xbe, 0x05}, 4, 1, 0},
    {"imul ax, [di]", {0x0f, 0xaf, 0x05}, 3, 1, 0},
    {"pop ax", {0x58}, 1, 1, 0},
    {"pop sp", {0x5c}, 1, 1, 0},
    {"popf", {0x9d}, 1, 1, 0},
    {"fld dword [di]", {0xd9, 0x05}, 2, 1, 0},
    {"fadd dword [di]", {0xd8, 0x05}, 2, 1, 0},
    {"movd xmm0, [di]", {0x66, 0x0f, 0x6e, 0x05}, 4, 1, 0},
    {"paddd xmm0, [di]", {0x66, 0x0f, 0xfe, 0x05}, 4, 2, 0},
    {"mov [di], ax", {0x89, 0x05}, 2, 0, 1},
    {"mov [di], al", {0x88, 0x05}, 2, 0, 1},
    {"setc [di]", {0x0f, 0x92, 0x05}, 3, 0, 1},
    {"push ax", {0x50}, 1, 0, 1},
    {"push sp", {0x54}, 1, 0, 1},
    {"push eax", {0x66, 0x50}, 2, 0, 1},
    {"push 5", {0x6a, 0x05}, 2, 0, 1},
    {"fstp dword [di]", {0xd9, 0x1d}, 2, 0, 1},
    {"movd [di], xmm0", {0x66, 0x0f, 0x7e, 0x05}, 4, 0, 1},
    {"add [di], ax", {0x01, 0x05}, 2, 1, 1},
    {"inc word [di]", {0xff, 0x05}, 2, 1, 1},
    {"xchg [di], ax", {0x87, 0x05}, 2, 1, 1},
    {"push word [di]", {0xff, 0x35}, 2, 1, 1},
    {"pop word [di]", {0x8f, 0x05}, 2, 1, 1},
};

struct device {
    struct cpu_fixture f;
    unsigned reads, writes;
    uint64_t written;
};

static struct phys_page page_of(void *memory, uint64_t gpa)
{
    struct device *device = memory;
    return gpa == DEVICE ? (struct phys_page){0} : cpu_fixture_page(&device->f, gpa);
}

static uint64_t device_read(void *memory, uint64_t gpa, unsigned size)
{
    struct device *device = memory;
    (void)gpa;
    translator_stop(device->f.tr);
    return (0x3f801234u + device->reads++) & UINT64_MAX >> (64 - 8 * size);
}

static void device_write(void *memory, uint64_t gpa, uint64_t value, unsigned size)
{
    struct device *device = memory;
    (void)size;
    translator_stop(device->f.tr);
    device->writes++;
    device->written = device->written * 31 + value + gpa;
}

/* The state when the run that the access stopped has ended. */
static void run(const struct row *row, const char *engine, struct device *device)
{
    struct cpu_fixture *f = &device->f;
    *device = (struct device){0};
    ck_assert(cpu_fixture_create(f, "max", engine, 0));
    f->memory = (struct memory_ops){page_of, device_read, device_write, device};
    segment_set_real(f->ctx, &f->ctx->seg[SEG_CS], CODE_SEGMENT);
    segment_set_real(f->ctx, &f->ctx->seg[SEG_DS], DEVICE_SEGMENT);
    segment_set_real(f->ctx, &f->ctx->seg[SEG_SS], DEVICE_SEGMENT);
    f->cpu->cr4 |= CR4_OSFXSR;
    f->ctx->rip = 0;
    f->ctx->gpr[GUEST_RAX] = 0x11223344;
    f->ctx->gpr[GUEST_RSP] = 0x200;
    f->ctx->gpr[GUEST_RDI] = 0x100;
    f->ctx->gpr[GUEST_RBX] = 7;
    x86_loaded(f->cpu);
    uint8_t code[16] = {0xdb, 0xe3, 0xf9, 0x90}; /* fninit; stc; nop */
    memcpy(code + 4, row->code, row->length);
    code[4 + row->length] = 0x43; /* inc bx */
    code[5 + row->length] = 0xf4; /* hlt */
    cpu_fixture_poke(f, CODE_SEGMENT << 4, code, sizeof(code));
    ck_assert_msg(cpu_fixture_run(f, MANY) == RUN_STOPPED, "%s, %s: not stopped", row->name,
                  engine);
}

START_TEST(an_access_that_stops_ends_its_instruction_and_no_more)
{
    const struct row *row = &rows[_i];
    struct device device[2];
    unsigned count = 0;
    for (unsigned i = 0; i < 2; i++) {
        if (!cpu_fixture_engine(engines[i])) {
            continue;
        }
        struct context *ctx;
        run(row, engines[i], &device[i]);
        ctx = device[i].f.ctx;
        ck_assert_msg(ctx->rip == 4u + row->length, "%s, %s: eip %x", row->name, engines[i],
                      (unsigned)ctx->rip);
        ck_assert_uint_eq(ctx->gpr[GUEST_RBX], 7);
        ck_assert_msg(device[i].reads == row->reads && device[i].writes == row->writes,
                      "%s, %s: %u reads, %u writes", row->name, engines[i], device[i].reads,
                      device[i].writes);
        count++;
    }
    if (count == 2) {
        const struct context *a = device[0].f.ctx;
        const struct context *b = device[1].f.ctx;
        ck_assert_uint_eq(device[0].written, device[1].written);
        ck_assert_uint_eq(context_icount(a), context_icount(b));
        ck_assert_mem_eq(a->gpr, b->gpr, 8 * sizeof(a->gpr[0]));
        ck_assert_mem_eq(a->xmm, b->xmm, sizeof(a->xmm));
        ck_assert_msg(context_flags(a) == context_flags(b), "%s: flags %x, %x", row->name,
                      context_flags(a), context_flags(b));
    }
    for (unsigned i = 0; i < count; i++) {
        cpu_fixture_destroy(&device[i].f);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("leave_after");
    TCase *tests = tcase_create("leave_after");
    tcase_set_timeout(tests, 30);
    tcase_add_loop_test(tests, an_access_that_stops_ends_its_instruction_and_no_more, 0,
                        (int)(sizeof(rows) / sizeof(rows[0])));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
