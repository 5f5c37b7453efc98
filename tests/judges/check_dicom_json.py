#!/usr/bin/env python3
"""Holds our DICOM JSON (PS3.18 Annex F) against pydicom: what Dataset.from_json makes of it equals what
dcmread reads from the file, element by element, for the test data, malformed files and files made here.

usage: check_dicom_json.py PROGRAM [FILE_OR_FOLDER...]   (PROGRAM: tests/print_dicom_json.cpp)

Without files: sr_seg, enhanced and codecs_wg04 of OSLER_TEST_DATA, and the unpacked malformed files.
Not compared: bulk data, of which the size must agree; (0008,0005), which must be ISO_IR 192; text with
bytes that its character set does not have (U+FFFD in ours). Of malformed files ours must be valid JSON
that pydicom can take, or a refusal. Exit 77 without pydicom (OSLER_JUDGES).
"""
import json
import math
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import judging
from judging import faults

judging.use_judges()
try:
    import numpy as np
    import pydicom
    from pydicom import charset  # noqa: F401
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.sequence import Sequence
except ImportError as missing:
    judging.skip_without(missing)

pydicom.config.replace_un_with_known_vr = False
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
warnings.simplefilter("ignore")
BULK = "bulk"
UNITS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
bulk_elements = set()  # of the file that is judged
counts = {"files": 0, "elements": 0, "refused": 0}


def print_json(program, files, inline=1 << 40):
    done = subprocess.run([program, "--inline", str(inline), "--bulk", BULK, *map(str, files)],
                          capture_output=True)
    if done.returncode != 0:
        faults.append(f"the program ended with {done.returncode}")
    lines = done.stdout.split(b"\n")[:-1]
    if len(lines) != len(files):
        faults.append(f"{len(lines)} answers for {len(files)} files")
    return lines


def bare(value):
    """Padding is no value; of a name, empty groups at the end are none."""
    if isinstance(value, pydicom.valuerep.PersonName):
        return str(value).rstrip("= \0") or None
    if isinstance(value, str):
        return value.rstrip(" \0") or None
    if isinstance(value, (pydicom.valuerep.DSfloat, pydicom.valuerep.IS)):
        return float(value)
    return value


def values_of(element):
    value = element.value
    if value is None or isinstance(value, bytes):
        return value or None
    if isinstance(value, (pydicom.multival.MultiValue, list, tuple)):
        values = [bare(v) for v in value]
        return values if any(v is not None for v in values) else None
    value = bare(value)
    return None if value is None else [value]


def same(a, b):
    if isinstance(a, float) and isinstance(b, (float, int)):
        return a == b or (math.isnan(a) and math.isnan(b)) or bool(np.float32(a) == np.float32(b))
    return a == b


def compare(where, ours, theirs, big_endian):
    wanted = {e.tag for e in theirs if e.tag.element != 0}
    for tag in sorted(wanted ^ {e.tag for e in ours}):
        faults.append(f"{where} {tag}: {'missing' if tag in wanted else 'made up'}")
    for tag in sorted(wanted & {e.tag for e in ours}):
        counts["elements"] += 1
        a, b = ours[tag], theirs[tag]
        here = f"{where} {tag}"
        if tag == 0x00080005:
            if a.value != ("ISO_IR 192" if b.value else b.value):
                faults.append(f"{here}: {a.value}")
        elif b.VR == "SQ":
            if len(a.value) != len(b.value):
                faults.append(f"{here}: {len(a.value)} items for {len(b.value)}")
            for i, (x, y) in enumerate(zip(a.value, b.value)):
                compare(f"{here}[{i}]", x, y, big_endian)
        elif a.VR == "UN" and tag.is_private:  # a dictionary that DCMTK does not have
            if isinstance(b.value, bytes) and a.value != b.value and here not in bulk_elements:
                faults.append(f"{here}: other bytes")
        elif a.VR != b.VR and str(b.VR) not in ("US or SS", "OB or OW", "US or SS or OW", "US or OW"):
            faults.append(f"{here}: {a.VR}, not {b.VR}")
        elif isinstance(b.value, bytes) or isinstance(a.value, bytes):
            raw = b.value or b""
            if big_endian and b.VR in UNITS:
                unit = UNITS[b.VR]
                raw = b"".join(raw[i:i + unit][::-1] for i in range(0, len(raw), unit))
            if (a.value or b"") != raw and here not in bulk_elements:
                faults.append(f"{here} {b.VR}: {len(a.value or b'')} bytes, not the {len(raw)} expected")
        else:
            x, y = values_of(a), values_of(b)
            if "\ufffd" in str(x):
                continue
            if (x is None) != (y is None) or (x is not None and (
                    len(x) != len(y) or not all(same(p, q) for p, q in zip(x, y)))):
                faults.append(f"{here} {b.VR}: {str(x)[:60]!r}, not {str(y)[:60]!r}")


