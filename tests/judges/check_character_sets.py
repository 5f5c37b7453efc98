#!/usr/bin/env python3
"""Holds our reading of DICOM text (Specific Character Set, PS3.5 6.1.2) against Python's codecs and
pydicom's decoder.

usage: check_character_sets.py PROGRAM   (tests/print_texts.cpp)

Tables: every byte and every pair of bytes of every repertoire as Python's codec of it reads them.
Texts: random characters, written with Python's codecs and escape sequences as the standard wants
them, are read as what they were, and nothing is noted. Bytes: random ones under random declarations as
pydicom reads them; where pydicom is known to be wrong, and how, stands in PYDICOM_IS_WRONG. What
pydicom refuses, ours must note. Exit 77 without pydicom (OSLER_JUDGES).
"""
import logging
import os
import random
import re
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

SINGLE = {"100": ("-A", "latin_1"), "101": ("-B", "iso8859_2"), "109": ("-C", "iso8859_3"),
          "110": ("-D", "iso8859_4"), "144": ("-L", "iso8859_5"), "127": ("-G", "iso8859_6"),
          "126": ("-F", "iso8859_7"), "138": ("-H", "iso8859_8"), "148": ("-M", "iso8859_9"),
          "203": ("-b", "iso8859_15"), "166": ("-T", "tis_620"), "13": (")I", "shift_jis")}
PAIRS = {"87": ("$B", "euc_jp", b""), "159": ("$(D", "euc_jp", b"\x8f"), "149": ("$)C", "euc_kr", b""),
         "58": ("$)A", "gb2312", b"")}
G0 = ("87", "159")
# Where Python's codecs differ from the C library's. KS X 1001: the sign of postal codes (since 2002);
# the filler, which Python takes for the beginning of a syllable of four characters. JIS X 0212: the
# tilde, wide or not.
OTHERWISE = {"149": {b"\xa2\xe8": "\u327e", b"\xa4\xd4": "\u3164"}, "159": {b"\xa2\xb7": "\uff5e"}}
# GB 18030 of 2000 had private code points for these, Python still has; of four bytes the C library
# has no more what has two since then.
PRIVATE = range(0xE000, 0xF900)
TWO_BYTES_SINCE = {*range(0x9FB4, 0x9FBC), *range(0xFE10, 0xFE1A), 0x1E3F, 0x20087, 0x20089, 0x200CC,
                   0x215D7, 0x2298F, 0x241FE}
REPLACED = "\N{REPLACEMENT CHARACTER}"
DELIMITERS = {"text": b"\r\n\f\t", "values": b"\r\n\f\t\\", "person_name": b"\r\n\f\t\\^="}
# Patterns of the bytes, with the part of the declaration that they need.
PYDICOM_IS_WRONG = {
    "lacks ISO_IR 203": ("203", b"(?s)."),
    "takes the choice of ASCII for one of Latin-1 beside it": ("", rb"(?s)\x1b\(B[^\x1b]*[\x80-\xff]"),
    "takes the choice of romaji for one of katakana beside it": ("13", rb"(?s)\x1b\(J[^\x1b]*[\x80-\xff]"),
    "refuses the choice of romaji where IR 13 is not declared; to us it is ASCII": ("", rb"\x1b\(J"),
    "refuses what is beside kanji": ("", rb"(?s)\x1b(\$B|\$\(D)[^\x1b]*[\xa1-\xff]"),
    "does not reset at every control character": ("", rb"(?s)\x1b.*[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]"),
    "refuses a space among kanji": ("", rb"(?s)\x1b(\$B|\$\(D)[^\x1b]*[\x20\x7f]"),
    "parts values inside of a character": ("GB", rb"(?s)[\x81-\xfe]\\"),
    "leaves the escape sequence of GB 2312 in the text": ("IR 58", rb"\x1b\$\)A"),
}
faults = []
counts = Counter()


def use_judges():
    judges = Path(os.environ.get("OSLER_JUDGES", Path.home() / ".cache" / "osler" / "judges"))
    python = judges / "bin" / "python"
    if python.exists() and Path(sys.prefix) != judges and "OSLER_JUDGED" not in os.environ:
        os.execve(python, [str(python), *sys.argv], dict(os.environ, OSLER_JUDGED="1"))


use_judges()
try:
    from pydicom import charset, config
except ImportError as missing:
    print(f"skipped: needs the Python package {missing.name} (tools/setup --tests)")
    sys.exit(77)
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
config.settings.reading_validation_mode = config.RAISE


