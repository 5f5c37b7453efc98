#!/usr/bin/env python3
"""Peak memory of `osler run` on 512 x 512 x 824 voxels and 117 classes, DICOM to DICOM.

usage: large_case.py PROGRAM [--network ramp|unet] [--slices 824] [--threads 4]

The series is a ramp of Hounsfield units, made once in the cache. The package resamples to 1.5 mm and
slides a window of 128^3, half overlapping, by nnU-Net's rule. Networks:
- ramp: 118 classes of even width over the ramp; the label of each voxel is known, and checked.
- unet: nnU-Net's PlainConvUNet of 6 stages with random weights, for its memory and time.
Prints one JSON line: seconds, peak_mb (the process's most resident memory, read while it runs), and
what became of the labels.
"""
import argparse
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import contest

SIDE, SPACING_MM, CLASSES, PATCH = 512, (0.7, 0.7, 1.0), 118, 128
STEP_HU = {"x": 1, "z": 1}  # per voxel
NEAR_EDGE = 0.02            # of a class: within it two classes are nearly equal

RAMP = """
import sys, torch
classes = int(sys.argv[2])
class Ramp(torch.nn.Module):
    # Class c scores c v - c^2 / 2, highest where v is nearest to c; v counts class widths.
    def __init__(self):
        super().__init__()
        self.spread = torch.nn.Conv3d(1, 32, 3, padding=1, bias=False)
        self.last = torch.nn.Conv3d(32, classes, 1)
        with torch.no_grad():
            self.spread.weight.zero_()
            self.spread.weight[0, 0, 1, 1, 1] = 1
            self.last.weight.zero_()
            c = torch.arange(classes, dtype=torch.float32)
            self.last.weight[:, 0, 0, 0, 0] = c
            self.last.bias.copy_(-c * c / 2)
    def forward(self, x):
        return self.last(self.spread(x))
torch.jit.trace(Ramp().eval(), torch.zeros(1, 1, 8, 8, 8)).save(sys.argv[1])
"""


def hounsfield(slices):
    import numpy as np
    z, _, x = np.ogrid[:slices, :SIDE, :SIDE]
    return (x * STEP_HU["x"] + z * STEP_HU["z"] - 600).astype(np.int16)


def make_series(program, slices, work):
    import numpy as np
    folder = work / f"series-{slices}"
    if folder.is_dir():
        return folder
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, SIDE, SIDE, slices, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<8f", header, 76, 1, *SPACING_MM, 0, 0, 0, 0)
    struct.pack_into("<f", header, 108, 352)
    struct.pack_into("<2f", header, 112, 1, 0)
    header[123] = 2  # mm
    struct.pack_into("<2h", header, 252, 0, 1)
    for row, line in enumerate(((SPACING_MM[0], 0, 0, 0), (0, SPACING_MM[1], 0, 0),
                                (0, 0, SPACING_MM[2], 0))):
        struct.pack_into("<4f", header, 280 + 16 * row, *line)
    header[344:347] = b"n+1"
    nifti = work / f"ramp-{slices}.nii"
    with open(nifti, "wb") as file:
        file.write(header)
        file.write(np.broadcast_to(hounsfield(slices), (slices, SIDE, SIDE)).tobytes())
    part = work / f"series-{slices}.{os.getpid()}"
    subprocess.run([program, "convert", nifti, "--to", "dicom", "--modality", "CT", "--out", part],
                   check=True, stdout=subprocess.DEVNULL)
    nifti.unlink()
    part.rename(folder)
    return folder


