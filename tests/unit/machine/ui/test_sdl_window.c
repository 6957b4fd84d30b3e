/* The window on SDL's dummy video driver: keys, mouse capture, own keys, focus loss. */
#include "machine/ui/key_names.h"
#include "machine/ui/sdl_window.h"

#include <SDL.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heard {
    char keys[512]; /* "+a -a " */
    int dx, dy, wheel;
    unsigned buttons;
    unsigned mouse_calls, closes, screenshots;
};

static void on_key(void *user, const char *name, bool down, bool repeat)
{
    struct heard *heard = user;
    size_t used = strlen(heard->keys);
    snprintf(heard->keys + used, sizeof(heard->keys) - used, "%s%s ",
             repeat ? "*"
             : down ? "+"
                    : "-",
             name);
}

static void on_mouse(void *user, int dx, int dy, int wheel, unsigned buttons)
{
    struct heard *heard = user;
    heard->dx += dx;
    heard->dy += dy;
    heard->wheel += wheel;
    heard->buttons = buttons;
    heard->mouse_calls++;
}

static void on_close(void *user)
{
    ((struct heard *)user)->closes++;
}

static void on_screenshot(void *user)
{
    ((struct heard *)user)->screenshots++;
}

static struct window *open_window(struct heard *heard)
{
    struct viewer_callbacks callbacks = {.user = heard,
                                         .key = on_key,
                                         .mouse = on_mouse,
                                         .close_request = on_close,
                                         .screenshot = on_screenshot};
    struct status status = {.failed = false};
    setenv("SDL_VIDEODRIVER", "dummy", 1);
    memset(heard, 0, sizeof(*heard));
    struct window *window = window_create(&callbacks, &status);
    ck_assert_msg(window != NULL, "%s", status.text);
    window_poll(window);
    memset(heard, 0, sizeof(*heard));
    return window;
}

static void push_key(SDL_Scancode scancode, bool down, uint16_t modifiers, bool repeat)
{
    SDL_Event event = {.key = {.type = down ? SDL_KEYDOWN : SDL_KEYUP,
                               .state = down ? SDL_PRESSED : SDL_RELEASED,
                               .repeat = repeat,
                               .keysym = {.scancode = scancode, .mod = modifiers}}};
    ck_assert_int_eq(SDL_PushEvent(&event), 1);
}

static void push_button(uint8_t button, bool down)
{
    SDL_Event event = {.button = {.type = down ? SDL_MOUSEBUTTONDOWN : SDL_MOUSEBUTTONUP,
                                  .state = down ? SDL_PRESSED : SDL_RELEASED,
                                  .button = button}};
    ck_assert_int_eq(SDL_PushEvent(&event), 1);
}

static void push_motion(int dx, int dy)
{
    SDL_Event event = {.motion = {.type = SDL_MOUSEMOTION, .xrel = dx, .yrel = dy}};
    ck_assert_int_eq(SDL_PushEvent(&event), 1);
}

static void push_window(uint8_t what)
{
    SDL_Event event = {.window = {.type = SDL_WINDOWEVENT, .event = what}};
    ck_assert_int_eq(SDL_PushEvent(&event), 1);
}

START_TEST(keys_arrive_by_name)
{
    struct heard heard;
    struct window *window = open_window(&heard);
    push_key(SDL_SCANCODE_A, true, 0, false);
    push_key(SDL_SCANCODE_A, true, 0, true);
    push_key(SDL_SCANCODE_A, false, 0, false);
    push_key(SDL_SCANCODE_KP_7, true, 0, false);
    push_key(SDL_SCANCODE_F13, true, 0, false);
    push_key(SDL_SCANCODE_RCTRL, false, 0, false); /* never went down */
    window_poll(window);
    ck_assert_str_eq(heard.keys, "+a *a -a +kp_7 ");
    window_destroy(window);
}
END_TEST

START_TEST(losing_the_focus_releases_keys_and_mouse)
{
    struct heard heard;
    struct window *window = open_window(&heard);
    push_button(SDL_BUTTON_LEFT, true);
    push_key(SDL_SCANCODE_LALT, true, KMOD_LALT, false);
    window_poll(window);
    ck_assert(window_captured(window));
    push_window(SDL_WINDOWEVENT_FOCUS_LOST);
    window_poll(window);
    ck_assert_str_eq(heard.keys, "+alt -alt ");
    ck_assert(!window_captured(window));
    window_destroy(window);
}
END_TEST

