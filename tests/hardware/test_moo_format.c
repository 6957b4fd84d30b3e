/*
 * The reader of captured cases and the board they run on, with a file made here: MOO version 1.1
 * with registers of 32 bits, masks for the file and for a case, an exception, chunks nobody knows,
 * a withdrawn case; flags by opcode from 80386.csv.
 */
#include "tests/hardware/facts.h"
#include "tests/hardware/rig.h"

#include "base/endian.h"

#include <check.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOM = 4096, CODE = 0x10000, CS = CODE >> 4, DEPTH = 4 };

/* A file in the making; open chunks, whose length is not yet known. */
static struct making {
    uint8_t bytes[ROOM];
    size_t used, open[DEPTH];
    unsigned depth;
} making;

static char folder[] = "moo-XXXXXX";
static char path[64];

static void put(uint64_t value, unsigned bytes)
{
    store_le(making.bytes + making.used, value, bytes);
    making.used += bytes;
}

static void put_text(const char *text, size_t bytes)
{
    memcpy(making.bytes + making.used, text, bytes);
    making.used += bytes;
}

static void chunk(const char *name)
{
    put_text(name, 4);
    put(0, 4);
    making.open[making.depth++] = making.used;
}

static void end(void)
{
    size_t from = making.open[--making.depth];
    store_le32(making.bytes + from - 4, (uint32_t)(making.used - from));
}

/* Bits and values of an RG32 or RM32 chunk, in the order of the bits. */
static void registers(const char *name, uint32_t bits, const uint32_t *values)
{
    chunk(name);
    put(bits, 4);
    for (; bits; bits &= bits - 1) {
        put(*values++, 4);
    }
    end();
}

static void memory(const struct moo_byte *bytes, unsigned count)
{
    chunk("RAM ");
    put(count, 4);
    for (unsigned i = 0; i < count; i++) {
        put(bytes[i].at, 4);
        put(bytes[i].value, 1);
    }
    end();
}

/* cr0 cr3 eax ebx ecx edx esi edi ebp esp cs ds es fs gs ss eip eflags dr6 dr7 */
static const uint32_t start[20] = {0x7ffefff0, 0,  0x80000001, 0x90000002, 3,          4,  5,
                                   6,          7,  0x100,      CS,         CS,         CS, 0x1234,
                                   CS,         CS, 0x20,       0xfffc0002, 0xffff0ff0, 0};

static void begin_test(uint32_t index, const char *code, unsigned bytes)
{
    chunk("TEST");
    put(index, 4);
    chunk("GMET"); /* no reader has to know it */
    put(0, 4);
    end();
    chunk("NAME");
    put(3, 4);
    put_text("one", 3);
    end();
    chunk("BYTS");
    put(bytes, 4);
    put_text(code, bytes);
    end();
    chunk("INIT");
    registers("RG32", 0xfffff, start);
    struct moo_byte ram[16];
    for (unsigned i = 0; i < bytes; i++) {
        ram[i] = (struct moo_byte){CODE + 0x20 + i, (uint8_t)code[i]};
    }
    ram[bytes] = (struct moo_byte){CODE + 0x80, 0xf4}; /* handler of #UD */
    ram[bytes + 1] = (struct moo_byte){6 * 4, 0x80};
    ram[bytes + 2] = (struct moo_byte){6 * 4 + 3, CS >> 8};
    memory(ram, bytes + 3);
    end();
    chunk("FINA");
}

static void end_test(uint8_t hash)
{
    chunk("HASH");
    for (unsigned i = 0; i < MOO_HASH; i++) {
        put(hash, 1);
    }
    end();
    end();
}

/* add eax, ebx with its carry; wrong: with a result no processor has. */
static void add_test(uint32_t index, uint32_t sum, uint8_t hash)
{
    begin_test(index, "\x66\x01\xd8\xf4", 4);
    const uint32_t after[] = {sum, 0x24, 0xfffc0803};
    registers("RG32", 1u << 2 | 1u << 16 | 1u << 17, after);
    memory(NULL, 0);
    end();
    end_test(hash);
}

/* lock nop: #UD; the flags it pushes have bits that the case leaves undefined. */
static void exception_test(void)
{
    begin_test(1, "\xf0\x90\xf4", 3);
    const uint32_t after[] = {0xfa, 0x81, 0xfffc0002};
    registers("RG32", 1u << 9 | 1u << 16 | 1u << 17, after);
    const uint32_t mask = ~UINT32_C(0x10);
    registers("RM32", 1u << 17, &mask);
    const struct moo_byte frame[] = {{CODE + 0xfa, 0x20},    {CODE + 0xfb, 0},    {CODE + 0xfc, 0},
                                     {CODE + 0xfd, CS >> 8}, {CODE + 0xfe, 0x12}, {CODE + 0xff, 0}};
    memory(frame, 6);
    end();
    chunk("EXCP");
    put(6, 1);
    put(CODE + 0xfe, 4);
    end();
    end_test(0);
}

