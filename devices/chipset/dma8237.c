/*
 * DMA controllers, Intel 8237A data sheet (231466), wired as in the PC/AT: page registers at 80h,
 * high pages at 480h as in the 82374/PIIX class chips.
 *
 * The address counter is 16 bits wide and wraps inside its page: 64 KiB, or 128 KiB for words.
 *
 * Not modelled: memory-to-memory transfers, compressed timing, priorities (transfers happen when
 * the device asks), the pin polarities of the command register, and the dependency of channels 0..3
 * on the unmasked cascade channel 4.
 */
#include "devices/chipset/dma8237.h"

#include <stdlib.h>
#include <string.h>

#define CASCADE          4
#define COMMAND_DISABLE  0x04
#define MODE_AUTO        0x10
#define MODE_DOWN        0x20
#define MODE_TRANSFER    0x0c
#define MODE_TO_MEMORY   0x04
#define MODE_FROM_MEMORY 0x08

/* clang-format off */
#define DMA_CHANNEL_STATE(S, VAL, ARR, SUB)                                        \
    VAL(S, u16, base_address, 0, "address that auto-initialisation reloads")       \
    VAL(S, u16, base_count,   0, "count that auto-initialisation reloads")         \
    VAL(S, u16, address,      0, "current address: bytes, or words on 5..7")       \
    VAL(S, u16, count,        0, "transfers left, less one")                       \
    VAL(S, u8,  mode,         0, "mode register, bits 2..7")
#define DMA_CHIP_STATE(S, VAL, ARR, SUB)                                           \
    SUB(S, dma_chan, chan, 4, "channels")                                          \
    VAL(S, u8,   command,     0,     "command register")                           \
    VAL(S, u8,   mask,        0x0f,  "masked channels")                            \
    VAL(S, u8,   tc,          0,     "channels that reached terminal count")       \
    VAL(S, u8,   dreq,        0,     "levels of the request pins")                 \
    VAL(S, u8,   software,    0,     "software requests")                          \
    VAL(S, bool, high_byte,   false, "byte pointer flip-flop")
#define DMA8237_STATE(S, VAL, ARR, SUB)                                            \
    SUB(S, dma_chip, chip, 2, "byte and word controller")                          \
    ARR(S, u8, page, 16, 0, "page registers by port: address bits 16..23")         \
    ARR(S, u8, high, 16, 0, "high page registers by port: address bits 24..31")
/* clang-format on */

struct dma_chan {
    STATE_MEMBERS(DMA_CHANNEL_STATE)
};
struct dma_chip {
    STATE_MEMBERS(DMA_CHIP_STATE)
};
struct dma8237 {
    /* wires */
    struct dma8237_wires wires;
    struct irq_line ready[8];
    /* state */
    STATE_MEMBERS(DMA8237_STATE)
};

STATE_DESC(dma_chan, DMA_CHANNEL_STATE);
STATE_DESC(dma_chip, DMA_CHIP_STATE);
STATE_DESC(dma8237, DMA8237_STATE);

/* Page register (port less 80h) of each channel. */
static const uint8_t page_of[8] = {0x7, 0x3, 0x1, 0x2, 0xf, 0xb, 0x9, 0xa};

bool dma8237_ready(const struct dma8237 *dma, unsigned n)
{
    const struct dma_chip *chip = &dma->chip[n >> 2 & 1];
    return n < 8 && n != CASCADE && !(chip->command & COMMAND_DISABLE) &&
           !(chip->mask >> (n & 3) & 1);
}

/* Channels of a chip that may run. */
static uint8_t runnable(const struct dma8237 *dma, unsigned which)
{
    uint8_t set = 0;
    for (unsigned i = 0; i < 4; i++) {
        if (dma8237_ready(dma, which * 4 + i)) {
            set |= (uint8_t)(1u << i);
        }
    }
    return set;
}

static uint64_t linear(const struct dma8237 *dma, unsigned n)
{
    const struct dma_chan *chan = &dma->chip[n >> 2].chan[n & 3];
    uint64_t page = (uint64_t)dma->high[page_of[n]] << 24;
    if (n >= 4) {
        return page | (uint64_t)(dma->page[page_of[n]] & 0xfe) << 16 | (uint64_t)chan->address << 1;
    }
    return page | (uint64_t)dma->page[page_of[n]] << 16 | chan->address;
}

