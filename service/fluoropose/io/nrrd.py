"""Reading of NRRD. Its field `space` names the world frame: LPS is kept, RAS and LAS are converted to LPS."""

from pathlib import Path

import nrrd
import numpy as np

from fluoropose.errors import VolumeError
from fluoropose.imaging.volume import Volume, check_volume
from fluoropose.io.reader_faults import translate_faults

__all__ = ["read_nrrd"]

_SIGNS = {
    "left-posterior-superior": (1, 1, 1),
    "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "las": (1, -1, 1),
}


def read_nrrd(path: Path) -> Volume:
    """Return the volume in an .nrrd or .nhdr file, or raise VolumeError if it is damaged or has no placement."""
    with translate_faults(VolumeError, f"an NRRD file in {path.name}"):
        return _read(path)


def _read(path: Path) -> Volume:
    values, header = nrrd.read(str(path))
    space = str(header.get("space", "")).lower()
    if space not in _SIGNS or "space directions" not in header:
        raise VolumeError(f"expected NRRD space LPS, RAS or LAS with directions, got {space or 'none'}")
    lps_from_index = np.eye(4)
    lps_from_index[:3, :3] = np.asarray(header["space directions"], dtype=np.float64).T
    lps_from_index[:3, 3] = np.asarray(header.get("space origin", np.zeros(3)), dtype=np.float64)
    lps_from_index[:3] *= np.array(_SIGNS[space])[:, None]
    return check_volume(Volume(values.astype(np.float32), lps_from_index))
