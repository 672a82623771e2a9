"""Rival poses: of several ends of the networks in one frame, which one the frame shows, and whether another does too.

Edges of a wrong pose may be much like the frame's: a handle tilted towards the viewer looks like one tilted away. So an
end is trusted at once only where it looks like nothing else can, or hardly left its start; else others are tried, and
the one is kept that looks most like the frame. Angles in rad.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fluoropose.arrays import Mat44
from fluoropose.registration.assessment import WHOLLY_SEEN, Status, assess_doubtful
from fluoropose.registration.prepared_view import PreparedView
from fluoropose.registration.reasons import RIVAL_POSE
from fluoropose.registration.refinement.sequence import EdgeEnd
from fluoropose.registration.regression.residual import align_view
from fluoropose.registration.regression.schedule import motion_between
from fluoropose.registration.result import AssessedPose
from fluoropose.registration.view_agreement import detailed_similarity

__all__ = [
    "Finish",
    "TriedEnd",
    "best_end",
    "has_settled",
    "is_confirmed",
    "is_convincing",
    "is_doubtful",
    "is_taken",
    "tried_end",
]

_CONVINCING, _CONVINCING_IN_BODY = 0.975, 0.9
"""Similarity from which an end is taken without a look at others. Of the wrong ends of eight objects that no training
saw the most alike had 0.972, of three in their bodies 0.892 (docs/measured/universal.md)."""

_LIKELY, _LIKELY_TURN_RAD = 0.955, math.radians(9.0)
"""The same for an end that is turned by no more than that from its start: wrong ends as alike were turned by 12 degrees
and more, for a start that is nearly right leads to the right end."""

_CONVINCING_OF_TRAINED, _CONVINCING_OF_TRAINED_IN_BODY = 0.953, 0.82
"""Edge similarity from which an end of networks that were trained on the case is taken at once: they hardly ever stop
at a wrong pose. Right ends of the shipped objects have at least 0.956."""

_SURE, _SURE_IN_BODY = 0.9, 0.65
"""Similarity below which the best of several ends is doubtful. Right ends of those objects had at least 0.918 (0.658 in
a body); where no right one was among the ends, the best had 0.882."""

_RIVAL_MARGIN, _RIVAL_TURN_RAD = 0.001, math.radians(3.0)
"""An end that is turned from the best by more than that, and less alike by no more than that, is its rival."""

_SAME_SHARE, _SAME_RAD = 0.01, math.radians(1.0)
"""Two ends are one within this share of the field and this angle."""

_ENOUGH = 2
"""An end that this many starts led to is taken where it is likely."""

_UNANIMOUS, _UNANIMOUS_SHARE, _UNANIMOUS_RAD = 3, 0.02, math.radians(2.0)
"""Where so many starts led to ends within this share of the field and this angle of each other, and to no other one, it
is taken. Of three such searches of four objects (80 starts each) the further tries changed none; of 48 with two such
ends they changed five. In clutter, where no end is much like the frame, this ends most searches."""

_CONFIRMED_SHARE, _CONFIRMED_RAD = 0.06, math.radians(8.0)
"""A likely end is taken if of all views about the start one within this share of the field and this angle of it looks
most like the frame: the networks would come to the same end from there. Of 180 such ends of five objects (80 starts
each) all were right, and to follow the view changed two, by 1.1 and 1.2 degrees."""

_LEAD, _LED_SHARE, _LED_RAD = 0.07, 0.03, math.radians(5.0)
"""An end that is not doubtful is taken, too, if the view that looks most like the frame leads those of other directions
by this share of its score, and the end lies within this share of the field and this angle of it. In clutter, where no
end is likely, it ends most searches. Of 83 wrong ends none did, the nearest with a lead of 0.05."""


@dataclass(frozen=True, slots=True, eq=False)
class TriedEnd:
    """An end, and how much it looks like the frame: `detailed_similarity`, in a body the edge similarity.

    One with `edges` may be refined further (`EdgeEnd`).
    """

    found: AssessedPose
    alike: float
    edges: EdgeEnd | None = None


Finish = Callable[[TriedEnd], TriedEnd]
"""Refines an end as far as is possible."""


def is_taken(view: PreparedView, end: TriedEnd, start: Mat44) -> bool:
    """Tell whether what the networks found of a rough start may be taken without a look at other ends."""
    if view.resident.trained:
        least = _CONVINCING_OF_TRAINED_IN_BODY if view.atlas.has_surroundings else _CONVINCING_OF_TRAINED
        return end.found.similarity >= least
    return is_convincing(view, end, start)


def tried_end(view: PreparedView, found: AssessedPose) -> TriedEnd:
    """Return an end with how much it looks like the frame."""
    if view.atlas.has_surroundings:
        return TriedEnd(found, found.similarity)
    alignment = align_view(found.estimate.camera_from_volume, view.camera, view.atlas)
    return TriedEnd(found, detailed_similarity(view.image, alignment, view.atlas, view.hidden))


def is_convincing(view: PreparedView, end: TriedEnd, start: Mat44) -> bool:
    """Tell whether an end may be taken without a look at others."""
    if view.atlas.has_surroundings:
        return end.alike >= _CONVINCING_IN_BODY
    _, _, turned_rad = _motion(view, start, end.found.estimate.camera_from_volume)
    return end.alike >= (_LIKELY if turned_rad <= _LIKELY_TURN_RAD else _CONVINCING)


def has_settled(view: PreparedView, ends: Sequence[TriedEnd]) -> bool:
    """Tell whether no further end need be tried.

    The best one convinces, is likely and was reached twice, or is not doubtful and was reached by all of three.
    """
    best = _most_alike(ends)
    if view.atlas.has_surroundings:
        return best.alike >= _CONVINCING_IN_BODY
    if best.alike >= _CONVINCING or _is_unanimous(view, best, ends):
        return True
    same = sum(_is_within(view, best, end, _SAME_SHARE, _SAME_RAD) for end in ends)
    return best.alike >= _LIKELY and same >= _ENOUGH


def is_confirmed(view: PreparedView, end: TriedEnd, most_alike: Mat44, lead: float) -> bool:
    """Tell whether an end lies at the view that looks most like the frame, and is likely or that view has no equal.

    `lead` is that of this view over those of other directions (`StartMatches.lead`).
    """
    if view.atlas.has_surroundings:
        return False
    across, _, turned_rad = _motion(view, end.found.estimate.camera_from_volume, most_alike)
    share = across / view.atlas.view.field_mm
    if end.alike >= _LIKELY and share < _CONFIRMED_SHARE and turned_rad < _CONFIRMED_RAD:
        return True
    if lead < _LEAD or is_doubtful(view, end):
        return False
    return share < _LED_SHARE and turned_rad < _LED_RAD


def is_doubtful(view: PreparedView, end: TriedEnd) -> bool:
    """Tell whether the best of several ends looks too little like the frame: the best of many may fit by chance."""
    if view.atlas.has_surroundings:
        return end.alike < _SURE_IN_BODY
    if end.alike >= _SURE or end.found.similarity >= WHOLLY_SEEN:
        return False
    return not end.found.assessment.is_matched


def best_end(view: PreparedView, ends: Sequence[TriedEnd], finish: Finish = lambda end: end) -> AssessedPose:
    """Return the end most like the frame, with the times of all; no sure one if it is doubtful or has a rival.

    That end alone is refined further, by `finish`.
    """
    best = _most_alike(ends)
    finished = finish(best)
    found, assessment = finished.found, finished.found.assessment
    if is_doubtful(view, finished):
        assessment = assess_doubtful(assessment)
    elif any(_is_rival(view, best, end) for end in ends):
        assessment = assess_doubtful(assessment, RIVAL_POSE)
    estimate = found.estimate.with_times_of(found.estimate, *(end.found.estimate for end in ends if end is not best))
    return replace(found, estimate=estimate, assessment=assessment)


def _most_alike(ends: Sequence[TriedEnd]) -> TriedEnd:
    return max(ends, key=lambda end: end.alike)


def _is_unanimous(view: PreparedView, best: TriedEnd, ends: Sequence[TriedEnd]) -> bool:
    if len(ends) < _UNANIMOUS or is_doubtful(view, best):
        return False
    return all(_is_within(view, best, end, _UNANIMOUS_SHARE, _UNANIMOUS_RAD) for end in ends)


def _is_within(view: PreparedView, one: TriedEnd, other: TriedEnd, share: float, angle_rad: float) -> bool:
    across, _, turned_rad = _apart(view, one, other)
    return across < share * view.atlas.view.field_mm and turned_rad < angle_rad


def _is_rival(view: PreparedView, best: TriedEnd, other: TriedEnd) -> bool:
    if other.found.assessment.status is not Status.TRACKING or other.alike < best.alike - _RIVAL_MARGIN:
        return False
    return _apart(view, best, other)[2] > _RIVAL_TURN_RAD


def _apart(view: PreparedView, one: TriedEnd, other: TriedEnd) -> tuple[float, float, float]:
    return _motion(view, one.found.estimate.camera_from_volume, other.found.estimate.camera_from_volume)


def _motion(view: PreparedView, before: Mat44, after: Mat44) -> tuple[float, float, float]:
    return motion_between(before, after, view.atlas.view.centre_mm)