static void move(const struct dma8237 *dma, unsigned n, uint8_t *buffer, size_t bytes,
                 bool to_memory)
{
    uint8_t type = dma->chip[n >> 2].chan[n & 3].mode & MODE_TRANSFER;
    if (type == (to_memory ? MODE_TO_MEMORY : MODE_FROM_MEMORY)) {
        const struct dma_space *memory = &dma->wires.memory;
        if (to_memory) {
            memory->write(memory->memory, linear(dma, n), buffer, bytes);
        } else {
            memory->read(memory->memory, linear(dma, n), buffer, bytes);
        }
    } else if (!to_memory) {
        memset(buffer, 0xff, bytes);
    }
}

/* Units that can be moved in one piece: up to the end of the page, or one when counting down. */
static size_t piece(const struct dma_chan *chan, size_t units)
{
    size_t most = chan->mode & MODE_DOWN ? 1 : 0x10000u - chan->address;
    size_t left = (size_t)chan->count + 1;
    most = most < left ? most : left;
    return units < most ? units : most;
}

static void terminal(struct dma_chip *chip, unsigned i)
{
    struct dma_chan *chan = &chip->chan[i];
    uint8_t bit = (uint8_t)(1u << i);
    chip->tc |= bit;
    chip->software = (uint8_t)(chip->software & ~bit);
    if (chan->mode & MODE_AUTO) {
        chan->address = chan->base_address;
        chan->count = chan->base_count;
    } else {
        chip->mask |= bit;
    }
}

static size_t transfer(void *controller, unsigned n, void *buffer, size_t bytes, bool to_memory,
                       bool *terminal_count)
{
    struct dma8237 *dma = controller;
    *terminal_count = false;
    if (!dma8237_ready(dma, n)) {
        return 0;
    }
    struct dma_chan *chan = &dma->chip[n >> 2].chan[n & 3];
    unsigned shift = n >= 4;
    size_t units = bytes >> shift;
    size_t done = 0;
    while (done < units && !*terminal_count) {
        size_t now = piece(chan, units - done);
        move(dma, n, (uint8_t *)buffer + (done << shift), now << shift, to_memory);
        *terminal_count = now == (size_t)chan->count + 1;
        chan->count = (uint16_t)(chan->count - now);
        chan->address =
            (uint16_t)(chan->mode & MODE_DOWN ? chan->address - now : chan->address + now);
        done += now;
    }
    if (*terminal_count) {
        terminal(&dma->chip[n >> 2], n & 3);
    }
    return done << shift;
}

struct dma_channel dma8237_channel(struct dma8237 *dma, unsigned n)
{
    return (struct dma_channel){.transfer = transfer, .controller = dma, .channel = n & 7};
}

static void request(void *listener, unsigned n, bool level)
{
    struct dma8237 *dma = listener;
    struct dma_chip *chip = &dma->chip[n >> 2 & 1];
    uint8_t bit = (uint8_t)(1u << (n & 3));
    chip->dreq = (uint8_t)(level ? chip->dreq | bit : chip->dreq & ~bit);
}

struct irq_line dma8237_request(struct dma8237 *dma, unsigned n)
{
    return (struct irq_line){.set = request, .listener = dma, .n = n & 7};
}

void dma8237_connect(struct dma8237 *dma, unsigned n, const struct irq_line *ready)
{
    dma->ready[n & 7] = *ready;
}

uint8_t dma8237_post_code(const struct dma8237 *dma)
{
    return dma->page[0];
}

static uint16_t put_byte(uint16_t word, bool high, uint8_t value)
{
    return (uint16_t)(high ? (word & 0x00ff) | value << 8 : (word & 0xff00) | value);
}

static void write_channel(struct dma_chip *chip, unsigned reg, uint8_t value)
{
    struct dma_chan *chan = &chip->chan[reg >> 1];
    if (reg & 1) {
        chan->base_count = put_byte(chan->base_count, chip->high_byte, value);
        chan->count = chan->base_count;
    } else {
        chan->base_address = put_byte(chan->base_address, chip->high_byte, value);
        chan->address = chan->base_address;
    }
    chip->high_byte = !chip->high_byte;
}

static uint8_t with_bit(uint8_t set, uint8_t value)
{
    uint8_t bit = (uint8_t)(1u << (value & 3));
    return (uint8_t)(value & 4 ? set | bit : set & ~bit);
}

static void master_clear(struct dma_chip *chip)
{
    chip->command = 0;
    chip->tc = 0;
    chip->software = 0;
    chip->mask = 0x0f;
    chip->high_byte = false;
}

