/*
 * What the 8086, 80186 and 80286 do otherwise, as short programs on both engines.
 *
 * A program stands at 1000:0000 with SS = 2000h, DS = ES = 3000h and ends with HLT.  Vectors 0, 1,
 * 6 and 13 lead to a HLT at 0:500h + vector, where BX is the IP that was pushed.
 */
#include "frontend/x86/cpu/segment.h"
#include "tests/support/cpu_fixture.h"
#include "tests/support/engine.h"

#include <check.h>

enum { CODE = 0x10000, STACK = 0x20000, DATA = 0x30000, HANDLER = 0x500, AX = 0, CX, DX, BX, SP };

static struct cpu_fixture f;

static void put(uint32_t at, const char *bytes, size_t count)
{
    cpu_fixture_poke(&f, at, bytes, count);
}

/* Creates the CPU with vectors, segments and AX = 1234h, CX = 0, SP = 100h. */
static void begin(const char *model, int engine)
{
    ck_assert(cpu_fixture_create(&f, model, test_engine(engine), 0));
    static const uint8_t vectors[] = {0, 1, 6, 13};
    for (unsigned i = 0; i < sizeof(vectors); i++) {
        char vector[4] = {(char)(vectors[i] * 16), 5, 0, 0};
        put(vectors[i] * 4u, vector, 4);
        put(HANDLER + vectors[i] * 16u, "\x5b\xf4", 2); /* pop bx; hlt */
    }
    segment_set_real(f.ctx, &f.ctx->seg[SEG_CS], CODE >> 4);
    segment_set_real(f.ctx, &f.ctx->seg[SEG_SS], STACK >> 4);
    segment_set_real(f.ctx, &f.ctx->seg[SEG_DS], DATA >> 4);
    segment_set_real(f.ctx, &f.ctx->seg[SEG_ES], DATA >> 4);
    f.ctx->rip = 0;
    f.ctx->gpr[AX] = 0x1234;
    f.ctx->gpr[SP] = 0x100;
}

static uint16_t reg(unsigned number)
{
    return (uint16_t)f.ctx->gpr[number];
}

static void run(void)
{
    ck_assert_int_eq(cpu_fixture_run(&f, 1000), RUN_HALTED);
}

/* One program on one model: AX, BX and the lower half of FLAGS under a mask at its HLT. */
struct program {
    const char *model, *what, *code;
    unsigned length;
    uint16_t ax, bx, flags, flags_mask;
};

