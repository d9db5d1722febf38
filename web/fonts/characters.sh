#!/bin/sh
# Writes characters.txt: every character the kiosk's fonts must hold, one block a line.
#
# The first line is 通用规范汉字表, the national table of 8,105 characters (Unihan field kTGH), in its own order; the
# second is the GB 2312 han outside that table. Names of people and places use all of them: never cut to GB 2312.
# Needs Debian's unicode-data package.
set -eu
cd "$(dirname "$0")"
python3 - > characters.txt <<'PYTHON'
import bz2, re

table, gb2312 = [], []
with bz2.open("/usr/share/unicode/Unihan_OtherMappings.txt.bz2", "rt") as mappings:
    for row in mappings:
        field = re.match(r"U\+([0-9A-F]+)\t(kTGH|kGB0)\t(\S+)", row)
        if field:
            character = chr(int(field[1], 16))
            if field[2] == "kTGH":
                table.append((int(field[3].split(":")[1]), character))
            else:
                gb2312.append(character)
table = [character for _, character in sorted(table)]
assert len(table) == 8105
print("".join(table))
print("".join(sorted(set(gb2312) - set(table))))
print("".join(map(chr, range(0x20, 0x7F))))                          # ASCII
print("".join(map(chr, range(0xFF01, 0xFF5F))) + "￥")               # full-width forms
print("　、。〃々〆〇〈〉《》「」『』【】〔〕〖〗〜·—–…‘’“”‰℃№①②③④⑤⑥⑦⑧⑨⑩×÷±≤≥≠■□▲△●○◆◇★☆✓")  # punctuation and marks
print("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿêĀÁǍÀĒÉĚÈŌÓǑÒ")                # letters of pinyin
print("←↑→↓↖↗↘↙⏎")                                                      # arrows
PYTHON
