"""Segments of a package from the names of labels: codes where they are certain, colours, values.

A name that the table below knows gets its SNOMED CT code as DICOM PS3.16 prints it; any other gets
a code of its own (99OSLER), so that no code is a guess. `check_codes.py` holds the table against
pydicom's copy of the dictionary.
"""

import json
import re

from package import Refused, colour

CATEGORY = {"value": "123037004", "scheme": "SCT", "meaning": "Body structure"}
SIDES = {"left": {"value": "7771000", "scheme": "SCT", "meaning": "Left"},
         "right": {"value": "24028007", "scheme": "SCT", "meaning": "Right"}}
LONGEST_CODE = 16  # DICOM's Code Value is an SH

# name without its side -> code, meaning
CODES = {
    "adrenal_gland": ("23451007", "Adrenal gland"),
    "amygdala": ("4958002", "Amygdala"),
    "aorta": ("15825003", "Aorta"),
    "brain": ("12738006", "Brain"),
    "brainstem": ("119238007", "Brain Stem"),
    "caudate": ("11000004", "Caudate Nucleus"),
    "cerebellum": ("113305005", "Cerebellum"),
    "cerebellum_cortex": ("25991003", "Cerebellar Cortex"),
    "cerebellum_white_matter": ("33060004", "Cerebellar White Matter"),
    "clavicula": ("51299004", "Clavicle"),
    "colon": ("71854001", "Colon"),
    "duodenum": ("38848004", "Duodenum"),
    "esophagus": ("32849002", "Esophagus"),
    "femur": ("71341001", "Femur"),
    "fourth_ventricle": ("35918002", "Fourth Ventricle"),
    "gallbladder": ("28231008", "Gallbladder"),
    "heart": ("80891009", "Heart"),
    "heart_atrium_left": ("82471001", "Left atrium"),
    "heart_atrium_right": ("73829009", "Right atrium"),
    "heart_ventricle_left": ("87878005", "Left ventricle"),
    "heart_ventricle_right": ("53085002", "Right ventricle"),
    "hippocampus": ("5366008", "Hippocampus"),
    "humerus": ("85050009", "Humerus"),
    "iliac_artery": ("10293006", "Iliac artery"),
    "iliac_vena": ("244411005", "Iliac vein"),
    "inferior_vena_cava": ("64131007", "Inferior vena cava"),
    "kidney": ("64033007", "Kidney"),
    "lateral_ventricle": ("66720007", "Lateral Ventricle"),
    "liver": ("10200004", "Liver"),
    "lung": ("39607008", "Lung"),
    "lung_lower_lobe": ("90572001", "Lower lobe of lung"),
    "lung_middle_lobe_right": ("72481006", "Middle lobe of right lung"),
    "lung_upper_lobe": ("45653009", "Upper lobe of lung"),
    "pancreas": ("15776009", "Pancreas"),
    "portal_vein": ("32764006", "Portal vein"),
    "prostate": ("41216001", "Prostate"),
    "putamen": ("89278009", "Putamen"),
    "rectum": ("34402009", "Rectum"),
    "sacrum": ("54735007", "Sacrum"),
    "scapula": ("79601000", "Scapula"),
    "skull": ("89546000", "Skull"),
    "small_bowel": ("30315005", "Small intestine"),
    "spinal_cord": ("2748008", "Spinal cord"),
    "spleen": ("78961009", "Spleen"),
    "sternum": ("56873002", "Sternum"),
    "stomach": ("69695003", "Stomach"),
    "superior_vena_cava": ("48345005", "Superior vena cava"),
    "thalamus": ("42695009", "Thalamus"),
    "third_ventricle": ("49841001", "Third ventricle"),
    "thyroid_gland": ("69748006", "Thyroid"),
    "trachea": ("44567001", "Trachea"),
    "urinary_bladder": ("89837001", "Bladder"),
    "uterus": ("35039007", "Uterus"),
}
VERTEBRAE = {"C": "14806007 39976000 113205007 5329002 36978003 36054005 87391001",
             "T": "64864005 53733008 1626008 73071006 56401006 45296009 62487009 11068009 82687006 "
                  "7610001 12989004 23215003",
             "L": "66794005 14293000 36470004 11994002 49668003"}
for region, codes in VERTEBRAE.items():
    for level, code in enumerate(codes.split(), 1):
        CODES[f"vertebrae_{region.lower()}{level}"] = (code, f"{region}{level} vertebra")
# other spellings of the same names
SAME = {"oesophagus": "esophagus", "bladder": "urinary_bladder", "gall_bladder": "gallbladder",
        "postcava": "inferior_vena_cava", "brain_stem": "brainstem", "clavicle": "clavicula",
        "small_intestine": "small_bowel", "caudate_nucleus": "caudate", "thyroid": "thyroid_gland",
        "3rd_ventricle": "third_ventricle", "adrenal": "adrenal_gland",
        "4th_ventricle": "fourth_ventricle", "cerebellar_cortex": "cerebellum_cortex"}


def plain(name):
    return re.sub(r"[\s\-]+", "_", name.strip().lower())


def known_code(name):
    """@returns (code, meaning, side or None), or None for a name that the table does not hold"""
    words = plain(name)
    words = SAME.get(words, words)
    if words in CODES:
        return (*CODES[words], None)
    parts = words.split("_") if words else []
    sides = [part for part in parts if part in SIDES]
    if len(sides) != 1 or sides[0] not in (parts[0], parts[-1]):
        return None
    base = "_".join(part for part in parts if part != sides[0])
    base = SAME.get(base, base)
    return (*CODES[base], sides[0]) if base in CODES else None


def own_code(name, taken):
    """A code of at most 16 characters that no other segment has."""
    base = re.sub(r"[^A-Za-z0-9_.\-]+", "_", name.strip())[:LONGEST_CODE] or "segment"
    code, count = base, 1
    while code in taken:
        count += 1
        code = f"{base[:LONGEST_CODE - 1 - len(str(count))]}~{count}"
    return code


def read_overrides(file, names):
    """--segments: members of segments by the label's name in the training's description."""
    if file is None:
        return {}
    overrides = json.loads(file.read_text())
    for name, members in overrides.items():
        if name not in names:
            raise Refused(f"segment '{name}' of {file.name}", "is no label of this model")
        for member in members:
            if member not in ("label", "rgb", "category", "type", "laterality", "part"):
                raise Refused(f"member '{member}' of segment '{name}'", "is none that a segment has")
    return overrides


def make_segments(entries, overrides):
    """@param entries  (name, output channel, value) in the order of the channels"""
    taken, segments = set(), []
    for index, (name, output, value) in enumerate(entries):
        segment = {"label": name, "output": output}
        if value != output:
            segment["value"] = value
        known = known_code(name)
        if known:
            segment |= {"rgb": colour(index), "category": CATEGORY,
                        "type": {"value": known[0], "scheme": "SCT", "meaning": known[1]}}
            if known[2]:
                segment["laterality"] = SIDES[known[2]]
        else:
            code = own_code(name, taken)
            taken.add(code)
            segment |= {"rgb": colour(index), "category": CATEGORY,
                        "type": {"value": code, "scheme": "99OSLER", "meaning": name[:64]}}
        segments.append(segment | overrides.get(name, {}))
    return segments
