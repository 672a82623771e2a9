"""A process that decodes and has been stopped by a signal: it answers nothing, however quick the machine is."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fluoropose.io.decoding_process import DecodingProcess


@contextmanager
def slow_decoder(module: str = "fluoropose.io.decoding_child") -> Iterator[DecodingProcess]:
    """Start a process that runs `module`, and stop it; it is ended at the end of the block."""
    started, real = [], subprocess.Popen
    process = DecodingProcess(module=module)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", lambda *args, **how: started.append(real(*args, **how)) or started[-1])
        process.start()
    try:
        os.kill(started[-1].pid, signal.SIGSTOP)
        yield process
    finally:
        process.end()
