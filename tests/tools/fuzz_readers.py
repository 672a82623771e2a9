"""Mutated files of every kind a reader takes: nothing but errors of ours may come out.

`python tests/tools/fuzz_readers.py --minutes 10 --reader nifti` fuzzes one reader, without `--reader` one after the
other. The minutes are of this process's CPU time, so that neither a pause nor a slow machine shortens a run. A file that
a reader fails on, or takes longer than ten seconds for, is kept, and its path printed. Seeds are fixed: a run is
repeated by its seed.
"""

import argparse
import gzip
import logging
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fluoropose.errors import FluoroposeError
from fluoropose.io.geometry_files import geometry_in_file
from fluoropose.io.meshes import read_mesh
from fluoropose.io.runs import read_run
from fluoropose.io.volumes import read_volume
from fluoropose.io.xa_field import read_image_field
from support.damaged import PIXELS, VALUES, ct_zip, nifti, npy
from support.dicom import NORMAL, compressed, enhanced_bytes, enhanced_xa, slice_bytes, xray_bytes
from support.meshes import ascii_stl, box_mesh, obj_bytes, ply_bytes, stl_bytes
from support.reader_seeds import (
    Change,
    json_seeds,
    mha_seeds,
    nrrd_seeds,
    packed_nifti,
    packed_png,
    packed_zip,
    picture_seeds,
    read_any_json,
    tiff_seeds,
)

LARGE = np.tile(VALUES[:, :, :3], (6, 6, 1))
SLOWEST_S = 10.0
"""Of CPU time for one small file."""

SYNTAXES = ("JPEGLosslessProcess14_1", "JPEGLSLossless", "JPEG2000Lossless", "RLELossless")


@dataclass(frozen=True)
class Reader:
    """A reader, the ending of its files, sound ones to begin with, and one whose content is changed inside its packing.

    Without the last, checksums refuse most changed files before anything in them is looked at.
    """

    read: Callable[[Path], Any]
    ending: str
    seeds: tuple[bytes, ...]
    packed: Callable[[Change], bytes] | None = None


def read_slice(path: Path) -> Any:
    """Read a slice as the first of a series: beside it lie two sound ones."""
    folder = path.parent / "series"
    folder.mkdir(exist_ok=True)
    for n in (1, 2):
        if not (folder / f"{n}.dcm").exists():
            (folder / f"{n}.dcm").write_bytes(slice_bytes(n, LARGE[:, :, n].T, list(1.5 * n * NORMAL)))
    (folder / "0.dcm").write_bytes(path.read_bytes())
    return read_volume(folder)


def read_xray(path: Path) -> None:
    """Read the frames, the geometry and the field of an X-ray image: each may refuse, in words of ours."""
    refusals = []
    for read in (read_run, geometry_in_file, read_image_field):
        try:
            read(path)
        except FluoroposeError as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]


