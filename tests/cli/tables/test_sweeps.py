"""The table of sweeps: a row per setting."""

from fluoropose.cli.tables.sweeps import sweep_table

SPREAD = {"p50": 1.0, "p90": 2.0}


def test_a_moving_object_is_named():
    part = {"depth_mm": SPREAD, "depth_sigma_mm": SPREAD, "calibration": 1.0}
    row = {
        "span_deg": 30.0, "drifts": True, "motion": "moving", "frames": 5, "views": 3.0, "runs": 2, "alone": part,
        "smoothed": part, "smoothing_us": {"p50": 12.0},
    }  # fmt: skip
    table = sweep_table("small", {"run": {"start_depth_mm": 15.0}, "settings": [row]})
    assert list(table.columns[0].cells) == ["30, object moves"]
    assert list(table.columns[4].cells) == ["1.00 / 2.00"]
