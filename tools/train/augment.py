"""Random views of the crops, a whole batch in one resampling.

A view imitates what the network meets in a head: a box that is turned, placed and cut
differently, another scanner's contrast and noise, and something other than zero around it.
Left and right are never exchanged: all crops have the shape of one side.
"""

import numpy as np
import torch
import torch.nn.functional as F

from data import FRAME_ZYX

STORE_ZYX = (50, 66, 50)  # the largest crop and at least one voxel around it
LABEL_MARGIN = 2  # a cut side keeps at least this many voxels of background
LARGEST_CUT = 6


class CropStore:
    """All crops as one tensor [crop, channel, z, y, x].

    Channels: intensity in [0, 1], continued outside by its edge; inside or not; anterior;
    posterior.
    """

    def __init__(self, crops):
        self.volumes = torch.zeros((len(crops), 4, *STORE_ZYX))
        self.sizes = torch.zeros((len(crops), 3))
        self.room = torch.zeros((len(crops), 3, 2))  # voxels that may be cut, low and high
        for index, crop in enumerate(crops):
            start = [(s - n) // 2 for s, n in zip(STORE_ZYX, crop.image.shape)]
            pad = [(a, s - n - a) for a, s, n in zip(start, STORE_ZYX, crop.image.shape)]
            channels = (
                np.pad(crop.image, pad, mode="edge"),
                np.pad(np.ones_like(crop.image), pad),
                np.pad((crop.label == 1).astype(np.float32), pad),
                np.pad((crop.label == 2).astype(np.float32), pad),
            )
            self.volumes[index] = torch.from_numpy(np.stack(channels))
            self.sizes[index] = torch.tensor(crop.image.shape)
            for axis, found in enumerate(np.nonzero(crop.label)):
                low, high = found.min(), crop.label.shape[axis] - 1 - found.max()
                self.room[index, axis, 0] = max(low - LABEL_MARGIN, 0)
                self.room[index, axis, 1] = max(high - LABEL_MARGIN, 0)


def _rotation(angles):
    """Rotation matrices [N, 3, 3] from angles about x, y and z."""
    cos, sin = torch.cos(angles), torch.sin(angles)
    out = torch.eye(3).repeat(len(angles), 1, 1)
    for axis, (i, j) in enumerate(((1, 2), (0, 2), (0, 1))):
        turn = torch.eye(3).repeat(len(angles), 1, 1)
        turn[:, i, i] = turn[:, j, j] = cos[:, axis]
        turn[:, i, j], turn[:, j, i] = -sin[:, axis], sin[:, axis]
        out = out @ turn
    return out


def _pose(count, rng):
    """Angles (radians, xyz), scales (xyz) and shifts (voxels, xyz)."""
    degrees = torch.randn((count, 3), generator=rng).mul(7).clamp(-16, 16)
    wide = torch.rand((count, 1), generator=rng) < 0.15
    uniform = torch.rand((count, 3), generator=rng).mul(24).sub(12)
    degrees = torch.where(wide, uniform, degrees)
    overall = torch.randn((count, 1), generator=rng).mul(0.07).clamp(-0.16, 0.16)
    each = torch.randn((count, 3), generator=rng).mul(0.03).clamp(-0.08, 0.08)
    # Half of the views lie as the measuring pass lays them: in the middle of the frame.
    near = torch.randn((count, 3), generator=rng).mul(1.5)
    far = torch.rand((count, 3), generator=rng).mul(20).sub(10)
    displaced = torch.rand((count, 1), generator=rng) < 0.4
    shift = torch.where(displaced, far, near).clamp(-10, 10)
    return torch.deg2rad(degrees), torch.exp(overall + each), shift


def _resample(store, indices, rng):
    """Turned, scaled, shifted and cut views: intensity, inside mask, label."""
    count = len(indices)
    angles, scales, shift = _pose(count, rng)
    # A frame position p shows the store position R diag(1/scale) (p - shift), both from the middle.
    matrix = _rotation(angles) @ torch.diag_embed(1 / scales)
    offset = -(matrix @ shift[:, :, None])
    frame_half = torch.tensor([(n - 1) / 2 for n in reversed(FRAME_ZYX)])
    store_half = torch.tensor([(n - 1) / 2 for n in reversed(STORE_ZYX)])
    theta = torch.cat([matrix * frame_half, offset], dim=2) / store_half[:, None]
    grid = F.affine_grid(theta, [count, 1, *FRAME_ZYX], align_corners=True)
    views = F.grid_sample(
        store.volumes[indices], grid, mode="bilinear", padding_mode="border", align_corners=True
    )

    cut = torch.rand((count, 3, 2), generator=rng) * store.room[indices].clamp(max=LARGEST_CUT)
    cut = cut * (torch.rand((count, 3, 2), generator=rng) < 0.5)
    inside = views[:, 1] > 0.5
    for axis in range(3):  # z, y, x
        half = store.sizes[indices, axis] * scales[:, 2 - axis] / 2
        middle = (FRAME_ZYX[axis] - 1) / 2 + shift[:, 2 - axis]
        low, high = middle - half + cut[:, axis, 0], middle + half - cut[:, axis, 1]
        position = torch.arange(FRAME_ZYX[axis])
        keep = (position >= low[:, None]) & (position <= high[:, None])
        inside &= keep.view(count, *[-1 if a == axis else 1 for a in range(3)])

    label = torch.cat([1 - views[:, 2:].sum(1, keepdim=True), views[:, 2:]], dim=1).argmax(1)
    return views[:, :1], inside[:, None], label * inside


def _blur(image, rng):
    """Gaussian blur of a part of the batch: along all axes, or along one as thick slices are."""
    for index in range(len(image)):
        chance, size, axis = torch.rand(3, generator=rng).tolist()
        if chance < 0.7:
            continue
        axes = [int(axis * 3)] if chance < 0.85 else [0, 1, 2]
        sigma = 0.4 + size * (1.1 if len(axes) == 1 else 0.5)
        reach = torch.arange(-3, 4)
        kernel = torch.exp(-0.5 * (reach / sigma) ** 2)
        kernel = kernel / kernel.sum()
        view = image[index : index + 1]
        for along in axes:
            shape = [1, 1, 1, 1, 1]
            shape[2 + along] = 7
            pad = [0, 0, 0, 0, 0, 0]
            pad[2 * (2 - along)] = pad[2 * (2 - along) + 1] = 3
            view = F.conv3d(F.pad(view, pad, mode="replicate"), kernel.view(shape))
        image[index] = view[0]
    return image


def _smooth_noise(count, cells, rng):
    coarse = torch.randn((count, 1, cells, cells, cells), generator=rng)
    return F.interpolate(coarse, size=FRAME_ZYX, mode="trilinear", align_corners=True)


def _per_view(count, rng):
    return torch.rand((count, 1, 1, 1, 1), generator=rng)


def _contrast(image, rng):
    """Gamma (either way up), bias field, blur and noise."""
    count = len(image)
    exponent = torch.exp((_per_view(count, rng) - 0.5) * 0.9)
    inverted = _per_view(count, rng) < 0.3
    image = torch.where(inverted, 1 - (1 - image).clamp_min(1e-6) ** exponent,
                        image.clamp_min(1e-6) ** exponent)
    image = image * torch.exp(_smooth_noise(count, 3, rng) * 0.25 * _per_view(count, rng))
    image = _blur(image, rng)
    noisy = (_per_view(count, rng) < 0.4) * _per_view(count, rng) * 0.06
    return image + noisy * torch.randn(image.shape, generator=rng)


def _fill_outside(image, inside, rng):
    """Zero outside in most views; else the continued edge, a constant, or clouds."""
    count = len(image)
    kind = _per_view(count, rng)
    level = _per_view(count, rng) * 4 - 2
    clouds = _smooth_noise(count, 9, rng) + 0.3 * torch.randn(image.shape, generator=rng)
    outside = torch.where(kind < 0.85, image, torch.where(kind < 0.92, level, clouds))
    outside = torch.where(kind < 0.7, torch.zeros_like(image), outside)
    return torch.where(inside, image, outside)


def random_views(store, indices, rng):
    """Normalised views [N, 1, z, y, x] and labels [N, z, y, x] of the crops `indices`."""
    image, inside, label = _resample(store, indices, rng)
    image = _contrast(image, rng)
    weight = inside / inside.sum(dim=(2, 3, 4), keepdim=True)
    mean = (image * weight).sum(dim=(2, 3, 4), keepdim=True)
    deviation = ((image - mean) ** 2 * weight).sum(dim=(2, 3, 4), keepdim=True).sqrt()
    image = (image - mean) / deviation.clamp_min(1e-3)
    # The statistics of a box in a head are not quite those of a training crop.
    count = len(indices)
    image = image * torch.exp((_per_view(count, rng) - 0.5) * 0.2)
    image = image + (_per_view(count, rng) - 0.5) * 0.3
    return _fill_outside(image, inside, rng), label
