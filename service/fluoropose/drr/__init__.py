"""Digitally reconstructed radiographs: renderers, the atlas, cases."""
