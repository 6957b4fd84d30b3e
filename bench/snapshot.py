#!/usr/bin/env python3
"""Saving and loading a booted Debian installer, Vestige beside QEMU TCG: interleaved rounds, medians.

    bench/snapshot.py [--rounds N] [--memory MIB] [--vestige PROGRAM] [--qemu PROGRAM]

Both boot the same kernel and initrd (debian-installer-12-netboot-i386) with the same memory until the
installer has begun, then:

  save   QEMU `migrate exec:cat>FILE` on a stopped machine, from the command to "completed"; Vestige
         `ctl save`, from the command to its answer (the guest runs on meanwhile)
  stop   how long the guest stood: all of that for QEMU, what `ctl save` says for Vestige
  load   from the start of a process to its first guest instruction out of that file: QEMU `-incoming`
         until the monitor says that it is there; Vestige until `ctl status` answers
  size   of the file
  fork   `ctl fork 8`, each copy, until it listens (QEMU has none)

Ratios above 1: Vestige is better.
"""
import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NETBOOT = os.environ.get(
    "VESTIGE_NETBOOT",
    "/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386")
APPEND = "vga=normal nomodeset fb=false console=ttyS0 console=tty0 cryptomgr.notests"
MARKER = b"Run /init"
SETTLE = 5  # seconds from there until the installer has come up
PATIENCE = 420


def until(what, step=0.005, patience=PATIENCE):
    """Waits until what() is true; returns its value."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(step)
    raise SystemExit("bench/snapshot.py: nothing happens")


def shows(path):
    """Whether the serial output has the marker."""
    def look():
        if not os.path.exists(path):
            return False
        with open(path, "rb") as stream:
            return MARKER in stream.read()
    return look


class Qmp:
    """QEMU's monitor."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        until(lambda: self.connect(path), 0.002)
        self.stream = self.socket.makefile("rw")
        self.stream.readline()
        self.ask("qmp_capabilities")

    def connect(self, path):
        try:
            self.socket.connect(path)
            return True
        except OSError:
            return False

    def ask(self, verb, **arguments):
        json.dump({"execute": verb, "arguments": arguments}, self.stream)
        self.stream.write("\n")
        self.stream.flush()
        while True:
            reply = json.loads(self.stream.readline())
            if "return" in reply:
                return reply["return"]
            if "error" in reply:
                raise SystemExit(f"bench/snapshot.py: QEMU: {reply['error']}")


