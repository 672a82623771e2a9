"""Damaged files of every kind that a reader takes, each made from a sound one by one change."""

import gzip
import io
import json
import struct
import zipfile
import zlib

import nibabel
import nrrd
import numpy as np
from PIL import Image

from support.dicom import NORMAL, slice_bytes, xray_bytes
from support.meshes import ascii_stl, box_mesh, obj_bytes, ply_bytes, stl_bytes

VALUES = (np.arange(120, dtype=np.int16).reshape(4, 5, 6) * 17) % 1000
PIXELS = (np.arange(12 * 14, dtype=np.uint16).reshape(12, 14) * 31) % 4000


def nifti(values=VALUES, dtype=np.int16):
    return nibabel.Nifti1Image(values.astype(dtype), np.diag([2.0, 2.0, 3.0, 1.0])).to_bytes()


def nrrd_bytes(folder, **header):
    fields = {"space": "LPS", "space directions": np.eye(3), "space origin": np.zeros(3)} | header
    nrrd.write(str(folder / "made.nrrd"), VALUES, fields)
    return (folder / "made.nrrd").read_bytes()


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def ct_zip(**changes):
    """A zip of three slices, the second of which is changed."""
    slices = {n: slice_bytes(n, VALUES[:, :, n], 2.0 * n * NORMAL, **(changes if n == 1 else {})) for n in range(3)}
    return zipped({f"{n}.dcm": data for n, data in slices.items()})


def encrypted(data):
    """A zip whose members say that they are encrypted, in both headers."""
    changed = bytearray(data)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = changed.find(mark)
        while at >= 0:
            changed[at + place] |= 1
            at = changed.find(mark, at + 4)
    return bytes(changed)


def bad_deflate(data):
    """A zip whose first member's compressed bytes are noise."""
    at = data.find(b"PK\x03\x04")
    length = struct.unpack("<H", data[at + 26 : at + 28])[0]
    first = at + 30 + length
    return data[:first] + b"\xff" * 40 + data[first + 40 :]


def image(kind):
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, format=kind)
    return stream.getvalue()


