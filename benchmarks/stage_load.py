"""Stages load and scan: series of files into one array, and headers of files.

usage: compare load [--cold]

The answer is checked in the same runs: voxels equal bit for bit, corners of the volume at one
place; for headers UIDs, rows, columns and positions of all instances.

Inputs: the LIDC-IDRI-0001 chest CT and, for headers, the datalad brain MR, both of OSLER_TEST_DATA.
Compressed copies of the CT are made once, by encoders from PyPI in a folder of their own.
"""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import contest

STAGES = ("load",)
READERS = contest.HERE / "readers.py"
ENCODERS = ["pylibjpeg", "pylibjpeg-openjpeg", "pyjpegls"]
# Readers derive the step between slices in different ways; docs/geometry.md takes as much for
# rounding of decimal strings.
CORNER_TOLERANCE_MM = 0.01
DOES = {
    "ours": "finds the series among the files of a folder, reads all headers, checks the geometry, "
            "decodes into one int16 array, applies slope and intercept",
    "pydicom": "reads the folder's *.dcm, sorts by position, decodes into one int16 numpy array, "
               "applies slope and intercept, in one thread: a pool of threads was slower",
    "SimpleITK": "GetGDCMSeriesIDs, GetGDCMSeriesFileNames and ImageSeriesReader, which applies "
                 "slope and intercept",
    "ours, headers": "walks the folder, reads each header up to the pixel data, groups by study "
                     "and series",
    "pydicom, headers": "dcmread(stop_before_pixels=True) of each file, takes UIDs, rows, columns, "
                        "position, orientation and spacing",
}


def compressed(series, codec):
    """Copy of a series in contest.WORK, made once; it is not beside the source, which stays as it is."""
    target = contest.WORK / f"{series.name}-{codec}"
    if not target.is_dir():
        encoders = contest.WORK / "encoders"
        if not encoders.is_dir():
            part = Path(f"{encoders}.{os.getpid()}")
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", part]
            subprocess.run(pip + ENCODERS, check=True, stdout=sys.stderr)
            part.rename(encoders)
        part = Path(f"{target}.{os.getpid()}")
        shutil.rmtree(part, ignore_errors=True)
        subprocess.run([sys.executable, READERS, "encode", series, part, codec],
                       check=True, env=dict(os.environ, PYTHONPATH=str(encoders)))
        part.rename(target)
    return target


def evict(folder):
    """Files out of the page cache; what is below the file system may still hold them."""
    for path in Path(folder).rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def corners(answer):
    m, (nx, ny, nz) = answer["index_to_lps"], answer["size"]
    return [[sum(m[4 * r + c] * p[c] for c in range(3)) + m[4 * r + 3] for r in range(3)]
            for p in [(x, y, z) for x in (0, nx - 1) for y in (0, ny - 1) for z in (0, nz - 1)]]


def same_answer(a, b):
    if a["digest"] != b["digest"]:
        return False
    if "size" not in a:
        return a["instances"] == b["instances"] > 0
    return a["size"] == b["size"] and all(
        abs(x - y) < CORNER_TOLERANCE_MM
        for p, q in zip(corners(a), corners(b)) for x, y in zip(p, q))


def measure(stage, name, folder, peer, threads, runs, cold):
    ours = contest.Contender([contest.program("load"), stage, folder], threads)
    other = contest.Contender([sys.executable, READERS, peer, folder], threads)
    load = contest.take_turns(ours, other, runs, (lambda: evict(folder)) if cold else lambda: None)
    checked = all(same_answer(a, b) for a, b in zip(ours.answers, other.answers))
    made = contest.row(stage, name, threads, ours, peer.split(",")[0], other, checked, load)
    if stage == "scan":
        files = ours.answers[0]["instances"]
        made["ours_ms_per_file"] = round(1000 * made["ours_s"] / files, 3)
        made["peer_ms_per_file"] = round(1000 * made["peer_s"] / files, 3)
    else:
        volume_mb = ours.answers[0]["volume_mb"]
        made["ours_mb_over_volume"] = round(made["ours_mb"] / volume_mb, 2)
        made["peer_mb_over_volume"] = round(made["peer_mb"] / volume_mb, 2)
        made["ours_decode_s"] = round(ours.median("load_s"), 4)
    return made


def rows(_, threads, runs, cold=False):
    """Yields a row per input, peer and number of threads."""
    ct = contest.chest_ct()
    mr = contest.unpacked("mr/datalad_T1w_adult")
    inputs = [("load", "LIDC chest CT", ct, ("pydicom", "SimpleITK"))]
    inputs += [("load", f"same, {name} lossless", compressed(ct, codec), ("SimpleITK",))
               for name, codec in (("JPEG 2000", "j2k"), ("JPEG-LS", "jpegls"), ("JPEG", "jpeg"),
                                   ("RLE", "rle"))]
    inputs += [("scan", name, folder, ("pydicom, headers",))
               for name, folder in (("LIDC, all files", ct), ("datalad brain MR, all files", mr))]
    for stage, name, folder, peers in inputs:
        for peer in peers:
            for count in threads:
                yield measure(stage, name, str(folder), peer, count, runs, cold)
