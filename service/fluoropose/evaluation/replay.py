"""A recorded session is registered again: from the recorded starts, on the recorded frames, job by job.

On the same processor, with the same versions, case and model, poses are the same to the last bit. The status may differ
where the recorded frame waited for a view (`view-not-cached`), which depends on what had been rendered by then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.errors import FluoroposeError, InputError
from fluoropose.geometry.rotation import angle_between
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import Device, open_device
from fluoropose.io.bundles import find_bundle_folder, load_bundle
from fluoropose.io.cases import load_case
from fluoropose.io.recorded_origin import case_origin, differences, machine_origin
from fluoropose.io.recorded_settings import RecordedSettings, recorded_settings
from fluoropose.io.recordings import RecordedJob, open_recording
from fluoropose.registration.multi_object import register_objects
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView

__all__ = ["ReplayPlan", "ReplayReport", "TOLERANCE_DEG", "TOLERANCE_MM", "replay"]

TOLERANCE_MM, TOLERANCE_DEG = 0.05, 0.05
"""On another machine poses agree within this: float16 pictures and another order of sums, not another answer."""

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """The recording, the folders of its cases and models, and the device that replays it."""

    recording: Path
    cases: Path
    models: Path
    device: str = "cpu"
    renderer: str = "auto"


@dataclass(slots=True, eq=False)
class ReplayReport:
    """What came out.

    Attributes
    ----------
    jobs, poses, missed : how many were replayed, and how many jobs had not been recorded
    same_bits : poses that are the same to the last bit
    other_status : poses with another status or reason
    most_mm, most_deg : the largest difference of a pose's translation and rotation
    unlike : what differs of machine, case and model, in words
    lines : the first differences of poses, in words
    """

    jobs: int = 0
    poses: int = 0
    missed: int = 0
    same_bits: int = 0
    other_status: int = 0
    most_mm: float = 0.0
    most_deg: float = 0.0
    unlike: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether every pose is the recorded one: to the last bit, or on another machine within the tolerance."""
        if not self.unlike:
            return self.same_bits == self.poses
        return self.most_mm <= TOLERANCE_MM and self.most_deg <= TOLERANCE_DEG

    def facts(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        return {
            "jobs": self.jobs, "poses": self.poses, "missed_jobs": self.missed, "same_bits": self.same_bits,
            "other_status": self.other_status, "most_mm": self.most_mm, "most_deg": self.most_deg,
            "tolerance": {"mm": TOLERANCE_MM, "deg": TOLERANCE_DEG} if self.unlike else None,
            "unlike": self.unlike, "differences": self.lines, "agrees": self.agrees,
        }  # fmt: skip


def replay(plan: ReplayPlan, progress: Callable[[int], None] = lambda jobs: None) -> ReplayReport:
    """Register a recording again and compare; `progress` gets the number of jobs that are done.

    Raises
    ------
    InputError
        If the file is no recording, it has no job, or one of its cases is not there or another one.
    BundleError, DeviceError
        If a case has no model here, or the device cannot be used.
    """
    report = ReplayReport()
    with open_recording(plan.recording) as (header, jobs):
        settings = recorded_settings(header)
        device = open_device(plan.device, int(header["machine"]["threads"]), renderer=plan.renderer)
        report.unlike += differences(header["machine"], machine_origin(device))
        residents = _residents(plan, header, device, report)
        for job in jobs:
            _compare(job, _register(job, settings, residents), report)
            report.jobs += 1
            report.missed += job.missed
            progress(report.jobs)
    if not report.jobs:
        raise InputError(f"expected a recording with at least one job, got none in {plan.recording}")
    return report


def _residents(
    plan: ReplayPlan, header: Mapping[str, Any], device: Device, report: ReplayReport
) -> dict[str, ResidentCase]:
    """Return the recording's cases; note models that are others than they were."""
    residents = {}
    for name, recorded in header["cases"].items():
        folder = plan.cases / name
        if not folder.is_dir():
            raise InputError(f"expected the recording's case {name!r} in {plan.cases}, got no such folder")
        case = load_case(folder)
        here = case_origin(case, folder, plan.models)
        if here["digest"] != recorded["digest"]:
            raise InputError(f"expected the recorded case {name!r}, got another of that name in {folder}")
        report.unlike += [f"case {name}, {line}" for line in differences(recorded, here)]
        residents[name] = load_resident_case(case, load_bundle(find_bundle_folder(plan.models, case)), device)
    return residents


def _register(
    job: RecordedJob, settings: RecordedSettings, residents: Mapping[str, ResidentCase]
) -> list[tuple[Mat44, str, str]] | str:
    """Return each object's pose, status and reason, or the error in words."""
    views = []
    for one in job.views:
        camera = settings.cameras[one.camera]
        resident = None if camera.case is None else residents[camera.case]
        placed = camera.place(one.camera_from_world)
        views.append(FrameView(one.pixels, placed, one.camera, settings.meaning, settings.inverted, resident))
    plans = [Plan(one.start, one.nearby) for one in job.objects]
    try:
        found = register_objects([residents[one.case] for one in job.objects], views, plans)
    except FluoroposeError as error:
        return str(error)
    return [(one.world_from_volume, one.status, one.reason) for one in found]


def _compare(job: RecordedJob, found: list[tuple[Mat44, str, str]] | str, report: ReplayReport) -> None:
    frame = ", ".join(str(view.seq) for view in job.views)
    for number, one in enumerate(job.objects):
        report.poses += 1
        if isinstance(found, str):
            report.most_mm = report.most_deg = float("inf")
            _note(report, f"frame {frame}, {one.case}: recorded {one.status}, here an error: {found}")
            continue
        pose, status, reason = found[number]
        if (status, reason) != (one.status, one.reason):
            report.other_status += 1
            _note(
                report,
                f"frame {frame}, {one.case}: recorded {one.status} {one.reason}, here {status} {reason}".rstrip(),
            )
        if pose.tobytes() == one.world_from_volume.tobytes():
            report.same_bits += 1
            continue
        apart_mm = float(np.linalg.norm(pose[:3, 3] - one.world_from_volume[:3, 3]))
        apart_deg = float(np.rad2deg(angle_between(pose[:3, :3], one.world_from_volume[:3, :3])))
        report.most_mm, report.most_deg = max(report.most_mm, apart_mm), max(report.most_deg, apart_deg)
        _note(report, f"frame {frame}, {one.case}: {apart_mm:.3g} mm and {apart_deg:.3g} degrees apart")


def _note(report: ReplayReport, line: str) -> None:
    if len(report.lines) < _SHOWN:
        report.lines.append(line)
