#!/usr/bin/env python3
"""`osler inspect --json` against the geometry that SimpleITK and pydicom read."""
import json
import sys

import harness
from harness import EXIT_OK, Checks, np, pydicom

import SimpleITK as sitk

LENGTH_MM, COSINE, TILT_DEG = 1e-3, 1e-4, 0.05  # DICOM writes decimals of up to 16 characters
SERIES_KEYS = {"study_uid", "series_uid", "modality", "transfer_syntax", "files", "verdict", "reasons",
               "volumes"}


def by_simpleitk(folder, series_uid):
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), series_uid))
    image = reader.Execute()
    return image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection(), 0.0


def by_pydicom(images):
    """For sheared stacks, of which SimpleITK makes none: size, spacing, origin, direction, tilt."""
    row, column = np.reshape([float(v) for v in images[0].ImageOrientationPatient], (2, 3))
    normal = np.cross(row, column)
    places = sorted((np.array([float(v) for v in i.ImagePositionPatient]) for i in images),
                    key=lambda p: p @ normal)
    step = (places[-1] - places[0]) / (len(places) - 1)
    spacing = (float(images[0].PixelSpacing[1]), float(images[0].PixelSpacing[0]), np.linalg.norm(step))
    direction = np.column_stack([row, column, step / spacing[2]])
    tilt = np.degrees(np.arccos(np.clip(direction[:, 2] @ normal, -1, 1)))
    return (images[0].Columns, images[0].Rows, len(places)), spacing, places[0], direction.ravel(), tilt


def compare(check, name, volume, wanted):
    size, spacing, origin, direction, tilt = wanted
    check(list(volume["size"]) == list(size), f"{name}: size {volume['size']}, expected {list(size)}")
    for key, theirs, tolerance in (("spacing_mm", spacing, LENGTH_MM), ("origin_mm", origin, LENGTH_MM),
                                   ("direction", direction, COSINE)):
        off = np.abs(np.subtract(volume[key], theirs)).max()
        check(off <= tolerance, f"{name}: {key} off by at most {off:.2g}")
    check(abs(volume["tilt_deg"] - tilt) <= TILT_DEG,
          f"{name}: tilt {volume['tilt_deg']:.3f} degrees, expected {tilt:.3f}")


def one(check, name, folder, verdict, codes=()):
    images = []
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            images.append((file, pydicom.dcmread(file, stop_before_pixels=True)))
        except pydicom.errors.InvalidDicomError:
            pass
    done = harness.osler("inspect", folder, "--json")
    if not check(done.code == EXIT_OK, f"{name}: exit {done.code} {done.message if done.code else ''}"):
        return
    answer = json.loads(done.out)
    problem = harness.fits_schema(answer, "inspect.schema.json")
    check(not problem, f"{name}: schema: {problem or 'fits'}")
    check(len(answer["series"]) == 1, f"{name}: {len(answer['series'])} series")
    others = sum(p.is_file() for p in folder.rglob("*")) - len(images)
    check(len(answer["unreadable"]) == others, f"{name}: {len(answer['unreadable'])} files are no DICOM")
    found, first = answer["series"][0], images[0][1]
    check(SERIES_KEYS <= set(found), f"{name}: keys of docs/json.md")
    syntax = pydicom.uid.UID(first.file_meta.TransferSyntaxUID).name
    told = (found["study_uid"], found["series_uid"], found["modality"], found["files"])
    check(told == (first.StudyInstanceUID, first.SeriesInstanceUID, first.Modality, len(images)),
          f"{name}: {found['modality']}, {found['files']} files, {found['transfer_syntax']} ({syntax})")
    named = {r["code"] for r in found["reasons"]}
    check(found["verdict"] == verdict and set(codes) <= named, f"{name}: {found['verdict']} {sorted(named)}")
    sheared = "gantry_tilt" in codes
    wanted = by_pydicom([i for _, i in images]) if sheared else by_simpleitk(
        images[0][0].parent, first.SeriesInstanceUID)
    if sheared:
        print(f"      {name}: Gantry/Detector Tilt in the header: {first.GantryDetectorTilt} degrees")
    if check(len(found["volumes"]) == 1, f"{name}: {len(found['volumes'])} volume"):
        compare(check, name, found["volumes"][0], wanted)


def main(which):
    check = Checks()
    with harness.working_folder() as work:
        if which == "sample":
            one(check, "head-mr", harness.make_sample("head-mr", work / "mr"), "usable")
            one(check, "head-ct", harness.make_sample("head-ct", work / "ct"), "usable")
        else:
            one(check, "datalad", harness.unpacked("mr/datalad_T1w_adult"), "usable")
            one(check, "GE tilt", harness.unpacked("ct/GE_tilt_variable_spacing"), "usable_with",
                ("variable_spacing", "gantry_tilt"))
            one(check, "LIDC", harness.unpacked("ct/LIDC-IDRI-0001"), "usable")
    check.finish()


main(sys.argv[1])
