#!/usr/bin/env python3
"""`osler show --json` beside pydicom, highdicom, DCMTK's dsrdump and dcmqi's tid1500reader.

usage: check_show.py     (OSLER_PROGRAM names the program; OSLER_SAMPLES the sample studies)

Every SR, Key Object Selection and segmentation of the test data, of pydicom's wheel, some that
highdicom and pydicom write here, and our own results. Whatever content item pydicom finds must stand
in the JSON with the same value, unit and codes. Exit 77: skipped.
"""
import copy
import os
import random
import sys
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "end_to_end"))
import harness  # noqa: E402  (finds the judges' Python, and goes on in it)
from harness import Checks, hd, pydicom  # noqa: E402

from pydicom.dataset import Dataset, FileMetaDataset  # noqa: E402
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian  # noqa: E402
from show_reports import report, show  # noqa: E402
from show_segmentations import segmentation  # noqa: E402

warnings.simplefilter("ignore")
WHEEL = Path(pydicom.__file__).parent / "data"
SEG = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")


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
