"""Seeds that once found something: they are run first, always."""

SEEDS: tuple[tuple[str, int], ...] = ()
"""Kind and seed. A seed means the same input as long as `files.py` draws in the same order: add new draws at the end of a kind."""
