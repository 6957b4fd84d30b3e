/*
 * PIIX4 power management: see acpi_pm.h.
 *
 * The 24-bit PM timer counts 3.579545 MHz of virtual time; its status bit is set whenever bit 23
 * turns over.  Turnovers are computed when somebody looks, and a clock timer is armed only while
 * one would interrupt.  The SCI is high while ACPI is on (SCI_EN) and an enabled event stands.
 *
 * Firmware sees the SMI trap of port B2h as set up already, so it installs no handler; the two ACPI
 * commands to that port act at once.  Sleep types are those of the firmware's own tables: 0 is S5,
 * 2 is S4; any other type wakes at once, as S1 would on the next event.
 *
 * Not modelled: system management interrupts, device traps and idle timers, throttling, S3, BIOS
 * and global release events, general-purpose events that anything raises.
 */
#include "devices/chipset/acpi_pm.h"

#include "base/endian.h"

#include <stdlib.h>
#include <string.h>

#define TIMER_HZ       UINT64_C(3579545)
#define TIMER_TURNOVER UINT64_C(0x800000)
#define TIMER_MASK     UINT32_C(0xffffff)

enum {
    REG_PMBASE = 0x40,
    REG_PMREGMISC = 0x80,
    REG_SMBBASE = 0x90,
    REG_SMBCFG = 0xd2,
    PM_PORTS = 64,
    SMB_PORTS = 16,
    GPE_BASE = 0xafe0,
    GPE_PORTS = 4, /* status in 0 and 1, enable in 2 and 3 */
    APM_BASE = 0xb2,
    APM_PORTS = 2, /* control B2h, status B3h */
};

enum { PM1_STS = 0, PM1_EN = 2, PM1_CNT = 4, PM_TMR = 8, GLBCTL = 0x28 };

enum {
    STS_TIMER = 0x0001,
    STS_BUTTON = 0x0100,
    STS_WAKE = 0x8000,
    STS_EXISTING = 0x8531, /* timer, bus master, global, button, RTC, wake */
    EN_EXISTING = 0x0521,
    CNT_SCI_EN = 0x0001,
    CNT_KEPT = 0x1c03, /* SCI_EN, BM_RLD, SLP_TYP */
    CNT_SLEEP = 0x2000,
};

enum { ACPI_ENABLE = 0xf1, ACPI_DISABLE = 0xf0 }; /* to port B2h */
enum { SLEEP_S5 = 0, SLEEP_S4 = 2 };
enum { SMB_STATUS = 0, SMB_CONTROL = 2, SMB_START = 0x40, SMB_DEVICE_ERROR = 0x04 };

/* clang-format off */
#define ACPI_PM_STATE(S, VAL, ARR, SUB)                                               \
    VAL(S, u16, status,       0,      "PM1 status; bit 0 as of the last look")        \
    VAL(S, u16, enable,       0,      "PM1 enable")                                   \
    VAL(S, u16, control,      0,      "PM1 control")                                  \
    VAL(S, u64, next_turnover, 0,     "timer tick at which bit 0 of status is set")   \
    VAL(S, u32, global_control, 0,    "GLBCTL, kept")                                 \
    ARR(S, u8,  gpe, GPE_PORTS, 0,    "general-purpose event status and enable")      \
    ARR(S, u8,  apm, APM_PORTS, 0,    "ports B2h and B3h")                            \
    ARR(S, u8,  smb, SMB_PORTS, 0,    "SMBus host registers")                         \
    VAL(S, u16, pm_base,      0,      "where the PM ports are, from PMBASE")          \
    VAL(S, bool, pm_decoded,  false,  "PMREGMISC bit 0")                              \
    VAL(S, u16, smb_base,     0,      "where the SMBus ports are")                    \
    VAL(S, bool, smb_decoded, false,  "SMBHSTCFG bit 0")
/* clang-format on */

/* A movable port range as it is mapped now. */
struct mapped_range {
    uint32_t base; /* 0: not mapped */
    unsigned handle;
};

struct acpi_pm {
    /* wires */
    struct acpi_pm_wires wires;
    struct pci_function *function;
    /* state */
    STATE_MEMBERS(ACPI_PM_STATE)
    /* derived */
    struct clock_timer turnover;
    struct mapped_range pm_range, smb_range;
    bool sci_level;
};

