"""Fuzzing: random damage to what Regulars reads, and what must hold whatever it reads.

`make fuzz` runs it for as long as one likes; `tests/fuzz/test_fuzz.py` runs a fixed part of it with the other tests.
"""
