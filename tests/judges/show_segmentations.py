"""Segmentations as `osler show --json` says them, beside pydicom."""
import harness
from harness import np, pydicom
from show_reports import as_code, code, show


def frame_placement(seg, index):
    """(segment, position, row, column, spacing, thickness); None where the header does not say it."""
    shared, own = seg.SharedFunctionalGroupsSequence[0], seg.PerFrameFunctionalGroupsSequence[index]

    def found(name):
        return own[name][0] if name in own else (shared[name][0] if name in shared else None)
    segment = found("SegmentIdentificationSequence")
    place, plane, measures = map(found, ("PlanePositionSequence", "PlaneOrientationSequence",
                                         "PixelMeasuresSequence"))
    if place is None or plane is None or measures is None:
        return segment.ReferencedSegmentNumber, None
    row, column = np.reshape([float(v) for v in plane.ImageOrientationPatient], (2, 3))
    spacing = [float(v) for v in measures.PixelSpacing]
    thickness = measures.get("SpacingBetweenSlices") if "PixelMeasuresSequence" in shared else None
    thickness = float(thickness or measures.get("SliceThickness"))
    first = np.array([float(v) for v in place.ImagePositionPatient])
    return segment.ReferencedSegmentNumber, (first, row, column, spacing, thickness)


def segmentation(check, file, name):
    data = pydicom.dcmread(file)
    shown, why = show(file)
    if not check(shown is not None, f"{name}: shown {why}"):
        return
    fault = harness.fits_schema(shown, "show.schema.json")
    check(not fault, f"{name}: fits the schema {fault}")
    found = {s["number"]: s for s in shown["segmentation"]["segments"]}
    listed = {int(s.SegmentNumber): (s.SegmentLabel, code(s.SegmentedPropertyTypeCodeSequence))
              for s in data.SegmentSequence}
    check(listed == {n: (s["label"], as_code(s["type"])) for n, s in found.items()},
          f"{name}: pydicom: {len(listed)} segments")
    if data.SegmentationType != "BINARY" or "PerFrameFunctionalGroupsSequence" not in data:
        check(all(s["voxels"] is None for s in found.values()), f"{name}: {data.SegmentationType}: not counted")
        return
    syntax = data.file_meta.TransferSyntaxUID
    if not syntax.is_transfer_syntax or syntax.is_encapsulated:
        check(all(s["voxels"] is None for s in found.values()), f"{name}: compressed: not counted")
        return
    if int(data.get("NumberOfFrames", 0)) != len(data.PerFrameFunctionalGroupsSequence):
        check(any(p["where"] == "Number of Frames" for p in shown["problems"]),
              f"{name}: its frames contradict its header, and that is said")
        return
    pixels = data.pixel_array.reshape(-1, data.Rows, data.Columns)
    sums = {n: [0, 0, 0.0, np.zeros(3)] for n in listed}
    placed = True
    for index, frame in enumerate(pixels):
        number, placement = frame_placement(data, index)
        total = sums[number]
        r, c = np.nonzero(frame)
        total[0] += 1
        total[1] += len(r)
        placed = placed and placement is not None
        if placement is None:
            continue
        first, row, column, spacing, thickness = placement
        mm3 = spacing[0] * spacing[1] * thickness
        total[2] += mm3 * len(r)
        total[3] += mm3 * (len(r) * first + (c * spacing[1]).sum() * row + (r * spacing[0]).sum() * column)
    worst = 0.0
    same = True
    for number, (frames, voxels, mm3, moment) in sums.items():
        mine = found[number]
        same = same and mine["frames"] == frames and mine["voxels"] == voxels
        if not placed:
            same = same and mine["volume_mm3"] is None
            continue
        same = same and abs(mine["volume_mm3"] - mm3) <= 1e-9 * max(mm3, 1)
        if voxels:
            worst = max(worst, float(np.abs(np.array(mine["centroid_mm"]) - moment / mm3).max()))
    check(same and worst < 1e-6, f"{name}: {sum(s[1] for s in sums.values())} voxels and their volumes as "
          f"pydicom's, centroids to {worst:.1e} mm")