def npy(array=PIXELS):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def damaged_volumes(folder):
    """Return {file name: bytes} of volumes that no reader can take."""
    sound_nifti, sound_nrrd, sound_zip = nifti(), nrrd_bytes(folder), ct_zip()
    four = np.stack([VALUES, VALUES], axis=-1)
    nrrd.write(
        str(folder / "four.nrrd"),
        four,
        {"space": "LPS", "space directions": np.eye(4, 3), "kinds": ["domain"] * 3 + ["list"]},
    )
    huge = bytearray(sound_nifti)
    huge[40:56] = struct.pack("<8h", 3, 32767, 32767, 32767, 1, 1, 1, 1)
    return {
        "empty.nii": b"",
        "noise.nii": b"noise " * 100,
        "head only.nii": sound_nifti[:348],
        "cut.nii": sound_nifti[:-7],
        "huge.nii": bytes(huge),
        "cut.nii.gz": gzip.compress(sound_nifti)[:-20],
        "noise in gzip.nii.gz": gzip.compress(b"noise " * 100),
        "bad deflate.nii.gz": gzip.compress(sound_nifti)[:30] + b"\xff" * 60,
        "not gzip.nii.gz": sound_nifti,
        "empty.nrrd": b"",
        "noise.nrrd": b"NRRD0004\nnoise\n\n",
        "cut.nrrd": sound_nrrd[:-20],
        "no sizes.nrrd": b"\n".join(line for line in sound_nrrd.split(b"\n") if not line.startswith(b"sizes")),
        "bad type.nrrd": sound_nrrd.replace(b"type: int16", b"type: dream", 1).replace(
            b"type: short", b"type: dream", 1
        ),
        "four axes.nrrd": (folder / "four.nrrd").read_bytes(),
        "no directions.nrrd": nrrd_bytes(folder, **{"space directions": np.full((3, 3), np.nan)}),
        "empty.zip": b"",
        "no member.zip": zipped({}),
        "cut.zip": sound_zip[: len(sound_zip) // 2],
        "encrypted.zip": encrypted(sound_zip),
        "bad deflate.zip": bad_deflate(sound_zip),
        "no intercept's value.zip": ct_zip(RescaleIntercept=""),
        "no position's value.zip": ct_zip(ImagePositionPatient=[]),
        "two numbers of position.zip": ct_zip(ImagePositionPatient=[1.0, 2.0]),
        "no orientation's value.zip": ct_zip(ImageOrientationPatient=[]),
        "zero orientation.zip": ct_zip(ImageOrientationPatient=[0.0] * 6),
        "no rows.zip": ct_zip(Rows=None),
        "too many rows.zip": ct_zip(Rows=60000, Columns=60000),
        "few pixels.zip": ct_zip(PixelData=b"\0" * 7),
        "unknown syntax.zip": ct_zip(transfer_syntax="1.2.840.10008.1.2.4.9999"),
        "jpeg without a stream.zip": ct_zip(
            transfer_syntax="1.2.840.10008.1.2.4.70", PixelData=b"\xfe\xff\x00\xe0\0\0\0\0"
        ),
        "nothing.xyz": b"",
    }


def damaged_meshes():
    """Return {file name: bytes} of meshes that no reader can take."""
    box = box_mesh()
    return {
        "empty.stl": b"",
        "cut.stl": stl_bytes(box)[:-9],
        "short.stl": b"\0" * 20,
        "no number.stl": ascii_stl(box).replace(b"vertex 0", b"vertex x", 1),
        "no end.stl": ascii_stl(box)[:300],
        "nan.stl": stl_bytes(box)[:96] + struct.pack("<f", float("nan")) * 9 + stl_bytes(box)[132:],
        "empty.ply": b"",
        "no header.ply": b"ply\n",
        "cut.ply": ply_bytes(box)[:-40],
        "counts too many.ply": ply_bytes(box, facets=99),
        "no coordinates.ply": ply_bytes(box).replace(b"property float y\n", b"", 1),
        "empty.obj": b"",
        "far vertex.obj": obj_bytes(box) + b"f 1 2 999\n",
        "word.obj": obj_bytes(box) + b"f a b c\n",
        "bytes.obj": bytes(range(256)) * 20,
    }


def damaged_frames():
    """Return {file name: bytes} of frames that no reader can take."""
    chunk = struct.pack(">I", 13) + b"IHDR" + struct.pack(">IIBBBBB", 60000, 60000, 16, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", zlib.crc32(chunk[4:])) + image("PNG")[33:]
    nested = b"\x93NUMPY\x01\x00" + struct.pack("<H", 6000) + b"(" * 6000
    return {
        "empty.png": b"",
        "cut.png": image("PNG")[:60],
        "huge.png": bomb,
        "cut.tif": image("TIFF")[:40],
        "noise.tif": b"II*\0" + b"\xff" * 60,
        "cut.npy": npy()[:-5],
        "head.npy": npy()[:20],
        "objects.npy": npy()[:10] + npy()[10:].replace(b"'<u2'", b"'|O' ", 1),
        "nested.npy": nested,
        "negative.npy": npy().replace(b"(12, 14)", b"(-2, 14)", 1),
        "cut.dcm": xray_bytes(PIXELS[None])[:-20],
        "no rows.dcm": xray_bytes(PIXELS[None], Rows=None),
        "words for frames.dcm": xray_bytes(PIXELS[None], NumberOfFrames=77).replace(b"IS\x02\x0077", b"IS\x02\x00xy"),
        "nothing.dcm": b"\0" * 128 + b"DICM",
        "text.json": json.dumps({"frame": 1}).encode(),
    }


def tiff_bytes(values, sample_format):
    """A TIFF of one strip of integers as they are, which Pillow cannot write; sample_format 1 is unsigned, 2 signed."""
    rows, columns = values.shape
    fields = [
        (256, columns),
        (257, rows),
        (258, 8 * values.itemsize),
        (259, 1),
        (262, 1),
        (273, 0),
        (277, 1),
        (278, rows),
    ]
    fields += [(279, values.nbytes), (339, sample_format)]
    start = 8 + 2 + 12 * len(fields) + 4
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, start if tag == 273 else value) for tag, value in fields)
    head = b"II*\0" + struct.pack("<IH", 8, len(fields))
    return head + entries + bytes(4) + values.astype(values.dtype.newbyteorder("<")).tobytes()
