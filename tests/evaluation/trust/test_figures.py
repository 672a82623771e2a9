"""The figures of a few records made by hand."""

import json

from fluoropose.evaluation.trust.figures import trust_figures
from support.stress import impossible, record


def figures():
    return trust_figures([
        record(), record(number=1, renderer="surface", status="LOW_CONFIDENCE", reason="doubtful-match"),
        record(number=2, mtre_proj_mm=3.0),
        record(group="blades", family="covered", visible=0.65), impossible(), impossible(number=1, status="LOST"),
        record(group="wrong-distance", family="wrong camera", offset_mm=(0.0, 0.0, 40.0), mtre_proj_mm=4.0),
    ])  # fmt: skip


def test_groups_count_what_was_accepted_and_what_was_right():
    good = figures()["groups"]["good-1"]
    assert (good["frames"], good["accepted"], good["wrong"], good["right"]) == (3, 2, 1, 2)
    assert (good["right_and_refused"], good["low_confidence"], good["lost"]) == (1, 1, 0)
    empty = figures()["families"]["no such pose"]
    assert (empty["possible"], empty["accepted"], empty["wrong"], empty["lost"]) == (0, 1, 1, 1)


def test_a_wrong_camera_is_counted_apart():
    found = figures()
    assert found["all_but_wrong_camera"]["frames"] == 6
    assert found["coverage"]["wrong camera"]["stated"]["depth"]["interval_90"] == 0.0
    assert found["coverage"]["all"]["frames"] == 3
    assert [one["frame"] for one in found["wrong"]] == ["good-1/small/2/0", "empty/small/0/0"]


def test_reasons_and_visible_shares_are_counted():
    found = figures()
    assert found["reasons"]["good"] == {"LOW_CONFIDENCE: doubtful-match": 1, "TRACKING": 2}
    assert [(row["from"], row["frames"]) for row in found["visible"]] == [(0.6, 1)]


def test_figures_are_plain_and_renderers_stand_apart():
    found = figures()
    assert json.loads(json.dumps(found))["groups"] == found["groups"]
    assert set(found["sigma_curves"]) == {"sampled", "surface"}
    assert found["renderers"]["surface"]["frames"] == 1
