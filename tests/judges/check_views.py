#!/usr/bin/env python3
"""Judges the FHIR bundles and PDF reports that tests/report_views_test.cpp (ViewsForJudges) wrote, with
readers that the project did not write.

usage: check_views.py FOLDER   ("judged views")

bundle.json: the pydantic models of fhir.resources (R4B, 4.3.0) take it; every reference resolves in it to
a resource that may stand there; its volumes, units, codes of sites and methods, tracking UIDs, segment numbers and presences are those of
sr.dcm as pydicom reads it. report.pdf: poppler's pdftotext finds the patient, the banner on every page
and every volume; pdffonts says that all fonts are embedded; single characters look as Pillow draws them
from the same font. pdf.dcm: dciodvfy has no error, pydicom finds the same PDF.
Exit 77 without fhir.resources, Pillow, poppler-utils or dciodvfy (tools/setup --tests).
"""
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import judging
from judging import fault, faults

judging.use_judges()
try:
    import numpy as np
    import pydantic
    import pydicom
    from fhir.resources.R4B.bundle import Bundle
    from PIL import Image, ImageDraw, ImageFont
except ImportError as missing:
    judging.skip_without(missing)
for tool in ("pdftotext", "pdftoppm", "pdffonts", "dciodvfy"):
    if shutil.which(tool) is None:
        judging.skip(f"needs {tool} (tools/setup --tests)")

SYSTEMS = {"http://snomed.info/sct": "SCT", "http://dicom.nema.org/resources/ontology/DCM": "DCM",
           "http://unitsofmeasure.org": "UCUM", "http://terminology.hl7.org/CodeSystem/umls": "UMLS"}
ALIKE = 0.75  # of the ink, drawn by two rasterisers at 300 dpi; a character with a part missing has < 0.6
counts = {"resources": 0, "references": 0, "measurements": 0, "evaluations": 0, "pages": 0, "glyphs": 0}


def run(*command):
    return subprocess.run([str(c) for c in command], capture_output=True)


def children(item):
    return item.get("ContentSequence", [])


def concept(item, word="ConceptNameCodeSequence"):
    code = item[word][0]
    return code.get("CodeValue") or code.get("LongCodeValue"), code.CodingSchemeDesignator


def child(item, value):
    return next((c for c in children(item) if "ConceptNameCodeSequence" in c and concept(c)[0] == value), None)


def coded(codeable, index=0):
    coding = codeable["coding"][index]
    return coding["code"], SYSTEMS.get(coding.get("system"), coding.get("system"))


def groups_of(sr):
    for top in children(sr):
        if top.ValueType == "CONTAINER" and concept(top)[0] == "126010":
            yield from children(top)


def check_volume(where, group, number, observation, structure, selection):
    value = number.MeasuredValueSequence[0]
    quantity = observation.get("valueQuantity", {})
    if float(value.NumericValue) != quantity.get("value"):
        fault(where, f"{quantity.get('value')}, not {value.NumericValue}")
    unit = value.MeasurementUnitsCodeSequence[0]
    if (unit.CodeValue, unit.CodingSchemeDesignator) != (quantity.get("code"), SYSTEMS.get(quantity.get("system"))):
        fault(where, f"unit {quantity.get('code')}, not {unit.CodeValue}")
    if concept(number)[1] != "99OSLER" and coded(observation["code"]) != concept(number):
        fault(where, f"code {coded(observation['code'])}, not {concept(number)}")
    site = child(group, "363698007")
    if site is not None:
        want = concept(site, "ConceptCodeSequence")
        if coded(observation["bodySite"]) != want or coded(structure["location"]) != want:
            fault(where, f"site {coded(observation['bodySite'])}, not {want}")
        modifiers = [concept(m, "ConceptCodeSequence") for m in children(site)]
        if [coded(q) for q in structure.get("locationQualifier", [])] != modifiers:
            fault(where, f"site qualifiers {structure.get('locationQualifier')}, not {modifiers}")
        side = child(site, "272741003")
        expression = f"{want[0]}:272741003={concept(side, 'ConceptCodeSequence')[0]}"
        if coded(observation["bodySite"], 1) != (expression, "SCT"):
            fault(where, f"expression {coded(observation['bodySite'], 1)}, not {expression}")
    method = child(group, "370129005")
    if method is not None and coded(observation["method"]) != concept(method, "ConceptCodeSequence"):
        fault(where, "another method")
    segment = child(group, "121191")
    if segment is not None:
        reference = segment.ReferencedSOPSequence[0]
        numbers = reference.ReferencedSegmentNumber
        numbers = [numbers] if isinstance(numbers, int) else list(numbers)
        parts = next(e for e in selection["extension"] if e["url"].endswith(".instance"))["extension"]
        if parts[0]["valueId"] != reference.ReferencedSOPInstanceUID or \
                [int(p["valueString"]) for p in parts if p["url"] == "subset"] != numbers:
            fault(where, f"segments {parts}, not {numbers}")


