"""From the file of a CT or a mesh to a stored case, for the command line and the service."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fluoropose.arrays import Float64, Mat33
from fluoropose.drr.atlas import AtlasGrid, Progress, no_progress
from fluoropose.drr.case import Case
from fluoropose.drr.prepare import ViewChoice
from fluoropose.errors import InputError, VolumeError
from fluoropose.geometry.rotation import about_x, about_y
from fluoropose.imaging.finding import Finding
from fluoropose.imaging.label_grid import same_grid
from fluoropose.imaging.materials import mesh_attenuation_per_mm
from fluoropose.imaging.mesh import Solid, mesh_identity
from fluoropose.imaging.mesh_voxels import voxelise_mesh
from fluoropose.imaging.selected_object import select_object, understand_solid
from fluoropose.imaging.selection import Selection
from fluoropose.imaging.volume import Volume
from fluoropose.imaging.volume_findings import find_hu_offset
from fluoropose.io.cases import store_case
from fluoropose.io.first_bytes import is_dicom
from fluoropose.io.mesh_files import MESH_SUFFIXES, mesh_suffix
from fluoropose.io.meshes import read_mesh
from fluoropose.io.metaimage import is_metaimage
from fluoropose.io.poses import read_pose
from fluoropose.io.volumes import examine_volume, read_volume, volume_identity
from fluoropose.objects.catalogue import ShippedObject

__all__ = ["CaseRequest", "VIEWS", "choose_view", "prepare_ct", "prepare_shipped", "volume_suffix"]

VIEWS: dict[str, Mat33] = {
    "frontal": about_x(np.pi / 2),
    "back": np.diag([-1.0, 1.0, -1.0]) @ about_x(np.pi / 2),
    "lateral": about_y(np.pi / 2) @ about_x(np.pi / 2),
}
"""Base rotations with the head up in the picture: the beam enters from the front, from the back, or from a side."""


@dataclass(frozen=True, slots=True, eq=False)
class CaseRequest:
    """What a case is prepared from.

    Attributes
    ----------
    ct : the file or folder of the CT, or the file of a mesh
    choice : the expected view
    label_map, label, hu_window, box_mm, in_air : what belongs to the object, see `imaging.selection.Selection`; without
        a label, a window and a box the whole volume is the object, and must be one
    attenuation : the volume's values are attenuation in 1/mm, not HU
    material, attenuation_per_mm : what a mesh is made of, a name of `imaging.materials.MATERIALS` or a number; a mesh
        needs one of the two, and is the object itself: nothing is selected in it
    hu_offset : is added to every value of a CT, -1024 where they are HU + 1024; without it such values are refused, and
        0 says that the values are HU, whatever they look like

    Raises
    ------
    InputError
        If a mesh has no material or a selection, or a CT has a material.
    """

    ct: Path
    choice: ViewChoice
    label_map: Path | None = None
    label: int | None = None
    hu_window: tuple[float, float] | None = None
    box_mm: Float64 | None = None
    attenuation: bool = False
    in_air: bool = False
    material: str | None = None
    attenuation_per_mm: float | None = None
    hu_offset: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, before a file is read."""
        if not self.is_mesh:
            if self.material is not None or self.attenuation_per_mm is not None:
                kinds = ", ".join(MESH_SUFFIXES)
                raise InputError(f"expected a material only of a mesh ({kinds}), got one of {self.ct.name}")
            return
        mesh_attenuation_per_mm(self.material, self.attenuation_per_mm)
        chosen = (self.label_map, self.label, self.hu_window, self.box_mm, self.hu_offset)
        if self.attenuation or self.in_air or any(one is not None for one in chosen):
            raise InputError(
                "expected no selection (label, window, box, attenuation, in air) of a mesh, which is the object itself"
            )

    @property
    def is_mesh(self) -> bool:
        """Whether the file is a mesh, which its name tells."""
        return self.ct.suffix.lower() in MESH_SUFFIXES


def prepare_ct(request: CaseRequest, folder: Path, *, replace: bool = False, progress: Progress = no_progress) -> Case:
    """Read a CT or a mesh, select the object, prepare and store the case; a failure leaves no listed case."""
    if request.is_mesh:
        return _prepare_mesh(request, folder, replace, progress)
    reading = examine_volume(request.ct)
    volume, offset_note = _in_hu(reading.volume, request)
    labels = read_volume(request.label_map) if request.label_map is not None else None
    box = None if request.box_mm is None else np.asarray(request.box_mm).tolist()
    named = (
        volume_identity(volume),
        request.label,
        request.hu_window,
        box,
        labels and volume_identity(labels),
        request.in_air,
    )
    chosen = Selection(request.label, labels, request.hu_window, request.box_mm, request.in_air)
    selected = select_object(volume, chosen, attenuation=request.attenuation)
    # What the selection alone does not tell is added only where there is any, so that other cases keep their digest.
    treatment = selected.treatment
    if request.attenuation and not chosen.chooses_nothing:
        treatment = ("attenuation", *treatment)
    return store_case(
        folder,
        repr((*named, *treatment)),
        selected.volume,
        request.choice,
        rest=selected.rest,
        details={
            "ct": request.ct.name,
            "selection": {"label": request.label, "hu_window": request.hu_window, "box_mm": box},
            "understanding": selected.understanding.record(),
            "findings": [one.record() for one in (*reading.findings, *offset_note, *_map_findings(labels, volume))],
        },
        replace=replace,
        progress=progress,
    )


