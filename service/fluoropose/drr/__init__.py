"""Digitally reconstructed radiographs (DRRs): renderers, atlases and cases."""
