"""The model card: what it says of a case, its training and its accuracy."""

from fluoropose.train.card import model_card
from fluoropose.train.fit import FitReport
from fluoropose.train.profiles import PROFILES


def facts():
    spread = {"p50": 0.25, "p90": 0.5}
    names = ("mtre_proj_mm", "mtre_mm", "in_plane_mm", "depth_mm", "rotation_deg")
    return {"trials": 100, "success_rate": 0.97, **dict.fromkeys(names, spread)}


def test_a_card_says_for_what_it_is_and_how_it_was_measured(small_case):
    card = model_card("small", small_case, PROFILES["quick"], 3, {"coarse": FitReport(1500, 1.25)}, facts())
    assert f"`{small_case.name}` (digest `{small_case.digest}`)" in card
    assert "| profile, seed | quick (1500 pictures), 3 |" in card
    assert "| coarse | 1500 | 1.250 |" in card
    assert "| success (mTREproj under 1 % of size) | 97.0 % |" in card
    assert "No real X-ray was seen" in card


def test_a_network_that_was_not_trained_has_no_loss(small_case):
    card = model_card("small", small_case, PROFILES["instant"], 0, {"fine": FitReport(0, float("nan"))}, facts())
    assert "| fine | 0 | - |" in card
