/* The decoder's own promises: classes, lengths, truncation, modes, LOCK, features, flags, speed. */
#include "frontend/x86/decode/insn.h"
#include "frontend/x86/decode/table.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct x86_decode_mode mode16 = {UINT64_MAX, 16, true};
static const struct x86_decode_mode mode32 = {UINT64_MAX, 32, true};
static const struct x86_decode_mode mode64 = {UINT64_MAX, 64, true};
static const struct x86_decode_mode real16 = {UINT64_MAX, 16, false};

/* Decodes a literal's bytes. */
#define DECODE(mode, bytes, insn) \
    x86_decode((const uint8_t *)(bytes), sizeof(bytes) - 1, &(mode), &(insn))

#define PRINTS(mode, bytes, expected)                                     \
    do {                                                                  \
        struct x86_insn printed_insn;                                     \
        char printed[128];                                                \
        ck_assert_int_eq(DECODE(mode, bytes, printed_insn), X86_DECODED); \
        ck_assert_uint_eq(printed_insn.length, sizeof(bytes) - 1);        \
        x86_insn_print(&printed_insn, 0x1000, printed, sizeof(printed));  \
        ck_assert_str_eq(printed, expected);                              \
    } while (0)

#define REFUSES(mode, bytes)                                           \
    do {                                                               \
        struct x86_insn refused;                                       \
        ck_assert_int_eq(DECODE(mode, bytes, refused), X86_UNDEFINED); \
    } while (0)

/* Robin and Irvine's 17, with the names this decoder gives their forms. */
static const enum x86_mnemonic published[] = {
    X86_sgdt, X86_sidt, X86_sldt, X86_smsw, X86_pushf, X86_popf, X86_lar,  X86_lsl, X86_verr,
    X86_verw, X86_pop,  X86_push, X86_mov,  X86_callf, X86_jmpf, X86_retf, X86_int, X86_str,
};

/* Kin, for the same reasons: returns and traps through descriptors, loads of segment registers. */
static const enum x86_mnemonic kin[] = {
    X86_iret, X86_int3, X86_int1, X86_into,    X86_les,      X86_lds,
    X86_lss,  X86_lfs,  X86_lgs,  X86_syscall, X86_sysenter,
};

/* These have other, harmless forms: only those with a segment register are sensitive. */
static bool sensitive_by_segment(enum x86_mnemonic mnemonic)
{
    return mnemonic == X86_push || mnemonic == X86_pop || mnemonic == X86_mov;
}

static bool expected_sensitive(const struct x86_insn *insn)
{
    bool member = false;
    for (size_t i = 0; i < sizeof(published) / sizeof(*published); i++) {
        member |= published[i] == insn->mnemonic;
    }
    for (size_t i = 0; i < sizeof(kin) / sizeof(*kin); i++) {
        member |= kin[i] == insn->mnemonic;
    }
    if (!sensitive_by_segment(insn->mnemonic)) {
        return member;
    }
    return insn->ops[0].kind == X86_OPERAND_SREG || insn->ops[1].kind == X86_OPERAND_SREG;
}

static unsigned walk_map(const uint8_t *escape, unsigned n, bool *seen)
{
    unsigned decoded = 0;
    for (unsigned code = 0; code < 256 * 256; code++) {
        uint8_t bytes[16] = {0};
        struct x86_insn insn;
        memcpy(bytes, escape, n);
        bytes[n] = (uint8_t)(code >> 8);
        bytes[n + 1] = (uint8_t)code;
        if (x86_decode(bytes, sizeof(bytes), &mode32, &insn) != X86_DECODED) {
            continue;
        }
        decoded++;
        ck_assert_msg((insn.class == X86_SENSITIVE) == expected_sensitive(&insn), "%s, opcode %02x",
                      x86_mnemonic_name(insn.mnemonic), insn.opcode);
        seen[insn.mnemonic] |= insn.class == X86_SENSITIVE;
    }
    return decoded;
}

