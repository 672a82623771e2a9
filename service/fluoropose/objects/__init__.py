"""The procedural objects that ship."""
