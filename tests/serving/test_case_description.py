"""What a client is told of a case."""

import json
import shutil

from fluoropose.io.cases import load_case
from fluoropose.serving.case_description import describe_case, describe_volume


def test_a_case_is_described_by_what_is_known_of_it(cases_root, tmp_path):
    shutil.copytree(cases_root / "small", tmp_path / "small")
    case = load_case(tmp_path / "small")
    assert describe_case(case, tmp_path / "small") == f"{case.size_mm:.0f} mm"
    (tmp_path / "small" / "verification.json").write_text(json.dumps({"text": "8 of 8 frames"}))
    assert describe_case(case, tmp_path / "small").endswith(" mm; 8 of 8 frames")


def test_a_verification_of_another_kind_does_not_stop_the_case(cases_root, tmp_path):
    shutil.copytree(cases_root / "small", tmp_path / "small")
    (tmp_path / "small" / "verification.json").write_text("{}")
    case = load_case(tmp_path / "small")
    assert describe_case(case, tmp_path / "small") == f"{case.size_mm:.0f} mm"


class Cache:
    def names(self):
        return []


def test_of_a_case_that_is_not_resident_there_is_no_volume():
    assert describe_volume(Cache(), "gone") == (None, None)
