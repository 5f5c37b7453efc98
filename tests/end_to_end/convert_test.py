#!/usr/bin/env python3
"""`osler convert` against dcm2niix (place and value of every voxel) and as nibabel and SimpleITK read it."""
import json
import subprocess
import sys

import harness
from harness import EXIT_BAD_INPUT, EXIT_OK, EXIT_PARTIAL, EXIT_USAGE, Checks, np, pydicom

import SimpleITK as sitk

try:
    import nibabel
except ImportError:
    harness.skip("needs the Python package nibabel (tools/setup --tests)")

AFFINE_MM = 1e-4  # DICOM's decimals against NIfTI's single precision


def by_dcm2niix(folder, work):
    tool = harness.need(harness.CACHE / "judges" / "bin" / "dcm2niix", "dcm2niix (tools/setup --tests)")
    work.mkdir()
    subprocess.run([tool, "-z", "n", "-b", "n", "-f", "x%j", "-o", work, folder], check=True,
                   stdout=subprocess.DEVNULL)
    files = sorted(work.glob("*.nii"))
    return nibabel.load(max(files, key=lambda f: f.stat().st_size)) if files else None


def turned_like(image, affine):
    """Values and affine of an image, its axes put in the order and sense of those of `affine`."""
    orientation = nibabel.orientations
    turn = orientation.ornt_transform(orientation.io_orientation(image.affine),
                                      orientation.io_orientation(affine))
    turned = image.as_reoriented(turn)
    return np.asanyarray(turned.dataobj), turned.affine


def positions(image):
    """Image Position (Patient) of every frame."""
    if "PerFrameFunctionalGroupsSequence" in image:
        return [g.PlanePositionSequence[0].ImagePositionPatient
                for g in image.PerFrameFunctionalGroupsSequence]
    return [image.ImagePositionPatient] if "ImagePositionPatient" in image else []


def off_positions(folder, affine):
    """Slices, and how far an Image Position (Patient) is from its slice's first voxel, at most, mm."""
    worst, slices = 0.0, 0
    for file in (p for p in folder.rglob("*") if p.is_file()):
        try:
            image = pydicom.dcmread(file, stop_before_pixels=True)
        except pydicom.errors.InvalidDicomError:
            continue
        for place in positions(image):
            place = np.array([float(v) for v in place]) * [-1, -1, 1]
            index = np.round(np.linalg.solve(affine, [*place, 1])[2])
            worst = max(worst, np.abs((affine @ [0, 0, index, 1])[:3] - place).max())
            slices += 1
    return slices, worst


def against_dcm2niix(check, name, folder, work):
    done = harness.osler("convert", folder, "--to", "nifti", "--out", work / f"{name}.nii.gz")
    if not check(done.code in (EXIT_OK, EXIT_PARTIAL), f"{name}: exit {done.code} {done.message}"):
        return
    ours, theirs = nibabel.load(work / f"{name}.nii.gz"), by_dcm2niix(folder, work / f"{name}-theirs")
    if not check(theirs is not None, f"{name}: dcm2niix wrote a volume"):
        return
    values, affine = turned_like(theirs, ours.affine)
    off = np.abs(affine - ours.affine)
    slices, own_error = off_positions(folder, ours.affine)
    check(slices > 0 and own_error <= AFFINE_MM, f"{name}: {slices} positions met within {own_error:.2g} mm")
    # dcm2niix may itself leave the Image Positions (by 1e-3 mm at the far end of the sample): the two
    # may be as far apart as it is from what the files say, and no further.
    their_error = off_positions(folder, affine)[1]
    check(off[:, :3].max() <= AFFINE_MM and off[:, 3].max() <= AFFINE_MM + their_error,
          f"{name}: affine off by at most {off[:, :3].max():.2g}, origin by {off[:, 3].max():.2g} mm; "
          f"dcm2niix leaves the positions by {their_error:.2g} mm")
    own = np.asanyarray(ours.dataobj)
    if check(own.shape == values.shape, f"{name}: {own.shape} voxels, dcm2niix {values.shape}"):
        # Where slices have slopes of their own both write floats, each rounded once or twice.
        rounding = 3e-7 * np.abs(values) if own.dtype == np.float32 else 0
        wrong = int((np.abs(own.astype(float) - values) > rounding).sum())
        check(wrong == 0, f"{name}: {wrong} of {own.size} values differ ({own.min():g} to {own.max():g})")
    on_disk = [f"{x.header.get_data_dtype()} x {x.dataobj.slope:g} + {x.dataobj.inter:g}" for x in (ours, theirs)]
    print(f"      {name}: stored as {on_disk[0]}, by dcm2niix as {on_disk[1]}")
    check(np.abs(ours.get_qform() - ours.affine).max() <= 1e-3, f"{name}: the qform agrees with the sform")
    as_meta_image(check, name, folder, work, own, ours.affine)


