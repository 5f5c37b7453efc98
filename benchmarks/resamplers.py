"""The peers of benchmarks/stage_resample.py, each in a process of its own.

usage: resamplers.py NAME TASK.json ANSWER.raw   one run, and one line of JSON, for each line read

Each makes floats out of the stored int16 values, normalises and resamples them, and holds its
answer against the program's: the largest difference.
"""
import json
import math
import resource
import sys
import time

import numpy as np

from readers import peak_mb

BORDER = 12  # source voxels within which another rule for the edge is felt


def normalised(task, stored):
    _, _, shift, scale = task["normalisation"]
    x = stored.astype(np.float32)
    x += np.float32(task["intercept"][0] - shift)
    x *= np.float32(scale)
    return x


def scales(task):
    m = task["out_to_in"]
    return [m[0], m[5], m[10]], [m[3], m[7], m[11]]  # x, y, z


def torch_interpolate(task, stored):
    """nnU-Net's resample_torch_simple: torch.nn.functional.interpolate, trilinear."""
    import os
    import torch
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    shape = task["out_size"][::-1]

    def run():
        x = torch.from_numpy(normalised(task, stored))[None, None]
        return torch.nn.functional.interpolate(x, shape, mode="trilinear", antialias=False)[0, 0]
    return run, lambda answer: answer.numpy(), 0


def simpleitk(task, stored):
    import SimpleITK as sitk
    kind = sitk.sitkLinear if task["interpolation"] == "linear" else sitk.sitkBSpline
    spacing, origin = scales(task)

    def run():
        image = sitk.GetImageFromArray(normalised(task, stored))
        return sitk.Resample(image, task["out_size"], sitk.Transform(), kind, origin, spacing,
                             [1, 0, 0, 0, 1, 0, 0, 0, 1], 0.0, sitk.sitkFloat32)
    return run, sitk.GetArrayViewFromImage, 0


def scipy_cubic(task, stored):
    """affine_transform, order 3, in float32 as TotalSegmentator's change_spacing calls SciPy."""
    from scipy import ndimage
    scale, origin = scales(task)

    def run():
        return ndimage.affine_transform(normalised(task, stored), scale[::-1], origin[::-1],
                                        task["out_size"][::-1], np.float32, 3, mode="mirror")
    return run, lambda answer: answer, 0


def skimage_cubic(task, stored):
    """nnU-Net's resample_data_or_seg for images: skimage.transform.resize, order 3. It clips to the
    range of the input besides, which would hide how far the answers agree."""
    from skimage.transform import resize

    def run():
        return resize(normalised(task, stored), task["out_size"][::-1], 3, mode="edge",
                      anti_aliasing=False, clip=False, preserve_range=True)
    return run, lambda answer: answer, BORDER


PEERS = {"torch interpolate": torch_interpolate, "SimpleITK": simpleitk,
         "SciPy affine_transform": scipy_cubic, "skimage resize": skimage_cubic}


def main():
    name, task_file, answer_file = sys.argv[1:]
    with open(task_file) as file:
        task = json.load(file)
    stored = np.fromfile(task["voxels"], np.int16).reshape(task["size"][::-1])
    run, array_of, border = PEERS[name](task, stored)
    shape = task["out_size"][::-1]
    inside = tuple(slice(math.ceil(border / step), n - math.ceil(border / step))
                   for n, step in zip(shape, scales(task)[0][::-1]))
    for _ in sys.stdin:
        start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        answer = run()
        seconds = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_SELF)
        peak = peak_mb()
        ours = np.fromfile(answer_file, np.float32).reshape(shape)
        difference = np.abs(array_of(answer)[inside] - ours[inside]).max()
        cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
        print(json.dumps(dict(seconds=seconds, cpu_s=cpu, peak_mb=peak,
                              difference=float(difference))), flush=True)


if __name__ == "__main__":
    main()