def check_model(where, model, by_url):
    """What the models know and do not enforce: which types a reference may have, codes of small sets."""
    for name, field in type(model).model_fields.items():
        value, known = getattr(model, name), field.json_schema_extra or {}
        for part in value if isinstance(value, list) else [value]:
            types = known.get("enum_reference_types", ["Resource"])
            target = by_url.get(getattr(part, "reference", None))
            if "Resource" not in types and target is not None and target["resourceType"] not in types:
                fault(where, f"{type(model).__name__}.{name} may not be a {target['resourceType']}")
            codes = known.get("enum_values", [])
            if isinstance(part, str) and codes and part not in codes and "+" not in codes:
                fault(where, f"{type(model).__name__}.{name} may not be {part}")
            if hasattr(type(part), "model_fields"):
                check_model(where, part, by_url)


def check_bundle(where, folder):
    text = (folder / "bundle.json").read_text(encoding="utf-8")
    bundle = json.loads(text)
    try:
        model = Bundle.model_validate_json(text)
        check_model(where, model, {e["fullUrl"]: e["resource"] for e in bundle["entry"]})
    except pydantic.ValidationError as problem:
        fault(where, f"fhir.resources: {str(problem)[:400]}")
    if re.search(r"\\u00[01]|\\[bfnrt]|\x7f|[\x80-\x9f]", text):
        fault(where, "control characters")
    by_url = {e["fullUrl"]: e["resource"] for e in bundle["entry"]}
    counts["resources"] += len(by_url)
    if len(by_url) != len(bundle["entry"]):
        fault(where, "a fullUrl twice")

    def walk(value):
        if isinstance(value, dict):
            if isinstance(value.get("reference"), str):
                counts["references"] += 1
                target = by_url.get(value["reference"])
                if target is None or target["resourceType"] != value.get("type"):
                    fault(where, f"{value['reference']} does not resolve to {value.get('type')}")
            if not value or any(v in ("", [], {}, None) for v in value.values()):
                fault(where, f"an empty element in {str(value)[:80]}")
        for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(part)

    walk(bundle)
    sr = pydicom.dcmread(folder / "sr.dcm")
    observations = [r for r in by_url.values() if r["resourceType"] == "Observation"]
    tracked = {}
    for observation in observations:
        focus = [by_url[f["reference"]] for f in observation.get("focus", [])]
        for structure in (f for f in focus if f["resourceType"] == "BodyStructure"):
            selection = next((f for f in focus if f["resourceType"] == "Basic"), None)
            tracked[structure["identifier"][1]["value"].removeprefix("urn:oid:")] = (observation, structure, selection)
    groups = list(groups_of(sr))
    if len(groups) != len(tracked):
        fault(where, f"{len(tracked)} tracked observations, {len(groups)} groups in the SR")
    for group in groups:
        uid = child(group, "112040").UID
        if uid not in tracked:
            fault(where, f"tracking UID {uid} is not in the bundle")
            continue
        observation, structure, selection = tracked[uid]
        here = f"{where} {child(group, '112039').TextValue}"
        presence = child(group, "121052")
        number = next(c for c in children(group) if c.ValueType == "NUM")
        if presence is None:
            counts["measurements"] += 1
            check_volume(here, group, number, observation, structure, selection)
            continue
        counts["evaluations"] += 1
        if coded(observation["valueCodeableConcept"]) != concept(presence, "ConceptCodeSequence"):
            fault(here, "another presence")
        if coded(observation["code"]) != concept(child(group, "121071"), "ConceptCodeSequence"):
            fault(here, "another class")
        if observation["component"][0]["valueQuantity"]["value"] != float(number.MeasuredValueSequence[0].NumericValue):
            fault(here, "another probability")
    remarks = next((children(c) for c in children(sr) if c.ValueType == "CONTAINER" and concept(c)[0] == "C0034375"), [])
    texts = [o["valueCodeableConcept"]["text"] for o in observations
             if coded(o["category"][1])[0] == "C0034375"]
    if [r.TextValue for r in remarks] != texts:
        fault(where, f"remarks {texts}, not {[r.TextValue for r in remarks]}")
    patient = next(r for r in by_url.values() if r["resourceType"] == "Patient")
    if "ufffd" not in json.dumps(patient) and "\x1b" not in str(sr.PatientName.alphabetic):
        name = str(sr.PatientName.decode().alphabetic).split("^")
        if patient["name"][0].get("family") != name[0]:
            fault(where, "family name of another patient")
    return bundle


def words_of(pdf):
    return run("pdftotext", "-layout", pdf, "-").stdout.decode("utf-8")


