#!/usr/bin/env python3
"""Saving, loading, forking, moving and recording a booted Debian installer, Vestige beside QEMU TCG.

    bench/snapshot.py [--memory MIB,...] [--rounds N] [--files FOLDER] [--alone] [--vestige PROGRAM] [--qemu PROGRAM]

Both boot the same kernel and initrd (debian-installer-12-netboot-i386) with the same memory until the
installer has begun, and are saved; with --files these files are kept there, and the next time
taken from there. Then, interleaved, medians of the rounds:

  save   QEMU `migrate exec:cat>FILE` and `savevm` (into a qcow2 file) on a stopped machine, from the command to
         its end; Vestige `ctl save` on a paused one, from the command to its answer, when the file is whole,
         flushed to the disk and has its name. Meanwhile the other emulator stands, and the disk has nothing to
         write
  stop   how long a running guest stands for that: all of it with QEMU, what `ctl save` says with Vestige,
         which runs on meanwhile
  load   QEMU `-incoming` and `-loadvm`, from the start of the process until the monitor says that the machine is
         there; Vestige `run FILE --for 1`, the whole process that runs one instruction
  size   of the file
  fork   `ctl fork N`, N = 1 and 8: wall time of the command divided by N (QEMU has none), and the time until the
         copy answers on its own socket
  move   `ctl migrate` to a waiting process on this host, and QEMU `migrate` likewise: how long the idle guest
         stood, as each tells
  record processor time of the first RECORD_INSNS instructions of the boot with `--record` over that without, in
         pairs; both runs retire the same instructions
  log    bytes that a recording grows by in a minute of real time with 10 keys and 30 movements of the mouse a
         second, and in one in which nobody does anything

Ratios above 1: Vestige is better. --alone (for root) runs everything before all other processes of the host, for
one that does other work: it stands still meanwhile.
"""
import argparse
import json
import os
import re
import resource
import socket
import statistics
import struct
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
RECORD_INSNS = 8_000_000_000
TYPING = 12  # seconds
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


def make_qcow2(path):
    """An empty disk of 4 GiB for savevm: header, refcount table, refcount block, L1 table; a cluster each."""
    cluster = 1 << 16
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 16, 4 << 30, 0, 8, 3 * cluster, cluster, 1, 0, 0)
    parts = (header, struct.pack(">Q", 2 * cluster), struct.pack(">4H", 1, 1, 1, 1), b"")
    with open(path, "wb") as stream:
        for part in parts:
            stream.write(part.ljust(cluster, b"\0"))


