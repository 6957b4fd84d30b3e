/*
 * The schematic.  Each chip is created, mapped and connected here and nowhere else.
 */
#include "machine/pc.h"

#include "devices/display/vga_pci.h"
#include "machine/board_config.h"
#include "machine/faults.h"

#include <stdlib.h>
#include <sys/mman.h>

/* Interrupt wiring: an ISA interrupt is what ISA devices drive or what a PIRQ routed there drives.
 */

static void drive_isa(struct machine *machine, unsigned n)
{
    struct pc *pc = machine->pc;
    unsigned lines = pc->isa_level | pc->pci_level | faults_held_irqs(machine->faults);
    bool level = lines >> n & 1;
    struct irq_line line = pic8259_line(pc->pic, n);
    irq_set(&line, level);
    ioapic_set_irq(pc->ioapic, n == 0 ? 2 : n, level);
}

static void set_bit(uint16_t *bits, unsigned n, bool level)
{
    *bits = (uint16_t)((*bits & ~(1u << n)) | (unsigned)level << n);
}

void pc_drive_irqs(struct machine *machine)
{
    for (unsigned n = 0; n < PC_ISA_IRQS; n++) {
        drive_isa(machine, n);
    }
}

/* A line goes up, unless a fault keeps it down. */
static bool rises(struct machine *machine, uint16_t levels, unsigned n, bool level)
{
    bool up = level && !(levels >> n & 1);
    return level && !(up && faults_lose_irq(machine->faults, n));
}

static void isa_irq(void *machine, unsigned n, bool level)
{
    struct pc *pc = ((struct machine *)machine)->pc;
    level = rises(machine, pc->isa_level, n, level);
    set_bit(&pc->isa_level, n, level);
    drive_isa(machine, n);
}

static void pci_irq(void *machine, unsigned n, bool level)
{
    struct pc *pc = ((struct machine *)machine)->pc;
    level = rises(machine, pc->pci_level, n, level);
    set_bit(&pc->pci_level, n, level);
    drive_isa(machine, n);
}

static struct irq_line isa_line(struct machine *machine, unsigned n)
{
    return (struct irq_line){isa_irq, machine, n};
}

/* The 8259's output: through the local APIC's LINT0, or straight to the processor. */
static void pic_output(void *opaque, unsigned n, bool level)
{
    struct machine *machine = opaque;
    if (machine->pc->has_lapic) {
        lapic_set_lint0(machine->pc->lapic, n, level);
    } else {
        translator_set_interrupt(machine->translator, level);
    }
}

static void processor_interrupt(void *opaque, unsigned n, bool level)
{
    struct machine *machine = opaque;
    (void)n;
    if (machine->translator) {
        translator_set_interrupt(machine->translator, level);
    }
}

static void processor_nmi(void *opaque, unsigned n, bool level)
{
    struct machine *machine = opaque;
    (void)n;
    if (level) {
        machine->nmi_wanted = true;
        translator_stop(machine->translator);
    }
}

static void cpu_nmi_unblocked(void *opaque)
{
    struct machine *machine = opaque;
    if (machine->nmi_wanted) {
        translator_stop(machine->translator);
    }
}

uint8_t pc_acknowledge(struct machine *machine)
{
    struct pc *pc = machine->pc;
    int vector = pc->has_lapic ? lapic_acknowledge(pc->lapic) : LAPIC_EXTINT;
    return vector == LAPIC_EXTINT ? pic8259_acknowledge(pc->pic) : (uint8_t)vector;
}

/* Requests that the run loop takes up. */

static void request_reset(void *opaque)
{
    struct machine *machine = opaque;
    machine->reset_wanted = true;
    translator_stop(machine->translator);
}

static void request_reset_line(void *opaque, unsigned n, bool level)
{
    (void)n;
    if (level) {
        request_reset(opaque);
    }
}

static void request_power_off(void *opaque)
{
    struct machine *machine = opaque;
    machine->power_off_wanted = true;
    translator_stop(machine->translator);
}

static void request_exit(void *opaque, uint32_t value)
{
    struct machine *machine = opaque;
    machine->exit_wanted = true;
    machine->status = (int)((value << 1 | 1) & 0xff);
    translator_stop(machine->translator);
}

