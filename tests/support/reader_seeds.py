"""Sound files of every kind a reader takes, and files whose content was changed before it was packed."""

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fluoropose.errors import FluoroposeError
from fluoropose.geometry.conversion.convert import GEOMETRY_KINDS, write_geometry
from fluoropose.geometry.conversion.imaging_geometry import ImagingGeometry
from fluoropose.io.check_kinds import check_geometry
from fluoropose.io.distortion_files import read_distortion
from fluoropose.io.poses import read_pose
from support.damaged import PIXELS, VALUES, ct_zip, image, nifti, nrrd_bytes, tiff_bytes, zipped
from support.fuzzing import with_right_sums
from support.geometries import some_geometry

__all__ = [
    "Change", "json_seeds", "mha_seeds", "nrrd_seeds", "packed_nifti", "packed_png", "packed_zip", "picture_seeds",
    "read_any_json", "tiff_seeds",
]  # fmt: skip

Change = Callable[[bytes], bytes]

_MHA_HEAD = (
    b"ObjectType = Image\nNDims = 3\nBinaryData = True\nCompressedData = False\nTransformMatrix = 1 0 0 0 1 0 0 0 1\n"
    b"Offset = 0 0 0\nElementSpacing = 1 1 2\nDimSize = 4 5 6\nElementType = MET_SHORT\nElementDataFile = LOCAL\n"
)


def mha_seeds() -> tuple[bytes, ...]:
    """MetaImage as it is and compressed."""
    pixels = VALUES.tobytes(order="F")
    small = zlib.compress(pixels)
    head = _MHA_HEAD.replace(b"CompressedData = False", b"CompressedData = True\nCompressedDataSize = %d" % len(small))
    return _MHA_HEAD + pixels, head + small


def nrrd_seeds(folder: Path) -> tuple[bytes, ...]:
    """NRRD in gzip, raw, as text, and in metres."""
    plain = tuple(nrrd_bytes(folder, encoding=one) for one in ("gzip", "raw", "ascii", "bzip2"))
    return (*plain, nrrd_bytes(folder, **{"encoding": "raw", "space units": ["mm", "mm", "mm"]}))


def picture_seeds() -> tuple[bytes, ...]:
    """PNG of 16 and of 8 bits, with text and a resolution beside the pixels."""
    small = Image.fromarray((PIXELS >> 4).astype(np.uint8))
    notes = PngInfo()
    notes.add_text("Comment", "made by a test", zip=True)
    return image("PNG"), _saved(small, "PNG", pnginfo=notes, dpi=(300, 300))


def tiff_seeds() -> tuple[bytes, ...]:
    """TIFF of one page and of several, of signed and of 32-bit numbers, compressed."""
    picture, small = Image.fromarray(PIXELS), Image.fromarray((PIXELS >> 4).astype(np.uint8))
    packed = [_saved(picture, "TIFF", compression=one) for one in ("tiff_lzw", "tiff_deflate", "packbits")]
    pages = _saved(picture, "TIFF", save_all=True, append_images=[picture, picture])
    signed, wide = tiff_bytes(PIXELS.astype(np.int16), 2), tiff_bytes(PIXELS.astype(np.uint32), 1)
    return (image("TIFF"), *packed, pages, signed, wide, _saved(small, "TIFF", compression="jpeg"))


def json_seeds() -> tuple[bytes, ...]:
    """A geometry of every kind, a distortion and a pose."""
    whole = some_geometry()
    flat = ImagingGeometry(whole.camera, None, 1200.0)
    written = []
    for kind in GEOMETRY_KINDS:
        for geometry in (whole, flat):
            try:
                written.append(write_geometry(geometry, kind, {}).fields)
                break
            except FluoroposeError:
                continue
    others = [{"coefficients": [0.1, 0.01, 0.0, 0.0, 0.0]}, {"camera_from_volume": np.eye(4).tolist()}]
    return tuple(json.dumps(one).encode() for one in written + others)


def read_any_json(path: Path) -> None:
    """Read a file as everything that JSON may hold; raise the last error of ours if it is nothing of all."""
    camera = some_geometry().camera
    refusals: list[FluoroposeError] = []
    readers: tuple[Callable[[Path], object], ...] = (
        check_geometry,
        read_pose,
        lambda one: read_distortion(one, camera),
    )
    for read in readers:
        try:
            read(path)
        except FluoroposeError as error:
            refusals.append(error)
    if len(refusals) == len(readers):
        raise refusals[-1]


def packed_png(change: Change) -> bytes:
    """A PNG that was changed, with right checksums: the reader looks at what its chunks hold."""
    return with_right_sums(change(image("PNG")))


def packed_nifti(change: Change) -> bytes:
    """A NIfTI file that was changed, then compressed."""
    return gzip.compress(change(nifti()), mtime=0)


def packed_zip(change: Change) -> bytes:
    """A zip of a series whose second slice was changed before it was packed."""
    with zipfile.ZipFile(io.BytesIO(ct_zip())) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return zipped(members | {"1.dcm": change(members["1.dcm"])})


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format=kind, **options)
    return stream.getvalue()
