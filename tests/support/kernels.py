"""Registers a frame of each kind, so that the compiled code of registration is there for all processes of a run."""

from pathlib import Path

import numpy as np

from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.io.bundles import load_bundle, shipped_models_root, universal_bundle_folder
from fluoropose.registration.multi_object import register_objects
from fluoropose.registration.pipeline import register
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView
from support.cases import EXPECTED_SIX, surrounded_case_folder, tiny_resident
from support.views import one_view

__all__ = ["compile_alone", "compile_in_body"]


def compile_alone(folder: Path, case: Case) -> None:
    """Find an object alone, from a start and without one, and two of it in one frame."""
    resident, view, plan = _made(case)
    for each in (plan, Plan(None, nearby=False)):
        register(resident, [view], each)
    register_objects([resident] * 2, [view], [plan] * 2)
    folder.mkdir()


def compile_in_body(folder: Path) -> None:
    """Find an object in its body; the folder gets its case."""
    folder.mkdir()
    resident, view, plan = _made(surrounded_case_folder(folder / "inside"))
    register(resident, [view], plan)


def _made(case: Case) -> tuple[ResidentCase, FrameView, Plan]:
    """Return a case with the universal networks, a frame of it and its true pose as the start."""
    in_body = case.rest is not None
    resident = tiny_resident(case, load_bundle(universal_bundle_folder(shipped_models_root(), in_body=in_body)))
    camera = camera_from_detector(96, 128, row_spacing_mm=1.6, column_spacing_mm=1.5, source_to_detector_mm=1100.0)
    pose = pose_from_six(EXPECTED_SIX, case.pose_frame)
    lines = sum(CpuRenderer(part, 1.0).render(camera, pose) for part in (case.volume, case.rest) if part is not None)
    frame = np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16)
    return resident, one_view(frame, camera), Plan(pose, nearby=False)
