#!/usr/bin/env python3
"""FreeDOS from power-on to its prompt in Vestige and in QEMU TCG, interleaved; the ratio of medians.

usage: bench/freedos.py [ROUNDS]          VESTIGE=PROGRAM, VESTIGE_IMAGES=FOLDER

Vestige ends itself by a script when the screen shows the prompt; QEMU's text memory is looked at through
its monitor every 20 ms, so its figure is up to that much too long.
"""
import os, shutil, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VESTIGE = os.environ.get("VESTIGE", os.path.join(ROOT, "build", "release", "vestige"))
IMAGES = os.environ.get("VESTIGE_IMAGES", os.path.join(ROOT, "..", "shared", "images"))
PROMPT = "A:\\>"


def vestige(folder, image):
    script = os.path.join(folder, "script")
    with open(script, "w") as out:
        out.write("wait-text A:\\\\>\nquit\n")
    start = time.monotonic()
    subprocess.run([VESTIGE, "run", "--fda", image, "--snapshot-disks", "--display", "none", "--speed",
                    "max", "--script", script], check=True, stderr=subprocess.DEVNULL)
    return time.monotonic() - start


def qemu(folder, image):
    dump = os.path.join(folder, "text")
    if os.path.exists(dump):
        os.remove(dump)
    start = time.monotonic()
    process = subprocess.Popen(["qemu-system-i386", "-accel", "tcg", "-m", "128", "-snapshot", "-drive",
                                "file=%s,format=raw,if=floppy" % image, "-display", "none", "-monitor",
                                "stdio"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        while time.monotonic() - start < 60:
            process.stdin.write("pmemsave 0xb8000 4000 \"%s\"\n" % dump)
            process.stdin.flush()
            time.sleep(0.02)
            try:
                with open(dump, "rb") as text:
                    if PROMPT in text.read()[::2].decode("cp437"):
                        return time.monotonic() - start
            except OSError:
                pass
    finally:
        process.kill()
        process.wait()
    sys.exit("bench/freedos.py: QEMU did not reach the prompt")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    source = os.path.join(IMAGES, "freedos.img")
    if not os.path.exists(source) or not shutil.which("qemu-system-i386"):
        sys.exit("bench/freedos.py: needs %s and qemu-system-i386" % source)
    with tempfile.TemporaryDirectory() as folder:
        image = shutil.copy(source, os.path.join(folder, "freedos.img"))
        os.chmod(image, 0o644)
        times = {vestige: [], qemu: []}
        for _ in range(rounds):
            for run in times:
                times[run].append(run(folder, image))
        ours, theirs = (statistics.median(times[run]) for run in (vestige, qemu))
        print("FreeDOS to the prompt, median of %d: Vestige %.2f s, QEMU %.2f s, ratio %.2f"
              % (rounds, ours, theirs, theirs / ours))


if __name__ == "__main__":
    main()
