#!/usr/bin/env python3
"""`osler show --json` beside pydicom, highdicom, DCMTK's dsrdump and dcmqi's tid1500reader.

usage: check_show.py     (OSLER_PROGRAM names the program; OSLER_SAMPLES the sample studies)

Every SR, Key Object Selection and segmentation of the test data, of pydicom's wheel, some that
highdicom and pydicom write here, and our own results. Whatever content item pydicom finds must stand
in the JSON with the same value, unit and codes. Exit 77: skipped.
"""
import copy
import json
import os
import random
import re
import shutil
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "end_to_end"))
import harness  # noqa: E402  (finds the judges' Python, and goes on in it)
from harness import Checks, hd, np, pydicom  # noqa: E402

from pydicom.dataset import Dataset, FileMetaDataset  # noqa: E402
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian  # noqa: E402

warnings.simplefilter("ignore")
WHEEL = Path(pydicom.__file__).parent / "data"
TEXTS = {"TEXT": "TextValue", "PNAME": "PersonName", "UIDREF": "UID", "DATE": "Date", "TIME": "Time",
         "DATETIME": "DateTime"}
SEG = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")


def show(file, *options):
    done = harness.osler("show", file, "--json", "--patient", *options)
    if done.code != 0:
        return None, done.message
    return json.loads(done.out), ""


# ---------------------------------------------------------------- the content, item by item

def code(items):
    if not items:
        return None
    c = items[0]
    value = c.get("CodeValue") or c.get("LongCodeValue") or c.get("URNCodeValue") or ""
    return (str(value), str(c.get("CodingSchemeDesignator", "")), str(c.get("CodeMeaning", "")))


def many(value):
    if value is None or value == "":
        return ()
    return tuple(value) if isinstance(value, (list, pydicom.multival.MultiValue)) else (value,)


def references(item):
    return tuple((str(r.get("ReferencedSOPClassUID", "")), str(r.get("ReferencedSOPInstanceUID", "")),
                  tuple(int(n) for n in many(r.get("ReferencedFrameNumber"))),
                  tuple(int(n) for n in many(r.get("ReferencedSegmentNumber"))))
                 for r in item.get("ReferencedSOPSequence", []))


def theirs(item, path="1"):
    """(path, relationship, value type, name, value) of every item as pydicom reads it."""
    kind = item.get("ValueType", "")
    value = None
    if kind in TEXTS:
        value = str(item.get(TEXTS[kind], "")).rstrip(" ")
    elif kind == "CODE":
        value = code(item.get("ConceptCodeSequence"))
    elif kind == "NUM":
        measured = item.get("MeasuredValueSequence")
        if measured:
            # The precise writing goes before the decimal one, as highdicom has it.
            value = (float(measured[0].get("FloatingPointValue", measured[0].NumericValue)), code(measured[0].MeasurementUnitsCodeSequence))
        else:
            value = (None, None)
    elif kind in ("IMAGE", "COMPOSITE", "WAVEFORM"):
        value = references(item)
    elif kind in ("SCOORD", "SCOORD3D"):
        value = (item.get("GraphicType", ""), tuple(float(v) for v in many(item.get("GraphicData"))))
    elif kind == "TCOORD":
        value = (item.get("TemporalRangeType", ""),
                 tuple(float(v) for v in many(item.get("ReferencedTimeOffsets"))))
    elif "ReferencedContentItemIdentifier" in item:
        value = ".".join(str(n) for n in item.ReferencedContentItemIdentifier)
    yield (path, item.get("RelationshipType", ""), kind, code(item.get("ConceptNameCodeSequence")), value)
    for number, child in enumerate(item.get("ContentSequence", []), 1):
        yield from theirs(child, f"{path}.{number}")


def as_code(c):
    return None if c is None else (c["value"], c["scheme"], c["meaning"])


def ours(item):
    kind, value = item["value_type"], item.get("value")
    if kind == "CODE":
        value = as_code(value)
    elif kind == "NUM":
        value = (value, as_code(item["unit"]))
    elif kind in ("IMAGE", "COMPOSITE", "WAVEFORM"):
        value = tuple((r["sop_class_uid"], r["sop_instance_uid"], tuple(r["frames"]), tuple(r["segments"]))
                      for r in value)
    elif kind in ("SCOORD", "SCOORD3D"):
        value = (value["type"], tuple(float(v) for point in value["points"] for v in point))
    elif kind == "TCOORD":
        value = (value["type"], tuple(value["time_offsets_s"]))
    elif "refers_to" in item:
        value = item["refers_to"]
    yield (item["path"], item["relationship"], kind, as_code(item.get("name")), value)
    for child in item.get("children", []):
        yield from ours(child)


