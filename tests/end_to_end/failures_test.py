#!/usr/bin/env python3
"""What cannot be done ends with the documented exit code, one line that says why, and no debris."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import harness
import series
from harness import EXIT_BAD_INPUT, EXIT_OK, EXIT_PARTIAL, EXIT_USAGE, Checks

MODEL = "hippocampus-t1"
check = Checks()


def judge(name, done, code, words, out, one_line=True):
    """Exit code, words of the message, number of lines on stderr, leaks and debris."""
    if code is not None:
        check(done.code == code, f"{name}: exit {done.code}, expected {code}: {done.message}")
    check(all(w.lower() in done.text.lower() for w in words), f"{name}: names {words}")
    if one_line:
        lines = done.err.strip().splitlines()
        check(len(lines) == 1 and lines[0].startswith("osler: "), f"{name}: {len(lines)} line on stderr")
    leaks = [s for s in series.SECRETS if s in done.text]
    check(not leaks, f"{name}: words of the patient in the output: {leaks}")
    faults = harness.faults_of_output(out) if out else []
    check(not faults, f"{name}: output folder: {faults}")


def sample_of_telltale(work):
    folder = harness.make_sample("head-mr", work / "sample")
    series.rename_patient(folder)
    return folder


def files_along_slices(folder):
    """From one end of the stack to the other."""
    def place(file):
        image = harness.pydicom.dcmread(file, stop_before_pixels=True)
        o = [float(v) for v in image.ImageOrientationPatient]
        return harness.np.dot(harness.np.cross(o[:3], o[3:]), [float(v) for v in image.ImagePositionPatient])
    return sorted(folder.glob("*.dcm"), key=place)


def damaged(source, target, damage, end=False):
    """A copy of a study of which one slice, in the middle or at an end, is damaged."""
    shutil.copytree(source, target)
    files = files_along_slices(target)
    damage(files[0] if end else files[len(files) // 2])
    return target


def truncate(file):
    os.truncate(file, file.stat().st_size * 2 // 3)


def truncate_header(file):
    os.truncate(file, 400)


def inputs(work):
    """What stands in place of a study."""
    out = work / "out"
    judge("missing path", harness.run(work / "nowhere", out), EXIT_BAD_INPUT, ["no such file"], out)
    (work / "empty").mkdir()
    judge("empty folder", harness.run(work / "empty", out), EXIT_BAD_INPUT, ["no DICOM"], out)
    (work / "text.txt").write_text("not an image\n" * 100)
    judge("text file", harness.run(work / "text.txt", out), EXIT_BAD_INPUT, ["no DICOM"], out)
    sample = sample_of_telltale(work)
    judge("no --out", harness.osler("run", sample), EXIT_USAGE, ["--out"], None, one_line=False)
    judge("unknown option", harness.run(sample, out, "--banana"), EXIT_USAGE, ["--banana"], out,
          one_line=False)
    judge("no command", harness.osler(), EXIT_USAGE, ["subcommand"], None, one_line=False)

    for name, damage, words in (
            ("missing slice", os.unlink, ["slices are missing"]),
            ("truncated slice", truncate, ["truncated"]),
            ("slice truncated in its header", truncate_header, ["truncated"])):
        study = damaged(sample, work / name, damage)
        done = harness.run(study, work / f"out {name}")
        judge(name, done, EXIT_BAD_INPUT, words, work / f"out {name}", one_line=False)
    # At an end of the stack no gap betrays the slice: that a file could not be read must be said.
    for name, damage in (("truncated last slice", truncate),
                         ("last slice truncated in its header", truncate_header)):
        study = damaged(sample, work / name, damage, end=True)
        done = harness.run(study, work / f"out {name}")
        judge(name, done, None, ["truncated"], work / f"out {name}", one_line=False)
        check(done.code in (EXIT_PARTIAL, EXIT_BAD_INPUT), f"{name}: exit {done.code}, expected 3 or 4")

    # A study beside a damaged one is processed; a second, refused run of it leaves no old numbers.
    head = series.read_head(sample)
    study = series.write_head(head, work / "good", "good")
    done = harness.run([work / "good", work / "missing slice"], work / "both")
    judge("good and damaged study", done, EXIT_PARTIAL, ["slices are missing"], work / "both", one_line=False)
    states = sorted(f["status"] for f in harness.results(work / "both").values())
    check(states == ["complete", "refused"], f"good and damaged study: {states}")
    files_along_slices(work / "good")[50].unlink()
    done = harness.run(work / "good", work / "both")
    judge("old results under a refusal", done, EXIT_BAD_INPUT, ["slices are missing"], work / "both",
          one_line=False)
    found = harness.findings_of(work / "both", study)
    check(found["status"] == "refused", f"old results under a refusal: status {found['status']}")


def settings(work):
    """Device, model and template that are not there or not whole."""
    sample, out = sample_of_telltale(work), work / "out"
    judge("unknown device", harness.run(sample, out, "--device", "banana"), EXIT_USAGE, ["banana"], out)
    if Path("/dev/nvidia0").exists():
        print("      --device cuda: left out, this machine has a GPU")
    else:
        judge("--device cuda", harness.run(sample, out, "--device", "cuda"), EXIT_BAD_INPUT, ["CUDA"], out)
    judge("unknown model", harness.run(sample, out, "--model", "banana"), EXIT_BAD_INPUT,
          ["banana", MODEL], out)

    package = shutil.copytree(harness.ROOT / "models" / MODEL, work / MODEL)
    weights = package / "model.ts"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    judge("a flipped byte in the weights", harness.run(sample, out, "--model", package), EXIT_BAD_INPUT,
          ["SHA-256"], out)
    weights.unlink()
    judge("no weights", harness.run(sample, out, "--model", package), EXIT_BAD_INPUT, ["missing"], out)
    (package / "model.json").write_text('{"format": "osler-model/1"')
    judge("broken model.json", harness.run(sample, out, "--model", package), EXIT_BAD_INPUT, ["JSON"], out)

    (work / "templates").mkdir()
    environment = {"OSLER_TEMPLATES": str(work / "templates")}
    judge("missing template", harness.run(sample, out, environment=environment), EXIT_BAD_INPUT,
          ["mricron-data"], out)
    judge("missing template (--templates)", harness.run(sample, out, "--templates", work / "templates"),
          EXIT_BAD_INPUT, ["mricron-data"], out)
    (work / "templates" / "colin27-t1.mha").write_text("ObjectType = Image\n")
    judge("damaged template", harness.run(sample, out, environment=environment), EXIT_BAD_INPUT,
          ["colin27"], out)


def on_small_disk(work, sample, kilobytes):
    """Runs with --out on a file system of its own that is too small. @return Run, what was left"""
    disk, left = work / "disk", work / "left"
    disk.mkdir(exist_ok=True)
    script = (f'mount -t tmpfs -o size={kilobytes}k none "$1" || exit 99; "$2" run "$3" --out "$1/out"; '
              'code=$?; find "$1/out" >"$4" 2>&1; exit $code')
    done = subprocess.run(["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", disk,
                           harness.OSLER, sample, left], capture_output=True, text=True)
    return harness.Run(done.returncode, done.stdout, done.stderr), left


def outputs(work):
    """Places that cannot be written."""
    sample = sample_of_telltale(work)
    (work / "file").write_text("in the way\n")
    judge("a file in place of --out", harness.run(sample, work / "file"), EXIT_BAD_INPUT,
          ["cannot write"], None)
    check((work / "file").read_text() == "in the way\n", "a file in place of --out: it is left alone")
    judge("a file above --out", harness.run(sample, work / "file" / "out"), EXIT_BAD_INPUT,
          ["cannot write"], None)

    done = harness.run(sample, work / "whole")
    check(done.code == EXIT_OK, f"an output folder with room: exit {done.code}")
    whole = sum(f.stat().st_size for f in (work / "whole").rglob("*") if f.is_file()) // 1024
    for share in (0.05, 0.5, 0.95):
        name = f"disk of {int(whole * share)} kB for {whole} kB"
        done, left = on_small_disk(work, sample, int(whole * share))
        if done.code in (1, 99, 127):
            print(f"      {name}: left out, no right to mount: {done.message}")
            break
        judge(name, done, EXIT_BAD_INPUT, ["No space left"], None, one_line=False)
        there = left.read_text().splitlines()
        check(len(there) <= 1, f"{name}: left behind: {[Path(x).name for x in there[1:]]}")


with harness.working_folder() as folder:
    {"inputs": inputs, "settings": settings, "outputs": outputs}[sys.argv[1]](folder)
check.finish()
