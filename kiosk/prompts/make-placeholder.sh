#!/bin/sh
# Makes the packs that come with the program, zh-CN and en: every prompt of the wording files, spoken by a machine until
# somebody of the place records it (`kiosk prompts record`). Only what is new or says other words is made again, and
# what no sentence needs any more is removed. Run it after changing a sentence; a test tells when it was forgotten.
#
# The words of a county are spoken too, so that its topics can be heard: those of the sample county, or of the file that
# is the argument.
#
# Needs Debian's espeak-ng and opus-tools. What espeak-ng speaks is not covered by its licence (GPL-3).
set -eu
cd "$(dirname "$0")"
county=${1:-../../tests/sample/county.toml}
python3 - "$county" <<'PYTHON'
import array, itertools, subprocess, sys, tempfile, tomllib, wave
from pathlib import Path

# Name in Chinese and in English, and how espeak-ng speaks it: a little slower than people talk to one another.
PACKS = {"zh-CN": ("普通话", "Mandarin", ["-v", "cmn", "-s", "220"]), "en": ("英语", "English", ["-v", "en-gb", "-s", "150"])}
# Below this a sample is silence, of 32,767.
SILENCE = 300
# Seconds kept before and behind the voice.
EDGE = 0.06


def trim(path):
    with wave.open(path) as sound:
        rate, samples = sound.getframerate(), array.array("h", sound.readframes(sound.getnframes()))
    loud = [at for at, sample in enumerate(samples) if abs(sample) > SILENCE]
    if not loud:
        sys.exit(f"espeak-ng said nothing into {path}")
    edge = int(EDGE * rate)
    with wave.open(path, "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(samples[max(0, loud[0] - edge) : loud[-1] + edge].tobytes())


def make(voice, words, target):
    with tempfile.TemporaryDirectory() as scratch:
        said = f"{scratch}/said.wav"
        subprocess.run(["espeak-ng", *voice, "-w", said, words], check=True)
        trim(said)
        # Long packets and no tags: a prompt of one word is mostly head otherwise.
        form = ["--speech", "--bitrate", "14", "--framesize", "60", "--comp", "10", "--serial", "1", "--padding", "0"]
        subprocess.run(["opusenc", "--quiet", *form, "--discard-comments", said, target], check=True)


def county_words(pack):
    """What screens show of a county: its topics, ready sentences and states. In English, its topics."""
    county = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    topics = county["topic"]
    if pack == "en":
        return [topic["en"] for topic in topics]
    return [word for topic in topics for word in [topic["name"], *topic.get("phrases", [])]] + [
        state["plain"] for state in county["state"]
    ]


for pack, (zh, en, voice) in PACKS.items():
    script = ["cargo", "run", "--quiet", "--package", "kiosk", "--", "prompts", "script", "--language", pack]
    lines = subprocess.run(script, capture_output=True, text=True, check=True).stdout.splitlines()
    wanted = dict(line.split("\t", 1) for line in lines)
    wanted |= {word: word for word in county_words(pack)}
    directory = Path(pack)
    made = tomllib.loads((directory / "pack.toml").read_text(encoding="utf-8")).get("recordings", {})
    taken = {recording["file"] for recording in made.values()}
    free = (file for number in itertools.count(1) if (file := f"words-{number}.opus") not in taken)
    # A name is its own file, except the county's words, which no file system need know.
    own = lambda name: f"{name}.opus" if name.isascii() and " " not in name else next(free)
    files = {name: made[name]["file"] if name in made else own(name) for name in wanted}
    spoken = 0
    for name, says in wanted.items():
        target = directory / files[name]
        if made.get(name, {}).get("says") != says or not target.exists():
            make(voice, says, target)
            spoken += 1
    for old in directory.glob("*.opus"):
        if old.name not in files.values():
            old.unlink()
    # Single quotes: what stands between them is taken as it is. No sentence has one beside a double one.
    quote = lambda words: f"'{words}'" if "'" not in words else f'"{words}"'
    rows = [f"{quote(name)} = {{ file = '{files[name]}', says = {quote(says)} }}" for name, says in sorted(wanted.items())]
    head = [f'language = "{pack}"', f'zh = "{zh}"', f'en = "{en}"', "placeholder = true", "", "[recordings]"]
    (directory / "pack.toml").write_text("\n".join([*head, *rows, ""]), encoding="utf-8")
    size = sum(file.stat().st_size for file in directory.iterdir())
    print(f"{pack}: {len(wanted)} prompts, {spoken} made, {size} bytes")
PYTHON
