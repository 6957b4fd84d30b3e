#!/bin/bash
# The SDL window on a virtual X server: title, keys to the guest, capture by click and release by
# Ctrl+Alt+G, a screenshot by Ctrl+Alt+S, and closing.  Skipped (77) without Xvfb and xdotool.
source "${BASH_SOURCE%/*}/../cli/lib.sh"

for tool in Xvfb xdotool; do
    command -v $tool >/dev/null || skip "no $tool"
done
Xvfb -displayfd 3 -screen 0 1024x768x24 -nolisten tcp 3>display >/dev/null 2>&1 &
children+=($!)
until_true test -s display || skip "Xvfb does not start"
DISPLAY=:$(<display)
export DISPLAY
export SDL_AUDIODRIVER=dummy

background machine run --demo --display sdl --control unix:sock
: >out.txt
: >err.txt
title() { xdotool getwindowname "$window"; }
titled() { title | grep -qE "$1"; }
screen_has() { "$VESTIGE" ctl sock screen-text | grep -q "$1"; }

until_true xdotool search --name '^Vestige' || wrong "no window"
window=$(xdotool search --name '^Vestige' | head -n 1)
until_true titled '^Vestige - [0-9]+ MIPS - click to capture the mouse$' || wrong "title: $(title)"
until_true screen_has 'Vestige: a whole PC' || wrong "the demo does not come up"

# Keys go to the window with the focus (there is no window manager to give it).
xdotool windowfocus --sync "$window"
xdotool key Escape
until_true "$VESTIGE" ctl sock status
for _ in 1 2 3; do
    sleep 0.7
    xdotool key space
done
until_true screen_has 'Type something' || wrong "keys do not reach the guest"
xdotool type --delay 60 'Window 42!'
until_true screen_has 'Window 42!' || wrong "typed text does not reach the guest"

# Capture and release.
xdotool mousemove --window "$window" 100 100 click 1
until_true titled 'Ctrl\+Alt\+G releases the mouse$' || wrong "a click does not capture: $(title)"
xdotool key ctrl+alt+g
until_true titled 'click to capture the mouse$' || wrong "Ctrl+Alt+G does not release: $(title)"
xdotool key ctrl+alt+g
until_true titled 'Ctrl\+Alt\+G releases the mouse$' || wrong "Ctrl+Alt+G does not capture"
xdotool key ctrl+alt+g
until_true titled 'click to capture the mouse$' || wrong "Ctrl+Alt+G does not release again"

# A screenshot: a PNG with the picture's size, and a message.  On a busy host the X server may
# squeeze the chord together; then it is pressed once more.
for _ in 1 2 3 4 5; do
    xdotool keydown ctrl keydown alt sleep 0.2 key s sleep 0.2 keyup alt keyup ctrl
    sleep 1
    test -s vestige-1.png && break
done
until_true test -s vestige-1.png || wrong "no screenshot"
until_true grep -q '^vestige: screen saved as vestige-1.png$' machine.err || wrong "no message"
[[ $(head -c 24 vestige-1.png | tail -c 8 | od -An -tx1 | tr -d ' ') == 000002d000000190 ]] ||
    wrong "the screenshot is not 720 x 400"
screen_has 'Window 42![gs]' && wrong "the window's own keys reached the guest"

"$VESTIGE" ctl sock quit
wait "$child" || wrong "the window ends with status $?"

# Without a display: one message.
DISPLAY=:4095 vestige run --demo --display sdl
[[ $status == 2 ]] || wrong "without a display: status $status"
grep -qE '^vestige: cannot open a window: .* \(try --display none\)$' err.txt ||
    wrong "without a display: no message"

finish
