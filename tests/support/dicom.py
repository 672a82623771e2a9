"""A made-up CT series: sheared, shuffled or broken as a test wants it."""

import io
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    EnhancedXAImageStorage,
    ExplicitVRLittleEndian,
    XRayAngiographicImageStorage,
    generate_uid,
)

ROW = np.array([0.0, 1.0, 0.0])
COLUMN = np.array([0.0, 0.0, -1.0])
NORMAL = np.cross(ROW, COLUMN)
SERIES = generate_uid()


def slice_bytes(n: int, pixels: np.ndarray, position, transfer_syntax=ExplicitVRLittleEndian, **changes) -> bytes:
    """A CT slice as a file's bytes; a change to None takes the element away."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    item = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    item.SOPClassUID, item.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    item.Modality, item.SeriesInstanceUID, item.InstanceNumber = "CT", SERIES, n
    item.Rows, item.Columns = pixels.shape
    item.PixelSpacing = [0.8, 0.6]
    item.ImageOrientationPatient = [*ROW, *COLUMN]
    item.ImagePositionPatient = [float(value) for value in position]
    item.SamplesPerPixel, item.PhotometricInterpretation = 1, "MONOCHROME2"
    item.BitsAllocated, item.BitsStored, item.HighBit, item.PixelRepresentation = 16, 16, 15, 1
    item.RescaleSlope, item.RescaleIntercept = 2.0, -1024.0
    item.PixelPaddingValue = -2000
    item.PixelData = pixels.astype(np.int16).tobytes()
    _change(item, changes)
    stream = io.BytesIO()
    item.save_as(stream, enforce_file_format=True)
    # The syntax is put into the header at the end, so that a test may name one that nothing can write.
    ours, wanted = str(ExplicitVRLittleEndian).encode(), str(transfer_syntax).encode()
    return stream.getvalue() if wanted == ours else _with_syntax(stream.getvalue(), str(transfer_syntax))


def overlay(marked: np.ndarray, group=0x6002, origin=(1, 1), **changes) -> dict:
    """Return the elements of an overlay plane, (rows, columns) or (frames, rows, columns), by their tags."""
    bits = np.packbits(marked.ravel(), bitorder="little").tobytes()
    fields = {
        0x10: ("US", marked.shape[-2]),
        0x11: ("US", marked.shape[-1]),
        0x40: ("CS", "G"),
        0x50: ("SS", list(origin)),
    }
    fields |= {0x100: ("US", 1), 0x102: ("US", 0), 0x3000: ("OW", bits + b"\0" * (len(bits) % 2))}
    if marked.ndim == 3:
        fields[0x15] = ("IS", len(marked))
    return {f"{group:04X}{at:04X}": one for at, one in (fields | changes).items()}


def _change(item, changes) -> None:
    for name, value in changes.items():
        if isinstance(value, tuple):
            item.add_new(int(name, 16), *value)
        elif value is None:
            delattr(item, name)
        else:
            setattr(item, name, value)


def _with_syntax(data: bytes, syntax: str) -> bytes:
    item = pydicom.dcmread(io.BytesIO(data))
    item.file_meta.TransferSyntaxUID = UID(syntax)
    if UID(syntax).is_transfer_syntax and UID(syntax).is_compressed:
        item["PixelData"].VR, item["PixelData"].is_undefined_length = "OB", True
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, item, implicit_vr=False, little_endian=True, force_encoding=True)
    return stream.getvalue()


def slice_file(path: Path, n: int, pixels: np.ndarray, position: np.ndarray, **changes) -> None:
    path.write_bytes(slice_bytes(n, pixels, position, **changes))


def series(folder: Path, values: np.ndarray, *, step_mm: float = 1.5, shear: float = 0.0, **changes) -> Path:
    """Write values (columns, rows, slices), stored numbers, in an order that file names do not tell."""
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(values.shape[2]):
        position = np.array([10.0, -20.0, 30.0]) + n * step_mm * (NORMAL + shear * ROW)
        slice_file(folder / f"{(5 * n + 3) % values.shape[2]:03d}.dcm", n, values[:, :, n].T, position, **changes)
    return folder


def read_again(path: Path):
    return pydicom.dcmread(path)


def xray_bytes(frames: np.ndarray, **fields) -> bytes:
    """A multi-frame X-ray image (frames, rows, columns) as a file's bytes."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = XRayAngiographicImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    item = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    item.SOPClassUID, item.SOPInstanceUID = XRayAngiographicImageStorage, meta.MediaStorageSOPInstanceUID
    item.Modality, item.SamplesPerPixel, item.PhotometricInterpretation = "XA", 1, "MONOCHROME2"
    item.NumberOfFrames, item.Rows, item.Columns = frames.shape
    item.BitsAllocated, item.BitsStored, item.HighBit, item.PixelRepresentation = 16, 16, 15, 0
    item.PixelData = frames.astype(np.uint16).tobytes()
    _change(item, fields)
    stream = io.BytesIO()
    item.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def enhanced_xa(frames: np.ndarray, angles=(10.0, 20.0, 30.0), **shared) -> bytes:
    """An enhanced XA image (PS3.3 A.47): lengths in shared functional groups, an angle per frame in its own.

    `shared` are sequences, by name, of one item with the attributes of a mapping.
    """
    groups = {
        "FramePixelDataPropertiesSequence": {"ImagerPixelSpacing": [0.3, 0.2]},
        "XRayGeometrySequence": {"DistanceSourceToDetector": 1100.0, "DistanceSourceToIsocenter": 700.0},
        **shared,
    }
    own = [
        [("PositionerPositionSequence", {"PositionerPrimaryAngle": x, "PositionerSecondaryAngle": 5.0})] for x in angles
    ]
    return xray_bytes(
        frames,
        SOPClassUID=EnhancedXAImageStorage,
        SharedFunctionalGroupsSequence=[_group(groups.items())],
        PerFrameFunctionalGroupsSequence=[_group(one) for one in own[: len(frames)]],
    )


