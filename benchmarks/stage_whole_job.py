"""Stage whole_job: a chest CT's DICOM files in, labels, SEG and SR on disk, each side a fresh process.

usage: compare whole_job --threads 4

Network: one convolution of single voxels, 25 classes, the same TorchScript on both sides: what is
timed is everything else. Peers: MONAI's transforms, and SimpleITK with nnU-Net's functions, both with
highdicom (whole_job_peers.py); ours is `osler run` with a package that states the same steps, and
writes captures, report and JSON besides. outside_s is the process without the network. The answer:
the share SAME of all labels is the peer's.

A second job is a full-size PlainConvUNet at 2 mm (random weights, one fold, no mirroring) from a NIfTI
file: `nnUNetv2_predict_from_modelfolder` beside `osler run` with what tools/export/nnunet made of the
same folder.

Peers take minutes, and run as often as PEER_RUNS says, in turns with ours, without a run to warm up.
"""
import hashlib
import json
import os
import shutil
import subprocess
import sys

import contest

STAGES = ("whole_job",)
CLASSES, SPACING_MM, WINDOW = 25, 1.5, (-1000, 1000)
SAME = 0.9999
PEER_RUNS = {"MONAI": 3, "SimpleITK + nnU-Net": 1, "nnUNetv2_predict": 1}
WORK = contest.WORK / "whole-job"

NETWORK = """
import sys, torch
torch.manual_seed(0)
network = torch.nn.Conv3d(1, int(sys.argv[2]), 1)
torch.nn.init.uniform_(network.weight, -8, 8)
torch.nn.init.uniform_(network.bias, -4, 4)
torch.jit.script(network.eval()).save(sys.argv[1])
"""


def python():
    return contest.peer_python("whole-job", ["nnunetv2==2.8.1", "monai==1.6.1", "highdicom==0.28.2",
                                             "connected-components-3d", "SimpleITK==2.5.7", "nibabel"],
                               sees_torch=True)


def program():
    found = os.environ.get("OSLER_PROGRAM")
    places = [found] if found else sorted(contest.ROOT.glob("build/*/bin/osler"), key=lambda p: -p.stat().st_mtime)
    return places[0] if places else contest.stop("no osler", "tools/build cpu")


def image_steps(peer):
    low, high = WINDOW
    if peer == "MONAI":
        return [dict(step="orient", axes="SAR"),
                dict(step="resample", spacing_mm=[SPACING_MM] * 3, interpolation="linear", alignment="first-voxel"),
                dict(step="normalise", clip=[low, high], shift=low, scale=high - low)]
    return [dict(step="normalise", clip=[low, high], shift=low, scale=high - low),
            dict(step="resample", rule="nnunet", spacing_mm=[SPACING_MM] * 3, order=3)]


def make_package(peer, network):
    folder = WORK / f"package-{peer.split()[0]}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(network, folder / "model.ts")
    code = dict(value="123037004", scheme="SCT", meaning="Body structure")
    description = dict(
        format="osler-model/1", name="whole-job", title="Benchmark", version="1.0.0",
        manufacturer="Osler project", intended_use="Benchmark. Not for clinical use.", protocol="none", limits=[],
        licence="CC0", weights=dict(file="model.ts", format="torchscript",
                                    sha256=hashlib.sha256(network.read_bytes()).hexdigest()),
        wants=dict(modalities=["CT"], body_parts=[], min_extent_mm=[10, 10, 10], max_spacing_mm=5),
        steps=[*image_steps(peer),
               dict(step="sliding-window", rule="monai", patch=[96] * 3, patch_step=[1, 1, 1], gaussian=False,
                    means="single" if peer == "MONAI" else "nnunet-halves"),
               dict(step="labels", decision="highest",
                    interpolation="linear" if peer == "MONAI" else "nnunet")],
        gives=dict(classes=CLASSES, segments=[
            dict(label=f"class {c}", output=c, category=code, type=code,
                 rgb=[c * 53 % 256, c * 101 % 256, c * 197 % 256]) for c in range(1, CLASSES)]),
        gates=[])
    (folder / "model.json").write_text(json.dumps(description))
    return folder


def read_labels(out):
    import nibabel
    import numpy as np
    return np.asarray(nibabel.load(next(out.rglob("labels.nii.gz"))).dataobj).astype(np.uint8)


def outside(answers, network_s):
    return round(min(a["seconds"] - network_s(a) for a in answers), 2)


def network_seconds(out):
    findings = json.loads(next(out.rglob("findings.json")).read_text())
    return findings["timings_ms"]["network"] / 1000


