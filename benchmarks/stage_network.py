"""Stage network: one run of a network on the processor, the fused graph beside plain TorchScript.

usage: compare network

Plain TorchScript, frozen, in a process of the same program, at the two sizes that the default
model's package states. OSLER_BENCH_NETWORKS adds others: NAME=FILE.ts=DxHxW, separated by blanks;
TorchScript of one input channel. Inputs are random. The answer is checked in every run: ours is the
same bits, its values are the plain graph's to LARGEST_DIFFERENCE of the largest, and labels differ
only where the two best are nearer to each other than TIE.
"""
import json
import os
from pathlib import Path

import contest

STAGES = ("network",)
MODEL = contest.ROOT / "models" / "hippocampus-t1"
LARGEST_DIFFERENCE = 1e-4
TIE = 1e-4


def default_networks():
    """Name, file and D x H x W of each frame of the default model."""
    steps = json.loads((MODEL / "model.json").read_text())["steps"]
    return [(f"hippocampus-t1, {step['step']}", MODEL / "model.ts", step["frame"][::-1])
            for step in steps if "frame" in step]


def make_tasks(name, network, size):
    """Tasks for the fused and the plain graph on one random input."""
    import numpy as np
    work = contest.WORK / "network"
    work.mkdir(parents=True, exist_ok=True)
    stem = name.replace(", ", "-").replace(" ", "-")
    values = work / f"{stem}.f32"
    np.random.default_rng(20).standard_normal(size, np.float32).tofile(values)
    paths = []
    for kind, fused in (("fused", True), ("plain", False)):
        paths.append(work / f"{stem}-{kind}.json")
        paths[-1].write_text(json.dumps(dict(
            network=str(network), shape=[1, 1, *size], input=str(values), fused=fused,
            out=str(work / f"{stem}-{kind}.out"))))
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


def measure(name, network, size, threads, runs):
    tasks = make_tasks(name, network, size)
    ours, plain = (contest.Contender([contest.program("network"), task], threads) for task in tasks)
    load = contest.take_turns(ours, plain, runs)
    apart, ties = difference(tasks, ours.answers[0]["classes"])
    same = len({answer["digest"] for answer in ours.answers}) == 1
    made = contest.row("network", f"{name} {'x'.join(map(str, size))}", threads, ours,
                       "plain TorchScript", plain,
                       same and ties and apart <= LARGEST_DIFFERENCE, load)
    return dict(made, difference=apart, graph=ours.answers[0]["graph"])


def further_networks():
    for text in os.environ.get("OSLER_BENCH_NETWORKS", "").split():
        name, file, size = text.split("=")
        yield name, Path(file).resolve(), [int(n) for n in size.split("x")]


def rows(_, threads, runs):
    """Yields a row per network and number of threads."""
    for name, network, size in [*default_networks(), *further_networks()]:
        for count in threads:
            yield measure(name, network, size, count, runs)
