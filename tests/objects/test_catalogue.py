"""The shipped objects: their size, and that no two views of one look alike."""

import numpy as np
import pytest

from fluoropose.drr.atlas import render_view
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.prepare import ViewChoice, canonical_view
from fluoropose.errors import UnknownCaseError
from fluoropose.imaging.volume import bounding_corners
from fluoropose.objects.catalogue import OBJECTS, shipped_object


@pytest.mark.parametrize(("name", "size_mm"), [("knee", 110.0), ("plate", 61.0), ("probe", 37.0)])
def test_sizes_are_the_papers(name, size_mm):
    corners = bounding_corners(OBJECTS[name].volume())
    assert np.linalg.norm(np.ptp(corners, axis=0)) == pytest.approx(size_mm, rel=0.04)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_pose_is_unique(name):
    """No other view on a coarse grid, turned in the plane or not, comes near the picture of the base view."""
    item = OBJECTS[name]
    volume = item.volume()
    view = canonical_view(volume, ViewChoice(item.base_rotation, item.range_mm, size_px=64))
    renderer = CpuRenderer(volume, item.voxel_mm)

    def picture(alpha_deg, beta_deg):
        return render_view(renderer, view, np.deg2rad(alpha_deg), np.deg2rad(beta_deg))

    base = picture(0, 0)
    others = [
        np.rot90(picture(alpha, beta), turns)
        for alpha in (-60, -30, 0, 30, 60)
        for beta in range(-180, 180, 30)
        for turns in range(4)
        if (alpha, beta, turns) != (0, 0, 0)
    ]
    # Line integrals differ by at least 15 % of what they are, in the mean over the object.
    assert min(float(np.abs(base - other).mean() / base.mean()) for other in others) > 0.15


def test_an_unknown_object_is_named():
    with pytest.raises(UnknownCaseError, match="knee, plate, probe, got 'hip'"):
        shipped_object("hip")


@pytest.mark.parametrize("name", OBJECTS)
def test_the_demos_camera_keeps_its_field_at_any_number_of_pixels(name):
    item = shipped_object(name)
    whole, half = item.camera(), item.camera(256)
    assert (whole.rows, half.rows) == (512, 256)
    assert half.focal_px == pytest.approx(whole.focal_px / 2)
    assert item.source == f"procedural:{name}:1"
