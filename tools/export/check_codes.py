#!/usr/bin/env python3
"""Holds the table of SNOMED CT codes in segments.py against pydicom's copy of DICOM's dictionary.

usage: check_codes.py. Exit code 0, 1 (a code is not there, or means something else) or 77 (no pydicom).
"""

import sys

from segments import CATEGORY, CODES, SAME, SIDES

try:
    from pydicom.sr._concepts_dict import concepts
except ImportError:
    print("skipped: no pydicom")
    sys.exit(77)


def main():
    meanings = {}
    for entries in concepts["SCT"].values():
        for code, (meaning, _) in entries.items():
            meanings.setdefault(code, set()).add(meaning.removesuffix(" (body structure)"))
    listed = [(name, *entry) for name, entry in CODES.items()]
    listed += [(name, code["value"], code["meaning"]) for name, code in SIDES.items()]
    listed.append(("category", CATEGORY["value"], CATEGORY["meaning"]))
    wrong = [f"{name}: {code} is {' or '.join(sorted(meanings.get(code, {'not there'})))}, not {meaning}"
             for name, code, meaning in listed if meaning not in meanings.get(code, ())]
    wrong += [f"{name}: stands for {same}, which is not in the table" for name, same in SAME.items()
              if same not in CODES]
    print("\n".join(wrong) or f"{len(listed)} codes have the meanings that DICOM prints")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
