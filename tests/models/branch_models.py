#!/usr/bin/env python3
"""Small nnU-Net v2 training folders, one for each branch of what plans can say.

usage: branch_models.py NAME DATA OUT      (NAME of RECIPES; "list" prints them)

Plans and descriptions are written by hand as nnU-Net leaves them; the network is built by nnU-Net's
trainer, starts from a fixed seed and is fitted for seconds to one image. Purely random weights leave too
many voxels between two labels: half-precision sums of nnU-Net itself then decide one in a thousand.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import inputs

RESAMPLE = "resample_data_or_seg_to_shape"
STEPS, BATCH, LEARNING_RATE = 500, 2, 1e-2
LONGEST_VIEW = {2: 64, 3: 40}  # voxels of a view's sides while fitting, by the patch's dimensions


def settings(role, order, **changes):
    return {"is_seg": role == "seg", "order": order, "order_z": 0, "force_separate_z": None} | changes


def network(dimensions, features, strides, kernels=None, residual=False):
    """Arguments of nnU-Net's two families of networks, as its planners write them."""
    stages = len(features)
    kind = "ResidualEncoderUNet" if residual else "PlainConvUNet"
    module = "torch.nn.modules"
    blocks = {"n_blocks_per_stage" if residual else "n_conv_per_stage": [2 if residual else 1] * stages}
    return {
        "network_class_name": f"dynamic_network_architectures.architectures.unet.{kind}",
        "arch_kwargs": {
            "n_stages": stages, "features_per_stage": features,
            "conv_op": f"{module}.conv.Conv{dimensions}d",
            "kernel_sizes": kernels or [[3] * dimensions] * stages, "strides": strides,
            **blocks, "n_conv_per_stage_decoder": [1] * (stages - 1), "conv_bias": True,
            "norm_op": f"{module}.instancenorm.InstanceNorm{dimensions}d",
            "norm_op_kwargs": {"eps": 1e-05, "affine": True}, "dropout_op": None,
            "dropout_op_kwargs": None, "nonlin": "torch.nn.LeakyReLU", "nonlin_kwargs": {"inplace": True}},
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"]}


def configuration(patch, spacing, schemes, masks=None, features=(8, 16, 16), strides=None, kernels=None,
                  residual=False, **changes):
    dimensions = len(patch)
    strides = strides or [[1] * dimensions] + [[2] * dimensions] * (len(features) - 1)
    return {"data_identifier": "made_by_hand", "preprocessor_name": "DefaultPreprocessor", "batch_size": 2,
            "patch_size": patch, "median_image_size_in_voxels": patch, "spacing": spacing,
            "normalization_schemes": schemes, "use_mask_for_norm": masks or [False] * len(schemes),
            "resampling_fn_data": RESAMPLE, "resampling_fn_seg": RESAMPLE,
            "resampling_fn_data_kwargs": settings("data", 3),
            "resampling_fn_seg_kwargs": settings("seg", 1),
            "resampling_fn_probabilities": RESAMPLE,
            "resampling_fn_probabilities_kwargs": settings("probabilities", 1),
            "architecture": network(dimensions, list(features), strides, kernels, residual),
            "batch_dice": False} | changes


CT_INTENSITIES = {"max": 3071.0, "mean": 99.48, "median": 103.0, "min": -1024.0,
                  "percentile_00_5": -958.0, "percentile_99_5": 297.0, "std": 137.85}
PLAIN = {"max": 1.0, "mean": 0.0, "median": 0.0, "min": 0.0, "percentile_00_5": 0.0,
         "percentile_99_5": 1.0, "std": 1.0}


def plans(name, configurations, channels, transpose=(0, 1, 2), reader="SimpleITKIO"):
    back = [list(transpose).index(axis) for axis in range(3)]
    properties = {str(c): CT_INTENSITIES if channels[c] == "CT" else PLAIN for c in range(len(channels))}
    return {"dataset_name": f"Dataset9_{name}", "plans_name": "nnUNetPlans",
            "original_median_spacing_after_transp": [1.0, 1.0, 1.0],
            "original_median_shape_after_transp": [64, 64, 64], "image_reader_writer": reader,
            "transpose_forward": list(transpose), "transpose_backward": back,
            "configurations": configurations, "experiment_planner_used": "ExperimentPlanner",
            "label_manager": "LabelManager", "foreground_intensity_properties_per_channel": properties}


def labels(count):
    return {"background": 0} | {f"structure_{value}": value for value in range(1, count)}


CT = ["CTNormalization"]
Z = ["ZScoreNormalization"]
REGIONS = {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "enhancing": 3, "ignore": 4}

# image: of make_inputs.py; labels; configurations (the last is the one wanted); mirrored axes; the rest.
RECIPES = {
    "thick_slices": {  # both spacings anisotropic: planes of their own, nearest across
        "image": "ct_thick", "labels": labels(4), "mirrored": (0, 1, 2),
        "configurations": {"3d_fullres": configuration(
            [20, 72, 80], [7.5, 2.5, 2.6], CT, strides=[[1, 1, 1], [1, 2, 2], [2, 2, 2]],
            kernels=[[1, 3, 3], [3, 3, 3], [3, 3, 3]])}},
    "thick_network": {  # only the network's spacing is anisotropic
        "image": "ct", "labels": labels(4), "mirrored": (1, 2),
        "configurations": {"3d_fullres": configuration(
            [12, 48, 64], [10.5, 3.2, 3.2], CT, strides=[[1, 1, 1], [1, 2, 2], [2, 2, 2]],
            kernels=[[1, 3, 3], [3, 3, 3], [3, 3, 3]])}},
    "cascade": {
        "image": "ct", "labels": labels(4), "mirrored": (0, 1, 2),
        "configurations": {
            "3d_lowres": configuration([32, 32, 32], [6.3, 6.0, 6.0], CT, next_stage="3d_cascade_fullres"),
            "3d_fullres": configuration([48, 56, 56], [3.3, 3.4, 3.4], CT),
            "3d_cascade_fullres": {"inherits_from": "3d_fullres", "previous_stage": "3d_lowres"}}},
    "thick_cascade": {  # labels of the first stage plane by plane, nearest across
        "image": "ct_thick", "labels": labels(4), "mirrored": None,
        "configurations": {
            "3d_lowres": configuration([16, 32, 32], [12, 5.6, 5.6], CT, next_stage="3d_cascade_fullres"),
            "3d_cascade_fullres": configuration(
                [20, 64, 64], [9.0, 3.3, 3.4], CT, strides=[[1, 1, 1], [1, 2, 2], [2, 2, 2]],
                previous_stage="3d_lowres")}},
    "masked_cascade": {  # zeros around the head are a label of their own when labels are resized
        "image": "t1", "channels": ["T1"], "labels": labels(4), "mirrored": None,
        "configurations": {
            "3d_lowres": configuration([40, 40, 40], [4.4, 4.2, 4.2], Z, [True], next_stage="3d_cascade_fullres"),
            "3d_cascade_fullres": configuration([56, 56, 56], [2.7, 2.8, 2.9], Z, [True],
                                                previous_stage="3d_lowres")}},
    "regions": {
        "image": "two_channels", "channels": ["T1", "FLAIR"], "labels": REGIONS, "order": [1, 2, 3],
        "mirrored": (0, 1, 2),
        "configurations": {"3d_fullres": configuration([56, 56, 56], [2.5, 2.5, 2.5], Z * 2, [True, True])}},
    "ignore_label": {
        "image": "hippocampus", "channels": ["MRI"], "labels": labels(3) | {"ignore": 3}, "mirrored": (0, 1, 2),
        "configurations": {"3d_fullres": configuration([32, 40, 32], [1, 1, 1], Z)}},
    "flat": {
        "image": "ct_thick", "labels": labels(5), "mirrored": (0, 1),
        "configurations": {"2d": configuration([64, 80], [2.5, 2.6], CT)}},
    "five_folds": {
        "image": "hippocampus", "channels": ["MRI"], "labels": labels(3), "mirrored": (0, 1, 2), "folds": 5,
        "configurations": {"3d_fullres": configuration([32, 40, 32], [1, 1, 1], Z)}},
    "transposed": {
        "image": "ct", "labels": labels(4), "mirrored": (0, 2), "transpose": (1, 0, 2),
        "configurations": {"3d_fullres": configuration([32, 40, 56], [3.5, 4.0, 3.2], CT)}},
    "turned_axes": {  # a permutation that is not its own inverse, and thick slices along another axis
        "image": "ct_thick", "labels": labels(4), "mirrored": (0,), "transpose": (2, 0, 1),
        "configurations": {"3d_fullres": configuration([72, 24, 64], [2.6, 8.0, 2.8], CT)}},
    "masked_channels": {
        "image": "two_channels", "channels": ["T1", "zscore"], "labels": labels(4), "mirrored": (0, 1, 2),
        "modality": "MR", "configurations": {"3d_fullres": configuration(
            [56, 56, 56], [2.5, 2.4, 2.5], ["ZScoreNormalization", "NoNormalization"], [True, False])}},
    "rescaled": {
        "image": "two_channels", "channels": ["rescale_to_0_1", "zscore"], "labels": labels(3),
        "modality": "MR", "mirrored": (0, 1, 2), "configurations": {"3d_fullres": configuration(
            [56, 56, 64], [2.2, 2.4, 2.0], ["RescaleTo01Normalization", "ZScoreNormalization"])}},
    "bytes": {
        "image": "t1", "channels": ["rgb_to_0_1"], "labels": labels(3), "mirrored": None, "modality": "MR",
        "configurations": {"3d_fullres": configuration([48, 48, 48], [2.5, 2.5, 2.5], ["RGBTo01Normalization"])}},
    "classes25": {
        "image": "ct_short", "labels": labels(25), "mirrored": None,
        "configurations": {"3d_fullres": configuration([24, 48, 48], [3.0, 3.5, 3.5], CT, features=(24, 16, 16))}},
    "classes105": {
        "image": "ct_coarse", "labels": labels(105), "mirrored": None,
        "configurations": {"3d_fullres": configuration([32, 40, 40], [5.5, 5.5, 5.5], CT, features=(32, 32, 32))}},
    "residual": {
        "image": "ct_short", "labels": labels(4), "mirrored": (0, 1, 2),
        "configurations": {"3d_fullres": configuration([24, 48, 48], [3, 3, 3], CT, residual=True)}},
    "reoriented": {
        "image": "t1", "channels": ["T1"], "labels": labels(4), "mirrored": (2,), "reader": "NibabelIOWithReorient",
        "configurations": {"3d_fullres": configuration([56, 64, 64], [2.5, 2.6, 2.2], Z)}},
    "reoriented_mr": {
        "image": "mr", "channels": ["T2"], "labels": labels(4), "mirrored": (1,), "transpose": (1, 0, 2),
        "reader": "SimpleITKIOWithReorient",
        "configurations": {"3d_fullres": configuration([40, 16, 56], [3.1, 3.3, 2.9], Z)}},
    "other_orders": {
        "image": "ct_thick", "labels": labels(4), "mirrored": (1,),
        "configurations": {"3d_fullres": configuration(
            [24, 64, 64], [7.5, 2.6, 2.5], CT, resampling_fn_data_kwargs=settings("data", 1, order_z=1))}},
    "nearest_scores": {
        "image": "ct_thick", "labels": labels(4), "mirrored": (1,),
        "configurations": {"3d_fullres": configuration(
            [24, 64, 64], [7.5, 2.6, 2.5], CT, resampling_fn_data_kwargs=settings("data", 0),
            resampling_fn_probabilities_kwargs=settings("probabilities", 0, force_separate_z=False))}},
    "never_separate": {
        "image": "ct_thick", "labels": labels(4), "mirrored": (1,),
        "configurations": {"3d_fullres": configuration(
            [24, 64, 64], [7.5, 2.6, 2.5], CT,
            resampling_fn_data_kwargs=settings("data", 3, force_separate_z=False),
            resampling_fn_probabilities_kwargs=settings("probabilities", 1, force_separate_z=False))}},
    "own_grid": {
        "image": "hippocampus", "channels": ["MRI"], "labels": labels(3), "mirrored": (0, 1, 2),
        "configurations": {"3d_fullres": configuration(
            [64, 64, 48], [1, 1, 1], Z, resampling_fn_data="no_resampling_hack", resampling_fn_data_kwargs={},
            resampling_fn_seg="no_resampling_hack", resampling_fn_seg_kwargs={},
            resampling_fn_probabilities="no_resampling_hack", resampling_fn_probabilities_kwargs={})}},
    "largest_only": {
        "image": "ct_short", "labels": labels(4), "mirrored": None,
        "postprocessing": [1, 2, (1, 3)], "configurations": {
            "3d_fullres": configuration([24, 48, 48], [3.0, 3.5, 3.5], CT)}},
    "wide_regions": {  # beside "regions" in an ensemble
        "image": "two_channels", "channels": ["T1", "FLAIR"], "labels": REGIONS, "order": [1, 2, 3],
        "mirrored": (1,),
        "configurations": {"3d_fullres": configuration([40, 48, 40], [3.4, 3.2, 3.3], Z * 2, [True, True])}},
    "wider_planes": {  # beside 3d models in an ensemble
        "image": "ct_thick", "labels": labels(4), "mirrored": (1,),
        "configurations": {"2d": configuration([56, 64], [3.1, 3.0], CT)}},
}

# Members, in the order in which nnU-Net is told of them: models of one image and the same labels.
ENSEMBLES = {
    "ensemble": {"of": ["cascade", "transposed"]},
    "mixed_ensemble": {  # separate planes, no separate planes, 2d; then the largest components
        "of": ["thick_slices", "never_separate", "wider_planes"], "postprocessing": [1, 2]},
    "regions_ensemble": {"of": ["regions", "wide_regions"]},
}


def fit(model, data, truth, patch, regions, seed):
    """A few seconds of fitting, so that the model's labels have edges; @returns its last mean loss."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() == 1:
                parameter.add_(0.1 * noise)
            else:
                parameter.copy_(noise * (2 / parameter[0].numel()) ** 0.5)
    optimiser = torch.optim.Adam(model.parameters(), LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, STEPS)
    # rare labels count for more, so that each of them is found somewhere
    weights = (1 + torch.bincount(truth.flatten(), minlength=model.decoder.seg_layers[-1].out_channels))
    weights = (weights.sum() / weights) ** 0.5
    losses = []
    sides = [min(size, LONGEST_VIEW[len(patch)]) for size in patch]
    for _ in range(STEPS):
        views = [view(data, truth, sides, generator) for _ in range(BATCH)]
        scores = model(torch.stack([values for values, _ in views]))
        labels = torch.stack([values for _, values in views])
        if regions:
            wanted = torch.stack([(labels >= value).float() for value in regions], 1)
            rare = (wanted.numel() / (1 + wanted.sum())) ** 0.5
            loss = binary_cross_entropy_with_logits(scores, wanted, pos_weight=rare)
        else:
            loss = cross_entropy(scores, labels, weights)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
    return sum(losses[-20:]) / 20


def view(data, truth, sizes, generator):
    """A part of the preprocessed image (of one of its planes if it is flat), zeros around it."""
    import torch
    from torch.nn.functional import pad

    if len(sizes) == 2:
        plane = int(torch.randint(data.shape[1], (), generator=generator))
        data, truth = data[:, plane], truth[plane]
    beyond = [max(0, want - have) for want, have in zip(sizes, truth.shape)]
    sides = [part for size in beyond[::-1] for part in (size // 2, size - size // 2)]
    data, truth = pad(data, sides), pad(truth, sides)
    starts = [int(torch.randint(have - want + 1, (), generator=generator))
              for want, have in zip(sizes, truth.shape)]
    cut = tuple(slice(start, start + want) for start, want in zip(starts, sizes))
    return data[(slice(None), *cut)], truth[cut]


def preprocessed(manager, wanted, dataset, images, truth, previous):
    """The image and its labels on the network's grid, by nnU-Net's own preprocessing."""
    import numpy as np
    import torch
    from nnunetv2.utilities.label_handling.label_handling import convert_labelmap_to_one_hot

    data, labels, _ = wanted.preprocessor_class(verbose=False).run_case(
        [str(image) for image in images], str(truth), manager, wanted, dataset)
    labels = np.maximum(labels[0], 0)
    if previous:
        foreground = manager.get_label_manager(dataset).foreground_labels
        data = np.vstack((data, convert_labelmap_to_one_hot(labels, foreground, data.dtype)))
    return torch.from_numpy(data).float(), torch.from_numpy(labels).long()


def write_training(folder, name, recipe, configuration_name, images, truth, seed):
    """One folder as nnU-Net leaves it: plans.json, dataset.json, fold_N/checkpoint_final.pth."""
    import torch
    torch.manual_seed(seed)
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
    from nnunetv2.utilities.label_handling.label_handling import determine_num_input_channels
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    channels = recipe.get("channels", ["CT"])
    planned = plans(name, recipe["configurations"], channels, recipe.get("transpose", (0, 1, 2)),
                    recipe.get("reader", "SimpleITKIO"))
    dataset = {"channel_names": {str(i): c for i, c in enumerate(channels)}, "labels": recipe["labels"],
               "numTraining": 1, "file_ending": ".nii.gz"}
    if "order" in recipe:
        dataset["regions_class_order"] = recipe["order"]
    folder.mkdir(parents=True)
    (folder / "plans.json").write_text(json.dumps(planned, indent=1))
    (folder / "dataset.json").write_text(json.dumps(dataset, indent=1))
    manager = PlansManager(planned)
    wanted = manager.get_configuration(configuration_name)
    data, labels = preprocessed(manager, wanted, dataset, images, truth, wanted.previous_stage_name)
    for fold in range(recipe.get("folds", 1)):
        model = nnUNetTrainer.build_network_architecture(
            manager, wanted, determine_num_input_channels(manager, wanted, dataset),
            manager.get_label_manager(dataset).num_segmentation_heads, enable_deep_supervision=False)
        loss = fit(model, data, labels, wanted.patch_size, recipe.get("order"), seed + 100 * fold)
        print(f"{name} {configuration_name} fold {fold}: loss {loss:.3f}", file=sys.stderr)
        checkpoint = {"network_weights": model.state_dict(),
                      "trainer_name": "nnUNetTrainer", "init_args": {"configuration": configuration_name},
                      "inference_allowed_mirroring_axes": recipe["mirrored"]}
        (folder / f"fold_{fold}").mkdir()
        torch.save(checkpoint, folder / f"fold_{fold}" / "checkpoint_final.pth")


def make(name, data, out):
    """Images, labels to fit to, and the training; @returns the folder of the wanted one.

    A cascade's first stage lies beside it.
    """
    recipe = RECIPES[name]
    images = inputs.make_input(recipe["image"], data, out / "images")
    count = max(value for label, value in recipe["labels"].items()
                if isinstance(value, int) and label != "ignore")
    truth = inputs.make_labels(recipe["image"], data, out / "images", count)
    *_, wanted = recipe["configurations"]
    seed = 1 + sorted(RECIPES).index(name)
    previous = recipe["configurations"][wanted].get("previous_stage")
    for index, each in enumerate([wanted] + ([previous] if previous else [])):
        write_training(out / f"nnUNetTrainer__nnUNetPlans__{each}", name, recipe, each, images, truth,
                       seed + 50 * index)
    if "postprocessing" in recipe:
        write_postprocessing(out / "postprocessing.pkl", recipe["postprocessing"])
    return out / f"nnUNetTrainer__nnUNetPlans__{wanted}"


def write_postprocessing(file, labels_or_regions):
    from batchgenerators.utilities.file_and_folder_operations import save_pickle
    from nnunetv2.postprocessing.remove_connected_components import (
        remove_all_but_largest_component_from_segmentation as keep_largest)
    arguments = [{"labels_or_regions": each} for each in labels_or_regions]
    save_pickle(([keep_largest] * len(arguments), arguments), str(file))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=[*RECIPES, "list"])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.name == "list":
        print("\n".join(RECIPES))
        return
    if arguments.out is None:
        sys.exit("DATA and OUT are missing")
    for name in ("raw", "preprocessed", "results"):
        os.environ.setdefault(f"nnUNet_{name}", "")
    import torch
    torch.set_num_threads(arguments.threads)
    print(make(arguments.name, arguments.data, arguments.out))


if __name__ == "__main__":
    main()