def as_meta_image(check, name, folder, work, values, affine):
    file = work / f"{name}.mha"
    done = harness.osler("convert", folder, "--to", "mha", "--out", file)
    check(done.code in (EXIT_OK, EXIT_PARTIAL), f"{name}: mha: exit {done.code} {done.message}")
    image = sitk.ReadImage(str(file))
    corners = [[(n - 1) * (c >> i & 1) for i, n in enumerate(image.GetSize())] for c in range(8)]
    off = max(np.abs(np.array(image.TransformIndexToPhysicalPoint(c)) * [-1, -1, 1]
                     - (affine @ [*c, 1])[:3]).max() for c in corners)
    check(off <= 1e-3, f"{name}: SimpleITK places the corners of the mha within {off:.2g} mm")
    theirs = sitk.GetArrayViewFromImage(image).T
    check(theirs.shape == values.shape and bool((theirs == values).all()),
          f"{name}: the mha holds the same values ({image.GetPixelIDTypeAsString()})")


def tilted(check, sample, work):
    """A leaning stack keeps its shear: nibabel's affine is the positions' own."""
    (work / "tilted").mkdir()
    images = []
    for file in sorted(p for p in sample.rglob("*") if p.is_file()):
        image = pydicom.dcmread(file)
        row, column = np.reshape([float(v) for v in image.ImageOrientationPatient], (2, 3))
        place = np.array([float(v) for v in image.ImagePositionPatient])
        leaning = place + .25 * (place @ np.cross(row, column)) * column
        image.ImagePositionPatient = [f"{v:.8g}" for v in leaning]
        image.save_as(work / "tilted" / file.name)
        images.append(image)
    done = harness.osler("convert", work / "tilted", "--to", "nifti", "--out", work / "tilted.nii")
    if not check(done.code == EXIT_OK, f"tilted: exit {done.code} {done.message}"):
        return
    found = nibabel.load(work / "tilted.nii")
    check(found.header["qform_code"] == 0, "tilted: no qform")
    worst, wrong = 0.0, 0
    for image in images:
        place = np.array([float(v) for v in image.ImagePositionPatient]) * [-1, -1, 1]
        index = np.linalg.solve(found.affine, [*place, 1])[:3]
        worst = max(worst, np.abs(found.affine @ [*np.round(index), 1] - [*place, 1]).max())
        pixels = image.pixel_array.T * float(image.get("RescaleSlope", 1)) + float(image.get("RescaleIntercept", 0))
        wrong += int((np.asanyarray(found.dataobj)[:, :, round(index[2])] != pixels).sum())
    check(worst <= 1e-3, f"tilted: slices placed within {worst:.2g} mm")
    check(wrong == 0, f"tilted: {wrong} values differ from pydicom's")
    as_meta_image(check, "tilted", work / "tilted", work, np.asanyarray(found.dataobj), found.affine)


def uneven(check, folder, work):
    """Uneven slices are written evenly: between two of pydicom's slices, as numpy interpolates."""
    done = harness.osler("convert", folder, "--to", "nifti", "--out", work / "uneven.nii")
    if not check(done.code == EXIT_OK, f"uneven: exit {done.code} {done.message}"):
        return
    image = nibabel.load(work / "uneven.nii")
    slices = [pydicom.dcmread(f) for f in folder.rglob("*") if f.is_file()]
    slices.sort(key=lambda s: float(s.ImagePositionPatient[2]))
    places = np.array([[float(v) for v in s.ImagePositionPatient] for s in slices]) * [-1, -1, 1]
    ends = [nibabel.affines.apply_affine(image.affine, [0, 0, k]) for k in (0, image.shape[2] - 1)]
    off = max(np.abs(ends[0] - places[0]).max(), np.abs(ends[1] - places[-1]).max())
    check(off <= 1e-3, f"uneven: the outermost slices stay where they were, within {off:.2g} mm")
    stack = np.stack([s.pixel_array for s in slices]).astype(float)
    padding = stack == int(slices[0].PixelPaddingValue)
    worst, compared = 0.0, 0
    for k in range(image.shape[2]):
        z = nibabel.affines.apply_affine(image.affine, [0, 0, k])[2]
        high = int(np.clip(np.searchsorted(places[:, 2], z), 1, len(places) - 1))
        weight = (z - places[high - 1, 2]) / (places[high, 2] - places[high - 1, 2])
        expected = stack[high - 1] * (1 - weight) + stack[high] * weight
        inside = ~(padding[high - 1] | padding[high])
        found = np.asarray(image.dataobj[:, :, k]).T
        worst = max(worst, np.abs(found - expected)[inside].max())
        compared += int(inside.sum())
    # The steepest edge there is 4000 units a slice; single precision places z to 1e-5 mm.
    check(compared > 20e6 and worst <= 0.05, f"uneven: {compared} values within {worst:.2g} of numpy's")


