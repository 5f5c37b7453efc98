"""Models, packages, images and nnU-Net's own predictions of every case, made once and kept.

Each case is a folder of the work folder: training/, package/, images/, reference/ (nnU-Net as it is) and
reference_single/ (the same with sums in single precision). What was made is kept until a script that
takes part in making it changes.
"""

import contextlib
import dataclasses
import hashlib
import inspect
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

for variable in ("raw", "preprocessed", "results"):  # nnU-Net asks for them as it is imported
    os.environ.setdefault(f"nnUNet_{variable}", "")
os.environ.setdefault("nnUNet_def_n_proc", "2")
HERE = Path(__file__).resolve().parent
TOOLS = HERE.parents[1] / "tools" / "export"
sys.path[:0] = [str(HERE), str(TOOLS)]
import branch_models  # noqa: E402
import inputs  # noqa: E402
import reference_ensemble  # noqa: E402
import reference_nnunet  # noqa: E402
from package import sha256_of  # noqa: E402

TRAINED = "hippocampus"
TRAINED_IMAGES = ("001", "003", "004", "006", "033")  # the validation's and the training's
TRAINING = [HERE / "hippocampus_nnunet.py"]
EXPORTING = sorted(TOOLS.glob("*.py")) + [TOOLS / "nnunet"]
JUDGING = [HERE / "reference_nnunet.py"]
JUDGING_ENSEMBLES = [*JUDGING, HERE / "reference_ensemble.py"]


@dataclasses.dataclass
class Case:
    """One image of one model."""
    name: str
    model: Path  # folder of training, package and so on
    package: Path
    references: dict  # "half" and "single": folders of nnU-Net's prediction, as it is and with single-precision sums
    channels: list  # files, in the network's order
    channel_names: list
    modality: str
    labels: int  # that the description names, background included
    regions: bool
    halves: bool  # the package asks for nnU-Net's sums in half precision
    first: "Case | None" = None  # a cascade's first stage, a case of its own


def digest(files, *more):
    state = hashlib.sha256(repr(more).encode())
    for file in files:
        state.update(sha256_of(file).encode())
    return state.hexdigest()