def ours(cases):
    """[(declared, kind, bytes)] -> [(text, notes)]"""
    lines = "".join(f"{d.encode().hex()}\t{kind}\t{raw.hex()}\n" for d, kind, raw in cases)
    done = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True, check=True)
    answers = [line.split("\t") for line in done.stdout.splitlines()]
    if len(answers) != len(cases):
        sys.exit(f"{len(answers)} answers to {len(cases)} texts")
    return [(bytes.fromhex(text).decode(), notes) for text, notes in answers]  # strict: valid UTF-8


def decoded(raw, codec):
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None


def fault(what, case, *found):
    faults.append(f"{what}: {case}: {found}")


def table(name, cases, expected, may_differ=lambda raw, text, theirs: False):
    """@param expected  of each what Python reads; None: nothing, and ours must say so"""
    for case, (text, notes), theirs in zip(cases, ours(cases), expected, strict=True):
        counts[name] += 1
        right = text == theirs and not notes if theirs is not None else "r" in notes and REPLACED in text
        if not right and not may_differ(case[2], text, theirs):
            fault(name, case, text, notes, theirs)


def tables():
    for number, (escape, codec) in SINGLE.items():
        every = [bytes([b]) for b in range(0x20, 0x100)]
        graphic = [None if 0x80 <= raw[0] < 0xA0 or (number == "13" and raw[0] in (0xA0, *range(0xE0, 256)))
                   else decoded(raw, codec) for raw in every]
        table(f"IR {number}", [(f"ISO_IR {number}", "text", raw) for raw in every], graphic)
        table(f"IR {number}", [(f"\\ISO 2022 IR {number}", "text", b"\x1b" + escape.encode() + raw)
                               for raw in every], graphic)
    pairs = [bytes([a, b]) for a in range(0xA1, 0xFF) for b in range(0xA1, 0xFF)]
    for number, (escape, codec, shift) in PAIRS.items():
        cases = [(f"\\ISO 2022 IR {number}", "text", b"\x1b" + escape.encode() +
                  (bytes(b & 0x7F for b in pair) + b"\x1b(B" if number in G0 else pair)) for pair in pairs]
        table(f"IR {number}", cases, [decoded(shift + pair, codec) for pair in pairs],
              lambda raw, text, theirs: OTHERWISE.get(number, {}).get(
                  bytes(b | 0x80 for b in raw[len(escape) + 1:][:2])) == text)
    wide = [bytes([a, b]) for a in range(0x81, 0xFF) for b in (*range(0x40, 0x7F), *range(0x80, 0xFF))]
    rng = random.Random(1)
    four = [bytes([rng.choice([*range(0x81, 0x84), *range(0x90, 0xE3)]), rng.randrange(0x30, 0x3A),
                   rng.randrange(0x81, 0xFF), rng.randrange(0x30, 0x3A)]) for _ in range(20000)]

    def private(raw, text, theirs):
        return (ord((theirs or text)[0]) in PRIVATE or
                len(raw) == 4 and ord(theirs) in TWO_BYTES_SINCE and REPLACED in text)
    table("GB18030", [("GB18030", "text", raw) for raw in wide + four],
          [decoded(raw, "gb18030") for raw in wide + four], private)
    # Its user-defined areas, and what GB 18030 has more, are read as GB 18030.
    table("GBK", [("GBK", "text", raw) for raw in wide],
          [decoded(raw, "gbk") or decoded(raw, "gb18030") for raw in wide], private)


def alphabets():
    """Of every repertoire the characters, with their bytes."""
    for number, (escape, codec) in SINGLE.items():
        every = [bytes([b]) for b in range(0xA1, 0xE0 if number == "13" else 0x100)]
        yield number, escape, [(decoded(raw, codec), raw) for raw in every if decoded(raw, codec)]
    for number, (escape, codec, shift) in PAIRS.items():
        pairs = [bytes([a, b]) for a in range(0xA1, 0xFF) for b in range(0xA1, 0xFF)]
        yield number, escape, [(decoded(shift + pair, codec),
                                bytes(b & 0x7F for b in pair) if number in G0 else pair)
                               for pair in pairs if decoded(shift + pair, codec)]


def written(rng, numbers, letters, kind):
    """A text in the first of `numbers` ("" for ASCII) and, by escape sequences, the others."""
    text, raw = "", b""
    g1, kanji = numbers[0], None
    for _ in range(rng.randrange(1, 12)):
        act = rng.random()
        if act < 0.25 or act < 0.5 and numbers == [""]:
            if kanji:
                raw, kanji = raw + b"\x1b(B", None
            if act < 0.15:
                delimiter = chr(rng.choice(DELIMITERS[kind]))
                text, raw, g1 = text + delimiter, raw + delimiter.encode(), numbers[0]
            else:
                text, raw = text + "Ab 1", raw + b"Ab 1"
            continue
        number = rng.choice([n for n in numbers if n])
        escape, alphabet = letters[number]
        if number in G0:
            if kanji != number:
                raw, kanji = raw + b"\x1b" + escape.encode(), number
        elif g1 != number:
            raw, g1 = raw + b"\x1b" + escape.encode(), number
        for character, pair in rng.choices(alphabet, k=rng.randrange(1, 5)):
            text, raw = text + character, raw + pair
    return text, raw + (b"\x1b(B" if kanji else b"")


