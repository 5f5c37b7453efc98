#!/usr/bin/env python3
"""Parametric maps, key objects, presentation states and the report that leads to them, of awkward series.

usage: check_result_objects.py OBJECTS_TEST

OBJECTS_TEST (tests/objects_for_judges_test.cpp) writes the objects and, beside them, what they were made
of. Readers: dciodvfy, dcmpschk, dcmp2pgm, PixelMed, pydicom, highdicom, dcmqi; Pillow fills the
outlines. Exit 77: skipped.
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "end_to_end"))
import harness  # noqa: E402  (finds the judges' Python, and goes on in it)
from harness import Checks, hd, np, pydicom  # noqa: E402

import SimpleITK  # noqa: E402
from PIL import Image, ImageChops, ImageDraw  # noqa: E402

NAMES = ("straight", "odd", "oblique", "tilted", "uneven", "enhanced", "hostile")
NO_VOLUME = ("tilted", "uneven")  # which highdicom and ITK have no grid for
WITH_PIXELMED = ("straight", "enhanced", "hostile")  # a few seconds each
AFFINE_TOLERANCE = 1e-6  # mm; Decimal Strings hold 16 characters
# Outlines keep 0.35 pixels away from centres: in eighths nothing that Pillow does to a border matters.
FINER = 8


def run(*command):
    environment = dict(os.environ, JAVA_TOOL_OPTIONS=" ".join(
        f"-Djdk.xml.xpath{limit}Limit=0" for limit in ("TotalOp", "ExprOp", "ExprGrp")))
    done = subprocess.run([str(word) for word in command], capture_output=True, env=environment,
                          timeout=300)
    return done.returncode, (done.stdout + done.stderr).decode("latin-1")


class Case:
    def __init__(self, folder):
        self.folder = folder
        truth = json.loads((folder / "truth.json").read_text())
        self.columns, self.rows, self.slices = truth["size"]
        shape = (self.slices, self.rows, self.columns)
        self.labels = np.fromfile(folder / "labels.u8", np.uint8).reshape(shape)
        self.numbers = np.fromfile(folder / "map.f32", "<f4").reshape(shape)
        self.corners = np.array(truth["corners_mm"])
        self.column_step, self.row_step = map(np.array, (truth["column_step_mm"], truth["row_step_mm"]))
        self.sources = [(s["uid"], s["frame"]) for s in truth["slices"]]
        self.findings = truth["findings"]
        self.multi_frame = len({uid for uid, _ in self.sources}) < self.slices

    def slice_of(self, reference):
        """Slices that a reference names."""
        frames = reference.get("ReferencedFrameNumber")
        frames = [1] if frames is None else np.atleast_1d(frames)
        if self.multi_frame and "ReferencedFrameNumber" not in reference:
            return []
        return [self.sources.index((reference.ReferencedSOPInstanceUID, int(f))) for f in frames]

    def affine(self):
        """(slice, row, column) to LPS."""
        step = (self.corners[-1] - self.corners[0]) / (self.slices - 1)
        return np.c_[step, self.row_step, self.column_step, self.corners[0]]


def errors_of_dciodvfy(file):
    return [line for line in run("dciodvfy", "-new", file)[1].splitlines() if line.startswith("Error")]


def check_map(case, name, check, work):
    file = case.folder / "pm.dcm"
    data = pydicom.dcmread(file)
    check(data.FloatPixelData == case.numbers.tobytes(), f"{name}: pydicom: {case.numbers.size} numbers, "
          "the same bits")
    placed = off = 0
    for k, frame in enumerate(data.PerFrameFunctionalGroupsSequence):
        reference = frame.DerivationImageSequence[0].SourceImageSequence[0]
        placed += case.slice_of(reference) == [k]
        at = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, float)
        off = max(off, np.abs(at - case.corners[k]).max())
    check(placed == case.slices and off <= AFFINE_TOLERANCE,
          f"{name}: {placed} frames of {case.slices} name their source, at most {off:.1e} mm off")
    read = hd.pm.sop.pmread(str(file))
    # highdicom 0.28 reads single frames of floats only out of an array that it has made before.
    check(read.pixel_array.dtype == np.float32, f"{name}: highdicom: 32-bit floats")
    frames = np.stack([read.get_frame(i + 1, apply_real_world_transform=True, dtype=np.float64)
                       for i in range(case.slices)])
    check(np.array_equal(frames, case.numbers.astype(np.float64)), f"{name}: highdicom: real world values")
    if name in NO_VOLUME:
        return
    volume = read.get_volume(dtype=np.float64)
    affine, array = volume.affine, volume.array
    # highdicom sorts slices its own way.
    if np.dot(affine[:3, 0], case.affine()[:, 0]) < 0:
        affine, array = affine.copy(), array[::-1]
        affine[:3, 3] += affine[:3, 0] * (case.slices - 1)
        affine[:3, 0] *= -1
    off = np.abs(affine[:3] - case.affine()).max()
    check(off <= AFFINE_TOLERANCE and np.array_equal(array, case.numbers),
          f"{name}: highdicom: volume, affine at most {off:.1e} off")
    out = work / f"dcmqi-{name}"
    out.mkdir()
    tool = Path(sys.prefix) / "bin" / "paramap2itkimage"
    code, text = run(tool, "--inputDICOM", file, "--outputDirectory", out, "-t", "nrrd")
    images = list(out.glob("*.nrrd"))
    if not check(code == 0 and len(images) == 1, f"{name}: dcmqi reads it {text[-100:] if code else ''}"):
        return
    image = SimpleITK.ReadImage(str(images[0]))
    x, y, z = (np.array(image.TransformIndexToPhysicalPoint(i)) for i in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    origin = np.array(image.GetOrigin())
    off = np.abs(np.c_[z - origin, y - origin, x - origin, origin] - case.affine()).max()
    check(off <= AFFINE_TOLERANCE and
          np.array_equal(SimpleITK.GetArrayFromImage(image).astype(np.float32), case.numbers),
          f"{name}: dcmqi: the same numbers, affine at most {off:.1e} off")


def filled(polygons, rows, columns):
    """Pixels whose centre is inside of an odd number of polygons (PIXEL units)."""
    mask = Image.new("1", (columns * FINER, rows * FINER))
    for points in polygons:
        one = Image.new("1", mask.size)
        ImageDraw.Draw(one).polygon([(x * FINER, y * FINER) for x, y in points], fill=1)
        mask = ImageChops.logical_xor(mask, one)
    return np.array(mask)[FINER // 2::FINER, FINER // 2::FINER]


def outlines_of(case, state):
    """{(slice, segment): polygons}, {slice: texts}"""
    outlines, texts = {}, {}
    for annotation in state.GraphicAnnotationSequence:
        slices = [k for r in annotation.ReferencedImageSequence for k in case.slice_of(r)]
        for text in annotation.get("TextObjectSequence", []):
            for k in slices:
                texts.setdefault(k, []).append(str(text.UnformattedTextValue))
        for graphic in annotation.get("GraphicObjectSequence", []):
            points = np.reshape(np.array(graphic.GraphicData, float), (-1, 2))
            assert graphic.GraphicAnnotationUnits == "PIXEL" and graphic.GraphicType == "POLYLINE"
            assert len(points) == graphic.NumberOfGraphicPoints and np.array_equal(points[0], points[-1])
            segment = int(annotation.GraphicLayer.removeprefix("AI SEGMENT "))
            outlines.setdefault((slices[0], segment), []).append(points)
    return outlines, texts


def voxels_off(case, outlines, shift=0.0):
    found = np.zeros_like(case.labels)
    for (k, segment), polygons in outlines.items():
        found[k][filled([p + shift for p in polygons], case.rows, case.columns)] = segment
    return int((found != case.labels).sum())


def check_state(case, name, check, source):
    file = case.folder / "pr.dcm"
    code, text = run("dcmpschk", file)
    check(code == 0 and "Test passed" in text, f"{name}: dcmpschk {text[-200:] if 'passed' not in text else ''}")
    state = pydicom.dcmread(file)
    outlines, texts = outlines_of(case, state)
    off = voxels_off(case, outlines)
    check(off == 0, f"{name}: {sum(map(len, outlines.values()))} outlines filled by Pillow: {off} voxels of "
          f"{(case.labels > 0).sum()} off")
    check(voxels_off(case, outlines, 0.5) > 0, f"{name}: half a pixel further they would not be the labels")
    annotated = {k for k in range(case.slices) if case.labels[k].any()}
    check({k for k, words in texts.items() if "AI, unverified" in words} == annotated,
          f"{name}: {len(annotated)} annotated images say AI, unverified")
    layers = {layer.GraphicLayer for layer in state.GraphicLayerSequence}
    used = {a.GraphicLayer for a in state.GraphicAnnotationSequence}
    check(layers == used and all("GraphicLayerRecommendedDisplayCIELabValue" in layer
                                 for layer in state.GraphicLayerSequence),
          f"{name}: {len(layers)} layers, each used and coloured")
    names = sum(len(words) for words in texts.values()) - len(annotated)
    check(names == len({s for _, s in outlines}), f"{name}: {names} segments are named once each")
    listed = [k for s in state.ReferencedSeriesSequence for r in s.ReferencedImageSequence
              for k in case.slice_of(r)]
    check(sorted(listed) == list(range(case.slices)), f"{name}: all source images are referenced")
    if not case.multi_frame:
        image = sorted(source.glob("*.dcm"))[case.slices // 2]
        shown = case.folder / "shown.pgm"
        code, text = run("dcmp2pgm", "-p", file, image, shown)
        grey = np.array(Image.open(shown)) if shown.exists() else np.zeros(1)
        check(code == 0 and grey.std() > 10, f"{name}: dcmp2pgm shows it, grey values {grey.min()} to "
              f"{grey.max()} {text[-100:] if code else ''}")


def references_of(item):
    for child in item.get("ContentSequence", []):
        for reference in child.get("ReferencedSOPSequence", []):
            yield child.ValueType, reference
        yield from references_of(child)


def evidence_of(document):
    return [i.ReferencedSOPInstanceUID for study in document.CurrentRequestedProcedureEvidenceSequence
            for series in study.ReferencedSeriesSequence for i in series.ReferencedSOPSequence]


def check_documents(case, name, check):
    objects = {f.stem: pydicom.dcmread(f) for f in sorted(case.folder.glob("*.dcm"))}
    others = {stem: o.SOPInstanceUID for stem, o in objects.items() if stem not in ("sr", "ko")}
    for stem, wanted in (("sr", others), ("ko", {**others, "sr": objects["sr"].SOPInstanceUID})):
        document = objects[stem]
        named = {r.ReferencedSOPInstanceUID: kind for kind, r in references_of(document)}
        evidence = evidence_of(document)
        check(set(wanted.values()) <= set(named), f"{name}: {stem} refers to {sorted(wanted)}")
        check(sorted(evidence) == sorted(named) if stem == "ko" else set(named) <= set(evidence),
              f"{name}: {stem}: evidence is complete: {len(evidence)} instances")
        wrong = [s for s, o in objects.items()
                 if named.get(o.SOPInstanceUID, "IMAGE") != ("IMAGE" if "Rows" in o else "COMPOSITE")
                 and o.SOPInstanceUID in named]
        check(not wrong, f"{name}: {stem}: images are IMAGE, others COMPOSITE {wrong}")
        if name in WITH_PIXELMED:
            _, text = run("DicomSRValidator", case.folder / f"{stem}.dcm")
            errors = re.findall(r"^Error.*", text, re.MULTILINE)
            check("Root Template Validation Complete" in text and not errors,
                  f"{name}: {stem}: PixelMed {errors[:1]}")
    content = hd.sr.srread(str(case.folder / "sr.dcm")).content
    groups = [g for g in content.get_image_measurement_groups() if "of this analysis" in g.tracking_identifier]
    check(len(groups) == len(others) - 1, f"{name}: sr: highdicom: {len(groups)} groups of results")
    selection = hd.ko.KeyObjectSelectionDocument.from_dataset(objects["ko"]).content
    wanted = []
    for segments in case.findings:
        areas = np.isin(case.labels, segments).sum((1, 2))
        if areas.max() and int(areas.argmax()) not in wanted:
            wanted.append(int(areas.argmax()))
    known = {uid for uid, _ in case.sources}
    found = [k for item in selection.get_references()
             if item.referenced_sop_instance_uid in known
             for k in case.slice_of(item.ReferencedSOPSequence[0])]
    check(found == wanted, f"{name}: ko: highdicom: slices {found} hold the largest areas")


def main(writer):
    harness.need_tools("dciodvfy", "dcmpschk", "dcmp2pgm", "DicomSRValidator")
    os.environ.setdefault("DCMDICTPATH", "")
    dictionary = next(iter(sorted(Path("/usr/share").glob("libdcmtk*/dicom.dic"))), None)
    if dictionary is not None:
        os.environ["DCMDICTPATH"] = str(dictionary)
    check = Checks()
    with harness.working_folder() as work:
        environment = dict(os.environ, OSLER_JUDGE_DIR=str(work))
        done = subprocess.run([writer, "--gtest_filter=ResultObjectsForJudges.*"], env=environment,
                              capture_output=True, text=True)
        check(done.returncode == 0, f"objects were written {done.stdout[-300:] if done.returncode else ''}")
        for name in NAMES:
            case = Case(work / name)
            for file in sorted(case.folder.glob("*.dcm")):
                errors = errors_of_dciodvfy(file)
                check(not errors, f"{name}: dciodvfy: {file.name} {errors[:1]}")
            check_map(case, name, check, work)
            check_state(case, name, check, work / f"{name}-source")
            check_documents(case, name, check)
    check.finish()


main(sys.argv[1])
