"""The public Python face: open or prepare a case, register frames, follow a run, render. No server is needed.

`import fluoropose` gives these names; this module is loaded when the first of them is used. Poses are
camera_from_volume, (4, 4) in mm, from the patient frame LPS; pixels are (rows, columns).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.drr.atlas import AtlasGrid, Progress, default_step_mm, no_progress
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import BundleError, InputError
from fluoropose.geometry.camera import Camera, camera_from_detector
from fluoropose.geometry.field_mask import FieldMask
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import check_rigid
from fluoropose.imaging.volume import Volume
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import find_bundle_folder, load_bundle, shipped_models_root
from fluoropose.io.cases import load_case
from fluoropose.io.preparation import CaseRequest, choose_view, prepare_ct, prepare_shipped
from fluoropose.objects.catalogue import OBJECTS
from fluoropose.registration.assessment import ErrorEstimate
from fluoropose.registration.pipeline import register as register_views
from fluoropose.registration.plan import Plan
from fluoropose.registration.result import FrameView, Registration
from fluoropose.tracking.tracker import FRAME_SECONDS, Tracker

__all__ = [
    "Camera",
    "Case",
    "ErrorEstimate",
    "FieldMask",
    "PlacedCamera",
    "Registrar",
    "Registration",
    "Volume",
    "camera_from_detector",
    "open_case",
    "prepare",
    "register",
    "render",
]


def open_case(folder: str | Path) -> Case:
    """Return a case that `prepare` (or `fluoropose prepare`) stored in a folder.

    Raises
    ------
    UnknownCaseError, StorageError
        If there is none, or it is damaged.
    """
    return load_case(Path(folder))


def prepare(
    volume: str | Path,
    folder: str | Path,
    *,
    label_map: str | Path | None = None,
    label: int | None = None,
    hu: tuple[float, float] | None = None,
    box_mm: Sequence[Sequence[float]] | None = None,
    attenuation: bool = False,
    in_air: bool = False,
    material: str | None = None,
    attenuation_per_mm: float | None = None,
    hu_offset: float | None = None,
    view: str = "frontal",
    range_mm: float = 900.0,
    half_range_deg: float = 36.0,
    step_deg: float = 2.0,
    replace: bool = False,
    progress: Progress = no_progress,
) -> Case:
    """Turn a CT or a mesh into a case: choose the object, render its atlas, store both.

    Parameters
    ----------
    volume : a DICOM folder or zip, NIfTI or NRRD file; an STL, PLY or OBJ file in mm; or "knee", "plate", "probe" for
        an object that ships
    folder : where the case is stored; its name is the case's name
    label_map, label : the object is this value of a label map on the CT's grid
    hu : or what lies within this window of HU, low and high
    box_mm : or what lies within this box, two corners in LPS mm
    attenuation : the volume's values, and those of `hu`, are attenuation in 1/mm, not HU
    in_air : nothing surrounds the object in the volume, whatever it looks like
    material, attenuation_per_mm : what a mesh is of, "titanium", "cobalt-chrome", "steel", "uhmwpe", "peek" or "bone",
        or its linear attenuation in 1/mm; a mesh needs one of them and takes no selection
    hu_offset : added to the CT's values, -1024 where they are HU + 1024, which is refused without it; 0 says that they
        are HU
    view : expected view, "frontal", "back" or "lateral", or a pose's JSON file
    range_mm : expected distance from source to object
    half_range_deg, step_deg : out-of-plane angles that the atlas covers each way, and its step
    replace : replace a case of that name
    progress : called with (views done, all views)

    Raises
    ------
    InputError, VolumeError, MeshError, ObjectSelectionError, StorageError
        If the CT or the mesh cannot be read, nothing is chosen, or the folder cannot be written.
    """
    grid = AtlasGrid(half_range_deg, step_deg)
    if str(volume) in OBJECTS and not Path(volume).exists():
        item = OBJECTS[str(volume)]
        return prepare_shipped(item, Path(folder), grid=grid, replace=replace, progress=progress)
    request = CaseRequest(
        Path(volume),
        choose_view(view, range_mm, grid),
        None if label_map is None else Path(label_map),
        label,
        hu,
        None if box_mm is None else np.asarray(box_mm, np.float64),
        attenuation,
        in_air,
        material=material,
        attenuation_per_mm=attenuation_per_mm,
        hu_offset=hu_offset,
    )
    return prepare_ct(request, Path(folder), replace=replace, progress=progress)


class Registrar:
    """Registers frames of one case with its networks.

    Parameters
    ----------
    case : what `open_case` or `prepare` returned
    model : folder of a bundle that was trained for the case; without it a shipped one, or the universal networks
    device : "cpu", "cuda" or "auto"
    threads : ONNX Runtime's threads on a CPU

    Raises
    ------
    BundleError, UnknownCaseError, DeviceError
        If there is no bundle, it is another case's, or the device cannot be used.
    """

    def __init__(self, case: Case, model: str | Path | None = None, *, device: str = "cpu", threads: int = 1) -> None:
        self.case = case
        folder = find_bundle_folder(shipped_models_root(), case) if model is None else Path(model)
        if not folder.is_dir():
            raise BundleError(f"expected the folder of a model for case {case.name!r}, got none at {folder}")
        self._resident = load_resident_case(case, load_bundle(folder), open_device(device, threads))

    def register(
        self,
        pixels: NDArray[Any],
        camera: Camera,
        start: Mat44 | Sequence[Sequence[float]] | None = None,
        *,
        nearby: bool = False,
        pixel_meaning: str = "intensity",
        inverted: bool = False,
        mask: FieldMask | None = None,
    ) -> Registration:
        """Find the object in one frame.

        Parameters
        ----------
        pixels : (rows, columns) of the camera; uint8, uint16, float32 or another dtype that frames have
        camera : the calibrated camera
        start : camera_from_volume to start from; without it the whole frame is searched, which takes a second
        nearby : the start is the pose of the frame before
        pixel_meaning : "intensity" (open beam bright), "line_integral" (dense bright) or "display"
        inverted : dense is bright in a display picture
        mask : what the frame shows; without it the field is looked for in the frame

        Raises
        ------
        FrameError, GeometryError, InputError
            If the frame is not the camera's, the start is not rigid or behind the source, or a word is unknown.
        """
        meaning = _pixel_meaning(pixel_meaning)
        pose = None if start is None else check_rigid(start, "start")
        placed = PlacedCamera(camera, mask=mask)
        view = FrameView(np.asarray(pixels), placed, meaning=meaning, inverted=inverted)
        return register_views(self._resident, [view], Plan(pose, nearby))

    def register_views(
        self,
        frames: Sequence[NDArray[Any]],
        cameras: Sequence[PlacedCamera],
        start: Mat44 | Sequence[Sequence[float]] | None = None,
        *,
        nearby: bool = False,
        pixel_meaning: str = "intensity",
        inverted: bool = False,
    ) -> Registration:
        """Find the object in frames of one instant from several calibrated cameras; poses are world_from_volume.

        Raises
        ------
        FrameError, GeometryError, InputError
            As `register`, and if there is not one camera per frame, or two are the same.
        """
        if len(frames) != len(cameras):
            raise InputError(f"expected one camera per frame, got {len(frames)} frames and {len(cameras)} cameras")
        meaning = _pixel_meaning(pixel_meaning)
        pose = None if start is None else check_rigid(start, "start")
        views = [
            FrameView(np.asarray(pixels), placed, f"view {number + 1}", meaning, inverted)
            for number, (pixels, placed) in enumerate(zip(frames, cameras, strict=True))
        ]
        return register_views(self._resident, views, Plan(pose, nearby))

    def track(
        self,
        frames: Iterable[NDArray[Any]],
        camera: Camera,
        start: Mat44 | Sequence[Sequence[float]] | None = None,
        *,
        times_s: Iterable[float] | None = None,
        pixel_meaning: str = "intensity",
        inverted: bool = False,
        mask: FieldMask | None = None,
    ) -> Iterator[Registration]:
        """Follow the object through frames, each from the poses before it; yield one registration per frame.

        `mask` is what the frames show; without it the field is looked for in each. `times_s` are the capture times;
        without them frames are 1/15 s apart. A track that is lost is searched for.
        """
        pose = None if start is None else check_rigid(start, "start")
        tracker = Tracker(pose, self.case.atlas.view.centre_mm)
        times = iter(times_s) if times_s is not None else (FRAME_SECONDS * number for number in count())
        meaning = _pixel_meaning(pixel_meaning)
        for pixels in frames:
            captured_s = next(times, None)
            if captured_s is None:
                raise InputError("expected a capture time for every frame, got fewer")
            plan = tracker.plan(captured_s)
            view = FrameView(np.asarray(pixels), PlacedCamera(camera, mask=mask), meaning=meaning, inverted=inverted)
            found = register_views(self._resident, [view], plan)
            tracker.receive(found.camera_from_volume, found.assessment.status, captured_s, plan)
            yield found


def register(
    case: Case,
    pixels: NDArray[Any],
    camera: Camera,
    start: Mat44 | Sequence[Sequence[float]] | None = None,
    **options: Any,
) -> Registration:
    """Find the object of a case in one frame with its shipped model; for many frames make a `Registrar` once.

    `options` are those of `Registrar.register`.
    """
    return Registrar(case).register(pixels, camera, start, **options)


def render(case: Case, camera: Camera, camera_from_volume: Mat44 | Sequence[Sequence[float]]) -> Float32:
    """Return the DRR of a case as line integrals, float32 (rows, columns).

    Raises
    ------
    GeometryError
        If the pose is not rigid or the object is behind the source.
    """
    pose: Float64 = check_rigid(camera_from_volume, "camera_from_volume")
    return CpuRenderer(case.volume, default_step_mm(case.volume)).render(camera, pose)


def _pixel_meaning(word: str) -> PixelMeaning:
    try:
        return PixelMeaning(word)
    except ValueError as error:
        known = ", ".join(meaning.value for meaning in PixelMeaning)
        raise InputError(f"expected a pixel meaning of {known}, got {word!r}") from error
