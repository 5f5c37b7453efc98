#!/usr/bin/env python3
"""`osler models` and what stands below it: exit codes, JSON, and that the shipped packages pass."""
import json
import shutil
import sys

import harness
from harness import EXIT_BAD_INPUT, EXIT_OK, EXIT_USAGE, Checks

MODEL = harness.ROOT / "models" / "hippocampus-t1"
check_that = Checks()


def check(work):
    """A package as it is shipped, one that is wrong in several things, and none."""
    done = harness.osler("models", "check", MODEL)
    check_that(done.code == EXIT_OK, f"shipped: exit {done.code}: {done.out}")
    package = shutil.copytree(MODEL, work / "package")
    description = json.loads((package / "model.json").read_text())
    description["weights"]["sha256"] = "0" * 64
    description["colour"] = "red"
    del description["gives"]["segments"][1]["type"]
    (package / "model.json").write_text(json.dumps(description))
    done = harness.osler("models", "check", "--json", MODEL, package)
    check_that(done.code == EXIT_BAD_INPUT, f"wrong: exit {done.code}")
    good, bad = json.loads(done.out)["packages"]
    check_that(good["ok"] and not good["problems"] and len(good["digest"]) == 64, "JSON of the good one")
    found = {problem["where"]: problem["what"] for problem in bad["problems"]}
    check_that(sorted(found) == ["/colour", "/gives/segments/1/type", "/weights/sha256"], f"problems: {sorted(found)}")
    right = json.loads((MODEL / "model.json").read_text())["weights"]["sha256"]
    check_that(right in found.get("/weights/sha256", ""), "the right digest is printed")
    done = harness.osler("models", "check", work / "nowhere")
    check_that(done.code == EXIT_BAD_INPUT and "model.json" in done.err, f"none: {done.message}")
    done = harness.osler("models", "check")
    check_that(done.code == EXIT_USAGE, f"no folder: exit {done.code}")


with harness.working_folder() as folder:
    {"check": check}[sys.argv[1]](folder)
check_that.finish()
