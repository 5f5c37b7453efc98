#!/usr/bin/env python3
"""Judges RT Structure Sets with programs that the project did not write.

usage: check_structure_sets.py WRITER       objects_test: it writes sets of awkward series
       check_structure_sets.py RTSTRUCT SEG both of the same labels

dciodvfy finds no error; every reference is to an image of the source; and the contours, filled by
Pillow, give back what pydicom reads out of the segmentation, voxel for voxel. Exit 1: a fault; 77:
judges are missing.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import judging
from judging import fault, faults

judging.use_judges()
try:
    import numpy as np
    import pydicom
    from PIL import Image, ImageDraw
except ImportError as missing:
    judging.skip_without(missing)

FINER = 8  # Pillow also fills the pixels under an edge: none of these may be at a voxel's centre


def key(image):
    return image.ReferencedSOPInstanceUID, int(image.get("ReferencedFrameNumber", 1))


def masks_of_segmentation(seg):
    """{(region, image): mask}, {image: (Image Position, Pixel Spacing)}, orientation."""
    masks, places = {}, {}
    shared = seg.SharedFunctionalGroupsSequence[0]
    pixels = seg.pixel_array.reshape(-1, seg.Rows, seg.Columns)
    for mask, frame in zip(pixels, seg.PerFrameFunctionalGroupsSequence):
        image = key(frame.DerivationImageSequence[0].SourceImageSequence[0])
        number = frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        measures = (frame if "PixelMeasuresSequence" in frame else shared).PixelMeasuresSequence[0]
        masks[int(number), image] = mask != 0
        places[image] = (np.array(frame.PlanePositionSequence[0].ImagePositionPatient, float),
                         np.array(measures.PixelSpacing, float))
    x, y = np.reshape(np.array(
        shared.PlaneOrientationSequence[0].ImageOrientationPatient, float), (2, 3))
    return masks, places, x, y


def filled(points, rows, columns):
    """Points (column, row); the voxels whose centres lie inside."""
    canvas = Image.new("1", (columns * FINER, rows * FINER))
    corners = [tuple(p) for p in (points + 0.5) * FINER]
    ImageDraw.Draw(canvas).polygon(corners, fill=1)
    return np.asarray(canvas)[FINER // 2::FINER, FINER // 2::FINER]


def check(name, rtstruct, seg_file):
    if shutil.which("dciodvfy"):
        done = subprocess.run(["dciodvfy", "-new", rtstruct], capture_output=True)
        for line in (done.stdout + done.stderr).decode("latin-1").splitlines():
            if line.startswith("Error"):
                fault(name, "dciodvfy: " + line[:160])
    else:
        print("dciodvfy is not there: not asked")
    ds, seg = pydicom.dcmread(rtstruct), pydicom.dcmread(seg_file)
    masks, places, x, y = masks_of_segmentation(seg)
    sources = {i.ReferencedSOPInstanceUID for s in seg.ReferencedSeriesSequence
               for i in s.ReferencedInstanceSequence}
    reference = ds.ReferencedFrameOfReferenceSequence[0]
    study = reference.RTReferencedStudySequence[0]
    listed = {i.ReferencedSOPInstanceUID for i in study.RTReferencedSeriesSequence[0].ContourImageSequence}
    if listed != sources:
        fault(name, "does not list the images of the source")
    if (study.ReferencedSOPInstanceUID, reference.FrameOfReferenceUID) != (
            seg.StudyInstanceUID, seg.FrameOfReferenceUID):
        fault(name, "is of another study or frame of reference")
    if ds.ApprovalStatus != "UNAPPROVED" or not ds.SeriesDescription.startswith("AI, unverified"):
        fault(name, "does not say that it is unverified")
    names = {s.SegmentNumber: s.SegmentLabel for s in seg.SegmentSequence}
    if {int(r.ROINumber): r.ROIName for r in ds.StructureSetROISequence} != names:
        fault(name, "has other regions than the segmentation")

    drawn = defaultdict(lambda: np.zeros((seg.Rows, seg.Columns), bool))
    contours = 0
    for region in ds.ROIContourSequence:
        for contour in region.get("ContourSequence", []):
            contours += 1
            image = key(contour.ContourImageSequence[0])
            points = np.reshape(np.array(contour.ContourData, float), (-1, 3))
            if contour.ContourGeometricType != "CLOSED_PLANAR" or (
                    len(points) != contour.NumberOfContourPoints) or len(points) < 3:
                fault(name, "a contour is not closed and planar, or its points are miscounted")
            if image not in places:
                fault(name, "a contour in an image that has no segment")
                continue
            origin, (between_rows, between_columns) = places[image]
            off = points - origin
            if np.abs(off @ np.cross(x, y)).max() > 1e-4:
                fault(name, "a contour leaves the plane of its image")
            index = np.stack([off @ x / between_columns, off @ y / between_rows], axis=1)
            drawn[int(region.ReferencedROINumber), image] ^= filled(index, seg.Rows, seg.Columns)
    voxels = 0
    for at in masks.keys() | drawn.keys():
        want = masks.get(at, np.zeros((seg.Rows, seg.Columns), bool))
        voxels += int(want.sum())
        wrong = int((drawn[at] ^ want).sum())
        if wrong:
            fault(name, f"region {at[0]}: {wrong} voxels of an image differ")
    if not voxels or not contours:
        fault(name, "is empty")
    print(f"{name}: {contours} contours, {voxels} voxels")


def main(arguments):
    if len(arguments) == 2:
        check(Path(arguments[0]).name, *arguments)
    elif len(arguments) == 1:
        with tempfile.TemporaryDirectory() as work:
            subprocess.run([arguments[0], "--gtest_filter=StructureSetsForJudges.*"],
                           env=dict(os.environ, OSLER_JUDGE_DIR=work), check=True,
                           stdout=subprocess.DEVNULL)
            sets = sorted(Path(work).glob("*/rtstruct.dcm"))
            if len(sets) < 6:
                fault("writer", f"{len(sets)} structure sets were written")
            for file in sets:
                check(file.parent.name, file, file.parent / "seg.dcm")
    else:
        sys.exit(__doc__)
    for line in faults:
        print("FAULT " + line)
    print(f"{len(faults)} faults")
    sys.exit(bool(faults))


main(sys.argv[1:])
