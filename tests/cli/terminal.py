#!/usr/bin/env python3
"""terminal.py VESTIGE: however `--serial stdio` on a terminal ends, the terminal is as before."""
import os
import pty
import signal
import subprocess
import sys
import termios
import time

FAILED = []


def attributes(terminal):
    return termios.tcgetattr(terminal)


def wait_until(condition, seconds=10):
    limit = time.monotonic() + seconds
    while not condition() and time.monotonic() < limit:
        time.sleep(0.02)


def case(name, options, act, status):
    master, terminal = pty.openpty()
    before = attributes(terminal)
    command = [sys.argv[1], "run", "--demo", "--display", "none", "--serial", "stdio"] + options
    process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=subprocess.DEVNULL)
    if act:
        wait_until(lambda: attributes(terminal) != before)
        if attributes(terminal) == before:
            FAILED.append(name + ": the terminal is not raw")
        act(process, master)
    try:
        got = process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        got = "none"
    if got != status:
        FAILED.append(f"{name}: status {got}")
    if attributes(terminal) != before:
        FAILED.append(name + ": the terminal is not restored")
    os.close(master)
    os.close(terminal)


case("TERM", [], lambda process, _: process.send_signal(signal.SIGTERM), 0)
case("INT", [], lambda process, _: process.send_signal(signal.SIGINT), 0)
case("HUP", [], lambda process, _: process.send_signal(signal.SIGHUP), 0)
case("Ctrl-A x", [], lambda _, master: os.write(master, b"\x01x"), 0)
case("Ctrl-A x when paused", ["--paused"], lambda _, master: os.write(master, b"\x01x"), 0)
case("end of --for", ["--for", "1s"], None, 0)
case("a missing image", ["--hda", "nosuch"], None, 2)
print("\n".join(FAILED))
sys.exit(bool(FAILED))
