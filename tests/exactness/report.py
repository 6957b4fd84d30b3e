#!/usr/bin/env python3
"""docs/EXACTNESS.md from what the proofs scored.

    report.py FOLDER            writes it; FOLDER holds the .score files of a test run
    report.py FOLDER --check    status 1 when it is not what FOLDER says
    report.py FOLDER --host NAME [--check]
                                the same for the part of that host in docs/EXACTNESS-HOSTS.md: the
                                sum of each proof that ran there, in a cross build

proofs.ini names the proofs in their order.  A proof that did not run here keeps the part that
stands in the document, unless `everywhere = yes` says that every machine can run it: then it must
have.  scored.sh describes the lines of a .score file.
"""
import configparser
import difflib
import os
import pathlib
import re
import sys
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = pathlib.Path(
    os.environ.get("EXACTNESS_DOCUMENT", HERE.parent.parent / "docs" / "EXACTNESS.md"))
HOSTS_DOCUMENT = pathlib.Path(os.environ.get("EXACTNESS_DOCUMENT", DOCUMENT)).with_name("EXACTNESS-HOSTS.md")
ENGINES = ["-", "portable", "native"]
FOLD = 24  # with more rows than that, those of one word without a failure become one

HEAD = """# How exact Vestige is

Written by `tests/exactness/report.py` from the scores of test runs, never by hand; `./check` fails
when it is not what the tests just said. To renew it:

    ctest --preset release -L fast
    tests/exactness/report.py build/release/exactness

"""

HOSTS_HEAD = """# How exact Vestige is on other hosts

The proofs of [EXACTNESS.md](EXACTNESS.md) that need no x86-64 processor, run in cross builds under qemu's user
mode emulation. Written by `tests/exactness/report.py`, a part a host; to renew one:

    ./check --host NAME
    tests/exactness/report.py build/NAME/exactness --host NAME

"""


def fail(text):
    sys.exit(f"report.py: {text}")


class Proof:
    def __init__(self):
        self.rows = {}  # row -> engine -> (passed, total)
        self.notes = {}  # row -> note
        self.known = []

    def add_score(self, words):
        row, engine, passed, total = words[0], words[1], int(words[2]), int(words[3])
        if engine not in ENGINES or passed > total:
            fail(f"bad score: {' '.join(words)}")
        cells = self.rows.setdefault(row, {})
        old = cells.get(engine, (0, 0))
        cells[engine] = (old[0] + passed, old[1] + total)
        if len(words) > 4:
            self.notes[row] = " ".join(words[4:])

    def add_known(self, text):
        if text not in self.known:
            self.known.append(text)

    def engines(self):
        return [e for e in ENGINES if any(e in cells for cells in self.rows.values())]

    def sums(self, rows, engine):
        cells = [self.rows[row][engine] for row in rows if engine in self.rows[row]]
        return (sum(c[0] for c in cells), sum(c[1] for c in cells)) if cells else None


def read_scores(folder):
    proofs = {}
    for path in sorted(pathlib.Path(folder).glob("*.score")):
        for line in path.read_text().splitlines():
            words = line.split()
            proof = proofs.setdefault(words[1], Proof())
            if words[0] == "score" and len(words) >= 6:
                proof.add_score(words[2:])
            elif words[0] == "known":
                proof.add_known(" ".join(words[2:]))
            else:
                fail(f"{path}: {line}")
    return proofs


def cell(sums):
    if sums is None:
        return ""
    passed, total = sums
    return f"{passed:,} of {total:,}" if passed != total else f"all {total:,}"


