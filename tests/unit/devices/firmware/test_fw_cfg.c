/* Firmware configuration: ports, DMA, directory, option ROMs, Linux kernels. */
#include "base/endian.h"
#include "devices/firmware/fw_cfg.h"
#include "tests/unit/devices/device_checks.h"

#include <string.h>

enum { MEMORY_BYTES = 0x10000, DESCRIPTOR = 0x100 };

struct board {
    struct bus *io;
    struct fw_cfg *cfg;
    struct device device;
    uint8_t memory[MEMORY_BYTES];
};

static void memory_read(void *memory, uint64_t gpa, void *to, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        uint64_t at = gpa + i;
        ((uint8_t *)to)[i] = at < MEMORY_BYTES ? ((uint8_t *)memory)[at] : 0xff;
    }
}

static void memory_write(void *memory, uint64_t gpa, const void *from, size_t bytes)
{
    for (size_t i = 0; i < bytes && gpa < MEMORY_BYTES && gpa + i < MEMORY_BYTES; i++) {
        ((uint8_t *)memory)[gpa + i] = ((const uint8_t *)from)[i];
    }
}

static struct board *board_create(void)
{
    struct board *board = calloc(1, sizeof(*board));
    board->io = bus_create(0x10000);
    struct fw_cfg_wires wires = {.io = board->io,
                                 .memory = {memory_read, memory_write, board->memory}};
    board->cfg = fw_cfg_create(&wires);
    board->device = fw_cfg_device(board->cfg);
    device_reset(&board->device, RESET_POWER);
    return board;
}

static void board_destroy(struct board *board)
{
    board->device.ops->destroy(board->device.dev);
    bus_destroy(board->io);
    free(board);
}

static void read_item(struct board *board, unsigned key, uint8_t *to, unsigned bytes)
{
    bus_write(board->io, 0x510, key, 2);
    for (unsigned i = 0; i < bytes; i++) {
        to[i] = (uint8_t)bus_read(board->io, 0x511, 1);
    }
}

static uint32_t item32(struct board *board, unsigned key)
{
    uint8_t bytes[4];
    read_item(board, key, bytes, 4);
    return load_le32(bytes);
}

static void out_be32(struct board *board, unsigned port, uint32_t value)
{
    uint8_t bytes[4];
    store_be32(bytes, value);
    bus_write(board->io, port, load_le32(bytes), 4);
}

/* Runs one descriptor; returns what control became. */
static uint32_t dma(struct board *board, uint32_t control, uint32_t length, uint64_t address)
{
    store_be32(&board->memory[DESCRIPTOR], control);
    store_be32(&board->memory[DESCRIPTOR + 4], length);
    store_be64(&board->memory[DESCRIPTOR + 8], address);
    out_be32(board, 0x514, 0);
    out_be32(board, 0x518, DESCRIPTOR);
    return load_be32(&board->memory[DESCRIPTOR]);
}

START_TEST(signature_and_features_are_there)
{
    struct board *board = board_create();
    uint8_t bytes[6];
    read_item(board, 0, bytes, 6);
    ck_assert_mem_eq(bytes, "QEMU\0\0", 6);
    ck_assert_uint_eq(item32(board, 1), 3);
    ck_assert_uint_eq(bus_read(board->io, 0x514, 4), 0x554d4551); /* "QEMU" */
    ck_assert_uint_eq(bus_read(board->io, 0x518, 4), 0x47464320); /* " CFG" */
    board_destroy(board);
}
END_TEST

START_TEST(numbers_are_little_endian_and_missing_items_read_zero)
{
    struct board *board = board_create();
    fw_cfg_add_u16(board->cfg, FW_CFG_NB_CPUS, 0x1234);
    fw_cfg_add_u64(board->cfg, FW_CFG_RAM_SIZE, UINT64_C(0x1122334455667788));
    uint8_t bytes[9];
    read_item(board, FW_CFG_NB_CPUS, bytes, 3);
    ck_assert_mem_eq(bytes, "\x34\x12\x00", 3);
    read_item(board, FW_CFG_RAM_SIZE, bytes, 9);
    ck_assert_mem_eq(bytes, "\x88\x77\x66\x55\x44\x33\x22\x11\x00", 9);
    ck_assert_uint_eq(item32(board, 0x1f), 0);
    fw_cfg_add_u16(board->cfg, FW_CFG_NB_CPUS, 1);
    ck_assert_uint_eq(item32(board, FW_CFG_NB_CPUS), 1);
    board_destroy(board);
}
END_TEST

