"""A small case that builds in a second, and a model for it that is untrained but valid."""

from pathlib import Path

import numpy as np

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.case import Case
from fluoropose.drr.prepare import ViewChoice
from fluoropose.geometry.rotation import about_x
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import store_bundle
from fluoropose.io.cases import store_case
from fluoropose.objects.shapes import Part, box, capsule, place, voxelise
from fluoropose.registration.regression.bundle import Bundle
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.train.profiles import Profile
from fluoropose.train.run import train_case

SMALL_CHOICE = ViewChoice(about_x(np.pi / 2), 900.0, AtlasGrid(12.0, 4.0))
EXPECTED_SIX = np.array([0.0, 0.0, 900.0, 0.0, 0.0, 0.0])
"""The six parameters of the small case's expected view."""

TINY = Profile("tiny", 4, 12)


def small_parts() -> list[Part]:
    still = np.eye(3)
    return [
        Part(place(box(np.array([14.0, 6.0, 18.0]), 1.0), np.zeros(3), still), 0.03),
        Part(capsule(np.array([-8.0, 3.0, -14.0]), np.array([10.0, -4.0, 12.0]), 2.5), 0.12),
        Part(capsule(np.array([9.0, 4.0, -12.0]), np.array([9.0, 4.0, 2.0]), 2.0), 0.2),
    ]


def small_volume(voxel_mm: float = 1.5):
    return voxelise(small_parts(), np.array([18.0, 10.0, 21.0]), voxel_mm)


def wider_volume():
    """Return another object: the small one with a longer bar at its side, so that its corners lie elsewhere."""
    bar = Part(capsule(np.array([-16.0, 0.0, 0.0]), np.array([16.0, 0.0, 0.0]), 2.0), 0.1)
    return voxelise([*small_parts(), bar], np.array([22.0, 10.0, 21.0]), 1.5)


def small_case_folder(folder: Path) -> Case:
    return store_case(folder, "test:small:1", small_volume(), SMALL_CHOICE)


def surrounding_volume():
    """Return what lies around the small object: a plate behind it and a bar beside it."""
    still = np.eye(3)
    plate = Part(place(box(np.array([30.0, 3.0, 30.0]), 1.0), np.array([0.0, 16.0, 0.0]), still), 0.02)
    bar = Part(capsule(np.array([24.0, 10.0, -26.0]), np.array([20.0, 12.0, 26.0]), 3.0), 0.08)
    return voxelise([plate, bar], np.array([34.0, 22.0, 32.0]), 3.0)


def surrounded_case_folder(folder: Path) -> Case:
    return store_case(folder, "test:surrounded:1", small_volume(), SMALL_CHOICE, rest=surrounding_volume())


def tiny_bundle(case: Case, checkpoints: Path, name: str = "small") -> Bundle:
    trained = train_case(case, TINY, checkpoints, threads=1)
    return Bundle(name, case.digest, trained.models, trained.golden, {"profile": "tiny"})


def tiny_bundle_folder(case: Case, folder: Path) -> None:
    store_bundle(folder, tiny_bundle(case, folder.with_suffix(".checkpoints"), folder.name), "# untrained\n")


def tiny_resident(case: Case, bundle: Bundle, threads: int = 1) -> ResidentCase:
    """Return a case that is resident on the CPU."""
    return load_resident_case(case, bundle, open_device("cpu", threads))
