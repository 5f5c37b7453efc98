"""Writes the averaged weights of a checkpoint as TorchScript, and the record of how they came.

Both files appear by a rename, so that a reader never meets half a file.
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch

from network import WIDTHS, HippocampusUNet


def load_averaged(checkpoint):
    """The network with the averaged weights, ready to predict."""
    network = HippocampusUNet()
    network.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    return network.eval()


def export(checkpoint, target):
    """@returns the SHA-256 of the file written"""
    scripted = torch.jit.script(load_averaged(checkpoint))
    partial = target.with_name(target.name + ".partial")
    target.parent.mkdir(parents=True, exist_ok=True)
    scripted.save(str(partial))
    digest = hashlib.sha256(partial.read_bytes()).hexdigest()
    partial.replace(target)
    return digest


def write_record(checkpoint, target, digest, cross_validation):
    """training.json beside the model: threshold, schedule, seed, versions and digest."""
    run = json.loads((checkpoint.parent / "run.json").read_text())
    threshold = json.loads(cross_validation.read_text())["shipped_threshold"]
    network = load_averaged(checkpoint)
    record = {
        "model": target.name,
        "sha256": digest,
        "bytes": target.stat().st_size,
        "threshold": threshold,
        "widths": list(WIDTHS),
        "parameters": sum(p.numel() for p in network.parameters()),
    } | run
    partial = target.with_name("training.json.partial")
    partial.write_text(json.dumps(record, indent=2) + "\n")
    partial.replace(target.with_name("training.json"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, help="checkpoint.pt of a finished run")
    parser.add_argument("target", type=Path, help="model.ts")
    parser.add_argument("--cross-validation", type=Path,
                        help="cross_validation.json; with it, training.json is written too")
    arguments = parser.parse_args()
    digest = export(arguments.checkpoint, arguments.target)
    if arguments.cross_validation:
        write_record(arguments.checkpoint, arguments.target, digest, arguments.cross_validation)
    print(digest, arguments.target.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
