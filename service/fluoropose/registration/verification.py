"""A case is tried on itself: frames of it are simulated and registered, and poses that look alike are named.

The frames are the case's own DRRs with noise behind soft tissue, so what is found is an upper bound: it tells that the
case works, not how well it does on real frames. Lengths in mm, angles in degrees.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat44, Vec3
from fluoropose.drr.atlas import render_rotation
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import CanonicalView, pose_from_canonical
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six, six_from_pose
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import transform
from fluoropose.geometry.rotation import from_rotation_vector, from_zxy
from fluoropose.imaging.attenuation import saturate
from fluoropose.imaging.volume import Volume
from fluoropose.registration.pipeline import register
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView

__all__ = ["LookAlike", "Verification", "VerificationSettings", "look_alikes", "verify_case"]


@dataclass(frozen=True, slots=True)
class VerificationSettings:
    """How a case is tried.

    `frames` of `side_px` pixels, turned by up to `turn_deg` out of the expected view, from starts with the paper's
    errors (`start_sigmas`: mm, mm, mm, degrees three times; Miao, Wang, Liao 2016, section IV-C). A registration has
    `success_share` of the object's size to be right. Two poses look alike from `alike` on, a correlation.
    """

    frames: int = 8
    side_px: int = 256
    turn_deg: float = 8.0
    start_sigmas: tuple[float, ...] = (1.0, 1.0, 10.0, 2.0, 10.0, 10.0)
    success_share: float = 0.01
    alike: float = 0.985
    counts: float = 3000.0
    tissue: float = 1.5
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class LookAlike:
    """A turn about an axis of the object (unit vector, LPS) after which the expected view looks nearly the same."""

    axis: Vec3
    angle_deg: float
    correlation: float


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    """How many frames were tried and found, the errors' medians over those found, and which poses look alike."""

    frames: int
    found: int
    mtre_proj_mm: float
    depth_mm: float
    look_alikes: tuple[LookAlike, ...]

    def describe(self) -> str:
        """Return what was found in words."""
        text = f"{self.found} of {self.frames} simulated frames found"
        if self.found:
            text += f", {self.mtre_proj_mm:.2f} mm in the picture, {self.depth_mm:.1f} mm in depth (medians)"
        if self.look_alikes:
            turns = ", ".join(f"{one.angle_deg:.0f}" for one in self.look_alikes)
            text += f"; cannot be told from itself turned by {turns} degrees about its own axes"
        return text

    def figures(self) -> dict[str, Any]:
        """Return the figures as plain values."""
        return {
            "text": self.describe(),
            "frames": self.frames,
            "found": self.found,
            "mtre_proj_mm": self.mtre_proj_mm if self.found else None,
            "depth_mm": self.depth_mm if self.found else None,
            "look_alikes": [
                {"axis": one.axis.tolist(), "angle_deg": one.angle_deg, "correlation": one.correlation}
                for one in self.look_alikes
            ],
        }


def verify_case(
    resident: ResidentCase,
    settings: VerificationSettings = VerificationSettings(),
    require_wanted: Callable[[], None] = lambda: None,
) -> Verification:
    """Register simulated frames of a case with its own networks; `require_wanted` may raise before each frame."""
    case, view = resident.case, resident.case.atlas.view
    rng = np.random.default_rng(settings.seed)
    camera = _wide_camera(view, settings.side_px)
    errors = []
    for _ in range(settings.frames):
        require_wanted()
        truth = _draw_pose(view, case.pose_frame, rng, settings)
        pixels = _expose(resident, camera, truth, rng, settings)
        six = six_from_pose(truth, case.pose_frame) + rng.normal(size=6) * np.array(settings.start_sigmas)
        start = pose_from_six(six, case.pose_frame)
        found = register(resident, [FrameView(pixels, PlacedCamera(camera))], Plan(start, nearby=False))
        errors.append(_errors_mm(found.camera_from_volume, truth, case.corners_mm, view.centre_mm))
    right = np.array([error for error in errors if error[0] < settings.success_share * case.size_mm]).reshape(-1, 2)
    medians = np.median(right, axis=0) if len(right) else np.full(2, np.nan)
    alike = look_alikes(resident.renderer, case.volume, view, settings.alike)
    return Verification(settings.frames, len(right), float(medians[0]), float(medians[1]), alike)


