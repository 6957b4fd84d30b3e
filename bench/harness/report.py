"""Ratios, the table, JSON and a picture of what was measured."""
import json
import math
import statistics

from . import rows

WALL, PROCESSOR = 0, 1


def geomean(values):
    values = [v for v in values if v]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def medians(samples, clock):
    """{who: {part: seconds}} of {who: [{part: (wall, processor, checksum)}]}."""
    result = {}
    for who, runs in samples.items():
        parts = {part for run in runs for part in run}
        result[who] = {part: statistics.median(run[part][clock] for run in runs if part in run) for part in parts}
    return result


def ratio(a, b):
    return a / b if a and b else None


def part_result(part, seconds):
    times = {who: seconds.get(who, {}).get(part) for who in ("vestige", "qemu", "host")}
    return dict(times, part=part, qemu_ratio=ratio(times["qemu"], times["vestige"]),
                host_ratio=ratio(times["vestige"], times["host"]), qemu_host_ratio=ratio(times["qemu"], times["host"]))


def part_floor(result):
    """What the part's ratio to QEMU must at least be."""
    near = result["qemu_host_ratio"]
    return rows.EVERY_PART_NEAR if near and near <= rows.NEAR_NATIVE else rows.EVERY_PART


def wrong_checksums(samples):
    """Parts that did not compute the same everywhere: {part: {checksum: [who]}}.  A 64-bit host rounds x87
    results elsewhere, so only the emulators are compared there."""
    seen = {}
    for who, runs in samples.items():
        for run in runs:
            for part, (_, _, checksum) in run.items():
                if checksum and who != "host":
                    seen.setdefault(part, {}).setdefault(checksum, set()).add(who)
    return {part: {c: sorted(w) for c, w in sums.items()} for part, sums in seen.items() if len(sums) > 1}


def evaluate(samples, groups, clock):
    seconds = medians(samples, clock)
    result = []
    for group in groups:
        parts = [part_result(part, seconds) for part in group.parts.split()]
        parts = [part for part in parts if part["vestige"] or part["qemu"]]
        if parts:
            result.append({"title": group.title, "parts": parts, "qemu": geomean(p["qemu_ratio"] for p in parts),
                           "host": geomean(p["host_ratio"] for p in parts), "qemu_target": group.qemu,
                           "host_target": group.native})
    return result


def number(value, places=2):
    return "-" if value is None else "%.*f" % (places, value)


def verdict(value, target, below=False):
    if value is None or target is None:
        return ""
    return "ok" if (value <= target if below else value >= target) else "short"


def table(groups, host_name):
    """The text of the table; the second column of ratios is Vestige's time over the host's."""
    lines = ["%-28s %9s %9s %9s %8s %14s %8s %14s" % ("", "Vestige s", "QEMU s", "host s", "x QEMU", "(target)",
                                                      "x host", "(target)")]
    for group in groups:
        lines.append("%-28s %9s %9s %9s %8s %6s %-7s %8s %6s %-7s" % (
            group["title"], "", "", "", number(group["qemu"]), number(group["qemu_target"], 1),
            verdict(group["qemu"], group["qemu_target"]), number(group["host"]), number(group["host_target"], 1),
            verdict(group["host"], group["host_target"], True)))
        for part in group["parts"]:
            floor = part_floor(part)
            slow = "" if part["qemu_ratio"] is None or part["qemu_ratio"] >= floor else "below %.1f" % floor
            lines.append("    %-24s %9s %9s %9s %8s %14s %8s" % (
                part["part"], number(part["vestige"], 3), number(part["qemu"], 3), number(part["host"], 3),
                number(part["qemu_ratio"]), slow, number(part["host_ratio"])))
    lines.append("host: " + host_name)
    return "\n".join(lines)


def write_json(path, groups, samples, about):
    with open(path, "w") as out:
        json.dump({"about": about, "groups": groups, "samples": samples}, out, indent=1)
        out.write("\n")


def write_svg(path, groups):
    """Bars of the ratios to QEMU on a logarithmic axis, a mark where each target is."""
    left, width, row, top = 230, 620, 24, 40
    low, high = 0.25, 128.0

    def x(value):
        value = min(max(value, low), high)
        return left + width * math.log(value / low) / math.log(high / low)

    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">'
           % (left + width + 70, top + row * len(groups) + 30),
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="%d" y="16" font-size="14">times as fast as QEMU TCG (line: target)</text>' % left]
    bottom = top + row * len(groups)
    for tick in (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128):
        out.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s"/>'
                   % (x(tick), top - 6, x(tick), bottom, "#444" if tick == 1 else "#ddd"))
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%g</text>' % (x(tick), bottom + 16, tick))
    for index, group in enumerate(groups):
        y, value, target = top + index * row, group["qemu"], group["qemu_target"]
        out.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (left - 8, y + 14, group["title"]))
        if value:
            colour = "#3a7d44" if not target or value >= target else "#c8782a" if value >= 1 else "#b03030"
            a, b = sorted((x(1), x(value)))
            out.append('<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>' % (a, y + 3, b - a, row - 8, colour))
            out.append('<text x="%.1f" y="%d">%.2f</text>' % (max(x(value), x(1)) + 4, y + 14, value))
        if target:
            out.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="black" stroke-width="2"/>'
                       % (x(target), y, x(target), y + row - 2))
    out.append("</svg>")
    with open(path, "w") as file:
        file.write("\n".join(out) + "\n")
