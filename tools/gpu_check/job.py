"""The whole main job on the GPU against the processor: labels voxel by voxel, and every number."""
import array
import gzip
import json
import operator
import struct
from pathlib import Path

# The network's sums are made in another order on a GPU, and cuDNN may round factors to TF32. That turns
# voxels whose two best classes are about equal. The bars are a quarter of what a head sampled anew is
# allowed (docs/verification.md): more would be another answer.
MOST_VOXELS_APART = .005   # of the voxels that either labels
MOST_VOLUME_APART = .005   # of each structure
MOST_CENTROID_APART_MM = .25


def read_labels(file):
    """(size, voxels) of a NIfTI file of 8 or 16-bit labels."""
    data = gzip.decompress(Path(file).read_bytes())
    size = struct.unpack_from("<3h", data, 42)
    kind, = struct.unpack_from("<h", data, 70)
    offset = int(struct.unpack_from("<f", data, 108)[0])
    voxels = array.array({2: "B", 4: "h", 512: "H"}[kind])
    voxels.frombytes(data[offset:])
    return size, voxels


def labels_apart(a, b):
    (size, first), (other_size, other) = read_labels(a), read_labels(b)
    if size != other_size:
        return {"size": size, "other_size": other_size, "share": 1.0}
    labelled = len(first) - sum(map(operator.not_, map(operator.or_, first, other)))
    differ = 0 if first == other else sum(map(operator.ne, first, other))
    return {"labelled": labelled, "differ": differ, "share": differ / labelled if labelled else 0.0}


def numbers_apart(first, other):
    """Largest differences of volumes (relative) and centroids (mm), over the structures."""
    a, b = ({f["label"]: f for f in x["findings"]} for x in (first, other))
    if first["status"] != other["status"] or a.keys() != b.keys() or not a:
        return {"structures": [sorted(a), sorted(b)], "volume": 1.0, "centroid_mm": float(2**31)}
    volumes = [abs(a[k]["volume_mm3"] - b[k]["volume_mm3"]) / a[k]["volume_mm3"] for k in a]
    centroids = [max(map(abs, map(operator.sub, a[k]["centroid_mm"], b[k]["centroid_mm"]))) for k in a]
    return {"structures": len(a), "volume": max(volumes), "centroid_mm": max(centroids)}


def one_run(programs, device, name, limit_s):
    """(findings, folder, "") or (None, None, why not)."""
    out = programs.scratch / name
    done = programs.run([programs.path("osler"), "run", programs.folder / "study", "--out", out, "--device",
                         device, "--nifti"], limit_s)
    if done.code is None:
        return None, None, f"{name}: not finished within {limit_s:.0f} s"
    found = list(out.glob("*/findings.json"))
    if done.code != 0 or len(found) != 1:
        return None, None, f"{name}: exit {done.code}: {done.end()[-400:]}"
    return json.loads(found[0].read_text(encoding="utf-8")), found[0].parent, ""


def part(programs, machine, limit_s):
    result, whys, runs = {}, [], {}
    # Twice on the GPU: the first run also pays for loading, and the second shows what repeats.
    wanted = {"cpu": "cpu", **({} if machine.lacks("gpu") else {"cuda": "cuda", "cuda_again": "cuda"})}
    for name, device in wanted.items():
        findings, folder, why = one_run(programs, device, name, limit_s / 3)
        if why:
            whys.append(why)
            continue
        runs[name] = findings, folder
        result[name] = {"device": findings["device"], "timings_ms": findings["timings_ms"],
                        "outputs": findings["outputs"]}
    if machine.lacks("gpu"):
        status = "failed" if whys else "not run"
        why = "; ".join(whys) if whys else f"{machine.lacks('gpu')}; the processor's half ran"
        return dict(result, status=status, why=why)
    if whys:
        return dict(result, status="failed", why="; ".join(whys))

    (cpu, _), (cuda, _) = runs["cpu"], runs["cuda"]
    files = {name: folder / "labels.nii.gz" for name, (_, folder) in runs.items()}
    result["labels"] = labels_apart(files["cpu"], files["cuda"])
    result["numbers"] = numbers_apart(cpu, cuda)
    result["cuda_repeats"] = labels_apart(files["cuda"], files["cuda_again"])
    bars = {"labels": MOST_VOXELS_APART, "volume": MOST_VOLUME_APART, "centroid_mm": MOST_CENTROID_APART_MM}
    result["bars"] = bars
    measured = {"labels": result["labels"]["share"], "volume": result["numbers"]["volume"],
                "centroid_mm": result["numbers"]["centroid_mm"]}
    whys += [f"{k} {measured[k]:.2g} apart, at most {bars[k]:g}" for k in bars if measured[k] > bars[k]]
    if cpu["outputs"] != cuda["outputs"]:
        whys.append("other files were written")
    if not cuda["device"].startswith("cuda"):
        whys.append(f"it ran on {cuda['device']}")
    return dict(result, status="failed" if whys else "passed", **({"why": "; ".join(whys)} if whys else {}))
