"""A file's kind of geometry is told by its content."""

import json

import numpy as np
import pytest

from fluoropose.errors import FluoroposeError, InputError
from fluoropose.geometry.conversion.convert import GEOMETRY_KINDS, read_geometry, write_geometry
from fluoropose.io.geometry_files import geometry_in_file
from support.dicom import xray_bytes
from support.geometries import require_same, some_geometry


@pytest.mark.parametrize("kind", [kind for kind in GEOMETRY_KINDS if kind not in ("dicom_xa", "jointtrack")])
def test_every_kind_is_told(tmp_path, kind):
    fields = write_geometry(some_geometry(), kind, {}).fields
    path = tmp_path / "file"
    path.write_text(fields["text"] if "text" in fields else json.dumps(fields))
    found = geometry_in_file(path)
    assert found["kind"] == kind
    require_same(read_geometry(found), some_geometry(), lengths=False)


def test_jointtrack_and_dicom_are_told(tmp_path):
    path = tmp_path / "file"
    path.write_text("JT_INTCALIB\n1198\n0\n0\n0.373\n")
    assert geometry_in_file(path)["kind"] == "jointtrack"
    path.write_bytes(xray_bytes(np.zeros((1, 12, 16))))
    assert geometry_in_file(path)["kind"] == "dicom_xa"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"intrinsic_matrix": 1, "tolerance": {}}, "intrinsic"),
        ({"rows": 1}, "distances"),
        ({"sdd": 1}, "diffdrr"),
        ({"detector": {}}, "xvr"),
    ],
)
def test_json_without_a_kind(tmp_path, value, kind):
    (tmp_path / "a.json").write_text(json.dumps(value))
    found = geometry_in_file(tmp_path / "a.json")
    assert found["kind"] == kind and "tolerance" not in found
    assert geometry_in_file(tmp_path / "a.json", "c_arm")["kind"] == "c_arm"


NESTED, DIGITS = b'{"kind": ' + b"[" * 100_000, b'{"kind": "distances", "rows": ' + b"9" * 5000 + b"}"


@pytest.mark.parametrize(
    "data", [b"hello", b"\xff\xfe\x00", b"[1]", b"{", b"", b"\0" * 128 + b"DICM" + b"\xff" * 50, NESTED, DIGITS]
)
def test_other_files_are_refused_by_name(tmp_path, data):
    (tmp_path / "a.bin").write_bytes(data)
    with pytest.raises(FluoroposeError, match="expected"):
        read_geometry(geometry_in_file(tmp_path / "a.bin"))
    with pytest.raises(InputError, match="nowhere"):
        geometry_in_file(tmp_path / "nowhere")
