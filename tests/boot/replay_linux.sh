#!/bin/bash
# Debian's kernel boots to a shell, with lines typed into COM1 and on the keyboard as they come; ten
# replays say the same on COM1 and end in the same state.
# engines: native
# timeout: 400
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/linux.sh"
source "$BOOT_DIR/replay.sh"

need_linux
need_command python3 python3
make_initramfs initramfs.gz
record boot --kernel "$LINUX" --initrd initramfs.gz --append "console=tty0 console=ttyS0 $QUICK" \
    --serial unix:com1 --speed max --paused
until_true 20 ctl status
VESTIGE=$VESTIGE timeout 300 python3 - <<'PYTHON' || fail "COM1: $(cat boot.err; tail -c 300 recorded.serial)"
import os, socket, subprocess, threading, time

line = socket.socket(socket.AF_UNIX)
line.connect("com1")
said = open("recorded.serial", "wb")
seen = bytearray()
news = threading.Condition()
gone = False

# Reads all the time: the emulator does not wait long for a line that nobody reads.
def reader():
    global gone
    while got := line.recv(65536):
        said.write(got)
        with news:
            seen.extend(got)
            news.notify_all()
    with news:
        gone = True
        news.notify_all()

def expect(text):
    with news:
        while text not in seen:
            assert not gone, "the guest left before it said %r; at last %r" % (text, bytes(seen[-300:]))
            news.wait()
        del seen[: seen.index(text) + len(text)]

def ctl(*words):
    subprocess.run([os.environ["VESTIGE"], "ctl", "control", *words], check=True)

threading.Thread(target=reader, daemon=True).start()
ctl("resume")
expect(b"vestige# ")
for n in range(5):
    ctl("type", "echo key %d\\n" % n)
    line.sendall(b"echo line $((%d * 7)), longer than the FIFO of the chip is deep\n" % n)
    time.sleep(0.05)
    expect(b"line %d, longer" % (n * 7))
line.sendall(b"cat > /tmp/text; sha256sum < /tmp/text\n" + b"many bytes at once " * 200 + b"\n\x04")
expect(b"  -")
line.sendall(b"dd if=/dev/urandom bs=64k count=4 2>/dev/null | sha256sum; cat /proc/interrupts; echo $((1234 * 2))\n")
expect(b"2468")
line.sendall(b"poweroff -f\n")
with news:
    while not gone:
        news.wait()
said.close()
PYTHON
recorded 0 boot
expect_text recorded.serial 'reboot: Power down'
for ((i = 0; i < 10; i++)); do
    replay 0 boot identical
    cmp recorded.serial again.serial || fail "COM1 differs"
    sed 's/.*identical/identical/' verdict.txt >>verdicts.txt
done
[[ $(sort -u verdicts.txt | wc -l) == 1 ]] || fail "the replays differ"
