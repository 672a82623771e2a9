"""The commands under `evaluate`."""
