/*
 * Interrupt controller pair, Intel 8259A data sheet (231468); ELCR as in the PIIX3 data sheet.
 *
 * A request goes away when its line falls before the acknowledge, in edge mode too: a driver that
 * polls a device before it opens interrupts gets none for the bytes that it has already read.
 *
 * Not modelled: the 8080 vector format (ICW4 bit 0 clear acts as 8086 mode), ICW3 (the cascade is
 * wired), buffered mode.
 */
#include "devices/chipset/pic8259.h"

#include "base/bits.h"

#include <stdlib.h>

#define CASCADE 2
#define NO_IRQ  8

#define ICW1_ICW4   0x01
#define ICW1_SINGLE 0x02
#define ICW1_LEVEL  0x08
#define ICW1        0x10
#define ICW4_AEOI   0x02
#define ICW4_SFNM   0x10
#define OCW3        0x08
#define OCW3_POLL   0x04

/* clang-format off */
#define PIC_CHIP_STATE(S, VAL, ARR, SUB)                                              \
    VAL(S, u8,   lines,       0, "levels of the inputs")                              \
    VAL(S, u8,   irr,         0, "requests")                                          \
    VAL(S, u8,   isr,         0, "in service")                                        \
    VAL(S, u8,   imr,         0, "masked inputs")                                     \
    VAL(S, u8,   elcr,        0, "inputs in level mode by ELCR")                      \
    VAL(S, u8,   base,        0, "vector of input 0")                                 \
    VAL(S, u8,   lowest,      7, "input of lowest priority")                          \
    VAL(S, u8,   init,        0, "ICW expected next: 2..4, or 0")                     \
    VAL(S, bool, expect_icw4, false, "ICW1 announced an ICW4")                        \
    VAL(S, bool, single,      false, "ICW1: no ICW3")                                 \
    VAL(S, bool, level,       false, "ICW1: all inputs in level mode")                \
    VAL(S, bool, auto_eoi,    false, "ICW4: end of interrupt at INTA")                \
    VAL(S, bool, nested,      false, "ICW4: special fully nested mode")               \
    VAL(S, bool, rotate_auto, false, "rotate at each automatic EOI")                  \
    VAL(S, bool, special,     false, "special mask mode")                             \
    VAL(S, bool, read_isr,    false, "port 0 reads ISR instead of IRR")               \
    VAL(S, bool, poll,        false, "the next read is a poll")                       \
    VAL(S, bool, out,         false, "level of the INT pin")
#define PIC8259_STATE(S, VAL, ARR, SUB) \
    SUB(S, pic_chip, chip, 2, "master and slave")
/* clang-format on */

struct pic_chip {
    STATE_MEMBERS(PIC_CHIP_STATE)
};

struct pic8259 {
    /* wires */
    struct pic8259_wires wires;
    /* state */
    STATE_MEMBERS(PIC8259_STATE)
};

STATE_DESC(pic_chip, PIC_CHIP_STATE);
STATE_DESC(pic8259, PIC8259_STATE);

static uint8_t level_inputs(const struct pic_chip *chip)
{
    return chip->level ? 0xff : chip->elcr;
}

/* The set bit of highest priority, or NO_IRQ. */
static unsigned highest(const struct pic_chip *chip, uint8_t set)
{
    for (unsigned i = 1; i <= 8; i++) {
        unsigned n = (chip->lowest + i) & 7;
        if (bit_test(set, n)) {
            return n;
        }
    }
    return NO_IRQ;
}

static unsigned rank(const struct pic_chip *chip, unsigned n)
{
    return n == NO_IRQ ? 8 : (n - chip->lowest - 1) & 7;
}

/* The request that INT is raised for, or NO_IRQ. */
static unsigned requested(const struct pic8259 *pic, unsigned which)
{
    const struct pic_chip *chip = &pic->chip[which];
    unsigned serving = chip->isr;
    if (chip->special) {
        serving &= ~(unsigned)chip->imr;
    }
    if (chip->nested && which == 0) {
        serving &= ~(1u << CASCADE);
    }
    unsigned n = highest(chip, (uint8_t)(chip->irr & ~chip->imr));
    return rank(chip, n) < rank(chip, highest(chip, (uint8_t)serving)) ? n : NO_IRQ;
}

static void update(struct pic8259 *pic, unsigned which);

