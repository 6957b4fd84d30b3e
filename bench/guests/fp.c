/*
 * Floating-point kernels, compiled twice: for SSE2 (UNIT sse) and for the x87 (UNIT x87).  Only
 * results that rounding to 53 or 64 bits cannot change go into the checksum within one unit.
 */
#include "guest.h"

#define JOIN2(a, b)  a##b
#define JOIN(a, b)   JOIN2(a, b)
#define NAME(prefix) JOIN(prefix, UNIT)

enum { SIZE = 96, BODIES = 5 };

static double a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

void NAME(prepare_matmul_)(void)
{
    for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) {
            a[i][j] = i * 0.5 + j;
            b[i][j] = i - j * 0.25;
        }
    }
}

u32 NAME(run_matmul_)(void)
{
    double sum = 0;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < SIZE; i++) {
            for (int j = 0; j < SIZE; j++) {
                double t = 0;
                for (int k = 0; k < SIZE; k++) {
                    t += a[i][k] * b[k][j];
                }
                c[i][j] = t;
            }
        }
        sum += c[round][round + 5];
    }
    return (u32)(int)(sum / 1000);
}

void NAME(prepare_mandel_)(void)
{
}

u32 NAME(run_mandel_)(void)
{
    u32 total = 0;
    for (int y = 0; y < 120; y++) {
        for (int x = 0; x < 120; x++) {
            double cr = x * (3.0 / 120) - 2, ci = y * (2.0 / 120) - 1, zr = 0, zi = 0;
            u32 n = 0;
            for (; n < 100; n++) {
                double zr2 = zr * zr, zi2 = zi * zi;
                if (zr2 + zi2 > 4) {
                    break;
                }
                zi = 2 * zr * zi + ci;
                zr = zr2 - zi2 + cr;
            }
            total += n;
        }
    }
    return total;
}

static double place[BODIES][3], speed[BODIES][3], mass[BODIES];

void NAME(prepare_nbody_)(void)
{
}

static void start(void)
{
    for (int i = 0; i < BODIES; i++) {
        mass[i] = 1.0 / (i + 1);
        for (int k = 0; k < 3; k++) {
            place[i][k] = i * 1.5 + k * 0.3;
            speed[i][k] = 0.01 * k - 0.003 * i;
        }
    }
}

static void attract(int i, int j)
{
    double d[3], square = 0.01, root;
    for (int k = 0; k < 3; k++) {
        d[k] = place[i][k] - place[j][k];
        square += d[k] * d[k];
    }
    __asm__(ROOT : ROOT_OUT(root) : ROOT_IN(square));
    double pull = 0.001 / (square * root);
    for (int k = 0; k < 3; k++) {
        speed[i][k] -= d[k] * mass[j] * pull;
        speed[j][k] += d[k] * mass[i] * pull;
    }
}

u32 NAME(run_nbody_)(void)
{
    start();
    for (int step = 0; step < 7500; step++) {
        for (int i = 0; i < BODIES; i++) {
            for (int j = i + 1; j < BODIES; j++) {
                attract(i, j);
            }
        }
        for (int i = 0; i < BODIES; i++) {
            for (int k = 0; k < 3; k++) {
                place[i][k] += 0.001 * speed[i][k];
            }
        }
    }
    return (u32)(int)(place[0][0] * 1e4);
}
