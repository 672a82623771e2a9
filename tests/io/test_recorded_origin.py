"""What a recording says of its case, model and machine, and what is told to be another."""

from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.recorded_origin import case_origin, differences, machine_origin


def test_a_case_and_its_model_have_digests(small_case, cases_root, models_root):
    origin = case_origin(small_case, cases_root / "small", models_root)
    assert origin["digest"] == small_case.digest
    assert origin["model"] == "small"
    assert len(origin["record_sha256"]) == len(origin["model_sha256"]) == 64


def test_a_machine_says_what_decides_the_last_bits():
    origin = machine_origin(open_device("cpu", 2))
    assert (origin["device"], origin["threads"]) == ("cpu", 2)
    assert all(origin[name] for name in ("fluoropose", "python", "processor", "numpy", "onnxruntime"))
    assert origin == machine_origin(open_device("cpu", 2))


def test_what_differs_is_said():
    assert differences({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5}) == [
        "b: recorded 2, here 5",
        "c: recorded 3, here None",
    ]
