#!/usr/bin/env python3
"""Labels on the scanner's grid from a network's scores, as people get them today.

usage: label_makers.py PEER TASK.json OURS, then one line per run

The task is that of osler-bench-labels-back; the answer is held against OURS, its labels. Prints one
JSON line per run: seconds, cpu_s, peak_mb, and the share of voxels that differ.
"""
import json
import os
import sys
import time
from functools import partial
from types import SimpleNamespace

import numpy as np
import torch


def peak_mb():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_s():
    times = os.times()
    return times.user + times.system


def by_nnunet(task, scores, threads, function):
    """What nnU-Net's export does after the network: scores to the source's spacing, then arg-max."""
    from nnunetv2.inference.export_prediction import \
        convert_predicted_logits_to_segmentation_with_correct_shape as convert
    from nnunetv2.utilities.label_handling.label_handling import LabelManager
    shape = task["out_size"][::-1]
    labels = LabelManager({"background": 0, **{f"s{i}": i for i in range(1, task["classes"])}}, None)
    configuration = SimpleNamespace(spacing=task["spacing"][::-1], resampling_fn_probabilities=function)
    plans = SimpleNamespace(transpose_forward=[0, 1, 2], transpose_backward=[0, 1, 2])
    properties = dict(spacing=task["out_spacing"][::-1], shape_before_cropping=shape,
                      shape_after_cropping_and_before_resampling=shape,
                      bbox_used_for_cropping=[[0, n] for n in shape])
    return lambda: np.asarray(convert(torch.from_numpy(scores), plans, configuration, labels,
                                      properties, num_threads_torch=threads))


def nnunet_torch(task, scores, threads):
    from nnunetv2.preprocessing.resampling.resample_torch import resample_torch_fornnunet
    return by_nnunet(task, scores, threads,
                     partial(resample_torch_fornnunet, is_seg=False, force_separate_z=False,
                             num_threads=threads))


def nnunet_default(task, scores, threads):
    from nnunetv2.preprocessing.resampling.default_resampling import resample_data_or_seg_to_shape
    return by_nnunet(task, scores, threads,
                     partial(resample_data_or_seg_to_shape, is_seg=False, order=1, order_z=0,
                             force_separate_z=None))


def monai_invert(task, scores, threads):
    """What bundles do: Invertd of Spacingd on the channel-first prediction, then AsDiscreted."""
    from monai.data import MetaTensor
    from monai.transforms import AsDiscreted, Compose, Invertd, Spacingd
    torch.set_num_threads(threads)
    affine = torch.diag(torch.tensor([*task["out_spacing"][::-1], 1.0], dtype=torch.float64))
    before = Compose([Spacingd(keys="image", pixdim=task["spacing"][::-1], mode="bilinear")])
    image = MetaTensor(torch.zeros((1, *task["out_size"][::-1])), affine=affine)
    item = before({"image": image})
    if list(item["image"].shape[1:]) != task["size"][::-1]:
        sys.exit(f"MONAI's grid is {list(item['image'].shape[1:])}")
    after = Compose([Invertd(keys="pred", transform=before, orig_keys="image",
                             nearest_interp=False, to_tensor=True),
                     AsDiscreted(keys="pred", argmax=True)])

    def run():
        pred = MetaTensor(torch.from_numpy(scores).float(), meta=item["image"].meta)
        return after({"image": item["image"], "pred": pred})["pred"][0].numpy().astype(np.uint8)
    return run


PEERS = {"nnU-Net, torch": nnunet_torch, "nnU-Net, default": nnunet_default,
         "MONAI Invertd": monai_invert}


def main(peer, task_file, ours_file):
    task = json.load(open(task_file))
    size = [task["classes"], *task["size"][::-1]]
    scores = np.fromfile(task["scores"], np.float16, int(np.prod(size)), offset=task["offset"])
    threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    run = PEERS[peer](task, scores.reshape(size), threads)
    for _ in sys.stdin:
        start, cpu = time.perf_counter(), cpu_s()
        labels = run()
        seconds, cpu = time.perf_counter() - start, cpu_s() - cpu
        ours = np.fromfile(ours_file, np.uint8).reshape(task["out_size"][::-1])
        print(json.dumps(dict(seconds=seconds, cpu_s=cpu, peak_mb=peak_mb(),
                              differing=float((labels != ours).mean()))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