static void chip_line(struct pic8259 *pic, unsigned which, unsigned n, bool level)
{
    struct pic_chip *chip = &pic->chip[which];
    uint8_t bit = (uint8_t)(1u << n);
    bool rising = level && !(chip->lines & bit);
    chip->lines = (uint8_t)(level ? chip->lines | bit : chip->lines & ~bit);
    if (rising) {
        chip->irr |= bit;
    } else if (!level) {
        chip->irr = (uint8_t)(chip->irr & ~bit);
    }
    update(pic, which);
}

static void update(struct pic8259 *pic, unsigned which)
{
    struct pic_chip *chip = &pic->chip[which];
    chip->irr |= chip->lines & level_inputs(chip);
    bool out = requested(pic, which) != NO_IRQ;
    if (out == chip->out) {
        return;
    }
    chip->out = out;
    if (which == 0) {
        irq_set(&pic->wires.intr, out);
    } else {
        chip_line(pic, 0, CASCADE, out);
    }
}

/* Takes input n into service, as the second INTA pulse does. */
static void enter_service(struct pic8259 *pic, unsigned which, unsigned n)
{
    struct pic_chip *chip = &pic->chip[which];
    uint8_t bit = (uint8_t)(1u << n);
    if (!(level_inputs(chip) & bit)) {
        chip->irr = (uint8_t)(chip->irr & ~bit);
    }
    if (!chip->auto_eoi) {
        chip->isr |= bit;
    } else if (chip->rotate_auto) {
        chip->lowest = (uint8_t)n;
    }
    if (which == 1 && chip->out) { /* INT falls between requests, so the master sees each edge */
        chip->out = false;
        chip_line(pic, 0, CASCADE, false);
    }
    update(pic, which);
}

uint8_t pic8259_acknowledge(struct pic8259 *pic)
{
    unsigned n = requested(pic, 0);
    if (n == NO_IRQ) {
        return (uint8_t)(pic->chip[0].base | 7);
    }
    enter_service(pic, 0, n);
    if (n != CASCADE || pic->chip[0].single) {
        return (uint8_t)(pic->chip[0].base | n);
    }
    n = requested(pic, 1);
    if (n == NO_IRQ) {
        return (uint8_t)(pic->chip[1].base | 7);
    }
    enter_service(pic, 1, n);
    return (uint8_t)(pic->chip[1].base | n);
}

bool pic8259_intr(const struct pic8259 *pic)
{
    return pic->chip[0].out;
}

static void write_icw1(struct pic_chip *chip, uint8_t value)
{
    chip->irr = 0;
    chip->isr = 0;
    chip->imr = 0;
    chip->lowest = 7;
    chip->special = false;
    chip->read_isr = false;
    chip->poll = false;
    chip->rotate_auto = false;
    chip->auto_eoi = false;
    chip->nested = false;
    chip->level = value & ICW1_LEVEL;
    chip->single = value & ICW1_SINGLE;
    chip->expect_icw4 = value & ICW1_ICW4;
    chip->init = 2;
}

static void end_of_interrupt(struct pic_chip *chip, unsigned n, bool rotate)
{
    if (n == NO_IRQ) {
        return;
    }
    chip->isr = (uint8_t)(chip->isr & ~(1u << n));
    if (rotate) {
        chip->lowest = (uint8_t)n;
    }
}

static void write_ocw2(struct pic_chip *chip, uint8_t value)
{
    bool rotate = value & 0x80;
    uint8_t serving = (uint8_t)(chip->special ? chip->isr & ~chip->imr : chip->isr);
    switch (value >> 5 & 3) {
    case 0:
        chip->rotate_auto = rotate;
        break;
    case 1:
        end_of_interrupt(chip, highest(chip, serving), rotate);
        break;
    case 2:
        if (rotate) {
            chip->lowest = value & 7;
        }
        break;
    default:
        end_of_interrupt(chip, value & 7, rotate);
        break;
    }
}

static void write_ocw3(struct pic_chip *chip, uint8_t value)
{
    chip->poll = value & OCW3_POLL;
    if (value & 0x02) {
        chip->read_isr = value & 0x01;
    }
    if (value & 0x40) {
        chip->special = value & 0x20;
    }
}

