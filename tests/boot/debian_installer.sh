#!/bin/bash
# Debian's installer in text mode: the language menu on the VGA text screen; arrow keys choose
# German, Enter goes on to the location and then to the keyboard, now in that language.
# engines: native portable
# timeout: 600
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/linux.sh"

need_linux
boot 0 --kernel "$LINUX" --initrd "$NETBOOT/initrd.gz" -m 512M \
    --append "vga=normal nomodeset fb=false $QUICK" <<'SCRIPT'
timeout 600
wait-text Select a language
wait-text English
screen-text language.txt
key down
key down
key down
key down
key down
key up
key ret
wait-text Auswählen des Standorts
wait-text Deutschland
key ret
wait-text Tastatur konfigurieren
wait-text Französisch
quit
SCRIPT
expect_line language.txt 'English +- +English'
