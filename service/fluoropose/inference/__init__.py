"""ONNX Runtime: the networks on a device."""
