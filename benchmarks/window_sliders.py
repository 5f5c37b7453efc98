#!/usr/bin/env python3
"""A sliding window as people get it today.

usage: window_sliders.py PEER TASK.json, then one line per run

The task is that of osler-bench-windows. Writes the network if it is not there, prints a line when it
is ready, and then one JSON line per run: seconds, cpu_s, peak_mb, and the largest difference from
the scores that ours wrote, as a share of the largest.
"""
import itertools
import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from label_makers import cpu_s, peak_mb

LEAST_WEIGHT = 1e-2  # of 10
FEATURES = 32        # nnU-Net's; more than classes, so that scores are what is blended


def write_network(path, classes):
    torch.manual_seed(3)
    network = torch.nn.Sequential(torch.nn.Conv3d(1, FEATURES, 3, padding=1), torch.nn.LeakyReLU(),
                                  torch.nn.Conv3d(FEATURES, classes, 1)).eval()
    part = Path(f"{path}.{os.getpid()}")
    torch.jit.script(network).save(part)
    part.rename(path)


def everywhere(task):
    return np.ones(task["size"][::-1], bool)


def where_halves_hold(task):
    """nnU-Net's weights go down to 6e-8, the smallest half, where its products keep no digit."""
    from nnunetv2.inference.sliding_window_prediction import (compute_gaussian,
                                                              compute_steps_for_sliding_window)
    shape, patch = task["size"][::-1], task["patch"]
    weight = compute_gaussian(tuple(patch), value_scaling_factor=10,
                              device=torch.device("cpu")).float().numpy()
    total = np.zeros(shape, np.float32)
    for z, y, x in itertools.product(*compute_steps_for_sliding_window(shape, patch, task["step"])):
        total[z:z + patch[0], y:y + patch[1], x:x + patch[2]] += weight
    return total >= LEAST_WEIGHT


def monai(task, network):
    from monai.inferers import SlidingWindowInferer
    slide = SlidingWindowInferer(task["patch"], sw_batch_size=1, overlap=1 - task["step"],
                                 mode="gaussian")
    return lambda image: slide(image[None], network)[0]


def nnunet(task, network):
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    predictor = nnUNetPredictor(tile_step_size=task["step"], use_gaussian=True, use_mirroring=False,
                                perform_everything_on_device=False, device=torch.device("cpu"),
                                allow_tqdm=False)
    predictor.network = network
    predictor.configuration_manager = SimpleNamespace(patch_size=task["patch"])
    predictor.label_manager = SimpleNamespace(num_segmentation_heads=task["classes"])
    predictor.allowed_mirroring_axes = None
    return predictor.predict_sliding_window_return_logits


PEERS = {"MONAI": (monai, everywhere), "nnU-Net": (nnunet, where_halves_hold)}


def main(peer, task_file):
    answers, sys.stdout = sys.stdout, sys.stderr  # nnU-Net greets its users
    task = json.load(open(task_file))
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    if not Path(task["network"]).exists():
        write_network(task["network"], task["classes"])
    make, checked = PEERS[peer]
    slide, checked = make(task, torch.jit.load(task["network"])), checked(task)
    shape = task["size"][::-1]
    image = torch.from_numpy(np.fromfile(task["image"], np.float32).reshape(1, *shape))
    print("{}", file=answers, flush=True)
    for _ in sys.stdin:
        start, cpu = time.perf_counter(), cpu_s()
        with torch.inference_mode():
            scores = slide(image)
            labels = scores.argmax(0)
        seconds, cpu, memory = time.perf_counter() - start, cpu_s() - cpu, peak_mb()
        ours = np.memmap(task["scores"], np.float32, "r", shape=(task["classes"], *shape))
        largest = apart = 0.0
        for mine, theirs in zip(ours, scores):
            theirs = theirs.float().numpy()
            largest = max(largest, float(np.abs(theirs).max()))
            apart = max(apart, float(np.abs(theirs - mine)[checked].max()))
        print(json.dumps(dict(seconds=seconds, cpu_s=cpu, peak_mb=memory,
                              largest_difference=apart / largest,
                              share_checked=float(checked.mean()))), file=answers, flush=True)
        del scores, labels


main(*sys.argv[1:])