static void write_data(struct pic_chip *chip, uint8_t value)
{
    switch (chip->init) {
    case 2:
        chip->base = value & 0xf8;
        chip->init = chip->single ? (chip->expect_icw4 ? 4 : 0) : 3;
        break;
    case 3:
        chip->init = chip->expect_icw4 ? 4 : 0;
        break;
    case 4:
        chip->auto_eoi = value & ICW4_AEOI;
        chip->nested = value & ICW4_SFNM;
        chip->init = 0;
        break;
    default:
        chip->imr = value;
        break;
    }
}

static void chip_write(struct pic8259 *pic, unsigned which, uint32_t offset, uint8_t value)
{
    struct pic_chip *chip = &pic->chip[which];
    if (offset & 1) {
        write_data(chip, value);
    } else if (value & ICW1) {
        write_icw1(chip, value);
    } else if (value & OCW3) {
        write_ocw3(chip, value);
    } else {
        write_ocw2(chip, value);
    }
    update(pic, which);
}

static uint8_t chip_read(struct pic8259 *pic, unsigned which, uint32_t offset)
{
    struct pic_chip *chip = &pic->chip[which];
    if (chip->poll) {
        chip->poll = false;
        unsigned n = requested(pic, which);
        if (n == NO_IRQ) {
            return 0;
        }
        enter_service(pic, which, n);
        return (uint8_t)(0x80 | n);
    }
    if (offset & 1) {
        return chip->imr;
    }
    return chip->read_isr ? chip->isr : chip->irr;
}

static uint32_t master_read(void *dev, uint32_t offset, unsigned size)
{
    (void)size;
    return chip_read(dev, 0, offset);
}

static void master_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)size;
    chip_write(dev, 0, offset, (uint8_t)value);
}

static uint32_t slave_read(void *dev, uint32_t offset, unsigned size)
{
    (void)size;
    return chip_read(dev, 1, offset);
}

static void slave_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)size;
    chip_write(dev, 1, offset, (uint8_t)value);
}

static uint32_t elcr_read(void *dev, uint32_t offset, unsigned size)
{
    const struct pic8259 *pic = dev;
    (void)size;
    return pic->chip[offset & 1].elcr;
}

/* Inputs 0, 1, 2, 8 and 13 are always edge triggered. */
static void elcr_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct pic8259 *pic = dev;
    unsigned which = offset & 1;
    (void)size;
    pic->chip[which].elcr = (uint8_t)(value & (which ? 0xde : 0xf8));
    update(pic, which);
}

/* clang-format off */
const struct io_ops pic8259_master_io = {master_read, master_write, 1, 4, 1, 1};
const struct io_ops pic8259_slave_io  = {slave_read,  slave_write,  1, 4, 1, 1};
const struct io_ops pic8259_elcr_io   = {elcr_read,   elcr_write,   1, 4, 1, 1};
/* clang-format on */

static void input(void *listener, unsigned n, bool level)
{
    if (n != CASCADE) {
        chip_line(listener, n >> 3 & 1, n & 7, level);
    }
}

struct irq_line pic8259_line(struct pic8259 *pic, unsigned n)
{
    return (struct irq_line){.set = input, .listener = pic, .n = n & 15};
}

static void pic_reset(void *dev, enum reset_kind kind)
{
    const struct pic8259 *pic = dev;
    (void)kind;
    irq_set(&pic->wires.intr, pic->chip[0].out);
}

static void pic_loaded(void *dev)
{
    struct pic8259 *pic = dev;
    for (unsigned i = 0; i < 2; i++) {
        pic->chip[i].lowest &= 7;
        pic->chip[i].base &= 0xf8;
    }
    irq_set(&pic->wires.intr, pic->chip[0].out);
}

static const struct device_ops pic8259_ops = {
    .name = "pic8259",
    .state = &pic8259_state,
    .reset = pic_reset,
    .loaded = pic_loaded,
    .destroy = free,
};

struct pic8259 *pic8259_create(const struct pic8259_wires *wires)
{
    struct pic8259 *pic = calloc(1, sizeof(*pic));
    if (!pic) {
        abort();
    }
    pic->wires = *wires;
    state_reset(&pic8259_state, pic);
    return pic;
}

struct device pic8259_device(struct pic8259 *pic, const char *instance)
{
    return (struct device){.ops = &pic8259_ops, .dev = pic, .instance = instance};
}
