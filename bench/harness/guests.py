"""The guests: how each is built and which command runs it in Vestige, in QEMU and on the host."""
import functools
import os
import subprocess

from . import measure

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(BENCH)
SOURCES = os.path.join(BENCH, "guests")
OUT = os.path.join(ROOT, "build", "bench")
NETBOOT = os.environ.get("VESTIGE_NETBOOT", "/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386")
IMAGES = os.environ.get("VESTIGE_IMAGES", os.path.join(ROOT, "..", "shared", "images"))

CFLAGS = ("-std=gnu17 -O2 -march=pentium4 -ffreestanding -fno-pic -fno-stack-protector -fno-builtin "
          "-fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -fcf-protection=none "
          "-fno-tree-vectorize -mpreferred-stack-boundary=4 -Wall -Wextra -Werror -Wno-psabi").split()
CFLAGS_64 = [flag for flag in CFLAGS if flag not in ("-march=pentium4", "-mpreferred-stack-boundary=4")]
QUIET = "quiet loglevel=0 cryptomgr.notests"


class Setup:
    """Which emulators, with which options of the user's."""

    def __init__(self, vestige, qemu, options):
        self.vestige, self.qemu, self.options = vestige, qemu, options

    def run_vestige(self, *arguments):
        return [self.vestige, "run", "--display", "none", "--speed", "max"] + list(arguments) + self.options

    def run_qemu(self, *arguments):
        return [self.qemu, "-accel", "tcg", "-cpu", "max", "-display", "none", "-monitor", "none", "-net", "none",
                "-no-reboot"] + list(arguments)


@functools.lru_cache(None)
def host_bits():
    """32 when this host runs i386 programs; else 64, and native figures are those of 64-bit builds."""
    with open(output("nothing.s"), "w") as out:
        out.write(".globl _start\n_start: movl $1, %eax\nxorl %ebx, %ebx\nint $0x80\n")
    subprocess.run(["gcc", "-m32", "-nostdlib", "-static", output("nothing.s"), "-o", output("nothing")], check=True)
    try:
        return 32 if subprocess.run([output("nothing")]).returncode == 0 else 64
    except OSError:
        return 64


def output(name):
    os.makedirs(OUT, exist_ok=True)
    return os.path.join(OUT, name)


def newer(target, sources):
    return os.path.exists(target) and all(os.path.getmtime(s) <= os.path.getmtime(target) for s in sources)


def sources(*names):
    return [os.path.join(SOURCES, name) for name in names]


class Guest:
    """build(), then vestige(), qemu() and, if native, host(), each with the parts to run."""
    native = False
    rounds = 100  # no more than so many, whatever was asked for


