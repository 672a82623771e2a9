"""A frame's way through `registration/` is short and runs in the order of the page `registration/pipeline.py`."""

import sys
from pathlib import Path

import pytest

import fluoropose.registration
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.pipeline import register
from fluoropose.registration.plan import Plan
from support.cases import tiny_bundle, tiny_resident
from support.steppers import recorded_case
from support.views import one_view

ROOT = Path(fluoropose.registration.__file__).parent
BEHIND_THE_STEPPER = {"regression/step.py"}
"""What the injected stepper visits, not the pipeline."""

FREE = [
    "pipeline.py",
    "prepared_view.py",
    "initialization/global_search.py",
    "initialization/view_contrast.py",
    "regression/schedule.py",
    "regression/residual.py",
    "refinement/sequence.py",
    "refinement/costs/edges.py",
    "refinement/gauss_newton.py",
    "refinement/costs/gradient_correlation.py",
    "assessment.py",
    "view_agreement.py",
    "rivals.py",
    "mirrored.py",
    "explanation.py",
    "evidence.py",
    "result.py",
    "error_inflation.py",
]
IN_A_BODY = {"refinement/costs/two_body.py"}


def visited_files(call):
    """Return the files of `registration/` that a call visits, in the order of their first visits."""
    seen = {}

    def note(frame, event, argument):
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(ROOT):
            seen.setdefault(path.relative_to(ROOT).as_posix())

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return [name for name in seen if name not in BEHIND_THE_STEPPER]


@pytest.fixture(scope="module")
def sure(small_case, models_root):
    """A case whose networks are sure that they see the object, so that its pose is refined."""
    loaded = tiny_resident(small_case, load_bundle(models_root / "small"), threads=2)
    return recorded_case(loaded, [], presence=1.0)


@pytest.mark.parametrize("start", ["searched", "given"])
def test_a_frames_way_is_that_of_the_page(sure, camera, frame, pose, start):
    plan = Plan(pose if start == "given" else None, False)
    visited = visited_files(lambda: register(sure, [one_view(frame, camera)], plan))
    assert visited == [name for name in FREE if name in visited]
    assert {"pipeline.py", "refinement/gauss_newton.py", "assessment.py"} <= set(visited)


def test_a_frame_in_a_body_visits_at_most_sixteen_files(sure, surrounded_case, tmp_path, camera, frame, pose):
    loaded = tiny_resident(surrounded_case, tiny_bundle(surrounded_case, tmp_path / "inside"))
    inside = recorded_case(loaded, [], presence=1.0)
    visited = set()
    for resident in (sure, inside):
        for start in (pose, None):
            visited |= set(
                visited_files(lambda r=resident, s=start: register(r, [one_view(frame, camera)], Plan(s, True)))
            )
    assert IN_A_BODY <= visited <= {*FREE, *IN_A_BODY}
    assert len(visited) <= 16
