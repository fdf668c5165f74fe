"""The kinds of rollups: sums of facts and of cohorts, counts of gaps and of values, results of periods."""
