"""The paper's zones, groups and ranges."""

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.published.plan import (
    PAPER_GROUPS,
    VARIANTS,
    WHOLE,
    Zone,
    nearest_zone,
    variant_named,
    zone_of,
)


def test_zones_are_twenty_degrees_wide_and_cover_the_circle():
    angles = np.arange(-180.0, 180.0, 0.5) + 0.25
    zones = {zone_of(angle, 0.0).row for angle in angles}
    assert len(zones) == 19  # -180 and 180 name the same zone
    assert {zone % 18 for zone in zones} == set(range(18))
    for angle in angles:
        assert zone_of(angle, -angle).contains(angle, -angle)


def test_the_nearest_trained_zone_serves_where_none_holds_the_angles():
    zones = [(Zone(0, 0), "middle"), (Zone(1, 0), "beside")]
    assert nearest_zone(zones, 4.0, -9.0) == "middle"
    assert nearest_zone(zones, 12.0, 0.0) == "beside"
    assert nearest_zone(zones, -14.0, 3.0) == "middle"
    assert WHOLE.contains(35.0, -35.0)


def test_the_groups_are_those_of_table_1():
    names = [group.name for group in PAPER_GROUPS]
    assert names == ["in_plane", "out_of_plane", "depth"]
    assert sorted(n for group in PAPER_GROUPS for n in group.parameters) == list(range(6))
    table = np.array([group.half_ranges for group in PAPER_GROUPS]).T
    np.testing.assert_array_equal(table[0], [1.5, 0.2, 0.15])
    np.testing.assert_array_equal(table[2], [15, 15, 15])
    np.testing.assert_array_equal(table[3], [3, 0.5, 0.5])
    np.testing.assert_array_equal(table[4], [15, 15, 0.75])


def test_variants_are_named():
    assert variant_named("no-hpr").groups[0].parameters == (0, 1, 2, 3, 4, 5)
    assert not VARIANTS["no-psp"].zoned
    with pytest.raises(InputError, match="paper, no-cnn, no-lir, no-hpr, no-psp, got 'none'"):
        variant_named("none")
