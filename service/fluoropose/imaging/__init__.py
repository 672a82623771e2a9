"""Volumes, attenuation, X-ray frames, exact phantoms."""
