"""Reports as `osler show --json` says them, beside pydicom, highdicom, dcmqi's tid1500reader and dsrdump."""
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import harness
from harness import hd, pydicom

TEXTS = {"TEXT": "TextValue", "PNAME": "PersonName", "UIDREF": "UID", "DATE": "Date", "TIME": "Time",
         "DATETIME": "DateTime"}


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
