#!/usr/bin/env python3
"""Segmentations in every form, read by programs that the project did not write.

usage: check_forms.py FOLDER        FOLDER/<case>/{case.json,labels.raw,*.dcm}, see objects_segmentation_forms_test

highdicom's get_volume and, of bits, dcmqi's segimage2itkimage must give the very label map, and every voxel's
place to 1e-6 of its size; pydicom's frames must where the slices are no volume (tilted, uneven). dciodvfy
must find no error but that it does not know label map segmentations. Exit 1 with a line per fault.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom

UNKNOWN_TO_DCIODVFY = "Error - Information Object Not found"  # Label Map Segmentation is younger than it
faults = []


def fault(file, text):
    faults.append(f"{file.parent.name}/{file.name}: {text}")


def labels_by_frames(ds, slices_at):
    """The label map by nothing but frames, their positions and numbers; and the largest distance of a
    frame's first voxel from where it should be, in mm."""
    pixels = ds.pixel_array.reshape(-1, ds.Rows, ds.Columns)
    out, off = np.zeros((len(slices_at), ds.Rows, ds.Columns), np.int64), 0.0
    for frame, groups in zip(pixels, ds.PerFrameFunctionalGroupsSequence):
        at = np.array([float(v) for v in groups.PlanePositionSequence[0].ImagePositionPatient])
        distances = np.linalg.norm(slices_at - at, axis=1)
        k = int(distances.argmin())
        off = max(off, float(distances[k]))
        if ds.SegmentationType == "LABELMAP":
            out[k] = frame
        else:
            whole = 255 if ds.SegmentationType == "FRACTIONAL" else 1
            number = groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber
            if not np.isin(frame, [0, whole]).all():
                return None, off
            out[k][frame == whole] = number
    return out, off


def by_highdicom(file, ds, case):
    """Label map and affine (index slice, row, column -> LPS), or None where it makes no volume."""
    seg = hd.seg.segread(str(file))
    volume = None
    try:
        if ds.SegmentationType == "FRACTIONAL":
            parts = seg.get_volume(combine_segments=False, rescale_fractional=True)
            numbers = [s.SegmentNumber for s in ds.SegmentSequence]
            array = np.zeros(parts.array.shape[:3], np.int64)
            for i, number in enumerate(numbers):
                array[parts.array[..., i] == 1] = number
            return array, parts.affine
        volume = seg.get_volume(combine_segments=True, skip_overlap_checks=True)
    except (ValueError, RuntimeError) as error:
        if "regularly-spaced" not in str(error):
            fault(file, f"highdicom: {error}")
        return None
    return volume.array.astype(np.int64), volume.affine


def check_part(file, array, affine, labels, case, who):
    """What stands in frames that are left out is background: the volume may be a part of the label map."""
    expected = np.reshape(case["index_to_lps"] + [0, 0, 0, 1], (4, 4))[:, [2, 1, 0, 3]]  # of (slice, row, column)
    to_index = np.linalg.inv(expected) @ affine
    first = to_index[:3, 3]
    step = to_index[:3, :3]
    if np.abs(first - np.rint(first)).max() > 1e-6 or np.abs(step - np.rint(step)).max() > 1e-6:
        fault(file, f"{who}: the voxels lie elsewhere: {to_index.round(7).tolist()}")
        return
    at = np.stack(np.meshgrid(*map(np.arange, array.shape), indexing="ij"), -1) @ np.rint(step).T + np.rint(first)
    at = at.astype(int)
    if (at < 0).any() or (at >= labels.shape).any():
        fault(file, f"{who}: voxels outside of the source")
        return
    found = np.zeros_like(labels)
    found[at[..., 0], at[..., 1], at[..., 2]] = array
    wrong = int((found != labels).sum())
    if wrong:
        fault(file, f"{who}: {wrong} of {labels.size} voxels differ")


def by_dcmqi(file, case, labels):
    import SimpleITK as sitk
    import dcmqi
    program = next(Path(dcmqi.__file__).parent.rglob("bin/segimage2itkimage"))
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run([program, "--inputDICOM", file, "--outputDirectory", out, "--mergeSegments",
                               "--outputType", "nrrd"], capture_output=True, text=True)
        images = sorted(Path(out).glob("*.nrrd"))
        if done.returncode or not images:
            fault(file, f"dcmqi: {(done.stdout + done.stderr)[-200:]}")
            return
        for image in map(sitk.ReadImage, map(str, images)):
            array = sitk.GetArrayFromImage(image).astype(np.int64)
            m = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
            affine = np.eye(4)
            affine[:3, :3], affine[:3, 3] = m[:, ::-1], image.GetOrigin()
            check_part(file, array, affine, labels, case, "dcmqi")


def dciodvfy(file, ds):
    """It reads no deflated data sets: of those a copy as pydicom inflates it is judged."""
    judged = file
    if ds.file_meta.TransferSyntaxUID == pydicom.uid.DeflatedExplicitVRLittleEndian:
        judged = file.parent / "inflated"
        ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        ds.save_as(judged)
    done = subprocess.run(["dciodvfy", "-new", judged], capture_output=True)
    for line in (done.stdout + done.stderr).decode("latin-1").splitlines():
        if line.startswith("Error") and line != UNKNOWN_TO_DCIODVFY:
            fault(file, line[:160])


def main():
    counts = {"files": 0, "highdicom": 0, "dcmqi": 0}
    for folder in sorted(Path(sys.argv[1]).iterdir()):
        case = json.loads((folder / "case.json").read_text())
        size = case["size"][::-1]
        labels = np.fromfile(folder / "labels.raw", np.uint8).reshape(size).astype(np.int64)
        m = np.reshape(case["index_to_lps"], (3, 4))
        places = case["slice_at"] or range(size[0])
        slices_at = np.array([m[:, 3] + m[:, 2] * k for k in places])
        for file in sorted(folder.glob("*.dcm")):
            counts["files"] += 1
            ds = pydicom.dcmread(file)
            dciodvfy(file, pydicom.dcmread(file))
            found, off = labels_by_frames(ds, slices_at)
            if found is None or not np.array_equal(found, labels):
                fault(file, "pydicom: another label map")
            if off > 1e-6:
                fault(file, f"pydicom: a frame lies {off} mm elsewhere")
            read = by_highdicom(file, ds, case)
            if read is not None:
                counts["highdicom"] += 1
                check_part(file, *read, labels, case, "highdicom")
            # It makes volumes of evenly spaced, upright slices only, and of more than one.
            upright = not case["slice_at"] and abs(np.dot(np.cross(m[:, 0], m[:, 1]), m[:, 2])) > 0.999999 * np.prod(
                np.linalg.norm(m[:, :3], axis=0))
            if ds.SegmentationType == "BINARY" and upright and labels.any():
                counts["dcmqi"] += 1
                by_dcmqi(file, case, labels)
    print("\n".join(faults))
    print(f"{counts['files']} files, {counts['highdicom']} volumes by highdicom, {counts['dcmqi']} by dcmqi, "
          f"{len(faults)} faults")
    sys.exit(1 if faults or not counts["highdicom"] or not counts["dcmqi"] else 0)


main()