def make_package(network, slices, work):
    folder = work / f"{network}-{slices}"
    folder.mkdir(exist_ok=True)
    low = -600
    high = low + (SIDE - 1) * STEP_HU["x"] + (slices - 1) * STEP_HU["z"]
    weights = folder / "model.ts"
    if network == "ramp":
        subprocess.run([contest.torch_python(), "-c", RAMP, weights, str(CLASSES)], check=True)
    else:
        import stage_network
        subprocess.run([stage_network.python(), contest.HERE / "network_peers.py",
                        "plain-conv-unet", weights, str(CLASSES)], check=True)
    code = dict(value="123037004", scheme="SCT", meaning="Body structure")
    description = dict(
        format="osler-model/1", name=network, title="Benchmark", version="1.0.0",
        manufacturer="Osler project", intended_use="Benchmark. Not for clinical use.",
        protocol="none", limits=[], licence="CC0",
        weights=dict(file="model.ts", format="torchscript",
                     sha256=hashlib.sha256(weights.read_bytes()).hexdigest()),
        wants=dict(modalities=["CT"], body_parts=[], min_extent_mm=[10, 10, 10], max_spacing_mm=5),
        steps=[dict(step="resample", spacing_mm=[1.5] * 3, interpolation="linear",
                    alignment="edges"),
               dict(step="normalise", shift=low, scale=(high - low) / (CLASSES - 1)),
               {"step": "sliding-window", "rule": "nnunet", "patch": [PATCH] * 3},
               dict(step="labels", decision="highest")],
        gives=dict(classes=CLASSES, segments=[
            dict(label=f"Class {c}", output=c, category=code, type=code,
                 rgb=[c * 53 % 256, c * 101 % 256, c * 197 % 256]) for c in range(1, CLASSES)]),
        gates=[])
    (folder / "model.json").write_text(json.dumps(description))
    return folder


def watched(command, environment):
    """Runs it. @return seconds, most resident memory in 10^6 bytes, exit code"""
    start, peak = time.perf_counter(), 0
    process = subprocess.Popen(command, env=environment, stdout=sys.stderr)
    while process.poll() is None:
        try:
            for line in open(f"/proc/{process.pid}/status"):
                if line.startswith("VmHWM:"):
                    peak = max(peak, int(line.split()[1]) * 1024 / 1e6)
        except OSError:
            pass
        time.sleep(0.02)
    return time.perf_counter() - start, peak, process.returncode


def check_ramp(out, slices):
    """Share of voxels whose label is not that of the ramp, two classes' edge left out."""
    import nibabel
    import numpy as np
    labels = np.asarray(nibabel.load(next(out.glob("*/labels.nii.gz"))).dataobj).T
    width = ((SIDE - 1) * STEP_HU["x"] + (slices - 1) * STEP_HU["z"]) / (CLASSES - 1)
    wrong = known = 0
    for z in range(slices):
        value = (np.arange(SIDE) * STEP_HU["x"] + z * STEP_HU["z"]) / width
        edge = np.abs(value - np.floor(value) - 0.5) < NEAR_EDGE
        # Beyond the network's outermost centres its edge value goes on.
        inside = (np.arange(SIDE) >= 2) & (np.arange(SIDE) < SIDE - 2) & (2 <= z < slices - 2)
        at = ~edge & inside
        wrong += int((labels[z][:, at] != np.floor(value + 0.5)[at]).sum())
        known += int(at.sum()) * SIDE
    return dict(voxels_checked=known, voxels_wrong=wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--network", choices=["ramp", "unet"], default="ramp")
    parser.add_argument("--slices", type=int, default=824)
    parser.add_argument("--threads", type=int, default=4)
    arguments = parser.parse_args()
    contest.use_judges()
    work = contest.WORK / "large"
    work.mkdir(parents=True, exist_ok=True)
    series = make_series(arguments.program, arguments.slices, work)
    package = make_package(arguments.network, arguments.slices, work)
    out = Path(tempfile.mkdtemp(dir=work))
    try:
        command = [arguments.program, "run", series, "--model", package, "--out", out,
                   "--device", "cpu"]
        if arguments.network == "ramp":
            command.append("--nifti")
        environment = dict(os.environ, OMP_NUM_THREADS=str(arguments.threads))
        seconds, peak_mb, code = watched(list(map(str, command)), environment)
        findings = json.loads(next(out.glob("*/findings.json")).read_text())
        answer = check_ramp(out, arguments.slices) if arguments.network == "ramp" else {}
        seg = next(out.glob("*/seg.dcm"), None)
        print(json.dumps(dict(
            network=arguments.network, voxels=[SIDE, SIDE, arguments.slices], classes=CLASSES,
            threads=arguments.threads, exit_code=code, seconds=round(seconds, 1),
            peak_mb=round(peak_mb), seg_mb=round(seg.stat().st_size / 1e6) if seg else None,
            device=findings["device"], timings_ms=findings["timings_ms"], commit=contest.commit(),
            **answer)))
    finally:
        shutil.rmtree(out)


main()
