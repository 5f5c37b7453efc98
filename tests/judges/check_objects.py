#!/usr/bin/env python3
"""Judges the results of one study with readers that the project did not write.

usage: check_objects.py OUT_DIR SRC_DIR [--pixelmed]

Needs pydicom, highdicom and numpy, and dciodvfy and dsrdump on the path; holds findings.json against
its schema where jsonschema is installed; --pixelmed also asks DicomSRValidator. Prints one line per fault and a summary; exit 1 if there is a fault.
"""
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "findings.schema.json"
COPIED = ("SpecificCharacterSet PatientName PatientID IssuerOfPatientID PatientBirthDate PatientSex "
          "StudyInstanceUID StudyDate StudyTime StudyID AccessionNumber StudyDescription "
          "ReferringPhysicianName FrameOfReferenceUID").split()
REGULAR_NEEDED = "regularly-spaced"  # highdicom makes no volume of a tilted gantry or of uneven slices

faults = []


def fault(file, text):
    faults.append(f"{Path(file).name}: {text}")


def read_all(folder):
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            try:
                found[path] = pydicom.dcmread(path)
            except (pydicom.errors.InvalidDicomError, OSError):
                pass
    return found


def run(*command):
    env = dict(os.environ, JAVA_TOOL_OPTIONS=" ".join(
        f"-Djdk.xml.xpath{limit}Limit=0" for limit in ("TotalOp", "ExprOp", "ExprGrp")))
    done = subprocess.run(command, capture_output=True, env=env)
    return done.returncode, (done.stdout + done.stderr).decode("latin-1").splitlines()


def stored(ds, word):
    """The bytes of an element as they stand in the file; padding does not count."""
    element = ds.get_item(word)
    value = b"" if element is None or element.value is None else element.value
    if not isinstance(value, bytes):  # pydicom decodes a few elements while it reads
        value = (value if isinstance(value, str) else "\\".join(map(str, value))).encode("latin-1")
    return value.rstrip(b" \0")


def check_module_copies(path, source_path):
    mine, theirs = pydicom.dcmread(path), pydicom.dcmread(source_path)
    for word in COPIED:
        if word == "FrameOfReferenceUID" and word not in mine:
            continue
        if stored(mine, word) != stored(theirs, word):
            fault(path, f"{word} is not the source's")


def check_common(path, ds, sources):
    _, lines = run("dciodvfy", "-new", str(path))
    for line in lines:
        if line.startswith("Error"):
            fault(path, "dciodvfy: " + line[:160])
    uids = {s.SeriesInstanceUID for s in sources.values()}
    if ds.SeriesInstanceUID in uids:
        fault(path, "stands in a source series")
    if not str(ds.SeriesDescription).startswith("AI, unverified"):
        fault(path, "the series does not say that it is AI and unverified")
    equipment = ds.get("ContributingEquipmentSequence", [])
    codes = [e.PurposeOfReferenceCodeSequence[0].CodeValue for e in equipment]
    if "109102" not in codes:
        fault(path, "no processing equipment")


def segments_by_hand(ds):
    """{number: (voxels, mm3, centroid)} from bits, frame positions and thicknesses alone; the largest
    voxel in mm3; the smallest side of one in mm."""
    shared = ds.SharedFunctionalGroupsSequence[0]
    x, y = np.reshape([float(v) for v in
                       shared.PlaneOrientationSequence[0].ImageOrientationPatient], (2, 3))
    bits = np.unpackbits(np.frombuffer(ds.PixelData, np.uint8), bitorder="little")
    size = ds.Rows * ds.Columns
    sums = {s.SegmentNumber: [0, 0.0, np.zeros(3)] for s in ds.SegmentSequence}
    largest, side = 0, np.inf
    for i, frame in enumerate(ds.PerFrameFunctionalGroupsSequence):
        r, c = np.nonzero(bits[i * size:(i + 1) * size].reshape(ds.Rows, ds.Columns))
        at = np.array([float(v) for v in frame.PlanePositionSequence[0].ImagePositionPatient])
        # Slices of one distance share it; uneven ones are each as thick as they say.
        own = "PixelMeasuresSequence" in frame
        measures = (frame if own else shared).PixelMeasuresSequence[0]
        dy, dx = map(float, measures.PixelSpacing)
        thickness = float(measures.SliceThickness if own else measures.SpacingBetweenSlices)
        voxel = dx * dy * thickness
        largest, side = max(largest, voxel), min(side, dx, dy, thickness)
        entry = sums[frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber]
        entry[0] += len(r)
        entry[1] += voxel * len(r)
        entry[2] = entry[2] + voxel * (len(r) * at + r.sum() * dy * y + c.sum() * dx * x)
    return {n: (v, mm3, s / mm3 if v else None) for n, (v, mm3, s) in sums.items()}, largest, side


