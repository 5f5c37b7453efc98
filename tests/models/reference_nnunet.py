#!/usr/bin/env python3
"""Predicts with nnU-Net itself: label map and probabilities, as the judge of a package.

usage: reference_nnunet.py FOLDER OUT --channels IMAGE [IMAGE ..] [--folds 0 1 ..] [--single] [--previous FOLDER]
                           [--postprocessing FILE.pkl]

OUT gets labels.nii.gz and probabilities.nii.gz (float32, classes last). nnU-Net adds scores up in half
precision; --single has it do so in single precision, with nothing else changed, so that what halves
alone decide can be told from a mistake. --previous is the training of a cascade's first stage.
"""

import argparse
import contextlib
import functools
import os
import tempfile
from pathlib import Path


@contextlib.contextmanager
def single_precision_sums():
    """torch.half means float32 while nnU-Net slides its window; the Gaussian's default is its own."""
    import nnunetv2.inference.predict_from_raw_data as predicting
    import torch

    gaussian, half = predicting.compute_gaussian, torch.half
    predicting.compute_gaussian = functools.partial(gaussian, dtype=torch.float32)
    predicting.compute_gaussian.cache_clear = gaussian.cache_clear
    torch.half = torch.float32
    try:
        yield
    finally:
        predicting.compute_gaussian, torch.half = gaussian, half


def predict(folder, folds, channels, out, single, previous_labels=None, postprocessing=None):
    """@returns the file of labels"""
    import nibabel
    import numpy as np
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(use_mirroring=True, device=torch.device("cpu"), allow_tqdm=False)
    predictor.initialize_from_trained_model_folder(str(folder), folds)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work, \
            single_precision_sums() if single else contextlib.nullcontext():
        work = Path(work)
        files = []
        for index, channel in enumerate(channels):
            files.append(work / f"case_{index:04d}.nii.gz")
            files[-1].symlink_to(Path(channel).resolve())
        if previous_labels is not None:
            (work / "previous").mkdir()
            (work / "previous" / "case.nii.gz").symlink_to(previous_labels.resolve())
        predictor.predict_from_files_sequential(
            [[str(file) for file in files]], [str(work / "case")], save_probabilities=True,
            folder_with_segs_from_prev_stage=str(work / "previous") if previous_labels else None)
        labels = nibabel.load(work / "case.nii.gz")
        values = np.asarray(labels.dataobj)
        if postprocessing is not None:
            values = postprocessed(values, postprocessing)
        nibabel.save(nibabel.Nifti1Image(values, labels.affine), out / "labels.nii.gz")
        probabilities = np.load(work / "case.npz")["probabilities"]
        scores = in_file_order(probabilities, predictor.plans_manager, Path(channels[0]))
        nibabel.save(nibabel.Nifti1Image(scores, labels.affine), out / "probabilities.nii.gz")
    return out / "labels.nii.gz"


def postprocessed(values, file):
    from batchgenerators.utilities.file_and_folder_operations import load_pickle
    from nnunetv2.postprocessing.remove_connected_components import apply_postprocessing
    return apply_postprocessing(values, *load_pickle(str(file)))


def in_file_order(probabilities, plans_manager, image):
    """(classes, z, y, x) of nnU-Net's reader as (i, j, k, classes) of the image's file."""
    import nibabel
    import numpy as np
    from nibabel.orientations import apply_orientation, axcodes2ornt, io_orientation, ornt_transform

    scores = np.transpose(probabilities, (3, 2, 1, 0)).astype(np.float32)
    if "WithReorient" in plans_manager.plans["image_reader_writer"]:
        back = ornt_transform(axcodes2ornt("RAS"), io_orientation(nibabel.load(image).affine))
        scores = apply_orientation(scores, back)
    return np.ascontiguousarray(scores)


def run(folder, folds, channels, out, single=False, previous=None, postprocessing=None):
    """The whole prediction, a cascade's first stage into OUT/previous."""
    first = None
    if previous is not None:
        first = predict(previous, folds, channels, out / "previous", single)
    return predict(folder, folds, channels, out, single, first, postprocessing)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--channels", type=Path, nargs="+", required=True)
    parser.add_argument("--folds", nargs="+", default=None)
    parser.add_argument("--single", action="store_true")
    parser.add_argument("--previous", type=Path)
    parser.add_argument("--postprocessing", type=Path, help="postprocessing.pkl that nnU-Net determined")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    for name in ("raw", "preprocessed", "results"):
        os.environ.setdefault(f"nnUNet_{name}", "")
    os.environ["nnUNet_def_n_proc"] = str(arguments.threads)
    import torch
    torch.set_num_threads(arguments.threads)
    run(arguments.folder, arguments.folds, arguments.channels, arguments.out, arguments.single,
        arguments.previous, arguments.postprocessing)


if __name__ == "__main__":
    main()
