"""A cut-out shows the implant alone, with the rims of both poses."""

from fluoropose.evaluation.studies.knee.pictures import cut_out
from support.implants import MESH, POSE, expose_mesh, two_cameras


def test_a_cut_out_has_its_size_and_both_rims():
    placed = two_cameras(320)[0]
    moved = POSE.copy()
    moved[0, 3] += 3.0
    picture = cut_out("a title", expose_mesh(MESH, placed, POSE), placed, MESH, (POSE, moved), 200)
    assert picture.shape == (200, 200, 3)
    colours = [tuple(colour) for colour in picture.reshape(-1, 3)]
    assert colours.count((90, 160, 255)) > 50
    assert colours.count((60, 255, 90)) > 100