static void make(void)
{
    making.used = making.depth = 0;
    chunk("MOO ");
    put(0x0101, 4);
    put(4, 4);
    put_text("386E", 4);
    end();
    chunk("META");
    put(0, 4);
    end();
    const uint32_t mask = ~UINT32_C(4); /* PF is undefined in the whole file */
    registers("RM32", 1u << 17, &mask);
    add_test(0, 0x10000003, 0xaa);
    exception_test();
    add_test(2, 0x10000004, 0xbb);
    add_test(3, 0x10000004, 0xcc);
    FILE *out = fopen(path, "wb");
    ck_assert(out != NULL);
    ck_assert_uint_eq(fwrite(making.bytes, 1, making.used, out), making.used);
    fclose(out);
}

static void make_text(const char *name, const char *text)
{
    char file[64];
    snprintf(file, sizeof(file), "%s/%s", folder, name);
    FILE *out = fopen(file, "w");
    ck_assert(out != NULL);
    fputs(text, out);
    fclose(out);
}

START_TEST(every_chunk_is_read)
{
    static struct moo_case c;
    make();
    struct moo_file file = moo_open(path);
    ck_assert(file.data != NULL && file.wide && file.halts);
    ck_assert(moo_next(&file, &c));
    ck_assert_str_eq(c.name, "one");
    ck_assert_uint_eq(c.before[MOO_AX], 0x80000001);
    ck_assert_uint_eq(c.before[MOO_FS], 0x1234);
    ck_assert_uint_eq(c.after[MOO_AX], 0x10000003);
    ck_assert_uint_eq(c.after[MOO_BX], 0x90000002);
    ck_assert_uint_eq(c.mask[MOO_FLAGS], 0x3fffb);
    ck_assert_uint_eq(c.hash[19], 0xaa);
    ck_assert_uint_eq(c.code, CODE + 0x20);
    ck_assert_uint_eq(c.length, 4);
    ck_assert_uint_eq(c.initial, 7);
    ck_assert(moo_next(&file, &c));
    ck_assert_uint_eq(c.mask[MOO_FLAGS], 0x3ffeb);
    ck_assert_uint_eq(c.flags_at, CODE + 0xfe);
    ck_assert(moo_next(&file, &c));
    ck_assert_uint_eq(c.index, 2);
    ck_assert_uint_eq(c.mask[MOO_FLAGS], 0x3fffb);
    ck_assert(moo_next(&file, &c));
    ck_assert(!moo_next(&file, &c));
    moo_close(&file);
}
END_TEST

START_TEST(cases_run_and_wrong_ones_are_told)
{
    static struct moo_case c;
    struct cpu_fixture f;
    char why[200];
    make();
    ck_assert(cpu_fixture_create(&f, "386", _i ? "native" : "portable", 0));
    rig_init(&f);
    struct moo_file file = moo_open(path);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert(moo_next(&file, &c));
        ck_assert_msg(rig_agrees(&f, &c, why, sizeof(why)), "%s", why);
    }
    ck_assert(moo_next(&file, &c));
    ck_assert(!rig_agrees(&f, &c, why, sizeof(why)));
    ck_assert_str_eq(why, "ax is 10000003, hardware 10000004, before 80000001");
    moo_close(&file);
    cpu_fixture_destroy(&f);
}
END_TEST

START_TEST(facts_stand_beside_the_cases)
{
    unsigned count;
    make_text("80386.csv", "op,g,ex,f_umask,desc\n80,1,4,FFEF,\"and, of bytes\"\n0FAF,,,FF2B,\n");
    make_text("revocation_list.txt", "# withdrawn\nCCCCCCCCCCCCCCCCCCCCcccccccccccccccccccc\n");
    ck_assert_uint_eq(facts_flags(folder, "676680.4"), 0xffef);
    ck_assert_uint_eq(facts_flags(folder, "660FAF"), 0xff2b);
    ck_assert_uint_eq(facts_flags(folder, "80.5"), 0xffff);
    uint8_t *revoked = facts_revoked(folder, &count);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(revoked[0], 0xcc);
    free(revoked);
    ck_assert_ptr_null(facts_known("286", "CD", 1));
    ck_assert_ptr_nonnull(facts_known("286", "CD", 2044));
}
END_TEST

static void remove_all(void)
{
    static const char *const names[] = {"00.MOO", "80386.csv", "revocation_list.txt"};
    for (unsigned i = 0; i < 3; i++) {
        char file[64];
        snprintf(file, sizeof(file), "%s/%s", folder, names[i]);
        unlink(file);
    }
    rmdir(folder);
}

int main(void)
{
    if (!mkdtemp(folder)) {
        return EXIT_FAILURE;
    }
    snprintf(path, sizeof(path), "%s/00.MOO", folder);
    Suite *suite = suite_create("captured cases");
    TCase *tcase = tcase_create("captured cases");
    tcase_add_test(tcase, every_chunk_is_read);
    tcase_add_loop_test(tcase, cases_run_and_wrong_ones_are_told, 0,
                        cpu_fixture_engine("native") ? 2 : 1);
    tcase_add_test(tcase, facts_stand_beside_the_cases);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    remove_all();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