START_TEST(the_directory_lists_files)
{
    struct board *board = board_create();
    uint8_t directory[4 + 2 * 64];
    read_item(board, 0x19, directory, 4);
    ck_assert_uint_eq(load_be32(directory), 0);
    fw_cfg_add_file(board->cfg, "etc/e820", "12345", 5);
    fw_cfg_add_file(board->cfg, "bootorder", "/rom\n", 6);
    fw_cfg_add_file(board->cfg, "etc/e820", "abc", 3);
    read_item(board, 0x19, directory, sizeof(directory));
    ck_assert_uint_eq(load_be32(directory), 2);
    ck_assert_uint_eq(load_be32(&directory[4]), 3);
    ck_assert_uint_eq(load_be16(&directory[8]), 0x20);
    ck_assert_str_eq((char *)&directory[12], "etc/e820");
    ck_assert_uint_eq(load_be16(&directory[64 + 8]), 0x21);
    ck_assert_str_eq((char *)&directory[64 + 12], "bootorder");
    uint8_t bytes[4];
    read_item(board, 0x20, bytes, 4);
    ck_assert_mem_eq(bytes, "abc\0", 4);
    board_destroy(board);
}
END_TEST

START_TEST(dma_selects_reads_and_skips)
{
    struct board *board = board_create();
    fw_cfg_add_file(board->cfg, "a", "0123456789", 10);
    memset(&board->memory[0x200], 0xee, 16);
    ck_assert_uint_eq(dma(board, 0x20 << 16 | 8 | 2, 4, 0x200), 0);
    ck_assert_mem_eq(&board->memory[0x200], "0123\xee", 5);
    ck_assert_uint_eq(dma(board, 4, 2, 0), 0);
    ck_assert_uint_eq(dma(board, 2, 8, 0x200), 0); /* past the end: zeros */
    ck_assert_mem_eq(&board->memory[0x200], "6789\0\0\0\0\xee", 9);
    ck_assert_uint_eq(bus_read(board->io, 0x511, 1), 0);
    board_destroy(board);
}
END_TEST

START_TEST(dma_cannot_write_items)
{
    struct board *board = board_create();
    fw_cfg_add_file(board->cfg, "a", "0123", 4);
    ck_assert_uint_eq(dma(board, 0x20 << 16 | 8 | 0x10, 4, 0x200), 1);
    ck_assert_uint_eq(item32(board, 0x20), 0x33323130);
    board_destroy(board);
}
END_TEST

START_TEST(hostile_descriptors_end)
{
    struct board *board = board_create();
    ck_assert_uint_eq(dma(board, 8 | 4, 0xffffffff, 0), 0);
    ck_assert_uint_eq(dma(board, 4, 0xffffffff, 0), 0);
    ck_assert_uint_eq(dma(board, 2, 0x10000, UINT64_C(0xfffffffffffffff0)), 0);
    ck_assert_uint_eq(bus_read(board->io, 0x511, 1), 0);
    out_be32(board, 0x514, 0xffffffff);
    out_be32(board, 0x518, 0xffffffff);
    board_destroy(board);
}
END_TEST

START_TEST(option_roms_get_size_and_checksum)
{
    struct board *board = board_create();
    uint8_t rom[700] = {0x55, 0xaa, 2, 0xcb};
    struct status status = {0};
    ck_assert(fw_cfg_add_option_rom(board->cfg, "genroms/x.bin", rom, sizeof(rom), &status));
    uint8_t out[1024];
    read_item(board, 0x20, out, sizeof(out));
    uint8_t sum = 0;
    for (unsigned i = 0; i < sizeof(out); i++) {
        sum = (uint8_t)(sum + out[i]);
    }
    ck_assert_uint_eq(sum, 0);
    ck_assert_uint_eq(out[2], 2);
    rom[1] = 0;
    ck_assert(!fw_cfg_add_option_rom(board->cfg, "genroms/y.bin", rom, sizeof(rom), &status));
    ck_assert(status.failed);
    board_destroy(board);
}
END_TEST

