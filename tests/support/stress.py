"""Two small objects in the place of those that ship, and records of a stress set made by hand."""

import numpy as np

from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.trust.records import TrustRecord
from fluoropose.evaluation.trust.subjects import trust_subjects
from fluoropose.objects.catalogue import OBJECTS, ShippedObject
from fluoropose.objects.shapes import Part, capsule
from support.cases import SMALL_CHOICE, small_parts


def wider_parts():
    return [*small_parts(), Part(capsule(np.array([-16.0, 0.0, 0.0]), np.array([16.0, 0.0, 0.0]), 2.0), 0.1)]


def put_small_objects(patch) -> None:
    """Replace the objects that ship by two small ones, as long as the patch lasts."""
    for name in reversed(list(OBJECTS)):  # what is put back last comes last
        patch.delitem(OBJECTS, name)
    half = np.array([22.0, 10.0, 21.0])
    for name, parts in (("small", small_parts), ("wider", wider_parts)):
        item = ShippedObject(name, "a test's", parts, half, 1.5, SMALL_CHOICE.base_rotation, 0.3, 1200.0, 890.0)
        patch.setitem(OBJECTS, name, item)


def small_subjects():
    return trust_subjects(None, Environment())


def record(**values) -> TrustRecord:
    """Return the record of an accepted, right answer, with other values where given."""
    usual = {
        "group": "good-1", "object": "small", "number": 0, "step": 0, "family": "good", "renderer": "sampled",
        "condition": "", "possible": True, "visible": 1.0, "size_mm": 50.0, "status": "TRACKING", "reason": "",
        "confidence": 0.9, "likeness": 0.95, "stated": (0.2, 1.0, 0.3), "start_mm": 2.0, "mtre_proj_mm": 0.1,
        "offset_mm": (0.1, 0.0, 0.5), "turn_deg": (0.1, 0.0, 0.0), "sigmas": (0.2, 0.2, 1.0, 0.2, 0.2, 0.2),
    }  # fmt: skip
    return TrustRecord(**{**usual, **values})


def impossible(**values) -> TrustRecord:
    """Return the record of a frame in which no pose is right."""
    nothing = {"possible": False, "start_mm": None, "mtre_proj_mm": None, "offset_mm": None, "turn_deg": None}
    return record(**{"group": "empty", "family": "no such pose", "sigmas": None, **nothing, **values})
