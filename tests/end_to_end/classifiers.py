"""What PyTorch gives for pictures, in a Python that has torch and numpy.

usage: classifiers.py example PACKAGE PICTURES.npy   probabilities of the shipped example, as its
                                                     model.json says it sees N x H x W pictures
       classifiers.py colour PACKAGE PICTURES.npy    makes a package of colour pictures with two
                                                     classes that do not exclude each other, and
                                                     probabilities of N x H x W x 3 pictures
       classifiers.py volume PACKAGE VOLUME.npy      the same of volumes, slices x rows x columns

Prints JSON: one list per picture, in the order of the package's evaluations.
"""
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

kind, package, pictures = sys.argv[1], Path(sys.argv[2]), np.load(sys.argv[3])


def example():
    steps = json.loads((package / "model.json").read_text())["steps"]
    rescale, classify = steps[2], steps[3]
    network = torch.jit.load(package / "model.ts")
    out = []
    for picture in pictures.astype(np.float32):
        x = functional.interpolate(torch.from_numpy(picture)[None, None], (28, 28), mode="area").numpy()
        low, high = np.percentile(x, rescale["from"]["percentiles"])
        x = np.clip((x - low) / (high - low) * 2 - 1, -1, 1).astype(np.float32)
        logits = network(torch.from_numpy(x)).double()[0]
        out.append((logits / classify["calibration"]["temperature"]).softmax(0).flip(0).tolist())
    return out


def save(network, steps, gives, wants):
    package.mkdir(parents=True)
    torch.jit.script(network).save(str(package / "model.ts"))
    digest = hashlib.sha256((package / "model.ts").read_bytes()).hexdigest()
    (package / "model.json").write_text(json.dumps({
        "format": "osler-model/1", "name": package.name, "title": "Random weights", "version": "1",
        "manufacturer": "tests", "intended_use": "Tests", "protocol": "none", "limits": [],
        "licence": "CC0", "weights": {"file": "model.ts", "format": "torchscript", "sha256": digest},
        "wants": {"body_parts": [], "min_extent_mm": [0, 0, 0], "max_spacing_mm": 100} | wants,
        "steps": steps, "gives": gives, "gates": []}))


def evaluation(output, **more):
    code = {"value": f"CLASS{output}", "scheme": "99TEST", "meaning": f"Class {output}"}
    return {"label": f"Class {output}", "output": output, "code": code} | more


QUESTION = {"value": "WHICH", "scheme": "99TEST", "meaning": "Which class?"}


def colour():
    torch.manual_seed(3)
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2),
                            nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)).eval()
    with torch.no_grad():
        network[-1].weight *= 20
    pairs = [[1.5, -0.25], [0.75, 0.5]]
    steps = [{"step": "orient", "axes": "ijk"},
             {"step": "resize", "size": [32, 24, 0], "interpolation": "area"},
             {"step": "rescale", "from": [0, 255], "to": [0, 1]},
             {"step": "normalise", "shift": 0.485, "scale": 0.229, "channel": 0},
             {"step": "normalise", "shift": 0.456, "scale": 0.224, "channel": 1},
             {"step": "normalise", "shift": 0.406, "scale": 0.225, "channel": 2},
             {"step": "classify", "dimensions": 2, "colour": "rgb", "activation": "sigmoid",
              "multi_label": True, "calibration": {"platt": pairs, "fitted_on": "nothing: random"}}]
    save(network, steps, {"classes": 2, "question": QUESTION, "evaluations": [
        evaluation(1, threshold=0.5), evaluation(0, threshold=0.5)]}, {"modalities": ["XC", "OP"]})
    out = []
    for picture in pictures.astype(np.float32):
        x = functional.interpolate(torch.from_numpy(picture).permute(2, 0, 1)[None], (24, 32), mode="area")
        x = (x / 255 - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) \
            / torch.tensor([0.229, 0.224, 0.225])[:, None, None]
        with torch.no_grad():
            scores = network(x)[0].double().flip(0)
        out.append([float(torch.sigmoid(a * z + b)) for z, (a, b) in zip(scores, pairs)])
    return out


def volume():
    torch.manual_seed(4)
    network = nn.Sequential(nn.Conv3d(1, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool3d(1),
                            nn.Flatten(), nn.Linear(4, 3)).eval()
    with torch.no_grad():
        network[-1].weight *= 20
    steps = [{"step": "orient", "axes": "ijk"},
             {"step": "normalise", "clip": [-1000, 1000], "shift": 0, "scale": 1000},
             {"step": "classify", "dimensions": 3, "activation": "softmax"}]
    save(network, steps, {"classes": 3, "question": QUESTION, "evaluations": [
        evaluation(0), evaluation(1), evaluation(2)]}, {"modalities": ["CT"]})
    x = torch.from_numpy(np.clip(pictures, -1000, 1000).astype(np.float32) / 1000)[None, None]
    with torch.no_grad():
        return [network(x)[0].double().softmax(0).tolist()]


print(json.dumps({"example": example, "colour": colour, "volume": volume}[kind]()))
