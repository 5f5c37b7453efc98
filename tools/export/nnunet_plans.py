"""What nnU-Net's plans.json and dataset.json say, in a package's words.

nnU-Net's arrays are (z, y, x) or, for a 2d configuration, (y, x) of the transposed image; triples of a
package are (x, y, z), so that every triple is turned round on its way out. Anything that changes the
answer and that a package cannot say is refused by its name.
"""

import inspect
import re

from package import Refused

# Members of a configuration that are read here, and those that only training reads.
READ = {"preprocessor_name", "patch_size", "spacing", "normalization_schemes", "use_mask_for_norm",
        "resampling_fn_data", "resampling_fn_data_kwargs", "resampling_fn_seg",
        "resampling_fn_seg_kwargs", "resampling_fn_probabilities",
        "resampling_fn_probabilities_kwargs", "architecture", "previous_stage"}
ONLY_TRAINING = {"data_identifier", "batch_size", "median_image_size_in_voxels", "batch_dice",
                 "next_stage", "inherits_from"}
# Members of plans.json: read here, or a record of how the plans were made.
PLANS_READ = {"configurations", "transpose_forward", "transpose_backward", "image_reader_writer",
              "label_manager", "foreground_intensity_properties_per_channel",
              "foreground_intensity_properties_by_modality", "dataset_name", "plans_name"}
PLANS_RECORD = {"original_median_spacing_after_transp", "original_median_shape_after_transp",
                "experiment_planner_used"}
FILE_ORDER = {"SimpleITKIO", "NibabelIO"}
TURNED_TO_RAS = {"NibabelIOWithReorient", "SimpleITKIOWithReorient"}
USUAL_SCORES = {"order": 1, "order_across": 0, "separate": "auto", "anisotropy": 3}  # "nnunet" for short
ORDERS = (0, 1, 3)
MOST_VALUE = 255  # label maps are of bytes
LEAST_SD = 1e-8  # nnU-Net's floor of a standard deviation

MODALITIES = {"ct": "CT", "pet": "PT", "pt": "PT"}
MR_NAMES = re.compile(r"(mri?|t1|t2|t2star|pd|flair|adc|dwi|swi|dce|cine|tof|bssfp|mprage)"
                      r"([ _\-]?(w|gd|ce|c|n|post|pre|map|weighted|fs|flair|\d+))*")


def check_members(plans, configuration):
    for member in plans.keys() - PLANS_READ - PLANS_RECORD:
        raise Refused(f"'{member}' in plans.json", "is no member of plans that is known here")
    for member in configuration.keys() - READ - ONLY_TRAINING:
        raise Refused(f"'{member}' of the configuration", "is no member of plans that is known here")
    preprocessor = configuration["preprocessor_name"]
    if preprocessor != "DefaultPreprocessor":
        raise Refused(f"preprocessor '{preprocessor}'", "only DefaultPreprocessor is known")
    manager = plans.get("label_manager", "LabelManager")
    if manager != "LabelManager":
        raise Refused(f"label manager '{manager}'", "only LabelManager is known")


def orient_axes(plans, given):
    """The axes of the network's memory, x first.

    A reader gives arrays (z, y, x); transpose_forward says which of their dimensions comes first,
    second and last. `given` are the directions that the files of the training had.
    """
    reader = plans["image_reader_writer"]
    if reader in TURNED_TO_RAS:
        if given not in (None, "RAS"):
            raise Refused(f"--axes {given}", f"the reader {reader} turns every image to RAS")
        of_array = "RAS"
    elif reader in FILE_ORDER:
        of_array = given or "ijk"
    else:
        raise Refused(f"image reader '{reader}'", "only readers of NIfTI and of SimpleITK are known")
    forward = list(plans["transpose_forward"])
    if sorted(forward) != [0, 1, 2]:
        raise Refused(f"transpose_forward {forward}", "is no order of three axes")
    if [forward[axis] for axis in plans["transpose_backward"]] != [0, 1, 2]:
        raise Refused("transpose_backward", "does not undo transpose_forward")
    by_dimension = of_array[::-1]
    return "".join(by_dimension[dimension] for dimension in forward)[::-1]