STATE_DESC(acpi_pm, ACPI_PM_STATE);

/* Timer and SCI. */

static uint64_t timer_ticks(const struct acpi_pm *pm)
{
    return clock_scale(clock_now(pm->wires.clock), TIMER_HZ, CLOCK_NS_PER_S);
}

static uint64_t turnover_after(uint64_t ticks)
{
    return (ticks | (TIMER_TURNOVER - 1)) + 1;
}

static void look_at_timer(struct acpi_pm *pm)
{
    uint64_t ticks = timer_ticks(pm);
    if (ticks >= pm->next_turnover) {
        pm->status |= STS_TIMER;
        pm->next_turnover = turnover_after(ticks);
    }
}

static bool sci_wanted(const struct acpi_pm *pm)
{
    bool fixed = pm->status & pm->enable & EN_EXISTING;
    bool general = (pm->gpe[0] & pm->gpe[2]) || (pm->gpe[1] & pm->gpe[3]);
    return (pm->control & CNT_SCI_EN) && (fixed || general);
}

/* A timer runs only while a turnover would interrupt. */
static void arm(struct acpi_pm *pm)
{
    bool awaited =
        (pm->control & CNT_SCI_EN) && (pm->enable & STS_TIMER) && !(pm->status & STS_TIMER);
    if (awaited) {
        clock_arm(&pm->turnover, clock_scale(pm->next_turnover, CLOCK_NS_PER_S, TIMER_HZ) + 1);
    } else {
        clock_disarm(&pm->turnover);
    }
}

static void update(struct acpi_pm *pm)
{
    look_at_timer(pm);
    bool wanted = sci_wanted(pm);
    if (wanted != pm->sci_level) {
        pm->sci_level = wanted;
        irq_set(&pm->wires.sci, wanted);
    }
    arm(pm);
}

static void turned_over(void *owner)
{
    update(owner);
}

/* PM1 and timer ports. */

static uint32_t pm_read(void *dev, uint32_t offset, unsigned size)
{
    (void)size;
    struct acpi_pm *pm = dev;
    uint32_t value = 0;
    look_at_timer(pm);
    switch (offset & ~3u) {
    case PM1_STS:
        value = pm->status | (uint32_t)pm->enable << 16;
        break;
    case PM1_CNT:
        value = pm->control;
        break;
    case PM_TMR:
        value = (uint32_t)timer_ticks(pm) & TIMER_MASK;
        break;
    case GLBCTL:
        value = pm->global_control;
        break;
    default:
        break;
    }
    return value >> 8 * (offset & 3);
}

static void sleep_type_written(struct acpi_pm *pm)
{
    unsigned type = pm->control >> 10 & 7u;
    if (type != SLEEP_S5 && type != SLEEP_S4) {
        pm->status |= STS_WAKE;
    } else if (pm->wires.power_off) {
        pm->wires.power_off(pm->wires.machine);
    }
}

/* The 16-bit register `old` after the bytes chosen by mask were written. */
static uint16_t merged(uint16_t old, uint16_t value, uint16_t mask, uint16_t existing)
{
    return (uint16_t)((old & ~mask) | (value & mask & existing));
}

static void pm_write_word(struct acpi_pm *pm, unsigned offset, uint16_t value, uint16_t mask)
{
    switch (offset) {
    case PM1_STS:
        look_at_timer(pm);
        pm->status = (uint16_t)(pm->status & ~(value & mask));
        break;
    case PM1_EN:
        pm->enable = merged(pm->enable, value, mask, EN_EXISTING);
        break;
    case PM1_CNT:
        pm->control = merged(pm->control, value, mask, CNT_KEPT);
        if (value & mask & CNT_SLEEP) {
            sleep_type_written(pm);
        }
        break;
    case GLBCTL:
        pm->global_control = merged((uint16_t)pm->global_control, value, mask, 0xffff);
        break;
    default:
        break;
    }
}

static void pm_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct acpi_pm *pm = dev;
    if (size == 1) {
        unsigned shift = 8 * (offset & 1);
        pm_write_word(pm, offset & ~1u, (uint16_t)(value << shift), (uint16_t)(0xffu << shift));
    } else {
        for (unsigned at = 0; at < size; at += 2) {
            pm_write_word(pm, offset + at, (uint16_t)(value >> 8 * at), 0xffff);
        }
    }
    update(pm);
}

