"""From a shop's files to rows of the canonical tables: read, parse, map, validate, merge."""
