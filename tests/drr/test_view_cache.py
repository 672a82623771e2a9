"""The cache of views: what it holds, renders when asked and ahead, and lets go."""

import threading

import numpy as np
import pytest

from fluoropose.drr.atlas import Atlas, AtlasGrid, pose_of_view
from fluoropose.drr.planes import SerialPlaneRenderer
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.drr.view_cache import CacheSettings, ViewCache
from fluoropose.drr.view_renderers import ROUGH_PX, ViewRenderers
from fluoropose.errors import DeviceError
from fluoropose.geometry.canonical import CanonicalView, pose_from_canonical
from fluoropose.geometry.rotation import about_y
from support.cases import small_volume, surrounding_volume

VIEW = CanonicalView(np.zeros(3), np.eye(3), 16, 60.0, 900.0)
PICTURE_BYTES = 2 * 16 * 16


class CountingRenderer(AbstractRenderer):
    """Renders as another renderer does, and can be held up."""

    def __init__(self, volume):
        self.inner, self.count = SerialPlaneRenderer(volume), 0
        self.go = threading.Event()
        self.go.set()

    def render(self, camera, camera_from_volume):
        self.go.wait(20)
        self.count += 1
        return self.inner.render(camera, camera_from_volume)


class BatchRenderer(CountingRenderer):
    """Is best asked for several pictures at once; notes how many each call was for, and can fail."""

    def __init__(self, volume, at_once):
        super().__init__(volume)
        self.batches, self.fails, self._at_once = [], False, at_once

    @property
    def at_once(self):
        return self._at_once

    def render_into(self, camera, poses, pictures, places):
        if self.fails:
            raise DeviceError("expected the device to render")
        self.batches.append(len(poses))
        super().render_into(camera, poses, pictures, places)


def prepared_atlas(half_range_deg=4.0, kinds=1):
    grid = AtlasGrid(half_range_deg)
    pictures = np.arange(kinds * grid.count, dtype=np.float16)[:, None, None] * np.ones((1, 16, 16), np.float16)
    return Atlas(pictures, grid, VIEW)


def cache_of(renderer, *, views=400, prepared=None, rest=None, clock=lambda: 0.0, **settings):
    kinds = 1 if rest is None else 2
    chosen = CacheSettings(budget_bytes=views * kinds * PICTURE_BYTES, **settings)
    return ViewCache(prepared or prepared_atlas(), ViewRenderers(renderer, rest), chosen, clock=clock)


def pose_at(beta_deg):
    turned = about_y(np.deg2rad(beta_deg))
    return pose_from_canonical(np.eye(3), turned, np.array([0.0, 0.0, VIEW.range_mm]), VIEW)


@pytest.fixture
def renderer():
    return CountingRenderer(small_volume())


def test_prepared_views_are_held_and_not_rendered_again(renderer):
    cache = cache_of(renderer)
    index = cache.locate(pose_at(2.0))[1]
    # Of 5 x 5 prepared pictures the one half-way down and one step to the right is number 13.
    assert cache.line_integrals(index)[0, 0, 0] == 13.0
    assert renderer.count == 0
    assert cache.counts.held == 25


@pytest.mark.parametrize("beta_deg", [30.0, 46.0, 90.0, 133.0, 180.0, -100.0])
def test_any_view_is_what_its_rotation_shows(renderer, beta_deg):
    cache = cache_of(renderer)
    index = cache.locate(pose_at(beta_deg))[1]
    pose = pose_from_canonical(np.eye(3), cache.rotation(index), np.array([0.0, 0.0, VIEW.range_mm]), VIEW)
    expected = renderer.inner.render(VIEW.camera, pose)
    np.testing.assert_allclose(cache.line_integrals(index)[0], expected, rtol=1e-3, atol=1e-3)
    assert cache.counts.waited == 1
    cache.line_integrals(index)
    assert renderer.count == 1


