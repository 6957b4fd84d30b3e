/*
 * Serial port, National PC16550D data sheet.
 *
 * A transmitted byte leaves for the far end at once; when the holding register (or FIFO) and the
 * shift register count as empty follows from the character time.  Received bytes wait outside until
 * there is room, so nothing overruns except in loopback.
 *
 * Not modelled: parity and framing errors, break on the line, DMA mode pins; a byte written to a
 * full transmitter is sent, not lost; modem inputs are CTS, DSR and DCD asserted, RI not.
 */
#include "devices/serial/uart16550.h"

#include <stdlib.h>

#define FIFO_SIZE 16
#define CLOCK_HZ  1843200

#define IER_RECEIVE  0x01
#define IER_TRANSMIT 0x02
#define IER_LINE     0x04
#define IER_MODEM    0x08

#define IIR_NONE     0x01
#define IIR_MODEM    0x00
#define IIR_TRANSMIT 0x02
#define IIR_RECEIVE  0x04
#define IIR_LINE     0x06
#define IIR_TIMEOUT  0x0c
#define IIR_FIFO     0xc0

#define FCR_ENABLE         0x01
#define FCR_CLEAR_RECEIVE  0x02
#define FCR_CLEAR_TRANSMIT 0x04

#define LCR_STOP   0x04
#define LCR_PARITY 0x08
#define LCR_DLAB   0x80

#define MCR_DTR  0x01
#define MCR_RTS  0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10

#define LSR_DATA    0x01
#define LSR_OVERRUN 0x02
#define LSR_ERRORS  0x1e
#define LSR_THRE    0x20
#define LSR_TEMT    0x40

#define MSR_CTS    0x10
#define MSR_DSR    0x20
#define MSR_RI     0x40
#define MSR_DCD    0x80
#define MSR_DELTAS 0x0f
#define MSR_TERI   0x04

/* clang-format off */
#define UART_STATE(S, VAL, ARR, SUB)                                                      \
    ARR(S, u8,   fifo, FIFO_SIZE, 0, "received bytes")                                    \
    VAL(S, u8,   head,     0,     "index of the oldest received byte")                    \
    VAL(S, u8,   count,    0,     "received bytes waiting")                               \
    VAL(S, u8,   ier,      0,     "interrupt enable register")                            \
    VAL(S, u8,   fcr,      0,     "FIFO control: enable and trigger")                     \
    VAL(S, u8,   lcr,      0,     "line control register")                                \
    VAL(S, u8,   mcr,      0,     "modem control register")                               \
    VAL(S, u8,   deltas,   0,     "modem status register, bits 0..3")                     \
    VAL(S, u8,   errors,   0,     "line status register, bits 1..4")                      \
    VAL(S, u8,   scratch,  0,     "scratch register")                                     \
    VAL(S, u8,   rbr,      0,     "byte last read")                                       \
    VAL(S, u16,  divisor,  12,    "divisor latch")                                        \
    VAL(S, u64,  thre_at,  0,     "instant (ns) at which the holding register empties")   \
    VAL(S, u64,  temt_at,  0,     "instant at which the shift register empties")          \
    VAL(S, u64,  stale_at, CLOCK_NEVER, "instant at which received bytes time out")       \
    VAL(S, bool, sending,  false, "thre_at has not been noticed yet")                     \
    VAL(S, bool, empty_event, false, "transmitter interrupt pending")                     \
    VAL(S, bool, stale,    false, "receive timeout pending")                              \
    VAL(S, bool, refused,  false, "bytes wait outside for room")
/* clang-format on */

struct uart16550 {
    /* wires */
    struct uart16550_wires wires;
    /* state */
    STATE_MEMBERS(UART_STATE)
    /* derived */
    struct clock_timer timer;
};

STATE_DESC(uart16550, UART_STATE);

static bool fifo_on(const struct uart16550 *uart)
{
    return uart->fcr & FCR_ENABLE;
}

