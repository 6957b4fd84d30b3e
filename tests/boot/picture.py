#!/usr/bin/env python3
"""Looks at PNG screenshots (8-bit RGB, not interlaced) for the boot tests.

    picture.py size F            prints WIDTHxHEIGHT
    picture.py colours F         prints how many different colours there are
    picture.py changed A B N     prints LEFT TOP RIGHT BOTTOM of what differs in the first N lines,
                                 or "nothing"
"""
import struct
import sys
import zlib


def unfilter(kind, line, above, step):
    out = bytearray(line)
    for i, value in enumerate(line):
        left = out[i - step] if i >= step else 0
        up = above[i]
        corner = above[i - step] if i >= step else 0
        if kind == 1:
            value += left
        elif kind == 2:
            value += up
        elif kind == 3:
            value += (left + up) // 2
        elif kind == 4:
            guess = left + up - corner
            near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up),
                       (abs(guess - corner), 2, corner))
            value += near[2]
        out[i] = value & 0xFF
    return out


def read(path):
    """Width, height and the lines of the picture, three bytes a pixel."""
    data = open(path, "rb").read()
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        sys.exit(f"{path} is no PNG")
    at, packed, head = 8, b"", b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        head = body if kind == b"IHDR" else head
        packed += body if kind == b"IDAT" else b""
        at += 12 + size
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    step = {2: 3, 6: 4}.get(colour)
    if depth != 8 or not step or interlaced:
        sys.exit(f"{path}: a PNG of another kind")
    raw, lines, above = zlib.decompress(packed), [], bytes(width * step)
    for y in range(height):
        start = y * (width * step + 1)
        above = unfilter(raw[start], raw[start + 1:start + 1 + width * step], above, step)
        lines.append([bytes(above[i:i + 3]) for i in range(0, width * step, step)])
    return width, height, lines


def changed(a, b):
    spots = [(x, y) for y, (one, two) in enumerate(zip(a, b)) if one != two
             for x in range(len(one)) if one[x] != two[x]]
    if not spots:
        return "nothing"
    across, down = [x for x, _ in spots], [y for _, y in spots]
    return f"{min(across)} {min(down)} {max(across)} {max(down)}"


def main():
    verb, *files = sys.argv[1:]
    lines = int(files.pop()) if verb == "changed" else 0
    pictures = [read(path) for path in files]
    if verb == "size":
        print(f"{pictures[0][0]}x{pictures[0][1]}")
    elif verb == "colours":
        print(len({pixel for line in pictures[0][2] for pixel in line}))
    elif verb == "changed":
        print(changed(pictures[0][2][:lines], pictures[1][2][:lines]))
    else:
        sys.exit(__doc__)


main()