static void update_a20(struct machine *machine)
{
    x86_set_a20(machine->cpu, machine->pc->a20_i8042 || machine->pc->a20_port92);
}

static void a20_from_i8042(void *opaque, unsigned n, bool level)
{
    struct machine *machine = opaque;
    (void)n;
    machine->pc->a20_i8042 = level;
    update_a20(machine);
}

static void a20_from_port92(void *opaque, unsigned n, bool level)
{
    struct machine *machine = opaque;
    (void)n;
    machine->pc->a20_port92 = level;
    update_a20(machine);
}

/* The processor's side. */

static uint32_t cpu_port_in(void *machine, uint16_t port, unsigned size)
{
    idle_busy(((struct machine *)machine)->pc->idle);
    return bus_read(((struct machine *)machine)->io, port, size);
}

static void cpu_port_out(void *machine, uint16_t port, uint32_t value, unsigned size)
{
    idle_busy(((struct machine *)machine)->pc->idle);
    bus_write(((struct machine *)machine)->io, port, value, size);
}

static bool cpu_polls(void *opaque)
{
    const struct machine *machine = opaque;
    return idle_poll(machine->pc->idle, machine_icount(machine));
}

static uint64_t cpu_tsc(void *machine)
{
    return machine_now(machine);
}

static void map_lapic(struct machine *machine, uint64_t base)
{
    enum { BASE_ENABLE = 1 << 11 };
    struct pc *pc = machine->pc;
    if (pc->lapic_mapped) {
        bus_unmap(machine->mmio, pc->lapic_mapping);
        pc->lapic_mapped = false;
    }
    if (base & BASE_ENABLE) {
        pc->lapic_mapping =
            bus_map(machine->mmio, pc->lapic, base & 0xfffff000, LAPIC_MMIO_BYTES, &lapic_mmio_ops);
        pc->lapic_mapped = true;
    }
}

static void cpu_apic_base(void *opaque, uint64_t value)
{
    struct machine *machine = opaque;
    if (machine->pc && machine->pc->has_lapic) {
        lapic_set_base(machine->pc->lapic, value);
        map_lapic(machine, value);
    }
}

/* The AT has its coprocessor on IRQ 13, the PC with an 8087 on NMI. */
static void cpu_ferr(void *opaque, bool level)
{
    struct machine *machine = opaque;
    if (!x86_has_8087(machine->cpu)) {
        isa_irq(machine, 13, level);
    } else if (!rtc146818_nmi_masked(machine->pc->rtc)) {
        processor_nmi(machine, 0, level);
    }
}

struct x86_wires pc_cpu_wires(struct machine *machine)
{
    return (struct x86_wires){.port_in = cpu_port_in,
                              .port_out = cpu_port_out,
                              .tsc = cpu_tsc,
                              .apic_base_written = cpu_apic_base,
                              .ferr = cpu_ferr,
                              .nmi_unblocked = cpu_nmi_unblocked,
                              .polls = cpu_polls,
                              .machine = machine,
                              .log = &machine->log};
}

/* The I/O APIC is made after the local one, so its messages of finished vectors go through the
 * board. */
static void end_of_interrupt(void *pc, uint8_t vector)
{
    ioapic_eoi(((struct pc *)pc)->ioapic, vector);
}

/* Chips, in the order in which one needs another. */

static void create_interrupts(struct machine *machine)
{
    struct pc *pc = machine->pc;
    struct lapic_wires lapic = {.clock = machine->clock,
                                .intr = {processor_interrupt, machine, 0},
                                .nmi = {processor_nmi, machine, 0}};
    pc->has_lapic = true;
    struct pic8259_wires pic = {.intr = {pic_output, machine, 0}};
    pc->pic = pic8259_create(&pic);
    lapic.eoi = end_of_interrupt;
    lapic.ioapic = pc;
    pc->lapic = lapic_create(&lapic);
    struct ioapic_wires ioapic = {.deliver = lapic_deliver, .lapic = pc->lapic};
    pc->ioapic = ioapic_create(&ioapic);
    machine_add(machine, pic8259_device(pc->pic, "pic"));
    machine_add(machine, lapic_device(pc->lapic));
    machine_add(machine, ioapic_device(pc->ioapic));
    bus_map(machine->io, pc->pic, 0x20, 2, &pic8259_master_io);
    bus_map(machine->io, pc->pic, 0xa0, 2, &pic8259_slave_io);
    bus_map(machine->io, pc->pic, 0x4d0, 2, &pic8259_elcr_io);
    bus_map(machine->mmio, pc->ioapic, 0xfec00000, IOAPIC_MMIO_BYTES, &ioapic_mmio_ops);
}

