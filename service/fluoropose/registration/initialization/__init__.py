"""Starts where none is given: over a whole frame, or where several views agree."""
