#!/usr/bin/env python3
"""Whole-head MeshNets: osler's label maps against those that lie beside the models.

usage: brainchop_parity.py PROGRAM [--work DIR] [--data DIR] [--only NAME ..] [--json FILE] [--torch]

Exports brainchop's models and runs `PROGRAM run t1_crop.nii.gz --model PACKAGE --out DIR --nifti
--modality MR`. A case is good where at least 99.99 % of the voxels have the expected label. --torch runs
the package's TorchScript in Python in place of PROGRAM: that checks the export alone. Exit code 0, 1 or 77.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOLS = HERE.parents[1] / "tools" / "export"
sys.path[:0] = [str(HERE), str(TOOLS)]
from nnunet_parity import what_went_wrong  # noqa: E402
from package import go_on_in_export_python  # noqa: E402

SAME = 0.9999
EXPECTED = {"model5_gw_ae": "expected_model5_on_t1_crop.nii.gz",
            "model18cls": "expected_model18cls_on_t1_crop.nii.gz"}


def run_osler(program, package, image, out):
    import nibabel
    import numpy as np

    shutil.rmtree(out, ignore_errors=True)
    command = [program, "run", str(image), "--model", str(package), "--out", str(out), "--nifti",
               "--modality", "MR"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"exit {done.returncode}: {what_went_wrong(done.stderr + done.stdout)}")
    return np.asarray(nibabel.load(next(out.rglob("labels.nii.gz"))).dataobj)


def run_torch(package, image):
    """The steps of the package for an image that has the network's axes already."""
    import nibabel
    import numpy as np
    import torch

    steps = {step["step"]: step for step in json.loads((package / "model.json").read_text())["steps"]}
    values = np.asarray(nibabel.load(image).dataobj, np.float32)
    low, high = np.quantile(values, [p / 100 for p in steps["rescale"]["from"]["percentiles"]])
    scaled = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    module = torch.jit.load(package / "model.ts")
    with torch.inference_mode():
        return module(torch.from_numpy(scaled)[None, None])[0].argmax(0).numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?")
    parser.add_argument("--work", type=Path, default=Path("out") / "brainchop_parity")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("OSLER_TEST_DATA", "../shared/data")))
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--torch", action="store_true")
    arguments = parser.parse_args()
    if arguments.program is None and not arguments.torch:
        parser.error("PROGRAM is missing")
    go_on_in_export_python(("torch", "nibabel"), skip=True)
    import nibabel
    import numpy as np
    import torch
    torch.set_num_threads(2)

    models = arguments.data / "models"
    image = models / "t1_crop.nii.gz"
    if not image.exists():
        print(f"skipped: no {image} (OSLER_TEST_DATA)")
        sys.exit(77)
    rows = []
    for name, expected in EXPECTED.items():
        if arguments.only and name not in arguments.only:
            continue
        package = arguments.work.resolve() / name / "package"
        subprocess.run([sys.executable, TOOLS / "brainchop", models / name, package], check=True,
                       stdout=subprocess.DEVNULL)
        wanted = np.asarray(nibabel.load(models / expected).dataobj)
        started = time.monotonic()
        row = {"case": name, "voxels": int(wanted.size), "by": "torch" if arguments.torch else "osler"}
        try:
            found = (run_torch(package, image) if arguments.torch else
                     run_osler(arguments.program, package, image, package.parent / "osler"))
            differ = int((found != wanted).sum())
            row |= {"differ": differ, "same": 1 - differ / wanted.size, "good": differ <= (1 - SAME) * wanted.size}
        except RuntimeError as error:
            row |= {"failed": str(error), "good": False}
        row["seconds"] = time.monotonic() - started
        rows.append(row)
        print(f"{name:14} " + (f"FAILED: {row['failed']}" if "failed" in row else
              f"{100 * row['same']:9.5f} % the same, {row['differ']} of {row['voxels']} differ, "
              f"{row['seconds']:.0f} s" + ("" if row["good"] else ", NOT GOOD")), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    sys.exit(0 if all(row["good"] for row in rows) else 1)


if __name__ == "__main__":
    main()
