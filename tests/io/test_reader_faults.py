"""Every reader's fault is an error of ours: a table of damaged files per reader, and what is said of a fault."""

import zipfile
import zlib

import pytest

from fluoropose.errors import FrameError, InputError, MeshError, VolumeError
from fluoropose.io.frames import read_frame_file
from fluoropose.io.meshes import read_mesh
from fluoropose.io.reader_faults import fault_text, name_file, translate_faults
from fluoropose.io.runs import read_run
from fluoropose.io.volumes import read_volume
from support.damaged import damaged_frames, damaged_meshes, damaged_volumes

pytestmark = pytest.mark.filterwarnings("ignore")
"""A reader's warnings about a damaged file must not be what refuses it."""


def refused(read, kind, files, folder):
    """Return the message that each file is refused with; raise what is no error of ours."""
    words = {}
    for name, data in files.items():
        (folder / name).write_bytes(data)
        try:
            read(folder / name)
        except kind as error:
            words[name] = str(error)
    assert words.keys() == files.keys()
    assert all("\n" not in said and len(said) < 500 for said in words.values())
    return words


def test_a_damaged_volume_is_refused(tmp_path):
    words = refused(read_volume, VolumeError, damaged_volumes(tmp_path), tmp_path)
    expected = {
        "encrypted.zip": "encrypted", "bad deflate.zip": "readable 0.dcm in the zip", "few pixels.zip": "decoded in 1.dcm",
        "unknown syntax.zip": "decoded in 1.dcm", "jpeg without a stream.zip": "decoded in 1.dcm",
        "no position's value.zip": "3 numbers as Image Position (Patient) in 1.dcm, got nothing",
        "no intercept's value.zip": "a number as Rescale Intercept in 1.dcm, got nothing",
        "four axes.nrrd": "got 4 axes", "huge.nii": "at most 1,073,741,824 voxels",
    }  # fmt: skip
    assert {name: said for name, said in expected.items() if said not in words[name]} == {}


def test_a_damaged_mesh_is_refused(tmp_path):
    refused(read_mesh, MeshError, damaged_meshes(), tmp_path)


@pytest.mark.parametrize("read", [read_frame_file, read_run])
def test_a_damaged_frame_is_refused(tmp_path, read):
    refused(read, FrameError, damaged_frames(), tmp_path)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (MemoryError(), "a size that does not fit into the memory"),
        (RecursionError("maximum recursion depth exceeded"), "parts that are nested too deeply"),
        (zipfile.BadZipFile("File is not a zip file"), "a damaged zip archive (File is not a zip file)"),
        (FileNotFoundError(2, "No such file or directory"), "no such file"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (KeyError("sizes"), "damaged content (KeyError: 'sizes')"),
        (AssertionError(), "damaged content (AssertionError)"),
        (zlib.error("Error -3 while\n decompressing"), "Error -3 while decompressing"),
        (EOFError(), "damaged content (EOFError)"),
        (ValueError("x" * 1000), "x" * 236 + " ..."),
    ],
)
def test_a_fault_is_said_on_one_line(fault, words):
    assert fault_text(fault) == words


def test_errors_of_ours_pass_and_others_become_of_the_kind():
    inner = InputError("expected this, got that")
    with pytest.raises(InputError) as caught, translate_faults(VolumeError, "a volume in a.nii"):
        raise inner
    assert caught.value is inner
    with pytest.raises(VolumeError, match=r"^expected a volume in a.nii, got: damaged content \(KeyError: 'x'\)$"):
        with translate_faults(VolumeError, "a volume in a.nii"):
            raise KeyError("x")


def test_what_ends_the_program_passes():
    with pytest.raises(KeyboardInterrupt), translate_faults(VolumeError, "a volume"):
        raise KeyboardInterrupt


def test_a_file_is_named_once(tmp_path):
    for said, expected in (("expected a", r"^expected a \(in b.dcm\)$"), ("expected b.dcm", "^expected b.dcm$")):
        with pytest.raises(FrameError, match=expected), name_file(tmp_path / "b.dcm"):
            raise FrameError(said)
