#!/usr/bin/env python3
"""Times `osler inspect --json` on a folder of very many small files, beside pydicom on a part of them.

usage: scan.py PROGRAM [--files 100000] [--shape mixed|one-series|many-series ...] [--sample 5000]
               [--threads N] [--out FILE.md] [--work FOLDER]

Makes the files in a temporary folder (below --work) and removes them: CT and MR slices with headers
of 0.5 to 10 KB, structured reports, files that end in the middle of their header, and files that
are no DICOM. Pixel data of CT are holes, so that the folder takes little space. The answer is
checked in the same run: files and verdict of each series, and the number of files not read.

The peak is the most memory that was resident in the process, libraries included. pydicom reads a
sample of the same files up to the pixel data, one after another; figures are per file. Files are in
the page cache, as both read them again. Needs pydicom (OSLER_JUDGES, tools/setup --tests).
"""
import argparse
import collections
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from contest import commit, processor, use_judges

UID = "1.2.826.0.1.3680043.10.999.77"
# Stand in the templates where each file has its own of the same length.
STUDY, SERIES, INSTANCE, PLACE = f"{UID}.999999990", f"{UID}.999999991", f"{UID}.999999992", "+000000.01"


def own_uid(number):
    return f"{UID}.{100_000_000 + number}"


use_judges()
import pydicom  # noqa: E402
from pydicom.dataset import Dataset, FileMetaDataset  # noqa: E402


# ---------------------------------------------------------------- files

