"""Reading the crops, their normalisation and their split into folds.

Arrays are [z, y, x]; the crops are RAS at 1 mm, so that x grows to the patient's right,
y to the front and z to the top.
"""

from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np

FRAME_ZYX = (48, 64, 48)  # what the network sees in the measuring pass
LOW_PERCENTILE = 0.5
HIGH_PERCENTILE = 99.5
FOLD_SEED = 2026


@dataclass
class Crop:
    """One hippocampus: intensities clipped and scaled to [0, 1], and its labels (0, 1, 2)."""

    name: str
    image: np.ndarray
    label: np.ndarray


def clip_to_percentiles(image):
    """Clips to the 0.5 and 99.5 percentiles and maps that range to [0, 1]."""
    low, high = np.percentile(image, [LOW_PERCENTILE, HIGH_PERCENTILE])
    if high <= low:
        raise ValueError(f"flat image: both percentiles are {low}; remove this crop")
    return ((np.clip(image, low, high) - low) / (high - low)).astype(np.float32)


def z_score(image):
    """Zero mean and unit variance over the whole array."""
    return ((image - image.mean()) / image.std()).astype(np.float32)


def _read_zyx(path):
    volume = nibabel.load(path)
    if not np.allclose(volume.affine[:3, :3], np.eye(3), atol=1e-3):
        raise ValueError(f"{path.name}: found another grid than RAS at 1 mm; resample it first")
    return np.asarray(volume.dataobj).transpose(2, 1, 0)


def load_crops(folder):
    """All crops of `folder`/images with their `folder`/labels, sorted by name."""
    folder = Path(folder)
    crops = []
    for image_path in sorted((folder / "images").glob("*.nii.gz")):
        image = _read_zyx(image_path).astype(np.float64)
        label = _read_zyx(folder / "labels" / image_path.name).astype(np.uint8)
        name = image_path.name.removesuffix(".nii.gz")
        if image.shape != label.shape:
            raise ValueError(f"{name}: image {image.shape} and label {label.shape} differ")
        if set(np.unique(label)) != {0, 1, 2}:
            raise ValueError(f"{name}: expected the labels 0, 1 and 2, found {np.unique(label)}")
        crops.append(Crop(name, clip_to_percentiles(image), label))
    if not crops:
        raise ValueError("no crops: expected images/*.nii.gz and labels/*.nii.gz in the folder")
    return crops


def fold_of_each(count, folds):
    """The fold that holds each crop out: a fixed shuffle, dealt round."""
    order = np.random.default_rng(FOLD_SEED).permutation(count)
    fold = np.empty(count, dtype=int)
    fold[order] = np.arange(count) % folds
    return fold


def centre_in_frame(image, frame=FRAME_ZYX):
    """Puts an array in the middle of a frame of zeros.

    @returns the frame, and the slices where the array lies in it
    """
    if any(size > room for size, room in zip(image.shape, frame)):
        raise ValueError(f"a crop of {image.shape} does not fit the frame {frame}")
    start = [(room - size) // 2 for size, room in zip(image.shape, frame)]
    where = tuple(slice(s, s + size) for s, size in zip(start, image.shape))
    out = np.zeros(frame, dtype=image.dtype)
    out[where] = image
    return out, where