static void create_timers(struct machine *machine, int64_t start)
{
    struct pc *pc = machine->pc;
    struct pit8254_wires pit = {.clock = machine->clock, .out0 = isa_line(machine, 0)};
    pc->pit = pit8254_create(&pit);
    machine_add(machine, pit8254_device(pc->pit, "pit"));
    bus_map(machine->io, pc->pit, 0x40, 4, &pit8254_io);

    struct port61_wires port61 = {.pit = pc->pit};
    pc->port61 = port61_create(&port61);
    machine_add(machine, port61_device(pc->port61, "port61"));
    bus_map(machine->io, pc->port61, 0x61, 1, &port61_io);

    struct rtc146818_wires rtc = {
        .clock = machine->clock, .irq = isa_line(machine, 8), .start = start};
    pc->rtc = rtc146818_create(&rtc);
    machine_add(machine, rtc146818_device(pc->rtc, "rtc"));
    bus_map(machine->io, pc->rtc, 0x70, 2, &rtc146818_io);
}

static void create_dma(struct machine *machine)
{
    struct pc *pc = machine->pc;
    struct dma8237_wires dma = {.memory = memory_map_dma(&machine->memory)};
    pc->dma = dma8237_create(&dma);
    machine_add(machine, dma8237_device(pc->dma, "dma"));
    bus_map(machine->io, pc->dma, 0x00, 16, &dma8237_bytes_io);
    bus_map(machine->io, pc->dma, 0xc0, 32, &dma8237_words_io);
    bus_map(machine->io, pc->dma, 0x80, 16, &dma8237_page_io);
    bus_map(machine->io, pc->dma, 0x480, 16, &dma8237_high_io);
}

static void create_input(struct machine *machine)
{
    struct pc *pc = machine->pc;
    struct i8042_wires wires = {.clock = machine->clock,
                                .irq = {isa_line(machine, 1), isa_line(machine, 12)},
                                .a20 = {a20_from_i8042, machine, 0},
                                .reset = {request_reset_line, machine, 0}};
    pc->i8042 = i8042_create(&wires);
    struct ps2_keyboard_wires keyboard = {machine->clock, i8042_host(pc->i8042, 0)};
    struct ps2_mouse_wires mouse = {machine->clock, i8042_host(pc->i8042, 1)};
    pc->keyboard = ps2_keyboard_create(&keyboard);
    pc->mouse = ps2_mouse_create(&mouse);
    struct ps2_device keyboard_port = ps2_keyboard_port(pc->keyboard);
    struct ps2_device mouse_port = ps2_mouse_port(pc->mouse);
    i8042_connect(pc->i8042, 0, &keyboard_port);
    i8042_connect(pc->i8042, 1, &mouse_port);
    machine_add(machine, i8042_device(pc->i8042, "i8042"));
    machine_add(machine, ps2_keyboard_device(pc->keyboard, "keyboard"));
    machine_add(machine, ps2_mouse_device(pc->mouse, "mouse"));
    bus_map(machine->io, pc->i8042, 0x60, 1, &i8042_data_io);
    bus_map(machine->io, pc->i8042, 0x64, 1, &i8042_command_io);

    struct port92_wires port92 = {.a20 = {a20_from_port92, machine, 0},
                                  .reset = {request_reset_line, machine, 0}};
    pc->idle = idle_create();
    machine_add(machine, idle_device(pc->idle));
    pc->port92 = port92_create(&port92);
    machine_add(machine, port92_device(pc->port92, "port92"));
    bus_map(machine->io, pc->port92, 0x92, 1, &port92_io);
}