START_TEST(sensitive_rows_are_the_published_set_and_its_kin)
{
    bool seen[X86_MNEMONICS] = {false};
    ck_assert_uint_gt(walk_map((const uint8_t[]){0}, 0, seen), 40000);
    ck_assert_uint_gt(walk_map((const uint8_t[]){0x0f}, 1, seen), 40000);
    ck_assert_uint_gt(walk_map((const uint8_t[]){0x0f, 0x38}, 2, seen), 1000);
    for (size_t i = 0; i < sizeof(published) / sizeof(*published); i++) {
        ck_assert(seen[published[i]]);
    }
    for (size_t i = 0; i < sizeof(kin) / sizeof(*kin); i++) {
        ck_assert(seen[kin[i]]);
    }
}
END_TEST

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

START_TEST(fewer_bytes_than_the_length_are_asked_for)
{
    uint64_t state = 88172645463325252;
    static const struct x86_decode_mode *const modes[] = {&mode16, &mode32, &mode64};
    for (unsigned i = 0; i < 30000; i++) {
        uint8_t bytes[64];
        struct x86_insn whole;
        struct x86_insn part;
        for (unsigned j = 0; j < sizeof(bytes); j++) {
            bytes[j] = (uint8_t)(next_random(&state) >> 24);
        }
        enum x86_decode_result result = x86_decode(bytes, sizeof(bytes), modes[i % 3], &whole);
        ck_assert_uint_ge(whole.length, 1);
        if (result == X86_TOO_LONG) {
            continue;
        }
        ck_assert_uint_le(whole.length, X86_MAX_LENGTH);
        for (unsigned n = 0; n < whole.length; n++) {
            uint8_t *exact = malloc(n + 1U); /* so that the sanitizer sees a read too far */
            memcpy(exact, bytes, n);
            ck_assert_int_eq(x86_decode(exact, n, modes[i % 3], &part), X86_NEED_MORE);
            free(exact);
        }
        ck_assert_int_eq(x86_decode(bytes, whole.length, modes[i % 3], &part), result);
        /* NOLINTNEXTLINE(*-memory-comparison,cert-*): the decoder begins with zeroed padding */
        ck_assert_int_eq(memcmp(&whole, &part, sizeof(whole)), 0);
    }
}
END_TEST

START_TEST(sixteen_bytes_are_too_long)
{
    uint8_t bytes[32];
    struct x86_insn insn;
    memset(bytes, 0x26, sizeof(bytes));
    ck_assert_int_eq(x86_decode(bytes, sizeof(bytes), &mode32, &insn), X86_TOO_LONG);
    ck_assert_int_eq(x86_decode(bytes, 15, &mode32, &insn), X86_TOO_LONG);
    ck_assert_int_eq(x86_decode(bytes, 14, &mode32, &insn), X86_NEED_MORE);
    bytes[14] = 0x90;
    ck_assert_int_eq(x86_decode(bytes, 15, &mode32, &insn), X86_DECODED);
    ck_assert_uint_eq(insn.length, 15);
    bytes[14] = 0xb0; /* MOV AL, Ib: its immediate is the 16th */
    ck_assert_int_eq(x86_decode(bytes, sizeof(bytes), &mode32, &insn), X86_TOO_LONG);
    ck_assert_int_eq(x86_decode(bytes, 15, &mode32, &insn), X86_TOO_LONG);
}
END_TEST

START_TEST(lock_needs_a_lockable_row_and_memory)
{
    PRINTS(mode32, "\xf0\x01\x03", "lock add dword ptr [ebx], eax");
    PRINTS(mode32, "\xf0\x87\x03", "lock xchg dword ptr [ebx], eax");
    PRINTS(mode32, "\xf0\x0f\xc7\x0b", "lock cmpxchg8b qword ptr [ebx]");
    PRINTS(mode32, "\xf0\x0f\xba\x2b\x05", "lock bts dword ptr [ebx], 5");
    REFUSES(mode32, "\xf0\x01\xc3");
    REFUSES(mode32, "\xf0\x03\x03");
    REFUSES(mode32, "\xf0\x39\x03");
    REFUSES(mode32, "\xf0\x0f\xba\x23\x05");
    REFUSES(mode32, "\xf0\x90");
    REFUSES(mode32, "\xf0\x0f\x20\xc0");
}
END_TEST

