#!/usr/bin/env python3
"""Judges `osler convert` of other programs' segmentations with programs that the project did not write.

usage: check_segmentations.py OSLER

Segmentations: highdicom (get_volume) and dcmqi (segimage2itkimage), and pydicom's frames (zlib's, where
each is deflated) at the positions that they state; segment by segment, voxel by voxel in patient space. RT structure sets: contours as pydicom reads them, filled by the even-odd
rule in numpy (and by scikit-image, where it is installed), but for centres on an edge. Exit 1: a fault; 77:
data or judges are missing.
"""
import json
import shutil
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import judging
from judging import DATA, JUDGES, fault, faults

judging.use_judges()
try:
    import highdicom as hd
    import nibabel
    import numpy as np
    import pydicom
    import SimpleITK as sitk
except ImportError as missing:
    judging.skip_without(missing)
try:
    from skimage.draw import polygon2mask
except ImportError:
    polygon2mask = None

SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
ON_EDGE = 1e-6  # voxels: nearer centres are on an edge for one of the two

held = 0


def convert(osler, source, out, *options):
    """Exit code, what was said, {segment number: (mask as x, y, z; affine LPS; entry)}."""
    done = subprocess.run([osler, "convert", source, "--to", "nifti", "--out", out, *options],
                          capture_output=True, text=True)
    if done.returncode not in (0, 4):
        return done.returncode, (done.stdout + done.stderr).strip(), {}
    said = json.loads((out / "segments.json").read_text(encoding="utf-8"))
    images = {name: nibabel.load(out / name) for name in said["files"]}
    flip = np.diag([-1.0, -1, 1, 1])
    segments = {}
    for entry in said["segments"]:
        image = images[entry["file"]]
        mask = np.asanyarray(image.dataobj) == entry["value"]
        segments[entry["number"]] = (mask, flip @ image.affine, entry)
        if int(mask.sum()) != entry["voxels"]:
            fault(out.name, f"segment {entry['number']}: segments.json miscounts")
        volume = mask.sum() * abs(np.linalg.det(image.affine[:3, :3]))
        if abs(volume - entry["volume_mm3"]) > 1e-4 * max(volume, 1e-9):
            fault(out.name, f"segment {entry['number']}: another volume")
    return done.returncode, "", segments


def points_of(mask, affine):
    """Centres of the voxels of a mask, LPS mm."""
    return np.argwhere(mask) @ affine[:3, :3].T + affine[:3, 3]


def differing(ours, places):
    """Voxels of a (mask, affine LPS) that are not at these places, and places that are none of them."""
    mask, affine = ours
    index = (places - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
    whole = np.round(index).astype(int)
    off = np.abs(index - whole).max(initial=0)
    inside = ((whole >= 0) & (whole < mask.shape)).all(axis=1)
    drawn = np.zeros_like(mask)
    drawn[tuple(whole[inside].T)] = True
    return int((drawn ^ mask).sum() + (~inside).sum()), off


def compare(name, by, number, ours, places):
    global held
    count, off = differing(ours[:2], places)
    if count or off > 0.05:
        fault(name, f"segment {number}: {count} voxels differ from {by}, places by {off:.3g} voxels")
    else:
        held += 1


def by_highdicom(name, file, segments):
    try:
        seg = hd.seg.segread(str(file))
        kind = seg.segmentation_type.value
        for number, ours in segments.items():
            if kind == "LABELMAP":
                volume = seg.get_volume(combine_segments=True, skip_overlap_checks=True)
                if number == 0:  # where there is no frame it gives 0 too, whatever the background is
                    continue
                mask = np.asarray(volume.array) == number
            else:
                volume = seg.get_volume(segment_numbers=[number], combine_segments=False,
                                        rescale_fractional=True)
                mask = np.asarray(volume.array)[..., 0] >= 0.5
            compare(name, "highdicom", number, ours, points_of(mask, volume.affine))
    except (ValueError, RuntimeError, NotImplementedError, AttributeError, KeyError) as error:
        print(f"  {name}: not read by highdicom: {str(error).splitlines()[0][:100]}")


def by_dcmqi(name, file, segments, work):
    tool = JUDGES / "bin" / "segimage2itkimage"
    if not tool.exists():
        return
    work.mkdir()
    done = subprocess.run([tool, "--inputDICOM", file, "--outputDirectory", work, "--outputType", "nrrd"],
                          capture_output=True, text=True)
    meta = next(iter(work.glob("*meta.json")), None)
    if done.returncode or meta is None:
        print(f"  {name}: not read by dcmqi")
        return
    # Of fractions it writes the stored values.
    maximum = pydicom.dcmread(file, stop_before_pixels=True).get("MaximumFractionalValue")
    # A file for each group of segments that do not overlap; labelID is the value in it.
    groups = json.loads(meta.read_text())["segmentAttributes"]
    files = sorted(work.glob("*.nrrd"), key=lambda p: int("".join(filter(str.isdigit, p.stem)) or 0))
    for group, path in zip(groups, files):
        image = sitk.ReadImage(str(path))
        affine = np.eye(4)
        affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
        affine[:3, 3] = image.GetOrigin()
        values = sitk.GetArrayFromImage(image).T.astype(int)
        for segment in group:
            number = segment["labelID"]
            if number in segments:
                mask = 2 * values >= maximum if maximum else values == number
                compare(name, "dcmqi", number, segments[number], points_of(mask, affine))
    print(f"  {name}: dcmqi wrote {len(files)} files, {sum(map(len, groups))} segments")


def frames_of(ds):
    """Frames as rows x columns, by pydicom or, where each is deflated, by zlib."""
    shape = (-1, ds.Rows, ds.Columns)
    if ds.file_meta.TransferSyntaxUID != "1.2.840.10008.1.2.8.1":
        return ds.pixel_array.reshape(shape)
    parts = pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=int(ds.NumberOfFrames))
    bits = [np.unpackbits(np.frombuffer(zlib.decompress(p, -15), np.uint8), bitorder="little")
            [:ds.Rows * ds.Columns] for p in parts]
    return np.array(bits).reshape(shape)