static void create_bridges(struct machine *machine)
{
    struct pc *pc = machine->pc;
    struct piix3_wires piix3 = {.io = machine->io, .reset = request_reset, .machine = machine};
    for (unsigned n = 0; n < PC_ISA_IRQS; n++) {
        piix3.isa_irq[n] = (struct irq_line){pci_irq, machine, n};
    }
    pc->piix3 = piix3_create(&piix3);
    struct irq_line pirq[4];
    for (unsigned n = 0; n < 4; n++) {
        pirq[n] = (struct irq_line){piix3_set_pirq, pc->piix3, n};
    }
    pc->pci = pci_bus_create(machine->io, machine->mmio, pirq);
    struct i440fx_wires i440fx = {.pci = pc->pci,
                                  .pam_changed = memory_map_pam,
                                  .machine = &machine->memory,
                                  .ram_bytes = machine->memory.ram_bytes};
    pc->i440fx = i440fx_create(&i440fx);
    piix3_plug(pc->piix3, pc->pci);
    struct acpi_pm_wires pm = {.io = machine->io,
                               .pci = pc->pci,
                               .clock = machine->clock,
                               .sci = isa_line(machine, 9),
                               .power_off = request_power_off,
                               .machine = machine};
    pc->acpi_pm = acpi_pm_create(&pm);
    machine_add(machine, pci_bus_device(pc->pci));
    machine_add(machine, i440fx_device(pc->i440fx));
    machine_add(machine, piix3_device(pc->piix3));
    machine_add(machine, acpi_pm_device(pc->acpi_pm));
}

static void vga_frame_buffer(void *machine, uint32_t base, bool enabled)
{
    memory_map_frame_buffer(&((struct machine *)machine)->memory, base, enabled);
}

static void vga_window(void *opaque, const struct vga_window *window)
{
    struct machine *machine = opaque;
    bool whole = window->direct && window->base == VGA_WINDOW_BASE;
    memory_map_window(&machine->memory, whole ? machine->pc->vram + window->vram_offset : NULL,
                      whole ? window->length : 0);
}

static bool create_display(struct machine *machine, struct status *status)
{
    struct pc *pc = machine->pc;
    pc->vram =
        mmap(NULL, PC_VRAM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pc->vram == MAP_FAILED) {
        pc->vram = NULL;
        return status_fail(status, "no memory for the frame buffer");
    }
    struct vga_wires wires = {.clock = machine->clock,
                              .log = &machine->log,
                              .vram = pc->vram,
                              .vram_bytes = PC_VRAM_BYTES,
                              .machine = machine,
                              .window_changed = vga_window,
                              .framebuffer_mapped = vga_frame_buffer};
    machine->memory.frame_buffer = pc->vram;
    machine->memory.frame_buffer_bytes = PC_VRAM_BYTES;
    pc->vga = vga_create(&wires);
    pc->display = vga_display(pc->vga);
    vga_map_legacy(pc->vga, machine->io, machine->mmio);
    vga_pci_add(pc->vga, pc->pci, 2);
    machine_add(machine, vga_device(pc->vga));
    return true;
}

static bool create_serial(struct machine *machine, struct status *status)
{
    static const uint16_t ports[PC_UARTS] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
    static const uint8_t irqs[PC_UARTS] = {4, 3, 4, 3};
    static const char *const names[PC_UARTS] = {"com1", "com2", "com3", "com4"};
    struct pc *pc = machine->pc;
    const struct config_list *list = &machine->config->serial;
    if (list->count > PC_UARTS) {
        return status_fail(status, "at most %d --serial lines", PC_UARTS);
    }
    for (unsigned n = 0; n < PC_UARTS; n++) {
        const char *what = n < list->count ? list->item[n] : "null";
        if (!serial_host_open(&pc->serial[n], machine, n, what, status)) {
            return false;
        }
        struct uart16550_wires wires = {.clock = machine->clock,
                                        .irq = isa_line(machine, irqs[n]),
                                        .line = serial_host_chardev(&pc->serial[n]),
                                        .character_most_ns = UART_CHARACTER_NS};
        pc->uart[n] = uart16550_create(&wires);
        machine_add(machine, uart16550_device(pc->uart[n], names[n]));
        bus_map(machine->io, pc->uart[n], ports[n], 8, &uart16550_io);
    }
    return true;
}

