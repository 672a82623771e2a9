"""The table of materials is that of NIST, and a mesh has one attenuation."""

import pytest

from fluoropose.errors import InputError
from fluoropose.imaging.materials import MATERIALS, mesh_attenuation_per_mm
from fluoropose.objects import plate

ELEMENTS = {
    "H": 0.3172, "C": 0.1672, "N": 0.1714, "O": 0.1772, "Na": 0.1976, "Mg": 0.2184, "P": 0.2754, "S": 0.3123,
    "Ca": 0.4717, "Ti": 0.5363, "Cr": 0.6620, "Mn": 0.7224, "Fe": 0.8164, "Co": 0.8853, "Ni": 1.0137, "Mo": 2.8090,
}  # fmt: skip
"""XCOM, total with coherent scattering, cm2/g at 70 keV."""

WEIGHTS = {
    "titanium": {"Ti": 1.0},
    "cobalt-chrome": {"Co": 0.66, "Cr": 0.28, "Mo": 0.06},
    "steel": {"Fe": 0.635, "Cr": 0.18, "Ni": 0.14, "Mo": 0.0275, "Mn": 0.0175},
    "uhmwpe": {"C": 0.8563, "H": 0.1437},
    "peek": {"C": 0.7916, "H": 0.0420, "O": 0.1665},
    "bone": {
        "H": 0.034, "C": 0.155, "N": 0.042, "O": 0.435, "Na": 0.001, "Mg": 0.002, "P": 0.103, "S": 0.003, "Ca": 0.225,
    },
}  # fmt: skip

NISTIR_5632 = {"titanium": (0.7661, 0.4052), "bone": (0.3148, 0.2229), "uhmwpe": (0.1970, 0.1823)}
"""The tables of the elements and of mixtures: cm2/g at 60 and 80 keV."""


@pytest.mark.parametrize("name", list(MATERIALS))
def test_a_mixture_is_the_sum_of_its_elements_by_weight(name):
    mixed = sum(ELEMENTS[element] * share for element, share in WEIGHTS[name].items())
    assert MATERIALS[name].mass_attenuation_cm2_per_g == pytest.approx(mixed, rel=1e-3)


@pytest.mark.parametrize("name", list(NISTIR_5632))
def test_the_table_lies_between_the_neighbours_that_nist_prints(name):
    """Interpolated in the logarithms, which is good to 2 % between 60 and 80 keV."""
    below, above = NISTIR_5632[name]
    share = 0.5358  # log(70 / 60) / log(80 / 60)
    assert MATERIALS[name].mass_attenuation_cm2_per_g == pytest.approx(below ** (1 - share) * above**share, rel=0.025)


def test_the_shipped_plate_and_the_table_are_of_one_kind():
    assert MATERIALS["titanium"].attenuation_per_mm == pytest.approx(plate._TITANIUM_PER_MM, rel=0.04)


def test_a_material_or_a_number_gives_the_attenuation():
    assert mesh_attenuation_per_mm("titanium", None) == pytest.approx(0.2419, abs=1e-4)
    assert mesh_attenuation_per_mm(None, 0.5) == 0.5


@pytest.mark.parametrize(
    ("material", "number", "message"),
    [
        (None, None, r"material \(titanium, cobalt-chrome, steel, uhmwpe, peek, bone\) or .* got neither"),
        ("bone", 0.1, "got both"),
        ("gold", None, "expected a material of titanium, .*, got 'gold'"),
        (None, 0.0, "above 0"),
        (None, -1.0, "got -1"),
        (None, 25.0, "up to 10 / mm, got 25"),
        (None, float("nan"), "got nan"),
        (None, float("inf"), "got inf"),
    ],
)
def test_anything_else_is_refused(material, number, message):
    with pytest.raises(InputError, match=message):
        mesh_attenuation_per_mm(material, number)
