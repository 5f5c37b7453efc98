#!/usr/bin/env python3
"""What tools/export/nnunet and ensemble write and what they refuse, on trainings written by hand.

usage: export_test.py. Exit code 0, 1 or 77 (nnU-Net is not installed).
"""

import copy
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOLS = HERE.parents[1] / "tools" / "export"
sys.path[:0] = [str(HERE), str(TOOLS)]
from package import REFUSED, USAGE, Refused, go_on_in_export_python, sha256_of  # noqa: E402

failures = []


def check(good, what):
    print(("ok     " if good else "FAILED ") + what)
    if not good:
        failures.append(what)


# ---------------------------------------------------------------- a training to begin with

def training():
    """plans.json and dataset.json of two channels, whose sizes along z, y and x all differ."""
    import branch_models as b
    configuration = b.configuration([16, 24, 32], [5.0, 2.0, 1.0], ["ZScoreNormalization", "NoNormalization"],
                                    [True, False], features=(4, 4), strides=[[1, 1, 1], [1, 2, 2]])
    return (b.plans("Test", {"3d_fullres": configuration}, ["T1", "T2"]),
            {"channel_names": {"0": "T1", "1": "T2"}, "numTraining": 1, "file_ending": ".nii.gz",
             "labels": {"background": 0, "kidney_left": 1, "some growth": 2}})


def write(folder, plans, dataset, mirrored=(0, 2), configuration="3d_fullres", folds=(0,)):
    import torch
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plans.json").write_text(json.dumps(plans))
    (folder / "dataset.json").write_text(json.dumps(dataset))
    weights = {}
    try:
        manager = PlansManager(copy.deepcopy(plans))
        heads = manager.get_label_manager(dataset).num_segmentation_heads
        network = nnUNetTrainer.build_network_architecture(
            manager, manager.get_configuration(configuration), len(dataset["channel_names"]), heads,
            enable_deep_supervision=False)
        weights = network.state_dict()
    except Exception:  # noqa: BLE001  (of a training that is to be refused, before its weights are read)
        pass
    for fold in folds:
        (folder / f"fold_{fold}").mkdir(exist_ok=True)
        torch.save({"network_weights": weights, "trainer_name": "nnUNetTrainer",
                    "init_args": {"configuration": configuration}, "inference_allowed_mirroring_axes": mirrored},
                   folder / f"fold_{fold}" / "checkpoint_final.pth")
    return folder


def export(folder, out, **options):
    from nnunet_package import Options, export_package
    export_package(folder, out, Options(**options), lambda text: None)
    return json.loads((out / "model.json").read_text())


def steps_of(description, name):
    return [step for step in description["steps"] if step["step"] == name]


# ---------------------------------------------------------------- what is written

