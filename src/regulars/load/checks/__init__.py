"""What the owner should know about the rows of a load although they load: one module per check.

A check takes the validated rows and the shop's settings, and returns warnings. It runs when the rows are stored and the load
is not committed yet. `run.CHECKS` lists the checks in the order in which they are shown.
"""
