#!/usr/bin/env python3
"""Holds what `osler verify --json` prints against docs/schema/verify.schema.json and against the report that
it wrote, as pydicom reads that.

usage: check_verify_json.py     (OSLER_PROGRAM names the program)

The report is the small one of the fuzz seeds. The schema must also refuse: each answer with one member
taken out or of another type. Exit 77: skipped.
"""
import copy
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "end_to_end"))
import harness  # noqa: E402  (finds the judges' Python, and goes on in it)
from harness import Checks, pydicom  # noqa: E402

REPORT = Path(__file__).resolve().parents[1] / "fuzz" / "corpus" / "reading" / "sr"
SCHEMA = "verify.schema.json"
FRONT, BACK = "Left hippocampus, anterior part", "Left hippocampus, posterior part"
CASES = {
    "accepted": ([], (4, [], [])),
    "rejected": (["--reject", "#1", "--reason", "leaks"], (3, [FRONT], [])),
    "corrected": (["--correct", f"{BACK}=5 mm3"], (3, [], [f"{BACK}, Volume: 2221.233 -> 5 mm3"])),
    "both": (["--reject", FRONT, "--correct", "#2=5 mm3"], (2, [FRONT], [f"{BACK}, Volume: 2221.233 -> 5 mm3"])),
}


def main():
    check = Checks()
    before = pydicom.dcmread(REPORT)
    known = set(json.loads((harness.ROOT / "docs" / "schema" / SCHEMA).read_text())["properties"])
    with harness.working_folder() as work:
        for name, (options, expected) in CASES.items():
            out = work / f"{name}.dcm"
            done = harness.osler("verify", REPORT, "--as", "Osler^William", "--out", out, "--json", *options)
            if not check(done.code == 0, f"{name}: verified {done.message if done.code else ''}"):
                continue
            answer = json.loads(done.out)
            fault = harness.fits_schema(answer, SCHEMA)
            check(not fault and set(answer) == known, f"{name}: fits the schema {fault}")
            after = pydicom.dcmread(out)
            check((answer["sop_instance_uid"], answer["series_uid"], answer["predecessor_uid"], answer["file"])
                  == (after.SOPInstanceUID, after.SeriesInstanceUID, before.SOPInstanceUID, str(out)),
                  f"{name}: the UIDs are those that pydicom reads")
            found = (answer["accepted"], answer["rejected"], answer["corrected"])
            check(found == expected, f"{name}: {found}")
            changed = [{k: v for k, v in answer.items() if k != key} for key in answer]
            changed += [copy.deepcopy(answer) | {key: None} for key in answer]
            changed += [answer | {"accepted": -1}, answer | {"series_uid": "x"}, answer | {"rejected": [1]},
                        answer | {"corrected": ["5 mm3"]}]
            refused = sum(bool(harness.fits_schema(one, SCHEMA)) for one in changed)
            check(refused == len(changed), f"{name}: {refused} of {len(changed)} changed answers are refused")
    check.finish()


if __name__ == "__main__":
    main()
