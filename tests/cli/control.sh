#!/bin/bash
# `vestige ctl`: against nothing, against the wrong thing, and with wrong words; sockets that are taken.
source "${BASH_SOURCE%/*}/lib.sh"

echo precious >text
truncate -s 1474560 floppy
refuses 'cannot connect to nosuch: No such file or directory' ctl nosuch status
refuses 'cannot connect to text: Connection refused' ctl text status
refuses 'ctl needs a verb .*' ctl sock
refuses 'unknown verb fly .*' ctl sock fly
refuses 'wrong number of arguments; the form is: ctl SOCKET mouse DX DY \[BUTTONS\]' ctl sock mouse 1
refuses 'wrong number of arguments; the form is: ctl SOCKET status' ctl sock status 1

background machine run --demo --display none --speed max --control unix:sock --serial unix:line
until_true "$VESTIGE" ctl sock status || wrong "the machine does not start"
refuses 'cannot listen on unix:sock: Address already in use' run --control unix:sock --display none
refuses 'cannot listen on unix:line: Address already in use' run --serial unix:line --display none
refuses 'text is there already and is no socket' run --control unix:text --display none
refuses 'text is there already and is no socket' run --serial unix:text --display none
[[ $(<text) == precious ]] || wrong "a file in the place of a socket was lost"

says '^running instructions=[0-9]+' ctl sock status
refuses 'no such key: fly' ctl sock key fly
refuses 'a is not a number from .*' ctl sock mouse a 1
refuses '.*/nosuch: no such file' ctl sock insert fda nosuch
refuses 'no removable drive "hda" .*' ctl sock insert hda floppy
refuses 'no device "fly" .*' ctl sock info fly
refuses 'x is not a number from .*' ctl sock mem x 1 file
refuses 'cannot write /nonexistent/f: .*' ctl sock mem 0 1 /nonexistent/f
refuses 'cannot write .*/nonexistent/f.png: .*' ctl sock screenshot /nonexistent/f.png
says '^cpu pic ' ctl sock info
says '^eax ' ctl sock info cpu
works ctl sock eject fda
works ctl sock insert fda floppy
refuses '.*/floppy is in drive fda already' ctl sock insert fda floppy
works ctl sock eject fda
works ctl sock insert fda floppy
works ctl sock mem 0xf0000 16 bytes
[[ $(wc -c <bytes) == 16 ]] || wrong "mem wrote the wrong length"
works ctl sock pause
says '^paused ' ctl sock status
works ctl sock resume
works ctl sock quit
wait "$child" || wrong "quit ends with status $?"
[[ ! -e sock && ! -e line ]] || wrong "sockets are left behind"

# The socket of a process that was killed is taken over.
background killed run --demo --display none --control unix:sock
until_true "$VESTIGE" ctl sock status || wrong "the second machine does not start"
kill -KILL "$child"
wait "$child" 2>/dev/null || true
refuses 'cannot connect to sock: Connection refused' ctl sock status
works run --demo --display none --speed max --control unix:sock --for 5M

finish
