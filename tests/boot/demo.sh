#!/bin/bash
# The guest that is built in: every page by its text or its pixels, the keyboard, the timer, power off.
# engines: native portable
source "${BASH_SOURCE%/*}/lib.sh"

need_command python3 python3

# expect_pixels WHAT X,Y=RRGGBB...: size and pixels of WHAT.png
expect_pixels()
{
    local file=$1.png want=$2 places=() got
    shift 2
    for pixel; do
        places+=("${pixel%=*}")
        want+=" ${pixel#*=}"
    done
    got=$(python3 "$BOOT_DIR/pixels.py" "$file" "${places[@]}")
    [[ $got == "$want" ]] || fail "$file has $got instead of $want"
}

boot 0 --demo <<'SCRIPT'
timeout 20
wait-text Vestige: a whole PC in software
wait-text Q: turn the machine off
screenshot text.png
screen-text ticks1.txt
sleep 1
screen-text ticks2.txt
key spc
sleep 1
screenshot planes.png
key right
sleep 1
screenshot palette1.png
sleep 0.5
screenshot palette2.png
key ret
sleep 1
screenshot vbe.png
key backspace
sleep 1
screenshot palette3.png
key spc
sleep 0.5
key spc
wait-text Type something
type Hello, World!\n(2nd)
wait-text Hello, World!
wait-text (2nd)
wait-text scan code 0B   character code 29
key esc
wait-text Vestige: a whole PC in software
key q
timeout 5
wait-text this never comes: the machine turns off
SCRIPT

# Text: blue top of the V, black beside it, the grey footer, bright backgrounds instead of blinking.
expect_pixels text 720x400 112,20=5555ff 20,20=000000 715,398=aaaaaa 100,305=ffff55

# IRQ 0 comes 18.2 times a second.
first=$(grep -oP 'Timer interrupts: +\K\d+' ticks1.txt)
second=$(grep -oP 'Timer interrupts: +\K\d+' ticks2.txt)
((second - first == 18 || second - first == 19)) || fail "$((second - first)) ticks in a second"

# Planes: the sixteen colours of set/reset, and a ring's rightmost point on black.
expect_pixels planes 640x480 20,100=000000 60,100=0000aa 100,100=00aa00 140,100=00aaaa \
    180,100=aa0000 220,100=aa00aa 260,100=aa5500 300,100=aaaaaa 340,100=555555 380,100=5555ff \
    420,100=55ff55 460,100=55ffff 500,100=ff5555 540,100=ff55ff 580,100=ffff55 620,100=ffffff \
    20,300=000000 360,310=ffffff

# Palette: white text stands still, many colours, and they move.
expect_pixels palette1 640x400 19,20=ffffff
(($(python3 "$BOOT_DIR/pixels.py" --colours palette1.png) > 100)) || fail "palette1.png has few colours"
! cmp -s palette1.png palette2.png || fail "the palette does not turn"
expect_pixels palette3 640x400 19,20=ffffff

# Frame buffer: the corners of the gradient and a stroke of the V.
expect_pixels vbe 800x600 0,0=0000ff 799,0=fe0001 0,599=00feff 799,599=fefe01 70,230=ffffff
