"""The process that decodes compressed DICOM pixels ends with its input."""

import subprocess
import sys


def test_the_process_ends_with_its_input():
    command = [sys.executable, "-m", "fluoropose.io.stored_pixels_child"]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"")