START_TEST(protected_mode_instructions_do_not_exist_in_real_mode)
{
    PRINTS(mode16, "\x0f\x00\xd8", "ltr ax");
    REFUSES(real16, "\x0f\x00\xd8");
    REFUSES(real16, "\x0f\x02\xc0");
    REFUSES(real16, "\x63\xc0");
    REFUSES(real16, "\x0f\x34");
    PRINTS(real16, "\x0f\x01\xe0", "smsw ax");
    PRINTS(real16, "\x0f\x01\x16\x34\x12", "lgdt [0x1234]");
}
END_TEST

START_TEST(system_registers_that_do_not_exist_are_undefined)
{
    PRINTS(mode32, "\x0f\x22\xe0", "mov cr4, eax");
    PRINTS(mode32, "\x0f\x20\x00", "mov eax, cr0"); /* ModRM.mod does not matter */
    REFUSES(mode32, "\x0f\x20\xc8");
    REFUSES(mode32, "\x0f\x22\xe8");
    PRINTS(mode32, "\x8e\xe8", "mov gs, ax");
    REFUSES(mode32, "\x8e\xc8");
    REFUSES(mode32, "\x8c\xf0");
}
END_TEST

START_TEST(absent_features_take_their_encodings_away)
{
    struct x86_decode_mode old = mode32;
    old.features = UINT64_MAX & ~(UINT64_C(1) << X86_FEATURE_BMI1 | UINT64_C(1) << X86_FEATURE_SSE |
                                  UINT64_C(1) << X86_FEATURE_CMOV);
    PRINTS(mode32, "\xf3\x0f\xbc\xc1", "tzcnt eax, ecx");
    PRINTS(old, "\xf3\x0f\xbc\xc1", "bsf eax, ecx");
    REFUSES(old, "\x0f\x28\xc1");
    REFUSES(old, "\x0f\x44\xc1");
    old.features = 1 << X86_FEATURE_186;
    old.code_size = 16;
    PRINTS(old, "\xc1\xe0\x04", "shl ax, 4");
    PRINTS(old, "\xd8\xc1", "fadd st(1)"); /* no #UD: CR0.EM decides */
    REFUSES(old, "\x66\x90");
    REFUSES(old, "\x64\x8a\x04");
    REFUSES(old, "\x0f\x01\xe0");
}
END_TEST

/* As AMD Zen takes them. */
START_TEST(prefixes_that_select_no_row_are_refused)
{
    static const uint8_t refused[][15] = {
        {0xf3, 0x0f, 0x38, 0xf0, 0x07}, /* movbe */
        {0xf3, 0x66, 0x0f, 0x38, 0xf0, 0x07},
        {0xf2, 0xf3, 0x0f, 0x38, 0xf0, 0x07}, /* the last of F2 and F3 counts */
        {0xf3, 0x0f, 0x38, 0x00, 0xc0},       /* pshufb */
        {0xf2, 0x0f, 0xb8, 0xc1},             /* popcnt */
        {0x66, 0x0f, 0xb8, 0xc1},
        {0xf2, 0x66, 0x0f, 0x3a, 0x22, 0xc1}, /* pinsrd */
        {0xf3, 0x66, 0x0f, 0x38, 0x2a, 0x07}, /* movntdqa */
        {0xf3, 0x0f, 0xc7, 0xf0},             /* rdrand */
        {0xf2, 0x0f, 0xc7, 0xf0},
        {0xf2, 0x0f, 0xc7, 0xf8}, /* rdseed */
        {0x66, 0xf2, 0x0f, 0xc7, 0xf8},
        {0x66, 0x0f, 0x01, 0xd0}, /* xgetbv */
        {0xf3, 0x0f, 0x01, 0xd0},
        {0xf2, 0x0f, 0x01, 0xd0},
        {0xf3, 0x0f, 0xae, 0x3f}, /* clflush */
    };
    struct x86_insn insn;
    for (unsigned i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        ck_assert_msg(x86_decode(refused[i], 15, &mode32, &insn) == X86_UNDEFINED, "row %u", i);
    }
    PRINTS(mode32, "\xf3\xf2\x0f\x38\xf0\x07", "crc32 eax, byte ptr [edi]");
    PRINTS(mode32, "\x66\x0f\xc7\xf0", "rdrand ax");
    PRINTS(mode32, "\x66\x0f\x38\xf1\x07", "movbe word ptr [edi], ax");
    PRINTS(mode16, "\x66\x0f\x38\xf0\x07", "movbe eax, dword ptr [bx]");
    PRINTS(mode32, "\x66\xf3\x0f\xb8\xc1", "popcnt ax, cx");
}
END_TEST