static bool create_debug(struct machine *machine, struct status *status)
{
    struct pc *pc = machine->pc;
    const struct config *config = machine->config;
    const char *what = config->debugcon ? config->debugcon : "null";
    if (!serial_host_open(&pc->debugcon, machine, INPUT_SERIAL_LINES, what, status)) {
        return false;
    }
    struct debug_port_wires e9 = {.io = machine->io,
                                  .port = DEBUG_PORT_E9,
                                  .out = serial_host_chardev(&pc->debugcon),
                                  .instance = "debugcon"};
    machine_add(machine, debug_port_device(debug_port_create(&e9)));
    if (config->debug_exit) {
        struct debug_exit_wires wires = {
            .io = machine->io, .port = DEBUG_EXIT_PORT, .exit = request_exit, .machine = machine};
        machine_add(machine, debug_exit_device(debug_exit_create(&wires)));
    }
    return true;
}

static bool create_storage(struct machine *machine, struct status *status)
{
    struct pc *pc = machine->pc;
    pc->drives.faults = machine->faults;
    if (!drives_open(&pc->drives, machine->config, status)) {
        return false;
    }
    struct ide_wires ide = {.io = machine->io,
                            .pci = pc->pci,
                            .clock = machine->clock,
                            .memory = memory_map_dma(&machine->memory),
                            .irq = {isa_line(machine, 14), isa_line(machine, 15)},
                            .log = &machine->log};
    pc->ide = ide_create(&ide);
    struct floppy_wires floppy = {.io = machine->io,
                                  .clock = machine->clock,
                                  .irq = isa_line(machine, 6),
                                  .dma = dma8237_channel(pc->dma, 2),
                                  .log = &machine->log,
                                  .type = {FLOPPY_1440K, FLOPPY_NONE}};
    drives_floppy_types(&pc->drives, floppy.type);
    pc->floppy = floppy_create(&floppy);
    machine_add(machine, floppy_device(pc->floppy));
    machine_add(machine, ide_device(pc->ide));
    drives_attach(&pc->drives, pc->floppy, pc->ide);
    return true;
}

bool pc_create(struct machine *machine, struct status *status)
{
    machine->pc = calloc(1, sizeof(*machine->pc));
    int64_t start;
    if (machine->pc) {
        machine->pc->initrd.fd = -1;
    }
    if (!machine->pc || !board_start_time(machine->config, &start, status)) {
        return false;
    }
    create_interrupts(machine);
    create_timers(machine, start);
    create_dma(machine);
    create_bridges(machine);
    create_input(machine);
    if (!create_display(machine, status) || !create_serial(machine, status) ||
        !create_debug(machine, status) || !create_storage(machine, status)) {
        return false;
    }
    return board_config_setup(machine, status);
}

void pc_reset(struct machine *machine)
{
    struct pc *pc = machine->pc;
    map_lapic(machine, lapic_base(pc->lapic));
    update_a20(machine);
}

void pc_loaded(struct machine *machine)
{
    pc_reset(machine);
}

bool pc_forked(struct machine *machine, unsigned n, struct status *status)
{
    struct pc *pc = machine->pc;
    const struct config *config = machine->config;
    const struct config_list *list = &config->serial;
    bool good = true;
    for (unsigned line = 0; good && line < PC_UARTS; line++) {
        const char *what = line < list->count ? list->item[line] : "null";
        good = serial_host_forked(&pc->serial[line], what, n, status);
    }
    return good && serial_host_forked(&pc->debugcon, config->debugcon ? config->debugcon : "null",
                                      n, status);
}

void pc_destroy(struct machine *machine)
{
    struct pc *pc = machine->pc;
    if (!pc) {
        return;
    }
    for (unsigned n = 0; n < PC_UARTS; n++) {
        serial_host_close(&pc->serial[n]);
    }
    serial_host_close(&pc->debugcon);
    drives_close(&pc->drives);
    file_close(&pc->initrd);
    if (pc->vram) {
        munmap(pc->vram, PC_VRAM_BYTES);
    }
    free(pc);
    machine->pc = NULL;
}
