#!/usr/bin/env python3
"""SEG and SR of a label map, as people write them today.

usage: result_writers.py TOOL KIND SERIES LABELS.raw SEGMENTS OUT.dcm, then one line per run
       TOOL highdicom or dcmqi; KIND binary, labelmap-rle or sr

What is timed: headers of the series read, object made and written; dcmqi is a program of its own and reads the
label map (NRRD) too; it has no RLE, so that its label maps are uncompressed. Prints one JSON line per run.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def peak_mb():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def headers(series):
    import pydicom
    found = [pydicom.dcmread(f, stop_before_pixels=True) for f in sorted(Path(series).glob("*.dcm"))]
    return sorted(found, key=lambda h: float(h.ImagePositionPatient[2]))


def highdicom_seg(kind, series, labels, count, out):
    import highdicom as hd
    from pydicom.sr.codedict import codes
    from pydicom.uid import ExplicitVRLittleEndian, RLELossless, generate_uid

    def run():
        algorithm = hd.AlgorithmIdentificationSequence(name="peer", version="1",
                                                       family=codes.cid7162.ArtificialIntelligence)
        segments = [hd.seg.SegmentDescription(i, f"organ {i}", codes.SCT.Organ, codes.SCT.Kidney, "AUTOMATIC",
                                              algorithm) for i in range(1, count + 1)]
        seg = hd.seg.Segmentation(
            headers(series), labels, "BINARY" if kind == "binary" else "LABELMAP", segments, generate_uid(), 100,
            generate_uid(), 1, "peer", "peer", "1", "1",
            transfer_syntax_uid=ExplicitVRLittleEndian if kind == "binary" else RLELossless)
        seg.save_as(out)
    return run


def highdicom_sr(series, count, out):
    import highdicom as hd
    from highdicom import sr
    from pydicom.dataset import Dataset
    from pydicom.sr.codedict import codes
    from pydicom.uid import generate_uid

    def run():
        images = headers(series)
        seg = Dataset()
        for word in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyInstanceUID"):
            setattr(seg, word, images[0].get(word, ""))
        seg.SOPClassUID, seg.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.66.4", generate_uid()
        seg.SeriesInstanceUID = generate_uid()
        source = sr.SourceImageForSegmentation.from_source_image(images[0])
        groups = [sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(uid=generate_uid(), identifier=f"organ {i}"),
            referenced_segment=sr.ReferencedSegment(seg.SOPClassUID, seg.SOPInstanceUID, i, source_images=[source]),
            finding_type=codes.SCT.Kidney, finding_sites=[sr.FindingSite(anatomic_location=codes.SCT.Kidney)],
            measurements=[sr.Measurement(name=codes.SCT.Volume, value=1000.0 + i, unit=codes.UCUM.CubicMillimeter)])
            for i in range(1, count + 1)]
        device = sr.ObserverContext(codes.DCM.Device, sr.DeviceObserverIdentifyingAttributes(generate_uid(), name="peer"))
        report = sr.MeasurementReport(observation_context=sr.ObservationContext(observer_device_context=device),
                                      procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
                                      imaging_measurements=groups)
        hd.sr.Comprehensive3DSR(
            evidence=[*images, seg], content=report, series_number=101, series_instance_uid=generate_uid(),
            sop_instance_uid=generate_uid(), instance_number=1, manufacturer="peer", is_complete=True,
            is_final=True).save_as(out)
    return run


def code(value, meaning, scheme="SCT"):
    return {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}


def dcmqi_program(name):
    import dcmqi
    return next(Path(dcmqi.__file__).parent.rglob(f"bin/{name}"))


def dcmqi_seg(kind, series, labels, count, out, work):
    import SimpleITK as sitk
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(series))
    image = sitk.GetImageFromArray(labels)
    image.CopyInformation(reader.Execute())
    sitk.WriteImage(image, str(work / "labels.nrrd"))
    (work / "seg.json").write_text(json.dumps({
        "ContentCreatorName": "peer", "SeriesDescription": "seg", "SeriesNumber": "100", "InstanceNumber": "1",
        "BodyPartExamined": "CHEST", "ContentLabel": "SEGMENTATION", "ContentDescription": "x",
        "ClinicalTrialSeriesID": "1", "ClinicalTrialTimePointID": "1", "ClinicalTrialCoordinatingCenterName": "x",
        "segmentAttributes": [[{
            "labelID": i, "SegmentDescription": f"organ {i}", "SegmentLabel": f"organ {i}",
            "SegmentAlgorithmType": "AUTOMATIC", "SegmentAlgorithmName": "peer",
            "SegmentedPropertyCategoryCodeSequence": code("123037004", "Anatomical Structure"),
            "SegmentedPropertyTypeCodeSequence": code("64033007", "Kidney"),
            "recommendedDisplayRGBValue": [200, 100, 50]} for i in range(1, count + 1)]]}))
    command = [dcmqi_program("itkimage2segimage"), "--inputImageList", work / "labels.nrrd", "--inputDICOMDirectory",
               series, "--outputDICOM", out, "--inputMetadata", work / "seg.json", "--skip", "1",
               "--segmentationType", "binary" if kind == "binary" else "labelmap",
               "--compress", "none"] + (["--useLabelIDAsSegmentNumber"] if kind != "binary" else [])
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def dcmqi_sr(series, count, out, work):
    import pydicom
    images = headers(series)
    seg = work / "seg.dcm"
    labels = np.zeros((len(images), images[0].Rows, images[0].Columns), np.uint8)
    for i in range(count):
        labels[0, 0, i] = i + 1
    dcmqi_seg("binary", series, labels, count, seg, work)()
    (work / "sr.json").write_text(json.dumps({
        "SeriesDescription": "Measurements", "SeriesNumber": "1001", "InstanceNumber": "1",
        "compositeContext": [seg.name], "imageLibrary": [Path(x.filename).name for x in images],
        "observerContext": {"ObserverType": "DEVICE", "DeviceObserverName": "peer", "DeviceObserverUID": "1.2.3.4"},
        "VerificationFlag": "UNVERIFIED", "CompletionFlag": "COMPLETE", "activitySession": "1", "timePoint": "1",
        "Measurements": [{
            "MeasurementGroup": str(i), "TrackingIdentifier": f"organ {i}", "ReferencedSegment": i,
            "SourceSeriesForImageSegmentation": str(images[0].SeriesInstanceUID),
            "segmentationSOPInstanceUID": str(pydicom.dcmread(seg, stop_before_pixels=True).SOPInstanceUID),
            "Finding": code("64033007", "Kidney"),
            "measurementItems": [{"value": f"{1000 + i}", "quantity": code("118565006", "Volume"),
                                  "units": code("mm3", "cubic millimeter", "UCUM")}]}
            for i in range(1, count + 1)]}))
    command = [dcmqi_program("tid1500writer"), "--inputImageLibraryDirectory", series,
               "--inputCompositeContextDirectory", work, "--outputDICOM", out, "--inputMetadata", work / "sr.json"]
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    tool, kind, series, file, count, out = sys.argv[1:]
    count, out = int(count), Path(out)
    images = headers(series)
    labels = np.fromfile(file, np.uint8).reshape(len(images), images[0].Rows, images[0].Columns)
    labels = np.where(labels <= count, labels, 0).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if tool == "highdicom":
            run = highdicom_sr(series, count, out) if kind == "sr" else highdicom_seg(kind, series, labels, count, out)
        else:
            run = dcmqi_sr(series, count, out, work) if kind == "sr" else dcmqi_seg(kind, series, labels, count, out, work)
        for _ in sys.stdin:
            out.unlink(missing_ok=True)
            times = os.times()
            start = time.perf_counter()
            run()
            seconds = time.perf_counter() - start
            after = os.times()
            child_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
            print(json.dumps(dict(seconds=seconds, cpu_s=sum(after[:4]) - sum(times[:4]),
                                  peak_mb=child_mb if tool == "dcmqi" else peak_mb(), bytes=out.stat().st_size)),
                  flush=True)


main()
