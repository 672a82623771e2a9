"""Fields: each mistake names the field."""

import pytest

from fluoropose.errors import GeometryError
from fluoropose.geometry.conversion.fields import (
    choice_field,
    number_field,
    numbers_field,
    optional_distance,
    optional_number,
    require_known,
    side_field,
    text_field,
)


@pytest.mark.parametrize("value", [None, "1", True, float("nan"), float("inf"), [1.0], 10**400])
def test_a_number_is_one(value):
    with pytest.raises(GeometryError, match="expected sdd as a number"):
        number_field({"sdd": value}, "sdd")


def test_numbers_that_are_there_or_not():
    assert number_field({"a": 2}, "a") == 2.0
    assert optional_number({}, "a", 3.0) == 3.0
    assert optional_number({"a": None}, "a", 3.0) == 3.0
    assert optional_distance({}) is None and optional_distance({"source_to_detector_mm": 900}) == 900.0
    assert side_field({"rows": 5.0}, "rows") == 5
    with pytest.raises(GeometryError, match="rows as a whole number, got 5.5"):
        side_field({"rows": 5.5}, "rows")


@pytest.mark.parametrize("value", [None, [1.0], [[1.0], [2.0, 3.0]], [1.0, float("nan")], "ab", {}, [1.0, 10**400]])
def test_an_array_has_its_shape(value):
    with pytest.raises(GeometryError, match="expected t as 2 "):
        numbers_field({"t": value}, "t", (2,))


def test_choices_texts_and_unknown_fields():
    assert choice_field({}, "axis", ("down", "up")) == "down"
    with pytest.raises(GeometryError, match="axis of down, up, got 'left'"):
        choice_field({"axis": "left"}, "axis", ("down", "up"))
    with pytest.raises(GeometryError, match="text as a file's text, got none"):
        text_field({}, "text")
    require_known({"kind": "x", "rows": 1, "source_to_detector_mm": 2}, "x", ("rows",))
    with pytest.raises(GeometryError, match="got also colour"):
        require_known({"colour": 1}, "x", ("rows",))