def check_segmentation(path, ds, sources):
    segments, voxel, side = segments_by_hand(ds)
    seg = hd.seg.segread(str(path))
    for number, (voxels, _, centroid) in segments.items():
        try:
            volume = seg.get_volume(segment_numbers=[number], combine_segments=False)
        except (ValueError, RuntimeError) as error:
            if REGULAR_NEEDED not in str(error):
                fault(path, f"highdicom: segment {number}: {error}")
            continue
        index = np.argwhere(np.asarray(volume.array)[..., 0] > 0)
        if len(index) != voxels:
            fault(path, f"segment {number}: highdicom finds {len(index)} voxels, not {voxels}")
        elif voxels and np.linalg.norm(
                (volume.affine @ np.r_[index.mean(0), 1])[:3] - centroid) > 0.5 * side:
            fault(path, f"segment {number}: highdicom has the centroid elsewhere")
    known = {s.SOPInstanceUID: s for s in sources.values()}
    x, y = np.reshape([float(v) for v in ds.SharedFunctionalGroupsSequence[0]
                       .PlaneOrientationSequence[0].ImageOrientationPatient], (2, 3))
    for i, frame in enumerate(ds.PerFrameFunctionalGroupsSequence, 1):
        image = frame.DerivationImageSequence[0].SourceImageSequence[0]
        source = known.get(image.ReferencedSOPInstanceUID)
        if source is None:
            fault(path, f"frame {i} is of an image that is not there")
        elif "ImagePositionPatient" in source:
            off = np.subtract([float(v) for v in source.ImagePositionPatient],
                              [float(v) for v in frame.PlanePositionSequence[0].ImagePositionPatient])
            if abs(np.dot(off, np.cross(x, y))) > 0.5 * side:
                fault(path, f"frame {i} does not lie on its source image")
    return segments, voxel, side


def contents(item, inside=None):
    for child in item.get("ContentSequence", []):
        yield child, item
        yield from contents(child, item)


def name_of(item):
    return item.ConceptNameCodeSequence[0].CodeValue if "ConceptNameCodeSequence" in item else None


def check_evaluations(path, report):
    """Classes of whole images, as highdicom reads them, against findings.json beside the report."""
    said = json.loads((path.parent / "findings.json").read_text(encoding="utf-8"))["evaluations"]
    groups = [g for g in report.content.get_image_measurement_groups() if g.get_measurements()]
    if len(groups) != len(said):
        fault(path, f"{len(groups)} groups of images for {len(said)} evaluations")
    for group, want in zip(groups, said):
        where = f"{want['label']}: "
        finding = group.finding_type
        if finding is None or finding.value != want["code"]["value"]:
            fault(path, where + "another finding")
        images = [i.referenced_sop_instance_uid for i in group.source_images]
        if want["image"] and images != [want["image"]["sop_instance_uid"]]:
            fault(path, where + "another image")
        if not images:
            fault(path, where + "no image")
        numbers = group.get_measurements(pydicom.sr.codedict.codes.DCM.Probability)
        if len(numbers) != 1 or abs(float(numbers[0].value) - want["probability"]) > 1e-9:
            fault(path, where + "another probability")
        elif numbers[0].unit.value != "1":
            fault(path, where + "another unit")
        presence = group.get_qualitative_evaluations(
            pydicom.sr.codedict.codes.DCM.PresenceOfProperty)
        words = {"52101004": True, "2667000": False}
        if len(presence) != 1 or words.get(presence[0].value.value) is not want["present"]:
            fault(path, where + "another presence")
    return len(groups)


def check_report(path, ds, seg, sources, objects):
    """Numbers of the groups that name segments, each held against the bits of the segmentation."""
    if (ds.VerificationFlag, ds.PreliminaryFlag) != ("UNVERIFIED", "PRELIMINARY"):
        fault(path, "is not marked as unverified and preliminary")
    code, _ = run("dsrdump", str(path))
    if code:
        fault(path, "dsrdump cannot read it")
    report = hd.sr.srread(str(path))
    evidence = {i.ReferencedSOPInstanceUID for study in ds.CurrentRequestedProcedureEvidenceSequence
                for series in study.ReferencedSeriesSequence for i in series.ReferencedSOPSequence}
    there = {s.SOPInstanceUID for s in (*sources.values(), *objects.values())}
    if evidence - there:
        fault(path, f"{len(evidence - there)} instances of the evidence are not there")
    compared = 0
    for item, parent in contents(ds):
        for reference in item.get("ReferencedSOPSequence", []):
            if reference.ReferencedSOPInstanceUID not in evidence:
                fault(path, "refers to an instance that is not in its evidence")
        if item.ValueType != "NUM" or name_of(item) != "118565006" or seg is None:
            continue
        numbers = [n for x in parent.ContentSequence if name_of(x) == "121191"
                   for n in np.atleast_1d(x.ReferencedSOPSequence[0].ReferencedSegmentNumber)]
        if not numbers:
            continue
        said = float(item.MeasuredValueSequence[0].NumericValue)
        held = sum(seg[1][int(n)][1] for n in numbers)
        compared += 1
        if abs(said - held) > seg[2]:
            fault(path, f"volume {said} mm3, but segments {numbers} hold {held:.3f}")
        points = [x for x in parent.ContentSequence
                  if x.ValueType == "SCOORD3D" and name_of(x) == "128138"]
        parts = [seg[1][int(n)] for n in numbers]
        centroid = sum(p[1] * p[2] for p in parts if p[0]) / max(held, 1e-9)
        if len(points) != 1:
            fault(path, f"segments {numbers} have {len(points)} centres of mass")
        elif np.linalg.norm(centroid - np.array(points[0].GraphicData)) > 0.5 * seg[3]:
            fault(path, f"centre of mass of segments {numbers} is not where they are")
    if any(name_of(i) == "122157" for i, _ in contents(ds)):
        return check_evaluations(path, report)
    if ds.CompletionFlag == "PARTIAL":
        if any(i.ValueType == "NUM" and name_of(i) == "118565006" for i, _ in contents(ds)):
            fault(path, "partial, and yet a volume")
    elif not compared:
        fault(path, "no volume names a segment")
    elif not report.content.get_volumetric_roi_measurement_groups():
        fault(path, "highdicom finds no volumetric group")
    return compared