static const struct io_ops pm_ops = {
    .read = pm_read,
    .write = pm_write,
    .guest_min = 1,
    .guest_max = 4,
    .native_min = 1,
    .native_max = 4,
};

/* General-purpose events, ports AFE0h..AFE3h. */

static uint32_t gpe_read(void *dev, uint32_t offset, unsigned size)
{
    (void)size;
    const struct acpi_pm *pm = dev;
    return pm->gpe[offset];
}

static void gpe_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)size;
    struct acpi_pm *pm = dev;
    bool is_status = offset < GPE_PORTS / 2;
    pm->gpe[offset] = (uint8_t)(is_status ? pm->gpe[offset] & ~value : value);
    update(pm);
}

static const struct io_ops gpe_ops = {
    .read = gpe_read,
    .write = gpe_write,
    .guest_min = 1,
    .guest_max = 4,
    .native_min = 1,
    .native_max = 1,
};

/* SMI command and status, ports B2h and B3h. */

static uint32_t apm_read(void *dev, uint32_t offset, unsigned size)
{
    (void)size;
    const struct acpi_pm *pm = dev;
    return pm->apm[offset];
}

static void apm_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)size;
    struct acpi_pm *pm = dev;
    pm->apm[offset] = (uint8_t)value;
    if (offset == 0 && value == ACPI_ENABLE) {
        pm->control |= CNT_SCI_EN;
    } else if (offset == 0 && value == ACPI_DISABLE) {
        pm->control = (uint16_t)(pm->control & ~CNT_SCI_EN);
    }
    update(pm);
}

static const struct io_ops apm_ops = {
    .read = apm_read,
    .write = apm_write,
    .guest_min = 1,
    .guest_max = 4,
    .native_min = 1,
    .native_max = 1,
};

/* SMBus host: every transfer ends with nobody answering. */

static uint32_t smb_read(void *dev, uint32_t offset, unsigned size)
{
    (void)size;
    const struct acpi_pm *pm = dev;
    return pm->smb[offset];
}

static void smb_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)size;
    struct acpi_pm *pm = dev;
    if (offset == SMB_STATUS) {
        pm->smb[SMB_STATUS] = (uint8_t)(pm->smb[SMB_STATUS] & ~value);
        return;
    }
    pm->smb[offset] = (uint8_t)value;
    if (offset == SMB_CONTROL && (value & SMB_START)) {
        pm->smb[SMB_CONTROL] = (uint8_t)(value & ~(uint32_t)SMB_START);
        pm->smb[SMB_STATUS] |= SMB_DEVICE_ERROR;
    }
}

static const struct io_ops smb_ops = {
    .read = smb_read,
    .write = smb_write,
    .guest_min = 1,
    .guest_max = 4,
    .native_min = 1,
    .native_max = 1,
};

/* Configuration space. */

static void place_range(struct acpi_pm *pm, struct mapped_range *range, uint32_t base,
                        uint32_t length, const struct io_ops *ops)
{
    if (base == range->base) {
        return;
    }
    if (range->base) {
        bus_unmap(pm->wires.io, range->handle);
    }
    range->base = base;
    if (base) {
        range->handle = bus_map(pm->wires.io, pm, base, length, ops);
    }
}

static void place_ranges(struct acpi_pm *pm)
{
    uint32_t pm_base = pm->pm_base & ~(uint32_t)(PM_PORTS - 1);
    uint32_t smb_base = pm->smb_base & ~(uint32_t)(SMB_PORTS - 1);
    place_range(pm, &pm->pm_range, pm->pm_decoded ? pm_base : 0, PM_PORTS, &pm_ops);
    place_range(pm, &pm->smb_range, pm->smb_decoded ? smb_base : 0, SMB_PORTS, &smb_ops);
}

