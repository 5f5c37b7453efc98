#!/usr/bin/env python3
"""Label maps of osler held against nnU-Net's own, voxel by voxel.

usage: nnunet_parity.py PROGRAM [--work DIR] [--data DIR] [--only NAME ..] [--json FILE] [--prepare]

Makes the models (see cases.py), exports them, predicts with nnU-Net and runs
`PROGRAM run IMAGE --model PACKAGE --out DIR --nifti --probabilities --modality CT`. A case is good where

- at least 99.99 % of its labels are those of nnU-Net as it is, which sums scores in half precision;
- where a label differs, the two best probabilities lie within 0.05 of each other (of a region: its
  probability within 0.05 of one half), or the label is the one of nnU-Net with sums in single precision;
- if the package asks for sums in single precision, 99.99 % are also those of nnU-Net with such sums, and
  the two best lie within 0.001 where a label differs.

Exit code 0, 1 (a case is not good) or 77 (something needed is not there). --prepare makes all but the runs.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "export"))
from package import go_on_in_export_python  # noqa: E402

SAME = 0.9999
NEAR_SINGLE = 1e-3  # network and sums in single precision, in another order
NEAR_HALF = 5e-2  # sums of a few scores of about 10 in half precision, next to weights down to 6e-8
PROBABILITY = 1e-2  # of 99.99 % of the probabilities: a wrong channel or place is far above


def what_went_wrong(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = [line for line in lines if "failed" in line or "rror" in line or line.startswith("osler:")]
    return (said or lines[-1:] or ["no message"])[0][:300]


def run_osler(program, case, out):
    """@returns labels.nii.gz, probabilities.nii.gz and the seconds it took"""
    shutil.rmtree(out, ignore_errors=True)
    if len(case.channels) == 1:
        images = [str(case.channels[0])]
    else:
        images = [part for name, file in zip(case.channel_names, case.channels)
                  for part in ("--channel", f"{name}={file}")]
    command = [program, "run", *images, "--model", str(case.package), "--out", str(out), "--nifti",
               "--probabilities", "--modality", case.modality]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    if done.returncode != 0:
        raise RuntimeError(f"exit {done.returncode}: {what_went_wrong(done.stderr + done.stdout)}")
    labels = sorted(out.rglob("labels.nii.gz"))
    if len(labels) != 1:
        raise RuntimeError(f"{len(labels)} files labels.nii.gz")
    return labels[0], labels[0].with_name("probabilities.nii.gz"), seconds


def gap(probabilities, regions):
    """How far apart the two best are; of regions, how far the nearest is from one half."""
    import numpy as np
    if regions:
        return np.abs(probabilities - 0.5).min(-1)
    best = np.partition(probabilities, -2, -1)
    return best[..., -1] - best[..., -2]


def as_probabilities(scores, regions):
    """Scores, should the program have written those, as nnU-Net turns them into probabilities."""
    import numpy as np
    if scores.min() >= -1e-3 and scores.max() <= 1.001:
        return scores, False
    if regions:
        return 1 / (1 + np.exp(-scores)), True
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True), True


def compare(case, labels_file, probabilities_file):
    """@returns a row of the table"""
    import nibabel
    import numpy as np

    reference, found = {}, nibabel.load(labels_file)
    labels = np.asarray(found.dataobj)
    for kind, folder in case.references.items():
        image = nibabel.load(folder / "labels.nii.gz")
        if image.shape != found.shape or not np.allclose(image.affine, found.affine, atol=1e-3):
            raise RuntimeError(f"grid {found.shape} is not that of the image, {image.shape}")
        scores = np.asarray(nibabel.load(folder / "probabilities.nii.gz").dataobj)
        reference[kind] = (np.asarray(image.dataobj), scores)
    (half, half_scores), (single, single_scores) = reference.values()
    off_half, off_single = labels != half, labels != single
    unexplained = off_half & off_single & (gap(half_scores, case.regions) > NEAR_HALF)
    row = {
        "case": case.name, "voxels": int(labels.size),
        "labels": [int(value) for value in np.unique(half)],
        "same": float(1 - off_half.mean()), "same_single": float(1 - off_single.mean()),
        "nnunet_same_as_single": float((half == single).mean()),
        "differ": int(off_half.sum()), "differ_single": int(off_single.sum()),
        "gap_single": float(gap(single_scores, case.regions)[off_single].max()) if off_single.any() else 0.0,
        "gap": float(gap(half_scores, case.regions)[off_half].max()) if off_half.any() else 0.0,
        "unexplained": int(unexplained.sum())}
    if probabilities_file.exists():
        scores, were_scores = as_probabilities(
            np.asarray(nibabel.load(probabilities_file).dataobj), case.regions)
        row["probabilities_were_scores"] = were_scores
        judge = half_scores if case.halves else single_scores
        row["probability_difference"] = float(np.abs(scores - judge).max())
        row["probability_difference_99_99"] = float(np.quantile(np.abs(scores - judge), SAME))
    row["good"] = (row["same"] >= SAME and not row["unexplained"]
                   and row.get("probability_difference_99_99", 1) <= PROBABILITY
                   and (case.halves or row["same_single"] >= SAME and row["gap_single"] <= NEAR_SINGLE))
    return row


def judge(program, case):
    """Runs and compares, of a cascade each stage by itself; @returns the rows"""
    from cases import given_first_stage
    rows = []
    for each in [case.first, case] if case.first else [case]:
        try:
            labels, probabilities, seconds = run_osler(program, each, each.model / "osler" / each.name)
            if each is case.first:
                case = given_first_stage(case, labels)
            rows.append(compare(each if each is case.first else case, labels, probabilities) | {"seconds": seconds})
        except RuntimeError as error:
            rows.append({"case": each.name, "failed": str(error), "good": False})
        print(show(rows[-1]), flush=True)
    return rows


HEAD = (f"{'case':20} {'voxels':>8} {'labels':>6} {'same %':>9} {'single %':>9} {'nnU-Net %':>9} {'differ':>6} "
        f"{'gap':>8} {'single':>8} {'prob.':>8} {'s':>6}")


def show(row):
    if "failed" in row:
        return f"{row['case']:20} FAILED: {row['failed']}"
    return (f"{row['case']:20} {row['voxels']:8d} {len(row['labels']):6d} {100 * row['same']:9.4f} "
            f"{100 * row['same_single']:9.4f} {100 * row['nnunet_same_as_single']:9.4f} {row['differ']:6d} "
            f"{row['gap']:8.1e} {row['gap_single']:8.1e} {row.get('probability_difference', float('nan')):8.1e} "
            f"{row['seconds']:6.1f} {'' if row['good'] else 'NOT GOOD'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?")
    parser.add_argument("--work", type=Path, default=Path("out") / "nnunet_parity")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("OSLER_TEST_DATA", "../shared/data")))
    parser.add_argument("--only", nargs="+", metavar="MODEL")
    parser.add_argument("--but", nargs="+", metavar="MODEL", default=[], help="all the others")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--threads", type=int, default=2, help="of nnU-Net")
    parser.add_argument("--prepare", action="store_true")
    arguments = parser.parse_args()
    if arguments.program is None and not arguments.prepare:
        parser.error("PROGRAM is missing")
    go_on_in_export_python(("nnunetv2", "nibabel"), skip=True)
    if not (arguments.data / "totalseg").is_dir():
        print(f"skipped: no test data in {arguments.data} (OSLER_TEST_DATA)")
        sys.exit(77)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin take what others need
    from cases import NAMES, make_cases
    import torch
    unknown = {*arguments.but, *(arguments.only or [])} - {*NAMES}
    if unknown:
        parser.error(f"no model {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    torch.set_num_threads(arguments.threads)

    rows = []
    print(HEAD)
    for name in NAMES:
        if name in arguments.but or (arguments.only and name not in arguments.only):
            continue
        for case in make_cases(name, arguments.work.resolve(), arguments.data.resolve()):
            if arguments.prepare:
                continue
            rows += judge(arguments.program, case)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    bad = [row["case"] for row in rows if not row["good"]]
    print(f"{len(rows)} cases, {len(bad)} not good" + (": " + ", ".join(bad) if bad else ""))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
