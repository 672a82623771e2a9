"""Linear attenuation of the materials of implants and of bone, 1/mm, at 70 keV as that of water in `attenuation`.

Mass attenuation: M. J. Berger, J. H. Hubbell et al., XCOM, NIST Standard Reference Database 8 (doi:10.18434/T48G6X),
total with coherent scattering, mixtures by weight. At the energies that NISTIR 5632 tabulates (J. H. Hubbell,
S. M. Seltzer, doi:10.18434/T4D01F: 60 and 80 keV) the two agree. Real beams have many energies and harden in metal:
behind thick metal the effective value is less. A measured one can be given in its place.
"""

import math
from dataclasses import dataclass

from fluoropose.errors import InputError

__all__ = ["ENERGY_KEV", "MATERIALS", "MAX_PER_MM", "Material", "mesh_attenuation_per_mm"]

ENERGY_KEV = 70.0
"""Photon energy of the table: about the mean of a beam of 100 to 120 kV."""

MAX_PER_MM = 10.0
"""More than that of any metal of implants (gold: 5.9); a larger number is likely one of another unit, such as 1/m."""


@dataclass(frozen=True, slots=True)
class Material:
    """A material by its density in g/cm3 and its mass attenuation in cm2/g at `ENERGY_KEV`."""

    density_g_per_cm3: float
    mass_attenuation_cm2_per_g: float

    @property
    def attenuation_per_mm(self) -> float:
        """The linear attenuation, 1/mm."""
        return 0.1 * self.density_g_per_cm3 * self.mass_attenuation_cm2_per_g


MATERIALS = {
    "titanium": Material(4.51, 0.5363),  # the element; Ti-6Al-4V attenuates 5 % less
    "cobalt-chrome": Material(8.30, 0.9382),  # ASTM F75: Co 66 %, Cr 28 %, Mo 6 % by weight
    "steel": Material(7.95, 0.8694),  # ISO 5832-1: Fe 63.5 %, Cr 18 %, Ni 14 %, Mo 2.75 %, Mn 1.75 %
    "uhmwpe": Material(0.935, 0.1888),  # polyethylene, (CH2)n; density of ASTM F648
    "peek": Material(1.30, 0.1752),  # C19 H12 O3
    "bone": Material(1.92, 0.2571),  # cortical bone of ICRU Report 44
}
"""The materials by name."""


def mesh_attenuation_per_mm(material: str | None, attenuation_per_mm: float | None) -> float:
    """Return the attenuation in 1/mm of an object that is given by its material's name or by its attenuation.

    Raises
    ------
    InputError
        If both are given or neither, the name is unknown, or the value is not positive or above `MAX_PER_MM`.
    """
    names = ", ".join(MATERIALS)
    if (material is None) == (attenuation_per_mm is None):
        got = "neither" if material is None else "both"
        raise InputError(f"expected the mesh's material ({names}) or its attenuation in 1/mm, got {got}")
    if material is not None:
        if material not in MATERIALS:
            raise InputError(f"expected a material of {names}, got {material!r}")
        return MATERIALS[material].attenuation_per_mm
    assert attenuation_per_mm is not None
    if not (math.isfinite(attenuation_per_mm) and 0.0 < attenuation_per_mm <= MAX_PER_MM):
        raise InputError(f"expected an attenuation above 0 and up to {MAX_PER_MM:g} / mm, got {attenuation_per_mm:g}")
    return attenuation_per_mm
