"""A case tried on itself, and the turns after which an object looks the same."""

import numpy as np
import pytest

from fluoropose.drr.planes import PlaneRenderer
from fluoropose.drr.prepare import ViewChoice, canonical_view
from fluoropose.geometry.rotation import about_x, about_y
from fluoropose.io.bundles import load_bundle
from fluoropose.objects.shapes import Part, box, capsule, cylinder, place, voxelise
from fluoropose.registration.verification import Verification, VerificationSettings, look_alikes, verify_case
from support.cases import tiny_resident

FOUR_BARS = [
    Part(capsule(np.zeros(3), 20.0 * np.array([np.cos(angle), np.sin(angle), 0.0]), 2.5), 0.1)
    for angle in np.arange(4) * np.pi / 2
]
HANDLE = Part(cylinder(np.array([0.0, 0.0, 0.0]), np.array([0.0, 0.0, 24.0]), 3.0), 0.1)
KNOB = Part(place(box(np.array([6.0, 6.0, 6.0])), np.array([17.0, 0.0, 0.0]), np.eye(3)), 0.3)


def turns_of(parts, base):
    volume = voxelise(parts, np.array([26.0, 26.0, 26.0]), 0.8)
    view = canonical_view(volume, ViewChoice(base))
    return look_alikes(PlaneRenderer(volume), volume, view, 0.985)


def test_a_cross_with_a_handle_looks_the_same_each_quarter_turn():
    (found,) = turns_of([*FOUR_BARS, HANDLE], about_y(0.5) @ about_x(1.1))
    assert found.angle_deg == pytest.approx(90.0)
    assert abs(found.axis[2]) == pytest.approx(1.0, abs=0.02)
    assert found.correlation > 0.99


def test_a_knob_tells_its_turns_apart():
    assert turns_of([*FOUR_BARS, HANDLE, KNOB], about_y(0.5) @ about_x(1.1)) == ()


def test_a_case_registers_frames_of_itself_and_says_how_well(small_case, models_root):
    resident = tiny_resident(small_case, load_bundle(models_root / "small"))
    still = VerificationSettings(frames=3, side_px=96, start_sigmas=(0.2, 0.2, 1.0, 0.2, 0.2, 0.2))
    found = verify_case(resident, still)
    assert found.frames == 3
    assert 0 <= found.found <= 3
    again = verify_case(resident, still)
    assert again.figures() == found.figures() or found.found == 0


def test_a_body_is_shown_around_its_object(surrounded_case, tmp_path):
    from support.cases import tiny_bundle

    resident = tiny_resident(surrounded_case, tiny_bundle(surrounded_case, tmp_path))
    assert verify_case(resident, VerificationSettings(frames=1, side_px=64)).frames == 1


def test_words_say_what_was_found():
    text = Verification(8, 7, 0.21, 1.34, ()).describe()
    assert text == "7 of 8 simulated frames found, 0.21 mm in the picture, 1.3 mm in depth (medians)"
    (alike,) = turns_of([*FOUR_BARS, HANDLE], about_y(0.5) @ about_x(1.1))
    text = Verification(8, 0, np.nan, np.nan, (alike,)).describe()
    assert text == "0 of 8 simulated frames found; cannot be told from itself turned by 90 degrees about its own axes"
