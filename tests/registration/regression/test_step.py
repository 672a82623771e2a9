"""The solution of a step's equations, batch by batch, and what a stepper reports where nothing falls back."""

import numpy as np

from fluoropose.registration.regression.numpy_step import NumpyStepper
from fluoropose.registration.regression.step import solve_regression


def test_a_batch_of_equations_is_solved_each_for_itself(rng):
    roots = rng.normal(size=(3, 6, 6))
    information = roots @ roots.transpose(0, 2, 1) + np.eye(6)
    truth = rng.normal(size=(3, 6))
    presence = np.array([0.1, 0.5, 1.0])
    solved = solve_regression(information, np.einsum("bij,bj->bi", information, truth), presence)
    np.testing.assert_allclose(solved.residuals, truth, atol=1e-9)
    for number in range(3):
        covariance = np.linalg.inv(information[number])
        np.testing.assert_allclose(solved.sigmas[number], np.sqrt(np.diag(covariance)), rtol=1e-9)
    np.testing.assert_array_equal(solved.presence, presence)


def test_a_stepper_in_plain_numpy_has_no_nodes_that_fall_back():
    assert NumpyStepper({}, np.zeros((1, 8, 8), np.float16)).fallback_nodes == 0
