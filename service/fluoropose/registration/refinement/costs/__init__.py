"""What a refinement minimises, one cost per file."""
