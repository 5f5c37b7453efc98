#!/usr/bin/env python3
"""Holds Osler against MONAI: released bundles, random weights, the same image, labels voxel by voxel.

usage: monai_parity.py PROGRAM [--work DIR] [--only NAME...] [--reference-only]
       goes on in the exporters' Python (tools/setup --export), else ends with 77; OSLER_TEST_DATA and MONAI_ZOO
       say where images and the bundles' configs lie (default: ../shared/data beside the project)

For each bundle: `tools/export/monai --random` makes weights, the bundle's own inference workflow runs in
MONAI (processor, single precision) and leaves its label file, `PROGRAM run IMAGE --model BUNDLE` runs on
the same image, and labels must agree in 99.99 % of all voxels. Of bundles that classify the picture is DICOM
for Osler and PNG for MONAI, and probabilities are compared. What MONAI made is kept in --work and not
made again. What is not the bundle's own in a configuration: of swin_unetr the reader (itk is not installed;
nibabel reads the same array) and an argument that MONAI 1.6 does not have any more; of multi_organ the device;
of brats and prostate that files are saved on the image's grid, where they lie anyway.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "export"))
from package import go_on_in_export_python  # noqa: E402

go_on_in_export_python(("nibabel", "monai", "ignite"), skip=True)
import nibabel  # noqa: E402
import numpy as np  # noqa: E402
from monai.bundle import ConfigParser  # noqa: E402

DATA = Path(os.environ.get("OSLER_TEST_DATA") or ROOT.parent / "shared" / "data")
ZOO = Path(os.environ.get("MONAI_ZOO", DATA / "monai_zoo"))
LEAST_AGREEMENT = 0.9999

CT, MR, T1 = "totalseg/example_ct.nii.gz", "totalseg/example_mr_sm.nii.gz", "models/t1_crop.nii.gz"
# name: bundle, image, first voxel and size of the part that is taken, how it is stored, modality
SEGMENTATIONS = {
    "spleen": ("spleen_ct_segmentation", CT, (30, 20, 30), (56, 50, 48), "as-it-is", "CT"),
    "wholeBody": ("wholeBody_ct_segmentation", CT, (30, 20, 30), (50, 44, 40), "no-zeros", "CT"),
    "swin_unetr": ("swin_unetr_btcv_segmentation", CT, (30, 30, 30), (50, 44, 60), "turned oblique", "CT"),
    "multi_organ": ("multi_organ_segmentation", CT, (40, 30, 30), (34, 30, 40), "thick", "CT"),
    "prostate": ("prostate_mri_anatomy", MR, (45, 35, 4), (22, 20, 12), "as-it-is", "MR"),
    "brats": ("brats_mri_segmentation", T1, (70, 60, 80), (110, 120, 90), "channels", "MR"),
}
# name: bundle, colour, rows and columns
CLASSIFIERS = {
    "breast_density": ("breast_density_classification", False, (350, 270)),
    "endoscopic": ("endoscopic_inbody_classification", True, (210, 330)),
}
PROBABILITY_TOLERANCE = 2e-4  # between two builds of one network of fifty layers
BRATS_CHANNELS = ("T1c", "T1", "T2", "FLAIR")


def rotation(degrees):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


def make_images(name, folder):
    """The image of a case: one file, or one per channel."""
    _, source, first, size, stored, _ = SEGMENTATIONS[name]
    image = nibabel.load(DATA / source)
    part = image.slicer[tuple(slice(a, a + n) for a, n in zip(first, size))]
    values, affine = np.asarray(part.dataobj).astype(np.int16), part.affine
    if "oblique" in stored:
        affine = rotation(8) @ affine
    if stored == "no-zeros":
        # Between voxels MONAI meets 0 only up to 1e-14, which "nonzero" then counts; here 0 is 0.
        values = (values + 0.37).astype(np.float32)
    elif stored == "thick":
        values, affine = values[:, :, ::2], affine @ np.diag([1, 1, 2, 1])
    image = nibabel.Nifti1Image(values, affine)
    if "turned" in stored:
        image = image.as_reoriented(np.array([[1, -1], [0, 1], [2, -1]]))
    if stored != "channels":
        nibabel.save(image, folder / "image.nii.gz")
        return [folder / "image.nii.gz"]
    head = values > 20
    shades = [values, np.where(head, 300 - values, 0), np.where(head, 4 * np.sqrt(values), 0),
              np.where(head, np.roll(values, 3, 0) + 7, 0)]
    files = []
    for channel, shade in zip(BRATS_CHANNELS, shades):
        files.append(folder / f"{channel}.nii.gz")
        nibabel.save(nibabel.Nifti1Image(shade.astype(np.int16), affine), files[-1])
    return files


def overrides(name, config, images, out):
    """What a run here needs otherwise than a run where the bundle was made."""
    given = {
        "bundle_root": str(out.parent / "bundle"), "output_dir": str(out),
        "device": "$torch.device('cpu')", "evaluator::amp": False, "inferer::progress": False,
        "dataset": {"_target_": "Dataset", "transform": "@preprocessing",
                    "data": [{"image": [str(f) for f in images] if len(images) > 1 else str(images[0])}]},
        "dataloader::num_workers": 0, "dataloader::shuffle": False,
    }
    if "device" in config["inferer"]:
        given["inferer::device"] = "$torch.device('cpu')"
    for i, transform in enumerate(config["preprocessing"]["transforms"]):
        if transform.get("reader") == "ITKReader":
            given[f"preprocessing::transforms::{i}::reader"] = "NibabelReader"
    for i, transform in enumerate(config["postprocessing"]["transforms"]):
        if transform.get("resample") is False:  # MONAI 1.6.1 cannot save other than RAS without
            given[f"postprocessing::transforms::{i}::resample"] = True
    if name == "multi_organ":
        given["arch_ckpt"] = "$torch.load(@arch_ckpt_path, map_location='cpu', weights_only=False)"
        given["dints_space::device"] = "$torch.device('cpu')"
    return given


def window(image, config):
    """The middle of what the network is shown, as large as its window; the edge goes on beyond the image."""
    roi = config["inferer"].get("roi_size", image.shape[1:])
    short = [max(0, n - have) for n, have in zip(roi, image.shape[1:])]
    image = np.pad(image, [(0, 0)] + [(n // 2, n - n // 2) for n in short], mode="edge")
    first = [(have - n) // 2 for n, have in zip(roi, image.shape[1:])]
    return image[(slice(None), *[slice(a, a + n) for a, n in zip(first, roi)])].astype(np.float32)


def make_reference(name, folder):
    """MONAI's labels: folder/monai.nii.gz. Everything that stands there already is kept."""
    labels = folder / "monai.nii.gz"
    if labels.is_file():
        return
    from monai.bundle import ConfigWorkflow
    bundle, out = folder / "bundle", folder / "out"
    shutil.copytree(ZOO / SEGMENTATIONS[name][0], bundle, dirs_exist_ok=True, copy_function=shutil.copyfile)
    shutil.rmtree(out, ignore_errors=True)
    images = make_images(name, folder)
    file = next((bundle / "configs").glob("inference.[jy]*"))
    config = ConfigParser.load_config_file(file)
    config["network_def"].pop("img_size", None)
    ConfigParser.export_config_file(config, folder / "run.json")
    given = overrides(name, config, images, out)  # a parser writes them into the configuration
    if not (bundle / "models" / "model.ts").is_file():
        parser = ConfigParser(config)
        parser.update(given)
        sample = parser.get_parsed_content("preprocessing")(parser.get_parsed_content("dataset::data")[0])["image"]
        np.save(folder / "sample.npy", window(np.asarray(sample), config))
        subprocess.run([sys.executable, "-W", "ignore", ROOT / "tools" / "export" / "monai", bundle, "--random",
                        "--sample", folder / "sample.npy"], check=True)
        (folder / "sample.npy").unlink()
    workflow = ConfigWorkflow(workflow_type="infer", config_file=str(folder / "run.json"), logging_file=False,
                              meta_file=str(bundle / "configs" / "metadata.json"), **given)
    started = time.monotonic()
    workflow.initialize()  # loads the weights, where a handler does not
    workflow.run()
    seconds = time.monotonic() - started
    made = list(out.rglob("*.nii.gz"))
    assert len(made) == 1, made
    made[0].rename(labels)
    shutil.rmtree(out)
    (folder / "run.json").unlink()
    values, counts = np.unique(np.asarray(nibabel.load(labels).dataobj), return_counts=True)
    print(json.dumps({"name": name, "monai_seconds": round(seconds, 1), "labels": len(values),
                      "largest_share": round(float(counts.max() / counts.sum()), 3)}), flush=True)