@contextlib.contextmanager
def made_once(folder, key):
    """Yields a fresh folder to fill, or None where one with this key is there."""
    stamp = folder.with_name(folder.name + ".made")
    if folder.is_dir() and stamp.is_file() and stamp.read_text() == key:
        yield None
        return
    shutil.rmtree(folder, ignore_errors=True)
    stamp.unlink(missing_ok=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    yield folder
    stamp.write_text(key)
    print(f"made {folder.parent.name}/{folder.name} in {time.monotonic() - started:.0f} s", file=sys.stderr)


@contextlib.contextmanager
def quiet():
    """nnU-Net prints a lot on stdout; what goes wrong raises."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def run_script(*arguments):
    """One of the scripts, in this Python; what it printed is shown only where it fails."""
    done = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True,
                          env=os.environ | {"OSLER_EXPORTING": "1"}, check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stdout[-3000:] + done.stderr[-6000:])
        raise RuntimeError(f"{Path(arguments[0]).name} ended with {done.returncode}")


def training_of(model):
    """The wanted training's folder, its previous stage's and the postprocessing's file, or None each."""
    recipe = branch_models.RECIPES.get(model.name)
    if recipe is None:
        return model / "training", None, None
    *_, wanted = recipe["configurations"]
    previous = recipe["configurations"][wanted].get("previous_stage")
    place = "nnUNetTrainer__nnUNetPlans__"
    filters = model / "training" / "postprocessing.pkl"
    return (model / "training" / (place + wanted),
            model / "training" / (place + previous) if previous else None,
            filters if "postprocessing" in recipe else None)


def make_training(model, data):
    """@returns the key of what was made"""
    if model.name == TRAINED:
        key = digest(TRAINING, "trained")
        with made_once(model / "training", key) as folder:
            if folder is not None:
                run_script(HERE / "hippocampus_nnunet.py", data / "hippocampus", folder)
        return key
    how = (branch_models.STEPS, inspect.getsource(branch_models.fit), inspect.getsource(branch_models.view))
    recipe = branch_models.RECIPES[model.name]
    image = (inspect.getsource(inputs.make_input), inputs.CT_PARTS.get(recipe["image"]))
    key = digest([], how, recipe, image)
    with made_once(model / "training", key) as folder:
        if folder is not None:
            with quiet():
                branch_models.make(model.name, data, folder)
    return key


def make_package(model, key):
    wanted, previous, filters = training_of(model)
    modality = branch_models.RECIPES.get(model.name, {}).get("modality")
    with made_once(model / "package", digest(EXPORTING, key)) as folder:
        if folder is not None:
            run_script(TOOLS / "nnunet", wanted, folder, *(["--modality", modality] if modality else []),
                       *(["--previous", previous] if previous else []),
                       *(["--postprocessing", filters] if filters else []))


def images_of(model, data):
    """(name of the case, files of its channels) of each image."""
    if model.name != TRAINED:
        recipe = branch_models.RECIPES[model.name]
        return [(model.name, inputs.make_input(recipe["image"], data, model / "images"))]
    files = (data / "hippocampus" / "images" / f"hippocampus_{number}.nii.gz" for number in TRAINED_IMAGES)
    return [(f"{TRAINED}_{file.name[12:15]}", [file]) for file in files if file.exists()]


def make_reference(model, case, channels, key, single):
    wanted, previous, filters = training_of(model)
    folder = model / ("reference_single" if single else "reference") / case
    with made_once(folder, digest(JUDGING, key, single)) as out:
        if out is not None:
            with quiet():
                reference_nnunet.run(wanted, None, channels, out, single, previous, filters)
    return folder


def given_first_stage(case, labels):
    """The case of a cascade's second stage with the judge's made from these labels of the first one.

    A tie in the first stage changes what the second one sees, by as much as it likes: each is judged alone.
    """
    wanted, _, filters = training_of(case.model)
    references = {}
    for kind in case.references:
        folder = case.model / f"given_first_{kind}" / case.name
        with made_once(folder, digest([*JUDGING, labels], (case.model / "training.made").read_text(), kind)) as out:
            if out is not None:
                with quiet():
                    reference_nnunet.predict(wanted, None, case.channels, out, kind == "single", labels, filters)
        references[kind] = folder
    return dataclasses.replace(case, references=references)


def case_of(name, model, package, references, channels, first=None):
    description = json.loads((package / "model.json").read_text())
    steps = {step["step"]: step for step in description["steps"]}
    if "ensemble" in steps:
        member = json.loads((package / steps["ensemble"]["of"][0] / "model.json").read_text())
        steps |= {step["step"]: step for step in member["steps"] if step["step"] == "sliding-window"}
    return Case(name, model, package, references, channels, [c["name"] for c in description["channels"]],
                description["wants"]["modalities"][0], len(description["gives"]["segments"]) + 1,
                steps["labels"]["decision"] == "regions", steps["sliding-window"]["means"] == "nnunet-halves", first)


def make_ensemble(name, work, data):
    """Makes what is missing of the members and of their ensemble; @returns its one case."""
    model, recipe = work / name, branch_models.ENSEMBLES[name]
    members = [each for member in recipe["of"] for each in make_cases(member, work, data)]
    key = digest([], recipe, *((each.model / "package.made").read_text() for each in members))
    filters = model / "postprocessing.pkl" if "postprocessing" in recipe else None
    with made_once(model / "package", digest([*EXPORTING, TOOLS / "ensemble"], key)) as folder:
        if folder is not None:
            if filters:
                branch_models.write_postprocessing(filters, recipe["postprocessing"])
            run_script(TOOLS / "ensemble", *(each.package for each in members), folder,
                       *(["--postprocessing", filters] if filters else []))
    training, *_ = training_of(members[0].model)
    references = {}
    for kind in ("half", "single"):
        references[kind] = model / ("reference_single" if kind == "single" else "reference") / name
        predictions = [each.references[kind] for each in members]
        with made_once(references[kind], digest(JUDGING_ENSEMBLES, key, kind)) as out:
            if out is not None:
                with quiet():
                    reference_ensemble.run(training, predictions, out, filters)
    return [case_of(name, model, model / "package", references, members[0].channels)]


def make_cases(name, work, data):
    """Makes what is missing of one model; @returns its cases."""
    if name in branch_models.ENSEMBLES:
        return make_ensemble(name, work, data)
    model = work / name
    key = make_training(model, data)
    make_package(model, key)
    package = model / "package"
    stages = json.loads((package / "model.json").read_text()).get("stages", [])
    cases = []
    for case, channels in images_of(model, data):
        references = {kind: make_reference(model, case, channels, key, kind == "single") for kind in ("half", "single")}
        first = None
        for stage in stages:
            of_first = {kind: folder / "previous" for kind, folder in references.items()}
            first = case_of(f"{case}, first", model, package / stage["package"], of_first, channels)
        cases.append(case_of(case, model, package, references, channels, first))
    return cases


NAMES = [TRAINED, *branch_models.RECIPES, *branch_models.ENSEMBLES]
