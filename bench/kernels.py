#!/usr/bin/env python3
"""The kernels of the shared folder in Vestige and in QEMU TCG, interleaved, as ratios of medians.

usage: bench/kernels.py [--rounds N] [--only NAME,...] [--vestige PATH] [--json FILE]

Each kernel runs three times inside the guest and then prints a line on port E9h; the host time between
two lines is what is compared, so the guests' own idea of time does not matter.  Needs gcc that can do
-m32 (freestanding) and qemu-system-i386.  The sources are found at ../shared/kernels or in $VESTIGE_KERNELS.
"""
import argparse, json, math, os, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = os.environ.get("VESTIGE_KERNELS", os.path.join(ROOT, "..", "shared", "kernels"))
COMMON = ("-m32 -O2 -march=pentium4 -ffreestanding -fno-pic -fno-stack-protector "
          "-fno-asynchronous-unwind-tables -fno-builtin -fno-tree-loop-distribute-patterns "
          "-fcf-protection=none -fno-tree-vectorize -mpreferred-stack-boundary=4 -Wno-psabi").split()
GROUPS = {
    "integer": "fib sieve qsort crc sha lz interp hash bignum str virt".split(),
    "pointer chase": "chase32k chase1m chase16m".split(),
    "SSE2 double": "matmul_sse mandel_sse nbody_sse".split(),
    "x87": "matmul_x87 mandel_x87 nbody_x87".split(),
    "SIMD": "simdi simdf".split(),
}
TARGETS = {"integer": 1.5, "SSE2 double": 5.0, "x87": 10.0}


def build(folder):
    """sys.elf, a multiboot image, from the shared sources."""
    compiler = ["gcc"] + COMMON
    objects = []

    def compile_one(source, name, extra):
        out = os.path.join(folder, name + ".o")
        subprocess.run(compiler + extra + ["-c", os.path.join(SOURCES, source), "-o", out], check=True)
        objects.append(out)

    compile_one("kint.c", "kint", ["-mfpmath=387", "-mno-sse3"])
    compile_one("kfp.c", "kfp_sse", ["-mfpmath=sse", "-DSUF=sse", '-DSQ="sqrtsd %1,%0"',
                                     '-DRC(x)="x"(x)', '-DRS(x)="x"(x)'])
    compile_one("kfp.c", "kfp_x87", ["-mfpmath=387", "-DSUF=x87", '-DSQ="fsqrt"', '-DRC(x)="t"(x)',
                                     '-DRS(x)="0"(x)'])
    compile_one("ksimd.c", "ksimd", [])
    compile_one("main.c", "main", [])
    compile_one("sys.c", "sys", ["-mno-sse"])
    compile_one("start.S", "start", [])
    elf = os.path.join(folder, "sys.elf")
    subprocess.run(["ld", "-m", "elf_i386", "-T", os.path.join(SOURCES, "k.ld"), "-o", elf] + objects,
                   check=True, stderr=subprocess.DEVNULL)
    return elf


def run(command, only):
    """{kernel: (seconds, checksum)} of one run; ended after the last kernel."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                               bufsize=1)
    result, last = {}, None
    for line in process.stdout:
        now = time.monotonic()
        words = line.split()
        if words[:1] == ["#sys"]:
            break
        if last is not None and len(words) == 3:
            result[words[0]] = (now - last, words[2])
        last = now
    process.kill()
    process.wait()
    return result


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--vestige", default=os.path.join(ROOT, "build", "release", "vestige"))
    parser.add_argument("--engine", default="native")
    parser.add_argument("--json")
    parser.add_argument("--no-qemu", action="store_true")
    args = parser.parse_args()
    if not os.path.isdir(SOURCES):
        sys.exit("bench: no kernels at %s (set VESTIGE_KERNELS)" % SOURCES)
    with tempfile.TemporaryDirectory() as folder:
        elf = build(folder)
        commands = {
            "vestige": [args.vestige, "run", "--kernel", elf, "-m", "256M", "--display", "none",
                        "--debugcon", "stdio", "--speed", "max", "--engine", args.engine],
            "qemu": ["qemu-system-i386", "-accel", "tcg", "-cpu", "max", "-m", "256", "-kernel", elf,
                     "-display", "none", "-debugcon", "stdio", "-no-reboot", "-nodefaults", "-vga", "std"],
        }
        if args.no_qemu:
            del commands["qemu"]
        samples = {name: [] for name in commands}
        for _ in range(args.rounds):
            for name, command in commands.items():
                samples[name].append(run(command, None))
    report(args, samples)


def report(args, samples):
    table, failed = {}, False
    names = [k for group in GROUPS.values() for k in group]
    print("%-12s %10s %10s %8s" % ("kernel", "vestige s", "qemu s", "ratio"))
    for kernel in names:
        times = {who: [r[kernel] for r in runs if kernel in r] for who, runs in samples.items()}
        sums = {s for t in times.values() for _, s in t}
        if len(sums) > 1:
            print("%-12s checksums differ: %s" % (kernel, sums))
            failed = True
        med = {who: statistics.median(s for s, _ in t) for who, t in times.items() if t}
        ratio = med["qemu"] / med["vestige"] if len(med) == 2 else float("nan")
        table[kernel] = dict(med, ratio=ratio)
        print("%-12s %10.3f %10.3f %8.2f" % (kernel, med.get("vestige", float("nan")),
                                            med.get("qemu", float("nan")), ratio))
    for group, kernels in GROUPS.items():
        mean = geomean([table[k]["ratio"] for k in kernels if table[k]["ratio"] == table[k]["ratio"]])
        target = TARGETS.get(group)
        print("%-14s geometric mean %6.2f times QEMU%s" %
              (group, mean, "   (target %.1f)" % target if target else ""))
        table["geomean " + group] = mean
    if args.json:
        with open(args.json, "w") as out:
            json.dump(table, out, indent=2)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
