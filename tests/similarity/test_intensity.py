import numpy as np
import pytest

from fluoropose.similarity.intensity import JointHistogram, normalised_correlation


def test_correlation_by_hand():
    # Deviations (-1, 0, 1) and (-1, 2, -1): 1 + 0 - 1 = 0; with (-1, 0, 1) and (-1, -1, 2): (1 + 2) / sqrt(2 * 6).
    first = np.array([[1.0, 2.0, 3.0]])
    assert normalised_correlation(first, np.array([[0.0, 3.0, 0.0]])) == pytest.approx(0.0)
    assert normalised_correlation(first, np.array([[0.0, 0.0, 3.0]])) == pytest.approx(3.0 / np.sqrt(12.0))
    assert normalised_correlation(first, 7.0 - 2.0 * first) == pytest.approx(-1.0)
    assert normalised_correlation(first, np.ones((1, 3))) == 0.0


def test_mutual_information_by_hand():
    # Two values each, always together: the joint histogram is diag(1/2, 1/2), so MI = log 2; independent ones share 0.
    fixed = np.array([[0.0, 0.0, 1.0, 1.0]])
    assert JointHistogram(fixed, 2).mutual_information(np.array([[5.0, 5.0, 9.0, 9.0]])) == pytest.approx(
        np.log(2), abs=1e-4
    )
    assert JointHistogram(fixed, 2).mutual_information(np.array([[0.0, 1.0, 0.0, 1.0]])) == pytest.approx(0.0, abs=1e-4)


def test_mutual_information_shares_a_value_between_two_bins():
    # 0, 1/2, 1 in two bins: the middle value counts half in each. Joint rows (fixed 0: 0 and 1/2; fixed 1: 1):
    # [[3/2, 1/2], [0, 1]] / 3.
    joint = np.array([[1.5, 0.5], [0.0, 1.0]]) / 3
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    expected = sum(joint[i, j] * np.log(joint[i, j] / apart[i, j]) for i, j in ((0, 0), (0, 1), (1, 1)))
    found = JointHistogram(np.array([[0.0, 0.0, 1.0]]), 2).mutual_information(np.array([[0.0, 0.5, 1.0]]))
    assert found == pytest.approx(expected, abs=1e-4)


def test_mutual_information_does_not_mind_a_monotone_look_up(rng):
    fixed = rng.uniform(size=(40, 40))
    moving = fixed + 0.05 * rng.normal(size=fixed.shape)
    plain, bent = (JointHistogram(picture, 16).mutual_information(moving) for picture in (fixed, fixed**2))
    assert bent == pytest.approx(plain, rel=0.1)
    assert plain > 3 * JointHistogram(fixed, 16).mutual_information(rng.permutation(moving.ravel()).reshape(40, 40))
