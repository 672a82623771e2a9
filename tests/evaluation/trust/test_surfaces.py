"""An object's surfaces: they face outwards, enclose what the parts fill, and add up to the attenuation."""

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.trust.surfaces import part_surfaces
from fluoropose.imaging.volume import Volume
from fluoropose.objects.shapes import Part, ellipsoid, voxelise
from fluoropose.simulate.surface_rays import Surface


def volume_mm3(surface: Surface) -> float:
    a, b, c = (surface.vertices_mm[surface.faces[:, n]] for n in range(3))
    return float((a * np.cross(b, c)).sum() / 6.0)


def test_a_ball_in_a_ball_is_two_surfaces_of_their_size():
    parts = [Part(ellipsoid(np.full(3, 9.0)), 0.1), Part(ellipsoid(np.full(3, 5.0)), 0.3)]
    outer, inner = part_surfaces(parts, voxelise(parts, np.full(3, 10.0), 0.5))
    assert (outer.attenuation_per_mm, inner.attenuation_per_mm) == pytest.approx((0.1, 0.2))
    for surface, radius in ((outer, 9.0), (inner, 5.0)):
        assert volume_mm3(surface) == pytest.approx(4.0 / 3.0 * np.pi * radius**3, rel=0.01)
        assert np.linalg.norm(surface.vertices_mm, axis=1) == pytest.approx(radius, abs=0.15)


def test_what_does_not_attenuate_has_no_surface():
    with pytest.raises(InputError, match="parts that attenuate, got none"):
        part_surfaces([Part(ellipsoid(np.full(3, 5.0)), 0.1)], Volume(np.zeros((3, 3, 3), np.float32), np.eye(4)))
