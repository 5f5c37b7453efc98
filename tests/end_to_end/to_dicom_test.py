#!/usr/bin/env python3
"""`osler convert --to dicom`, as dciodvfy, pydicom, SimpleITK, dcm2niix and our own `inspect` take it."""
import json
import subprocess
import sys

import harness
from harness import EXIT_OK, EXIT_USAGE, Checks, np, pydicom

import SimpleITK as sitk

try:
    import nibabel
except ImportError:
    harness.skip("needs the Python package nibabel (tools/setup --tests)")

sitk.ProcessObject.SetGlobalWarningDisplay(False)
LPS_OF_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
READ_MM = 1e-3   # what another reader may make of the same decimals
ROUND_MM = 1e-4  # of a round trip: NIfTI's single precision
KEEPS = "StudyInstanceUID PatientName PatientID PatientBirthDate PatientSex StudyDate StudyID AccessionNumber".split()


def images_in(folder):
    files = sorted(folder.rglob("*.dcm"))
    return files, [pydicom.dcmread(f) for f in files]


def faults(files):
    found = set()
    for file in {files[0], files[len(files) // 2], files[-1]}:
        for dialect in ((), ("-new",)):
            done = subprocess.run(["dciodvfy", *dialect, file], capture_output=True, text=True, errors="replace")
            found |= {x for x in (done.stdout + done.stderr).splitlines() if x.startswith("Error")}
    return sorted(found)


def affine_of(images):
    """4 x 4, voxel (column, row, slice) to LPS mm, straight from the attributes."""
    row, column = np.reshape([float(v) for v in images[0].ImageOrientationPatient], (2, 3))
    between_rows, between_columns = map(float, images[0].PixelSpacing)
    places = np.array([[float(v) for v in i.ImagePositionPatient] for i in images])
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = between_columns * row, between_rows * column
    affine[:3, 2] = (places[-1] - places[0]) / (len(places) - 1)
    affine[:3, 3] = places[0]
    even = np.abs(places - places[0] - np.arange(len(places))[:, None] * affine[:3, 2]).max()
    return affine, even


def real_values(images):
    return np.stack([i.pixel_array.T * float(i.get("RescaleSlope", 1)) + float(i.get("RescaleIntercept", 0))
                     for i in images], axis=2)


def turned_like(values, affine, like):
    """Values and affine with their axes in the order and sense of another affine's."""
    orientation = nibabel.orientations
    turn = orientation.ornt_transform(orientation.io_orientation(affine), orientation.io_orientation(like))
    turned = nibabel.Nifti1Image(values, affine).as_reoriented(turn)
    return np.asanyarray(turned.dataobj), turned.affine


def usable(check, name, folder, wanted=("usable",)):
    done = harness.osler("inspect", folder, "--json")
    verdicts = [s["verdict"] for s in json.loads(done.out)["series"]]
    check(verdicts and set(verdicts) <= set(wanted), f"{name}: inspect: {verdicts}")


def by_other_readers(check, name, folder, values, affine, work):
    """SimpleITK and dcm2niix, against values and an LPS affine."""
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    corners = [[(n - 1) * (c >> i & 1) for i, n in enumerate(image.GetSize())] for c in range(8)]
    off = max(np.abs(np.array(image.TransformIndexToPhysicalPoint(c)) - (affine @ [*c, 1])[:3]).max()
              for c in corners)
    read = sitk.GetArrayViewFromImage(image).T
    wrong = np.abs(read - values).max() if read.shape == values.shape else np.inf
    check(off <= READ_MM and wrong <= 1e-6 * max(1, np.abs(values).max()),
          f"{name}: SimpleITK: corners within {off:.2g} mm, values within {wrong:.2g}")
    tool = harness.need(harness.CACHE / "judges" / "bin" / "dcm2niix", "dcm2niix (tools/setup --tests)")
    (work / f"{name}-d2n").mkdir()
    subprocess.run([tool, "-z", "n", "-b", "n", "-f", "x", "-o", work / f"{name}-d2n", folder], check=True,
                   stdout=subprocess.DEVNULL)
    written = sorted((work / f"{name}-d2n").glob("*.nii"))
    if not check(len(written) == 1, f"{name}: dcm2niix makes one volume: {[f.name for f in written]}"):
        return
    image = nibabel.load(written[0])
    read, place = turned_like(np.asanyarray(image.dataobj), image.affine, LPS_OF_RAS @ affine)
    off = np.abs(place - LPS_OF_RAS @ affine).max()
    wrong = np.abs(read - values).max() if read.shape == values.shape else np.inf
    check(off <= READ_MM and wrong <= 1e-6 * max(1, np.abs(values).max()),
          f"{name}: dcm2niix: affine within {off:.2g} mm, values within {wrong:.2g}")


def from_file(check, name, file, modality, work, leans=False):
    out = work / name
    done = harness.osler("convert", file, "--to", "dicom", "--out", out, "--modality", modality, "--json",
                         "--patient-name", "Test^Case", "--patient-id", "T1")
    if not check(done.code == EXIT_OK, f"{name}: exit {done.code} {'' if done.code == EXIT_OK else done.message}"):
        return
    written = json.loads(done.out)["written"][0]
    problem = harness.fits_schema(json.loads(done.out), "convert.schema.json")
    check(not problem, f"{name}: schema: {problem or 'fits'}")
    error = written["largest_error"]
    files, images = images_in(out)
    check(not faults(files), f"{name}: dciodvfy, {len(files)} files: {faults(files) or 'no error'}")
    check(str(images[0].PatientName) == "Test^Case" and images[0].PatientID == "T1"
          and list(images[0].ImageType)[:2] == ["DERIVED", "SECONDARY"], f"{name}: {images[0].ImageType}")
    source = nibabel.load(file) if not str(file).endswith("mha") else None
    if source is None:
        image = sitk.ReadImage(str(file))
        wanted, wanted_affine = sitk.GetArrayViewFromImage(image).T, np.eye(4)
        for axis in range(3):
            wanted_affine[:3, axis] = (np.array(image.GetDirection()).reshape(3, 3)[:, axis]
                                       * image.GetSpacing()[axis])
        wanted_affine[:3, 3] = image.GetOrigin()
    else:
        wanted, wanted_affine = np.asanyarray(source.dataobj), LPS_OF_RAS @ source.affine
    if np.linalg.det(wanted_affine[:3, :3]) < 0:  # its slices stand in the other order
        wanted = wanted[:, :, ::-1]
        wanted_affine = wanted_affine.copy()
        wanted_affine[:3, 3] += (wanted.shape[2] - 1) * wanted_affine[:3, 2]
        wanted_affine[:3, 2] *= -1
    affine, even = affine_of(images)
    off = np.abs(affine - wanted_affine).max()
    check(off <= ROUND_MM and even <= ROUND_MM,
          f"{name}: pydicom: affine within {off:.2g} mm, positions even within {even:.2g} mm")
    values = real_values(images)
    wrong = np.abs(values - wanted).max()
    # pydicom multiplies in double precision, nibabel's scaling of integers too.
    check(wrong <= error + 1e-6 * max(1, np.abs(wanted).max()),
          f"{name}: values within {wrong:.3g}, told {error:.3g}")
    usable(check, name, out, ("usable_with",) if leans else ("usable",))
    if not leans:  # SimpleITK drops the lean, dcm2niix resamples it
        by_other_readers(check, name, files[0].parent, values, affine, work)
    done = harness.osler("convert", out, "--to", "nifti", "--out", work / f"{name}-back.nii")
    back = nibabel.load(work / f"{name}-back.nii")
    off = np.abs(LPS_OF_RAS @ back.affine - wanted_affine).max()
    wrong = np.abs(np.asanyarray(back.dataobj).astype(float) - wanted).max()
    check(done.code == EXIT_OK and off <= ROUND_MM and wrong <= error * (1 + 1e-4) + 1e-6 * np.abs(wanted).max(),
          f"{name}: back to NIfTI: affine within {off:.2g} mm, values within {wrong:.3g}")
    if error == 0 and np.issubdtype(wanted.dtype, np.integer):
        check(bool((np.asanyarray(back.dataobj) == wanted).all()), f"{name}: every integer comes back")
    before = {f: f.read_bytes() for f in files}
    again = harness.osler("convert", file, "--to", "dicom", "--out", out, "--modality", modality,
                          "--patient-name", "Test^Case", "--patient-id", "T1")
    check(again.code == EXIT_OK and before == {f: f.read_bytes() for f in sorted(out.rglob("*.dcm"))},
          f"{name}: once more: the same files")


def files(check, work):
    harness.need_tools("dciodvfy")
    crop = harness.need(harness.DATA / "models" / "t1_crop.nii.gz", "models/t1_crop.nii.gz")
    body = harness.need(harness.DATA / "totalseg" / "example_ct.nii.gz", "totalseg/example_ct.nii.gz")
    from_file(check, "crop", crop, "MR", work)
    from_file(check, "body", body, "CT", work)
    image = nibabel.load(body)
    values = np.asanyarray(image.dataobj)[20:80, 10:60, 30:70].astype(np.float32)
    turn = np.array([[0.8, -0.6, 0, 12.345678], [0.6, 0.8, 0, -50], [0, 0, 1, 33.3], [0, 0, 0, 1]])
    scale = np.diag([0.7, 0.9, 2.5, 1])
    oblique = turn @ scale
    nibabel.save(nibabel.Nifti1Image(np.sqrt(values + 1025), oblique), work / "float.nii.gz")
    from_file(check, "float", work / "float.nii.gz", "MR", work)
    flipped = oblique @ np.diag([-1, 1, 1, 1])
    nibabel.save(nibabel.Nifti1Image(values.astype(np.int16), flipped), work / "left.nii")
    from_file(check, "left", work / "left.nii", "CT", work)
    scaled = nibabel.Nifti1Image(values.astype(np.int16), oblique)
    scaled.header.set_slope_inter(0.1, -3.7)
    nibabel.save(scaled, work / "scaled.nii")
    from_file(check, "scaled", work / "scaled.nii", "MR", work)
    leaning = oblique.copy()
    leaning[:3, 2] += [0.4, -0.3, 0.2]
    nibabel.save(nibabel.Nifti1Image((values / 16).astype(np.uint8), leaning), work / "leaning.nii")
    from_file(check, "leaning", work / "leaning.nii", "MR", work, leans=True)
    meta = sitk.GetImageFromArray(values.astype(np.int32).T * 3)
    meta.SetDirection([0, 0, 1, 1, 0, 0, 0, 1, 0])
    meta.SetSpacing([0.5, 0.6, 2])
    meta.SetOrigin([-3, 4, 5.5])
    sitk.WriteImage(meta, str(work / "meta.mha"))
    from_file(check, "meta", work / "meta.mha", "MR", work)
    refusals(check, work, oblique, values)


def refusals(check, work, oblique, values):
    skew = oblique.copy()
    skew[:3, 1] += 0.02 * oblique[:3, 0]
    nibabel.save(nibabel.Nifti1Image(values.astype(np.int16), skew), work / "skew.nii")
    done = harness.osler("convert", work / "skew.nii", "--to", "dicom", "--out", work / "no", "--modality", "MR")
    check(done.code == 3 and "right angles" in done.out and not list((work / "no").rglob("*.dcm")),
          f"skew: exit {done.code} {done.out.splitlines()[-1]}")
    for options, word in (((), "--modality"), (("--modality", "CT", "--patient-id", "a\\b"), "--patient-id")):
        done = harness.osler("convert", work / "left.nii", "--to", "dicom", "--out", work / "no", *options)
        check(done.code == EXIT_USAGE and word in done.err, f"{options}: exit {done.code} {done.message}")
    done = harness.osler("convert", work / "crop", "--to", "dicom", "--out", work / "no", "--patient-id", "X")
    check(done.code == EXIT_USAGE, f"a patient for a DICOM series: exit {done.code} {done.message}")
    # From file to file keeps the order in which the voxels stand.
    done = harness.osler("convert", work / "left.nii", "--to", "mha", "--out", work / "left.mha")
    again = harness.osler("convert", work / "left.mha", "--to", "nifti", "--out", work / "again.nii")
    a, b = nibabel.load(work / "left.nii"), nibabel.load(work / "again.nii")
    check(done.code == again.code == EXIT_OK and np.abs(a.affine - b.affine).max() <= ROUND_MM
          and bool((np.asanyarray(a.dataobj) == np.asanyarray(b.dataobj)).all()),
          "left: to MetaImage and back: the same voxels in the same order")
    done = harness.osler("convert", work / "left.nii", "--to", "nifti", "--out", work / "left.nii")
    check(done.code == 3 and "is the input itself" in done.out, f"onto itself: exit {done.code}")


def from_series(check, name, source, work, count=None, uneven=False):
    """A series written anew: values, place, patient and windows are the source's."""
    out = work / name
    done = harness.osler("convert", source, "--to", "dicom", "--out", out, "--json")
    if not check(done.code == EXIT_OK, f"{name}: exit {done.code} {'' if done.code == EXIT_OK else done.message}"):
        return
    written = json.loads(done.out)["written"]
    files, images = images_in(out)
    check(len(written) == 1 and written[0]["files"] == len(files) == (count or len(files))
          and written[0]["largest_error"] == 0, f"{name}: {len(files)} files")
    sources = {}
    for file in [source] if source.is_file() else [p for p in source.rglob("*") if p.is_file()]:
        try:
            dataset = pydicom.dcmread(file)
        except pydicom.errors.InvalidDicomError:
            continue
        sources[dataset.SOPInstanceUID] = dataset
    # The patient is copied as it stands: what is wrong there in the source is so in the copy.
    first = sources[images[0].SourceImageSequence[0].ReferencedSOPInstanceUID]
    inherited = {x for x in faults([first.filename]) if "Module=<Patient>" in x}
    new = sorted(set(faults(files)) - inherited)
    check(not new, f"{name}: dciodvfy: {new or 'no error'}; {len(inherited)} lines of the source's own patient")
    differ, moved, wrong = set(), 0.0, 0
    pixels = {}
    for image in images:
        reference = image.SourceImageSequence[0]
        origin = sources[reference.ReferencedSOPInstanceUID]
        differ |= {k for k in KEEPS if (image.get(k) or "") != (origin.get(k) or "")}
        if origin.SOPInstanceUID not in pixels:
            pixels[origin.SOPInstanceUID] = origin.pixel_array
        values, place = pixels[origin.SOPInstanceUID], origin.get("ImagePositionPatient")
        window = origin.get("WindowCenter")
        if "PerFrameFunctionalGroupsSequence" in origin:
            frame = int(reference.ReferencedFrameNumber) - 1
            groups = origin.PerFrameFunctionalGroupsSequence[frame]
            values, place = values[frame], groups.PlanePositionSequence[0].ImagePositionPatient
            window = groups.FrameVOILUTSequence[0].WindowCenter if "FrameVOILUTSequence" in groups else window
        wrong += int((values.astype(int) != image.pixel_array).sum())
        moved = max(moved, np.abs(np.array(place, float) - np.array(image.ImagePositionPatient, float)).max())
        if window is not None and image.get("WindowCenter") != window:
            differ.add("WindowCenter")
        if image.SOPInstanceUID in sources or image.ImageType[0] != "DERIVED":
            differ.add("SOPInstanceUID")
    check(not differ, f"{name}: patient, study, windows are the source's; {differ or 'no difference'}")
    check(wrong == 0, f"{name}: {wrong} stored values differ from pydicom's of the source")
    check(moved <= 0.01, f"{name}: positions within {moved:.2g} mm of the source's")
    check(images[0].file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1", f"{name}: explicit VR little endian")
    usable(check, name, out, ("usable_with",) if uneven else ("usable",))
    if uneven:  # other readers make one distance of them
        return
    affine, _ = affine_of(images)
    by_other_readers(check, name, files[0].parent, real_values(images), affine, work)


def series(check, work):
    harness.need_tools("dciodvfy")
    from_series(check, "head", harness.unpacked("mr/datalad_T1w_adult"), work, 384)
    from_series(check, "chest", harness.unpacked("ct/LIDC-IDRI-0001"), work, 133)
    from_series(check, "uneven", harness.unpacked("ct/GE_tilt_variable_spacing"), work, 28, uneven=True)
    packed = work / "compressed"
    packed.mkdir()
    for file in sorted(p for p in harness.make_sample("head-mr", work / "mr").rglob("*") if p.is_file()):
        image = pydicom.dcmread(file)
        image.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
        image.save_as(packed / file.name)
    from_series(check, "packed", packed, work)
    enhanced = harness.need(harness.DATA / "enhanced", "enhanced/ of OSLER_TEST_DATA")
    from_series(check, "enhanced-mr", enhanced / "SiemensVida_XA10_enhMR.dcm", work)
    from_series(check, "enhanced-ct", enhanced / "eCT_Supplemental.dcm", work, 2)


def main(which):
    check = Checks()
    with harness.working_folder() as work:
        {"files": files, "series": series}[which](check, work)
    check.finish()


main(sys.argv[1])
