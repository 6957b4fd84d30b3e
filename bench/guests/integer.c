/* Integer kernels: what compiled C does without memory to speak of beyond the second-level cache.
 */
#include "guest.h"

enum { WORDS = 65536, BYTES = 1 << 18, NODES = 40000, BUCKETS = 8192, DIGITS = 256 };

static u32 words[WORDS];
static u8 sieve[1 << 20];
static u8 input[BYTES], output[2 * BYTES];

static void random_input(u32 start)
{
    seed(start);
    for (u32 i = 0; i < BYTES; i++) {
        input[i] = (u8)next();
    }
}

void prepare_fib(void)
{
}

static NOINLINE u32 fib(u32 n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

u32 run_fib(void)
{
    return fib(30);
}

void prepare_sieve(void)
{
}

u32 run_sieve(void)
{
    u32 primes = 0;
    for (u32 i = 0; i < sizeof(sieve); i++) {
        sieve[i] = 1;
    }
    for (u32 i = 2; i < sizeof(sieve); i++) {
        if (sieve[i]) {
            primes++;
            for (u32 j = i + i; j < sizeof(sieve); j += i) {
                sieve[j] = 0;
            }
        }
    }
    return primes;
}

typedef int compare(const u32 *a, const u32 *b);

static NOINLINE int compare_words(const u32 *a, const u32 *b)
{
    return *a < *b ? -1 : *a > *b;
}

static compare *volatile order = compare_words;

static NOINLINE void sort(u32 *array, int low, int high, compare *by)
{
    while (low < high) {
        u32 pivot = array[(low + high) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (by(&array[i], &pivot) < 0) {
                i++;
            }
            while (by(&array[j], &pivot) > 0) {
                j--;
            }
            if (i <= j) {
                u32 other = array[i];
                array[i++] = array[j];
                array[j--] = other;
            }
        }
        if (j - low < high - i) {
            sort(array, low, j, by);
            low = i;
        } else {
            sort(array, i, high, by);
            high = j;
        }
    }
}

void prepare_qsort(void)
{
}

u32 run_qsort(void)
{
    u32 sum = 0;
    seed(1);
    for (u32 i = 0; i < WORDS; i++) {
        words[i] = next();
    }
    sort(words, 0, WORDS - 1, order);
    for (u32 i = 0; i < WORDS; i++) {
        sum = sum * 31 + words[i];
    }
    return sum;
}

static u32 crc_table[256];

void prepare_crc(void)
{
    random_input(7);
    for (u32 i = 0; i < 256; i++) {
        u32 c = i;
        for (u32 bit = 0; bit < 8; bit++) {
            c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
        }
        crc_table[i] = c;
    }
}

u32 run_crc(void)
{
    u32 c = ~0u;
    for (u32 round = 0; round < 30; round++) {
        for (u32 i = 0; i < BYTES; i++) {
            c = crc_table[(c ^ input[i]) & 255] ^ c >> 8;
        }
    }
    return ~c;
}

/* The compression function of SHA-256 (FIPS 180-4) with constants of our own. */
static u32 sha_constants[64];

static u32 rotate(u32 x, u32 by)
{
    return x >> by | x << (32 - by);
}

void prepare_sha(void)
{
    random_input(3);
    for (u32 i = 0; i < COUNT(sha_constants); i++) {
        sha_constants[i] = next() << 8 ^ next();
    }
}

static NOINLINE void sha_block(u32 *hash, const u32 *message)
{
    u32 w[64];
    for (u32 i = 0; i < 64; i++) {
        if (i < 16) {
            w[i] = message[i];
            continue;
        }
        u32 a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] +
               (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    u32 a = hash[0], b = hash[1], c = hash[2], d = hash[3];
    u32 e = hash[4], f = hash[5], g = hash[6], h = hash[7];
    for (u32 i = 0; i < 64; i++) {
        u32 t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) +
                 sha_constants[i] + w[i];
        u32 t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    hash[0] += a, hash[1] += b, hash[2] += c, hash[3] += d;
    hash[4] += e, hash[5] += f, hash[6] += g, hash[7] += h;
}

u32 run_sha(void)
{
    u32 hash[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (u32 round = 0; round < 8; round++) {
        for (u32 i = 0; i < BYTES; i += 64) {
            sha_block(hash, (const u32 *)(input + i));
        }
    }
    return hash[0];
}

static u32 at_bytes(const u8 *p)
{
    u32 value;
    __builtin_memcpy(&value, p, 4);
    return value;
}

void prepare_lz(void)
{
    seed(5);
    for (u32 i = 0; i < BYTES; i++) {
        input[i] =
            i > 300 && (next() & 3) ? input[i - (17 + (next() & 255))] : (u8)((next() & 63) + 32);
    }
}

/* A byte-wise LZ77 compressor with a hash of four bytes. */
static u32 compress(u32 *table)
{
    u32 out = 0, i = 1;
    while (i < BYTES - 8) {
        u32 four = at_bytes(input + i), slot = four * 2654435761u >> 20, before = table[slot];
        table[slot] = i;
        if (!before || at_bytes(input + before) != four) {
            output[out++] = input[i++];
            continue;
        }
        u32 length = 4;
        while (i + length < BYTES && length < 255 && input[before + length] == input[i + length]) {
            length++;
        }
        output[out++] = 255;
        output[out++] = (u8)length;
        output[out++] = (u8)(i - before);
        output[out++] = (u8)((i - before) >> 8);
        i += length;
    }
    return out;
}

u32 run_lz(void)
{
    static u32 table[4096];
    u32 total = 0;
    for (u32 round = 0; round < 12; round++) {
        for (u32 i = 0; i < COUNT(table); i++) {
            table[i] = 0;
        }
        total = total * 33 + compress(table);
    }
    return total;
}

/* A bytecode interpreter: a switch by a jump table. */
enum op { SET, FIVE, ADD, XOR, LESS, SHIFT, LOOP, STOP };

static const volatile u8 program[] = {SET,  0, FIVE,  1, ADD, 0,    1, XOR, 2,   0,
                                      LESS, 1, SHIFT, 2, 1,   LOOP, 1, 4,   STOP};

void prepare_interp(void)
{
}

static u32 interpret(u32 input_word)
{
    u32 r[4] = {0, 0, 0, input_word};
    for (u32 pc = 0;;) {
        switch ((enum op)program[pc]) {
        case SET:
            r[program[pc + 1] & 3] = input_word & 15;
            pc += 2;
            break;
        case FIVE:
            r[program[pc + 1] & 3] = 5;
            pc += 2;
            break;
        case ADD:
            r[program[pc + 1] & 3] += r[program[pc + 2] & 3];
            pc += 3;
            break;
        case XOR:
            r[program[pc + 1] & 3] ^= r[program[pc + 2] & 3] * 3;
            pc += 3;
            break;
        case LESS:
            r[program[pc + 1] & 3]--;
            pc += 2;
            break;
        case SHIFT:
            r[program[pc + 1] & 3] += r[program[pc + 2] & 3] << 2;
            pc += 3;
            break;
        case LOOP:
            pc = r[program[pc + 1] & 3] ? program[pc + 2] : pc + 3;
            break;
        case STOP:
            return r[2];
        }
    }
}

u32 run_interp(void)
{
    u32 sum = 0;
    for (u32 i = 0; i < 150000; i++) {
        sum = sum * 7 + interpret(i);
    }
    return sum;
}

/* A hash table with chains. */
struct node {
    struct node *next;
    u32 key, count;
};

static struct node nodes[NODES], *buckets[BUCKETS];

void prepare_hash(void)
{
}

u32 run_hash(void)
{
    u32 sum = 0;
    for (u32 round = 0; round < 6; round++) {
        for (u32 i = 0; i < BUCKETS; i++) {
            buckets[i] = 0;
        }
        seed(round + 1);
        for (u32 i = 0; i < NODES; i++) {
            u32 key = next() & 0xFFFF, slot = (key * 40503u >> 3) % BUCKETS;
            struct node *node = buckets[slot];
            while (node && node->key != key) {
                node = node->next;
            }
            if (node) {
                node->count++;
            } else {
                node = &nodes[i];
                *node = (struct node){buckets[slot], key, 1};
                buckets[slot] = node;
            }
            sum += node->count;
        }
    }
    return sum;
}

static u32 factor_a[DIGITS], factor_b[DIGITS], product[2 * DIGITS];

void prepare_bignum(void)
{
    seed(9);
    for (u32 i = 0; i < DIGITS; i++) {
        factor_a[i] = next() << 8 | (next() & 255);
        factor_b[i] = next() * 77;
    }
}

u32 run_bignum(void)
{
    u32 sum = 0;
    for (u32 round = 0; round < 30; round++) {
        for (u32 i = 0; i < 2 * DIGITS; i++) {
            product[i] = 0;
        }
        for (u32 i = 0; i < DIGITS; i++) {
            u32 carry = 0;
            for (u32 j = 0; j < DIGITS; j++) {
                u64 t = (u64)factor_a[i] * factor_b[j] + product[i + j] + carry;
                product[i + j] = (u32)t;
                carry = (u32)(t >> 32);
            }
            product[i + DIGITS] = carry;
        }
        sum += product[300];
    }
    return sum;
}

static char strings[64][32];

static NOINLINE u32 length(const char *s)
{
    u32 n = 0;
    while (s[n]) {
        n++;
    }
    return n;
}

static NOINLINE int compare_strings(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++, b++;
    }
    return (u8)*a - (u8)*b;
}

static NOINLINE void copy_string(char *to, const char *from)
{
    while ((*to++ = *from++)) {
    }
}

void prepare_str(void)
{
    seed(11);
    for (u32 i = 0; i < 64; i++) {
        u32 n = 3 + next() % 24;
        for (u32 j = 0; j < n; j++) {
            strings[i][j] = (char)('a' + (next() & 3));
        }
        strings[i][n] = 0;
    }
}

u32 run_str(void)
{
    u32 sum = 0;
    char copy[32] = "";
    for (u32 round = 0; round < 60; round++) {
        for (u32 i = 0; i < 64; i++) {
            for (u32 j = 0; j < 32; j++) {
                sum += length(strings[j]) + (u32)compare_strings(strings[i], strings[j]);
                if (sum % 16 == 0) {
                    copy_string(copy, strings[i]);
                    sum += (u8)copy[1];
                }
            }
        }
    }
    return sum;
}

/* Calls through pointers in objects. */
struct object {
    u32 (*method)(struct object *, u32);
    u32 value;
};

static NOINLINE u32 method_add(struct object *o, u32 x)
{
    return x + o->value;
}

static NOINLINE u32 method_xor(struct object *o, u32 x)
{
    return x ^ o->value;
}

static NOINLINE u32 method_triple(struct object *o, u32 x)
{
    return x * 3 + o->value;
}

static NOINLINE u32 method_half(struct object *o, u32 x)
{
    return (x >> 1) - o->value;
}

static struct object objects[256];

void prepare_virtual(void)
{
    static u32 (*const methods[])(struct object *, u32) = {method_add, method_xor, method_triple,
                                                           method_half};
    seed(17);
    for (u32 i = 0; i < COUNT(objects); i++) {
        objects[i] = (struct object){methods[next() & 3], i};
    }
}

u32 run_virtual(void)
{
    u32 x = 1;
    for (u32 round = 0; round < 6000; round++) {
        for (u32 i = 0; i < COUNT(objects); i++) {
            x = objects[i].method(&objects[i], x);
        }
    }
    return x;
}

void prepare_queens(void)
{
}

static NOINLINE u32 place(u32 columns, u32 left, u32 right, u32 all)
{
    u32 found = 0;
    if (columns == all) {
        return 1;
    }
    for (u32 free = all & ~(columns | left | right); free;) {
        u32 bit = free & -free;
        free ^= bit;
        found += place(columns | bit, (left | bit) << 1, (right | bit) >> 1, all);
    }
    return found;
}

u32 run_queens(void)
{
    return place(0, 0, 0, (1u << 11) - 1);
}
