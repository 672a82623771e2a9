"""Cases in the making: steps, cancelling, and failures that stay their own."""

import threading
import time

import pytest

from fluoropose.errors import ObjectSelectionError, StorageError
from fluoropose.serving.case_preparation import CaseCancelledError, CasePreparation, CaseSteps
from fluoropose.serving.case_records import CaseRecord
from fluoropose.serving.case_store import INTERRUPTED, Job


def finish_at_once(steps, job):
    steps.record.state, steps.record.progress, steps.record.step = "ready", 1.0, "ready"


class Desk:
    """A preparation whose parts do what a test tells them, and note what they are asked for."""

    def __init__(self, root, make=lambda request, folder, steps: None, finish=finish_at_once):
        self.root, self.discarded = root, []
        self.preparation = CasePreparation(make, finish, self.discard)

    def discard(self, job, state, detail, code):
        self.discarded.append((job.case, state, code))

    def run(self, name="mine", request=None):
        record, finished = CaseRecord(name, "preparing"), threading.Event()
        self.preparation.submit(record, Job(name, name, self.root / "job"), request, finished.set)
        return record, finished


def test_a_case_goes_through_its_steps_in_order(tmp_path):
    seen = []

    def make(request, folder, steps):
        seen.append((steps.record.step, steps.record.progress, request, folder))
        steps.render(1, 2)
        seen.append((steps.record.step, round(steps.record.progress, 3)))

    def finish(steps, job):
        steps.begin("verifying", 0.9)
        seen.append((steps.record.step, steps.record.progress))
        finish_at_once(steps, job)

    desk = Desk(tmp_path, make, finish)
    record, finished = desk.run(request="request")
    assert finished.wait(20)
    assert record.ended.wait(20)
    assert seen == [
        ("reading the volume", 0.0, "request", tmp_path / "job" / "mine"), ("rendering the first views", 0.45), ("verifying", 0.9),
    ]  # fmt: skip
    assert (record.state, record.progress, record.step) == ("ready", 1.0, "ready")
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
    def make(request, folder, steps):
        if request == "bad":
            raise fault

    desk = Desk(tmp_path, make)
    bad, _ = desk.run("bad", "bad")
    good, _ = desk.run("good", "good")
    assert good.ended.wait(20)
    assert (bad.state, good.state) == ("failed", "ready")
    assert words in bad.detail
    assert desk.discarded == [("bad", "failed", getattr(fault, "code", "internal"))]


@pytest.mark.parametrize("step", ["reading", "rendering", "finishing"])
def test_a_case_is_cancelled_in_every_step(tmp_path, step):
    reached, go = threading.Event(), threading.Event()

    def wait_at(name):
        if name == step:
            reached.set()
            assert go.wait(20)

    def make(request, folder, steps):
        wait_at("reading")
        steps.render(1, 3)
        wait_at("rendering")
        steps.render(2, 3)

    def finish(steps, job):
        wait_at("finishing")
        steps.begin("verifying", 0.9)

    desk = Desk(tmp_path, make, finish)
    record, finished = desk.run()
    assert reached.wait(20)
    record.cancelled.set()
    go.set()
    assert record.ended.wait(20)
    assert finished.is_set()
    assert (record.state, record.step) == ("cancelled", "cancelled")
    assert desk.discarded == [("mine", "cancelled", "cancelled")]


def test_a_case_that_waits_is_cancelled_before_it_begins(tmp_path):
    go, stored = threading.Event(), []

    def make(request, folder, steps):
        assert go.wait(20)
        stored.append(folder.name)

    desk = Desk(tmp_path, make)
    first, _ = desk.run("first")
    second, _ = desk.run("second")
    second.cancelled.set()
    go.set()
    assert second.ended.wait(20)
    assert (first.state, second.state) == ("ready", "cancelled")
    assert stored == ["first"]


def test_what_cannot_be_discarded_is_said_too(tmp_path):
    def make(request, folder, steps):
        raise ObjectSelectionError("expected an object, got none")

    def discard(job, state, detail, code):
        raise StorageError("expected to delete mine, got: read-only")

    record = CaseRecord("mine", "preparing")
    preparation = CasePreparation(make, finish_at_once, discard)
    preparation.submit(record, Job("1", "mine", tmp_path), None, lambda: None)
    assert record.ended.wait(20)
    assert record.detail == "expected an object, got none; expected to delete mine, got: read-only"


def test_a_fault_while_discarding_is_said_and_the_case_ends(tmp_path):
    def make(request, folder, steps):
        raise ObjectSelectionError("expected an object, got none")

    def discard(job, state, detail, code):
        raise OSError("odd")

    record = CaseRecord("mine", "preparing")
    preparation = CasePreparation(make, finish_at_once, discard)
    preparation.submit(record, Job("1", "mine", tmp_path), None, lambda: None)
    assert record.ended.wait(20)
    assert record.state == "failed"
    assert record.detail == "expected an object, got none; what was stored of it could not be discarded (OSError)"


def test_a_case_ends_whatever_is_called_after_it(tmp_path):
    def fail():
        raise OSError("odd")

    desk = Desk(tmp_path)
    record = CaseRecord("mine", "preparing")
    desk.preparation.submit(record, Job("1", "mine", tmp_path), None, fail)
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


def test_when_the_service_stops_no_case_goes_on_and_none_that_waits_begins(tmp_path):
    reached, begun = threading.Event(), []

    def make(request, folder, steps):
        begun.append(folder.name)
        reached.set()
        while True:
            steps.require_wanted()
            time.sleep(0.005)

    desk = Desk(tmp_path, make)
    records = [desk.run(name)[0] for name in ("first", "second", "third")]
    assert reached.wait(20)
    desk.preparation.stop()
    desk.preparation.join()
    assert begun == ["first"]
    assert [record.state for record in records] == ["failed"] * 3
    assert records[0].detail == INTERRUPTED
    assert desk.discarded == [(name, "interrupted", "interrupted") for name in ("first", "second", "third")]
