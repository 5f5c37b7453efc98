#!/usr/bin/env python3
"""Stage network: one run of a network on the processor, the fused graph beside plain TorchScript.

usage: stage_network.py [--threads 1 4] [--runs 5] [--network NAME=FILE.ts=DxHxW ...]

One line of JSON per row, as benchmarks/compare measures: both take turns in processes of the same
program, the first run of each warms up, medians of the rest. Without --network the default model at
the two sizes that its package states. Another network, nnU-Net's for one, is a TorchScript file of
one input channel. Inputs are random. The answer is checked in every run: ours is the same bits, its
values are the plain graph's to LARGEST_DIFFERENCE of the largest, and labels differ only where the
two best are nearer to each other than TIE.

  OSLER_BENCH_NETWORK  the program osler-bench-network (cmake -DOSLER_BENCHMARKS=ON)
"""
import argparse
import importlib.machinery
import importlib.util
import json
import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODEL = HERE.parent / "models" / "hippocampus-t1"
LARGEST_DIFFERENCE = 1e-4
TIE = 1e-4


def load_compare():
    loader = importlib.machinery.SourceFileLoader("compare", str(HERE / "compare"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
    loader.exec_module(module)
    return module


compare = load_compare()
WORK = compare.WORK / "network"


def default_networks():
    """Name, file and D x H x W of each frame of the default model."""
    steps = json.loads((MODEL / "model.json").read_text())["steps"]
    return [(f"hippocampus-t1, {step['step']}", MODEL / "model.ts", step["frame"][::-1])
            for step in steps if "frame" in step]


def make_tasks(name, network, size):
    """Tasks for the fused and the plain graph on one random input."""
    import numpy as np
    WORK.mkdir(parents=True, exist_ok=True)
    stem = name.replace(", ", "-").replace(" ", "-")
    values = WORK / f"{stem}.f32"
    np.random.default_rng(20).standard_normal(size, np.float32).tofile(values)
    paths = []
    for kind, fused in (("fused", True), ("plain", False)):
        paths.append(WORK / f"{stem}-{kind}.json")
        paths[-1].write_text(json.dumps(dict(
            network=str(network), shape=[1, 1, *size], input=str(values), fused=fused,
            out=str(WORK / f"{stem}-{kind}.out"))))
    return paths


def difference(tasks, classes):
    """Largest difference as a share of the largest value; do labels differ at ties only?"""
    import numpy as np
    ours, plain = (np.fromfile(json.loads(task.read_text())["out"], np.float32)
                   .reshape(classes, -1) for task in tasks)
    other = ours.argmax(0) != plain.argmax(0)
    best = np.sort(plain[:, other], 0)
    ties = not other.any() or classes < 2 or (best[-1] - best[-2]).max() <= TIE
    return float(np.abs(ours - plain).max() / np.abs(plain).max()), bool(ties)


def find_program():
    found = os.environ.get("OSLER_BENCH_NETWORK")
    places = [found] if found else sorted(HERE.parent.glob("build/*/bin/osler-bench-network"))
    if not places or not Path(places[0]).exists():
        compare.stop("no osler-bench-network", "OSLER_CMAKE_ARGS=-DOSLER_BENCHMARKS=ON "
                     "tools/build cpu osler-bench-network, or set OSLER_BENCH_NETWORK")
    return places[0]


def measure(program, name, network, size, threads, runs):
    tasks = make_tasks(name, network, size)
    ours, plain = (compare.Contender([program, task], threads) for task in tasks)
    load_before = os.getloadavg()[0]
    for _ in range(runs + 1):
        ours.run()
        plain.run()
    ours.finish()
    plain.finish()
    apart, ties = difference(tasks, ours.answers[0]["classes"])
    same = len({answer["digest"] for answer in ours.answers}) == 1
    return dict(stage="network", input=f"{name} {'x'.join(map(str, size))}", threads=threads,
                ours_s=round(ours.median("seconds"), 4), ours_mb=round(ours.memory_mb(), 1),
                peer="plain TorchScript", peer_s=round(plain.median("seconds"), 4),
                peer_mb=round(plain.memory_mb(), 1),
                ratio=round(plain.median("seconds") / ours.median("seconds"), 2),
                answer_checked=same and ties and apart <= LARGEST_DIFFERENCE, difference=apart,
                graph=ours.answers[0]["graph"], digest=ours.answers[0]["digest"][:16],
                ours_cpu_s=round(ours.median("cpu_s"), 4),
                peer_cpu_s=round(plain.median("cpu_s"), 4), runs=runs,
                load_average=round(load_before, 1))


def rows(threads, runs, networks=None):
    """Yields a row per network and number of threads."""
    program = find_program()
    for name, network, size in networks or default_networks():
        for count in threads:
            yield measure(program, name, network, size, count, runs)


def named_network(text):
    name, file, size = text.split("=")
    return name, Path(file).resolve(), [int(n) for n in size.split("x")]


def main():
    compare.use_judges()
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--network", type=named_network, nargs="+")
    arguments = parser.parse_args()
    for row in rows(arguments.threads, arguments.runs, arguments.network):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