def look_alikes(
    renderer: AbstractRenderer, volume: Volume, view: CanonicalView, threshold: float
) -> tuple[LookAlike, ...]:
    """Return the turns about the object's principal axes after which its expected view looks the same, best first.

    Of each axis the smallest such turn of 180, 120, 90, 72 and 60 degrees is returned.
    """
    base = _contrast(render_rotation(renderer, view, view.base_rotation))
    found = []
    for axis in _principal_axes(volume):
        for parts in (6, 5, 4, 3, 2):
            angle = 2.0 * np.pi / parts
            turned = _contrast(render_rotation(renderer, view, view.base_rotation @ from_rotation_vector(axis * angle)))
            correlation = float((base * turned).mean())
            if correlation >= threshold:
                found.append(LookAlike(axis, float(np.rad2deg(angle)), correlation))
                break
    return tuple(sorted(found, key=lambda one: -one.correlation))


def _principal_axes(volume: Volume) -> Float64:
    """Return the principal axes of the object's attenuation, unit vectors in LPS, (3, 3)."""
    weights = np.maximum(volume.values, 0.0)
    places = [np.arange(count, dtype=np.float64) for count in weights.shape]
    # What planes across each pair of axes hold: second moments of the voxels' indices follow from those alone.
    pairs = {(a, b): weights.sum(axis=3 - a - b, dtype=np.float64) for a, b in ((0, 1), (0, 2), (1, 2))}
    lines = [pairs[0, 1].sum(axis=1), pairs[0, 1].sum(axis=0), pairs[0, 2].sum(axis=0)]
    about = [place - place @ line / line.sum() for place, line in zip(places, lines, strict=True)]
    moments = np.diag([float(line @ (place * place)) for place, line in zip(about, lines, strict=True)])
    for (a, b), held in pairs.items():
        moments[a, b] = moments[b, a] = about[a] @ held @ about[b]
    lps = volume.lps_from_index[:3, :3]
    return np.asarray(np.linalg.eigh(lps @ moments @ lps.T)[1].T)


def _contrast(lines: Float32) -> Float64:
    """Return a picture as a detector shows it, with zero mean and unit deviation."""
    shown = saturate(lines).astype(np.float64)
    return np.asarray((shown - shown.mean()) / (shown.std() + 1e-9))


def _wide_camera(view: CanonicalView, side_px: int) -> Camera:
    """Return a camera that sees one and a half canonical fields."""
    focal_px = view.range_mm * side_px / (1.5 * view.field_mm)
    middle = (side_px - 1) / 2
    return Camera(side_px, side_px, np.array([[focal_px, 0.0, middle], [0.0, focal_px, middle], [0.0, 0.0, 1.0]]))


def _draw_pose(
    view: CanonicalView, frame: Pose6Frame, rng: np.random.Generator, settings: VerificationSettings
) -> Mat44:
    alpha, beta = np.deg2rad(rng.uniform(-settings.turn_deg, settings.turn_deg, 2))
    centre = np.array([*(rng.uniform(-0.05, 0.05, 2) * view.field_mm), view.range_mm * rng.uniform(0.96, 1.04)])
    turn = from_zxy(float(rng.uniform(-0.1, 0.1)), float(alpha), float(beta)) @ view.base_rotation
    return pose_from_canonical(np.eye(3), turn, centre, view)


def _expose(
    resident: ResidentCase, camera: Camera, pose: Mat44, rng: np.random.Generator, settings: VerificationSettings
) -> Float32:
    """Return a frame's intensities, float32 (rows, columns): the object in the rest of its CT, or behind tissue."""
    lines = resident.renderer.render(camera, pose)
    if resident.body_renderers is None:
        lines = lines + np.float32(settings.tissue)
    else:
        rest = resident.body_renderers.rest.render(camera, pose)
        lines = lines + rest - np.float32(np.median(rest)) + np.float32(settings.tissue)
    counts = rng.poisson(settings.counts * np.exp(settings.tissue - np.maximum(lines, 0.0)))
    return np.asarray(counts + 1.0, np.float32)


def _errors_mm(found: Mat44, truth: Mat44, corners_mm: Float64, centre_mm: Vec3) -> tuple[float, float]:
    """Return the corners' mean distance across the true ray, and the centre's along it, mm."""
    centre = transform(truth, centre_mm)
    ray = centre / np.linalg.norm(centre)
    moved = transform(found, corners_mm) - transform(truth, corners_mm)
    across = moved - np.outer(moved @ ray, ray)
    depth = float(abs((transform(found, centre_mm) - centre) @ ray))
    return float(np.linalg.norm(across, axis=1).mean()), depth