#define CODE_OF(text) text "\xf4", sizeof(text)
static const struct program programs[] = {
    {"8086", "push sp", CODE_OF("\x54\x58"), 0xfe, 0, 0, 0},
    {"186", "push sp", CODE_OF("\x54\x58"), 0xfe, 0, 0, 0},
    {"286", "push sp", CODE_OF("\x54\x58"), 0x100, 0, 0, 0},
    {"8086", "shl ax,cl by 33", CODE_OF("\xb1\x21\xd3\xe0"), 0, 0, 0, 0},
    {"186", "shl ax,cl by 33", CODE_OF("\xb1\x21\xd3\xe0"), 0x2468, 0, 0, 0},
    {"8086", "rcl al,cl by 9", CODE_OF("\xf9\xb1\x09\xd2\xd0"), 0x1234, 0, 1, 1},
    {"8086", "popf of 0", CODE_OF("\x31\xc0\x50\x9d\x9c\x58"), 0xf002, 0, 0, 0},
    {"186", "popf of 0", CODE_OF("\x31\xc0\x50\x9d\x9c\x58"), 0xf002, 0, 0, 0},
    {"286", "popf of F000", CODE_OF("\xb8\x00\xf0\x50\x9d\x9c\x58"), 2, 0, 0, 0},
    {"386", "popf of F000", CODE_OF("\xb8\x00\xf0\x50\x9d\x9c\x58"), 0x7002, 0, 0, 0},
    {"286", "DIV, odd quotient", CODE_OF("\xb8\x07\x01\xb1\x02\xf6\xf1"), 0x183, 0, 0x10, 0x8d5},
    {"286", "DIV, even quotient", CODE_OF("\xb8\x04\x01\xb1\x02\xf6\xf1"), 0x82, 0, 0x855, 0x8d5},
    {"286", "IDIV misses overflow", CODE_OF("\xb8\xc1\x81\xb1\x7c\xf6\xf9"), 0xc180, 0, 0x891,
     0x8d5},
    {"386", "IDIV overflows", CODE_OF("\xb8\xc1\x81\xb1\x7c\xf6\xf9"), 0x81c1, 5, 0, 0},
    {"8086", "60..6F are jumps", CODE_OF("\x64\x01\x40"), 0x1235, 0, 0, 0}, /* jz, not taken: inc */
    {"8086", "C1 is RET", CODE_OF("\xe8\x02\x00\x40\xf4\x40\xc1"), 0x1236, 0, 0, 0},
    {"8086", "F1 is LOCK", CODE_OF("\xf1\x40"), 0x1235, 0, 0, 0},
    {"8086", "LOCK goes with everything", CODE_OF("\xf0\x90\x40"), 0x1235, 0, 0, 0},
    {"8086", "SETMO", CODE_OF("\xd0\xf0"), 0x12ff, 0, 0x86, 0xff},
    {"8086", "SETMOC without a count", CODE_OF("\xd2\xf0"), 0x1234, 0, 0, 0},
    {"8086", "SETMOC", CODE_OF("\xb1\x40\xd3\xf0"), 0xffff, 0, 0x86, 0xff},
    {"186", "D0 /6 is SAL", CODE_OF("\xd0\xf0"), 0x1268, 0, 0, 0},
    {"8086", "FF /7 is PUSH", CODE_OF("\xff\xf8\x5b"), 0x1234, 0x1234, 0, 0},
    {"8086", "C6 /3 is MOV", CODE_OF("\xc6\xd8\x55"), 0x1255, 0, 0, 0},
    {"8086", "MOV with segment register 4", CODE_OF("\x8c\xe0"), 0x3000, 0, 0, 0},
    {"8086", "20 prefixes",
     CODE_OF(
         "\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x40"),
     0x1235, 0, 0, 0},
    {"8086", "POP CS", CODE_OF("\xb8\x00\x10\x50\x0f\x40"), 0x1001, 0, 0, 0},
    {"8086", "MOV CS", CODE_OF("\xb8\x00\x10\x8e\xc8\x40"), 0x1001, 0, 0, 0},
    {"8086", "ESC does nothing", CODE_OF("\xdb\xe3\xdd\x7e\x00\x9b"), 0x1234, 0, 0, 0},
    {"8086", "divide error returns behind", CODE_OF("\xf6\xf1"), 0x1234, 2, 0, 0},
    {"186", "divide error returns behind", CODE_OF("\xf6\xf1"), 0x1234, 2, 0, 0},
    {"286", "divide error repeats", CODE_OF("\xf6\xf1"), 0x1234, 0, 0, 0},
    {"8086", "AAM 0", CODE_OF("\xd4\x00"), 0x1234, 2, 0, 0},
    {"8086", "IDIV to -128", CODE_OF("\xb8\x80\xff\xb1\x01\xf6\xf9"), 0xff80, 7, 0, 0},
    {"286", "IDIV to -128", CODE_OF("\xb8\x80\xff\xb1\x01\xf6\xf9"), 0x80, 0, 0, 0},
    {"8086", "REP IDIV negates", CODE_OF("\xb8\x07\x00\xb1\x02\xf3\xf6\xf9"), 0x1fd, 0, 0, 0},
    {"8086", "REP MUL negates", CODE_OF("\xb8\x07\x00\xb1\x02\xf3\xf6\xe1"), 0xfff2, 0, 0, 0},
    {"8086", "word at FFFF", CODE_OF("\xc7\x06\xff\xff\x55\xaa\xa0\x00\x00"), 0x12aa, 0, 0, 0},
    {"286", "word at FFFF", CODE_OF("\xa1\xff\xff"), 0x1234, 0, 0, 0},
    {"8086", "push at SP = 1", CODE_OF("\xbc\x01\x00\x50\x36\xa0\x00\x00"), 0x1212, 0, 0, 0},
    {"186", "no opcode 66", CODE_OF("\x66\x40"), 0x1234, 0, 0, 0},
    {"286", "no prefix 64", CODE_OF("\x64\xa0\x00\x00"), 0x1234, 0, 0, 0},
    {"286", "no segment register 4", CODE_OF("\x8c\xe0"), 0x1234, 0, 0, 0},
    {"286", "LOCK goes with everything", CODE_OF("\xf0\x90\x40"), 0x1235, 0, 0, 0},
    {"286", "ten bytes", CODE_OF("\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x05\x01\x00"), 0x1235, 0, 0, 0},
    {"286", "SMSW", CODE_OF("\x0f\x01\xe0"), 0xfff0, 0, 0, 0},
    /* flags that the manual leaves open: those of the steps inside */
    {"8086", "SHL: AF is bit 3 of the last step", CODE_OF("\xb0\x08\xd0\xe0"), 0x1210, 0, 0x10,
     0x10},
    {"8086", "SHR: no AF", CODE_OF("\xb0\x08\xd0\xe8"), 0x1204, 0, 0, 0x10},
    {"286", "SHL: AF is bit 3 of the last step", CODE_OF("\xb0\x04\xc0\xe0\x02"), 0x1210, 0, 0x10,
     0x10},
    {"286", "SHL by 32 leaves all", CODE_OF("\xf9\xb1\x20\xd3\xe0"), 0x1234, 0, 1, 1},
    {"8086", "MUL: ZF of the upper half", CODE_OF("\xb8\x02\x00\xb1\x03\xf6\xe1"), 6, 0, 0x44,
     0xd4},
    {"8086", "IMUL: the sign is added", CODE_OF("\xb8\xff\x00\xb1\x01\xf6\xe9"), 0xffff, 0, 0x54,
     0xd4},
    {"8086", "DIV: flags of the last comparison, CF of the quotient",
     CODE_OF("\xb8\x07\x00\xb1\x02\xf6\xf1"), 0x103, 0, 1, 0x8d5},
    {"8086", "DIV: a quotient with its top bit set", CODE_OF("\xb8\x91\x01\xb1\x02\xf6\xf1"), 0x1c8,
     0, 0x94, 0x8d5},
    {"8086", "IDIV: CF and OF are clear", CODE_OF("\xb8\xf9\xff\xb1\x02\xf6\xf9"), 0xfffd, 0, 0,
     0x8d5},
    {"8086", "DIV that overflows: of the first comparison", CODE_OF("\xb8\x00\x06\xb1\x02\xf6\xf1"),
     0x600, 7, 0, 0x8d5},
    {"286", "IMUL: SF of the upper half, AF", CODE_OF("\xb8\xff\x00\xb1\x01\xf6\xe9"), 0xffff, 0,
     0x94, 0xd5},
    {"286", "IMUL of two factors", CODE_OF("\x6b\xc0\xff"), 0xedcc, 0, 0x94, 0xd5},
    {"286", "DAA: OF of the sum", CODE_OF("\xb0\x7a\x27"), 0x1280, 0, 0x800, 0x800},
    {"8086", "AAA: SF of AL as it was", CODE_OF("\xb0\x7a\x37"), 0x1300, 0, 0x880, 0x880},
    {"286", "AAD: OF is CF", CODE_OF("\xb8\xff\x01\xd5\x01"), 0, 0, 0x801, 0x801},
    {"8086", "AAD: OF of the sum", CODE_OF("\xb8\xff\x01\xd5\x01"), 0, 0, 1, 0x801},
    {"8086", "an interrupted REP goes on at its last prefix",
     CODE_OF("\xb1\x03\xb8\x02\xf1\x50\x9d\xf3\x26\xa4"), 0xf102, 8, 0, 0},
    {"186", "an interrupted REP goes on at its first prefix",
     CODE_OF("\xb1\x03\xb8\x02\xf1\x50\x9d\xf3\x26\xa4"), 0xf102, 7, 0, 0},
#define PUSH_ES_OVER_9ABC CODE_OF("\x66\x68\x78\x56\xbc\x9a\x66\x58\x66\x06\x83\xc4\x02\x58")
    {"386", "32-bit PUSH ES writes a word", PUSH_ES_OVER_9ABC, 0x9abc, 0, 0, 0},
    {"486", "32-bit PUSH ES writes a word", PUSH_ES_OVER_9ABC, 0x9abc, 0, 0, 0},
    {"pentium", "32-bit PUSH ES writes a doubleword", PUSH_ES_OVER_9ABC, 0, 0, 0, 0},
#define POPAD_AND_ESP                                          \
    CODE_OF(                                                   \
        "\x66\x68\xef\xbe\xad\xde\x66\x58" /* push, pop eax */ \
        "\xbb\x06\x00\x66\x60\x83\xc4\x10\x66\x50\x83\xec\x0c\x66\x61\x66\xc1\xec\x10\x89\xe0")
    {"386", "POPAD loads the upper half of ESP", POPAD_AND_ESP, 0xdead, 6, 0, 0},
    {"486", "POPAD does not", POPAD_AND_ESP, 0, 6, 0, 0},
    {"386", "MOV TR6", CODE_OF("\x0f\x26\xf0\x31\xc0\x0f\x24\xf0"), 0x1234, 0, 0, 0},
    {"386", "no MOV TR3", CODE_OF("\x0f\x24\xd8"), 0x1234, 0, 0, 0},
    {"486", "MOV TR3", CODE_OF("\x0f\x26\xd8\x31\xc0\x0f\x24\xd8"), 0x1234, 0, 0, 0},
    {"pentium", "no MOV TR6", CODE_OF("\x0f\x24\xf0"), 0x1234, 0, 0, 0},
    {"8086", "AAA does not carry into AH", CODE_OF("\xb8\xff\x00\x37"), 0x0105, 0, 0, 0},
    {"386", "AAA carries into AH", CODE_OF("\xb8\xff\x00\x37"), 0x0205, 0, 0, 0},
};

