#!/usr/bin/env python3
"""Holds docs/schema/model.schema.json against what it describes, with jsonschema as the judge.

usage: check_schema.py PROGRAM   (tests/print_schema_problems.cpp)

Every model.json in models/ and the examples in docs/models.md fit; and our own validator says yes
and no where jsonschema does, on descriptions of every step with one thing changed at a time.
Exit 77 without jsonschema (OSLER_JUDGES).
"""
import copy
import json
import random
import re
import subprocess
import sys

import judging
from judging import ROOT

CODE = {"value": "1", "scheme": "SCT", "meaning": "Thing"}
SHA = "0" * 64
STEPS = [
    {"step": "orient", "axes": "RAS"}, {"step": "orient", "axes": "kji"},
    {"step": "crop", "to": "nonzero"},
    {"step": "crop", "to": "above", "value": 0, "margin": [1, 0, 2], "multiple_of": [4, 4, 4]},
    {"step": "crop", "to": "labels", "of": "low", "labels": ["lung"], "margin_mm": 20},
    {"step": "normalise", "clip": [-1000, 400], "shift": -1000, "scale": 1400, "channel": 0},
    {"step": "normalise", "statistics": "content", "changes": "counted", "per_channel": True},
    {"step": "rescale", "from": "range", "to": [0, 1]},
    {"step": "rescale", "from": [-100, 200], "to": [0, 1], "clip": True},
    {"step": "rescale", "from": {"percentiles": [0.5, 99.5]}, "to": [-1, 1], "per_channel": False},
    {"step": "resample", "spacing_mm": [1.5, 1.5, 0], "interpolation": "linear", "alignment": "edges"},
    {"step": "resample", "rule": "nnunet", "spacing_mm": [1, 1, 3], "order": 3, "separate": "auto"},
    {"step": "pad", "to": [96, 96, 96], "where": "end", "with": "value", "value": -1},
    {"step": "pad", "multiple_of": [16, 16, 16]},
    {"step": "resize", "size": [64, 64, 64], "interpolation": "area"},
    {"step": "add-labels", "of": "low", "values": [1, 2]},
    {"step": "sliding-window", "rule": "nnunet", "patch": [96, 96, 1], "dimensions": 2,
     "patch_step": [0.5, 0.5, 1], "gaussian": True, "mirrored": [True, True, False], "means": "nnunet-halves"},
    {"step": "whole-image", "dimensions": 3},
    {"step": "labels", "activation": "sigmoid", "decision": "regions", "threshold": 0.5,
     "order": [0, 2, 1], "decided_on": "network"},
    {"step": "keep-largest", "values": [1, 2], "connectivity": 26, "on": "source"},
    {"step": "fill-holes"}, {"step": "remove-small", "min_voxels": 64}, {"step": "keep-values", "values": [1]},
]


def whole():
    weights = {"file": "a.ts", "format": "torchscript", "sha256": SHA}
    compiled = dict(weights, format="aotinductor", input=[1, 2, 8, 8, 8], processor=["avx2"])
    return {
        "format": "osler-model/1", "name": "n", "title": "t", "version": "1", "manufacturer": "m",
        "intended_use": "u", "protocol": "p", "limits": ["l"], "licence": "l",
        "channels": [{"name": "T1"}, {"name": "FLAIR"}], "weights": [weights, compiled],
        "stages": [{"name": "low", "package": "low"}],
        "wants": {"modalities": ["CT"], "body_parts": [], "min_extent_mm": [1, 2, 3], "max_spacing_mm": 5},
        "steps": STEPS,
        "gives": {"classes": 3, "segments": [{"label": "a", "output": 1, "value": 7, "rgb": [1, 2, 3],
                                              "category": CODE, "type": CODE, "laterality": CODE}]},
        "gates": [{"name": "g", "signal": "labelled_ml", "meaning": "m", "at_least": 1}]}


def classifier():
    package = whole()
    del package["stages"]
    package["wants"] = {"modalities": ["CR"], "body_parts": []}
    package["steps"] = [{"step": "resize", "size": [224, 224, 0], "interpolation": "linear"},
                        {"step": "classify", "dimensions": 2, "colour": "monochrome", "repeat_to": 3,
                         "activation": "sigmoid", "multi_label": True,
                         "calibration": {"platt": [[1, 0], [2, 1]], "fitted_on": "validation"}}]
    package["gives"] = {"classes": 2, "question": CODE, "evaluations": [
        {"label": "a", "output": 0, "code": CODE, "threshold": 0.5},
        {"label": "b", "output": 1, "code": CODE, "nothing_found": True}]}
    return package