def check_description(work):
    made = export(write(work / "two", *training(), folds=(0, 1)), work / "package")
    check([s["step"] for s in made["steps"]] == ["orient", "crop", "normalise", "resample", "sliding-window",
                                                 "labels"], "steps in nnU-Net's order")
    check(made["channels"] == [{"name": "T1"}, {"name": "T2"}] and made["wants"]["modalities"] == ["MR"],
          "channels and modality from their names")
    check(steps_of(made, "normalise") == [{"step": "normalise", "statistics": "content", "changes": "counted",
                                           "channel": 0}], "Z-score of the mask; no step without normalisation")
    resample, window = steps_of(made, "resample")[0], steps_of(made, "sliding-window")[0]
    check(resample["spacing_mm"] == [1.0, 2.0, 5.0] and window["patch"] == [32, 24, 16],
          "triples are x, y, z")
    check(window["mirrored"] == [True, False, True], "mirrored axes 0 and 2 are z and x")
    check([w["file"] for w in made["weights"]] == ["fold_0.ts", "fold_1.ts"], "one file a fold")
    check(all(w["sha256"] == sha256_of(work / "package" / w["file"]) for w in made["weights"]), "digests")
    kidney, growth = made["gives"]["segments"]
    check(kidney["type"]["value"] == "64033007" and kidney["laterality"]["meaning"] == "Left",
          "a known name has its code and its side")
    check(growth["type"] == {"value": "some_growth", "scheme": "99OSLER", "meaning": "some growth"},
          "an unknown name has a code of its own")
    check(steps_of(made, "labels") == [{"step": "labels", "activation": "none", "decision": "highest",
                                        "decided_on": "source", "interpolation": "nnunet"}], "labels")
    plans, dataset = training()
    plans["configurations"]["3d_fullres"]["resampling_fn_probabilities_kwargs"] = {"is_seg": False, "order": 0}
    other = export(write(work / "orders", plans, dataset), work / "orders_package")
    check(steps_of(other, "labels")[0]["interpolation"] == {
        "rule": "nnunet", "order": 0, "order_across": 0, "separate": False, "anisotropy": 3},
        "scores resampled otherwise: every argument is stated, nnU-Net's defaults included")
    again = export(work / "two", work / "package", folds=["1"], axes="LPS", modality="CT", means="single")
    check(again["weights"]["file"] == "fold_1.ts" and again["steps"][0]["axes"] == "LPS"
          and again["wants"]["modalities"] == ["CT"]
          and steps_of(again, "sliding-window")[0]["means"] == "single", "options, over a package that is there")


def check_segments(work):
    from segments import make_segments, own_code
    (work / "segments.json").write_text(json.dumps({"some growth": {"label": "Growth", "rgb": [1, 2, 3]}}))
    made = export(work / "two", work / "package", segments=work / "segments.json")
    growth = made["gives"]["segments"][1]
    check((growth["label"], growth["rgb"]) == ("Growth", [1, 2, 3]), "members of segments from a file")
    (work / "segments.json").write_text(json.dumps({"liver": {}}))
    try:
        export(work / "two", work / "package", segments=work / "segments.json")
        check(False, "a segment that the model does not have is refused")
    except Refused as refused:
        check("liver" in str(refused), f"refused: {refused}")
    made = make_segments([(f"a structure with a long name {i}", i, i) for i in range(1, 256)], {})
    check(len({s["type"]["value"] for s in made}) == 255
          and max(len(s["type"]["value"]) for s in made) <= 16, "255 long names have codes of their own")
    check(len({tuple(s["rgb"]) for s in made}) == 255, "and colours of their own")
    check(own_code("é ü", set()) == "_", "a code is of DICOM's default characters")


def check_flat(work):
    import branch_models as b
    plans = b.plans("Flat", {"2d": b.configuration([24, 32], [2.0, 1.0], ["CTNormalization"], features=(4, 4))},
                    ["CT"])
    dataset = {"channel_names": {"0": "CT"}, "labels": {"background": 0, "liver": 1}, "file_ending": ".nii.gz"}
    made = export(write(work / "flat", plans, dataset, (0,), "2d"), work / "flat_package")
    window = steps_of(made, "sliding-window")[0]
    check(steps_of(made, "resample")[0]["spacing_mm"] == [1.0, 2.0, 0] and window["patch"] == [32, 24, 1]
          and window["dimensions"] == 2 and window["mirrored"] == [False, True, False],
          "a flat configuration keeps the slices apart")
    check(steps_of(made, "normalise")[0] == {"step": "normalise", "clip": [-958.0, 297.0], "shift": 99.48,
                                             "scale": 137.85}, "CT's clip, mean and deviation")


def check_regions(work):
    plans, dataset = training()
    dataset |= {"labels": {"background": 0, "whole": [1, 2], "core": [2], "ignore": 3},
                "regions_class_order": [7, 5]}
    made = export(write(work / "regions", plans, dataset), work / "regions_package")
    segments = [(s["label"], s["output"], s.get("value")) for s in made["gives"]["segments"]]
    check(segments == [("whole", 0, 7), ("core", 1, 5)] and made["gives"]["classes"] == 2,
          "a region has channel and value of regions_class_order; the ignore label has none")
    check(steps_of(made, "labels")[0]["decision"] == "regions"
          and steps_of(made, "labels")[0]["threshold"] == 0, "regions are decided by the sign of their logits")


