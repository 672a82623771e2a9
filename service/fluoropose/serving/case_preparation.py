"""Cases are made in the background, one after the other: read, rendered, loaded, tried on themselves, published.

Every step can be cancelled. Whatever a step raises is that case's failure and no other's.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fluoropose.errors import FluoroposeError
from fluoropose.io.preparation import CaseRequest, prepare_ct
from fluoropose.serving.case_records import CaseRecord
from fluoropose.serving.case_store import INTERRUPTED, Job

__all__ = ["CaseCancelledError", "CasePreparation", "CaseSteps", "prepare_here"]

_log = logging.getLogger("fluoropose.cases")

_READ_SHARE, _RENDERED_SHARE = 0.1, 0.8
"""The progress of a case once its volume is read, and once its first views are rendered."""


class CaseCancelledError(FluoroposeError):
    """A case was cancelled while it was prepared."""


class CaseSteps:
    """What the steps of one case report to: its record, which a client reads, and whether it was cancelled."""

    def __init__(self, record: CaseRecord) -> None:
        """Report to a record."""
        self.record = record

    def begin(self, step: str, progress: float) -> None:
        """Begin a step, or raise CaseCancelledError."""
        self.require_wanted()
        self.record.step, self.record.progress, self.record.detail = step, progress, step

    def render(self, done: int, total: int) -> None:
        """Report rendered views, or raise CaseCancelledError."""
        self.begin("rendering the first views", _READ_SHARE + (_RENDERED_SHARE - _READ_SHARE) * done / total)

    def require_wanted(self) -> None:
        """Raise CaseCancelledError if the case was cancelled."""
        if self.record.cancelled.is_set():
            raise CaseCancelledError(f"case {self.record.name!r} was cancelled")


class CasePreparation:
    """Prepares cases on one background thread.

    `make` makes a case of (request, folder, steps); `finish` tries it and publishes it, given (steps, job); `discard`
    removes what there is of a case that came to nothing, given (job, state, detail, code).
    """

    def __init__(
        self,
        make: Callable[[CaseRequest, Path, CaseSteps], object],
        finish: Callable[[CaseSteps, Job], None],
        discard: Callable[[Job, str, str, str], None],
    ) -> None:
        """Prepare with these parts."""
        self._make, self._finish, self._discard = make, finish, discard
        self._pool = ThreadPoolExecutor(1, "preparing")
        self._unended: dict[str, CaseRecord] = {}
        self._stopped = threading.Event()

    def submit(self, record: CaseRecord, job: Job, request: CaseRequest, finished: Callable[[], None]) -> None:
        """Begin to prepare; `finished` is called when the case is ready, has failed or was cancelled."""
        self._unended[job.id] = record
        self._pool.submit(self._prepare, record, job, request, finished)

    def stop(self) -> None:
        """Have every case end soon that is not ready, as interrupted, and take no more. Call `join` then."""
        self._stopped.set()
        for record in list(self._unended.values()):
            record.cancelled.set()

    def join(self) -> None:
        """Return when no case is being prepared any more."""
        self._pool.shutdown(wait=True)

    def _prepare(self, record: CaseRecord, job: Job, request: CaseRequest, finished: Callable[[], None]) -> None:
        steps = CaseSteps(record)
        try:
            if self._stopped.is_set():
                record.cancelled.set()
            steps.begin("reading the volume", 0.0)
            self._make(request, job.case_folder, steps)
            self._finish(steps, job)
        except CaseCancelledError:
            if self._stopped.is_set():
                self._end(record, job, "interrupted", INTERRUPTED, "interrupted")
            else:
                self._end(record, job, "cancelled", "cancelled", "cancelled")
        except FluoroposeError as error:
            self._end(record, job, "failed", str(error), error.code)
        except Exception as error:
            _log.exception("a case could not be prepared", extra={"fields": {"case": record.name}})
            text = f"an unexpected fault of {type(error).__name__}; the log holds the reason"
            self._end(record, job, "failed", text, "internal")
        finally:
            self._unended.pop(job.id, None)
            self._finish_quietly(record, finished)

    def _end(self, record: CaseRecord, job: Job, state: str, detail: str, code: str) -> None:
        """Discard what there is of a case, then say how it ended."""
        try:
            self._discard(job, state, detail, code)
        except FluoroposeError as error:
            detail = f"{detail}; {error}"
        except Exception as error:
            _log.exception("what was stored of a case could not be discarded", extra={"fields": {"case": record.name}})
            detail = f"{detail}; what was stored of it could not be discarded ({type(error).__name__})"
        finally:
            shown = "cancelled" if state == "cancelled" else "failed"
            record.state, record.step, record.detail = shown, shown, detail

    def _finish_quietly(self, record: CaseRecord, finished: Callable[[], None]) -> None:
        """Call `finished` and mark the case as ended, whatever the call raises: a case must not wait for ever."""
        try:
            finished()
        except Exception:
            _log.exception("after a case something failed", extra={"fields": {"case": record.name}})
        finally:
            record.ended.set()


def prepare_here(request: CaseRequest, folder: Path, steps: CaseSteps) -> None:
    """Prepare a case in this process: for one that trusts its files."""
    prepare_ct(request, folder, progress=steps.render)
