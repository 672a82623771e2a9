from rich.console import Console

from fluoropose.cli.fleet.batch import batch_table
from fluoropose.fleet.batch import BatchTrial, TrialOutcome
from support.commands import refused, run


def test_one_table_shows_every_trial():
    outcomes = [
        TrialOutcome(
            BatchTrial(1, ("track", "knee")), "done", 12.0, {"frames": 9, "statuses": {"knee": {"TRACKING": 9}}}
        ),
        TrialOutcome(BatchTrial(4, ("track", "x" * 60)), "bad input", complaint="error: expected a case"),
    ]
    console = Console(width=160, record=True)
    console.print(batch_table(outcomes))
    text = console.export_text()
    for words in ("1 of 2 trials done", "knee: 9 TRACKING", "error: expected a case", "x…"):
        assert words in text


def test_a_file_that_is_none_is_refused_before_ray_starts(tmp_path):
    (tmp_path / "trials.txt").write_text("serve")
    refused(run("fleet", "batch", tmp_path / "trials.txt"), "expected track or evaluate")
