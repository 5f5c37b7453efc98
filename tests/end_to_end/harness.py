"""What the scenarios share: where things lie, running the program, reading what it wrote, verdicts.

Environment, all with defaults for a checkout with a build beside it:
  OSLER_PROGRAM, OSLER_SAMPLE   the programs `osler` and `osler-sample`
  OSLER_TEMPLATES               templates, as for the program itself
  OSLER_TEST_DATA               test data beside the project
  OSLER_UNPACKED                where the archives of the test data are, or will be, unpacked
  OSLER_JUDGES                  virtual environment with the readers (pydicom, highdicom, SimpleITK, ...)
  OSLER_KEEP=1                  keep the working folder of a scenario
"""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "judges"))
from judging import CACHE, DATA, ROOT, SKIP, skip, skip_without, use_judges  # noqa: E402

EXIT_OK, EXIT_USAGE, EXIT_BAD_INPUT, EXIT_PARTIAL = 0, 2, 3, 4
LONGEST_RUN_S = 1500  # far over any run: only a program that hangs meets it


def need(path, name):
    if not Path(path).exists():
        skip(f"needs {name}")
    return Path(path)


use_judges()
try:
    import highdicom as hd
    import jsonschema
    import numpy as np
    import pydicom
    import SimpleITK  # noqa: F401  (looked for here, so that every scenario skips alike)
except ImportError as missing:
    skip_without(missing)


def need_tools(*names):
    for name in names:
        if shutil.which(name) is None:
            skip(f"needs {name}")


def program(variable, name):
    found = os.environ.get(variable) or shutil.which(name) or ROOT / "build" / "cuda" / "bin" / name
    return str(need(found, f"the program {name} ({variable})"))


OSLER = program("OSLER_PROGRAM", "osler")
COLIN27 = Path("/usr/share/mricron/templates/ch2.nii.gz")
CRANIUM = Path("/usr/share/doc/invesalius-examples/examples/Cranium.inv3")


# ---------------------------------------------------------------- verdicts

class Checks:
    """Counts what holds and what does not; every line says what was measured."""

    def __init__(self):
        self.failed = 0
        self.held = 0

    def __call__(self, holds, text):
        print(("ok    " if holds else "FAIL  ") + text, flush=True)
        if holds:
            self.held += 1
        else:
            self.failed += 1
        return bool(holds)

    def finish(self):
        print(f"{self.held} held, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)


@contextlib.contextmanager
def working_folder():
    folder = Path(tempfile.mkdtemp(prefix="osler-end-to-end-"))
    try:
        yield folder
    finally:
        if os.environ.get("OSLER_KEEP"):
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


# ---------------------------------------------------------------- inputs

def unpacked(archive):
    """Folder of an archive of the test data, unpacked once."""
    name = Path(archive).name
    place = Path(os.environ.get("OSLER_UNPACKED") or CACHE / "test-data")
    if not (place / name).is_dir():
        packed = need(DATA / f"{archive}.tar.zst", f"{archive}.tar.zst of OSLER_TEST_DATA")
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place) as part:
            subprocess.run(["tar", "--zstd", "-xf", packed, "-C", part], check=True)
            os.chmod(part, 0o755)
            shutil.copytree(part, place / name)
    return place / name


def make_sample(kind, folder, *options):
    """Writes the sample study `head-mr` or `head-ct`."""
    source, flag = {"head-mr": (COLIN27, "--template"), "head-ct": (CRANIUM, "--inv3")}[kind]
    need(source, f"{source.name} of Debian's mricron-data or invesalius-examples")
    tool = program("OSLER_SAMPLE", "osler-sample")
    subprocess.run([tool, kind, flag, source, "--out", folder, *options], check=True,
                   stdout=subprocess.DEVNULL)
    return folder


# ---------------------------------------------------------------- running

@dataclass
class Run:
    code: int
    out: str
    err: str

    @property
    def text(self):
        return self.out + self.err

    @property
    def message(self):
        """What the program says of a failure, for a line of the log."""
        lines = [x.strip() for x in (self.err or self.out).splitlines() if x.strip()]
        return " | ".join(lines)[:300]


def osler(*arguments, environment=None):
    done = subprocess.run([OSLER, *map(str, arguments)], capture_output=True, text=True,
                          errors="replace", timeout=LONGEST_RUN_S,
                          env=dict(os.environ, **(environment or {})))
    return Run(done.returncode, done.stdout, done.stderr)


def run(inputs, out, *options, environment=None):
    inputs = [inputs] if isinstance(inputs, (str, Path)) else inputs
    return osler("run", *inputs, "--out", out, *options, environment=environment)


# ---------------------------------------------------------------- reading

@dataclass
class Side:
    """One hippocampus as highdicom reads it from the segmentation."""
    points: np.ndarray   # centres of its voxels, LPS mm, n x 3
    voxel_mm3: float

    @property
    def volume_ml(self):
        return len(self.points) * self.voxel_mm3 / 1000

    @property
    def centroid(self):
        return self.points.mean(axis=0)


SIDES = {"7771000": "left", "24028007": "right"}


