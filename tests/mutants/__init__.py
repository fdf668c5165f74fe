"""Deliberate small faults: each is put into a copy of the source, and the tests named beside it must fail.

`make mutants` runs all; `python -m mutants NAME` those whose name contains NAME.
"""