static unsigned capacity(const struct uart16550 *uart)
{
    return fifo_on(uart) ? FIFO_SIZE : 1;
}

static unsigned trigger(const struct uart16550 *uart)
{
    static const uint8_t levels[4] = {1, 4, 8, 14};
    return fifo_on(uart) ? levels[uart->fcr >> 6] : 1;
}

/* Nanoseconds that one character takes on the line. */
static uint64_t character_ns(const struct uart16550 *uart)
{
    uint64_t bits = UINT64_C(1) + 5 + (uart->lcr & 3) + 1;
    bits += (uart->lcr & LCR_PARITY) ? 1 : 0;
    bits += (uart->lcr & LCR_STOP) ? 1 : 0;
    uint64_t divisor = uart->divisor ? uart->divisor : 1;
    uint64_t time = bits * 16 * divisor * CLOCK_NS_PER_S / CLOCK_HZ;
    uint64_t most = uart->wires.character_most_ns;
    return most && time > most ? most : time;
}

static uint8_t modem_inputs(const struct uart16550 *uart)
{
    uint8_t mcr = uart->mcr;
    if (!(mcr & MCR_LOOP)) {
        return MSR_CTS | MSR_DSR | MSR_DCD;
    }
    return (uint8_t)((mcr & MCR_RTS ? MSR_CTS : 0) | (mcr & MCR_DTR ? MSR_DSR : 0) |
                     (mcr & MCR_OUT1 ? MSR_RI : 0) | (mcr & MCR_OUT2 ? MSR_DCD : 0));
}

/* The interrupt of highest priority that is pending and enabled. */
static uint8_t identify(const struct uart16550 *uart)
{
    if ((uart->ier & IER_LINE) && uart->errors) {
        return IIR_LINE;
    }
    if (uart->ier & IER_RECEIVE) {
        if (uart->count >= trigger(uart)) {
            return IIR_RECEIVE;
        }
        if (uart->stale) {
            return IIR_TIMEOUT;
        }
    }
    if ((uart->ier & IER_TRANSMIT) && uart->empty_event) {
        return IIR_TRANSMIT;
    }
    if ((uart->ier & IER_MODEM) && uart->deltas) {
        return IIR_MODEM;
    }
    return IIR_NONE;
}

/* Notices what happened up to now. */
static void catch_up(struct uart16550 *uart)
{
    uint64_t now = clock_now(uart->wires.clock);
    if (uart->sending && now >= uart->thre_at) {
        uart->sending = false;
        uart->empty_event = true;
    }
    if (now >= uart->stale_at) {
        uart->stale_at = CLOCK_NEVER;
        uart->stale = true;
    }
}

