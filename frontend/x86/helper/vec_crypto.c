/*
 * AES (FIPS 197; SDM volume 2, AESENC and its kin) and PCLMULQDQ, computed from their definitions.
 *
 * The state's byte at row r, column c is byte 4 * c + r of the register.
 */
#include "frontend/x86/helper/vec.h"

/* Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
static uint8_t field_mul(uint8_t a, uint8_t b)
{
    unsigned product = 0;
    for (unsigned x = a; b != 0; b >>= 1) {
        product ^= b & 1 ? x : 0;
        x = x << 1 ^ (x & 0x80 ? 0x11b : 0);
    }
    return (uint8_t)product;
}

/* a^254: the inverse, and 0 of 0. */
static uint8_t field_inverse(uint8_t a)
{
    uint8_t power = a; /* a^(2^n - 1) */
    for (unsigned i = 0; i < 6; i++) {
        power = field_mul(field_mul(power, power), a);
    }
    return field_mul(power, power);
}

static uint8_t rotate(uint8_t a, unsigned n)
{
    return (uint8_t)(a << n | a >> (8 - n));
}

static uint8_t substitute(uint8_t a)
{
    uint8_t x = field_inverse(a);
    return x ^ rotate(x, 1) ^ rotate(x, 2) ^ rotate(x, 3) ^ rotate(x, 4) ^ 0x63;
}

static uint8_t substitute_back(uint8_t a)
{
    return field_inverse(rotate(a, 1) ^ rotate(a, 3) ^ rotate(a, 6) ^ 0x05);
}

/* Row r moves r places to the left (encryption) or to the right, and is substituted. */
static struct vec shift_and_substitute(const struct vec *state, bool decrypt)
{
    struct vec out = {{0, 0}};
    for (unsigned i = 0; i < 16; i++) {
        unsigned row = i & 3;
        unsigned from = (decrypt ? i - 4 * row : i + 4 * row) & 15;
        uint8_t byte = (uint8_t)vec_get(state, 8, from);
        vec_put(&out, 8, i, decrypt ? substitute_back(byte) : substitute(byte));
    }
    return out;
}

/* Each column times a circulant matrix whose first row is given. */
static struct vec mix_columns(const struct vec *state, const uint8_t factors[4])
{
    struct vec out = {{0, 0}};
    for (unsigned i = 0; i < 16; i++) {
        uint8_t sum = 0;
        for (unsigned k = 0; k < 4; k++) {
            uint8_t byte = (uint8_t)vec_get(state, 8, (i & 12) + k);
            sum ^= field_mul(byte, factors[(k - i) & 3]);
        }
        vec_put(&out, 8, i, sum);
    }
    return out;
}

static const uint8_t mix[4] = {2, 3, 1, 1};
static const uint8_t mix_back[4] = {14, 11, 13, 9};

static void round_of(struct vec_call *call, bool decrypt, bool last)
{
    struct vec state = shift_and_substitute(&call->dst, decrypt);
    if (!last) {
        state = mix_columns(&state, decrypt ? mix_back : mix);
    }
    call->dst.q[0] = state.q[0] ^ call->src.q[0];
    call->dst.q[1] = state.q[1] ^ call->src.q[1];
}

void vec_aesenc(struct vec_call *call)
{
    round_of(call, false, false);
}

void vec_aesenclast(struct vec_call *call)
{
    round_of(call, false, true);
}

void vec_aesdec(struct vec_call *call)
{
    round_of(call, true, false);
}

void vec_aesdeclast(struct vec_call *call)
{
    round_of(call, true, true);
}

void vec_aesimc(struct vec_call *call)
{
    call->dst = mix_columns(&call->src, mix_back);
}

/* Doublewords 1 and 3 of src substituted; and the same rotated by a byte, with the round constant.
 */
void vec_aeskeygenassist(struct vec_call *call)
{
    for (unsigned half = 0; half < 2; half++) {
        uint32_t word = 0;
        for (unsigned i = 0; i < 4; i++) {
            uint8_t byte = (uint8_t)vec_get(&call->src, 8, half * 8 + 4 + i);
            word |= (uint32_t)substitute(byte) << 8 * i;
        }
        vec_put(&call->dst, 32, half * 2, word);
        vec_put(&call->dst, 32, half * 2 + 1, (word >> 8 | word << 24) ^ call->imm8);
    }
}

/* Product without carries of one quadword of each operand. */
void vec_pclmulqdq(struct vec_call *call)
{
    uint64_t a = call->dst.q[call->imm8 & 1];
    uint64_t b = call->src.q[call->imm8 >> 4 & 1];
    struct vec out = {{0, 0}};
    for (unsigned i = 0; i < 64; i++) {
        if (b >> i & 1) {
            out.q[0] ^= a << i;
            out.q[1] ^= i ? a >> (64 - i) : 0;
        }
    }
    call->dst = out;
}