START_TEST(aliases_that_hardware_takes_are_decoded)
{
    PRINTS(mode32, "\xd6", "salc");
    PRINTS(mode32, "\xf1", "int1");
    PRINTS(mode32, "\x82\xc3\x05", "add bl, 5");
    PRINTS(mode32, "\xd1\xf0", "sal eax, 1");
    PRINTS(mode32, "\xf6\xc8\x05", "test al, 5");
    PRINTS(mode32, "\xf7\xc8\x05\x00\x00\x00", "test eax, 5");
    PRINTS(mode32, "\xdf\xc1", "ffreep st(1)");
    PRINTS(mode32, "\x0f\x19\xc0", "nop eax");
    PRINTS(mode32, "\x0f\xff\xc1", "ud0 eax, ecx");
}
END_TEST

START_TEST(operands_carry_what_a_lifter_needs)
{
    struct x86_insn insn;
    ck_assert_int_eq(DECODE(mode32, "\x2e\xc7\x44\xd5\x80\xff\xff\xff\xff", insn), X86_DECODED);
    const struct x86_operand *op = &insn.ops[0];
    ck_assert_uint_eq(op->kind, X86_OPERAND_MEM);
    ck_assert_int_eq(op->base, 5);
    ck_assert_int_eq(op->index, 2);
    ck_assert_uint_eq(op->scale, 3);
    ck_assert_int_eq(op->value, -128);
    ck_assert_uint_eq(op->seg, X86_CS);
    ck_assert_uint_eq(op->width, 4);
    ck_assert_uint_eq(insn.opcode_at, 1);
    ck_assert_int_eq(DECODE(mode32, "\x8b\x45\x00", insn), X86_DECODED);
    ck_assert_uint_eq(insn.ops[1].seg, X86_SS);
    ck_assert_int_eq(DECODE(mode32, "\x88\xe0", insn), X86_DECODED);
    ck_assert_uint_eq(insn.ops[1].kind, X86_OPERAND_HIGH);
    ck_assert_uint_eq(insn.ops[1].reg, 0);
    ck_assert_int_eq(DECODE(mode16, "\x9a\x34\x12\x78\x56", insn), X86_DECODED);
    ck_assert_uint_eq(x86_farptr_selector(&insn.ops[0]), 0x5678);
    ck_assert_uint_eq(x86_farptr_offset(&insn.ops[0]), 0x1234);
    ck_assert_int_eq(DECODE(mode32, "\x66\xf3\x0f\xb8\xc1", insn), X86_DECODED);
    ck_assert_uint_eq(insn.mandatory, 0xf3);
    ck_assert_uint_eq(insn.prefixes, X86_PREFIX_OPERAND);
    ck_assert_uint_eq(insn.ops[0].width, 2);
}
END_TEST

START_TEST(long_mode_shapes_are_decoded)
{
    PRINTS(mode64, "\x48\x8b\x05\x10\x00\x00\x00", "mov rax, qword ptr [rip + 0x10]");
    PRINTS(mode64, "\x45\x8b\x44\x25\x08", "mov r8d, dword ptr [r13 + 8]");
    PRINTS(mode64, "\x40\x88\xe0", "mov al, spl");
    PRINTS(mode64, "\x50", "push rax");
    PRINTS(mode64, "\x41\x90", "xchg eax, r8d");
    PRINTS(mode64, "\x48\x63\xc1", "movsxd rax, ecx");
    PRINTS(mode64, "\x48\xb8\x88\x77\x66\x55\x44\x33\x22\x11", "mov rax, 0x1122334455667788");
    PRINTS(mode64, "\x0f\x01\xf8", "swapgs");
    PRINTS(mode64, "\x0f\x20\xc0", "mov rax, cr0");
    PRINTS(mode64, "\x48\x0f\xc7\x0b", "cmpxchg16b xmmword ptr [rbx]");
    REFUSES(mode64, "\x06");
    REFUSES(mode64, "\x9a\x00\x00\x00\x00\x00\x00");
}
END_TEST

