"""The trained networks of an nnU-Net v2 folder, as TorchScript.

The network is built by the trainer that trained it, as nnU-Net's own predictor builds it, and traced
with one patch; the traced module is then held against the eager one on other inputs.
"""

import inspect
import re
import warnings

import numpy as np
import torch

from package import Refused

SEED = 20
AGREEMENT = 1e-5  # of the largest score: traced and eager modules run the same kernels


def find_folds(folder, wanted, checkpoint):
    """Names of fold folders: those asked for, else all numbered ones, else fold_all."""
    if wanted:
        names = [f"fold_{fold}" for fold in wanted]
    else:
        found = [each.parent.name for each in folder.glob(f"fold_*/{checkpoint}")]
        numbered = [name for name in found if re.fullmatch(r"fold_\d+", name)]
        names = sorted(numbered, key=lambda name: int(name[5:])) or found
    for name in names:
        if not (folder / name / checkpoint).is_file():
            raise Refused(f"{name}/{checkpoint}", f"is not in {folder.name}")
    if not names:
        raise Refused(f"fold_*/{checkpoint}", f"is not in {folder.name}")
    return names


def load_checkpoint(file):
    """Reads tensors, plain values and NumPy scalars; code in a pickle is not run."""
    scalars = [np.dtype, np._core.multiarray.scalar]
    scalars += [(np._core.multiarray.scalar, "numpy.core.multiarray.scalar")]
    scalars += [type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i4", "i8", "u1", "bool")]
    try:
        with torch.serialization.safe_globals(scalars):
            checkpoint = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001  (torch raises UnpicklingError and others)
        reason = str(error).splitlines()[0][:200]
        raise Refused(f"{file.parent.name}/{file.name}", f"holds more than weights ({reason})") from error
    for member in ("network_weights", "trainer_name", "init_args"):
        if member not in checkpoint:
            raise Refused(f"'{member}' of {file.parent.name}/{file.name}", "is missing")
    return checkpoint


def build_network(plans_manager, configuration_manager, dataset, trainer_name):
    """The eager network with deep supervision off, and the number of its input channels."""
    from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name
    from nnunetv2.utilities.label_handling.label_handling import determine_num_input_channels

    try:
        trainer = recursive_find_trainer_class_by_name(trainer_name)
    except RuntimeError as error:
        raise Refused(f"trainer '{trainer_name}'", "is not in nnunetv2 nor in nnUNet_extTrainer") from error
    build = trainer.build_network_architecture
    inputs = determine_num_input_channels(plans_manager, configuration_manager, dataset)
    outputs = plans_manager.get_label_manager(dataset).num_segmentation_heads
    if "plans_manager" in inspect.signature(build).parameters:
        network = build(plans_manager, configuration_manager, inputs, outputs, enable_deep_supervision=False)
    else:
        network = build(configuration_manager.network_arch_class_name,
                        configuration_manager.network_arch_init_kwargs,
                        configuration_manager.network_arch_init_kwargs_req_import,
                        inputs, outputs, enable_deep_supervision=False)
    return network.float().eval(), inputs


def load_weights(network, weights, name):
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise Refused(f"weights of {name}", str(error).splitlines()[-1].strip()) from error


@torch.inference_mode(False)
@torch.no_grad()
def trace(network, inputs, patch, outputs):
    """@param patch  nnU-Net's patch_size; @returns the traced module and what it was held against"""
    generator = torch.Generator().manual_seed(SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.jit.trace(network, torch.randn(1, inputs, *patch, generator=generator),
                                 check_trace=False)
    # other values, two at once, and another size where the network itself takes one
    shapes = [(1, inputs, *patch), (2, inputs, *patch)]
    other = (1, inputs, *(2 * size for size in patch[:-1]), patch[-1])
    if np.prod(other) <= 8 * 96**3:
        shapes.append(other)
    checked = []
    for shape in shapes:
        values = torch.randn(shape, generator=generator)
        try:
            expected = network(values)
        except (RuntimeError, AssertionError, ValueError):
            if shape[2:] == tuple(patch):
                raise
            continue
        if tuple(expected.shape) != (shape[0], outputs, *shape[2:]):
            raise Refused("the network", f"gives {tuple(expected.shape)} for {shape}")
        difference = (module(values) - expected).abs().max() / expected.abs().max().clamp_min(1e-6)
        if not difference <= AGREEMENT:
            raise Refused("the traced network", f"differs from the eager one by {difference:.2g} of the "
                          f"largest score on an input of {shape}")
        checked.append(shape)
    return module, checked
