#!/usr/bin/env python3
"""The table of targets: Vestige beside QEMU TCG and beside the host itself, interleaved, ratios of medians.

    bench/targets.py                     everything, three rounds: under 15 minutes on a quiet machine
    bench/targets.py --only x87,boot     groups or parts whose names have one of these words
    bench/targets.py --list              the groups, their parts and targets

Guests are built from Debian's i386 packages and the sources in bench/guests, into build/bench.  A part's time
is taken by the host between two marks of the guest.  Figures that only the wall clock has right (a guest that
waits) need a quiet machine; --clock processor compares the time of all threads instead, which other
work disturbs less.  Where the host cannot run i386 programs, "host" is the same source or package in 64 bits.
"""
import argparse
import os
import platform
import sys
import time

from harness import guests, measure, report, rows


def arguments():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="words, comma-separated, of names of groups or parts")
    parser.add_argument("--vestige", default=os.environ.get("VESTIGE",
                                                            os.path.join(guests.ROOT, "build", "release", "vestige")))
    parser.add_argument("--qemu", default=os.environ.get("QEMU", "qemu-system-i386"))
    parser.add_argument("--option", action="append", default=[], metavar="=OPTION",
                        help="for Vestige, repeatable: --option=--no-opt --option=NAME")
    parser.add_argument("--who", default="vestige,qemu,host", help="which of these to run")
    parser.add_argument("--clock", choices=("wall", "processor"), default="wall")
    parser.add_argument("--json", help="write figures and samples there")
    parser.add_argument("--svg", help="draw the ratios there")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


def chosen(words):
    """The groups, with those parts that are wanted."""
    result = []
    for group in rows.GROUPS:
        parts = [part for part in group.parts.split()
                 if not words or any(w in group.title or w == part for w in words.split(","))]
        if parts:
            result.append(group._replace(parts=" ".join(parts)))
    return result


def run_all(args, groups):
    """{who: [{part: sample}]}, one round after another."""
    setup = guests.Setup(args.vestige, args.qemu, args.option)
    samples = {who: [] for who in args.who.split(",")}
    wanted = {}
    for group in groups:
        wanted.setdefault(group.guest, []).extend(group.parts.split())
    ready = {}
    for name in wanted:
        try:
            ready[name] = guests.GUESTS[name]()
            ready[name].build()
        except (measure.Failed, OSError, guests.subprocess.SubprocessError) as error:
            print("not measured: %s: %s" % (name, error), file=sys.stderr)
            del ready[name]
    failed = set()

    def attempt(name, who):
        """The samples of one run; once more when it failed (QEMU's timers do on a busy host)."""
        guest, parts = ready[name], wanted[name]
        for again in (False, True):
            try:
                return guest.host(parts) if who == "host" else getattr(guest, who)(setup, parts)
            except measure.Failed as error:
                print("\nfailed: %s in %s: %s" % (name, who, error), file=sys.stderr)
                if again:
                    failed.add((who, name))
        return {}

    for turn in range(args.rounds):
        for who, runs in samples.items():
            runs.append({})
            for name, guest in ready.items():
                if who == "host" and not guest.native or (who, name) in failed or turn >= guest.rounds:
                    continue
                print("\rround %d: %s, %s          " % (turn + 1, name, who), end="", file=sys.stderr)
                runs[-1].update(attempt(name, who))
    print("\r" + " " * 50 + "\r", end="", file=sys.stderr)
    return samples, failed


def main():
    args = arguments()
    groups = chosen(args.only)
    if args.list or not groups:
        for group in rows.GROUPS:
            print("%-28s at least %5.1f x QEMU%s: %s" % (group.title, group.qemu, ", at most %.1f x host" % group.native
                                                         if group.native else "", group.parts))
        return 0
    measure.be_prompt()
    start = time.monotonic()
    samples, failed = run_all(args, groups)
    result = report.evaluate(samples, groups, report.WALL if args.clock == "wall" else report.PROCESSOR)
    host = "the same in %d bits" % guests.host_bits()
    print(report.table(result, host))
    wrong = report.wrong_checksums(samples)
    for part, sums in wrong.items():
        print("checksums differ: %s: %s" % (part, sums))
    took = time.monotonic() - start
    print("%s clock, medians of %d rounds, %d s in all" % (args.clock, args.rounds, took))
    if args.json:
        about = {"rounds": args.rounds, "clock": args.clock, "host": host, "machine": platform.processor(),
                 "seconds": took, "options": args.option}
        report.write_json(args.json, result, samples, about)
    if args.svg:
        report.write_svg(args.svg, result)
    return 1 if wrong or failed else 0


if __name__ == "__main__":
    sys.exit(main())
