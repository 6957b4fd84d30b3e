/*
 * Firmware configuration: see fw_cfg.h.
 *
 *     510h  16-bit write: select an item, position 0
 *     511h  8-bit read: next byte of it, 0 past the end
 *     514h  64-bit big-endian address of a DMA descriptor; writing the low half (518h) runs it
 *           { u32 control, u32 length, u64 address }, all big-endian; control is written back:
 *           0 done, 1 error
 *
 * Not modelled: items the guest may write (a write ends in an error, as on a read-only item).
 */
#include "devices/firmware/fw_cfg.h"

#include "base/endian.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    PORT_BASE = 0x510,
    PORTS = 12,
    OFFSET_SELECT = 0,
    OFFSET_DATA = 1,
    OFFSET_DMA_HIGH = 4,
    OFFSET_DMA_LOW = 8,
};

enum {
    DMA_ERROR = 0x01,
    DMA_READ = 0x02,
    DMA_SKIP = 0x04,
    DMA_SELECT = 0x08,
    DMA_WRITE = 0x10,
    DMA_DESCRIPTOR_BYTES = 16,
};

enum {
    FEATURES = 3, /* the two ports, DMA */
    FILES_MAX = 96,
    NAME_BYTES = 56,
    DIRECTORY_ROW = 64,
    ITEMS_MAX = 32 + FILES_MAX + 16,
    WINDOW_BYTES = 65536,
};

/* What the DMA address register reads as: "QEMU CFG". */
#define DMA_SIGNATURE UINT64_C(0x51454d5520434647)

/* clang-format off */
#define FW_CFG_STATE(S, VAL, ARR, SUB)                              \
    VAL(S, u16, key,         0, "selected item")                    \
    VAL(S, u32, position,    0, "of the next byte in it")           \
    VAL(S, u32, dma_high,    0, "high half of the DMA address")
/* clang-format on */

struct item {
    uint16_t key;
    uint8_t *bytes; /* owned; NULL: they come from the source */
    struct fw_cfg_source source;
    size_t size;
};

struct fw_cfg {
    /* wires */
    struct fw_cfg_wires wires;
    struct item items[ITEMS_MAX];
    unsigned item_count;
    uint8_t directory[4 + FILES_MAX * DIRECTORY_ROW];
    unsigned file_count;
    /* state */
    STATE_MEMBERS(FW_CFG_STATE)
    /* derived: the part of a source that was read last */
    const struct item *window_item;
    uint64_t window_at;
    uint8_t window[WINDOW_BYTES];
};

STATE_DESC(fw_cfg, FW_CFG_STATE);

static const struct item *find_item(const struct fw_cfg *cfg, uint16_t key)
{
    for (unsigned i = 0; i < cfg->item_count; i++) {
        if (cfg->items[i].key == key) {
            return &cfg->items[i];
        }
    }
    return NULL;
}

static void select_item(struct fw_cfg *cfg, uint16_t key)
{
    cfg->key = key & 0xbfff; /* bit 14 asked for writing once */
    cfg->position = 0;
}

/* Fills the window with the part of a source that holds position; returns the bytes from there. */
static size_t look_into(struct fw_cfg *cfg, const struct item *item, uint64_t position)
{
    uint64_t at = position - position % WINDOW_BYTES;
    size_t bytes = item->size - at < WINDOW_BYTES ? (size_t)(item->size - at) : WINDOW_BYTES;
    if (cfg->window_item != item || cfg->window_at != at) {
        item->source.read(item->source.source, at, cfg->window, bytes);
        cfg->window_item = item;
        cfg->window_at = at;
    }
    return bytes - (size_t)(position - at);
}

/* How many of the next `wanted` bytes can be had in one piece, and where; 0 past the end. */
static uint32_t available(struct fw_cfg *cfg, uint32_t wanted, const uint8_t **at)
{
    const struct item *item = find_item(cfg, cfg->key);
    if (!item || cfg->position >= item->size) {
        return 0;
    }
    size_t left = item->size - cfg->position;
    if (item->bytes) {
        *at = item->bytes + cfg->position;
    } else {
        left = look_into(cfg, item, cfg->position);
        *at = cfg->window + cfg->position % WINDOW_BYTES;
    }
    return left < wanted ? (uint32_t)left : wanted;
}

static void advance(struct fw_cfg *cfg, uint32_t bytes)
{
    uint64_t position = (uint64_t)cfg->position + bytes;
    cfg->position = position < UINT32_MAX ? (uint32_t)position : UINT32_MAX;
}

