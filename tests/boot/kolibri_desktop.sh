#!/bin/bash
# KolibriOS: its desktop in 800x600x32, the pointer follows the mouse, a click opens the menu.
# engines: native portable
# timeout: 300
source "${BASH_SOURCE%/*}/lib.sh"

need_command python3 python3
image=$(need_image kolibri.img) || exit
picture=$BOOT_DIR/picture.py # 570: above the bar, whose clock blinks

# The pointer starts in the middle, (400, 300); KolibriOS accelerates larger motions.
{
    cat <<'SCRIPT'
timeout 30
wait-text press [Enter] to continue
key enter
sleep 3
screenshot desktop.png
mouse 10 -5
sleep 0.1
screenshot moved.png
SCRIPT
    printf 'mouse -2000 2000\nsleep 0.5\n' # to the corner, and from there onto the button
    for _ in {1..6}; do
        printf 'mouse 1 -1\nsleep 0.05\n'
    done
    cat <<'SCRIPT'
sleep 0.2
screenshot before.png
mouse 0 0 1
sleep 0.1
mouse 0 0 0
sleep 0.7
screenshot menu.png
quit 0
SCRIPT
} | boot 0 --fda "$image" --snapshot-disks -m 64M

[[ $(python3 "$picture" size desktop.png) == 800x600 ]] || fail "not 800x600"
(($(python3 "$picture" colours desktop.png) > 1000)) || fail "no picture on the desktop"

read -r left top right bottom <<<"$(python3 "$picture" changed desktop.png moved.png 570)"
((left >= 395 && right <= 430 && top >= 290 && bottom <= 325)) ||
    fail "the pointer went from its place to $left $top $right $bottom"

# the menu grows upwards from its button in the lower left corner
read -r left top right bottom <<<"$(python3 "$picture" changed before.png menu.png 570)"
((left < 10 && right - left > 100 && top < 320 && bottom > 550)) ||
    fail "no menu, but a change in $left $top $right $bottom"
