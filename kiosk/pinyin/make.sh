#!/bin/sh
# Writes syllables.txt: every toneless syllable with its characters, the most used first.
#
# Readings come from the Unihan database (Debian's unicode-data package; Unicode licence, see LICENSE-unicode.txt).
# kHanyuPinlu counts how often a character is read so in ordinary text; a reading it lacks comes from kTGHZ2013 or
# kMandarin with the count 0, in the order of 通用规范汉字表, whose first 3,500 are the common ones.
# One line a syllable: "xiu 修245 休120 秀67 …", ü typed as v.
set -eu
cd "$(dirname "$0")"
python3 - > syllables.txt <<'PYTHON'
import bz2, re, unicodedata

def toneless(reading):
    plain = unicodedata.normalize("NFD", reading.lower())
    plain = plain.replace("u\u0308", "v")
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha())

table = open("../../web/fonts/characters.txt", encoding="utf-8").readline().strip()
place = {character: index for index, character in enumerate(table)}
counts = {}
with bz2.open("/usr/share/unicode/Unihan_Readings.txt.bz2", "rt", encoding="utf-8") as readings:
    for row in readings:
        field = re.match(r"U\+([0-9A-F]+)\t(kHanyuPinlu|kMandarin|kTGHZ2013)\t(.+)", row)
        if not field or (character := chr(int(field[1], 16))) not in place:
            continue
        for word in field[3].split():
            count = 0
            if field[2] == "kHanyuPinlu":
                reading, count = re.match(r"(.+)\((\d+)\)", word).groups()
            elif field[2] == "kTGHZ2013":
                reading = word.split(":")[1]
            else:
                reading = word
            for one in reading.split(","):
                # The corpus counted 着 under 著 as well; in simplified Chinese 著 is read zhù.
                if character == "著" and toneless(one) != "zhu":
                    continue
                key = (toneless(one), character)
                counts[key] = counts.get(key, 0) + int(count)
syllables = {}
for (syllable, character), count in counts.items():
    syllables.setdefault(syllable, []).append((-count, place[character], character))
reached = {character for _, character in counts}
assert reached == set(table), set(table) - reached
for syllable in sorted(syllables):
    print(syllable, " ".join(f"{c}{-n if n else ''}" for n, _, c in sorted(syllables[syllable])))
PYTHON
