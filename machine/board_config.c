#include "machine/board_config.h"

#include "base/endian.h"
#include "devices/firmware/linuxboot.h"
#include "machine/firmware.h"
#include "machine/media/recognise.h"
#include "machine/pc.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Rows of the firmware's memory table. */
enum {
    E820_RAM = 1,
    E820_RESERVED = 2,
    E820_ENTRY = 20,
};

/* CMOS registers of the PC, as the firmware expects them. */
enum {
    CMOS_FLOPPY = 0x10,
    CMOS_EQUIPMENT = 0x14,
    CMOS_BASE_LOW = 0x15,
    CMOS_EXTENDED_LOW = 0x17,
    CMOS_EXTENDED2_LOW = 0x30,
    CMOS_ABOVE_16M_LOW = 0x34,
    CMOS_BOOT_FLAG1 = 0x38,
    CMOS_BOOT_FLAG2 = 0x3d,
    CMOS_ABOVE_4G_LOW = 0x5b,
};

bool board_start_time(const struct config *config, int64_t *seconds, struct status *status)
{
    if (!config->rtc || strcmp(config->rtc, "host") == 0) {
        *seconds = (int64_t)time(NULL);
        return true;
    }
    return config_date(config->rtc, seconds) ||
           status_fail(status, "--rtc %s is neither host nor YYYY-MM-DDTHH:MM:SS", config->rtc);
}

static void cmos16(struct rtc146818 *rtc, unsigned index, uint64_t value)
{
    uint64_t capped = value > 0xffff ? 0xffff : value;
    rtc146818_set_cmos(rtc, index, (uint8_t)capped);
    rtc146818_set_cmos(rtc, index + 1, (uint8_t)(capped >> 8));
}

static void cmos_memory(struct machine *machine)
{
    struct rtc146818 *rtc = machine->pc->rtc;
    uint64_t low = machine->memory.low_bytes;
    uint64_t high = machine->memory.ram_bytes - low;
    uint64_t extended = low > 1 << 20 ? (low >> 10) - 1024 : 0;
    cmos16(rtc, CMOS_BASE_LOW, 640);
    cmos16(rtc, CMOS_EXTENDED_LOW, extended);
    cmos16(rtc, CMOS_EXTENDED2_LOW, extended);
    cmos16(rtc, CMOS_ABOVE_16M_LOW, low > 16 << 20 ? (low - (16 << 20)) >> 16 : 0);
    cmos16(rtc, CMOS_ABOVE_4G_LOW, high >> 16);
    rtc146818_set_cmos(rtc, CMOS_ABOVE_4G_LOW + 2, (uint8_t)(high >> 32));
}

static void cmos_drives(struct machine *machine)
{
    enum { FPU = 2, MOUSE = 4, FLOPPY = 1 };
    struct rtc146818 *rtc = machine->pc->rtc;
    enum floppy_type type[FLOPPY_DRIVES];
    drives_floppy_types(&machine->pc->drives, type);
    rtc146818_set_cmos(rtc, CMOS_FLOPPY, (uint8_t)(type[0] << 4 | type[1]));
    unsigned extra = type[1] != FLOPPY_NONE ? 1u << 6 : 0;
    extra |= x86_has_fpu(machine->cpu) ? FPU : 0;
    rtc146818_set_cmos(rtc, CMOS_EQUIPMENT, (uint8_t)(MOUSE | FLOPPY | extra));
}

/* Boot order: the wanted device first, then what is there. */
static void cmos_boot(struct machine *machine)
{
    enum { FLOPPY = 1, DISK = 2, CDROM = 3, NETWORK = 4, NO_SIGNATURE_CHECK = 1 };
    static const char letters[] = " acdn";
    struct rtc146818 *rtc = machine->pc->rtc;
    char want =
        machine->config->boot ? machine->config->boot[0] : drives_boot_letter(&machine->pc->drives);
    unsigned order[4] = {FLOPPY, DISK, CDROM, NETWORK};
    unsigned first = (unsigned)(strchr(letters, want) - letters);
    unsigned at = 0;
    unsigned packed[4] = {first};
    for (unsigned i = 0; i < 4; i++) {
        if (order[i] != first) {
            packed[++at & 3] = order[i];
        }
    }
    rtc146818_set_cmos(rtc, CMOS_BOOT_FLAG2, (uint8_t)(packed[1] << 4 | packed[0]));
    rtc146818_set_cmos(rtc, CMOS_BOOT_FLAG1, (uint8_t)(packed[2] << 4 | NO_SIGNATURE_CHECK));
}

static void e820_entry(uint8_t *entry, uint64_t base, uint64_t bytes, uint32_t type)
{
    store_le64(entry, base);
    store_le64(entry + 8, bytes);
    store_le32(entry + 16, type);
}