START_TEST(a_program_does_what_the_model_does)
{
    const struct program *p = &programs[_i / test_engines()];
    begin(p->model, _i % test_engines());
    put(CODE, p->code, p->length);
    run();
    ck_assert_msg(reg(AX) == p->ax, "%s %s: ax %x, not %x", p->model, p->what, reg(AX), p->ax);
    ck_assert_msg(reg(BX) == p->bx, "%s %s: bx %x, not %x", p->model, p->what, reg(BX), p->bx);
    uint32_t flags = x86_eflags(f.ctx) & p->flags_mask;
    ck_assert_msg(flags == p->flags, "%s %s: flags %x, not %x", p->model, p->what, flags, p->flags);
    cpu_fixture_destroy(&f);
}
END_TEST

START_TEST(code_goes_on_at_the_start_of_its_segment)
{
    begin("8086", _i);
    put(CODE + 0xfffe, "\x40\xb8", 2); /* inc ax; mov ax,5678h across the end */
    put(CODE, "\x78\x56\x43\xf4", 4);  /* inc bx */
    f.ctx->rip = 0xfffe;
    run();
    ck_assert_uint_eq(reg(AX), 0x5678);
    ck_assert_uint_eq(reg(BX), 1);
    ck_assert_uint_eq(f.ctx->rip, 4);
    cpu_fixture_destroy(&f);
}
END_TEST

