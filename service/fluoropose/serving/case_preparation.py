"""Cases are made in the background, one after the other: read, rendered, loaded, tried on themselves.

Every step can be cancelled. Whatever a step raises is that case's failure and no other's.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fluoropose.errors import FluoroposeError
from fluoropose.io.preparation import CaseRequest
from fluoropose.serving.case_records import CaseRecord

__all__ = ["CaseCancelledError", "CasePreparation", "CaseSteps"]

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

    `store` makes a stored case of (request, folder, progress=...); `finish` makes a stored case resident and tries it,
    given its steps; `discard` removes what was stored.
    """

    def __init__(
        self,
        root: Path,
        store: Callable[..., object],
        finish: Callable[[CaseSteps], None],
        discard: Callable[[str], None],
    ) -> None:
        """Prepare into the folder `root`."""
        self._root, self._store, self._finish, self._discard = root, store, finish, discard
        self._pool = ThreadPoolExecutor(1, "preparing")

    def submit(self, record: CaseRecord, request: CaseRequest, finished: Callable[[], None]) -> None:
        """Begin to prepare; `finished` is called when the case is ready, has failed or was cancelled."""
        self._pool.submit(self._prepare, record, request, finished)

    def _prepare(self, record: CaseRecord, request: CaseRequest, finished: Callable[[], None]) -> None:
        steps = CaseSteps(record)
        try:
            steps.begin("reading the volume", 0.0)
            self._store(request, self._root / record.name, progress=steps.render)
            self._finish(steps)
            steps.require_wanted()
            record.state, record.step, record.progress = "ready", "ready", 1.0
        except CaseCancelledError:
            self._end(record, "cancelled", "cancelled")
        except FluoroposeError as error:
            self._end(record, "failed", str(error))
        except Exception as error:
            _log.exception("a case could not be prepared", extra={"fields": {"case": record.name}})
            self._end(record, "failed", f"an unexpected fault of {type(error).__name__}; the log holds the reason")
        finally:
            self._finish_quietly(record, finished)

    def _end(self, record: CaseRecord, state: str, detail: str) -> None:
        """Discard what was stored of a case, then say how it ended."""
        try:
            self._discard(record.name)
        except FluoroposeError as error:
            detail = f"{detail}; {error}"
        except Exception as error:
            _log.exception("what was stored of a case could not be discarded", extra={"fields": {"case": record.name}})
            detail = f"{detail}; what was stored of it could not be discarded ({type(error).__name__})"
        finally:
            record.state, record.step, record.detail = state, state, detail

    def _finish_quietly(self, record: CaseRecord, finished: Callable[[], None]) -> None:
        """Call `finished` and mark the case as ended, whatever the call raises: a case must not wait for ever."""
        try:
            finished()
        except Exception:
            _log.exception("after a case something failed", extra={"fields": {"case": record.name}})
        finally:
            record.ended.set()
