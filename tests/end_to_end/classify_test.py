#!/usr/bin/env python3
"""Classifiers: the probability that the program writes is the one that PyTorch gives for the same pixels.

usage: classify_test.py grey|colour|volume|refused
"""
import json
import os
import subprocess
import sys

import harness
import pydicom
import series
from harness import EXIT_BAD_INPUT, EXIT_OK, Checks, np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

TOLERANCE = 1e-5  # float32 sums in another order; 2.6e-7 was the most
PACKAGE = harness.ROOT / "models" / "chest-radiograph-example"
CR, XC = "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.77.1.4"


def torch_python():
    place = os.environ.get("OSLER_TORCH_PYTHON") or harness.CACHE / "python" / "bin" / "python"
    return harness.need(place, "a Python with torch (OSLER_TORCH_PYTHON)")


def expected(kind, package, pictures, work):
    """Probabilities as PyTorch gives them: picture after picture, in the order of the classes."""
    np.save(work / "pictures.npy", pictures)
    runner = harness.ROOT / "tests" / "end_to_end" / "classifiers.py"
    done = subprocess.run([torch_python(), runner, kind, package, work / "pictures.npy"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        harness.skip(f"PyTorch could not run: {done.stderr[-200:]}")
    return np.array(json.loads(done.stdout))


def write_image(folder, name, number, samples, modality="CR", study="classes", **more):
    """One image of one frame. @param samples  rows x columns, or rows x columns x 3, as they are stored"""
    folder.mkdir(parents=True, exist_ok=True)
    colour = samples.ndim == 3
    bits = 8 * samples.dtype.itemsize
    ds = FileDataset("", {}, preamble=b"\0" * 128, file_meta=FileMetaDataset())
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = XC if colour else CR
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = series.uid_of(study, name)
    ds.StudyInstanceUID, ds.SeriesInstanceUID = series.uid_of(study), series.uid_of(study, modality)
    ds.PatientName, ds.PatientID = series.PATIENT_NAME, series.PATIENT_ID
    ds.PatientBirthDate, ds.PatientSex = series.BIRTH_DATE, "O"
    ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber = "20200102", "030405", "1", ""
    ds.ReferringPhysicianName, ds.SeriesNumber, ds.InstanceNumber = "", 1, number
    ds.Modality, ds.BodyPartExamined, ds.ViewPosition = modality, "CHEST", "AP"
    ds.Rows, ds.Columns = samples.shape[:2]
    ds.SamplesPerPixel = 3 if colour else 1
    if colour:
        ds.PlanarConfiguration = 0
    ds.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit, ds.PixelRepresentation = bits - 1, 0
    for word, value in more.items():
        setattr(ds, word, value)
    ds.PixelData = np.ascontiguousarray(samples).tobytes() + b"\0" * (samples.nbytes % 2)
    ds.save_as(folder / f"{name}.dcm", enforce_file_format=True)
    return ds.StudyInstanceUID


def radiographs(count):
    file = harness.need(harness.DATA / "pneumoniamnist" / "train_val.npz", "PneumoniaMNIST of OSLER_TEST_DATA")
    arrays = np.load(file)
    labels = arrays["val_labels"].ravel()
    chosen = np.sort(np.concatenate([np.flatnonzero(labels == k)[:count // 2] for k in (0, 1)]))
    return arrays["val_images"][chosen], labels[chosen]


def check_result(check, work, study, want, name):
    """What findings.json says of each image, against PyTorch; and what the objects say of that."""
    found = harness.findings_of(work / "out", study)
    if not check(found is not None and found["status"] == "complete", f"{name}: complete"):
        return None
    said = np.array([e["probability"] for e in found["evaluations"]]).reshape(want.shape)
    off = np.abs(said - want).max()
    check(off <= TOLERANCE, f"{name}: {said.size} probabilities, at most {off:.1e} from PyTorch's")
    check(not harness.fits_schema(found, "findings.schema.json"), f"{name}: findings.json fits its schema")
    check(set(found["outputs"]) == {"sr.dcm", "report.html", "findings.json"}, f"{name}: {found['outputs']}")
    harness.judge_objects(work / "out" / study, work / "in", check, name)
    return found


def grey(check, work):
    """The same pixels as 8 and 12 bits, turned over, rescaled, padded and eight times as large."""
    pictures, labels = radiographs(16)
    want = expected("example", PACKAGE, pictures, work)
    check(np.ptp(want[:, 0]) > 0.5, f"probabilities from {want[:, 0].min():.4f} to {want[:, 0].max():.4f}")
    wide = pictures.astype(np.uint16)
    twelve = {"BitsStored": 12, "HighBit": 11}
    ways = {
        "eight": lambda i: (pictures[i], {}),
        "turned": lambda i: (255 - pictures[i], {"PhotometricInterpretation": "MONOCHROME1"}),
        "twelve": lambda i: (wide[i] * 16, twelve),
        "twelve-turned": lambda i: (4095 - wide[i] * 16, twelve | {"PhotometricInterpretation": "MONOCHROME1"}),
        "rescaled": lambda i: (wide[i] * 4 + 7, twelve | {"RescaleSlope": "0.5", "RescaleIntercept": "-100",
                                                        "RescaleType": "US"}),
        "large": lambda i: (np.kron(pictures[i], np.ones((8, 8), np.uint8)), {"ImagerPixelSpacing": [0.1, 0.1]}),
    }
    studies = {name: [write_image(work / "in" / name, f"{name}{i}", i + 1, way(i)[0], study=name, **way(i)[1])
                      for i in range(len(pictures))][0] for name, way in ways.items()}
    done = harness.run(work / "in", work / "out", "--model", PACKAGE)
    check(done.code == EXIT_OK, f"{len(ways)} studies of {len(pictures)} images: exit {done.code} {done.message}")
    for name, study in studies.items():
        found = check_result(check, work, study, want, name)
        if name != "eight" or found is None:
            continue
        first = found["evaluations"][::2]
        right = sum(e["present"] == bool(label) for e, label in zip(first, labels))
        check(all(e["present"] == (e["probability"] >= e["threshold"]) for e in first)
              and all(a["present"] != b["present"] for a, b in zip(first, found["evaluations"][1::2])),
              f"present is what reaches the threshold; {right} of {len(labels)} as labelled")
        page = (work / "out" / study / "report.html").read_text()
        check("90 % of them with pneumonia" in page and page.count("data:image/png") == len(pictures),
              "the page shows every image and says what the calibration was fitted on")
        check(not any(word in done.text for word in series.SECRETS), "nothing of the patient is printed")


def colour(check, work):
    """RGB, YBR_FULL and planes one after another are one picture to the network."""
    rng = np.random.default_rng(5)
    tint = rng.uniform(0.1, 1, (4, 1, 1, 3))  # red is not blue
    small = (rng.integers(0, 256, (4, 12, 16, 3)) * tint).astype(np.uint8)
    pictures = np.kron(small, np.ones((1, 4, 5, 1), np.uint8))
    ybr = np.stack([pydicom.pixels.convert_color_space(p, "RGB", "YBR_FULL") for p in pictures])
    back = np.stack([pydicom.pixels.convert_color_space(p, "YBR_FULL", "RGB") for p in ybr])
    want = expected("colour", work / "colours", pictures, work)
    want_back = expected("colour", work / "colours-again", back, work)
    turned = expected("colour", work / "colours-turned", pictures[..., ::-1], work)
    check(np.abs(turned - want).max() > 100 * TOLERANCE, "to this network blue is not red")
    studies = {}
    for i in range(len(pictures)):
        studies["RGB"] = write_image(work / "in" / "rgb", f"rgb{i}", i + 1, pictures[i], "XC", "rgb")
        studies["YBR_FULL"] = write_image(work / "in" / "ybr", f"ybr{i}", i + 1, ybr[i], "XC", "ybr",
                                          PhotometricInterpretation="YBR_FULL")
        studies["planes"] = write_image(work / "in" / "planes", f"planes{i}", i + 1, pictures[i], "XC", "planes",
                                        PlanarConfiguration=1)
    for file in (work / "in" / "planes").glob("*.dcm"):  # written again, plane after plane
        ds = pydicom.dcmread(file)
        ds.PixelData = np.ascontiguousarray(pictures[ds.InstanceNumber - 1].transpose(2, 0, 1)).tobytes()
        ds.save_as(file)
    done = harness.run(work / "in", work / "out", "--model", work / "colours")
    check(done.code == EXIT_OK, f"colour: exit {done.code} {done.message}")
    for name, study in studies.items():
        check_result(check, work, study, want_back if name == "YBR_FULL" else want, name)


def volume(check, work):
    """A volume of CT numbers, as it is stored."""
    rng = np.random.default_rng(6)
    voxels = rng.integers(-900, 900, (20, 14, 10))  # column, row, slice
    want = expected("volume", work / "volumes", voxels.transpose(2, 1, 0), work)
    study = series.write_head(series.Head(voxels, np.diag([2.0, 2, 3, 1])), work / "in", "volume")
    for file in (work / "in").glob("*.dcm"):
        ds = pydicom.dcmread(file)
        ds.Modality, ds.SOPClassUID = "CT", "1.2.840.10008.5.1.4.1.1.2"
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, 0, "HU"
        ds.save_as(file)
    done = harness.run(work / "in", work / "out", "--model", work / "volumes")
    check(done.code == EXIT_OK, f"volume: exit {done.code} {done.message}")
    found = check_result(check, work, study, want, "volume")
    if found:
        check(all(e["image"] is None and not e["calibrated"] for e in found["evaluations"])
              and sum(e["present"] for e in found["evaluations"]) == 1,
              "of the whole series, not calibrated, one class present")


def refused(check, work):
    """Images that the example is not made for are named with the reason, and give nothing."""
    picture = radiographs(2)[0][0]
    cases = {
        "modality": (picture, {"modality": "MG"}),
        "body_part": (picture, {"BodyPartExamined": "HAND"}),
        "colour_image": (np.stack([picture] * 3, axis=2), {}),
        "several_frames": (np.concatenate([picture, picture]), {"NumberOfFrames": 2, "Rows": 28}),
    }
    for code, (samples, more) in cases.items():
        study = write_image(work / code / "in", code, 1, samples, study=code, **more)
        done = harness.run(work / code / "in", work / code / "out", "--model", PACKAGE, "--json")
        check(done.code == EXIT_BAD_INPUT, f"{code}: exit {done.code}")
        reasons = [r["code"] for s in json.loads(done.out)["not_used"] for r in s["reasons"]]
        check(reasons == [code], f"{code}: {reasons}")
        found = harness.findings_of(work / code / "out", study)
        check(found["status"] == "refused" and not found["evaluations"] and found["refusals"],
              f"{code}: {found['refusals']}")
    write_image(work / "some" / "in", "good", 1, picture, study="some")
    study = write_image(work / "some" / "in", "film", 2, np.stack([picture] * 3, axis=2), study="some")
    done = harness.run(work / "some" / "in", work / "some" / "out", "--model", PACKAGE)
    found = harness.findings_of(work / "some" / "out", study)
    check(done.code == EXIT_OK and len(found["evaluations"]) == 2
          and [w["code"] for w in found["warnings"]] == ["colour_image"],
          f"one of two images fits: {found['warnings']}")


def main(case):
    check = Checks()
    with harness.working_folder() as work:
        {"grey": grey, "colour": colour, "volume": volume, "refused": refused}[case](check, work)
    check.finish()


main(*sys.argv[1:])
