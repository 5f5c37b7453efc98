"""Calibrates the trained network, measures it, and writes what the package holds of it.

The temperature and the threshold come from the calibration pictures; every figure of the test comes
from pictures that were used for nothing else.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import torch

import data
import measures
from network import ChestClassifier


def margins_of(network, pictures):
    """Score of pneumonia less that of normal: all that a softmax of two sees."""
    with torch.inference_mode():
        scores = network(data.normalise(pictures)).double().numpy()
    return scores[:, 1] - scores[:, 0]


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def calibration_of(labels, probabilities, weights=None):
    rows = measures.calibration_bins(labels, probabilities, weights)
    return {"brier": measures.brier(labels, probabilities, weights),
            "expected_calibration_error": measures.expected_calibration_error(rows),
            "mean_probability": float(np.average(probabilities, weights=weights)),
            "share_positive": float(np.average(labels, weights=weights)),
            "bins": rows}


def ece_of(labels, probabilities):
    return measures.expected_calibration_error(measures.calibration_bins(labels, probabilities))


def describe_test(labels, margins, temperature, threshold, prevalence):
    """Figures of the test pictures, as they come and weighted to the training pictures' prevalence."""
    probabilities, plain = sigmoid(margins / temperature), sigmoid(margins)
    weights = measures.prevalence_weights(labels, prevalence)
    return {
        "pictures": len(labels), "positive": int(labels.sum()),
        "auc": float(measures.auc(labels, margins)),
        "auc_95_delong": measures.delong_interval(labels, margins),
        "auc_95_bootstrap": measures.bootstrap_interval(labels, margins, measures.auc),
        "at_threshold": measures.at_threshold(labels, probabilities, threshold),
        "at_one_half": measures.at_threshold(labels, probabilities, 0.5),
        "calibrated": calibration_of(labels, probabilities),
        "calibrated_95_bootstrap": {
            "brier": measures.bootstrap_interval(labels, probabilities, measures.brier),
            "expected_calibration_error":
                measures.bootstrap_interval(labels, probabilities, ece_of)},
        "not_calibrated": calibration_of(labels, plain),
        "calibrated_at_training_prevalence": calibration_of(labels, probabilities, weights),
        "not_calibrated_at_training_prevalence": calibration_of(labels, plain, weights),
    }


def export(network, target):
    scripted = torch.jit.script(network)
    scripted.save(str(target))
    return hashlib.sha256(target.read_bytes()).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="train_val.npz")
    parser.add_argument("--work", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("package", type=Path, help="folder for model.ts and its records")
    arguments = parser.parse_args()
    network = ChestClassifier().eval()
    network.load_state_dict(torch.load(arguments.work / "checkpoint.pt", weights_only=True))

    sets = data.load(arguments.data)
    pictures, labels = sets["train"]
    training, calibration = data.split(labels)
    held_out = labels[calibration]
    margins = margins_of(network, pictures[calibration])
    temperature = round(measures.fit_temperature(held_out, margins), 4)
    threshold = round(measures.best_threshold(held_out, sigmoid(margins / temperature)), 4)
    prevalence = float(labels.mean())

    arguments.package.mkdir(parents=True, exist_ok=True)
    target = arguments.package / "model.ts"
    digest = export(network, target)
    test_pictures, test_labels = sets["val"]
    measured = {
        "positive_class": "pneumonia", "temperature": temperature, "threshold": threshold,
        "training": {"pictures": len(training), "positive": int(labels[training].sum())},
        "calibration": {
            "pictures": len(calibration), "positive": int(held_out.sum()),
            "auc": float(measures.auc(held_out, margins)),
            "log_loss_before": measures.log_loss(held_out, margins, 1),
            "log_loss_after": measures.log_loss(held_out, margins, temperature)},
        "test": describe_test(test_labels, margins_of(network, test_pictures), temperature,
                              threshold, prevalence),
    }
    record = {"model": target.name, "sha256": digest, "bytes": target.stat().st_size}
    record |= json.loads((arguments.work / "run.json").read_text())
    for name, content in (("measurements.json", measured), ("training.json", record)):
        (arguments.package / name).write_text(json.dumps(content, indent=2) + "\n")
    print(json.dumps({k: v for k, v in measured.items() if k != "test"}, indent=2))
    test = measured["test"]
    print({k: v for k, v in test.items() if not isinstance(v, dict)})
    print(test["at_threshold"], test["at_one_half"], test["calibrated_95_bootstrap"])
    for name in ("calibrated", "not_calibrated", "calibrated_at_training_prevalence",
                 "not_calibrated_at_training_prevalence"):
        print(name, {k: round(v, 4) for k, v in test[name].items() if k != "bins"})
    print(digest, target.stat().st_size)


if __name__ == "__main__":
    main()
