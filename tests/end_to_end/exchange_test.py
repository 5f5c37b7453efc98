#!/usr/bin/env python3
"""`osler run` on NIfTI and MetaImage files: the labels of the DICOM run, and what is refused."""
import json
import subprocess
import sys

import harness
from harness import EXIT_BAD_INPUT, EXIT_OK, EXIT_PARTIAL, Checks, hd, np

import SimpleITK as sitk

sitk.ProcessObject.SetGlobalWarningDisplay(False)

try:
    import nibabel
except ImportError:
    harness.skip("needs the Python package nibabel (tools/setup --tests)")

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
ON_A_VOXEL = 0.01  # of a voxel: what single precision and decimal strings leave
FILE_RESULTS = {"labels.nii.gz", "report.html", "findings.json"}


def labels_of_segmentation(file):
    """{segment number: LPS mm of its voxels}, as highdicom reads it."""
    seg = hd.seg.segread(str(file))
    points = {}
    for item in seg.SegmentSequence:
        volume = seg.get_volume(segment_numbers=[item.SegmentNumber], combine_segments=False)
        index = np.argwhere(np.asarray(volume.array)[..., 0] > 0)
        points[item.SegmentNumber] = index @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    return points


def same_labels(check, name, file, points):
    """The label file, as nibabel reads it, has each segment's voxels at the same places, and no others."""
    image = nibabel.load(file)
    values = np.asarray(image.dataobj)
    to_index = np.linalg.inv(RAS_TO_LPS @ image.affine)
    wanted = np.zeros(values.shape, values.dtype)
    worst = 0.0
    for number, places in points.items():
        index = places @ to_index[:3, :3].T + to_index[:3, 3]
        worst = max(worst, np.abs(index - np.rint(index)).max())
        wanted[tuple(np.rint(index).astype(int).T)] = number
    check(worst < ON_A_VOXEL, f"{name}: the segmentation's voxels lie on the label file's within {worst:.2g}")
    different = int((wanted != values).sum())
    check(different == 0 and (values > 0).any(),
          f"{name}: {different} of {int((values > 0).sum())} labelled voxels differ from the segmentation")
    check(set(np.unique(values)) == {0, *points}, f"{name}: values {np.unique(values)}")


def like_its_image(check, name, labels, image):
    labels, image = nibabel.load(labels), nibabel.load(image)
    off = np.abs(labels.affine - image.affine).max()
    check(labels.shape == image.shape and off <= 1e-4,
          f"{name}: labels have the shape and, within {off:.2g} mm, the affine of the file")


def same(check, work):
    """One head as DICOM, as our NIfTI, as dcm2niix's and as MetaImage, in one call."""
    folder = harness.unpacked("mr/datalad_T1w_adult")
    (work / "files").mkdir()
    tool = harness.need(harness.CACHE / "judges" / "bin" / "dcm2niix", "dcm2niix (tools/setup --tests)")
    subprocess.run([tool, "-z", "y", "-b", "n", "-f", "theirs", "-o", work / "files", folder], check=True,
                   stdout=subprocess.DEVNULL)
    for name in ("ours.nii", "meta.mha"):
        done = harness.osler("convert", folder, "--to", "mha" if name.endswith("a") else "nifti",
                             "--out", work / "files" / name)
        check(done.code == EXIT_OK, f"{name}: exit {done.code} {done.message}")
    done = harness.run([folder, work / "files"], work / "out", "--modality", "MR", "--nifti", "--json")
    if not check(done.code == EXIT_OK, f"a study and a folder of files: exit {done.code} {done.message}"):
        return
    check(not harness.faults_of_output(work / "out"), f"output: {harness.faults_of_output(work / 'out')}")
    studies = json.loads(done.out)["studies"]
    sources = [s["source"]["file"] for s in studies if s["source"]["kind"] == "file"]
    check(len(studies) == 4 and sources == [str(work / "files" / n) for n in
                                            ("meta.mha", "ours.nii", "theirs.nii.gz")],
          f"--json names its sources: {[s['source'] for s in studies]}")
    found = harness.results(work / "out")
    study = next(s["study_uid"] for s in studies if s["study_uid"])
    points = labels_of_segmentation(work / "out" / study / "seg.dcm")
    same_labels(check, "DICOM", work / "out" / study / "labels.nii.gz", points)
    for name, file in {"meta": None, "ours": "ours.nii", "theirs": "theirs.nii.gz"}.items():
        out = work / "out" / name
        problem = harness.fits_schema(found[name], "findings.schema.json")
        check(not problem, f"{name}: schema: {problem or 'fits'}")
        check({p.name for p in out.iterdir()} == FILE_RESULTS, f"{name}: {sorted(p.name for p in out.iterdir())}")
        same_labels(check, name, out / "labels.nii.gz", points)
        if file:
            like_its_image(check, name, out / "labels.nii.gz", work / "files" / file)
        voxels = [[f["voxels"] for f in found[n]["findings"]] for n in (name, study)]
        check(len(voxels[0]) == 6 and voxels[0] == voxels[1], f"{name}: voxels of the DICOM run: {voxels[0]}")
        # dcm2niix's affine makes a voxel 6e-6 larger than the header does: volumes are the file's own.
        voxel_mm3 = abs(np.linalg.det(nibabel.load(out / "labels.nii.gz").affine[:3, :3]))
        off = max(abs(f["volume_mm3"] / (f["voxels"] * voxel_mm3) - 1) for f in found[name]["findings"])
        check(off < 1e-6, f"{name}: volumes are voxels times the file's voxel within {off:.1g}")
        html = (out / "report.html").read_text(encoding="utf-8")
        check(found[name]["inputs"][0]["source"]["file"] in html and "AI, unverified" in html
              and ">Patient<" not in html, f"{name}: the page names the file, not a patient")
        codes = [w["code"] for w in found[name]["warnings"]]
        check({"no_dicom_source", "sides_unconfirmed", "modality_stated"} <= set(codes), f"{name}: {codes}")
    check(found["ours"]["inputs"][0]["pixel_digest"] == found[study]["inputs"][0]["pixel_digest"],
          "the pixels' SHA-256 is that of the DICOM run")
    again(check, work, folder, study)


