#!/usr/bin/env python3
"""Writes the seeds in corpus/, one folder per target. Synthetic: a ramp of 8 x 8 pixels, no patient.

usage: make_corpus.py            (into the folder corpus/ beside this script)

Needs pydicom, numpy, Pillow, pylibjpeg, pylibjpeg-openjpeg and pyjpegls, and dcmcjpeg (Debian:
dcmtk). The seeds are committed; run it again only to add some.
"""
import io
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.sequence import Sequence
from pydicom.uid import (CTImageStorage, DeflatedExplicitVRLittleEndian, EnhancedMRImageStorage,
                         ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian,
                         JPEG2000Lossless, JPEGLSLossless, RLELossless)

CORPUS = Path(__file__).resolve().parent / "corpus"
HTJ2K = Path(__file__).resolve().parents[1] / "data" / "htj2k"
SIDE = 8
JPEG_2000_SIDE = 32  # its encoder makes six resolutions of any image
# As fuzz_codecs.cpp counts them.
RLE, JPEG_LS, JPEG_2000, JPEG_BASELINE, JPEG_EXTENDED, _, JPEG_LOSSLESS, PALETTE = range(8)


def write(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def ramp(dtype, side=SIDE):
    return (np.arange(side * side).reshape(side, side) * 3).astype(dtype)


def image(syntax=ExplicitVRLittleEndian, sop_class=CTImageStorage, bits=16, frames=1,
          side=SIDE):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = sop_class
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.3.1"
    data.StudyInstanceUID, data.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    data.FrameOfReferenceUID = "1.2.3.5"
    data.Modality = "CT"
    data.ImageType = ["ORIGINAL", "PRIMARY"]
    data.ImagePositionPatient, data.ImageOrientationPatient = [0, 0, 2], [1, 0, 0, 0, 1, 0]
    data.PixelSpacing = [0.5, 0.5]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows = data.Columns = side
    data.BitsAllocated = data.BitsStored = bits
    data.HighBit, data.PixelRepresentation = bits - 1, 0
    data.RescaleSlope, data.RescaleIntercept = 1, -24
    if frames > 1:
        data.NumberOfFrames = frames
    big = syntax == ExplicitVRBigEndian
    pixels = ramp((">" if big else "<") + f"u{bits // 8}", side)
    data.PixelData = pixels.tobytes() * frames
    data["PixelData"].VR = "OB" if bits == 8 else "OW"
    return data


def as_file(data):
    out = io.BytesIO()
    dcmwrite(out, data, enforce_file_format=True)
    return out.getvalue()


def compressed(syntax):
    data = image(side=JPEG_2000_SIDE if syntax == JPEG2000Lossless else SIDE)
    data.compress(syntax, generate_instance_uid=False)
    return data


def enhanced():
    """Two frames with functional groups, in sequences of undefined length."""
    def group(**attributes):
        item = Dataset()
        for name, value in attributes.items():
            setattr(item, name, value)
        return Sequence([item])
    data = image(sop_class=EnhancedMRImageStorage, frames=2)
    shared = Dataset()
    shared.PlaneOrientationSequence = group(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    shared.PixelMeasuresSequence = group(PixelSpacing=[0.5, 0.5], SliceThickness=2)
    data.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for z in (0, 2):
        frame = Dataset()
        frame.PlanePositionSequence = group(ImagePositionPatient=[0, 0, z])
        frame.FrameContentSequence = group(StackID="1", InStackPositionNumber=z // 2 + 1)
        frames.append(frame)
    data.PerFrameFunctionalGroupsSequence = Sequence(frames)
    for name in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        data[name].is_undefined_length = True
    return data


def headers():
    for name, syntax in (("explicit", ExplicitVRLittleEndian), ("big-endian", ExplicitVRBigEndian),
                         ("implicit", ImplicitVRLittleEndian),
                         ("deflated", DeflatedExplicitVRLittleEndian)):
        write("header", name, as_file(image(syntax)))
    write("header", "enhanced", as_file(enhanced()))
    for name, syntax in (("rle", RLELossless), ("jpeg-ls", JPEGLSLossless),
                         ("jpeg-2000", JPEG2000Lossless)):
        write("header", name, as_file(compressed(syntax)))
    whole = as_file(image())
    write("header", "without-meta-header", whole[whole.index(b"\x08\x00\x08\x00CS"):])
    write("header", "truncated", whole[:-40])


def pictures():
    """Files that fuzz_header makes a picture of: colours, palettes, a Modality LUT."""
    colour = image(bits=8)
    colour.SamplesPerPixel, colour.PhotometricInterpretation = 3, "YBR_FULL"
    colour.PlanarConfiguration, colour.PixelData = 1, bytes(range(192))
    write("header", "ybr-planes", as_file(colour))
    colour.PhotometricInterpretation, colour.PlanarConfiguration = "YBR_FULL_422", 0
    colour.PixelData = bytes(range(128))
    write("header", "ybr-422", as_file(colour))
    for name, attribute, table in (("palette", "{}PaletteColorLookupTableData", bytes(range(64))),
                                   ("palette-segmented", "Segmented{}PaletteColorLookupTableData",
                                    bytes([0, 2, 5, 9, 1, 62, 255, 0]))):
        indexed = image(bits=8)
        indexed.PhotometricInterpretation = "PALETTE COLOR"
        for tone in ("Red", "Green", "Blue"):
            setattr(indexed, f"{tone}PaletteColorLookupTableDescriptor", [64, 0, 8])
            setattr(indexed, attribute.format(tone), table)
        write("header", name, as_file(indexed))
    grey, item = image(), Dataset()
    grey.PhotometricInterpretation, grey.PixelPaddingValue = "MONOCHROME1", 0
    item.LUTDescriptor, item.ModalityLUTType, item.LUTData = [4, 3, 16], "OD", [9, 99, 999, 9999]
    item["LUTDescriptor"].VR = item["LUTData"].VR = "US"
    grey.ModalityLUTSequence = Sequence([item])
    write("header", "modality-lut", as_file(grey))


def codestream(codec, content, bits=16, samples=1, size=None):
    side = JPEG_2000_SIDE if codec == JPEG_2000 else SIDE
    rows, columns = size or (side, side)
    head = [codec, rows - 1, columns - 1, samples > 1, {8: 0, 16: 1}[bits], bits - 1, 0]
    return bytes(map(int, head)) + content


def frame_of(data):
    return next(generate_frames(data.PixelData, number_of_frames=1))


def by_dcmtk(option, bits):
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.dcm", Path(folder) / "out.dcm"
        source.write_bytes(as_file(image(bits=bits)))
        subprocess.run(["dcmcjpeg", option, source, target], check=True)
        return frame_of(dcmread(target))


def codecs():
    for codec, name, syntax in ((RLE, "rle", RLELossless), (JPEG_LS, "jpeg-ls", JPEGLSLossless),
                                (JPEG_2000, "jpeg-2000", JPEG2000Lossless)):
        write("codecs", name, codestream(codec, frame_of(compressed(syntax))))
    write("codecs", "jpeg-lossless", codestream(JPEG_LOSSLESS, by_dcmtk("+e1", 16)))
    write("codecs", "jpeg-extended", codestream(JPEG_EXTENDED, by_dcmtk("+ee", 8), bits=8))
    grey, colour = io.BytesIO(), io.BytesIO()
    picture = Image.fromarray(ramp(np.uint8))
    picture.save(grey, "JPEG")
    write("codecs", "jpeg-baseline", codestream(JPEG_BASELINE, grey.getvalue(), bits=8))
    picture.convert("RGB").save(colour, "JPEG")
    write("codecs", "jpeg-colour", codestream(JPEG_BASELINE, colour.getvalue(), 8, 3))
    wide = io.BytesIO()
    wide_picture = Image.fromarray(ramp(np.uint8, JPEG_2000_SIDE)).convert("RGB")
    wide_picture.save(wide, "JPEG2000", no_jp2=False)
    write("codecs", "palette", codestream(PALETTE, bytes([0, 2, 5, 9, 1, 62, 255]), 8))
    write("codecs", "jp2-colour", codestream(JPEG_2000, wide.getvalue(), 8, 3))
    for name in ("lossless_rpcl", "lossy"):
        content = (HTJ2K / f"{name}.j2c").read_bytes()
        write("codecs", f"htj2k-{name}", codestream(JPEG_2000, content, size=(36, 40)))


def series():
    """As fuzz_series.cpp reads them: a step, a count, then what is odd of each instance and frame."""
    usual = [1] * 3 + [1] + [1] * 9
    def instances(*odd):
        return bytes([3, len(odd) - 1] + [b for what in odd for b in usual + [1, what]])
    write("series", "regular", instances(0, 0, 0, 0))
    for what in range(1, 16):
        write("series", f"odd-{what:02}", instances(0, 0, what, 0) + bytes(range(1, 25)))


if __name__ == "__main__":
    headers()
    pictures()
    codecs()
    series()
    sizes = [f.stat().st_size for f in CORPUS.rglob("*") if f.is_file()]
    print(f"{len(sizes)} seeds, {sum(sizes)} bytes")
