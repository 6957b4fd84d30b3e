/* Debug output and debug exit ports. */
#include "devices/firmware/debug_ports.h"
#include "tests/unit/devices/device_checks.h"

struct board {
    struct bus *io;
    struct debug_port *port;
    struct debug_exit *exit;
    struct device port_device, exit_device;
    char text[64];
    size_t length;
    unsigned exits;
    uint32_t exit_value;
};

static void collect(void *chardev, const uint8_t *bytes, size_t count)
{
    struct board *board = chardev;
    for (size_t i = 0; i < count && board->length < sizeof(board->text) - 1; i++) {
        board->text[board->length++] = (char)bytes[i];
    }
}

static void note_exit(void *machine, uint32_t value)
{
    struct board *board = machine;
    board->exits++;
    board->exit_value = value;
}

static struct board *board_create(void)
{
    struct board *board = calloc(1, sizeof(*board));
    board->io = bus_create(0x10000);
    struct debug_port_wires port = {.io = board->io,
                                    .port = DEBUG_PORT_E9,
                                    .out = {.write = collect, .chardev = board},
                                    .instance = "debugcon"};
    struct debug_exit_wires exit = {
        .io = board->io, .port = DEBUG_EXIT_PORT, .exit = note_exit, .machine = board};
    board->port = debug_port_create(&port);
    board->exit = debug_exit_create(&exit);
    board->port_device = debug_port_device(board->port);
    board->exit_device = debug_exit_device(board->exit);
    device_reset(&board->port_device, RESET_POWER);
    device_reset(&board->exit_device, RESET_POWER);
    return board;
}

static void board_destroy(struct board *board)
{
    board->port_device.ops->destroy(board->port_device.dev);
    board->exit_device.ops->destroy(board->exit_device.dev);
    bus_destroy(board->io);
    free(board);
}

START_TEST(text_goes_out_and_the_port_is_recognisable)
{
    struct board *board = board_create();
    ck_assert_uint_eq(bus_read(board->io, 0xe9, 1), 0xe9);
    bus_write(board->io, 0xe9, 'h', 1);
    bus_write(board->io, 0xe9, 'i', 1);
    ck_assert_str_eq(board->text, "hi");
    board_destroy(board);
}
END_TEST

START_TEST(an_exit_tells_its_value_at_any_size)
{
    struct board *board = board_create();
    bus_write(board->io, 0xf4, 0x10, 1);
    ck_assert_uint_eq(board->exit_value, 0x10);
    bus_write(board->io, 0xf4, 0x12345678, 4);
    ck_assert_uint_eq(board->exit_value, 0x12345678);
    ck_assert_uint_eq(board->exits, 2);
    ck_assert_uint_eq(bus_read(board->io, 0xf4, 1), 0);
    board_destroy(board);
}
END_TEST

START_TEST(reset_clears_whatever_the_guest_did)
{
    struct board *used = board_create();
    struct board *fresh = board_create();
    static const struct port_window windows[] = {{0xe9, 1}, {0xf4, 4}};
    check_device_resets(&used->port_device, &fresh->port_device, used->io, windows, 2);
    check_device_resets(&used->exit_device, &fresh->exit_device, used->io, windows, 2);
    board_destroy(used);
    board_destroy(fresh);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        text_goes_out_and_the_port_is_recognisable,
        an_exit_tells_its_value_at_any_size,
        reset_clears_whatever_the_guest_did,
    };
    return RUN_TESTS("debug_ports", tests);
}
