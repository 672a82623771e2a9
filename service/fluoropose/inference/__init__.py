"""Inference: the networks on a device by ONNX Runtime."""
