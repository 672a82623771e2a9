"""Rotation vectors of many rotations: the twin is `geometry.rotation`, one at a time."""

import numpy as np
import pytest

from fluoropose.geometry.batched_rotation import from_rotation_vectors, to_rotation_vectors
from fluoropose.geometry.rotation import from_rotation_vector, to_rotation_vector


def test_many_rotations_are_each_as_one(rng):
    vectors = np.concatenate([rng.normal(size=(20, 3)), 1e-9 * rng.normal(size=(3, 3)), np.zeros((1, 3))])
    rotations = from_rotation_vectors(vectors)
    for one, rotation in zip(vectors, rotations, strict=True):
        np.testing.assert_allclose(rotation, from_rotation_vector(one), atol=1e-12)
    np.testing.assert_allclose(
        to_rotation_vectors(rotations), [to_rotation_vector(rotation) for rotation in rotations], atol=1e-9
    )
    half = from_rotation_vectors(np.array([[0.0, np.pi, 0.0]]))
    assert np.linalg.norm(to_rotation_vectors(half)) == pytest.approx(np.pi)


def test_a_quarter_turn_by_hand():
    (quarter,) = from_rotation_vectors(np.array([[0.0, 0.0, np.pi / 2]]))
    np.testing.assert_allclose(quarter, [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-15)
    np.testing.assert_allclose(to_rotation_vectors(quarter[None]), [[0.0, 0.0, np.pi / 2]])


def test_no_rotations_are_no_vectors():
    assert from_rotation_vectors(np.zeros((0, 3))).shape == (0, 3, 3)
    assert to_rotation_vectors(np.zeros((0, 3, 3))).shape == (0, 3)
