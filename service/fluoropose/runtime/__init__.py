"""Devices, ONNX Runtime, the engine and its sessions."""
