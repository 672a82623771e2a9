"""The process in which an uploaded file is checked: it reads what a stranger sent, within limits, and may die of it.

It is started for one file, whose path is its argument, and prints the report as JSON on its standard output; with
`picture` and `voxels` among its further arguments, the report has those.
"""

import json
import os
import sys
from pathlib import Path

from fluoropose.errors import FluoroposeError
from fluoropose.io.check import check_path
from fluoropose.io.check_report import failed_report
from fluoropose.io.stored_pixels import decode_in_this_process
from fluoropose.io.upload_bounds import check_upload
from fluoropose.serving.preparation_worker import PreparationLimits, limit_process

__all__ = ["CHECK_LIMITS", "main"]

CHECK_LIMITS = PreparationLimits(cpu_s=60.0, wall_s=90.0)


def main() -> None:
    """Check the file that is named as the argument and print its report."""
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # What libraries print goes nowhere: it may quote a patient.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    limit_process(CHECK_LIMITS)
    decode_in_this_process()
    path, parts = Path(sys.argv[1]), {name: name in sys.argv[2:] for name in ("picture", "voxels")}
    try:
        check_upload(path)
        record = check_path(path).record(**parts)
    except FluoroposeError as error:
        record = failed_report(path.name, "volume", error).record(**parts)
    with reports:
        json.dump(record, reports)