class Qemu:
    """One QEMU with the guest, booted or incoming."""

    def __init__(self, args, work, incoming=None):
        self.monitor = os.path.join(work, "qmp")
        self.serial = os.path.join(work, "qemu.serial")
        if os.path.exists(self.monitor):
            os.unlink(self.monitor)
        words = [args.qemu, "-accel", "tcg", "-display", "none", "-nodefaults", "-vga", "std",
                 "-m", str(args.memory), "-qmp", f"unix:{self.monitor},server=on,wait=off",
                 "-serial", f"file:{self.serial}", "-kernel", f"{NETBOOT}/linux",
                 "-initrd", f"{NETBOOT}/initrd.gz", "-append", APPEND]
        if incoming:
            words += ["-incoming", f"exec:cat {incoming}"]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        self.qmp = Qmp(self.monitor)

    def loaded(self):
        return self.qmp.ask("query-status")["status"] != "inmigrate"

    def save(self, path):
        self.qmp.ask("stop")
        start = time.monotonic()
        self.qmp.ask("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
        self.qmp.ask("migrate", uri=f"exec:cat > {path}")
        until(lambda: self.qmp.ask("query-migrate").get("status") == "completed")
        seconds = time.monotonic() - start
        self.qmp.ask("cont")
        return seconds

    def end(self):
        self.process.kill()
        self.process.wait()


class Vestige:
    """One Vestige, booted or from a file."""

    def __init__(self, args, work, image=None):
        self.program = args.vestige
        self.control = os.path.join(work, "control")
        self.serial = os.path.join(work, "vestige.serial")
        words = [args.vestige, "run", "--display", "none", "--control", f"unix:{self.control}",
                 "--serial", f"file:{self.serial}", "--speed", "real", "--compress", args.compress]
        words += [image] if image else [
            "-m", f"{args.memory}M", "--kernel", f"{NETBOOT}/linux",
            "--initrd", f"{NETBOOT}/initrd.gz", "--append", APPEND]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL)

    def ctl(self, *words):
        """One request over a connection of its own; the answer, or None while nobody listens."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(self.control)
                request = {"verb": words[0], "args": list(words[1:])}
                connection.sendall((json.dumps(request) + "\n").encode())
                reply = json.loads(connection.makefile().readline())
        except (OSError, ValueError):
            return None
        if not reply["ok"]:
            raise SystemExit(f"bench/snapshot.py: Vestige: {reply['error']}")
        return reply.get("text", "")

    def save(self, path):
        start = time.monotonic()
        said = self.ctl("save", path, "whole")
        seconds = time.monotonic() - start
        return seconds, float(re.search(r"stood for ([0-9.]+) ms", said).group(1)) / 1000

    def end(self):
        for copy in range(9):
            path = self.control + (f".{copy}" if copy else "")
            if os.path.exists(path):
                subprocess.run([self.program, "ctl", path, "quit"], check=False)
        self.process.wait()


def timed_load(make):
    start = time.monotonic()
    machine, ready = make()
    until(ready, 0.001)
    seconds = time.monotonic() - start
    machine.end()
    return seconds


def vestige_load(args, work, path):
    def make():
        machine = Vestige(args, work, path)
        return machine, lambda: machine.ctl("status") is not None
    return timed_load(make)


def qemu_load(args, work, path):
    def make():
        machine = Qemu(args, work, path)
        return machine, machine.loaded
    return timed_load(make)


def row(name, vestige, qemu, unit, scale=1.0):
    ours = statistics.median(vestige) * scale
    if not qemu:
        print(f"{name:28} {ours:9.1f} {'-':>9} {unit:3}")
        return
    theirs = statistics.median(qemu) * scale
    print(f"{name:28} {ours:9.1f} {theirs:9.1f} {unit:3} {theirs / ours:7.2f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", type=int, default=512)
    parser.add_argument("--compress", default="zstd")
    parser.add_argument("--vestige", default=f"{HERE}/build/release/vestige")
    parser.add_argument("--qemu", default="qemu-system-i386")
    args = parser.parse_args()
    saves, stops, qemu_saves, loads, qemu_loads = [], [], [], [], []
    with tempfile.TemporaryDirectory() as work:
        a, b = f"{work}/a.vsnap", f"{work}/b.migrate"
        ours, theirs = Vestige(args, work), Qemu(args, work)
        try:
            until(shows(ours.serial), 0.2)
            until(shows(theirs.serial), 0.2)
            time.sleep(SETTLE)
            for _ in range(args.rounds):
                seconds, stopped = ours.save(a)
                saves.append(seconds)
                stops.append(stopped)
                qemu_saves.append(theirs.save(b))
            said = ours.ctl("fork", "8")
        finally:
            ours.end()
            theirs.end()
        forks = [float(re.search(r"([0-9.]+) ms each", said).group(1)) / 1000]
        for _ in range(args.rounds):
            loads.append(vestige_load(args, work, a))
            qemu_loads.append(qemu_load(args, work, b))
        print(f"Debian installer, {args.memory} MiB, medians of {args.rounds}\n")
        print(f"{'':28} {'Vestige':>9} {'QEMU':>9} {'':3} {'ratio':>7}")
        row("save", saves, qemu_saves, "ms", 1e3)
        row("guest stands", stops, qemu_saves, "ms", 1e3)
        row("load, to the first insn", loads, qemu_loads, "ms", 1e3)
        row("file", [os.path.getsize(a)], [os.path.getsize(b)], "MB", 1e-6)
        row("fork, each", forks, [], "ms", 1e3)


if __name__ == "__main__":
    main()