START_TEST(the_286_faults_at_the_end_of_the_code_segment)
{
    begin("286", _i);
    put(CODE + 0xffff, "\x40", 1);
    f.ctx->rip = 0xffff;
    run();
    ck_assert_uint_eq(reg(AX), 0x1235);
    ck_assert_uint_eq(f.ctx->rip, 0x5d2); /* vector 13 */
    cpu_fixture_destroy(&f);
}
END_TEST

START_TEST(addresses_of_the_8086_wrap_at_1_mib)
{
    begin("8086", _i);
    f.ram[0x10] = 0x42;
    segment_set_real(f.ctx, &f.ctx->seg[SEG_DS], 0xffff);
    put(CODE, "\xa0\x20\x00\xf4", 4);
    run();
    ck_assert_uint_eq(reg(AX), 0x1242);
    cpu_fixture_destroy(&f);
}
END_TEST

START_TEST(string_registers_of_the_286_move_with_a_fault)
{
    begin("286", _i);
    f.ctx->gpr[GUEST_RSI] = 0x10;
    f.ctx->gpr[GUEST_RDI] = 0xffff;
    f.ctx->gpr[CX] = 5;
    put(CODE, "\xf3\xa5", 2); /* rep movsw */
    run();
    ck_assert_uint_eq(f.ctx->rip, 0x5d2);
    ck_assert_uint_eq((uint16_t)f.ctx->gpr[GUEST_RSI], 0x12);
    ck_assert_uint_eq((uint16_t)f.ctx->gpr[GUEST_RDI], 1);
    ck_assert_uint_eq(reg(CX), 3);
    cpu_fixture_destroy(&f);
}
END_TEST

START_TEST(the_286_has_eleven_bytes_too_many)
{
    static const char *const codes[] = {"\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x05\x01\x00\xf4",
                                        "\x2e\x3e\x26\x3e\x26\xc7\xb9\x00\x00\x00\x00\xf4"};
    for (unsigned i = 0; i < 2; i++) { /* the second would be no instruction, anyway: C7 /7 */
        begin("286", _i);
        put(CODE, codes[i], 12);
        run();
        ck_assert_uint_eq(f.ctx->rip, 0x5d2);
        cpu_fixture_destroy(&f);
    }
}
END_TEST

static void word(uint32_t at, unsigned value)
{
    uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
    cpu_fixture_poke(&f, at, bytes, 2);
}

