"""The shop's data: canonical tables, identity resolution, facts, the log of loaded rows, and versions."""
