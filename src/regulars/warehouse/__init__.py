"""The shop's data: canonical tables, persons, load, rejects, versions, facts."""
