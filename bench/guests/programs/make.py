#!/usr/bin/env python3
"""make.py FOLDER LATENCY: puts what the guest runs into FOLDER, an unpacked Debian system: /init and /bench."""
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
WORDS = ("time person year way day thing man world life hand part child eye woman place work week case point "
         "government company number group problem fact be have do say get make go know take see come think look "
         "want give use find tell ask seem feel try leave call running seeing making the of and a to in is it "
         "you that he was for on are with as his they at").split()


def text(size):
    """Words in a random order, a quarter of them with endings or digits; always the same."""
    state, out, length = 1, [], 0
    while length < size:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        word = WORDS[(state >> 33) % len(WORDS)]
        kind = state >> 55 & 15
        if kind < 2:
            word = word.capitalize() + "s"
        elif kind == 2:
            word += str(state >> 40 & 1023)
        word += "\n" if (state >> 48) % 11 == 0 else " "
        out.append(word)
        length += len(word)
    return "".join(out)[:size]


def main():
    root, latency = sys.argv[1:]
    bench = os.path.join(root, "bench")
    shutil.rmtree(bench, ignore_errors=True)
    os.makedirs(bench)
    for folder in ("proc", "dev", "tmp"):
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    for name in ("workloads.sh", "work.lua", "work.pl", "work.py", "work.sql"):
        shutil.copy(os.path.join(HERE, name), bench)
    shutil.copy(os.path.join(HERE, "init"), os.path.join(root, "init"))
    os.chmod(os.path.join(root, "init"), 0o755)
    shutil.copy(latency, os.path.join(bench, "latency"))
    with open(os.path.join(bench, "data"), "w") as out:
        out.write(text(1200000))
    with open(os.path.join(bench, "prime"), "w") as out:
        out.write("7" + "F" * 319)  # 2^1279 - 1, a prime of Mersenne's
    for link, target in (("sh", "dash"), ("mount", "busybox"), ("poweroff", "busybox"), ("sed", "busybox"),
                         ("head", "busybox"), ("cat", "busybox"), ("md5sum", "busybox")):
        path = os.path.join(root, "bin", link)
        if not os.path.lexists(path):
            os.symlink(target, path)


if __name__ == "__main__":
    main()
