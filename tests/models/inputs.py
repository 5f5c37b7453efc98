"""Images for the models: cut and thinned from the data beside the project, the same at every run."""

import nibabel
import numpy as np

# What the images are made of, below the test data's folder.
CT = {"image": "totalseg/example_ct.nii.gz", "labels": "totalseg/example_seg_fast_force_split.nii.gz"}
MR = {"image": "totalseg/example_mr_sm.nii.gz", "labels": "totalseg/example_seg_mr.nii.gz"}
T1 = {"image": "models/t1_crop.nii.gz", "labels": "models/expected_model18cls_on_t1_crop.nii.gz"}
HIPPOCAMPUS = {"image": "hippocampus/images/hippocampus_003.nii.gz",
               "labels": "hippocampus/labels/hippocampus_003.nii.gz"}
# every so many voxels, from, to: the whole body at 12 mm slices, the abdomen, a part of it, all at 6 mm
CT_PARTS = {"ct_thick": ((1, 1, 4), (0, 0, 0), (122, 101, 112)),
            "ct": ((1, 1, 1), (10, 6, 20), (108, 94, 98)),
            "ct_short": ((1, 1, 1), (8, 6, 4), (110, 90, 36)),
            "ct_coarse": ((2, 2, 2), (0, 0, 0), (122, 101, 112))}
AIR_OF_T1 = 12  # below it the head's surroundings become 0, and holes in the head with them


def thin(image, steps, start=(0, 0, 0), stop=(None, None, None)):
    """Every so many voxels of a part of the image, with the affine that belongs to them."""
    cut = tuple(slice(*each) for each in zip(start, stop, steps))
    affine = image.affine.copy()
    affine[:3, 3] = (image.affine @ [*start, 1])[:3]
    affine[:3, :3] = image.affine[:3, :3] * steps
    return np.asarray(image.dataobj)[cut], affine


def write(folder, name, values, affine):
    file = folder / f"{name}.nii.gz"
    image = nibabel.Nifti1Image(values, affine)
    image.set_qform(affine, 1)
    image.set_sform(affine, 1)
    nibabel.save(image, file)
    return file


def parts(name, data, of):
    """@param of  "image" or "labels"; @returns voxels and affine of the one that `name` is cut from"""
    if name == "hippocampus":
        image = nibabel.load(data / HIPPOCAMPUS[of])
        return np.asarray(image.dataobj, np.float32), image.affine
    if name in ("t1", "two_channels"):
        return thin(nibabel.load(data / T1[of]), (2, 2, 2), (20, 10, 20), (240, 220, 240))
    if name == "mr":
        return thin(nibabel.load(data / MR[of]), (1, 1, 1))
    steps, start, stop = CT_PARTS[name]
    return thin(nibabel.load(data / CT[of]), steps, start, stop)


def make_input(name, data, folder):
    """@returns the files of the image's channels, in the order of the network's"""
    folder.mkdir(parents=True, exist_ok=True)
    values, affine = parts(name, data, "image")
    if name in ("t1", "two_channels"):
        values = np.where(values < AIR_OF_T1, 0, values).astype(np.uint8)
    elif name != "hippocampus":
        values = values.astype(np.int16)
    if name != "two_channels":
        return [write(folder, name, values, affine)]
    first, second = values.astype(np.float32), np.zeros(values.shape, np.float32)
    second[first > 0] = 40 * np.exp(-((first[first > 0] - 90) / 40) ** 2)
    second[:12] = 0  # each channel has a slab that only the other one has
    first[:, :, -10:] = 0
    return [write(folder, name, first, affine), write(folder, name + "_1", second, affine)]


def make_labels(name, data, folder, count):
    """The `count` largest structures of the image as 1, 2, ..., the largest first."""
    values, affine = parts(name, data, "labels")
    values = np.asarray(values, np.int32)
    sizes = np.bincount(values.ravel())[1:]
    order = np.argsort(-sizes, kind="stable")[:count]
    renamed = np.zeros(len(sizes) + 1, np.uint8)
    renamed[order[sizes[order] > 0] + 1] = np.arange(1, np.count_nonzero(sizes[order]) + 1)
    return write(folder, f"{name}_truth_{count}", renamed[values], affine)