static unsigned flags_set(const char *bytes, size_t n)
{
    struct x86_insn insn;
    ck_assert_int_eq(x86_decode((const uint8_t *)bytes, n, &mode32, &insn), X86_DECODED);
    return x86_insn_flags_set(&insn);
}

START_TEST(flags_that_may_survive_are_not_called_set)
{
    struct x86_insn insn;
    ck_assert_uint_eq(flags_set("\x01\xc0", 2), X86_FLAGS_ALL);
    ck_assert_uint_eq(flags_set("\x40", 1), X86_FLAGS_ALL & ~(unsigned)X86_CF);
    ck_assert_uint_eq(flags_set("\xc1\xe0\x04", 3), X86_FLAGS_ALL);
    ck_assert_uint_eq(flags_set("\xc1\xe0\x20", 3), 0);
    ck_assert_uint_eq(flags_set("\xd3\xe0", 2), 0);
    ck_assert_uint_eq(flags_set("\xa6", 1), X86_FLAGS_ALL);
    ck_assert_uint_eq(flags_set("\xf3\xa6", 2), 0);
    ck_assert_int_eq(DECODE(mode32, "\x0f\x8f\x00\x00\x00\x00", insn), X86_DECODED);
    ck_assert_uint_eq(x86_insn_flags_read(&insn), X86_ZF | X86_SF | X86_OF);
}
END_TEST

START_TEST(text_is_cut_to_the_buffer)
{
    struct x86_insn insn;
    char text[8];
    ck_assert_int_eq(DECODE(mode32, "\x01\xc3", insn), X86_DECODED);
    ck_assert_uint_eq(x86_insn_print(&insn, 0, text, sizeof(text)), strlen("add ebx, eax"));
    ck_assert_str_eq(text, "add ebx");
}
END_TEST

START_TEST(decoding_is_fast)
{
    static const uint8_t code[96] = {
        0x55, 0x89, 0xe5, 0x83, 0xec, 0x18, 0x8b, 0x45, 0x08, 0x8b, 0x14,
        0x85, 0x00, 0x10, 0x40, 0x00, 0x85, 0xd2, 0x74, 0x10, 0x0f, 0xb6,
        0x02, 0x89, 0x04, 0x24, 0xe8, 0x00, 0x01, 0x00, 0x00, 0xc9, 0xc3,
    };
    enum { ROUNDS = 100000, INSTRUCTIONS = 12, BYTES = 33 };
    unsigned long count = 0;
    unsigned long failed = 0;
    clock_t start = clock();
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct x86_insn insn;
        for (size_t at = 0; at < BYTES; at += insn.length) {
            failed += x86_decode(code + at, sizeof(code) - at, &mode32, &insn) != X86_DECODED;
            count++;
        }
    }
    double ns = (double)(clock() - start) * 1e9 / CLOCKS_PER_SEC / (double)count;
    ck_assert_uint_eq(failed, 0);
    ck_assert_uint_eq(count, (unsigned long)ROUNDS * INSTRUCTIONS);
    printf("decode: %.1f ns an instruction\n", ns);
    fflush(stdout);
    ck_assert(ns < 5000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decode");
    TCase *tcase = tcase_create("decode");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, sensitive_rows_are_the_published_set_and_its_kin);
    tcase_add_test(tcase, fewer_bytes_than_the_length_are_asked_for);
    tcase_add_test(tcase, sixteen_bytes_are_too_long);
    tcase_add_test(tcase, lock_needs_a_lockable_row_and_memory);
    tcase_add_test(tcase, protected_mode_instructions_do_not_exist_in_real_mode);
    tcase_add_test(tcase, system_registers_that_do_not_exist_are_undefined);
    tcase_add_test(tcase, absent_features_take_their_encodings_away);
    tcase_add_test(tcase, prefixes_that_select_no_row_are_refused);
    tcase_add_test(tcase, aliases_that_hardware_takes_are_decoded);
    tcase_add_test(tcase, operands_carry_what_a_lifter_needs);
    tcase_add_test(tcase, long_mode_shapes_are_decoded);
    tcase_add_test(tcase, flags_that_may_survive_are_not_called_set);
    tcase_add_test(tcase, text_is_cut_to_the_buffer);
    tcase_add_test(tcase, decoding_is_fast);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
