#!/usr/bin/env python3
"""Writes the seeds in corpus/, one folder per target. Synthetic: a ramp of 8 x 8 pixels, no patient.

usage: make_corpus.py [RESULTS]  (into the folder corpus/ beside this script)

RESULTS is a folder of what `osler run` made of the sample head-mr (tools/sample), with every object
that docs/destinations.md has: of these the seeds of fuzz_reading are made.

Needs pydicom, numpy, Pillow, pylibjpeg, pylibjpeg-openjpeg and pyjpegls, and dcmcjpeg (Debian:
dcmtk). The seeds are committed; run it again only to add some.
"""
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import dcmread, dcmwrite
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.sequence import Sequence
from pydicom.uid import (Comprehensive3DSRStorage, CTImageStorage, DeflatedExplicitVRLittleEndian,
                         EnhancedMRImageStorage, ExplicitVRBigEndian, ExplicitVRLittleEndian,
                         ImplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless)

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


def shrunk(path):
    """A result of `osler run` on the sample, small: no patient, one finding, two of everything."""
    data = dcmread(path)
    for keyword in ("ContributingEquipmentSequence", "StudyDescription", "PositionReferenceIndicator"):
        if keyword in data:
            delattr(data, keyword)
    for element in list(data.group_dataset(0x0010)):
        del data[element.tag]
    data.PatientName, data.PatientID = "Phantom^Sample", "1"
    if "PixelData" in data:
        data.PixelData = data.PixelData[:64]
    for keyword in ("EncapsulatedDocument", "IconImageSequence"):
        if keyword in data:
            delattr(data, keyword)
    data.walk(lambda _, element: shorten(element))
    shorter_ids(data)
    return data


def shorten(element):
    if element.VR == "SQ" and len(element.value) > 2:
        # Of a report's content the context stands first and the findings last.
        ends = element.value[-2:] if element.keyword == "ContentSequence" else []
        element.value = Sequence([*element.value[:2], *ends])
    elif element.keyword == "ContourData":
        element.value = element.value[:12]


def shorter_ids(data):
    """UIDs of 2.25 are most of such a file."""
    known = {}
    def renumber(_, element):
        if element.VR == "UI" and str(element.value).startswith("2.25."):
            element.value = known.setdefault(str(element.value), f"2.25.{len(known) + 1}")
    data.walk(renumber)
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID


def coded(item, keyword, value, scheme, meaning):
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    setattr(item, keyword, Sequence([code]))


def content(kind, relationship="CONTAINS", children=(), **attributes):
    item = Dataset()
    item.RelationshipType, item.ValueType = relationship, kind
    coded(item, "ConceptNameCodeSequence", "121071", "DCM", "Finding")
    for name, value in attributes.items():
        setattr(item, name, value)
    if children:
        item.ContentSequence = Sequence(children)
    return item


