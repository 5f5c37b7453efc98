"""Runs the parts of tools/gpu-check and writes what they found."""
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import job
import libraries
import machine as machines
import sanitizer
from programs import Programs, run_tests

SCHEMA = 1
WHOLE_S = 530  # all of it: a lent machine's command ends at 10 minutes


def cpu_tests(programs, _, limit_s):
    return run_tests(programs, "-*/cuda", limit_s)


def parity(programs, _, limit_s):
    return run_tests(programs, "", limit_s, REQUIRE_GPU="1")


def benchmarks(programs, _, limit_s):
    done = programs.run([programs.path("osler-bench-gpu-kernels")], limit_s)
    lines = [json.loads(line) for line in done.out.splitlines() if line.startswith("{") and line.endswith("}")]
    result = {"limits": next((x for x in lines if "device" in x), None),
              "rows": [x for x in lines if "operator" in x]}
    wrong = [r["operator"] for r in result["rows"] if not r["answer"]["holds"]]
    if done.code is None:
        return dict(result, status="failed", why=f"not finished within {limit_s:.0f} s")
    if wrong or done.code != 0 or not result["rows"]:
        why = f"not the twin's answer: {', '.join(wrong)}" if wrong else f"exit {done.code}: {done.end()[-400:]}"
        return dict(result, status="failed", why=why)
    return dict(result, status="passed")


def sanitized(tool):
    return lambda programs, machine, limit_s: sanitizer.part(tool, programs, machine, limit_s)


# name: (what it does, its limit in seconds, what it needs, without which it is not run)
TABLE = {
    "libraries": (libraries.part, 30, ["torch"]),
    "cpu": (cpu_tests, 60, ["torch"]),
    "parity": (parity, 120, ["torch", "gpu"]),
    "job": (job.part, 150, ["torch"]),
    "benchmarks": (benchmarks, 90, ["torch", "gpu"]),
    "memcheck": (sanitized("memcheck"), 90, ["torch", "gpu", "sanitizer"]),
    "initcheck": (sanitized("initcheck"), 90, ["torch", "gpu", "sanitizer"]),
    "racecheck": (sanitized("racecheck"), 90, ["torch", "gpu", "sanitizer"]),
}
PARTS = list(TABLE)


def say(text):
    print(text, file=sys.stderr, flush=True)


def unpack(archive, folder):
    """The manifest, or None and why."""
    try:
        try:
            with tarfile.open(archive, "r:*") as tar:
                safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
                tar.extractall(folder, **safe)
        except tarfile.CompressionError:  # a Python without lzma
            subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)
        return json.loads((Path(folder) / "manifest.json").read_text()), ""
    except (OSError, EOFError, tarfile.TarError, ValueError, subprocess.SubprocessError) as error:
        return None, f"the archive cannot be unpacked: {error}"


def run_part(name, programs, machine, left_s):
    work, limit_s, needs = TABLE[name]
    lacking = machine.lacks(*needs)
    if lacking:
        return {"status": "not run", "why": lacking}
    if left_s < 5:
        return {"status": "not run", "why": f"the {WHOLE_S} s of the whole command were used up"}
    begin = time.monotonic()
    try:
        result = work(programs, machine, min(limit_s, left_s))
    except Exception as error:  # one part's defect must not lose what the others measured
        result = {"status": "failed", "why": f"{error.__class__.__name__}: {error}"}
    return dict(result, seconds=round(time.monotonic() - begin, 1))


def show(name, result):
    details = [f"{result[k]} {k}" for k in ("passed", "failed", "skipped", "cases", "faults") if k in result]
    say(f"{name:10} {result['status']:8} {', '.join(details)}{'; ' if details else ''}{result.get('why', '')}")
    for row in result.get("rows", []):
        share = f"{row['share_of_limit']:.0%} of the {row['limit'].replace('_', ' ')}"
        wrong = "" if row["answer"]["holds"] else ", WRONG ANSWER"
        say(f"           {row['operator']:34} {row['median_ms']:9.3f} ms, {row['gb_s']:7.0f} GB/s, {share}{wrong}")


def write(out, report):
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=1) + "\n")


def run(archive, out, only):
    begin = time.monotonic()
    machine = machines.look()
    if not archive.is_file():
        machine.problems["archive"] = machines.Problem(f"no {archive.name}",
                                                       "tools/gpu-check --pack on the machine that builds")
    for problem in machine.problems.values():
        say(f"problem: {problem.what}; remedy: {problem.remedy}")
    report = {"schema": SCHEMA, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
              "commit": None, "dirty": None, "machine": machine.told(),
              "problems": [vars(p) for p in machine.problems.values()], "parts": {}, "passed": False}
    folder = Path(tempfile.mkdtemp(prefix="osler-gpu-check-"))
    try:
        why = machine.lacks("archive")
        manifest, why = (None, why) if why else unpack(archive, folder)
        if manifest:
            report.update(commit=manifest["commit"], dirty=manifest["dirty"])
            report["machine"]["packed_with_torch"] = manifest["torch"]
            programs = Programs(folder, machine)
            programs.names = manifest["programs"]
        for name in (p for p in PARTS if p in only):
            left_s = WHOLE_S - (time.monotonic() - begin)
            result = {"status": "not run", "why": why}
            if manifest:
                result = run_part(name, programs, machine, left_s)
            report["parts"][name] = result
            show(name, result)
            write(out, report)  # after each part: what was measured stays if the command is stopped
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report["passed"] = all(r["status"] == "passed" for r in report["parts"].values())
    report["seconds"] = round(time.monotonic() - begin, 1)
    write(out, report)
    say(f"{'passed' if report['passed'] else 'NOT PASSED'} in {report['seconds']:.0f} s: {out}")
    return 0 if report["passed"] else 1