def _group(sequences) -> Dataset:
    group = Dataset()
    for name, fields in sequences:
        item = Dataset()
        _change(item, fields)
        setattr(group, name, [item])
    return group


def enhanced_bytes(
    values: np.ndarray, step_mm=1.5, order=None, positions=True, sop_class=EnhancedCTImageStorage, **changes
) -> bytes:
    """An enhanced, multi-frame CT (PS3.3 A.38) of values (columns, rows, frames), its frames in a shuffled order."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    item = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    item.SOPClassUID, item.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    item.Modality, item.SeriesInstanceUID, item.ImageType = "CT", SERIES, ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    item.Columns, item.Rows, item.NumberOfFrames = values.shape
    item.SamplesPerPixel, item.PhotometricInterpretation = 1, "MONOCHROME2"
    item.BitsAllocated, item.BitsStored, item.HighBit, item.PixelRepresentation = 16, 16, 15, 1
    order = [(3 * n + 1) % values.shape[2] for n in range(values.shape[2])] if order is None else list(order)
    measures, plane, rescale = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, plane.ImageOrientationPatient = [0.8, 0.6], [*ROW, *COLUMN]
    rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 2.0, -1024.0, "HU"
    shared = Dataset()
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [plane]
    shared.PixelValueTransformationSequence = [rescale]
    item.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for n in order:
        group, position = Dataset(), Dataset()
        position.ImagePositionPatient = [float(x) for x in np.array([10.0, -20.0, 30.0]) + n * step_mm * NORMAL]
        group.PlanePositionSequence = [position]
        groups.append(group if positions else Dataset())
    item.PerFrameFunctionalGroupsSequence = groups
    item.PixelData = np.ascontiguousarray(values[:, :, order].transpose(2, 1, 0)).astype(np.int16).tobytes()
    _change(item, changes)
    stream = io.BytesIO()
    item.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def compressed(data: bytes, syntax: str) -> bytes:
    """A file's pixels compressed by GDCM with a transfer syntax of its names."""
    import gdcm

    with tempfile.TemporaryDirectory() as folder:
        plain, packed = f"{folder}/plain.dcm", f"{folder}/packed.dcm"
        Path(plain).write_bytes(data)
        reader = gdcm.ImageReader()
        reader.SetFileName(plain)
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        writer.SetFileName(packed)
        assert writer.Write()
        return Path(packed).read_bytes()


def ends_gdcm(data: bytes) -> bytes:
    """A file's pixels as JPEG 2000 with one byte changed: they claim 122 bits, and GDCM ends its process."""
    packed = compressed(data, "JPEG2000Lossless")
    precision = packed.index(b"\xff\x4f\xff\x51") + 42
    assert packed[precision] in (0x0F, 0x8F)
    return packed[:precision] + b"\x79" + packed[precision + 1 :]


def deflated(data: bytes, extra: bytes = b"") -> bytes:
    """A DICOM file of explicit little endian with its data set deflated, and bytes after that in it."""
    dataset = pydicom.dcmread(io.BytesIO(data))
    meta = 132 + 12 + int(dataset.file_meta.FileMetaInformationGroupLength)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    head = io.BytesIO()
    pydicom.filewriter.write_file_meta_info(head, dataset.file_meta, enforce_standard=True)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return data[:132] + head.getvalue() + deflater.compress(data[meta:] + extra) + deflater.flush()


def without_preamble(data: bytes) -> bytes:
    """A file's data set alone, as some archives store it: no preamble, no file meta information."""
    item = pydicom.dcmread(io.BytesIO(data))
    stream = io.BytesIO()
    bare = Dataset()
    bare.update({element.tag: element for element in item})
    pydicom.dcmwrite(stream, bare, implicit_vr=True, little_endian=True)
    return stream.getvalue()
