"""Poses of a run as a table: a row per frame, translation in mm, rotation as a vector in degrees and as a matrix."""

import csv
import io
from collections.abc import Iterable
from typing import Any

import numpy as np

from fluoropose.geometry.rotation import to_rotation_vector
from fluoropose.io.pose_export.pose_record import PoseRecord, PoseRun

__all__ = ["CSV_COLUMNS", "csv_text", "header_text", "rows_text"]

CSV_COLUMNS = (
    "frame", "time_s", "status", "confidence", "reason", "x_mm", "y_mm", "z_mm", "rx_deg", "ry_deg", "rz_deg",
    *(f"m{row}{column}" for row in range(3) for column in range(4)), "in_plane_mm", "depth_mm", "rotation_deg",
)  # fmt: skip
"""The columns: x_mm to z_mm are the translation of target_from_volume, rx_deg to rz_deg its rotation vector, m00 to m23
its upper three rows, the last three its expected errors. Of an object that was not found they are empty."""


def csv_text(run: PoseRun) -> str:
    """Return a run as a table with a header."""
    return header_text() + rows_text(run.records)


def header_text() -> str:
    """Return the table's first line."""
    return ",".join(CSV_COLUMNS) + "\n"


def rows_text(records: Iterable[PoseRecord]) -> str:
    """Return the rows of some frames, each with its line end."""
    stream = io.StringIO()
    csv.DictWriter(stream, CSV_COLUMNS, lineterminator="\n", restval="").writerows(_row(one) for one in records)
    return stream.getvalue()


def _row(one: PoseRecord) -> dict[str, Any]:
    row: dict[str, Any] = {"frame": one.frame, "status": one.status, "confidence": f"{one.confidence:.4f}"}
    row |= {"reason": one.reason, "time_s": "" if one.time_s is None else f"{one.time_s:.6f}"}
    pose = one.target_from_volume
    if pose is None:
        return row
    vector_deg = np.rad2deg(to_rotation_vector(pose[:3, :3]))
    row |= dict(zip(("x_mm", "y_mm", "z_mm"), _numbers(pose[:3, 3]), strict=True))
    row |= dict(zip(("rx_deg", "ry_deg", "rz_deg"), _numbers(vector_deg), strict=True))
    row |= {f"m{n // 4}{n % 4}": text for n, text in enumerate(_numbers(pose[:3].ravel()))}
    return row | {name: f"{value:.4f}" for name, value in one.error_estimate.items() if name in CSV_COLUMNS}


def _numbers(values: Any) -> list[str]:
    return [f"{float(value):.9g}" for value in values]
