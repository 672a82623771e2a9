"""The universal networks: how they are made, and how they are measured on objects that no training saw."""