def test_what_a_network_is_given_lies_in_the_pictures(renderer):
    rest = CountingRenderer(surrounding_volume())
    cache = cache_of(renderer, prepared=prepared_atlas(kinds=2), rest=rest)
    index = cache.locate(pose_at(20.0))[1]
    slots = cache.picture_indices(index)
    assert len(slots) == 6
    shown = cache.pictures[list(slots)].astype(np.float32)
    np.testing.assert_array_equal(shown[:5], cache.line_integrals(*cache.neighbours(index)))
    np.testing.assert_array_equal(shown[5], cache.surroundings_in(index)[0])
    assert np.abs(shown[5] - shown[0]).max() > 0.1


def test_views_around_an_object_are_rendered_ahead_the_nearest_first(renderer):
    cache = cache_of(renderer, radius_deg=6.0)
    cache.look_ahead(pose_at(70.0))
    assert cache.wait_until_ahead(20.0)
    held = renderer.count
    assert held >= 25
    assert cache.counts.waited == 0
    cache.picture_indices(cache.locate(pose_at(72.0))[1])
    assert (renderer.count, cache.counts.ahead, cache.counts.waited) == (held, held, 0)


def test_a_frame_overtakes_what_is_rendered_ahead(renderer):
    cache = cache_of(renderer, radius_deg=6.0)
    renderer.go.clear()
    cache.look_ahead(pose_at(70.0))
    threading.Timer(0.05, renderer.go.set).start()
    cache.line_integrals(cache.locate(pose_at(-70.0))[1])
    assert cache.counts.waited == 1
    assert cache.wait_until_ahead(20.0)


def test_the_budget_holds_and_the_views_used_longest_ago_make_room(renderer):
    now = [0.0]
    cache = cache_of(renderer, views=64, clock=lambda: now[0], lease_s=2.0)
    first = cache.locate(pose_at(0.0))[1]
    for n, beta_deg in enumerate(np.arange(10.0, 170.0, 2.0)):
        now[0] = float(n)
        cache.line_integrals(first)
        cache.line_integrals(cache.locate(pose_at(beta_deg))[1])
        assert cache.counts.held <= 64
    assert cache.counts.evicted >= 25 + 80 - 64
    before = renderer.count
    cache.line_integrals(first)
    assert renderer.count == before
    assert cache.pictures.nbytes == 64 * PICTURE_BYTES


def test_what_a_frame_may_be_looking_at_is_not_replaced_ahead_of_others(renderer):
    cache = cache_of(renderer, views=64, lease_s=2.0, radius_deg=12.0)
    for beta_deg in np.arange(10.0, 100.0, 2.0):
        cache.line_integrals(cache.locate(pose_at(beta_deg))[1])
    held = cache.counts
    cache.look_ahead(pose_at(-120.0))
    assert cache.wait_until_ahead(20.0)
    assert cache.counts.evicted == held.evicted
    assert cache.counts.ahead == 0


def test_a_prepared_atlas_of_another_step_is_rendered_anew(renderer):
    grid = AtlasGrid(8.0, 4.0)
    atlas = Atlas(np.zeros((grid.count, 16, 16), np.float16), grid, VIEW)
    cache = cache_of(renderer, prepared=atlas)
    assert cache.counts.held == 0
    assert cache.line_integrals(cache.locate(pose_at(0.0))[1]).max() > 0.1


def test_a_search_compares_views_about_the_expected_one(renderer):
    cache = cache_of(renderer)
    chosen = cache.expected_views(12.0)
    angles = np.rad2deg([cache.angles_of(index) for index in chosen])
    assert len(chosen) == 49
    np.testing.assert_allclose(np.unique(angles.round(6)), np.arange(-36.0, 37.0, 12.0))


def test_threads_that_need_the_same_view_share_it(renderer):
    cache = cache_of(renderer)
    index = cache.locate(pose_at(55.0))[1]
    barrier = threading.Barrier(4)
    seen = []

    def use():
        barrier.wait(10)
        seen.append(cache.picture_indices(index))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(seen) == 4
    assert len(set(seen)) == 1
    assert cache.counts.held == 25 + 5


