#!/bin/sh
# Writes strokes.txt.zst: how each character is written, stroke by stroke, for the recogniser of handwriting.
#
# The middle lines of the strokes come from the npm package hanzi-writer-data 2.0.1 (Arphic Public License, see
# LICENSE-strokes.txt; derived from Make Me a Hanzi and the AR PL fonts). Taken are the characters of 通用规范汉字表 that
# the package has, in the order of the table, whose first 3,500 are the common ones.
# One line a character: "十 AfwfA…", strokes apart by a space, two letters a point (x from the left, y from the top, each
# in 64 steps from A), as few points as keep the line within a hundredth of the square.
# Needs npm, python3 and zstd.
set -eu
cd "$(dirname "$0")"
package="$(mktemp -d)"
trap 'rm -rf "$package"' EXIT
(cd "$package" && npm pack --silent hanzi-writer-data@2.0.1 >/dev/null && tar xzf hanzi-writer-data-2.0.1.tgz)
cp "$package/package/ARPHICPL.TXT" LICENSE-strokes.txt
python3 - "$package/package" <<'PYTHON' | zstd -19 -q -f -o strokes.txt.zst
import json, os, sys

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
APART = 10  # of 1,024: how far a point may lie from the line without it

def thin(points):
    """As few points as keep the line (Douglas and Peucker)."""
    (x0, y0), (x1, y1) = points[0], points[-1]
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 or 1.0
    far, at = 0.0, 0
    for index, (x, y) in enumerate(points[1:-1], 1):
        apart = abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) / length
        if apart > far:
            far, at = apart, index
    if far <= APART:
        return [points[0], points[-1]]
    return thin(points[: at + 1])[:-1] + thin(points[at:])

def letter(value):
    return LETTERS[max(0, min(63, round(value / 1024 * 63)))]

table = open("../../web/fonts/characters.txt", encoding="utf-8").readline().strip()
for character in table:
    path = os.path.join(sys.argv[1], character + ".json")
    if not os.path.exists(path):
        continue
    medians = json.load(open(path, encoding="utf-8"))["medians"]
    # The package measures y upwards from 124 below the line that characters stand on.
    strokes = [thin([(x, 900 - y) for x, y in median]) for median in medians]
    print(character, *("".join(letter(x) + letter(y) for x, y in stroke) for stroke in strokes))
PYTHON
