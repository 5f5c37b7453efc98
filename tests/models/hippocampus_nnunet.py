#!/usr/bin/env python3
"""Trains a small nnU-Net v2 model on hippocampus crops with nnU-Net's own planning and training.

usage: hippocampus_nnunet.py DATA OUT [--cases 40] [--epochs 10] [--iterations 50] [--folds 0]

DATA holds images/ and labels/; OUT gets what nnU-Net leaves (plans.json, dataset.json, fold_N/). The
planner's own plans are kept but for the widths of the network and the batch, so that minutes suffice.
"""

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path

DATASET = "Dataset901_Hippocampus"
WIDTHS, BATCH = [8, 16, 32, 32, 32, 32], 2
CONFIGURATION = "3d_fullres"


def lay_out(data, raw, count):
    """nnU-Net's raw folder, of every fifth case."""
    images, labels = raw / DATASET / "imagesTr", raw / DATASET / "labelsTr"
    images.mkdir(parents=True), labels.mkdir()
    cases = sorted((data / "images").glob("*.nii.gz"))[::5][:count]
    for case in cases:
        name = case.name.removesuffix(".nii.gz")
        (images / f"{name}_0000.nii.gz").symlink_to(case.resolve())
        (labels / case.name).symlink_to((data / "labels" / case.name).resolve())
    description = {"channel_names": {"0": "MRI"}, "file_ending": ".nii.gz", "numTraining": len(cases),
                   "labels": {"background": 0, "anterior": 1, "posterior": 2}}
    (raw / DATASET / "dataset.json").write_text(json.dumps(description))


def plan(preprocessed):
    """Fingerprint, plans with smaller widths, and preprocessed cases."""
    from nnunetv2.experiment_planning.plan_and_preprocess_api import (extract_fingerprints,
                                                                      plan_experiments, preprocess)
    extract_fingerprints([901], num_processes=2)
    plan_experiments([901])
    file = preprocessed / DATASET / "nnUNetPlans.json"
    plans = json.loads(file.read_text())
    configuration = plans["configurations"][CONFIGURATION]
    network = configuration["architecture"]["arch_kwargs"]
    network["features_per_stage"] = WIDTHS[:network["n_stages"]]
    configuration["batch_size"] = BATCH
    file.write_text(json.dumps(plans, indent=2))
    preprocess([901], configurations=(CONFIGURATION,), num_processes=(2,))
    return plans


def train(plans, dataset, fold, epochs, iterations):
    import torch
    from nnunetv2.training.nnUNetTrainer.variants.optimizer.nnUNetTrainerAdam import nnUNetTrainerAdam1en3

    # the usual trainer's SGD has learnt no foreground after as few steps
    trainer = nnUNetTrainerAdam1en3(plans | {"continue_training": False}, CONFIGURATION, fold, dataset,
                                    device=torch.device("cpu"))
    trainer.num_epochs, trainer.num_iterations_per_epoch = epochs, iterations
    trainer.num_val_iterations_per_epoch = 2
    trainer.run_training()
    return Path(trainer.output_folder_base)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--folds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        places = {name: Path(work) / name for name in ("raw", "preprocessed", "results")}
        for name, place in places.items():
            place.mkdir()
            os.environ[f"nnUNet_{name}"] = str(place)
        os.environ |= {"nnUNet_n_proc_DA": "1", "nnUNet_def_n_proc": "2", "nnUNet_compile": "f"}
        import torch
        torch.set_num_threads(arguments.threads)
        torch.manual_seed(4)
        lay_out(arguments.data, places["raw"], arguments.cases)
        plans = plan(places["preprocessed"])
        dataset = json.loads((places["preprocessed"] / DATASET / "dataset.json").read_text())
        for fold in arguments.folds:
            left = train(plans, dataset, fold, arguments.epochs, arguments.iterations)
        arguments.out.mkdir(parents=True, exist_ok=True)
        for file in ("plans.json", "dataset.json"):
            shutil.copyfile(left / file, arguments.out / file)
        for fold in arguments.folds:
            (arguments.out / f"fold_{fold}").mkdir(exist_ok=True)
            shutil.copyfile(left / f"fold_{fold}" / "checkpoint_final.pth",
                            arguments.out / f"fold_{fold}" / "checkpoint_final.pth")


if __name__ == "__main__":
    main()
