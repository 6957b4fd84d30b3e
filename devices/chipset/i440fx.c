/*
 * Host bridge 82441FX: see i440fx.h.
 *
 * PAM0 (59h) holds one area in its high half, PAM1..6 (5Ah..5Fh) two areas each, low half first:
 *
 *     bit 0 of a half  RE  reads go to RAM          bit 1  WE  writes go to RAM
 *
 * Other registers of the device keep what is written and do nothing.  Not modelled: DRAM timing,
 * system management mode (SMRAM opens by D_OPEN only), error reporting, the AGP-less arbiter.
 */
#include "devices/chipset/i440fx.h"

#include <stdlib.h>
#include <string.h>

enum {
    REG_CHIP = 0x40, /* first register of the chip's own */
    REG_PAM0 = 0x59,
    REG_DRB0 = 0x60, /* 8 row boundaries in units of 8 MiB, each the sum so far */
    REG_SMRAM = 0x72,
    PAM_REGISTERS = 7,
    DRAM_ROWS = 8,
};

enum {
    SMRAM_RESET = 0x02, /* C_BASE_SEG: the only legal value, hard-wired */
    SMRAM_ENABLE = 0x08,
    SMRAM_LOCK = 0x10,
    SMRAM_CLOSE = 0x20,
    SMRAM_OPEN = 0x40,
};

/* clang-format off */
#define I440FX_STATE(S, VAL, ARR, SUB)                                        \
    ARR(S, u8, pam,   PAM_REGISTERS, 0,   "copies of PAM0..PAM6")             \
    VAL(S, u8, smram, SMRAM_RESET,        "copy of SMRAM control")
/* clang-format on */

struct i440fx {
    /* wires */
    struct i440fx_wires wires;
    struct pci_function *function;
    /* state */
    STATE_MEMBERS(I440FX_STATE)
};

STATE_DESC(i440fx, I440FX_STATE);

/* The areas: where, and which half of which register rules. */
static const struct area {
    uint32_t base, length;
    uint8_t pam, shift;
} areas[] = {
    {0xf0000, 0x10000, 0, 4}, {0xc0000, 0x4000, 1, 0}, {0xc4000, 0x4000, 1, 4},
    {0xc8000, 0x4000, 2, 0},  {0xcc000, 0x4000, 2, 4}, {0xd0000, 0x4000, 3, 0},
    {0xd4000, 0x4000, 3, 4},  {0xd8000, 0x4000, 4, 0}, {0xdc000, 0x4000, 4, 4},
    {0xe0000, 0x4000, 5, 0},  {0xe4000, 0x4000, 5, 4}, {0xe8000, 0x4000, 6, 0},
    {0xec000, 0x4000, 6, 4},
};
enum { AREAS = sizeof(areas) / sizeof(areas[0]) };

static unsigned area_attributes(const struct area *area, const uint8_t *pam)
{
    return pam[area->pam] >> area->shift & 3u;
}

static void tell_area(const struct i440fx *bridge, const struct area *area)
{
    unsigned attributes = area_attributes(area, bridge->pam);
    if (bridge->wires.pam_changed) {
        bridge->wires.pam_changed(bridge->wires.machine, area->base, area->length, attributes & 1,
                                  attributes & 2);
    }
}

static bool smram_is_open(uint8_t smram)
{
    return (smram & SMRAM_ENABLE) && (smram & SMRAM_OPEN) && !(smram & SMRAM_CLOSE);
}

static void tell_smram(const struct i440fx *bridge)
{
    if (bridge->wires.smram_changed) {
        bridge->wires.smram_changed(bridge->wires.machine, smram_is_open(bridge->smram));
    }
}

static void take_pam(struct i440fx *bridge, const uint8_t *written)
{
    uint8_t old[PAM_REGISTERS];
    memcpy(old, bridge->pam, sizeof(old));
    memcpy(bridge->pam, written, sizeof(bridge->pam));
    for (unsigned i = 0; i < AREAS; i++) {
        if (area_attributes(&areas[i], old) != area_attributes(&areas[i], bridge->pam)) {
            tell_area(bridge, &areas[i]);
        }
    }
}

