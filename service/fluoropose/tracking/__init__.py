"""Sessions and tracks, without I/O: frames and times go in, jobs and results come out."""