def report(*children):
    """A report with nothing but its content."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = Comprehensive3DSRStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.3.1"
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = "1.2.3", "1.2.3.4", "SR"
    data.ValueType, data.ContinuityOfContent = "CONTAINER", "SEPARATE"
    data.ContentSequence = Sequence(children)
    return data


def every_value_type():
    sop = Dataset()
    sop.ReferencedSOPClassUID, sop.ReferencedSOPInstanceUID = CTImageStorage, "1.2.3.9"
    sop.ReferencedFrameNumber, sop.ReferencedSegmentNumber = [1, 2], [1, 3]
    wave = Dataset()
    wave.ReferencedSOPInstanceUID, wave.ReferencedWaveformChannels = "1.2.3.8", [1, 1, 1, 2]
    value = Dataset()
    value.NumericValue, value.FloatingPointValue = "1923.679", 1923.67891
    coded(value, "MeasurementUnitsCodeSequence", "mm3", "UCUM", "mm3")
    number = content("NUM", MeasuredValueSequence=Sequence([value]))
    missing = content("NUM")
    coded(missing, "NumericValueQualifierCodeSequence", "114006", "DCM", "Failure")
    code = content("CODE")
    coded(code, "ConceptCodeSequence", "7771000", "SCT", "Left")
    reference = Dataset()
    reference.RelationshipType, reference.ReferencedContentItemIdentifier = "INFERRED FROM", [1, 2]
    return report(
        content("TEXT", TextValue="words"), number, missing, code, reference,
        content("PNAME", PersonName="Osler^William"), content("UIDREF", UID="1.2"),
        content("DATE", Date="20200229"), content("TIME", Time="101112.5"),
        content("DATETIME", DateTime="20200229101112+0100"),
        content("IMAGE", ReferencedSOPSequence=Sequence([sop])),
        content("WAVEFORM", ReferencedSOPSequence=Sequence([wave])),
        content("SCOORD", GraphicType="POLYLINE", GraphicData=[1.5, 2, 3, 4]),
        content("SCOORD3D", GraphicType="POINT", GraphicData=[1, 2, 3],
                ReferencedFrameOfReferenceUID="1.2.3.5"),
        content("TCOORD", TemporalRangeType="SEGMENT", ReferencedTimeOffsets=["0.5", "2"]))


def nested(depth):
    item = content("CONTAINER")
    for _ in range(depth):
        item = content("CONTAINER", children=[item])
    return item


def texts():
    """One report for each way to write text, right and wrong."""
    for name, terms, raw in (
            ("japanese", "\\ISO 2022 IR 87\\ISO 2022 IR 159", b"\x1b$B;3ED\x1b(B\r\n\x1b$(D0!\x1b(B"),
            ("katakana", "ISO 2022 IR 13\\ISO 2022 IR 87", b"\xd4\xcf\x1b$B;3\x1b(J~"),
            ("korean", "\\ISO 2022 IR 149", b"\x1b$)C\xb1\xe6\xb5\xbf\t\xb1\xe6\xc9\xa1"),
            ("chinese", "\\ISO 2022 IR 58", b"\x1b$)A\xd5\xc5\x1b-F\xc4"),
            ("gb18030", "GB18030", b"\xcd\xf5\x94\x39\xfc\x36\x81\x5c\xff"),
            ("greek", "ISO 2022 IR 100\\ISO 2022 IR 126", b"\x1b-F\xc4\n\xc4\x1b[2J"),
            ("undeclared", "", b"caf\xc3\xa9 caf\xe9"),
            ("misspelt", "ISO-IR 100", b"caf\xe9"),
            ("utf-8", "ISO_IR 192", b"\xc3\xa9\xc3\xf0\x9f\x98\x80")):
        item = content("TEXT")
        item.add(DataElement(0x0040A160, "UT", raw))
        item.add(DataElement(0x00080005, "CS", terms))
        raw_name = content("PNAME")
        raw_name.add(DataElement(0x0040A123, "PN", raw + b"^" + raw + b"=" + raw))
        raw_name.add(DataElement(0x00080005, "CS", terms))
        yield name, report(item, raw_name)


def write_report(name, data):
    """In sequences of undefined length: what a search makes longer stays whole."""
    def open_ended(_, element):
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
    data.walk(open_ended)
    write("reading", name, as_file(data))


def reading(folder):
    """@param folder  of results of the sample head-mr, all objects among them (docs/destinations.md)"""
    for name in ("sr", "seg", "ko", "pr", "rtstruct", "report.pdf"):
        write_report(name, shrunk(next(Path(folder).rglob(f"{name}.dcm"))))
    write_report("value-types", every_value_type())
    write_report("nested", report(nested(12)))
    write_report("too-deep", report(nested(58)))
    for name, data in texts():
        write_report(f"text-{name}", data)


if __name__ == "__main__":
    headers()
    pictures()
    codecs()
    series()
    if len(sys.argv) > 1:
        reading(sys.argv[1])
    sizes = [f.stat().st_size for f in CORPUS.rglob("*") if f.is_file()]
    print(f"{len(sizes)} seeds, {sum(sizes)} bytes")