def by_hand(name, file, segments):
    ds = pydicom.dcmread(file)
    shared = ds.SharedFunctionalGroupsSequence[0]
    places = {number: [] for number in segments}
    try:
        frames = frames_of(ds)
    except RuntimeError:
        print(f"  {name}: not decoded by pydicom")
        return
    for pixels, frame in zip(frames, ds.PerFrameFunctionalGroupsSequence):
        def group(macro):
            return getattr(frame if macro in frame else shared, macro)[0]
        x, y = np.reshape(np.array(group("PlaneOrientationSequence").ImageOrientationPatient, float), (2, 3))
        dy, dx = map(float, group("PixelMeasuresSequence").PixelSpacing)
        at = np.array(group("PlanePositionSequence").ImagePositionPatient, float)
        for number in segments:
            if ds.SegmentationType == "LABELMAP":
                here = pixels == number
            elif group("SegmentIdentificationSequence").ReferencedSegmentNumber != number:
                continue
            else:
                here = pixels / (ds.get("MaximumFractionalValue") or 1) >= 0.5
            r, c = np.nonzero(here)
            places[number].append(at + np.outer(c * dx, x) + np.outer(r * dy, y))
    for number, ours in segments.items():
        compare(name, "pydicom", number, ours, np.concatenate([np.zeros((0, 3)), *places[number]]))


def check_segmentation(osler, file, work):
    name = "/".join(file.parts[-2:])
    code, said, segments = convert(osler, file, work / "ours")
    ds = pydicom.dcmread(file, stop_before_pixels=True)
    frames = ds.get("PerFrameFunctionalGroupsSequence", [])
    if code == 3:
        # Whole slides and radiographs have no place in a patient: the only files to be refused.
        placed = frames and all("PlanePositionSequence" in f for f in frames)
        if placed or "not written" not in said:
            fault(name, f"was refused: {said[:160]}")
        else:
            print(f"  {name}: refused, it has no place in a patient")
        return
    if code:
        fault(name, f"exit {code}")
        return
    listed = {int(s.SegmentNumber): s.SegmentLabel for s in ds.SegmentSequence}
    for number, (_, _, entry) in segments.items():
        if listed.get(number) != entry["label"]:
            fault(name, f"segment {number}: another label")
    before = held
    by_hand(name, file, segments)
    by_highdicom(name, file, segments)
    by_dcmqi(name, file, segments, work / "dcmqi")
    twin = file.with_name(file.name.replace("_rle", "") if "nonbyte" in file.name else "liver_expb.dcm")
    if held == before and "_rle" in file.name:  # the same voxels in an encoding that others read
        for number, (mask, affine, _) in convert(osler, twin, work / "twin")[2].items():
            compare(name, twin.name, number, segments[number], points_of(mask, affine))
    if held == before:
        fault(name, "nobody else reads it")


def centres(points, shape):
    """Even-odd by rays along rows: which centres are inside, and which lie on an edge."""
    x, y = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    inside, edge = np.zeros(shape, bool), np.zeros(shape, bool)
    for (ax, ay), (bx, by) in zip(points, np.roll(points, -1, axis=0)):
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
        length = np.hypot(bx - ax, by - ay)
        if length:
            along = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length ** 2, 0, 1)
            edge |= np.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay)) < ON_EDGE
    return inside, edge


