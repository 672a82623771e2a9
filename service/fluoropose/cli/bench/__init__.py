"""The commands under `bench`."""
