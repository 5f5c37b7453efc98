#!/usr/bin/env python3
"""The demonstration: the sample study head-mr, from DICOM to objects that other readers agree with."""
import json
import subprocess

import harness
from harness import EXIT_OK, Checks, np, pydicom

import nibabel

ATLAS = harness.COLIN27.with_name("aal.nii.gz")
ATLAS_LABELS = {"left": 37, "right": 38}  # Hippocampus_L, Hippocampus_R
SMALLEST_ML, LARGEST_ML = 2.5, 5.0
FURTHEST_MM = 6.0  # the atlas outlines more than our training data: places agree, volumes do not


def atlas_centres(pose_file):
    """Centroids of the atlas' hippocampi, carried to the patient by the pose that the sample states."""
    pose = np.array(json.loads(pose_file.read_text())["template_lps_to_patient_lps"])
    if pose.shape == (3, 4):
        pose = np.vstack([pose, [0, 0, 0, 1]])
    atlas = nibabel.load(ATLAS)
    labels = np.asarray(atlas.dataobj)
    ras_to_lps = np.diag([-1, -1, 1, 1])
    return {side: (pose @ ras_to_lps @ atlas.affine @ np.r_[np.argwhere(labels == n).mean(0), 1])[:3]
            for side, n in ATLAS_LABELS.items()}


def main():
    check = Checks()
    harness.need_tools("dciodvfy")
    harness.need(ATLAS, "aal.nii.gz of Debian's mricron-data")
    with harness.working_folder() as work:
        sample = harness.make_sample("head-mr", work / "in", "--pose", work / "pose.json")
        files = sorted(sample.glob("*"))
        errors = 0
        for file in files:
            done = subprocess.run(["dciodvfy", "-new", file], capture_output=True, text=True)
            errors += sum(x.startswith("Error") for x in (done.stdout + done.stderr).splitlines())
        check(errors == 0, f"input: dciodvfy: {errors} errors in {len(files)} files")

        done = harness.run(sample, work / "out")
        check(done.code == EXIT_OK, f"run: exit {done.code}; {done.message if done.code else ''}")
        check(not harness.faults_of_output(work / "out"),
              f"output folder: faults {harness.faults_of_output(work / 'out')}")
        study = pydicom.dcmread(files[0]).StudyInstanceUID
        found = harness.findings_of(work / "out", study)
        if not check(found is not None and found["status"] == "complete", "findings.json: complete"):
            check.finish()
        problem = harness.fits_schema(found, "findings.schema.json")
        check(not problem, f"findings.json against its schema: {problem or 'fits'}")
        harness.judge_objects(work / "out", sample, check, "sample")

        sr = pydicom.dcmread(work / "out" / study / "sr.dcm")
        flags = (sr.CompletionFlag, sr.VerificationFlag, sr.PreliminaryFlag)
        check(flags == ("COMPLETE", "UNVERIFIED", "PRELIMINARY"), f"report: {', '.join(flags)}")
        template = sr.ContentTemplateSequence[0].TemplateIdentifier
        check(template == "1500" and sr.SOPClassUID.name == "Comprehensive 3D SR Storage",
              f"report: TID {template}, {sr.SOPClassUID.name}")

        sides = harness.read_sides(work / "out" / study / "seg.dcm")
        wanted = atlas_centres(work / "pose.json")
        for name, side in sides.items():
            check(SMALLEST_ML <= side.volume_ml <= LARGEST_ML, f"{name}: {side.volume_ml:.2f} mL")
            away = np.linalg.norm(side.centroid - wanted[name])
            check(away <= FURTHEST_MM, f"{name}: {away:.1f} mm from the atlas' centroid in the true pose")
    check.finish()


main()