def judge(line, path, strict):
    counts["files"] += 1
    if line.startswith(b"!"):
        counts["refused"] += 1
        if strict:
            faults.append(f"{path.name}: refused: {line[1:200].decode('utf-8', 'replace')}")
        return
    text, _, bulk = line.decode("utf-8").rpartition("\t")
    ours = Dataset.from_json(json.loads(text), bulk_data_uri_handler=lambda tag, vr, uri: None)
    if not strict:
        return
    theirs = pydicom.dcmread(path)
    big_endian = not theirs.original_encoding[1]
    bulk_elements.clear()
    for data_path, size in json.loads(bulk):
        element, here = theirs, path.name
        for step, part in enumerate(data_path.split("/")):
            element = element[int(part, 16)] if step % 2 == 0 else element.value[int(part) - 1]
            here += f" {element.tag}" if step % 2 == 0 else f"[{int(part) - 1}]"
        bulk_elements.add(here)
        if element.tag == 0x7FE00010 and element.is_undefined_length:
            want = sum(len(f) for f in pydicom.encaps.generate_fragments(element.value)) - len(
                next(pydicom.encaps.generate_fragments(element.value)))
        else:
            want = len(element.value)
        if size != want:
            faults.append(f"{path.name} {data_path}: bulk data of {size} bytes, not {want}")
    compare(path.name, ours, theirs, big_endian)


