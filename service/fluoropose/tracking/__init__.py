"""The session core and how sure a pose is; no I/O."""
