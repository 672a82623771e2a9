"""What a pose is worth: its status (TRACKING, LOW_CONFIDENCE or LOST), confidence and expected errors.

Confidence is the product of two measures. One is the networks' presence, which was trained to tell frames with the
object near the pose from frames without it. The other is the edge similarity, which no training can mislead. Expected
errors come from the information matrix, plus how far the last step still moved the pose.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat33, Mat44
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.rigid import transform, turn_covariance
from fluoropose.registration.multi_view_solver import CalibratedView
from fluoropose.registration.reasons import DOUBTFUL_MATCH, VIEW_NOT_CACHED
from fluoropose.registration.regression.residual import (
    Group,
    ViewAlignment,
    align_view,
    view_covariance,
    view_equation,
)
from fluoropose.registration.regression.schedule import PoseEstimate
from fluoropose.registration.view_agreement import (
    edges_in_frame,
    is_partly_hidden,
    sharpness_in_frame,
    view_similarity,
)
from fluoropose.similarity.matched_edges import MatchedEdges

__all__ = [
    "Assessment",
    "ErrorEstimate",
    "MATCHED",
    "SURE",
    "Status",
    "WHOLLY_SEEN",
    "assess",
    "assess_doubtful",
    "assess_in_frame",
    "assess_jointly",
    "assess_parts",
    "assess_waiting",
    "expected_errors",
    "is_in_field",
    "world_covariance",
    "world_information",
]

SURE = 0.5
"""Confidence from which a pose counts as found."""

_LOST = 0.1
_UNLIKE, _LIKE = 0.45, 0.75
"""Edge similarity of an empty frame and of the object. On simulated frames empty ones stay below 0.6 and
right poses above 0.85 (a test proves it); real frames, where other bones cross, lie between."""

WHOLLY_SEEN = 0.93
"""Edge similarity from which no part of the object is hidden, and its parts are not looked at one by one."""

MATCHED, _MATCHED_OF_SEEN = 0.36, 0.5
"""Least share of an object's edges that the frame shows exactly, and its least share of those that it shows at all, for
the pose to be right though the rest is hidden. Of 155 poses that were wrong by more than 2 mm or 2 % of the size, the
object's own, mirrored, turned or another one's, one had more; of right ones with 60 % and more visible, 89 % had
(`evaluate trust`, docs/measured/trust.md)."""

_LEAST_VISIBLE = 0.12
"""Least share of an object's edges that the frame must show where border, field or marks hide the others, though what
is shown is `WHOLLY_SEEN`. Of 26 wrong poses (`evaluate trust`, seed 4) two were partly hidden, at similarities of 0.48
and 0.70; right ones had up to 0.99 with shares of 0.14 to 0.35."""

_EXACT = 0.96
"""Edge similarity of what is shown exactly, where a border, a field or marks hide the rest: right poses have 0.98."""

_SHARP = 0.9
"""Sharpness below which a pose is not matched: one that lies a little beside the object meets its edges unsharply. Of
153 poses that were accepted by what is matched, 148 right and 5 wrong, 7 and 2 had less (`evaluate trust`, seeds 1
and 2; the other three wrong ones were mirrored)."""

_DOUBT_SHARE = 0.02
"""An expected in-plane error above this share of the field is not a confident pose, whatever the presence says."""

_DEPTH_LIMIT = 0.35
"""Ranges further than this share from nominal were never trained on."""


class Status(Enum):
    """The three answers; the values go over the wire."""

    TRACKING = "TRACKING"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"
    LOST = "LOST"


@dataclass(frozen=True, slots=True)
class ErrorEstimate:
    """Expected absolute errors."""

    in_plane_mm: float
    depth_mm: float
    rotation_deg: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """Status, confidence 0 to 1, expected errors; where it is not TRACKING the `reason`'s code and a sentence.

    `visible_fraction` is the share of the object's edges that the frame shows at the pose, `matched_fraction` of those
    that it shows exactly (`similarity.matched_edges`; 0 where nobody looked, since the whole is alike), `sharpness` how
    sharp it shows them (`similarity.edge_sharpness`; 1 where nobody looked).
    """

    status: Status
    confidence: float
    error_estimate: ErrorEstimate
    reason: str = ""
    reason_text: str = ""
    visible_fraction: float = 1.0
    matched_fraction: float = 0.0
    sharpness: float = 1.0

    @property
    def is_matched(self) -> bool:
        """Whether what is seen of the object agrees closely, and is enough of it for no other pose to do so."""
        enough = self.matched_fraction >= MATCHED and self.sharpness >= _SHARP
        return enough and self.matched_fraction >= _MATCHED_OF_SEEN * self.visible_fraction

    @property
    def lacks_reason(self) -> bool:
        """Whether it is not TRACKING and does not say why."""
        return self.status is not Status.TRACKING and not self.reason


def expected_errors(covariance: Float64, camera_from_world: Mat44) -> ErrorEstimate:
    """Return the errors along a camera's axes of a pose with this covariance in the world.

    `covariance` (6, 6) is that of a twist about the object's centre: x, y, z in mm, rotation vector in rad.
    """
    turn = camera_from_world[:3, :3]
    across = np.sqrt(np.maximum(np.diag(turn @ covariance[:3, :3] @ turn.T), 0.0))
    turned = float(np.sqrt(max(float(np.trace(covariance[3:, 3:])), 0.0)))
    return ErrorEstimate(float(np.hypot(across[0], across[1])), float(across[2]), float(np.rad2deg(turned)))


def assess(estimate: PoseEstimate, similarity: float, camera: Camera, atlas: AbstractAtlas) -> Assessment:
    """Return what an estimate is worth; `similarity` is the edge similarity at its pose (`view_similarity`)."""
    sigma = estimate.regression.sigmas[0]
    across, along, turned = estimate.moved
    errors = ErrorEstimate(
        float(np.hypot(np.hypot(sigma[0], sigma[1]), across)),
        float(np.hypot(sigma[2], along)),
        float(np.rad2deg(np.hypot(np.linalg.norm(sigma[3:]), turned))),
    )
    edges = float(np.clip((similarity - _UNLIKE) / (_LIKE - _UNLIKE), 0.0, 1.0))
    confidence = float(estimate.regression.presence[0]) * edges
    if not is_in_field(estimate.camera_from_volume, camera, atlas):
        return Assessment(Status.LOST, 0.0, errors)
    return Assessment(_status(confidence, errors, atlas), confidence, errors)


def assess_in_frame(
    frame: Float32,
    estimate: PoseEstimate,
    alignment: ViewAlignment,
    camera: Camera,
    atlas: AbstractAtlas,
    similarity: float | None = None,
    hidden: Float32 | None = None,
) -> tuple[Assessment, float]:
    """Return what an estimate is worth in a frame (rows, columns) of line integrals, and its edge similarity there.

    `alignment` is that of the estimate's pose; a `similarity` that is known is not computed again. Where `hidden` is 1
    the frame shows nothing.
    """
    if similarity is None:
        similarity = view_similarity(frame, alignment, atlas, hidden)
    assessment = assess(estimate, similarity, camera, atlas)
    partly = is_partly_hidden(frame, alignment, atlas, hidden)
    wholly = similarity >= WHOLLY_SEEN and not partly
    if wholly or not is_in_field(estimate.camera_from_volume, camera, atlas):
        return assessment, similarity
    sharpness = sharpness_in_frame(frame, alignment, atlas, hidden).sharpness
    edges = edges_in_frame(frame, alignment, atlas, hidden)
    parts = assess_parts(assessment, edges, sharpness, atlas)
    return _assess_partly_shown(parts, edges, similarity, atlas) if partly else parts, similarity


def assess_parts(assessment: Assessment, edges: MatchedEdges, sharpness: float, atlas: AbstractAtlas) -> Assessment:
    """Return what a pose is worth by how much of the object's `edges` the frame shows, and how sharply.

    What hides a part makes networks and similarity of the whole unsure; a pose that is matched is found all the same.
    """
    parts = replace(assessment, visible_fraction=edges.seen, matched_fraction=edges.matched, sharpness=sharpness)
    if atlas.has_surroundings or not parts.is_matched:
        return parts
    confidence = max(assessment.confidence, SURE + (1.0 - SURE) * (edges.matched - MATCHED) / (1.0 - MATCHED))
    return replace(parts, confidence=confidence, status=_status(confidence, assessment.error_estimate, atlas))


def _assess_partly_shown(parts: Assessment, edges: MatchedEdges, similarity: float, atlas: AbstractAtlas) -> Assessment:
    """Return what a pose is worth of which the frame shows a part: too little is doubtful, all shown exactly is sure.

    No training taught the networks what a border or a field cuts off, so that their presence is low there.
    """
    if edges.seen < (_LEAST_VISIBLE if similarity >= WHOLLY_SEEN else MATCHED):
        return assess_doubtful(parts)
    exact = similarity >= _EXACT and edges.shown_exactly and parts.sharpness >= _SHARP
    if parts.status is Status.LOST or atlas.has_surroundings or not exact:
        return parts
    confidence = max(parts.confidence, SURE)
    return replace(parts, confidence=confidence, status=_status(confidence, parts.error_estimate, atlas))


def world_information(estimate: PoseEstimate, view: CalibratedView) -> Float64:
    """Return what one view knows of a pose as a world twist, shape (6, 6); mm and rad."""
    alignment = align_view(estimate.camera_from_volume, view.camera, view.atlas)
    covariance = view_covariance(estimate.regression.information[0], view.atlas)
    residual = estimate.regression.residuals[0]
    return view_equation(alignment, residual, covariance, Group.ALL, view.camera_from_world, view.atlas).information


def world_covariance(estimate: PoseEstimate, view: CalibratedView, ray_from_world: Mat33) -> Float64:
    """Return the covariance (6, 6) of one view's pose as a world twist, as its equations tell; mm and rad.

    Along the axes of the ray (x, y across it, z along) what the last step still moved is added.
    """
    alignment = align_view(estimate.camera_from_volume, view.camera, view.atlas)
    residual, own = estimate.regression.residuals[0], np.linalg.inv(estimate.regression.information[0])
    equation = view_equation(alignment, residual, own, Group.ALL, view.camera_from_world, view.atlas)
    across, along, turned = estimate.moved
    moved = np.diag(np.square([across, across, along, turned, turned, turned]) / [2.0, 2.0, 1.0, 3.0, 3.0, 3.0])
    return np.asarray(np.linalg.inv(equation.information) + turn_covariance(moved, ray_from_world.T))


def assess_jointly(
    views: Sequence[Assessment], information: Float64, proposed: Float64, camera_from_world: Mat33, atlas: AbstractAtlas
) -> Assessment:
    """Return what a joint estimate is worth: its confidence is that of the view that is least sure of it.

    Expected errors are those of the joint `information` (6, 6) and of the twist (6,) still `proposed`, in the world
    (mm, rad), seen along the axes of a camera with the rotation `camera_from_world`.
    """
    confidence = min(view.confidence for view in views)
    covariance = np.linalg.inv(information)
    variances = np.diag(camera_from_world @ covariance[:3, :3] @ camera_from_world.T)
    offset = camera_from_world @ proposed[:3]
    estimate = ErrorEstimate(
        float(np.sqrt(variances[0] + variances[1] + offset[0] ** 2 + offset[1] ** 2)),
        float(np.sqrt(variances[2] + offset[2] ** 2)),
        float(np.rad2deg(np.sqrt(np.trace(covariance[3:, 3:]) + proposed[3:] @ proposed[3:]))),
    )
    visible = min(view.visible_fraction for view in views)
    return Assessment(_status(confidence, estimate, atlas), confidence, estimate, visible_fraction=visible)


def assess_doubtful(assessment: Assessment, reason: str = DOUBTFUL_MATCH, text: str = "") -> Assessment:
    """Return what a pose is worth that another measure doubts; `text` may say more than the reason's code."""
    if assessment.status is not Status.TRACKING:
        return assessment
    return replace(assessment, status=Status.LOW_CONFIDENCE, reason=reason, reason_text=text)


def assess_waiting(assessment: Assessment, waited: int) -> Assessment:
    """Return what a tracked pose is worth for which views had to be rendered: the frame is late, and that is said."""
    return assess_doubtful(assessment, VIEW_NOT_CACHED) if waited else assessment


def _status(confidence: float, errors: ErrorEstimate, atlas: AbstractAtlas) -> Status:
    """Return the status of a pose with this confidence and these expected errors."""
    if confidence < _LOST:
        return Status.LOST
    doubtful = confidence < SURE or errors.in_plane_mm > _DOUBT_SHARE * atlas.view.field_mm
    return Status.LOW_CONFIDENCE if doubtful else Status.TRACKING


def is_in_field(camera_from_volume: Mat44, camera: Camera, atlas: AbstractAtlas) -> bool:
    """Tell whether the object's centre is inside the frame, at a range that the networks were trained for."""
    centre = transform(camera_from_volume, atlas.view.centre_mm)
    if centre[2] <= 0 or abs(np.linalg.norm(centre) / atlas.view.range_mm - 1.0) > _DEPTH_LIMIT:
        return False
    u, v = project(camera, centre)
    return bool(-0.5 <= u <= camera.columns - 0.5 and -0.5 <= v <= camera.rows - 0.5)
