"""Lists skipped and failed tests of a JUnit file by name and counts all: count_tests.py JUNIT_XML"""

import re
import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    """passed, failed or skipped; CTest also writes <skipped> for a test that it could not start."""
    skip = case.find("skipped")
    if case.get("status") == "disabled":
        return "skipped"
    if skip is not None:
        return "skipped" if skip.get("message", "").startswith("SKIP_") else "failed"
    return "passed" if case.get("status") == "run" else "failed"


def reason(case):
    """What a test printed when it skipped: after 'Skipped' in GoogleTest, else its last line."""
    output = (case.findtext("system-out") or case.get("status")).strip()
    found = re.search(r"Skipped\s*\n([^\n]+)", output)
    return found.group(1).strip() if found else output.splitlines()[-1]


def main():
    cases = {"passed": [], "failed": [], "skipped": []}
    for case in ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
        cases[outcome(case)].append(case)
    for case in cases["skipped"]:
        print(f"skipped: {case.get('name')}: {reason(case)}")
    for case in cases["failed"]:
        print(f"failed: {case.get('name')}")
    print(", ".join(f"{len(cases[kind])} {kind}" for kind in ("passed", "failed", "skipped")))


if __name__ == "__main__":
    main()
