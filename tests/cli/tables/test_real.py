"""The tables of real frames: a row per component, and per kind of answer."""

from fluoropose.cli.tables.real import answers_table, reference_table

MIDDLE = {"p50": 0.25, "p90": 1.5, "most": 2.0}


def test_a_reference_that_was_not_repeated_says_so():
    facts = {
        "frames": 3, "repeats_mm": MIDDLE, "repeats_deg": MIDDLE, "from_start_mm": MIDDLE, "from_start_deg": MIDDLE,
        "edges_outside_px": {"cam1": 0.1, "cam2": -0.2},
    }  # fmt: skip
    table = reference_table({"femoral": facts, "tibial": facts | {"repeats_mm": {}, "repeats_deg": {}}})
    assert list(table.columns[2].cells) == ["0.250 mm, 0.250°", "not tried"]
    assert list(table.columns[5].cells)[0] == "cam1 +0.10, cam2 -0.20"


def test_answers_have_a_row_each():
    facts = {name: MIDDLE for name in ("in_plane_mm", "depth_mm", "deeper_mm", "rotation_deg", "mtre_mm")}
    facts |= {"answers": 4, "tracking": 0.75, "sure_and_wrong_in_plane": 1, "sure_and_wrong": 2}
    table = answers_table("a title", {"cam1, femoral": facts})
    assert [list(column.cells)[0] for column in table.columns] == [
        "cam1, femoral", "4", "75 %", "0.25", "1.50", "0.2", "+0.2", "0.25", "0.25", "1 | 2",
    ]  # fmt: skip
