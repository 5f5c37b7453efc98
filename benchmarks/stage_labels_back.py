"""Stage labels_back: 25 classes of scores at 1.5 mm -> labels on the LIDC chest CT's 512x512x133.

usage: compare labels_back

A peer that needs minutes gets one run beside the one that warms up. Scores are float16,
blobs with noise. Each peer's own grid and rule is given to ours: nnU-Net's aligns edges, its default
takes the nearest plane along an anisotropic axis; MONAI's keeps the first voxel. The answer is
checked in every run: ours is the same bits; of the peer's voxels no more than LARGEST_SHARE differ
(single precision, ties).
"""
import json

import contest

STAGES = ("labels_back",)
CLASSES = 25
OUT_SIZE, OUT_SPACING = [512, 512, 133], [0.703125, 0.703125, 2.5]
SPACING_MM = 1.5
BLOB_VOXELS = 12
LARGEST_SHARE = 1e-4
PEERS = {"nnU-Net, torch": "edges", "MONAI Invertd": "first voxel", "nnU-Net, default": "edges"}
SLOW = {"nnU-Net, default"}


def grid_of(alignment):
    """Size of the network's grid and the map from an output index to it, {x, y, z}."""
    size, matrix = [], [0.0] * 12
    for axis, (n, mm) in enumerate(zip(OUT_SIZE, OUT_SPACING)):
        if alignment == "edges":
            size.append(round(n * mm / SPACING_MM))
            matrix[axis * 5] = size[axis] / n
            matrix[axis * 4 + 3] = 0.5 * size[axis] / n - 0.5
        else:
            size.append(round((n - 1) * mm / SPACING_MM) + 1)
            matrix[axis * 5] = mm / SPACING_MM
    return size, matrix


def make_scores(size, classes):
    """Random blobs of one class, 4 against 0, with noise; a .npy in a folder of the cache."""
    import numpy as np
    work = contest.WORK / "labels"
    work.mkdir(parents=True, exist_ok=True)
    path = work / f"scores-{classes}-{'x'.join(map(str, size))}.npy"
    if not path.exists():
        random = np.random.default_rng(20)
        shape = size[::-1]
        owner = random.integers(0, classes, [n // BLOB_VOXELS + 1 for n in shape])
        index = np.ix_(*[np.arange(n) // BLOB_VOXELS for n in shape])
        owner = owner[index]
        noise = (0.3 * random.standard_normal(shape, np.float32)).astype(np.float16)
        part = path.with_suffix(".part.npy")
        scores = np.lib.format.open_memmap(part, "w+", np.float16, (classes, *shape))
        for c in range(classes):
            scores[c] = np.roll(noise, 31 * c, c % 3) + np.float16(4) * (owner == c)
        scores.flush()
        part.rename(path)
    return path


def make_task(peer, classes):
    import numpy as np
    size, matrix = grid_of(PEERS[peer])
    scores = make_scores(size, classes)
    with open(scores, "rb") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        offset = file.tell()
    name, work = peer.replace(", ", "-").replace(" ", "-"), scores.parent
    task = dict(scores=str(scores), offset=offset, classes=classes, size=size,
                spacing=[SPACING_MM] * 3, out_size=OUT_SIZE, out_spacing=OUT_SPACING,
                out_to_in=matrix, nearest_z=peer == "nnU-Net, default",
                out=str(work / f"{name}.labels"))
    path = work / f"{name}.json"
    path.write_text(json.dumps(task))
    return path, task


def measure(peer, threads, runs):
    task_file, task = make_task(peer, CLASSES)
    ours = contest.Contender([contest.program("labels-back"), task_file], threads)
    python = contest.peer_python("labels", ["nnunetv2==2.8.1", "monai==1.6.1"], sees_torch=True)
    other = contest.Contender([python, contest.HERE / "label_makers.py", peer, task_file,
                               task["out"]], threads)
    load = contest.take_turns(ours, other, runs, fewer_of_other=1 if peer in SLOW else None)
    worst = max(answer["differing"] for answer in other.answers)
    same = len({answer["digest"] for answer in ours.answers}) == 1
    made = contest.row("labels_back", f"{CLASSES} classes at {SPACING_MM} mm to 512x512x133", threads,
                       ours, peer, other, same and worst <= LARGEST_SHARE, load)
    return dict(made, differing_share=worst,
                ours_beyond_scores_mb=round(ours.answers[0]["beyond_scores_mb"], 1))


def rows(_, threads, runs):
    """Yields a row per peer and number of threads."""
    for peer in PEERS:
        for count in threads:
            yield measure(peer, count, runs)
