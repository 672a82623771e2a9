"""A bridge between OpenIGTLink clients (3D Slicer, PLUS, pyigtl) and a service: frames in, poses and states out."""
