"""Rows of canonical tables made from a file's lines, the orders that lines belong to, and rejected lines."""
