"""The objects of the stress set: both renderers show the same one, and the data add the real implant."""

import numpy as np
import pytest

from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.trust.pictures import render_lines
from fluoropose.evaluation.trust.subjects import trust_subjects
from fluoropose.geometry.pose6 import pose_from_six


def assert_renderers_agree(subject):
    six = np.array([3.0, -2.0, subject.range_mm, 8.0, 10.0, -6.0])
    pose = pose_from_six(six, subject.case.pose_frame)
    sampled, surface = (render_lines(subject, name, subject.camera, pose) for name in ("sampled", "surface"))
    assert np.abs(sampled - surface).mean() < 0.05 * sampled.mean()
    columns = np.arange(subject.camera.columns)
    for axis in (0, 1):
        middles = [float(lines.sum(axis=axis) @ columns / lines.sum()) for lines in (sampled, surface)]
        assert middles[0] == pytest.approx(middles[1], abs=0.3)


def test_both_renderers_show_one_object(subjects):
    assert [subject.name for subject in subjects] == ["small", "wider"]
    for subject in subjects:
        assert_renderers_agree(subject)


@pytest.mark.data
def test_the_data_add_the_femoral_component(data, monkeypatch):
    from support.stress import put_small_objects

    put_small_objects(monkeypatch)
    subjects = trust_subjects(data, Environment())
    assert [subject.name for subject in subjects] == ["small", "wider", "femoral component"]
    assert_renderers_agree(subjects[-1])