START_TEST(mouse_speaks_only_while_captured)
{
    struct heard heard;
    struct window *window = open_window(&heard);
    push_motion(5, 6);
    window_poll(window);
    ck_assert_uint_eq(heard.mouse_calls, 0);
    push_button(SDL_BUTTON_LEFT, true); /* the capturing click stays ours */
    push_button(SDL_BUTTON_LEFT, false);
    window_poll(window);
    ck_assert(window_captured(window));
    ck_assert_uint_eq(heard.mouse_calls, 0);
    push_motion(3, -2);
    push_motion(4, -1);
    push_button(SDL_BUTTON_RIGHT, true);
    window_poll(window);
    ck_assert_int_eq(heard.dx, 7);
    ck_assert_int_eq(heard.dy, -3);
    ck_assert_uint_eq(heard.buttons, VIEWER_RIGHT);
    window_destroy(window);
}
END_TEST

START_TEST(own_keys_do_their_work_and_stay_from_the_guest)
{
    struct heard heard;
    uint16_t both = KMOD_LCTRL | KMOD_LALT;
    struct window *window = open_window(&heard);
    push_button(SDL_BUTTON_LEFT, true);
    push_key(SDL_SCANCODE_LCTRL, true, KMOD_LCTRL, false);
    push_key(SDL_SCANCODE_LALT, true, both, false);
    push_key(SDL_SCANCODE_G, true, both, false);
    push_key(SDL_SCANCODE_G, false, both, false);
    push_key(SDL_SCANCODE_S, true, both, false);
    push_key(SDL_SCANCODE_S, false, both, false);
    push_key(SDL_SCANCODE_LALT, false, KMOD_LCTRL, false);
    push_key(SDL_SCANCODE_LCTRL, false, 0, false);
    push_key(SDL_SCANCODE_DELETE, true, both, false);
    window_poll(window);
    ck_assert(!window_captured(window));
    ck_assert_uint_eq(heard.screenshots, 1);
    ck_assert_str_eq(heard.keys, "+ctrl +alt -ctrl -alt +delete ");
    push_window(SDL_WINDOWEVENT_CLOSE);
    window_poll(window);
    ck_assert_uint_eq(heard.closes, 1);
    window_destroy(window);
}
END_TEST

START_TEST(frames_of_any_size_can_be_shown)
{
    struct heard heard;
    struct window *window = open_window(&heard);
    static const uint32_t sizes[][2] = {{720, 400}, {1, 1}, {0, 0}, {640, 480}, {2560, 1600}};
    struct display_frame frame = {.pixels = calloc(2560 * 1600, sizeof(uint32_t))};
    for (unsigned i = 0; i < 5; i++) {
        frame.width = sizes[i][0];
        frame.height = sizes[i][1];
        window_set_integer_scaling(window, i & 1);
        window_show(window, &frame);
        window_poll(window);
    }
    window_set_title(window, "Vestige - 99 MIPS");
    free(frame.pixels);
    window_destroy(window);
}
END_TEST

START_TEST(a_missing_display_is_an_error_message)
{
    struct viewer_callbacks callbacks = {.user = NULL};
    struct status status = {.failed = false};
    setenv("SDL_VIDEODRIVER", "no-such-driver", 1);
    ck_assert_ptr_null(window_create(&callbacks, &status));
    ck_assert(status.failed);
    ck_assert_ptr_nonnull(strstr(status.text, "window"));
}
END_TEST

START_TEST(every_scan_code_is_safe_to_name)
{
    for (unsigned scancode = 0; scancode < 2000; scancode++) {
        const char *name = key_name(scancode);
        ck_assert(!name || strlen(name) < 16);
    }
    ck_assert_str_eq(key_name(SDL_SCANCODE_RETURN), "ret");
    ck_assert_str_eq(key_name(SDL_SCANCODE_NONUSBACKSLASH), "less");
    ck_assert_str_eq(key_name(SDL_SCANCODE_PAUSE), "pause");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sdl_window");
    TCase *tcase = tcase_create("sdl_window");
    tcase_add_test(tcase, keys_arrive_by_name);
    tcase_add_test(tcase, losing_the_focus_releases_keys_and_mouse);
    tcase_add_test(tcase, mouse_speaks_only_while_captured);
    tcase_add_test(tcase, own_keys_do_their_work_and_stay_from_the_guest);
    tcase_add_test(tcase, frames_of_any_size_can_be_shown);
    tcase_add_test(tcase, a_missing_display_is_an_error_message);
    tcase_add_test(tcase, every_scan_code_is_safe_to_name);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
