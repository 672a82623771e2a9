"""What every transport uses: resident cases, sessions, stored cases and models, readiness. Synchronous, thread-safe."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.arrays import Float32, Mat44, Vec3
from fluoropose.drr.case import Case
from fluoropose.errors import ConflictError, FluoroposeError, NotReadyError, UnknownCaseError
from fluoropose.geometry.camera import Camera
from fluoropose.inference.onnx_runtime import Device
from fluoropose.io.bundles import find_bundle_folder, load_bundle
from fluoropose.io.cases import (
    check_name,
    list_cases,
    load_case,
    read_understanding,
    read_verification,
    remove_case,
    store_verification,
)
from fluoropose.io.preparation import CaseRequest, prepare_ct
from fluoropose.registration.multi_object import register_objects
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView, Registration
from fluoropose.registration.verification import verify_case
from fluoropose.serving.case_cache import CaseCache
from fluoropose.serving.case_preparation import CasePreparation, CaseSteps
from fluoropose.serving.case_records import CaseRecord, CaseRecords
from fluoropose.serving.session_registry import SessionRegistry
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import Change, ObjectStart, SessionSettings

__all__ = ["Service", "describe_volume"]

MAX_FAULTS = 3
"""Frames in a row on which the device failed, after which no more are sent here."""


@dataclass(slots=True, eq=False)
class Service:
    """One process's state. `start` loads the stored cases; `started` and `draining` are part of readiness.

    `prepare` makes a stored case of a request. `faults` counts the frames in a row on which the device failed.
    """

    device: Device
    cases_root: Path
    models_root: Path
    case_cache: CaseCache = field(init=False)
    sessions: SessionRegistry = field(default_factory=SessionRegistry)
    records: CaseRecords = field(default_factory=CaseRecords)
    budget_bytes: int | None = None
    prepare: Callable[..., object] = prepare_ct
    started: bool = False
    draining: bool = False
    faults: int = 0
    _loading: threading.Lock = field(default_factory=threading.Lock)
    _preparation: CasePreparation = field(init=False)

    def __post_init__(self) -> None:
        """Make the cache of resident cases on the device, and what prepares new ones."""
        self.case_cache = CaseCache(self.device, self.budget_bytes)
        self._preparation = CasePreparation(self.cases_root, self.prepare, self._finish, self._discard)

    def start(self) -> None:
        """Load every stored case that has a model; a damaged one is reported and does not stop the others."""
        for name in list_cases(self.cases_root):
            self.load(name)
        self.started = True

    def load(self, name: str) -> CaseRecord:
        """Load one stored case with its model and record how that went."""
        record = self.records.restart(name, 0.9)
        try:
            self._make_resident(record)
        except NotReadyError:
            record.detail = "ready; loaded when it is asked for"
        except FluoroposeError as error:
            record.state, record.detail = "failed", str(error)
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
        record = self.record(name)
        if record.state != "ready":
            raise ConflictError(f"expected case {record.name!r} to be ready, got {record.state}: {record.detail}")
        with suppress(UnknownCaseError):
            return self.case_cache.case(name)
        return self._make_resident(record)

    def _make_resident(self, record: CaseRecord) -> ResidentCase:
        with self._loading:
            with suppress(UnknownCaseError):
                return self.case_cache.case(record.name)
            folder = self.cases_root / record.name
            case = load_case(folder)
            bundle = load_bundle(find_bundle_folder(self.models_root, case))
            record.model = bundle.name
            resident = self.case_cache.add(case, bundle, self.sessions.cases_in_use())
            record.detail, record.verification = self._describe(case), read_verification(folder)
            return resident

    def submit(self, name: str, request: CaseRequest, finished: Callable[[], None], owner: str = "") -> CaseRecord:
        """Begin to prepare a case in the background; `finished` is called when it has ended, in whichever way.

        Raises
        ------
        ConflictError
            If a case of that name exists.
        OverloadedError
            If there are as many cases, or cases of the key `owner`, as may be.
        """
        check_name(name)
        record = self.records.add(name, owner, stored=(self.cases_root / name).exists())
        self._preparation.submit(record, request, finished)
        return record

    def _finish(self, steps: CaseSteps) -> None:
        """Make a case that was just stored resident, and try it on frames of itself."""
        record = steps.record
        steps.begin("opening the networks", 0.8)
        try:
            resident = self._make_resident(record)
        except NotReadyError:
            record.detail = "ready; loaded when it is asked for"
            return
        steps.begin("verifying", 0.9)
        found = verify_case(resident)
        steps.require_wanted()
        store_verification(self.cases_root / record.name, found.figures())
        record.verification, record.detail = found.figures(), self._describe(resident.case)

    def _describe(self, case: Case) -> str:
        """Return what is understood of a case that is ready, and what trying it on itself gave."""
        folder = self.cases_root / case.name
        understood = read_understanding(folder) or f"{case.size_mm:.0f} mm"
        tried = read_verification(folder)
        return understood if tried is None else f"{understood}; {tried['text']}"

    def _discard(self, name: str) -> None:
        """Remove what there is of a case that failed or was cancelled, in memory and on disk."""
        with suppress(UnknownCaseError):
            self.case_cache.remove(name)
        remove_case(self.cases_root / name)

    def delete(self, name: str) -> None:
        """Free a case in memory and on disk; cancel one that is prepared. Its sessions are the caller's to end first.

        Raises
        ------
        UnknownCaseError
            If there is no such case.
        """
        record = self.record(name)
        if record.state == "preparing":
            record.cancelled.set()
            if not record.ended.is_set():
                record.state = record.detail = "cancelled"
                return
        if record.state == "cancelled" and not record.ended.is_set():
            return
        self._discard(name)
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
            ("cases", ready > 0, f"{ready} ready"),
            ("device", not (self.device.required and fallen), device),
            ("engine", self.faults < MAX_FAULTS, f"{self.faults} failed frames in a row"),
        ]
        checks = [{"name": name, "status": "ok" if fine else "fail", "detail": text} for name, fine, text in outcomes]
        return {"status": "ok" if all(fine for _, fine, _ in outcomes) else "fail", "checks": checks}


def describe_volume(service: Service, name: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the volume and atlas parts of a case's description; None for what is not resident."""
    if name not in service.case_cache.names():
        return None, None
    case = service.case_cache.case(name).case
    volume = {
        "shape": list(case.volume.values.shape),
        "spacing_mm": np.round(case.volume.spacing_mm, 4).tolist(),
        "size_mm": case.size_mm,
        "centre_mm": case.atlas.view.centre_mm.tolist(),
        "corners_mm": case.corners_mm.tolist(),
        "base_rotation": case.atlas.view.base_rotation.tolist(),
        "range_mm": case.atlas.view.range_mm,
    }
    atlas = {"views": case.atlas.grid.count, "bytes": int(case.atlas.pictures.nbytes), "device": service.device.label}
    return volume, atlas
