#!/usr/bin/env python3
"""Stage label_stats: voxels and bounding box of 104 labels in 512x512x133.

usage: compare label_stats
       stage_label_stats.py NAME LABELS.raw X Y Z        one peer's process

Labels are balls about places in a fixed order, later ones over earlier ones, a third of the volume.
Ours computes the centre of each label in the same time; SimpleITK's LabelShapeStatisticsImageFilter
computes more shape than is asked for and cannot be told not to. The answer is checked in every run:
the same numbers for every label.
"""
import json
import resource
import sys
import time

import contest

STAGES = ("label_stats",)
PEERS = ("SimpleITK", "cc3d", "SciPy")
LABELS, SIZE = 104, (512, 512, 133)


# ---------------------------------------------------------------- the peers

def by_simpleitk(labels):
    import SimpleITK as sitk
    image = sitk.GetImageFromArray(labels)
    statistics = sitk.LabelShapeStatisticsImageFilter()

    def run():
        statistics.Execute(image)
        table = []
        for label in statistics.GetLabels():
            x, y, z, nx, ny, nz = statistics.GetBoundingBox(label)
            table.append([label, statistics.GetNumberOfPixels(label), x, y, z, x + nx - 1,
                          y + ny - 1, z + nz - 1])
        return table
    return run


def from_slices(counts, boxes):
    return [[label, int(counts[label]), *(s.start for s in box[::-1]),
             *(s.stop - 1 for s in box[::-1])]
            for label, box in boxes if box is not None and counts[label]]


def by_cc3d(labels):
    import cc3d

    def run():
        found = cc3d.statistics(labels)
        boxes = list(enumerate(found["bounding_boxes"]))[1:]
        return from_slices(found["voxel_counts"], boxes)
    return run


def by_scipy(labels):
    import numpy as np
    from scipy import ndimage

    def run():
        counts = np.bincount(labels.ravel())
        return from_slices(counts, list(enumerate(ndimage.find_objects(labels), 1)))
    return run


def peer(name, file, *size):
    import numpy as np
    from readers import peak_mb
    x, y, z = map(int, size)
    labels = np.fromfile(file, np.uint8).reshape(z, y, x)
    run = {"SimpleITK": by_simpleitk, "cc3d": by_cc3d, "SciPy": by_scipy}[name](labels)
    for _ in sys.stdin:
        start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        table = run()
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps(dict(seconds=seconds, peak_mb=peak_mb(),
                              cpu_s=after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime,
                              table=[[int(v) for v in row] for row in table])), flush=True)


# ---------------------------------------------------------------- measuring

def make_labels():
    import numpy as np
    work = contest.WORK / "labels"
    work.mkdir(parents=True, exist_ok=True)
    path = work / "balls.raw"
    if not path.exists():
        random = np.random.default_rng(104)
        labels = np.zeros(SIZE[::-1], np.uint8)
        for label in range(1, LABELS + 1):
            centre = [random.uniform(0, n) for n in SIZE[::-1]]
            radius = random.uniform(15, 45)
            low = [max(int(c - radius), 0) for c in centre]
            high = [min(int(c + radius) + 2, n) for c, n in zip(centre, SIZE[::-1])]
            grid = np.ogrid[tuple(slice(a, b) for a, b in zip(low, high))]
            inside = sum((g - c) ** 2 for g, c in zip(grid, centre)) <= radius ** 2
            labels[tuple(slice(a, b) for a, b in zip(low, high))][inside] = label
        labels.tofile(path)
    return path


def measure(peer_name, threads, runs):
    labels = make_labels()
    ours = contest.Contender([contest.program("label-stats"), labels, *SIZE], threads)
    python = contest.peer_python("components", ["numpy", "scipy", "SimpleITK",
                                                "connected-components-3d", "edt"])
    other = contest.Contender([python, __file__, peer_name, labels, *SIZE], threads)
    load = contest.take_turns(ours, other, runs)
    checked = all(sorted(a["table"]) == sorted(b["table"])
                  for a, b in zip(ours.answers, other.answers))
    return contest.row("label_stats", f"{LABELS} labels, 512x512x133", threads, ours, peer_name,
                       other, checked, load)


def rows(_, threads, runs):
    """Yields a row per peer and number of threads."""
    for peer_name in PEERS:
        for count in threads:
            yield measure(peer_name, count, runs)


if __name__ == "__main__":
    peer(*sys.argv[1:])
