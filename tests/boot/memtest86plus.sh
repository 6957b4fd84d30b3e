#!/bin/bash
# memtest86+ from a CD with isolinux, in 16 MB: a pass of the tests that do not wait (the bit fade
# test does) without an error.
# engines: native
# timeout: 300
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/make-guests.sh"

make_memtest
boot 0 --cdrom memtest.iso -m 16M <<'SCRIPT'
timeout 300
wait-text start testing
key f1
wait-text Test selection
key f1
wait-text Clear selection
key f1
key f4
wait-text Enter first test
type 0\n
wait-text Enter last test
type 9\n
sleep 0.2
key f10
key f10
key enter
wait-text Status: Testing
screen-text started.txt
wait-text Pass:  1
screen-text screen.txt
quit 0
SCRIPT
expect_text screen.txt 'Memory  :   16MB'
expect_line screen.txt 'Errors: 0 *$'
