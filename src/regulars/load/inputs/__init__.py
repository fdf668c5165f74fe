"""What is done with input files before their rows are read."""