/* DMA. */

static void dma_read(struct fw_cfg *cfg, uint64_t address, uint32_t length)
{
    static const uint8_t zeros[4096];
    const struct dma_space *memory = &cfg->wires.memory;
    const uint8_t *bytes = NULL;
    uint32_t done = 0;
    uint32_t piece;
    while (done < length && (piece = available(cfg, length - done, &bytes))) {
        memory->write(memory->memory, address + done, bytes, piece);
        advance(cfg, piece);
        done += piece;
    }
    advance(cfg, length - done);
    while (done < length) {
        uint32_t left = length - done;
        uint32_t step = left < sizeof(zeros) ? left : (uint32_t)sizeof(zeros);
        memory->write(memory->memory, address + done, zeros, step);
        done += step;
    }
}

static void dma_run(struct fw_cfg *cfg, uint64_t descriptor)
{
    const struct dma_space *memory = &cfg->wires.memory;
    uint8_t bytes[DMA_DESCRIPTOR_BYTES];
    memory->read(memory->memory, descriptor, bytes, sizeof(bytes));
    uint32_t control = load_be32(&bytes[0]);
    uint32_t length = load_be32(&bytes[4]);
    uint64_t address = load_be64(&bytes[8]);
    uint32_t result = 0;
    if (control & DMA_SELECT) {
        select_item(cfg, (uint16_t)(control >> 16));
    }
    if (control & DMA_READ) {
        dma_read(cfg, address, length);
    } else if (control & DMA_WRITE) {
        result = DMA_ERROR;
    } else if (control & DMA_SKIP) {
        advance(cfg, length);
    }
    store_be32(bytes, result);
    memory->write(memory->memory, descriptor, bytes, 4);
}

/* Ports. */

static uint32_t swapped(uint32_t value)
{
    uint8_t bytes[4];
    store_be32(bytes, value);
    return load_le32(bytes);
}

static uint32_t port_read(void *dev, uint32_t offset, unsigned size)
{
    struct fw_cfg *cfg = dev;
    if (offset >= OFFSET_DMA_HIGH) {
        uint8_t signature[8];
        store_be64(signature, DMA_SIGNATURE);
        return (uint32_t)load_le(&signature[offset - OFFSET_DMA_HIGH], size);
    }
    if (offset != OFFSET_DATA || size != 1) {
        return 0;
    }
    const uint8_t *bytes = NULL;
    uint32_t value = available(cfg, 1, &bytes) ? *bytes : 0;
    advance(cfg, 1);
    return value;
}

static void port_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct fw_cfg *cfg = dev;
    if (offset == OFFSET_SELECT && size == 2) {
        select_item(cfg, (uint16_t)value);
    } else if (offset == OFFSET_DMA_HIGH && size == 4) {
        cfg->dma_high = swapped(value);
    } else if (offset == OFFSET_DMA_LOW && size == 4) {
        uint64_t descriptor = (uint64_t)cfg->dma_high << 32 | swapped(value);
        cfg->dma_high = 0;
        dma_run(cfg, descriptor);
    }
}

static const struct io_ops port_ops = {
    .read = port_read,
    .write = port_write,
    .guest_min = 1,
    .guest_max = 4,
    .native_min = 1,
    .native_max = 4,
};

/* Items. */

/* The item of that key, empty and new if there is none. */
static struct item *make_item(struct fw_cfg *cfg, uint16_t key)
{
    struct item *item = NULL;
    for (unsigned i = 0; i < cfg->item_count && !item; i++) {
        item = cfg->items[i].key == key ? &cfg->items[i] : NULL;
    }
    if (!item) {
        assert(cfg->item_count < ITEMS_MAX);
        item = &cfg->items[cfg->item_count++];
    }
    free(item->bytes);
    *item = (struct item){.key = key};
    cfg->window_item = NULL;
    return item;
}

void fw_cfg_add_bytes(struct fw_cfg *cfg, uint16_t key, const void *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) {
        abort();
    }
    if (size) {
        memcpy(copy, bytes, size);
    }
    struct item *item = make_item(cfg, key);
    item->bytes = copy;
    item->size = size;
}

void fw_cfg_add_source(struct fw_cfg *cfg, uint16_t key, const struct fw_cfg_source *source,
                       size_t size)
{
    struct item *item = make_item(cfg, key);
    item->source = *source;
    item->size = size;
}

