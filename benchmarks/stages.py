#!/usr/bin/env python3
"""Times the stages of `osler run` and writes a table.

usage: stages.py PROGRAM --out FILE.md [--runs 5] [--threads 1 4] NAME=STUDY_FOLDER ...

Each row is the median over the runs of the stage times that the program itself reports in
findings.json; `process` is the whole process by the wall clock. The answer is checked in the same
runs: volumes must be equal in all of them.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from contest import commit, processor


def run_once(program, study, threads):
    with tempfile.TemporaryDirectory() as out:
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        command = [program, "run", study, "--out", out, "--device", "cpu"]
        if hasattr(os, "sched_setaffinity"):
            allowed = sorted(os.sched_getaffinity(0))[:threads]
            command = ["taskset", "-c", ",".join(map(str, allowed))] + command
        start = time.perf_counter()
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        wall_ms = 1000 * (time.perf_counter() - start)
        findings = json.loads(next(Path(out).glob("*/findings.json")).read_text())
    volumes = tuple(f["voxels"] for f in findings["findings"])
    return {**findings["timings_ms"], "process": wall_ms}, volumes


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("studies", nargs="+", metavar="NAME=STUDY_FOLDER")
    parser.add_argument("--out", required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 4])
    arguments = parser.parse_args()

    columns, answers = {}, {}
    for name, study in (s.split("=", 1) for s in arguments.studies):
        for threads in arguments.threads:
            runs = [run_once(arguments.program, study, threads) for _ in range(arguments.runs)]
            answers.setdefault(name, set()).update(volumes for _, volumes in runs)
            columns[f"{name}, {threads} thread{'s' if threads > 1 else ''}"] = {
                stage: statistics.median(times[stage] for times, _ in runs) for stage in runs[0][0]}
    different = [name for name, volumes in answers.items() if len(volumes) != 1]
    if different:
        raise SystemExit(f"volumes differ between runs or thread counts: {different}")

    stages = list(next(iter(columns.values())))
    lines = ["# Stages of `osler run`, milliseconds, median", "",
             f"- machine: {processor()}, {os.cpu_count()} processors, no GPU used",
             f"- commit: {commit()}", f"- date: {time.strftime('%Y-%m-%d')}",
             f"- runs: {arguments.runs} of each; load average at the start of the table's writing "
             f"{os.getloadavg()[0]:.1f}",
             "- answer: the voxel counts of all structures were equal in all runs of a study", "",
             "Command: `benchmarks/stages.py build/cuda/bin/osler --out FILE NAME=STUDY ...`", "",
             "| stage | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for stage in stages:
        lines.append(f"| {stage} | " + " | ".join(f"{c[stage]:.0f}" for c in columns.values()) + " |")
    Path(arguments.out).write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
