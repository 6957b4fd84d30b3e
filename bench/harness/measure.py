"""Runs a guest and times its parts from outside.

A guest prints "> NAME" where a part begins and "< NAME CHECKSUM" where it ends (a checksum
may follow as "= NAME CHECKSUM"); the host takes its own time
at both, so a guest's idea of time does not matter.  Two clocks are kept: the wall's, and the processor
time of all of the emulator's threads, which other work on the host disturbs less.
"""
import os
import signal
import subprocess
import threading
import time


def be_prompt():
    """Asks for a priority that lets a marker be seen at once; without the right to it things go on."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(10))
    except (OSError, AttributeError):
        pass


def processor_seconds(pid):
    """What all threads of the process have run, in seconds, and its children that have ended (in ticks)."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rpartition(")")[2].split()
        children = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(~pid << 3 | 2) + children  # the clock id of a process: see clock_getcpuclockid
    except (OSError, ValueError):
        return 0.0


class Failed(Exception):
    """A guest that did not do what it should; the text says what."""


def run(command, last, limit=300, cwd=None, whole=None):
    """{part: (wall seconds, processor seconds, checksum)} of one run.

    Ended when a line begins with `last` (the process is killed then); None: with the process.
    whole: name of a part that lasts from the start of the process to that line.
    """
    parts, begun, seen = {}, {}, []
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, cwd=cwd, start_new_session=True)
    timer = threading.Timer(limit, lambda: os.killpg(process.pid, signal.SIGKILL))
    timer.start()
    ended = False
    try:
        for raw in process.stdout:
            now, used = time.monotonic(), processor_seconds(process.pid)
            line = raw.decode("latin-1").strip()
            words = line.split()
            seen = seen[-20:] + [line]
            if last and line.startswith(last):
                ended = True
                if whole:
                    parts[whole] = (now - start, used, "")
                break
            if words[:1] == [">"] and len(words) == 2:
                begun[words[1]] = (now, used)
            elif words[:1] == ["<"] and len(words) >= 2 and words[1] in begun:
                wall, processor = begun.pop(words[1])
                parts[words[1]] = (now - wall, used - processor, " ".join(words[2:]))
            elif words[:1] == ["="] and len(words) >= 2 and words[1] in parts:
                parts[words[1]] = parts[words[1]][:2] + (" ".join(words[2:]),)
    finally:
        timer.cancel()
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        process.stdout.close()
    if not ended and (last or process.returncode):
        raise Failed("%s ... did not come to \"%s\":\n  %s" % (" ".join(command[:4]), last, "\n  ".join(seen)))
    return parts


def run_to_the_end(command, part, limit=300):
    """Like run(), for a process that ends by itself with status 0 when its one part is done."""
    before, start = os.times(), time.monotonic()
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=True, timeout=limit)
    except (subprocess.SubprocessError, OSError) as error:
        raise Failed(str(error)) from error
    wall, after = time.monotonic() - start, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return {part: (wall, used, "")}


def run_until_screen(command, text, part, dump, limit=300, every=0.02):
    """Like run(), for QEMU with its monitor on standard input, until its VGA text memory (as the file `dump`)
    has the text; looked at every so many seconds, so that the figure is up to that much too long."""
    if os.path.exists(dump):
        os.remove(dump)
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, text=True)
    try:
        while time.monotonic() - start < limit and process.poll() is None:
            process.stdin.write('pmemsave 0xb8000 4000 "%s"\n' % dump)
            process.stdin.flush()
            time.sleep(every)
            try:
                with open(dump, "rb") as screen:
                    if text in screen.read()[::2].decode("cp437"):
                        return {part: (time.monotonic() - start, processor_seconds(process.pid), "")}
            except OSError:
                pass
    finally:
        process.kill()
        process.wait()
    raise Failed("QEMU's screen did not come to \"%s\"" % text)
