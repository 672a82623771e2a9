"""PEHL as published, as one callable: (frame pixels, camera, start pose) to an answer of the evaluation."""

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from fluoropose.arrays import Float64, Mat44
from fluoropose.drr.case import Case
from fluoropose.errors import BundleError
from fluoropose.evaluation.published.bundle import PublishedBundle, open_zones
from fluoropose.evaluation.published.comparison import comparison_named
from fluoropose.evaluation.published.hierarchy import PAPER_SWEEPS, PublishedRegression, Regressor, register_sweeps
from fluoropose.evaluation.trials import TrialResult
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose
from fluoropose.imaging.xray import PixelMeaning, binning_factor, line_integral_image

__all__ = ["PublishedMethod"]


class PublishedMethod:
    """Registers frames with a trained bundle; `clock` gives nanoseconds, `open_model` a runtime for ONNX bytes."""

    def __init__(
        self,
        case: Case,
        bundle: PublishedBundle,
        open_model: Callable[[bytes], Regressor],
        clock: Callable[[], int],
        *,
        comparison: str = "exact",
        sweeps: int = PAPER_SWEEPS,
        meaning: PixelMeaning = PixelMeaning.INTENSITY,
    ) -> None:
        """Open the bundle's models and choose the comparison picture, "exact" or "atlas"."""
        if bundle.case_digest != case.digest:
            raise BundleError(
                f"model as published {bundle.name!r} was made for another case: expected digest {case.digest} "
                f"({case.name}), got {bundle.case_digest}; train one for this case"
            )
        zones = open_zones(bundle, open_model)
        shown = comparison_named(comparison, case)
        self._case = case
        self._regression = PublishedRegression(case.pose_frame, shown, zones, bundle.variant.groups)
        self._clock, self._sweeps, self._meaning = clock, sweeps, meaning

    def __call__(self, pixels: NDArray[Any], camera: Camera, start: Mat44) -> TrialResult:
        """Register one frame from camera_from_volume; the method does not assess its result: always "TRACKING"."""
        began = self._clock()
        found = self.track(pixels, camera, start)[-1]
        took = {"total": (self._clock() - began) / 1e6}
        return TrialResult(pose_from_six(found, self._case.pose_frame), "TRACKING", 1.0, took)

    def track(self, pixels: NDArray[Any], camera: Camera, start: Mat44) -> Float64:
        """Return the six parameters at the start and after each sweep, shape (sweeps + 1, 6)."""
        factor = binning_factor(camera, self._case.atlas.view.camera.focal_px)
        image = line_integral_image(pixels, self._meaning, factor)
        six = six_from_pose(start, self._case.pose_frame)
        return register_sweeps(image, camera.scale_pixels(factor), six, self._regression, self._sweeps)