def test_what_renders_several_views_at_once_is_asked_for_several(renderer):
    batches = BatchRenderer(small_volume(), 4)
    one_by_one, together = cache_of(renderer, radius_deg=6.0), cache_of(batches, radius_deg=6.0)
    index = together.locate(pose_at(70.0))[1]
    for cache in (one_by_one, together):
        seen = cache.line_integrals(*cache.neighbours(index), index)
        cache.look_ahead(pose_at(-70.0))
        assert cache.wait_until_ahead(20.0)
        assert cache.counts.waited == 5
    np.testing.assert_array_equal(seen, one_by_one.line_integrals(*one_by_one.neighbours(index), index))
    assert batches.batches[:2] == [4, 1]
    assert set(batches.batches[2:-1]) == {4}
    assert one_by_one.counts == together.counts


def test_a_renderer_that_fails_loses_no_room_and_no_later_view():
    batches = BatchRenderer(small_volume(), 4)
    cache = cache_of(batches, views=64)
    index = cache.locate(pose_at(70.0))[1]
    for _ in range(40):
        batches.fails = True
        with pytest.raises(DeviceError):
            cache.line_integrals(*cache.neighbours(index))
    assert cache.counts.held == 25
    batches.fails = False
    assert cache.line_integrals(index).max() > 0.1


def test_views_are_rendered_ahead_again_after_that_has_failed(monkeypatch):
    raised = []
    monkeypatch.setattr(threading, "excepthook", lambda told: raised.append(told.exc_type))
    batches = BatchRenderer(small_volume(), 4)
    cache = cache_of(batches, radius_deg=6.0)
    for fails in (True, False):
        batches.fails = fails
        cache.look_ahead(pose_at(70.0))
        assert cache.wait_until_ahead(20.0)
        assert (cache.counts.ahead > 0) is not fails
    assert raised == [DeviceError]


def test_a_frame_waits_for_room_while_others_render_into_all_of_it():
    batches = BatchRenderer(small_volume(), 64)
    cache = cache_of(batches, views=64, prepared=Atlas(np.zeros((25, 16, 16), np.float16), AtlasGrid(8.0, 4.0), VIEW))
    batches.go.clear()
    views = cache.sphere.around(cache.view.base_rotation.T[:, 2], 20.0)[:64]
    assert len(views) == 64
    first = threading.Thread(target=cache.line_integrals, args=views)
    first.start()
    while cache.counts.held < 64:
        first.join(0.01)
    other = cache.locate(pose_at(120.0))[1]
    second = threading.Thread(target=cache.line_integrals, args=(other,))
    second.start()
    second.join(0.2)
    assert second.is_alive()
    batches.go.set()
    first.join(20)
    second.join(20)
    assert not second.is_alive()
    assert cache.counts.evicted == 1


def test_a_search_gets_a_view_that_is_not_held_from_the_rough_renderers_and_it_is_not_kept(renderer):
    rough = SerialPlaneRenderer(small_volume()), SerialPlaneRenderer(surrounding_volume())
    cache = ViewCache(prepared_atlas(), ViewRenderers(renderer, rough=rough))
    held, absent = (cache.locate(pose_at(beta_deg))[1] for beta_deg in (2.0, 40.0))
    np.testing.assert_array_equal(cache.rough_lines(held), np.full((16, 16), 13.0))
    shown = cache.rough_lines(absent)
    assert shown.shape == (ROUGH_PX, ROUGH_PX)
    assert (renderer.count, cache.missing([absent])) == (0, 1)
    fine = CanonicalView(VIEW.centre_mm, VIEW.base_rotation, ROUGH_PX, VIEW.field_mm, VIEW.range_mm)
    pose = pose_of_view(fine, cache.rotation(absent))
    np.testing.assert_array_equal(shown, sum(one.render(fine.camera, pose) for one in rough))


def test_without_rough_renderers_a_search_gets_the_view_itself_with_the_rest_of_its_ct(renderer):
    cache = cache_of(renderer, prepared=prepared_atlas(kinds=2), rest=CountingRenderer(surrounding_volume()))
    absent = cache.locate(pose_at(40.0))[1]
    both = cache.line_integrals(absent)[0] + cache.surroundings_in(absent)[0]
    np.testing.assert_array_equal(cache.rough_lines(absent), both)
