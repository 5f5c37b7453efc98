"""The peers that benchmarks/compare measures, each in a process of its own.

usage: readers.py NAME FOLDER             one run, and one line of JSON, for each line read
       readers.py encode SOURCE TARGET j2k|jpegls|rle|jpeg
"""
import json
import subprocess
import sys
import time
from pathlib import Path


def peak_mb():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("no VmHWM")


def digest_of(array):
    import hashlib
    import numpy as np
    return hashlib.sha256(np.ascontiguousarray(array, dtype="<i2")).hexdigest()


def read_one(path):
    """A data set, its place along the slice normal, and its stored values."""
    import numpy as np
    import pydicom
    from pydicom.pixels import pixel_array
    header = pydicom.dcmread(path)
    orientation = [float(x) for x in header.ImageOrientationPatient]
    normal = np.cross(orientation[:3], orientation[3:])
    position = np.array([float(x) for x in header.ImagePositionPatient])
    values = pixel_array(header)
    add = float(header.get("RescaleIntercept", 0))
    if float(header.get("RescaleSlope", 1)) != 1 or add != int(add):
        raise ValueError("a series with a slope")
    spacing = [float(x) for x in header.PixelSpacing]
    return float(position @ normal), position, orientation, spacing, int(add), values


def with_pydicom(folder):
    import numpy as np

    def run():
        start, cpu = time.perf_counter(), time.process_time()
        slices = sorted(map(read_one, Path(folder).glob("*.dcm")), key=lambda s: s[0])
        volume = np.empty((len(slices), *slices[0][5].shape), np.int16)
        for k, (*_, add, values) in enumerate(slices):
            np.add(values, np.int16(add), out=volume[k], casting="unsafe")
        seconds, peak = time.perf_counter() - start, peak_mb()
        cpu = time.process_time() - cpu
        (_, first, orientation, spacing, *_), last = slices[0], slices[-1][1]
        x, y = np.array(orientation[:3]) * spacing[1], np.array(orientation[3:]) * spacing[0]
        step = (last - first) / (len(slices) - 1)
        return dict(seconds=seconds, cpu_s=cpu, peak_mb=peak, digest=digest_of(volume),
                    size=list(volume.shape[::-1]),
                    index_to_lps=np.column_stack([x, y, step, first]).ravel().tolist())
    return run


def with_simpleitk(folder):
    import SimpleITK
    import numpy as np

    def run():
        start, cpu = time.perf_counter(), time.process_time()
        reader = SimpleITK.ImageSeriesReader()
        series, = reader.GetGDCMSeriesIDs(folder)
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(folder, series))
        image = reader.Execute()
        seconds, peak = time.perf_counter() - start, peak_mb()
        cpu = time.process_time() - cpu
        directions = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
        return dict(seconds=seconds, cpu_s=cpu, peak_mb=peak,
                    digest=digest_of(SimpleITK.GetArrayViewFromImage(image)),
                    size=list(image.GetSize()),
                    index_to_lps=np.column_stack([directions, image.GetOrigin()]).ravel().tolist())
    return run


def headers_with_pydicom(folder):
    import hashlib
    import pydicom
    tags = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "Rows", "Columns")

    def run():
        start, cpu = time.perf_counter(), time.process_time()
        found = []
        for path in sorted(Path(folder).rglob("*")):
            if not path.is_file():
                continue
            try:
                header = pydicom.dcmread(path, stop_before_pixels=True)
            except pydicom.errors.InvalidDicomError:
                continue
            position = [float(x) for x in header.get("ImagePositionPatient", [])]
            [float(x) for x in header.get("ImageOrientationPatient", [])]
            [float(x) for x in header.get("PixelSpacing", [])]
            found.append(([header.get(t, 0) for t in tags], position or [0.0] * 3))
        seconds, peak = time.perf_counter() - start, peak_mb()
        cpu = time.process_time() - cpu
        lines = sorted(" ".join(map(str, a)) + "".join(f" {x:.6f}" for x in p) + "\n"
                       for a, p in found)
        return dict(seconds=seconds, cpu_s=cpu, peak_mb=peak, instances=len(lines),
                    digest=hashlib.sha256("".join(lines).encode()).hexdigest())
    return run


def encode(source, target, codec):
    """A copy of a series, compressed without loss."""
    import pydicom
    from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless
    Path(target).mkdir(parents=True)
    files = sorted(Path(source).glob("*.dcm"))
    if codec == "jpeg":  # DCMTK's: process 14, selection value 1, and no other UID
        for path in files:
            subprocess.run(["dcmcjpeg", "+e1", "+un", path, Path(target) / path.name], check=True)
        return
    syntax = {"j2k": JPEG2000Lossless, "jpegls": JPEGLSLossless, "rle": RLELossless}[codec]
    for path in files:
        data = pydicom.dcmread(path)
        data.compress(syntax, generate_instance_uid=False)
        data.save_as(Path(target) / path.name)


PEERS = {"pydicom": with_pydicom, "SimpleITK": with_simpleitk,
         "pydicom, headers": headers_with_pydicom}


def main(name, *arguments):
    if name == "encode":
        return encode(*arguments)
    run = PEERS[name](*arguments)
    for _ in sys.stdin:
        print(json.dumps(run()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
