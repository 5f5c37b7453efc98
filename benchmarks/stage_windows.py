"""Stage windows: a sliding window over 200^3 voxels, 80^3 windows half overlapping, 25 classes.

usage: compare windows

The network is one convolution of 32 channels and one of single voxels: it costs little, and what it
gives depends on the window's edge, so that blending shows. Both sides go from the image to
the class of the highest score of each voxel. The answer is checked in every run: scores differ by no
more than LARGEST of the largest: MONAI sums in single precision, as ours do; nnU-Net in half, whose
digits run out where its weights are nearly 0 (window_sliders.py), so that those are left out.
"""
import json

import contest

STAGES = ("windows",)
CLASSES, SIDE, PATCH = 25, 200, 80
LARGEST = {"MONAI": 1e-5, "nnU-Net": 5e-3}
RULES = {"MONAI": "monai", "nnU-Net": "nnunet"}


def make_inputs():
    """Image and network in a folder of the cache."""
    import numpy as np
    work = contest.WORK / "windows"
    work.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(5).standard_normal((SIDE,) * 3, np.float32)
    image.tofile(work / "image.f32")
    return work


def make_task(peer, work):
    task = dict(network=str(work / "network-32.ts"), image=str(work / "image.f32"), size=[SIDE] * 3,
                classes=CLASSES, patch=[PATCH] * 3, step=0.5, rule=RULES[peer],
                scores=str(work / f"{peer}.scores"))
    path = work / f"{peer}.json"
    path.write_text(json.dumps(task))
    return path


def measure(peer, threads, runs):
    work = make_inputs()
    task = make_task(peer, work)
    python = contest.peer_python("labels", ["nnunetv2==2.8.1", "monai==1.6.1"], sees_torch=True)
    other = contest.Contender([python, contest.HERE / "window_sliders.py", peer, task], threads)
    other.wait_until_ready()
    ours = contest.Contender([contest.program("windows"), task], threads)
    load = contest.take_turns(ours, other, runs)
    worst = max(answer["largest_difference"] for answer in other.answers)
    same = len({answer["digest"] for answer in ours.answers}) == 1
    made = contest.row("windows", f"{SIDE}^3, windows of {PATCH}^3, {CLASSES} classes", threads,
                       ours, peer, other, same and worst <= LARGEST[peer], load)
    return dict(made, largest_difference=worst, share_checked=other.answers[0]["share_checked"])


def rows(_, threads, runs):
    """Yields a row per peer and number of threads."""
    for peer in RULES:
        for count in threads:
            yield measure(peer, count, runs)