/* Once D_LCK is set, it and D_OPEN (then 0) and G_SMRAME cannot change until reset. */
static void take_smram(struct i440fx *bridge, uint8_t *live)
{
    uint8_t written = *live;
    if (bridge->smram & SMRAM_LOCK) {
        uint8_t fixed = SMRAM_LOCK | SMRAM_OPEN | SMRAM_ENABLE;
        written = (uint8_t)((written & ~fixed) | (bridge->smram & fixed));
    } else if (written & SMRAM_LOCK) {
        written = (uint8_t)(written & ~SMRAM_OPEN);
    }
    *live = written;
    bool was_open = smram_is_open(bridge->smram);
    bridge->smram = written;
    if (smram_is_open(written) != was_open) {
        tell_smram(bridge);
    }
}

static void config_written(void *dev, uint8_t offset, unsigned size)
{
    struct i440fx *bridge = dev;
    uint8_t *config = pci_config(bridge->function);
    if (offset < REG_PAM0 + PAM_REGISTERS && offset + size > REG_PAM0) {
        take_pam(bridge, &config[REG_PAM0]);
    }
    if (offset <= REG_SMRAM && offset + size > REG_SMRAM) {
        take_smram(bridge, &config[REG_SMRAM]);
    }
}

static void i440fx_loaded(void *dev)
{
    const struct i440fx *bridge = dev;
    for (unsigned i = 0; i < AREAS; i++) {
        tell_area(bridge, &areas[i]);
    }
    tell_smram(bridge);
}

static void i440fx_reset(void *dev, enum reset_kind kind)
{
    (void)kind;
    i440fx_loaded(dev);
}

static void i440fx_destroy(void *dev)
{
    free(dev);
}

static const struct device_ops i440fx_ops = {
    .name = "i440fx",
    .state = &i440fx_state,
    .reset = i440fx_reset,
    .loaded = i440fx_loaded,
    .destroy = i440fx_destroy,
};

static void set_registers(struct i440fx *bridge)
{
    uint8_t *config = pci_config(bridge->function);
    uint8_t *mask = pci_write_mask(bridge->function);
    config[0x04] = 0x06; /* memory and bus master are always on */
    config[0x07] = 0x02; /* medium DEVSEL# timing */
    mask[0x04] = 0;
    memset(&mask[REG_CHIP], 0xff, PCI_CONFIG_BYTES - REG_CHIP);
    mask[REG_PAM0] = 0x30;
    memset(&mask[REG_PAM0 + 1], 0x33, PAM_REGISTERS - 1);
    mask[REG_SMRAM] = SMRAM_ENABLE | SMRAM_LOCK | SMRAM_CLOSE | SMRAM_OPEN;
    config[REG_SMRAM] = SMRAM_RESET;
    uint64_t units = bridge->wires.ram_bytes >> 23;
    memset(&config[REG_DRB0], units < 0xff ? (int)units : 0xff, DRAM_ROWS);
}

struct i440fx *i440fx_create(const struct i440fx_wires *wires)
{
    struct i440fx *bridge = calloc(1, sizeof(*bridge));
    if (!bridge) {
        abort();
    }
    bridge->wires = *wires;
    static const struct pci_function_config about = {
        .device = 0,
        .function = 0,
        .vendor_id = 0x8086,
        .device_id = 0x1237,
        .subsystem_vendor_id = 0x1af4, /* firmware knows the virtual board by these two */
        .subsystem_id = 0x1100,
        .revision = 2,
        .class_code = 0x06,
        .config_written = config_written,
    };
    bridge->function = pci_add(wires->pci, &about, bridge);
    set_registers(bridge);
    return bridge;
}

struct device i440fx_device(struct i440fx *bridge)
{
    return (struct device){.ops = &i440fx_ops, .dev = bridge, .instance = "i440fx"};
}
