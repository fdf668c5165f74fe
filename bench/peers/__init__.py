"""Others doing the same work, whose answers must be ours: pandas, polars, MetricFlow, the usual SQL, lifetimes, pymc-marketing."""
