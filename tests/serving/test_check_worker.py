"""The process that checks a file: a report on its output, and nothing that libraries print."""

import json
import subprocess
import sys

import pytest

from support.damaged import encrypted, nifti, zipped

COMMAND = (sys.executable, "-c", "from fluoropose.serving.check_worker import main; main()")


@pytest.mark.parametrize(
    ("name", "data", "severity"),
    [("upload.nii", nifti(), "note"), ("upload.zip", encrypted(zipped({"a.dcm": b"x" * 40})), "error")],
)
def test_a_report_is_all_that_is_printed(tmp_path, name, data, severity):
    (tmp_path / name).write_bytes(data)
    done = subprocess.run((*COMMAND, str(tmp_path / name)), capture_output=True, timeout=120)
    assert json.loads(done.stdout)["findings"][0]["severity"] == severity
    assert done.stderr == b""