def _in_hu(volume: Volume, request: CaseRequest) -> tuple[Volume, tuple[Finding, ...]]:
    """Return the volume with the offset that was given, or refuse one whose values are surely HU + 1024."""
    if request.hu_offset:
        text = f"{request.hu_offset:g} was added to every value, as asked for"
        shifted = Volume(volume.values + np.float32(request.hu_offset), volume.lps_from_index)
        return shifted, (Finding("offset-added", "note", text),)
    if request.hu_offset is not None or request.attenuation:
        return volume, ()
    found = find_hu_offset(volume)
    if found is not None and found.severity == "error":
        raise VolumeError(f"expected HU in {request.ct.name}, got {found.text}")
    return volume, () if found is None else (found,)


def _map_findings(labels: Volume | None, volume: Volume) -> tuple[Finding, ...]:
    if labels is None or same_grid(labels, volume):
        return ()
    shapes = [" x ".join(map(str, one.values.shape)) for one in (labels, volume)]
    text = f"the label map ({shapes[0]}) was resampled to the grid of the CT ({shapes[1]})"
    return (Finding("labels-resampled", "note", text),)


def _prepare_mesh(request: CaseRequest, folder: Path, replace: bool, progress: Progress) -> Case:
    """Prepare the case of a mesh. Its digest names the surface and the filling's version, not the voxels' last bits."""
    mesh, mended = read_mesh(request.ct)
    per_mm = mesh_attenuation_per_mm(request.material, request.attenuation_per_mm)
    volume = voxelise_mesh(mesh, per_mm)
    volume_mm3 = float(volume.values.sum(dtype=np.float64)) / per_mm * float(np.prod(volume.spacing_mm))
    details = {
        "mesh": request.ct.name,
        "material": request.material,
        "attenuation_per_mm": per_mm,
        "facets": len(mesh.faces),
        "mended": list(mended),
        "understanding": understand_solid(volume, volume_mm3).record(),
    }
    source = f"mesh:2:{mesh_identity(mesh)}:{per_mm:.6g}"
    solid = Solid(mesh, per_mm)
    return store_case(
        folder, source, volume, request.choice, solid=solid, details=details, replace=replace, progress=progress
    )


def prepare_shipped(
    item: ShippedObject,
    folder: Path,
    *,
    grid: AtlasGrid = AtlasGrid(),
    replace: bool = False,
    progress: Progress = no_progress,
) -> Case:
    """Prepare and store a shipped object's case; its digest names the drawing's version, not its voxels."""
    choice = ViewChoice(item.base_rotation, item.range_mm, grid)
    volume = item.volume()
    details = {"object": item.name, "understanding": understand_solid(volume).record()}
    return store_case(folder, item.source, volume, choice, details=details, replace=replace, progress=progress)


def choose_view(view: str, range_mm: float, grid: AtlasGrid) -> ViewChoice:
    """Return the expected view from a name of `VIEWS` or a pose file, whose rotation counts and not its range.

    Raises
    ------
    InputError
        If an angle or the range cannot be, or there is no such view.
    """
    for half_deg in grid.reach_deg:
        if not (0 < grid.step_deg <= half_deg <= 80):
            raise InputError(f"expected 0 < step <= half range <= 80 degrees, got {grid.step_deg:g} and {half_deg:g}")
    if not range_mm > 0:
        raise InputError(f"expected a positive range, got {range_mm:g} mm")
    if view in VIEWS:
        return ViewChoice(VIEWS[view], range_mm, grid)
    if not Path(view).exists():
        raise InputError(f"expected a view of {', '.join(VIEWS)} or a pose file, got {view!r}")
    return ViewChoice(read_pose(Path(view))[:3, :3], range_mm, grid)


def volume_suffix(first_bytes: bytes, name: str = "", size: int | None = None) -> str:
    """Return the suffix of an uploaded file by its first bytes, or raise VolumeError.

    Meshes without a mark in their bytes are known by their `name`, or by their `size` in bytes.
    """
    if first_bytes.startswith(b"\x1f\x8b"):
        return ".nii.gz"
    if first_bytes.startswith(b"PK"):
        return ".zip"
    if first_bytes.startswith(b"NRRD"):
        return ".nrrd"
    if first_bytes[:4] in (b"\x5c\x01\x00\x00", b"\x00\x00\x01\x5c", b"\x1c\x02\x00\x00", b"\x00\x00\x02\x1c"):
        return ".nii"
    if is_dicom(first_bytes):
        return ".dcm"
    if is_metaimage(first_bytes):
        return ".mha"
    suffix = mesh_suffix(first_bytes, name, size)
    if suffix is None:
        raise VolumeError(
            "expected NIfTI, NRRD, MetaImage (.mha), a zip of a DICOM series, STL, PLY or OBJ, got other bytes"
        )
    return suffix