enum { KERNEL_BYTES = 0x3000 };

static void make_kernel(uint8_t *kernel, uint16_t version, bool high)
{
    for (unsigned i = 0; i < KERNEL_BYTES; i++) {
        kernel[i] = (uint8_t)(i >> 4);
    }
    kernel[0x1f1] = 2;
    store_le16(&kernel[0x1fe], 0xaa55);
    memcpy(&kernel[0x202], "HdrS", 4);
    store_le16(&kernel[0x206], version);
    kernel[0x211] = high;
    store_le32(&kernel[0x22c], 0x37ffffff);
    store_le32(&kernel[0x238], 2047);
}

static void read_memory(void *source, uint64_t at, uint8_t *to, size_t bytes)
{
    memcpy(to, (const uint8_t *)source + at, bytes);
}

START_TEST(a_source_reads_as_its_bytes)
{
    enum { BYTES = 200000, KEY = 0x12 };
    struct board *board = board_create();
    static uint8_t bytes[BYTES];
    static uint8_t read[BYTES];
    struct fw_cfg_source source = {read_memory, bytes};
    for (unsigned i = 0; i < BYTES; i++) {
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    fw_cfg_add_source(board->cfg, KEY, &source, BYTES);
    read_item(board, KEY, read, BYTES);
    ck_assert_mem_eq(read, bytes, BYTES);
    read_item(board, KEY, read, 100); /* from the start again */
    ck_assert_mem_eq(read, bytes, 100);
    ck_assert_uint_eq(dma(board, KEY << 16 | 8 | 4, 65530, 0), 0); /* over a border */
    ck_assert_uint_eq(dma(board, 2, 100, 0x200), 0);
    ck_assert_mem_eq(&board->memory[0x200], bytes + 65530, 100);
    fw_cfg_add_bytes(board->cfg, KEY, "new", 3);
    read_item(board, KEY, read, 4);
    ck_assert_mem_eq(read, "new", 4);
    board_destroy(board);
}
END_TEST

START_TEST(a_bzimage_is_taken_apart)
{
    struct board *board = board_create();
    uint8_t kernel[KERNEL_BYTES];
    uint8_t initrd[5000] = {0x1f, 0x8b};
    uint8_t setup[3 * 512];
    struct status status = {0};
    make_kernel(kernel, 0x20a, true);
    struct fw_cfg_linux boot = {
        kernel,  sizeof(kernel), {read_memory, initrd}, sizeof(initrd), "root=/dev/hda vga=0x301",
        64 << 20};
    ck_assert(fw_cfg_add_linux_kernel(board->cfg, &boot, &status));
    ck_assert_uint_eq(item32(board, FW_CFG_KERNEL_ADDR), 0x100000);
    ck_assert_uint_eq(item32(board, FW_CFG_KERNEL_SIZE), KERNEL_BYTES - 3 * 512);
    ck_assert_uint_eq(item32(board, FW_CFG_KERNEL_DATA), load_le32(&kernel[3 * 512]));
    ck_assert_uint_eq(item32(board, FW_CFG_SETUP_ADDR), 0x10000);
    ck_assert_uint_eq(item32(board, FW_CFG_SETUP_SIZE), 3 * 512);
    ck_assert_uint_eq(item32(board, FW_CFG_CMDLINE_ADDR), 0x20000);
    ck_assert_uint_eq(item32(board, FW_CFG_CMDLINE_SIZE), 24);
    ck_assert_uint_eq(item32(board, FW_CFG_INITRD_SIZE), 5000);
    uint32_t initrd_addr = item32(board, FW_CFG_INITRD_ADDR);
    ck_assert_uint_eq(initrd_addr & 0xfff, 0);
    ck_assert(initrd_addr > 60 << 20 && initrd_addr + 5000 <= 63 << 20);
    read_item(board, FW_CFG_SETUP_DATA, setup, sizeof(setup));
    ck_assert_uint_eq(setup[0x210], 0xb0);
    ck_assert_uint_eq(setup[0x211], 0x81);
    ck_assert_uint_eq(load_le32(&setup[0x218]), initrd_addr);
    ck_assert_uint_eq(load_le32(&setup[0x21c]), 5000);
    ck_assert_uint_eq(load_le16(&setup[0x224]), 0xfe00);
    ck_assert_uint_eq(load_le32(&setup[0x228]), 0x20000);
    ck_assert_uint_eq(load_le16(&setup[0x1fa]), 0x301);
    board_destroy(board);
}
END_TEST

START_TEST(a_zimage_goes_low)
{
    struct board *board = board_create();
    uint8_t kernel[KERNEL_BYTES];
    uint8_t setup[0x30];
    struct status status = {0};
    make_kernel(kernel, 0x200, false);
    struct fw_cfg_linux boot = {kernel, sizeof(kernel), {0}, 0, "ro", 8 << 20};
    ck_assert(fw_cfg_add_linux_kernel(board->cfg, &boot, &status));
    ck_assert_uint_eq(item32(board, FW_CFG_KERNEL_ADDR), 0x10000);
    ck_assert_uint_eq(item32(board, FW_CFG_SETUP_ADDR), 0x90000);
    ck_assert_uint_eq(item32(board, FW_CFG_CMDLINE_ADDR), 0x99ff0);
    ck_assert_uint_eq(item32(board, FW_CFG_INITRD_SIZE), 0);
    read_item(board, FW_CFG_SETUP_DATA, setup, sizeof(setup));
    ck_assert_uint_eq(load_le16(&setup[0x20]), 0xa33f);
    ck_assert_uint_eq(load_le16(&setup[0x22]), 0x9ff0);
    board_destroy(board);
}
END_TEST

START_TEST(images_that_cannot_boot_are_refused)
{
    struct board *board = board_create();
    uint8_t kernel[KERNEL_BYTES];
    uint8_t *big = calloc(1, 8 << 20);
    char long_line[3000];
    struct status status = {0};
    memset(long_line, 'x', sizeof(long_line) - 1);
    long_line[sizeof(long_line) - 1] = 0;
    make_kernel(kernel, 0x20a, true);
    struct fw_cfg_linux good = {kernel, sizeof(kernel), {read_memory, big}, 8 << 20, "", 16 << 20};
    ck_assert(fw_cfg_add_linux_kernel(board->cfg, &good, &status));
    struct fw_cfg_linux small = good;
    small.ram_bytes = 8 << 20;
    ck_assert(!fw_cfg_add_linux_kernel(board->cfg, &small, &status));
    struct fw_cfg_linux wordy = good;
    wordy.command_line = long_line;
    ck_assert(!fw_cfg_add_linux_kernel(board->cfg, &wordy, &status));
    struct fw_cfg_linux cut = good;
    cut.kernel_bytes = 3 * 512;
    ck_assert(!fw_cfg_add_linux_kernel(board->cfg, &cut, &status));
    kernel[0x1fe] = 0;
    ck_assert(!fw_cfg_add_linux_kernel(board->cfg, &good, &status));
    ck_assert(status.failed && status.text[0]);
    free(big);
    board_destroy(board);
}
END_TEST

START_TEST(reset_clears_whatever_the_guest_did)
{
    struct board *used = board_create();
    struct board *fresh = board_create();
    fw_cfg_add_file(used->cfg, "a", "0123456789", 10);
    static const struct port_window windows[] = {{0x510, 2}, {0x510, 12}};
    check_device_resets(&used->device, &fresh->device, used->io, windows, 2);
    board_destroy(used);
    board_destroy(fresh);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        signature_and_features_are_there,
        numbers_are_little_endian_and_missing_items_read_zero,
        the_directory_lists_files,
        dma_selects_reads_and_skips,
        dma_cannot_write_items,
        hostile_descriptors_end,
        option_roms_get_size_and_checksum,
        a_source_reads_as_its_bytes,
        a_bzimage_is_taken_apart,
        a_zimage_goes_low,
        images_that_cannot_boot_are_refused,
        reset_clears_whatever_the_guest_did,
    };
    return RUN_TESTS("fw_cfg", tests);
}
