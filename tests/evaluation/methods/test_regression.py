"""Our method as one of the table: settings that tell the model, and a registrar."""

from fluoropose.evaluation.methods.method import MethodInputs
from fluoropose.evaluation.methods.regression import regression_method
from fluoropose.registration.regression.schedule import sweeps


def test_settings_tell_model_and_schedule(small_case, models_root, camera, frame, pose):
    method, inputs = regression_method(sweeps(1)), MethodInputs(small_case, models_root / "small")
    settings = method.settings(inputs)
    assert settings["model"] == "small"
    assert settings["schedule"][-1] == "edges"
    answer = method.make(inputs)(frame, camera, pose)
    assert {"total", "cpu"} <= set(answer.timing_ms)