def check_older_plans(work):
    """Plans of nnU-Net 2.0 to 2.4 name the network's sizes one by one."""
    plans, dataset = training()
    configuration = plans["configurations"]["3d_fullres"]
    network = configuration.pop("architecture")["arch_kwargs"]
    configuration |= {
        "UNet_class_name": "PlainConvUNet", "UNet_base_num_features": 4, "unet_max_num_features": 8,
        "n_conv_per_stage_encoder": network["n_conv_per_stage"],
        "n_conv_per_stage_decoder": network["n_conv_per_stage_decoder"], "num_pool_per_axis": [0, 1, 1],
        "pool_op_kernel_sizes": network["strides"], "conv_kernel_sizes": network["kernel_sizes"]}
    made = export(write(work / "older", plans, dataset), work / "older_package")
    check(len(made["steps"]) == 6 and (work / "older_package" / "fold_0.ts").is_file(), "plans of older versions")


def check_axes(work):
    """The array that nnU-Net's preprocessing makes of a file against what the axes say of that file."""
    import nibabel
    import numpy as np
    from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform
    from nnunet_plans import orient_axes
    from nnunetv2.imageio.nibabel_reader_writer import NibabelIO, NibabelIOWithReorient
    from nnunetv2.imageio.simpleitk_reader_writer import SimpleITKIO, SimpleITKIOWithReorient

    values = np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
    axes = {"RAS": np.diag([1.0, 2, 3, 1]),
            "LIA": np.array([[-1.0, 0, 0, 9], [0, 0, 3, 2], [0, -2, 0, 4], [0, 0, 0, 1]]),
            "PSR": np.array([[0.0, 0, 3, 0], [-2, 0, 0, 5], [0, 1, 0, 1], [0, 0, 0, 1]])}
    for code, affine in axes.items():
        image = nibabel.Nifti1Image(values, affine)
        nibabel.save(image, work / "axes.nii.gz")
        for reader in (SimpleITKIO, NibabelIO, NibabelIOWithReorient, SimpleITKIOWithReorient):
            for forward in ((0, 1, 2), (1, 0, 2), (2, 0, 1), (1, 2, 0)):
                plans = {"image_reader_writer": reader.__name__, "transpose_forward": list(forward),
                         "transpose_backward": [forward.index(axis) for axis in range(3)]}
                expected = reader().read_images([str(work / "axes.nii.gz")])[0][0].transpose(forward)
                said = orient_axes(plans, None)
                if said[0] in "ijk":
                    found = values.transpose(["ijk".index(axis) for axis in said])
                else:
                    found = np.asarray(image.as_reoriented(ornt_transform(
                        io_orientation(affine), axcodes2ornt(said))).dataobj)
                # memory is x first, an array's last dimension
                if not np.array_equal(found.transpose(2, 1, 0), expected):
                    check(False, f"axes {said} of a {code} file, {reader.__name__}, transpose {forward}")
                    return
    check(True, "axes are those of nnU-Net's arrays, of four readers and four transpositions")


def check_postprocessing(work):
    import branch_models
    from nnunet_postprocessing import filter_steps
    branch_models.write_postprocessing(work / "p.pkl", [[1, 2], (2, 3), 4])
    expected = [[1, 2], [2, 3], [4]]
    check([step["values"] for step in filter_steps(work / "p.pkl")] == expected, "postprocessing.pkl")
    (work / "p.json").write_text(json.dumps({
        "postprocessing_fns": ["remove_all_but_largest_component_from_segmentation"],
        "postprocessing_kwargs": [{"labels_or_regions": [1, [2, 3]]}]}))
    check(filter_steps(work / "p.json") == [{"step": "keep-largest", "values": [1, 2, 3], "together": True,
                                             "connectivity": 26, "on": "source"}], "postprocessing.json")


