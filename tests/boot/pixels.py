#!/usr/bin/env python3
"""Pixels of a screenshot.  `pixels.py FILE.png X,Y...` prints the size and each pixel as RRGGBB;
`pixels.py --colours FILE.png` prints the number of different colours.  Reads the 8-bit RGB PNG files
that Vestige writes."""
import struct
import sys
import zlib


def chunks(data):
    at = 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8:at + 8 + length]
        at += 12 + length


def unfilter(kind, row, above, step):
    for i in range(len(row)):
        left = row[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        if kind == 4:
            guess = left + above[i] - corner
            near = [(abs(guess - v), n) for n, v in enumerate((left, above[i], corner))]
            add = (left, above[i], corner)[min(near)[1]]
        else:
            add = (0, left, above[i], (left + above[i]) // 2)[kind]
        row[i] = (row[i] + add) & 255
    return row


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    parts = list(chunks(data))
    width, height, depth, colour = struct.unpack_from(">IIBB", parts[0][1])
    step = {2: 3, 6: 4}[colour]
    assert depth == 8
    raw = zlib.decompress(b"".join(body for kind, body in parts if kind == b"IDAT"))
    rows, above = [], bytes(width * step)
    for y in range(height):
        at = y * (width * step + 1)
        above = unfilter(raw[at], bytearray(raw[at + 1:at + 1 + width * step]), above, step)
        rows.append(above)
    return width, height, step, rows


def main(arguments):
    if arguments[0] == "--colours":
        _, _, step, rows = read(arguments[1])
        print(len({bytes(row[i:i + 3]) for row in rows for i in range(0, len(row), step)}))
        return
    width, height, step, rows = read(arguments[0])
    shown = [f"{width}x{height}"]
    for place in arguments[1:]:
        x, y = map(int, place.split(","))
        shown.append(rows[y][x * step:x * step + 3].hex())
    print(*shown)


main(sys.argv[1:])
