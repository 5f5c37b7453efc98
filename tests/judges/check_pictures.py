#!/usr/bin/env python3
"""Pictures of single frames (colour, palette, MONOCHROME1, Modality LUT) against pydicom, DCMTK and GDCM.

usage: check_pictures.py     (OSLER_PRINT_PICTURE names the program print_picture of tests/)

Every image of pydicom's wheel and the radiograph RG3 of NEMA WG-04 as pydicom reads them, besides
files that pydicom writes here; what it has no decoder for as SimpleITK's GDCM reads it, and the
coloured ones as DCMTK's dcmj2pnm shows them as well. Exit 77: skipped.
"""
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "end_to_end"))
import harness  # noqa: E402  (finds the judges' Python, and goes on in it)
from harness import Checks, np, pydicom  # noqa: E402

import SimpleITK  # noqa: E402
from pydicom.pixels import apply_color_lut, apply_modality_lut, pixel_array  # noqa: E402
from pydicom.uid import (ExplicitVRBigEndian, ExplicitVRLittleEndian,  # noqa: E402
                         ImplicitVRLittleEndian)

warnings.simplefilter("ignore")
WHEEL = Path(pydicom.__file__).parent / "data"
PRINT_PICTURE = harness.need(os.environ.get("OSLER_PRINT_PICTURE", ""), "print_picture (OSLER_PRINT_PICTURE)")

# Largest difference allowed, in steps of a sample. From pydicom: none, JPEG with loss included, for
# DCMTK's libjpeg and Pillow's round alike and YCbCr becomes RGB by the same formula. dcmj2pnm adds
# up truncated products where native YCbCr is turned into RGB.
PYDICOM_STEPS, DCMTK_STEPS, GDCM_STEPS = 0, 1, 0
# pydicom's formula is in single precision, which takes a few sums to the other side of a half.
SINGLE_PRECISION_STEPS = 1
UNREADABLE = ("badVR.dcm",)  # Number of Frames is no number
REFUSED = {
    "SC_rgb_rle_32bit.dcm": "32 bits", "SC_rgb_rle_32bit_2frame.dcm": "32 bits",
    "liver_1frame.dcm": "Bits Allocated 1", "liver_expb_1frame.dcm": "Bits Allocated 1",
    "MR_truncated.dcm": "truncated",
}


def printed(file, frame=0):
    """(array, bits of a colour) or the text of a refusal."""
    done = subprocess.run([PRINT_PICTURE, file, str(frame)], capture_output=True, timeout=300)
    if done.returncode != 0:
        return done.stderr.decode(errors="replace").strip() or f"exit {done.returncode}"
    head, values = done.stdout.split(b"\n", 1)
    rows, columns, samples, kind, bits = head.decode().split()
    shape = (int(rows), int(columns)) + ((3,) if samples == "3" else ())
    return np.frombuffer(values, "<" + kind).reshape(shape), int(bits)


def expected(data, frame):
    """What the standard asks for, out of pydicom's own functions."""
    values = pixel_array(data, index=frame)
    if data.PhotometricInterpretation == "PALETTE COLOR":
        return apply_color_lut(values, data)
    if data.SamplesPerPixel == 3:
        return values
    real = apply_modality_lut(values, data).astype(float)
    if data.PhotometricInterpretation == "MONOCHROME1":
        low = -2 ** (data.BitsStored - 1) if data.PixelRepresentation else 0
        ends = np.array([low, low + 2 ** data.BitsStored - 1], dtype=values.dtype)
        real = apply_modality_lut(ends, data).astype(float).sum() - real
    return real.astype("f4")


def agrees(check, name, got, wanted, steps):
    if isinstance(got, str):
        return check(False, f"{name}: refused: {got}")
    values = got[0]
    if not check(values.shape == wanted.shape, f"{name}: {values.shape}, expected {wanted.shape}"):
        return False
    worst = float(np.abs(values.astype(float) - wanted.astype(float)).max())
    return check(worst <= steps, f"{name}: differs by at most {worst:g} (allowed {steps:g})")


def against_gdcm(check, file, name):
    """SimpleITK's GDCM: rescaled, MONOCHROME1 turned over; it follows Photometric Interpretation only."""
    try:
        wanted = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(file)))[0]
    except RuntimeError:
        print(f"      {name}: not read by GDCM")
        return
    got = printed(file)
    if not isinstance(got, str) and pydicom.dcmread(file).PhotometricInterpretation == "MONOCHROME1":
        # A lossy value may overshoot Bits Stored, which turns it negative; GDCM cuts its bits off.
        over = got[0] < 0
        check(over.mean() < 1e-4, f"{name}: {int(over.sum())} of {over.size} values overshoot")
        wanted = np.where(over, got[0], wanted)
    agrees(check, f"{name}: GDCM", got, wanted, GDCM_STEPS)


