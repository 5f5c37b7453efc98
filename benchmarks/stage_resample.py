"""Stages resample_linear and resample_cubic: LIDC chest CT, 512x512x133, to 1.5 mm.

usage: compare resample_linear|resample_cubic

Stored int16 -> normalised float32 on the edge-aligned grid
of nnU-Net. The answer is checked in every run: ours is the same bits, the peer's lies within
TOLERANCE of it at the worst voxel, where 1 is 2000 HU (skimage: away from the border, where its
rule for the edge is another).
"""
import json

import contest

STAGES = ("resample_linear", "resample_cubic")
SPACING_MM = 1.5
NORMALISATION = [-1e9, 1e9, -1000.0, 1 / 2000]  # low, high, shift, scale: -1000..1000 HU to 0..1
TOLERANCE = 1e-4
PEERS = {"linear": ("torch interpolate", "SimpleITK"),
         "cubic": ("SimpleITK", "SciPy affine_transform", "skimage resize")}


def peer_python(peer):
    """Torch's own Python for torch; for the others a virtual environment that is made once."""
    if peer == "torch interpolate":
        return contest.torch_python()
    return contest.peer_python("resample",
                               ["numpy", "scipy", "scikit-image", "SimpleITK", "pydicom"])


def make_task(interpolation):
    """The volume as raw int16 and the task, in a folder of the cache."""
    work = contest.WORK / "resample"
    work.mkdir(parents=True, exist_ok=True)
    volume, intercept, spacing = contest.read_volume(contest.chest_ct())
    volume.tofile(work / "volume.raw")
    size = list(volume.shape[::-1])
    out_size = [round(n * mm / SPACING_MM) for n, mm in zip(size, spacing)]
    matrix = [0.0] * 12
    for axis in range(3):
        matrix[axis * 5] = size[axis] / out_size[axis]
        matrix[axis * 4 + 3] = 0.5 * size[axis] / out_size[axis] - 0.5
    task = dict(voxels=str(work / "volume.raw"), type="i16", size=size,
                slope=[1.0] * size[2], intercept=[intercept] * size[2],
                out_size=out_size, out_to_in=matrix, interpolation=interpolation,
                normalisation=NORMALISATION, out=str(work / f"{interpolation}.raw"))
    path = work / f"{interpolation}.json"
    path.write_text(json.dumps(task))
    return path, task


def measure(task_file, task, peer, threads, runs):
    interpolation = task["interpolation"]
    ours = contest.Contender([contest.program("resample"), task_file], threads)
    other = contest.Contender([peer_python(peer), contest.HERE / "resamplers.py", peer, task_file,
                               task["out"]], threads)
    load = contest.take_turns(ours, other, runs)
    worst = max(answer["difference"] for answer in other.answers)
    same = len({answer["digest"] for answer in ours.answers}) == 1
    made = contest.row(f"resample_{interpolation}", "LIDC chest CT to 1.5 mm", threads, ours, peer,
                       other, same and worst <= TOLERANCE, load)
    return dict(made, largest_difference=worst)


def rows(stages, threads, runs):
    """Yields a row per interpolation, peer and number of threads."""
    for interpolation, peers in PEERS.items():
        if f"resample_{interpolation}" not in stages:
            continue
        task_file, task = make_task(interpolation)
        for peer in peers:
            for count in threads:
                yield measure(task_file, task, peer, count, runs)
