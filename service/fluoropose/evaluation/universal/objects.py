"""The objects that the universal networks are measured on; no training saw one of them. Lengths in mm.

Three ship, ten are of families that are never drawn for training, and the others come from data sets beside the
project, where those are: bones of real CTs, alone and in their bodies, and the components of a real knee implant.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fluoropose.arrays import Float64, Mat33
from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.case import Case
from fluoropose.drr.prepare import ViewChoice, prepare_case
from fluoropose.evaluation.studies.wrist.recording import read_radius
from fluoropose.evaluation.universal.families import FAMILIES, UnseenObject
from fluoropose.geometry.rotation import about_x, about_y
from fluoropose.imaging.mesh_voxels import choose_voxel_mm, voxelise_mesh
from fluoropose.imaging.selected_object import select_object
from fluoropose.imaging.selection import Selection
from fluoropose.imaging.volume import Volume
from fluoropose.io.meshes import read_mesh
from fluoropose.io.volumes import read_volume
from fluoropose.objects.catalogue import OBJECTS, ShippedObject
from fluoropose.simulate.motion import Motion
from fluoropose.simulate.run import Scene
from fluoropose.simulate.scenes import FINER_SHARE, ct_camera, ct_scene, run_motions, shipped_scene

__all__ = ["MeasuredObject", "measured_objects"]

_GRID = AtlasGrid(14.0)
_FROM_THE_SIDE = about_y(np.deg2rad(35.0)) @ about_x(np.pi / 2)
_COBALT_CHROME_PER_MM = 0.22


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredObject:
    """An object by name, how its case is prepared, and the simulated scene of that case by seed."""

    name: str
    kind: str
    prepare: Callable[[], Case]
    scene: Callable[[Case, int], tuple[Scene, Motion, Motion]]


def measured_objects(data: Path | None) -> Iterator[MeasuredObject]:
    """Give the objects: shipped, unseen families, and those of the data sets in a folder, if there is one."""
    for item in OBJECTS.values():
        yield _shipped(item)
    for family in FAMILIES:
        yield _family(family)
    if data is not None:
        yield from _implants(data / "knee_implant_biplane")
        yield from _bones(data)


def _shipped(item: ShippedObject) -> MeasuredObject:
    choice = ViewChoice(item.base_rotation, item.range_mm, _GRID)
    finer = _Finer(item.volume, item.voxel_mm)
    return MeasuredObject(
        item.name, "ships", lambda: prepare_case(item.name, item.source, item.volume(), choice), finer.scene
    )


def _family(item: UnseenObject) -> MeasuredObject:
    def prepare() -> Case:
        choice = ViewChoice(_FROM_THE_SIDE, 890.0, _GRID)
        return prepare_case(item.name, item.name, item.volume(item.voxel_mm), choice)

    return MeasuredObject(item.name, "unseen family", prepare, _Finer(item.volume, item.voxel_mm).scene)


@dataclass(frozen=True, slots=True, eq=False)
class _Finer:
    """The scene of an object that can be sampled at any voxel size, in random anatomy."""

    volume: Callable[[float], Volume]
    voxel_mm: float

    def scene(self, case: Case, seed: int) -> tuple[Scene, Motion, Motion]:
        rng = np.random.default_rng([seed, 100])
        camera = ct_camera(case)
        scene = shipped_scene(case, self.volume(FINER_SHARE * self.voxel_mm), camera, self.voxel_mm, rng)
        return scene, *run_motions(case, rng, rest_moves=False)


def _implants(folder: Path) -> Iterator[MeasuredObject]:
    """Give the components of the real knee implant, as cobalt-chrome."""
    for name in ("femoral", "tibial"):
        mesh, _ = read_mesh(folder / f"{name}.stl")
        voxel_mm = choose_voxel_mm(mesh)

        def volume(voxel_mm: float, mesh=mesh) -> Volume:  # type: ignore[no-untyped-def]
            return voxelise_mesh(mesh, _COBALT_CHROME_PER_MM, voxel_mm)

        def prepare(name: str = name, volume: Callable[[float], Volume] = volume, voxel_mm: float = voxel_mm) -> Case:
            return prepare_case(name, name, volume(voxel_mm), ViewChoice(_FROM_THE_SIDE, 890.0, _GRID))

        yield MeasuredObject(f"{name} component", "real implant", prepare, _Finer(volume, voxel_mm).scene)


def _bones(data: Path) -> Iterator[MeasuredObject]:
    """Give the bones of real CTs: the radius and a head alone, two hips and vertebrae in their bodies."""
    yield MeasuredObject("radius", "real bone", lambda: _bone_case("radius", read_radius(data / "wrist"), None), _ct)
    torso, labels = data / "torso" / "example_ct.nii.gz", data / "torso" / "example_seg_full_v1.nii.gz"
    for name, label in (("left hip", 90), ("third lumbar vertebra", 20)):
        yield MeasuredObject(name, "real bone in its body", _cut(name, torso, label=label, labels=labels), _ct)
    box = np.array([[1.0, 15.0, -308.0], [54.0, 101.0, -265.0]])
    chest = data / "chest" / "lidc_chest_dicom.zip"
    yield MeasuredObject(
        "thoracic vertebra", "real bone in its body", _cut("vertebra", chest, window=(130.0, 3071.0), box=box), _ct
    )
    yield MeasuredObject("skull", "real bone", lambda: _bone_case("skull", _skull(data / "head_lowres"), None), _ct)


def _cut(
    name: str,
    ct: Path,
    *,
    label: int | None = None,
    labels: Path | None = None,
    window: tuple[float, float] | None = None,
    box: Float64 | None = None,
) -> Callable[[], Case]:
    """Return what prepares an object that is cut out of a CT."""

    def prepare() -> Case:
        chosen = Selection(label, None if labels is None else read_volume(labels), window, box)
        selected = select_object(read_volume(ct), chosen)
        return _bone_case(name, selected.volume, selected.rest)

    return prepare


def _skull(folder: Path) -> Volume:
    """Return the bone of the head CT, whose values are HU + 1024 on a left-handed grid: one axis is turned round."""
    stored = read_volume(folder / "headsq_quarter_raw.nii.gz")
    placed = np.diag([*stored.spacing_mm, 1.0])
    volume = Volume(stored.values[::-1] - 1024.0, placed)
    return select_object(volume, Selection(hu_window=(300.0, 3000.0))).volume


def _bone_case(name: str, inside: Volume, rest: Volume | None) -> Case:
    base: Mat33 = about_x(np.pi / 2)
    return prepare_case(name, name, inside, ViewChoice(base, 900.0, _GRID), rest=rest)


def _ct(case: Case, seed: int) -> tuple[Scene, Motion, Motion]:
    rng = np.random.default_rng([seed, 100])
    return ct_scene(case, ct_camera(case)), *run_motions(case, rng, rest_moves=case.rest is not None)
