#!/usr/bin/env python3
"""One head written in other ways: slice order, instance numbers, storage axes, reversed axes."""
import harness
import series
from harness import EXIT_OK, Checks, np

FURTHEST_MM, VOLUME_TOLERANCE = 0.5, 0.02
# (column, row, slice) of the original run to the left, back and up: it is stored axially.
WAYS = {
    "axial, shuffled instance numbers": ((0, 1, 2), (), "shuffled"),
    "axial, descending": ((0, 1, 2), (), "descending"),
    "axial, slices from the top": ((0, 1, 2), (2,), "ascending"),
    "axial, rows and columns reversed": ((0, 1, 2), (0, 1), "ascending"),
    "coronal": ((0, 2, 1), (1,), "ascending"),
    "sagittal": ((1, 2, 0), (1,), "ascending"),
    "sagittal, all reversed, shuffled": ((2, 1, 0), (0, 1, 2), "shuffled"),
}


def main():
    check = Checks()
    rng = np.random.default_rng(1)
    folder = harness.unpacked("mr/datalad_T1w_adult")
    head = series.read_head(folder)
    with harness.working_folder() as work:
        names = {}
        for name, (order, flips, numbers) in WAYS.items():
            written = series.stored_as(head, order, flips)
            study = series.write_head(written, work / "in" / name, name, numbers, rng)
            names[study] = name
        done = harness.run([folder, work / "in"], work / "out")
        check(done.code == EXIT_OK, f"{len(WAYS)} ways and the head as it was: exit {done.code} {done.err[:200]}")
        check(not harness.faults_of_output(work / "out"),
              f"output folder: {harness.faults_of_output(work / 'out')}")
        sides = {names.get(f.parent.name): harness.read_sides(f) for f in (work / "out").glob("*/seg.dcm")}
        original = sides.pop(None, None)
        if not check(original is not None, "the head as it was gives numbers"):
            check.finish()
        for name in WAYS:
            if name not in sides:
                check(False, f"{name}: no numbers")
                continue
            off = max(np.linalg.norm(s.centroid - original[k].centroid) for k, s in sides[name].items())
            change = max(abs(s.volume_ml / original[k].volume_ml - 1) for k, s in sides[name].items())
            check(off <= FURTHEST_MM and change <= VOLUME_TOLERANCE,
                  f"{name}: {100 * change:.2f} % of volume, {off:.3f} mm")
    check.finish()


main()
