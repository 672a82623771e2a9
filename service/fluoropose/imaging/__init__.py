"""Volumes, attenuation, X-ray frames, and phantoms with exact line integrals."""
