#!/usr/bin/env python3
"""Stages components and distance: masks of the LIDC chest CT, 512x512x133.

usage: compare components|distance
       stage_components.py peer NAME MASK OURS X Y Z ARGUMENTS       one peer's process

The output is allocated in each run, by ours in huge pages as NumPy does for the peers. cc3d and
SciPy use one thread, whatever they are given.

components: the mask is CT numbers below -500 HU (air and lungs), 6 and 26 neighbours. The answer is
checked in every run: the peer's components, numbered anew by their first voxel, are ours bit for
bit. Ours counts the voxels of each component in the same time.
distance: millimetres from each voxel to the nearest above 300 HU (bone, contrast medium), which is
a few percent of the volume. The answer is checked in every run: within DISTANCE_MM at the worst
voxel, and ours the same bits in all runs.
"""
import json
import os
import resource
import sys
import time

import contest

AIR_HU, BONE_HU = -500, 300
DISTANCE_MM = 1e-4
STAGES = ("components", "distance")
PEERS = {"components": ("cc3d", "SciPy", "SimpleITK"), "distance": ("edt", "SciPy", "SimpleITK")}


# ---------------------------------------------------------------- the peers: mask -> a function

def components_by(name, mask, neighbours):
    import numpy as np
    if name == "cc3d":
        import cc3d
        return lambda: cc3d.connected_components(mask, connectivity=neighbours)
    if name == "SciPy":
        from scipy import ndimage
        structure = ndimage.generate_binary_structure(3, {6: 1, 18: 2, 26: 3}[neighbours])
        return lambda: ndimage.label(mask, structure)[0]
    import SimpleITK as sitk
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    return lambda: sitk.ConnectedComponent(image, neighbours == 26)


def distance_by(name, mask, spacing):
    import numpy as np
    outside = ~mask
    if name == "edt":
        import edt
        threads = int(os.environ["OMP_NUM_THREADS"])
        return lambda: edt.edt(outside, anisotropy=spacing[::-1], black_border=False,
                               parallel=threads)
    if name == "SciPy":
        from scipy import ndimage
        return lambda: ndimage.distance_transform_edt(outside, sampling=spacing[::-1])
    import SimpleITK as sitk
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(spacing)
    return lambda: sitk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=True)


def by_first_voxel(numbers):
    """The same components, numbered 1, 2, ... in the order of their first voxel in memory."""
    import numpy as np
    flat = numbers.ravel()
    first = np.empty(int(flat.max()) + 1, np.int64)
    first[flat[::-1]] = np.arange(flat.size)[::-1]  # of several the last is kept: the first voxel
    order = np.argsort(first[1:]) + 1
    new = np.zeros(first.size, np.uint32)
    new[order] = np.arange(1, first.size, dtype=np.uint32)
    return new[flat]


def as_array(answer):
    import numpy as np
    if isinstance(answer, np.ndarray):
        return answer
    import SimpleITK as sitk
    return sitk.GetArrayViewFromImage(answer)


def peer(stage, name, mask_file, ours_file, *words):
    import numpy as np
    from readers import peak_mb
    x, y, z = map(int, words[:3])
    mask = np.fromfile(mask_file, np.uint8).reshape(z, y, x) != 0
    work = (components_by(name, mask, int(words[3])) if stage == "components" else
            distance_by(name, mask, [float(w) for w in words[3:6]]))
    for _ in sys.stdin:
        start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        answer = work()
        seconds = time.perf_counter() - start
        after, peak = resource.getrusage(resource.RUSAGE_SELF), peak_mb()
        if stage == "components":
            agrees = np.array_equal(by_first_voxel(as_array(answer)),
                                    np.fromfile(ours_file, np.uint32))
        else:
            mm = np.maximum(as_array(answer), 0).ravel()  # SimpleITK's is negative inside
            agrees = np.abs(mm - np.fromfile(ours_file, np.float32)).max() <= DISTANCE_MM
        cpu_s = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
        print(json.dumps(dict(seconds=seconds, cpu_s=cpu_s, peak_mb=peak, agrees=bool(agrees))),
              flush=True)


# ---------------------------------------------------------------- measuring

def inputs():
    """Of each stage: name, and the arguments that ours and the peers take."""
    import numpy as np
    work = contest.WORK / "components"
    work.mkdir(parents=True, exist_ok=True)
    stored, intercept, spacing = contest.read_volume(contest.chest_ct())
    hu = stored + int(intercept)
    (hu < AIR_HU).astype(np.uint8).tofile(work / "air.raw")
    (hu > BONE_HU).astype(np.uint8).tofile(work / "bone.raw")
    size = hu.shape[::-1]
    for neighbours in (6, 26):
        yield ("components", f"LIDC below {AIR_HU} HU, {neighbours} neighbours",
               [work / "air.raw", work / "air.out", *size, neighbours])
    yield ("distance", f"LIDC to the nearest above {BONE_HU} HU",
           [work / "bone.raw", work / "bone.out", *size, *spacing])


def measure(stage, name, arguments, peer_name, threads, runs):
    ours = contest.Contender([contest.program("components"), stage, *arguments], threads)
    python = contest.peer_python("components", ["numpy", "scipy", "SimpleITK",
                                                "connected-components-3d", "edt"])
    other = contest.Contender([python, __file__, "peer", stage, peer_name, *arguments], threads)
    load = contest.take_turns(ours, other, runs)
    same = len({a["digest"] for a in ours.answers}) == 1
    return contest.row(stage, name, threads, ours, peer_name, other,
                       same and all(a["agrees"] for a in other.answers), load)


def rows(stages, threads, runs):
    """Yields a row per input, peer and number of threads."""
    for stage, name, arguments in inputs():
        for peer_name in PEERS[stage] if stage in stages else ():
            for count in threads:
                yield measure(stage, name, arguments, peer_name, count, runs)


if __name__ == "__main__":
    peer(*sys.argv[2:])