def check_ensemble(work):
    """Copies of the packages that were made before, and what their mean is decided by."""
    def run(*arguments):
        return subprocess.run([sys.executable, TOOLS / "ensemble", *map(str, arguments)], capture_output=True,
                              text=True, check=False)

    def changed(name, change):
        description = json.loads((work / "member" / "model.json").read_text())
        change(description)
        (work / name).mkdir()
        (work / name / "model.json").write_text(json.dumps(description))
        return work / name
    export(work / "two", work / "member")
    out = work / "ensemble"
    check(run(work / "member", work / "member", out, "--postprocessing", work / "p.json").returncode == 0,
          "an ensemble")
    made, member = (json.loads((place / "model.json").read_text()) for place in (out, work / "member"))
    check(made["steps"] == [{"step": "ensemble", "of": ["a", "b"]}, {"step": "labels", "decision": "highest"},
                            {"step": "keep-largest", "values": [1, 2, 3], "together": True, "connectivity": 26,
                             "on": "source"}], "its steps, with the filter that nnU-Net determined")
    check(made["stages"] == [{"name": name, "package": name} for name in "ab"]
          and (out / "b" / "fold_1.ts").read_bytes() == (work / "member" / "fold_1.ts").read_bytes(),
          "members are the packages as they are")
    check("weights" not in made and all(made[key] == member[key] for key in ("channels", "wants", "gives")),
          "no weights; channels, wants and segments of the first")
    check(run(work / "regions_package", work / "regions_package", work / "mean_regions").returncode == 0 and json.loads(
        (work / "mean_regions" / "model.json").read_text())["steps"][1] == {
            "step": "labels", "decision": "regions", "threshold": 0.5}, "regions are decided at one half")
    for what, arguments in (
            ("classes", (work / "member", work / "flat_package")),
            ("segments", (work / "member", changed("renamed", lambda d: d["gives"]["segments"][0].update(value=9)))),
            ("channels", (work / "member", changed("other_channels", lambda d: d.update(channels=[{"name": "T1"}])))),
            ("modalities", (work / "member", changed("other_wants", lambda d: d["wants"].update(modalities=["CT"])))),
            ("decision", (work / "member", changed("other_decision", lambda d: d["steps"][-1].update(
                decision="regions")))),
            ("no segmentation", (out, out)),
            ("holds no model.json", (work / "member", work)),
            ("lies in OUT", (out / "a", out / "b"))):
        done = run(*arguments, work / "refused_ensemble" if what != "lies in OUT" else out)
        check(done.returncode == REFUSED and what in done.stderr, f"{done.stderr.strip()[:150]}")
    check(not (work / "refused_ensemble").exists() and (out / "a" / "model.json").exists(), "nothing is left or lost")
    check(run(work / "member", work / "one").returncode == USAGE, "an ensemble of one is a wrong usage")


# ---------------------------------------------------------------- what is refused

