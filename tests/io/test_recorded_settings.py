"""Settings in a recording's header: to the last bit there and back."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.geometry.field_mask import FieldMask
from fluoropose.geometry.tolerance import CameraTolerance
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.io.recorded_settings import recorded_settings, settings_json
from support.sessions import pair, session

MASK = FieldMask((4.0, 5.0, 1.0 / 3.0), ((0.0, 0.0), (9.0, 0.0), (0.0, 9.0)), ((1.0, 2.0, 3.0, 4.0),))


def through_json(settings):
    return recorded_settings({"settings": json.loads(json.dumps(settings_json(settings)))})


def test_cameras_places_and_tolerances_come_back_to_the_last_bit():
    settings = pair().settings
    first = replace(settings.cameras["a"], tolerance=CameraTolerance(0.1, 1.0 / 3.0), mask=MASK)
    settings = replace(settings, cameras=settings.cameras | {"a": first}, meaning=PixelMeaning.DISPLAY, inverted=True)
    again = through_json(settings)
    assert (again.meaning, again.inverted, list(again.cameras)) == (PixelMeaning.DISPLAY, True, ["a", "b"])
    for name, one in settings.cameras.items():
        other = again.cameras[name]
        assert other.camera.intrinsic_matrix.tobytes() == one.camera.intrinsic_matrix.tobytes()
        assert np.asarray(other.camera_from_world).tobytes() == np.asarray(one.camera_from_world).tobytes()
        assert other.tolerance == one.tolerance
        assert other.mask == one.mask


def test_a_recording_from_before_masks_has_none():
    header = json.loads(json.dumps({"settings": settings_json(session().settings)}))
    del header["settings"]["cameras"]["camera"]["mask"]
    assert recorded_settings(header).cameras["camera"].mask is None


def test_a_camera_without_a_place_stays_without():
    assert through_json(session().settings).cameras["camera"].camera_from_world is None


@pytest.mark.parametrize("header", [{}, {"settings": []}, {"settings": {"cameras": {"a": {}}}}])
def test_a_header_without_settings_is_refused(header):
    with pytest.raises(InputError, match="expected a session's settings"):
        recorded_settings(header)
