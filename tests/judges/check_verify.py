#!/usr/bin/env python3
"""`osler verify` beside pydicom, highdicom, dciodvfy, DCMTK's dsrdump and PixelMed's DicomSRValidator.

usage: check_verify.py     (OSLER_PROGRAM names the program; OSLER_SAMPLES the sample studies)

Reports of dcmqi, of highdicom and of our own are verified: all accepted, some findings rejected, a value
corrected. Exit 77: skipped.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "end_to_end"))
import harness  # noqa: E402  (finds the judges' Python, and goes on in it)
from harness import Checks, hd, pydicom  # noqa: E402

warnings.simplefilter("ignore")
NAME, ORGANISATION = "Osler^William", "Example Hospital"
# DicomSRValidator's stylesheets are larger than Java allows by itself.
JAVA = {"JAVA_TOOL_OPTIONS": "-Djdk.xml.xpathTotalOpLimit=0 -Djdk.xml.xpathExprOpLimit=0 -Djdk.xml.xpathExprGrpLimit=0"}


def lines_of(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace",
                          env=dict(os.environ, **JAVA))
    return (done.stdout + done.stderr).splitlines()


def dciodvfy_errors(file):
    return Counter(line for line in lines_of("dciodvfy", file) if line.startswith("Error"))


def pixelmed_errors(file):
    """Errors without their places, which shift; None if the validator came to no end."""
    lines = lines_of("DicomSRValidator", file)
    if "Root Template Validation Complete" not in lines:
        return None
    return Counter(re.sub(r"(within )?1(\.\d+)*: ", "", line) for line in lines if line.startswith("Error"))


def groups(item):
    """{tracking UID: measurement group} below an item."""
    found = {}
    for child in item.get("ContentSequence", []):
        name = child.get("ConceptNameCodeSequence")
        if name and name[0].get("CodeValue") == "125007":
            uid = next(str(c.UID) for c in child.ContentSequence
                       if c.ValueType == "UIDREF" and c.ConceptNameCodeSequence[0].CodeValue == "112040")
            found[uid] = child
        found |= groups(child)
    return found


def label(group):
    return next(str(c.TextValue) for c in group.ContentSequence
                if c.ValueType == "TEXT" and c.ConceptNameCodeSequence[0].CodeValue == "112039")


def without(item, removed):
    """Takes groups out with pydicom alone: what a validator says of that is not our doing."""
    kept = [child for child in item.get("ContentSequence", []) if not any(child is g for g in removed)]
    for child in kept:
        without(child, removed)
    if "ContentSequence" in item:
        item.ContentSequence = kept


def same_references(before, after, check, name):
    for key in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence",
                "StudyInstanceUID", "PatientID", "PatientName", "SpecificCharacterSet", "StudyDate"):
        check(before.get(key) == after.get(key), f"{name}: {key} is kept")


def judge(check, source, name, work, rejected=(), corrected=None):
    out = work / "verified.dcm"
    out.unlink(missing_ok=True)
    before = pydicom.dcmread(source)
    old = groups(before)
    options = [x for uid, reason in rejected for x in ("--reject", uid, "--reason", reason)]
    if corrected:
        options += ["--correct", f"{corrected[0]}={corrected[2]} {corrected[3]}"]
    done = harness.osler("verify", source, "--as", NAME, "--organisation", ORGANISATION, "--out", out, "--json",
                         *options)
    if not check(done.code == 0, f"{name}: verified {done.message if done.code else ''}"):
        return
    fault = harness.fits_schema(json.loads(done.out), "verify.schema.json")
    check(not fault, f"{name}: fits the schema {fault}")
    after = pydicom.dcmread(out)
    check(after.VerificationFlag == "VERIFIED" and after.CompletionFlag == "COMPLETE"
          and after.PreliminaryFlag == "FINAL" and after.SOPInstanceUID != before.SOPInstanceUID
          and after.SOPClassUID == before.SOPClassUID, f"{name}: a new instance, verified, complete, final")
    observer = after.VerifyingObserverSequence[0]
    check(str(observer.VerifyingObserverName) == NAME and observer.VerifyingOrganization == ORGANISATION
          and re.fullmatch(r"\d{14}[+-]\d{4}", str(observer.VerificationDateTime)) is not None
          and len(observer.VerifyingObserverIdentificationCodeSequence) == 0, f"{name}: the observer")
    series = after.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    check(series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == before.SOPInstanceUID
          and series.SeriesInstanceUID == before.SeriesInstanceUID
          and after.SeriesInstanceUID != before.SeriesInstanceUID, f"{name}: the predecessor")
    check("unverified" not in str(after.get("SeriesDescription", "")).lower(), f"{name}: {after.get('SeriesDescription')}")
    same_references(before, after, check, name)

    new = groups(after)
    out_of = {uid for uid, _ in rejected}
    changed = corrected[1] if corrected else None
    accepted = [uid for uid in old if uid not in out_of and uid != changed]
    check(all(new[uid] == old[uid] and new[uid].to_json() == old[uid].to_json() for uid in accepted)
          and set(new) == set(old) - out_of, f"{name}: {len(accepted)} accepted groups are identical, {len(out_of)} are gone")
    texts = [str(i.TextValue) for c in after.ContentSequence for i in c.get("ContentSequence", [])
             if i.ValueType == "TEXT" and i.ConceptNameCodeSequence[0].CodeValue == "REJECTED_FINDING"]
    check(texts == [f"{label(old[uid])}: {reason}" for uid, reason in rejected], f"{name}: rejected: {texts}")
    if changed:
        pairs = [(a, b) for a, b in zip(old[changed].ContentSequence, new[changed].ContentSequence) if a != b]
        number = pairs[0][1]
        kept = [c.TextValue for c in number.ContentSequence if c.ValueType == "TEXT"
                and c.ConceptNameCodeSequence[0].CodeValue == "PREVIOUS_VALUE"]
        was = pairs[0][0].MeasuredValueSequence[0].NumericValue
        check(len(pairs) == 1 and str(number.MeasuredValueSequence[0].NumericValue) == corrected[2]
              and kept == [f"{was.original_string} {corrected[3]}"],
              f"{name}: one number of the corrected group changed; it keeps {kept}")

    fresh = dciodvfy_errors(out) - dciodvfy_errors(source)
    check(not fresh, f"{name}: dciodvfy: no new error {list(fresh)[:2]}")
    check(any(line.startswith("Verification Flag") and "VERIFIED" in line and "UN" not in line
              for line in lines_of("dsrdump", out)), f"{name}: dsrdump: verified")
    try:
        wanted = len(hd.sr.srread(source).content.get_volumetric_roi_measurement_groups())
    except Exception:
        wanted = None
    if wanted is not None:
        content = hd.sr.srread(out).content
        found = sum(len(getattr(content, f"get_{kind}_measurement_groups")())
                    for kind in ("planar_roi", "volumetric_roi", "image"))
        check(found == len(new), f"{name}: highdicom: {found} groups")
    if shutil.which("DicomSRValidator") is not None:
        plain = work / "plain.dcm"
        data = pydicom.dcmread(source)
        found = groups(data)
        without(data, [found[uid] for uid in out_of])
        data.save_as(plain)
        wanted, got = pixelmed_errors(plain), pixelmed_errors(out)
        check(wanted is not None and got is not None and not got - wanted,
              f"{name}: PixelMed: no error but the {sum((wanted or {}).values())} of the predecessor "
              f"{list((got or Counter()) - (wanted or Counter()))[:2]}")


def our_report(work):
    head = Path(os.environ.get("OSLER_SAMPLES", harness.ROOT / "out" / "sample")) / "head-mr"
    if not head.is_dir() or harness.run(head, work / "out").code != 0:
        print("      not run: the sample head-mr (OSLER_SAMPLES)")
        return None
    return next((work / "out").rglob("sr.dcm"))


def refusals(check, source, work):
    out = work / "refused.dcm"
    seg = harness.DATA / "sr_seg" / "sr-example" / "seg.dcm"
    cases = [("no name", [source], 2), ("a bad name", [source, "--as", "William Osler"], 2),
             ("no such finding", [source, "--as", NAME, "--reject", "nothing"], 2),
             ("a reason of nothing", [source, "--as", NAME, "--reason", "x"], 2),
             ("a segmentation", [seg, "--as", NAME], 3)]
    for what, arguments, code in cases:
        done = harness.osler("verify", *arguments, "--out", out)
        check(done.code == code and not out.exists(), f"refused: {what}: {done.message[:120]}")


def main():
    harness.need_tools("dciodvfy", "dsrdump")
    folder = harness.need(harness.DATA / "sr_seg", "sr_seg of OSLER_TEST_DATA")
    check = Checks()
    dcmqi = folder / "sr-example" / "sr.dcm"
    several = folder / "highdicom_test_files" / "sr_document_with_multiple_groups.dcm"
    with harness.working_folder() as work:
        judge(check, dcmqi, "dcmqi's", work)
        only = next(iter(groups(pydicom.dcmread(dcmqi))))
        judge(check, dcmqi, "dcmqi's, corrected", work, corrected=("primary tumor:SUVbw (Mean)", only, "6.1", "{SUVbw}g/ml"))
        judge(check, folder / "highdicom_test_files" / "sr_document.dcm", "highdicom's", work)
        judge(check, several, "highdicom's groups", work)
        uids = {label(g): uid for uid, g in groups(pydicom.dcmread(several)).items()}
        judge(check, several, "highdicom's groups, decided", work, rejected=[(uids["Aorta0001"], "not the aorta")],
              corrected=("LungNodule0001", uids["LungNodule0001"], "11.5", "mm"))
        judge(check, several, "highdicom's groups, all but one rejected", work,
              rejected=[(uids[n], "no") for n in ("Image0001", "LungNodule0001", "Aorta0001")])
        ours = our_report(work)
        if ours is not None:
            judge(check, ours, "ours", work)
            uids = {label(g): uid for uid, g in groups(pydicom.dcmread(ours)).items()}
            judge(check, ours, "ours, decided", work,
                  rejected=[(uids["Left hippocampus, anterior part"], "leaks into the amygdala")],
                  corrected=("Right hippocampus", uids["Right hippocampus"], "4300.25", "mm3"))
        refusals(check, dcmqi, work)
    check.finish()


main()
