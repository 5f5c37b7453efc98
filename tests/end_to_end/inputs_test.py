#!/usr/bin/env python3
"""What comes into the program: DICOMDIRs of other writers, limits as options, folders full of other files."""
import json
import os
import subprocess
import sys
from pathlib import Path

import harness
from harness import EXIT_BAD_INPUT, EXIT_OK, EXIT_USAGE, Checks, pydicom

from pydicom.fileset import FileSet


def listed(*arguments):
    done = harness.osler("inspect", *arguments, "--json")
    try:
        return done, json.loads(done.out)
    except json.JSONDecodeError:
        return done, {"series": [], "unreadable": []}


def found_by_pydicom(dicomdir):
    """Files of each series that the records name, as pydicom's FileSet reads them."""
    counts = {}
    for instance in FileSet(str(dicomdir)):
        counts[str(instance.SeriesInstanceUID)] = counts.get(str(instance.SeriesInstanceUID), 0) + 1
    return counts


def same_as_pydicom(check, name, dicomdir):
    done, answer = listed(dicomdir)
    ours = {s["series_uid"]: s["files"] for s in answer["series"]}
    theirs = found_by_pydicom(dicomdir)
    check(ours == theirs and not answer["unreadable"],
          f"{name}: {sum(ours.values())} files in {len(ours)} series, pydicom {sum(theirs.values())} in "
          f"{len(theirs)}; exit {done.code}")


def directories(check, work):
    tests = Path(pydicom.__file__).parent / "data" / "test_files" / "dicomdirtests"
    harness.need(tests / "DICOMDIR", "pydicom's dicomdirtests")
    for name in ("DICOMDIR", "DICOMDIR-implicit", "DICOMDIR-bigEnd", "DICOMDIR-reordered", "TINY_ALPHA/DICOMDIR"):
        same_as_pydicom(check, f"pydicom's {name}", tests / name)
    for name in ("DICOMDIR-nooffset", "DICOMDIR-nopatient"):  # records that cannot be followed
        done, _ = listed(tests / name)
        check(done.code == EXIT_BAD_INPUT and "give the folder instead" in done.err,
              f"pydicom's {name}: exit {done.code} {done.message}")

    sample = harness.make_sample("head-mr", work / "mr")
    files = sorted(p for p in sample.rglob("*") if p.is_file())
    whole, expected = listed(sample)
    fileset = FileSet()
    for file in files:
        fileset.add(pydicom.dcmread(file))
    fileset.write(work / "fileset")
    done, answer = listed(work / "fileset" / "DICOMDIR")
    check(done.code == EXIT_OK and answer == expected, "a FileSet of pydicom's is listed as the folder is")
    done, answer = listed(work / "fileset")
    check(answer == expected, "the folder of the FileSet is listed as the sample is")

    disc = work / "disc"
    disc.mkdir()
    for n, file in enumerate(files):
        (disc / f"IM{n:06d}").write_bytes(file.read_bytes())
    harness.need_tools("dcmmkdir")
    made = subprocess.run(["dcmmkdir", "+r", "+I", "+id", disc, "+D", disc / "DICOMDIR"], capture_output=True, text=True)
    if not check(made.returncode == 0, f"dcmmkdir: {made.stderr.strip()[-200:] or 'made'}"):
        return
    done, answer = listed(disc / "DICOMDIR")
    check(done.code == EXIT_OK and answer == expected, "a disc of dcmmkdir's is listed as the folder is")
    out = harness.osler("convert", disc / "DICOMDIR", "--to", "nifti", "--out", work / "disc.nii")
    harness.osler("convert", sample, "--to", "nifti", "--out", work / "sample.nii")
    check(out.code == EXIT_OK and (work / "disc.nii").read_bytes() == (work / "sample.nii").read_bytes(),
          f"it converts to the same bytes as the folder; exit {out.code} {out.message}")
    os.remove(disc / "IM000003")
    done, answer = listed(disc / "DICOMDIR")
    codes = {r["code"] for r in answer["series"][0]["reasons"]}
    check(answer["series"][0]["verdict"] == "refused" and "damaged_file" in codes
          and [Path(u["path"]).name for u in answer["unreadable"]] == ["IM000003"],
          f"without one of its files the series is refused: {sorted(codes)} {answer['unreadable']}")


def limits(check, work):
    sample = harness.make_sample("head-mr", work / "mr")
    for options, code, word in ((("--max-files", "3"), EXIT_BAD_INPUT, "more than 3 files"),
                                (("--max-files", "0"), EXIT_USAGE, "--max-files"),
                                (("--max-volume", "-5MB"), EXIT_USAGE, "--max-volume"),
                                (("--max-frame", "12parsecs"), EXIT_USAGE, "--max-frame"),
                                (("--max-volume", "1MB"), EXIT_OK, "too_large"),
                                (("--max-frame", "1KiB"), EXIT_OK, "a frame of"),
                                (("--max-header", "512MB"), EXIT_OK, "usable")):
        done = harness.osler("inspect", sample, *options)
        check(done.code == code and word in done.text, f"{' '.join(options)}: exit {done.code}, says '{word}'")
    done = harness.osler("convert", sample, "--to", "mha", "--out", work / "a.mha", "--max-volume", "1MB")
    check(done.code == EXIT_BAD_INPUT and not (work / "a.mha").exists(), f"convert: exit {done.code}")
    settings = work / "osler.toml"
    settings.write_text("[inspect]\nmax-files = 3\n")
    done = harness.osler("--config", settings, "inspect", sample)
    check(done.code == EXIT_BAD_INPUT and "more than 3 files" in done.err, f"--config: exit {done.code}")


def names(check, work):
    folder = os.fsencode(work / "names")
    os.mkdir(folder)
    odd = [b"line\nbreak", b"M\xfcller", b"\x1b[2Jcleared", b"n" * 255]
    odd += [b"note%04d.txt" % n for n in range(200)]
    for name in odd:
        Path(os.fsdecode(os.path.join(folder, name))).write_text("no DICOM at all")
    done = subprocess.run([harness.OSLER, "inspect", folder], capture_output=True)
    lines = done.stdout.decode("utf-8").splitlines()  # not UTF-8 would raise
    told = [line for line in lines if line.startswith("not read: ")]
    check(len(told) == 6 and "199 more" in told[-1], f"{len(odd)} files take {len(told)} lines: {told[-1]}")
    check("\x1b" not in done.stdout.decode() and r"\x1b[2J" in done.stdout.decode()
          and r"line\x0abreak" in done.stdout.decode() and r"M\xfcller" in done.stdout.decode(),
          "names that could forge lines or move the cursor are escaped")
    done = subprocess.run([harness.OSLER, "inspect", "--json", folder], capture_output=True)
    answer = json.loads(done.stdout.decode("utf-8"))
    check(len(answer["unreadable"]) == len(odd), f"--json names all {len(answer['unreadable'])}")
    done = subprocess.run([harness.OSLER, "inspect", os.path.join(folder, b"absent\x1b[2J\xff")], capture_output=True)
    check(done.returncode == EXIT_BAD_INPUT and rb"\x1b[2J\xff" in done.stderr, "an error escapes a name too")


def main(which):
    check = Checks()
    with harness.working_folder() as work:
        {"directories": directories, "limits": limits, "names": names}[which](check, work)
    check.finish()


main(sys.argv[1])