def check_structure_set(osler, folder, work):
    global held
    name = folder.name
    file = next((folder / "mask").iterdir())
    code, said, segments = convert(osler, file, work / "ours", "--reference", folder / "image")
    if code:
        fault(name, f"exit {code}: {said[:160]}")
        return
    ds = pydicom.dcmread(file)
    for region in ds.ROIContourSequence:
        mask, affine, _ = segments[int(region.ReferencedROINumber)]
        back = np.linalg.inv(affine)
        drawn, edges = np.zeros_like(mask), np.zeros_like(mask)
        other = np.zeros_like(mask)
        for contour in region.ContourSequence:
            points = np.reshape(np.array(contour.ContourData, float), (-1, 3))
            index = points @ back[:3, :3].T + back[:3, 3]
            # The images that the contours name are not in these cropped series: the plane tells.
            k = int(round(index[0, 2]))
            if np.abs(index[:, 2] - k).max() > 0.01:
                fault(name, "a contour lies in no slice, and was read")
            inside, edge = centres(index[:, :2], mask.shape[:2])
            drawn[:, :, k] ^= inside
            edges[:, :, k] |= edge
            if polygon2mask:
                other[:, :, k] ^= polygon2mask(mask.shape[:2], index[:, :2])
        wrong = int(((drawn ^ mask) & ~edges).sum())
        print(f"  {name}: {int(mask.sum())} voxels, {int(edges.sum())} centres on an edge, {wrong} differ")
        if polygon2mask and ((other ^ mask) & ~edges).any():
            fault(name, "scikit-image fills it otherwise")
        if wrong or not mask.any():
            fault(name, f"{wrong} voxels differ")
        else:
            held += 1


def check_command(osler, work):
    """Exit codes, and where several objects go."""
    seg, images = DATA / "sr_seg" / "liver_expb.dcm", DATA / "sr_seg" / "segmentations" / "ct-3slice"
    rtstruct = DATA / "sts" / "STS_003" / "CT" / "mask"
    for code, arguments in ((2, (seg, "--to", "mha", "--out", work / "a")),
                            (2, (seg, "--to", "nifti", "--out", work / "a.nii.gz")),
                            (2, (images, "--to", "nifti", "--out", work / "a", "--reference", images)),
                            (3, (rtstruct, "--to", "nifti", "--out", work / "a")),
                            (3, (seg, "--to", "nifti", "--out", work / "a", "--reference",
                                 rtstruct.parent / "image")),
                            (3, (seg, "--to", "nifti", "--out", work / "a", "--max-volume", "100kB"))):
        done = subprocess.run([osler, "convert", *arguments], capture_output=True, text=True)
        if done.returncode != code or (work / "a").exists():
            fault("osler convert", f"exit {done.returncode} instead of {code}: {done.stderr[:160]}")
    own, on = (convert(osler, seg, work / name, *options)[2] for name, options in
               (("own", ()), ("on", ("--reference", images))))
    for number, ours in own.items():  # its source is that series
        compare("osler convert --reference", "its own grid", number, ours, points_of(*on[number][:2]))
    pair = work / "pair"
    done = subprocess.run([osler, "convert", seg, DATA / "sr_seg" / "sr-example" / "seg.dcm", "--to", "nifti",
                           "--out", pair, "--json"], capture_output=True, text=True)
    said = json.loads(done.stdout)
    folders = sorted(p.name for p in pair.iterdir())
    if done.returncode or len(folders) != 2 or folders != sorted(
            s["sop_instance_uid"] for s in said["segmentations"]):
        fault("osler convert", f"two objects: exit {done.returncode}, {folders}")


def main(osler):
    found = [p for p in sorted((DATA / "sr_seg").rglob("*")) if p.is_file()]
    files = []
    for path in found:
        try:
            if pydicom.dcmread(path, specific_tags=["SOPClassUID"]).get("SOPClassUID") in SEGMENTATIONS:
                files.append(path)
        except (pydicom.errors.InvalidDicomError, OSError):
            pass
    sets = sorted(p for p in (DATA / "sts" / "STS_003").glob("*") if (p / "mask").is_dir())
    if not files or not sets:
        judging.skip("needs sr_seg and sts of OSLER_TEST_DATA")
    with tempfile.TemporaryDirectory() as work:
        check_command(osler, Path(work))
        for i, file in enumerate(files):
            folder = Path(work) / str(i)
            folder.mkdir()
            check_segmentation(osler, file, folder)
        for folder in sets:
            place = Path(work) / folder.name
            place.mkdir()
            check_structure_set(osler, folder, place)
    for line in faults:
        print("FAULT " + line)
    print(f"{len(faults)} faults; {len(files)} segmentations, {len(sets)} structure sets, "
          f"{held} segments alike")
    sys.exit(bool(faults))


if len(sys.argv) != 2 or not shutil.which(sys.argv[1]):
    sys.exit(__doc__)
main(sys.argv[1])
