"""What was understood of a selection: how large the object is, in how many parts, and whether something is around it.

It is stored with a case and shown to the user, who sees from it whether the right thing was selected.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fluoropose.imaging.masks import Parts
from fluoropose.imaging.volume import Volume, bounding_corners

__all__ = ["Understanding", "understand", "volume_text"]


@dataclass(frozen=True, slots=True)
class Understanding:
    """An object in numbers.

    Attributes
    ----------
    size_mm : the diagonal of the object's box
    sides_mm : the sides of that box along the patient's x, y and z (left, back, up)
    volume_cm3 : the volume of what was selected
    voxel_mm : the voxel's sides along the grid's axes
    parts : how many connected parts it has
    largest_share : the largest part's share of the volume, 0 to 1
    specks : how many parts were so small that they were left out
    in_body : it lies in a body, of which the case has the rest
    """

    size_mm: float
    sides_mm: tuple[float, float, float]
    volume_cm3: float
    voxel_mm: tuple[float, float, float]
    parts: int
    largest_share: float
    specks: int
    in_body: bool

    def text(self) -> str:
        """Return it in words: 274 mm (95 x 180 x 180), 41 cm3, voxel 3 mm, in its body; 3 connected parts, ..."""
        sides = " x ".join(f"{side:.0f}" for side in self.sides_mm)
        place = "in its body" if self.in_body else "with nothing around it"
        words = f"{self.size_mm:.0f} mm ({sides}), {volume_text(self.volume_cm3)}, voxel {self._voxel_text()}, {place}"
        if self.parts == 1:
            words += "; one connected part"
        else:
            share = "over 99 %" if self.largest_share > 0.99 else f"{100 * self.largest_share:.0f} %"
            words += f"; {self.parts:,} connected parts, the largest {share}"
        if self.specks:
            words += f"; {self.specks:,} speck{'' if self.specks == 1 else 's'} left out"
        return words

    def record(self) -> dict[str, Any]:
        """Return it as a dict of JSON values."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Understanding":
        """Return what `record` was made of; the keys must be the attributes, or it raises TypeError or KeyError."""
        lists = {name: tuple(record[name]) for name in ("sides_mm", "voxel_mm")}
        return cls(**(record | lists))

    def _voxel_text(self) -> str:
        """Return one side if all are nearly the same, else the three."""
        if max(self.voxel_mm) < 1.02 * min(self.voxel_mm):
            return f"{float(np.mean(self.voxel_mm)):.2g} mm"
        return " x ".join(f"{side:.2g}" for side in self.voxel_mm) + " mm"


def understand(volume: Volume, parts: Parts, volume_mm3: float, *, in_body: bool = False) -> Understanding:
    """Return what is understood of an object, whose box is that of the attenuation in `volume`."""
    sides = np.ptp(bounding_corners(volume), axis=0)
    x, y, z = (round(float(side), 2) for side in sides)
    i, j, k = (round(float(side), 4) for side in volume.spacing_mm)
    return Understanding(
        round(float(np.linalg.norm(sides)), 2),
        (x, y, z),
        round(volume_mm3 / 1000.0, 4),
        (i, j, k),
        parts.count,
        round(parts.largest_share, 4),
        parts.specks,
        in_body,
    )


def volume_text(volume_cm3: float) -> str:
    """Return a volume with two digits below 10 cm3, else whole."""
    return f"{volume_cm3:.2g} cm3" if volume_cm3 < 10.0 else f"{volume_cm3:,.0f} cm3"
