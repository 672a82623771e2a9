"""Prepared scenes: a shipped object in random anatomy, or the object of a CT in the rest of it. Lengths in mm."""

import numpy as np

from fluoropose.drr.case import Case
from fluoropose.geometry.camera import Camera, camera_from_detector
from fluoropose.imaging.volume import Volume, extend_ends, pool_voxels
from fluoropose.objects.catalogue import OBJECTS
from fluoropose.simulate.anatomy import random_anatomy
from fluoropose.simulate.motion import DEFAULT_REACH, Motion, random_motion
from fluoropose.simulate.physics import BONE, METAL, Detector
from fluoropose.simulate.run import Scene

__all__ = ["FINER_SHARE", "case_scene", "ct_camera", "ct_scene", "run_motions", "shipped_scene"]

FINER_SHARE = 0.6
"""The simulator's voxels and steps over those of the atlas: with another sampling they share no sampling error."""

_ANATOMY_REACH = np.array([10.0, 6.0, 20.0, 4.0, 5.0, 5.0])
_SOURCE_TO_DETECTOR_MM = 1200.0

_BEHIND_COUNTS = 400.0
"""Quanta in a pixel of half a millimetre behind the patient: a dose of tens of nGy per frame."""

_CONTINUED_MM = 200.0

_METAL_PER_MM = 0.1
"""An object that attenuates more than this somewhere, in 1/mm, is of metal: cortical bone has 0.05."""


def case_scene(case: Case, seed: int, *, limb: bool = False) -> tuple[Scene, Motion, Motion]:
    """Return the scene of a case with the motions of object and anatomy.

    A shipped object, and any other that is of metal and alone, stands before drawn anatomy, which is a limb's if
    `limb`; the object of a CT stands among the rest of it.
    """
    rng = np.random.default_rng([seed, 100])
    item = next((item for item in OBJECTS.values() if item.name == case.name), None)
    if item is not None and case.rest is None:
        finer = item.volume(FINER_SHARE * item.voxel_mm)
        scene = shipped_scene(case, finer, item.camera(), item.voxel_mm, rng, limb=limb)
    elif case.rest is None and float(case.volume.values.max()) > _METAL_PER_MM:
        detector = Detector(bits=16, materials=tuple(METAL))
        step_mm = FINER_SHARE * float(case.volume.spacing_mm.min())
        anatomy = random_anatomy(rng, case.size_mm, limb=limb)
        scene = Scene(case.volume, case.pose_frame, ct_camera(case), detector, anatomy, step_mm)
    else:
        scene = ct_scene(case, ct_camera(case))
    return scene, *run_motions(case, rng, rest_moves=case.rest is not None)


def shipped_scene(
    case: Case, finer: Volume, camera: Camera, voxel_mm: float, rng: np.random.Generator, *, limb: bool = False
) -> Scene:
    """Return a shipped object in a random trunk, or in a random `limb`.

    `finer` is the object at `FINER_SHARE` of the voxel size `voxel_mm` that its atlas was rendered from.
    """
    detector = Detector(bits=int(rng.choice([10, 12, 14, 16])), materials=tuple(METAL))
    anatomy = random_anatomy(rng, case.size_mm, limb=limb)
    return Scene(finer, case.pose_frame, camera, detector, anatomy, FINER_SHARE * voxel_mm)


def ct_scene(case: Case, camera: Camera) -> Scene:
    """Return the object of a CT with the rest of that CT around it, if the case has one.

    Voxels of which several fit into what a pixel sees at the object are pooled: a pixel sees their mean.
    """
    seen_mm = case.atlas.view.range_mm / camera.focal_px
    inside = _pool_to(case.volume, seen_mm)
    step = FINER_SHARE * float(inside.spacing_mm.min())
    rest = None if case.rest is None else extend_ends(_pool_to(case.rest, seen_mm), _CONTINUED_MM)
    detector = Detector(bits=16, materials=tuple(BONE), behind_counts=_BEHIND_COUNTS)
    return Scene(inside, case.pose_frame, camera, detector, None, step, rest)


def ct_camera(case: Case, side_px: int = 512) -> Camera:
    """Return the camera of a C-arm whose detector is wide enough for the object to move."""
    magnification = _SOURCE_TO_DETECTOR_MM / case.atlas.view.range_mm
    pitch = 1.7 * case.size_mm * magnification / side_px
    return camera_from_detector(
        side_px,
        side_px,
        row_spacing_mm=pitch,
        column_spacing_mm=pitch,
        source_to_detector_mm=_SOURCE_TO_DETECTOR_MM,
    )


def run_motions(case: Case, rng: np.random.Generator, *, rest_moves: bool) -> tuple[Motion, Motion]:
    """Return random motions of the object and of its surroundings about the expected view.

    With `rest_moves` the surroundings are the rest of a CT, which follows the object but for a small motion of its own.
    """
    mean = np.array([0.0, 0.0, case.atlas.view.range_mm, 0.0, 0.0, 0.0])
    object_motion = random_motion(mean, rng)
    if not rest_moves:
        return object_motion, random_motion(mean, rng, _ANATOMY_REACH)
    # The rest of a CT follows its bone but for a small motion of its own, as in a joint.
    own = random_motion(np.zeros(6), rng, 0.15 * DEFAULT_REACH)
    return object_motion, Motion(
        object_motion.mean + own.mean,
        np.hstack([object_motion.amplitudes, own.amplitudes]),
        np.hstack([object_motion.rates_hz, own.rates_hz]),
        np.hstack([object_motion.phases, own.phases]),
    )


def _pool_to(volume: Volume, largest_mm: float) -> Volume:
    """Return a volume of the coarsest voxels, whole numbers of the given ones, that are at most `largest_mm` long."""
    factors = tuple(max(1, int(largest_mm / spacing)) for spacing in volume.spacing_mm.tolist())
    missing = [(0, -length % factor) for length, factor in zip(volume.values.shape, factors, strict=True)]
    whole = np.pad(volume.values, missing, mode="edge") if any(factor > 1 for factor in factors) else volume.values
    return pool_voxels(Volume(whole, volume.lps_from_index), factors)
