/*
 * Operations of general registers that came with the vector extensions: CRC32, POPCNT, MOVBE (SDM
 * volume 2).  Word forms keep the upper half of a destination register; CRC32 always writes 32
 * bits.
 */
#include "frontend/x86/helper/vec.h"

/* CRC-32C, polynomial 11EDC6F41h, bits reflected. */
static void crc(struct vec_call *call, unsigned bits)
{
    uint32_t value = (uint32_t)call->dst.q[0];
    value ^= (uint32_t)(call->src.q[0] & bits_mask(bits));
    for (unsigned i = 0; i < bits; i++) {
        value = value >> 1 ^ (value & 1 ? UINT32_C(0x82f63b78) : 0);
    }
    call->dst.q[0] = value;
}

static void count_ones(struct vec_call *call, unsigned bits)
{
    uint64_t value = call->src.q[0] & bits_mask(bits);
    vec_put(&call->dst, bits, 0, (uint64_t)__builtin_popcountll(value));
    call->eflags = value == 0 ? FLAG_ZF : 0;
    call->sets_eflags = true;
}

static void swap_bytes(struct vec_call *call, unsigned bits)
{
    vec_put(&call->dst, bits, 0, __builtin_bswap64(call->src.q[0]) >> (64 - bits));
}

#define ROW(name, body)                    \
    void vec_##name(struct vec_call *call) \
    {                                      \
        body;                              \
    }

/* clang-format off */
ROW(crc32_b,       crc(call, 8))
ROW(crc32_w,       crc(call, 16))
ROW(crc32_d,       crc(call, 32))
ROW(popcnt_w,      count_ones(call, 16))
ROW(popcnt_d,      count_ones(call, 32))
ROW(movbe_w,       swap_bytes(call, 16))
ROW(movbe_d,       swap_bytes(call, 32))
ROW(movbe_store_w, swap_bytes(call, 16))
ROW(movbe_store_d, swap_bytes(call, 32))
/* clang-format on */