void fw_cfg_add_u16(struct fw_cfg *cfg, uint16_t key, uint16_t value)
{
    uint8_t bytes[2];
    store_le16(bytes, value);
    fw_cfg_add_bytes(cfg, key, bytes, sizeof(bytes));
}

void fw_cfg_add_u32(struct fw_cfg *cfg, uint16_t key, uint32_t value)
{
    uint8_t bytes[4];
    store_le32(bytes, value);
    fw_cfg_add_bytes(cfg, key, bytes, sizeof(bytes));
}

void fw_cfg_add_u64(struct fw_cfg *cfg, uint16_t key, uint64_t value)
{
    uint8_t bytes[8];
    store_le64(bytes, value);
    fw_cfg_add_bytes(cfg, key, bytes, sizeof(bytes));
}

static uint8_t *directory_row(struct fw_cfg *cfg, unsigned file)
{
    return &cfg->directory[4 + file * DIRECTORY_ROW];
}

void fw_cfg_add_file(struct fw_cfg *cfg, const char *name, const void *bytes, size_t size)
{
    assert(strlen(name) < NAME_BYTES);
    unsigned file = 0;
    while (file < cfg->file_count && strcmp((char *)directory_row(cfg, file) + 8, name) != 0) {
        file++;
    }
    if (file == cfg->file_count) {
        assert(file < FILES_MAX);
        cfg->file_count++;
    }
    uint16_t key = (uint16_t)(FW_CFG_FILE_FIRST + file);
    uint8_t *row = directory_row(cfg, file);
    store_be32(row, (uint32_t)size);
    store_be16(row + 4, key);
    memcpy(row + 8, name, strlen(name) + 1);
    store_be32(cfg->directory, cfg->file_count);
    fw_cfg_add_bytes(cfg, key, bytes, size);
    fw_cfg_add_bytes(cfg, FW_CFG_FILE_DIR, cfg->directory,
                     4 + (size_t)cfg->file_count * DIRECTORY_ROW);
}

bool fw_cfg_add_option_rom(struct fw_cfg *cfg, const char *name, const uint8_t *rom, size_t size,
                           struct status *status)
{
    enum { BLOCK = 512, BLOCKS_MAX = 255 };
    if (size < 4 || rom[0] != 0x55 || rom[1] != 0xaa || size > BLOCKS_MAX * BLOCK) {
        return status_fail(status, "%s: not an option ROM", name);
    }
    size_t blocks = (size + BLOCK) / BLOCK; /* at least one byte of padding takes the checksum */
    if (rom[2] >= (size + BLOCK - 1) / BLOCK && rom[2] != 0) {
        blocks = rom[2];
    }
    uint8_t *copy = calloc(blocks, BLOCK);
    if (!copy) {
        abort();
    }
    size_t bytes = blocks * BLOCK;
    memcpy(copy, rom, size < bytes ? size : bytes);
    copy[2] = (uint8_t)blocks;
    uint8_t sum = 0;
    for (size_t i = 0; i < bytes; i++) {
        sum = (uint8_t)(sum + copy[i]);
    }
    copy[bytes - 1] = (uint8_t)(copy[bytes - 1] - sum);
    fw_cfg_add_file(cfg, name, copy, bytes);
    free(copy);
    return true;
}

/* The device. */

static void fw_cfg_destroy(void *dev)
{
    struct fw_cfg *cfg = dev;
    for (unsigned i = 0; i < cfg->item_count; i++) {
        free(cfg->items[i].bytes);
    }
    free(cfg);
}

static const struct device_ops fw_cfg_ops = {
    .name = "fw_cfg",
    .state = &fw_cfg_state,
    .destroy = fw_cfg_destroy,
};

struct fw_cfg *fw_cfg_create(const struct fw_cfg_wires *wires)
{
    struct fw_cfg *cfg = calloc(1, sizeof(*cfg));
    if (!cfg) {
        abort();
    }
    cfg->wires = *wires;
    fw_cfg_add_bytes(cfg, FW_CFG_SIGNATURE, "QEMU", 4);
    fw_cfg_add_u32(cfg, FW_CFG_ID, FEATURES);
    fw_cfg_add_bytes(cfg, FW_CFG_FILE_DIR, cfg->directory, 4);
    bus_map(wires->io, cfg, PORT_BASE, PORTS, &port_ops);
    return cfg;
}

struct device fw_cfg_device(struct fw_cfg *cfg)
{
    return (struct device){.ops = &fw_cfg_ops, .dev = cfg, .instance = "fw_cfg"};
}
