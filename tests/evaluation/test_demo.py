"""The demo's run: every frame is shown as it is answered, and both parts have their figures."""

from contextlib import contextmanager

from fluoropose.evaluation.demo import DemoPlan, run_demo
from fluoropose.evaluation.environment import Environment


def test_frames_are_shown_and_figures_returned(small_case, cases_root, models_root, tmp_path):
    shown, lines = [], []

    @contextmanager
    def frames(count):
        assert count == 3
        yield shown.append

    plan = DemoPlan(cases_root, models_root, tmp_path, 3, 2, 0)
    result = run_demo(small_case, plan, Environment(say=lines.append), frames)
    assert [frame.number for frame in shown] == [0, 1, 2]
    assert shown[0].trial.start is not None
    assert shown[1].trial.start is None
    assert (result.tracking["trials"], result.starts["trials"]) == (3, 2)
    assert lines[0].startswith("server ready at http://127.0.0.1:")
    assert result.picture.read_bytes().startswith(b"RIFF")
