"""The customers behind what is said: those of a number, those of a segment."""
