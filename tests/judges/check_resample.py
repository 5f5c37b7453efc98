#!/usr/bin/env python3
"""Judges the resampling kernel with SciPy and SimpleITK, in double precision, at the worst voxel.

usage: check_resample.py PROGRAM     (osler-bench-resample; exit 77 without the judges' Python)
"""
import json
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

TOLERANCE = 1e-5  # of the largest magnitude in the volume: 32-bit floats against double
EDGE = 1e-6       # voxels about the end of the source where rounding decides what is inside
OUTSIDE = -12345.0
TYPES = dict(u8=np.uint8, i8=np.int8, u16=np.uint16, i16=np.int16, u32=np.uint32, i32=np.int32,
             f32=np.float32)
AFFINES = {  # rows of 3 x 4: index of an output voxel -> index in the source
    "coarser and finer": ([[2.13, 0, 0, .565], [0, 2.13, 0, .565], [0, 0, .6, -.2]], [14, 12, 31]),
    "flipped": ([[-.9, 0, 0, 30], [0, 1, 0, 0], [0, 0, -1.5, 18.25]], [36, 27, 14]),
    "turned": ([[0, 0, 1.2, -.5], [-.8, 0, 0, 26.3], [0, .7, 0, 0]], [33, 27, 26]),
    "oblique": ([[.8, .1, -.05, -1], [-.12, .7, .3, 2], [.02, -.2, .9, 3]], [35, 33, 22]),
}
SIZE = [31, 27, 19]
failures = []


def ours(program, folder, task, voxels):
    voxels.tofile(folder / "in.raw")
    (folder / "task.json").write_text(json.dumps(dict(task, voxels=str(folder / "in.raw"),
                                                      out=str(folder / "out.raw"))))
    subprocess.run([program, folder / "task.json"], input="\n", text=True, check=True,
                   stdout=subprocess.DEVNULL)
    return np.fromfile(folder / "out.raw",
                       np.float16 if task.get("out_type") == "f16" else np.float32)


def coordinates(matrix, out_size, samples=(1, 1, 1), sample=(0, 0, 0)):
    """Source x, y, z of every output voxel, z slowest."""
    z, y, x = np.meshgrid(*[np.arange(n) + (s + .5) / m - .5
                            for n, m, s in zip(out_size[::-1], samples[::-1], sample[::-1])],
                          indexing="ij")
    at = np.stack([x, y, z, np.ones_like(x)])
    return np.tensordot(np.array(matrix), at, 1)


def by_scipy(real, where, kind):
    order, mode = (1, "nearest") if kind == "linear" else (3, "mirror")
    return ndimage.map_coordinates(real, where[::-1], np.float64, order, mode)


def by_simpleitk(real, matrix, out_size, kind):
    transform = sitk.AffineTransform(3)
    m = np.array(matrix)
    transform.SetMatrix(m[:, :3].ravel().tolist())
    transform.SetTranslation(m[:, 3].tolist())
    interpolator = sitk.sitkLinear if kind == "linear" else sitk.sitkBSpline
    resampled = sitk.Resample(sitk.GetImageFromArray(real), out_size, transform, interpolator,
                              [0.0] * 3, [1.0] * 3, [1, 0, 0, 0, 1, 0, 0, 0, 1], OUTSIDE,
                              sitk.sitkFloat64)
    return sitk.GetArrayFromImage(resampled)


def hold(name, found, expected, where_valid, scale):
    worst = float(np.abs(found - expected)[where_valid].max() / scale)
    good = worst <= TOLERANCE and where_valid.sum() > 1000
    verdict = "ok  " if good else "FAIL"
    print(f"{verdict} {name}: {worst:.1e} at the worst of {where_valid.sum()} voxels")
    if not good:
        failures.append(name)


def judge(program, folder, kind, type_name, affine_name):
    random = np.random.default_rng(11)
    matrix, out_size = AFFINES[affine_name]
    type_ = TYPES[type_name]
    if type_name == "f32":
        voxels = random.normal(0, 300, SIZE[::-1]).astype(np.float32)
    else:
        limits = np.iinfo(type_)
        voxels = random.integers(limits.min, limits.max, SIZE[::-1], type_, endpoint=True)
    slope = random.uniform(.5, 2, SIZE[2]).astype(np.float32)
    intercept = random.uniform(-50, 50, SIZE[2]).astype(np.float32)
    real = (voxels.astype(np.float64) * slope[:, None, None].astype(np.float64)
            + intercept[:, None, None].astype(np.float64))
    scale = np.abs(real).max()
    task = dict(type=type_name, size=SIZE, slope=slope.tolist(), intercept=intercept.tolist(),
                out_size=out_size, out_to_in=np.ravel(matrix).tolist(), interpolation=kind,
                outside=OUTSIDE)
    found = ours(program, folder, task, voxels).reshape(out_size[::-1]).astype(np.float64)
    where = coordinates(matrix, out_size)
    ends = np.array(SIZE).reshape(3, 1, 1, 1)
    inside = ((where >= -.5 + EDGE) & (where <= ends - .5 - EDGE)).all(0)
    outside = ((where < -.5 - EDGE) | (where > ends - .5 + EDGE)).any(0)
    name = f"{kind}, {type_name}, {affine_name}"
    hold(f"{name}, SciPy", found, by_scipy(real, where, kind), inside, scale)
    hold(f"{name}, SimpleITK", found, by_simpleitk(real, matrix, out_size, kind), inside, scale)
    if not (found[outside] == OUTSIDE).all():
        failures.append(f"{name}: a value outside")
    if type_name != "i16":
        return
    half = ours(program, folder, dict(task, out_type="f16", outside=0), voxels)
    full = np.where(found.ravel() == OUTSIDE, 0, found.ravel()).astype(np.float32)
    with np.errstate(over="ignore"):
        if not np.array_equal(half, full.astype(np.float16)):
            failures.append(f"{name}: binary16 is not NumPy's")
    samples = [2, 3, 1]
    several = ours(program, folder, dict(task, samples=samples), voxels).reshape(out_size[::-1])
    grids = [coordinates(matrix, out_size, samples, (i, j, 0)) for i in range(2) for j in range(3)]
    valid = np.all([(g >= -.5 + EDGE) & (g <= ends - .5 - EDGE) for g in grids], axis=(0, 1))
    mean = np.mean([by_scipy(real, g, kind) for g in grids], axis=0)
    hold(f"{name}, 2 x 3 samples, SciPy", several, mean, valid, scale)


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("linear", "cubic"):
            for affine_name in AFFINES:
                for type_name in TYPES:
                    judge(program, Path(folder), kind, type_name, affine_name)
    print(f"{len(failures)} failures", *failures, sep="\n")
    sys.exit(1 if failures else 0)


main(sys.argv[1])
