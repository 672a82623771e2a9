"""What methods are made of on the recording's frames, whose pixels are prepared for display."""

from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.frame_registration import Reading
from fluoropose.evaluation.methods.method import MethodInputs
from fluoropose.evaluation.studies.wrist.folder import WristFolder
from fluoropose.imaging.xray import PixelMeaning

__all__ = ["DISPLAYED", "method_inputs"]

DISPLAYED = Reading(PixelMeaning.DISPLAY)


def method_inputs(folder: WristFolder, camera: str, environment: Environment) -> MethodInputs:
    """Return the case and the model of one camera, on the CPU."""
    return MethodInputs(folder.load_case(camera), folder.model_folder(camera), "cpu", environment.threads, DISPLAYED)
