import pytest

from fluoropose.simulate.anatomy import random_anatomy
from fluoropose.simulate.physics import Detector
from fluoropose.simulate.placed_frames import Body
from fluoropose.simulate.run import Scene
from support.cases import small_volume


@pytest.fixture
def scene(small_case, camera, rng):
    return Scene(small_volume(1.0), small_case.pose_frame, camera, Detector(), random_anatomy(rng, 50.0), 0.7)


@pytest.fixture(scope="session")
def body():
    return Body(small_volume(), 1.5)