def against_pydicom(check, name, data, shown):
    wanted, got = list(theirs(data)), list(ours(shown["content"]))
    missing = [w for w in wanted if w not in set(got)]
    kinds = Counter(w[2] for w in wanted)
    counts = ", ".join(f"{n} {k}" for k, n in sorted(kinds.items()) if k)
    check(not missing and len(got) == len(wanted),
          f"{name}: pydicom: {len(wanted)} items ({counts})" + (f": {missing[:2]}" if missing else ""))


# ---------------------------------------------------------------- groups

def measured_values(group):
    """What highdicom's or our group measures: (concept, value, unit), in order of value."""
    return sorted((m.name.value, float(m.value), m.unit.value) for m in group.get_measurements())


def against_highdicom(check, name, file, shown):
    try:
        report = hd.sr.srread(file)
        groups = [g for kind in ("planar_roi", "volumetric_roi", "image")
                  for g in getattr(report.content, f"get_{kind}_measurement_groups")()]
    except Exception as error:
        print(f"      {name}: not read by highdicom: {str(error).splitlines()[0][:80]}")
        return
    by_uid = {g["tracking_uid"]: g for g in shown["report"]["groups"]}
    wrong = []
    for group in groups:
        mine = by_uid.get(str(group.tracking_uid))
        if mine is None:
            wrong.append(f"no group {group.tracking_identifier}")
            continue
        values = sorted((m["name"]["value"], m["value"], m["unit"]["value"]) for m in mine["measurements"])
        finding = group.finding_type.value if group.finding_type is not None else None
        if values != measured_values(group) or mine["tracking_identifier"] != group.tracking_identifier or \
                finding != (mine["finding"] or {}).get("value"):
            wrong.append(group.tracking_identifier)
    check(not wrong, f"{name}: highdicom: {len(groups)} groups" + (f": {wrong[:3]}" if wrong else ""))


def against_dcmqi(check, name, file, shown, work):
    tool = Path(sys.prefix) / "bin" / "tid1500reader"
    out = work / "dcmqi.json"
    out.unlink(missing_ok=True)
    if not tool.exists():
        return
    done = subprocess.run([tool, "--inputDICOM", file, "--outputMetadata", out], capture_output=True)
    if done.returncode != 0 or not out.exists():
        print(f"      {name}: not read by tid1500reader")
        return
    groups = json.loads(out.read_text()).get("Measurements", [])
    wanted = Counter((g["TrackingUniqueIdentifier"], m["quantity"]["CodeValue"], float(m["value"]),
                      m["units"]["CodeValue"], m.get("derivationModifier", {}).get("CodeValue"))
                     for g in groups for m in g.get("measurementItems", []))
    got = Counter((g["tracking_uid"], m["name"]["value"], float(m["text"]), m["unit"]["value"],
                   (m["derivation"] or {}).get("value"))
                  for g in shown["report"]["groups"] for m in g["measurements"])
    check(not wanted - got, f"{name}: tid1500reader: {sum(wanted.values())} measurements"
          + (f": {list(wanted - got)[:2]}" if wanted - got else ""))


def decimals(item):
    """(name, value as the Decimal String has it, unit) of every number."""
    if item["value_type"] == "NUM" and item["text"]:
        yield (item["name"]["meaning"], float(item["text"]), item["unit"]["value"])
    for child in item.get("children", []):
        yield from decimals(child)


