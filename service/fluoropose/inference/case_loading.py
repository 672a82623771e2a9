"""A case with its bundle becomes resident: the networks are opened on a device and checked against golden outputs."""

from collections.abc import Callable
from functools import partial

import numpy as np

from fluoropose.drr.atlas import REFERENCE_STEP_DEG
from fluoropose.drr.case import Case
from fluoropose.drr.pictures import ViewPictures
from fluoropose.drr.prepare import open_view_cache
from fluoropose.drr.view_cache import CacheSettings
from fluoropose.errors import BundleError
from fluoropose.inference.onnx_runtime import Device, DeviceMemory
from fluoropose.inference.stepper import OrtStepper
from fluoropose.registration.regression.bundle import Bundle, require_fit
from fluoropose.registration.regression.residual import residual_units
from fluoropose.registration.regression.step import AbstractStepper
from fluoropose.registration.resident_case import ResidentCase

__all__ = ["OpenStepper", "load_resident_case"]

_GOLDEN_TOLERANCE = 2e-3
"""Largest allowed difference to the golden outputs, in units of each output's expected error."""


OpenStepper = Callable[..., AbstractStepper]
"""Opens the networks of a bundle (ONNX bytes by name) beside an atlas's pictures on a device, with their units (6,), as
`OrtStepper` does; `on_device` is given by name, and only where the pictures are on the device already."""


def load_resident_case(
    case: Case,
    bundle: Bundle,
    device: Device,
    open_stepper: OpenStepper = OrtStepper,
    views: CacheSettings = CacheSettings(),
) -> ResidentCase:
    """Open the cache of a case's views, which begins with the prepared ones, and its networks on a device.

    Raises
    ------
    BundleError
        If the bundle was made for another case, or this runtime computes otherwise than the one that made it.
    """
    require_fit(bundle, case.name, case.digest, surrounded=case.atlas.has_surroundings)
    _require_size(bundle, case)
    _require_golden(bundle, device, open_stepper)
    maker = device.renderers
    atlas = open_view_cache(case, views, REFERENCE_STEP_DEG if bundle.universal else None, maker)
    units = residual_units(atlas.view) if bundle.universal else np.ones(6)
    stepper = _open_on_pictures(open_stepper, atlas.kept, device)(bundle.models, atlas.pictures, device, units)
    stepper.follow_pictures(atlas.stamps)
    renderer = maker.make_renderer(case.volume)
    network_bytes = sum(model.size_bytes for model in bundle.models.values()) + stepper.cache_bytes
    return ResidentCase(
        case,
        stepper,
        atlas=atlas,
        any_camera=renderer,
        device_label=device.label,
        trained=bundle.trained,
        network_bytes=network_bytes + atlas.device_bytes + renderer.device_bytes,
    )


def _open_on_pictures(open_stepper: OpenStepper, kept: ViewPictures, device: Device) -> OpenStepper:
    """Return `open_stepper`, told of the pictures on the networks' own device where they are there."""
    if kept.address is None or device.name == "cpu":
        return open_stepper
    places, rows, columns = kept.host.shape
    on_device = DeviceMemory(kept.address, (places, 1, rows, columns), np.float16, kept, device.name)
    return partial(open_stepper, on_device=on_device)


def _require_size(bundle: Bundle, case: Case) -> None:
    """Raise BundleError if the networks look at pictures of another size than the case's."""
    wanted, given = bundle.golden.cached.shape[-1], case.atlas.view.size_px
    if wanted != given:
        raise BundleError(
            f"model {bundle.name!r} looks at views of {wanted} px, expected those of the case, {given} px"
        )


def _require_golden(bundle: Bundle, device: Device, open_stepper: OpenStepper) -> None:
    """Raise BundleError if this runtime does not reproduce the bundle's golden outputs.

    Before them another frame is looked at in another way: what keeps to its first inputs, as a CUDA graph might, is
    found out.
    """
    golden = bundle.golden
    stepper = open_stepper({"fine": bundle.models["fine"]}, golden.cached, device, np.ones(6))
    for frame, homography in ((golden.frame[::-1], np.eye(3)), (golden.frame, golden.homography)):
        stepper.put_frames(frame[None])
        seen = stepper.step("fine", homography[None], np.arange(len(golden.cached))[None], np.zeros(1, np.int64))
    difference = np.abs(seen.residuals[0] - golden.residuals) / np.maximum(golden.sigmas, 1e-9)
    if not np.isfinite(difference).all() or float(difference.max()) > _GOLDEN_TOLERANCE:
        raise BundleError(
            f"model {bundle.name!r} does not reproduce its golden outputs: expected within {_GOLDEN_TOLERANCE:g} of "
            f"the expected error, got {float(difference.max()):.2g}"
        )
