"""Which device is which: IMAGE devices are cameras of sessions, TRANSFORM and STATUS devices name what they tell of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from fluoropose.errors import InputError
from fluoropose.igtlink.header import MAX_DEVICE, MessageError
from fluoropose.igtlink.messages import INVALID

__all__ = ["DeviceNames", "Place", "default_names", "find_place"]

_FIELDS = ("case", "camera")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an IMAGE goes: to a session, by its number, and one of its cameras, None for its only one."""

    session: int
    camera: str | None


@dataclass(frozen=True, slots=True)
class DeviceNames:
    """Names of what is sent; `{case}` and `{camera}` in them stand for the names of the object and of the camera."""

    transform: str = "VolumeToCamera"
    status: str = "VolumeStatus"

    def transform_of(self, case: str, camera: str) -> str:
        """Return the TRANSFORM device of an object in a camera."""
        return self.transform.format(case=case, camera=camera)

    def status_of(self, case: str, camera: str) -> str:
        """Return the STATUS device of an object in a camera."""
        return self.status.format(case=case, camera=camera)

    def require_distinct(self, cases: Sequence[str], cameras: Sequence[str]) -> None:
        """Check the names for these objects, and for cameras whose poses need names of their own.

        Raises
        ------
        InputError
            If a name is too long, has another field, or would be the same of two objects or cameras.
        """
        several = {"case": len(cases) > 1, "camera": len(cameras) > 1}
        for template in (self.transform, self.status):
            try:
                fields = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
            except ValueError as error:
                raise InputError(f"expected a device's name, got {template!r}: {error}") from error
            if not fields <= set(_FIELDS):
                raise InputError(f"expected {{case}} and {{camera}} alone in a device's name, got {template!r}")
            for name, needed in several.items():
                if needed and name not in fields:
                    raise InputError(f"expected {{{name}}} in a device's name, as there are several, got {template!r}")
            for case in cases:
                for camera in cameras:
                    _require_short(template.format(case=case, camera=camera))


def default_names(cases: Sequence[str], cameras: Sequence[str], target: str) -> DeviceNames:
    """Return the devices' names where the user gives none; `cameras` are those whose poses need names of their own."""
    which = "{case}" if len(cases) > 1 else "Volume"
    camera = "{camera}" if len(cameras) > 1 else ""
    seen = "World" + camera if target == "world" else camera or "Camera"
    return DeviceNames(f"{which}To{seen}", f"{which}{camera}Status")


def find_place(places: Mapping[str, Place], device: str) -> Place:
    """Return where an IMAGE of a device goes; the name "" takes any. Raise MessageError for one that is not known."""
    place = places.get(device) or places.get("")
    if place is None:
        raise MessageError(f"expected an IMAGE of a device of: {', '.join(places)}; got {device!r}", INVALID)
    return place


def _require_short(name: str) -> None:
    if not 1 <= len(name.encode()) <= MAX_DEVICE:
        raise InputError(
            f"expected a device's name of 1 to {MAX_DEVICE} bytes, got {name!r} of {len(name.encode())}; give one with "
            "--transform-device or --status-device"
        )
