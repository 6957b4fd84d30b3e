/*
 * Any bytes as an instruction: the decoder looks at no byte beyond those that it is given, agrees
 * with itself when they come one by one, and prints what it made of them into whatever room there
 * is.
 *
 * Input: mode, eight bytes of features, the instruction.
 */
#include "base/endian.h"
#include "frontend/x86/decode/insn.h"
#include "tests/fuzz_code/fuzz.h"

enum { HEADER = 9, TEXT = 128 };

/* The bytes end where the block of memory ends, so that the sanitizer sees a read too far. */
static enum x86_decode_result decode_exactly(const uint8_t *bytes, size_t count,
                                             const struct x86_decode_mode *mode,
                                             struct x86_insn *insn)
{
    uint8_t *exact = malloc(count ? count : 1);
    memcpy(exact, bytes, count);
    enum x86_decode_result result = x86_decode(exact, count, mode, insn);
    free(exact);
    return result;
}

static void check_whole(const uint8_t *bytes, const struct x86_decode_mode *mode,
                        const struct x86_insn *whole)
{
    struct x86_insn part;
    for (size_t n = 0; n < whole->length; n++) {
        fuzz_expect(decode_exactly(bytes, n, mode, &part) == X86_NEED_MORE, "a part is enough");
    }
    fuzz_expect(decode_exactly(bytes, whole->length, mode, &part) == X86_DECODED, "more is needed");
    fuzz_expect(part.mnemonic == whole->mnemonic && part.length == whole->length,
                "what follows changes the instruction");
}

static void check_text(const struct x86_insn *insn)
{
    char text[TEXT];
    size_t length = x86_insn_print(insn, 0x1000, text, sizeof(text));
    fuzz_expect(length < sizeof(text) && strlen(text) == length, "the text is longer than it says");
    for (size_t room = 1; room <= length; room += 7) {
        char *cut = malloc(room);
        x86_insn_print(insn, 0x1000, cut, room);
        fuzz_expect(strlen(cut) < room, "the text runs past its room");
        free(cut);
    }
    (void)x86_insn_flags_read(insn);
    (void)x86_insn_flags_set(insn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t code_sizes[4] = {16, 32, 64, 32};
    struct x86_insn insn;
    if (size < HEADER) {
        return 0;
    }
    struct x86_decode_mode mode = {.features = load_le64(data + 1),
                                   .code_size = code_sizes[data[0] & 3],
                                   .protected_mode = (data[0] & 4) != 0};
    if (mode.code_size != 16) {
        mode.features |= UINT64_C(1) << X86_FEATURE_286 | UINT64_C(1) << X86_FEATURE_386;
    }
    const uint8_t *bytes = data + HEADER;
    size_t count = size - HEADER;
    enum x86_decode_result result = decode_exactly(bytes, count, &mode, &insn);
    fuzz_expect(insn.length <= X86_MAX_LENGTH || result == X86_TOO_LONG || result == X86_NEED_MORE,
                "longer than an instruction may be");
    if (result == X86_DECODED) {
        fuzz_expect(insn.length >= 1 && insn.length <= count, "longer than its bytes");
        fuzz_expect(insn.mnemonic != X86_invalid, "decoded to nothing");
        if (mode.features >> X86_FEATURE_286 & 1) { /* before, endless prefixes came one by one */
            check_whole(bytes, &mode, &insn);
        }
        check_text(&insn);
    }
    return 0;
}
