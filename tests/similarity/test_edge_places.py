"""The places of edges, and means over their neighbourhoods."""

import numpy as np
from numba import njit

from fluoropose.imaging.filters import block_mean
from fluoropose.similarity.edge_equations import central_differences_twin
from fluoropose.similarity.edge_places import (
    BLOCK,
    EDGE_SHARE,
    RIM,
    cells_of,
    find_edges,
    neighbourhood_means,
    used_places,
)


@njit
def means_at(values, places, corner, size):
    cells, shares = cells_of(places, corner, size // BLOCK)
    out = np.empty_like(values)
    neighbourhood_means(values, cells, shares, size // BLOCK, out)
    return out


def test_places_are_where_the_picture_is_steep_and_not_at_its_rim(rng):
    image = rng.random((40, 40)).astype(np.float32) ** 8
    steepness = np.hypot(*central_differences_twin(image.astype(np.float64)))
    inside = np.zeros(steepness.shape, bool)
    inside[RIM:-RIM, RIM:-RIM] = True
    wanted = np.argwhere((steepness > EDGE_SHARE * steepness[inside].max()) & inside)
    np.testing.assert_array_equal(find_edges(image).T, wanted)


def test_places_are_used_where_neither_they_nor_their_neighbours_are_left_out():
    unused = np.zeros((8, 9), np.float32)
    unused[3, 4] = 0.2
    places = np.array([[3, 4, 2, 3, 5, 3], [4, 4, 4, 2, 4, 5]], np.int32)
    assert used_places(places, unused).T.tolist() == [[3, 2], [5, 4]]


def test_means_are_those_of_blocks_of_pictures_that_are_zero_elsewhere(rng):
    size, corner = 128, (17, 30)
    places = np.argwhere(rng.random((80, 60)) < 0.1).T.astype(np.int32)
    values = rng.random((3, places.shape[1])).astype(np.float32)
    found = means_at(values, places, corner, size)
    rows, columns = places[0] + corner[0], places[1] + corner[1]
    for one, mean in zip(values, found, strict=True):
        image = np.zeros((size, size), np.float32)
        image[rows, columns] = one
        np.testing.assert_allclose(mean, block_mean(image, BLOCK)[rows, columns], rtol=1e-5, atol=1e-7)
