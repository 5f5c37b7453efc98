#!/usr/bin/env python3
"""Studies that must give no numbers: each is refused (exit 3) or gated (exit 4), by name.

usage: refused_studies_test.py CASE, see CASES below
"""
import sys

import harness
import series
from harness import EXIT_BAD_INPUT, EXIT_PARTIAL, Checks, np, pydicom

from scipy import ndimage

SEED = 7
BRAIN_HEIGHT_MM = 130.0  # from the vertex to the base, about


def real_head():
    return series.read_head(harness.unpacked("mr/datalad_T1w_adult"))


def body(head):
    """Voxels of the head, filled."""
    values = ndimage.gaussian_filter(head.voxels.astype(np.float32), 1)
    threshold = 0.25 * np.percentile(values, 98)
    blobs, count = ndimage.label(values > threshold)
    largest = np.argmax(ndimage.sum(values > threshold, blobs, range(1, count + 1))) + 1
    return ndimage.binary_fill_holes(blobs == largest)


def brain_middle(head):
    """Slice through the brain's middle: the head is stored axially, slices from the feet up."""
    slices = np.flatnonzero(body(head).any(axis=(0, 1)))
    return int(slices[-1] - BRAIN_HEIGHT_MM / 2 / head.spacing[2])


def phantom(values):
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 3] = -0.5 * np.array(values.shape)
    return series.Head(np.rint(values).astype(np.int16), affine)


def rician(mean, sigma):
    rng = np.random.default_rng(SEED)
    return np.hypot(mean + rng.normal(0, sigma, mean.shape), rng.normal(0, sigma, mean.shape))


def inverted():
    """Dark where T1 is bright, as T2 is: fluid bright, white matter dark, air dark."""
    head = real_head()
    top = np.percentile(head.voxels[body(head)], 99.5)
    head.voxels = np.where(body(head), np.clip(top - head.voxels, 0, None), 0).astype(np.int16)
    return head


def noise():
    return phantom(rician(np.zeros((256, 256, 160)), 100.0))


def bottle():
    """An ellipsoid of fluid, as scanners are tested with."""
    x, y, z = np.ogrid[-128:128, -128:128, -80:80]
    return phantom(rician(800.0 * ((x / 80) ** 2 + (y / 95) ** 2 + (z / 70) ** 2 < 1), 30.0))


def constant():
    return phantom(np.full((256, 256, 160), 500.0))


def upper_half():
    head = real_head()
    return series.cut(head, 2, brain_middle(head), head.voxels.shape[2])


def lower_half():
    head = real_head()
    return series.cut(head, 2, 0, brain_middle(head))


def right_half():
    """Columns run to the left: the left half is cut off."""
    head = real_head()
    return series.cut(head, 0, 0, head.voxels.shape[0] // 2)


def right_two_thirds():
    """Wide enough for the model's field of view: only a gate can see what is missing."""
    head = real_head()
    return series.cut(head, 0, 0, head.voxels.shape[0] * 5 // 8)


def stretched(axis):
    def make():
        head = real_head()
        head.affine[:3, axis] *= 1.5
        return head
    return make


# What makes it, and what may be named: reason or gate.
CASES = {
    "inverted": (inverted, {"correlation", "mutual_information"}),
    "noise": (noise, {"mutual_information", "correlation"}),
    "bottle": (bottle, {"mutual_information", "correlation"}),
    "constant": (constant, {"mutual_information", "correlation"}),
    "upper-half": (upper_half, {"brain_inside", "field of view", "mutual_information", "correlation",
                                "scale_smallest", "scale_largest"}),
    "lower-half": (lower_half, {"brain_inside", "field of view", "mutual_information", "correlation",
                                "scale_smallest", "scale_largest"}),
    "left-half-cut": (right_half, {"field of view"}),
    "left-third-cut": (right_two_thirds, {"brain_inside"}),
    "wide-columns": (stretched(0), {"scale_largest", "scale_smallest"}),
    "wide-rows": (stretched(1), {"scale_largest", "scale_smallest"}),
    "wide-slices": (stretched(2), {"scale_largest", "scale_smallest"}),
    "head-ct": (None, {"modality"}),
}


def main(case):
    check = Checks()
    make, expected = CASES[case]
    with harness.working_folder() as work:
        if make is None:
            harness.make_sample("head-ct", work / "in")
            series.rename_patient(work / "in")
        else:
            series.write_head(make(), work / "in", case)
        out = work / "out"
        done = harness.run(work / "in", out)
        leaks = [s for s in series.SECRETS if s in done.text]
        check(not leaks, f"words of the patient in the output: {leaks}")
        check(not harness.faults_of_output(out), f"output folder: {harness.faults_of_output(out)}")
        found = list(harness.results(out).values())
        if not check(len(found) == 1, f"one findings.json; exit {done.code} {done.message}"):
            check.finish()
        found = found[0]
        status = {EXIT_BAD_INPUT: "refused", EXIT_PARTIAL: "partial"}.get(done.code)
        check(status == found["status"], f"exit {done.code}, status {found['status']}")
        problem = harness.fits_schema(found, "findings.schema.json")
        check(not problem, f"findings.json against its schema: {problem or 'fits'}")
        named = {name for name in expected if any(name in r for r in found["refusals"])}
        check(named, f"named {sorted(named)} in {found['refusals']}")
        check(not (found["findings"] or found["segments"] or found["asymmetries"]), "no numbers in findings.json")
        for gate in found["gates"]:
            passed = "" if gate["passed"] else "  <- failed"
            value = "-" if gate["value"] is None else f"{gate['value']:.3g}"
            print(f"      {gate['name']} = {value} ({gate['comparison']} {gate['threshold']}){passed}")
        check(not list(out.glob("*/seg.dcm")), "no segmentation")
        if found["status"] == "partial":
            file = next(out.glob("*/sr.dcm"))
            report = pydicom.dcmread(file)
            check((report.CompletionFlag, report.VerificationFlag) == ("PARTIAL", "UNVERIFIED"),
                  f"report: {report.CompletionFlag}, {report.VerificationFlag}")
            volumes = harness.numbers_in_report(file)
            check(not volumes, f"volumes in the report: {volumes}")
            harness.judge_objects(out, work / "in", check, case)
    check.finish()


main(sys.argv[1])
