import pytest

from fluoropose.fleet.fault_run import SessionBook, fault_figures


def book(worker, *answers, sent=None, **fields):
    made = SessionBook(worker, 12.0, len(answers) if sent is None else sent, list(answers), **fields)
    return made


def test_a_gap_ends_with_the_first_sure_result_after_the_blow():
    one = book("w1", (1.0, 5.0, "TRACKING"), (3.0, 5.0, "LOST"), (3.5, 5.0, "TRACKING"))
    assert one.gap_s(2.0) == 1.5
    assert one.gap_s(9.0) == float("inf")


def test_figures_tell_the_struck_from_the_others():
    struck = book("w1", (1.0, 5.0, "TRACKING"), (3.0, 900.0, "TRACKING"), reconnects=1, worker_after="w2")
    other = book("w2", (1.0, 7.0, "TRACKING"), (3.0, 9.0, "LOST"), worker_after="w2")
    figures = fault_figures([struck, other], "w1", 2.0, [{"answered": 2}])
    assert figures["gaps_s"] == [1.0]
    assert figures["moved_to"] == ["w2"]
    assert figures["others_after_ms"] == {"p50": 9.0, "p99": 9.0}
    assert figures["others_unsure"] == 1
    assert figures["before_ms"]["p50"] == pytest.approx(6.0)
    assert figures["books_add_up"]


def test_frames_of_the_beginning_do_not_count_in_times():
    one = book("w1", (0.5, 90.0, "TRACKING"), (2.0, 5.0, "TRACKING"), ages_ms=[(0.5, 80.0), (2.0, 4.0)])
    figures = fault_figures([one], "w2", 3.0, [{"answered": 2}], settled_s=1.0)
    assert figures["before_ms"]["p99"] == 5.0
    assert figures["age_ms"]["p99"] == 4.0
    assert figures["frames_answered"] == 2


@pytest.mark.parametrize("sent, answered", [(3, 2), (2, 1)])
def test_books_that_do_not_add_up_are_said(sent, answered):
    one = book("w2", (1.0, 7.0, "TRACKING"), (3.0, 9.0, "TRACKING"), sent=sent)
    assert not fault_figures([one], "w1", 2.0, [{"answered": answered}])["books_add_up"]
