"""The search of two views together converges to one place from either side. Needs none of the real data."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.studies.wrist.biplane_search import BiplaneSearch, BiplaneView
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import rigid, transform
from fluoropose.geometry.rotation import about_y
from fluoropose.similarity.gradient import gradients


@pytest.fixture(scope="module")
def truth(small_case):
    return pose_from_six(np.array([2.0, -3.0, 895.0, 4.0, 4.3, -4.6]), small_case.pose_frame)


@pytest.fixture(scope="module")
def renderer(small_case):
    return CpuRenderer(small_case.volume, 1.0)


@pytest.fixture(scope="module")
def views(small_case, truth, renderer):
    """Two cameras, the second one turned by 80 degrees about the object."""
    camera = camera_from_detector(96, 96, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=1100.0)
    centre, turn = transform(truth, small_case.corners_mm).mean(axis=0), about_y(np.deg2rad(80.0))
    places = (np.eye(4), rigid(turn, centre - turn @ centre))
    return [BiplaneView(camera, place, gradients(renderer.render(camera, place @ truth))) for place in places]


def test_searches_converge_to_one_place_from_either_side(small_case, truth, renderer, views):
    search = BiplaneSearch(small_case.corners_mm)
    for sign in (1.0, -1.0):
        start = rigid(np.eye(3), sign * np.array([0.4, -0.3, 0.4])) @ truth
        end = search.converge(views, renderer, start, search.fixed_windows(views, start))
        assert end.similarity > 0.999
        assert pose_error(end.pose, truth, small_case.corners_mm).mtre_mm < 0.05


def test_a_search_ends_nearer_and_more_similar_than_it_began(small_case, truth, renderer, views):
    search = BiplaneSearch(small_case.corners_mm)
    start = rigid(np.eye(3), np.array([3.0, -2.0, 3.0])) @ truth
    end = search.search(views, renderer, start, 300)
    assert end.similarity > search.similarity(views, renderer, start)
    assert pose_error(end.pose, truth, small_case.corners_mm).mtre_mm < 0.5
