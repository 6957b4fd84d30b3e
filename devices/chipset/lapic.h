/*
 * Local APIC of the one processor, APIC id 0.
 *
 * It stands between the processor and everything that interrupts: the 8259 pair on pin LINT0, the
 * I/O APIC by messages, its own timer.  `intr` is high while the processor, if it takes interrupts,
 * has one to take; the machine then calls lapic_acknowledge().
 *
 * Intel SDM volume 3A, chapter 10 (xAPIC mode).
 */
#ifndef DEVICES_CHIPSET_LAPIC_H
#define DEVICES_CHIPSET_LAPIC_H

#include "devices/core/bus.h"
#include "devices/core/clock.h"
#include "devices/core/device.h"
#include "devices/core/irq.h"

enum {
    LAPIC_MMIO_BYTES = 0x1000,
    LAPIC_EXTINT = -1, /* lapic_acknowledge: ask the 8259 pair */
};

/* Bits of the IA32_APIC_BASE model-specific register. */
#define LAPIC_BASE_BSP    UINT64_C(0x100)
#define LAPIC_BASE_ENABLE UINT64_C(0x800)
#define LAPIC_BASE_RESET  (UINT64_C(0xfee00000) | LAPIC_BASE_ENABLE | LAPIC_BASE_BSP)

/* Delivery modes of messages, local vector table and redirection table. */
enum lapic_mode {
    LAPIC_FIXED = 0,
    LAPIC_LOWEST = 1,
    LAPIC_SMI = 2,
    LAPIC_NMI = 4,
    LAPIC_INIT = 5,
    LAPIC_STARTUP = 6,
    LAPIC_EXTERNAL = 7,
};

struct lapic;

struct lapic_wires {
    struct clock *clock;
    struct irq_line intr; /* level, to the processor */
    struct irq_line nmi;  /* pulses, to the processor */
    /* A level-triggered vector was finished; to the I/O APICs.  May be NULL. */
    void (*eoi)(void *ioapic, uint8_t vector);
    void *ioapic;
};

/* wires are copied.  Freed by the device's destroy hook. */
struct lapic *lapic_create(const struct lapic_wires *wires);
struct device lapic_device(struct lapic *apic);

/* The register page; the machine maps it at the base address, with the lapic as dev. */
extern const struct io_ops lapic_mmio_ops;

/* IA32_APIC_BASE.  Clearing ENABLE resets the registers and connects LINT0 straight to `intr`.
 * The base address is kept, not acted on: mapping is the machine's. */
uint64_t lapic_base(const struct lapic *apic);
void lapic_set_base(struct lapic *apic, uint64_t base);

bool lapic_has_interrupt(const struct lapic *apic);

/* The processor takes its interrupt: a vector, or LAPIC_EXTINT when the 8259 pair must give it. */
int lapic_acknowledge(struct lapic *apic);

/* Inputs, shaped as irq_line.set; n is not used.  LINT0 is the 8259's INTR, LINT1 the board's NMI.
 */
void lapic_set_lint0(void *dev, unsigned n, bool level);
void lapic_set_lint1(void *dev, unsigned n, bool level);

/* A message on the APIC bus.  mode is an enum lapic_mode; destination is an APIC id or, if logical,
 * a set.  Messages for others are ignored. */
void lapic_deliver(void *dev, uint8_t vector, uint8_t mode, bool level_triggered,
                   uint8_t destination, bool logical);

/* The task priority as CR8 sees it, 0..15. */
unsigned lapic_cr8(const struct lapic *apic);
void lapic_set_cr8(struct lapic *apic, unsigned priority);

#endif
