#!/usr/bin/env python3
"""Writes words.txt.zst: the words of two characters and more that letters can mean, with their readings and weights.

    python3 -m venv /tmp/pinyin && /tmp/pinyin/bin/pip install pypinyin==0.55.0
    pip download --no-deps --no-binary :all: jieba==0.42.1 && tar xf jieba-0.42.1.tar.gz
    /tmp/pinyin/bin/python make.py jieba-0.42.1/jieba/dict.txt

Words and their counts come from jieba's dictionary (MIT), readings from pypinyin (MIT); see LICENSE-words.txt. Words
of the village that a corpus of newspapers and novels lacks stand in village.txt. Single characters are not here:
syllables.txt has them all, with every reading.

A word is left out when
- it has a character outside the 8,105 of 通用规范汉字表, which is all that the kiosk's letters can draw;
- it was counted fewer than COUNT_MIN times;
- it is a person's name: jieba marks these nr, nrt, nrfg, but marks thousands of ordinary words so too. Of what is
  marked so, only what stands in ordinary.txt is kept, or has three characters and more and stands in pypinyin's
  dictionary of phrases; names.txt lists the names that slip through. A word that contains such a name goes as well.

One line a reading: "dai'biao 代表62 呆表20", ü written v, lines sorted, the weightiest word first. A weight is four
times the binary logarithm of the count: enough to order by, and small.
"""

import math
import subprocess
import sys
from pathlib import Path

from pypinyin import Style, lazy_pinyin, load_single_dict
from pypinyin.phrases_dict import phrases_dict

HERE = Path(__file__).parent
# Below this the corpus holds more noise than words: misprints, names of characters in novels, halves of words.
COUNT_MIN = 5
CHARACTERS_MAX = 8
# What people come to a kiosk to say: a word of village.txt counts as so many, and at least as much as a common word.
VILLAGE_TIMES = 8
VILLAGE_COUNT = 8000
# From here on a name is known well enough to be a part of other words.
FAMOUS = 1000
# jieba's marks of adverbs and of words that describe: 慢慢地 is one, 基地 is not.
ADVERBS = {"d", "z", "ad"}


def lines_of(name):
    """The lines of one of our lists as words; a # begins a comment."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line.split("#")[0].split() for line in lines]


def words_of(name):
    return {word for line in lines_of(name) for word in line}


def all_readings(word, mark, corrected):
    if word in corrected:
        return corrected[word]
    syllables = lazy_pinyin(word, style=Style.NORMAL, v_to_u=False)
    if mark in ADVERBS and word.endswith("地"):
        syllables[-1] = "de"
    return [syllables]


def main(dictionary):
    table = set((HERE / "../../web/fonts/characters.txt").read_text(encoding="utf-8").splitlines()[0])
    known = {line.split()[0] for line in (HERE / "syllables.txt").read_text(encoding="utf-8").splitlines()}
    ordinary, names, village = words_of("ordinary.txt"), words_of("names.txt"), words_of("village.txt")
    corrected = {}
    for word, *syllables in filter(None, lines_of("readings.txt")):
        corrected.setdefault(word, []).append(syllables)
    # In names of places, which is where no phrase says otherwise, 都 is a capital and not "all".
    load_single_dict({ord("都"): "dū,dōu"})

    def is_name(word, mark):
        if word in ordinary or word in village:
            return False
        if word in names:
            return True
        return mark.startswith("nr") and not (len(word) >= 3 and word in phrases_dict)

    rows = [line.split() for line in Path(dictionary).read_text(encoding="utf-8").splitlines()]
    rows = {word: (int(count), mark) for word, count, mark in rows}
    for word in village:
        count, mark = rows.get(word, (0, "n"))
        rows[word] = (max(count * VILLAGE_TIMES, VILLAGE_COUNT), mark)
    # Shorter ones, and what is only rarely a name, would also be found inside ordinary words.
    whole = {word for word, (count, mark) in rows.items() if len(word) == 3 and count >= FAMOUS and is_name(word, mark)}
    whole |= {name for name in names if len(name) >= 3}

    lines, kept = {}, 0
    for word, (count, mark) in rows.items():
        if not 2 <= len(word) <= CHARACTERS_MAX or count < COUNT_MIN or not set(word) <= table or is_name(word, mark):
            continue
        if word not in ordinary | village and any(word[at : at + 3] in whole for at in range(len(word) - 2)):
            continue
        for syllables in all_readings(word, mark, corrected):
            if len(syllables) != len(word) or not set(syllables) <= known:
                print(f"no reading for {word}: {syllables}", file=sys.stderr)
                continue
            lines.setdefault("'".join(syllables), []).append((-count, word))
        kept += 1
    text = "".join(
        f"{reading} {' '.join(f'{word}{round(4 * math.log2(-count))}' for count, word in sorted(words))}\n"
        for reading, words in sorted(lines.items())
    )
    packed = subprocess.run(["zstd", "--ultra", "-22", "-c"], input=text.encode(), capture_output=True, check=True).stdout
    (HERE / "words.txt.zst").write_bytes(packed)
    print(f"{kept} words, {len(lines)} readings, {len(text.encode())} bytes, {len(packed)} packed")


if __name__ == "__main__":
    main(sys.argv[1])
