"""The front door of a fleet: the public API of everything that is not a frame. It keeps nothing."""
