"""The steps of a postprocessing.pkl or .json that nnU-Net determined."""

import io
import json
import pickle

from package import Refused

FUNCTION = "remove_all_but_largest_component_from_segmentation"
MODULE = "nnunetv2.postprocessing.remove_connected_components"


class _OnlyThatFunction(pickle.Unpickler):
    """nnU-Net pickles a function by its name; no other name is looked up."""

    def find_class(self, module, name):
        if (module, name) != (MODULE, FUNCTION):
            raise Refused(f"{module}.{name}", "is no postprocessing that is known here")
        return name


def _read(file):
    if file.suffix == ".json":
        content = json.loads(file.read_text())
        return content["postprocessing_fns"], content["postprocessing_kwargs"]
    return _OnlyThatFunction(io.BytesIO(file.read_bytes())).load()


def _values(labels_or_regions):
    """Label values of a label, a region (tuple) or a list of both, each once."""
    listed = labels_or_regions if isinstance(labels_or_regions, (list, tuple)) else [labels_or_regions]
    flat = [int(value) for each in listed
            for value in (each if isinstance(each, (list, tuple)) else [each])]
    return sorted(set(flat))


def filter_steps(file):
    """nnU-Net keeps the largest component (all neighbours) of the named labels taken together."""
    steps = []
    for function, arguments in zip(*_read(file), strict=True):
        if function != FUNCTION:
            raise Refused(f"postprocessing '{function}'", "is not known")
        for key in arguments.keys() - {"labels_or_regions", "background_label"}:
            raise Refused(f"'{key}' of {FUNCTION}", "is not known")
        if arguments.get("background_label", 0) != 0:
            raise Refused(f"background_label of {FUNCTION}", "only 0 is known")
        steps.append({"step": "keep-largest", "values": _values(arguments["labels_or_regions"]),
                      "together": True, "connectivity": 26, "on": "source"})
    return steps
