#!/usr/bin/env python3
"""Components, filled holes and distances beside SciPy, SimpleITK and, if it is there, cc3d.

usage: check_kernels.py KERNEL_PEERS

Exit code 0 (all agree), 1 (something does not) or 77 (skipped: the missing thing is named).
OSLER_JUDGES names the virtual environment with the judges (tools/setup --tests).
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import judging

judging.use_judges()
try:
    import numpy as np
    import SimpleITK as sitk
    from scipy import ndimage
except ImportError as missing:
    judging.skip_without(missing)
try:
    import cc3d
except ImportError:
    cc3d = None

DISTANCE_MM = 1e-4
failures = []


def check(good, what):
    print(("ok     " if good else "FAILED ") + what)
    if not good:
        failures.append(what)


def ours(operator, voxels, kind, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in", Path(folder) / "out"
        source.write_bytes(np.ascontiguousarray(voxels, np.uint8).tobytes())
        size = [str(n) for n in voxels.shape[::-1]]
        subprocess.run([sys.argv[1], operator, source, target, *size, *map(str, arguments)],
                       check=True)
        return np.fromfile(target, kind).reshape(voxels.shape)


def same_partition(a, b):
    """Each number of the one stands where one number of the other stands, and the other way."""
    pairs = np.unique(np.stack([a.ravel(), b.ravel()]).astype(np.int64), axis=1)
    one_to_one = all(len(np.unique(side)) == pairs.shape[1] for side in pairs)
    return one_to_one and np.array_equal(a == 0, b == 0)


def in_order(numbers):
    """1, 2, ... by the first voxel in memory."""
    values, first = np.unique(numbers, return_index=True)
    first = first[values != 0]
    return np.array_equal(values[values != 0], np.arange(1, len(first) + 1)) and np.all(
        np.diff(first) > 0)


def structure(neighbours):
    return ndimage.generate_binary_structure(3, {6: 1, 18: 2, 26: 3}[neighbours])


def masks():
    random = np.random.default_rng(7)
    shape = (53, 61, 131)
    for share in (0.08, 0.2, 0.3, 0.6, 0.95):
        yield f"noise, {share} inside", random.random(shape) < share
    smooth = ndimage.gaussian_filter(random.random((90, 120, 140)), 2.5)
    yield "blobs", smooth > np.quantile(smooth, 0.6)
    yield "a plane", random.random((1, 211, 300)) < 0.5


def check_components(name, mask):
    for neighbours in (6, 18, 26):
        found = ours("components", mask, np.uint32, "mask", neighbours)
        peers = {"SciPy": ndimage.label(mask, structure(neighbours))[0]}
        if neighbours != 18:
            image = sitk.GetImageFromArray(mask.astype(np.uint8))
            peers["SimpleITK"] = sitk.GetArrayFromImage(
                sitk.ConnectedComponent(image, neighbours == 26))
        if cc3d and mask.shape[0] > 1:
            peers["cc3d"] = cc3d.connected_components(mask, connectivity=neighbours)
        for peer, numbers in peers.items():
            check(same_partition(found, numbers) and in_order(found),
                  f"{name}, {neighbours} neighbours, {found.max()} components: as {peer}")


def check_labels():
    random = np.random.default_rng(8)
    smooth = ndimage.gaussian_filter(random.random((60, 70, 130)), 1.5)
    labels = np.digitize(smooth, np.quantile(smooth, (0.3, 0.5, 0.55, 0.8))).astype(np.uint8)
    for neighbours in (6, 18, 26):
        found = ours("components", labels, np.uint32, "labels", neighbours)
        together = np.zeros(labels.shape, np.int64)
        for label in range(1, labels.max() + 1):
            numbers, _ = ndimage.label(labels == label, structure(neighbours))
            together[numbers > 0] = numbers[numbers > 0] + together.max()
        check(same_partition(found, together) and in_order(found),
              f"4 labels, {neighbours} neighbours, {found.max()} components: as SciPy")
        if cc3d:
            check(same_partition(found, cc3d.connected_components(labels, connectivity=neighbours)),
                  f"4 labels, {neighbours} neighbours: as cc3d")


def check_holes(name, mask):
    for neighbours in (6, 18, 26):
        found = ours("fill-holes", mask, np.uint8, 1, neighbours)
        filled = ndimage.binary_fill_holes(mask, structure(neighbours))
        check(np.array_equal(found, filled),
              f"{name}, {neighbours} neighbours, {filled.sum() - mask.sum()} voxels filled: as "
              "SciPy")


def check_distance(name, mask):
    for spacing in ((1, 1, 1), (0.7, 0.8, 2.5), (4, 0.5, 1.25)):
        found = ours("distance", mask, np.float32, *spacing)
        peer = ndimage.distance_transform_edt(~mask, sampling=spacing[::-1])
        worst = np.abs(found - peer).max()
        check(worst <= DISTANCE_MM,
              f"{name}, spacing {spacing}: {worst:.1e} mm from SciPy, of {peer.max():.1f}")


def main():
    for name, mask in masks():
        check_components(name, mask)
        check_holes(name, mask)
        check_distance(name, mask)
    far = np.zeros((70, 400, 300), bool)
    far[3, 5, 7] = True
    check_distance("one voxel", far)
    check_labels()
    print(f"{len(failures)} failures; cc3d {'took part' if cc3d else 'is not installed'}")
    sys.exit(1 if failures else 0)


main()