def template(modality, sop_class, rows, header_bytes):
    """Bytes of a file up to its pixel data, cut where the values of each file go."""
    d = Dataset()
    d.file_meta = FileMetaDataset()
    d.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    d.file_meta.MediaStorageSOPClassUID = d.SOPClassUID = sop_class
    d.file_meta.MediaStorageSOPInstanceUID = d.SOPInstanceUID = INSTANCE
    d.StudyInstanceUID, d.SeriesInstanceUID, d.Modality = STUDY, SERIES, modality
    d.PatientID, d.Manufacturer, d.DeviceSerialNumber = "BENCH", "Osler project", "1"
    d.SeriesDescription, d.InstanceNumber = "made for benchmarks/scan.py", 1
    if rows:
        d.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        d.FrameOfReferenceUID = UID + ".9"
        d.ImagePositionPatient = ["0", "0", PLACE]
        d.ImageOrientationPatient, d.PixelSpacing = [1, 0, 0, 0, 1, 0], [1, 1]
        d.SamplesPerPixel, d.PhotometricInterpretation, d.Rows, d.Columns = 1, "MONOCHROME2", rows, rows
        d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 16, 15, 1
        d.RescaleSlope, d.RescaleIntercept = 1, -1024
    size = 0
    while True:  # private elements of 60 bytes until the header is as long as it shall be
        whole = io.BytesIO()
        d.save_as(whole, enforce_file_format=True)
        if len(whole.getvalue()) >= header_bytes:
            break
        for _ in range(max(1, (header_bytes - len(whole.getvalue())) // 68)):
            d.add_new(0x00090010, "LO", "OSLER BENCH")
            d.add_new(0x00091000 + size, "LO", "x" * 60)
            size += 1
    raw = whole.getvalue()
    if rows:
        raw += b"\xe0\x7f\x10\x00OW\x00\x00" + (rows * rows * 2).to_bytes(4, "little")
    return raw


def filled(raw, study, series, instance, place):
    for ours, number in ((STUDY, study), (SERIES, series), (INSTANCE, instance)):
        raw = raw.replace(ours.encode(), own_uid(number).encode())
    return raw.replace(PLACE.encode(), b"%+010.2f" % place)


class Folder:
    """Writes files into sub-folders of 500 and keeps count of what must be found."""

    def __init__(self, path):
        self.path, self.written, self.dicom = path, 0, []
        self.series = collections.Counter()
        self.unread = 0
        image = {"CT": pydicom.uid.CTImageStorage, "MR": pydicom.uid.MRImageStorage}
        self.templates = {(m, n): template(m, image[m], 512 if m == "CT" else 16, n)
                          for m in image for n in (600, 1500, 4000, 10000)}
        self.report = template("SR", pydicom.uid.BasicTextSRStorage, 0, 3000)

    def put(self, content, size=None, name="dcm"):
        folder = self.path / f"{self.written // 500:05d}"
        if self.written % 500 == 0:
            folder.mkdir()
        file = folder / f"{self.written:07d}.{name}"
        with open(file, "wb", buffering=0) as out:
            out.write(content)
            if size:
                out.truncate(size)
        self.written += 1
        return file

    def put_series(self, modality, study, series, count, header_bytes):
        raw = self.templates[modality, header_bytes]
        rows = 512 if modality == "CT" else 16
        for k in range(count):
            whole = filled(raw, study, series, 100_000_000 + self.written, 2.5 * (k - count // 2))
            self.dicom.append(self.put(whole, len(whole) + 2 * rows * rows))
        self.series[own_uid(series)] += count


def fill(folder, shape, files):
    if shape == "one-series":
        folder.put_series("MR", 1, 2, files, 600)
        return
    if shape == "many-series":
        for n in range(files):
            folder.put_series("MR", 10_000_000 + n, 50_000_000 + n, 1, 600)
        return
    number = 0
    sizes = (600, 1500, 4000, 10000)
    while folder.written < files:  # rounds of 400 files
        number += 1
        folder.put_series("CT", number, 20_000_000 + number, 180, sizes[number % 4])
        folder.put_series("MR", number, 30_000_000 + number, 118, sizes[number // 4 % 4])
        for n in range(18):
            series = 40_000_000 + 100 * number + n
            folder.dicom.append(folder.put(filled(folder.report, number, series,
                                                  100_000_000 + folder.written, 0)))
            folder.series[own_uid(series)] += 1
        for n in range(4):
            folder.put(folder.templates["CT", 600][:150 + 20 * n])
        for n in range(80):
            folder.put(b"notes, not an image\n" * (n + 1), name="txt")
        folder.unread += 84


# ---------------------------------------------------------------- measuring

def measured(command, environment):
    """Seconds, peak MB and the output of a process."""
    peak = 0
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, env=environment)
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            for line in status.read_text().splitlines():
                if line.startswith("VmHWM:"):
                    peak = max(peak, int(line.split()[1]))
            time.sleep(0.005)
        seconds = time.perf_counter() - start
        out.seek(0)
        return seconds, peak * 1024 / 1e6, process.returncode, out.read()


def check(folder, shape, code, answer):
    found = {s["series_uid"]: s["files"] for s in answer["series"]}
    if code != 0 or found != dict(folder.series):
        raise SystemExit(f"{shape}: exit {code}; {len(found)} series, expected {len(folder.series)}")
    if len(answer["unreadable"]) != folder.unread:
        raise SystemExit(f"{shape}: {len(answer['unreadable'])} files not read, expected {folder.unread}")
    wrong = [s for s in answer["series"]
             if s["verdict"] != ("usable" if s["modality"] != "SR" and s["files"] > 1 else "refused")]
    if wrong:
        raise SystemExit(f"{shape}: verdict {wrong[0]['verdict']} {wrong[0]['reasons']}")


def by_pydicom(files):
    start = time.perf_counter()
    for file in files:
        d = pydicom.dcmread(file, stop_before_pixels=True)
        _ = (d.SOPInstanceUID, d.SeriesInstanceUID, d.get("Rows"), d.get("ImagePositionPatient"))
    return (time.perf_counter() - start) / len(files)


def one(program, shape, arguments):
    work = Path(tempfile.mkdtemp(prefix="osler-scan-", dir=arguments.work))
    try:
        start = time.perf_counter()
        folder = Folder(work)
        fill(folder, shape, arguments.files)
        made = time.perf_counter() - start
        environment = dict(os.environ)
        if arguments.threads:
            environment["OMP_NUM_THREADS"] = str(arguments.threads)
        measured([program, "inspect", work, "--json"], environment)  # to warm up
        runs = []
        for _ in range(arguments.runs):
            seconds, peak, code, out = measured([program, "inspect", work, "--json"], environment)
            check(folder, shape, code, json.loads(out))
            runs.append((seconds, peak))
        seconds, peak = sorted(runs)[len(runs) // 2]
        idle = measured([program, "--version"], environment)[1]
        theirs = by_pydicom(random.Random(1).sample(folder.dicom, min(arguments.sample, len(folder.dicom))))
        n = folder.written
        print(f"{shape}: {n} files made in {made:.0f} s", file=sys.stderr)
        return (f"| {shape} | {n} | {len(folder.series)} | {seconds:.2f} | {n / seconds:.0f} | {peak:.0f} | "
                f"{1e6 * (peak - idle) / n:.0f} | {1e6 * theirs:.0f} | {theirs / (seconds / n):.0f} | "
                f"{os.getloadavg()[0]:.1f} |")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--shape", nargs="+", default=["mixed", "one-series", "many-series"],
                        choices=["mixed", "one-series", "many-series"])
    parser.add_argument("--sample", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--out")
    parser.add_argument("--work", type=Path)
    arguments = parser.parse_args()
    command = " ".join(["benchmarks/scan.py build/cpu/bin/osler", *sys.argv[2:]])
    rows = [one(arguments.program, shape, arguments) for shape in arguments.shape]
    lines = ["# Scanning very many files", "",
             f"- machine: {processor()}, {os.cpu_count()} processors; threads: {arguments.threads or 'all'}",
             f"- commit: {commit()}", f"- date: {time.strftime('%Y-%m-%d')}",
             f"- peers: pydicom {pydicom.__version__}",
             f"- runs: median of {arguments.runs} after one to warm up; load is the load average after a row",
             "- answer: files and verdict of every series, and the number of files not read, were as made", "",
             f"Command: `{command}`", "",
             "| folder | files | series | s | files/s | peak MB | bytes a file | pydicom us a file | ratio | load |",
             "|---" * 10 + "|", *rows, "",
             "`bytes a file` is the peak less that of `osler --version`, per file. `ratio` is pydicom's time per",
             "DICOM file (read alone, on one thread) over ours per file of any kind."]
    if arguments.out:
        Path(arguments.out).write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
