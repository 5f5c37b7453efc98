"""A head as voxels and an affine, read from and written as single-frame MR images with pydicom."""
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid
from pydicom.valuerep import format_number_as_ds

# Words that no other text holds, so that a leak is seen.
PATIENT_NAME, PATIENT_ID, BIRTH_DATE = "Quixwort^Zebedee", "ZQ-7731-XK", "19470229"
SECRETS = ("Quixwort", "Zebedee", PATIENT_ID)


@dataclass
class Head:
    voxels: np.ndarray  # [column, row, slice]
    affine: np.ndarray  # 4 x 4: (column, row, slice) -> LPS mm
    places: np.ndarray | None = None  # of unevenly spaced slices, in steps of the affine's third column

    @property
    def spacing(self):
        return np.linalg.norm(self.affine[:3, :3], axis=0)

    def to_mm(self, index):
        return self.affine[:3, :3] @ np.asarray(index, float) + self.affine[:3, 3]


def read_head(folder):
    """Reads one series; slices sorted along the normal of the first."""
    images = []
    for file in Path(folder).rglob("*"):
        if file.is_file():
            images.append(pydicom.dcmread(file))
    row, column = np.reshape([float(v) for v in images[0].ImageOrientationPatient], (2, 3))
    images.sort(key=lambda i: np.dot(np.cross(row, column), [float(v) for v in i.ImagePositionPatient]))
    first, last = (np.array([float(v) for v in i.ImagePositionPatient]) for i in (images[0], images[-1]))
    between_rows, between_columns = map(float, images[0].PixelSpacing)
    affine = np.eye(4)
    affine[:3, 0] = between_columns * row
    affine[:3, 1] = between_rows * column
    affine[:3, 2] = (last - first) / (len(images) - 1)
    affine[:3, 3] = first
    return Head(np.stack([i.pixel_array.T for i in images], axis=2), affine)


def stored_as(head, order=(0, 1, 2), flips=()):
    """The same anatomy with its axes in another order and some of them (of the new ones) reversed."""
    voxels = head.voxels.transpose(order)
    affine = head.affine.copy()
    affine[:3, :3] = head.affine[:3, :3][:, list(order)]
    for axis in flips:
        voxels = np.flip(voxels, axis)
        affine[:3, 3] += (voxels.shape[axis] - 1) * affine[:3, axis]
        affine[:3, axis] *= -1
    return Head(voxels, affine)


def moved(head, transform):
    """The same voxels in another place: `transform` is 4 x 4, LPS mm to LPS mm."""
    return replace(head, affine=transform @ head.affine)


def cut(head, axis, begin, end):
    """Slabs [begin, end) of an axis."""
    affine = head.affine.copy()
    affine[:3, 3] += begin * affine[:3, axis]
    kept = [slice(None)] * 3
    kept[axis] = slice(begin, end)
    return Head(head.voxels[tuple(kept)], affine)


def padded(head, voxels):
    """Air on all sides."""
    affine = head.affine.copy()
    affine[:3, 3] -= voxels * affine[:3, :3].sum(axis=1)
    return Head(np.pad(head.voxels, voxels), affine)