def against_dsrdump(check, name, file, shown):
    if shutil.which("dsrdump") is None:
        return
    done = subprocess.run(["dsrdump", "+Pl", "+U8", file], capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        print(f"      {name}: not read by dsrdump")
        return
    number = re.compile(r'NUM:\(,,"(.*)"\)="([^"]*)" \((.*),UCUM,')
    coded = re.compile(r'CODE:\(,,"(.*)"\)=\(([^,]*),([^,]*),"')
    wanted = Counter((m[1], float(m[2]), m[3]) for m in number.finditer(done.stdout))
    wanted += Counter((m[1], m[2], m[3]) for m in coded.finditer(done.stdout))
    got = Counter(decimals(shown["content"]))
    for _, _, kind, concept, value in ours(shown["content"]):
        if kind == "CODE" and value and concept:
            got[(concept[2], value[0], value[1])] += 1
    check(not wanted - got, f"{name}: dsrdump: {sum(wanted.values())} numbers and codes"
          + (f": {list(wanted - got)[:2]}" if wanted - got else ""))
    verified = "Verification Flag   : VERIFIED" in done.stdout
    check(verified == (shown["document"]["verification"] == "VERIFIED"), f"{name}: dsrdump: verified {verified}")


def report(check, file, name, work):
    data = pydicom.dcmread(file)
    shown, why = show(file)
    if not check(shown is not None, f"{name}: shown {why}"):
        return
    fault = harness.fits_schema(shown, "show.schema.json")
    check(not fault, f"{name}: fits the schema {fault}")
    against_pydicom(check, name, data, shown)
    if shown["kind"] == "structured_report":
        against_highdicom(check, name, file, shown)
        against_dcmqi(check, name, file, shown, work)
    against_dsrdump(check, name, file, shown)


# ---------------------------------------------------------------- segmentations

def frame_placement(seg, index):
    """(segment, position, row, column, spacing, thickness); None where the header does not say it."""
    shared, own = seg.SharedFunctionalGroupsSequence[0], seg.PerFrameFunctionalGroupsSequence[index]

    def found(name):
        return own[name][0] if name in own else (shared[name][0] if name in shared else None)
    segment = found("SegmentIdentificationSequence")
    place, plane, measures = map(found, ("PlanePositionSequence", "PlaneOrientationSequence",
                                         "PixelMeasuresSequence"))
    if place is None or plane is None or measures is None:
        return segment.ReferencedSegmentNumber, None
    row, column = np.reshape([float(v) for v in plane.ImageOrientationPatient], (2, 3))
    spacing = [float(v) for v in measures.PixelSpacing]
    thickness = measures.get("SpacingBetweenSlices") if "PixelMeasuresSequence" in shared else None
    thickness = float(thickness or measures.get("SliceThickness"))
    first = np.array([float(v) for v in place.ImagePositionPatient])
    return segment.ReferencedSegmentNumber, (first, row, column, spacing, thickness)


def segmentation(check, file, name):
    data = pydicom.dcmread(file)
    shown, why = show(file)
    if not check(shown is not None, f"{name}: shown {why}"):
        return
    fault = harness.fits_schema(shown, "show.schema.json")
    check(not fault, f"{name}: fits the schema {fault}")
    found = {s["number"]: s for s in shown["segmentation"]["segments"]}
    listed = {int(s.SegmentNumber): (s.SegmentLabel, code(s.SegmentedPropertyTypeCodeSequence))
              for s in data.SegmentSequence}
    check(listed == {n: (s["label"], as_code(s["type"])) for n, s in found.items()},
          f"{name}: pydicom: {len(listed)} segments")
    if data.SegmentationType != "BINARY" or "PerFrameFunctionalGroupsSequence" not in data:
        check(all(s["voxels"] is None for s in found.values()), f"{name}: {data.SegmentationType}: not counted")
        return
    syntax = data.file_meta.TransferSyntaxUID
    if not syntax.is_transfer_syntax or syntax.is_encapsulated:
        check(all(s["voxels"] is None for s in found.values()), f"{name}: compressed: not counted")
        return
    if int(data.get("NumberOfFrames", 0)) != len(data.PerFrameFunctionalGroupsSequence):
        check(any(p["where"] == "Number of Frames" for p in shown["problems"]),
              f"{name}: its frames contradict its header, and that is said")
        return
    pixels = data.pixel_array.reshape(-1, data.Rows, data.Columns)
    sums = {n: [0, 0, 0.0, np.zeros(3)] for n in listed}
    placed = True
    for index, frame in enumerate(pixels):
        number, placement = frame_placement(data, index)
        total = sums[number]
        r, c = np.nonzero(frame)
        total[0] += 1
        total[1] += len(r)
        placed = placed and placement is not None
        if placement is None:
            continue
        first, row, column, spacing, thickness = placement
        mm3 = spacing[0] * spacing[1] * thickness
        total[2] += mm3 * len(r)
        total[3] += mm3 * (len(r) * first + (c * spacing[1]).sum() * row + (r * spacing[0]).sum() * column)
    worst = 0.0
    same = True
    for number, (frames, voxels, mm3, moment) in sums.items():
        mine = found[number]
        same = same and mine["frames"] == frames and mine["voxels"] == voxels
        if not placed:
            same = same and mine["volume_mm3"] is None
            continue
        same = same and abs(mine["volume_mm3"] - mm3) <= 1e-9 * max(mm3, 1)
        if voxels:
            worst = max(worst, float(np.abs(np.array(mine["centroid_mm"]) - moment / mm3).max()))
    check(same and worst < 1e-6, f"{name}: {sum(s[1] for s in sums.values())} voxels and their volumes as "
          f"pydicom's, centroids to {worst:.1e} mm")


# ---------------------------------------------------------------- made here

def concept(value, scheme, meaning):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def text_report(file, charset, text, syntax=ExplicitVRLittleEndian):
    """A Basic Text SR of one text and one name, as pydicom encodes them (not half-width katakana, nor GB
    2312 with code extensions: these it cannot write)."""
    data = Dataset()
    data.SpecificCharacterSet = charset
    data.SOPClassUID, data.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.88.11", pydicom.uid.generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    data.Modality, data.PatientName = "SR", ""
    data.CompletionFlag, data.VerificationFlag, data.ValueType = "COMPLETE", "UNVERIFIED", "CONTAINER"
    data.ContinuityOfContent = "SEPARATE"
    data.ConceptNameCodeSequence = [concept("11528-7", "LN", "Radiology Report")]
    item, name = Dataset(), Dataset()
    item.RelationshipType, item.ValueType, item.TextValue = "CONTAINS", "TEXT", text
    item.ConceptNameCodeSequence = [concept("121071", "DCM", "Finding")]
    name.RelationshipType, name.ValueType, name.PersonName = "HAS OBS CONTEXT", "PNAME", text.split("\n")[0]
    name.ConceptNameCodeSequence = [concept("121008", "DCM", "Person Observer Name")]
    data.ContentSequence = [name, item]
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = \
        data.SOPClassUID, data.SOPInstanceUID
    data.save_as(file, enforce_file_format=True)


def character_sets(check, work):
    texts = [("", "plain"), ("ISO_IR 100", "Äneas^Rüdiger"), ("ISO_IR 101", "Łódź"), ("ISO_IR 144", "Люкceмбypг"),
             ("ISO_IR 126", "Διονυσιος"), ("ISO_IR 127", "قباني^لنزار"), ("ISO_IR 138", "שרון^דבורה"),
             ("ISO_IR 148", "Çavuşoğlu"), ("ISO_IR 166", "สวัสดี"), ("ISO_IR 192", "Größe µm³ 大きさ"),
             ("GB18030", "王^小东"), ("GBK", "王^小东"), (["", "ISO 2022 IR 87"], "山田^太郎\nやまだ"),
             (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ 山田"), (["", "ISO 2022 IR 149"], "홍길동 洪吉洞"),
             (["ISO 2022 IR 100", "ISO 2022 IR 126"], "Größe Διο")]
    for charset, text in texts:
        file = work / "text.dcm"
        text_report(file, charset, text)
        data = pydicom.dcmread(file)
        shown, why = show(file)
        got = [i["value"] for i in shown["content"]["children"]] if shown else why
        wanted = [str(data.ContentSequence[0].PersonName), data.ContentSequence[1].TextValue]
        check(got == wanted and shown["problems"] == [] and wanted[1] == text,
              f"{charset}: {got}")
    for file in sorted((WHEEL / "charset_files").glob("*.dcm")):
        data = pydicom.dcmread(file)
        wanted = str(data.get("PatientName", "")).rstrip("=")
        shown, why = show(file)
        got = shown["object"]["patient"]["name"].rstrip("=") if shown else why
        check(got == wanted, f"{file.name}: {got}")


def key_objects(check, work):
    image = pydicom.dcmread(harness.DATA / "sr_seg" / "highdicom_test_files" / "ct_image.dcm")
    content = hd.ko.KeyObjectSelection(
        document_title=hd.sr.CodedConcept("113000", "DCM", "Of Interest"), referenced_objects=[image],
        observer_person_context=hd.sr.ObserverContext(
            hd.sr.CodedConcept("121006", "DCM", "Person"), hd.sr.PersonObserverIdentifyingAttributes("Doe^Jane")),
        description="Look here")
    document = hd.ko.KeyObjectSelectionDocument(
        evidence=[image], content=content, series_instance_uid=hd.UID(), series_number=3,
        sop_instance_uid=hd.UID(), instance_number=1, manufacturer="highdicom")
    file = work / "kos.dcm"
    document.save_as(file)
    report(check, file, "highdicom's key objects", work)
    shown, _ = show(file)
    keys = shown["key_objects"]
    check(shown["kind"] == "key_objects" and keys["title"]["value"] == "113000"
          and keys["descriptions"] == ["Look here"] and keys["observers"][0]["name"] == "Doe^Jane"
          and [r["sop_instance_uid"] for r in keys["references"]] == [image.SOPInstanceUID],
          "highdicom's key objects: title, observer, description and image")


def syntaxes(check, work):
    """The same report in other transfer syntaxes says the same."""
    source = harness.DATA / "sr_seg" / "sr-example" / "sr.dcm"
    wanted = show(source)[0]["content"]
    for syntax in (ImplicitVRLittleEndian, pydicom.uid.ExplicitVRBigEndian, pydicom.uid.DeflatedExplicitVRLittleEndian):
        data = pydicom.dcmread(source)
        list(data.iterall())
        data.file_meta.TransferSyntaxUID = syntax
        file = work / "other.dcm"
        pydicom.dcmwrite(file, copy.deepcopy(data), implicit_vr=syntax.is_implicit_VR,
                         little_endian=syntax.is_little_endian)
        shown, why = show(file)
        check(shown is not None and shown["content"] == wanted, f"{syntax.name}: the same content {why}")


def patient(check, work):
    """Without --patient nothing says who the patient is."""
    file = work / "subject.dcm"
    data = pydicom.dcmread(harness.DATA / "sr_seg" / "sr-example" / "sr.dcm")
    subject = Dataset()
    subject.RelationshipType, subject.ValueType, subject.PersonName = "HAS OBS CONTEXT", "PNAME", "Secret^Patient"
    subject.ConceptNameCodeSequence = [concept("121029", "DCM", "Subject Name")]
    data.ContentSequence.append(subject)
    data.PatientName = "Secret^Patient"
    data.PatientID = "SECRET-4711"
    data.save_as(file)
    for options in ([], ["--tree"], ["--json"]):
        out = harness.osler("show", file, *options).out
        check("Secret" not in out and "4711" not in out, f"show {options}: no patient")
    check("Secret^Patient" in harness.osler("show", file, "--patient").out, "show --patient: the patient")


def hostile(check, work):
    """Cut and changed files: an answer or a typed error, never a crash, nothing that moves a cursor."""
    sources = [harness.DATA / "sr_seg" / "sr-example" / "sr.dcm", harness.DATA / "sr_seg" / "sr-example" / "seg.dcm",
               harness.DATA / "sr_seg" / "highdicom_test_files" / "sr_document_with_multiple_groups.dcm"]
    dice = random.Random(7)
    codes, faults = Counter(), []
    for source in sources:
        whole = source.read_bytes()
        for round_ in range(60):
            bytes_ = bytearray(whole)
            if round_ % 2:
                bytes_ = bytes_[:dice.randrange(len(bytes_))]
            else:
                for _ in range(dice.choice([1, 10, 200])):
                    bytes_[dice.randrange(132, len(bytes_))] = dice.choice([0, 0xFF, 0x1B, 0x0A, dice.randrange(256)])
            file = work / "hostile.dcm"
            file.write_bytes(bytes_)
            done = harness.osler("show", file, "--tree" if round_ % 3 else "--json")
            codes[done.code] += 1
            if done.code not in (0, 3) or any(ord(c) < 32 and c != "\n" for c in done.text):
                faults.append((source.name, round_, done.code))
    check(not faults, f"180 damaged files: exit codes {dict(codes)} {faults[:3]}")


def main():
    folder = harness.need(harness.DATA / "sr_seg", "sr_seg of OSLER_TEST_DATA")
    check = Checks()
    with harness.working_folder() as work:
        files = sorted(folder.rglob("*.dcm")) + sorted((WHEEL / "test_files").glob("*.dcm"))
        head = Path(os.environ.get("OSLER_SAMPLES", harness.ROOT / "out" / "sample")) / "head-mr"
        if head.is_dir() and harness.run(head, work / "out").code == 0:
            files += sorted((work / "out").rglob("*.dcm"))
        else:
            print("      not run: the sample head-mr (OSLER_SAMPLES)")
        reports = 0
        for file in files:
            try:
                data = pydicom.dcmread(file, stop_before_pixels=True)
            except Exception:
                continue
            name = str(file.relative_to(work)) if file.is_relative_to(work) else file.name
            if "ContentSequence" in data and "ValueType" in data:
                report(check, file, name, work)
                reports += 1
            elif data.get("SOPClassUID") in SEG and "BigEndian" not in name:
                segmentation(check, file, name)
        check(reports >= 5, f"{reports} reports of others and ours")
        key_objects(check, work)
        character_sets(check, work)
        syntaxes(check, work)
        patient(check, work)
        hostile(check, work)
    check.finish()


main()
