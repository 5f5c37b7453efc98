"""The cross-validated table, from the held-out predictions of every fold.

The threshold of a fold is chosen on crops that its network was trained on: those of the other
folds, each predicted by the network that had not seen it. The fold's own crops are not among
them; the networks of the other folds were trained on them, as cross-validation has it.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from data import FOLD_SEED, fold_of_each, load_crops
from evaluate import least_biased_threshold, measure, volume_errors_by_threshold

COLUMNS = {
    "dice_anterior": "Dice anterior",
    "dice_posterior": "Dice posterior",
    "dice_whole": "Dice whole",
    "volume_error_percent": "volume bias %",
    "absolute_volume_error_percent": "absolute volume error %",
    "hd95_whole_mm": "HD95 mm",
}
HIGHER_IS_BETTER = ("dice_anterior", "dice_posterior", "dice_whole")


def load_held_out(work, folds):
    """p(anterior) and p(posterior) of every crop, by name."""
    probabilities = {}
    for fold in range(folds):
        with np.load(work / f"fold_{fold}" / "held_out.npz") as held_out:
            probabilities |= {name: held_out[name].astype(np.float32) for name in held_out.files}
    return probabilities


def column(rows, key):
    if key == "absolute_volume_error_percent":
        return np.abs([row["volume_error_percent"] for row in rows])
    return np.array([row[key] for row in rows])


def worst(values, key):
    if key in HIGHER_IS_BETTER:
        return values.min()
    return values[np.argmax(np.abs(values))]


def summary(rows):
    """Mean, standard deviation and worst of every column."""
    out = {}
    for key in COLUMNS:
        values = column(rows, key)
        out[key] = {"mean": float(values.mean()), "sd": float(values.std(ddof=1)),
                    "worst": float(worst(values, key))}
    return out


def spread(values):
    """Mean, standard deviation and percentiles of a list of numbers or of vectors."""
    values = np.asarray(values)
    return {
        "mean": values.mean(axis=0).tolist(),
        "sd": values.std(axis=0, ddof=1).tolist(),
        "percentiles_1_5_50_95_99": np.percentile(values, [1, 5, 50, 95, 99], axis=0).tolist(),
    }


def table_row(title, entries, signed=True):
    cells = []
    for key, entry in zip(COLUMNS, entries):
        digits = 3 if key in HIGHER_IS_BETTER else 2
        sign = "+" if key == "volume_error_percent" and signed else ""
        cells.append(f"{entry:{sign}.{digits}f}")
    return f"| {title} | " + " | ".join(cells) + " |"


def print_table(result):
    print("| | " + " | ".join(COLUMNS.values()) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for fold in result["folds"]:
        title = f"fold {fold['fold']} ({fold['crops']} crops, threshold {fold['threshold']:.2f})"
        print(table_row(title, [fold["summary"][key]["mean"] for key in COLUMNS]))
    for statistic in ("mean", "sd", "worst"):
        entries = [result["summary"][key][statistic] for key in COLUMNS]
        print(table_row(f"all, {statistic}", entries, statistic != "sd"))
    for threshold, alternative in result["summary_at_fixed_threshold"].items():
        entries = [alternative[key]["mean"] for key in COLUMNS]
        print(table_row(f"all, mean, threshold {threshold} throughout", entries))


def cross_validate(crops, probabilities, folds):
    held_out = fold_of_each(len(crops), folds)
    errors = np.array([volume_errors_by_threshold(probabilities[c.name], c.label) for c in crops])
    threshold = [least_biased_threshold(errors[held_out != fold]) for fold in range(folds)]
    rows = []
    for crop, fold in zip(crops, held_out):
        metrics = measure(probabilities[crop.name], crop.label, threshold[fold])
        rows.append({"crop": crop.name, "fold": int(fold)} | metrics)
    fixed = {
        f"{t:.2f}": summary([measure(probabilities[c.name], c.label, t) for c in crops])
        for t in (0.5, 0.75)
    }
    axes = [row["axis_mm"] for row in rows if row["axis_mm"] is not None]
    return {
        "crops": len(crops),
        "fold_seed": FOLD_SEED,
        "threshold_rule": "mean volume error nearest 0 over the held-out predictions of the "
                          "other folds, whose crops this fold's network was trained on",
        "shipped_threshold": least_biased_threshold(errors),
        "summary": summary(rows),
        "summary_at_fixed_threshold": fixed,
        "uncertain_voxels_per_volume": spread([r["uncertain_voxels_per_volume"] for r in rows]),
        "axis_mm": spread(axes),
        "reference_axis_mm": spread([row["reference_axis_mm"] for row in rows]),
        "folds": [
            {"fold": fold, "crops": int((held_out == fold).sum()), "threshold": threshold[fold],
             "summary": summary([row for row in rows if row["fold"] == fold])}
            for fold in range(folds)
        ],
        "rows": rows,
    }


def rounded(value):
    """Six significant digits throughout: enough, and a file that can be read."""
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [rounded(entry) for entry in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def write_result(result, target):
    """JSON with one line per crop."""
    rows = result["rows"]
    head = json.dumps(rounded({k: v for k, v in result.items() if k != "rows"}), indent=1)
    lines = ",\n  ".join(json.dumps(rounded(row)) for row in rows)
    target.write_text(f'{head[:-2]},\n "rows": [\n  {lines}\n ]\n}}\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with images/ and labels/")
    parser.add_argument("--work", type=Path, required=True, help="folder of the trained folds")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True, help="cross_validation.json")
    arguments = parser.parse_args()
    result = cross_validate(
        load_crops(arguments.data), load_held_out(arguments.work, arguments.folds), arguments.folds
    )
    write_result(result, arguments.out)
    print_table(result)
    print(f"threshold from all held-out predictions: {result['shipped_threshold']:.2f}")


if __name__ == "__main__":
    main()