def take_turns(ours, other, runs, peer_runs):
    load = os.getloadavg()[0]
    for i in range(max(runs, peer_runs)):
        if i < runs:
            ours.run()
        if i < peer_runs:
            other.run()
    ours.finish()
    other.finish()
    for side in (ours, other):  # contest's medians leave out a first run, which here is one like the others
        side.answers.insert(0, side.answers[0])
    return load


def tiny(peer, kind, series, threads, runs):
    import numpy as np
    WORK.mkdir(parents=True, exist_ok=True)
    network = WORK / "network.ts"
    if not network.exists():
        subprocess.run([contest.torch_python(), "-c", NETWORK, network, str(CLASSES)], check=True)
    out, theirs = WORK / "ours", WORK / kind
    for folder in (out, theirs):
        shutil.rmtree(folder, ignore_errors=True)
    theirs.mkdir(parents=True)
    task = WORK / f"{kind}.json"
    task.write_text(json.dumps(dict(series=str(series), network=str(network), classes=CLASSES, out=str(theirs),
                                    spacing_mm=SPACING_MM, window=WINDOW)))
    fresh = [sys.executable, contest.HERE / "fresh_process.py"]
    ours = contest.Contender([*fresh, program(), "run", series, "--model", make_package(peer, network), "--out", out,
                              "--device", "cpu", "--nifti"], threads)
    other = contest.Contender([*fresh, python(), contest.HERE / "whole_job_peers.py", kind, task], threads)
    load = take_turns(ours, other, runs, PEER_RUNS[peer])
    labels = read_labels(out)
    expected = np.fromfile(theirs / "labels.u8", np.uint8).reshape(labels.shape[::-1]).transpose(2, 1, 0)
    same = float((labels == expected).mean())
    made = contest.row("whole_job", f"LIDC chest CT, {CLASSES} classes, tiny network", threads, ours, peer, other,
                       same >= SAME, load)
    return dict(made, labels_same=round(same, 6), ours_outside_s=outside(ours.answers, lambda _: network_seconds(out)),
                peer_outside_s=outside(other.answers, lambda a: a["parts_s"]["network"]),
                peer_parts_s=other.answers[-1]["parts_s"])


def full(series, threads, runs):
    """nnUNetv2_predict with a full-size network."""
    peer = "nnUNetv2_predict"
    folder, package, image = WORK / "full" / "training", WORK / "full" / "package", WORK / "full" / "images"
    if not (package / "model.json").exists():
        shutil.rmtree(WORK / "full", ignore_errors=True)
        subprocess.run([python(), contest.HERE / "whole_job_nnunet.py", folder, image, series], check=True,
                       stdout=sys.stderr)
        subprocess.run([python(), contest.ROOT / "tools/export/nnunet", folder, package], check=True, stdout=sys.stderr)
    out, theirs = WORK / "ours-full", WORK / "nnunet-full"
    for place in (out, theirs):
        shutil.rmtree(place, ignore_errors=True)
    fresh = [sys.executable, contest.HERE / "fresh_process.py"]
    ours = contest.Contender([*fresh, program(), "run", image / "ct_0000.nii.gz", "--modality", "CT", "--model", package,
                              "--out", out, "--device", "cpu"], threads)
    for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        os.environ[name] = str(WORK / "full")
    predict = "from nnunetv2.inference.predict_from_raw_data import predict_entry_point_modelfolder as run; run()"
    other = contest.Contender([*fresh, python(), "-c", predict, "-i", image, "-o", theirs, "-m", folder, "-f", "0", "-device", "cpu",
                               "-npp", "1", "-nps", "1"], threads)
    load = take_turns(ours, other, min(runs, 3), PEER_RUNS[peer])
    labels = read_labels(out)
    import nibabel
    import numpy as np
    same = float((labels == np.asarray(nibabel.load(theirs / "ct.nii.gz").dataobj)).mean())
    made = contest.row("whole_job", "LIDC chest CT, 25 classes, PlainConvUNet at 2 mm", threads, ours, peer, other,
                       same >= SAME, load)
    return dict(made, labels_same=round(same, 6), ours_outside_s=outside(ours.answers, lambda _: network_seconds(out)))


def rows(_, threads, runs):
    """Yields a row per peer and number of threads."""
    series = contest.chest_ct()
    for count in threads:
        yield tiny("MONAI", "monai", series, count, runs)
        yield tiny("SimpleITK + nnU-Net", "nnunet", series, count, runs)
        yield full(series, count, runs)
