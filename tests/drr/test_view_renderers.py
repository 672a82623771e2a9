"""Renderers of the kinds of pictures together."""

import numpy as np

from fluoropose.drr.planes import SerialPlaneRenderer
from fluoropose.drr.view_renderers import ViewRenderers
from support.cases import small_volume


class ManyAtOnce(SerialPlaneRenderer):
    at_once = 16
    device_bytes = 1000


def test_both_kinds_are_asked_together():
    one, many = SerialPlaneRenderer(small_volume()), ManyAtOnce(small_volume())
    alone, both, same = ViewRenderers(many), ViewRenderers(many, one), ViewRenderers(many, many)
    assert (alone.kinds, both.kinds) == ((many,), (many, one))
    assert [these.at_once for these in (alone, both, same)] == [16, 1, 16]
    assert [these.device_bytes for these in (alone, both, same)] == [1000, 1000, 2000]


def test_room_for_pictures_is_on_the_host_if_nothing_else_is_said():
    pictures = ViewRenderers(SerialPlaneRenderer(small_volume())).make_pictures((2, 3, 4))
    assert (pictures.host.shape, pictures.host.dtype, pictures.address) == ((2, 3, 4), np.float16, None)
