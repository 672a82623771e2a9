"""What commands run on: options first, then the settings; cases by name or by folder."""

import json
from dataclasses import replace

from fluoropose.cli.environment import find_case, here, prepare_shipped_cases, write_figures
from fluoropose.io.cases import load_case
from fluoropose.objects.catalogue import OBJECTS


def test_options_come_before_settings(monkeypatch):
    monkeypatch.setenv("FLUOROPOSE_DEVICE", "cuda")
    monkeypatch.setenv("FLUOROPOSE_THREADS", "3")
    assert (here().device, here().threads) == ("cuda", 3)
    given = here("cpu", 2, 5)
    assert (given.device, given.threads, given.cores) == ("cpu", 2, 5)
    assert here().cores >= 1


def test_a_folder_comes_before_a_shipped_object(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plate").mkdir()
    assert find_case("plate") == tmp_path / "plate"
    assert find_case("mine") == tmp_path / "mine"


def test_shipped_objects_are_prepared_once(tmp_path, monkeypatch):
    probe = replace(OBJECTS["probe"], voxel_mm=2.0)
    for name in reversed(list(OBJECTS)):  # what is put back last comes last
        monkeypatch.delitem(OBJECTS, name)
    monkeypatch.setitem(OBJECTS, "probe", probe)
    monkeypatch.setenv("FLUOROPOSE_CACHE", str(tmp_path))
    root = prepare_shipped_cases()
    assert load_case(root / "probe").name == "probe"
    made = (root / "probe" / "case.json").stat().st_mtime_ns
    assert find_case("probe") == root / "probe"
    assert (root / "probe" / "case.json").stat().st_mtime_ns == made


def test_figures_are_written_where_a_file_is_given(tmp_path):
    write_figures(None, {})
    write_figures(tmp_path / "f.json", {"a": 1})
    assert json.loads((tmp_path / "f.json").read_text()) == {"a": 1}