def check_with_pixelmed(path):
    _, lines = run("DicomSRValidator", str(path))
    if "Root Template Validation Complete" not in lines:
        fault(path, "PixelMed did not come to an end")
    for line in lines:
        if line.startswith("Error"):
            fault(path, "PixelMed: " + line[:200])


def check_capture(path, ds):
    if ds.BurnedInAnnotation != "NO" or ds.pixel_array.shape != (ds.Rows, ds.Columns, 3):
        fault(path, "is not an RGB picture without patient text")
    if np.asarray(ds.pixel_array).std() < 5:
        fault(path, "shows nothing")


def check_json(path, seg):
    found = json.loads(path.read_text(encoding="utf-8"))
    if jsonschema is not None:
        for error in jsonschema.Draft202012Validator(
                json.loads(SCHEMA.read_text())).iter_errors(found):
            fault(path, f"schema: {error.json_path}: {error.message[:120]}")
    for name in found["outputs"]:
        if not (path.parent / name).is_file():
            fault(path, f"{name} is not there")
    if found["status"] != "complete":
        if found["findings"]:
            fault(path, "numbers, and yet not complete")
        return
    for finding in found["findings"]:
        parts = [seg[1][n] for n in finding["segments"]]
        voxels = sum(p[0] for p in parts)
        if voxels != finding["voxels"]:
            fault(path, f"{finding['label']}: {finding['voxels']} voxels, the file has {voxels}")
        if abs(sum(p[1] for p in parts) - finding["volume_mm3"]) > seg[2]:
            fault(path, f"{finding['label']}: the volume differs from the file's")
        centroid = sum(p[0] * p[2] for p in parts if p[0]) / max(voxels, 1)
        if voxels and np.linalg.norm(centroid - finding["centroid_mm"]) > 0.5 * seg[3]:
            fault(path, f"{finding['label']}: the centroid differs from the file's")


def check_page(path):
    page = path.read_text(encoding="utf-8")
    if "AI, unverified" not in page:
        fault(path, "has no banner")
    if re.search(r"(?:src|href)\s*=\s*[\"'](?!data:)", page):
        fault(path, "needs other files")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    if not policy or "default-src 'none'" not in policy[1]:
        fault(path, "has no Content-Security-Policy that allows nothing by default")
        return
    # What is styled or run is what the policy's hashes say, and nothing else.
    for tag, text in re.findall(r"<(style|script)>(.*?)</\1>", page, re.S):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        if f"{tag}-src 'sha256-{digest}'" not in policy[1]:
            fault(path, f"has a {tag} that its policy does not name")
    if re.search(r'<script(?!>| type="application/json" id="slices-data">)', page):
        fault(path, "has a script of another kind")
    if re.search(r"<[^>]*\s(?:on\w+|style)\s*=", re.sub(r"(?s)<script.*?</script>", "", page)):
        fault(path, "has a script or a style in an attribute")


def main(out, src, *options):
    objects, sources = read_all(out), read_all(src)
    if not objects or not sources:
        sys.exit("no DICOM objects in " + (out if not objects else src))
    of_study = {s.StudyInstanceUID: p for p, s in sources.items()}
    seg, compared = None, 0
    for path, ds in objects.items():
        check_common(path, ds, sources)
        if ds.StudyInstanceUID not in of_study:
            fault(path, "is of no study that is there")
        else:
            check_module_copies(path, of_study[ds.StudyInstanceUID])
        if ds.Modality == "SEG":
            seg = (ds.SOPInstanceUID, *check_segmentation(path, ds, sources))
    for path, ds in objects.items():
        if ds.Modality == "SR":
            compared += check_report(path, ds, seg, sources, objects)
            if "--pixelmed" in options:
                check_with_pixelmed(path)
        elif ds.SOPClassUID == "1.2.840.10008.5.1.4.1.1.7":
            check_capture(path, ds)
    for path in Path(out).rglob("findings.json"):
        check_json(path, seg)
    for path in Path(out).rglob("report.html"):
        check_page(path)
    if not any(ds.Modality == "SR" for ds in objects.values()):
        fault(out, "no structured report")
    for line in faults:
        print("FAULT " + line)
    print(f"{len(faults)} faults; {len(objects)} objects, {compared} volumes held against segments, "
          "or classes against findings.json")
    sys.exit(bool(faults))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
