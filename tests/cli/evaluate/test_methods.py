"""`evaluate methods`: figures and plots; a run cut short goes on; mistakes."""

import json

from PIL import Image

from support.commands import refused, run


def evaluated(cases_root, models_root, out, *more):
    case = ["evaluate", "methods", cases_root / "small", "--model", models_root / "small", "--out", out]
    return run(*case, "--starts", 4, "--slow-starts", 2, "--frames", 2, *more)


def test_evaluate_compares_methods_and_goes_on_where_it_was(cases_root, models_root, tmp_path):
    out = tmp_path / "e"
    more = ["--methods", "ours,features", "--spread", "1,2", "--sweeps", "1", "--plots", "--json", tmp_path / "e.json"]
    result = evaluated(cases_root, models_root, out, *more)
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "e.json").read_text())
    assert set(figures) == {"run", "ours", "features", "ours-sweeps-1"}
    assert [figures[name]["trials"] for name in ("ours", "features", "ours-sweeps-1")] == [4, 2, 4]
    assert figures["ours"]["trials_by_spread"] == {"1": 4, "2": 4}
    assert figures["ours-sweeps-1"]["trials_by_spread"] == {"1": 4}
    assert {"machine", "versions", "commit", "settings", "seed"} <= set(figures["run"])
    assert figures["run"]["settings"]["features"]["most_points"] > 0
    with Image.open(out / "small" / "error-percentiles.png") as picture:
        assert picture.size[0] > 400
    # Cut short in the middle of a line, it goes on and comes to the same errors.
    table = out / "small" / "features.csv"
    whole = table.read_text()
    table.write_text(whole[: len(whole) // 2])
    assert evaluated(cases_root, models_root, out, *more).exit_code == 0
    again = json.loads((tmp_path / "e.json").read_text())
    assert again["features"]["mtre_proj_mm"] == figures["features"]["mtre_proj_mm"]
    assert again["ours"] == figures["ours"]
    refused(evaluated(cases_root, models_root, out, "--seed", 5), "expected seed = 0, got 5")


def test_evaluate_side_by_side_changes_nothing_but_times(cases_root, models_root, tmp_path):
    for jobs in (1, 2):
        more = ["--methods", "ours,features", "--jobs", jobs, "--json", tmp_path / f"{jobs}.json"]
        result = evaluated(cases_root, models_root, tmp_path / f"jobs{jobs}", *more)
        assert result.exit_code == 0, result.output
    one, two = (json.loads((tmp_path / f"{jobs}.json").read_text()) for jobs in (1, 2))
    for method in ("ours", "features"):
        for key in ("mtre_proj_mm", "mtre_mm", "success_rate", "rmsd_proj_mm"):
            assert one[method][key] == two[method][key]


def test_a_method_that_fails_ends_no_evaluation(cases_root, models_root, tmp_path):
    # 400 mm to the side, no box of the object is in any frame.
    (tmp_path / "starts.json").write_text("[[400, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]")
    more = ["--methods", "features", "--starts-file", tmp_path / "starts.json", "--json", tmp_path / "e.json"]
    result = evaluated(cases_root, models_root, tmp_path / "e", *more)
    assert result.exit_code == 0, result.output
    facts = json.loads((tmp_path / "e.json").read_text())["features"]
    assert facts["trials"] == 2
    assert sum(facts["failed"].values()) == 1
    assert "InputError: expected the object inside the frame" in next(iter(facts["failed"]))


def test_evaluate_refuses(cases_root, models_root, shipped_root, tmp_path):
    def words(*more):
        return evaluated(cases_root, models_root, tmp_path / "e", *more)

    (tmp_path / "none.json").write_text("[]")
    refused(run("evaluate", "methods", cases_root / "small", "--model", tmp_path, "--out", tmp_path / "e"), "manifest")
    refused(run("evaluate", "methods", tmp_path, "--out", tmp_path / "e"), "no case.json")
    refused(words("--methods", "magic"), "got 'magic'")
    refused(words("--methods", "ours,ours"), "each method once")
    refused(words("--sweeps", "0"), "got 'ours-sweeps-0'")
    refused(words("--plots", "--methods", ""), "got ''")
    refused(words("--again", "features"), "expected --again among the methods ours")
    refused(words("--spread", "0,1"), "expected --spread")
    refused(words("--starts-file", tmp_path / "none.json"), "at least one start")
    other = ["evaluate", "methods", shipped_root / "plate", "--model", models_root / "small", "--out", tmp_path / "e"]
    refused(run(*other), "made for another case")
    assert not (tmp_path / "e").exists()
    (tmp_path / "e" / "small").mkdir(parents=True)
    (tmp_path / "e" / "small" / "letter.txt").write_text("mine")
    refused(words(), "got other files")
