#!/usr/bin/env python3
"""The same head where a scanner might have it: turned, moved, its axes in any order.

usage: reposed_test.py header|grid DRAWS
  header  only the header and the order of the voxels change: the right answer is carried along
  grid    the head is sampled anew on a turned and shifted grid: the right answer stays where it is,
          but the program sees the head leaning in its images
"""
import itertools
import sys

import harness
import series
from harness import EXIT_OK, Checks, np

from scipy import ndimage

SEED = 20260310
DEGREES = 20.0
SHIFT_MM = {"header": 40.0, "grid": 20.0}
FURTHEST_MM, VOLUME_TOLERANCE = 1.0, 0.02
PADDING = 40  # voxels of air on each side, so that a shifted grid still holds the brain


def on_turned_grid(head, splines, grid_pose):
    """The head on its own grid plus padding, turned by `grid_pose`, by cubic splines."""
    turned = series.moved(series.padded(head, PADDING), grid_pose)
    index = np.linalg.inv(head.affine) @ turned.affine
    voxels = ndimage.affine_transform(splines, index[:3, :3], index[:3, 3], turned.voxels.shape,
                                      order=3, mode="constant", prefilter=False)
    turned.voxels = np.rint(np.clip(voxels, 0, None)).astype(np.int16)
    return turned


def main(way, draws):
    check = Checks()
    rng = np.random.default_rng(SEED)
    folder = harness.unpacked("mr/datalad_T1w_adult")
    head = series.read_head(folder)
    centre = head.to_mm((np.array(head.voxels.shape) - 1) / 2)
    splines = None if way == "header" else ndimage.spline_filter(head.voxels.astype(np.float32), 3)
    orders = list(itertools.permutations(range(3)))
    with harness.working_folder() as work:
        poses = {}
        for i in range(draws):
            transform = series.pose(rng, DEGREES, SHIFT_MM[way], centre)
            if way == "header":
                posed = series.moved(head, transform)
            else:
                posed, transform = on_turned_grid(head, splines, transform), np.eye(4)
            order = orders[rng.integers(len(orders))]
            flips = [axis for axis in range(3) if rng.random() < 0.5]
            posed = series.stored_as(posed, order, flips)
            study = series.write_head(posed, work / "in" / str(i), f"{way} {SEED} {i}", "shuffled", rng)
            poses[study] = (i, transform, f"axes {order}, reversed {flips}")
        done = harness.run([folder, work / "in"], work / "out")
        check(done.code == EXIT_OK, f"{draws} poses and the head as it was: exit {done.code} {done.err[:200]}")
        leaks = [s for s in series.SECRETS if s in done.text]
        check(not leaks, f"words of the patient in the output: {leaks}")
        check(not harness.faults_of_output(work / "out"),
              f"output folder: {harness.faults_of_output(work / 'out')}")
        sides = {f.parent.name: harness.read_sides(f) for f in (work / "out").glob("*/seg.dcm")}
        unposed = next((s for study, s in sides.items() if study not in poses), None)
        if not check(unposed is not None, "the head as it was gives numbers"):
            check.finish()

        offsets, changes, missed = [], [], 0
        for study, (i, transform, storage) in poses.items():
            if study not in sides:
                refusals = (harness.findings_of(work / "out", study) or {}).get("refusals")
                check(False, f"pose {i} ({storage}): no numbers: {refusals}")
                missed += 1
                continue
            back = np.linalg.inv(transform)
            off = [np.linalg.norm(back[:3, :3] @ s.centroid + back[:3, 3] - unposed[name].centroid)
                   for name, s in sides[study].items()]
            change = [abs(s.volume_ml / unposed[name].volume_ml - 1)
                      for name, s in sides[study].items()]
            offsets += off
            changes += change
            check(max(off) <= FURTHEST_MM and max(change) <= VOLUME_TOLERANCE,
                  f"pose {i} ({storage}): {max(off):.2f} mm, {100 * max(change):.2f} % of volume")
        if offsets:
            print(f"      offset mm: median {np.median(offsets):.3f}, most {max(offsets):.3f}; volume %: "
                  f"median {100 * np.median(changes):.2f}, most {100 * max(changes):.2f}; "
                  f"{draws - missed} of {draws} with numbers")
    check.finish()


main(sys.argv[1], int(sys.argv[2]))