static void describe_memory(struct machine *machine)
{
    uint8_t table[2 * E820_ENTRY];
    size_t used = E820_ENTRY;
    uint64_t high = machine->memory.ram_bytes - machine->memory.low_bytes;
    e820_entry(table, 0, machine->memory.low_bytes, E820_RAM);
    if (high) {
        e820_entry(table + E820_ENTRY, HIGH_RAM, high, E820_RAM);
        used += E820_ENTRY;
    }
    fw_cfg_add_file(machine->pc->fw_cfg, "etc/e820", table, used);
    fw_cfg_add_u64(machine->pc->fw_cfg, FW_CFG_RAM_SIZE, machine->memory.ram_bytes);
}

/* Under the name of the adapter's PCI identity: only so the firmware tells the ROM which function
 * it belongs to, and the ROM finds the frame buffer's region. */
static bool add_vgabios(struct machine *machine, struct status *status)
{
    struct file_bytes rom;
    if (!firmware_vgabios(machine->config->vgabios, &rom, status)) {
        return false;
    }
    bool done =
        fw_cfg_add_option_rom(machine->pc->fw_cfg, "pci1234,1111.rom", rom.bytes, rom.size, status);
    free(rom.bytes);
    return done;
}

/* Kernel items, the ROM that starts it, and its place in the boot order. */
static bool add_directly_booted(struct fw_cfg *cfg, const struct fw_cfg_linux *boot,
                                struct status *status)
{
    static const char linux_order[] = "/rom@genroms/linuxboot.bin\n";
    static const char multiboot_order[] = "/rom@genroms/multiboot.bin\n";
    if (recognise_bytes(boot->kernel, boot->kernel_bytes, boot->kernel_bytes) ==
        MEDIA_MULTIBOOT_ELF) {
        fw_cfg_add_file(cfg, "bootorder", multiboot_order, sizeof(multiboot_order));
        return fw_cfg_add_multiboot_kernel(cfg, boot, status) &&
               fw_cfg_add_option_rom(cfg, "genroms/multiboot.bin", multiboot_rom,
                                     multiboot_rom_bytes, status);
    }
    fw_cfg_add_file(cfg, "bootorder", linux_order, sizeof(linux_order));
    return fw_cfg_add_linux_kernel(cfg, boot, status) &&
           fw_cfg_add_option_rom(cfg, "genroms/linuxboot.bin", linuxboot_rom, linuxboot_rom_bytes,
                                 status);
}

static void read_initrd(void *source, uint64_t at, uint8_t *to, size_t bytes)
{
    file_piece(source, at, to, bytes);
}

static bool add_kernel(struct machine *machine, struct status *status)
{
    enum { KERNEL_MOST = 256 << 20, INITRD_MOST = 1 << 30 };
    const struct config *config = machine->config;
    const char *path = drives_kernel(&machine->pc->drives);
    struct file_bytes kernel = {0};
    struct file_pieces *initrd = &machine->pc->initrd;
    if (!path) {
        return true;
    }
    if (!file_read(path, KERNEL_MOST, &kernel, status)) {
        return false;
    }
    bool done = !config->initrd || file_open(config->initrd, INITRD_MOST, initrd, status);
    struct fw_cfg_linux boot = {.kernel = kernel.bytes,
                                .kernel_bytes = kernel.size,
                                .initrd = {read_initrd, initrd},
                                .initrd_bytes = initrd->size,
                                .command_line = config->append ? config->append : "",
                                .ram_bytes = machine->memory.low_bytes};
    if (done && !add_directly_booted(machine->pc->fw_cfg, &boot, status)) {
        char reason[sizeof(status->text)];
        memcpy(reason, status->text, sizeof(reason));
        done = status_fail(status, "%s: %.400s", path, reason);
    }
    free(kernel.bytes);
    return done;
}

bool board_config_setup(struct machine *machine, struct status *status)
{
    struct fw_cfg_wires wires = {.io = machine->io, .memory = memory_map_dma(&machine->memory)};
    struct pc *pc = machine->pc;
    pc->fw_cfg = fw_cfg_create(&wires);
    machine_add(machine, fw_cfg_device(pc->fw_cfg));
    cmos_memory(machine);
    cmos_drives(machine);
    cmos_boot(machine);
    describe_memory(machine);
    fw_cfg_add_u16(pc->fw_cfg, FW_CFG_NB_CPUS, 1);
    fw_cfg_add_u16(pc->fw_cfg, FW_CFG_MAX_CPUS, 1);
    fw_cfg_add_u16(pc->fw_cfg, FW_CFG_BOOT_MENU, 0);
    fw_cfg_add_bytes(pc->fw_cfg, FW_CFG_IRQ0_OVERRIDE, "\1", 1);
    return add_vgabios(machine, status) && add_kernel(machine, status);
}
