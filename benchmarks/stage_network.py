"""Stage network: one run of a network on the processor, the fused graph beside its peers.

usage: compare network

Networks: the default model at the two sizes that its package states, and an nnU-Net PlainConvUNet,
the default plan's 6 stages with random weights, made at the first use. OSLER_BENCH_NETWORKS adds
others: NAME=FILE.ts=DxHxW, separated by blanks; TorchScript of one input channel. Inputs are
random.

Peers: plain TorchScript, frozen, in a process of the same program; OpenVINO in single precision.
Only the inference is timed. Ours must run as "fused graph" (another network's row says what it ran
as). The answer is checked in every run: ours is the same bits, its values are the peer's to the
share of the largest that LARGEST_DIFFERENCE states, and labels differ only where the peer's two
best are no further apart than such a share.
"""
import json
import os
import subprocess
from pathlib import Path

import contest

STAGES = ("network",)
# A share of the largest value. Single precision, added up in another order. On the PlainConvUNet
# LibTorch is 3e-6 off double precision, ours 5e-6, OpenVINO on one thread 4e-4.
LARGEST_DIFFERENCE = {"plain TorchScript": 3e-5, "OpenVINO": 1e-3}
MODEL = contest.ROOT / "models" / "hippocampus-t1"
WORK = contest.WORK / "network"
PATCH = [96, 96, 96]
FUSED = "fused graph"


def python():
    """Without what they ask for besides, so that the torch is ours."""
    return contest.peer_python("network", ["--no-deps", "numpy", "openvino==2026.4.1",
                                           "dynamic-network-architectures==0.4.4"], sees_torch=True)


def default_networks():
    """Name, file and D x H x W of each frame of the default model."""
    steps = json.loads((MODEL / "model.json").read_text())["steps"]
    return [(f"hippocampus-t1, {step['step']}", MODEL / "model.ts", step["frame"][::-1])
            for step in steps if "frame" in step]


def plain_conv_unet():
    file = WORK / "plain-conv-unet.ts"
    if not file.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}")
        subprocess.run([python(), contest.HERE / "network_peers.py", "plain-conv-unet", part],
                       check=True)
        part.rename(file)
    return "nnU-Net PlainConvUNet, 25 classes", file, PATCH


def make_tasks(name, network, size):
    """Tasks for the fused and the plain graph, and OpenVINO's, on one random input."""
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
            out=str(WORK / f"{stem}-{kind}.out"), openvino=str(WORK / f"{stem}.xml"))))
    return paths


def out_of(task_file):
    return json.loads(task_file.read_text())["out"]


def contender(peer, tasks, threads):
    if peer == "plain TorchScript":
        return contest.Contender([contest.program("network"), tasks[1]], threads)
    script = contest.HERE / "network_peers.py"
    subprocess.run([python(), script, "convert", tasks[0]], check=True)
    return contest.Contender([python(), script, "openvino", tasks[0], out_of(tasks[0])], threads)


def differences(peer, tasks, ours, other):
    """network_peers.held_against, the largest of all runs."""
    if peer == "OpenVINO":  # has compared each of its answers with ours
        return [max(answer[what] for answer in other.answers) for what in ("difference", "tie")]
    from network_peers import held_against, read_values
    return held_against(*(read_values(out_of(task), ours.answers[0]["classes"]) for task in tasks))


def measure(network, peer, threads, runs):
    name, file, size = network
    tasks = make_tasks(name, file, size)
    ours = contest.Contender([contest.program("network"), tasks[0]], threads)
    other = contender(peer, tasks, threads)
    load = contest.take_turns(ours, other, runs)
    apart, tie = differences(peer, tasks, ours, other)
    same = len({answer["digest"] for answer in ours.answers}) == 1
    graph = ours.answers[-1]["graph"]
    shown = f"{name} {'x'.join(map(str, size))}" + ("" if graph == FUSED else f", {graph}")
    made = contest.row("network", shown, threads, ours, peer, other,
                       same and max(apart, tie) <= LARGEST_DIFFERENCE[peer], load)
    return dict(made, difference=apart, tie=tie, graph=graph)


def own_networks():
    yield from default_networks()
    yield plain_conv_unet()


def further_networks():
    for text in os.environ.get("OSLER_BENCH_NETWORKS", "").split():
        name, file, size = text.split("=")
        yield name, Path(file).resolve(), [int(n) for n in size.split("x")]


def rows(_, threads, runs):
    """Yields a row per network, peer and number of threads."""
    for known, networks in ((True, own_networks()), (False, further_networks())):
        for network in networks:
            for peer in LARGEST_DIFFERENCE:
                for count in threads:
                    row = measure(network, peer, count, runs)
                    if known and row["graph"] != FUSED:
                        contest.stop(f"{network[0]} ran as {row['graph']}",
                                     "find out what infer/fused_graph.cpp does not know")
                    yield row
