"""The kinds of rollups: sums of facts and of cohorts, counts of gaps, results of periods."""
