#!/usr/bin/env python3
"""Stage labels_back: 25 classes of scores at 1.5 mm -> labels on the LIDC chest CT's 512x512x133.

usage: stage_labels_back.py [--threads 1 4] [--runs 5] [--peer NAME ...] [--classes 25]

One line of JSON per row, as benchmarks/compare measures: ours and a peer take turns, the first run
of each warms up, medians of the rest; a peer that needs minutes gets one run. Scores are float16,
blobs with noise. Each peer's own grid and rule is given to ours: nnU-Net's aligns edges, its default
takes the nearest plane along an anisotropic axis; MONAI's keeps the first voxel. The answer is
checked in every run: ours is the same bits; of the peer's voxels no more than LARGEST_SHARE differ
(single precision, ties).

  OSLER_BENCH_LABELS_BACK  the program osler-bench-labels-back (cmake -DOSLER_BENCHMARKS=ON)
  LIBTORCH_ROOT            torch, which the peers run on
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
OUT_SIZE, OUT_SPACING = [512, 512, 133], [0.703125, 0.703125, 2.5]
SPACING_MM = 1.5
BLOB_VOXELS = 12
LARGEST_SHARE = 1e-4
PEERS = {"nnU-Net, torch": "edges", "MONAI Invertd": "first voxel", "nnU-Net, default": "edges"}
SLOW = {"nnU-Net, default"}


def load_compare():
    loader = importlib.machinery.SourceFileLoader("compare", str(HERE / "compare"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
    loader.exec_module(module)
    return module


compare = load_compare()
WORK = compare.WORK / "labels"


def peer_python():
    """A virtual environment with nnU-Net and MONAI that is made once and sees torch."""
    place = compare.WORK / "peers-labels"
    if not place.is_dir():
        torch = Path(os.environ.get("LIBTORCH_ROOT", compare.CACHE / "python/lib/python3/torch"))
        part = Path(f"{place}.{os.getpid()}")
        subprocess.run([sys.executable, "-m", "venv", part], check=True)
        site = next(part.glob("lib/python3*/site-packages"))
        (site / "torch-of-osler.pth").write_text(f"{torch.parent}\n")
        subprocess.run([part / "bin/python", "-m", "pip", "install", "--quiet", "nnunetv2==2.8.1",
                        "monai==1.6.1"], check=True, stdout=sys.stderr)
        part.rename(place)
    return place / "bin" / "python"


def grid_of(alignment):
    """Size of the network's grid and the map from an output index to it, {x, y, z}."""
    size, matrix = [], [0.0] * 12
    for axis, (n, mm) in enumerate(zip(OUT_SIZE, OUT_SPACING)):
        if alignment == "edges":
            size.append(round(n * mm / SPACING_MM))
            matrix[axis * 5] = size[axis] / n
            matrix[axis * 4 + 3] = 0.5 * size[axis] / n - 0.5
        else:
            size.append(round((n - 1) * mm / SPACING_MM) + 1)
            matrix[axis * 5] = mm / SPACING_MM
    return size, matrix


def make_scores(size, classes):
    """Random blobs of one class, 4 against 0, with noise; a .npy in WORK."""
    import numpy as np
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / f"scores-{classes}-{'x'.join(map(str, size))}.npy"
    if not path.exists():
        random = np.random.default_rng(20)
        shape = size[::-1]
        owner = random.integers(0, classes, [n // BLOB_VOXELS + 1 for n in shape])
        index = np.ix_(*[np.arange(n) // BLOB_VOXELS for n in shape])
        owner = owner[index]
        noise = (0.3 * random.standard_normal(shape, np.float32)).astype(np.float16)
        part = path.with_suffix(".part.npy")
        scores = np.lib.format.open_memmap(part, "w+", np.float16, (classes, *shape))
        for c in range(classes):
            scores[c] = np.roll(noise, 31 * c, c % 3) + np.float16(4) * (owner == c)
        scores.flush()
        part.rename(path)
    return path


def make_task(peer, classes):
    import numpy as np
    size, matrix = grid_of(PEERS[peer])
    scores = make_scores(size, classes)
    with open(scores, "rb") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        offset = file.tell()
    name = peer.replace(", ", "-").replace(" ", "-")
    task = dict(scores=str(scores), offset=offset, classes=classes, size=size,
                spacing=[SPACING_MM] * 3, out_size=OUT_SIZE, out_spacing=OUT_SPACING,
                out_to_in=matrix, nearest_z=peer == "nnU-Net, default",
                out=str(WORK / f"{name}.labels"))
    path = WORK / f"{name}.json"
    path.write_text(json.dumps(task))
    return path, task


def find_program():
    found = os.environ.get("OSLER_BENCH_LABELS_BACK")
    places = [found] if found else sorted(HERE.parent.glob("build/*/bin/osler-bench-labels-back"))
    if not places or not Path(places[0]).exists():
        compare.stop("no osler-bench-labels-back", "OSLER_CMAKE_ARGS=-DOSLER_BENCHMARKS=ON "
                     "tools/build cpu osler-bench-labels-back, or set OSLER_BENCH_LABELS_BACK")
    return places[0]


def measure(program, peer, threads, runs, classes):
    task_file, task = make_task(peer, classes)
    ours = compare.Contender([program, task_file], threads)
    ours.run()  # warms up, and writes the answer that the peer's is held against
    other = compare.Contender([peer_python(), HERE / "label_makers.py", peer, task_file, task["out"]],
                              threads)
    slow = peer in SLOW
    if not slow:
        other.run()
    load_before = os.getloadavg()[0]
    for _ in range(runs):
        ours.run()
        if not slow or len(other.answers) < 2:
            other.run()
    ours.finish()
    other.finish()
    worst = max(answer["differing"] for answer in other.answers)
    same = len({answer["digest"] for answer in ours.answers}) == 1
    row = dict(stage="labels_back", input=f"{classes} classes at {SPACING_MM} mm to 512x512x133",
               threads=threads, ours_s=round(ours.median("seconds"), 4),
               ours_mb=round(ours.memory_mb(), 1), peer=peer,
               peer_s=round(other.median("seconds"), 4), peer_mb=round(other.memory_mb(), 1),
               ratio=round(other.median("seconds") / ours.median("seconds"), 1),
               answer_checked=same and worst <= LARGEST_SHARE, differing_share=worst,
               ours_beyond_scores_mb=round(ours.answers[0]["beyond_scores_mb"], 1),
               ours_cpu_s=round(ours.median("cpu_s"), 4), peer_cpu_s=round(other.median("cpu_s"), 4),
               runs=runs, peer_runs=len(other.answers) - 1, load_average=round(load_before, 1))
    return row


def rows(threads, runs, peers=tuple(PEERS), classes=25):
    """Yields a row per peer and number of threads."""
    program = find_program()
    for peer in peers:
        for count in threads:
            yield measure(program, peer, count, runs, classes)


def main():
    compare.use_judges()
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--classes", type=int, default=25)
    parser.add_argument("--peer", nargs="+", default=list(PEERS), choices=list(PEERS))
    arguments = parser.parse_args()
    for row in rows(arguments.threads, arguments.runs, arguments.peer, arguments.classes):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
