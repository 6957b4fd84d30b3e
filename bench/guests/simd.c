/* Kernels on 128-bit vectors: SSE2 integers, SSE singles. */
#include "guest.h"

typedef short shorts __attribute__((vector_size(16)));
typedef float floats __attribute__((vector_size(16)));

enum { VECTORS = 4096 };

static shorts ints_a[VECTORS], ints_b[VECTORS];
static floats floats_a[VECTORS], floats_b[VECTORS];

void prepare_simd_int(void)
{
    for (int i = 0; i < VECTORS; i++) {
        for (int j = 0; j < 8; j++) {
            ints_a[i][j] = (short)(i + j);
            ints_b[i][j] = (short)(i * 3 - j);
        }
    }
}

u32 run_simd_int(void)
{
    shorts sum = {0};
    u32 result = 0;
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < VECTORS; i++) {
            shorts product = ints_a[i] * ints_b[i], greater = ints_a[i] > ints_b[i];
            sum += (product & greater) + (ints_a[i] << 2);
        }
    }
    for (int j = 0; j < 8; j++) {
        result = result * 31 + (u16)sum[j];
    }
    return result;
}

void prepare_simd_float(void)
{
    for (int i = 0; i < VECTORS; i++) {
        for (int j = 0; j < 4; j++) {
            floats_a[i][j] = (float)i * .001f + (float)j;
            floats_b[i][j] = 1.0f - (float)i * .0001f;
        }
    }
}

u32 run_simd_float(void)
{
    floats sum = {0};
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < VECTORS; i++) {
            sum = sum * floats_b[i] + floats_a[i];
        }
    }
    return (u32)(int)((sum[0] + sum[1] + sum[2] + sum[3]) * 16);
}
