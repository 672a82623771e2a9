"""The table of a run: a row per frame, all parts of the pose, empty where nothing was found."""

import csv
import io

import numpy as np
import pytest

from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.io.pose_export.csv_poses import CSV_COLUMNS, csv_text
from support.pose_runs import some_run


def test_a_row_per_frame_says_the_pose_twice_and_the_same():
    run = some_run()
    rows = list(csv.DictReader(io.StringIO(csv_text(run))))
    assert tuple(rows[0]) == CSV_COLUMNS and [row["frame"] for row in rows] == ["0", "1", "2"]
    pose = run.records[2].target_from_volume
    matrix = np.array([[float(rows[2][f"m{r}{c}"]) for c in range(4)] for r in range(3)])
    np.testing.assert_allclose(matrix, pose[:3], atol=1e-6)
    vector = np.deg2rad([float(rows[2][name]) for name in ("rx_deg", "ry_deg", "rz_deg")])
    np.testing.assert_allclose(from_rotation_vector(vector), pose[:3, :3], atol=1e-6)
    assert float(rows[2]["z_mm"]) == pytest.approx(902.0)
    assert rows[2]["depth_mm"] == "1.5000"


def test_a_lost_frame_has_its_row_without_numbers():
    row = list(csv.DictReader(io.StringIO(csv_text(some_run()))))[1]
    assert (row["status"], row["reason"], row["x_mm"], row["m00"], row["depth_mm"]) == (
        "LOST",
        "not-in-frame",
        "",
        "",
        "",
    )