def normalise_steps(plans, configuration, channels):
    """One step a channel, after the crop and before resampling."""
    schemes, masks = configuration["normalization_schemes"], configuration["use_mask_for_norm"]
    for what, listed in (("normalization_schemes", schemes), ("use_mask_for_norm", masks)):
        if len(listed) != channels:
            raise Refused(what, f"has {len(listed)} entries for {channels} channels")
    key = "foreground_intensity_properties_per_channel"
    properties = plans.get(key) or plans.get("foreground_intensity_properties_by_modality") or {}
    steps = []
    for channel, (scheme, masked) in enumerate(zip(schemes, masks)):
        step = _normalise(scheme, masked, properties.get(str(channel)))
        if step is not None:
            steps.append(step | ({"channel": channel} if channels > 1 else {}))
    return steps


def _normalise(scheme, masked, intensities):
    if scheme == "CTNormalization":
        if intensities is None:
            raise Refused("CTNormalization", "plans.json holds no intensities of its channel")
        return {"step": "normalise",
                "clip": [intensities["percentile_00_5"], intensities["percentile_99_5"]],
                "shift": intensities["mean"], "scale": max(intensities["std"], LEAST_SD)}
    if scheme == "ZScoreNormalization":
        return {"step": "normalise", "statistics": "content" if masked else "all",
                "changes": "counted" if masked else "all"}
    if scheme == "RescaleTo01Normalization":
        return {"step": "rescale", "from": "range", "to": [0, 1]}
    if scheme == "RGBTo01Normalization":
        return {"step": "normalise", "shift": 0, "scale": 255}
    if scheme == "NoNormalization":
        return None
    raise Refused(f"normalisation '{scheme}'", "is none of nnU-Net 2's own five")


def _resampling(configuration, role):
    """Arguments of one of nnU-Net's resampling functions, defaults included; None: no resampling."""
    from nnunetv2.preprocessing.resampling.default_resampling import resample_data_or_seg_to_shape

    name = configuration[f"resampling_fn_{role}"]
    given = configuration[f"resampling_fn_{role}_kwargs"]
    if name == "no_resampling_hack":
        return None
    if name != "resample_data_or_seg_to_shape":
        raise Refused(f"resampling_fn_{role} '{name}'",
                      "only resample_data_or_seg_to_shape and no_resampling_hack are known")
    parameters = inspect.signature(resample_data_or_seg_to_shape).parameters
    known = {key: parameter.default for key, parameter in parameters.items()
             if parameter.default is not inspect.Parameter.empty}
    for key in given.keys() - known.keys():
        raise Refused(f"'{key}' of resampling_fn_{role}_kwargs", "is no argument of that function")
    arguments = known | given
    if bool(arguments["is_seg"]) != (role == "seg"):
        raise Refused(f"is_seg of resampling_fn_{role}_kwargs", "is not what that role needs")
    for key in ("order", "order_z"):
        if arguments[key] not in ORDERS:
            raise Refused(f"{key} {arguments[key]} of resampling_fn_{role}_kwargs",
                          "only splines of order 0, 1 and 3 are known")
    return arguments


def _separate(arguments):
    forced = arguments["force_separate_z"]
    return "auto" if forced is None else bool(forced)


def resample_step(configuration):
    """None where the network takes the source's own grid."""
    arguments = _resampling(configuration, "data")
    if arguments is None:
        return None
    spacing = [float(value) for value in configuration["spacing"][::-1]]
    return {"step": "resample", "rule": "nnunet",
            "spacing_mm": spacing + [0] * (3 - len(spacing)), "order": arguments["order"],
            "order_across": arguments["order_z"], "separate": _separate(arguments),
            "anisotropy": arguments["separate_z_anisotropy_threshold"]}


def labels_step(configuration, regions):
    """Logits are interpolated and decided on the source's grid; the sigmoid's half is the logit 0."""
    arguments = _resampling(configuration, "probabilities")
    if (arguments is None) != (_resampling(configuration, "data") is None):
        raise Refused("no_resampling_hack", "for only one of data and probabilities")
    step = {"step": "labels", "activation": "none"}
    step |= {"decision": "regions", "threshold": 0} if regions else {"decision": "highest"}
    step |= {"decided_on": "source", "interpolation": "nnunet"}
    if arguments is None:
        return step
    found = {"order": arguments["order"], "order_across": arguments["order_z"],
             "separate": _separate(arguments),
             "anisotropy": arguments["separate_z_anisotropy_threshold"]}
    if found != USUAL_SCORES:
        step["interpolation"] = {"rule": "nnunet"} | found
    return step