/* After any change: drives the line, arms the timer for the next event that can interrupt. */
static void settle(struct uart16550 *uart)
{
    bool gate = (uart->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;
    irq_set(&uart->wires.irq, gate && identify(uart) != IIR_NONE);
    uint64_t deadline = CLOCK_NEVER;
    if (uart->sending && (uart->ier & IER_TRANSMIT)) {
        deadline = uart->thre_at;
    }
    if ((uart->ier & IER_RECEIVE) && uart->stale_at < deadline) {
        deadline = uart->stale_at;
    }
    clock_arm(&uart->timer, deadline);
}

static void timer_expired(void *owner)
{
    struct uart16550 *uart = owner;
    catch_up(uart);
    settle(uart);
}

/* Bytes that nobody reads for four character times raise the timeout. */
static void restart_timeout(struct uart16550 *uart)
{
    uart->stale = false;
    uart->stale_at = CLOCK_NEVER;
    if (fifo_on(uart) && uart->count > 0) {
        uart->stale_at = clock_now(uart->wires.clock) + 4 * character_ns(uart);
    }
}

static void push(struct uart16550 *uart, uint8_t byte)
{
    if (uart->count < capacity(uart)) {
        uart->fifo[(uart->head + uart->count) % FIFO_SIZE] = byte;
        uart->count++;
        return;
    }
    uart->errors |= LSR_OVERRUN;
    if (!fifo_on(uart)) { /* the new byte replaces the old one */
        uart->fifo[uart->head] = byte;
    }
}

bool uart16550_has_room(const struct uart16550 *uart)
{
    return uart->count < capacity(uart) && !(uart->mcr & MCR_LOOP);
}

size_t uart16550_receive(struct uart16550 *uart, const uint8_t *bytes, size_t count)
{
    size_t taken = 0;
    catch_up(uart);
    if (!(uart->mcr & MCR_LOOP)) {
        for (; taken < count && uart->count < capacity(uart); taken++) {
            push(uart, bytes[taken]);
        }
    }
    uart->refused = taken < count;
    if (taken > 0) {
        restart_timeout(uart);
    }
    settle(uart);
    return taken;
}

/* Lets the outside deliver what it had to keep.  Comes last in a register access. */
static void invite(struct uart16550 *uart)
{
    if (uart->refused && uart16550_has_room(uart)) {
        uart->refused = false;
        if (uart->wires.line.ready) {
            uart->wires.line.ready(uart->wires.line.chardev);
        }
    }
}

static void transmit(struct uart16550 *uart, uint8_t byte)
{
    uint64_t now = clock_now(uart->wires.clock);
    uint64_t time = character_ns(uart);
    if (uart->mcr & MCR_LOOP) {
        push(uart, (uint8_t)(byte & (0xff >> (3 - (uart->lcr & 3)))));
        restart_timeout(uart);
    } else {
        chardev_write(&uart->wires.line, &byte, 1);
    }
    uart->empty_event = false;
    if (now >= uart->temt_at) { /* straight into the shift register */
        uart->thre_at = now;
        uart->temt_at = now + time;
    } else if (uart->temt_at - now <= FIFO_SIZE * time) {
        uart->thre_at = uart->temt_at;
        uart->temt_at += time;
    }
    uart->sending = true;
    catch_up(uart);
}

static uint8_t read_data(struct uart16550 *uart)
{
    if (uart->count > 0) {
        uart->rbr = uart->fifo[uart->head];
        uart->head = (uint8_t)((uart->head + 1) % FIFO_SIZE);
        uart->count--;
        restart_timeout(uart);
    }
    return uart->rbr;
}

static uint8_t read_iir(struct uart16550 *uart)
{
    uint8_t id = identify(uart);
    if (id == IIR_TRANSMIT) {
        uart->empty_event = false;
    }
    return id | (fifo_on(uart) ? IIR_FIFO : 0);
}

static bool holding_empty(const struct uart16550 *uart)
{
    return clock_now(uart->wires.clock) >= uart->thre_at;
}

static uint8_t read_lsr(struct uart16550 *uart)
{
    uint64_t now = clock_now(uart->wires.clock);
    uint8_t value =
        (uint8_t)(uart->errors | (uart->count ? LSR_DATA : 0) |
                  (holding_empty(uart) ? LSR_THRE : 0) | (now >= uart->temt_at ? LSR_TEMT : 0));
    uart->errors = 0;
    return value;
}

static uint8_t read_msr(struct uart16550 *uart)
{
    uint8_t value = modem_inputs(uart) | uart->deltas;
    uart->deltas = 0;
    return value;
}

static uint8_t read_register(struct uart16550 *uart, unsigned reg)
{
    bool latch = uart->lcr & LCR_DLAB;
    switch (reg) {
    case 0:
        return latch ? (uint8_t)uart->divisor : read_data(uart);
    case 1:
        return latch ? (uint8_t)(uart->divisor >> 8) : uart->ier;
    case 2:
        return read_iir(uart);
    case 3:
        return uart->lcr;
    case 4:
        return uart->mcr;
    case 5:
        return read_lsr(uart);
    case 6:
        return read_msr(uart);
    default:
        return uart->scratch;
    }
}

static void write_ier(struct uart16550 *uart, uint8_t value)
{
    uint8_t raised = (uint8_t)(value & ~uart->ier);
    uart->ier = value & 0x0f;
    if ((raised & IER_TRANSMIT) && holding_empty(uart)) {
        uart->empty_event = true;
    }
}

static void write_fcr(struct uart16550 *uart, uint8_t value)
{
    bool switched = (value ^ uart->fcr) & FCR_ENABLE;
    if (switched || (value & FCR_CLEAR_RECEIVE)) {
        uart->head = 0;
        uart->count = 0;
    }
    if ((switched || (value & FCR_CLEAR_TRANSMIT)) && !holding_empty(uart)) {
        uint64_t now = clock_now(uart->wires.clock);
        uart->thre_at = now;
        uart->temt_at = now + character_ns(uart);
        catch_up(uart);
    }
    uart->fcr = value & FCR_ENABLE ? value & 0xc9 : 0;
    restart_timeout(uart);
}

static void write_mcr(struct uart16550 *uart, uint8_t value)
{
    uint8_t before = modem_inputs(uart);
    uart->mcr = value & 0x1f;
    uint8_t changed = before ^ modem_inputs(uart);
    uint8_t deltas = changed >> 4 & (MSR_DELTAS & ~MSR_TERI);
    if (changed & before & MSR_RI) {
        deltas |= MSR_TERI; /* only the end of a ring is told */
    }
    uart->deltas |= deltas;
}

static void write_register(struct uart16550 *uart, unsigned reg, uint8_t value)
{
    bool latch = uart->lcr & LCR_DLAB;
    switch (reg) {
    case 0:
        if (latch) {
            uart->divisor = (uint16_t)((uart->divisor & 0xff00) | value);
        } else {
            transmit(uart, value);
        }
        break;
    case 1:
        if (latch) {
            uart->divisor = (uint16_t)((uart->divisor & 0x00ff) | value << 8);
        } else {
            write_ier(uart, value);
        }
        break;
    case 2:
        write_fcr(uart, value);
        break;
    case 3:
        uart->lcr = value;
        break;
    case 4:
        write_mcr(uart, value);
        break;
    case 7:
        uart->scratch = value;
        break;
    default: /* LSR and MSR are read only */
        break;
    }
}

static uint32_t uart_read(void *dev, uint32_t offset, unsigned size)
{
    struct uart16550 *uart = dev;
    (void)size;
    catch_up(uart);
    uint8_t value = read_register(uart, offset & 7);
    settle(uart);
    invite(uart);
    return value;
}

static void uart_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct uart16550 *uart = dev;
    (void)size;
    catch_up(uart);
    write_register(uart, offset & 7, (uint8_t)value);
    settle(uart);
    invite(uart);
}

const struct io_ops uart16550_io = {uart_read, uart_write, 1, 4, 1, 1};

static void uart_loaded(void *dev)
{
    struct uart16550 *uart = dev;
    uart->head %= FIFO_SIZE;
    uart->count = uart->count > FIFO_SIZE ? 0 : uart->count;
    uart->errors &= LSR_ERRORS;
    uart->deltas &= MSR_DELTAS;
    settle(uart);
}

static void uart_reset(void *dev, enum reset_kind kind)
{
    (void)kind;
    settle(dev);
}

static const struct device_ops uart16550_ops = {
    .name = "uart16550",
    .state = &uart16550_state,
    .reset = uart_reset,
    .loaded = uart_loaded,
    .destroy = free,
};

struct uart16550 *uart16550_create(const struct uart16550_wires *wires)
{
    struct uart16550 *uart = calloc(1, sizeof(*uart));
    if (!uart) {
        abort();
    }
    uart->wires = *wires;
    clock_timer_init(wires->clock, &uart->timer, timer_expired, uart);
    state_reset(&uart16550_state, uart);
    return uart;
}

struct device uart16550_device(struct uart16550 *uart, const char *instance)
{
    return (struct device){.ops = &uart16550_ops, .dev = uart, .instance = instance};
}