def pydicom_reads(declared, kind, raw):
    encodings = charset.convert_encodings(declared.split("\\"))
    resets = set(DELIMITERS[kind]) - {ord("\\")}
    parts = [raw] if kind == "text" else raw.split(b"\\")
    return "\\".join(charset.decode_bytes(part, encodings, resets) for part in parts)


def texts(rng):
    letters = {number: (escape, alphabet) for number, escape, alphabet in alphabets()}
    cases, meant = [], []
    for _ in range(20000):
        first = rng.choice(["", *SINGLE, "149", "58"])
        numbers = [first, *rng.sample([n for n in letters if n != first], rng.randrange(0 if first else 1, 4))]
        declared = "\\".join(f"ISO 2022 IR {n}" if n else "" for n in numbers)
        if len(numbers) == 1 and first in SINGLE and rng.random() < 0.5:
            declared = f"ISO_IR {first}"
        kind = rng.choice(list(DELIMITERS))
        text, raw = written(rng, numbers, letters, kind)
        cases.append((declared, kind, raw))
        meant.append(text)
    for case, (text, notes), expected in zip(cases, ours(cases), meant, strict=True):
        counts["texts"] += 1
        if text != expected or notes:
            fault("texts", case, text, notes, expected)
        try:
            counts["texts that pydicom reads otherwise"] += pydicom_reads(*case) != expected
        except Exception:
            counts["texts that pydicom refuses"] += 1


def noise(rng):
    out = b""
    escapes = [escape for escape, *_ in (*SINGLE.values(), *PAIRS.values())] + ["(B", "(J", "$@", "[2J", ""]
    for _ in range(rng.randrange(1, 7)):
        act = rng.random()
        if act < 0.3:
            out += b"\x1b" + rng.choice(escapes).encode()
        elif act < 0.75:
            low, high = (0x21, 0x7F) if act < 0.5 else (0xA1, 0xFF)
            out += bytes(rng.randrange(low, high) for _ in range(2 * rng.randrange(1, 3)))
        elif act < 0.9:
            out += rng.choice([b"^", b"=", b"\\", b"\r\n", b"\t", b"\f", b" "])
        else:
            out += bytes(rng.randrange(256) for _ in range(2))
    return out


def any_bytes(rng):
    alone = ["", "ISO_IR 6", "ISO_IR 192", "GB18030", "GBK", *(f"ISO_IR {n}" for n in SINGLE)]
    extended = [f"ISO 2022 IR {n}" for n in (*SINGLE, *PAIRS)]
    cases = []
    for _ in range(40000):
        declared = rng.choice(alone) if rng.random() < 0.3 else "\\".join(
            [rng.choice(["", *extended]), *rng.sample(extended, rng.randrange(1, 3))])
        cases.append((declared, rng.choice(list(DELIMITERS)), noise(rng)))
    for case, (text, notes) in zip(cases, ours(cases), strict=True):
        declared, kind, raw = case
        try:
            theirs = pydicom_reads(*case)
        except Exception:
            theirs = None
        why = next((why for why, (term, bytes_) in PYDICOM_IS_WRONG.items()
                    if term in declared and re.search(bytes_, raw)), None)
        if theirs == text:
            counts["bytes: as pydicom"] += 1
        elif theirs is None and notes:
            counts["bytes: pydicom refuses, ours notes"] += 1
        elif declared == "GBK" and any(ord(c) in {*PRIVATE, *TWO_BYTES_SINCE} for c in text):
            counts["bytes: pydicom refuses what only GB 18030 has, or the user"] += 1
        elif why:
            counts[f"bytes: pydicom {why}"] += 1
        elif "r" in notes and REPLACED in text:
            counts["bytes: pydicom makes something of bytes that are no characters, ours notes"] += 1
        elif notes == "u" and declared.split("\\")[0] in ("", "ISO_IR 6"):
            counts["bytes: pydicom takes undeclared UTF-8 for Latin-1, ours notes"] += 1
        elif notes == "e" and declared in ("ISO_IR 192", "GBK", "GB18030"):
            counts["bytes: pydicom drops escape sequences where there are none, ours notes"] += 1
        else:
            fault("bytes", case, text, notes, theirs)


def main():
    tables()
    texts(random.Random(2))
    any_bytes(random.Random(3))
    print(*faults[:40], sep="\n")
    for what, count in counts.items():
        print(f"{count:7} {what}")
    print(f"{len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