def ensemble():
    package = whole()
    del package["weights"]
    package["stages"].append({"name": "high", "package": "high"})
    package["steps"] = [{"step": "ensemble", "of": ["low", "high"]},
                        {"step": "labels", "decision": "regions", "threshold": 0.5, "order": [0, 2, 1]},
                        {"step": "keep-largest", "values": [1, 2], "on": "source"}, {"step": "fill-holes"},
                        {"step": "remove-small", "min_voxels": 64}, {"step": "keep-values", "values": [1]}]
    return package


def places(value, path=()):
    """Every path in a document."""
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*path, key))


def changed(document, rng):
    document = copy.deepcopy(document)
    *way, last = rng.choice([path for path in places(document) if path])
    holder = document
    for key in way:
        holder = holder[key]
    act = rng.randrange(4)
    if act == 0:
        del holder[last]
    elif act == 1:
        holder[last] = rng.choice(["x", "", 0, -1, 1.5, 300, None, True, [], {}, [1, 2, 3], ["x"], "aotinductor",
                                   "regions", "labels", "nnunet", "crop", SHA])
    elif act == 2 and isinstance(holder, dict):
        holder["unknown"] = 1
    elif isinstance(holder, list):
        holder.append(copy.deepcopy(holder[last]))
    return document


def members_the_schema_lacks(schema):
    """Members that the reader knows (`r.only`) and the schema does not."""
    known = set()

    def collect(node):
        if isinstance(node, dict):
            known.update(node.get("properties", {}))
            node = list(node.values())
        if isinstance(node, list):
            for each in node:
                collect(each)
    collect(schema)
    read = set()
    for file in (ROOT / "src" / "registry").glob("*.cpp"):
        for call in re.findall(r"\br\.only\(\{(.*?)\}\)", file.read_text(), re.S):
            read.update(re.findall(r'"(\w+)"', call))
    return sorted(read - known) if read else ["(no r.only was found)"]


def main(program):
    try:
        import jsonschema
    except ImportError as missing:
        judging.use_judges()
        judging.skip_without(missing)
    schema = json.loads((ROOT / "docs" / "schema" / "model.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    judge = jsonschema.Draft202012Validator(schema)
    documents = {str(file.relative_to(ROOT)): json.loads(file.read_text())
                 for file in sorted((ROOT / "models").glob("*/model.json"))}
    examples = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "models.md").read_text(), re.S)
    examples = [json.loads(text.replace("64 hexadecimal digits", SHA)) for text in examples
                if text.startswith("{")]
    documents |= {f"docs/models.md, example {i + 1}": example
                  for i, example in enumerate(examples) if "format" in example and "steps" in example}
    documents |= {"every step": whole(), "a classifier": classifier(), "an ensemble": ensemble()}
    faults = [f"{name}: {error.json_path}: {error.message[:120]}"
              for name, document in documents.items() for error in judge.iter_errors(document)]
    faults += [f"the reader knows '{name}', the schema does not" for name in members_the_schema_lacks(schema)]
    if len(documents) < 3:
        faults.append("fewer documents than there should be")

    rng = random.Random(6)
    trials = list(documents.values())
    trials += [changed(rng.choice(list(documents.values())), rng) for _ in range(3000)]
    lines = "".join(json.dumps(document) + "\n" for document in trials)
    answers = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout
    refused = 0
    for document, answer in zip(trials, answers.splitlines(), strict=True):
        ours, theirs = json.loads(answer), next(judge.iter_errors(document), None)
        refused += theirs is not None
        if bool(ours) != (theirs is not None):
            faults.append(f"ours {ours}, theirs {theirs and (theirs.json_path, theirs.message[:120])}")
    print(*faults, sep="\n")
    print(f"{len(documents)} descriptions, {len(trials)} trials ({refused} refused), {len(faults)} faults")
    sys.exit(1 if faults or refused < 500 else 0)


if __name__ == "__main__":
    main(sys.argv[1])
