"""How wrong a pose is, and over many trials."""
