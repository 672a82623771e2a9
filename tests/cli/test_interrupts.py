"""Ctrl-C: the first waits for the next report, the second does not wait; afterwards all is as before."""

import signal
import threading
from contextlib import contextmanager

import pytest

from fluoropose.cli.interrupts import interruptible, waiting_interrupt


def test_the_first_waits_for_a_check_and_the_second_does_not():
    before, said = signal.getsignal(signal.SIGINT), []
    with waiting_interrupt(said.append) as check:
        check()
        signal.raise_signal(signal.SIGINT)
        assert ["Ctrl-C again" in line for line in said] == [True]
        with pytest.raises(KeyboardInterrupt):
            check()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_line_that_cannot_be_written_now_is_left_out():
    def refuse(line):
        raise RuntimeError("reentrant call")

    with waiting_interrupt(refuse) as check:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            check()


def test_another_thread_takes_no_signals():
    before, seen = signal.getsignal(signal.SIGINT), []

    def work():
        with waiting_interrupt(print) as check:
            check()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_work_stops_where_it_reports():
    told = []

    @contextmanager
    def bars(title):
        yield lambda done, total, note="": told.append((title, done, total, note))

    def check():
        if len(told) == 2:
            raise KeyboardInterrupt

    with interruptible(bars, check)("work") as report:
        report(1, 3)
        with pytest.raises(KeyboardInterrupt):
            report(2, 3, "word")
    assert told == [("work", 1, 3, ""), ("work", 2, 3, "word")]