class Kernels(Guest):
    """rows.def and system.c: a multiboot image; natively the same objects without system.c."""
    native = True
    # (object, source, options)
    UNITS = [
        ("kernels", "kernels.c", ["-mgeneral-regs-only"]),
        ("integer", "integer.c", ["-mgeneral-regs-only"]),
        ("memory", "memory.c", ["-mgeneral-regs-only"]),
        ("control", "control.c", ["-mgeneral-regs-only"]),
        ("simd", "simd.c", ["-mfpmath=sse"]),
        ("fp_sse", "fp.c", ["-mfpmath=sse", "-DUNIT=sse", '-DROOT="sqrtsd %1,%0"', '-DROOT_OUT(x)="=x"(x)',
                            '-DROOT_IN(x)="x"(x)']),
        ("fp_x87", "fp.c", ["-mfpmath=387", "-DUNIT=x87", '-DROOT="fsqrt"', '-DROOT_OUT(x)="=t"(x)',
                            '-DROOT_IN(x)="0"(x)']),
        ("system", "system.c", ["-mgeneral-regs-only"]),
        ("start", "start.S", []),
        ("linux", "linux.S", []),
    ]

    def build(self):
        """Everything is quick enough to be made anew when a source is newer."""
        needed = sources("guest.h", "rows.def", "kernels.ld", *sorted({u[1] for u in self.UNITS}))
        self.image, self.program = output("kernels.elf"), output("kernels.linux")
        if newer(self.image, needed) and newer(self.program, needed):
            return
        def compiled(bits):
            """{unit: object}"""
            objects = {}
            for name, source, options in self.UNITS:
                if bits == 64 and name in ("system", "start"):
                    continue
                objects[name] = output("%s.%d.o" % (name, bits))
                subprocess.run(["gcc", "-m%d" % bits] + (CFLAGS if bits == 32 else CFLAGS_64) + options +
                               ["-c", os.path.join(SOURCES, source), "-o", objects[name]], check=True)
            return objects

        def linked(target, bits, objects, *options):
            subprocess.run(["ld", "-m", "elf_i386" if bits == 32 else "elf_x86_64", "-z", "noexecstack",
                            "--no-warn-rwx-segments", "-o", target] + list(options) + objects, check=True)

        objects = compiled(32)
        linked(self.image, 32, [objects[n] for n in objects if n != "linux"], "-T",
               os.path.join(SOURCES, "kernels.ld"))
        if host_bits() == 64:
            objects = compiled(64)
        linked(self.program, host_bits(), [objects[n] for n in objects if n not in ("system", "start")])

    def vestige(self, setup, parts):
        return measure.run(setup.run_vestige("--kernel", self.image, "--append", ",".join(parts), "-m", "256M",
                                             "--debugcon", "stdio"), ". done")

    def qemu(self, setup, parts):
        return measure.run(setup.run_qemu("-kernel", self.image, "-append", ",".join(parts), "-m", "256",
                                          "-debugcon", "stdio", "-nodefaults", "-vga", "std"), ". done")

    def host(self, parts):
        return measure.run([self.program, ",".join(parts)], None)


class Programs(Guest):
    """Debian's i386 programs in an initramfs; natively the same packages in a changed root."""
    native = True
    PACKAGES = ("libc6 busybox-static dash gzip bzip2 libbz2-1.0 xz-utils liblzma5 openssl libssl3 lua5.4 "
                "libreadline8 libtinfo6 perl-base libcrypt1 python3.11-minimal libpython3.11-minimal libexpat1 "
                "zlib1g sqlite3 libsqlite3-0").split()
    KERNEL = os.path.join(NETBOOT, "linux")

    def tree(self, architecture, bits):
        """An unpacked system with the workloads in it."""
        folder = output("debian-" + architecture)
        subprocess.run(["bash", os.path.join(SOURCES, "fetch.sh"), architecture, folder] + self.PACKAGES, check=True)
        latency = output("latency%d" % bits)
        subprocess.run(["gcc", "-m%d" % bits, "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-pic",
                        "-static", "-nostdlib", "-fno-stack-protector", "-fcf-protection=none", "-no-pie",
                        os.path.join(SOURCES, "latency.c"), "-o", latency], check=True)
        root = os.path.join(folder, "tree")
        subprocess.run(["python3", os.path.join(SOURCES, "programs", "make.py"), root, latency], check=True)
        return root

    def build(self):
        self.initrd = output("programs.gz")
        root = self.tree("i386", 32)
        with open(self.initrd, "wb") as out:
            subprocess.run("find . | sort | cpio -o -H newc --quiet --owner 0:0 | gzip -1n", shell=True, cwd=root,
                           stdout=out, check=True)
        self.host_root = root if host_bits() == 32 else self.tree("amd64", 64)

    def append(self, parts):
        return "%s parts=%s" % (QUIET, ",".join(parts))

    def vestige(self, setup, parts):
        return measure.run(setup.run_vestige("--kernel", self.KERNEL, "--initrd", self.initrd, "-m", "256M",
                                             "--append", self.append(parts), "--debugcon", "stdio"), ". done")

    def qemu(self, setup, parts):
        return measure.run(setup.run_qemu("-kernel", self.KERNEL, "-initrd", self.initrd, "-m", "256", "-append",
                                          self.append(parts), "-debugcon", "stdio"), ". done")

    def host(self, parts):
        return measure.run(["chroot", self.host_root, "/bin/sh", "/bench/workloads.sh", "say",
                            ",".join(parts)], None)


