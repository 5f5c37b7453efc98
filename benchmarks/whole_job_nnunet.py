#!/usr/bin/env python3
"""A training folder of nnU-Net v2 with a full-size network, and a chest CT as its input.

usage: whole_job_nnunet.py FOLDER IMAGES SERIES

FOLDER: plans (3d_fullres, 2 mm, patch 96^3, six stages of 32 to 320 features), 25 labels, one fold of
random weights, no mirroring. IMAGES/ct_0000.nii.gz: the series, by SimpleITK.
"""
import json
import sys
from pathlib import Path

CLASSES, PATCH, SPACING_MM = 25, 96, 2.0
FEATURES = [32, 64, 128, 256, 320, 320]


def main():
    folder, images, series = map(Path, sys.argv[1:])
    import SimpleITK
    import torch
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager
    stages = len(FEATURES)
    resampling = {f"resampling_fn_{of}": "resample_data_or_seg_to_shape" for of in ("data", "seg", "probabilities")}
    for of, order in (("data", 3), ("seg", 1), ("probabilities", 1)):
        resampling[f"resampling_fn_{of}_kwargs"] = dict(is_seg=of == "seg", order=order, order_z=0,
                                                        force_separate_z=None)
    architecture = dict(
        network_class_name="dynamic_network_architectures.architectures.unet.PlainConvUNet",
        arch_kwargs=dict(
            n_stages=stages, features_per_stage=FEATURES, conv_op="torch.nn.modules.conv.Conv3d",
            kernel_sizes=[[3, 3, 3]] * stages, strides=[[1, 1, 1]] + [[2, 2, 2]] * (stages - 1),
            n_conv_per_stage=[2] * stages, n_conv_per_stage_decoder=[2] * (stages - 1), conv_bias=True,
            norm_op="torch.nn.modules.instancenorm.InstanceNorm3d", norm_op_kwargs=dict(eps=1e-5, affine=True),
            dropout_op=None, dropout_op_kwargs=None, nonlin="torch.nn.LeakyReLU",
            nonlin_kwargs=dict(inplace=True)),
        _kw_requires_import=["conv_op", "norm_op", "dropout_op", "nonlin"])
    configuration = dict(
        data_identifier="nnUNetPlans_3d_fullres", preprocessor_name="DefaultPreprocessor", batch_size=2,
        patch_size=[PATCH] * 3, median_image_size_in_voxels=[170.0] * 3, spacing=[SPACING_MM] * 3,
        normalization_schemes=["CTNormalization"], use_mask_for_norm=[False], architecture=architecture,
        batch_dice=False, **resampling)
    plans = dict(
        dataset_name="Dataset800_Benchmark", plans_name="nnUNetPlans",
        original_median_spacing_after_transp=[1.0] * 3, original_median_shape_after_transp=[300] * 3,
        image_reader_writer="SimpleITKIO", transpose_forward=[0, 1, 2], transpose_backward=[0, 1, 2],
        configurations={"3d_fullres": configuration}, experiment_planner_used="ExperimentPlanner",
        label_manager="LabelManager", foreground_intensity_properties_per_channel={"0": dict(
            max=3071.0, mean=-200.0, median=-100.0, min=-1024.0, percentile_00_5=-1000.0,
            percentile_99_5=800.0, std=400.0)})
    dataset = dict(channel_names={"0": "CT"}, numTraining=1, file_ending=".nii.gz",
                   labels={"background": 0} | {f"structure_{i}": i for i in range(1, CLASSES)})
    (folder / "fold_0").mkdir(parents=True)
    (folder / "plans.json").write_text(json.dumps(plans, indent=1))
    (folder / "dataset.json").write_text(json.dumps(dataset, indent=1))
    torch.manual_seed(3)
    manager = PlansManager(plans)
    network = nnUNetTrainer.build_network_architecture(
        manager, manager.get_configuration("3d_fullres"), 1, CLASSES, enable_deep_supervision=False)
    for module in network.modules():
        if isinstance(module, torch.nn.InstanceNorm3d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.5, 0.5)
    torch.save(dict(network_weights=network.state_dict(), trainer_name="nnUNetTrainer",
                    init_args=dict(configuration="3d_fullres"), inference_allowed_mirroring_axes=None),
               folder / "fold_0" / "checkpoint_final.pth")
    images.mkdir(parents=True, exist_ok=True)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(series)))
    SimpleITK.WriteImage(reader.Execute(), str(images / "ct_0000.nii.gz"))


if __name__ == "__main__":
    main()
