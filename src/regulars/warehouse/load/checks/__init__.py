"""What the owner should know about the rows of a load although they load: one module per check.

A check takes the validated rows and the shop's settings, before the rows are stored, and returns warnings. `run.CHECKS` lists
them in the order in which they are shown.
"""
