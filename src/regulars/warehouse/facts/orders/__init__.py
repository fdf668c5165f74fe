"""Orders, their lines and their returns: derived together, since each reads the others."""