class Real(Guest):
    """16-bit code in a ROM of its own."""
    def build(self):
        self.rom = output("real.rom")
        subprocess.run(["nasm", "-f", "bin", "-o", self.rom, os.path.join(SOURCES, "real.asm")], check=True)

    def vestige(self, setup, parts):
        return measure.run(setup.run_vestige("--bios", self.rom, "--debugcon", "stdio"), ". done")

    def qemu(self, setup, parts):
        return measure.run(setup.run_qemu("-bios", self.rom, "-debugcon", "stdio"), ". done")


class BootLinux(Guest):
    """Debian's 686 kernel from the start of the emulator to the shell of a busybox system."""
    def build(self):
        self.initrd = output("busybox.gz")
        if not os.path.exists(self.initrd):
            subprocess.run(["bash", os.path.join(ROOT, "tests", "boot", "make-initramfs.sh"), self.initrd], check=True)
        self.kernel = ["-kernel", os.path.join(NETBOOT, "linux"), "-initrd", self.initrd, "-append",
                       "console=ttyS0 cryptomgr.notests"]

    def vestige(self, setup, parts):
        kernel = ["-" + word if word.startswith("-") else word for word in self.kernel]
        return measure.run(setup.run_vestige("-m", "128M", "--serial", "stdio", *kernel), "initramfs: ready",
                           whole="boot_linux")

    def qemu(self, setup, parts):
        return measure.run(setup.run_qemu("-m", "128", "-serial", "stdio", *self.kernel), "initramfs: ready",
                           whole="boot_linux")


class BootScreen(Guest):
    """From the start of the emulator until the text screen shows something."""
    def __init__(self, part, text, files, vestige, qemu):
        self.part, self.text, self.files, self.ours, self.theirs = part, text, files, vestige, qemu

    def build(self):
        for file in self.files:
            if not os.path.exists(file):
                raise measure.Failed("no " + file)
        self.script = output(self.part + ".script")
        with open(self.script, "w") as out:
            out.write("timeout 300\nwait-text %s\nquit\n" % self.text.replace("\\", "\\\\"))

    def vestige(self, setup, parts):
        return measure.run_to_the_end(setup.run_vestige("--script", self.script, *self.ours), self.part)

    def qemu(self, setup, parts):
        command = [word if word != "none" or before != "-monitor" else "stdio"
                   for before, word in zip([""] + setup.run_qemu(), setup.run_qemu())]
        return measure.run_until_screen(command + self.theirs, self.text, self.part, output(self.part + ".screen"))


def boot_freedos():
    image = os.path.join(IMAGES, "freedos.img")
    return BootScreen("boot_freedos", "A:\\>", [image], ["--fda", image, "--snapshot-disks"],
                      ["-m", "128", "-snapshot", "-drive", "file=%s,format=raw,if=floppy" % image])


def boot_installer():
    kernel, initrd = os.path.join(NETBOOT, "linux"), os.path.join(NETBOOT, "initrd.gz")
    words = "vga=normal nomodeset fb=false " + QUIET
    guest = BootScreen("boot_installer", "Select a language", [kernel, initrd],
                       ["-m", "512M", "--kernel", kernel, "--initrd", initrd, "--append", words],
                       ["-m", "512", "-kernel", kernel, "-initrd", initrd, "-append", words])
    guest.rounds = 2  # a minute each
    return guest


GUESTS = {"kernels": Kernels, "programs": Programs, "real": Real, "boot_linux": BootLinux,
          "boot_freedos": boot_freedos, "boot_installer": boot_installer}
