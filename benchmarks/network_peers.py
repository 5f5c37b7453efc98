#!/usr/bin/env python3
"""Networks for benchmarks/stage_network.py, and OpenVINO as their peer.

usage: network_peers.py plain-conv-unet OUT.ts [CLASSES]   nnU-Net's PlainConvUNet, random weights
       network_peers.py convert TASK.json         its TorchScript to OpenVINO's format: `openvino`
       network_peers.py openvino TASK.json OURS   then one line per run; OURS is our answer's file

The task is that of osler-bench-network and names OpenVINO's file besides. Conversion has a process
of its own, so that torch is not in the memory of the one that is measured. OpenVINO runs in single
precision, one stream, as many threads as OMP_NUM_THREADS, for latency; neither input nor output is
copied for it. Prints one JSON line per run: seconds, cpu_s, peak_mb, and how far it is from OURS.
"""
import json
import os
import sys
import time

import numpy as np

from readers import peak_mb

SEED, CLASSES = 20, 25
# Of a default plan 3d_fullres.
FEATURES = (32, 64, 128, 256, 320, 320)


def held_against(ours, theirs):
    """Largest difference as a share of the largest value; where labels differ, how far apart the
    peer's two best are at most, as such a share too.
    @param ours, theirs: [classes, voxels]
    """
    other, largest = ours.argmax(0) != theirs.argmax(0), np.abs(theirs).max()
    best = np.sort(theirs[:, other], 0)
    tie = (best[-1] - best[-2]).max() / largest if other.any() else 0
    return float(np.abs(ours - theirs).max() / largest), float(tie)


def read_values(file, classes):
    return np.fromfile(file, np.float32).reshape(classes, -1)


def plain_conv_unet(out, classes=CLASSES):
    import torch
    from dynamic_network_architectures.architectures.unet import PlainConvUNet
    from dynamic_network_architectures.initialization.weight_init import InitWeights_He
    torch.manual_seed(SEED)
    stages = len(FEATURES)
    network = PlainConvUNet(
        input_channels=1, n_stages=stages, features_per_stage=FEATURES, conv_op=torch.nn.Conv3d,
        kernel_sizes=3, strides=[1] + [2] * (stages - 1), n_conv_per_stage=2, num_classes=int(classes),
        n_conv_per_stage_decoder=2, conv_bias=True, norm_op=torch.nn.InstanceNorm3d,
        norm_op_kwargs=dict(eps=1e-5, affine=True), nonlin=torch.nn.LeakyReLU,
        nonlin_kwargs=dict(inplace=True), deep_supervision=False)
    network.apply(InitWeights_He(1e-2))
    for module in network.modules():
        if isinstance(module, torch.nn.InstanceNorm3d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.5, 0.5)
    smallest = torch.zeros(1, 1, *[2 ** stages] * 3)
    with torch.inference_mode():
        torch.jit.trace(network.eval(), smallest).save(out)


def convert(task):
    import openvino
    import torch
    module = torch.jit.freeze(torch.jit.load(task["network"]).eval())  # loops and checks go
    model = openvino.convert_model(module, example_input=torch.zeros(task["shape"]),
                                   input=[task["shape"]])
    openvino.save_model(model, task["openvino"], compress_to_fp16=False)


def by_openvino(task):
    import openvino
    hints = openvino.properties.hint
    model = openvino.Core().compile_model(task["openvino"], "CPU", {
        hints.inference_precision: openvino.Type.f32,
        hints.performance_mode: hints.PerformanceMode.LATENCY,
        openvino.properties.num_streams: 1,
        openvino.properties.inference_num_threads: int(os.environ["OMP_NUM_THREADS"])})
    request = model.create_infer_request()
    values = np.fromfile(task["input"], np.float32).reshape(task["shape"])
    return lambda: request.infer([values], share_inputs=True, share_outputs=True)[0]


def cpu_s():
    times = os.times()
    return times.user + times.system


def run_openvino(task, ours_file):
    run = by_openvino(task)
    for _ in sys.stdin:
        start, used = time.perf_counter(), cpu_s()
        answer = run()
        seconds, used, peak = time.perf_counter() - start, cpu_s() - used, peak_mb()
        classes = answer.shape[1]
        apart, tie = held_against(read_values(ours_file, classes), answer.reshape(classes, -1))
        print(json.dumps(dict(seconds=seconds, cpu_s=used, peak_mb=peak, difference=apart,
                              tie=tie)), flush=True)


def main(what, file, *ours_file):
    if what == "plain-conv-unet":
        plain_conv_unet(file, *ours_file)
        return
    with open(file) as text:
        task = json.load(text)
    if what == "convert":
        convert(task)
    elif what == "openvino":
        run_openvino(task, *ours_file)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