def made_files(folder):
    """Every VR, empty values, private tags, character sets, names of three groups, nested sequences."""
    def save(name, ds, implicit=False, little=True):
        ds.file_meta = FileMetaDataset()
        syntax = (pydicom.uid.ImplicitVRLittleEndian if implicit else
                  pydicom.uid.ExplicitVRLittleEndian if little else pydicom.uid.ExplicitVRBigEndian)
        ds.file_meta.TransferSyntaxUID = syntax
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = "1.2.3.4"
        pydicom.dcmwrite(folder / name, ds, enforce_file_format=True)
        return folder / name

    files = []
    for name, implicit, little in (("implicit", True, True), ("explicit", False, True), ("big", False, False)):
        ds = Dataset()
        for tag, vr, value in (
                (0x00080008, "CS", ["DERIVED", "", "OTHER"]), (0x00080020, "DA", "20200102"),
                (0x00081140, "SQ", Sequence([])), (0x00100010, "PN", "Doe^Jane^M^Dr^Jr"),
                (0x00104000, "LT", "line 1\r\nline \\ 2  \"quoted\" <script>"), (0x00080090, "PN", ""),
                (0x00181310, "US", [0, 1, 2, 65535]), (0x00189087, "FD", 1e-300),
                (0x00480001, "FL", [0.1, 1e30, -0.0]), (0x00189073, "FD", float("inf")),
                (0x00280006, "US", 0), (0x00280009, "AT", [0x00181063, 0x7FE00010]),
                (0x00201041, "DS", "-0001.50"), (0x00200032, "DS", ["+1.5", ".25", "1E-3"]),
                (0x00200013, "IS", "+0012"), (0x00289110, "SQ", Sequence([Dataset(), Dataset()])),
                (0x00186020, "SL", [-5, 2147483647]), (0x00281053, "DS", ""),
                (0x00286010, "US", 7), (0x00091002, "UN", b"\x00\x01\x02\x03"),
                (0x00400440, "SQ", Sequence([])), (0x7FE00001, "OV", bytes(range(16))),
                (0x00720082, "SV", [-(1 << 60), 5]), (0x00720083, "UV", [1 << 63, 0])):
            ds.add_new(tag, vr, value)
        ds.private_block(0x0011, "OSLER TEST", create=True).add_new(1, "LO", "private")
        ds[0x00289110].value[0].add_new(0x00280030, "DS", ["0.5", "0.5"])
        inner = ds
        for _ in range(20):
            inner.add_new(0x00081199, "SQ", Sequence([Dataset()]))
            inner = inner[0x00081199].value[0]
        inner.add_new(0x00081155, "UI", "1.2.3")
        ds.Rows = ds.Columns = 2
        ds.BitsAllocated, ds.PixelRepresentation = 16, 1
        ds.add_new(0x00280106, "SS", -3)
        ds.add_new(0x7FE00010, "OW", b"\x01\x02\x03\x04\x05\x06\x07\x08")
        files.append(save(name + ".dcm", ds, implicit, little))
    for charset_, names in (
            ("ISO_IR 100", ["M\u00fcller^J\u00f6rg"]), ("ISO_IR 192", ["\u738b^\u5c0f\u6771=\u738b^\u5c0f\u6771"]),
            (["", "ISO 2022 IR 87"], ["Yamada^Tarou=\u5c71\u7530^\u592a\u90ce=\u3084\u307e\u3060^\u305f\u308d\u3046",
                                      "Jun=\u6e96^\u69d8\u96c6\u5b9c"]),
            (["ISO 2022 IR 13", "ISO 2022 IR 87"], ["\uff94\uff8f\uff80\uff9e^\uff80\uff9b\uff73=\u5c71\u7530^\u592a\u90ce"]),
            (["", "ISO 2022 IR 149"], ["Hong^Gildong=\u6d2a^\u5409\u6d1e=\ud64d^\uae38\ub3d9"]),
            ("GB18030", ["Wang^XiaoDong=\u738b^\u5c0f\u4e1c", "\u8a82^\u9a4d"]), ("ISO_IR 144", ["\u041b\u044e\u043ace\u043c^\u0411"]),
            ("GBK", ["Zhang^XiaoDong=\u5f20^\u5c0f\u4e1c"]), ("ISO_IR 126", ["\u0394\u03b9\u03bf\u03bd\u03c5\u03c3\u03b9\u03bf\u03c2"])):
        for i, person in enumerate(names):
            ds = Dataset()
            ds.SpecificCharacterSet = charset_
            ds.PatientName = person
            ds.OtherPatientNames = [person, "Plain^Name"]
            ds.PatientComments = person.replace("^", " ").split("=")[-1]
            ds.RequestAttributesSequence = [Dataset()]
            ds.RequestAttributesSequence[0].ScheduledProcedureStepDescription = "x"
            label = charset_ if isinstance(charset_, str) else charset_[-1]
            files.append(save(f"{label.replace(' ', '-')}-{i}.dcm", ds))
    return files


def readable(path):
    try:
        return len(pydicom.dcmread(path, stop_before_pixels=True)) > 0
    except Exception:
        return False


def all_files(places):
    return [f for p in places for f in (sorted(p.rglob("*")) if p.is_dir() else [p]) if f.is_file()]


def main(program, places):
    unpacked = Path(os.environ.get("OSLER_UNPACKED", judging.ROOT / "build" / "cpu" / "test-data"))
    strict = all_files(places or [judging.DATA / name for name in ("sr_seg", "enhanced", "codecs_wg04")])
    strict = [f for f in strict if f.stat().st_size < 40 << 20 and readable(f) and "too_short" not in f.name]
    for line, path in zip(print_json(program, strict), strict):
        judge(line, path, True)
    with tempfile.TemporaryDirectory() as folder:
        made = made_files(Path(folder))
        for line, path in zip(print_json(program, made), made):
            judge(line, path, True)
        # Bulk data: nothing inline.
        for line, path in zip(print_json(program, made, 0), made):
            if b"InlineBinary" in line:
                faults.append(f"{path.name}: InlineBinary over the limit of 0 bytes")
            judge(line, path, True)
    broken = [] if places else all_files([unpacked / "malformed_fuzz_even"])
    for line, path in zip(print_json(program, broken), broken):
        judge(line, path, False)
    for text in faults[:60]:
        print(text)
    print(f"{counts['files']} files, {counts['elements']} elements, {counts['refused']} refused "
          f"({len(broken)} malformed files): {len(faults)} faults")
    return 1 if faults or counts["files"] < 30 else 0


sys.exit(main(sys.argv[1], [Path(a) for a in sys.argv[2:]]))