class Qemu:
    """One QEMU with the guest, booted, or out of a file or a stream."""

    def __init__(self, args, work, incoming=None, name="qemu", disk=None):
        self.monitor = os.path.join(work, name + ".qmp")
        self.serial = os.path.join(work, name + ".serial")
        if os.path.exists(self.monitor):
            os.unlink(self.monitor)
        words = [args.qemu, "-accel", "tcg", "-display", "none", "-nodefaults", "-vga", "std",
                 "-m", str(args.memory), "-qmp", f"unix:{self.monitor},server=on,wait=off",
                 "-serial", f"file:{self.serial}", "-kernel", f"{NETBOOT}/linux",
                 "-initrd", f"{NETBOOT}/initrd.gz", "-append", APPEND]
        self.disk = disk or os.path.join(work, name + ".qcow2")
        if not disk:
            make_qcow2(self.disk)
        words += ["-drive", f"if=none,id=vm,format=qcow2,file={self.disk}"]
        words += ["-incoming", incoming] if incoming else ["-loadvm", "state"] if disk else []
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        self.qmp = Qmp(self.monitor)

    def loaded(self):
        return self.qmp.ask("query-status")["status"] not in ("inmigrate", "restore-vm", "prelaunch")

    def savevm(self):
        """Seconds until the machine stands in its qcow2 file."""
        self.qmp.ask("cont")  # after a migration it has let go of its disks
        self.qmp.ask("stop")
        start = time.monotonic()
        said = self.qmp.ask("human-monitor-command", **{"command-line": "savevm state"})
        seconds = time.monotonic() - start
        if said.strip():
            raise SystemExit(f"bench/snapshot.py: QEMU: {said}")
        return seconds

    def migrate(self, uri):
        """To the end; what the monitor says about it, and the seconds."""
        start = time.monotonic()
        self.qmp.ask("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
        self.qmp.ask("migrate", uri=uri)
        until(lambda: self.qmp.ask("query-migrate").get("status") == "completed", 0.002)
        return self.qmp.ask("query-migrate"), time.monotonic() - start

    def save(self, path):
        self.qmp.ask("stop")
        return self.migrate(f"exec:cat > {path}")[1]

    def end(self):
        self.process.kill()
        self.process.wait()


class Vestige:
    """One Vestige: booted, from a file, or waiting for a machine."""

    def __init__(self, args, work, *image, name="vestige"):
        self.program = args.vestige
        self.control = os.path.join(work, name + ".control")
        self.serial = os.path.join(work, name + ".serial")
        self.copies = 0
        words = [args.vestige, "run", "--display", "none", "--control", f"unix:{self.control}",
                 "--serial", f"file:{self.serial}", "--speed", "real", "--compress", args.compress]
        words += image or ["-m", f"{args.memory}M", "--kernel", f"{NETBOOT}/linux",
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

    def listens(self):
        return self.ctl("status") is not None

    def save(self, path):
        start = time.monotonic()
        said = self.ctl("save", path, "whole")
        seconds = time.monotonic() - start
        return seconds, stood(said)

    def answers(self, path):
        """Whether a copy's own socket answers."""
        own, self.control = self.control, path
        try:
            return self.listens()
        finally:
            self.control = own

    def fork(self, copies):
        """Seconds a copy, and until the last one answers; the copies are ended."""
        first = self.copies + 1
        self.copies += copies
        start = time.monotonic()
        self.ctl("fork", str(copies))
        seconds = time.monotonic() - start
        until(lambda: self.answers(f"{self.control}.{self.copies}"), 0.0002)
        answered = time.monotonic() - start
        for copy in range(first, first + copies):
            path = f"{self.control}.{copy}"
            subprocess.run([self.program, "ctl", path, "quit"], check=True)
            until(lambda p=path: not os.path.exists(p))
        return seconds / copies, answered

    def end(self):
        if self.process.poll() is None:
            self.ctl("quit")
        self.process.wait()


def stood(said):
    return float(re.search(r"stood for ([0-9.]+) ms", said).group(1)) / 1000


def prepare(args, work, ours_path, theirs_path):
    """Boots both and saves them."""
    ours, theirs = Vestige(args, work), Qemu(args, work)
    try:
        until(shows(ours.serial), 0.2)
        until(shows(theirs.serial), 0.2)
        time.sleep(SETTLE)
        ours.save(ours_path)
        theirs.save(theirs_path)
    finally:
        ours.end()
        theirs.end()


def vestige_load(args, path):
    start = time.monotonic()
    subprocess.run([args.vestige, "run", "--display", "none", "--serial", "null", "--for", "1", path],
                   check=True)
    return time.monotonic() - start


def qemu_load(args, work, path):
    start = time.monotonic()
    machine = Qemu(args, work, f"exec:cat {path}", "load") if path else \
        Qemu(args, work, name="loadvm", disk=f"{work}/qemu.qcow2")
    until(machine.loaded, 0.001)
    seconds = time.monotonic() - start
    machine.end()
    return seconds


def vestige_move(args, work, source):
    """Seconds that the guest stood, and the process that has it now."""
    door = os.path.join(work, "door")
    there = Vestige(args, work, "--incoming", f"unix:{door}", name=f"there{time.monotonic_ns()}")
    until(lambda: os.path.exists(door))
    seconds = stood(source.ctl("migrate", f"unix:{door}"))
    source.process.wait()
    until(there.listens)
    return seconds, there


def qemu_move(args, work, source):
    door = os.path.join(work, "qdoor")
    if os.path.exists(door):
        os.unlink(door)
    there = Qemu(args, work, f"unix:{door}", f"qthere{time.monotonic_ns()}")
    said = source.migrate(f"unix:{door}")[0]
    source.end()
    until(there.loaded)
    return said["downtime"] / 1000, there


def row(name, vestige, qemu, unit, scale=1.0):
    ours = statistics.median(vestige) * scale
    if not qemu:
        print(f"{name:34} {ours:9.1f} {'-':>9} {unit:3}")
        return
    theirs = statistics.median(qemu) * scale
    ratio = f"{theirs / ours:7.2f}" if ours else f"{'-':>7}"
    print(f"{name:34} {ours:9.1f} {theirs:9.1f} {unit:3} {ratio}")


def processor_seconds(words):
    """Processor time of all threads of a program that is run to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def boot_words(args):
    return ["-m", f"{args.memory}M", "--kernel", f"{NETBOOT}/linux", "--initrd", f"{NETBOOT}/initrd.gz",
            "--append", APPEND, "--rtc", "2024-01-01T00:00:00"]


def recording_cost(args, work):
    """Processor time of a recorded run over that of the same one that is not."""
    plain = [args.vestige, "run", "--display", "none", "--serial", "null", "--speed", "max", "--for",
             str(RECORD_INSNS), *boot_words(args)]
    recorded = [*plain, "--record", f"{work}/boot.log"]
    return processor_seconds(recorded) / processor_seconds(plain)


def log_minute(args, work, busy):
    """Bytes a minute of a recording, while somebody types and moves the mouse, or nobody does."""
    path = f"{work}/minute.log"
    machine = Vestige(args, work, *boot_words(args), "--record", path, name="recorded")
    until(shows(machine.serial), 0.2)
    time.sleep(SETTLE)
    before, start = os.path.getsize(path), time.monotonic()
    beat = 0
    while time.monotonic() < start + TYPING:
        if busy:
            machine.ctl("mouse", "3", "-2")
            if beat % 3 == 0:
                machine.ctl("key", "down" if beat % 2 else "up")
        beat += 1
        time.sleep(max(0.0, start + beat / 30 - time.monotonic()))
    seconds = time.monotonic() - start
    grown = os.path.getsize(path) - before
    machine.end()
    return grown * 60 / seconds


def measure_saves(args, work, ours, theirs, found):
    for n in range(args.rounds):
        theirs.qmp.ask("stop")
        found["stop"].append(ours.save(f"{work}/a")[1])
        ours.ctl("pause")
        os.sync()
        found["save"].append(ours.save(f"{work}/a{n % 2}")[0])
        os.sync()
        found["qsave"].append(theirs.save(f"{work}/b{n % 2}"))
        os.sync()
        found["qsavevm"].append(theirs.savevm())
        os.sync()
        ours.ctl("resume")
    found["file"].append(os.path.getsize(f"{work}/a0"))
    found["qfile"].append(os.path.getsize(f"{work}/b0"))


def measure_loads(args, work, a, b, found):
    for _ in range(args.rounds):
        found["load"].append(vestige_load(args, a))
        found["qload"].append(qemu_load(args, work, b))
        found["qloadvm"].append(qemu_load(args, work, None))


def measure(args, work, a, b):
    """All figures: a list for each side."""
    found = {key: [] for key in ("save", "qsave", "qsavevm", "stop", "load", "qload", "qloadvm", "fork", "copy",
                                 "fork8", "move", "qmove", "file", "qfile", "cost", "log", "idle")}
    ours = Vestige(args, work, a)
    theirs = Qemu(args, work, f"exec:cat {b}")
    try:
        until(ours.listens)
        until(theirs.loaded)
        time.sleep(2)
        measure_saves(args, work, ours, theirs, found)
        for _ in range(3 * args.rounds):
            seconds, answered = ours.fork(1)
            found["fork"].append(seconds)
            found["copy"].append(answered)
        for _ in range(args.rounds):
            found["fork8"].append(ours.fork(8)[0])
        theirs.qmp.ask("cont")
        for _ in range(args.rounds):
            seconds, ours = vestige_move(args, work, ours)
            found["move"].append(seconds)
            seconds, theirs = qemu_move(args, work, theirs)
            found["qmove"].append(seconds)
    finally:
        ours.end()
        theirs.end()
    measure_loads(args, work, a, b, found)
    found["cost"] = [recording_cost(args, work) for _ in range(args.rounds)]
    found["log"].append(log_minute(args, work, True))
    found["idle"].append(log_minute(args, work, False))
    return found


def report(args, found):
    print(f"Debian installer, {args.memory} MiB, medians of {args.rounds}\n")
    print(f"{'':34} {'Vestige':>9} {'QEMU':>9} {'':3} {'ratio':>7}")
    row("save, beside migrate to a file", found["save"], found["qsave"], "ms", 1e3)
    row("save, beside savevm", found["save"], found["qsavevm"], "ms", 1e3)
    row("guest stands meanwhile", found["stop"], found["qsave"], "ms", 1e3)
    row("load, beside -incoming", found["load"], found["qload"], "ms", 1e3)
    row("load, beside -loadvm", found["load"], found["qloadvm"], "ms", 1e3)
    row("file", found["file"], found["qfile"], "MB", 1e-6)
    row("fork, one", found["fork"], [], "ms", 1e3)
    row("fork, until the copy answers", found["copy"], [], "ms", 1e3)
    row("fork, each of eight", found["fork8"], [], "ms", 1e3)
    row("move, guest stands", found["move"], found["qmove"], "ms", 1e3)
    row("recording, more processor time", [cost - 1 for cost in found["cost"]], [], "%", 1e2)
    row("recording, a minute of typing", found["log"], [], "kB", 1e-3)
    row("recording, an idle minute", found["idle"], [], "kB", 1e-3)
    print(flush=True)


def alone():
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", default="256,512")
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--files")
    parser.add_argument("--compress", default="zstd")
    parser.add_argument("--vestige", default=f"{HERE}/build/release/vestige")
    parser.add_argument("--qemu", default="qemu-system-i386")
    args = parser.parse_args()
    if args.alone:
        alone()
    for memory in args.memory.split(","):
        args.memory = int(memory)
        with tempfile.TemporaryDirectory() as work:
            folder = args.files or work
            a, b = (f"{folder}/debian-{memory}.{end}" for end in ("vsnap", "migrate"))
            if not (os.path.exists(a) and os.path.exists(b)):
                prepare(args, work, a, b)
            report(args, measure(args, work, a, b))


if __name__ == "__main__":
    main()
