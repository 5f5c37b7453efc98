"""Stages seg_binary, seg_labelmap and sr: DICOM results of a label map of the LIDC chest CT.

usage: compare seg_binary seg_labelmap sr

104 segments in 512x512x133 (balls about places in a fixed order, as in stage label_stats) as BINARY, and as
LABELMAP with RLE; an SR of 25 volumetric groups. Peers: highdicom, and dcmqi's programs (result_writers.py).
All read the headers of the series, and write the file. The answer: highdicom reads the very label map out of
both files; of the SR as many volumetric groups with a volume.
"""
import sys

import contest
from stage_label_stats import LABELS, SIZE, make_labels

STAGES = ("seg_binary", "seg_labelmap", "sr")
KINDS = {"seg_binary": ("binary", LABELS), "seg_labelmap": ("labelmap-rle", LABELS), "sr": ("sr", 25)}
WRITERS = contest.HERE / "result_writers.py"


def label_map(file, shape):
    import highdicom as hd
    import numpy as np
    seg = hd.seg.segread(file)
    volume = seg.get_volume(combine_segments=True, skip_overlap_checks=True)
    out = np.zeros(shape, np.uint8)
    # dcmqi numbers segments in an order of its own; their names tell which is which.
    number_of = np.zeros(256, np.uint8)
    for segment in seg.SegmentSequence:
        if segment.SegmentNumber != 0:  # highdicom's background
            number_of[segment.SegmentNumber] = int(segment.SegmentLabel.split()[-1])
    # Slices without a segment are left out at the ends.
    first = round(float(volume.affine[2, 3] - label_map.first_z) / label_map.step)
    array = number_of[volume.array if volume.affine[2, 0] > 0 else volume.array[::-1]]
    first = first if volume.affine[2, 0] > 0 else first - len(array) + 1
    out[first:first + len(array)] = array
    return out


def same(stage, files, labels):
    import highdicom as hd
    import numpy as np
    if stage == "sr":
        groups = [hd.sr.srread(f).content.get_volumetric_roi_measurement_groups() for f in files]
        return all(len(g) == KINDS[stage][1] and all(len(x.get_measurements()) == 1 for x in g) for g in groups)
    return all(np.array_equal(label_map(f, labels.shape), labels) for f in files)


def rows(stages, threads, runs):
    import numpy as np
    import pydicom
    series = contest.chest_ct()
    z = sorted(float(pydicom.dcmread(f, stop_before_pixels=True).ImagePositionPatient[2]) for f in series.glob("*.dcm"))
    label_map.first_z, label_map.step = z[0], (z[-1] - z[0]) / (len(z) - 1)
    raw = make_labels()
    labels = np.fromfile(raw, np.uint8).reshape(SIZE[::-1])
    out = contest.WORK / "results"
    out.mkdir(parents=True, exist_ok=True)
    for stage in stages:
        kind, count = KINDS[stage]
        for tool in ("highdicom", "dcmqi"):
            for n in threads:
                files = [out / f"{side}-{kind}.dcm" for side in ("ours", tool)]
                task = [kind, series, raw, count]
                ours = contest.Contender([contest.program("results"), *task, files[0]], n)
                other = contest.Contender([sys.executable, WRITERS, tool, *task, files[1]], n)
                load = contest.take_turns(ours, other, runs)
                made = contest.row(stage, f"{count} segments, 512x512x133", n, ours, tool, other,
                                   same(stage, files, labels), load)
                yield dict(made, ours_file_mb=round(ours.answers[-1]["bytes"] / 1e6, 2),
                           peer_file_mb=round(other.answers[-1]["bytes"] / 1e6, 2))
