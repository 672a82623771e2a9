"""Uploaded files are checked in a process of their own, one at a time."""

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.serving.upload_check import UploadCheck, upload_suffix
from support.damaged import image, nifti, npy, zipped
from support.meshes import box_mesh, stl_bytes


def test_a_kind_is_told_by_bytes_or_name():
    expected = {
        ".nii": (nifti(), "x"), ".zip": (zipped({"a": b""}), ""), ".png": (image("PNG"), "a.nii"), ".npy": (npy(), ""),
        ".tif": (image("TIFF"), ""), ".json": (b' {"kind": "c_arm"}', ""), ".txt": (b"image size", "cam1.txt"),
        ".stl": (stl_bytes(box_mesh()), "part.STL"),
    }  # fmt: skip
    assert {upload_suffix(data[:1024], name, len(data)) for data, name in expected.values()} == set(expected)
    with pytest.raises(InputError, match="got other bytes as 'a.doc'"):
        upload_suffix(b"\xff\xd8", "a.doc", 2)


def test_a_file_is_checked_in_another_process():
    report = UploadCheck().check(npy(np.arange(400, dtype=np.uint16).reshape(20, 20)), "frame.npy")
    assert (report["understood"]["what"], report["understood"]["rows"]) == ("frame", 20)


def test_a_damaged_file_is_an_error_in_the_report():
    report = UploadCheck().check(nifti()[:400], "ct.nii")
    assert report["findings"][0]["code"] == "invalid-volume"
    assert report["findings"][0]["severity"] == "error"
