"""What Regulars costs: every figure measured in a process of its own, beside its limit or a peer doing the same work.

`make bench` runs it. Nothing here is part of the package; docs/performance.md is written from what it measured.
"""
