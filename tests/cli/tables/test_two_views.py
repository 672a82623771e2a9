"""The table of two views beside one: a row per setting."""

from fluoropose.cli.tables.two_views import views_table

SPREAD = {"p50": 1.0, "p90": 2.0}
PART = {"success_rate": 0.5, "mtre_mm": SPREAD, "depth_mm": SPREAD}


def test_a_fault_has_its_name_and_an_error_its_size():
    row = {
        "angle_deg": 60.0, "calibration": 0.5, "fault": "none", "together": PART, "alone": PART, "depth_ratio": 2.0,
        "both_used": 1.0, "time_ms": {"ratio": 1.5},
    }  # fmt: skip
    table = views_table("small", {"settings": [row, row | {"fault": "empty-first"}]})
    assert list(table.columns[0].cells) == ["60° error 0.5", "60° empty-first"]
    assert list(table.columns[1].cells)[0] == "50|50"
