"""The plan of `igtlink`'s bridge from what the user gave."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fluoropose.cli.inputs import read_placed_camera, read_placed_cameras
from fluoropose.errors import InputError
from fluoropose.igtlink.bridge import BridgePlan, SessionPlan, body_limit
from fluoropose.igtlink.naming import Place, default_names
from fluoropose.igtlink.outgoing import AXES
from fluoropose.igtlink.reading import ReadingLimits
from fluoropose.igtlink.results import ResultForm
from fluoropose.igtlink.server import ServerLimits
from fluoropose.io.poses import read_pose, read_world_pose

__all__ = ["BridgeInputs", "bridge_plan"]

_TARGETS = ("camera", "world")


@dataclass(frozen=True, slots=True)
class BridgeInputs:
    """What the user gave: cases, cameras as FILE or DEVICE=FILE, and how frames are read and results are sent."""

    cases: tuple[str, ...]
    cameras: tuple[str, ...]
    initial_pose: Path | None = None
    pixel_meaning: str = "intensity"
    inverted: bool = False
    separate: bool = False
    max_age_ms: float | None = None
    target: str = "camera"
    axes: str = "ras"
    transform_device: str | None = None
    status_device: str | None = None
    sure_only: bool = False
    header_version: int = 0
    check_crc: bool = True
    clients: int = 16


def bridge_plan(given: BridgeInputs) -> BridgePlan:
    """Return the plan of a bridge, or raise an InputError that says what does not go together."""
    if given.target not in _TARGETS or given.axes not in AXES:
        raise InputError(
            f"expected --target {' or '.join(_TARGETS)} and --axes {' or '.join(AXES)}, got {given.target!r} and "
            f"{given.axes!r}"
        )
    if given.initial_pose is not None and len(given.cases) > 1:
        raise InputError(f"expected --initial-pose with one case, got {len(given.cases)}")
    files = _camera_files(given.cameras)
    placed = {name: read_placed_camera(path) for name, path in files.items()}
    cameras = [read_placed_cameras([path])[0].camera for path in files.values()]
    several = len(files) > 1 and (given.separate or given.target == "camera")
    labels = list(files) if several else [""]
    names = default_names(given.cases, labels, given.target)
    names = replace(
        names, transform=given.transform_device or names.transform, status=given.status_device or names.status
    )
    names.require_distinct(given.cases, labels)
    sessions, places = _sessions(given, placed, several)
    reading = ReadingLimits(body_limit([(one.rows, one.columns) for one in cameras]), check_crc=given.check_crc)
    form = ResultForm(names, given.target, given.axes, given.sure_only)
    return BridgePlan(sessions, places, form, ServerLimits(reading, given.clients, version=given.header_version))


def _camera_files(given: tuple[str, ...]) -> dict[str, Path]:
    """Return cameras' files by the IMAGE device that is theirs, "" for any."""
    files: dict[str, Path] = {}
    for one in given:
        name, found, path = one.partition("=")
        name, path = (name, path) if found and not Path(one).exists() else ("", one)
        if name in files:
            raise InputError(f"expected each camera's device once, got {name or 'a camera without a device'} again")
        files[name] = Path(path)
    if len(files) > 1 and "" in files:
        raise InputError(f"expected --camera DEVICE=FILE for each of {len(files)} cameras, got one without a device")
    return files


def _sessions(
    given: BridgeInputs, placed: dict[str, dict[str, Any]], several: bool
) -> tuple[tuple[SessionPlan, ...], dict[str, Place]]:
    """Return the sessions and where IMAGE devices go; cameras are called after their devices."""
    joint = len(placed) > 1 and not given.separate
    opening = _opening(given, all("camera_from_world" in one for one in placed.values()))
    if joint:
        labels: dict[str | None, str] = {name: name if several else "" for name in placed}
        session = SessionPlan({**opening, "cameras": placed}, given.cases, labels)
        return (session,), {name: Place(0, name) for name in placed}
    sessions = tuple(
        SessionPlan({**opening, "camera": camera}, given.cases, {None: name if several else ""})
        for name, camera in placed.items()
    )
    return sessions, {name: Place(number, None) for number, name in enumerate(placed)}


def _opening(given: BridgeInputs, in_world: bool) -> dict[str, Any]:
    """Return the fields of POST /v1/sessions but the cameras."""
    fields: dict[str, Any] = {"pixel_meaning": given.pixel_meaning, "inverted": given.inverted}
    if given.max_age_ms is not None:
        fields["max_frame_age_ms"] = given.max_age_ms
    if len(given.cases) > 1:
        return fields | {"cases": [{"case": case} for case in given.cases]}
    if given.initial_pose is not None:
        fields["initial_pose"] = read_world_pose(given.initial_pose) if in_world else read_pose(given.initial_pose)
    return fields | {"case": given.cases[0]}
