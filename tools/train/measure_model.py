"""Measures an exported model on labelled crops: all of them, or those that one fold holds out."""

import argparse
from pathlib import Path

import torch

from cross_validate import COLUMNS, summary
from data import fold_of_each, load_crops
from evaluate import measure, predict_probabilities


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with images/ and labels/")
    parser.add_argument("model", type=Path, help="model.ts")
    parser.add_argument("--threshold", type=float, required=True)
    parser.add_argument("--fold", type=int, help="only the crops that this fold holds out")
    parser.add_argument("--folds", type=int, default=5)
    arguments = parser.parse_args()
    crops = load_crops(arguments.data)
    if arguments.fold is not None:
        held_out = fold_of_each(len(crops), arguments.folds)
        crops = [crop for crop, fold in zip(crops, held_out) if fold == arguments.fold]
    network = torch.jit.load(str(arguments.model))
    rows = [
        measure(predict_probabilities(network, crop), crop.label, arguments.threshold)
        for crop in crops
    ]
    print(f"{len(crops)} crops, threshold {arguments.threshold}")
    for key, entry in summary(rows).items():
        print(f"{COLUMNS[key]}: mean {entry['mean']:.3f}, SD {entry['sd']:.3f}, "
              f"worst {entry['worst']:.3f}")


if __name__ == "__main__":
    main()
