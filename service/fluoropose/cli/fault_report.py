"""What the command line says about a fault of this program: one line, and the traceback in a file."""

import tempfile
import traceback
from pathlib import Path

import fluoropose
from fluoropose.io.reader_faults import fault_text

__all__ = ["report_fault"]


def report_fault(error: Exception) -> str:
    """Return one line about an exception that nobody expected, after its traceback was written to a file."""
    line = f"error: an unexpected fault, {type(error).__name__}: {fault_text(error)}"
    try:
        with tempfile.NamedTemporaryFile("w", prefix="fluoropose-fault-", suffix=".txt", delete=False) as file:
            file.write(f"fluoropose {fluoropose.__version__}\n{''.join(traceback.format_exception(error))}")
    except OSError:
        return line
    return f"{line}; please report it with {Path(file.name)}"