def against_pydicom(check, file, name):
    """@return False if pydicom does not read the file: its decoders are missing, or it is damaged"""
    data = pydicom.dcmread(file)
    for frame in sorted({0, int(data.get("NumberOfFrames", 1) or 1) - 1}):
        try:
            wanted = expected(data, frame)
        except Exception as error:
            print(f"      {name}: not read by pydicom: {str(error).splitlines()[0][:60]}")
            return False
        agrees(check, f"{name} frame {frame}: pydicom", printed(file, frame), wanted, PYDICOM_STEPS)
    return True


def against_dcmtk(check, file, name, work):
    """dcmj2pnm decodes by itself and follows Photometric Interpretation only."""
    if shutil.which("dcmj2pnm") is None:
        return
    out = work / "dcmtk.ppm"
    out.unlink(missing_ok=True)
    done = subprocess.run(["dcmj2pnm", "+op", "--frame", "1", file, out], capture_output=True)
    if done.returncode != 0 or not out.exists():
        print(f"      {name}: not shown by dcmj2pnm")
        return
    raw = out.read_bytes()
    head = re.match(rb"P6\s+(?:#.*\n)?(\d+)\s+(\d+)\s+(\d+)\s", raw)
    if not head:
        print(f"      {name}: dcmj2pnm shows it in grey")
        return
    columns, rows, _ = map(int, head.groups())
    got = printed(file)
    if not isinstance(got, str):
        shape = (rows, columns, 3)
        shown = got[0] >> (got[1] - 8)  # dcmj2pnm shows eight bits
        wanted = np.frombuffer(raw[head.end():], np.uint8).reshape(shape)
        agrees(check, f"{name}: dcmj2pnm", (shown, 8), wanted, DCMTK_STEPS)


def with_identity(file, data, work):
    """The file, or a copy that has the UIDs which it lacks and without which nothing is scanned."""
    names = [n for n in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
             if not data.get(n)]
    if not names:
        return file
    for name in names:
        setattr(data, name, "1.2.3.4")
    data.save_as(work / file.name)
    return work / file.name


def wheel(check, work):
    for file in sorted((WHEEL / "test_files").glob("*.dcm")):
        try:
            data = pydicom.dcmread(file)
            if "PixelData" not in data or "SamplesPerPixel" not in data:
                continue
            data.file_meta.TransferSyntaxUID
        except (pydicom.errors.InvalidDicomError, AttributeError):
            continue
        name = file.name
        if name in UNREADABLE:
            continue
        file = with_identity(file, data, work)
        if name in REFUSED:
            got = printed(file)
            refused = isinstance(got, str)
            check(refused and REFUSED[name] in got, f"{name}: refused: {got if refused else 'no'}")
            continue
        if not against_pydicom(check, file, name):
            against_gdcm(check, file, name)
        if data.SamplesPerPixel == 3 or data.PhotometricInterpretation == "PALETTE COLOR":
            against_dcmtk(check, file, name, work)


def radiograph(check):
    folder = harness.DATA / "codecs_wg04"
    if not folder.is_dir():
        print("      skipped: codecs_wg04 of OSLER_TEST_DATA")
        return
    wanted = expected(pydicom.dcmread(folder / "RG3_RLE"), 0)
    for codec in ("RLE", "JPLL", "JLSL", "J2KR"):
        agrees(check, f"RG3_{codec}: pydicom's RLE", printed(folder / f"RG3_{codec}"), wanted, 0)
    for codec in ("J2KI", "JLSN"):
        against_pydicom(check, folder / f"RG3_{codec}", f"RG3_{codec}")
    against_gdcm(check, folder / "RG3_JPLY", "RG3_JPLY")


def ramp(syntax, rows=16, columns=32, bits=8, signed=False):
    """A grey image whose values run through all that its bits hold."""
    data = pydicom.dcmread(WHEEL / "test_files" / "SC_rgb_small_odd.dcm")
    data.file_meta.TransferSyntaxUID = syntax
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.pop("PlanarConfiguration", None)
    data.Rows, data.Columns = rows, columns
    data.BitsAllocated, data.BitsStored, data.HighBit = (8 if bits == 8 else 16), bits, bits - 1
    data.PixelRepresentation = int(signed)
    low = -2 ** (bits - 1) if signed else 0
    values = low + np.arange(rows * columns) * (2 ** bits - 1) // (rows * columns - 1)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    kind = ("i" if signed else "u") + str(data.BitsAllocated // 8)
    data.PixelData = values.astype(order + kind).tobytes()
    data["PixelData"].VR = "OB" if bits == 8 else "OW"
    return data