def table(proof):
    engines = proof.engines()
    rows = list(proof.rows)
    whole = [r for r in rows if "_" not in r and all(p == t for p, t in proof.rows[r].values())]
    folded = whole if len(rows) > FOLD else []
    notes = any(row in proof.notes for row in rows if row not in folded)
    names = ["cases" if e == "-" else e for e in engines]
    lines = ["| | " + " | ".join(names) + (" | |" if notes else " |")]
    lines.append("|---|" + "---|" * (len(engines) + notes))

    def line(name, cells, note):
        lines.append(f"| {name} | " + " | ".join(cells) + (f" | {note} |" if notes else " |"))

    for row in rows:
        if row not in folded:
            shown = row.replace("_", " ")
            line(shown, [cell(proof.sums([row], e)) for e in engines], proof.notes.get(row, ""))
    if folded and len(folded) < len(rows):
        line(f"{len(folded)} more", [cell(proof.sums(folded, e)) for e in engines], "")
    if len(rows) > 1:
        line("**together**", [cell(proof.sums(rows, e)) for e in engines], "")
    if folded:
        text = f"The {len(folded)} without a failure: {' '.join(folded)}."
        lines += [""] + textwrap.wrap(text, 110, break_on_hyphens=False)
    return lines


def section(title, text, proof):
    lines = [f"## {title}", "", text.strip(), ""] + table(proof)
    if proof.known:
        lines += ["", "Known differences:", ""] + [f"- {text}" for text in proof.known]
    return "\n".join(lines) + "\n"


def standing_sections(path):
    if not path.exists():
        return {}
    parts = re.split(r"^(?=## )", path.read_text(), flags=re.M)[1:]
    return {part.split("\n", 1)[0][3:]: part.strip("\n") + "\n" for part in parts}


def document(folder):
    described = configparser.ConfigParser(interpolation=None)
    described.read(HERE / "proofs.ini")
    proofs = read_scores(folder)
    standing = standing_sections(DOCUMENT)
    parts = []
    for name in described.sections():
        title = described[name]["title"]
        if name in proofs:
            parts.append(section(title, described[name]["text"], proofs.pop(name)))
        elif described[name].getboolean("everywhere", fallback=False):
            fail(f"{name} did not run: no score of it in {folder}")
        elif title in standing:
            print(f"{name} did not run here; its part stays as it is")
            parts.append(standing[title])
    if proofs:
        fail(f"not described in tests/exactness/proofs.ini: {' '.join(proofs)}")
    return HEAD + "\n".join(parts)


def host_section(folder, host):
    described = configparser.ConfigParser(interpolation=None)
    described.read(HERE / "proofs.ini")
    proofs = read_scores(folder)
    ran = [name for name in described.sections() if name in proofs]
    if not ran:
        fail(f"no score in {folder}")
    engines = [e for e in ENGINES if any(e in proofs[name].engines() for name in ran)]
    lines = [f"## {host}", "", "| | " + " | ".join("cases" if e == "-" else e for e in engines) + " |"]
    lines.append("|---|" + "---|" * len(engines))
    for name in ran:
        proof = proofs[name]
        cells = [cell(proof.sums(list(proof.rows), e)) for e in engines]
        lines.append(f"| {described[name]['title']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def hosts_document(folder, host):
    parts = standing_sections(HOSTS_DOCUMENT)
    parts[host] = host_section(folder, host)
    return HOSTS_HEAD + "\n".join(parts[name] for name in sorted(parts))


def settle(path, fresh, check, renew):
    if not check:
        path.write_text(fresh)
        return
    old = path.read_text() if path.exists() else ""
    if old != fresh:
        sys.stdout.writelines(difflib.unified_diff(
            old.splitlines(True), fresh.splitlines(True), f"docs/{path.name}", "this run", n=1))
        fail(f"docs/{path.name} is stale; to renew it: tests/exactness/report.py {renew}")


def main(arguments):
    folder, *options = arguments or [None]
    check = options[-1:] == ["--check"]
    options = options[:-1] if check else options
    if folder and not options:
        settle(DOCUMENT, document(folder), check, folder)
    elif folder and len(options) == 2 and options[0] == "--host":
        settle(HOSTS_DOCUMENT, hosts_document(folder, options[1]), check, " ".join([folder] + options))
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
