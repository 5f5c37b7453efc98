#!/usr/bin/env python3
"""One head with slices of uneven distance and a tilted gantry: numbers on those slices, as before."""
import json

import harness
import series
from harness import EXIT_OK, Checks, np

# Two interpolations lie between the two runs: one here, one in the program.
FURTHEST_MM, VOLUME_TOLERANCE = 0.5, 0.03
LEAN = 0.2  # rows a slice: 11 degrees, the pixels being nearly square


def main():
    check = Checks()
    folder = harness.unpacked("mr/datalad_T1w_adult")
    head = series.stored_as(series.read_head(folder), (0, 1, 2), ())
    slices = head.voxels.shape[2]
    # Every slice below, every second one in the upper part, 1.3 in between: .66, .86 and 1.3 mm.
    places = np.r_[np.arange(0, slices / 3, 1), np.arange(slices / 3 + 1, slices / 1.8, 1.3)]
    places = np.r_[places, np.arange(places[-1] + 2, slices - 1, 2)]
    with harness.working_folder() as work:
        study = series.write_head(series.resliced(head, places, LEAN), work / "in" / "uneven", "uneven")
        done = harness.run([folder, work / "in"], work / "out")
        check(done.code == EXIT_OK, f"the head as it was and unevenly sliced: exit {done.code} {done.err[:200]}")
        check(not harness.faults_of_output(work / "out"),
              f"output folder: {harness.faults_of_output(work / 'out')}")
        results = {f.parent.name: f for f in (work / "out").glob("*/seg.dcm")}
        if not check(study in results and len(results) == 2, f"two studies have numbers: {len(results)}"):
            check.finish()
        uneven = harness.measure_frames(results.pop(study))
        even = harness.read_sides(results.popitem()[1])
        for side, (volume_ml, centroid) in uneven.items():
            off = np.linalg.norm(centroid - even[side].centroid)
            change = volume_ml / even[side].volume_ml - 1
            check(off <= FURTHEST_MM and abs(change) <= VOLUME_TOLERANCE,
                  f"{side}: {100 * change:+.2f} % of volume, {off:.3f} mm")
        findings = json.loads((work / "out" / study / "findings.json").read_text())
        codes = {w["code"] for w in findings["warnings"]}
        check({"variable_spacing", "gantry_tilt"} <= codes, f"warnings in findings.json: {sorted(codes)}")
        text = (work / "out" / study / "sr.dcm").read_bytes().decode("latin-1")
        check("distance between slices varies" in text and "sheared by" in text, "both warnings are in the SR")
    check.finish()


main()
