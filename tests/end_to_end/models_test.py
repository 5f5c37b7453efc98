#!/usr/bin/env python3
"""`osler models` and what stands below it: exit codes, JSON, and that the shipped packages pass."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

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


def need_export():
    """A Python with torch, for tools/export/aot."""
    place = Path(os.environ.get("OSLER_EXPORT", harness.CACHE / "export"))
    harness.need(place / "bin" / "python", "a Python with torch (OSLER_EXPORT)")


def optimise(work):
    """Compiled, timed, proven on the sample study, used by `osler run`, and by no other processor."""
    need_export()
    sample = harness.make_sample("head-mr", work / "sample")
    package = shutil.copytree(MODEL, work / "package")
    made = subprocess.run([harness.ROOT / "tools" / "export" / "aot", package], capture_output=True, text=True)
    check_that(made.returncode == 0, f"tools/export/aot: exit {made.returncode}: {made.stderr[-300:]}")
    done = harness.osler("models", "optimise", package, "--sample", sample, "--json")
    check_that(done.code == EXIT_OK, f"optimise: exit {done.code}: {done.err[-300:]}")
    variant = json.loads(done.out)
    ways = {way["name"]: way for way in variant["figures"]["ways"]}
    for name in ("frozen", "fused", "channels-last", "compiled"):
        way = ways.get(name, {})
        check_that(way.get("refused") == "" and way.get("other_labels") == 0,
                   f"{name}: {way.get('median_ms')} ms, {way.get('difference'):.1e} from the graph, "
                   f"{way.get('ties')} ties, refused: '{way.get('refused')}'")
    tried = variant["figures"]["samples"][-1]
    check_that(tried["labelled"] > 1000 and tried["different"] <= tried["labelled"] * 1e-4,
               f"sample: {tried['different']} of {tried['labelled']} voxels differ by way {tried['way']}")

    # The compiled way, whether or not it is the fastest here.
    variant["compiled"] = json.loads((package / "compiled.json").read_text())["weights"]
    (package / "variant.json").write_text(json.dumps(variant))
    run = harness.run(sample, work / "compiled", "--model", package)
    found = next(iter(harness.results(work / "compiled").values()))
    check_that(run.code == EXIT_OK and "compiled graph" in found["device"], f"run: {run.code}, {found['device']}")
    variant["processor"] = "another"
    (package / "variant.json").write_text(json.dumps(variant))
    run = harness.run(sample, work / "plain", "--model", package)
    found = next(iter(harness.results(work / "plain").values()))
    check_that(run.code == EXIT_OK and "fused graph" in found["device"]
               and "another processor" in found["device"], f"another processor: {run.code}, {found['device']}")
    left = list(Path(tempfile.gettempdir()).glob("osler-weights-*"))
    check_that(not left, f"left in the temporary folder: {left}")


def trust(work):
    """A list of digests: what is in it runs, what is not is refused with what to do."""
    sample, listed, empty = harness.make_sample("head-mr", work / "sample"), work / "list", work / "empty"
    empty.write_text("# nothing\n")
    done = harness.run(sample, work / "out", "--trusted", empty)
    digest = harness.osler("models", "trust", MODEL).out.split()[0]
    check_that(done.code == EXIT_BAD_INPUT and digest in done.err and "osler models trust" in done.err,
               f"not listed: exit {done.code}: {done.message}")
    listed.write_text(harness.osler("models", "trust", MODEL).out)
    done = harness.run(sample, work / "out", "--trusted", listed)
    check_that(done.code == EXIT_OK, f"listed: exit {done.code}: {done.message}")
    done = harness.run(sample, work / "other", environment={"OSLER_TRUSTED_MODELS": str(work / "nowhere")})
    check_that(done.code == EXIT_BAD_INPUT, f"a list that is missing: exit {done.code}: {done.message}")


with harness.working_folder() as folder:
    {"check": check, "optimise": optimise, "trust": trust}[sys.argv[1]](folder)
check_that.finish()
