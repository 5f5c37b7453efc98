#!/usr/bin/env python3
"""The whole job as users put it together today: DICOM files in, label map, SEG and SR out.

usage: whole_job_peers.py monai|nnunet TASK.json

monai: PydicomReader, Orientation, Spacing, ScaleIntensityRange, the network on the whole image,
Invert, AsDiscrete. nnunet: SimpleITK reads, nnU-Net's own resampling functions (as a plan has them by
default) before and behind the network. Both: voxels counted with cc3d, SEG and SR by highdicom. The
labels that are written are those of the network. Prints one JSON line: how long each part took
(parts_s), and where the labels lie.
"""
import json
import os
import sys
import time
from pathlib import Path

START = time.perf_counter()


class Parts:
    def __init__(self):
        self.seconds, self.last = {}, START

    def end(self, name):
        now = time.perf_counter()
        self.seconds[name] = round(now - self.last, 3)
        self.last = now


def with_monai(task, parts):
    import numpy as np
    import torch
    from monai.data import MetaTensor
    from monai.transforms import (AsDiscreted, Compose, EnsureChannelFirstd, Invertd, LoadImaged, Orientationd,
                                  ScaleIntensityRanged, Spacingd)
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    network = torch.jit.load(task["network"]).eval()
    parts.end("import")
    item = Compose([LoadImaged("image", reader="PydicomReader"), EnsureChannelFirstd("image")])(
        {"image": task["series"]})
    parts.end("read")
    low, high = task["window"]
    before = Compose([Orientationd("image", axcodes="RAS"),
                      Spacingd("image", pixdim=[task["spacing_mm"]] * 3, mode="bilinear"),
                      ScaleIntensityRanged("image", low, high, 0, 1, clip=True)])
    item = before(item)
    parts.end("preprocess")
    with torch.inference_mode():
        scores = network(item["image"].as_tensor()[None].float())[0]
    parts.end("network")
    item["pred"] = MetaTensor(scores, meta=item["image"].meta)
    behind = Compose([Invertd("pred", transform=before, orig_keys="image", nearest_interp=False),
                      AsDiscreted("pred", argmax=True)])
    labels = behind(item)["pred"][0].numpy().astype(np.uint8).transpose(2, 1, 0)
    if item["image"].meta["original_affine"][2, 2] < 0:
        labels = labels[::-1]  # read from the top; the SEG's frames go upwards
    parts.end("labels")
    return labels


def with_nnunet(task, parts):
    from functools import partial
    from types import SimpleNamespace

    import numpy as np
    import SimpleITK
    import torch
    from nnunetv2.inference.export_prediction import (
        convert_predicted_logits_to_segmentation_with_correct_shape as to_labels)
    from nnunetv2.preprocessing.resampling import default_resampling
    from nnunetv2.utilities.label_handling.label_handling import LabelManager
    threads = int(os.environ["OMP_NUM_THREADS"])
    torch.set_num_threads(threads)
    network = torch.jit.load(task["network"]).eval()
    parts.end("import")
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(task["series"]))
    image = reader.Execute()
    values = SimpleITK.GetArrayFromImage(image).astype(np.float32)[None]
    spacing = list(image.GetSpacing()[::-1])
    parts.end("read")
    low, high = task["window"]
    np.clip(values, low, high, out=values)
    values -= low
    values /= high - low
    wanted = [task["spacing_mm"]] * 3
    size = values.shape[1:]
    shape = default_resampling.compute_new_shape(size, spacing, wanted)
    shown = default_resampling.resample_data_or_seg_to_shape(
        values, shape, spacing, wanted, order=3, order_z=0, force_separate_z=None)
    parts.end("preprocess")
    with torch.inference_mode():
        scores = network(torch.from_numpy(shown)[None].float())[0].half()
    parts.end("network")
    configuration = SimpleNamespace(spacing=wanted, resampling_fn_probabilities=partial(
        default_resampling.resample_data_or_seg_to_shape, is_seg=False, order=1, order_z=0,
        force_separate_z=None))
    plans = SimpleNamespace(transpose_forward=[0, 1, 2], transpose_backward=[0, 1, 2])
    names = {"background": 0} | {f"class {i}": i for i in range(1, task["classes"])}
    labels = to_labels(scores, plans, configuration, LabelManager(names, None), dict(
        spacing=spacing, shape_after_cropping_and_before_resampling=size, shape_before_cropping=size,
        bbox_used_for_cropping=[[0, n] for n in size]), num_threads_torch=threads)
    parts.end("labels")
    return labels.astype(np.uint8)


def write(task, labels, parts):
    """SEG and SR, as ours are: a group per class with its volume."""
    import cc3d
    import highdicom
    import numpy as np
    import pydicom
    from pydicom.sr.codedict import codes
    from pydicom.uid import generate_uid
    counts = cc3d.statistics(labels)["voxel_counts"]
    parts.end("measure")
    files = sorted((pydicom.dcmread(f) for f in Path(task["series"]).glob("*.dcm")),
                   key=lambda h: float(h.ImagePositionPatient[2]))
    algorithm = highdicom.AlgorithmIdentificationSequence(
        name="peer", version="1", family=codes.cid7162.ArtificialIntelligence)
    found = [i for i in range(1, task["classes"]) if i < len(counts) and counts[i] > 0]
    segments = [highdicom.seg.SegmentDescription(n + 1, f"class {i}", codes.SCT.Organ, codes.SCT.Kidney,
                                                 "AUTOMATIC", algorithm) for n, i in enumerate(found)]
    numbers = np.zeros(256, np.uint8)
    for n, i in enumerate(found):
        numbers[i] = n + 1
    seg = highdicom.seg.Segmentation(files, numbers[labels], "BINARY", segments, generate_uid(), 100,
                                     generate_uid(), 1, "peer", "peer", "1", "1")
    seg.save_as(Path(task["out"]) / "seg.dcm")
    parts.end("seg")
    sr = highdicom.sr
    source = sr.SourceImageForSegmentation.from_source_image(files[0])
    spacing = [float(v) for v in files[0].PixelSpacing]
    step = float(files[1].ImagePositionPatient[2]) - float(files[0].ImagePositionPatient[2])
    groups = [sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=generate_uid(), identifier=f"class {i}"),
        referenced_segment=sr.ReferencedSegment(seg.SOPClassUID, seg.SOPInstanceUID, n + 1,
                                                source_images=[source]),
        finding_type=codes.SCT.Kidney, measurements=[sr.Measurement(
            name=codes.SCT.Volume, value=float(counts[i]) * spacing[0] * spacing[1] * step,
            unit=codes.UCUM.CubicMillimeter)]) for n, i in enumerate(found)]
    device = sr.ObserverContext(codes.DCM.Device, sr.DeviceObserverIdentifyingAttributes(
        uid=generate_uid(), name="peer"))
    report = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=device),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion, imaging_measurements=groups)
    document = sr.Comprehensive3DSR(
        evidence=[*files, seg], content=report, series_number=101, series_instance_uid=generate_uid(),
        sop_instance_uid=generate_uid(), instance_number=1, manufacturer="peer", is_complete=True,
        is_final=True)
    document.save_as(Path(task["out"]) / "sr.dcm")
    parts.end("sr")


def main():
    kind, path = sys.argv[1:]
    task, parts = json.loads(Path(path).read_text()), Parts()
    labels = {"monai": with_monai, "nnunet": with_nnunet}[kind](task, parts)
    write(task, labels, parts)
    labels.tofile(Path(task["out"]) / "labels.u8")
    print(json.dumps(dict(parts_s=parts.seconds)))


if __name__ == "__main__":
    main()
