"""What every transport uses: resident cases, sessions, stored cases and models, readiness. Synchronous, thread-safe."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fluoropose.arrays import Float32, Mat44, Vec3
from fluoropose.errors import ConflictError, FluoroposeError, NotReadyError, StorageError, UnknownCaseError
from fluoropose.geometry.camera import Camera
from fluoropose.inference.onnx_runtime import Device
from fluoropose.io.arrays_on_disk import require_room
from fluoropose.io.audit import Actor
from fluoropose.io.bundles import find_bundle_folder, load_bundle
from fluoropose.io.cases import check_name, load_case, read_verification, store_verification
from fluoropose.io.preparation import CaseRequest
from fluoropose.registration.multi_object import register_objects
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView, Registration
from fluoropose.registration.verification import verify_case
from fluoropose.serving.case_cache import CaseCache
from fluoropose.serving.case_description import describe_case
from fluoropose.serving.case_preparation import CasePreparation, CaseSteps, prepare_here
from fluoropose.serving.case_records import CaseRecord, CaseRecords
from fluoropose.serving.case_store import CaseStore, Job
from fluoropose.serving.session_registry import SessionRegistry
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import Change, ObjectStart, SessionSettings

__all__ = ["Service"]

_log = logging.getLogger("fluoropose.cases")

_LOADED_LATER = "ready; loaded when it is asked for"

MAX_FAULTS = 3
"""Frames in a row on which the device failed, after which no more are sent here."""


@dataclass(slots=True, eq=False)
class Service:
    """One process's state. `start` loads the stored cases; `started` and `draining` are part of readiness.

    `prepare` makes a case of (request, folder, steps). `store` keeps the cases of `cases_root`; by default one for a
    process that is alone there. `on_demand`: cases are loaded when they are asked for, at the start one that warms up.
    `faults` counts the frames in a row on which the device failed.
    """

    device: Device
    cases_root: Path
    models_root: Path
    case_cache: CaseCache = field(init=False)
    sessions: SessionRegistry = field(default_factory=SessionRegistry)
    records: CaseRecords = field(default_factory=CaseRecords)
    budget_bytes: int | None = None
    prepare: Callable[[CaseRequest, Path, CaseSteps], object] = prepare_here
    store: CaseStore | None = None
    on_demand: bool = False
    started: bool = False
    draining: bool = False
    faults: int = 0
    _loading: threading.Lock = field(default_factory=threading.Lock)
    _preparation: CasePreparation = field(init=False)
    _store: CaseStore = field(init=False)

    def __post_init__(self) -> None:
        """Make the cache of resident cases on the device, and what prepares new ones."""
        self.case_cache = CaseCache(self.device, self.budget_bytes)
        self._store = self.store or CaseStore(self.cases_root)
        self._preparation = CasePreparation(self.prepare, self._finish, self._discard_job)

    def start(self) -> None:
        """Load every stored case that has a model; a damaged one is reported and does not stop the others."""
        for row in self._store.reconcile():
            if row.state != "ready":
                self.records.add_failed(row.name, row.owner, row.detail)
            elif self.on_demand:
                self._await_use(row.name, row.owner)
            else:
                self.load(row.name, row.owner)
        if self.on_demand:
            self._warm_up()
        self.started = True

    def _warm_up(self) -> None:
        """Load one case, any: what a process compiles and opens at its first one then keeps no session waiting."""
        with suppress(FluoroposeError):
            for name in self._store.names()[:1]:
                self.resident(name)

    def drain(self) -> None:
        """Take no new work, and end the cases that are being prepared."""
        self.draining = True
        self._preparation.stop()

    def stop(self) -> None:
        """Drain, wait for what that ends, and let go of the folder. Call it once at the end."""
        self.drain()
        self._preparation.join()
        self._store.close()

    def load(self, name: str, owner: str = "") -> CaseRecord:
        """Load one stored case with its model and record how that went."""
        record = self.records.restart(name, owner, 0.9)
        record.state, record.step = "failed", "failed"
        try:
            self._make_resident(record, self.cases_root / name)
        except NotReadyError:
            record.detail = _LOADED_LATER
        except FluoroposeError as error:
            record.detail = str(error)
            record.ended.set()
            return record
        except Exception as error:
            # Whatever a damaged case makes a library do concerns that case alone.
            _log.exception("a case could not be loaded", extra={"fields": {"case": name}})
            record.detail = f"an unexpected fault of {type(error).__name__}; the log holds the reason"
            record.ended.set()
            return record
        record.state, record.progress, record.step = "ready", 1.0, "ready"
        record.ended.set()
        return record

    def resident(self, name: str) -> ResidentCase:
        """Return a case that is ready, loaded again if it had made room for others. May take a second.

        Raises
        ------
        UnknownCaseError, ConflictError, NotReadyError
            If there is no such case, it is not ready, or it does not fit beside the cases in use.
        """
        record = self._record_or_fetched(name)
        if record.state != "ready":
            raise ConflictError(f"expected case {record.name!r} to be ready, got {record.state}: {record.detail}")
        with suppress(UnknownCaseError):
            return self.case_cache.case(name)
        return self._make_resident(record, self.cases_root / record.name)

    def _record_or_fetched(self, name: str) -> CaseRecord:
        """Return the record of a case, which is brought from where the cases are kept if it was not known."""
        if name not in self.records:
            # Only then: frames of known cases must not wait while another case is loaded.
            with self._loading:
                if name not in self.records and check_name(name) and self._store.fetch(name):
                    self._await_use(name, "")
        return self.record(name)

    def _await_use(self, name: str, owner: str) -> None:
        record = self.records.restart(name, owner, 1.0)
        record.state, record.step, record.detail = "ready", "ready", _LOADED_LATER
        record.ended.set()

    def forget(self, name: str) -> None:
        """Know nothing of a case any more, which is kept elsewhere. Its sessions are the caller's to end first."""
        with self._loading:
            self.records.remove(name)
            with suppress(UnknownCaseError):
                self.case_cache.remove(name)

    def _make_resident(self, record: CaseRecord, folder: Path) -> ResidentCase:
        with self._loading:
            with suppress(UnknownCaseError):
                return self.case_cache.case(record.name)
            case = load_case(folder)
            bundle_folder = find_bundle_folder(self.models_root, case)
            bundle = load_bundle(bundle_folder)
            record.model = bundle.name
            resident = self.case_cache.add(case, bundle, self.sessions.cases_in_use())
            record.detail, record.verification = describe_case(case, folder), read_verification(folder)
            self._store.use_model(bundle_folder)
            return resident

    def new_upload(self, wanted_bytes: int) -> Path:
        """Return a folder for the files of an upload, whose disk has room for them; `drop_upload` removes it.

        Raises
        ------
        NotReadyError, ReadOnlyError, StorageError
            If the service is shutting down; if it does not write its cases; if the disk has not the room.
        """
        if self.draining:
            raise NotReadyError("expected a service that takes cases, got one that is shutting down")
        folder = self._store.new_folder("upload")
        try:
            require_room(folder, wanted_bytes)
        except StorageError:
            self.drop_upload(folder)
            raise
        return folder

    def require_writable(self, name: str) -> None:
        """Raise UnknownCaseError if there is no such case, ReadOnlyError if this server does not write its cases."""
        self.record(name)
        self._store.require_writable()

    def drop_upload(self, folder: Path) -> None:
        """Remove the files of an upload."""
        self._store.drop_folder(folder)

    def submit(
        self, name: str, request: CaseRequest, finished: Callable[[], None], owner: str = "", address: str = ""
    ) -> CaseRecord:
        """Begin to prepare a case in the background; `finished` is called when it has ended, in whichever way.

        Raises
        ------
        ConflictError
            If a case of that name exists, or this server does not write its cases.
        OverloadedError
            If there are as many cases, or cases of the key `owner`, as may be.
        StorageError
            If the disk refuses to note it.
        """
        check_name(name)
        if self.draining:
            raise NotReadyError("expected a service that takes cases, got one that is shutting down")
        record = self.records.add(name, owner, stored=(self.cases_root / name).exists())
        try:
            job = self._store.begin(name, Actor(owner, address))
        except BaseException:
            self.records.remove(name)
            raise
        self._preparation.submit(record, job, request, finished)
        return record

    def _finish(self, steps: CaseSteps, job: Job) -> None:
        """Make a case that was just made resident, try it on frames of itself, and publish it."""
        record, folder = steps.record, job.case_folder
        steps.begin("opening the networks", 0.8)
        try:
            resident = self._make_resident(record, folder)
        except NotReadyError:
            detail = _LOADED_LATER
        else:
            steps.begin("verifying", 0.9)
            found = verify_case(resident, require_wanted=steps.require_wanted)
            store_verification(folder, found.figures())
            record.verification, detail = found.figures(), describe_case(resident.case, folder)
        with record.turn:
            steps.require_wanted()
            self._store.publish(job, detail)
            record.state, record.step, record.progress, record.detail = "ready", "ready", 1.0, detail

    def _discard_job(self, job: Job, state: str, detail: str, code: str) -> None:
        """Remove what there is of a case that failed or was cancelled, in memory and on disk."""
        with suppress(UnknownCaseError):
            self.case_cache.remove(job.case)
        self._store.discard(job, state, detail, code)

    def delete(self, name: str, actor: Actor = Actor()) -> None:
        """Free a case in memory and on disk; cancel one that is prepared. Its sessions are the caller's to end first.

        Raises
        ------
        UnknownCaseError, ConflictError, StorageError
            If there is no such case; if this server does not write its cases; as the disk refuses.
        """
        self.require_writable(name)
        record = self.record(name)
        with record.turn:
            if record.state == "preparing" and not record.ended.is_set():
                record.cancelled.set()
                record.state = record.detail = "cancelled"
                return
        if record.state == "cancelled" and not record.ended.is_set():
            return
        with suppress(UnknownCaseError):
            self.case_cache.remove(name)
        self._store.remove(name, actor)
        self.records.remove(name)

    def record(self, name: str) -> CaseRecord:
        """Return what is known of a case, or raise UnknownCaseError; NotReadyError while it may still be found."""
        record = self.records.get(name)
        if record is None and not self.started:
            raise NotReadyError(f"expected a started service, got one that has not come to case {name!r} yet")
        if record is None:
            known = ", ".join(sorted(self.records)) or "none"
            raise UnknownCaseError(f"expected a case of: {known}; got {name!r}")
        return record

    def open_session(self, settings: SessionSettings, owner: str = "") -> Session:
        """Open a session on cases that are ready; loads those that are not resident.

        Raises
        ------
        ConflictError, UnknownCaseError, NotReadyError
            If a case is not there or not ready, or too many sessions are open.
        """
        return self.sessions.open(settings, self._ready_for(settings), owner)

    def transient_session(self, settings: SessionSettings, owner: str = "") -> Session:
        """Return a session for one frame, which nobody else can find."""
        return Session.open("", settings, self._ready_for(settings), owner)

    def centres_mm(self, starts: Iterable[ObjectStart]) -> dict[str, Vec3]:
        """Return the centres of cases in their volumes; loads those that are not resident, and raises as `resident`."""
        return {start.case: self.resident(start.case).case.atlas.view.centre_mm for start in starts}

    def resident_centres_mm(self, change: Change) -> dict[str, Vec3] | None:
        """Return the centres of the objects that a change adds, None if one of its cases would have to be loaded."""
        needed = {start.case for start in change.add} | set(change.directions)
        return self.load_centres_mm(change) if needed <= set(self.case_cache.names()) else None

    def load_centres_mm(self, change: Change) -> dict[str, Vec3]:
        """Return the centres of the objects that a change adds; load what is not resident, and raise as `resident`."""
        for case in change.directions:
            self.resident(case)
        return self.centres_mm(change.add)

    def register_objects(
        self, settings: SessionSettings, plans: Mapping[str, Plan], views: Sequence[FrameView]
    ) -> dict[str, Registration]:
        """Return the registrations of the objects in the frames of one instant, by case, as planned.

        A case that was deleted meanwhile is left out.

        Raises
        ------
        UnknownCaseError
            If all cases were deleted meanwhile.
        """
        residents: dict[str, ResidentCase] = {}
        gone: UnknownCaseError | None = None
        for case in plans:
            try:
                residents[case] = self.resident(case)
            except UnknownCaseError as error:
                gone = error
        if gone is not None and not residents:
            raise gone
        directions = {name: self.resident(case) for name, case in settings.directions.items()}
        views = [
            replace(view, meaning=settings.meaning, inverted=settings.inverted, resident=directions.get(view.name))
            for view in views
        ]
        found = register_objects(list(residents.values()), views, [plans[case] for case in residents])
        return dict(zip(residents, found, strict=True))

    def _ready_for(self, settings: SessionSettings) -> dict[str, Vec3]:
        """Return the centres of a session's objects, once all that it needs is there."""
        for case in settings.directions.values():
            self.resident(case)
        return self.centres_mm(settings.objects)

    def model_name(self, case: str) -> str:
        """Return the name of the model that serves a case, empty if the case has gone."""
        record = self.records.get(case)
        return "" if record is None or record.model is None else record.model

    def render(self, name: str, camera: Camera, camera_from_volume: Mat44) -> Float32:
        """Return a DRR of a case as line integrals (rows, columns)."""
        return self.resident(name).any_camera.render(camera, camera_from_volume)

    def readiness(self) -> dict[str, Any]:
        """Return {"status", "checks"}: "ok" once started, not draining, with a case and a device that works."""
        ready = sum(record.state == "ready" for record in self.records.values())
        fallen = self.case_cache.fallback_nodes()
        device = f"{self.device.label} {self.device.note}".strip() + (f", {fallen} nodes on the CPU" if fallen else "")
        outcomes = [
            ("started", self.started, ""),
            ("draining", not self.draining, ""),
            ("cases", ready > 0 or self.on_demand, f"{ready} ready"),
            ("device", not (self.device.required and fallen), device),
            ("engine", self.faults < MAX_FAULTS, f"{self.faults} failed frames in a row"),
        ]
        checks = [{"name": name, "status": "ok" if fine else "fail", "detail": text} for name, fine, text in outcomes]
        return {"status": "ok" if all(fine for _, fine, _ in outcomes) else "fail", "checks": checks}
