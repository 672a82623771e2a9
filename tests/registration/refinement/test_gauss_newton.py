"""The driver on small costs that are known exactly: one step to a minimum, priors, bounds, when it stops."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.registration.refinement.gauss_newton import (
    AbstractCost,
    Equations,
    Prior,
    Stop,
    minimise,
    newton_step,
)

NO_PRIOR = Prior(np.zeros((6, 6)))
STOP = Stop(most_steps=10, settled_errors=1.0)
MINIMUM = np.array([1.0, -2.0, 3.0, 0.1, -0.2, 0.3])


def pose_of(six):
    """Return a stand-in for a pose: a matrix that carries six numbers."""
    return np.concatenate([six, np.zeros(10)]).reshape(4, 4)


def six_of(pose):
    return pose.ravel()[:6]


class SixNumbers:
    """The six numbers that a stand-in carries, as they are."""

    def __init__(self, pose):
        self.origin = six_of(pose).copy()

    def pose_at(self, parameters):
        return pose_of(parameters)

    def parameters_of(self, pose):
        return six_of(pose)


class Quadratic(AbstractCost):
    """Half of (p - minimum)^T information (p - minimum), whose equations are exact; only a `share` of a step is told.

    Rows of `information` beyond the sixth are those of further unknowns, which are least at 0. Calls are noted.
    """

    def __init__(self, information, share=1.0, longest=None, agreements=None):
        self.information, self.share, self.longest = information, share, longest
        self.further = np.zeros(len(information) - 6)
        self.accepted, self.polished = [], []
        self.agreements = iter(agreements) if agreements is not None else None

    def evaluate(self, pose):
        left = np.concatenate([MINIMUM - six_of(pose), -self.further])
        agreement = -float(left @ left) if self.agreements is None else next(self.agreements)
        vector = self.share * self.information @ left
        return Equations(self.information, vector, agreement, SixNumbers(pose), self.longest)

    def accept(self, step):
        self.accepted.append(step)
        self.further = self.further + step.change[6:]

    def polish(self, equations, step):
        self.polished.append(equations)
        return step


def random_information(rng, count=6):
    root = rng.normal(size=(count, 2 * count))
    return root @ root.T


def test_one_step_reaches_the_minimum_of_a_quadratic(rng):
    cost = Quadratic(random_information(rng))
    solution = minimise(cost, pose_of(np.zeros(6)), NO_PRIOR, replace(STOP, most_steps=1))
    np.testing.assert_allclose(six_of(solution.pose), MINIMUM, atol=1e-9)
    np.testing.assert_array_equal(six_of(solution.before), np.zeros(6))
    assert solution.steps == 1
    np.testing.assert_allclose(solution.step.information, cost.information)
    np.testing.assert_allclose(solution.step.parameters, MINIMUM, atol=1e-9)


def test_the_errors_of_a_step_are_its_length_in_expected_errors():
    sigmas = np.array([0.1, 0.2, 2.0, 0.01, 0.02, 0.02])
    step = newton_step(Quadratic(np.diag(sigmas**-2.0)).evaluate(pose_of(np.zeros(6))), NO_PRIOR)
    assert step.errors == pytest.approx(np.linalg.norm(MINIMUM / sigmas))


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0, 3.0])
def test_a_prior_pulls_as_its_information_says(share):
    """Toward a pose of its own: the end is the mean of both, weighted by their information."""
    believed = np.array([-1.0, 0.0, 0.0, 0.0, 0.0, 0.5])
    information = np.diag([4.0, 1.0, 0.25, 100.0, 50.0, 50.0])
    prior = Prior(share * information, pose_of(believed))
    solution = minimise(Quadratic(information), pose_of(np.full(6, 7.0)), prior, replace(STOP, most_steps=1))
    np.testing.assert_allclose(six_of(solution.pose), (MINIMUM + share * believed) / (1.0 + share), atol=1e-9)
    np.testing.assert_allclose(solution.step.information, (1.0 + share) * information)


def test_a_prior_about_no_pose_shortens_each_step_and_moves_no_end():
    information = np.eye(6)
    prior = Prior(information)
    first = minimise(Quadratic(information), pose_of(np.zeros(6)), prior, replace(STOP, most_steps=1))
    np.testing.assert_allclose(six_of(first.pose), 0.5 * MINIMUM)
    last = minimise(Quadratic(information), pose_of(np.zeros(6)), prior, Stop(most_steps=60, settled_errors=1e-12))
    np.testing.assert_allclose(six_of(last.pose), MINIMUM, atol=1e-10)


def test_a_prior_changes_no_equations_of_the_cost(rng):
    cost = Quadratic(random_information(rng))
    before = cost.information.copy()
    newton_step(cost.evaluate(pose_of(np.zeros(6))), Prior(np.eye(6), pose_of(MINIMUM)))
    np.testing.assert_array_equal(cost.information, before)


def test_further_unknowns_are_solved_with_the_pose_and_marginalised(rng):
    """What is known of the pose is what the inverse of everything's information says, whatever the others are."""
    information = random_information(rng, 9)
    cost = Quadratic(information)
    cost.further = np.array([0.5, -0.5, 2.0])
    solution = minimise(cost, pose_of(np.zeros(6)), NO_PRIOR, replace(STOP, most_steps=1))
    np.testing.assert_allclose(six_of(solution.pose), MINIMUM, atol=1e-9)
    np.testing.assert_allclose(cost.further, 0.0, atol=1e-9)
    known = np.linalg.inv(np.linalg.inv(information)[:6, :6])
    np.testing.assert_allclose(solution.step.information, known, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(solution.step.all_information, information)
    assert solution.step.errors == pytest.approx(float(np.sqrt(MINIMUM @ known @ MINIMUM)))


def test_a_prior_is_about_the_pose_only(rng):
    information = random_information(rng, 7)
    step = newton_step(Quadratic(information).evaluate(pose_of(np.zeros(6))), Prior(np.eye(6)))
    expected = information.copy()
    expected[:6, :6] += np.eye(6)
    np.testing.assert_allclose(step.all_information, expected)


def test_no_step_is_longer_than_the_bounds():
    longest = np.array([0.5, 5.0, 5.0, 5.0, 5.0, 0.1, 0.25])
    cost = Quadratic(np.eye(7), longest=longest)
    cost.further = np.array([1.0])
    solution = minimise(cost, pose_of(np.zeros(6)), NO_PRIOR, replace(STOP, most_steps=1))
    np.testing.assert_allclose(six_of(solution.pose), [0.5, -2.0, 3.0, 0.1, -0.2, 0.1])
    np.testing.assert_allclose(cost.further, 0.75)
    solution = minimise(Quadratic(np.eye(7), longest=longest), pose_of(np.zeros(6)), NO_PRIOR, Stop(20, 1e-9))
    np.testing.assert_allclose(six_of(solution.pose), MINIMUM, atol=1e-9)


def test_it_stops_when_a_step_is_short_in_expected_errors():
    """Each step goes half of the way: from eight errors on the lengths are 4, 2, 1, 0.5."""
    start = pose_of(MINIMUM + [8.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    cost = Quadratic(np.eye(6), share=0.5)
    solution = minimise(cost, start, NO_PRIOR, Stop(most_steps=10, settled_errors=0.75))
    assert solution.steps == 4
    # The short step is taken too.
    np.testing.assert_allclose(six_of(solution.pose) - MINIMUM, [0.5, 0, 0, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(six_of(solution.before) - MINIMUM, [1.0, 0, 0, 0, 0, 0], atol=1e-12)
    assert len(cost.accepted) == 4
    assert cost.accepted[-1] is solution.step


def test_it_takes_at_most_so_many_steps():
    cost = Quadratic(np.eye(6), share=0.5)
    solution = minimise(cost, pose_of(np.full(6, 100.0)), NO_PRIOR, replace(STOP, most_steps=3))
    assert solution.steps == 3
    # An end that has not settled is not polished.
    assert cost.polished == []


@pytest.mark.parametrize("least", [1, 2, 5])
def test_the_first_steps_are_not_the_last_however_short(least):
    cost = Quadratic(np.eye(6))
    solution = minimise(cost, pose_of(MINIMUM), NO_PRIOR, replace(STOP, least_steps=least))
    assert solution.steps == least
    assert len(cost.polished) == 1


def test_the_last_step_is_polished_before_it_is_taken():
    class Polishing(Quadratic):
        def __init__(self):
            super().__init__(np.eye(6))

        def polish(self, equations, step):
            return replace(step, parameters=step.parameters + 10.0)

    cost = Polishing()
    solution = minimise(cost, pose_of(MINIMUM), NO_PRIOR, STOP)
    np.testing.assert_allclose(six_of(solution.pose), MINIMUM + 10.0)
    assert cost.accepted == [solution.step]


@pytest.mark.parametrize(
    ("agreements", "worse", "improved"),
    [
        ((0.5, 0.6), 0.0, True),
        ((0.5, 0.5), 0.0, True),
        ((0.6, 0.5), 0.0, False),
        ((0.6, 0.5), 0.2, True),
        ((0.6, 0.7, 0.5), 0.0, False),
        ((0.5, np.nan), 0.0, True),
    ],
)
def test_an_end_that_agrees_less_is_no_improvement(agreements, worse, improved):
    """Of the steps in between nothing is asked; an agreement that cannot be told is not less."""
    cost = Quadratic(np.eye(6), agreements=agreements)
    stop = Stop(most_steps=len(agreements), settled_errors=0.0, worse=worse)
    solution = minimise(cost, pose_of(np.zeros(6)), NO_PRIOR, stop)
    assert solution.improved is improved
    np.testing.assert_array_equal(solution.agreements, agreements)