def pose(rng, degrees, millimetres, centre):
    """A random rigid move about `centre`: +-degrees about each axis, +-millimetres along each."""
    matrix = np.eye(4)
    for axis, angle in enumerate(np.radians(rng.uniform(-degrees, degrees, 3))):
        turn = np.eye(4)
        a, b = [i for i in range(3) if i != axis]
        turn[[a, a, b, b], [a, b, a, b]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
        matrix = turn @ matrix
    matrix[:3, 3] = centre - matrix[:3, :3] @ centre + rng.uniform(-millimetres, millimetres, 3)
    return matrix


def resliced(head, places, lean):
    """Other slices of the same anatomy, linear: at `places` (in slices of `head`), each shifted along
    its columns by `lean` rows a slice, as a tilted gantry does."""
    columns, rows, _ = head.voxels.shape
    # The middle slice stays where it is, so that the head stays in the field of view.
    offset = lean * (np.asarray(places) - (places[0] + places[-1]) / 2)
    voxels = np.zeros((columns, rows, len(places)), head.voxels.dtype)
    row = np.arange(rows)
    for k, place in enumerate(places):
        low = min(int(place), head.voxels.shape[2] - 2)
        flat = head.voxels[:, :, low] * (1 - place + low) + head.voxels[:, :, low + 1] * (place - low)
        for c in range(columns):
            voxels[c, :, k] = np.rint(np.interp(row + offset[k], row, flat[c], 0, 0))
    affine = head.affine.copy()
    affine[:3, 3] = head.to_mm((0, offset[0], places[0]))
    affine[:3, 2] = head.affine[:3, 2] + lean * head.affine[:3, 1]
    return Head(voxels, affine, np.asarray(places) - places[0])


def uid_of(*words):
    return generate_uid(prefix="2.25.", entropy_srcs=list(words))


def decimals(values):
    return [format_number_as_ds(float(v)) for v in values]


def write_head(head, folder, name, instance_numbers="ascending", rng=None):
    """Writes the head as a study of its own. @return its Study Instance UID

    `instance_numbers`: ascending, descending or shuffled along the slices; file names follow them.
    """
    folder = Path(folder)
    folder.mkdir(parents=True)
    columns, rows, slices = head.voxels.shape
    numbers = np.arange(1, slices + 1)
    if instance_numbers == "descending":
        numbers = numbers[::-1]
    if instance_numbers == "shuffled":
        numbers = rng.permutation(numbers)
    voxels = np.ascontiguousarray(head.voxels.transpose(2, 1, 0)).astype("<i2")
    directions = head.affine[:3, :3] / head.spacing
    for k in range(slices):
        ds = FileDataset("", {}, preamble=b"\0" * 128, file_meta=FileMetaDataset())
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = MRImageStorage
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid_of(name, "image", str(k))
        ds.StudyInstanceUID = uid_of(name, "study")
        ds.SeriesInstanceUID = uid_of(name, "series")
        ds.FrameOfReferenceUID = uid_of(name, "frame")
        ds.PatientName, ds.PatientID, ds.PatientBirthDate = PATIENT_NAME, PATIENT_ID, BIRTH_DATE
        ds.PatientSex, ds.StudyDate, ds.StudyTime = "O", "20200102", "030405"
        ds.StudyID, ds.AccessionNumber, ds.ReferringPhysicianName = "7", "", ""
        ds.Modality, ds.Manufacturer, ds.SeriesNumber = "MR", "nobody", 1
        ds.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
        ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = "GR", "NONE", ""
        ds.MRAcquisitionType, ds.EchoTime, ds.EchoTrainLength = "3D", "3", 1
        ds.PositionReferenceIndicator = ""
        ds.InstanceNumber = int(numbers[k])
        place = k if head.places is None else head.places[k]
        ds.ImagePositionPatient = decimals(head.to_mm((0, 0, place)))
        ds.ImageOrientationPatient = decimals(np.r_[directions[:, 0], directions[:, 1]])
        ds.PixelSpacing = decimals((head.spacing[1], head.spacing[0]))
        ds.SliceThickness = decimals([head.spacing[2]])[0]
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.Rows, ds.Columns = rows, columns
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
        ds.PixelData = voxels[k].tobytes()
        ds["PixelData"].VR = "OW"
        ds.save_as(folder / f"{numbers[k]:04d}.dcm", enforce_file_format=True)
    return uid_of(name, "study")


def rename_patient(folder):
    """Puts the telltale patient into every file of a folder."""
    for file in Path(folder).rglob("*.dcm"):
        ds = pydicom.dcmread(file)
        ds.PatientName, ds.PatientID = PATIENT_NAME, PATIENT_ID
        ds.save_as(file)
