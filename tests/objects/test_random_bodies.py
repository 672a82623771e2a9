"""Random bodies: object and rest add up to a body, with soft tissue where the object is."""

import numpy as np

from fluoropose.imaging.attenuation import WATER_PER_MM
from fluoropose.objects.random_bodies import random_body


def test_bodies_repeat_and_hold_the_object_in_their_middle():
    seen = []
    for seed in range(4):
        body, again = (random_body(np.random.default_rng(seed)) for _ in range(2))
        np.testing.assert_array_equal(body.inside.values, again.inside.values)
        np.testing.assert_array_equal(body.rest.values, again.rest.values)
        centre = body.rest.centre_mm
        np.testing.assert_allclose(centre, 0.0, atol=1e-6)
        seen.append(body.inside.values.shape)
        reach = np.linalg.norm(body.inside.values.shape * body.inside.spacing_mm) / 2
        assert (np.array(body.rest.values.shape) * body.rest.spacing_mm / 2 > 0.8 * reach).all()
    assert len(set(seen)) > 1


def test_the_rest_is_soft_tissue_with_bone_and_gas_and_the_object_its_excess():
    body = random_body(np.random.default_rng(1))
    soft = np.count_nonzero(np.abs(body.rest.values / WATER_PER_MM - 1.0) < 0.15)
    assert soft > 0.2 * body.rest.values.size
    assert body.rest.values.max() > 1.5 * WATER_PER_MM
    assert (body.inside.values >= 0.0).all()
    assert 0.0 < body.inside.values.max() < 0.2
