"""Edges: how many facets each has and which way they pass it, counted by hand."""

import numpy as np

from fluoropose.imaging.mesh import Mesh
from fluoropose.imaging.mesh_edges import count_edges
from support.meshes import box_mesh


def test_a_box_has_18_edges_of_two_facets_each():
    edges = count_edges(box_mesh())
    assert (edges.counts == 2).all()
    assert len(edges.counts) == 18
    assert edges.balanced.all()
    assert not edges.is_open.any()


def test_a_triangle_has_three_open_edges():
    edges = count_edges(Mesh(np.eye(3), [[2, 0, 1]]))
    np.testing.assert_array_equal(edges.begin, [2, 0, 1])
    np.testing.assert_array_equal(edges.end, [0, 1, 2])
    # The edges in order are 0-1, 0-2 and 1-2; the second is passed from 2 to 0.
    np.testing.assert_array_equal(edges.of_side, [1, 0, 2])
    np.testing.assert_array_equal(edges.net, [1, -1, 1])
    np.testing.assert_array_equal(edges.forwards, [False, True, True])
    assert edges.is_open.all()


def test_facets_that_face_opposite_ways_unbalance_their_edge():
    edges = count_edges(Mesh(np.zeros((4, 3)), [[0, 1, 2], [0, 1, 3]]))
    np.testing.assert_array_equal(edges.net, [2, -1, -1, 1, 1])
    np.testing.assert_array_equal(edges.counts, [2, 1, 1, 1, 1])
    assert not edges.balanced[0]
    assert not edges.is_open[0]
