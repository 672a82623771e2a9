"""Lines of progress by a clock of the test's own: at least every ten seconds, and not much more often."""

import pytest

from fluoropose.cli.progress_lines import ProgressLines


class Clock:
    """A clock that stands where it is put."""

    now_s = 100.0

    def __call__(self):
        return self.now_s


def written(gap_s, reports):
    """Return (time, line) of every line of a step that reports every `gap_s` seconds."""
    clock, lines = Clock(), []
    progress = ProgressLines("step 2 of 5: training", lambda line: lines.append((clock.now_s, line)), clock)
    for n in range(1, reports + 1):
        clock.now_s += gap_s
        progress.report(n, reports, "loss 0.500 % of size")
    return lines


@pytest.mark.parametrize("gap_s", [0.01, 0.3, 4.0, 9.0])
def test_no_ten_seconds_pass_without_a_line(gap_s):
    times = [time for time, _ in written(gap_s, round(200 / gap_s))]
    gaps = [after - before for before, after in zip(times, times[1:], strict=False)]
    assert max(gaps) <= 10.0
    assert min(gaps) > 10.0 - 2.0 * gap_s or min(gaps) == gap_s


def test_work_that_reports_seldom_has_a_line_for_each_report():
    assert len(written(12.0, 5)) == 5


def test_a_line_says_step_counts_loss_and_time_left():
    lines = [line for _, line in written(0.5, 100)]
    assert lines[0] == "step 2 of 5: training: 1 of 100, loss 0.500 % of size"
    assert lines[1] == "step 2 of 5: training: 20 of 100, loss 0.500 % of size, about 40 s left in this step"


def test_a_report_without_a_word_has_none():
    clock, lines = Clock(), []
    ProgressLines("work", lines.append, clock).report(2, 2)
    assert lines == ["work: 2 of 2, about 0 s left in this step"]