def run_osler(program, name, folder):
    """Osler's labels of the same image, as an array in the file's order."""
    _, _, _, _, stored, modality = SEGMENTATIONS[name]
    out = folder / "osler"
    shutil.rmtree(out, ignore_errors=True)
    command = [str(program), "run", "--model", str(folder / "bundle"), "--out", str(out), "--nifti",
               "--modality", modality, "--device", os.environ.get("OSLER_DEVICE", "cpu")]
    if stored == "channels":
        command += ["--channel", *(f"{c}={folder / c}.nii.gz" for c in BRATS_CHANNELS)]
    else:
        command.append(str(folder / "image.nii.gz"))
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    made = list(out.rglob("labels.nii.gz"))
    if done.returncode != 0 or len(made) != 1:
        raise RuntimeError(f"osler run ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return nibabel.load(made[0]), time.monotonic() - started


def compare(name, folder, labels, seconds):
    """Labels voxel by voxel. MONAI may save what lies between two numbers: it is rounded (half to even)."""
    theirs = nibabel.load(folder / "monai.nii.gz")
    if theirs.shape != labels.shape or not np.allclose(theirs.affine, labels.affine, atol=1e-3):
        raise RuntimeError(f"the grids differ: {theirs.shape} {labels.shape}\n{theirs.affine}\n{labels.affine}")
    truth, answer = np.rint(np.asarray(theirs.dataobj)), np.asarray(labels.dataobj)
    same = truth == answer
    least = [2 * (same & (truth == v)).sum() / ((truth == v).sum() + (answer == v).sum()) for v in np.unique(truth)]
    print(json.dumps({"name": name, "voxels": int(same.size), "labels": len(least), "differ": int((~same).sum()),
                      "agreement": round(float(same.mean()), 6), "worst_dice": round(float(min(least)), 5),
                      "osler_seconds": round(seconds, 1)}), flush=True)
    return same.mean() >= LEAST_AGREEMENT


def make_picture(name, folder):
    """A picture for MONAI (PNG) and the same one for Osler (DICOM, 8 bits)."""
    import pydicom
    from PIL import Image
    _, colour, (rows, columns) = CLASSIFIERS[name]
    x, y = np.meshgrid(np.linspace(0, 3, columns), np.linspace(0, 2, rows))
    shades = [127 + 120 * np.sin(a * x + b * y * y) for a, b in ((3, 2), (1, 4), (5, 1))]
    pixels = np.round(np.stack(shades, -1) if colour else shades[0]).astype(np.uint8)
    Image.fromarray(pixels if colour else np.stack([pixels] * 3, -1)).save(folder / "image.png")
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "2.25.20261121"
    data.StudyInstanceUID, data.SeriesInstanceUID = "2.25.202611211", "2.25.202611212"
    data.Modality, data.PatientID, data.PatientName = ("ES" if colour else "MG"), "PARITY", "PARITY"
    data.SeriesNumber = data.InstanceNumber = 1
    data.Rows, data.Columns, data.SamplesPerPixel = rows, columns, 3 if colour else 1
    data.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        data.PlanarConfiguration = 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = pixels.tobytes()
    data.save_as(folder / "image.dcm", enforce_file_format=True)


def check_classifier(program, name, folder):
    """Probabilities of a picture against MONAI's preprocessing, network and activation."""
    import torch
    bundle, out = folder / "bundle", folder / "osler"
    shutil.copytree(ZOO / CLASSIFIERS[name][0], bundle, dirs_exist_ok=True, copy_function=shutil.copyfile)
    make_picture(name, folder)
    config = ConfigParser.load_config_file(bundle / "configs" / "inference.json")
    parser = ConfigParser(config)
    image = parser.get_parsed_content("preprocessing")({"image": str(folder / "image.png")})["image"]
    np.save(folder / "sample.npy", np.asarray(image, np.float32))
    if not (bundle / "models" / "model.ts").is_file():
        subprocess.run([sys.executable, "-W", "ignore", ROOT / "tools" / "export" / "monai", bundle, "--random",
                        "--sample", folder / "sample.npy"], check=True)
    with torch.no_grad():
        scores = torch.jit.load(bundle / "models" / "model.ts").eval()(image.as_tensor()[None])[0]
    softmax = any(t.get("argmax") for t in config["postprocessing"]["transforms"])
    truth = (scores.softmax(0) if softmax else scores.sigmoid()).numpy()
    shutil.rmtree(out, ignore_errors=True)
    done = subprocess.run([str(program), "run", str(folder / "image.dcm"), "--model", str(bundle), "--out", str(out),
                           "--device", os.environ.get("OSLER_DEVICE", "cpu")], capture_output=True, text=True)
    made = list(out.rglob("findings.json"))
    if done.returncode != 0 or len(made) != 1:
        raise RuntimeError(f"osler run ended with {done.returncode}\n{done.stdout}{done.stderr}")
    found = json.loads(made[0].read_text())["evaluations"]
    answer = np.array([e["probability"] for e in found])
    present = [i for i, e in enumerate(found) if e["present"]]
    apart = float(np.abs(answer - truth).max())
    print(json.dumps({"name": name, "monai": truth.round(5).tolist(), "largest_difference": apart,
                      "present": present}), flush=True)
    return apart <= PROBABILITY_TOLERANCE and present == [int(truth.argmax())]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "monai_parity")
    parser.add_argument("--only", nargs="+", choices=[*SEGMENTATIONS, *CLASSIFIERS],
                        default=[*SEGMENTATIONS, *CLASSIFIERS])
    parser.add_argument("--reference-only", action="store_true")
    args = parser.parse_args()
    held = True
    for name in args.only:
        folder = args.work.resolve() / name
        folder.mkdir(parents=True, exist_ok=True)
        if name in SEGMENTATIONS:
            make_reference(name, folder)
        if args.reference_only:
            continue
        try:
            if name in CLASSIFIERS:
                held = check_classifier(args.program.resolve(), name, folder) and held
                continue
            held = compare(name, folder, *run_osler(args.program.resolve(), name, folder)) and held
        except RuntimeError as error:
            print(f"{name}: {error}", flush=True)
            held = False
    if not held:
        sys.exit(f"labels agree in less than {LEAST_AGREEMENT:.2%} of the voxels")


if __name__ == "__main__":
    main()