START_TEST(loadall_of_the_286_loads_every_register)
{
    begin("286", _i);
    put(CODE, "\x0f\x05", 2);
    word(0x818, 0x0003);                      /* flags: CF */
    word(0x81a, 0x40);                        /* IP */
    word(0x820, 0x2000), word(0x822, 0x1111); /* SS, CS: selectors that do not name the caches */
    word(0x82c, 0x200);                       /* SP */
    word(0x834, 0xbeef);                      /* AX */
    static const uint16_t caches[] = {0x836, 0x83c, 0x842, 0x848};
    static const uint32_t bases[] = {0x123456, 0x11000, STACK, 0x120000};
    for (unsigned i = 0; i < 4; i++) {
        word(caches[i], bases[i] & 0xffff);
        word(caches[i] + 2u, 0x9300 | bases[i] >> 16);
        word(caches[i] + 4u, 0xffff);
    }
    word(0x85a + 4, 0x3ff); /* IDT limit */
    put(0x11040, "\xa0\x00\x00\xf4", 4);
    f.ram[0x120000] = 0x77;
    run();
    ck_assert_uint_eq(reg(AX), 0xbe77);
    ck_assert_uint_eq(reg(SP), 0x200);
    ck_assert_uint_eq(f.ctx->seg[SEG_CS].selector, 0x1111);
    ck_assert_uint_eq(f.ctx->seg[SEG_ES].base, 0x123456);
    ck_assert_uint_eq(x86_eflags(f.ctx) & 1, 1);
    cpu_fixture_destroy(&f);
}
END_TEST

static void dword(uint32_t at, uint32_t value)
{
    word(at, value & 0xffff);
    word(at + 2, value >> 16);
}

START_TEST(loadall_of_the_386_loads_every_register)
{
    begin("386", _i);
    put(CODE, "\x0f\x07", 2);
    f.ctx->gpr[GUEST_RDI] = 0x100;
    uint32_t at = DATA + 0x100;
    dword(at + 0x04, 3), dword(at + 0x08, 0x40);           /* EFLAGS, EIP */
    dword(at + 0x18, 0x200), dword(at + 0x28, 0xdeadbeef); /* ESP, EAX */
    dword(at + 0x4c, 0x1111);
    static const uint8_t caches[] = {0x84, 0x90, 0x9c, 0xa8, 0xb4, 0xc0};
    static const uint32_t bases[] = {0, 0, 0x120000, STACK, 0x11000, 0x123456};
    for (unsigned i = 0; i < 6; i++) {
        dword(at + caches[i], 0x9300);
        dword(at + caches[i] + 4, bases[i]);
        dword(at + caches[i] + 8, 0xffff);
    }
    dword(at + 0x68, 0x3ff);
    put(0x11040, "\xa0\x00\x00\xf4", 4);
    f.ram[0x120000] = 0x77;
    run();
    ck_assert_uint_eq(f.ctx->gpr[AX], 0xdeadbe77);
    ck_assert_uint_eq(f.ctx->gpr[SP], 0x200);
    ck_assert_uint_eq(f.ctx->seg[SEG_CS].selector, 0x1111);
    ck_assert_uint_eq(f.ctx->seg[SEG_ES].base, 0x123456);
    ck_assert_uint_eq(x86_eflags(f.ctx) & 1, 1);
    cpu_fixture_destroy(&f);
}
END_TEST

START_TEST(protected_mode_of_the_286_is_for_good)
{
    begin("286", _i);
    put(CODE, "\xb8\x01\x00\x0f\x01\xf0\x31\xc0\x0f\x01\xf0\x0f\x01\xe0\xf4", 15);
    run(); /* lmsw 1; lmsw 0; smsw ax */
    ck_assert_uint_eq(reg(AX), 0xfff1);
    cpu_fixture_destroy(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("old models");
    TCase *tcase = tcase_create("old models");
    int engines = test_engines();
    enum { PROGRAMS = sizeof(programs) / sizeof(programs[0]) };
    tcase_add_loop_test(tcase, a_program_does_what_the_model_does, 0, PROGRAMS * engines);
    tcase_add_loop_test(tcase, code_goes_on_at_the_start_of_its_segment, 0, engines);
    tcase_add_loop_test(tcase, the_286_faults_at_the_end_of_the_code_segment, 0, engines);
    tcase_add_loop_test(tcase, addresses_of_the_8086_wrap_at_1_mib, 0, engines);
    tcase_add_loop_test(tcase, string_registers_of_the_286_move_with_a_fault, 0, engines);
    tcase_add_loop_test(tcase, the_286_has_eleven_bytes_too_many, 0, engines);
    tcase_add_loop_test(tcase, loadall_of_the_286_loads_every_register, 0, engines);
    tcase_add_loop_test(tcase, loadall_of_the_386_loads_every_register, 0, engines);
    tcase_add_loop_test(tcase, protected_mode_of_the_286_is_for_good, 0, engines);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