def add_labels_step(configuration, stage, values):
    """The cascade's one-hot labels of the stage before."""
    arguments = _resampling(configuration, "seg")
    usual = {"order": 1, "order_z": 0, "force_separate_z": None, "separate_z_anisotropy_threshold": 3}
    if arguments is not None and any(arguments[key] != value for key, value in usual.items()):
        raise Refused("resampling_fn_seg_kwargs", "the cascade's labels are only known with order 1, "
                      "order_z 0 and force_separate_z null")
    if (arguments is None) != (_resampling(configuration, "data") is None):
        raise Refused("no_resampling_hack", "for only one of data and seg")
    return {"step": "add-labels", "of": stage, "values": values}


def window_step(configuration, mirrored_dimensions, means):
    """@param means  "nnunet-halves" sums scores in half precision as nnU-Net does, "single" does not"""
    patch = [int(size) for size in configuration["patch_size"][::-1]]
    dimensions = len(patch)
    if dimensions not in (2, 3):
        raise Refused(f"patch_size {configuration['patch_size']}", "has neither two nor three sizes")
    if len(configuration["spacing"]) != dimensions:
        raise Refused("spacing", f"has {len(configuration['spacing'])} entries for a patch of {dimensions}")
    mirrored = [False, False, False]
    for dimension in mirrored_dimensions or ():
        if dimension not in range(dimensions):
            raise Refused("inference_allowed_mirroring_axes", f"{dimension} is no axis of the patch")
        mirrored[dimensions - 1 - dimension] = True
    return {"step": "sliding-window", "rule": "nnunet", "dimensions": dimensions,
            "patch": patch + [1] * (3 - dimensions), "patch_step": [0.5, 0.5, 0.5], "gaussian": True,
            "sigma_scale": 0.125, "mirrored": mirrored, "beyond": "value", "value": 0,
            "means": means}


def channel_names(dataset):
    """Names in the order of the network's channels, made different from each other."""
    listed = dataset.get("channel_names") or dataset.get("modality")
    if not listed:
        raise Refused("channel_names", "dataset.json names no channel")
    if sorted(int(key) for key in listed) != list(range(len(listed))):
        raise Refused("channel_names", "are not counted from 0")
    names = [str(listed[key]) for key in sorted(listed, key=int)]
    return [name if names.count(name) == 1 else f"{name} {index}" for index, name in enumerate(names)]


def modalities(dataset, given):
    if given:
        return [given]
    found = []
    for name in (dataset.get("channel_names") or dataset.get("modality")).values():
        words = str(name).strip().lower()
        modality = MODALITIES.get(words) or ("MR" if MR_NAMES.fullmatch(words) else None)
        if modality is None:
            raise Refused(f"channel name '{name}'", "does not tell a modality: use --modality")
        if modality not in found:
            found.append(modality)
    return found


def label_entries(manager, dataset):
    """(name, channel, value in the label map) of each foreground label or region."""
    if manager.has_regions:
        regions = [name for name, values in dataset["labels"].items() if name != "ignore"
                   and any(value != 0 for value in (values if isinstance(values, list) else [values]))]
        order = [int(value) for value in dataset["regions_class_order"]]
        if len(set(order)) < len(order) or not all(0 < value <= MOST_VALUE for value in order):
            raise Refused(f"regions_class_order {order}", "values are not different ones from 1 to 255")
        return [(name, channel, order[channel]) for channel, name in enumerate(regions)]
    values = [int(value) for value in manager.all_labels]
    if values != list(range(len(values))):
        raise Refused(f"labels {values}", "are not consecutive: nnU-Net then writes channels, not labels")
    if len(values) > MOST_VALUE + 1:
        raise Refused(f"{len(values) - 1} labels", f"a package gives at most {MOST_VALUE}")
    names = {}
    for name, value in dataset["labels"].items():
        value = int(value[0] if isinstance(value, list) else value)
        if name != "ignore" and names.setdefault(value, name) != name:
            raise Refused(f"label '{name}'", f"has the value of '{names[value]}'")
    return [(names[value], value, value) for value in values if value != 0]
