/*
 * The SHA extensions (FIPS 180-4; SDM volume 2, SHA1RNDS4 and its kin).
 *
 * Words of a message stand from the highest lane down in SHA-1, from the lowest up in SHA-256; the
 * working variables A B C D, or A B E F and C D G H, stand from the highest lane down.
 */
#include "frontend/x86/helper/vec.h"

static uint32_t rotate(uint32_t x, unsigned left)
{
    return x << left | x >> (32 - left);
}

static uint32_t lane(const struct vec *v, unsigned i)
{
    return (uint32_t)vec_get(v, 32, i);
}

static struct vec of_lanes(uint32_t l3, uint32_t l2, uint32_t l1, uint32_t l0)
{
    return (struct vec){{(uint64_t)l1 << 32 | l0, (uint64_t)l3 << 32 | l2}};
}

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) ^ (~x & z);
}

static uint32_t parity(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) ^ (x & z) ^ (y & z);
}

/* ---- SHA-1 ---- */

void vec_sha1nexte(struct vec_call *call)
{
    uint32_t e = rotate(lane(&call->dst, 3), 30);
    call->dst = call->src;
    vec_put(&call->dst, 32, 3, (uint64_t)lane(&call->src, 3) + e);
}

void vec_sha1msg1(struct vec_call *call)
{
    uint64_t low = call->dst.q[0];
    call->dst.q[0] ^= call->src.q[1];
    call->dst.q[1] ^= low;
}

void vec_sha1msg2(struct vec_call *call)
{
    const struct vec *d = &call->dst;
    const struct vec *s = &call->src;
    uint32_t w16 = rotate(lane(d, 3) ^ lane(s, 2), 1);
    uint32_t w17 = rotate(lane(d, 2) ^ lane(s, 1), 1);
    uint32_t w18 = rotate(lane(d, 1) ^ lane(s, 0), 1);
    uint32_t w19 = rotate(lane(d, 0) ^ w16, 1);
    call->dst = of_lanes(w16, w17, w18, w19);
}

/* Four rounds; the first word has E added to it already. */
void vec_sha1rnds4(struct vec_call *call)
{
    static const struct {
        uint32_t (*mix)(uint32_t x, uint32_t y, uint32_t z);
        uint32_t constant;
    } stages[4] = {
        {choose, 0x5a827999}, {parity, 0x6ed9eba1}, {majority, 0x8f1bbcdc}, {parity, 0xca62c1d6}};
    unsigned stage = call->imm8 & 3;
    uint32_t a = lane(&call->dst, 3);
    uint32_t b = lane(&call->dst, 2);
    uint32_t c = lane(&call->dst, 1);
    uint32_t d = lane(&call->dst, 0);
    uint32_t e = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t sum = stages[stage].mix(b, c, d) + rotate(a, 5) + lane(&call->src, 3 - i) + e +
                       stages[stage].constant;
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = sum;
    }
    call->dst = of_lanes(a, b, c, d);
}

/* ---- SHA-256 ---- */

static uint32_t small_sigma0(uint32_t x)
{
    return rotate(x, 25) ^ rotate(x, 14) ^ x >> 3;
}

static uint32_t small_sigma1(uint32_t x)
{
    return rotate(x, 15) ^ rotate(x, 13) ^ x >> 10;
}

static uint32_t big_sigma0(uint32_t x)
{
    return rotate(x, 30) ^ rotate(x, 19) ^ rotate(x, 10);
}

static uint32_t big_sigma1(uint32_t x)
{
    return rotate(x, 26) ^ rotate(x, 21) ^ rotate(x, 7);
}

void vec_sha256msg1(struct vec_call *call)
{
    const struct vec *d = &call->dst;
    call->dst = of_lanes(
        lane(d, 3) + small_sigma0(lane(&call->src, 0)), lane(d, 2) + small_sigma0(lane(d, 3)),
        lane(d, 1) + small_sigma0(lane(d, 2)), lane(d, 0) + small_sigma0(lane(d, 1)));
}

void vec_sha256msg2(struct vec_call *call)
{
    const struct vec *d = &call->dst;
    uint32_t w16 = lane(d, 0) + small_sigma1(lane(&call->src, 2));
    uint32_t w17 = lane(d, 1) + small_sigma1(lane(&call->src, 3));
    uint32_t w18 = lane(d, 2) + small_sigma1(w16);
    uint32_t w19 = lane(d, 3) + small_sigma1(w17);
    call->dst = of_lanes(w19, w18, w17, w16);
}

/* Two rounds; XMM0 has their words with the constants added. */
void vec_sha256rnds2(struct vec_call *call)
{
    const struct vec *s = &call->src;
    const struct vec *t = &call->dst;
    uint32_t x[8] = {lane(s, 3), lane(s, 2), lane(t, 3), lane(t, 2),
                     lane(s, 1), lane(s, 0), lane(t, 1), lane(t, 0)};
    for (unsigned i = 0; i < 2; i++) {
        uint32_t word = (uint32_t)(call->ctx->xmm[0].q[0] >> 32 * i);
        uint32_t sum = x[7] + big_sigma1(x[4]) + choose(x[4], x[5], x[6]) + word;
        uint32_t next = sum + big_sigma0(x[0]) + majority(x[0], x[1], x[2]);
        for (unsigned k = 7; k > 0; k--) {
            x[k] = x[k - 1];
        }
        x[4] += sum;
        x[0] = next;
    }
    call->dst = of_lanes(x[0], x[1], x[4], x[5]);
}
