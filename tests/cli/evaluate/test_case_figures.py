"""Cases by folder, with their models; figures of one as they are, of several by name."""

import json

import pytest

from fluoropose.cli.evaluate.case_figures import find_cases, write_case_figures
from fluoropose.errors import InputError


def test_a_case_has_the_model_of_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("FLUOROPOSE_MODELS", str(tmp_path / "models"))
    one, other = tmp_path / "one", tmp_path / "other"
    for name in ("one", "other"):
        (tmp_path / "models" / name).mkdir(parents=True)
    assert list(find_cases([str(one), str(other)], None)) == [
        (one, tmp_path / "models" / "one"),
        (other, tmp_path / "models" / "other"),
    ]
    assert list(find_cases([str(one)], tmp_path / "m")) == [(one, tmp_path / "m")]
    with pytest.raises(InputError, match="cases of different names, got one twice"):
        list(find_cases([str(one), str(tmp_path / "b" / "one")], None))


def test_figures_of_one_case_stand_alone(tmp_path):
    write_case_figures(tmp_path / "f.json", {"a": {"x": 1}})
    assert json.loads((tmp_path / "f.json").read_text()) == {"x": 1}
    write_case_figures(tmp_path / "f.json", {"a": 1, "b": 2})
    assert json.loads((tmp_path / "f.json").read_text()) == {"a": 1, "b": 2}
