#!/usr/bin/env python3
"""Two real heads: sizes, places, and agreement with MeshNet, a network that shares nothing with ours.

MeshNet reaches 4 to 5 mm into the amygdala: it is no truth, but a lost or swapped side would show.
Its label (nearest neighbour) is sampled on the grid of the source images, where ours was written.
"""
import os
import subprocess
import sys
from pathlib import Path

import harness
import series
from harness import EXIT_OK, Checks, np

import nibabel
from scipy import ndimage

SMALLEST_ML, LARGEST_ML = 2.5, 4.5
FURTHEST_MM, LEAST_DICE = 6.0, 0.55
MESHNET_HIPPOCAMPUS = 14  # of the labels in model18cls/colormap.json
MESHNET_SIZE = 256        # it wants 256^3 voxels of 1 mm, oriented like its own example
LPS_OF_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def conformed(head, like):
    """The head on MeshNet's grid: axes of `like`, its middle at the head's middle. RAS NIfTI."""
    axes = np.round(like.affine[:3, :3])
    affine = np.eye(4)
    affine[:3, :3] = axes
    middle = LPS_OF_RAS[:3, :3] @ head.to_mm((np.array(head.voxels.shape) - 1) / 2)
    affine[:3, 3] = middle - axes @ np.full(3, (MESHNET_SIZE - 1) / 2)
    index = np.linalg.inv(head.affine) @ LPS_OF_RAS @ affine
    smooth = ndimage.gaussian_filter(head.voxels.astype(np.float32), 0.4 / head.spacing)
    return nibabel.Nifti1Image(
        ndimage.affine_transform(smooth, index[:3, :3], index[:3, 3], (MESHNET_SIZE,) * 3, order=1),
        affine)


def meshnet(image, work):
    """MeshNet's label map of a conformed image, made in a Python that has torch."""
    python = os.environ.get("OSLER_TORCH_PYTHON") or harness.CACHE / "python" / "bin" / "python"
    models = harness.need(harness.DATA / "models" / "reference_runner.py", "models/ of OSLER_TEST_DATA").parent
    harness.need(python, "a Python with torch (OSLER_TORCH_PYTHON)")
    nibabel.save(image, work / "conformed.nii.gz")
    command = [python, Path(__file__).with_name("meshnet.py"), models, "model18cls",
               work / "conformed.nii.gz", work / "label.nii.gz"]
    # That Python has torch and NumPy; nibabel comes from this one.
    environment = dict(os.environ, PYTHONPATH=str(Path(nibabel.__file__).parent.parent))
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, env=environment)
    return nibabel.load(work / "label.nii.gz")


def sampled(label, head):
    """{"left", "right": mask on the head's grid}: the sides parted in the middle between both."""
    index = np.linalg.inv(label.affine) @ LPS_OF_RAS @ head.affine
    mask = np.asarray(label.dataobj) == MESHNET_HIPPOCAMPUS
    mask = ndimage.affine_transform(mask.astype(np.uint8), index[:3, :3], index[:3, 3],
                                    head.voxels.shape, order=0).astype(bool)
    blobs, count = ndimage.label(mask)
    sizes = ndimage.sum(mask, blobs, range(1, count + 1))
    parts = {}
    for n in np.argsort(sizes)[-2:] + 1:
        parts[head.to_mm(np.argwhere(blobs == n).mean(0))[0]] = blobs == n
    return {"right": parts[min(parts)], "left": parts[max(parts)]}  # LPS: x grows to the left


def compare(check, name, head, sides, label):
    for key, theirs in sampled(label, head).items():
        ours = sides[key]
        index = (ours.points - head.affine[:3, 3]) @ np.linalg.inv(head.affine[:3, :3]).T
        mask = np.zeros(head.voxels.shape, bool)
        mask[tuple(np.rint(index).astype(int).T)] = True
        dice = 2 * np.sum(mask & theirs) / (np.sum(mask) + np.sum(theirs))
        away = np.linalg.norm(head.to_mm(np.argwhere(theirs).mean(0)) - ours.centroid)
        volume = np.sum(theirs) * ours.voxel_mm3 / 1000
        check(SMALLEST_ML <= ours.volume_ml <= LARGEST_ML, f"{name} {key}: {ours.volume_ml:.2f} mL")
        check(away <= FURTHEST_MM and dice > LEAST_DICE,
              f"{name} {key}: MeshNet's centroid {away:.1f} mm away, Dice {dice:.2f} on the source "
              f"grid (MeshNet {volume:.2f} mL)")


def run_one(check, name, folder, work):
    """@return the sides as read from the segmentation, or None"""
    out = work / "out"
    done = harness.run(folder, out)
    found = list(harness.results(out).values())
    complete = done.code == EXIT_OK and len(found) == 1 and found[0]["status"] == "complete"
    if not check(complete, f"{name}: exit {done.code}; {found[0]['refusals'] if found else done.message}"):
        return None
    check(not harness.faults_of_output(out), f"{name}: output folder: {harness.faults_of_output(out)}")
    harness.judge_objects(out, folder, check, name)
    for gate in found[0]["gates"]:
        print(f"      {gate['name']} = {gate['value']:.3g} ({gate['comparison']} {gate['threshold']})")
    return harness.read_sides(next(out.glob("*/seg.dcm")))


def adult(check, work):
    folder = harness.unpacked("mr/datalad_T1w_adult")
    like = nibabel.load(harness.need(harness.DATA / "models" / "t1_crop.nii.gz", "models/t1_crop.nii.gz"))
    sides = run_one(check, "datalad", folder, work)
    if sides:
        head = series.read_head(folder)
        compare(check, "datalad", head, sides, meshnet(conformed(head, like), work))


def crop(check, work):
    """MeshNet's own example, written as DICOM; its label map lies beside it."""
    models = harness.DATA / "models"
    image = nibabel.load(harness.need(models / "t1_crop.nii.gz", "models/t1_crop.nii.gz"))
    label = nibabel.load(harness.need(models / "expected_model18cls_on_t1_crop.nii.gz", "its label map"))
    values = np.asarray(image.dataobj, float)
    head = series.Head(np.rint(values * 4000 / values.max()).astype(np.int16), LPS_OF_RAS @ image.affine)
    series.write_head(head, work / "in", "t1_crop")
    sides = run_one(check, "t1_crop", work / "in", work)
    if sides:
        compare(check, "t1_crop", head, sides, label)


def main(which):
    check = Checks()
    with harness.working_folder() as work:
        {"adult": adult, "crop": crop}[which](check, work)
    check.finish()


main(sys.argv[1])
