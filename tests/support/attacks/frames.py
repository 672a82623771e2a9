"""Attacks by what a frame or a request says: bombs, slow decoding, numbers that are none."""

import io
import json
import struct
import zlib

import numpy as np
import pydicom
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from support.attacks.runner import Attack
from support.dicom import xray_bytes


def _run_length(rows, columns, payload, bits=16):
    dataset = pydicom.dcmread(io.BytesIO(xray_bytes(np.zeros((1, 2, 2)))))
    dataset.file_meta.TransferSyntaxUID = RLELossless
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelData = pydicom.encaps.encapsulate([payload])
    dataset["PixelData"].VR = "OB"
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def _deflated(size):
    plain = xray_bytes(np.zeros((1, 4, 4)))
    dataset = pydicom.dcmread(io.BytesIO(plain))
    length = int(dataset.file_meta.FileMetaInformationGroupLength) + 12
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    parts = [deflater.compress(plain[132 + length :])]
    element = struct.pack("<HH2sH", 0x0019, 0x1010, b"LO", 0) * 2**17
    parts += [deflater.compress(element) for _ in range(size // len(element))]
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    head = io.BytesIO()
    pydicom.filewriter.write_file_meta_info(head, dataset.file_meta, enforce_standard=True)
    return b"\0" * 128 + b"DICM" + head.getvalue() + b"".join(parts) + deflater.flush()


def _post(target, body, kind):
    with target.client() as client:
        session = client.post("/v1/sessions", json=target.opening).json()["session"]
        answer = client.post(f"/v1/sessions/{session}/frames", content=body, headers={"Content-Type": kind})
        client.delete(f"/v1/sessions/{session}")
    return f"{answer.status_code} {answer.json().get('code', 'answered')}"


_BUILT = {}


def _built(name, make):
    if name not in _BUILT:
        _BUILT[name] = make()
    return _BUILT[name]


def run_length_bomb(target):
    body = _built("rle", lambda: _run_length(65535, 48000, struct.pack("<16I", 2, 64, 80, *[0] * 13) + b"\x81\0" * 8))
    return _post(target, body, "application/dicom")


def deflated_bomb(target):
    return _post(target, _built("deflated", lambda: _deflated(2**31)), "application/dicom")


def slow_run_length(target):
    """A frame of the largest size in runs of one pixel: seconds for a decoder that is written in Python."""
    body = _built("slow", lambda: _run_length(4096, 4096, struct.pack("<16I", 1, 64, *[0] * 14) + b"\0\1" * 2**24, 8))
    return _post(target, body, "application/dicom")


def _npy(shape, descr="'<u2'"):
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}"
    header = text.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header + b"\0" * 64


NPY = [
    _npy(shape) for shape in ("(-4, -8)", "(True, 32)", "((4, 8), 1)", "(10**9, 10**9)", "(99999999999999999999, 4)")
] + [_npy("(4, 8)", "(((("), _npy("(4, 8)", "'''"), _npy("(4L, 8", "1")]


def npy_headers(target):
    return {_post(target, body, "application/x-npy") for body in NPY}


def huge_numbers(target):
    """A `seq` of 4,000 digits and lengths of 1e308, over HTTP."""
    seen = set()
    with target.client() as client:
        session = client.post("/v1/sessions", json=target.opening).json()["session"]
        meta = '{"dtype": "uint16", "seq": ' + "9" * 4000 + "}"
        headers = {"Content-Type": "application/octet-stream", "X-Frame-Meta": meta}
        answers = [client.post(f"/v1/sessions/{session}/frames", content=target.pixels, headers=headers)]
        camera = {"rows": 96, "columns": 128, "row_spacing_mm": 1.0, "column_spacing_mm": 1.0}
        lengths = ({"source_to_detector_mm": 1e308}, {"source_to_detector_mm": 1000.0, "row_spacing_mm": 1e-308})
        for length in lengths:
            answers.append(client.post("/v1/sessions", json=target.opening | {"camera": camera | length}))
        pose = np.diag([1e308, 1.0, 1.0, 1.0]).tolist()
        answers.append(client.post("/v1/sessions", json=target.opening | {"initial_pose": pose}))
        many = json.dumps({"case": "small", "cases": [0] * 100_000})
        for path in ("/v1/sessions", "/v1/register", "/v1/render"):
            answers.append(client.post(path, content=many, headers={"Content-Type": "application/json"}))
        seen |= {f"{answer.status_code} {answer.json()['code']}" for answer in answers}
        client.delete(f"/v1/sessions/{session}")
    return seen


_INVALID = ("422 invalid-frame",)

ATTACKS = [
    Attack(2, "run-length bomb", "700 bytes of DICOM that announce 6 GB", _INVALID, run_length_bomb),
    Attack(2, "deflated bomb", "2 MB of DICOM that inflate to 2 GB", _INVALID, deflated_bomb),
    Attack(2, "slow run lengths", "a DICOM frame of 4096 x 4096 in runs of one pixel", _INVALID, slow_run_length),
    Attack(9, "npy headers", "shapes that are negative, huge, bool, nested; headers that are none", _INVALID, npy_headers),
    Attack(
        9, "huge numbers", "seq of 4,000 digits, lengths and poses of 1e308, 100,000 objects",
        ("422 invalid-request", "422 invalid-geometry", "422 invalid-frame"), huge_numbers,
    ),
]  # fmt: skip
