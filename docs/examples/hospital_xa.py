"""Write an XA run of three frames as a hospital has it, simulated from a prepared case, and a start beside it.

python docs/examples/hospital_xa.py cases/hip xa.dcm start.json
"""

import json
import sys
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, XRayAngiographicImageStorage, generate_uid

from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.io.cases import load_case

SIDE_PX, SPACING_MM, DISTANCE_MM = 512, 0.78, 1200.0
OPEN_BEAM = 3500.0
FRAMES = (
    [4.0, -6.0, 900.0, 0.03, 0.05, -0.04],
    [5.0, -7.0, 901.0, 0.035, 0.055, -0.04],
    [6.0, -8.0, 902.0, 0.04, 0.06, -0.04],
)
"""The six parameters of each frame, mm and rad."""


def frames(case) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the stored numbers (frames, rows, columns) and the poses that they show."""
    camera = camera_from_detector(
        SIDE_PX, SIDE_PX, row_spacing_mm=SPACING_MM, column_spacing_mm=SPACING_MM, source_to_detector_mm=DISTANCE_MM
    )
    rng = np.random.default_rng(0)
    poses = [pose_from_six(np.array(six), case.pose_frame) for six in FRAMES]
    bodies = [case.volume] if case.rest is None else [case.volume, case.rest]
    renderers = [CpuRenderer(body, default_step_mm(body)) for body in bodies]
    taken = []
    for pose in poses:
        beam = OPEN_BEAM * np.exp(-sum(renderer.render(camera, pose) for renderer in renderers))
        taken.append(np.clip(rng.poisson(beam + 20.0), 0, 4095))
    return np.stack(taken).astype(np.uint16), poses


def write_xa(path: Path, stored: np.ndarray) -> None:
    """Write frames as a multi-frame XA image that is displayed with dark vessels and bright air."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = XRayAngiographicImageStorage, generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    image.Modality, image.SamplesPerPixel, image.PhotometricInterpretation = "XA", 1, "MONOCHROME2"
    image.NumberOfFrames, image.Rows, image.Columns = stored.shape
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 12, 11, 0
    image.PixelIntensityRelationship, image.PixelIntensityRelationshipSign = "LIN", 1
    image.DistanceSourceToDetector, image.DistanceSourceToPatient = DISTANCE_MM, 900.0
    image.ImagerPixelSpacing = [SPACING_MM, SPACING_MM]
    image.PositionerPrimaryAngle, image.PositionerSecondaryAngle = 0.0, 0.0
    image.PixelData = stored.tobytes()
    pydicom.dcmwrite(path, image, enforce_file_format=True)


if __name__ == "__main__":
    stored, poses = frames(load_case(Path(sys.argv[1])))
    write_xa(Path(sys.argv[2]), stored)
    # A start of someone who looked at the picture: centimetres and degrees off.
    moved = np.array(FRAMES[1]) + [8.0, -6.0, 25.0, 0.06, -0.05, 0.05]
    start = pose_from_six(moved, load_case(Path(sys.argv[1])).pose_frame)
    truth = {"camera_from_volume": start.tolist(), "true_camera_from_volume": poses[1].tolist()}
    Path(sys.argv[3]).write_text(json.dumps({"camera_from_volume": truth["camera_from_volume"]}))
    Path(sys.argv[3]).with_suffix(".truth.json").write_text(json.dumps(truth["true_camera_from_volume"]))
