"""Pictures of PneumoniaMNIST, how they are shown to the network, and which are for what."""

import numpy as np
import torch

PERCENTILES = (0.5, 99.5)  # of the picture: what becomes -1 and 1
CALIBRATION_SHARE = 0.2  # of the training pictures: the network never sees them
SPLIT_SEED = 23


def load(path):
    """@returns {"train" | "val": (pictures N x 28 x 28 uint8, labels N)}"""
    arrays = np.load(path)
    return {
        name: (arrays[f"{name}_images"], arrays[f"{name}_labels"].ravel().astype(np.int64))
        for name in ("train", "val")
    }


def split(labels):
    """Indices of (training, calibration), each class divided alike."""
    rng = np.random.default_rng(SPLIT_SEED)
    training, calibration = [], []
    for label in np.unique(labels):
        indices = rng.permutation(np.flatnonzero(labels == label))
        count = round(CALIBRATION_SHARE * len(indices))
        calibration.append(indices[:count])
        training.append(indices[count:])
    return np.sort(np.concatenate(training)), np.sort(np.concatenate(calibration))


def normalise(pictures):
    """As model.json's step "rescale" does: N x H x W to N x 1 x H x W from -1 to 1."""
    pictures = torch.as_tensor(pictures).to(torch.float32)
    levels = torch.tensor(PERCENTILES, dtype=torch.float32) / 100
    low, high = torch.quantile(pictures.flatten(1), levels, dim=1)[:, :, None, None]
    span = torch.where(high > low, high - low, torch.ones_like(high))
    return ((pictures - low) / span * 2 - 1).clamp(-1, 1)[:, None]


def uniform(rng, count, low, high):
    return torch.rand(count, generator=rng) * (high - low) + low


def random_views(pictures, rng):
    """Turned, shifted, stretched, of another gamma and noisy; never left for right.

    @param pictures  N x H x W uint8 tensor
    @returns N x 1 x H x W, normalised
    """
    count = len(pictures)
    x = pictures.to(torch.float32)[:, None] / 255
    angle = uniform(rng, count, -0.15, 0.15)
    stretch = uniform(rng, count, 0.88, 1.12), uniform(rng, count, 0.88, 1.12)
    shift = uniform(rng, count, -0.14, 0.14), uniform(rng, count, -0.14, 0.14)
    cosine, sine = angle.cos(), angle.sin()
    matrix = torch.stack([
        torch.stack([cosine * stretch[0], -sine * stretch[1], shift[0]], 1),
        torch.stack([sine * stretch[0], cosine * stretch[1], shift[1]], 1)], 1)
    grid = torch.nn.functional.affine_grid(matrix, list(x.shape), align_corners=False)
    x = torch.nn.functional.grid_sample(x, grid, padding_mode="border", align_corners=False)
    x = x.clamp(0, 1) ** uniform(rng, count, -0.35, 0.35).exp()[:, None, None, None]
    noise = uniform(rng, count, 0, 0.03)[:, None, None, None]
    x = x + noise * torch.randn(x.shape, generator=rng)
    return normalise(x[:, 0])