def changes():
    """(what the message names, change of plans, configuration and dataset, options)"""
    def of_plans(**members):
        return lambda plans, configuration, dataset: plans.update(members)

    def of_configuration(**members):
        return lambda plans, configuration, dataset: configuration.update(members)

    def of_dataset(**members):
        return lambda plans, configuration, dataset: dataset.update(members)
    usual = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None}
    return [
        ("OtherPreprocessor", of_configuration(preprocessor_name="OtherPreprocessor"), {}),
        ("OtherLabels", of_plans(label_manager="OtherLabels"), {}),
        ("Tiff3DIO", of_plans(image_reader_writer="Tiff3DIO"), {}),
        ("NaturalImage2DIO", of_plans(image_reader_writer="NaturalImage2DIO"), {}),
        ("transpose_backward", of_plans(transpose_forward=[2, 0, 1], transpose_backward=[2, 0, 1]), {}),
        ("OtherNormalization", of_configuration(normalization_schemes=["OtherNormalization"] * 2), {}),
        ("normalization_schemes", of_configuration(normalization_schemes=["NoNormalization"]), {}),
        ("resample_torch_fornnunet", of_configuration(resampling_fn_data="resample_torch_fornnunet"), {}),
        ("order 2", of_configuration(resampling_fn_data_kwargs=usual | {"order": 2}), {}),
        ("'sharpen'", of_configuration(resampling_fn_data_kwargs=usual | {"sharpen": 1}), {}),
        ("is_seg", of_configuration(resampling_fn_data_kwargs=usual | {"is_seg": True}), {}),
        ("no_resampling_hack", of_configuration(resampling_fn_data="no_resampling_hack",
                                                resampling_fn_data_kwargs={}), {}),
        ("'patch_overlap'", of_configuration(patch_overlap=0.3), {}),
        ("'denoise'", of_plans(denoise=True), {}),
        ("labels [0, 2]", of_dataset(labels={"background": 0, "a": 2}), {}),
        ("regions_class_order", of_dataset(labels={"background": 0, "a": [1, 2], "b": 2},
                                           regions_class_order=[1, 1]), {}),
        ("use --modality", of_dataset(channel_names={"0": "zscore", "1": "noNorm"}), {}),
        ("--configuration 2d", of_plans(), {"configuration": "2d"}),
        ("fold_4", of_plans(), {"folds": ["4"]}),
        ("--axes LPS", of_plans(image_reader_writer="NibabelIOWithReorient"), {"axes": "LPS"}),
        ("previous stage", of_configuration(previous_stage="3d_lowres"), {}),
    ]


def check_refusals(work):
    for index, (named, change, options) in enumerate(changes()):
        plans, dataset = training()
        change(plans, plans["configurations"]["3d_fullres"], dataset)
        folder = write(work / f"refused{index}", plans, dataset)
        try:
            export(folder, work / f"refused{index}_package", **options)
            check(False, f"{named} is refused")
        except Refused as refused:
            check(named in str(refused), f"refused: {refused}")


def check_code_is_not_run(work):
    import pickle
    import torch

    class Opens:
        def __reduce__(self):
            return (open, (str(work / "opened"), "w"))
    folder = write(work / "code", *training())
    torch.save({"network_weights": Opens()}, folder / "fold_0" / "checkpoint_final.pth")
    (work / "code.pkl").write_bytes(pickle.dumps(Opens()))
    from nnunet_postprocessing import filter_steps
    for what, call in (("checkpoint", lambda: export(folder, work / "code_package")),
                       ("postprocessing.pkl", lambda: filter_steps(work / "code.pkl"))):
        try:
            call()
            refused = False
        except Refused:
            refused = True
        check(refused and not (work / "opened").exists(), f"code in a {what} is not run")


def check_command_line(work):
    def run(*arguments):
        return subprocess.run([sys.executable, TOOLS / "nnunet", *map(str, arguments)], capture_output=True,
                              text=True, env=os.environ | {"OSLER_EXPORTING": "1"}, check=False)
    refused = run(work / "refused0", work / "cli")
    check(refused.returncode == REFUSED and "OtherPreprocessor" in refused.stderr
          and not (work / "cli" / "model.json").exists(), "exit code of a refusal; no model.json is left")
    check(run(work / "two").returncode == USAGE, "exit code of usage")
    check(run(work / "two", work / "cli").returncode == 0, "exit code of an export")


def main():
    go_on_in_export_python(("nnunetv2", "torch", "nibabel"), skip=True)
    for name in ("raw", "preprocessed", "results"):
        os.environ.setdefault(f"nnUNet_{name}", "")
    import torch
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        for each in (check_description, check_segments, check_flat, check_regions, check_older_plans,
                     check_axes, check_postprocessing, check_ensemble, check_refusals, check_code_is_not_run,
                     check_command_line):
            each(work)
    print(f"{len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
