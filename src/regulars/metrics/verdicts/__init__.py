"""Verdicts on changes between two periods: real, within noise, or too few customers to tell."""
