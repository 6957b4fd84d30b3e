/* Little- and big-endian loads and stores at any alignment, on any host. */
#ifndef BASE_ENDIAN_H
#define BASE_ENDIAN_H

#include <stdint.h>

static inline uint16_t load_le16(const void *from)
{
    const uint8_t *b = from;
    return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t load_le32(const void *from)
{
    const uint8_t *b = from;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t load_le64(const void *from)
{
    const uint8_t *b = from;
    return load_le32(b) | (uint64_t)load_le32(b + 4) << 32;
}

static inline void store_le16(void *to, uint16_t value)
{
    uint8_t *b = to;
    b[0] = (uint8_t)value;
    b[1] = (uint8_t)(value >> 8);
}

static inline void store_le32(void *to, uint32_t value)
{
    uint8_t *b = to;
    store_le16(b, (uint16_t)value);
    store_le16(b + 2, (uint16_t)(value >> 16));
}

static inline void store_le64(void *to, uint64_t value)
{
    uint8_t *b = to;
    store_le32(b, (uint32_t)value);
    store_le32(b + 4, (uint32_t)(value >> 32));
}

static inline uint16_t load_be16(const void *from)
{
    const uint8_t *b = from;
    return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t load_be32(const void *from)
{
    const uint8_t *b = from;
    return (uint32_t)load_be16(b) << 16 | load_be16(b + 2);
}

static inline uint64_t load_be64(const void *from)
{
    const uint8_t *b = from;
    return (uint64_t)load_be32(b) << 32 | load_be32(b + 4);
}

static inline void store_be16(void *to, uint16_t value)
{
    uint8_t *b = to;
    b[0] = (uint8_t)(value >> 8);
    b[1] = (uint8_t)value;
}

static inline void store_be32(void *to, uint32_t value)
{
    uint8_t *b = to;
    store_be16(b, (uint16_t)(value >> 16));
    store_be16(b + 2, (uint16_t)value);
}

static inline void store_be64(void *to, uint64_t value)
{
    uint8_t *b = to;
    store_be32(b, (uint32_t)(value >> 32));
    store_be32(b + 4, (uint32_t)value);
}

/* Little-endian value of 1, 2, 4 or 8 bytes. */
static inline uint64_t load_le(const void *from, unsigned size)
{
    switch (size) {
    case 1:
        return *(const uint8_t *)from;
    case 2:
        return load_le16(from);
    case 4:
        return load_le32(from);
    default:
        return load_le64(from);
    }
}

static inline void store_le(void *to, uint64_t value, unsigned size)
{
    switch (size) {
    case 1:
        *(uint8_t *)to = (uint8_t)value;
        break;
    case 2:
        store_le16(to, (uint16_t)value);
        break;
    case 4:
        store_le32(to, (uint32_t)value);
        break;
    default:
        store_le64(to, value);
        break;
    }
}

#endif
