"""The .proto is the source of the generated code."""

import subprocess
import sys
from pathlib import Path

import fluoropose

PACKAGE = "fluoropose/transports/grpc"


def test_the_committed_messages_are_those_of_the_proto(tmp_path):
    root = Path(fluoropose.__file__).parents[1]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{root}", f"--python_out={tmp_path}"]
    command += [f"--pyi_out={tmp_path}", f"--grpc_python_out={tmp_path}", "fluoropose/transports/grpc/fluoropose.proto"]
    subprocess.run(command, check=True)
    made = sorted((tmp_path / PACKAGE).iterdir())
    assert len(made) == 3
    for path in made:
        assert path.read_bytes() == (root / PACKAGE / path.name).read_bytes(), path.name
