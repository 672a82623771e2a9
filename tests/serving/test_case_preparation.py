"""Cases in the making: steps, cancelling, and failures that stay their own."""

import threading

import pytest

from fluoropose.errors import ObjectSelectionError, StorageError
from fluoropose.serving.case_preparation import CaseCancelledError, CasePreparation, CaseSteps
from fluoropose.serving.case_records import CaseRecord


class Desk:
    """A preparation whose parts do what a test tells them, and note what they are asked for."""

    def __init__(self, root, store=lambda request, folder, progress: None, finish=lambda steps: None):
        self.discarded = []
        self.preparation = CasePreparation(root, store, finish, self.discarded.append)

    def run(self, name="mine", request=None):
        record, finished = CaseRecord(name, "preparing"), threading.Event()
        self.preparation.submit(record, request, finished.set)
        return record, finished


def test_a_case_goes_through_its_steps_in_order(tmp_path):
    seen = []

    def store(request, folder, progress):
        seen.append((record_of["one"].step, record_of["one"].progress, request, folder.name))
        progress(1, 2)
        seen.append((record_of["one"].step, round(record_of["one"].progress, 3)))

    def finish(steps):
        steps.begin("verifying", 0.9)
        seen.append((steps.record.step, steps.record.progress))

    desk = Desk(tmp_path, store, finish)
    record_of = {"one": CaseRecord("mine", "preparing")}
    finished = threading.Event()
    desk.preparation.submit(record_of["one"], "request", finished.set)
    assert finished.wait(20)
    assert record_of["one"].ended.wait(20)
    assert seen == [
        ("reading the volume", 0.0, "request", "mine"), ("rendering the first views", 0.45), ("verifying", 0.9),
    ]  # fmt: skip
    assert (record_of["one"].state, record_of["one"].progress, record_of["one"].step) == ("ready", 1.0, "ready")
    assert desk.discarded == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (ObjectSelectionError("expected an object, got none"), "expected an object, got none"),
        (StorageError("expected to write mine, got: No space left on device"), "No space left"),
        (ValueError("could not convert string to float: ''"), "an unexpected fault of ValueError"),
        (MemoryError(), "an unexpected fault of MemoryError"),
    ],
)
def test_whatever_fails_is_said_discarded_and_stops_no_other(tmp_path, fault, words):
    def store(request, folder, progress):
        if request == "bad":
            raise fault

    desk = Desk(tmp_path, store)
    bad, _ = desk.run("bad", "bad")
    good, _ = desk.run("good", "good")
    assert good.ended.wait(20)
    assert (bad.state, good.state) == ("failed", "ready")
    assert words in bad.detail
    assert desk.discarded == ["bad"]


@pytest.mark.parametrize("step", ["reading", "rendering", "finishing"])
def test_a_case_is_cancelled_in_every_step(tmp_path, step):
    reached, go = threading.Event(), threading.Event()

    def wait_at(name):
        if name == step:
            reached.set()
            assert go.wait(20)

    def store(request, folder, progress):
        wait_at("reading")
        progress(1, 3)
        wait_at("rendering")
        progress(2, 3)

    def finish(steps):
        wait_at("finishing")
        steps.begin("verifying", 0.9)

    desk = Desk(tmp_path, store, finish)
    record, finished = desk.run()
    assert reached.wait(20)
    record.cancelled.set()
    go.set()
    assert record.ended.wait(20)
    assert finished.is_set()
    assert (record.state, record.step) == ("cancelled", "cancelled")
    assert desk.discarded == ["mine"]


def test_a_case_that_waits_is_cancelled_before_it_begins(tmp_path):
    go, stored = threading.Event(), []

    def store(request, folder, progress):
        assert go.wait(20)
        stored.append(folder.name)

    desk = Desk(tmp_path, store)
    first, _ = desk.run("first")
    second, _ = desk.run("second")
    second.cancelled.set()
    go.set()
    assert second.ended.wait(20)
    assert (first.state, second.state) == ("ready", "cancelled")
    assert stored == ["first"]


def test_what_cannot_be_discarded_is_said_too(tmp_path):
    def store(request, folder, progress):
        raise ObjectSelectionError("expected an object, got none")

    def discard(name):
        raise StorageError("expected to delete mine, got: read-only")

    record = CaseRecord("mine", "preparing")
    CasePreparation(tmp_path, store, lambda steps: None, discard).submit(record, None, lambda: None)
    assert record.ended.wait(20)
    assert record.detail == "expected an object, got none; expected to delete mine, got: read-only"


def test_a_fault_while_discarding_is_said_and_the_case_ends(tmp_path):
    def store(request, folder, progress):
        raise ObjectSelectionError("expected an object, got none")

    def discard(name):
        raise OSError("odd")

    record = CaseRecord("mine", "preparing")
    CasePreparation(tmp_path, store, lambda steps: None, discard).submit(record, None, lambda: None)
    assert record.ended.wait(20)
    assert record.state == "failed"
    assert record.detail == "expected an object, got none; what was stored of it could not be discarded (OSError)"


def test_a_case_ends_whatever_is_called_after_it(tmp_path):
    def fail():
        raise OSError("odd")

    desk = Desk(tmp_path)
    record = CaseRecord("mine", "preparing")
    desk.preparation.submit(record, None, fail)
    assert record.ended.wait(20)
    after, _ = desk.run("after")
    assert after.ended.wait(20)
    assert (record.state, after.state) == ("ready", "ready")


def test_a_step_of_a_cancelled_case_does_not_begin():
    record = CaseRecord("mine", "preparing")
    steps = CaseSteps(record)
    record.cancelled.set()
    with pytest.raises(CaseCancelledError, match="case 'mine' was cancelled"):
        steps.begin("verifying", 0.9)
    assert record.step == ""