def again(check, work, folder, study):
    """What an earlier run left: labels that are not asked for now, further results; others' files stay."""
    further = work / "out" / study / "2"
    further.mkdir()
    for name in ("findings.json", "seg.dcm", "notes.txt"):
        (further / name).write_text("{}")
    done = harness.run([folder], work / "out")
    check(done.code == EXIT_OK and not (work / "out" / study / "labels.nii.gz").exists(),
          f"again, without --nifti: exit {done.code}, no labels.nii.gz")
    check([p.name for p in further.iterdir()] == ["notes.txt"],
          f"further results are gone, what is not ours stays: {[p.name for p in further.iterdir()]}")
    done = harness.run([work / "out" / "ours"], work / "own", "--modality", "MR")
    check(done.code == EXIT_BAD_INPUT and not (work / "own").exists(),
          f"our own labels are no input: {done.message}")


def refused(check, work):
    crop = harness.need(harness.DATA / "models" / "t1_crop.nii.gz", "models/t1_crop.nii.gz")
    files = work / "files"
    files.mkdir()
    image = nibabel.load(crop)
    values = np.asarray(image.dataobj)
    small = nibabel.Nifti1Image(values[:150:3, :150:3, :150:3], image.affine)
    nibabel.save(nibabel.Nifti1Image(np.stack([values[::8, ::8, ::8]] * 2, -1), image.affine), files / "four.nii.gz")
    nibabel.save(nibabel.Nifti1Image(values[:, :, :2], image.affine), files / "two.nii.gz")
    colour = np.zeros((8, 8, 8), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    nibabel.save(nibabel.Nifti1Image(colour, np.eye(4)), files / "colour.nii")
    nibabel.save(small, files / "cut.nii")
    (files / "cut.nii").write_bytes((files / "cut.nii").read_bytes()[:-1000])
    wanted = {"four": "not_a_volume", "two": "field_of_view", "colour": "not_a_volume", "cut": "field_of_view"}
    done = harness.run([files], work / "none", "--modality", "MR", "--json")
    answer = json.loads(done.out)
    codes = {n["source"]["file"].split("/")[-1].split(".")[0]: [r["code"] for r in n["reasons"]]
             for n in answer["not_used"]}
    check(done.code == EXIT_BAD_INPUT and all(codes[k] == [v] for k, v in wanted.items()),
          f"exit {done.code}: {codes}")
    check(not harness.faults_of_output(work / "none"), f"output: {harness.faults_of_output(work / 'none')}")
    for options, code in (((), "modality_unknown"), (("--modality", "CT"), "modality")):
        done = harness.run([crop], work / "stated", *options, "--json")
        notes = [r for n in json.loads(done.out)["not_used"] for r in n["reasons"]]
        check(done.code == EXIT_BAD_INPUT and [r["code"] for r in notes] == [code],
              f"{options}: exit {done.code}, {[r['detail'] for r in notes]}")
        check("--modality MR" in notes[0]["detail"] or code == "modality", f"{options}: the remedy is named")
    meta = sitk.ReadImage(str(crop))
    sitk.WriteImage(meta, str(work / "t1_crop.mhd"))
    done = harness.run([files, crop, work / "t1_crop.mhd"], work / "mixed", "--modality", "MR")
    found = harness.results(work / "mixed")
    check(done.code == EXIT_PARTIAL and found["t1_crop"]["status"] == "complete"
          and found["t1_crop-2"]["status"] == "complete", f"with two that fit: exit {done.code}, {sorted(found)}")
    volumes = [[f["voxels"] for f in found[n]["findings"]] for n in ("t1_crop", "t1_crop-2")]
    check(volumes[0] == volumes[1], f"NIfTI and MetaImage (.mhd) of SimpleITK: {volumes[0]} voxels")
    like_its_image(check, "t1_crop", work / "mixed" / "t1_crop" / "labels.nii.gz", crop)
    by_gates(check, work)


def by_gates(check, work):
    """A head CT that says it were an MR: no rule can tell, the gates do."""
    ct = harness.make_sample("head-ct", work / "ct")
    done = harness.osler("convert", ct, "--to", "nifti", "--out", work / "ct.nii.gz")
    check(done.code == EXIT_OK, f"head CT: exit {done.code} {done.message}")
    done = harness.run([work / "ct.nii.gz"], work / "gates", "--modality", "MR")
    found = harness.results(work / "gates")["ct"]
    check(done.code == EXIT_PARTIAL and found["status"] == "partial" and not found["findings"],
          f"head CT stated as MR: exit {done.code}, {found['refusals']}")
    check(set(found["outputs"]) == FILE_RESULTS - {"labels.nii.gz"}, f"no labels: {found['outputs']}")


def main(which):
    check = Checks()
    with harness.working_folder() as work:
        {"same": same, "refused": refused}[which](check, work)
    check.finish()


main(sys.argv[1])
