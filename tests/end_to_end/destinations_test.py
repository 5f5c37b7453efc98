#!/usr/bin/env python3
"""Which objects go where: `osler run --destinations`, every object in some form, judged by others; and refusals."""
import json
import subprocess

import harness
from harness import Checks

YAML = """
destinations:
  - name: all
    objects: [captures, page, labels, key-objects, presentation-state, structure-set, pdf, fhir]
  - name: small-viewer
    segmentation: { type: binary, most_frames: 10, beyond: { type: labelmap, encoding: rle } }
    report: enhanced
    objects: [captures]
  - name: none-at-all
    segmentation: { type: binary, most_frames: 10 }
    report: none
    objects: []
"""
REFUSED = {
    "unknown member": '{"destinations": [{"name": "a", "seg": "none"}]}',
    "bits with RLE": '{"destinations": [{"name": "a", "segmentation": {"type": "binary", "encoding": "rle"}}]}',
    "a number as a name": '{"destinations": [{"name": "2"}]}',
    "a path as a name": '{"destinations": [{"name": "../a"}]}',
    "a name twice": '{"destinations": [{"name": "a"}, {"name": "a"}]}',
    "an unknown object": '{"destinations": [{"name": "a", "objects": ["fax"]}]}',
    "no list": '{"destinations": 3}',
    "no JSON": '{"destinations": ',
}
FILES = {
    "all": {"seg.dcm", "sr.dcm", "sc-axial.dcm", "sc-coronal.dcm", "sc-sagittal.dcm", "ko.dcm", "pr.dcm", "rtstruct.dcm",
            "report.pdf.dcm", "fhir.json", "labels.nii.gz", "report.html", "findings.json"},
    "small-viewer": {"seg.dcm", "sr.dcm", "sc-axial.dcm", "sc-coronal.dcm", "sc-sagittal.dcm", "findings.json"},
    "none-at-all": {"findings.json"},
}


def same_uid_same_content(folder, check):
    """Objects of one UID say the same in all folders, but for when they were made."""
    import pydicom
    when = ("ContentDate", "ContentTime", "SeriesDate", "SeriesTime", "InstanceCreationDate", "InstanceCreationTime",
            "PresentationCreationDate", "PresentationCreationTime", "StructureSetDate", "StructureSetTime",
            "ContributingEquipmentSequence", "AcquisitionDateTime")
    seen, wrong, count = {}, [], 0
    for file in sorted(folder.rglob("*.dcm")):
        count += 1
        ds = pydicom.dcmread(file)
        for word in when:
            if word in ds:
                del ds[word]
        other = seen.setdefault(ds.SOPInstanceUID, ds)
        if other != ds:
            wrong.append(f"{file.parent.name}/{file.name}")
    check(not wrong and len(seen) < count, f"{len(seen)} instances in {count} files: same UID, same content {wrong}")


def main():
    check = Checks()
    program = harness.program("OSLER_PROGRAM", "osler")
    with harness.working_folder() as work:
        sample = harness.make_sample("head-mr", work / "sample")
        policy = work / "destinations.yaml"
        policy.write_text(YAML)
        out = work / "out"
        done = subprocess.run([program, "run", sample, "--out", out, "--destinations", policy], capture_output=True,
                              text=True)
        check(done.returncode == 0, f"exit {done.returncode} {done.stderr[-200:]}")
        study = next(p for p in out.iterdir() if p.is_dir())
        for name, wanted in FILES.items():
            found = {p.name for p in (study / name).iterdir()}
            check(found == wanted, f"{name}: {sorted(found ^ wanted) or len(wanted)} files")
        warnings = json.loads((study / "none-at-all" / "findings.json").read_text())["warnings"]
        check([w["code"] for w in warnings] == ["segmentation_left_out"], "what is left out is said")
        same_uid_same_content(study, check)
        harness.judge_objects(study / "all", sample, check, "all")
        harness.judge_with_orthanc([study], check)
        for name, text in REFUSED.items():
            policy.write_text(text)
            done = subprocess.run([program, "run", sample, "--out", work / "no", "--destinations", policy],
                                  capture_output=True, text=True)
            check(done.returncode == 3 and done.stderr.count("\n") == 1 and not (work / "no").exists(),
                  f"refused: {name}: {done.stderr.strip()[:140]}")
    check.finish()


main()
