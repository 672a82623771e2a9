"""Chords of bodies by hand, and the mass that their voxels hold."""

import numpy as np
import pytest

from fluoropose.imaging.phantom import Box, Ellipsoid, line_integrals, voxelise_bodies

STILL = np.eye(3)


def test_chords_by_hand():
    sphere = Ellipsoid(np.zeros(3), np.full(3, 10.0), STILL, 0.02)
    along_z = np.array([[0.0, 0.0, 1.0]])
    # Through the middle 20 mm; 6 mm aside 2 * sqrt(100 - 36) = 16 mm; 11 mm aside nothing.
    for aside, chord in ((0.0, 20.0), (6.0, 16.0), (11.0, 0.0)):
        found = line_integrals([sphere], np.array([aside, 0.0, -500.0]), along_z)
        assert found[0] == pytest.approx(0.02 * chord)
    box = Box(np.zeros(3), np.array([5.0, 6.0, 7.0]), STILL, 0.1)
    assert line_integrals([box], np.array([4.0, 0.0, -500.0]), along_z)[0] == pytest.approx(1.4)
    assert line_integrals([box], np.array([5.5, 0.0, -500.0]), along_z)[0] == 0.0


def test_voxels_hold_the_bodies_mass():
    sphere = Ellipsoid(np.zeros(3), np.full(3, 8.0), STILL, 0.05)
    volume = voxelise_bodies([sphere], (24, 24, 24), 1.0, 3)
    assert float(volume.values.sum()) == pytest.approx(0.05 * 4 / 3 * np.pi * 512, rel=0.01)


def test_a_box_on_the_grid_fills_its_voxels():
    box = Box(np.zeros(3), np.array([2.0, 3.0, 1.0]), STILL, 0.1)
    volume = voxelise_bodies([box], (8, 8, 8), 1.0, 1)
    assert float(volume.values.sum()) == pytest.approx(0.1 * 4 * 6 * 2)
    assert set(np.unique(volume.values)) == {np.float32(0.0), np.float32(0.1)}