def several(check, mr, ct, work):
    """Folders, choices and refusals."""
    both = [mr, ct]
    done = harness.osler("convert", *both, "--to", "nifti", "--out", work / "both", "--json")
    check(done.code == EXIT_OK, f"two series: exit {done.code} {done.message if done.code else ''}")
    answer = json.loads(done.out)
    problem = harness.fits_schema(answer, "convert.schema.json")
    check(not problem, f"two series: schema: {problem or 'fits'}")
    named = {w["file"] for w in answer["written"]}
    check(named == {str(p) for p in (work / "both").iterdir()} and len(named) == 2,
          f"two series: {len(named)} files, all named, nothing else there")
    done = harness.osler("convert", *both, "--to", "nifti", "--out", work / "one.nii")
    check(done.code == EXIT_USAGE and not (work / "one.nii").exists(), f"two series, one file: {done.message}")
    uid = answer["written"][0]["series_uid"]
    done = harness.osler("convert", *both, "--to", "mha", "--out", work / "one.mha", "--series", uid)
    check(done.code == EXIT_OK and (work / "one.mha").exists(), f"--series: exit {done.code}")
    done = harness.osler("convert", mr, "--to", "nifti", "--out", work / "wrong.mha")
    check(done.code == EXIT_USAGE, f"another format's name: {done.message}")
    (work / "single").mkdir()
    first = sorted(p for p in mr.rglob("*") if p.is_file())[0]
    (work / "single" / "a.dcm").write_bytes(first.read_bytes())
    done = harness.osler("convert", work / "single", "--to", "nifti", "--out", work / "no.nii", "--json")
    codes = [r["code"] for n in json.loads(done.out)["not_written"] for r in n["reasons"]]
    check(done.code == EXIT_BAD_INPUT and "single_slice" in codes and not (work / "no.nii").exists(),
          f"a single slice: exit {done.code}, {codes}")
    done = harness.osler("convert", ct, work / "single", "--to", "nifti", "--out", work / "ct.nii")
    check(done.code == EXIT_PARTIAL and (work / "ct.nii").exists(), f"one usable, one refused: exit {done.code}")


def enhanced(name, work):
    """A folder that holds one multi-frame object of the test data."""
    file = harness.need(harness.DATA / "enhanced" / name, f"enhanced/{name}")
    folder = work / f"in {name}"
    folder.mkdir()
    (folder / name).write_bytes(file.read_bytes())
    return folder


def main(which):
    check = Checks()
    with harness.working_folder() as work:
        if which == "sample":
            mr = harness.make_sample("head-mr", work / "mr")
            against_dcm2niix(check, "head-mr", mr, work)
            tilted(check, mr, work)
            ct = harness.make_sample("head-ct", work / "ct")
            several(check, mr, ct, work)
        else:
            against_dcm2niix(check, "datalad", harness.unpacked("mr/datalad_T1w_adult"), work)
            against_dcm2niix(check, "LIDC", harness.unpacked("ct/LIDC-IDRI-0001"), work)
            for series in ("CT", "PET", "MR_T1"):
                folder = harness.need(harness.DATA / "sts" / "STS_003" / series / "image", f"sts {series}")
                against_dcm2niix(check, f"sts-{series}", folder, work)
            for name in ("SiemensVida_XA10_enhMR.dcm", "eCT_Supplemental.dcm"):
                against_dcm2niix(check, name.removesuffix(".dcm"), enhanced(name, work), work)
            uneven(check, harness.unpacked("ct/GE_tilt_variable_spacing"), work)
    check.finish()


main(sys.argv[1])
