"""The objects of the stress set, each resident with the universal networks and ready for both renderers. mm."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fluoropose.arrays import Float64
from fluoropose.drr.case import Case
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.trust.surfaces import part_surfaces
from fluoropose.evaluation.universal.objects import MeasuredObject, measured_objects
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.volume import Volume
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle, shipped_models_root, universal_bundle_folder
from fluoropose.io.meshes import read_mesh
from fluoropose.objects.catalogue import OBJECTS
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.simulate.motion import DEFAULT_REACH
from fluoropose.simulate.surface_rays import Surface

__all__ = ["Subject", "trust_subjects"]

_IMPLANT = "femoral component"
_IMPLANT_FILE = Path("knee_implant_biplane") / "femoral.stl"
_COBALT_CHROME_PER_MM = 0.22


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """An object of the stress set.

    Attributes
    ----------
    name : the object's name
    resident : its case with the universal networks
    volume : its attenuation in 1/mm, at finer voxels than its views were rendered from
    step_mm : the sampling step along rays through that volume
    surfaces : the same object without voxels
    camera : the camera that its frames are taken with
    """

    name: str
    resident: ResidentCase
    volume: Volume
    step_mm: float
    surfaces: tuple[Surface, ...]
    camera: Camera

    @property
    def case(self) -> Case:
        """The case that is registered."""
        return self.resident.case

    @property
    def size_mm(self) -> float:
        """The diagonal of the object's box."""
        return self.case.size_mm

    @property
    def range_mm(self) -> float:
        """The distance from the source at which the object is expected."""
        return self.case.atlas.view.range_mm

    @property
    def reach(self) -> Float64:
        """How far poses lie from the expected one in the six parameters, mm and degrees, (6,)."""
        return DEFAULT_REACH


def trust_subjects(data: Path | None, environment: Environment) -> tuple[Subject, ...]:
    """Return the shipped objects and, where the data sets' folder is given, the femoral component of a real implant.

    Raises
    ------
    InputError
        If the data have no such component, or scikit-image is not installed.
    """
    wanted = list(_wanted(data))
    made = []
    with environment.progress("stress set: objects") as report:
        for count, item in enumerate(wanted, 1):
            made.append(_open(item, data, environment))
            report(count, len(wanted), item.name)
    return tuple(made)


def _wanted(data: Path | None) -> Iterator[MeasuredObject]:
    # The real implants come after the shipped objects; the data's bones are not opened.
    for item in measured_objects(data):
        if item.name in OBJECTS:
            yield item
        elif item.name == _IMPLANT:
            yield item
            return


def _open(item: MeasuredObject, data: Path | None, environment: Environment) -> Subject:
    case = item.prepare()
    scene, _, _ = item.scene(case, 0)
    if item.name in OBJECTS:
        surfaces = part_surfaces(OBJECTS[item.name].parts(), scene.volume)
    else:
        mesh, _ = read_mesh((data or Path()) / _IMPLANT_FILE)
        surfaces = (Surface(mesh.vertices_mm, mesh.faces, _COBALT_CHROME_PER_MM),)
    bundle = load_bundle(universal_bundle_folder(shipped_models_root(), in_body=False))
    resident = load_resident_case(case, bundle, open_device("cpu", environment.threads))
    return Subject(item.name, resident, scene.volume, scene.step_mm, surfaces, scene.camera)
