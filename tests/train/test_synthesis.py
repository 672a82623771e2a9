"""Samples: the object at its residual, absent objects, and the surroundings of a CT."""

import numpy as np

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.prepare import rest_renderer
from fluoropose.geometry.canonical import pose_from_canonical
from fluoropose.geometry.rotation import from_zxy
from fluoropose.train.appearance import draw_appearance
from fluoropose.train.synthesis import (
    OffsetRanges,
    SurroundingsSpread,
    build_bank,
    draw_surroundings,
    sample_batch,
    sample_objects,
)

RANGES = OffsetRanges(0.05, 0.04, 5.0, 6.0, smallest=0.9)


def test_a_sample_shows_the_object_at_its_residual(small_case, bank):
    """Before its appearance is applied, a sample is the picture that a canonical camera would take of the object at the residual's pose."""
    samples = sample_objects(bank, small_case.atlas, RANGES, 6, np.random.default_rng(2))
    view = small_case.atlas.view
    renderer = CpuRenderer(small_case.volume, 0.5)
    for n in range(6):
        residual = samples.residuals[n]
        rotation = from_zxy(*residual[3:]) @ small_case.atlas.rotation(int(samples.view_index[n]))
        centre = np.array([residual[0], residual[1], view.range_mm + residual[2]])
        shown = renderer.render(view.camera, pose_from_canonical(np.eye(3), rotation, centre, view))
        shifted = np.roll(shown, 1, axis=1)
        assert np.abs(samples.line_integrals[n] - shown).mean() < 0.35 * np.abs(shifted - shown).mean()


def test_absent_objects_are_absent(small_case, bank):
    batch = sample_batch(bank, small_case.atlas, RANGES, 400, np.random.default_rng(3), absent=0.25)
    assert 0.15 < 1.0 - batch.present.mean() < 0.35


def test_surroundings_are_drawn_where_the_ct_has_them(small_case):
    """With the object itself as its surroundings and no motion between them, both show the same in a sample."""
    spread, rng = SurroundingsSpread(loose_mm=0.0, loose_rad=0.0, share=0.6), np.random.default_rng(2)
    renderer = CpuRenderer(small_case.volume, 0.7)
    bank = build_bank(renderer, small_case.atlas, 4, np.random.default_rng(1), rest=renderer, spread=spread)
    samples = sample_objects(bank, small_case.atlas, RANGES, 20, rng)
    around, _ = draw_surroundings(bank.surroundings, samples, draw_appearance(rng, 20, 128), rng, spread)
    shown = [n for n in range(20) if np.ptp(around[n]) > 0]
    assert 8 <= len(shown) <= 19
    for n in shown:
        assert np.corrcoef(samples.line_integrals[n].ravel(), around[n].ravel())[0, 1] > 0.97


def test_a_sample_brings_the_surroundings_of_its_view(surrounded_case):
    atlas = surrounded_case.atlas
    renderer = CpuRenderer(surrounded_case.volume, 1.0)
    rest = rest_renderer(surrounded_case.rest, atlas.view)
    bank = build_bank(renderer, atlas, 2, np.random.default_rng(1), rest=rest)
    batch = sample_batch(bank, atlas, RANGES, 3, np.random.default_rng(2))
    assert batch.views.shape == (3, 6, 128, 128)
    for views, index in zip(batch.views, batch.view_index, strict=True):
        np.testing.assert_array_equal(views[0], atlas.views[index].astype(np.float32))
        np.testing.assert_array_equal(views[5], atlas.surroundings[index].astype(np.float32))
