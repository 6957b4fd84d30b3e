/*
 * The board: an i440FX/PIIX3 PC, chips created and wired.
 */
#ifndef MACHINE_PC_H
#define MACHINE_PC_H

#include "devices/chipset/acpi_pm.h"
#include "devices/chipset/dma8237.h"
#include "devices/chipset/i440fx.h"
#include "devices/chipset/i8042.h"
#include "devices/chipset/ioapic.h"
#include "devices/chipset/lapic.h"
#include "devices/chipset/pic8259.h"
#include "devices/chipset/piix3.h"
#include "devices/chipset/pit8254.h"
#include "devices/chipset/port61.h"
#include "devices/chipset/port92.h"
#include "devices/chipset/rtc146818.h"
#include "devices/display/vga.h"
#include "devices/firmware/debug_ports.h"
#include "devices/firmware/fw_cfg.h"
#include "devices/input/ps2_keyboard.h"
#include "devices/input/ps2_mouse.h"
#include "devices/serial/uart16550.h"
#include "devices/storage/floppy.h"
#include "devices/storage/ide.h"
#include "machine/drives.h"
#include "machine/firmware.h"
#include "machine/idle.h"
#include "machine/machine.h"
#include "machine/serial_host.h"

/* A guest that waits for its console at 9600 baud is of no use to anybody. */
enum { UART_CHARACTER_NS = 5000 };
enum { PC_UARTS = 4, PC_ISA_IRQS = 16, PC_VRAM_BYTES = 16 << 20 };

struct pc {
    struct pci_bus *pci;
    struct i440fx *i440fx;
    struct piix3 *piix3;
    struct acpi_pm *acpi_pm;
    struct lapic *lapic;
    struct ioapic *ioapic;
    struct pic8259 *pic;
    struct pit8254 *pit;
    struct port61 *port61;
    struct port92 *port92;
    struct idle *idle;
    struct dma8237 *dma;
    struct rtc146818 *rtc;
    struct i8042 *i8042;
    struct ps2_keyboard *keyboard;
    struct ps2_mouse *mouse;
    struct uart16550 *uart[PC_UARTS];
    struct floppy *floppy;
    struct ide *ide;
    struct vga *vga;
    struct fw_cfg *fw_cfg;
    struct display_source display;
    struct drives drives;
    struct serial_host serial[PC_UARTS];
    struct serial_host debugcon;
    struct file_pieces initrd; /* of the kernel that is booted directly */
    uint8_t *vram;
    bool has_lapic;
    bool a20_i8042, a20_port92;
    uint16_t isa_level, pci_level; /* derived: levels driven by ISA devices and by PIRQs */
    unsigned lapic_mapping;
    bool lapic_mapped;
};

/* Creates every chip of machine->config on machine's buses and clock. */
bool pc_create(struct machine *machine, struct status *status);
/* In the n-th child after fork(): its own ends of the serial lines. */
bool pc_forked(struct machine *machine, unsigned n, struct status *status);
void pc_destroy(struct machine *machine);

/* The vector of the interrupt that the processor acknowledges now. */
uint8_t pc_acknowledge(struct machine *machine);

/* Drives every ISA interrupt line by what holds it. */
void pc_drive_irqs(struct machine *machine);

/* Wires for the processor. */
struct x86_wires pc_cpu_wires(struct machine *machine);

/* After the lists were reset: levels and gates to their power-on values. */
void pc_reset(struct machine *machine);

/* After saved state was loaded: what the board derives from it. */
void pc_loaded(struct machine *machine);

#endif