def check_pdf(where, folder):
    sr = pydicom.dcmread(folder / "sr.dcm")
    text = words_of(folder / "report.pdf")
    pages = text.split("\f")[:-1]
    counts["pages"] += len(pages)
    for i, page in enumerate(pages):
        if "AI, unverified; not for clinical use" not in page or f"page {i + 1} of {len(pages)}" not in page:
            fault(where, f"page {i + 1} without banner or number")
    if str(sr.PatientID) not in text:
        fault(where, "no patient ID in the PDF")
    name = str(sr.PatientName.decode())
    if name.isprintable() and "\ufffd" not in name and len(name) < 60 and name not in text:
        fault(where, "no patient name in the PDF")
    if "kanji" in where and "Yamada^Tarou=山田^太郎=やまだ^たろう" not in text:  # PS3.5 H.3.1
        fault(where, "no kanji in the PDF")
    for group in groups_of(sr):
        number = next(c for c in children(group) if c.ValueType == "NUM")
        if concept(number)[0] != "118565006":
            continue
        label = child(group, "112039").TextValue
        ml = f"{float(number.MeasuredValueSequence[0].NumericValue) / 1000:.2f}"
        if not re.search(rf"{re.escape(label)} +{ml} ", text):
            fault(where, f"no row {label} {ml}")
    fonts = run("pdffonts", folder / "report.pdf").stdout.decode().splitlines()[2:]
    if not fonts or not all(re.search(r" yes yes yes +\d+ +\d+$", f) for f in fonts):
        fault(where, f"fonts that are not embedded: {fonts}")
    plain = words_of(folder / "no-fonts.pdf")
    if "AI, unverified" not in plain or "DejaVu" in run("pdffonts", folder / "no-fonts.pdf").stdout.decode():
        fault(where, "without fonts: no banner, or a font that should not be there")
    if any(ord(c) > 255 for c in name) and "lack are printed as ?" not in plain:
        fault(where, "without fonts: it does not say that characters are missing")
    if where == "hostile" and "<script>" not in text.replace("\n", ""):
        fault(where, "the hostile name is not printed as it is")

    ds = pydicom.dcmread(folder / "pdf.dcm")
    pdf = (folder / "report.pdf").read_bytes()
    if ds.EncapsulatedDocument[:ds.EncapsulatedDocumentLength] != pdf or len(ds.EncapsulatedDocument) % 2:
        fault(where, "pdf.dcm does not hold report.pdf")
    for word, want in (("SOPClassUID", "1.2.840.10008.5.1.4.1.1.104.1"), ("Modality", "DOC"),
                       ("BurnedInAnnotation", "YES"), ("MIMETypeOfEncapsulatedDocument", "application/pdf"),
                       ("StudyInstanceUID", sr.StudyInstanceUID), ("PatientName", sr.PatientName)):
        if ds.get(word) != want:
            fault(where, f"pdf.dcm: {word} is {ds.get(word)}")
    errors = [l for l in run("dciodvfy", folder / "pdf.dcm").stderr.decode("latin-1").splitlines() if l.startswith("Error")]
    known = run("dciodvfy", folder / "sr.dcm").stderr.decode("latin-1").splitlines()
    for line in errors:
        if line not in known:  # what the source's own header breaks is copied
            fault(where, f"dciodvfy: {line}")


def check_glyph(pdf):
    """The one character of the patient's name, against Pillow's drawing of it."""
    character = pdf.stem
    counts["glyphs"] += 1
    boxes = run("pdftotext", "-bbox", pdf, "-").stdout.decode("utf-8")
    box = re.search(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">' + character, boxes)
    if box is None:
        fault(pdf.name, "not found by pdftotext")
        return
    scale = 600 / 72
    left, top, right, bottom = (float(v) * scale for v in box.groups())
    page = Image.open(io.BytesIO(run("pdftoppm", "-r", 600, "-f", 1, "-l", 1, "-gray", pdf).stdout))
    ours = np.asarray(page.crop((int(left) - 4, int(top) - 6, int(right) + 4, int(bottom) + 6))) < 128
    font = ("truetype/dejavu/DejaVuSans.ttf" if ord(character) < 0x2000 else
            "../fonts-droid-fallback/truetype/DroidSansFallback.ttf")
    font = ImageFont.truetype(str(Path("/usr/share/fonts") / font), 9 * scale)
    image = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(image).text((40, 40), character, font=font, fill=0)
    theirs = np.asarray(image) < 128

    def ink(bits):
        rows, columns = np.where(bits.any(1))[0], np.where(bits.any(0))[0]
        cut = bits[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
        return np.asarray(Image.fromarray(cut).resize((64, 64)))

    if not ours.any():
        fault(pdf.name, "nothing is drawn")
        return
    a, b = ink(ours), ink(theirs)
    alike = (a & b).sum() / (a | b).sum()
    if alike < ALIKE:
        fault(pdf.name, f"{alike:.2f} of the ink is where Pillow draws it")


def main(root):
    sets = sorted(p for p in root.iterdir() if (p / "bundle.json").exists())
    ids = {}
    for folder in sets:
        bundle = check_bundle(folder.name, folder)
        ids[folder.name] = bundle["id"]
        check_pdf(folder.name, folder)
    for pdf in sorted((root / "glyphs").glob("*.pdf")):
        check_glyph(pdf)
    for text in faults:
        print(text)
    print(f"{len(sets)} sets: " + ", ".join(f"{n} {what}" for what, n in counts.items()) + f": {len(faults)} faults")
    return 1 if faults or len(sets) < 8 or min(counts.values()) == 0 else 0


sys.exit(main(Path(sys.argv[1])))
