"""Prediction in the measuring pass's frame, and the metrics, in NumPy and SciPy.

Nothing here is shared with the training loss.
"""

import numpy as np
import torch
from scipy import ndimage

from data import centre_in_frame, z_score

UNCERTAIN_LOW = 0.1
UNCERTAIN_HIGH = 0.9
THRESHOLDS = np.round(np.arange(0.50, 0.955, 0.01), 2)


def predict_probabilities(network, crop):
    """p(anterior) and p(posterior), [2, z, y, x] of the crop's size."""
    framed, where = centre_in_frame(z_score(crop.image))
    with torch.inference_mode():
        logits = network(torch.from_numpy(framed)[None, None])[0].double().numpy()
    logits -= logits.max(axis=0)
    weights = np.exp(logits)
    probabilities = weights / weights.sum(axis=0)
    return probabilities[1:, where[0], where[1], where[2]]


def largest_component(mask):
    """The largest part of a mask; voxels that touch by a corner belong together."""
    parts, count = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    if count == 0:
        return mask
    return parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])


def labels_of(probabilities, threshold):
    """0, 1 or 2: whole = largest component above the threshold, then the likelier part."""
    whole = largest_component(probabilities.sum(axis=0, dtype=np.float64) > threshold)
    part = np.where(probabilities[0] >= probabilities[1], 1, 2)
    return np.where(whole, part, 0).astype(np.uint8)


def dice(found, wanted):
    total = found.sum() + wanted.sum()
    return 2.0 * np.logical_and(found, wanted).sum() / total if total else 1.0


def _surface(mask):
    return mask & ~ndimage.binary_erosion(mask, border_value=0)


def hd95_mm(found, wanted):
    """The larger of the two directed 95th percentiles of surface distance; voxels are 1 mm."""
    if not found.any() or not wanted.any():
        return float("inf")
    one, other = _surface(found), _surface(wanted)
    to_other = ndimage.distance_transform_edt(~other)[one]
    to_one = ndimage.distance_transform_edt(~one)[other]
    return float(max(np.percentile(to_other, 95), np.percentile(to_one, 95)))


def volume_error_percent(found, wanted):
    return 100.0 * (float(found.sum()) / float(wanted.sum()) - 1.0)


def axis_mm(labels):
    """Anterior minus posterior centroid, (x, y, z) mm; None where a part is missing."""
    if not (labels == 1).any() or not (labels == 2).any():
        return None
    anterior, posterior = (np.argwhere(labels == part).mean(axis=0) for part in (1, 2))
    return [float(v) for v in (anterior - posterior)[::-1]]


def uncertain_share(probabilities, labels):
    """Voxels with .1 < p(hippocampus) < .9, as a share of the segmented volume."""
    whole = probabilities.sum(axis=0, dtype=np.float64)
    uncertain = np.logical_and(whole > UNCERTAIN_LOW, whole < UNCERTAIN_HIGH).sum()
    return float(uncertain / max(int((labels > 0).sum()), 1))


def measure(probabilities, wanted, threshold):
    """All metrics of one crop."""
    found = labels_of(probabilities, threshold)
    return {
        "dice_anterior": float(dice(found == 1, wanted == 1)),
        "dice_posterior": float(dice(found == 2, wanted == 2)),
        "dice_whole": float(dice(found > 0, wanted > 0)),
        "volume_error_percent": volume_error_percent(found > 0, wanted > 0),
        "hd95_whole_mm": hd95_mm(found > 0, wanted > 0),
        "volume_ml": float((found > 0).sum()) / 1000,
        "reference_volume_ml": float((wanted > 0).sum()) / 1000,
        "uncertain_voxels_per_volume": uncertain_share(probabilities, found),
        "axis_mm": axis_mm(found),
        "reference_axis_mm": axis_mm(wanted),
    }


def volume_errors_by_threshold(probabilities, wanted):
    """Volume error, percent, of one crop at each of THRESHOLDS."""
    return [volume_error_percent(labels_of(probabilities, t) > 0, wanted > 0) for t in THRESHOLDS]


def least_biased_threshold(errors):
    """The threshold with the mean volume error nearest 0; `errors` is [crop, threshold]."""
    return float(THRESHOLDS[int(np.argmin(np.abs(np.mean(errors, axis=0))))])