static void config_written(void *dev, uint8_t offset, unsigned size)
{
    (void)offset;
    (void)size;
    struct acpi_pm *pm = dev;
    const uint8_t *config = pci_config(pm->function);
    pm->pm_base = load_le16(&config[REG_PMBASE]);
    pm->pm_decoded = config[REG_PMREGMISC] & 1;
    pm->smb_base = load_le16(&config[REG_SMBBASE]);
    pm->smb_decoded = config[REG_SMBCFG] & 1;
    place_ranges(pm);
}

/* Reset values that are not zero. */
static const struct {
    uint8_t offset, value;
} reset_values[] = {
    {0x06, 0x80},        {0x07, 0x02}, {REG_PMBASE, 0x01},
    {REG_SMBBASE, 0x01}, {0x5b, 0x02}, /* APMC trap on: firmware leaves SMM alone */
    {0x5f, 0x10},        {0x63, 0x60},
};

/* Device resource bits that the firmware's ACPI tables look at. */
enum { REG_LPT = 0x5f, HAS_LPT = 0x80, REG_COM = 0x67, HAS_COM1 = 0x08, HAS_COM2 = 0x90 };

static void set_registers(struct acpi_pm *pm)
{
    uint8_t *config = pci_config(pm->function);
    uint8_t *mask = pci_write_mask(pm->function);
    for (unsigned i = 0; i < sizeof(reset_values) / sizeof(reset_values[0]); i++) {
        config[reset_values[i].offset] = reset_values[i].value;
    }
    config[REG_LPT] |= pm->wires.has_parallel ? HAS_LPT : 0;
    config[REG_COM] |= pm->wires.has_serial1 ? HAS_COM1 : 0;
    config[REG_COM] |= pm->wires.has_serial2 ? HAS_COM2 : 0;
    memset(&mask[REG_PMBASE], 0xff, PCI_CONFIG_BYTES - REG_PMBASE);
    store_le32(&mask[REG_PMBASE], 0xffff & ~(PM_PORTS - 1));
    store_le32(&mask[REG_SMBBASE], 0xffff & ~(SMB_PORTS - 1));
}

/* The device. */

static void acpi_pm_loaded(void *dev)
{
    struct acpi_pm *pm = dev;
    place_ranges(pm);
    pm->sci_level = sci_wanted(pm);
    irq_set(&pm->wires.sci, pm->sci_level);
    arm(pm); /* without a look at the timer, which would show in the status */
}

static void acpi_pm_reset(void *dev, enum reset_kind kind)
{
    (void)kind;
    struct acpi_pm *pm = dev;
    pm->next_turnover = turnover_after(timer_ticks(pm));
    acpi_pm_loaded(pm);
}

static void acpi_pm_destroy(void *dev)
{
    free(dev);
}

static const struct device_ops acpi_pm_device_ops = {
    .name = "acpi_pm",
    .state = &acpi_pm_state,
    .reset = acpi_pm_reset,
    .loaded = acpi_pm_loaded,
    .destroy = acpi_pm_destroy,
};

struct acpi_pm *acpi_pm_create(const struct acpi_pm_wires *wires)
{
    struct acpi_pm *pm = calloc(1, sizeof(*pm));
    if (!pm) {
        abort();
    }
    pm->wires = *wires;
    static const struct pci_function_config about = {
        .device = 1,
        .function = 3,
        .vendor_id = 0x8086,
        .device_id = 0x7113,
        .subsystem_vendor_id = 0x1af4,
        .subsystem_id = 0x1100,
        .revision = 3,
        .subclass = 0x80,
        .class_code = 0x06,
        .interrupt_pin = 1,
        .config_written = config_written,
    };
    pm->function = pci_add(wires->pci, &about, pm);
    set_registers(pm);
    clock_timer_init(wires->clock, &pm->turnover, turned_over, pm);
    bus_map(wires->io, pm, GPE_BASE, GPE_PORTS, &gpe_ops);
    bus_map(wires->io, pm, APM_BASE, APM_PORTS, &apm_ops);
    return pm;
}

struct device acpi_pm_device(struct acpi_pm *pm)
{
    return (struct device){.ops = &acpi_pm_device_ops, .dev = pm, .instance = "acpi_pm"};
}

bool acpi_pm_press_power_button(struct acpi_pm *pm)
{
    pm->status |= STS_BUTTON;
    update(pm);
    return (pm->control & CNT_SCI_EN) && (pm->enable & STS_BUTTON);
}
