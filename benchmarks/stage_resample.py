#!/usr/bin/env python3
"""Stages resample_linear and resample_cubic: LIDC chest CT, 512x512x133, to 1.5 mm.

usage: stage_resample.py [--threads 1 4] [--runs 5] [--series FOLDER]

One line of JSON per row, as benchmarks/compare measures: ours and a peer take turns, the first run
of each warms up, medians of the rest. Stored int16 -> normalised float32 on the edge-aligned grid
of nnU-Net. The answer is checked in every run: ours is the same bits, the peer's lies within
TOLERANCE of it at the worst voxel, where 1 is 2000 HU (skimage: away from the border, where its
rule for the edge is another).

  OSLER_BENCH_RESAMPLE  the program osler-bench-resample (cmake -DOSLER_BENCHMARKS=ON)
  LIBTORCH_ROOT         torch, in whose Python the torch peer runs
"""
import argparse
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SPACING_MM = 1.5
NORMALISATION = [-1e9, 1e9, -1000.0, 1 / 2000]  # low, high, shift, scale: -1000..1000 HU to 0..1
TOLERANCE = 1e-4
PEERS = {"linear": ("torch interpolate", "SimpleITK"),
         "cubic": ("SimpleITK", "SciPy affine_transform", "skimage resize")}


def load_compare():
    loader = importlib.machinery.SourceFileLoader("compare", str(HERE / "compare"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
    loader.exec_module(module)
    return module


compare = load_compare()
WORK = compare.WORK / "resample"


def peer_python(peer):
    """Torch's own Python for torch; for the others a virtual environment that is made once."""
    if peer == "torch interpolate":
        root = os.environ.get("LIBTORCH_ROOT", compare.CACHE / "python/lib/python3/torch")
        return Path(root).parents[3] / "bin" / "python"
    place = compare.WORK / "peers-resample"
    if not place.is_dir():
        part = Path(f"{place}.{os.getpid()}")
        subprocess.run([sys.executable, "-m", "venv", part], check=True)
        subprocess.run([part / "bin/python", "-m", "pip", "install", "--quiet", "numpy", "scipy",
                        "scikit-image", "SimpleITK"], check=True, stdout=sys.stderr)
        part.rename(place)
    return place / "bin" / "python"


def make_task(series, interpolation):
    """The volume as raw int16 and the task, in WORK."""
    import numpy as np
    import pydicom
    WORK.mkdir(parents=True, exist_ok=True)
    headers = sorted((pydicom.dcmread(f) for f in series.glob("*.dcm")),
                     key=lambda h: float(h.ImagePositionPatient[2]))
    volume = np.stack([h.pixel_array for h in headers]).astype(np.int16)
    volume.tofile(WORK / "volume.raw")
    depth = float(headers[-1].ImagePositionPatient[2]) - float(headers[0].ImagePositionPatient[2])
    spacing = [float(headers[0].PixelSpacing[1]), float(headers[0].PixelSpacing[0]),
               depth / (len(headers) - 1)]
    size = list(volume.shape[::-1])
    out_size = [round(n * mm / SPACING_MM) for n, mm in zip(size, spacing)]
    matrix = [0.0] * 12
    for axis in range(3):
        matrix[axis * 5] = size[axis] / out_size[axis]
        matrix[axis * 4 + 3] = 0.5 * size[axis] / out_size[axis] - 0.5
    task = dict(voxels=str(WORK / "volume.raw"), type="i16", size=size,
                slope=[1.0] * size[2], intercept=[float(headers[0].RescaleIntercept)] * size[2],
                out_size=out_size, out_to_in=matrix, interpolation=interpolation,
                normalisation=NORMALISATION, out=str(WORK / f"{interpolation}.raw"))
    path = WORK / f"{interpolation}.json"
    path.write_text(json.dumps(task))
    return path, task


def measure(program, task_file, task, peer, threads, runs):
    interpolation = task["interpolation"]
    ours = compare.Contender([program, task_file], threads)
    ours.run()  # warms up, and writes the answer that the peer's is held against
    other = compare.Contender([peer_python(peer), HERE / "resamplers.py", peer, task_file,
                               task["out"]], threads)
    other.run()
    load_before = os.getloadavg()[0]
    for _ in range(runs):
        ours.run()
        other.run()
    ours.finish()
    other.finish()
    worst = max(answer["difference"] for answer in other.answers)
    same = len({answer["digest"] for answer in ours.answers}) == 1
    row = dict(stage=f"resample_{interpolation}", input="LIDC chest CT to 1.5 mm", threads=threads,
               ours_s=round(ours.median("seconds"), 4), ours_mb=round(ours.memory_mb(), 1),
               peer=peer, peer_s=round(other.median("seconds"), 4),
               peer_mb=round(other.memory_mb(), 1),
               ratio=round(other.median("seconds") / ours.median("seconds"), 2),
               answer_checked=same and worst <= TOLERANCE, largest_difference=worst,
               ours_cpu_s=round(ours.median("cpu_s"), 4),
               peer_cpu_s=round(other.median("cpu_s"), 4),
               runs=runs, load_average=round(load_before, 1))
    for side, contender in (("ours", ours), ("peer", other)):
        times = [answer["seconds"] for answer in contender.answers[1:]]
        row[f"{side}_range_s"] = [round(min(times), 4), round(max(times), 4)]
    return row


def find_program():
    found = os.environ.get("OSLER_BENCH_RESAMPLE")
    places = [found] if found else sorted(HERE.parent.glob("build/*/bin/osler-bench-resample"))
    if not places or not Path(places[0]).exists():
        compare.stop("no osler-bench-resample", "OSLER_CMAKE_ARGS=-DOSLER_BENCHMARKS=ON "
                     "tools/build cpu osler-bench-resample, or set OSLER_BENCH_RESAMPLE")
    return places[0]


def rows(threads, runs, series=None):
    """Yields a row per interpolation, peer and number of threads."""
    program = find_program()
    series = series or compare.series_folder(compare.unpacked("ct/LIDC-IDRI-0001", None))
    for interpolation, peers in PEERS.items():
        task_file, task = make_task(series, interpolation)
        for peer in peers:
            for count in threads:
                yield measure(program, task_file, task, peer, count, runs)


def main():
    compare.use_judges()
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--series", type=Path, help="folder of the slices, if not the test data's")
    arguments = parser.parse_args()
    for row in rows(arguments.threads, arguments.runs, arguments.series):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