static void write_control(struct dma_chip *chip, unsigned reg, uint8_t value)
{
    switch (reg) {
    case 0x8:
        chip->command = value;
        break;
    case 0x9:
        chip->software = with_bit(chip->software, value);
        break;
    case 0xa:
        chip->mask = with_bit(chip->mask, value);
        break;
    case 0xb:
        chip->chan[value & 3].mode = value & 0xfc;
        break;
    case 0xc:
        chip->high_byte = false;
        break;
    case 0xd:
        master_clear(chip);
        break;
    case 0xe:
        chip->mask = 0;
        break;
    default:
        chip->mask = value & 0x0f;
        break;
    }
}

/* Tells the slaves whose requests waited for what was just written. */
static void announce(struct dma8237 *dma, unsigned which, uint8_t before)
{
    uint8_t fresh = (uint8_t)(runnable(dma, which) & ~before);
    for (unsigned i = 0; i < 4; i++) {
        if (fresh >> i & 1) {
            irq_pulse(&dma->ready[which * 4 + i]);
        }
    }
}

static void chip_write(struct dma8237 *dma, unsigned which, unsigned reg, uint8_t value)
{
    struct dma_chip *chip = &dma->chip[which];
    if (reg < 8) {
        write_channel(chip, reg, value);
        return;
    }
    uint8_t before = runnable(dma, which);
    write_control(chip, reg, value);
    announce(dma, which, before);
}

static uint8_t chip_read(struct dma_chip *chip, unsigned reg)
{
    if (reg < 8) {
        const struct dma_chan *chan = &chip->chan[reg >> 1];
        uint16_t word = reg & 1 ? chan->count : chan->address;
        bool high = chip->high_byte;
        chip->high_byte = !high;
        return (uint8_t)(high ? word >> 8 : word);
    }
    switch (reg) {
    case 0x8: {
        uint8_t status = (uint8_t)((chip->dreq | chip->software) << 4 | chip->tc);
        chip->tc = 0;
        return status;
    }
    case 0xd: /* temporary register: only memory-to-memory transfers fill it */
        return 0;
    case 0xf:
        return chip->mask | 0xf0;
    default:
        return 0xff;
    }
}

static uint32_t bytes_read(void *dev, uint32_t offset, unsigned size)
{
    struct dma8237 *dma = dev;
    (void)size;
    return chip_read(&dma->chip[0], offset & 15);
}

static void bytes_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)size;
    chip_write(dev, 0, offset & 15, (uint8_t)value);
}

static uint32_t words_read(void *dev, uint32_t offset, unsigned size)
{
    struct dma8237 *dma = dev;
    (void)size;
    return chip_read(&dma->chip[1], offset >> 1 & 15);
}

static void words_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)size;
    chip_write(dev, 1, offset >> 1 & 15, (uint8_t)value);
}

static uint32_t page_read(void *dev, uint32_t offset, unsigned size)
{
    const struct dma8237 *dma = dev;
    (void)size;
    return dma->page[offset & 15];
}

/* Writing a page clears its high page, so programs for the AT see 16 MiB. */
static void page_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct dma8237 *dma = dev;
    (void)size;
    dma->page[offset & 15] = (uint8_t)value;
    dma->high[offset & 15] = 0;
}

static uint32_t high_read(void *dev, uint32_t offset, unsigned size)
{
    const struct dma8237 *dma = dev;
    (void)size;
    return dma->high[offset & 15];
}

static void high_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct dma8237 *dma = dev;
    (void)size;
    dma->high[offset & 15] = (uint8_t)value;
}

/* clang-format off */
const struct io_ops dma8237_bytes_io = {bytes_read, bytes_write, 1, 4, 1, 1};
const struct io_ops dma8237_words_io = {words_read, words_write, 1, 4, 1, 1};
const struct io_ops dma8237_page_io  = {page_read,  page_write,  1, 4, 1, 1};
const struct io_ops dma8237_high_io  = {high_read,  high_write,  1, 4, 1, 1};
/* clang-format on */

static const struct device_ops dma8237_ops = {
    .name = "dma8237",
    .state = &dma8237_state,
    .destroy = free,
};

struct dma8237 *dma8237_create(const struct dma8237_wires *wires)
{
    struct dma8237 *dma = calloc(1, sizeof(*dma));
    if (!dma) {
        abort();
    }
    dma->wires = *wires;
    state_reset(&dma8237_state, dma);
    return dma;
}

struct device dma8237_device(struct dma8237 *dma, const char *instance)
{
    return (struct device){.ops = &dma8237_ops, .dev = dma, .instance = instance};
}
