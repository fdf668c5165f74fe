"""Content, digest and header of input files, before their rows are read."""