def save(data, file):
    syntax = data.file_meta.TransferSyntaxUID
    fresh = pydicom.Dataset(data)  # without the memory of another byte order
    fresh.file_meta = data.file_meta
    pydicom.dcmwrite(file, fresh, implicit_vr=syntax == ImplicitVRLittleEndian,
                     little_endian=syntax != ExplicitVRBigEndian, enforce_file_format=True)
    return file


def modality_luts(check, work):
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian):
        for signed, first, entries in ((False, 100, 3000), (True, -1500, 2500), (False, 0, 4096)):
            for photometric in ("MONOCHROME2", "MONOCHROME1"):
                data = ramp(syntax, bits=12, signed=signed)
                data.PhotometricInterpretation = photometric
                item = pydicom.Dataset()
                item.add_new("LUTDescriptor", "SS" if signed else "US", [entries, first, 16])
                item.ModalityLUTType = "OD"
                table = (np.sqrt(np.arange(entries)) * 1000).astype(np.uint16)
                item.add_new("LUTData", "US", [int(v) for v in table])
                data.ModalityLUTSequence = [item]
                name = f"Modality LUT {syntax.name}, {entries} from {first}, {photometric}"
                values = pydicom.dcmread(save(data, work / "lut.dcm")).pixel_array
                real = table[np.clip(values.astype(int) - first, 0, entries - 1)].astype(float)
                if photometric == "MONOCHROME1":
                    real = 65535 - real
                agrees(check, name, printed(work / "lut.dcm"), real, 0)
                if photometric == "MONOCHROME2":
                    data = pydicom.dcmread(work / "lut.dcm")
                    agrees(check, name + ": pydicom", printed(work / "lut.dcm"),
                           apply_modality_lut(data.pixel_array, data), 0)


def palettes(check, work):
    """The well-known palettes of PS3.6 annex B, four of them segmented, on a ramp of indices."""
    for source in sorted((WHEEL / "palettes").glob("*.dcm")):
        for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian):
            data, palette = ramp(syntax), pydicom.dcmread(source)
            data.PhotometricInterpretation = "PALETTE COLOR"
            for element in palette.group_dataset(0x0028):
                if "Palette" in element.keyword and "UID" not in element.keyword:
                    value = element.value
                    if element.VR == "OW" and syntax == ExplicitVRBigEndian:
                        value = np.frombuffer(value, "<u2").astype(">u2").tobytes()
                    data.add_new(element.tag, element.VR, value)
            wanted = apply_color_lut(np.frombuffer(data.PixelData, np.uint8).reshape(16, 32), palette)
            agrees(check, f"{source.stem} {syntax.name}", printed(save(data, work / "palette.dcm")), wanted, 0)


def jpegs_that_lie(check, work):
    """Photometric Interpretation against the codestream: pydicom follows JFIF and component names."""
    files = WHEEL / "test_files"
    for name, said in (("SC_rgb_dcmtk_+eb+cy+s4.dcm", "RGB"), ("SC_rgb_dcmtk_+eb+cr.dcm", "YBR_FULL"),
                       ("SC_rgb_jpeg_gdcm.dcm", "YBR_FULL"), ("examples_ybr_color.dcm", "RGB")):
        truth = printed(files / name)
        data = pydicom.dcmread(files / name)
        data.PhotometricInterpretation = said
        file = save(data, work / "lie.dcm")
        agrees(check, f"{name} that says {said}: as it is", printed(file), truth[0], 0)
        against_pydicom(check, file, f"{name} that says {said}")


def all_colours_of_ybr(check, work):
    """Each Cb and Cr with a few Y, native, in both planar configurations."""
    cb, cr = np.meshgrid(np.arange(256), np.arange(256))
    for planar in (0, 1):
        for y in (0, 17, 128, 200, 255):
            data = ramp(ExplicitVRLittleEndian, 256, 256)
            data.SamplesPerPixel, data.PhotometricInterpretation = 3, "YBR_FULL"
            data.PlanarConfiguration = planar
            pixels = np.stack([np.full_like(cb, y), cb, cr], 0 if planar else -1)
            data.PixelData = pixels.astype(np.uint8).tobytes()
            agrees(check, f"YBR_FULL, Y {y}, planar {planar}", printed(save(data, work / "ybr.dcm")),
                   pixel_array(data), SINGLE_PRECISION_STEPS)


def main():
    check = Checks()
    if shutil.which("dcmj2pnm") is None:
        print("      skipped: comparisons with dcmj2pnm (Debian: dcmtk)")
    with harness.working_folder() as work:
        wheel(check, work)
        radiograph(check)
        modality_luts(check, work)
        palettes(check, work)
        jpegs_that_lie(check, work)
        all_colours_of_ybr(check, work)
    check.finish()


main()