def read_sides(seg_file):
    """{"left": Side, "right": Side}: the union of the segments of a side."""
    seg = hd.seg.segread(str(seg_file))
    points = {"left": [], "right": []}
    voxel = None
    for item in seg.SegmentSequence:
        modifiers = item.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence
        side = next(SIDES[m.CodeValue] for m in modifiers if m.CodeValue in SIDES)
        volume = seg.get_volume(segment_numbers=[item.SegmentNumber], combine_segments=False)
        index = np.argwhere(np.asarray(volume.array)[..., 0] > 0)
        points[side].append(index @ volume.affine[:3, :3].T + volume.affine[:3, 3])
        voxel = abs(np.linalg.det(volume.affine[:3, :3]))
    return {side: Side(np.vstack(p), voxel) for side, p in points.items()}


def measure_frames(seg_file):
    """{"left": (mL, centroid)} of a segmentation whose frames each have a place and a thickness of
    their own, frame by frame as pydicom reads them: no regular volume can be made of these."""
    seg = pydicom.dcmread(seg_file)
    side_of = {}
    for item in seg.SegmentSequence:
        modifiers = item.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence
        side_of[item.SegmentNumber] = next(SIDES[m.CodeValue] for m in modifiers if m.CodeValue in SIDES)
    orientation = seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
    row, column = np.reshape([float(v) for v in orientation.ImageOrientationPatient], (2, 3))
    sums = {side: [0.0, np.zeros(3)] for side in set(side_of.values())}
    for pixels, group in zip(seg.pixel_array, seg.PerFrameFunctionalGroupsSequence):
        measures = group.PixelMeasuresSequence[0]
        between_rows, between_columns = map(float, measures.PixelSpacing)
        mm3 = between_rows * between_columns * float(measures.SliceThickness)
        r, c = np.nonzero(pixels)
        first = np.array([float(v) for v in group.PlanePositionSequence[0].ImagePositionPatient])
        places = first + np.outer(c * between_columns, row) + np.outer(r * between_rows, column)
        total = sums[side_of[group.SegmentIdentificationSequence[0].ReferencedSegmentNumber]]
        total[0] += mm3 * len(r)
        total[1] += mm3 * places.sum(axis=0)
    return {side: (mm3 / 1000, moment / mm3) for side, (mm3, moment) in sums.items()}


def findings_of(out, study_uid):
    file = Path(out) / study_uid / "findings.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def results(out):
    """{study UID: findings} of all studies below an output folder."""
    return {f.parent.name: json.loads(f.read_text(encoding="utf-8"))
            for f in sorted(Path(out).glob("*/findings.json"))}


def fits_schema(json_value, name):
    """Why a value does not fit docs/schema/<name>, or an empty text."""
    file = ROOT / "docs" / "schema" / name
    if not file.exists():
        return f"docs/schema/{name} is not there"
    error = jsonschema.exceptions.best_match(
        jsonschema.Draft202012Validator(json.loads(file.read_text())).iter_errors(json_value))
    return "" if error is None else f"{error.json_path}: {error.message}"[:200]


def judge_objects(out, source, check, name):
    """The judge of the report's objects (tests/judges), on one study."""
    need_tools("dciodvfy", "dsrdump")
    judge = ROOT / "tests" / "judges" / "check_objects.py"
    done = subprocess.run([sys.executable, judge, out, source], capture_output=True, text=True)
    for line in done.stdout.splitlines()[:-1]:
        print("      " + line)
    last = (done.stdout.splitlines() or [done.stderr[-200:]])[-1]
    check(done.returncode == 0, f"{name}: objects: {last}")


def judge_with_orthanc(folders, check):
    """Orthanc gives back what it was given; where it is not installed that is said, not counted."""
    judge = ROOT / "tests" / "judges" / "check_orthanc.py"
    done = subprocess.run([sys.executable, judge, *folders], capture_output=True, text=True)
    lines = done.stdout.splitlines() or [done.stderr[-300:]]
    print("\n".join("      " + line for line in lines[:-1] if line))
    if done.returncode == SKIP:
        print(f"      {lines[-1]}")
    else:
        check(done.returncode == 0, f"Orthanc: {lines[-1]}")


def faults_of_output(out):
    """What is half-written: hidden entries, folders without findings, files that findings do not name."""
    out, faults = Path(out), []
    if not out.is_dir():
        return faults
    faults += [f"hidden {p.relative_to(out)}" for p in out.rglob(".*")]
    for folder in (p for p in out.iterdir() if p.is_dir() and not p.name.startswith(".")):
        file = folder / "findings.json"
        if not file.is_file():
            faults.append(f"{folder.name} has no findings.json")
            continue
        named = set(json.loads(file.read_text(encoding="utf-8"))["outputs"])
        there = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
        faults += [f"{x} is named, but not there" for x in sorted(named - there)]
        faults += [f"{x} is there, but not named" for x in sorted(there - named)]
    return faults


def numbers_in_report(sr_file):
    """Volumes (code 118565006) in a structured report."""
    def walk(item):
        for child in item.get("ContentSequence", []):
            if child.ValueType == "NUM" and child.ConceptNameCodeSequence[0].CodeValue == "118565006":
                yield float(child.MeasuredValueSequence[0].NumericValue)
            yield from walk(child)
    return list(walk(pydicom.dcmread(sr_file)))
