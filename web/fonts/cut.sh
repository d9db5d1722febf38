#!/bin/sh
# Cuts Noto Sans CJK SC, regular and bold, to the characters of characters.txt: about 1.9 MB each.
#
# The fonts come from Debian's fonts-noto-cjk package (SIL Open Font License 1.1, see OFL.txt). Pass the directory of
# its .ttc files when the package is unpacked elsewhere. Needs fonttools (pyftsubset).
set -eu
cd "$(dirname "$0")"
from="${1:-/usr/share/fonts/opentype/noto}"
simplified_chinese=2    # the faces of the collection are JP, KR, SC, TC, HK
for weight in Regular Bold; do
    pyftsubset "$from/NotoSansCJK-$weight.ttc" --font-number="$simplified_chinese" \
        --text-file=characters.txt --layout-features='' --no-hinting --desubroutinize \
        --output-file="NotoSansSC-$weight.otf"
done
