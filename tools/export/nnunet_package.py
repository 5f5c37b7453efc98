"""One configuration of an nnU-Net v2 training as a package, its previous stage as a package within."""

import dataclasses
import json
import shutil
from pathlib import Path

import nnunet_network as networks
import nnunet_plans as plans_words
from nnunet_postprocessing import filter_steps
from package import (INTENDED_USE, LARGEST_SPACING_MM, Refused, empty_folder, one_or_list, save_weights,
                     write_description)
from segments import make_segments, read_overrides


NOT_STATED = "not stated"


@dataclasses.dataclass(frozen=True)
class Options:
    """What the command line says, see there."""
    configuration: str | None = None
    folds: list | None = None
    checkpoint: str = "checkpoint_final.pth"
    axes: str | None = None
    modality: str | None = None
    segments: Path | None = None
    means: str = "nnunet-halves"
    postprocessing: Path | None = None
    previous: Path | None = None
    name: str | None = None
    title: str | None = None
    version: str = "1.0.0"
    manufacturer: str = NOT_STATED
    licence: str = NOT_STATED

    def of_previous_stage(self):
        """The stage before takes the same folds and files; its own name, title and filters are its own."""
        return dataclasses.replace(self, configuration=None, postprocessing=None, previous=None,
                                   name=None, title=None)


def training_folder(folder, configuration):
    """The folder with plans.json: the one given, or below it the only one of that configuration."""
    if (folder / "plans.json").is_file():
        return folder
    found = sorted(each.parent for each in folder.glob("*__*__*/plans.json")
                   if configuration in (None, each.parent.name.split("__")[-1]))
    if len(found) != 1:
        raise Refused(str(folder), "holds no plans.json" if not found else
                      "holds several trainings: " + ", ".join(each.name for each in found))
    return found[0]


def previous_folder(folder, stage, given):
    if given is not None:
        return given
    trainer_and_plans = folder.name.rsplit("__", 1)[0]
    sibling = folder.with_name(f"{trainer_and_plans}__{stage}")
    if not (sibling / "plans.json").is_file():
        raise Refused(f"previous stage '{stage}'", "its training lies not beside this one: use --previous")
    return sibling


def export_package(folder, out, options, log):
    """Writes OUT/model.json, weights, plans.json and dataset.json; returns the description."""
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    folder = training_folder(Path(folder), options.configuration)
    plans = json.loads((folder / "plans.json").read_text())
    dataset = json.loads((folder / "dataset.json").read_text())
    folds = networks.find_folds(folder, options.folds, options.checkpoint)
    checkpoints = [networks.load_checkpoint(folder / fold / options.checkpoint) for fold in folds]
    name = checkpoints[0]["init_args"]["configuration"]
    if options.configuration not in (None, name):
        raise Refused(f"--configuration {options.configuration}", f"{folder.name} was trained for {name}")
    for fold, checkpoint in zip(folds, checkpoints):
        for member, first in (("trainer_name", checkpoints[0]["trainer_name"]), ("init_args", name)):
            found = checkpoint[member] if member == "trainer_name" else checkpoint[member]["configuration"]
            if found != first:
                raise Refused(f"{fold}", f"was trained as '{found}', the first fold as '{first}'")

    plans_manager = PlansManager(plans)
    configuration_manager = plans_manager.get_configuration(name)
    # with inherited members, and before nnU-Net rewrites what an older version named otherwise
    configuration = plans_manager._internal_resolve_configuration_inheritance(name)
    if "architecture" not in configuration:
        configuration = configuration_manager.configuration
    plans_words.check_members(plans, configuration)
    manager = plans_manager.get_label_manager(dataset)
    entries = plans_words.label_entries(manager, dataset)
    described = describe(plans, dataset, configuration, manager, entries, options)

    mirrored = checkpoints[0].get("inference_allowed_mirroring_axes")
    described["steps"].insert(-1, plans_words.window_step(configuration, mirrored, options.means))
    if options.postprocessing is not None:
        described["steps"] += filter_steps(options.postprocessing)

    out = empty_folder(out)
    stage = configuration.get("previous_stage")
    if stage is not None:
        place = described["steps"].index(next(s for s in described["steps"] if s["step"] == "sliding-window"))
        values = [int(value) for value in manager.foreground_labels]
        described["steps"].insert(place, plans_words.add_labels_step(configuration, stage, values))
        described["stages"] = [{"name": stage, "package": stage}]
        export_package(previous_folder(folder, stage, options.previous), out / stage,
                       options.of_previous_stage(), log)

    network, inputs = networks.build_network(plans_manager, configuration_manager, dataset,
                                             checkpoints[0]["trainer_name"])
    weights = []
    for fold, checkpoint in zip(folds, checkpoints):
        networks.load_weights(network, checkpoint["network_weights"], fold)
        module, checked = networks.trace(network, inputs, configuration["patch_size"],
                                         manager.num_segmentation_heads)
        weights.append(save_weights(module, out, fold + ".ts"))
        log(f"{name} {fold}: traced, same scores as the eager network on "
            + ", ".join("x".join(map(str, shape)) for shape in checked))
    described["weights"] = one_or_list(weights)
    described["gives"] = {"classes": manager.num_segmentation_heads,
                          "segments": make_segments(entries, read_overrides(options.segments,
                                                                            [e[0] for e in entries]))}
    for file in ("plans.json", "dataset.json"):
        shutil.copyfile(folder / file, out / file)
    write_description(out, in_order(described, name, options))
    return described


def describe(plans, dataset, configuration, manager, entries, options):
    """Channels, wants, and the steps without window, cascade and filters."""
    channels = plans_words.channel_names(dataset)
    steps = [{"step": "orient", "axes": plans_words.orient_axes(plans, options.axes)},
             {"step": "crop", "to": "nonzero"}]
    steps += plans_words.normalise_steps(plans, configuration, len(channels))
    resample = plans_words.resample_step(configuration)
    steps += [resample] if resample else []
    steps.append(plans_words.labels_step(configuration, manager.has_regions))
    limits = []
    if plans["image_reader_writer"] in plans_words.FILE_ORDER and options.axes is None:
        limits.append("axes are taken in the order of the source (columns, rows, slices), as the training's "
                      "files were: a source in another order than those is seen turned or mirrored")
    if manager.has_regions and len(entries) > 1:
        limits.append("a label is what its region leaves to the later ones in the list")
    if "RGBTo01Normalization" in configuration["normalization_schemes"]:
        limits.append("values from 0 to 255 only")
    return {"channels": [{"name": name} for name in channels], "steps": steps, "limits": limits,
            "modalities": plans_words.modalities(dataset, options.modality),
            "dataset": plans["dataset_name"]}


def in_order(described, configuration, options):
    """The members of model.json as a reader expects to meet them."""
    dataset = described["dataset"]
    result = {
        "name": options.name or f"{dataset}-{configuration}".lower().replace("_", "-"),
        "title": options.title or f"{dataset}, nnU-Net {configuration}",
        "version": options.version,
        "manufacturer": options.manufacturer,
        "intended_use": INTENDED_USE,
        "protocol": f"the outlines that {dataset} was trained with",
        "limits": described["limits"] + ["made from a training folder; nothing was tried by the exporter"],
        "licence": options.licence,
        "channels": described["channels"],
        "weights": described["weights"],
        "wants": {"modalities": described["modalities"], "body_parts": [],
                  "min_extent_mm": [0, 0, 0], "max_spacing_mm": LARGEST_SPACING_MM},
    }
    if "stages" in described:
        result["stages"] = described["stages"]
    return result | {"steps": described["steps"], "gives": described["gives"], "gates": []}