def readers() -> dict[str, Reader]:
    """Return the readers by name."""
    with tempfile.TemporaryDirectory() as folder:
        nrrds = nrrd_seeds(Path(folder))
    box, plane = box_mesh(), slice_bytes(0, LARGE[:, :, 0].T, [0.0, 0.0, 0.0])
    packed = enhanced_bytes(LARGE, order=range(3))
    xray = xray_bytes(LARGE.transpose(2, 1, 0))
    return {
        "nifti": Reader(read_volume, ".nii", (nifti(),)),
        "nifti-gz": Reader(read_volume, ".nii.gz", (gzip.compress(nifti(), mtime=0),), packed_nifti),
        "nrrd": Reader(read_volume, ".nrrd", nrrds),
        "mha": Reader(read_volume, ".mha", mha_seeds()),
        "zip": Reader(read_volume, ".zip", (ct_zip(),), packed_zip),
        "dicom": Reader(read_volume, ".dcm", (enhanced_bytes(VALUES, order=range(6)),)),
        "dicom-slice": Reader(read_slice, ".dcm", (plane, *(compressed(plane, one) for one in SYNTAXES))),
        "dicom-packed": Reader(read_volume, ".dcm", tuple(compressed(packed, one) for one in SYNTAXES)),
        "dicom-frame": Reader(read_xray, ".dcm", (xray_bytes(PIXELS[None]), enhanced_xa(PIXELS[None]))),
        "dicom-frame-packed": Reader(read_run, ".dcm", tuple(compressed(xray, one) for one in SYNTAXES)),
        "stl": Reader(read_mesh, ".stl", (stl_bytes(box), ascii_stl(box))),
        "ply": Reader(read_mesh, ".ply", (ply_bytes(box),)),
        "obj": Reader(read_mesh, ".obj", (obj_bytes(box),)),
        "png": Reader(read_run, ".png", picture_seeds(), packed_png),
        "tiff": Reader(read_run, ".tif", tiff_seeds()),
        "npy": Reader(read_run, ".npy", (npy(),)),
        "json": Reader(read_any_json, ".json", json_seeds()),
    }


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Return a file with one to four changes: bytes flipped, set, cut out, doubled, put in, numbers made extreme."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        if not changed:
            break
        # Headers hold what can go wrong: half of all changes are made in the first four hundred bytes.
        reach = len(changed) if rng.random() < 0.5 else min(len(changed), 400)
        at = int(rng.integers(reach))
        length = int(rng.integers(1, 17))
        kind = int(rng.integers(8))
        if kind == 0:
            changed[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            changed[at : at + length] = rng.bytes(min(length, len(changed) - at))
        elif kind == 2:
            del changed[at : at + length]
        elif kind == 3:
            changed[at:at] = changed[at : at + length]
        elif kind == 4:
            word = (b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\x00\x00\x00\x00", b"99999999", b"-1", b"nan")
            extreme = word[int(rng.integers(len(word)))]
            changed[at : at + len(extreme)] = extreme
        elif kind == 5:
            del changed[at:]
        elif kind == 6:
            changed[at:at] = (b"9" * 400, b"[" * 3000, b"1e999", b"-0.0", b"\n\n")[int(rng.integers(5))]
        else:
            changed[at:at] = bytes(int(rng.integers(1, 400)))
    return bytes(changed)


def fuzz(
    reader: Reader, folder: Path, rng: np.random.Generator, enough: Callable[[int], bool]
) -> tuple[int, int, list]:
    """Read mutated files until it is enough; return how many were read, how many refused, and (bytes, exception)."""
    count, refused, failures = 0, 0, []
    path = folder / f"fuzzed{reader.ending}"
    while not enough(count):
        if reader.packed is not None and rng.random() < 0.5:
            data = reader.packed(lambda sound: mutated(sound, rng))
        else:
            data = mutated(reader.seeds[count % len(reader.seeds)], rng)
        path.write_bytes(data)
        count, began = count + 1, time.process_time()
        try:
            reader.read(path)
        except FluoroposeError:
            refused += 1
        except BaseException as error:
            failures.append((data, error))
            if isinstance(error, KeyboardInterrupt):
                raise
        took = time.process_time() - began
        if took > SLOWEST_S:
            failures.append((data, TimeoutError(f"{took:.1f} s of CPU time for one file")))
    return count, refused, failures


def main() -> int:
    """Fuzz for some minutes, print what was read and what failed, and return 1 if anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of CPU time for each reader")
    parser.add_argument("--reader", choices=sorted(readers()), action="append", help="only this; repeatable")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--keep", type=Path, default=Path("fuzz-failures"), help="where files go that a reader fails on"
    )
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    failed = 0
    for name, reader in readers().items():
        if given.reader and name not in given.reader:
            continue
        end = time.process_time() + 60.0 * given.minutes
        with tempfile.TemporaryDirectory() as folder:
            rng = np.random.default_rng(given.seed)
            count, refused, failures = fuzz(reader, Path(folder), rng, lambda _, end=end: time.process_time() > end)
        print(f"{name}: {count} files, {refused} refused, {len(failures)} failures", flush=True)
        for n, (data, error) in enumerate(failures[:20]):
            given.keep.mkdir(exist_ok=True)
            (given.keep / f"{name}-{given.seed}-{n}{reader.ending}").write_bytes(data)
            traceback.print_exception(error)
        failed += len(failures)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
